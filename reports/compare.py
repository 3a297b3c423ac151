"""Compare two runs: what fails now, what diverges, what is no longer checked, what drifted, what became slower."""

import math
from collections import Counter
from collections.abc import Iterable

from reports.comparison import Change, Check, Comparison, Side
from reports.doubts import doubts, machines
from reports.errors import Invalid
from reports.record import Key, Observation, Run
from reports.surface import Surface, deprecated, refusals, removed
from reports.timings import Speed, judge
from reports.verdict import BAD, score_of

DRIFT = 4.0
"""By this factor a score must change to be called drift. The same versions twice on one machine: none of 17,857 checks
changed at all. TensorFlow with and without oneDNN, which adds in another order: 798 of 17,819 changed, two of them by
more than 3, none by 4."""
LEAST = 1.0
"""Of a score, in noise floors: what is below is rounding. (Without this, 53 of those 798 changed by more than 4.)"""
LEAST_ULPS = 16.0
"""The largest error in ULP is of an element near 0, and scatters: with and without oneDNN 118 changed by more than 4,
one by 2,000, while their scores stayed. So it counts from here on, if it changed by the square of the factor, and the
score with it by the root: of those 798, none did."""
RANDOM = ("statistics", "convergence")
"""Checks whose score is of a p-value, not of an error: another draw is another number. They cannot drift."""


def compare(
    before: Run,
    after: Run,
    *,
    drift: float = DRIFT,
    anyway: bool = False,
    timings: Iterable[Run] = (),
    across_machines: bool = False,
) -> Comparison:
    """What changed from ``before`` to ``after``. Speed is judged from the records in ``timings`` (those of one job; see
    `reports.timings`), or from the timings in the two themselves.

    Raises `Invalid` for runs of different suites, seeds or options, and `Undecided` for a run that was cut off, unless
    told to compare them ``anyway``: then that is a note.
    """
    if not drift > 1:
        raise Invalid(f"--drift {drift:g}: must be a factor above 1")
    notes = tuple(doubts(before, after, anyway=anyway))
    old, new = _rows(before), _rows(after)
    found: dict[str, list[Change]] = {name: [] for name in (
        "failed", "fixed", "failing", "diverged", "converged", "vanished", "new", "worse", "better",
    )}  # fmt: skip
    for key, b in new.items():
        a = old.get(key)
        name = _list(a, b)
        if name:
            why = (b.reason or "skipped") if name == "vanished" else ""
            found[name].append(Change(Check(*key), a, b, b.covers if not b.check else 1, why=why))
        elif a is not None and (a.score != b.score or a.ulps != b.ulps) and b.outcome not in ("skipped", *BAD):
            factor, by = _drift(a, b, drift)
            if by:
                more = factor > 1
                change = Change(Check(*key), a, b, factor=factor if more else 1 / factor, by=by)
                found["worse" if more else "better"].append(change)
    absent = [(key, a) for key, a in old.items() if key not in new and a.outcome != "skipped"]
    if absent:
        absence = _Absence(after)
        found["vanished"] += [Change(Check(*key), a, None, why=absence.why(key)) for key, a in absent]
    was, now = Surface(before), Surface(after)
    seen_before, seen_after = _seen(before), _seen(after)
    speed, unjudged = _speed(before, after, tuple(timings), across_machines)
    return Comparison(
        before=_side(before),
        after=_side(after),
        drift=drift,
        appeared=tuple(d for d in after.header.divergences if d.id in seen_after - seen_before),
        gone=tuple(d for d in before.header.divergences if d.id in seen_before - seen_after),
        removed=removed(was, now),
        added=removed(now, was),
        deprecated=deprecated(was, now),
        undeprecated=deprecated(now, was),
        refusals=refusals(old, new),
        speed=speed,
        unjudged=unjudged,
        notes=notes,
        **{name: _ordered(changes) for name, changes in found.items()},
    )


# Rows


def _rows(run: Run) -> dict[Key, Observation]:
    """Every check and its row. A row for what is left of a test stands for each planned check that has none."""
    rows: dict[Key, Observation] = {}
    whole: dict[str, Observation] = {}
    for o in run.observations:
        if o.route == "*":
            whole[o.test] = o
        else:
            rows[o.key] = o
    for p in run.header.plan if whole else ():
        if (left := whole.get(p.test)) is not None:
            of_test = (p.case, p.check, p.framework, p.mode, p.device)
            for key in p.keys or (("*", "*", "*"),):
                rows.setdefault((*of_test, *key), left)
    return rows


def _list(a: Observation | None, b: Observation) -> str:
    """In which list of the comparison a check belongs that is there after; empty if it ended as before."""
    was, now = _outcome(a) if a is not None else "skipped", _outcome(b)
    if now == "skipped":
        return "" if was == "skipped" else "vanished"
    if now in BAD:
        return "failing" if was in BAD else "failed"
    if was in BAD:
        return "fixed"
    if was == "skipped":
        return "new"
    return "" if was == now else "diverged" if now == "diverged" else "converged"


def _outcome(o: Observation) -> str:
    """How a check ended. A known divergence that is not true in these versions fails a run, as its entry is out
    of date; but the framework agrees, and that is what two versions are compared by."""
    out_of_date = o.outcome == "failed" and o.divergence and o.limit is not None and score_of(o) <= o.limit
    return "passed" if out_of_date else o.outcome


def _drift(a: Observation, b: Observation, drift: float) -> tuple[float, str]:
    """By what factor the error grew, and by which measure; 1 where that is no drift."""
    if a.check in RANDOM:
        return 1.0, ""
    score = _ratio(score_of(a), score_of(b), LEAST)
    if not 1 / drift <= score <= drift:
        return score, "score"
    ulps = _ratio(_number(a.ulps), _number(b.ulps), LEAST_ULPS)
    if (ulps > drift**2 and score**2 > drift) or (1 / ulps > drift**2 and score**-2 > drift):
        return ulps, "ulps"
    return 1.0, ""


def _ratio(a: float, b: float, least: float) -> float:
    """b / a, of what is at least ``least``; 1 where one of them is no number."""
    return max(b, least) / max(a, least) if math.isfinite(a) and math.isfinite(b) else 1.0


def _number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def _ordered(changes: list[Change]) -> tuple[Change, ...]:
    """Drift by its factor, all else by how far it is beyond its limit; then by area and case, so that neighbours stand
    together."""
    return tuple(sorted(changes, key=lambda c: (-c.factor, -c.size, c.area, c.key)))


class _Absence:
    """Why a check of another run is not in this one."""

    def __init__(self, run: Run) -> None:
        self._lost = {(p.case, p.check, p.framework, p.mode, p.device, *key) for p, key in run.missing()}
        self._tests = {(p.case, p.check, p.framework, p.mode, p.device) for p in run.header.plan}
        self._absent = {(o.case, o.framework, o.device): o.reason for o in run.observations if not o.check}
        self._cases = {c.name for c in run.header.cases}

    def why(self, key: Key) -> str:
        case, _, framework, _, device, *_ = key
        if key in self._lost:
            return "was planned, and left no observation"
        if (case, framework, device) in self._absent:
            return self._absent[case, framework, device]
        if case not in self._cases:
            return "the case is not part of the run"
        return "the test has other routes, dtypes or samples" if key[:5] in self._tests else "the test was not planned"


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


def _speed(before: Run, after: Run, timed: tuple[Run, ...], across_machines: bool) -> tuple[tuple[Speed, ...], str]:
    """Speed, or why it is not judged."""
    timed = timed or tuple(run for run in (before, after) if run.timings)
    for run in timed[1:]:
        apart = machines(timed[0].header, run.header)
        if apart and not across_machines:
            return (), f"the timings are of different machines ({apart}): --across-machines compares them nevertheless"
    return judge(t for run in timed for t in run.timings)
