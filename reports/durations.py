"""Write what each case takes, by which shards are balanced, from a recorded run.

Seconds are those of processes, without the import of frameworks, which each process pays once whatever its cases.
"""

import argparse
import os
from collections import defaultdict
from pathlib import Path

import msgspec

from reports.errors import Undecided
from reports.record import Run, read

RECORDED = Path(__file__).parent / "durations.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a whole run, or its record")
    parser.add_argument("--output", type=Path, default=RECORDED, metavar="FILE", help="(default: the suite's own)")


def main(options: argparse.Namespace) -> int:
    """0; 3 if the run has no times."""
    found = seconds(read(options.run))
    if not found:
        raise Undecided(f"{options.run}: no case of it has a time")
    text = msgspec.json.format(msgspec.json.encode(found), indent=1)
    part = options.output.with_name(options.output.name + ".part")
    part.write_bytes(text + b"\n")
    os.replace(part, options.output)
    print(f"{options.output}: {len(found)} cases, {sum(found.values()):.0f} s")
    return 0


def seconds(run: Run) -> dict[str, float]:
    """Case -> seconds, in order of names."""
    case = {p.test: p.case for p in run.header.plan}
    total: dict[str, float] = defaultdict(float)
    for line in run.spent:
        total[case[line.test]] += sum(s for what, s in line.seconds.items() if what != "imports")
    return {name: round(total[name], 2) for name in sorted(total)}
