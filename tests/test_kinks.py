"""Derivatives where a slope has no end, and where equal values are compared: the limit, a mark, or a refusal."""

import math

import hypothesis
import mpmath
import numpy as np
import pytest
from hypothesis import strategies as st

import chainopt as co
from chainopt.technology.primitives import PROGRAMS

mp = mpmath.mp.clone()
mp.dps = 4000
STEP = mp.mpf(10) ** -400


class Real:
    """The functions of `math` that the cases use, of real numbers in many digits; nan outside their domains."""

    pi = mp.pi

    def __getattr__(self, name):
        return lambda *x: real(getattr(mp, name)(*x))


def real(value):
    return mp.nan if isinstance(value, mp.mpc) else value


def quotients(function, x):
    """The difference quotients from below and from above, where there are values; they err by 400 digits' part."""
    found = []
    for sign in (-1, 1):
        try:
            found.append(
                real(function(Real(), mp.mpf(x) + sign * STEP) - function(Real(), mp.mpf(x))) / (sign * STEP)
            )
        except ZeroDivisionError:
            found.append(mp.nan)
    return [None if mp.isnan(each) else each for each in found]


LIMITS = {
    "the cosine of a root": (lambda m, x: 1 - m.cos(m.sqrt(x)), 0.0, 0.5),
    "a power of a power": (lambda m, x: (x**0.25) ** 4, 0.0, 1.0),
    "a third, three times": (lambda m, x: (x ** (1 / 3)) ** 3, 0.0, 1.0),
    "a root times its square": (lambda m, x: x * m.sqrt(x), 0.0, 0.0),
    "the square of an angle": (lambda m, x: m.acos(x) ** 2, 1.0, -2.0),
    "the cosine of an angle": (lambda m, x: m.cos(3 * m.acos(x)), 1.0, 9.0),
    "roots that cancel": (lambda m, x: m.sqrt(x) + x - m.sqrt(x), 0.0, 1.0),
    "a root of a difference": (lambda m, x: m.sqrt(x * x - 2 * x + 1 + (x - 1) ** 3) ** 2, 1.0, 0.0),
    "a root squared, and more": (lambda m, x: m.exp(m.sqrt(x) ** 2) * (1 + x), 0.0, 2.0),
    "a logarithm": (lambda m, x: m.log1p(m.sqrt(x)) ** 2, 0.0, 1.0),
    "a weight of zero": (lambda m, x: 0 * m.sqrt(x) + m.sin(x), 0.0, 1.0),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_zero_times_an_infinity_is_the_limit(name):
    function, x, expected = LIMITS[name]
    known = [float(side) for side in quotients(function, x) if side is not None]
    assert known == pytest.approx([expected] * len(known), abs=1e-12)
    assert co.grad(lambda y: function(math, y))(x) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: math.sqrt(x) + x,
        lambda x: math.sqrt(x**2),
        lambda x: math.sin(math.asin(x - 1)),
        lambda x: math.acos(math.cos(x)),
        lambda x: (math.cbrt(x) ** 2) ** 1.5,
        lambda x: math.sqrt(abs(x)) ** 2,
        lambda x: math.sqrt(x**20) * 1e-3 + math.sqrt(x * x * x) ** (2 / 3),
        lambda x: 1 * co.grad(lambda y: y * math.sqrt(y))(x),
        lambda x: 1 * co.grad(lambda y: 1 - math.cos(math.sqrt(y)))(x),
    ],
)
def test_no_limit_no_derivative(function):
    with pytest.raises(co.TraceError) as caught:
        co.grad(function)(0.0)
    assert function.__code__.co_firstlineno <= caught.value.line <= function.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x, y: y * math.sqrt(x), (0, 0)),
        (lambda x, y: x**0.6 * y**0.6, (0, 0)),
        (lambda x, y: math.sqrt(x * x * y * y), (0, 0)),
        (lambda x, y: math.sqrt(x) ** 2 - 3 * math.sqrt(y) ** 2, (1, -3)),
        (lambda x, y: x**y, None),
        (lambda x, y: math.sqrt(x * y), None),
        (lambda x, y: x**0.5 * y**0.5, None),
        (math.hypot, None),
        (lambda x, y: ((x - y) ** 2 + y**4) ** 0.25 - ((x - y) ** 2) ** 0.25, None),
        (lambda x, y: (x**2 + y**4) ** 0.25 - (x**2) ** 0.25, None),
    ],
)
def test_arguments_that_meet_have_derivatives_only_together(function, expected):
    """The last two are smooth along nearly every line, and have no derivative."""
    if expected is not None:
        assert co.grad(function, (0, 1))(0.0, 0.0) == expected
        return
    with pytest.raises(co.TraceError, match=r"no finite derivative|a kink"):
        co.grad(function, (0, 1))(0.0, 0.0)


def test_a_step_on_the_way_may_have_an_infinite_derivative():
    program = co.trace(lambda x: math.sqrt(x * x * x * x) + x)(0.0)
    assert program.gradient == {"x": 1.0}
    assert not np.isfinite(program.derivatives()).all()
    assert " nan" in str(program) or " inf" in str(program)
    with pytest.raises(co.TraceError, match="takes no limit"):
        program.source()


POWERS = (0.25, 0.5, 1 / 3, 0.75, 1.0, 1.5, 2, 3)
STEPS = (
    "sqrt",
    "cos",
    "sin",
    "exp",
    "log1p",
    "atan",
    "power",
    "abs",
    "acos",
    "add",
    "subtract",
    "multiply",
    "max",
)
STEPS += ("equal", "cbrt")


@st.composite
def recipes(draw):
    size = draw(st.integers(2, 7))
    return [tuple(draw(st.integers(0, 10**6)) for _ in range(4)) for _ in range(size)]


def cooked(recipe):
    """A function of one variable of this recipe, for a module m; it ends in a product or a sum."""

    def function(m, x):
        values = [x, x * x, 0.5 * x]
        for a, b, c, d in recipe:
            u, v, name = values[-1 - a % 3], values[b % len(values)], STEPS[c % len(STEPS)]
            if name == "power":
                u = real(u ** POWERS[d % len(POWERS)])
            elif name == "cbrt":
                u = -((-u) ** (1 / 3)) if u < 0 else real(u ** (1 / 3))
            elif name == "abs":
                u = abs(u)
            elif name == "max":
                u = max(u, v)
            elif name == "equal":
                u = v if u == v else u
            elif name in ("add", "subtract", "multiply"):
                u = u + v if name == "add" else u - v if name == "subtract" else u * v
            elif name == "cos":
                u = 1 - m.cos(u)
            elif name == "acos":
                u = m.acos(1 - u * u / 4)
            elif name == "exp":
                u = m.exp(u) - 1
            else:
                u = getattr(m, name)(u)
            values.append(u)
        return values[-1] + values[-2] * values[1 + len(values) % 2]

    return function


@hypothesis.given(recipes())
@hypothesis.settings(max_examples=300, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_no_derivative_is_wrong_in_silence(recipe):
    """All that random programs of roots and kinks give at 0 is what mathematics gives, on each side."""
    function = cooked(recipe)
    try:
        found = co.grad(lambda x: function(math, x))(0.0)
    except co.TraceError:
        hypothesis.reject()
    sides = [side for side in quotients(function, 0.0) if side is not None]
    # A point by itself, with values on neither side, has no quotients to compare with.
    hypothesis.assume(sides)
    for side in sides:
        assert float(side) == pytest.approx(found, rel=1e-6, abs=1e-6)


# Comparisons of equal values


def settles(a, x):
    while True:
        new = (x + a / x) / 2
        if abs(new - x) < 1e-12:
            return new
        x = new


def stops(a):
    x = a
    for _ in range(100):
        new = (x + a / x) / 2
        if new == x:
            break
        x = new
    return x


def turns_back(a):
    x = a + 1
    while True:
        new = (x + a / x) / 2
        if new >= x:
            return x
        x = new


def picard(a):
    x = 0 * a
    while True:
        new = 0.5 * math.cos(x) + a
        if new == x:
            return x
        x = new


@pytest.mark.parametrize("function", [lambda a: settles(a, 1.0), stops, turns_back])
@pytest.mark.parametrize("a", [0.3, 2.0, 4.0, 1e6])
def test_a_loops_end_is_no_kink(function, a):
    assert co.grad(function)(a) == pytest.approx(0.5 / math.sqrt(a), rel=1e-12)
    assert co.grad(co.grad(function))(a) == pytest.approx(-0.25 * a**-1.5, rel=1e-9)


def test_second_derivatives_at_a_point_of_two_ways_are_not_those_of_one():
    program = co.trace(lambda x: x * abs(x))(0.0)
    assert program.gradient == {"x": 0.0}
    with pytest.raises(co.TraceError, match="second derivatives may differ"):
        program.hessian()
    with pytest.raises(co.TraceError, match="no derivative of a limit"):
        co.trace(lambda x: 1 - math.cos(math.sqrt(x)))(0.0).hessian()
    assert co.grad(co.grad(lambda x: abs(x) ** 3))(0.0) == 0.0


def test_a_slow_loops_end_is_no_kink():
    x = float(mpmath.findroot(lambda x: 0.5 * mpmath.cos(x) + 0.3 - x, 0.5))
    assert co.grad(picard)(0.3) == pytest.approx(1 / (1 + 0.5 * math.sin(x)), rel=1e-12)
    assert co.grad(settles, (0, 1))(2.0, 1.0) == pytest.approx((0.5 / math.sqrt(2), 0), abs=1e-12)


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (lambda x, y: x if x == y else (x + y) / 2, (1.0, 1.0), (0.5, 0.5)),
        (lambda x, y: 0.0 if x == 0 else x + y, (0.0, 0.0), (1, 1)),
        (lambda x, y: max(x, y) + min(x, y), (1.0, 1.0), (1, 1)),
        (lambda x, y: sum(sorted([x, y, x * y])), (1.0, 1.0), (2, 2)),
        (lambda x, y: max(x, 0) - max(-x, 0) + y, (0.0, 0.0), (1, 1)),
        (lambda x, y: x * abs(x) + y, (0.0, 0.0), (0, 1)),
        (lambda x, y: (x + y) / (2 * y) if abs(x) > abs(y) else (x + y) / (y + y), (1.0, 1.0), (0.5, -0.5)),
        (lambda x, y: np.sort(np.array([x, y, x])).sum(), (1.0, 1.0), (2, 1)),
        (lambda x, y: np.median(np.array([x, 3.0, y, 0.0])), (1.0, 1.0), (0.5, 0.5)),
    ],
)
def test_comparisons_that_steer_nothing_are_no_kinks(function, at, expected):
    assert co.grad(function, (0, 1))(*at) == pytest.approx(expected, abs=1e-12)


def jumps(x, y):
    return x if x > y else y + 1


def rectified(x, y):
    return max(x, 0) + y


def lower_corner(x, y):
    return max(min(x, y), 0)


def guarded(x, y):
    return math.sin(x) / x if x != 0 else y


def guarded_square(x, y):
    return x if x * x > 0 else y


def guarded_twice(x, y):
    return sum(weight * (0 if v * v == 0 else v) for weight, v in ((0, x), (1, y)))


def second(x, y):
    return co.grad(lambda z: z * abs(z))(x) + y


def largest(x, y):
    return np.max(np.array([x, y, x + y]))


def clipped(x, y):
    return np.clip(np.array([x, y]), 0.0, 1.0).sum()


KINKED = (jumps, rectified, lower_corner, guarded, guarded_square, guarded_twice, second, largest, clipped)


@pytest.mark.parametrize("function", KINKED, ids=lambda function: function.__name__)
def test_a_kink_is_refused_with_its_line_or_marked(function):
    with pytest.raises(co.TraceError, match="kink") as caught:
        co.grad(function, (0, 1))(0.0, 0.0)
    line = function.__code__.co_firstlineno + 1
    assert caught.value.line == line
    assert 'kinks="subgradient"' in str(caught.value)
    program = co.trace(function, kinks="subgradient")(0.0, 0.0)
    assert {kink.line for kink in program.kinks()} == {line}
    assert all(step.kink for step in program.steps() if step.line == line)
    assert f"* test_kinks.py:{line}: " in str(program)


def test_the_convention_at_kinks_is_a_subgradient_of_convex_functions():
    """abs: 0, max: the first, roots of squares: the mean."""
    assert co.grad(abs, kinks="subgradient")(0.0) == 0.0
    assert co.grad(lambda x: abs(x) + 3 * x, kinks="subgradient")(0.0) == 3.0
    assert list(co.grad(np.max, kinks="subgradient")(np.full(500, 2.0))) == [1.0] + [0.0] * 499
    assert co.grad(max, (0, 1), kinks="subgradient")(1.0, 1.0) == (1.0, 0.0)
    assert list(co.grad(lambda w: np.sqrt((w**2).sum()), kinks="subgradient")(np.zeros(3))) == [0, 0, 0]
    assert co.grad(math.hypot, (0, 1), kinks="subgradient")(0.0, 0.0) == (0.0, 0.0)
    assert not co.trace(abs, kinks="subgradient")(1.0).kinks()
    program = co.trace(lambda x: 2 * abs(x) + x, kinks="subgradient")(0.0)
    price = co.prices(program.to_chain(), co.solve(program.to_chain())).set_index("good")["price"]
    assert price["x"] == pytest.approx(program.gradient["x"], abs=1e-9)
    with pytest.raises(ValueError, match="neither"):
        co.trace(abs, kinks="left")


def test_many_kinks_are_found_soon():
    for function in (lambda w: np.abs(w).sum(), lambda w: np.maximum(w, 0.0).sum()):
        with pytest.raises(co.TraceError, match="kink"):
            co.grad(function)(np.zeros(300))


# Functions


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("x", [-0.9, -1e-9, 1e-12, 0.0, 0.3, 2.0])
def test_rows_of_programs_alone(name, x):
    function = getattr(math, name)
    program = co.trace(lambda x: function(1 * x))(x)
    assert program.value == function(x)
    assert program.gradient["x"] == pytest.approx(float(mp.diff(getattr(mp, name), x)), rel=1e-13)
    assert co.grad(co.grad(function))(x) == pytest.approx(
        float(mp.diff(getattr(mp, name), x, 2)), rel=1e-12, abs=1e-15
    )
    if name == "erf":
        with pytest.raises(co.TraceError, match="no erf"):
            program.to_chain()
        return
    chain = program.to_chain()
    price = co.prices(chain, co.solve(chain)).set_index("good")["price"]
    assert price["x"] == pytest.approx(program.gradient["x"], rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (-2.0, 3.0), (800.0, -800.0), (-1e-9, 0.0)])
def test_logaddexp_has_no_kink(a, b):
    for function, base in ((np.logaddexp, 1.0), (np.logaddexp2, math.log(2.0))):
        share = float(1 / (1 + mp.exp((mp.mpf(b) - a) * base)))
        assert co.grad(function, (0, 1))(a, b) == pytest.approx((share, 1 - share), rel=1e-12)
    w = np.array([a, b, 0.5])
    shares = np.exp(w - np.logaddexp.reduce(w))
    assert co.grad(lambda w: np.logaddexp.reduce(w) * 1)(w) == pytest.approx(shares, rel=1e-12)
    assert co.grad(lambda w: np.logaddexp(w, w[0]).sum())(w)[1] == pytest.approx(
        float(1 / (1 + mp.exp(mp.mpf(a) - b))), rel=1e-12
    )


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1.0, 1e160, 4e307])
def test_hypot_at_every_size(size):
    assert co.grad(math.hypot, (0, 1))(0.3 * size, 0.4 * size) == pytest.approx((0.6, 0.8), rel=1e-12)
    assert co.grad(np.hypot, (0, 1))(size, 0.0) == pytest.approx((1, 0), rel=1e-12, abs=0)


def test_arrays_are_changed_in_place():
    def function(x, w):
        total = np.zeros(2, dtype=object)
        total += w
        total *= x
        w -= x
        np.multiply(total, w, out=total)
        w[0] += x
        return total.sum() + w[0]

    x, w = 3.0, np.array([1.0, 4.0])
    in_x, in_w = co.grad(function, (0, 1))(x, w)
    assert in_x == pytest.approx(sum(w * (w - 2 * x)))
    assert in_w == pytest.approx(x * (2 * w - x) + np.array([1.0, 0.0]))
    assert list(w) == [1.0, 4.0]

    def into_floats(x):
        total = np.zeros(2)
        total += x
        return total.sum()

    with pytest.raises(co.TraceError, match="dtype=object") as caught:
        co.grad(into_floats)(1.0)
    assert caught.value.line == into_floats.__code__.co_firstlineno + 2


@pytest.mark.parametrize("n", [0, 1, 2, 5, np.int64(0), np.int64(1), np.float64(0), 2.0])
def test_whole_powers_at_zero(n):
    assert co.grad(lambda x: x**n + 2 * x)(0.0) == 2.0 + (n == 1)
    assert co.grad(co.grad(lambda x: x**n))(0.0) == 2.0 * (n == 2)
    assert co.grad(lambda w: (w ** np.arange(4)).sum())(np.zeros(4))[1] == 1.0
