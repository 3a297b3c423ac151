"""The record of a run: one JSON object per line, written and flushed as things happen.

A record is a header, then ``framework``, ``start``, ``observation`` and ``figure`` lines in the order of events, then a
footer. It survives a killed process: without a footer it is readable, and says that the run was cut off. Every line has
a ``type``; fields that are absent have their default. ``FORMAT`` changes when a reader of today could not read it.
A finished record is compressed. ``docs/record.md`` describes it for those who read it without this module.

The plan in the header says which checks must leave an observation. ``Run.missing`` is what was planned and left none.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from reports import storage
from reports.storage import NAME as NAME

FORMAT = 2
OUTCOMES = ("passed", "diverged", "failed", "skipped", "crashed")
"""diverged: outside the limit, and known; crashed: the process died or was ended by its time-out before it answered."""
Key = tuple[str, str, str, str, str, str, str, str]
"""case, check, framework, mode, device, route, dtype, sample"""


Count = Annotated[int, msgspec.Meta(ge=0)]
Number = float | Annotated[str, msgspec.Meta(pattern="^(nan|inf|-inf)$")]
"""What JSON lacks is a string."""


class RecordError(Exception):
    """A record that cannot be read; its message is one sentence with the file and the line."""


class Planned(msgspec.Struct, omit_defaults=True, frozen=True):
    """One test, and the checks that it must leave: samples of each dtype, through routes. Or, where a device is
    not there, one row for all tests of a case and framework, and how many checks they would be."""

    test: str
    area: str
    case: str
    check: str
    framework: str
    mode: str
    device: str
    routes: tuple[str, ...] = ()
    samples: dict[str, tuple[str, ...]] = {}
    """dtype -> samples that go through the first route"""
    others: dict[str, tuple[str, ...]] = {}
    """dtype -> samples that go through the other routes"""
    absent: int = 0
    """How many checks there would be on the device that is not there."""

    @property
    def keys(self) -> tuple[tuple[str, str, str], ...]:
        """(route, dtype, sample) of every check."""
        return tuple(
            (route, dtype, sample)
            for i, route in enumerate(self.routes)
            for dtype, names in (self.others if i else self.samples).items()
            for sample in names
        )

    @property
    def checks(self) -> int:
        return self.absent or len(self.keys)


class CaseInfo(msgspec.Struct, omit_defaults=True):
    """What the report says of a case."""

    name: str
    area: str
    kind: str
    summary: str
    sources: tuple[str, ...] = ()
    routes: dict[str, dict[str, str]] = {}
    """framework -> route -> source"""
    samples: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    """Keys of ``Header.functions``: the reference, its gradient, and what they call."""
    helpers: tuple[str, ...] = ()
    """Keys of ``Header.functions``: what the routes call."""
    conversion: dict[str, str] = {}
    """Keras layer -> how its weights become torch's"""


class DivergenceInfo(msgspec.Struct, omit_defaults=True):
    """What the report says of a known divergence."""

    id: str
    framework: str
    reason: str
    agree: str
    sources: tuple[str, ...] = ()
    scope: str = ""


class Shard(msgspec.Struct, omit_defaults=True, frozen=True):
    """Which part of a run this is, and what all parts together must hold."""

    index: Annotated[int, msgspec.Meta(ge=1)]
    count: Annotated[int, msgspec.Meta(ge=1)]
    tests: Count
    """In all shards."""
    digest: str
    """Of the names of all these: see `digest`."""

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


class Part(msgspec.Struct, omit_defaults=True):
    """What a merged run keeps of the header and footer of a shard."""

    shard: int
    created: str
    fingerprint: dict[str, Any]
    seconds: float = 0.0


class Header(msgspec.Struct, omit_defaults=True, tag_field="type", tag="header"):
    """The first line: what the run is, and what it must observe."""

    format: int
    suite: str
    """Version of this project, and its git revision."""
    created: str
    """ISO 8601, UTC."""
    seed: int
    options: dict[str, Any]
    """Of the command line."""
    fingerprint: dict[str, Any]
    """Of the machine: processor, versions of packages, settings. After a merge, what differs is joined by " | "."""
    plan: tuple[Planned, ...]
    """The tests that must leave observations."""
    cases: tuple[CaseInfo, ...]
    divergences: tuple[DivergenceInfo, ...]
    """The known ones that apply to the versions at hand."""
    limits: dict[str, dict[str, float]]
    """kind -> check -> limit"""
    shard: Shard | None = None
    """Of a run of ``--shard``."""
    parts: tuple[Part, ...] = ()
    """Of a merged run: its shards, whose machines may differ."""
    functions: dict[str, str] = {}
    """Sources of the project's functions that cases name, each once; a key holds a digest of its source."""


class FrameworkLine(msgspec.Struct, omit_defaults=True, tag_field="type", tag="framework"):
    """Sent by the first process that imported a framework: versions and build as the framework itself reports them."""

    name: str
    version: str
    build: dict[str, Any] = {}
    """Threads, processor capability, libraries."""


class Start(msgspec.Struct, omit_defaults=True, tag_field="type", tag="start"):
    """A test began. If nothing follows, it is what the process died of."""

    test: str


class Worst(msgspec.Struct, omit_defaults=True):
    """The worst element of a result."""

    output: str
    """Which result, or which gradient."""
    index: tuple[int, ...]
    actual: Number
    expected: Number
    floor: Number


class Observation(msgspec.Struct, omit_defaults=True, tag_field="type", tag="observation"):
    """One row: what one check of one case through one route gave. ``route``, ``dtype`` and ``sample`` are "*" where one
    row speaks for all that is left of a test (a skip, a crash)."""

    test: str
    area: str
    case: str
    check: str
    framework: str
    mode: str
    device: str
    outcome: Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(OUTCOMES)})$")]
    route: str = "*"
    dtype: str = "*"
    sample: str = "*"
    score: Number | None = None
    """The largest error of an element, in noise floors."""
    limit: float | None = None
    """The largest score that passes."""
    norm: Number | None = None
    """The error of a whole slice, in noise floors."""
    ulps: Number | None = None
    """The largest error of an element, in units in the last place."""
    seconds: float = 0.0
    """That the check took."""
    divergence: str = ""
    """Of the known divergence in whose scope this is, whether it shows here or not."""
    reason: str = ""
    """Of a failure, a crash or a skip."""
    worst: Worst | None = None
    """The element of the score."""
    by_output: dict[str, Number] = {}
    """Scores of each of several results."""
    script: str = ""
    """A stand-alone program that reproduces a failure."""
    covers: Count = 1
    """How many planned checks this row stands for."""
    refused: str = ""
    """What became of inputs that must be refused: the exception and when it came, or "accepted"."""
    warned: str = ""
    """Deprecations that the framework announced here, one a line; each where a process first heard it of a route."""

    @property
    def key(self) -> Key:
        """What makes it the same check in every run."""
        return (self.case, self.check, self.framework, self.mode, self.device, self.route, self.dtype, self.sample)


class Series(msgspec.Struct, omit_defaults=True):
    """A line of a picture, or its points, or the cells of a matrix."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    style: str = "line"
    """line, points, or cells: a matrix of which x is the column, y the row"""
    counts: tuple[int, ...] = ()
    """What is written in each cell."""


class Mark(msgspec.Struct, omit_defaults=True):
    """A line across a picture, at x or at y."""

    text: str
    x: float | None = None
    y: float | None = None


class Figure(msgspec.Struct, omit_defaults=True, tag_field="type", tag="figure"):
    """Series for one picture of the report. Those of the same ``case`` and ``figure`` are drawn together; a series of
    the same name (the data, the reference) is drawn once."""

    figure: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    case: str = ""
    log: bool = False
    """The y axis is logarithmic."""
    least: float = 0.0
    """Where a logarithmic axis begins, if not at the smallest number; what is smaller is drawn there."""
    marks: tuple[Mark, ...] = ()


class Spent(msgspec.Struct, omit_defaults=True, tag_field="type", tag="spent"):
    """Seconds of a process until the end of a test, by what they were spent on."""

    test: str
    seconds: dict[str, float]
    memory: Count = 0
    """The most that the process has held until then, in bytes; 0 where the system does not say."""


class Timing(msgspec.Struct, omit_defaults=True, tag_field="type", tag="timing"):
    """One benchmark in one process. Of several processes, which ran in turns, ``job`` is the same. What the machine can
    do at most is in the fingerprint, as ``roofline``."""

    benchmark: str
    framework: str
    """Or numpy: the reference, or NumPy's own function."""
    mode: str
    minimum: float
    """Seconds of the fastest round, for one call."""
    median: float
    rounds: int
    job: str = ""
    side: str = ""
    """before or after"""
    process: int = 0
    """From 1 up, within its side and job."""
    device: str = "cpu"
    case: str = ""
    what: str = ""
    """forward, forward and backward, optimizer step, training step"""
    size: str = ""
    """small, medium, large"""
    iqr: float = 0.0
    """Seconds between the quartiles of the rounds."""
    flops: float = 0.0
    """That the textbook's algorithm takes."""
    bytes: float = 0.0
    """The fewest that any implementation moves."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same benchmark in another process."""
        return (self.benchmark, self.framework, self.mode, self.device)

    @property
    def noise(self) -> float:
        """The interquartile range of the rounds, of their median."""
        return self.iqr / self.median if self.median else 0.0


class Footer(msgspec.Struct, omit_defaults=True, tag_field="type", tag="footer"):
    """The last line of a run that was not cut off."""

    finished: str
    """ISO 8601, UTC."""
    seconds: float
    """From beginning to end; of a merged run, of all shards together."""
    problems: tuple[str, ...] = ()
    """What makes the run not conformant besides its observations: each one sentence."""
    interrupted: bool = False
    """By Ctrl-C."""


Line = Header | FrameworkLine | Start | Observation | Figure | Spent | Timing | Footer

_encoder = msgspec.json.Encoder(enc_hook=lambda value: value.item())  # NumPy scalars, should one slip through
_decoder = msgspec.json.Decoder(Line)


def encode(line: Line) -> str:
    """One line of the record, without its newline. Non-finite floats must already be strings (see `number`)."""
    return _encoder.encode(line).decode()


def decode(text: str | bytes) -> Line:
    """The inverse of `encode`. Raises ``msgspec.DecodeError``, or ``UnicodeDecodeError`` inside a text."""
    return _decoder.decode(text)


def number(value: float) -> float | str:
    """A float as JSON can hold it: NaN and infinities become "nan", "inf", "-inf"; others keep 6 significant digits or,
    where they are exact in the record (`repr`), all of them."""
    value = float(value)
    return value if value - value == 0 else str(value)


def digest(tests: Iterable[str]) -> str:
    """Of a set of tests, whatever their order: the SHA-256 of their sorted names, one a line."""
    return hashlib.sha256("".join(f"{t}\n" for t in sorted(tests)).encode()).hexdigest()


class Writer:
    """Writes a record line by line, so that what was observed survives the death of the process."""

    def __init__(self, directory: Path) -> None:
        """Create ``directory`` with an empty record. Raises ``OSError`` if it exists with a record or is unwritable."""
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / NAME
        self._log = storage.Log(self.path)

    def write(self, line: Line) -> None:
        """Raises ``OSError`` if there is no room; what was written before stays readable."""
        self._log.append(_encoder.encode(line) + b"\n")

    def close(self) -> None:
        self._log.close()


class Run:
    """A record, read back."""

    def __init__(self, lines: Iterator[Line], path: Path | None = None) -> None:
        self.path = path
        header = next(lines, None)
        if not isinstance(header, Header):
            raise RecordError(f"{path or 'record'}: line 1 is not a header; this is not the record of a run")
        self.header = header
        self.frameworks: dict[str, FrameworkLine] = {}
        self.observations: list[Observation] = []
        self.figures: list[Figure] = []
        self.started: list[str] = []
        self.spent: list[Spent] = []
        self.timings: list[Timing] = []
        self.footer: Footer | None = None
        planned = {p.test for p in header.plan}
        for line in lines:
            match line:
                case FrameworkLine():
                    self.frameworks.setdefault(line.name, line)
                case Observation() | Spent() if line.test not in planned:
                    raise RecordError(f"{path or 'record'}: {line.test} left a line and is not in the plan")
                case Observation():
                    self.observations.append(line)
                case Figure():
                    self.figures.append(line)
                case Start():
                    self.started.append(line.test)
                case Spent():
                    self.spent.append(line)
                case Timing():
                    self.timings.append(line)
                case Footer():
                    self.footer = line
                case Header():
                    raise RecordError(f"{path or 'record'}: a second header; two records were written into one file")

    @property
    def complete(self) -> bool:
        return self.footer is not None

    def missing(self) -> list[tuple[Planned, tuple[str, str, str]]]:
        """Planned checks that left no observation."""
        seen: dict[str, set[tuple[str, str, str]]] = {}
        whole: set[str] = set()
        for o in self.observations:
            if o.route == "*":
                whole.add(o.test)
            else:
                seen.setdefault(o.test, set()).add((o.route, o.dtype, o.sample))
        return [
            (p, key)
            for p in self.header.plan
            if p.test not in whole
            for key in p.keys or (("*", "*", "*"),)
            if key not in seen.get(p.test, ())
        ]


def read(path: Path) -> Run:
    """Read a record, compressed or not (a file, or the directory of a run).

    Raises `RecordError`, one sentence, if it does not exist, is damaged, or is of a later format. A last line that was
    cut off in the middle is dropped: that is what a killed process leaves, and the missing footer says so.
    """
    path = storage.find(path)
    return Run(lines(path), path)


def lines(path: Path) -> Iterator[Line]:
    """The lines of a record's file, as `read` reads them."""
    try:
        data = storage.load(path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error
    except storage.Damaged as error:
        raise RecordError(f"{path}: {error}") from error
    rows = data.split(b"\n")
    if rows and rows[-1]:
        rows.pop()  # no newline: cut off while it was written
    rows = [r for r in rows if r.strip()]
    if not rows:
        raise RecordError(f"{path}: the record is empty")
    _check_format(path, rows[0])
    for n, row in enumerate(rows, 1):
        try:
            yield decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RecordError(f"{path}: line {n} is damaged ({error})") from error


def _check_format(path: Path, first: bytes) -> None:
    try:
        found = msgspec.json.decode(first)
        version = found["format"] if found.get("type") == "header" else None
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: line 1 is not a header; this is not the record of a run") from error
    if isinstance(version, int) and version > FORMAT:
        raise RecordError(f"{path}: format {version} is newer than this version reads ({FORMAT})")
    if isinstance(version, int) and version < FORMAT:
        raise RecordError(f"{path}: format {version} is older than this version reads ({FORMAT})")
