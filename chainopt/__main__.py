"""python -m chainopt: the command line."""

from chainopt.command.main import main

main()
