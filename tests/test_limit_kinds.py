"""Each kind of limit is a row of `limits.KINDS`: one that binds has its rent, its cell and its name everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from chains import objective

import chainopt as co
from chainopt.network.limits import KINDS
from chainopt.report.content.findings import Question, findings
from chainopt.report.content.remarks import remarks
from chainopt.workbook.schema import columns_of

# By kind: the argument of `limited` that sets it, others with which it binds at 4, what a unit of it then costs,
# and others with which no plan keeps it (a lower one: at 10).
KIND: dict[str, tuple[str, dict[str, Any], float, dict[str, Any]]] = {
    "capacity": ("capacity", {}, 3.0, {"min_sale": 5.0}),
    "min level": ("min_level", {"unit_cost": 5.0}, 2.0, {}),
    "max use": ("max_use", {}, 3.0, {"min_sale": 5.0}),
    "min use": ("min_use", {"unit_cost": 5.0}, 2.0, {}),
    "max sale": ("max_sale", {}, 3.0, {"min_level": 5.0, "disposal": None}),
    "min sale": ("min_sale", {"unit_cost": 5.0}, 2.0, {}),
    "max import": ("max_import", {"ore": 0.0}, 2.0, {"min_sale": 5.0}),
}


def limited(kind: str, bound: float, **more: Any) -> co.Chain:
    """A mill that makes one steel, sold at 3, of each of 9 ores, or of ores imported at 1; with one limit."""
    given = {KIND[kind][0]: bound, **KIND[kind][1], **more}
    ore = given.pop("ore", 9.0)
    imports = {"max_import": given.pop("max_import"), "import_price": 1.0} if "max_import" in given else {}
    ends = {name: given.pop(f"{name}_use") for name in ("max", "min") if f"{name}_use" in given}
    uses = [co.Input("ore", 1.0, **ends)]
    own = {name: given.pop(name) for name in ("capacity", "min_level", "unit_cost") if name in given}
    return co.Chain(
        [co.Good("ore", supply=ore, **imports), co.Good("steel", price=3.0, **given)],
        [co.Process("mill", function="linear", inputs=uses, outputs="steel", **own)],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_of_each_kind_has_a_rent_that_is_a_derivative(kind):
    chain = limited(kind, 4.0)
    table = co.limits(chain, co.solve(chain))
    row = table[table["kind"] == kind].iloc[0]
    assert row["amount"] == pytest.approx(4.0)
    assert row["rent"] == pytest.approx(KIND[kind][2], rel=1e-6)
    assert row["backprop"] == pytest.approx(KIND[kind][2], rel=1e-6)
    gained = objective(limited(kind, 4.01)) - objective(limited(kind, 3.99))
    assert KINDS[kind].sign * gained / 0.02 == pytest.approx(KIND[kind][2], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_of_each_kind_is_named_by_its_cell_and_in_words(kind):
    chain, about = limited(kind, 4.0), KINDS[kind]
    assert about.column in columns_of(about.sheet)
    solved = co.solve(chain)
    tables = co.tables(chain, solved)
    said = [remark for remark in remarks(chain, chain, solved, tables) if remark.text.startswith("binds")]
    assert [(remark.sheet, remark.column) for remark in said] == [(about.sheet, about.column)]
    phrase = about.phrase.format(good=said[0].good or said[0].record, process=said[0].record)
    texts = [finding.text for finding in findings(solved, tables) if finding.question is Question.LIMITS]
    assert any(phrase.lower() in text.lower() for text in texts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_of_each_kind_that_conflicts_is_a_cause(kind):
    about = KINDS[kind]
    chain = limited(kind, 4.0 if about.sign > 0 else 10.0, **KIND[kind][3])
    solved = co.solve(chain)
    assert solved.status is co.Status.INFEASIBLE
    causes = co.explain(chain, solved).causes
    assert (about.sheet, about.column) in {(cause.sheet, cause.column) for cause in causes}
