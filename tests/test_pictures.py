"""The pictures: their layout, that value balances in them, their traces, and that any name is harmless."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from chains import random_chain
from layered import chain as layered_chain
from layered import layered as layered_numbers

import chainopt as co
from chainopt.report.picture.flows import flows
from chainopt.report.picture.layout import layered
from chainopt.report.picture.picture import Picture, fragment, labels, svg
from chainopt.report.picture.plot import pictures

DATA = Path(__file__).resolve().parents[1] / "data"
BOOKS = sorted(path.stem for path in DATA.glob("*.xlsx"))
SOLVED = [book for book in BOOKS if book != "infeasible_obligation"]
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "exe.\u202egnp",
    "{{ 7 * 7 }}",
    "x" * 300,
)


@pytest.fixture(scope="module")
def solved():
    """A workbook's chain, solution and tables, each solved once."""
    known: dict[str, tuple[co.Chain, co.Solution, co.Tables]] = {}

    def solve(book: str) -> tuple[co.Chain, co.Solution, co.Tables]:
        if book not in known:
            chain = co.read_workbook(DATA / f"{book}.xlsx")
            solution = co.solve(chain)
            known[book] = chain, solution, co.tables(chain, solution)
        return known[book]

    return solve


def random_graph(seed: int, *, cyclic: bool) -> tuple[int, list[tuple[int, int]]]:
    random = np.random.default_rng(seed)
    count = int(random.integers(3, 40))
    pairs = {tuple(int(v) for v in random.choice(count, 2, replace=False)) for _ in range(2 * count)}
    return count, sorted(pairs if cyclic else {(min(pair), max(pair)) for pair in pairs})


def lay(count: int, edges: list[tuple[int, int]], size: float = 1.0, gap: float = 0.5):
    return layered([size] * count, edges, [1.0] * len(edges), [0.2] * len(edges), gap)


@pytest.mark.parametrize("seed", range(20))
def test_edges_of_an_acyclic_graph_go_forward_and_every_edge_that_goes_back_closes_a_cycle(seed):
    count, edges = random_graph(seed, cyclic=False)
    layout = lay(count, edges)
    assert not any(layout.back)
    assert all(layout.rank[a] < layout.rank[b] for a, b in edges)
    count, edges = random_graph(seed, cyclic=True)
    layout = lay(count, edges)
    forward = np.zeros((count, count), dtype=bool)
    for (a, b), back in zip(edges, layout.back, strict=True):
        assert (layout.rank[a] > layout.rank[b]) if back else (layout.rank[a] < layout.rank[b])
        forward[a, b] |= not back
    reach = np.linalg.matrix_power(np.eye(count) + forward, count) > 0
    assert all(reach[b, a] for (a, b), back in zip(edges, layout.back, strict=True) if back)


@pytest.mark.parametrize("seed", range(20))
def test_no_node_could_stand_elsewhere_and_make_links_shorter(seed):
    count, edges = random_graph(seed, cyclic=False)
    rank = lay(count, edges).rank
    total = sum(rank[b] - rank[a] for a, b in edges)
    for v in range(count):
        for step in (-1, 1):
            moved = rank.copy()
            moved[v] += step
            if all(moved[a] < moved[b] for a, b in edges):
                assert sum(moved[b] - moved[a] for a, b in edges) >= total


@pytest.mark.parametrize("seed", range(20))
def test_no_two_nodes_overlap_and_every_bend_passes_between_them(seed):
    count, edges = random_graph(seed, cyclic=True)
    layout = lay(count, edges)
    boxes = [(int(r), y, 0.5) for r, y in zip(layout.rank, layout.y, strict=True)]
    boxes += [(r, y, 0.1) for bends in layout.bends for r, y in bends]
    for (r, y, half), (q, z, other) in combinations(boxes, 2):
        assert r != q or abs(y - z) >= half + other - 1e-9


def test_a_layout_is_the_same_every_time_and_a_path_is_a_straight_line():
    count, edges = random_graph(3, cyclic=True)
    first, second = lay(count, edges), lay(count, edges)
    assert np.array_equal(first.y, second.y)
    assert first.bends == second.bends
    path = lay(5, [(3, 1), (1, 4), (4, 0), (0, 2)])
    assert path.rank.tolist() == [3, 1, 4, 0, 2]
    assert np.ptp(path.y) == pytest.approx(0.0)


def test_a_graph_that_can_be_drawn_without_crossings_is_drawn_so():
    # A complete binary tree: children in their parents' order.
    edges = [(v, 2 * v + side) for v in range(1, 16) for side in (0, 1)]
    layout = lay(32, edges)
    for (a, b), (c, d) in combinations(edges, 2):
        if layout.rank[a] == layout.rank[c] and a != c:
            assert (layout.y[a] - layout.y[c]) * (layout.y[b] - layout.y[d]) > 0


@pytest.mark.parametrize("book", SOLVED)
def test_value_balances_at_every_process_and_every_good(book, solved):
    _, solution, tables = solved(book)
    moved = flows(solution, tables)
    assert moved is not None
    goods, processes = tables.goods, tables.processes
    made = moved.outputs.groupby("process")["value"].sum().reindex(range(len(processes)), fill_value=0.0)
    paid = moved.uses.groupby("process")["value"].sum().reindex(range(len(processes)), fill_value=0.0)
    scale = processes[["revenue", "cost"]].abs().max().max()
    assert made.to_numpy() == pytest.approx(processes["revenue"].to_numpy(), abs=1e-9 * scale)
    assert (made - paid - moved.accounts.sum(axis=1)).abs().max() <= 1e-9 * scale
    # A good is worth to its takers what it is worth as supply, import and output.
    gone = moved.uses.groupby("good")["value"].sum().reindex(range(len(goods)), fill_value=0.0)
    takers = tables.uses[tables.uses["kind"] != "use"]
    worth = (takers["value"] * takers["amount"]).groupby(takers["good"]).sum()
    comes = goods["price"] * (goods["supply"] + goods["imported"] + goods["produced"])
    free = goods["interval"] == "point"
    rest = (comes - gone - goods["good"].map(worth).fillna(0.0))[free]
    # A limit on a sale or a disposal has a rent, which is in the price and not in what its taker pays.
    limited = set(tables.limits.loc[tables.limits["rent"].abs() > 0, "good"])
    assert rest[~goods["good"][free].isin(limited)].abs().max() <= 1e-6 * scale


@pytest.mark.parametrize("book", SOLVED)
def test_the_sides_of_every_process_of_the_value_flow_are_as_high_as_each_other(book, solved):
    value = pictures(*solved(book)[1:])[1]
    left, right = np.zeros(len(value.nodes)), np.zeros(len(value.nodes))
    for link in value.links:
        right[link.tail] += link.width
        left[link.head] += link.width
    middles = np.array([(node.x, node.y) for node in value.nodes])
    for mark in value.marks:
        x, y, high = (float(n) for n in re.fullmatch(r"M(\S+) (\S+)h16v(\S+)h-16z", mark.path).groups())
        at = np.abs(middles - [x + 8.0, y + high / 2])
        near = [i for i, node in enumerate(value.nodes) if at[i, 0] < 14 and at[i, 1] <= node.half[1] + 0.1]
        assert len(near) == 1
        (left if x < middles[near[0], 0] else right)[near[0]] += high
    drawn = [i for i, node in enumerate(value.nodes) if node.kind == "process"]
    tall = max(node.half[1] for node in value.nodes)
    assert right[drawn] == pytest.approx(left[drawn], abs=1e-3 * tall)
    for i in drawn:
        assert max(left[i], right[i]) <= 2 * value.nodes[i].half[1] + 0.02  # marks are drawn to a hundredth


def test_a_loss_leaves_on_the_right(solved):
    network, value = pictures(*solved("loss_making_firm")[1:])
    assert [node.name for node in network.nodes if "cp-loss" in node.look] == ["railway"]
    railway = next(node for node in value.nodes if node.name == "railway")
    [loss] = [mark for mark in value.marks if mark.look == "cp-lost"]
    assert float(loss.path[1:].split()[0]) >= railway.x


@pytest.mark.parametrize("book", SOLVED)
def test_a_trace_is_what_moves_and_hangs_together(book, solved):
    """Each process that moves is joined to the good, or to what it sells, by links of what moves too."""
    network = pictures(*solved(book)[1:])[0]
    traced = 0
    for i, node in enumerate(network.nodes):
        if not node.moves:
            continue
        traced += 1
        moving = {i, *(n for n, _ in node.moves)}
        goods = {link.tail for link in network.links if link.head in moving}
        goods |= {link.head for link in network.links if link.tail in moving}
        for n in moving:
            if network.nodes[n].kind == "process":
                assert any(
                    {link.tail, link.head} <= moving | goods
                    for link in network.links
                    if n in (link.tail, link.head)
                )
        assert all(text.split()[-1][0] in "+-" for _, text in node.moves)
    assert traced or book == "capacity_rent"


@pytest.mark.parametrize("book", SOLVED)
def test_all_goods_and_processes_are_drawn_and_labels_keep_apart(book, solved):
    chain, solution, tables = solved(book)
    network = pictures(solution, tables)[0]
    assert len(network.nodes) == len(chain.goods) + len(chain.processes)
    boxes = []
    for label in labels(network):
        long, tall = 6.0 * max(len(label.text), len(label.sign)) * 0.8, 12.0 * (2 if label.sign else 1)
        left = label.x - {"start": 0.0, "middle": long / 2, "end": long}[label.anchor]
        boxes.append((left, label.y - 10.0, left + long, label.y - 10.0 + tall))
    assert boxes
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1


def test_rents_recycles_and_idle_uses_are_marked(solved):
    looks = {
        book: {look for item in (*network.nodes, *network.links, *network.marks) for look in item.look.split()}
        for book in ("refinery", "recycle", "tupperware", "petrochemicals")
        for network in [pictures(*solved(book)[1:])[0]]
    }
    assert "cp-rent" in looks["refinery"]
    assert "cp-back" in looks["recycle"]
    assert {"cp-rent", "cp-back", "cp-idle"} <= looks["petrochemicals"]
    assert not {"cp-rent", "cp-back", "cp-idle"} & looks["tupperware"]


def test_without_a_certificate_there_are_amounts_and_no_money():
    chain = co.read_workbook(DATA / "refinery.xlsx")
    solution = co.solve(chain, method="ipopt", max_iterations=2)
    assert solution.status is co.Status.ITERATION_LIMIT
    [network] = pictures(solution, co.dossier(chain, solution))
    assert "there are no prices" in network.caption
    price = network.titles["good"].index("Price")
    assert all(not node.figures[price] and not node.moves for node in network.nodes if node.kind == "good")


def test_what_has_no_plan_has_no_picture(solved):
    """Wherever a solver stopped: that is no plan."""
    chain, solution, tables = solved("infeasible_obligation")
    assert not pictures(solution, tables)
    assert "Infeasible" in co.plot(chain, solution)._repr_html_()


class Elements(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def data(picture: Picture) -> dict:
    text = fragment(picture, "p")
    return json.loads(re.search(r'class="cp-data">(.*?)</script>', text, re.DOTALL)[1])


def test_names_are_harmless_and_legible():
    goods = [co.Good(HOSTILE[0], supply=2.0), *(co.Good(name, price=1.0) for name in HOSTILE[1:])]
    processes = [
        co.Process(f"to {name}", function="cobb-douglas", inputs={HOSTILE[0]: 0.5}, outputs=name)
        for name in HOSTILE[1:]
    ]
    chain = co.Chain(goods, processes, name=HOSTILE[0])
    plot = co.plot(chain, co.solve(chain))
    for text in (plot._repr_html_(), plot._page()):
        elements = Elements(text).found
        scripts = [attributes for tag, attributes in elements if tag == "script"]
        assert [attributes.get("type") for attributes in scripts] == ["application/json"] * 2 + [None]
        assert "img" not in {tag for tag, _ in elements}
        for _, attributes in elements:
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert "\u202e" not in text
    for picture in plot.pictures:
        names = [node[0] for node in data(picture)["nodes"]]
        assert {"<img src=x onerror=alert(1)>", "exe.<U+202E>gnp", "{{ 7 * 7 }}"} <= set(names)
        assert max(map(len, names)) <= 28
        ElementTree.fromstring(svg(picture, "p"))


def test_two_plots_of_one_notebook_page_share_no_id(solved):
    plot = co.plot(*solved("recycle")[:2])
    ids = [
        attributes["id"]
        for text in (plot._repr_html_(), plot._repr_html_())
        for _, attributes in Elements(text).found
        if "id" in attributes
    ]
    assert len(ids) == len(set(ids)) >= 12


def test_a_plot_is_saved_as_a_page_or_a_drawing(solved, tmp_path):
    plot = co.plot(*solved("refinery")[:2])
    plot.save(tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert not re.search(r"""(src|href)=|url\(|@import""", page)
    plot.save(tmp_path / "plot.svg")
    drawing = (tmp_path / "plot.svg").read_text("utf-8")
    root = ElementTree.fromstring(drawing)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    # Drawing programs know neither variables nor schemes.
    assert not re.search(r"var\(|light-dark", drawing)
    assert "distillation" in drawing
    assert "unit cost" not in drawing
    plot.save(tmp_path / "value.svg", picture="value-flow")
    assert "unit cost" in (tmp_path / "value.svg").read_text("utf-8")
    with pytest.raises(ValueError, match='no picture "map": say "network" or "value-flow"'):
        plot.save(tmp_path / "map.svg", picture="map")
    with pytest.raises(ValueError, match=r"written as \.svg or \.html"):
        plot.save(tmp_path / "plot.png")
    with pytest.raises(OSError, match="no folder"):
        plot.save(tmp_path / "missing" / "plot.svg")


def test_pictures_of_500_goods_are_small_and_larger_chains_say_what_is_left_out():
    chain = layered_chain(layered_numbers(1900))
    assert len(chain.goods) == 500
    solution = co.solve(chain, method="auto")
    drawn = pictures(solution, co.tables(chain, solution))
    assert drawn[0].left_out == ""
    assert sum(len(fragment(picture, picture.name).encode()) for picture in drawn) < 600_000
    assert "440 goods and 415 processes of less value are left out" in drawn[1].left_out

    larger = layered_chain(layered_numbers(3600))
    solution = co.solve(larger, method="auto")
    network = pictures(solution, co.tables(larger, solution))[0]
    assert sum(node.kind == "good" for node in network.nodes) == 500
    assert re.match(r"\d+ goods and \d+ processes of less value are left out", network.left_out)
    assert len(fragment(network, "n").encode()) < 600_000


@pytest.mark.parametrize(("kind", "cyclic"), [("mixed", True), ("linear", True), ("market", False)])
def test_random_chains_balance_too(kind, cyclic):
    chain = random_chain(11, kind, cyclic=cyclic, most=30)
    solution = co.solve(chain)
    assert solution.certified, solution.message
    tables = co.tables(chain, solution)
    moved = flows(solution, tables)
    assert moved is not None
    made = moved.outputs.groupby("process")["value"].sum().reindex(range(len(chain.processes)), fill_value=0.0)
    paid = moved.uses.groupby("process")["value"].sum().reindex(range(len(chain.processes)), fill_value=0.0)
    scale = tables.processes["revenue"].abs().max()
    assert (made - paid - moved.accounts.sum(axis=1)).abs().max() <= 1e-9 * scale
    assert len(pictures(solution, tables)) == 2
