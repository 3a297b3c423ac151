"""What a matrix file asks for: environments, devices and shards, and the cells that they make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from msgspec import structs
from packaging.requirements import InvalidRequirement, Requirement

from reports import toml
from reports.errors import Invalid

RESERVED = ("--run-dir", "--shard", "--collect-only", "--co", "-n", "--numprocesses")
"""Options of pytest that a matrix gives by itself, or that leave no record."""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is installed. Without pins: what is there."""

    name: str
    pins: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    """Environment variables of its cells, such as TF_ENABLE_ONEDNN_OPTS."""


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a cell needs of the node that it runs on."""

    name: str
    cpus: int = 1
    """Processes of the suite, too."""
    gpus: float = 0
    accelerator: str = ""
    """A kind of GPU, as Ray names it: H100."""
    resources: dict[str, float] = {}
    """Others, as the cluster's nodes declare them."""
    pytest: tuple[str, ...] | None = None
    """What is asked of the suite; by default the checks of GPUs where there are GPUs, and all others elsewhere."""

    @property
    def selection(self) -> tuple[str, ...]:
        if self.pytest is not None:
            return self.pytest
        return ("-m", "gpu", "--require", "gpu") if self.gpus else ("-m", "not gpu")

    @property
    def needs(self) -> dict[str, float]:
        """By the names that Ray has for them."""
        kind = {f"accelerator_type:{self.accelerator}": 0.001} if self.accelerator else {}
        return {"CPU": self.cpus, **({"GPU": self.gpus} if self.gpus else {}), **kind, **self.resources}


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    environment: tuple[Environment, ...]
    device: tuple[Device, ...] = (Device("cpu"),)
    shards: int = 1
    pytest: tuple[str, ...] = ()
    """Options of the suite for all cells."""
    retries: int = 2
    """So often a cell is begun again whose process or node died."""
    timeout: float = 7200
    """Seconds that a cell may take."""


@dataclass(frozen=True)
class Cell:
    """One shard of the suite in one environment on one device."""

    environment: Environment
    device: Device
    index: int
    count: int
    options: tuple[str, ...]

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def run(self) -> str:
        """The run that it is a shard of."""
        return f"{self.environment.name}-{self.device.name}"

    @property
    def name(self) -> str:
        return f"{self.run}, shard {self.index}/{self.count}"

    @property
    def place(self) -> Path:
        """Of its records, among those of all cells."""
        return Path(self.environment.name, self.device.name, f"{self.index}-of-{self.count}")

    @property
    def arguments(self) -> tuple[str, ...]:
        """Of pytest. At least one worker: when a check dies, it takes no more than that with it."""
        workers = ("-n", str(self.device.cpus))
        own = ("-q", "-p", "no:cacheprovider", *workers, "--shard", f"{self.index}/{self.count}")
        return (*own, *self.device.selection, *self.options)


def read(path: Path) -> Matrix:
    """A matrix file. Raises `Invalid`, with the line, if it is none."""
    matrix, text = toml.read(path, Matrix, "the matrix")
    for place, sentence in _mistakes(matrix):
        raise Invalid(f"{path}: line {toml.line_of(text, place)}: {sentence}")
    return matrix


def cells(matrix: Matrix) -> list[Cell]:
    """All cells: shards of the same run side by side."""
    return [
        Cell(e, d, i, matrix.shards, matrix.pytest)
        for e in matrix.environment
        for d in matrix.device
        for i in range(1, matrix.shards + 1)
    ]


def with_variables(cell: Cell, variables: dict[str, str]) -> Cell:
    """The same cell with more environment variables."""
    e = cell.environment
    return replace(cell, environment=structs.replace(e, variables={**e.variables, **variables}))


def _mistakes(matrix: Matrix) -> Iterator[tuple[toml.Place, str]]:
    """What is well-formed and makes no sense: where, and one sentence."""
    named = {"environment": [e.name for e in matrix.environment], "device": [d.name for d in matrix.device]}
    for kind, entries in named.items():
        if not entries:
            yield (kind,), f"no {kind}: a matrix needs at least one"
        names: set[str] = set()
        for i, entry in enumerate(entries):
            if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", entry):
                yield (
                    (kind, i, "name"),
                    f"{entry!r} is no name for a directory: letters, digits and . _ + - only",
                )
            if entry in names:
                yield (kind, i, "name"), f"two of the name {entry!r}"
            names.add(entry)
    for i, e in enumerate(matrix.environment):
        for k, pin in enumerate(e.pins):
            try:
                Requirement(pin)
            except InvalidRequirement as error:
                first = str(error).splitlines()[0]
                yield ("environment", i, "pins", k), f"{pin!r} is not a requirement such as 'torch==2.13.0' ({first})"
    for i, d in enumerate(matrix.device):
        if d.cpus < 1:
            yield ("device", i, "cpus"), f"{d.cpus} CPUs: at least one is needed"
        if d.gpus < 0 or (d.gpus > 1 and d.gpus % 1):
            yield ("device", i, "gpus"), f"{d.gpus:g} GPUs: give a whole number, or a share of one"
        yield from ((("device", i, "pytest", k), s) for k, s in _options(d.pytest or ()))
    yield from ((("pytest", k), s) for k, s in _options(matrix.pytest))
    if not 1 <= matrix.shards <= 10_000:
        yield ("shards",), f"{matrix.shards} shards: give a number from 1 to 10000"
    if matrix.retries < 0:
        yield ("retries",), f"{matrix.retries} retries: give a number from 0 up"
    if not matrix.timeout > 0:
        yield ("timeout",), f"{matrix.timeout:g} seconds are no time"


def _options(given: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for k, option in enumerate(given):
        if option.partition("=")[0] in RESERVED:
            yield k, f"{option} is given by the matrix itself"
