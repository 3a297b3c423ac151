"""Make a baseline of a run: its record, trimmed to what a comparison needs, in a file that is named by its versions.

Baselines are committed (reports/baselines/), and a gate takes the one of the versions that a run was made with.
"""

import argparse
import gzip
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from packaging.version import InvalidVersion, Version

from reports import storage
from reports.errors import Invalid, Undecided
from reports.record import Footer, Line, Observation, Planned, Run, encode, read
from reports.verdict import verdict

DIRECTORY = Path(__file__).with_name("baselines")
SUFFIX = ".jsonl.gz"
FACTS = ("numpy_blas", "gpu")
"""Of a fingerprint, what results depend on bit by bit, besides the processor and the environment."""
IRRELEVANT = ("LOG", "CONFIG_FILE", "CACHE", "TF_FORCE_GPU_ALLOW_GROWTH", "PREALLOCATE", "VISIBLE_DEVICES")
"""Environment variables with one of these in their name change no result."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, metavar="DIR", help="of the baselines (default: %(default)s)"
    )


def main(options: argparse.Namespace) -> int:
    run = read(options.run)
    found = verdict(run)
    if not run.complete or run.missing() or run.header.shard is not None:
        raise Undecided(f"{run.path}: the run is not complete, and no baseline")
    if not found.conformant or not found.counts["passed"]:
        raise Invalid(f"{run.path}: {found.sentence} A baseline is a conformant run.")
    path = write(run, options.directory)
    print(f"{path}: {os.path.getsize(path) / 1e6:.2f} MB, {found.counts['passed'] + found.counts['diverged']} checks")
    return 0


def name(run: Run) -> str:
    """What tells baselines apart: the versions of the frameworks and of Keras, and the devices."""
    packages = run.header.fingerprint.get("packages", {})
    versions = {f.name: f.version for f in run.frameworks.values()}
    if "keras" in versions:  # of which the local part is the backend
        versions["keras"] = versions["keras"].replace("+", "-on-")
    if "tensorflow" in versions and packages.get("keras"):
        versions["keras"] = packages["keras"]
    devices = sorted({o.device for o in run.observations if o.outcome != "skipped"})
    return "_".join([*(f"{n}-{_public(v)}" for n, v in sorted(versions.items(), key=_order)), *devices])


def find(directory: Path, run: Run) -> Path | None:
    """The baseline of a run's versions and devices."""
    path = directory / f"{name(run)}{SUFFIX}"
    return path if path.exists() else None


def write(run: Run, directory: Path) -> Path:
    """Write the baseline of a run, in place of one of the same versions. Raises ``OSError``; the old one is then still
    there. The same run gives the same bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name(run)}{SUFFIX}"
    data = gzip.compress("".join(f"{encode(line)}\n" for line in trimmed(run)).encode(), 9, mtime=0)
    return storage.put(data, path)


def trimmed(run: Run) -> Iterator[Line]:
    """The lines of a run that a comparison needs, in an order of their own: no scripts, pictures, times and skips."""
    judged = [o for o in run.observations if o.outcome != "skipped"]
    tests = {o.test for o in judged}
    plan = sorted((p for p in run.header.plan if p.test in tests), key=_test)
    cases = tuple(replace(c, summary="", sources=(), reference=(), helpers=(), conversion={}) for c in run.header.cases)
    options = {k: v for k, v in run.header.options.items() if k != "selection"}
    yield replace(run.header, plan=tuple(plan), cases=cases, functions={}, options=options)
    yield from (run.frameworks[f] for f in sorted(run.frameworks))
    for o in sorted(judged, key=lambda o: (o.area, o.test, o.key)):
        yield _trimmed(o)
    assert run.footer is not None
    yield Footer(run.footer.finished, run.footer.seconds)


def differences(before: Run, after: Run) -> tuple[str, ...]:
    """How two runs differ in what changes the last bits of a result without a change of versions: the processor and its
    instructions, the C library, BLAS, threads and switches. A merged run may be of several machines."""
    machines = [_machine(run, fingerprint) for run in (before, after) for fingerprint in _fingerprints(run)]
    found = []
    for fact in sorted(set().union(*machines)):
        values = list(dict.fromkeys(m.get(fact, "not set") for m in machines))
        if len(values) > 1:
            found.append(f"{fact} ({' and '.join(values)})")
    return tuple(found)


def _fingerprints(run: Run) -> list[dict[str, Any]]:
    return [p.fingerprint for p in run.header.parts] or [run.header.fingerprint]


def _machine(run: Run, fingerprint: dict[str, Any]) -> dict[str, str]:
    cpu = fingerprint.get("cpu", {})
    facts = {f"processor {fact}": cpu.get(fact, "") for fact in ("model", "flags")}
    facts |= {fact: fingerprint.get(fact, "") for fact in FACTS}
    # Linux-6.1-x86_64-with-glibc2.36: the kernel does not matter
    system = str(fingerprint.get("platform", "")).split("-")
    facts["platform"] = "-".join([system[0], *(s for s in system if s.startswith(("x86", "arm", "aarch", "glibc")))])
    for variable, value in fingerprint.get("environment", {}).items():
        if not any(word in variable for word in IRRELEVANT):
            facts[variable] = value
    for framework in run.frameworks.values():
        for fact in ("cpu_capability", "onednn", "threads"):
            if fact in framework.build:
                facts[f"{framework.name} {fact}"] = framework.build[fact]
    return {fact: str(value) for fact, value in facts.items() if value != ""}


def _trimmed(o: Observation) -> Observation:
    return replace(
        o, score=_short(o.score), ulps=_short(o.ulps), norm=None, seconds=0.0, reason="", worst=None, by_output={},
        script="",
    )  # fmt: skip


def _short(value: float | str | None) -> float | str | None:
    """Three digits: drift is a factor."""
    return float(f"{value:.3g}") if isinstance(value, float | int) and math.isfinite(value) else value


def _public(version: str) -> str:
    try:
        return Version(version).public
    except InvalidVersion:
        return version


def _order(item: tuple[str, str]) -> int:
    known = ("torch", "tensorflow", "keras", "jax")
    return known.index(item[0]) if item[0] in known else len(known)


def _test(planned: Planned) -> tuple[str, str]:
    return (planned.area, planned.test)
