"""Benchmarks of a run, frameworks side by side: times, how they compare with NumPy's and with the machine's, and
noise."""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from reports.record import Run, Timing

NOISY = 0.1
"""A result whose rounds scatter by more than this share (interquartile range of median) is marked."""
ABOVE = 1.2
"""Nothing can be above its roofline but by noise."""
BASELINE = "numpy"
ABOUT = (
    "Each: the median of the rounds, ~ if their interquartile range is more than {noisy:.0%} of it; how many times as "
    "fast as NumPy; the share of what the machine can do (roofline)."
)


@dataclass(frozen=True)
class Ceiling:
    """One measurement of what a device can do."""

    kernel: str
    by: str
    working_set: int
    """Bytes."""
    rate: float
    """FLOP/s or bytes/s of the best round."""
    spread: float
    """The interquartile range of the rounds, of their median."""


@dataclass(frozen=True)
class Roofline:
    """What a device can do at most, as `conformance.roofline` measured it."""

    compute: tuple[Ceiling, ...]
    memory: tuple[Ceiling, ...]

    @property
    def peak(self) -> Ceiling:
        return max(self.compute, key=lambda c: c.rate)

    def bandwidth(self, working_set: float) -> Ceiling:
        """The highest of working sets that are at least half as large; beyond the largest, of that one."""
        largest = max(c.working_set for c in self.memory)
        least = min(working_set / 2, largest)
        return max((c for c in self.memory if c.working_set >= least), key=lambda c: c.rate)

    def least_seconds(self, flops: float, bytes_moved: float) -> float:
        """Nothing that takes so much work can be faster."""
        return max(flops / self.peak.rate, bytes_moved / self.bandwidth(bytes_moved).rate)

    def fraction(self, t: Timing) -> float:
        """Of min(peak, FLOPs per byte * bandwidth), what a benchmark reached."""
        return self.least_seconds(t.flops, t.bytes) / t.median if t.median else 0.0


def rooflines(fingerprint: Mapping[str, Any]) -> dict[str, Roofline]:
    """device -> its roofline, of those that a run measured."""
    found = fingerprint.get("roofline") or {}
    return {
        device: Roofline(*(tuple(Ceiling(**c) for c in ceilings[kind]) for kind in ("compute", "memory")))
        for device, ceilings in found.items()
    }


@dataclass(frozen=True)
class Cell:
    """One benchmark in one framework, mode and device."""

    timing: Timing
    ratio: float | None
    """NumPy's time by this one."""
    fraction: float | None
    """Of the roofline."""

    @property
    def noisy(self) -> bool:
        return self.timing.noise > NOISY

    @property
    def text(self) -> str:
        return "  ".join(filter(None, (f"{time(self.timing.median)}{'~' if self.noisy else ' '}", *self.parts)))

    @property
    def parts(self) -> tuple[str, str]:
        """The ratio and the fraction, as they are printed."""
        ratio = "" if self.ratio is None or self.timing.framework == BASELINE else f"x{self.ratio:.3g}"
        return ratio, "" if self.fraction is None else f"{self.fraction:.0%}" if self.fraction >= 0.01 else "<1%"


Column = tuple[str, str, str]
"""framework, mode, device"""


@dataclass(frozen=True)
class Group:
    """The benchmarks of one kind: forward, forward and backward, optimizer step, training step."""

    what: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, dict[Column, Cell]], ...]
    """benchmark -> its cells"""


def groups(run: Run) -> tuple[Group, ...]:
    """Of several processes' timings of one benchmark, the last one is shown."""
    roofs = rooflines(run.header.fingerprint)
    by_what: dict[str, dict[str, dict[Column, Timing]]] = {}
    for t in run.timings:
        by_what.setdefault(t.what, {}).setdefault(t.benchmark, {})[t.framework, t.mode, t.device] = t
    return tuple(
        Group(
            what,
            tuple(dict.fromkeys(column for row in rows.values() for column in row)),
            tuple((name, dict(_cells(row, roofs))) for name, row in rows.items()),
        )
        for what, rows in by_what.items()
    )


def _cells(row: dict[Column, Timing], roofs: dict[str, Roofline]) -> Iterator[tuple[Column, Cell]]:
    baseline = next((t for (framework, _, _), t in row.items() if framework == BASELINE), None)
    for column, t in row.items():
        ratio = baseline.median / t.median if baseline is not None and t.median else None
        known = t.device in roofs and (t.flops or t.bytes)
        yield column, Cell(t, ratio, roofs[t.device].fraction(t) if known else None)


def table(run: Run) -> str:
    """For a terminal or a log: one table for each kind of benchmark, as wide as it must be, and the roofline."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=10_000, force_terminal=False, color_system=None)
    for group in groups(run):
        shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        shown.add_column(group.what or "benchmark", no_wrap=True)
        for column in group.columns:
            shown.add_column(heading(column), justify="right", no_wrap=True)
        for name, cells in group.rows:
            shown.add_row(name, *(cells[c].text if c in cells else "" for c in group.columns))
        console.print(shown)
    lines = [line.rstrip() for line in buffer.getvalue().splitlines() if line.strip()]
    return "\n".join([*lines, ABOUT.format(noisy=NOISY), *machine(run)])


def machine(run: Run) -> Iterator[str]:
    """What the machine can do, with its noise: a sentence for each device, and what that leaves in doubt."""
    for device, roof in rooflines(run.header.fingerprint).items():
        memory = roof.bandwidth(float("inf"))
        fastest = roof.bandwidth(0)
        yield (
            f"roofline of the {device}: {rate(roof.peak, 'FLOP/s')}; {rate(memory, 'B/s')} from memory, "
            f"{rate(fastest, 'B/s')} from caches (sets of {fastest.working_set / 2**20:.3g} MiB)"
        )
    noisy = sum(t.noise > NOISY for t in run.timings)
    above = sum(c.fraction > ABOVE for g in groups(run) for _, row in g.rows for c in row.values() if c.fraction)
    if above:
        yield f"{above} results are above {ABOVE:.0%} of the roofline: the machine was busy while that was measured"
    if run.timings:
        yield f"{noisy} of {len(run.timings)} results are noisy: their rounds differ by more than {NOISY:.0%}"


def rate(c: Ceiling, unit: str) -> str:
    return f"{c.rate / 1e9:.3g} G{unit} ({c.kernel} by {c.by}, spread {c.spread:.0%})"


def heading(column: Column) -> str:
    framework, mode, device = column
    return " ".join(filter(None, (framework, "" if framework == BASELINE else mode, "" if device == "cpu" else device)))


def time(seconds: float) -> str:
    """With three digits, in ns, us, ms or s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def of_case(timings: Iterable[Timing], case: str) -> list[Timing]:
    return [t for t in timings if (t.case or t.benchmark.split("-")[0]) == case]
