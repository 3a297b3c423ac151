"""The cells of a matrix on this machine, in environments that are built once and kept."""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from packaging.requirements import Requirement

from reports import attempts, environments
from reports.cell import observe
from reports.errors import Undecided
from reports.matrix_file import Cell, Environment, Matrix

ROOT = Path(__file__).parents[1]
Say = Callable[[str], None]


def run(cells: Sequence[Cell], matrix: Matrix, store: Path, jobs: int, cache: Path, say: Say) -> dict[Cell, str]:
    """Run cells, ``jobs`` at a time. What comes back are those that gave no answer, each with why."""
    without: dict[Cell, str] = {}
    interpreters: dict[str, Path] = {}
    for environment in {c.environment.name: c.environment for c in cells}.values():
        try:
            interpreters[environment.name] = interpreter(environment, cache, say)
        except Undecided as error:
            without |= {c: str(error) for c in cells if c.environment.name == environment.name}
    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as pool:
        futures = {
            pool.submit(_cell, c, interpreters[c.environment.name], matrix, store, stop, say): c
            for c in cells
            if c not in without
        }
        try:
            for future in as_completed(futures):
                if reason := future.result():
                    without[futures[future]] = reason
        except BaseException:  # Ctrl-C: the cells get it as well, and end with what they have
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return without


def interpreter(environment: Environment, cache: Path, say: Say) -> Path:
    """The Python of an environment: this one if nothing is pinned, else one that is built, or was."""
    if not environment.pins:
        return Path(sys.executable)

    def told(what: str) -> None:
        say(f"{environment.name}: {what}")

    base = environments.look(Path(sys.executable), "this interpreter")
    wanted = environments.Wanted(environment.name, tuple(map(Requirement, environment.pins)))
    needed = environments.roots(base, wanted.pinned)
    wanted = environments.resolve(base, wanted, needed, cache, told)
    (lock,) = environments.settle(base.packages, [wanted], [needed])
    urls = {p.name: p.url for p in wanted.pins if p.url}
    return environments.build(base, lock, environment.name, cache, told, urls)


def _cell(cell: Cell, python: Path, matrix: Matrix, store: Path, stop: threading.Event, say: Say) -> str:
    """Why the cell gave no answer; empty if it did."""
    reason = ""
    for _ in range(matrix.retries + 1):
        attempt = attempts.begin(store, cell)
        command = [str(python), "-m", "pytest", *cell.arguments]
        answer = observe(command, attempt, cell.environment.variables, matrix.timeout, cwd=ROOT, stop=stop)
        reason, again = attempts.judged(attempt, answer)
        say(f"{cell.name}: {reason or 'done'}")
        if not again or stop.is_set():
            break
    return reason
