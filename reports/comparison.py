"""What changed between two runs, as data."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from reports.record import DivergenceInfo, Observation
from reports.timings import Speed
from reports.verdict import score_of

AMOUNTS = {
    "failed": ("new failure", "new failures"),
    "diverged": ("check newly diverging", "checks newly diverging"),
    "vanished": ("vanished check", "vanished checks"),
    "slower": ("slower benchmark", "slower benchmarks"),
    "removed": ("removed route", "removed routes"),
    "deprecated": ("new deprecation", "new deprecations"),
    "worse": ("drift away from the reference", "drifts away from the reference"),
    "refusals": ("changed answer to bad input", "changed answers to bad input"),
    "failing": ("still failing", "still failing"),
    "fixed": ("fixed", "fixed"),
    "converged": ("check no longer diverging", "checks no longer diverging"),
    "better": ("drift towards the reference", "drifts towards the reference"),
    "new": ("new check", "new checks"),
}
"""The lists of a comparison, what matters most first; and what one and several of each are called."""


FAIL_ON = ("failed", "diverged", "vanished", "slower")
"""What makes a comparison fail, unless told otherwise."""


class Check(NamedTuple):
    """What a check is recognized by in another run."""

    case: str
    check: str
    framework: str
    mode: str
    device: str
    route: str
    dtype: str
    sample: str


@dataclass(frozen=True)
class Change:
    """One check, or all that is left of a test, before and after; None where it was not observed."""

    key: Check
    before: Observation | None
    after: Observation | None
    covers: int = 1
    factor: float = 1.0
    """Of drift: by how much the score or the ULPs changed, above 1 whatever the direction."""
    by: str = ""
    """Of drift: score or ulps."""
    why: str = ""
    """Of a check that vanished: not planned, skipped (why), or lost."""

    @property
    def observation(self) -> Observation:
        """The later of the two."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def area(self) -> str:
        return self.observation.area

    @property
    def size(self) -> float:
        """How far beyond (or within) its limit the check is now, or was: score / limit."""
        return size(self.observation)

    @property
    def script(self) -> str:
        """A stand-alone program for it, if the record holds one."""
        return next((o.script for o in (self.after, self.before) if o is not None and o.script), "")


@dataclass(frozen=True)
class Route:
    """A public way to ask, which is gone, new, or about to go."""

    framework: str
    routes: tuple[str, ...]
    """Those that are announced by the same words are one item."""
    cases: tuple[str, ...]
    said: str
    """The deprecation, or how it is known that the route is gone."""


@dataclass(frozen=True)
class Refusal:
    """Bad input that is answered in another way."""

    key: Check
    before: str
    after: str


@dataclass(frozen=True)
class Side:
    """One of the two runs, as a comparison names it."""

    path: str
    created: str
    suite: str
    versions: dict[str, str]
    counts: Counter[str]
    """outcome -> checks"""


@dataclass(frozen=True)
class Comparison:
    """What changed between two runs. Every list has first what matters most."""

    before: Side
    after: Side
    drift: float
    failed: tuple[Change, ...]
    """Fails now and did not, or was not there; the furthest beyond its limit first."""
    fixed: tuple[Change, ...]
    """Failed, and is judged and does not fail now."""
    failing: tuple[Change, ...]
    """Failed, and fails."""
    diverged: tuple[Change, ...]
    """Passed, and shows a known divergence now."""
    converged: tuple[Change, ...]
    """Showed a known divergence, and passes now."""
    appeared: tuple[DivergenceInfo, ...]
    """Known divergences seen only after."""
    gone: tuple[DivergenceInfo, ...]
    """Known divergences seen only before."""
    vanished: tuple[Change, ...]
    """Was judged, and is not: no longer planned, skipped, or lost."""
    new: tuple[Change, ...]
    """Is judged now, and was not."""
    worse: tuple[Change, ...]
    """Drift away from the reference, inside the limit (or inside a divergence on both sides); largest factor first."""
    better: tuple[Change, ...]
    """Drift towards the reference."""
    removed: tuple[Route, ...]
    """Routes that are not there any more."""
    added: tuple[Route, ...]
    deprecated: tuple[Route, ...]
    """Routes that warn now and did not."""
    undeprecated: tuple[Route, ...]
    refusals: tuple[Refusal, ...]
    speed: tuple[Speed, ...]
    """Slower first."""
    unjudged: str
    """Why speed was not judged, in one sentence; empty if it was."""
    notes: tuple[str, ...]
    """What makes the comparison doubtful: each one sentence."""

    @cached_property
    def slower(self) -> tuple[Speed, ...]:
        return tuple(s for s in self.speed if s.slower)

    def regressions(self, fail_on: Iterable[str] = FAIL_ON) -> tuple[str, ...]:
        """What is worse than before: one phrase each, such as "3 new failures"."""
        fail_on = tuple(fail_on)
        return tuple(f"{n} {what}" for name, n, what in self.amounts() if name in fail_on and n)

    def amounts(self) -> Iterator[tuple[str, int, str]]:
        """(name, how many, what they are called), what matters most first."""
        for name, (one, several) in AMOUNTS.items():
            n = sum(getattr(item, "covers", 1) for item in getattr(self, name))
            yield name, n, one if n == 1 else several


def size(o: Observation) -> float:
    """Score / limit; infinite where there is no number: an error, a crash, NaN."""
    if o.outcome == "crashed" or o.score is None:
        return math.inf
    s = score_of(o)
    return math.inf if math.isnan(s) else s / o.limit if o.limit else s
