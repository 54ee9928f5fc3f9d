"""How long a report of so many goods takes to open in a browser: python benchmarks/page.py [GOODS ...]

From the start of the navigation to the end of the page's scripts and its load event, and on to the first search's
result on the screen; the median of five openings from disk, in a window of 1440 by 900.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from layered import INPUTS, chain, layered
from playwright.sync_api import Browser, sync_playwright

import chainopt as co

_SEARCH = """() => new Promise((done) => {
  const input = document.querySelector('input[data-table="prices-table"]');
  input.value = "g3.";
  input.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
})"""
_LOADED = "performance.getEntriesByType('navigation')[0]"


def opened(browser: Browser, path: Path) -> tuple[float, float]:
    """Milliseconds to the load event, and to the first search's result."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(path.as_uri())
    loaded = page.evaluate(f"{_LOADED}.loadEventEnd")
    found = page.evaluate(_SEARCH)
    page.close()
    return loaded, found


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for goods in sizes:
            drawn = chain(layered(INPUTS * goods * 9 // 10 // 20 * 20))
            path = Path(folder) / "report.html"
            co.write_html(drawn, co.solve(drawn), path)
            runs = [opened(browser, path) for _ in range(5)]
            loaded, found = (median(run[i] for run in runs) / 1e3 for i in range(2))
            size = path.stat().st_size / 1e6
            print(
                f"{len(drawn.goods):,} goods: {size:.2f} MB, loaded after {loaded:.2f} s, "
                f"first search shown after {found:.2f} s (load {os.getloadavg()[0]:.1f})"
            )
        browser.close()


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [50, 500])
