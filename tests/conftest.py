"""What tests of several files share for the whole session: one browser."""

from browser import chromium

__all__ = ["chromium"]
