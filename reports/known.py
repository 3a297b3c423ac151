"""The catalogue of divergences as a page: a migration guide, whose lines a run has just verified."""

import fnmatch
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports import template
from reports.record import CaseInfo, DivergenceInfo, Observation, Run
from reports.verdict import score_of

CASES = 12
"""So many cases of a divergence are named; of more, their number."""


@dataclass
class Entry:
    """A known divergence, and what a run saw of it."""

    info: DivergenceInfo
    area: str = ""
    checks: int = 0
    """That diverged."""
    within: int = 0
    """In its scope, and within the limit."""
    cases: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Checks by name."""
    dtypes: Counter[str] = field(default_factory=Counter)
    lowest: float = math.inf
    worst: Observation | None = None

    @property
    def highest(self) -> float:
        return score_of(self.worst) if self.worst else math.nan


def entries(run: Run) -> list[Entry]:
    """Every divergence of the record, in its order, with what was observed of it."""
    found = {d.id: Entry(d) for d in run.header.divergences}
    for o in run.observations:
        entry = found.get(o.divergence)
        if entry is None:
            continue
        entry.area = entry.area or o.area
        if o.outcome != "diverged":
            entry.within += o.covers
            continue
        entry.checks += o.covers
        entry.cases[o.case] += o.covers
        entry.kinds[o.check] += o.covers
        entry.dtypes[o.dtype] += o.covers
        if o.score is not None:
            entry.lowest = min(entry.lowest, score_of(o))
            if entry.worst is None or _rank(o) > _rank(entry.worst):
                entry.worst = o
    for entry in found.values():
        entry.area = entry.area or _area(entry.info, run.header.cases)
    return list(found.values())


def seen(found: Sequence[Entry]) -> dict[tuple[str, str], Counter[str]]:
    """(area, framework) -> how many divergences were seen in the run, and how many were not."""
    table: dict[tuple[str, str], Counter[str]] = {}
    for e in found:
        table.setdefault((e.area, e.info.framework), Counter())["seen" if e.checks else "unseen"] += 1
    return table


def render(run: Run, found: Sequence[Entry], pages: Sequence[tuple[str, str]]) -> str:
    """The page as text, of the `entries` of a run; the first of ``pages`` is the run's own."""
    groups: dict[str, dict[str, list[Entry]]] = {}
    order = list(dict.fromkeys(c.area for c in run.header.cases))
    for e in sorted(found, key=lambda e: (order.index(e.area) if e.area in order else len(order), not e.checks)):
        groups.setdefault(e.area or "other", {}).setdefault(e.info.framework, []).append(e)
    return template.render(
        "divergences.html.j2",
        ("divergences.js",),
        title="Divergences",
        state="plain",
        pages=pages,
        here="Divergences",
        report=pages[0][0],
        run=run,
        groups=groups,
        seen=sum(e.checks > 0 for e in found),
        total=len(found),
        checks=sum(e.checks for e in found),
        most=CASES,
        inf=math.inf,
        frameworks=list(dict.fromkeys(e.info.framework for e in found)),
    )


def _area(info: DivergenceInfo, cases: Sequence[CaseInfo]) -> str:
    """That of the first case in its scope."""
    patterns = re.split(r",\s*", info.scope.partition(";")[0])
    return next((c.area for p in patterns for c in cases if fnmatch.fnmatchcase(c.name, p)), "")


def _rank(o: Observation) -> float:
    """Its score; NaN and infinity are worse than any number."""
    return math.inf if math.isnan(score_of(o)) else score_of(o)
