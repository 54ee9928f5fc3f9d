"""python -m chainopt: the command line."""

from chainopt.cli import main

main()
