"""Write the report of a recorded run: one self-contained page, made from the record alone."""

import argparse
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reports import charts, known, speed, template
from reports.errors import Undecided
from reports.payload import packed
from reports.record import CaseInfo, Figure, Observation, Run, read
from reports.verdict import BAD, Highest, Verdict, score_of, verdict

PAGES = (("index.html", "Report"), ("divergences.html", "Divergences"))
SHOWN = 200
"""Failures spelled out on the page; all of them are in the list of cases."""

OPEN = 3
"""So many training runs are shown at once; of more, the reader opens what is wanted."""


@dataclass(frozen=True)
class TrainingRun:
    """A training run on the page."""

    name: str
    info: CaseInfo | None
    counts: Counter[str]
    """Of outcomes."""
    steps: int
    distances: tuple[tuple[str, str, float], ...]
    """(dtype, framework, the largest distance from the reference)"""
    chaos: tuple[tuple[str, int], ...]
    """(dtype, from which step on)"""
    pictures: tuple[charts.Picture, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument("--output", type=Path, metavar="FILE", help="(default: index.html beside the record)")


def main(options: argparse.Namespace) -> int:
    run = read(options.run)
    assert run.path is not None
    output: Path = options.output or run.path.parent / "index.html"
    try:
        print(write(run, output))
    except OSError as error:
        raise Undecided(f"{output}: cannot be written ({error.strerror})") from error
    return 0


def write(run: Run, path: Path) -> Path:
    """Write the page of ``run`` to ``path``, the catalogue of its divergences beside it, and return ``path``. Raises
    ``OSError`` if one cannot be written; pages that were there stay as they were until the new ones are complete."""
    beside = f"{'' if path.stem == 'index' else f'{path.stem}-'}divergences.html"
    atlas = _atlas(path.parent)
    pages = [(path.name, "Report"), (beside, "Divergences")]
    pages += [(atlas[0], "Accuracy atlas")] if atlas else []
    found = known.entries(run)
    template.write(known.render(run, found, pages), path.parent / beside)
    return template.write(render(run, found, pages, atlas), path)


def render(
    run: Run,
    found: Sequence[known.Entry] | None = None,
    pages: Sequence[tuple[str, str]] = PAGES,
    atlas: tuple[str, dict[str, Any]] | None = None,
) -> str:
    """The page as text. ``found`` are its divergences, ``pages`` those that belong together: (address, name)."""
    v = verdict(run)
    runs, distributions = list(_training(run)), list(_distributions(run, v.highest))
    pictures = [*(p for r in runs for p in r.pictures), *distributions]
    bad = [o for o in run.observations if o.outcome in BAD]
    refusals = _refusals(run)
    state, title = _state(v)
    return template.render(
        "page.html.j2",
        ("list.js", "case.js", "page.js"),
        pages=pages,
        here="Report",
        run=run,
        header=run.header,
        verdict=v,
        state=state,
        title=title,
        areas=_areas(run, v),
        columns=list(dict.fromkeys(framework for _, framework in v.cells)),
        failures=bad[:SHOWN],
        more_failures=len(bad) - SHOWN,
        training=runs,
        open=len(runs) <= OPEN,
        distributions=distributions,
        unscored=_unscored(run),
        refusals=refusals,
        refusing=list(dict.fromkeys(framework for answers in refusals.values() for framework in answers)),
        payload=packed(run, pictures, _accuracy(atlas[1]) if atlas else {}),
        seen=(seen := known.seen(known.entries(run) if found is None else found)),
        known_in=list(dict.fromkeys(framework for _, framework in seen)),
        atlas=atlas,
        speed=speed.groups(run),
        machine=list(speed.machine(run)),
        about_speed=speed.ABOUT.format(noisy=speed.NOISY),
        heading=speed.heading,
        time=speed.time,
        facts=[
            *_facts({k: v for k, v in run.header.fingerprint.items() if k != "roofline"}),
            *_facts(run.header.options, "option"),
        ],
        builds=[(f.name, list(_facts(f.build))) for f in run.frameworks.values()],
    )


def _atlas(directory: Path) -> tuple[str, dict[str, Any]] | None:
    """The address and the numbers of the accuracy atlas: that of the run's directory, or the one beside the runs."""
    for place in (directory, directory.parent / "atlas"):
        try:
            found = msgspec.json.decode((place / "atlas.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            continue
        if (place / "atlas.html").is_file() and isinstance(found, dict) and "rows" in found:
            return os.path.relpath(place / "atlas.html", directory), found
    return None


def _accuracy(atlas: dict[str, Any]) -> dict[str, Any]:
    """What the view of a case shows of the atlas."""
    cases: dict[str, list[Any]] = {}
    for r in atlas["rows"]:
        worst = r.get("worst") or {}
        row = (r["framework"], r["route"], r["options"], r["dtype"], worst.get("ulps"), worst.get("argument", ""),
               r["mean"], r["mismatches"], r["problem"])  # fmt: skip
        cases.setdefault(r["case"], []).append(row)
    return {"versions": ", ".join(f"{k} {v}" for k, v in atlas["frameworks"].items()), "cases": cases}


def _state(v: Verdict) -> tuple[str, str]:
    """Class and title of the page. A run that judged nothing is neither good nor bad."""
    if not v.conformant:
        return "failed", "Not conformant"
    if any(v.counts[outcome] for outcome in ("passed", "diverged")):
        return "conformant", "Conformant"
    if v.sentence.startswith("TIMED"):
        return "nothing", "Timed"
    return "nothing", "Nothing judged"


def _areas(run: Run, v: Verdict) -> list[str]:
    """Those of which something was observed, in the order of the cases."""
    observed = dict.fromkeys(area for area, _ in v.cells)
    return list(dict.fromkeys([c.area for c in run.header.cases if c.area in observed] + list(observed)))


def _training(run: Run) -> Iterator[TrainingRun]:
    """The training runs, in the order of the cases."""
    figures: dict[str, list[Figure]] = {c.name: [] for c in run.header.cases}
    for f in run.figures:
        figures.setdefault(f.case, []).append(f)
    infos = {c.name: c for c in run.header.cases}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for o in run.observations:
        counts[o.case][o.outcome] += o.covers
    for name, of_case in figures.items():
        distances: list[tuple[str, str, float]] = []
        chaos: dict[str, int] = {}
        steps = 0
        for f in of_case:
            kind, _, dtype = f.figure.partition(" ")
            for s in f.series if kind == "distance" else ():
                steps = max(steps, *map(int, s.x), 0)
                distances += [(dtype, s.name, max(s.y))] if s.y else []
            for m in f.marks if kind == "distance" else ():
                if m.x:
                    chaos[dtype] = int(m.x)
        if of_case:
            pictures = tuple(charts.training(of_case))
            yield TrainingRun(
                name, infos.get(name), counts[name], steps, tuple(distances), tuple(chaos.items()), pictures
            )


def _distributions(run: Run, highest: tuple[Highest, ...]) -> Iterator[charts.Picture]:
    """A histogram for each kind of computation and check, where more than one score was seen."""
    kinds = {c.name: c.kind for c in run.header.cases}
    groups: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for o in run.observations:
        if o.score is not None and math.isfinite(score_of(o)):
            groups[kinds.get(o.case, ""), o.check].append(o)
    for h in highest:
        group = groups[h.kind, h.check]
        if len({o.score for o in group}) > 1:
            yield charts.scores(group, f"{h.kind}: {h.check}", h.limit)


def _unscored(run: Run) -> int:
    """Observations with a score that no axis can hold."""
    return sum(o.score is not None and not math.isfinite(score_of(o)) for o in run.observations)


def _refusals(run: Run) -> dict[tuple[str, str], dict[str, dict[str, list[str]]]]:
    """Of each case and bad input, by framework, what its routes did with it, in eager mode: answer -> routes."""
    rows: dict[tuple[str, str], dict[str, dict[str, list[str]]]] = {}
    for o in run.observations:
        if o.refused and o.mode == "eager":
            routes = rows.setdefault((o.case, o.sample), {}).setdefault(o.framework, {}).setdefault(o.refused, [])
            routes += [] if o.route in routes else [o.route]
    return rows


def _facts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested facts as lines: ("cpu model", "...")."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _facts(inner, f"{name} {key}".strip())
    else:
        yield name, str(value)
