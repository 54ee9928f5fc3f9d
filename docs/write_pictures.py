"""Write the pictures of reports in docs/pictures/, for the README and pages of docs/, from workbooks in data/.

They need Chromium, LibreOffice, and poppler's pdftoppm: python docs/write_pictures.py
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader

import chainopt as co

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
BOOKS = ("petrochemicals", "steel_loop")
SHOWN = ("dairy", "copper", "two_plants")
"""Of these the page's top alone."""
DRAWN = "steel_loop"
TRACED = ("dairy", "skim milk")
"""Of this chain the network, with what one more unit of this good would change."""
SHEETS = ("Summary", "Receipts")
WIDE, TALL = 1240, 900
MARGIN = 24


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for book in BOOKS:
            chain = co.read_workbook(ROOT / "data" / f"{book}.xlsx")
            solution = co.solve(chain)
            report = Path(folder) / book
            co.write_html(chain, solution, report.with_suffix(".html"))
            co.write_excel(chain, solution, report.with_suffix(".xlsx"))
            photograph(browser, report.with_suffix(".html"))
            print_sheets(report.with_suffix(".xlsx"))
        for book in SHOWN:
            chain, page = co.read_workbook(ROOT / "data" / f"{book}.xlsx"), Path(folder) / f"{book}.html"
            co.write_html(chain, co.solve(chain), page)
            photograph(browser, page)
        photograph_trace(browser, Path(folder))
        browser.close()
    for path in PICTURES.glob("*.png"):
        # Flat ink needs few colours, but those of a legend must stay apart.
        ink = Image.open(path).convert("RGB")
        ink = ink.quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        ink.save(path, optimize=True)


def photograph(browser: Browser, page: Path) -> None:
    """The page's top, and of one chain the two pictures."""
    view: Page = browser.new_page(
        viewport={"width": WIDE, "height": TALL}, color_scheme="light", reduced_motion="reduce"
    )
    view.goto(page.as_uri())
    view.screenshot(path=PICTURES / f"{page.stem}_page.png")
    # docs/network.svg and docs/value_flow.svg show a larger chain, sharper.
    if page.stem == DRAWN:
        photograph_pictures(view, page.stem)
    view.close()


def photograph_pictures(view: Page, book: str) -> None:
    for name in ("network", "value-flow"):
        view.locator(f"#{name}-picture").screenshot(path=PICTURES / f"{book}_{name}.png")


def photograph_trace(browser: Browser, folder: Path) -> None:
    """A network as a click on a good leaves it."""
    book, good = TRACED
    chain = co.read_workbook(ROOT / "data" / f"{book}.xlsx")
    page = folder / f"{book}.html"
    co.write_html(chain, co.solve(chain), page)
    view: Page = browser.new_page(
        viewport={"width": WIDE, "height": TALL}, color_scheme="light", reduced_motion="reduce"
    )
    view.goto(page.as_uri())
    view.locator(f'.cp-nodes > g[aria-label^="{good}, "]').first.click()
    view.locator(".cp-picture").first.screenshot(path=PICTURES / f"{book}_trace.png")
    view.close()


def print_sheets(book: Path) -> None:
    """The first page of some sheets, as LibreOffice prints them, less the empty paper."""
    home = (book.parent / "office").as_uri()
    office = ["soffice", "--headless", f"-env:UserInstallation={home}", "--convert-to", "pdf"]
    subprocess.run([*office, "--outdir", book.parent, book], check=True, capture_output=True)
    pdf = book.with_suffix(".pdf")
    # The footer comes first in a page's text, and begins with the name of its sheet.
    texts = [page.extract_text() for page in PdfReader(pdf).pages]
    for sheet in SHEETS:
        number = next(n for n, text in enumerate(texts, 1) if text.startswith(f"{sheet} "))
        path = PICTURES / f"{book.stem}_{sheet.lower()}"
        pages = ["-f", str(number), "-l", str(number), "-r", "110", "-png", "-singlefile"]
        subprocess.run(["pdftoppm", *pages, pdf, path], check=True)
        trim(path.with_suffix(".png"))


def trim(path: Path) -> None:
    """Cut the footer and what is white around the rest."""
    whole = Image.open(path).convert("L")
    body = whole.crop((0, 0, whole.width, int(0.92 * whole.height)))
    left, top, right, bottom = body.point(lambda grey: 255 * (grey < 250)).getbbox() or (0, 0, *body.size)
    box = (max(left - MARGIN, 0), max(top - MARGIN, 0), right + MARGIN, min(bottom + MARGIN, body.height))
    Image.open(path).crop(box).save(path)


if __name__ == "__main__":
    main()
