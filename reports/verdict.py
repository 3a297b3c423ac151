"""The verdict on a run, drawn from its record alone."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from reports.record import Observation, Planned, Run

BAD = ("failed", "crashed")


@dataclass
class Cell:
    """One area of one framework."""

    counts: Counter[str] = field(default_factory=Counter)
    worst: Observation | None = None
    """The passing observation that came nearest to its limit; none of those in the scope of a known divergence."""


@dataclass(frozen=True)
class Highest:
    """The highest score that a passing check of one kind of computation reached, outside of known divergences."""

    kind: str
    check: str
    limit: float
    score: float
    observation: Observation


@dataclass(frozen=True)
class Verdict:
    conformant: bool
    sentence: str
    problems: tuple[str, ...]
    """Why the run is not conformant: each one sentence."""
    counts: Counter[str]
    cells: dict[tuple[str, str], Cell]
    """(area, framework) -> what happened there."""
    skips: Counter[str]
    """reason -> checks that did not run"""
    divergences: Counter[str]
    """id -> observations that showed it"""
    highest: tuple[Highest, ...]


def score_of(observation: Observation) -> float:
    """The score as a float (infinities and NaN are strings in a record); NaN where nothing was scored."""
    return math.nan if observation.score is None else float(observation.score)


def verdict(run: Run) -> Verdict:
    """Judge a run: conformant if everything that was planned was observed, and nothing observed failed."""
    counts: Counter[str] = Counter()
    skips: Counter[str] = Counter()
    divergences: Counter[str] = Counter()
    cells: dict[tuple[str, str], Cell] = {}
    kinds = {c.name: c.kind for c in run.header.cases}
    highest: dict[tuple[str, str], Highest] = {}
    for o in run.observations:
        counts[o.outcome] += o.covers
        cell = cells.setdefault((o.area, o.framework), Cell())
        cell.counts[o.outcome] += o.covers
        if o.outcome == "skipped":
            skips[o.reason] += o.covers
        elif o.outcome == "diverged":
            divergences[o.divergence] += o.covers
        elif o.outcome == "passed" and o.limit and o.score is not None and not o.divergence:
            s = score_of(o)
            if cell.worst is None or s / o.limit > score_of(cell.worst) / (cell.worst.limit or 1):
                cell.worst = o
            key = (kinds.get(o.case, ""), o.check)
            if key not in highest or s > highest[key].score:
                highest[key] = Highest(*key, o.limit, s, o)
    problems = list(dict.fromkeys(_problems(run, counts)))
    judged = sum(counts[k] for k in ("passed", "diverged", *BAD))
    conformant = not problems
    frameworks = ", ".join(f"{f.name} {f.version}" for f in run.frameworks.values()) or "no framework"
    if run.header.shard:
        frameworks = f"shard {run.header.shard}: {frameworks}"
    if conformant and judged:
        sentence = f"CONFORMANT: {frameworks}: {judged} checks, {counts['diverged']} of them known divergences."
    elif conformant and run.timings and not run.header.plan:
        timed = len({t.benchmark for t in run.timings})
        sentence = f"TIMED: {frameworks}: {timed} benchmarks, {len(run.timings)} results."
    elif conformant and not run.header.plan:
        sentence = f"NOTHING JUDGED: there are fewer cases than shards, and {run.header.shard} has none."
    elif conformant:
        sentence = f"NOTHING JUDGED: all {counts['skipped']} selected checks were skipped."
    else:
        sentence = f"NOT CONFORMANT: {frameworks}: {problems[0]}" + (
            f" (and {len(problems) - 1} more)" if problems[1:] else ""
        )
    return Verdict(
        conformant, sentence, tuple(problems), counts, cells, skips, divergences,
        tuple(sorted(highest.values(), key=lambda h: (h.kind, h.check))),
    )  # fmt: skip


def _problems(run: Run, counts: Counter[str]) -> Iterator[str]:
    if counts["failed"]:
        yield f"{counts['failed']} checks failed."
    if counts["crashed"]:
        yield f"{counts['crashed']} checks were lost when their process died or hung."
    if run.footer is None:
        yield "The run was cut off: its record has no footer."
    elif run.footer.interrupted:
        yield "The run was interrupted."
    missing = run.missing()
    if missing:
        tests = list(dict.fromkeys(p.test for p, _ in missing))
        began = f" {tests[0]} had begun." if tests[0] in run.started else ""
        yield f"{len(missing)} planned checks left no observation; first: {tests[0]}.{began}"
    if not run.observations and not run.timings and not (run.header.shard and not run.header.plan):
        yield "Nothing was observed."
    if run.footer is not None:
        yield from run.footer.problems
    yield from _unmet(run)


def _unmet(run: Run) -> Iterator[str]:
    """What was required and was not judged: one sentence each. Of a shard only what it should have judged."""
    for name in filter(None, (w.strip() for w in run.header.options.get("require", "").split(","))):
        if run.header.shard and not any(_concerns(p, name) for p in run.header.plan):
            continue
        found = Counter[bool]()
        for o in run.observations:
            if _concerns(o, name):
                found[o.outcome == "skipped"] += o.covers
        if not found[False]:
            why = "no check of it ran"
            if name == "gpu" and found[True]:
                why = f"{found[True]} checks need a CUDA device and none was found"
            yield f"{name} was required: {why}."


def _concerns(check: Planned | Observation, required: str) -> bool:
    return required in check.framework.split("+") or required == check.device
