"""Write the report of a recorded run: one self-contained page, made from the record alone."""

import argparse
import base64
import gzip
import math
import os
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import msgspec
from markupsafe import Markup, escape

from reports import charts
from reports.errors import Undecided
from reports.record import CaseInfo, Figure, Observation, Run, read
from reports.verdict import BAD, Highest, Verdict, score_of, verdict

PAGE = Path(__file__).parent / "page"
SHOWN = 200
"""Failures spelled out on the page; all of them are in the list of cases."""

COLUMNS = (
    "check", "framework", "mode", "device", "route", "dtype", "sample", "outcome", "score", "limit", "norm", "ulps",
    "divergence", "reason",
)  # fmt: skip
"""What the table of a case shows of each observation."""
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
    """Write the page of ``run`` to ``path`` and return it. Raises ``OSError`` if it cannot be written; a page that was
    there stays as it was until the new one is complete."""
    text = render(run)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".page-", suffix=".html")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def render(run: Run) -> str:
    """The page as text."""
    v = verdict(run)
    runs, distributions = list(_training(run)), list(_distributions(run, v.highest))
    pictures = [*(p for r in runs for p in r.pictures), *distributions]
    bad = [o for o in run.observations if o.outcome in BAD]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"score": _score, "svg": Markup, "source": _source, "prose": _prose}
    areas = list(dict.fromkeys(area for area, _ in v.cells))
    columns = list(dict.fromkeys(framework for _, framework in v.cells))
    return environment.get_template("page.html.j2").render(
        run=run,
        header=run.header,
        verdict=v,
        state=_state(v),
        areas=areas,
        columns=columns,
        failures=bad[:SHOWN],
        more_failures=len(bad) - SHOWN,
        training=runs,
        open=len(runs) <= OPEN,
        distributions=distributions,
        unscored=_unscored(run),
        refusals=(refusals := _refusals(run)),
        refusing=list(dict.fromkeys(framework for answers in refusals.values() for framework in answers)),
        style=Markup((PAGE / "page.css").read_text(encoding="utf-8")),
        script=Markup((PAGE / "page.js").read_text(encoding="utf-8")),
        payload=_payload(run, pictures),
        seen=sum(v.divergences[d.id] > 0 for d in run.header.divergences),
        facts=[*_facts(run.header.fingerprint), *_facts(run.header.options, "option")],
        builds=[(f.name, list(_facts(f.build))) for f in run.frameworks.values()],
    )


def _state(v: Verdict) -> tuple[str, str]:
    """Class and title of the page. A run that judged nothing is neither good nor bad."""
    if not v.conformant:
        return "failed", "Not conformant"
    if any(v.counts[outcome] for outcome in ("passed", "diverged")):
        return "conformant", "Conformant"
    return "nothing", "Nothing judged"


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


def _payload(run: Run, pictures: Sequence[charts.Picture]) -> str:
    """What the script needs, gzipped, in base64: cases, observations column by column, the numbers of pictures."""
    data: dict[str, Any] = {
        "cases": [msgspec.to_builtins(c) for c in run.header.cases],
        "columns": {
            name: _column([getattr(o, name) for o in run.observations]) for name in ("case", "covers", *COLUMNS)
        },
        "order": COLUMNS,
        "pictures": {p.key: [(s.name, s.x, s.y, s.counts) for s in p.data] for p in pictures},
    }
    packed = gzip.compress(msgspec.json.encode(data), compresslevel=9, mtime=0)
    return base64.b64encode(packed).decode()


def _column(values: list[Any]) -> dict[str, Any]:
    """A column as its different values and the place of each row's value among them."""
    places = {v: i for i, v in enumerate(dict.fromkeys(values))}
    return {"values": list(places), "rows": [places[v] for v in values]}


def _facts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested facts as lines: ("cpu model", "...")."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _facts(inner, f"{name} {key}".strip())
    else:
        yield name, str(value)


def _source(address: str) -> str:
    """The site of a source, as the text of a link to it."""
    return urlsplit(address).hostname or address


def _prose(text: str) -> Markup:
    """A docstring's first paragraph; its code and the titles of its books as such."""
    shown = str(escape(text.split("\n\n")[0]))
    shown = re.sub(r"`{1,2}([^`]+)`{1,2}", r"<code>\1</code>", shown)
    return Markup(re.sub(r"(?<![\w*])\*([A-Z][^*]+)\*(?![\w*])", r"<em>\1</em>", shown))


def _score(value: float | str | None) -> str:
    """A score or a limit to three digits; nothing where there is none."""
    return "" if value is None else f"{float(value):.3g}"
