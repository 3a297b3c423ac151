"""Judge speed: only from processes of two sides that ran in turns on one machine, as one job.

The process is the sample, not the round: rounds within a process agree with each other, and processes of identical code
do not. A benchmark is slower when its fastest new process is slower than its slowest old one, five a side. Identical
code gives that once in 252 comparisons of a benchmark, whatever the spread; with 40 benchmarks, in one of seven
comparisons. So what was slower runs in five more processes a side, and counts if it was slower both times: once in
63,504.
"""

import subprocess
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.errors import Undecided
from reports.record import Run, Timing, read

PROCESSES = 5
"""A side, in each round of judging."""
SIDES = ("before", "after")
ROOT = Path(__file__).parents[1]
LAST = 12
"""Lines of a failed process that are quoted."""


@dataclass(frozen=True)
class Speed:
    """One benchmark: seconds of each process of a side, in the order in which they ran."""

    benchmark: str
    framework: str
    mode: str
    device: str
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def noise(self) -> float:
        """How far the processes of one side are apart, of their median; of the side where that is more."""
        return max((max(s) - min(s)) / sorted(s)[len(s) // 2] for s in (self.before, self.after))

    @property
    def factor(self) -> float:
        """How much longer it takes now: the ratio of the medians."""
        a, b = (sorted(s)[len(s) // 2] for s in (self.before, self.after))
        return b / a

    @property
    def slower(self) -> bool:
        return separated(self.before, self.after)

    @property
    def faster(self) -> bool:
        return separated(self.after, self.before)


def separated(less: Sequence[float], more: Sequence[float]) -> bool:
    """Whether all of one are below all of the other, in every five processes by themselves."""
    groups = min(len(less), len(more)) // PROCESSES
    if not groups:
        return False
    pairs = ((_group(less, i, groups), _group(more, i, groups)) for i in range(groups))
    return all(max(a) < min(b) for a, b in pairs)


def _group(seconds: Sequence[float], i: int, groups: int) -> Sequence[float]:
    """The i-th of so many groups; the last takes what remains."""
    return seconds[i * PROCESSES : (i + 1) * PROCESSES if i < groups - 1 else None]


def judge(timings: Iterable[Timing]) -> tuple[tuple[Speed, ...], str]:
    """Each benchmark, the slower ones first; or none, and in one sentence why speed cannot be judged."""
    seconds: dict[tuple[str, str, str, str], dict[str, dict[int, float]]] = {}
    jobs: set[str] = set()
    for t in timings:
        jobs.add(t.job)
        seconds.setdefault(t.key, {}).setdefault(t.side, {})[t.process] = t.minimum
    if not seconds:
        return (), "no timings were given"
    if "" in jobs:
        return (), "the timings are of single processes: only those of one job, which ran in turns, can be compared"
    if len(jobs) > 1:
        return (), f"the timings are of {len(jobs)} jobs ({', '.join(sorted(jobs))}): only those of one can be compared"
    found, few = [], []
    for name, sides in seconds.items():
        before, after = (tuple(s for _, s in sorted(sides.get(side, {}).items())) for side in SIDES)
        if min(len(before), len(after)) < PROCESSES:
            few.append(f"{' '.join(name[:3])} has {len(before)} before and {len(after)} after")
        else:
            found.append(Speed(*name, before, after))
    if few and not found:
        return (), f"speed takes {PROCESSES} processes a side: {few[0]}"
    found.sort(key=lambda s: (not s.slower, s.faster, -s.factor))
    left_out = (
        f"{len(few)} benchmarks were left out, of fewer than {PROCESSES} processes a side: {few[0]}" if few else ""
    )
    return tuple(found), left_out


def read_all(directory: Path) -> list[Run]:
    """Every record below a directory that holds timings."""
    paths = sorted(p for p in directory.rglob("record.*") if p.is_file())
    return [run for run in map(read, paths) if run.timings]


def interleave(
    before: Path,
    after: Path,
    output: Path,
    *,
    processes: int = PROCESSES,
    selection: Sequence[str] = (),
    confirm: bool = True,
    progress: Callable[[str], None] = lambda said: None,
    timeout: float = 3600,
) -> tuple[Path, ...]:
    """Run the benchmarks under two interpreters in turns (before, after, before, ...), each time in a new process with
    a record of its own below ``output``, and again those that were slower, if ``confirm``. Returns the runs' places.

    Raises `Undecided`, with the last lines of the process, if one fails.
    """
    job, written = uuid.uuid4().hex[:12], []

    def turns(first: int, chosen: Sequence[str]) -> None:
        for process in range(first, first + processes):
            for side, interpreter in zip(SIDES, (before, after), strict=True):
                progress(f"benchmarks, process {process} {side}")
                directory = output / f"{side}-{process}"
                command = [
                    str(interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-only",
                    "--benchmark-max-time=0.05", "--no-roofline", f"--run-dir={directory.resolve()}",
                    f"--timing={job}/{side}/{process}", *chosen,
                ]  # fmt: skip
                _run(command, timeout)
                written.append(directory)

    turns(1, selection or ("conformance/test_benchmarks.py",))
    slower = [s for s in judge(t for path in written for t in read(path).timings)[0] if s.slower]
    if slower and confirm:
        progress(f"{len(slower)} were slower, and run again")
        turns(processes + 1, [node_id(s.benchmark, s.framework, s.mode, s.device) for s in slower])
    return tuple(written)


def node_id(benchmark: str, framework: str, mode: str, device: str = "cpu") -> str:
    """What pytest calls a benchmark."""
    return f"conformance/test_benchmarks.py::test_benchmark[{parameter(benchmark, framework, mode, device)}]"


def parameter(benchmark: str, framework: str, mode: str, device: str) -> str:
    parts = (benchmark, framework, mode)
    return "-".join(parts if device == "cpu" else (*parts, device))


def _run(command: list[str], timeout: float) -> None:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Undecided(f"{command[0]}: the benchmarks could not be run ({error})") from error
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-LAST:])
        raise Undecided(f"{command[0]}: the benchmarks failed with exit status {done.returncode}:\n{last}")
