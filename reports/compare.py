"""Compare two runs: what fails now, what diverges, what is no longer checked, what drifted, what became slower."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from reports.errors import Invalid, Undecided
from reports.record import DivergenceInfo, Header, Observation, Run
from reports.verdict import BAD, score_of

DRIFT = 4.0
"""By this factor a score or an error in ULP must change to be called drift."""
LEAST = 1.0
"""Of a score, in noise floors: below it is rounding, and as good as any other."""
LEAST_ULPS = 4.0
RANDOM = ("statistics", "convergence")
"""Checks whose score is of a p-value, not of an error: another draw is another number. They cannot drift."""
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
    by: str = "score"
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
        return _size(self.observation)

    @property
    def script(self) -> str:
        """A stand-alone program for it, if the record holds one."""
        return next((o.script for o in (self.after, self.before) if o is not None and o.script), "")


@dataclass(frozen=True)
class Route:
    """A public way to ask, which is gone or about to go."""

    framework: str
    cases: tuple[str, ...]
    routes: tuple[str, ...]
    said: str
    """The deprecation, or how it is known that the route is gone."""


@dataclass(frozen=True)
class Refusal:
    """Bad input that is answered in another way."""

    key: Check
    before: str
    after: str


@dataclass(frozen=True)
class Speed:
    """One benchmark: seconds of each process of a side, in the order in which they ran."""

    name: str
    framework: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    slower: bool
    faster: bool

    @property
    def factor(self) -> float:
        """How much longer it takes now: the ratio of the medians."""
        a, b = (sorted(s)[len(s) // 2] for s in (self.before, self.after))
        return b / a


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
        for name, singular, plural in _AMOUNTS:
            n = sum(getattr(item, "covers", 1) for item in getattr(self, name))
            yield name, n, singular if n == 1 else plural


_AMOUNTS = (
    ("failed", "new failure", "new failures"),
    ("diverged", "check newly diverging", "checks newly diverging"),
    ("vanished", "vanished check", "vanished checks"),
    ("slower", "slower benchmark", "slower benchmarks"),
    ("removed", "removed route", "removed routes"),
    ("deprecated", "new deprecation", "new deprecations"),
    ("worse", "drift away from the reference", "drifts away from the reference"),
    ("refusals", "changed answer to bad input", "changed answers to bad input"),
    ("failing", "still failing", "still failing"),
    ("fixed", "fixed", "fixed"),
    ("converged", "check no longer diverging", "checks no longer diverging"),
    ("better", "drift towards the reference", "drifts towards the reference"),
    ("new", "new check", "new checks"),
)


def compare(
    before: Run,
    after: Run,
    *,
    drift: float = DRIFT,
    anyway: bool = False,
) -> Comparison:
    """What changed from ``before`` to ``after``.

    Raises `Invalid` for runs of different suites, seeds or options, and `Undecided` for a run that was cut off, unless
    told to compare them ``anyway``: then that is a note.
    """
    if not drift > 1:
        raise Invalid(f"--drift {drift:g}: a factor above 1 is needed")
    notes = [*_apart(before, after, anyway), *_cut_off(before, after, anyway)]
    old, new = _rows(before), _rows(after)
    found: dict[str, list[Change]] = {name: [] for name in (
        "failed", "fixed", "failing", "diverged", "converged", "vanished", "new", "worse", "better",
    )}  # fmt: skip
    for key, b in new.items():
        a = old.get(key)
        if a is b:
            continue
        name, change = _change(key, a, b, drift)
        if name:
            found[name].append(change)
    whither = _Absence(after)
    for key, a in old.items():
        if key not in new and a.outcome != "skipped":
            found["vanished"].append(Change(key, a, None, _covers(a), why=whither.why(key)))
    seen_before, seen_after = _seen(before), _seen(after)
    return Comparison(
        before=_side(before), after=_side(after), drift=drift,
        failed=_ordered(found["failed"]), fixed=_ordered(found["fixed"]), failing=_ordered(found["failing"]),
        diverged=_ordered(found["diverged"]), converged=_ordered(found["converged"]),
        appeared=tuple(d for d in after.header.divergences if d.id in seen_after - seen_before),
        gone=tuple(d for d in before.header.divergences if d.id in seen_before - seen_after),
        vanished=_ordered(found["vanished"]), new=_ordered(found["new"]),
        worse=_by_factor(found["worse"]), better=_by_factor(found["better"]),
        removed=(), added=(), deprecated=(), undeprecated=(), refusals=(), speed=(),
        unjudged="no timings were given", notes=tuple(notes),
    )  # fmt: skip


# Rows


def _rows(run: Run) -> dict[Check, Observation]:
    """Every check and its row. A row for what is left of a test stands for each planned check that has none."""
    rows: dict[Check, Observation] = {}
    whole: dict[str, Observation] = {}
    for o in run.observations:
        if o.route == "*":
            whole[o.test] = o
        else:
            rows[Check(o.case, o.check, o.framework, o.mode, o.device, o.route, o.dtype, o.sample)] = o
    if whole:
        for p in run.header.plan:
            if (o := whole.get(p.test)) is None:
                continue
            for key in p.keys or (("*", "*", "*"),):
                rows.setdefault(Check(p.case, p.check, p.framework, p.mode, p.device, *key), o)
    return rows


def _covers(o: Observation) -> int:
    """How many checks a row stands for under one key: expanded rows one each."""
    return o.covers if not o.check else 1


def _change(key: Check, a: Observation | None, b: Observation, drift: float) -> tuple[str, Change]:
    """In which list of the comparison a check belongs, if in any, that is there after."""
    was, now = a.outcome if a is not None else "", b.outcome
    if now == "skipped":
        if was in ("", "skipped"):
            return "", Change(key, a, b)
        return "vanished", Change(key, a, b, _covers(b), why=b.reason or "skipped")
    if now in BAD:
        return "failing" if was in BAD else "failed", Change(key, a, b)
    if was in BAD:
        return "fixed", Change(key, a, b)
    if was in ("", "skipped"):
        return "new", Change(key, a, b, _covers(b))
    assert a is not None
    if was != now:
        return "diverged" if now == "diverged" else "converged", Change(key, a, b)
    if key.check in RANDOM or (a.score == b.score and a.ulps == b.ulps):
        return "", Change(key, a, b)
    factor, by = _drift(a, b)
    if factor > drift:
        return "worse", Change(key, a, b, factor=factor, by=by)
    if factor < 1 / drift:
        return "better", Change(key, a, b, factor=1 / factor, by=by)
    return "", Change(key, a, b)


def _drift(a: Observation, b: Observation) -> tuple[float, str]:
    """By what factor the error grew, and whether it is that of the score or of the ULPs."""
    ratios = (
        (_ratio(score_of(a), score_of(b), LEAST), "score"),
        (_ratio(_number(a.ulps), _number(b.ulps), LEAST_ULPS), "ulps"),
    )
    return max(ratios, key=lambda r: abs(math.log(r[0])) if r[0] > 0 else math.inf)


def _ratio(a: float, b: float, least: float) -> float:
    if math.isnan(a) or math.isnan(b) or a == b:
        return 1.0
    return max(b, least) / max(a, least) if math.isfinite(a) else 1e-300


def _number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def _size(o: Observation) -> float:
    if o.outcome == "crashed" or o.score is None:
        return math.inf
    s = score_of(o)
    return math.inf if math.isnan(s) else s / o.limit if o.limit else s


def _ordered(changes: list[Change]) -> tuple[Change, ...]:
    """The furthest beyond its limit first; equals by area and case, so that neighbours stand together."""
    return tuple(sorted(changes, key=lambda c: (-c.size, c.area, c.key)))


def _by_factor(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda c: (-c.factor, c.area, c.key)))


class _Absence:
    """Why a check of another run is not in this one."""

    def __init__(self, run: Run) -> None:
        self._lost = {(p.case, p.check, p.framework, p.mode, p.device, *key) for p, key in run.missing()}
        self._tests = {(p.case, p.check, p.framework, p.mode, p.device) for p in run.header.plan}
        self._absent = {(o.case, o.framework, o.device): o.reason for o in run.observations if not o.check}
        self._cases = {c.name for c in run.header.cases}

    def why(self, key: Check) -> str:
        if key in self._lost:
            return "planned, and lost"
        if (key.case, key.framework, key.device) in self._absent:
            return self._absent[key.case, key.framework, key.device]
        if key.case not in self._cases:
            return "the case is not part of the run"
        return "not planned" if key[:5] in self._tests else "the test is not part of the run"


# Sides


def _side(run: Run) -> Side:
    counts: Counter[str] = Counter()
    for o in run.observations:
        counts[o.outcome] += o.covers
    return Side(str(run.path or ""), run.header.created, run.header.suite, versions(run), counts)


def versions(run: Run) -> dict[str, str]:
    """Of every package that the run names; of frameworks as they themselves say."""
    packages = run.header.fingerprint.get("packages")
    found = dict(packages) if isinstance(packages, dict) else {}
    found |= {f.name: f.version for f in run.frameworks.values()}
    if "python" in run.header.fingerprint:
        found["python"] = str(run.header.fingerprint["python"])
    return found


def _seen(run: Run) -> set[str]:
    return {o.divergence for o in run.observations if o.outcome == "diverged"}


# What makes a comparison doubtful


def _apart(before: Run, after: Run, anyway: bool) -> Iterator[str]:
    """Of what different things the runs are."""
    a, b = before.header, after.header
    differences = []
    if _suite(a) != _suite(b):
        differences.append(f"of different suites ({a.suite} and {b.suite})")
    if a.seed != b.seed:
        differences.append(f"of different seeds ({a.seed} and {b.seed})")
    for name in ("frameworks", "dtypes", "modes", "mnist", "tweets"):
        if a.options.get(name) != b.options.get(name):
            differences.append(f"of different {name} ({_shown(a.options.get(name))} and {_shown(b.options.get(name))})")
    if differences and not anyway:
        raise Invalid(f"these runs are {' and '.join(differences)}: give --anyway to compare them nevertheless")
    yield from (f"The runs are {d}." for d in differences)


def _suite(header: Header) -> str:
    """What tells suites apart: the digest of their sources, or the revision."""
    return str(header.fingerprint.get("sources") or header.suite)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _cut_off(before: Run, after: Run, anyway: bool) -> Iterator[str]:
    for run in (before, after):
        if run.footer is None or run.footer.interrupted:
            missing = len(run.missing())
            what = "was cut off" if run.footer is None else "was interrupted"
            said = f"{run.path or 'a run'} {what}: {missing} planned checks have no observation"
            if not anyway:
                raise Undecided(f"{said}; give --anyway to compare what there is")
            yield f"{said}."
