"""The page of a comparison: readable without JavaScript, and with no request to a network."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reports import template
from reports.comparison import AMOUNTS, Change, Comparison
from reports.record import Header
from reports.reproductions import command

WRITTEN = 200
"""Items of each list on the page; all of them are in the JSON."""
OPEN = ("failed", "diverged", "vanished", "slower")
"""The lists that are open when the page is."""
SAID = {
    "failed": "The furthest beyond its limit first. Each fails now, and did not fail or was not there before.",
    "diverged": "These passed, and are beyond the limit now in a way that the suite knows and explains.",
    "vanished": "These were judged before and are not now: nobody knows what became of them.",
    "slower": "The fastest of the new processes was slower than the slowest of the old ones, each time five a side.",
    "removed": "These worked before, and are not there any more.",
    "deprecated": "The framework announces these now, and did not before.",
    "worse": "Inside the limit, and further from the reference than before, by more than the factor {drift:g}.",
    "refusals": "Input that has no answer, and is refused by another error or at another time.",
    "failing": "These failed before and fail now.",
    "fixed": "These failed before and do not now.",
    "converged": "These showed a known divergence, and pass now.",
    "better": "Nearer to the reference than before, by more than the factor {drift:g}.",
    "new": "These are judged now, and were not before.",
}


@dataclass(frozen=True)
class Item:
    """A check on the page."""

    change: Change
    command: str
    program: str


@dataclass(frozen=True)
class Listing:
    """One list of a comparison."""

    name: str
    title: str
    said: str
    bad: bool
    """It is part of why the comparison fails."""
    open: bool
    items: tuple[Any, ...]
    more: int
    groups: tuple[tuple[str, str, int], ...]
    """Of checks that came or went: (what they are of, why, how many)."""


def render(c: Comparison, after: Header, before: Header, fail_on: Sequence[str], programs: dict[int, str]) -> str:
    """The page as text."""
    regressions = c.regressions(fail_on)
    judged = sum(n for outcome, n in c.after.counts.items() if outcome != "skipped")
    if regressions:
        state, title = "failed", f"Regressions: {', '.join(regressions)}"
    elif judged:
        state, title = "conformant", "No regression"
    else:
        state, title = "nothing", "Nothing compared"
    packages = sorted({*c.before.versions, *c.after.versions})
    return template.render(
        "compare.html.j2",
        title=title,
        state=state,
        pages=(),
        here="",
        c=c,
        judged=judged,
        headers=(before, after),
        listings=list(_listings(c, after, before, fail_on, programs)),
        empty=[several for name, (_, several) in AMOUNTS.items() if not getattr(c, name)],
        versions=[(p, c.before.versions.get(p, "none"), c.after.versions.get(p, "none")) for p in packages],
        outcomes=list(dict.fromkeys([*c.before.counts, *c.after.counts])),
    )


def _listings(
    c: Comparison, after: Header, before: Header, fail_on: Sequence[str], programs: dict[int, str]
) -> Iterator[Listing]:
    for name, n, what in c.amounts():
        found = getattr(c, name)
        if not found:
            continue
        grouping = grouped(found) if name in ("vanished", "new") else []
        items: tuple[Any, ...] = tuple(found[:WRITTEN])
        if isinstance(found[0], Change):
            items = tuple(
                Item(change, command(change.observation, header), programs.get(id(change), ""))
                for change in items
                for header in [after if change.after is not None else before]
            )
        bad = name in fail_on
        said = SAID[name].format(drift=c.drift)
        yield Listing(
            name,
            f"{n} {what}",
            said,
            bad,
            name in OPEN or bad,
            items,
            len(found) - len(items),
            tuple((place, why, k) for (place, why), k in grouping),
        )


def grouped(items: Iterable[Change]) -> list[tuple[tuple[str, str], int]]:
    """Checks by what they are of and why they vanished, the most first."""
    groups: Counter[tuple[str, str]] = Counter()
    for change in items:
        k = change.key
        groups[f"{change.area}, {k.framework} {k.mode} {k.device}", change.why] += change.covers
    return groups.most_common()
