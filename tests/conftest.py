"""What tests of several files share for the whole session: one browser, and a Ctrl-C that is heard."""

import signal

from browser import chromium

__all__ = ["chromium"]

# A shell starts its background jobs deaf to SIGINT, and the commands that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
