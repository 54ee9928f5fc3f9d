"""Whether a function has a derivative where it compares equal values: the ways that it takes round the point.

    f(x + d) is one of finitely many pieces f_i(x + d), all of them f(x) at d = 0.
    Where they all have the same gradient there, it is f's; where two differ, f has a kink.

Each comparison of equal values is decided otherwise in a further run, where both sides are open: a direction d
must exist with every difference compared on its side, to first order. Values that are equal on a thin set only
(`==`) are not so round about, and the derivative is that of the way which takes them as unequal. Values that agree
to first order, as at a loop's end, are tried the other way for one more round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from chainopt.program.agreement import Normal, difference, is_flat, is_open, normal, sided
from chainopt.program.program import Program
from chainopt.program.ties import REFUSE, SUBGRADIENT, Kink, Tie, Way
from chainopt.program.tracer import TraceError

_MOST_WAYS = 64
_FEW_TIES = 16


def followed_all_round(run: Callable[[Way], Program], kinks: str) -> Program:
    """The program of a way that is open at the point, where all open ways agree with it.

    run: the function, along a way. Where they disagree: raises TraceError with the line of a comparison that makes
    the difference (kinks = "refuse"), or notes it in the program ("subgradient").
    """
    first = Way(kinks=kinks)
    found = run(first)
    steering = [tie for tie in first.ties if tie.steers]
    if not steering:
        return found
    judge = _Judge(kinks)
    if kinks == SUBGRADIENT and len(steering) > _FEW_TIES:
        for tie in steering:
            judge.differs(tie, "too many meet to try each")
        return judge.noted(found)
    judge.take(first, found)
    for _ in range(_MOST_WAYS):
        if not judge.planned:
            break
        way = judge.planned.popleft()
        try:
            program = run(way)
        except Exception as error:
            what = error.what if isinstance(error, TraceError) else f"{type(error).__name__}: {error}"
            judge.differs(_turned(way), f"taken the other way, it can't be followed ({what})")
        else:
            judge.take(way, program)
    if judge.planned:
        judge.differs(steering[0], f"it has more than {_MOST_WAYS} ways round here")
    if judge.base is None:
        judge.differs(steering[0], "no way round was found")
    return judge.noted(judge.base or found)


class _Judge:
    """What is known of the ways so far: the first open one, where others differ from it, and which are to come."""

    def __init__(self, mode: str):
        self.mode = mode
        self.base: Program | None = None
        self.kinks: dict[tuple[str, int | None], Kink] = {}
        self.planned: deque[Way] = deque()

    def take(self, way: Way, program: Program) -> None:
        """Note where other ways turn off, and compare an open way with the first open one."""
        turns = _turns(way)
        self.planned += turns.ways
        if not turns.opened:
            return
        if turns.passed and program.is_singular():
            self.differs(turns.passed[0], "a slope on the way has no end")
        if self.base is None:
            self.base = program
            return
        try:
            found = difference(self.base, program)
        except TraceError as error:
            if self.mode == REFUSE:
                raise
            found = error.what
        if found:
            self.differs(_turned(way), found)

    def differs(self, tie: Tie, what: str) -> None:
        """Refuse a comparison that makes a difference, or note it."""
        file, line = tie.code.co_filename, tie.line
        shown = f"a comparison of equal values ({tie.value:.6g}) is a kink: {what}"
        if self.mode == REFUSE:
            advice = 'move the argument off it, or take the side that the program takes: kinks="subgradient"'
            raise TraceError(f"{shown}; {advice}", file, line, tie.code.co_name) from None
        self.kinks.setdefault((file, line), Kink(file, line, f"{shown}; taken as the program takes it"))

    def noted(self, program: Program) -> Program:
        """The program with what was noted."""
        return replace(program, turned=tuple(self.kinks.values()))


def _turned(way: Way) -> Tie:
    """The comparison where a way turns off; its last, where it ends before."""
    return way.ties[: len(way.planned)][-1]


@dataclass(frozen=True, slots=True)
class _Turns:
    """Whether a way is open to a direction; the ways that turn off it as far as it is; ties passed unturned."""

    opened: bool
    ways: list[Way]
    passed: list[Tie]


def _turns(way: Way) -> _Turns:
    cone: list[Normal] = []
    ways: list[Way] = []
    passed: list[Tie] = []
    tried = set(way.tried)
    outcomes = tuple(tie.outcome for tie in way.ties)
    steering = [(k, tie) for k, tie in enumerate(way.ties) if tie.steers]
    # With more there are more ways than are run: the first of them find a kink, or it is refused.
    for k, tie in steering[: _MOST_WAYS + 1]:
        across = normal(tie)
        if k not in tried:
            tried.add(k)
            if across is None and any(_goes_round(before, tie) for before in way.ties[:k]):
                passed.append(tie)
            elif across is None or is_open([*cone, *sided(tie, across, not tie.outcome)]):
                ways.append(Way((*outcomes[:k], not tie.outcome), frozenset(tried), way.kinks))
        if across is not None:
            cone += sided(tie, across, tie.outcome)
            if tie.side == 0 or not is_open(cone):
                return _Turns(False, ways, passed)
    return _Turns(True, ways, passed)


def _goes_round(before: Tie, tie: Tie) -> bool:
    """Whether a tie is that of one more round of a loop than one which was decided otherwise, and was as flat."""
    same = before.recording is tie.recording
    if not (before.turned and same and (before.code, before.instruction) == (tie.code, tie.instruction)):
        return False
    tape = tie.recording.tape(())
    goes_on = not {before.left, before.right}.isdisjoint(tape.read_by([tie.left, tie.right]))
    return goes_on and is_flat(before) and is_flat(tie)
