"""What one more of a good changes, and so what sets its price: against closed forms, re-solves and reciprocity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chains import random_chain, recipe
from resolving import moved, quotients
from sizes import near
from smooth import smooth_chain

import chainopt as co
from chainopt.audits.marginal import Tangent
from chainopt.network.demand import demand_price
from chainopt.network.network import Network

DATA = Path(__file__).parent.parent / "data"
BOOKS = sorted(path.stem for path in DATA.glob("*.xlsx") if path.stem != "infeasible_obligation")
G, P = co.Good, co.Process


def told(chain: co.Chain, good: str) -> co.Story:
    return co.stories(co.solve(chain))[good]


def test_a_full_vat_does_not_set_the_price_of_skim() -> None:
    chain = co.Chain(
        [G("skim", supply=100), G("cheese", price=10), G("powder", price=1.5)],
        [recipe("vat", {"skim": 5}, "cheese", capacity=12), recipe("dryer", {"skim": 1}, "powder")],
    )
    story = told(chain, "skim")
    assert story.end == "sale of powder"
    assert [(move.kind, move.good) for move in story.more.moves] == [("sale", "powder")]
    assert story.more.worth == pytest.approx(1.5, rel=1e-9)
    assert story.more.unique
    assert [name for name, _ in story.more.runs] == ["dryer"]
    assert story.text == "1.5: one more means 1 more powder sold at 1.5, through dryer"


def test_an_import_sets_the_price_of_what_becomes_metal() -> None:
    chain = co.Chain(
        [G("ore", import_price=3), G("feed"), G("metal", price=10)],
        [recipe("crusher", {"ore": 1}, "feed"), recipe("smelter", {"feed": 1}, "metal", capacity=5)],
    )
    story = told(chain, "feed")
    assert story.end == "import of ore"
    assert [(move.kind, move.amount, move.price) for move in story.more.moves] == [
        ("import", pytest.approx(-1), pytest.approx(-3))
    ]


def test_opposing_links_and_waste_are_no_cycles() -> None:
    """Two links both ways between a and b, and a waste that costs 2 to be rid of."""
    goods = [G("a", supply=4), G("b", price=5), G("waste", disposal=2), G("c", price=9, max_sale=1)]
    links = [recipe("there", {"a": 1}, "b", unit_cost=1), recipe("back", {"b": 1}, "a", unit_cost=1)]
    chain = co.Chain(goods, [*links, recipe("c", {"a": 1}, {"c": 1, "waste": 0.5})])
    stories = co.stories(co.solve(chain))
    assert stories["a"].end == "sale of b"
    assert stories["a"].more.worth == pytest.approx(4)
    assert stories["waste"].end == "disposal of waste"
    assert stories["waste"].more.worth == pytest.approx(-2)


def test_both_sides_of_a_kink() -> None:
    """3 of a is just what b's buyers take: one more is worth the scrap price, one less costs a sale."""
    chain = co.Chain(
        [G("a", supply=3), G("b", price=7, max_sale=3), G("scrap", price=1)],
        [recipe("p", {"a": 1}, "b"), recipe("q", {"a": 1}, "scrap")],
    )
    story = told(chain, "a")
    assert (story.low, story.high) == (pytest.approx(1), pytest.approx(7))
    assert [(move.good, move.amount) for move in story.more.moves] == [("scrap", pytest.approx(1))]
    assert [(move.good, move.amount) for move in story.less.moves] == [("b", pytest.approx(-1))]
    assert story.less.worth == pytest.approx(-7)


def test_a_smooth_good_is_shared_as_its_users_slopes_fall() -> None:
    """a of a square root and b of a cube root: z' = L' split in proportion to 1/|second derivative|.

    At w_a f_a'(x) = w_b f_b'(y), dx/dL = h_b/(h_a + h_b) with h = -w f''.
    """
    chain = co.Chain(
        [G("L", supply=3), G("a", price=2), G("b", price=3)],
        [P("A", formula="a = sqrt(L)"), P("B", formula="b = L^(1/3)")],
    )
    solution = co.solve(chain)
    net, plan = solution.net, solution.plan
    x, y = plan.use
    bends = 2 * x**-1.5 / 4, 3 * (2 / 9) * y ** (-5 / 3)
    tangent = Tangent(net, plan, solution.derivatives, solution.multipliers)
    response = tangent.response(net.goods.index("L"))
    assert response.unique
    assert response.change.use == near([bends[1] / sum(bends), bends[0] / sum(bends)], of=1.0, rel=1e-6)
    assert response.worth == pytest.approx(solution.derivatives.price[net.goods.index("L")], rel=1e-8)


def test_more_than_can_be_placed_has_no_response() -> None:
    """b can't be thrown away and its buyers take 2: one more can't be."""
    chain = co.Chain([G("b", supply=2, price=3, max_sale=2, disposal=None)], [])
    story = told(chain, "b")
    assert story.more is None
    assert story.low == -np.inf
    assert "no more of it can be placed" in story.text


def test_where_several_are_as_good_the_plan_that_moves_less_is_an_example() -> None:
    chain = co.Chain(
        [G("a", supply=1), G("b", price=3), G("c")],
        [recipe("short", {"a": 1}, "b"), recipe("first", {"a": 1}, "c"), recipe("then", {"c": 1}, "b")],
    )
    side = told(chain, "a").more
    assert not side.unique
    assert [name for name, _ in side.runs] == ["short"]


def test_an_idle_process_of_constant_returns_starts_at_its_cheapest_mix() -> None:
    """b is made by a Cobb-Douglas of x and y, which is just too dear; one less of b (bought at 4) starts it at 4.

    x and y sell at 1 and 4: a unit takes (4/1)^.5 = 2 x and .5 y, for 4 in all.
    """
    maker = P("make", function="cobb-douglas", inputs={"x": 0.5, "y": 0.5}, outputs="b")
    chain = co.Chain(
        [G("x", supply=9, price=1), G("y", supply=9, price=4), G("b", import_price=5, price=3.9)], [maker]
    )
    story = told(chain, "b")
    assert (story.low, story.high) == (pytest.approx(3.9), pytest.approx(4, rel=1e-6))
    assert {move.good: move.amount for move in story.less.moves} == {
        "x": pytest.approx(-2, rel=1e-6),
        "y": pytest.approx(-0.5, rel=1e-6),
    }


def differences(chain: co.Chain, goods: slice = slice(None)) -> list[str]:
    """Where a chain's responses are not as re-solves, or don't come to the price's ends."""
    solution = co.solve(chain)
    if not solution.certified:
        return []
    net, intervals = solution.net, solution.intervals
    size = solution.derivatives.operations.measure
    tangent = Tangent(net, solution.plan, solution.derivatives, solution.multipliers)
    wrong, chance = [], by_chance(net, solution)
    for g in range(len(net.goods))[goods]:
        for sign, end in ((1, intervals.low[g]), (-1, intervals.high[g])):
            response = tangent.response(g, sign)
            name = f"{chain.name}: {net.goods[g]} {sign:+d}"
            if response is None or not np.isfinite(end):
                wrong += [] if response is None and not np.isfinite(end) else [f"{name}: {response} for {end}"]
                continue
            if sign * response.worth != near(end, of=float(size.trifle[g]), rel=1e-5):
                wrong.append(f"{name}: worth {sign * response.worth}, not {end}")
            if not response.unique:
                continue
            said = moved(net, response.change, size)
            # A unit of a good that changes nothing is of its own size.
            most = max(float(np.abs(said).max()), 1.0 / float(size.good[g]))
            found = [
                float(np.abs(each - said)[~chance].max()) / most
                for each in _until(chain, solution, g, sign, said, most, chance)
            ]
            if found and min(found) > 1e-5:
                wrong.append(f"{name}: re-solves differ by {min(found):.1e}")
    return wrong


def by_chance(net: Network, solution: co.Solution) -> np.ndarray:
    """Of `moved`, what may differ between two best plans whatever is asked: amounts of worthless goods, and levels
    that make nothing else (of 1e-12 of ore that is taken for nothing, a square root makes 1e-6)."""
    assert solution.multipliers is not None
    assert solution.derivatives is not None
    worthless = np.abs(solution.multipliers.price) <= solution.derivatives.operations.measure.trifle
    made = net.yields.tocoo()
    levels = net.unit_cost == 0
    levels[made.row[~worthless[made.col]]] = False
    uses = worthless[net.use_good][net.rival[net.use_good]]
    return np.concatenate([uses, levels, *[worthless] * 3])


def _until(
    chain: co.Chain,
    solution: co.Solution,
    g: int,
    sign: int,
    said: np.ndarray,
    most: float,
    chance: np.ndarray,
) -> list[np.ndarray]:
    """Quotients until one is as said."""
    found = []
    for each in quotients(chain, solution, g, sign):
        found.append(each)
        if np.abs(each - said)[~chance].max() <= 1e-5 * most:
            break
    return found


@pytest.mark.parametrize("book", BOOKS)
def test_every_response_of_the_examples_is_what_re_solves_find(book: str) -> None:
    chain = co.read_workbook(DATA / f"{book}.xlsx")
    few = slice(None, None, 7) if len(chain.goods) > 30 else slice(None)
    assert differences(chain, few) == []


@pytest.mark.nightly
def test_every_response_of_the_largest_example() -> None:
    assert differences(co.read_workbook(DATA / "petrochemicals.xlsx")) == []


@pytest.mark.parametrize(
    ("kind", "seed"), [("linear", 0), ("linear", 1), ("smooth", 2), ("market", 3), ("mixed", 5)]
)
def test_responses_of_random_chains(kind: str, seed: int) -> None:
    assert differences(random_chain(seed, kind, bool(seed % 2), most=12)) == []


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["linear", "smooth", "market", "mixed"])
def test_responses_of_many_random_chains(kind: str) -> None:
    wrong = [told for seed in range(75) for told in differences(random_chain(seed, kind, bool(seed % 2), most=12))]
    assert wrong == []


@pytest.mark.parametrize("book", ["tupperware", "refinery", "dairy", "copper"])
def test_reciprocity(book: str) -> None:
    """d price of g / d price outside = the response of that outside flow to g, where prices are unique.

    Bought goods with a minus: what is bought less of when there is more.
    """
    chain = co.read_workbook(DATA / f"{book}.xlsx")
    solution = co.solve(chain)
    net = solution.net
    size = solution.derivatives.operations.measure
    tangent = Tangent(net, solution.plan, solution.derivatives, solution.multipliers)
    unique = np.flatnonzero([kind == "point" for kind in solution.intervals.kind])
    responses = {int(g): tangent.response(int(g)) for g in unique}
    responses = {g: found for g, found in responses.items() if found.unique}
    traded = [(g, "price", "sale", 1.0) for g in np.flatnonzero(net.sells & (solution.plan.sale != 0))]
    traded += [(g, "import_price", "imported", -1.0) for g in np.flatnonzero(solution.plan.imported > 0)]
    compared = 0
    for f, field, flow, way in traded[:6]:
        step = 1e-4 * float(getattr(net, field)[f])
        ends = []
        for change in (step, -step):
            name = net.goods[f]
            goods = [
                replace(each, **{field: getattr(each, field) + change}) if each.good == name else each
                for each in chain.goods
            ]
            ends.append(co.solve(replace(chain, goods=goods)))
        assert all(end.certified for end in ends)
        slope = (ends[0].derivatives.price - ends[1].derivatives.price) / (2 * step)
        for g, response in responses.items():
            # An elastic buyer's whole curve moves, in proportion.
            share = float(demand_price(net, solution.plan.sale)[f] / net.price[f]) if flow == "sale" else 1.0
            expected = share * way * float(getattr(response.change, flow)[f])
            if np.isfinite(slope[g]):
                compared += 1
                of = max(1.0, float(size.good[f] / size.good[g]))
                assert slope[g] == near(expected, of=of, rel=1e-5), (net.goods[g], net.goods[f])
    assert compared


def test_a_program_that_goes_round_for_ever_is_given_up() -> None:
    """HiGHS's active sets came back again and again for one side of one good; all others are told."""
    chain = smooth_chain(10441)
    found = co.stories(co.solve(chain))
    assert set(found) == {good.good for good in chain.goods}
    assert sum(story.more is None for story in found.values()) <= 1
