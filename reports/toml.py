"""TOML files that people write, validated; what is wrong is said with its line."""

import datetime
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from reports.errors import Invalid

T = TypeVar("T")
Place = tuple[str | int, ...]
"""Where in the document: keys, and positions in lists."""


def read(path: Path, kind: type[T], called: str) -> tuple[T, str]:
    """A file as an object of a type, and its text, of which `line_of` finds the lines. ``called`` is what the whole is
    in messages. Raises `Invalid`, with the line."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise Invalid(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Invalid(f"{path}: line {line}: not UTF-8") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # "what is wrong (at line 3, column 7)", or "(at end of document)"
        said, _, at = str(error).rstrip(")").rpartition(" (at ")
        found = re.match(r"line (\d+)", at)
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
        raise Invalid(f"{path}: line {line}: {said}") from error
    try:
        return msgspec.convert(_undated(document), kind), text
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at `$")
        raise Invalid(f"{path}: line {line_of(text, _place(at, said))}: {_plain(said, at, called)}") from error


def _undated(value: Any) -> Any:
    """A document with its dates as texts: msgspec takes no field of a date or something else."""
    if isinstance(value, dict):
        return {k: _undated(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_undated(v) for v in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def line_of(text: str, place: Place) -> int:
    """The line of a document at which a place begins: that of a key, or of an entry of a list. tomllib does not say;
    but the first lines of a document, up to any that ends a value, are documents themselves. Where there is no such
    place (a key that is missing), the line of what should hold it."""
    lines = text.splitlines()
    while place:
        complete = 0  # lines that are a document
        for n in range(1, len(lines) + 1):
            try:
                document: Any = tomllib.loads("\n".join(lines[:n]))
            except tomllib.TOMLDecodeError:
                continue
            if _holds(document, place):
                return _narrowed(lines, complete, n, place)
            complete = n
        place = place[:-1]
    return 1


def _holds(document: Any, place: Place) -> bool:
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _narrowed(lines: list[str], first: int, last: int, place: Place) -> int:
    """The line of a place that came into being with the lines after ``first`` up to ``last``: of a list over several
    lines, the one on which its entry stands."""
    for n in range(first + 1, last):
        if isinstance(place[-1], int) and len(place) > 1:
            begun = "\n".join([*lines[:n], "]"])
            try:
                if _holds(tomllib.loads(begun), place):
                    return n
            except tomllib.TOMLDecodeError:
                continue
        elif lines[n - 1].strip() and not lines[n - 1].lstrip().startswith("#"):
            return n
    return last


def _place(at: str, said: str) -> Place:
    """The place that msgspec names: ``.accept[2].until`` and, in what it says, a field that is there or not."""
    place: Place = tuple(int(n) if n else key for key, n in re.findall(r"\.([^.\[`]+)|\[(\d+)\]", at))
    field = re.search(r"field `([^`]+)`", said)
    return (*place, field[1]) if field else place


def _plain(said: str, at: str, whole: str) -> str:
    """What msgspec says, in the words of someone who writes such a file."""
    where = at.rstrip("`").lstrip(".")
    field = re.search(r"unknown field `([^`]+)`", said)
    if field:
        return f"unknown key {field[1]!r}" + (f" in {where}" if where else "")
    field = re.search(r"required field `([^`]+)`", said)
    if field:
        return f"{where or whole} has no {field[1]!r}"
    return f"{where}: {said[:1].lower()}{said[1:]}"
