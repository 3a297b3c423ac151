"""Run the suite in several environments, on several devices, in shards: here, or on a cluster.

What every cell observed is kept below the output directory as it comes: a second start of the same matrix takes the
cells that are finished, and runs the others.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from reports import attempts, matrix_file
from reports.errors import Invalid
from reports.fingerprint import SUITE, suite
from reports.matrix_file import Cell
from reports.merge import merge
from reports.record import Run
from reports.verdict import BAD, Verdict, verdict

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Result:
    """One environment on one device."""

    name: str
    directory: Path | None
    """Of the merged run; None if nothing was observed."""
    run: Run | None
    verdict: Verdict | None
    without: tuple[tuple[Cell, str], ...]
    """Cells that gave no answer, and why."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("matrix", type=Path, metavar="FILE", help="matrix.toml, see docs/matrix.md")
    parser.add_argument("--on", metavar="ray://HOST:PORT", help="a Ray cluster (default: this machine)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="of the runs (default: FILE's name and -runs)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cells at a time on this machine (default: 1)")
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="S",
        help="seconds for a node to appear in the cluster that has what a cell needs (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--cache", type=Path, metavar="DIR", help="of environments (default: the user's cache)")


def main(options: argparse.Namespace) -> int:
    """0 if all runs are conformant, 1 if one is not, 3 if a cell gave no answer and nothing failed in the others."""
    matrix = matrix_file.read(options.matrix)
    if options.jobs < 1:
        raise Invalid(f"--jobs {options.jobs}: give a number from 1 up")
    if not (ROOT / "conftest.py").is_file():
        raise Invalid(f"{ROOT}: is not a checkout of the suite, which a matrix is run from")
    output: Path = options.output or Path(f"{options.matrix.stem}-runs")
    store = output / attempts.CELLS
    if output.exists() and (not output.is_dir() or (any(output.iterdir()) and not store.is_dir())):
        raise Invalid(f"--output {output}: holds something else than a matrix, and is left as it is")
    cells = matrix_file.cells(matrix)
    version = suite()
    for cell in cells:
        attempts.claim(store, cell, version)
    todo = [c for c in cells if attempts.finished(store, c) is None]
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {what}", file=sys.stderr, flush=True)

    if len(todo) < len(cells):
        say(f"{len(cells) - len(todo)} of {len(cells)} cells are finished already")
    variables = {SUITE: version}  # on a node there is no repository to ask
    todo = [matrix_file.with_variables(c, variables) for c in todo]
    try:
        if options.on:
            from reports import cluster

            without = cluster.run(todo, matrix, store, options.on, options.wait, say)
        else:
            from reports import environments, local

            cache = options.cache or environments.cache_directory()
            without = local.run(todo, matrix, store, options.jobs, cache, say)
    except KeyboardInterrupt:
        say("interrupted: what was observed is kept, and the same command goes on with it")
        raise
    names = {c.name: reason for c, reason in without.items()}
    results = [_result(output, store, run, cells, names) for run in dict.fromkeys(c.run for c in cells)]
    _print(results)
    return _status(results)


def _result(output: Path, store: Path, name: str, cells: Sequence[Cell], without: dict[str, str]) -> Result:
    """The merged run of an environment and device: of all its shards, or of what there is of them."""
    mine = [c for c in cells if c.run == name]
    lost = tuple((c, without[c.name]) for c in mine if c.name in without)
    found = [a for c in mine if (a := attempts.best(store, c)) is not None]
    if not found:
        return Result(name, None, None, None, lost)
    directory = output / name
    if directory.exists():  # of an earlier start; what it was made of is still there
        shutil.rmtree(directory)
    run = merge(found, directory, incomplete=True)
    return Result(name, directory, run, verdict(run), lost)


def _status(results: Sequence[Result]) -> int:
    if any(r.verdict and any(r.verdict.counts[o] for o in BAD) for r in results):
        return 1
    if any(r.without or r.verdict is None for r in results):
        return 3
    return 0 if all(r.verdict and r.verdict.conformant for r in results) else 1


def _print(results: Sequence[Result]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("environment-device", "versions"):
        table.add_column(column, overflow="fold")
    for column in ("shards", "checks", "diverging", "failed", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for r in results:
        if r.run is None or r.verdict is None:
            table.add_row(r.name, *["-"] * 6, "no answer")
            continue
        counts = r.verdict.counts
        checks = sum(n for outcome, n in counts.items() if outcome != "skipped")
        frameworks = ", ".join(f"{f.name} {f.version}" for f in r.run.frameworks.values())
        bad = sum(counts[o] for o in BAD)
        state = "no answer" if r.without and not bad else "conformant" if r.verdict.conformant else "not conformant"
        seconds = r.run.footer.seconds if r.run.footer else 0
        table.add_row(
            r.name, frameworks, str(len(r.run.header.parts)),
            *(str(n or "-") for n in (checks, counts["diverged"], bad, round(seconds))), state,
        )  # fmt: skip
    console = Console(width=max(shutil.get_terminal_size().columns, 110), force_terminal=False, color_system=None)
    console.print(table)
    for r in results:
        for cell, reason in r.without:
            print(f"{cell.name}: {reason}")
        if r.verdict is not None:
            print(f"{r.name}: {r.verdict.sentence}")
            print(f"  {r.directory}")
