"""Programs: value, derivative and the price of every value, against mathematics in fifty digits."""

import math
import sys
from collections import namedtuple
from dataclasses import dataclass
from functools import partial
from math import exp, sqrt

import hypothesis
import mpmath
import numpy as np
import pytest
from functions import CASES, fraction, logistic, matrices
from hypothesis import strategies as st
from sizes import near

import chainopt as co
from chainopt.technology.primitives import PRIMITIVES, ROWS
from chainopt.technology.tape import CONSTANT, INPUT

mp = mpmath.mp.clone()
mp.dps = 50
for _name in ("log1p", "expm1", "log10", "hypot"):
    assert hasattr(mp, _name)


def traced(case):
    """The case's program at its arguments."""
    return co.trace(case.function, fixed=["m"])(m=math, **case.at)


def truth(case, *orders):
    """The value in fifty digits, or a derivative of these orders by argument."""
    at = [mp.mpf(value) for value in case.at.values()]
    function = partial(case.function, mp)
    return function(*at) if not orders else mp.diff(function, at, orders, h=mp.mpf(10) ** -12)


def prices_of(program):
    """The solver's multiplier of every good of a program's chain."""
    chain = program.to_chain()
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.scope == "global"
    assert solution.objective == near(program.value, of=program.values, rel=1e-12)
    return co.prices(chain, solution).set_index("good")["price"]


def sizes_of(program):
    """By step, the largest of the terms that its derivative is the sum of: what it can be exact to."""
    derivative = program.derivatives()
    size = np.abs(derivative).astype(float)
    for i, j, slope in zip(*program.tape.edges(program.values), strict=True):
        size[j] = max(size[j], abs(derivative[i] * slope))
    return size


def assert_multipliers_are_derivatives(program):
    price, size = prices_of(program), sizes_of(program)
    derivative, names = program.derivatives(), program.names()
    for i in range(len(program.tape)):
        if i not in program.tape.constants:
            assert abs(price[names[i]] - derivative[i]) <= 1e-8 * size[i] + 1e-14 * size.max(), names[i]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value_and_gradient_are_those_of_mathematics(case):
    program = traced(case)
    assert program.value == case.function(math, *case.at.values())
    assert program.value == near(float(truth(case)), of=program.values, rel=1e-13)
    for k, name in enumerate(case.at):
        exact = float(truth(case, *(int(i == k) for i in range(len(case.at)))))
        assert program.gradient[name] == near(exact, of=sizes_of(program), rel=1e-13)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_second_derivatives_are_those_of_mathematics(case):
    found, count = traced(case).hessian(), len(case.at)
    for i in range(count):
        for j in range(count):
            exact = float(truth(case, *(int(k == i) + int(k == j) for k in range(count))))
            assert found[i, j] == near(exact, of=found.ravel(), rel=1e-10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_multipliers_of_the_chain_are_the_derivatives_of_every_value(case):
    assert_multipliers_are_derivatives(traced(case))


DOMAIN = {"log": (0.05, 50), "log10": (0.05, 50), "sqrt": (0.05, 50), "exp": (-3, 3), "tan": (-1.2, 1.2)}
DOMAIN |= {"asin": (-0.9, 0.9), "acos": (-0.9, 0.9), "sinh": (-3, 3), "cosh": (-3, 3), "tanh": (-3, 3)}


@st.composite
def programs(draw):
    """A random straight-line program of every primitive, each value read 0 to 5 times."""
    count = draw(st.integers(1, 3))
    at = [draw(st.floats(-2, 2).filter(lambda x: abs(x) > 0.05)) for _ in range(count)]
    size = draw(st.integers(1, 14))
    choice = draw(st.lists(st.tuples(*[st.integers(0, 10**6)] * 4), min_size=size, max_size=size))

    def function(*x):
        values, reads = list(x), [0] * (len(x) + size)

        def read(k):
            free = [i for i in range(len(values)) if reads[i] < 5]
            i = free[k % len(free)]
            reads[i] += 1
            return values[i]

        for a, b, c, d in choice:
            left = read(a)
            plain = left.value if hasattr(left, "value") else left
            fitting = [name for name in OPERATIONS if allowed(name, plain)]
            name = fitting[c % len(fitting)]
            if name in ("add", "subtract", "multiply", "divide"):
                right = read(b) if d % 4 else (d % 7) / 2 + 0.25
                other = right.value if hasattr(right, "value") else right
                name = name if name != "divide" or abs(other) > 0.05 else "multiply"
                values.append(PRIMITIVES[name].value(left, right))
            elif name == "power":
                exponent = (2, 3, -1, 0.5, 1.5, -0.5)[d % (6 if plain > 0.05 else 3)]
                values.append(left**exponent if d % 3 or plain < 0.05 else 1.5**left)
            else:
                values.append(PRIMITIVES[name].value(left))
            if abs(values[-1].value) > 1e3 or abs(values[-1].value) < 1e-3:
                values[-1] = np.tanh(values[-1]) + 0.5
        return sum(values[-3:])

    return co.trace(function)(*at)


OPERATIONS = sorted(set(PRIMITIVES) - {"min"})


def allowed(name, x):
    low, high = DOMAIN.get(name, (-1e3, 1e3))
    return low <= x <= high and (name != "power" or abs(x) > 0.05)


@hypothesis.given(programs())
@hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_random_programs_have_the_derivatives_of_the_complex_step_and_of_the_market(program):
    derivative, size = program.derivatives(), sizes_of(program)
    inputs = program.values[: len(program.inputs)]
    for k in range(len(inputs)):
        shifted = [complex(x, 1e-30 * (i == k)) for i, x in enumerate(inputs)]
        values = program.tape.run(shifted, lambda name: PRIMITIVES[name].value)
        exact = values[program.tape.outputs[0]].imag / 1e-30
        assert abs(derivative[k] - exact) <= 1e-9 * size[k]
    assert_multipliers_are_derivatives(program)


def test_a_wrong_partial_is_caught(monkeypatch):
    from dataclasses import replace

    row = PRIMITIVES["multiply"]
    monkeypatch.setitem(PRIMITIVES, "multiply", replace(row, partials=(row.partials[1], row.partials[1])))
    with pytest.raises(AssertionError):
        assert_multipliers_are_derivatives(co.trace(lambda x, y: x * y + x)(2.0, 5.0))


Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Mix:
    share: float
    parts: list
    name: str = "mix"


def structured(point, mix, table, weights):
    total = point.x * mix.share + sum(mix.parts) * point.y
    return {"total": total + table["k"] * np.dot(weights, weights), "other": (total, weights.sum())}


ARGUMENTS = (Point(2.0, 3.0), Mix(0.5, [1.0, -4.0]), {"k": 2.0}, np.array([1.0, 3.0]))


def test_structures_go_in_and_come_out():
    program = co.trace(structured)(*ARGUMENTS)
    assert program.inputs == (
        "point.x", "point.y", "mix.share", "mix.parts.0", "mix.parts.1", "table.k", "weights.0", "weights.1",
    )  # fmt: skip
    assert program.outputs == ("total", "other.0", "other.1")
    assert program.value == {"total": 12.0, "other": (-8.0, 4.0)}
    assert program.jacobian["total"]["mix.parts.0"] == 3.0
    assert program.jacobian["other.1"] == {name: float(name.startswith("weights")) for name in program.inputs}
    chain = program.to_chain({"total": 1.0, "other.0": 2.0})
    solution = co.solve(chain)
    price = co.prices(chain, solution).set_index("good")["price"]
    assert price["weights.1"] == pytest.approx(12.0)
    assert price["point.x"] == pytest.approx(1.5)


def test_grad_gives_the_arguments_own_structure():
    loss = lambda *arguments: structured(*arguments)["total"]  # noqa: E731
    value, (mix, weights) = co.value_and_grad(loss, argnums=(1, 3))(*ARGUMENTS)
    assert value == 12.0
    assert mix == Mix(2.0, [3.0, 3.0])
    assert list(weights) == [4.0, 12.0]
    assert co.grad(lambda x: x**4)(2.0) == 32.0
    assert co.grad(co.grad(co.grad(lambda x: exp(2 * x))))(0.5) == pytest.approx(8 * math.e)
    assert co.grad(lambda x: co.grad(lambda y: x * y**2)(x) + x)(3.0) == 13.0


def test_numpy_functions_of_scalars_and_of_arrays_are_followed():
    def f(x, w):
        return np.exp(-x) * np.sqrt(np.sum(w**2)) + np.maximum(x, w[0]) * np.arctan2(w[1], x) + np.log1p(w).sum()

    x, w = 0.7, np.array([0.2, 1.5])
    program = co.trace(f)(x, w)
    assert program.value == pytest.approx(float(f(x, w)), rel=1e-14)
    for name, shift in (("x", (1, [0, 0])), ("w.0", (0, [1, 0])), ("w.1", (0, [0, 1]))):
        h = 1e-6
        a, b = (f(x + s * h * shift[0], w + s * h * np.array(shift[1])) for s in (1, -1))
        assert program.gradient[name] == pytest.approx((a - b) / (2 * h), rel=1e-7)


def test_math_is_left_as_it_was():
    before = {name: getattr(math, name) for name in dir(math)}
    co.trace(lambda x: math.sin(x) + sqrt(x))(2.0)
    with pytest.raises(co.TraceError):
        co.trace(lambda x: math.log(-x))(2.0)
    assert {name: getattr(math, name) for name in dir(math)} == before
    assert sqrt is math.sqrt


def test_a_trace_within_a_trace_in_another_module_is_followed():
    """The function and its helper stand in two modules, and hold math's functions by name."""
    assert co.trace(lambda x: fraction(math, sqrt(x), 3))(2.0).gradient["x"] == pytest.approx(
        float(mp.diff(lambda x: fraction(mp, mp.sqrt(x), 3), 2)), rel=1e-13
    )


def test_recursion_does_not_limit_the_sweep():
    def down(x, n):
        return x if n == 0 else 0.999999 * down(x, n - 1) + 1e-6

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(60_000)
    try:
        program = co.trace(down, fixed=["n"])(1.0, n=20_000)
    finally:
        sys.setrecursionlimit(limit)
    assert program.gradient["x"] == pytest.approx(0.999999**20_000, rel=1e-10)


def test_steps_know_their_line_and_their_variable():
    program = traced(next(case for case in CASES if case.name == "essay"))
    steps = program.steps()
    assert [step.name for step in steps] == ["a", "v2", "v3", "b", "c"]
    assert [step.expression for step in steps] == ["sqrt(x)", "a + 1", "1 / v2", "1 - v3", "log(b)"]
    assert [step.source for step in steps][3] == "b = 1 - 1 / (a + 1)"
    lines = str(program).splitlines()
    assert len(lines) == 2 + 1 + 5
    assert max(map(len, lines)) <= 80
    assert "0.04166667" in lines[2]


def test_a_long_program_prints_its_ends():
    lines = str(co.trace(lambda x: logistic(math, x, 3.5))(0.3)).splitlines()
    assert len(lines) == 2 + 1 + 36
    program = co.trace(lambda x: sum(x * i for i in range(1, 100)))(0.3)
    assert any("steps more" in line for line in str(program).splitlines())


def test_a_program_runs_again_at_other_arguments_until_it_would_branch():
    def f(x, y):
        return x * y if x > y else x + y

    program = co.trace(f)(3.0, 2.0)
    assert program(x=5.0) == 10.0
    assert program({"y": 1.0}) == 3.0
    with pytest.raises(ValueError, match="compare otherwise"):
        program(x=1.0)
    with pytest.raises(ValueError, match='no argument "z"'):
        program(z=1.0)


def test_the_source_runs_alone_and_has_every_derivative(tmp_path):
    import subprocess

    for case in CASES:
        program = traced(case)
        path = tmp_path / f"{case.name}.py"
        path.write_text(program.source(), encoding="utf-8")
        done = subprocess.run([sys.executable, "-I", "-S", path], capture_output=True, text=True, check=True)
        first, *rest = done.stdout.splitlines()
        found = dict(line.removeprefix("price of ").rsplit(" = ", 1) for line in rest)
        assert float(first.removeprefix("value = ")) == near(program.value, of=program.values, rel=1e-13)
        size = sizes_of(program)
        for i, (name, slope) in enumerate(zip(program.names(), program.derivatives(), strict=True)):
            if i not in program.tape.constants:
                assert abs(float(found[name]) - slope) <= 1e-12 * size[i]


def no_number(x):
    return "much"


def nothing():
    return 1.0


def divides(x):
    y = x - 4
    return 1 / y


def kinked(x):
    return x if x > 4 else 2 * x


def endless(x):
    while x > 0:
        x = x + 1
    return x


def counts(x):
    return sum(i for i in range(x))


def whole(x):
    return int(x) * x


def text(x):
    return float(f"{x:.3f}")


def no_rule(x):
    return np.heaviside(x, 1.0)


def gamma_function(x):
    return math.gamma(x)


def out_of_domain(x):
    return math.log(x - 5)


def too_large(x):
    return math.exp(1000 * x)


def overflows(x):
    return x * 1e308 * 1e10


def with_text(x):
    return x + "1"


def solves(x):
    return np.linalg.solve([[x, 1.0], [1.0, x]], [1.0, 2.0])[0]


def complex_power(x):
    return (-x) ** 0.5


def recurses(x):
    return recurses(x) + 1


def halves(x):
    return x // 2


BAD = {
    no_number: "not a number",
    nothing: "no number to trace",
    divides: "division by zero",
    kinked: "a kink",
    endless: "has not ended",
    counts: "hold the argument fixed",
    whole: "would lose the trace",
    text: "no longer traced",
    no_rule: "np.heaviside has no rule",
    gamma_function: "a function without a rule",
    out_of_domain: "log(-1) is no finite real number",
    too_large: "exp(4000) is no finite",
    overflows: "not finite",
    with_text: "unsupported operand",
    solves: "traced numbers",
    complex_power: "no finite real number",
    recurses: "recursion",
    halves: "would lose the trace",
}


@pytest.mark.parametrize("function", BAD, ids=lambda function: function.__name__)
def test_what_cannot_be_traced_is_said_with_its_line(function):
    arguments = () if function is nothing else (4.0,)
    with pytest.raises(co.TraceError) as caught:
        co.trace(function, max_steps=2000)(*arguments)
    first = function.__code__.co_firstlineno
    assert first <= caught.value.line <= first + 3
    assert caught.value.file == __file__
    message = str(caught.value)
    assert BAD[function] in message
    assert message.startswith(f"test_trace.py:{caught.value.line}: ")
    assert "\n" not in message


def infinite(x):
    return math.sqrt(x * x)


def cancels(x):
    return math.fsum([x, 1e17, 1.0, -1e17])


def small(x):
    return math.asinh(1e-10 * x)


@pytest.mark.parametrize(
    ("function", "at", "says"),
    [(infinite, 0.0, "-1 from below and 1 from above"), (cancels, 3.0, "digits"), (small, 1.0, "digits")],
)
def test_what_would_be_wrong_is_refused(function, at, says):
    with pytest.raises(co.TraceError, match=says) as caught:
        co.grad(function)(at)
    assert caught.value.line == function.__code__.co_firstlineno + 1


def test_powers_at_zero_have_their_derivative():
    assert co.grad(lambda x: sum(c * x**i for i, c in enumerate([1.0, 2.0, 3.0])))(0.0) == 2.0
    assert co.grad(lambda x: 0.0**x + x)(2.0) == 1.0


@pytest.mark.parametrize("x", [10.0, 15.0, 19.0, -20.0])
def test_a_flat_tanh_keeps_its_digits(x):
    assert co.grad(math.tanh)(x) == pytest.approx(float(mp.sech(x) ** 2), rel=1e-13)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numpy_scalars_stand_on_either_side(kind):
    def f(x):
        y = kind(2) * x + x / kind(4) - kind(1)
        return y * kind(3) if kind(1) < x else kind(5) ** y

    assert co.value_and_grad(f)(2.0) == (10.5, 6.75)


def test_threads_trace_side_by_side():
    from concurrent.futures import ThreadPoolExecutor

    def slope(x):
        return co.grad(lambda y: math.sin(y) * math.exp(y))(x)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(slope, [0.1 * i for i in range(200)]))
    for i, value in enumerate(found):
        assert value == pytest.approx(math.exp(0.1 * i) * (math.sin(0.1 * i) + math.cos(0.1 * i)))
    assert slope(1.0) == pytest.approx(math.e * (math.sin(1) + math.cos(1)))


def test_what_is_only_compared_may_be_infinite_and_questions_are_branches():
    def least(x):
        best = math.inf
        for value in (x, x * x, x / 2):
            best = min(best, value)
        return best

    assert co.grad(least)(3.0) == 0.5
    program = co.trace(least)(3.0)
    assert str(program).startswith("least(x=3) = 1.5")
    assert "inf" not in program.source()
    assert co.solve(program.to_chain()).objective == pytest.approx(1.5)

    def root(a):
        x = a
        while not math.isclose(x * x, a):
            x = (x + a / x) / 2
        return x

    program = co.trace(root)(2.0)
    with pytest.raises(ValueError, match="compare otherwise"):
        program(a=1e6)
    kinked = co.trace(lambda x: abs(x) + 1)(2.0)
    with pytest.raises(ValueError, match="compare otherwise"):
        kinked.at({"x": 0.0})


def test_elsewhere_the_result_keeps_its_structure():
    program = co.trace(lambda x: {"a": [x * x], "b": 2 * x})(3.0)
    assert program.at({"x": 4.0}).value == program({"x": 4.0}) == {"a": [16.0], "b": 8.0}


def test_names_that_collide_are_told_apart():
    program = co.trace(lambda d: d[1] * d["1"])({1: 2.0, "1": 3.0})
    assert program.gradient == {"d.1": 3.0, "d.1_2": 2.0}


def test_what_a_record_has_computed_of_itself_is_computed_anew():
    from functools import cached_property

    @dataclass
    class Disc:
        r: float

        @cached_property
        def area(self):
            return math.pi * self.r**2

    disc = Disc(2.0)
    assert disc.area > 0
    assert co.grad(lambda d: d.area)(disc).r == pytest.approx(4 * math.pi)


def test_a_number_of_an_earlier_trace_is_refused():
    kept = []

    def keeps(x):
        kept.append(x)
        return kept[0] * x

    assert co.trace(keeps)(2.0).gradient == {"x": 4.0}
    with pytest.raises(co.TraceError, match="has ended"):
        co.trace(keeps)(3.0)


def test_the_users_own_exceptions_pass():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        co.trace(f)(1.0)


def test_an_unknown_fixed_argument_is_refused():
    with pytest.raises(ValueError, match="no argument k"):
        co.trace(lambda x: x, fixed=["k"])


def test_second_derivatives_within_another_trace():
    assert co.grad(lambda z: co.trace(lambda x: x**3 * z)(2.0).hessian()[0, 0])(1.5) == pytest.approx(12.0)


def test_several_results_need_a_choice():
    program = co.trace(lambda x: (x, x * 2))(1.0)
    with pytest.raises(ValueError, match="0, 1"):
        program.gradient  # noqa: B018
    with pytest.raises(ValueError, match="several results"):
        program.to_chain()
    assert program.jacobian == {"0": {"x": 1.0}, "1": {"x": 2.0}}
    with pytest.raises(ValueError, match="no result y"):
        program.to_chain({"y": 1.0})


@pytest.mark.parametrize(
    "function",
    [lambda x: x, lambda x: 3.0, lambda x: x * 0, lambda x: (x + 1) - x, lambda x, **k: x * k["y"]],
)
def test_the_least_programs_are_chains(function):
    program = (
        co.trace(function)(2.0)
        if function.__code__.co_argcount == 1 and not function.__code__.co_flags & 8
        else (co.trace(function)(2.0, y=-1.5))
    )
    assert_multipliers_are_derivatives(program)


def test_a_matrix_product_reads_its_values_often():
    """What a value's readers pay, added up, is its price: a copy, not a split."""
    program = co.trace(lambda x, y: matrices(math, x, y))(1.5, -0.5)
    chain = program.to_chain()
    uses = co.uses(chain, co.solve(chain))
    of_x = uses[(uses.good == "x") & (uses.kind == "use")]
    assert len(of_x) > 3
    assert of_x.value.sum() == pytest.approx(program.gradient["x"], rel=1e-10)


def test_every_kind_of_step_is_a_row_of_the_table():
    program = traced(next(case for case in CASES if case.name == "everything"))
    assert set(program.tape.operations) - {INPUT, CONSTANT} <= set(ROWS)
    assert set(ROWS) - {"min", "erf", "exp"} <= set(program.tape.operations) | {"add"}
