"""Print the verdict of a recorded run again."""

import argparse
import shutil
from pathlib import Path

from reports.record import read
from reports.terminal import summary
from reports.verdict import verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument("--times", action="store_true", help="also what the time was spent on")


def main(options: argparse.Namespace) -> int:
    """0 if the run is conformant (or judged nothing), 1 if not."""
    run = read(options.run)
    v = verdict(run)
    print(summary(run, v, shutil.get_terminal_size().columns, times=options.times))
    print(v.sentence)
    return 0 if v.conformant else 1
