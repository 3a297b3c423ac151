"""The cells of a matrix on a cluster: one task of Ray for each, on a node that has what it needs."""

import contextlib
import logging
import os
import re
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports import attempts
from reports import cell as cells_of
from reports.errors import Invalid, Undecided
from reports.matrix_file import Cell, Matrix

ROOT = Path(__file__).parents[1]
REACH, JOIN = 5.0, 60.0
"""Seconds in which the address must answer, and in which the cluster must have let us in."""
SETUP = 3600
"""Seconds in which an environment must be installed."""
LINES = 8
"""Of the installer's output."""
LOOK = 5.0
"""Seconds between two looks at the nodes."""
EXCLUDES = ("/.git", "/reports/runs", "/.tox", "/.venv", "/.ci", "/.hypothesis", "**/__pycache__", "*.egg-info")
"""What nodes do not need of the project's folder."""
HEAD = {"node:__internal_head__": 0.001}
"""The node without which there is no cluster: what is kept there is not lost with a node that works."""
Say = Callable[[str], None]


@dataclass
class Job:
    """A cell on its way."""

    cell: Cell
    attempt: Path
    left: int
    """Further attempts, if its process dies; if its node does, Ray begins it again by itself."""
    impossible: float = field(default=0.0)
    """Since when no node has what it needs; 0 if one does."""


def run(cells: Sequence[Cell], matrix: Matrix, store: Path, address: str, wait: float, say: Say) -> dict[Cell, str]:
    """Run cells on the cluster at ``address``. What comes back are those that gave no answer, each with why.

    Raises `Undecided` if the cluster cannot be reached, or is lost: what was observed until then is kept.
    """
    if not cells:
        return {}
    with _joined(address) as ray:
        try:
            return _run(ray, cells, matrix, store, wait, say)
        except (ConnectionError, ray.exceptions.ActorDiedError) as error:
            raise Undecided(f"{address}: the cluster was lost ({_first(error)}); the same command goes on") from error


def _run(ray: Any, cells: Sequence[Cell], matrix: Matrix, store: Path, wait: float, say: Say) -> dict[Cell, str]:
    ray.cloudpickle.register_pickle_by_value(cells_of)  # the head's processes do not always have the project's folder
    keeper = ray.remote(num_cpus=0, resources=HEAD)(cells_of.Keeper).remote()
    jobs: dict[Any, Job] = {}
    without: dict[Cell, str] = {}
    places: dict[str, Path] = {}
    looked = 0.0

    def start(cell: Cell, left: int) -> None:
        attempt = attempts.begin(store, cell)
        places[str(attempt)] = attempt
        jobs[_submitted(ray, cell, matrix, str(attempt), keeper)] = Job(cell, attempt, left)

    def give_up(ref: Any, reason: str) -> None:
        without[jobs[ref].cell] = reason
        say(f"{jobs[ref].cell.name}: {reason.splitlines()[0]}")
        del jobs[ref]

    for cell in cells:
        start(cell, matrix.retries)
    try:
        while jobs:
            ready, _ = ray.wait(list(jobs), num_returns=1, timeout=1.0)
            _hear(ray, keeper, places)
            for ref in ready:
                job = jobs[ref]
                try:
                    answer = ray.get(ref)
                except ray.exceptions.RuntimeEnvSetupError as error:
                    give_up(ref, f"the environment could not be built: {_cause(str(error))}")
                except ray.exceptions.RayTaskError as error:
                    give_up(ref, f"could not be run on its node ({_last(error)})")
                except ray.exceptions.RayError as error:
                    give_up(ref, f"lost with its node, {matrix.retries + 1} times ({_first(error)})")
                else:
                    places.pop(str(job.attempt))
                    attempt = places.pop(answer.life, job.attempt)
                    attempts.keep(attempt, answer)
                    reason, again = attempts.judged(attempt, answer)
                    if again and job.left:
                        say(f"{job.cell.name}: {reason}; again")
                        start(job.cell, job.left - 1)
                        del jobs[ref]
                    elif reason:
                        give_up(ref, reason)
                    else:
                        say(f"{job.cell.name}: done on {answer.node}")
                        del jobs[ref]
            if time.monotonic() - looked > LOOK:
                looked = time.monotonic()
                nodes = [n["Resources"] for n in ray.nodes() if n["Alive"]]
                for ref, job in list(jobs.items()):
                    needs = job.cell.device.needs
                    if any(all(node.get(r, 0) >= n for r, n in needs.items()) for node in nodes):
                        job.impossible = 0.0
                    elif not job.impossible:
                        job.impossible = looked
                    if job.impossible and looked - job.impossible >= wait:
                        ray.cancel(ref)
                        wanted = ", ".join(f"{n:g} {r}" for r, n in needs.items())
                        give_up(ref, f"no node of the cluster has what it needs ({wanted})")
    except KeyboardInterrupt:
        for ref in jobs:
            ray.cancel(ref, force=True)
        _hear(ray, keeper, places)
        raise
    return without


def _submitted(ray: Any, cell: Cell, matrix: Matrix, attempt: str, keeper: Any) -> Any:
    """A task for a cell. Ray begins it again if its node or its worker dies."""
    packages = [*_needed(), *cell.environment.pins]
    pip = {"pip": {"packages": packages, "pip_check": False}} if cell.environment.pins else {}
    device = cell.device
    task = ray.remote(cells_of.on_node).options(
        num_cpus=device.cpus, num_gpus=device.gpus or None, resources=device.resources or None,
        accelerator_type=device.accelerator or None, max_retries=matrix.retries, scheduling_strategy="SPREAD",
        name=cell.name, runtime_env={**pip, "config": {"setup_timeout_seconds": SETUP}},
    )  # fmt: skip
    return task.remote(list(cell.arguments), dict(cell.environment.variables), matrix.timeout, attempt, keeper)


def _hear(ray: Any, keeper: Any, places: dict[str, Path]) -> None:
    """Write what cells observed since the last time. Each life of a task has its own directory."""
    for life, data in ray.get(keeper.take.remote(), timeout=JOIN).items():
        attempt = places.get(life.rpartition(" ")[0])
        if attempt is not None:
            if life not in places:
                places[life] = attempts.beside(attempt) if any(attempt.iterdir()) else attempt
            attempts.heard(places[life], data)


def _needed() -> list[str]:
    """What the suite itself needs."""
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])


# The cluster


@contextlib.contextmanager
def _joined(address: str) -> Iterator[Any]:
    """Ray, connected. Raises `Invalid` if it is not installed or the address is none, `Undecided` if nobody answers:
    Ray itself would try for minutes."""
    found = re.fullmatch(r"(?:ray://)?(?P<host>[^:/\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})", address)
    if not found or not 0 < int(found["port"]) < 65536:
        raise Invalid(f"--on {address}: give ray://HOST:PORT")
    os.environ.setdefault("RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES", "")  # ours name all, and it would say so
    try:
        import ray
    except ImportError as error:
        raise Invalid(f"--on needs ray: pip install 'tf-torch-conformance[cluster]' ({error})") from error
    try:
        socket.create_connection((found["host"].strip("[]"), int(found["port"])), REACH).close()
    except OSError as error:
        raise Undecided(f"--on {address}: nobody answers there ({error.strerror or error})") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    failures: list[BaseException] = []

    def join() -> None:
        try:
            ray.init(
                address, log_to_driver=False, configure_logging=False,
                runtime_env={"working_dir": str(ROOT), "excludes": list(EXCLUDES)},
            )  # fmt: skip
        except BaseException as error:
            failures.append(error)

    joining = threading.Thread(target=join, daemon=True)
    joining.start()
    joining.join(JOIN)
    if joining.is_alive():
        raise Undecided(f"--on {address}: does not answer as a Ray cluster does, after {JOIN:g} s")
    if failures:
        said = " ".join(str(failures[0]).split()) or type(failures[0]).__name__
        raise Undecided(f"--on {address}: cannot be joined ({said[:300]})") from failures[0]
    try:
        yield ray
    finally:
        ray.shutdown()


def _first(error: BaseException) -> str:
    """The first line of what an exception says, or its name."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _last(error: BaseException) -> str:
    """The last line of what an exception says: of a traceback, the exception."""
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)


def _cause(text: str) -> str:
    """Of what Ray says when pip fails: pip's error, and its last lines."""
    output = text.partition("Last 50 lines of stdout:")[2] or text
    lines = [line.strip() for line in output.splitlines() if line.strip() and "is ignored" not in line]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    quoted = "".join(f"\n  | {line}" for line in lines[-LINES:])
    return f"{errors[-1] if errors else 'the installer failed'}{quoted}"
