"""Values and partial derivatives against mpmath, formulas that must be refused, and planted faults."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import chainopt as co
from chainopt.backprop.slopes import slopes
from chainopt.network.network import network
from chainopt.technology.families import TECHNOLOGIES
from chainopt.technology.formula import FormulaError, parse, resolve
from chainopt.technology.primitives import PRIMITIVES

mp.mp.dps = 40


def gradient(function: Callable[..., Any], at: list[float]) -> list[float]:
    """Every partial derivative of a function, in 40 digits."""
    point = tuple(mp.mpf(x) for x in at)
    one = np.eye(len(at), dtype=int)
    return [float(mp.diff(function, point, tuple(int(k) for k in order))) for order in one]


# Technologies


def technology_cases() -> dict[str, tuple[dict[str, Any], list[float], Callable[..., Any]]]:
    """Process options, coefficients, and the function as design 5 writes it."""
    a = [0.2, 0.35, 0.15]
    cases: dict[str, tuple[dict[str, Any], list[float], Callable[..., Any]]] = {
        "cobb-douglas": (
            {"function": "cobb-douglas", "scale": 1.7},
            a,
            lambda *x: mp.mpf(1.7) * mp.fprod(v ** mp.mpf(e) for v, e in zip(x, a, strict=True)),
        ),
        "cobb-douglas, one input": (
            {"function": "cobb-douglas", "scale": 0.4},
            [1.3],
            lambda x: mp.mpf(0.4) * x ** mp.mpf(1.3),
        ),
        "linear": (
            {"function": "linear", "scale": 3.0},
            a,
            lambda *x: 3 * mp.fsum(v * mp.mpf(e) for v, e in zip(x, a, strict=True)),
        ),
    }
    for elasticity in (0.3, 0.9, 1.5, 3.0):
        for returns in (0.6, 1.0):

            def ces(*x: Any, elasticity: float = elasticity, returns: float = returns) -> Any:
                r = (mp.mpf(elasticity) - 1) / mp.mpf(elasticity)
                inner = mp.fsum(mp.mpf(e) * v**r for v, e in zip(x, a, strict=True))
                return mp.mpf(0.8) * inner ** (mp.mpf(returns) / r)

            options = {"function": "ces", "scale": 0.8, "elasticity": elasticity, "returns": returns}
            cases[f"ces {elasticity} {returns}"] = (options, a, ces)
    return cases


@pytest.mark.parametrize("name", technology_cases())
def test_a_technologys_level_and_partials(name: str) -> None:
    options, a, function = technology_cases()[name]
    names = [f"g{i}" for i in range(len(a))]
    # A second process of the same function stands beside it, so that the batch has something to mix up.
    other = co.Process("other", **options, inputs=dict.fromkeys(names[:1], 0.5), outputs="out")
    process = co.Process("one", **options, inputs=dict(zip(names, a, strict=True)), outputs="out")
    net = network(co.Chain([co.Good(good) for good in [*names, "out"]], [other, process]))
    random = np.random.default_rng(7)
    for _ in range(6):
        x = np.exp(random.uniform(-4, 4, len(a)))
        use = np.concatenate([[0.3], x])
        assert net.levels(use)[1] == pytest.approx(float(function(*map(mp.mpf, x))), rel=1e-12)
        found = slopes(net, use).level.toarray()
        np.testing.assert_allclose(found[1:, 1], gradient(function, list(x)), rtol=1e-11)
        assert not found[1:, 0].any()
        assert found[0, 0] != 0.0


def test_a_leontief_level_is_the_least_its_inputs_allow() -> None:
    process = co.Process("one", function="leontief", scale=2, inputs={"a": 0.5, "b": 4}, outputs="out")
    net = network(co.Chain([co.Good("a"), co.Good("b"), co.Good("out")], [process]))
    assert net.levels(np.array([3.0, 40.0]))[0] == pytest.approx(12.0)
    assert net.levels(np.array([30.0, 40.0]))[0] == pytest.approx(20.0)
    np.testing.assert_allclose(net.intake(np.array([12.0])), [3.0, 24.0])


# Primitives and formulas

MATHEMATICS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negate": lambda a: -a,
    "sqrt": mp.sqrt,
    "log": mp.log,
    "log10": mp.log10,
    "exp": mp.exp,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "min": lambda *a: min(a),
}


def test_every_primitive_is_tested() -> None:
    assert set(MATHEMATICS) == set(PRIMITIVES)


@pytest.mark.parametrize("name", [name for name in MATHEMATICS if name != "min"])
def test_a_primitives_value_and_partials(name: str) -> None:
    row = PRIMITIVES[name]
    random = np.random.default_rng(3)
    highest = 0.99 if name in ("asin", "acos") else 4.0
    for _ in range(20):
        x = [np.float64(v) for v in random.uniform(0.1, highest, len(row.partials))]
        value = row.value(*x)
        assert value == pytest.approx(float(MATHEMATICS[name](*map(mp.mpf, x))), rel=1e-14, abs=1e-15)
        partials = [float(partial(value, *x)) for partial in row.partials]
        assert partials == pytest.approx(gradient(MATHEMATICS[name], [float(v) for v in x]), rel=1e-13)


class RandomFormula:
    """A random expression as text, with as few parentheses as it can, and as a function in mpmath.

    The text is rendered from the tree by the rules of arithmetic, so that reading it back tests precedence.
    Values stay positive and moderate: every function is applied where it is defined.
    """

    NAMES = ("x", "Y 2", "z@mill")

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.text, _, self.function = self.expression(4)

    def expression(self, depth: int) -> tuple[str, int, Callable[..., Any]]:
        """(text, how tightly it binds, function): 1 a sum, 2 a product, 3 a sign, 4 a power, 5 an atom."""
        kind = int(self.random.integers(0, 10)) if depth else int(self.random.integers(0, 2))
        if kind == 0:
            number = round(float(self.random.uniform(0.2, 3.0)), 3)
            text = str(number) if self.random.random() < 0.7 else f"{number * 100:.12g}e-2"
            constant = mp.mpf(text)
            return text, 5, lambda *v: constant
        if kind == 1:
            i = int(self.random.integers(len(self.NAMES)))
            return ("x", "[ y  2 ]", "[z@mill]")[i], 5, lambda *v, i=i: v[i]
        left, tight, f = self.expression(depth - 1)
        if kind in (2, 3):
            name = ("sqrt", "ln", "log", "log10", "tanh", "EXP")[int(self.random.integers(6))]
            known = MATHEMATICS[{"ln": "log"}.get(name, name.lower())]
            if name == "EXP":
                return f"{name}(-({left})^2)", 5, lambda *v: known(-(f(*v) ** 2))
            return f"{name}(1.5 + ({left})^2)", 5, lambda *v: known(mp.mpf("1.5") + f(*v) ** 2)
        right, other, g = self.expression(depth - 1)

        def wrapped(text: str, binds: int, least: int) -> str:
            return text if binds >= least else f"({text})"

        if kind in (4, 5):
            sign = "+" if kind == 4 else "-"
            text = f"{left} {sign} {wrapped(right, other, 1 if sign == '+' and other > 1 else 2)}"
            return text, 1, (lambda *v: f(*v) + g(*v)) if sign == "+" else (lambda *v: f(*v) - g(*v))
        if kind == 6:
            return f"{wrapped(left, tight, 2)}*{wrapped(right, other, 3)}", 2, lambda *v: f(*v) * g(*v)
        if kind == 7:
            divisor = f"(2 + {wrapped(right, other, 5)}^2)"
            return f"{wrapped(left, tight, 2)} / {divisor}", 2, lambda *v: f(*v) / (2 + g(*v) ** 2)
        if kind == 8:
            return f"-{wrapped(left, tight, 3)}", 3, lambda *v: -f(*v)
        power = ("2", "3", "-1.5", "2^0.5")[int(self.random.integers(4))]
        if power in ("2", "3"):
            return f"{wrapped(left, tight, 5)}^{power}", 4, lambda *v: f(*v) ** int(power)
        base = f"(1 + {wrapped(left, tight, 5)}^2)"
        exponent = mp.sqrt(2) if power == "2^0.5" else mp.mpf(power)
        return f"{base}^{power}", 4, lambda *v: (1 + f(*v) ** 2) ** exponent


@pytest.mark.parametrize("first", range(0, 10_000, 500))
def test_random_formulas_have_the_value_and_slopes_of_mathematics(first: int) -> None:
    for seed in range(first, first + 500):
        formula = RandomFormula(seed)
        program = resolve(parse(f"out = {formula.text}"), RandomFormula.NAMES, {})
        at = np.random.default_rng([seed, 1]).uniform(0.3, 2.0, 3)
        values = program.values(at)
        truth = float(formula.function(*map(mp.mpf, at)))
        assert values[program.outputs[0]] == pytest.approx(truth, rel=1e-12, abs=0), formula.text
        found = program.sweep(values, {program.outputs[0]: 1.0})[:3]
        expected = gradient(formula.function, list(at))
        # Forty digits leave a difference quotient of what has saturated some thirty.
        size = max(map(abs, expected)) + 1e-18
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * size, err_msg=formula.text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x^2", -9.0),
        ("2^3^2", 512.0),
        ("2^-x", 0.125),
        ("-x^-2", -1 / 9),
        ("8/x/2", 4 / 3),
        ("8/x*2", 16 / 3),
        ("8-x-2", 3.0),
        ("8-x+2", 7.0),
        ("8--x", 11.0),
        ("+-+x", -3.0),
        ("2*-x", -6.0),
        ("-x*-x", 9.0),
        ("(-x)^2", 9.0),
        ("x^(1/2)^2", 3**0.25),
        ("1e3*x", 3000.0),
        (".5*x", 1.5),
        ("2.*x", 6.0),
        ("LN(x)", float(np.log(3))),
        ("log(x)", float(np.log(3))),
        ("log10(x)", float(np.log10(3))),
        ("min(x, 2, 5)", 2.0),
        ("X + x", 6.0),
        ("[ X ]*k", 7.5),
    ],
)
def test_precedence_and_spelling(text: str, value: float) -> None:
    program = resolve(parse(f"y = {text}"), ["x"], {"K": 2.5})
    assert program.values([3.0])[program.outputs[0]] == pytest.approx(value, rel=1e-14)


BAD_FORMULAS = {
    "": 1,
    "   ": 4,
    "=2*x": 1,
    "2*x": 1,
    "y": 2,
    "y =": 4,
    "y == 2*x": 4,
    "y = 2x": 6,
    "y = 2,5*x": 6,
    "y = 2 × x": 7,
    "y = 2 ÷ x": 7,
    "y = 3 − x": 7,
    "y = ２*x": 5,
    "y = ２２": 5,
    "y = x<=1": 6,
    "y = x > 1": 7,
    "y = x**2": 6,
    "y = x y": 7,
    "y = x(2)": 5,
    "y = (x": 7,
    "y = x)": 6,
    "y = x +": 8,
    "y = * x": 5,
    "y = [x": 5,
    "y = []": 5,
    "y = sqrt x": 10,
    "y = sqrt(x, 2)": 5,
    "y = sqrt()": 10,
    "y = min()": 9,
    "y = max(x)": 5,
    "y = x.real": 6,
    "y = x\x00": 6,
    "y = x\u200b": 6,
    "y = x # all": 7,
    "y = 'x'": 5,
    "y = x; = 2": 8,
    "y = lambda x: x": 13,
    "y = __import__('os')": 16,
    "import os": 8,
    "y = eval(x)": 5,
    "y = factorial(1e7)": 5,
    "y = (x for x in x)": 8,
    "y = (x := 3)": 8,
    "y = f'{x}'": 6,
    "y = ().__class__.__bases__": 7,
    "y = x if x else 1": 7,
    "y = 1e999": 5,
    "y = x = 2": 7,
}


@pytest.mark.parametrize("text", BAD_FORMULAS)
def test_a_bad_formula_is_refused_at_its_fault(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert caught.value.position == BAD_FORMULAS[text], caught.value
    assert f"(character {caught.value.position})" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "y = " + "(" * 15_000 + "x" + ")" * 15_000,
        "y = " + "-" * 100_000 + "x",
        "y = " + "x+" * 200_000 + "x",
        "y = " + "(" * 900 + "x" + ")" * 900,
        "y = " + "-" * 1900 + "x",
        "y = " + "x^" * 900 + "x",
        "y = " + "sqrt(" * 300 + "x" + ")" * 300,
        "y = " + "x+2+" * 7_000 + "x",
        "y = " + "; y = ".join("1" for _ in range(6_000)),
    ],
    ids=["open", "minus", "terms", "short open", "short minus", "power", "call", "short terms", "outputs"],
)
def test_a_formula_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "y = 9^9^9^9",
        "y = 1/0",
        "y = ln(0)",
        "y = sqrt(0-1)",
        "y = nan",
        "y = inf",
        "y = (-8)^(1/3)",
        "y = [x for x in x]",
        "y = x + 0^-1",
    ],
)
def test_constants_and_names_without_a_value_are_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        resolve(parse(text), ["x"], {})
    with pytest.raises(co.ChainError, match=r"processes .p., formula"):
        co.Chain([co.Good("x", supply=1), co.Good("y", price=1)], [co.Process("p", formula=text)])


# Planted faults: what the independent check is for


def smooth_chain() -> co.Chain:
    """Every function and every primitive runs, and one limit binds."""
    return co.Chain(
        [
            co.Good("labour", supply=5),
            co.Good("x", supply=3),
            co.Good("y", price=0.4),
            co.Good("z", price=2),
            co.Good("v", price=3),
            co.Good("w", price=1),
        ],
        [
            co.Process("cd", function="cobb-douglas", inputs={"labour": 0.4, "x": 0.3}, outputs="y"),
            co.Process(
                "ces", function="ces", elasticity=0.5, returns=0.8, inputs={"labour": 1, "y": 1}, outputs="z"
            ),
            co.Process("linear", function="linear", inputs={"x": 1, "y": 0.7}, outputs="v", capacity=0.1),
            co.Process("quadratic", function="quadratic", inputs=[co.Input("x", 3, curvature=5)], outputs="w"),
            co.Process("floored", function="stone-geary", inputs=[co.Input("x", 0.4, floor=0.1)], outputs="w"),
            co.Process(
                "formula",
                formula="z = 0.3 * sqrt(x) + ln(1 + x) - 0.2/(1 + labour) + tanh(y)^0.9 + log10(1 + labour)"
                " - exp(-y) + (x - -labour) * 0.1 + labour/7 + sin(x/4) - cos(x/4) + tan(x/9) + asin(x/9)"
                " - acos(labour/9) + atan(labour) + sinh(y/9) + cosh(y/9)",
            ),
        ],
    )


def test_the_sound_chain_is_certified() -> None:
    assert co.solve(smooth_chain()).status is co.Status.OPTIMAL


def assert_caught() -> None:
    solution = co.solve(smooth_chain())
    assert solution.status is co.Status.UNCERTIFIED
    assert solution.status.exit_code == 6
    assert not solution.certified
    assert co.prices(smooth_chain(), solution)[["price", "backprop", "low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("name", [name for name, row in TECHNOLOGIES.items() if not row.recipe])
def test_a_wrong_partial_of_a_technology_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = TECHNOLOGIES[name]
    wrong = replace(row, partials=lambda *given: 1.01 * row.partials(*given))
    monkeypatch.setitem(TECHNOLOGIES, name, wrong)
    assert_caught()


@pytest.mark.parametrize("name", sorted(set(PRIMITIVES) - {"min"}))
def test_a_wrong_partial_of_a_primitive_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = PRIMITIVES[name]
    first, *rest = row.partials
    wrong = replace(row, partials=(lambda *given: 1.01 * first(*given), *rest))
    monkeypatch.setitem(PRIMITIVES, name, wrong)
    assert_caught()


@pytest.mark.parametrize("field", ["price", "rent"])
def test_a_wrong_sign_of_the_multipliers_is_caught(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("chainopt.solution.attempts")
    read = module.read_multipliers

    def negated(*given: Any) -> Any:
        multipliers = read(*given)
        return replace(multipliers, **{field: -getattr(multipliers, field)})

    monkeypatch.setattr(module, "read_multipliers", negated)
    assert_caught()
