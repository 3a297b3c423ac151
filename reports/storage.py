"""The file of a record: lines are appended so that none is lost, and a finished one is compressed."""

import gzip
import os
import shutil
import tempfile
import zlib
from pathlib import Path

NAME = "record.jsonl"
PACKED = NAME + ".gz"


class Damaged(Exception):
    """A compressed file that is not whole."""


class Log:
    """A new file to which lines are appended: each is with the operating system when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Raises ``FileExistsError`` rather than overwrite."""
        self._file = path.open("xb", buffering=0)
        self._end = 0

    def append(self, data: bytes) -> None:
        """Raises ``OSError`` where there is no room, and then leaves the file as it was before."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError:
            self._file.truncate(self._end)
            self._file.seek(self._end)
            raise
        self._end += len(data)

    def close(self) -> None:
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


def compress(path: Path) -> Path:
    """Put ``path.gz`` in the place of ``path``: there is a whole one of them at every moment.

    Raises ``OSError``, for instance where there is no room, and then leaves ``path`` as it is.
    """
    packed = path.with_name(path.name + ".gz")
    if packed.exists():
        raise FileExistsError(None, "exists and is not overwritten", str(packed))
    part = packed.with_name(packed.name + ".part")
    try:
        with path.open("rb") as source, part.open("wb") as target:
            with gzip.GzipFile("", "wb", 6, target, mtime=0) as stream:  # no time: the same record, the same bytes
                shutil.copyfileobj(source, stream, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        part.rename(packed)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)
    path.unlink()
    return packed


def put(data: bytes, path: Path) -> Path:
    """Write a file and return its path; one that was there stays as it was until the new one is complete. Raises
    ``OSError``."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def sync(directory: Path) -> None:
    """Make the names in a directory last, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def find(path: Path) -> Path:
    """The record in the directory of a run; a file is itself. The plain one goes first: it is whole where both are."""
    if not path.is_dir():
        return path
    return path / PACKED if (path / PACKED).exists() and not (path / NAME).exists() else path / NAME


def load(path: Path) -> bytes:
    """What is in a file, compressed or not. Raises ``OSError``, or `Damaged` with half a sentence."""
    data = path.read_bytes()
    if not data.startswith(b"\x1f\x8b"):
        if path.suffix == ".gz" and data:
            raise Damaged("the compressed record is damaged (it does not begin as a gzip file)")
        return data
    try:
        return gzip.decompress(data)
    except EOFError:
        raise Damaged("the compressed record is cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise Damaged(f"the compressed record is damaged ({error})") from None
