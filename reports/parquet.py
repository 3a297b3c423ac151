"""Records as Parquet files, of which a database reads hundreds at once: each record is converted a single time.

A file holds one row for every check of a run, and in its metadata what the run was. It lies in a cache and is found by
the path of its record; one whose record has another size or time of change by now is written again.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from reports import storage
from reports.compare import versions
from reports.errors import Invalid
from reports.record import Observation, RecordError, Run, read
from reports.verdict import score_of, verdict

LAYOUT = 1
"""Changes when a file of before would be misread."""
KEY = b"conform"
CHUNK = 8
"""Bytes of the number that a check is known by: its different fields, hashed."""


class Info(msgspec.Struct):
    """What a run was, and of which record it was made."""

    record: str
    stamp: tuple[int, int, int]
    """Layout; size and time of change of the record."""
    created: str
    suite: str
    versions: dict[str, str]
    machine: str
    seconds: float
    counts: dict[str, int]
    """outcome -> checks"""
    conformant: bool
    sentence: str
    complete: bool


def cache() -> Path:
    """Where Parquet files lie unless told otherwise: the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "tf-torch-conformance" / "history"


def records(directory: Path) -> list[Path]:
    """Every record at or below a directory, hidden directories apart: that is where parts of runs are kept."""
    places = {path.parent for name in (storage.NAME, storage.PACKED) for path in directory.rglob(name)}
    hidden = {p for p in places if any(part.startswith(".") for part in p.relative_to(directory).parts)}
    return [storage.find(place) for place in sorted(places - hidden)]


def converted(record: Path, store: Path) -> tuple[Path, Info]:
    """The Parquet file of a record and what the run was; written if there is none yet, or an outdated one.

    Raises `RecordError` if the record is damaged, and ``OSError`` if ``store`` cannot be written.
    """
    try:
        state = record.stat()
    except OSError as error:
        raise RecordError(f"{record}: cannot be read ({error.strerror})") from error
    stamp = (LAYOUT, state.st_size, state.st_mtime_ns)
    name = hashlib.blake2b(os.fsencode(record.resolve()), digest_size=16).hexdigest()
    path = store / f"{name}.parquet"
    info = _info(path)
    if info is None or info.stamp != stamp:
        run = read(record)
        v = verdict(run)
        info = Info(
            str(record), stamp, run.header.created, run.header.suite, versions(run), _machine(run),
            run.footer.seconds if run.footer else 0.0, dict(v.counts), v.conformant, v.sentence, run.complete,
        )  # fmt: skip
        _write(run, info, path)
    info.record = str(record)
    return path, info


def _info(path: Path) -> Info | None:
    """What a Parquet file was made of; None if there is none, or one that cannot be read."""
    from pyarrow import ArrowException, parquet

    try:
        metadata = parquet.read_schema(path).metadata or {}
        return msgspec.json.decode(metadata[KEY], type=Info)
    except (OSError, ArrowException, KeyError, msgspec.DecodeError):
        return None


def _write(run: Run, info: Info, path: Path) -> None:
    """Complete or not at all: another process may read the file, or write it as well."""
    import pyarrow
    from pyarrow import parquet

    columns: dict[str, list[object]] = {name: [] for name, _ in _FIELDS}
    for o, (route, dtype, sample), covers in _expanded(run):
        identity = (o.case, o.check, o.framework, o.mode, o.device, route, dtype, sample)
        digest = hashlib.blake2b("\0".join(identity).encode(), digest_size=CHUNK).digest()
        score = None if o.score is None else score_of(o)
        row = (int.from_bytes(digest), o.area, *identity, o.outcome, score, o.limit, o.seconds, o.divergence, covers)
        for values, value in zip(columns.values(), row, strict=True):
            values.append(value)
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {"text": text, "number": pyarrow.float64(), "count": pyarrow.int64(), "key": pyarrow.uint64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in _FIELDS], {KEY: msgspec.json.encode(info)})
    table = pyarrow.table([pyarrow.array(columns[name], types[kind]) for name, kind in _FIELDS], schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        parquet.write_table(table, name, compression="zstd")
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


_FIELDS = (
    ("key", "key"), ("area", "text"), ("case", "text"), ("check", "text"), ("framework", "text"), ("mode", "text"),
    ("device", "text"), ("route", "text"), ("dtype", "text"), ("sample", "text"), ("outcome", "text"),
    ("score", "number"), ("limit", "number"), ("seconds", "number"), ("divergence", "text"), ("covers", "count"),
)  # fmt: skip


def _expanded(run: Run) -> Iterator[tuple[Observation, tuple[str, str, str], int]]:
    """Each check of a run: its row, (route, dtype, sample), and how many checks it is. A row that speaks for what was
    left of a test is one row for each of them: so a check is found again in the runs in which it has its own."""
    seen: dict[str, set[tuple[str, str, str]]] = {}
    for o in run.observations:
        if o.route != "*":
            seen.setdefault(o.test, set()).add((o.route, o.dtype, o.sample))
            yield o, (o.route, o.dtype, o.sample), o.covers
    left = {o.test: o for o in run.observations if o.route == "*"}
    for p in run.header.plan if left else ():
        rest = left.pop(p.test, None)
        if rest is not None and p.keys:
            yield from ((rest, key, 1) for key in p.keys if key not in seen.get(p.test, ()))
        elif rest is not None:
            yield rest, ("*", "*", "*"), rest.covers
    yield from ((o, ("*", "*", "*"), o.covers) for o in left.values())


def _machine(run: Run) -> str:
    facts = run.header.fingerprint
    cpu, gpu = facts.get("cpu"), facts.get("gpu")
    model = str(cpu.get("model", "")) if isinstance(cpu, dict) else ""
    return ", ".join(filter(None, [model, str(gpu) if gpu not in (None, "", "none") else ""]))


def require() -> None:
    """Raise `Invalid`, one sentence, unless what reads and writes Parquet is installed."""
    try:
        import duckdb  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise Invalid(f"history needs {error.name}: pip install 'tf-torch-conformance[history]'") from error
