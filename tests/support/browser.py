"""The system's chromium, opening reports from disk; all that a page asks for or complains of is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SIZES = ((1440, 900), (820, 1180), (390, 844))
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
_CHROMIUM = shutil.which("chromium")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@dataclass
class Opened:
    """A page, the addresses that it asked for beside its own, and its errors, dialogs and violations."""

    page: Any
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and good practice."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{rule['id']}: {[node['target'] for node in rule['nodes'][:3]]}" for rule in found]


def _absent(why: str) -> None:
    """Without a browser the tests are skipped, but never where they are what a change is judged by."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(why)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if _CHROMIUM is None:
        _absent("no chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _absent("no playwright: pip install '.[dev]'")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Any, path: Path, *, size: tuple[int, int] = SIZES[0], scheme: str = "light"
) -> Iterator[Opened]:
    """A file in a window of its own, until the end of the block."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    seen = Opened(page)
    own = path.resolve().as_uri()
    page.on("request", lambda request: seen.asked.append(request.url) if request.url != own else None)
    page.on("console", lambda said: seen.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(own)
    try:
        yield seen
    finally:
        context.close()


def photographed(seen: Opened, name: str) -> Path:
    """A picture of the whole page, to be looked at by eye."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    seen.page.screenshot(path=str(path), full_page=True)
    return path
