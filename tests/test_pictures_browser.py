"""The pictures in a browser: trace, search, zoom, pan, keyboard, two on one page, without script and with it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import chainopt as co

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.keys import Keys  # noqa: E402

DATA = Path(__file__).resolve().parents[1] / "data"
pytestmark = pytest.mark.skipif(shutil.which("chromedriver") is None, reason="no chromedriver")
LABELLED = (
    "return [...document.querySelectorAll('.cp-labels')[0].querySelectorAll('text')].map(t => t.textContent)"
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    folder = tmp_path_factory.mktemp("profile")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--window-size=1440,1000",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    # Movement would have to be waited for.
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    yield driver
    driver.quit()


@pytest.fixture
def page(driver, tmp_path):
    """Opens a page with the plots of chains; nothing may be left on its console at the end."""

    def opened(*chains: co.Chain):
        plots = [co.plot(chain, co.solve(chain)) for chain in chains]
        path = tmp_path / "page.html"
        body = "".join(plot._repr_html_() for plot in plots)
        path.write_text(f"<!doctype html><html lang=en><meta charset=utf-8><title>t</title>{body}", "utf-8")
        driver.get(path.as_uri())
        settled(driver)
        return driver

    yield opened
    assert driver.get_log("browser") == []


def settled(driver) -> None:
    """Two frames on: what was asked for has been drawn."""
    driver.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
    )


def book(name: str) -> co.Chain:
    return co.read_workbook(DATA / f"{name}.xlsx")


def node(driver, name: str):
    return driver.find_element("css selector", f'.cp-nodes > g[aria-label^="{name}, "]')


def view(driver) -> str:
    return driver.find_element("css selector", ".cp-view").get_attribute("transform")


def test_a_click_traces_a_price_to_final_demand_with_the_factors_on_the_way(page):
    driver = page(book("recycle"))
    driver.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", node(driver, "wood")
    )
    settled(driver)
    assert node(driver, "wood").get_attribute("aria-pressed") == "true"
    on = driver.execute_script(
        "return [...document.querySelectorAll('.cp-nodes .cp-on')].map(g => g.ariaLabel.split(',')[0])"
    )
    assert on == ["wood", "pulp", "paper", "pulp mill", "paper mill"]
    labels = driver.execute_script(LABELLED)
    assert {"pulp mill× 0.5", "paper mill× 1.69091", "paper5"} <= set(labels)
    told = driver.find_element("css selector", ".cp-figures").text
    factors = [float(text) for text in re.findall(r"× (\S+) through", told)]
    last = float(re.search(r"paper at (\S+): final demand", told)[1])
    assert factors[0] * factors[1] * last == pytest.approx(4.22727, rel=1e-5)
    driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not driver.find_elements("css selector", ".cp-dim")


def test_the_keyboard_reaches_every_node(page):
    driver = page(book("petrochemicals"))
    [first] = [
        g for g in driver.find_elements("css selector", ".cp-nodes > g") if g.get_attribute("tabindex") == "0"
    ][:1]
    driver.execute_script("arguments[0].focus()", first)
    picture = "document.querySelector('.cp-picture')"
    count = driver.execute_script(f"return {picture}.querySelectorAll('.cp-nodes > g').length")
    # A walk over the arrows' moves from each node, as far as they lead.
    reached = driver.execute_script(
        """const seen = new Set(), waiting = [arguments[0]];
        while (waiting.length) {
          const here = waiting.pop();
          if (seen.has(here)) continue;
          seen.add(here);
          for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageDown', 'PageUp']) {
            here.focus();
            here.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
            waiting.push(document.activeElement);
          }
        }
        return seen.size""",
        first,
    )
    assert reached == count
    tabbable = driver.execute_script(f"return {picture}.querySelectorAll('.cp-nodes > g[tabindex=\"0\"]').length")
    assert tabbable == 1
    driver.execute_script("arguments[0].focus()", node(driver, "ethane"))
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert node(driver, "ethane").get_attribute("aria-pressed") == "true"
    assert "Price 732.356 =" in driver.find_element("css selector", ".cp-figures").text


def test_search_finds_and_zoom_shows_more_labels(page):
    driver = page(book("petrochemicals"))
    before = driver.execute_script(LABELLED)
    find = driver.find_element("css selector", ".cp-find")
    find.send_keys("ethylene")
    settled(driver)
    found = driver.find_element("css selector", ".cp-found").text
    assert re.match(r"\d+ found", found)
    find.send_keys(Keys.ENTER)
    settled(driver)
    assert driver.switch_to.active_element.get_attribute("aria-label").startswith("ethylene, good, Price 952.67")
    assert view(driver).endswith("scale(3)")
    driver.switch_to.active_element.send_keys("0")
    settled(driver)
    assert view(driver) == "translate(0 0) scale(1)"
    find.clear()
    find.send_keys(" ")
    driver.find_element("css selector", '[data-zoom="in"]').click()
    settled(driver)
    assert view(driver).endswith("scale(1.5)")
    assert set(driver.execute_script(LABELLED)) - set(before)


def test_dragging_moves_the_picture_within_its_frame(page):
    driver = page(book("petrochemicals"))
    for _ in range(3):
        driver.find_element("css selector", '[data-zoom="in"]').click()
    settled(driver)
    before = view(driver)
    svg = driver.find_element("css selector", ".cp-svg")
    drag = webdriver.ActionChains(driver).move_to_element_with_offset(svg, -40, 90).click_and_hold()
    drag.move_by_offset(60, 30).release().perform()
    settled(driver)
    [(x, y), (u, v)] = [[float(n) for n in re.findall(r"-?[\d.]+", text)[:2]] for text in (before, view(driver))]
    assert u - x > 30
    assert v - y > 15


def test_two_plots_on_a_page_do_not_touch_each_other(page):
    driver = page(book("recycle"), book("refinery"))
    assert len(driver.find_elements("css selector", ".cp-live")) == 4
    driver.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", node(driver, "crude")
    )
    assert len(driver.find_elements("css selector", ".cp-dim")) == 1


def test_without_script_the_picture_stands_complete(driver, tmp_path):
    plot = co.plot(book("refinery"), co.solve(book("refinery")))
    path = tmp_path / "still.svg"
    plot.save(path)
    driver.get(path.as_uri())
    texts = driver.execute_script("return [...document.querySelectorAll('text')].map(t => t.textContent)")
    assert {"crude544", "distillation", "cracker"} <= set(texts)
    fill = "return getComputedStyle(document.querySelector('.cp-process rect')).stroke"
    assert driver.execute_script(fill) == "rgb(28, 35, 39)"
