"""The documentation site names every page and every public name, and leads nowhere where there is nothing.

`make site` builds it; these need no generator.
"""

import importlib
import posixpath
import re
from pathlib import Path

import pytest

import chainopt

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@pytest.fixture
def site_pages(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("site_pages")


def nav():
    """The pages that mkdocs.yml names."""
    return re.findall(r"^ +- ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_nav_names_every_page_of_docs_once(site_pages):
    named = nav()
    assert len(named) == len(set(named))
    tutorials = {f"tutorials/{name}.md" for name in site_pages.tutorial_names()}
    written = {page.name for page in DOCS.glob("*.md")}
    assert written | tutorials == set(named) - {"api.md", *site_pages.BESIDE.values()}


def test_the_reference_names_every_public_name_once(site_pages):
    shown = re.findall(r"^::: [\w.]+\.(\w+)$", site_pages.reference(), re.MULTILINE)
    assert sorted(shown) == sorted(chainopt.__all__)


def test_a_public_name_without_a_subject_is_refused(site_pages, monkeypatch):
    monkeypatch.setattr(chainopt, "__all__", [*chainopt.__all__, "forgotten"])
    with pytest.raises(ValueError, match="forgotten"):
        site_pages.reference()


def test_links_lead_to_pages_and_files_of_the_site(site_pages):
    """As MkDocs will see them: relative to docs/, with what is added to it."""
    examples = {f"examples/{name}.md" for name in site_pages.example_names()}
    measured = {f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.md")}
    there = set(nav()) | examples | measured
    there |= {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*") if path.suffix in (".svg", ".png")}
    sources = {page.name: page for page in DOCS.glob("*.md")}
    sources |= {f"tutorials/{page.stem}.md": page for page in DOCS.glob("tutorials/*.py")}
    sources |= {here: ROOT / name for name, here in site_pages.BESIDE.items()}
    for name, source in sources.items():
        text = site_pages.led_home(source.read_text(encoding="utf-8"), name)
        for link in re.findall(r"\]\(([^)#:\s]+)\)", text):
            assert posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) in there, (name, link)


def test_an_example_s_page_has_its_words_its_files_and_its_model(site_pages):
    page = site_pages.example("copper")
    assert "The smelter takes more concentrate" in page
    for file in ("copper.xlsx", "copper-report.xlsx", "copper-report.html"):
        assert f"../files/{file}" in page
    assert (ROOT / "models" / "copper.py").read_text(encoding="utf-8") in page


def test_a_dead_link_is_found_in_frames_and_buttons_too(site_pages, tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "there.xlsx").touch()
    text = '<a href="../there.xlsx">x</a><a href="#top">x</a><a href="https://example.org/a">x</a>'
    (tmp_path / "pages" / "page.html").write_text(text + '<iframe src="../gone.html"></iframe>', encoding="utf-8")
    (tmp_path / "404.html").write_text('<a href="/there.xlsx">x</a><a href="/lost.html">x</a>', encoding="utf-8")
    assert site_pages.dead_links(tmp_path) == ["404.html: /lost.html", "pages/page.html: ../gone.html"]
