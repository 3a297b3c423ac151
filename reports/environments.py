"""Environments of an upgrade: what is pinned, what is taken the same on both sides, and how they are built and kept.

pip resolves each side by itself, without installing. Then every package that no side pins takes one version for both:
the one installed here if both sides accept it, else one that pip found and both accept; only where there is none do
the sides differ. What comes out is a full list of versions, which is installed without resolving again, and by which
the environment is kept.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from conformance.frameworks import DISTRIBUTIONS
from reports.errors import Invalid, Undecided

ROOT = Path(__file__).parents[1]
WHOLE = "whole.json"
"""Written last into an environment: without it, it is half built."""
LINES = 8
"""Of the installer's output, in an error."""
WIDEST = 160
"""Characters of such a line: pip lists every version that there is."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Package:
    """A distribution of one version, and what it requires."""

    name: str
    version: str
    requires: tuple[str, ...] = ()


Lock = dict[str, Package]
"""canonical name -> package"""


@dataclass(frozen=True)
class Interpreter:
    """A Python, and what is installed for it."""

    path: str
    version: str
    packages: Lock
    paths: tuple[str, ...]
    """Where its packages are."""
    markers: dict[str, str] = field(default_factory=dict)
    """What environment markers are evaluated with."""


@dataclass(frozen=True)
class Wanted:
    """One side, as asked for: pins, and what pip found for them."""

    name: str
    pins: tuple[Requirement, ...]
    found: Lock = field(default_factory=dict)
    markers: dict[str, str] = field(default_factory=dict)

    @property
    def pinned(self) -> set[str]:
        return {canonicalize_name(p.name) for p in self.pins}


# What is asked for


def requirements(text: str, option: str) -> tuple[Requirement, ...]:
    """Requirements between spaces; ``@FILE`` stands for those of a requirements file.

    Raises `Invalid` with the option, or the file and line.
    """
    found: list[Requirement] = []
    for word in re.split(r"(?<!@)\s+(?=@\S|[A-Za-z])", text.strip()):
        if word.startswith("@"):
            found += _of_file(Path(word[1:]), option)
        elif word:
            found.append(_requirement(word, f"{option} {word}"))
    if not found:
        raise Invalid(f"{option}: names no requirement, such as keras==3.15.1")
    return tuple(found)


def _of_file(path: Path, option: str) -> Iterator[Requirement]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{option} @{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    lines = text.replace("\\\n", " ").splitlines()
    for n, line in enumerate(lines, 1):
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        line = re.sub(r"\s--hash[= ]\S+", "", line).strip()
        if match := re.fullmatch(r"(?:-r|--requirement)[= ]\s*(\S+)", line):
            yield from _of_file(path.parent / match[1], option)
        elif line.startswith("-"):
            raise Invalid(f"{path}:{n}: {line.split()[0]} is not understood; give it to pip by its configuration")
        elif line:
            yield _requirement(line, f"{path}:{n}")


def _requirement(text: str, where: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise Invalid(f"{where}: is not a requirement ({str(error).splitlines()[0]})") from error


@cache
def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def suite_requirements() -> tuple[Requirement, ...]:
    """What the suite itself needs."""
    return tuple(map(Requirement, _project()["dependencies"]))


# What is there

_LOOK = """
import importlib.metadata as m, json, os, platform, sys
def packages():
    for d in m.distributions():
        if d.metadata["Name"]:
            yield d.metadata["Name"], d.version, d.requires or []
v = sys.version_info
print(json.dumps({
    "path": sys.executable, "version": "%d.%d.%d" % v[:3], "packages": list(packages()),
    "paths": [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")],
    "markers": {
        "implementation_name": sys.implementation.name, "implementation_version": "%d.%d.%d" % v[:3],
        "os_name": os.name, "platform_machine": platform.machine(), "platform_release": platform.release(),
        "platform_system": platform.system(), "platform_version": platform.version(),
        "python_full_version": platform.python_version(), "sys_platform": sys.platform,
        "platform_python_implementation": platform.python_implementation(), "python_version": "%d.%d" % v[:2],
    },
}))
"""


def look(path: Path, option: str) -> Interpreter:
    """What an interpreter is and has. A folder stands for the environment in it.

    Raises `Invalid` if there is none, if it does not run, or if it is too old.
    """
    path = next((p for p in (path / "bin" / "python", path / "Scripts" / "python.exe") if p.exists()), path)
    path = path.absolute()
    if not path.is_file():
        raise Invalid(f"{option} {path}: there is no such interpreter")
    try:
        done = subprocess.run(
            [str(path), "-c", _LOOK], capture_output=True, text=True, timeout=120, check=True, env=surroundings(),
            cwd=os.sep,  # not here, whose own metadata would be found
        )  # fmt: skip
        facts = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Invalid(f"{option} {path}: does not run as a Python interpreter") from error
    needed = str(_project()["requires-python"])
    if not SpecifierSet(needed).contains(facts["version"]):
        raise Invalid(f"{option} {path}: is Python {facts['version']}, and the suite needs {needed}")
    packages: Lock = {}
    for name, version, requires in facts["packages"]:  # of two of a name, the first is imported
        packages.setdefault(canonicalize_name(name), Package(name, version, tuple(requires)))
    return Interpreter(str(path), facts["version"], packages, tuple(facts["paths"]), facts["markers"])


def surroundings(**more: str) -> dict[str, str]:
    """The environment variables of a side: none that would mix another environment's packages into it."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST")
    own = {k: v for k, v in os.environ.items() if k not in left_out and not k.startswith("PYTEST_XDIST")}
    return {**own, **more}


def roots(base: Interpreter, pinned: set[str]) -> tuple[Requirement, ...]:
    """What every environment holds: what the suite needs, and the frameworks installed in ``base``, unless another
    distribution of the same framework is pinned. Of torch always that version, since others may be gigabytes."""
    found = list(suite_requirements())
    for framework, names in DISTRIBUTIONS.items():
        if pinned & set(names):
            continue
        for name in names:
            if package := base.packages.get(name):
                exact = f"=={package.version}" if framework == "torch" else ""
                found.append(Requirement(f"{name}{exact}"))
                break
    return tuple(found)


# One version for both sides


def settle(base: Lock, sides: Sequence[Wanted], needed: Sequence[Sequence[Requirement]]) -> tuple[Lock, ...]:
    """The packages of each side: what pins ask for, and as much the same of all else as they allow.

    ``needed`` are the roots of each side besides its pins. What is not chosen yet takes its next candidate where a
    requirement refuses the present one: first those that all sides may share (installed here, found by pip for one of
    them), then, where these are exhausted, those of each side alone. The last is pip's own answer, which is whole.
    """
    named = set().union(*(side.pinned for side in sides))
    position: dict[tuple[int, str], int] = {}
    split: set[str] = set()

    def key(i: int, name: str) -> tuple[int, str]:
        return (i if name in named | split else -1, name)

    def candidates(i: int, name: str) -> list[Package]:
        if name in sides[i].pinned:
            locks = [sides[i].found]
        elif name in named | split:
            locks = [base, sides[i].found]
        else:
            locks = [base, *(side.found for side in sides)]
        found = {lock[name].version: lock[name] for lock in reversed(locks) if name in lock}
        return [found[v] for v in dict.fromkeys(lock[name].version for lock in locks if name in lock)]

    def choice(i: int, name: str) -> Package | None:
        known = candidates(i, name)
        at = position.get(key(i, name), 0)
        return known[at] if at < len(known) else None

    def advance(i: int, name: str) -> bool:
        place = key(i, name)
        if position.get(place, 0) + 1 < len(candidates(i, name)):
            position[place] = position.get(place, 0) + 1
            return True
        if place[0] == -1 and len(sides) > 1:
            split.add(name)
            return True
        return False

    while True:
        locks, broken = [], None
        for i, side in enumerate(sides):
            lock, refused = _reached([*side.pins, *needed[i]], partial(choice, i), side.markers)
            locks.append(lock)
            if refused and broken is None:
                broken = (i, *refused)
        if broken is None:
            return tuple(locks)
        i, parent, child = broken
        if not advance(i, child) and not (parent and advance(i, parent)):
            raise Undecided(f"{sides[i].name}: no version of {child} suits {parent or 'what was asked for'}")


def _reached(
    wanted: Sequence[Requirement], choice: Callable[[str], Package | None], markers: dict[str, str]
) -> tuple[Lock, tuple[str, str] | None]:
    """All packages that requirements lead to, and the first (parent, child) that do not suit each other."""
    lock: Lock = {}
    seen: set[tuple[str, str]] = set()
    queue = [("", r, frozenset[str]()) for r in wanted]
    for parent, requirement, extras in queue:
        if requirement.marker and not any(
            requirement.marker.evaluate({**markers, "extra": extra}) for extra in (extras or {""})
        ):
            continue
        name = canonicalize_name(requirement.name)
        package = choice(name)
        if package is None or not (
            requirement.url or requirement.specifier.contains(package.version, prereleases=True)
        ):
            return lock, (parent, name)
        lock[name] = package
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                asked = frozenset({extra})
                queue += [(name, r, asked) for r in map(Requirement, package.requires) if bool(extra) == _extra(r)]
    return lock, None


def _extra(requirement: Requirement) -> bool:
    return requirement.marker is not None and "extra" in str(requirement.marker)


# What pip is asked to do


def cache_directory() -> Path:
    """Where environments are kept, as the platform has it."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tf-torch-conformance"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tf-torch-conformance"


@contextlib.contextmanager
def locked(place: Path, say: Say) -> Iterator[None]:
    """Alone with a place in the cache: a second builder waits."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        file = place.with_name(place.name + ".lock").open("w")
    except OSError as error:
        raise Invalid(f"--cache {place.parent}: cannot be written ({error.strerror})") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another process that builds the same environment")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def resolve(base: Interpreter, wanted: Wanted, needed: Iterable[Requirement], cache: Path, say: Say) -> Wanted:
    """What pip finds for a side. Kept where all pins are exact: there is nothing newer to find."""
    texts = sorted({str(r) for r in (*wanted.pins, *needed)})
    kept = cache / "resolved" / f"{digest(base.version, base.path, *texts)}.json"
    exact = all(any(s.operator in ("==", "===") and "*" not in s.version for s in p.specifier) for p in wanted.pins)
    if exact and kept.exists():
        report = json.loads(kept.read_text(encoding="utf-8"))
    else:
        pip = _pip(base, cache, say)
        place = cache / f"report-{os.getpid()}.json"
        try:
            _run([*pip, "install", "--dry-run", "--ignore-installed", "--report", str(place), *texts], wanted.name, say)
            report = json.loads(place.read_text(encoding="utf-8"))
        finally:
            place.unlink(missing_ok=True)
        report = {"environment": report["environment"], "install": [
            {"metadata": {k: i["metadata"].get(k) for k in ("name", "version", "requires_dist")}}
            for i in report["install"]
        ]}  # fmt: skip
        kept.parent.mkdir(exist_ok=True)
        kept.with_suffix(f".{os.getpid()}").write_text(json.dumps(report), encoding="utf-8")
        kept.with_suffix(f".{os.getpid()}").replace(kept)
    found: Lock = {
        canonicalize_name(m["name"]): Package(m["name"], m["version"], tuple(m["requires_dist"] or ()))
        for m in (item["metadata"] for item in report["install"])
    }
    return Wanted(wanted.name, wanted.pins, found, base.markers)


def build(base: Interpreter, lock: Lock, name: str, cache: Path, say: Say, urls: dict[str, str] | None = None) -> Path:
    """The interpreter of an environment with exactly these packages, taken from the cache or built there."""
    lines = sorted(f"{p.name} @ {urls[n]}" if urls and n in urls else f"{p.name}=={p.version}" for n, p in lock.items())
    place = cache / f"env-{digest(base.version, base.path, *lines)}"
    python = place / "bin" / "python"
    with locked(place, say):
        if (place / WHOLE).exists() and python.exists():
            say("environment taken from the cache")
            return python
        pip = _pip(base, cache, say)
        _discard(place)
        try:
            say("creating an environment")
            _run([base.path, "-m", "venv", "--without-pip", str(place)], name, say)
            (place / "lock.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
            say(f"installing {len(lines)} packages")
            install = [*pip, "--python", str(python), "install", "--no-deps", "--no-compile", "-r", place / "lock.txt"]
            _run(list(map(str, install)), name, say)
            (place / WHOLE).write_text(json.dumps({"python": base.version, "packages": lines}), encoding="utf-8")
        except BaseException:
            _discard(place)
            raise
    return python


def overlay(existing: Interpreter, name: str, cache: Path, say: Say) -> Path:
    """An interpreter that sees an existing environment's packages, and what the suite needs besides. Nothing is
    installed into that environment itself; nor is any of its packages replaced, pytest and its plugins excepted."""
    missing = [
        r
        for r in suite_requirements()
        if (p := existing.packages.get(canonicalize_name(r.name))) is None
        or not r.specifier.contains(p.version, prereleases=True)
    ]
    if not missing:
        return Path(existing.path)
    pinned = sorted(
        f"{p.name}=={p.version}"
        for n, p in existing.packages.items()
        if not n.startswith("pytest") and n not in ("pluggy", "iniconfig", "execnet", "tf-torch-conformance")
    )
    place = cache / f"over-{digest(existing.path, existing.version, *pinned, *missing)}"
    python = place / "bin" / "python"
    with locked(place, say):
        if (place / WHOLE).exists() and python.exists():
            return python
        pip = _pip(existing, cache, say)
        _discard(place)
        try:
            say(f"installing what the suite needs, beside {existing.path}")
            _run([existing.path, "-m", "venv", "--without-pip", str(place)], name, say)
            (site,) = place.glob("lib/python*/site-packages")
            (site / "existing.pth").write_text("\n".join(existing.paths) + "\n", encoding="utf-8")
            (place / "constraints.txt").write_text("\n".join(pinned) + "\n", encoding="utf-8")
            command = [*pip, "--python", python, "install", "--no-compile", "-c", place / "constraints.txt", *missing]
            _run(list(map(str, command)), name, say)
            (place / WHOLE).write_text("{}", encoding="utf-8")
        except BaseException:
            _discard(place)
            raise
    return python


def _pip(base: Interpreter, cache: Path, say: Say) -> list[str]:
    """A pip that runs on this Python, in an environment of its own."""
    place = cache / f"pip-{digest(base.version, base.path)}"
    with locked(place, say):
        if not (place / WHOLE).exists():
            _discard(place)
            try:
                say("creating an environment for pip")
                _run([base.path, "-m", "venv", str(place)], "pip", say)
                (place / WHOLE).write_text("{}", encoding="utf-8")
            except BaseException:
                _discard(place)
                raise
    return [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]


def _discard(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)


_CAUSES = (
    ("No space left on device", "there is no space left on the device; free some, or give --cache DIR"),
    ("Disk quota exceeded", "the disk quota is exceeded; free some, or give --cache DIR"),
    ("ensurepip is not available", "this Python has no ensurepip: install its venv package"),
    ("Failed to establish a new connection", "the package index cannot be reached"),
    ("Connection refused", "the package index cannot be reached"),
    ("Could not fetch URL", "the package index cannot be reached"),
    ("name resolution", "the package index cannot be reached"),
    ("ResolutionImpossible", "no versions suit all of these requirements"),
    ("from versions: none)", "the package index has nothing of that name, or it cannot be reached"),
    ("No matching distribution found for ", "there is no distribution of {rest} for this Python and platform"),
)


def _run(command: list[str], name: str, say: Say) -> None:
    """Run a step of a build. Raises `Undecided` with its cause in a sentence, and the installer's own last lines."""
    lines: list[str] = []
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=surroundings()
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                if found := re.match(r"(Collecting|Downloading|Installing collected packages)\s*:?\s*(\S*)", line):
                    say(" ".join(found.groups()).lower() if found[2] else found[1].lower())
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    except OSError as error:
        raise Undecided(f"{name}: the environment could not be built ({command[0]}: {error.strerror})") from error
    if code == 0:
        return
    text = "\n".join(lines)
    cause = f"{Path(command[0]).name} ended with status {code}"
    for sign, sentence in _CAUSES:
        if sign in text:
            cause = sentence.format(rest=text.rpartition(sign)[2].partition("\n")[0])
            break
    quoted = "".join(
        f"\n  | {line[:WIDEST]}" for line in [s for s in lines if s.strip() and "is ignored" not in s][-LINES:]
    )
    raise Undecided(f"{name}: the environment could not be built: {cause}{quoted}")
