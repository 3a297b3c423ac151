"""Print the verdict of a recorded run again, its failures, or what it observed of one case."""

import argparse
import difflib
import shutil
from pathlib import Path

from reports import speed
from reports.errors import Invalid
from reports.record import Run, read
from reports.terminal import failures, rows, summary
from reports.verdict import BAD, verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument("--times", action="store_true", help="also what the time was spent on")
    parser.add_argument(
        "--failures", type=int, metavar="N", default=0, help="also N failures, each with a program that reproduces it"
    )
    parser.add_argument("--case", metavar="NAME", help="instead every observation of this case")


def main(options: argparse.Namespace) -> int:
    """0 if the run (or with ``--case`` the case) is conformant, or nothing of it was judged; 1 if not; 2 if the run has
    no such case."""
    if options.failures < 0:
        raise Invalid(f"--failures {options.failures}: a number from 0 up")
    run = read(options.run)
    if options.case is not None:
        return _case(run, options.case)
    v = verdict(run)
    if run.header.plan or not run.timings:
        print(summary(run, v, shutil.get_terminal_size().columns, times=options.times))
    if run.timings:
        print(speed.table(run))
    for line in failures(run, options.failures):
        print(line)
    print(v.sentence)
    return 0 if v.conformant else 1


def _case(run: Run, name: str) -> int:
    found = [o for o in run.observations if o.case == name]
    timed = speed.of_case(run.timings, name)
    missing = sum(p.case == name for p, _ in run.missing())
    if not found and not missing and not timed:
        names = {o.case for o in run.observations} | {t.case for t in run.timings}
        near = difflib.get_close_matches(name, names, 3)
        hint = f"; it has {', '.join(near)}" if near else ""
        raise Invalid(f"--case {name}: the run observed nothing of it{hint}")
    info = next((c for c in run.header.cases if c.name == name), None)
    if info is not None:
        print(f"{name} ({info.area}, {info.kind})")
    for text in rows(found):
        print(text)
    if timed:
        run.timings = timed
        print(speed.table(run))
    if missing:
        print(f"problem: {missing} planned checks left no observation.")
    return 1 if missing or any(o.outcome in BAD for o in found) else 0
