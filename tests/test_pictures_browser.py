"""The pictures in a browser: trace, search, zoom, pan, keyboard, two on one page, with script and without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import opened, photographed

import chainopt as co

DATA = Path(__file__).resolve().parents[1] / "data"
LABELS = "() => [...document.querySelector('.cp-labels').querySelectorAll('text')].map(t => t.textContent)"
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def show(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens one page with the plots of some workbooks; it must ask for nothing and complain of nothing."""
    windows = []

    def shown(*books: str) -> Any:
        path = tmp_path / "page.html"
        body = "".join(plot(book)._repr_html_() for book in books)
        path.write_text(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>t</title><main><h1>t</h1>{body}</main>",
            "utf-8",
        )
        windows.append(opened(chromium, path))
        seen = windows[-1].__enter__()
        seen.page.evaluate(DRAWN)
        pages.append(seen)
        return seen.page

    pages: list[Any] = []
    yield shown
    for seen in pages:
        assert not seen.asked
        assert not seen.errors
    for window in windows:
        window.__exit__(None, None, None)


def plot(book: str) -> co.Plot:
    chain = co.read_workbook(DATA / f"{book}.xlsx")
    return co.plot(chain, co.solve(chain))


def node(page: Any, name: str) -> Any:
    return page.locator(f'.cp-nodes > g[aria-label^="{name}, "]').first


def view(page: Any) -> str:
    page.evaluate(DRAWN)
    return page.locator(".cp-view").first.get_attribute("transform")


def test_a_click_shows_what_moves_with_one_more_of_a_good(show):
    page = show("recycle")
    node(page, "wood").click()
    page.evaluate(DRAWN)
    assert node(page, "wood").get_attribute("aria-pressed") == "true"
    on = page.evaluate(
        "() => [...document.querySelectorAll('.cp-nodes .cp-on')].map(g => g.ariaLabel.split(',')[0])"
    )
    assert {"wood", "pulp", "paper", "pulp mill", "paper mill"} <= set(on)
    labels = page.evaluate(LABELS)
    assert any(label.startswith("pulp millruns +") for label in labels), labels
    assert any(label.startswith("papersold +") for label in labels), labels
    # What one more wood brings, with what else changes, adds up to its price.
    told = page.locator(".cp-figures").first.inner_text()
    price = float(re.search(r"Price (\S+): one more means", told)[1])
    assert sum(float(worth) for worth in re.findall(r"\(([+-]\S+)\)", told)) == pytest.approx(price, rel=1e-3)
    page.keyboard.press("Escape")
    assert page.locator(".cp-dim").count() == 0


def test_the_keyboard_reaches_every_node_from_one_stop(show):
    page = show("steel_loop")
    nodes = page.locator(".cp-picture").first.locator(".cp-nodes > g")
    stops = [i for i in range(nodes.count()) if nodes.nth(i).get_attribute("tabindex") == "0"]
    assert len(stops) == 1
    nodes.nth(stops[0]).focus()
    page.keyboard.press("Home")
    names = []
    for _ in range(nodes.count()):
        names.append(page.evaluate("() => document.activeElement.ariaLabel"))
        page.keyboard.press("PageDown")
    assert len(set(names)) == nodes.count()
    node(page, "labour").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => document.activeElement.ariaLabel.split(',')[1]") == " process"
    page.keyboard.press("ArrowLeft")
    node(page, "labour").focus()
    page.keyboard.press("Enter")
    assert node(page, "labour").get_attribute("aria-pressed") == "true"
    assert "Price 0.1286: one more means" in page.locator(".cp-figures").first.inner_text()


def test_search_finds_and_zoom_shows_more_labels(show):
    page = show("petrochemicals")
    before = set(page.evaluate(LABELS))
    find = page.locator(".cp-find").first
    find.fill("ethylene")
    assert re.match(r"\d+ found", page.locator(".cp-found").first.inner_text())
    find.press("Enter")
    assert page.evaluate("() => document.activeElement.ariaLabel").startswith("ethylene, good, Price 952.7")
    assert view(page).endswith("scale(3)")
    page.keyboard.press("0")
    assert view(page) == "translate(0 0) scale(1)"
    find.fill("")
    page.locator('[data-zoom="in"]').first.click()
    assert view(page).endswith("scale(1.5)")
    assert set(page.evaluate(LABELS)) - before


def test_dragging_moves_the_picture_within_its_frame(show):
    page = show("petrochemicals")
    for _ in range(3):
        page.locator('[data-zoom="in"]').first.click()
    before = view(page)
    box = page.locator(".cp-svg").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 15)
    page.mouse.move(x + 60, y + 30)
    page.mouse.up()
    [(a, b), (c, d)] = [[float(n) for n in re.findall(r"-?[\d.]+", text)[:2]] for text in (before, view(page))]
    assert c - a > 30
    assert d - b > 15


def test_two_plots_on_a_page_do_not_touch_each_other(show):
    page = show("recycle", "refinery")
    assert page.locator(".cp-live").count() == 4
    node(page, "crude").click()
    assert page.locator(".cp-dim").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_use_the_pictures(chromium, tmp_path, scheme):
    path = tmp_path / "page.html"
    plot("steel_loop").save(path)
    with opened(chromium, path, scheme=scheme) as seen:
        seen.page.evaluate(DRAWN)
        assert seen.violations() == []
        photographed(seen, f"pictures-{scheme}")
        assert not seen.errors


def test_without_script_the_drawing_stands_complete(chromium, tmp_path):
    path = tmp_path / "still.svg"
    plot("refinery").save(path)
    with opened(chromium, path) as seen:
        texts = seen.page.evaluate("() => [...document.querySelectorAll('text')].map(t => t.textContent)")
        assert {"crude544", "distillation", "cracker", "a limit binds: rent"} <= set(texts)
        stroke = "() => getComputedStyle(document.querySelector('.cp-process rect')).stroke"
        assert seen.page.evaluate(stroke) == "rgb(28, 35, 39)"
