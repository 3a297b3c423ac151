"""One cell of a matrix: pytest in a process of its own. Imported on nodes: nothing but the standard library."""

import contextlib
import ctypes
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

RECORD = "record.jsonl"
LINES = 12
"""Of what pytest said last."""
PAUSE = 0.5
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Ray sets the first by a cell's share of a node: results would depend on it. The suite sets its own."""


@dataclass(frozen=True)
class Answer:
    """What became of a cell."""

    status: int
    """Of pytest; negative: the signal that ended it."""
    name: str
    """Of the record's file; empty if there is none."""
    record: bytes
    said: str
    """The last lines of its output."""
    node: str
    why: str = ""
    """Why it was ended, if it was."""
    life: str = ""
    """On a cluster: which execution of the task this is."""


def observe(
    command: Sequence[str],
    directory: Path,
    variables: dict[str, str],
    seconds: float,
    *,
    cwd: Path | None = None,
    heard: Callable[[bytes], object] | None = None,
    stop: threading.Event | None = None,
    before: Callable[[], None] | None = None,
) -> Answer:
    """Run pytest and return its record, whatever became of it. ``heard`` gets the record's bytes as they are written:
    who keeps them loses nothing when this machine is lost."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [*command, f"--run-dir={directory}"], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=cwd, env={**own, **variables}, preexec_fn=before,
        )  # fmt: skip
        end, place, why = time.monotonic() + seconds, 0, ""
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(PAUSE)
                if heard is not None:
                    place = _tell(directory / RECORD, place, heard)
                late = time.monotonic() > end
                if late or (stop is not None and stop.is_set()):
                    why = f"it took longer than {seconds:g} s" if late else "it was stopped"
                    _end(process)
        finally:
            _end(process)
        output.seek(0)
        text = output.read().decode(errors="replace").splitlines()
    found = next((p for p in sorted(directory.glob(RECORD + "*")) if p.suffix in (".jsonl", ".gz")), None)
    said = "\n".join([line for line in text if line.strip()][-LINES:])
    if found is None:
        return Answer(process.returncode, "", b"", said, platform.node(), why)
    return Answer(process.returncode, found.name, found.read_bytes(), said, platform.node(), why)


def _tell(record: Path, place: int, heard: Callable[[bytes], object]) -> int:
    """Pass on what was added to the record, and return how far it was read."""
    try:
        with record.open("rb") as file:
            file.seek(place)
            added = file.read()
    except OSError:
        return place
    if added:
        heard(added)
    return place + len(added)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process, so that its record says so; kill it if it does not listen."""
    for how, patience in ((signal.SIGINT, 15.0), (signal.SIGKILL, None)):
        if process.poll() is None:
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def on_node(arguments: Sequence[str], variables: dict[str, str], seconds: float, attempt: str, keeper: Any) -> Answer:
    """`observe` as a task of a cluster: in a copy of the project's folder, by an interpreter that has what was pinned.
    A task that is begun again on another node has another life: what each observed is not mixed."""
    for name in THREADS:
        os.environ.pop(name, None)
    life = f"{attempt} {uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory() as place:
        answer = observe(
            [sys.executable, "-m", "pytest", *arguments], Path(place, "run"), variables, seconds,
            heard=lambda data: keeper.add.remote(life, data),
            before=_with_parent if sys.platform == "linux" else None,
        )  # fmt: skip
    return replace(answer, life=life)


def _with_parent() -> None:
    """Have this process killed when its parent dies: where only Ray's worker is lost, the cell runs again elsewhere."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Keeper:
    """Holds what cells have observed until the driver takes it: as an actor, away from the nodes that do the work."""

    def __init__(self) -> None:
        self._heard: dict[str, list[bytes]] = defaultdict(list)

    def add(self, life: str, data: bytes) -> None:
        self._heard[life].append(data)

    def take(self) -> dict[str, bytes]:
        """What was added since the last time, by life."""
        taken = {name: b"".join(parts) for name, parts in self._heard.items()}
        self._heard.clear()
        return taken
