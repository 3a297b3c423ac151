"""Run the suite with the versions of before and of after an upgrade, in environments of their own, and compare.

Exit status: 0 nothing is worse, 1 something is, 2 asked for something impossible, 3 could not tell, 130 interrupted:
what was observed until then is kept, and said where.
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.requirements import Requirement
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from reports import compared
from reports.compare import DRIFT
from reports.comparison import FAIL_ON
from reports.environments import (
    ROOT,
    Lock,
    Say,
    Wanted,
    build,
    cache_directory,
    look,
    overlay,
    requirements,
    resolve,
    roots,
    settle,
    surroundings,
)
from reports.errors import Invalid, Undecided
from reports.record import NAME, Header, RecordError, decode, read
from reports.timings import interleave

SIDES = ("before", "after")
OPTIONS = {"before": "--from", "after": "--to"}
EVERY = 20.0
"""Seconds between lines of progress where there is no terminal to draw on."""
PATIENCE = 60.0
"""Seconds that a run gets to finish its record after Ctrl-C."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "examples:\n"
        '  conform upgrade --from "keras==3.12.4" --to "keras==3.15.1"\n'
        '  conform upgrade --from "tensorflow-cpu==2.18.1 numpy==1.26.4" -- --modes eager --dtypes float32\n'
        "  conform upgrade --from-python old/bin/python --to @requirements.txt"
    )
    for side, option in OPTIONS.items():
        parser.add_argument(
            option, dest=side, metavar="PINS",
            help=f"requirements {side} the upgrade, between spaces; @FILE for a requirements file "
            "(default: what is installed here)",
        )  # fmt: skip
        parser.add_argument(
            f"{option}-python", dest=f"{side}_python", type=Path, metavar="PATH",
            help=f"instead: the interpreter of an environment that exists, as it is {side}",
        )  # fmt: skip
    parser.add_argument("--cache", type=Path, metavar="DIR", help="of environments (default: the user's cache)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="(default: reports/runs/upgrade-<time>)")
    parser.add_argument("--drift", type=float, default=DRIFT, metavar="FACTOR", help="(default: %(default)g)")
    parser.add_argument("--fail-on", default=",".join(FAIL_ON), metavar="LIST", help="(default: %(default)s)")
    parser.add_argument("--timings", action="store_true", help="benchmarks, too: five processes a side, in turns")
    parser.add_argument("selection", nargs="*", metavar="-- ...", help="what pytest is given on both sides")


@dataclass
class Side:
    """One side, ready to run."""

    name: str
    python: Path
    lock: Lock


def main(options: argparse.Namespace) -> int:
    """0 if nothing is worse, 1 if something is."""
    _check(options)
    output: Path = options.output or ROOT / "reports" / "runs" / datetime.datetime.now(datetime.UTC).strftime(
        "upgrade-%Y-%m-%dT%H-%M-%S"
    )
    if output.exists() and any(output.iterdir()):
        raise Invalid(f"--output {output}: is not empty, and nothing is overwritten")
    asked_to_end = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as by Ctrl-C: nothing is left running
    try:
        return _upgrade(options, output)
    except KeyboardInterrupt:
        print(f"\nconform: interrupted: {_kept(output)}", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, asked_to_end)


def _check(options: argparse.Namespace) -> None:
    given = [s for s in SIDES if getattr(options, s) or getattr(options, f"{s}_python")]
    if not given:
        raise Invalid("upgrade needs --from or --to: what differs, such as --to keras==3.15.1")
    for side in SIDES:
        if getattr(options, side) and getattr(options, f"{side}_python"):
            raise Invalid(f"{OPTIONS[side]} and {OPTIONS[side]}-python are two answers to one question: give one")
    for word in options.selection:
        if word.partition("=")[0] in ("--run-dir", "--collect-only", "--co"):
            raise Invalid(f"{word.partition('=')[0]}: is not for an upgrade, which runs both sides into --output DIR")
    if not (ROOT / "conftest.py").exists():
        raise Invalid(f"{ROOT}: is not a checkout of the suite, which an upgrade runs on both sides")


def _upgrade(options: argparse.Namespace, output: Path) -> int:
    cache = (options.cache or cache_directory()).absolute()
    console = Console(stderr=True, highlight=False)
    with _shown(console) as show:
        sides = _environments(options, cache, show)
        for line in _differences(*sides):
            show.say(line)
        output.mkdir(parents=True, exist_ok=True)
        for side in sides:
            text = "".join(f"{p.name}=={p.version}\n" for _, p in sorted(side.lock.items()))
            (output / f"{side.name}.txt").write_text(text, encoding="utf-8")
        for side in sides:
            versions = _import(side)
            show.say(f"{side.name}: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
        for side in sides:
            _run(side, output, options.selection, show)
        if options.timings:
            task = show.step("timings")
            interleave(sides[0].python, sides[1].python, output / "timings", progress=task)
    before, after = (read(output / side) for side in SIDES)
    if before.header.fingerprint.get("sources") != after.header.fingerprint.get("sources"):
        raise Undecided("the suite's own files changed while the two sides ran: run it again")
    status = compared.main(
        argparse.Namespace(
            before=output / "before", after=output / "after", drift=options.drift, fail_on=options.fail_on,
            anyway=False, timings=output / "timings" if options.timings else None, across_machines=False,
            show=compared.SHOWN, json=output / "comparison.json", page=output / "index.html",
        )
    )  # fmt: skip
    print(f"Records: {output}")
    return status


# The environments


def _environments(options: argparse.Namespace, cache: Path, show: "Show") -> list[Side]:
    """Both sides, built: each its own environment from the cache, or one that exists."""
    existing = {
        side: look(path, f"{OPTIONS[side]}-python")
        for side in SIDES
        if (path := getattr(options, f"{side}_python")) is not None
    }
    pins = {
        side: requirements(text, OPTIONS[side]) if (text := getattr(options, side)) else ()
        for side in SIDES
        if side not in existing
    }
    # What is not pinned is as on the other side, where that exists already; otherwise as it is here.
    base = next(iter(existing.values()), None) or look(Path(sys.executable), "this Python")
    wanted: list[Wanted] = []
    needed: list[tuple[Requirement, ...]] = []
    for side in pins:
        names = Wanted(side, pins[side]).pinned
        needed.append(roots(base, names))
        step = show.step(f"{side}: versions")
        wanted.append(resolve(base, Wanted(OPTIONS[side], pins[side]), needed[-1], cache, step))
        step("")
    locks = dict(zip(pins, settle(base.packages, wanted, needed), strict=True))
    if not existing and locks["before"] == locks["after"]:
        raise Invalid(f"both sides are the same: {_named(locks['before'], [*pins['before'], *pins['after']])}")
    sides = []
    for side in SIDES:
        step = show.step(f"{side}: environment")
        if side in existing:
            sides.append(Side(side, overlay(existing[side], OPTIONS[side], cache, step), existing[side].packages))
        else:
            urls = {p.name: p.url for p in pins[side] if p.url}
            python = build(base, locks[side], OPTIONS[side], cache, step, urls)
            sides.append(Side(side, python, locks[side]))
        step("ready")
    return sides


def _named(lock: Lock, pins: Sequence[Requirement]) -> str:
    names = {p.name.lower() for p in pins} or set(lock)
    return ", ".join(f"{p.name} {p.version}" for n, p in sorted(lock.items()) if n in names)


def _differences(before: Side, after: Side) -> Iterator[str]:
    """Which packages differ, and how many do not."""
    names = sorted({*before.lock, *after.lock})
    differ = [
        f"{n} {a.version if a else 'none'} -> {b.version if b else 'none'}"
        for n in names
        if (a := before.lock.get(n)) != (b := after.lock.get(n)) and (a and a.version) != (b and b.version)
    ]
    yield "differs: " + (", ".join(differ) or "no version")
    yield f"the same on both sides: {len(names) - len(differ)} packages"


_IMPORT = """
import json, sys
from conformance.frameworks import Unusable, installed, load
found = {}
try:
    for name in ("torch", "tensorflow", "jax"):
        if installed(name):
            framework = load(name)
            found[name] = framework.version()
            if framework.build().get("keras"):
                found["keras"] = framework.build()["keras"]
    import numpy
    found["numpy"] = numpy.__version__
except Unusable as error:
    found = {"": str(error)}
print("\\n" + json.dumps(found))
"""


def _import(side: Side) -> dict[str, str]:
    """The versions that a side's Python imports. Raises `Undecided` if a framework, or the suite, does not import."""
    quiet = surroundings(TF_CPP_MIN_LOG_LEVEL="3", PYTHONPATH=str(ROOT))
    done = subprocess.run([str(side.python), "-c", _IMPORT], cwd=ROOT, env=quiet, capture_output=True, text=True)
    option = OPTIONS[side.name]
    if done.returncode:
        raise Undecided(f"{option}: the suite cannot be imported there{_last(done.stdout + done.stderr)}")
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    if "" in found:
        raise Undecided(f"{option}: {found['']}")
    if len(found) == 1:
        raise Undecided(f"{option}: neither torch nor tensorflow is installed there")
    return found


def _last(text: str, lines: int = 8) -> str:
    return "".join(f"\n  | {line}" for line in [s for s in text.splitlines() if s.strip()][-lines:])


# The runs


class _Brief(msgspec.Struct):
    """Of a line of a record, what progress needs."""

    type: str
    covers: int = 1


class Watch:
    """Reads a record while it is written: how many checks are planned, and how many were observed."""

    def __init__(self, path: Path) -> None:
        self.path, self.at, self.rest = path, 0, b""
        self.planned = self.observed = 0

    def update(self) -> None:
        try:
            with self.path.open("rb") as file:
                file.seek(self.at)
                new = file.read()
        except OSError:
            return  # not begun, or done with and compressed
        self.at += len(new)
        *rows, self.rest = (self.rest + new).split(b"\n")
        for row in rows:
            brief = msgspec.json.decode(row, type=_Brief)
            if brief.type == "header":
                header = decode(row)
                assert isinstance(header, Header)
                self.planned = sum(p.checks for p in header.plan)
            elif brief.type == "observation":
                self.observed += brief.covers


def _run(side: Side, output: Path, selection: Sequence[str], show: "Show") -> None:
    """Run the suite on one side; its output goes to a log."""
    log = output / f"{side.name}.log"
    workers = [] if any(w == "-n" or w.startswith(("-n", "--numprocesses")) for w in selection) else ["-n", "auto"]
    command = [
        str(side.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers, *selection,
        f"--run-dir={(output / side.name).absolute()}",
    ]  # fmt: skip
    advance = show.checks(side.name)
    watch = Watch(output / side.name / NAME)
    # A session of its own: Ctrl-C is for this process, which passes it on once.
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env=surroundings(), stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while process.poll() is None:
                watch.update()
                advance(watch.observed, watch.planned)
                time.sleep(0.2)
        except BaseException:
            _end(process)
            raise
    watch.update()
    advance(watch.observed, watch.planned)
    _judge(side, process.returncode, log)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let a run finish its record; then end it, with all that it started."""
    try:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt, ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _judge(side: Side, code: int, log: Path) -> None:
    """Raise what a run's exit status says, where it says that there is nothing to compare."""
    if code in (0, 1):
        return
    text = log.read_text(encoding="utf-8", errors="replace")
    where = f"{side.name} the upgrade"
    if code == 4:
        said = [line.removeprefix("ERROR: ") for line in text.splitlines() if line.startswith("ERROR: ")]
        raise Invalid(f"pytest cannot do this: {said[-1] if said else text.strip().splitlines()[-1]}")
    if code == 5:
        raise Invalid("the selection holds no check")
    if code == 2:
        raise Undecided(f"{where}, the run was interrupted, or could not begin{_last(text)}")
    raise Undecided(f"{where}, pytest ended with status {code}: see {log}{_last(text)}")


def _kept(output: Path) -> str:
    """What an interrupted upgrade leaves."""
    found = []
    for side in SIDES:
        try:
            run = read(output / side)
        except RecordError:
            continue
        done = sum(o.covers for o in run.observations)
        found.append(f"{done} of {sum(p.checks for p in run.header.plan)} checks {side}")
    if not found:
        return "nothing was observed yet; environments that were built are kept"
    sentence = f"{' and '.join(found)} were observed, and are kept in {output}"
    if len(found) == 2:
        sentence += f"; conform compare --anyway {output / 'before'} {output / 'after'} compares them"
    return sentence


# What is shown meanwhile


@dataclass
class Show:
    """Progress on a terminal, or lines now and then in a log."""

    console: Console
    progress: Progress | None
    since: float = 0.0

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)

    def step(self, name: str) -> Say:
        """A row for a step without a known length; the function that it returns says what it does now."""
        if self.progress is None:
            return lambda said: self._now_and_then(f"{name}: {said}") if said else None
        progress, task = self.progress, self.progress.add_task(name, total=None)

        def say(said: str) -> None:
            if said in ("", "ready"):
                progress.update(task, total=1, completed=1, description=f"{name} {said}".strip())
            else:
                progress.update(task, description=f"{name}: {said}")

        return say

    def checks(self, name: str) -> Callable[[int, int], None]:
        """A row for a run: checks observed of those planned."""
        if self.progress is None:
            return lambda done, of: self._now_and_then(f"{name}: {done} of {of} checks" if of else f"{name}: starting")
        progress, task = self.progress, self.progress.add_task(f"{name}: starting", total=None)
        return lambda done, of: progress.update(
            task, completed=done, total=of or None, description=f"{name}: checks" if of else f"{name}: starting"
        )

    def _now_and_then(self, text: str) -> None:
        if time.monotonic() - self.since >= EVERY:
            self.since = time.monotonic()
            self.say(text)


@contextmanager
def _shown(console: Console) -> Iterator[Show]:
    if not console.is_terminal:
        yield Show(console, None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield Show(console, progress)
