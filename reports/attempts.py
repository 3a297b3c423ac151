"""What the cells of a matrix left on disk: every attempt at a cell has a directory with its record.

A record is written as it is observed, so that neither the driver's death nor a cell's takes what there is; a second
start finds the cells that are finished.
"""

import signal
from pathlib import Path

import msgspec

from reports.cell import RECORD, Answer
from reports.errors import Invalid
from reports.matrix_file import Cell
from reports.record import RecordError, read
from reports.storage import sync

CELLS = ".cells"
"""Hidden: these are parts of runs, not runs."""
REQUEST = "request.json"


class Request(msgspec.Struct, frozen=True):
    """What a cell was asked for: one that was asked for something else is not taken for it."""

    suite: str
    pins: tuple[str, ...]
    variables: dict[str, str]
    arguments: tuple[str, ...]
    needs: dict[str, float]


def claim(store: Path, cell: Cell, suite: str) -> None:
    """Note what a cell is, in its directory. Raises `Invalid` if that holds another cell."""
    e = cell.environment
    request = Request(suite, tuple(sorted(e.pins)), e.variables, cell.arguments, cell.device.needs)
    path = store / cell.place / REQUEST
    try:
        there = msgspec.json.decode(path.read_bytes(), type=Request)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(request))
        return
    except msgspec.DecodeError as error:
        raise Invalid(f"{path}: is damaged ({error}); remove its directory, or give another --output") from error
    for name in request.__struct_fields__:
        if getattr(request, name) != getattr(there, name):
            raise Invalid(f"{path.parent}: holds a cell of another matrix (other {name}); give another --output")


def begin(store: Path, cell: Cell) -> Path:
    """A new directory for one more attempt."""
    return beside(store / cell.place / "attempt-0")


def beside(attempt: Path) -> Path:
    """A new directory for one more attempt at the same cell."""
    numbers = [int(p.name.partition("-")[2]) for p in attempt.parent.glob("attempt-*")]
    directory = attempt.parent / f"attempt-{max(numbers, default=0) + 1:04}"
    directory.mkdir()
    return directory


def finished(store: Path, cell: Cell) -> Path | None:
    """The attempt that ran to its end."""
    return next((p for p in sorted((store / cell.place).glob("attempt-*")) if _whole(p)), None)


def best(store: Path, cell: Cell) -> Path | None:
    """The attempt that ran to its end, or else the one that observed most; None if nothing was observed."""
    found: list[tuple[int, Path]] = []
    for place in sorted((store / cell.place).glob("attempt-*")):
        try:
            run = read(place)
        except RecordError:
            continue
        found.append((len(run.observations), place))
    return finished(store, cell) or (max(found)[1] if found else None)


def _whole(attempt: Path) -> bool:
    try:
        run = read(attempt)
    except RecordError:
        return False
    return run.footer is not None and not run.footer.interrupted


def heard(attempt: Path, data: bytes) -> None:
    """Add to the record of an attempt elsewhere what it wrote since."""
    with (attempt / RECORD).open("ab") as file:
        file.write(data)


def keep(attempt: Path, answer: Answer) -> None:
    """Write the record of an attempt elsewhere, in the place of what was heard of it."""
    if not answer.name:
        return
    part = attempt / (answer.name + ".part")
    part.write_bytes(answer.record)
    part.rename(attempt / answer.name)
    if answer.name != RECORD:
        (attempt / RECORD).unlink(missing_ok=True)
    sync(attempt)


def judged(attempt: Path, answer: Answer) -> tuple[str, bool]:
    """Why an attempt is no answer (empty if it is one), and whether another may be."""
    if _whole(attempt):
        return "", False
    if answer.why:
        return answer.why, False
    if answer.status < 0:
        number = -answer.status
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return f"its process was ended by {name}", True
    last = answer.said.splitlines()[-1] if answer.said else "it said nothing"
    return f"pytest ended with status {answer.status}: {last.strip()}", False
