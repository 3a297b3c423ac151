"""A gate's policy: what a run must show, in TOML, as docs/gate.md describes. What is wrong is said with its line."""

import datetime
import difflib
import fnmatch
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from reports import toml
from reports.errors import Invalid
from reports.record import Observation
from reports.toml import Place, line_of

DEFAULT = Path(__file__).with_name("policy.toml")
"""The policy that ships with the suite."""


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some of the checks. An absent list means all."""

    areas: tuple[str, ...] = ("*",)
    frameworks: tuple[str, ...] = ("*",)
    devices: tuple[str, ...] = ("*",)

    def holds(self, o: Observation) -> bool:
        """Whether a check is meant. One of two frameworks together is meant where both are."""
        return (
            _any(o.area, self.areas)
            and all(_any(f, self.frameworks) for f in o.framework.split("+"))
            and _any(o.device, self.devices)
        )


class Ran(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """At least ``minimum`` checks were judged in each of these areas, by each framework, on each device."""

    minimum: int


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the run itself must be."""

    versions: tuple[str, ...] = ()
    """Requirements such as ``torch>=2.13``"""
    oldest: int | None = None
    """In days."""


class Divergences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accept: Literal["known", "listed"] = "known"
    """known: all of the catalogue, but none that the baseline did not show; listed: only those of an ``[[accept]]``"""


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Divergences that are put up with for a while."""

    divergence: str
    """An id, or a pattern of ids."""
    until: str
    """The last day, or the first version (``torch 2.15``) for which it no longer holds: see `end`."""
    owner: str
    reason: str

    def holds(self, id: str) -> bool:
        return fnmatch.fnmatchcase(id, self.divergence)


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may have changed since the baseline."""

    required: bool = False
    """Whether a gate without a baseline fails."""
    drift: float = 10.0
    """The factor by which scores may grow."""
    elsewhere: bool = False
    """Whether drift and new divergences also fail the gate if the baseline is of another machine or other settings."""
    drifted: int = 0
    """So many checks may drift further."""
    vanished: int = 0
    """So many checks of the baseline may be absent."""
    slowdown: float = 1.0
    """The factor by which a benchmark may become slower, of those that are slower beyond doubt."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole policy."""

    ran: tuple[Ran, ...]
    run: Selection = Selection()
    passed: Scope = Scope()
    divergences: Divergences = Divergences()
    accept: tuple[Acceptance, ...] = ()
    baseline: Baseline = Baseline()


def read(path: Path, *, areas: Collection[str], devices: Collection[str], frameworks: Collection[str],
         divergences: Collection[str]) -> Policy:  # fmt: skip
    """Read a policy whose names are among those given. Raises `Invalid`, with the line, if it is none."""
    policy, text = toml.read(path, Policy, "the policy")
    names = {"areas": areas, "frameworks": frameworks, "devices": devices}
    for place, sentence in _mistakes(policy, names, divergences):
        raise Invalid(f"{path}: line {line_of(text, place)}: {sentence}")
    return policy


def _mistakes(
    policy: Policy, names: dict[str, Collection[str]], divergences: Collection[str]
) -> Iterator[tuple[Place, str]]:
    """What is well-formed and makes no sense: where, and one sentence."""
    if not policy.ran:
        yield ("ran",), "nothing must have run: a policy needs a [[ran]], so that an empty run does not pass"
    scopes: list[tuple[Place, Scope]] = [(("passed",), policy.passed)]
    scopes += [(("ran", i), ran) for i, ran in enumerate(policy.ran)]
    for place, scope in scopes:
        for field, known in names.items():
            given = getattr(scope, field)
            if not given:
                yield (*place, field), f"no {field}: leave the line out to mean all"
            for i, name in enumerate(given):
                if not any(_any(k, (name,)) for k in known):
                    yield (*place, field, i), f"unknown {field[:-1]} {name!r}{_meant(name, known)}"
    for i, ran in enumerate(policy.ran):
        if ran.minimum < 1:
            yield ("ran", i, "minimum"), f"a minimum of {ran.minimum} asks for nothing"
    for i, version in enumerate(policy.run.versions):
        try:
            Requirement(version)
        except InvalidRequirement as error:
            yield ("run", "versions", i), f"{version!r} is not a requirement such as 'torch>=2.13' ({_first(error)})"
    if policy.run.oldest is not None and policy.run.oldest < 0:
        yield ("run", "oldest"), f"{policy.run.oldest} days: a run is at least 0 days old"
    for i, accepted in enumerate(policy.accept):
        if not any(accepted.holds(id) for id in divergences):
            known = _meant(accepted.divergence, divergences)
            yield ("accept", i, "divergence"), f"no known divergence is {accepted.divergence!r}{known}"
        for field in ("owner", "reason"):
            if not getattr(accepted, field).strip():
                yield ("accept", i, field), f"an acceptance needs its {field}"
        try:
            end(accepted.until)
        except ValueError:
            said = f"{accepted.until!r} is no date (2027-03-01), and no version ('torch 2.15')"
            yield ("accept", i, "until"), said
    if not policy.baseline.drift > 1:
        yield ("baseline", "drift"), f"a drift of {policy.baseline.drift:g} is no factor above 1"
    if not policy.baseline.slowdown >= 1:
        yield ("baseline", "slowdown"), f"a slow-down of {policy.baseline.slowdown:g} is no factor from 1 up"
    for field in ("drifted", "vanished"):
        if getattr(policy.baseline, field) < 0:
            yield ("baseline", field), f"{getattr(policy.baseline, field)} checks: a number from 0 up"


def end(until: str) -> datetime.date | tuple[str, Version]:
    """A last day; or of ``torch 2.15`` the name and the version. Raises ``ValueError`` if it is neither."""
    name, _, version = until.strip().partition(" ")
    if not version:
        return datetime.date.fromisoformat(name)
    if not re.fullmatch(r"[A-Za-z][\w.-]*", name):
        raise ValueError(until)
    try:
        return name.lower(), Version(version)
    except InvalidVersion as error:
        raise ValueError(until) from error


def _any(value: str, patterns: Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(value, p) for p in patterns)


def _meant(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(known)}" if len(known) < 40 else ""


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
