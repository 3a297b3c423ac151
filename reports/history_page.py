"""A history as text for a terminal, and as one self-contained page."""

import io
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from reports import charts, template
from reports.history import HIGHEST, Cell, Change, History, moves, share
from reports.parquet import Info
from reports.record import Figure, Mark, Series

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
LATEST = 20
"""So many runs the terminal lists; the page has all of them."""
SHOWN = 12
"""Changes of one run that the terminal spells out; the page has all of them."""
LEAST = 0.01
"""Where the axis of scores begins."""
PIXELS, LETTER = 310, 7
"""Of a picture's width, and of a letter of its text."""
PACKAGES = ("torch", "tensorflow", "keras", "jax", "numpy")
"""Whose versions tell runs apart at a glance."""


def text(found: History) -> str:
    """The runs, each area's course, and what was first seen in which run."""
    buffer = io.StringIO()
    width = max(shutil.get_terminal_size().columns, 120)
    console = Console(file=buffer, width=width, force_terminal=False, color_system=None)
    console.print(_runs(found.runs))
    if len(found.runs) > LATEST:
        console.print(f"and {len(found.runs) - LATEST} earlier ones, on the page")
    console.print(_courses(found))
    changed = sorted({c.run for c in found.changes})
    for run in changed:
        console.print(f"first seen in run {run + 1} ({found.runs[run].created}):", soft_wrap=True)
        for line in _shown(found.first(run)):
            console.print(f"  {line}", soft_wrap=True, markup=False)
    n = len(found.runs)
    if not changed and n > 1:
        console.print(f"Nothing changed in {n} runs.")
    if n == 1:
        console.print("One run: a history needs two.")
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()).strip("\n")


def _runs(runs: Sequence[Info]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("run", justify="right")
    table.add_column("began", no_wrap=True)
    packages = [p for p in PACKAGES if any(p in r.versions for r in runs)]
    for name in packages:
        table.add_column(name, no_wrap=True)
    for name in ("checks", "diverging", "failed", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for n, r in list(enumerate(runs, 1))[-LATEST:]:
        versions = [r.versions.get(name, "-") for name in packages]
        counts = (judged(r), r.counts.get("diverged", 0), failed(r), round(r.seconds) if r.complete else 0)
        table.add_row(str(n), r.created[:16].replace("T", " "), *versions, *(str(c or "-") for c in counts), state(r))
    return table


def judged(run: Info) -> int:
    return sum(n for outcome, n in run.counts.items() if outcome != "skipped")


def failed(run: Info) -> int:
    return run.counts.get("failed", 0) + run.counts.get("crashed", 0)


def state(run: Info) -> str:
    if not run.complete:
        return "cut off"
    return "not conformant" if not run.conformant else "conformant" if judged(run) else "nothing judged"


def _courses(found: History) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("area", no_wrap=True)
    table.add_column("framework", no_wrap=True)
    table.add_column("worst score / limit, first to last", no_wrap=True)
    table.add_column("highest in", overflow="fold")
    table.add_column("seconds, first to last", no_wrap=True)
    for area, framework, cells in found.series():
        worst = {c.run: c.worst for c in cells if c.worst is not None}
        seconds = {c.run: c.seconds for c in cells}
        highest = max((c for c in cells if c.worst is not None), key=lambda c: c.worst or 0, default=None)
        at = (
            ""
            if highest is None
            else f"{share(highest.worst)} in run {highest.run + 1}: {highest.check.partition(',')[0]}"
        )
        n = len(found.runs)
        table.add_row(
            area, framework, _course(worst, n, "{:.2g}"), at, _course(seconds, n, "{:.1f}"),
        )  # fmt: skip
    return table


def _course(values: dict[int, float], runs: int, form: str) -> str:
    """A bar for each of the last runs on a logarithmic scale, a gap where there is no value; the first and last."""
    if not values:
        return ""
    logs = {n: math.log10(min(max(v, 1e-3), HIGHEST)) for n, v in values.items()}
    low, span = min(logs.values()), max(max(logs.values()) - min(logs.values()), 1.0)
    bars = [BARS[int((logs[n] - low) / span * (len(BARS) - 1))] if n in logs else " " for n in range(runs)]
    ends = [form.format(values[n]) for n in (min(values), max(values))]
    return f"{''.join(bars[-LATEST:])} {' '.join(dict.fromkeys(ends))}"


def _shown(changes: Sequence[Change]) -> Iterator[str]:
    versions = [c.text for c in changes if c.kind == "versions"]
    others = [c for c in changes if c.kind != "versions"]
    if versions:
        yield "; ".join(versions)
    for c in others[:SHOWN]:
        yield f"{'! ' if c.bad else ''}{c.text}" + (f"  ({c.where})" if c.where else "")
    if len(others) > SHOWN:
        yield f"and {len(others) - SHOWN} more, on the page"


def write(found: History, path: Path) -> None:
    """Write the page; one that was there stays as it was until the new one is complete."""
    template.write(render(found), path)


def render(found: History) -> str:
    """The page as text. Pictures, tables and their data are in it, and need no script."""
    areas: dict[str, list[tuple[str, list[charts.Picture], list[Cell]]]] = {}
    for area, framework, cells in found.series():
        areas.setdefault(area, []).append((framework, _pictures(found, area, framework, cells), cells))
    changed = sorted({c.run for c in found.changes}, reverse=True)
    return template.render(
        "history.html.j2",
        title="History",
        state="conformant" if found.runs[-1].conformant else "failed",
        pages=(),
        here="",
        runs=list(enumerate(found.runs, 1)),
        packages=[p for p in PACKAGES if any(p in r.versions for r in found.runs)],
        areas=areas,
        changed=[(n + 1, found.runs[n], found.first(n)) for n in changed],
        left_out=found.left_out,
        factor=found.factor,
        highest=HIGHEST,
        judged=judged,
        failed=failed,
        ended=state,
        share=share,
        first=found.runs[0].created[:10],
        last=found.runs[-1].created[:10],
    )


def _pictures(found: History, area: str, framework: str, cells: Sequence[Cell]) -> list[charts.Picture]:
    """The worst score and the time of an area, run by run; a line across where the framework's version changed."""
    versions = tuple(_marks(moves(found.runs, framework), len(found.runs)))
    worst = [(c.run + 1.0, min(c.worst, HIGHEST)) for c in cells if c.worst is not None]
    seconds = [(c.run + 1.0, float(f"{c.seconds:.4g}")) for c in cells]
    figures = [
        Figure(
            "worst", f"{framework}: worst score", "run", "score / limit", (_series(framework, worst),),
            f"{area} {framework}", log=True, least=LEAST, marks=(Mark("limit", y=1.0), *versions),
        ),
        Figure(
            "seconds", f"{framework}: time", "run", "seconds", (_series(framework, seconds),),
            f"{area} {framework}", marks=versions,
        ),
    ]  # fmt: skip
    return charts.training(figures)


def _marks(changes: Sequence[tuple[int, str]], runs: int) -> Iterator[Mark]:
    """A line for each change of version, and what it changed to where there is room for that."""
    places = [n * PIXELS / runs for n, _ in changes]
    for i, (n, what) in enumerate(changes):
        room = min((abs(places[i] - p) for k, p in enumerate(places) if k != i), default=PIXELS)
        yield Mark(what if room > 2 * LETTER * len(what) else "", x=n + 1.0)


def _series(name: str, points: Sequence[tuple[float, float]]) -> Series:
    return Series(name, tuple(x for x, _ in points), tuple(y for _, y in points))
