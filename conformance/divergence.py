"""Known divergences: where a framework differs from the reference, why, and how to make it agree.

They live outside the cases, in ``divergences/*.toml``. An entry's scope is a set of patterns over case, check, route,
dtype, mode, device and sample, a range of versions, and the kernels that this machine computes with. It is strict: for
each case, check, route, dtype and mode in its scope at least one sample must exceed the limit, or the entry is out of
date and the check fails. It is bounded: a score beyond ``bound`` noise floors is something else, and fails too.
"""

import fnmatch
import importlib.metadata
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from packaging.specifiers import SpecifierSet

from conformance.case import FRAMEWORKS, TF32
from conformance.frameworks import BACKEND, BACKENDS, CPU_KERNELS, KERNELS, installed, leading_mode, load
from conformance.plan import ACROSS, SIGNED_ZEROS, Test

DIRECTORY = Path(__file__).parent / "divergences"


class Divergence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry. Patterns are those of `fnmatch`; an absent list matches everything."""

    id: str
    framework: str
    reason: str
    agree: str
    """The setting or rewriting that makes the framework agree, or why there is none."""
    sources: tuple[str, ...]
    bound: float
    """The largest score, in noise floors, that this divergence explains: some ten times what was seen; 1e30 for numbers
    that have nothing to do with the exact ones; 1e308 where these are 0; inf where there is no distance: exceptions,
    shapes, dtypes, whole numbers, NaN."""
    added: str
    cases: tuple[str, ...]
    checks: tuple[str, ...] = ("*",)
    routes: tuple[str, ...] = ("*",)
    dtypes: tuple[str, ...] = ("*",)
    modes: tuple[str, ...] = ("*",)
    devices: tuple[str, ...] = ("*",)
    """Strict on the CPU, and on a GPU if the list names it: what is only said to hold anywhere may not hold there."""
    samples: tuple[str, ...] = ("*",)
    lacks: tuple[str, ...] = ()
    """Names that the framework does not have, where that is the divergence: to ask for them is no reason to skip."""
    versions: dict[str, str] = {}
    """distribution -> version specifier, e.g. {"torch": ">=2.4"}; all must hold"""
    backends: tuple[str, ...] = ()
    """Backends of Keras on which it is true of the framework ``keras``: of an entry of TensorFlow's that is Keras' own
    code, of one of a backend's own that Keras does not hide, and of one of Keras on that backend alone."""
    when: dict[str, str] = {}
    """fact -> pattern, e.g. {"onednn": "on"}; all must hold of what `Framework.kernels` says of the dtype"""

    def covers(self, test: Test, framework: str, route: str, dtype: str, sample: str, how: str = "") -> bool:
        """Whether a check is in scope, for the versions installed here."""
        return self.concerns(test, framework) and self.holds(route, dtype, sample, how)

    def concerns(self, test: Test, framework: str) -> bool:
        """Whether any check of a test is in scope, for the versions installed here."""
        return (
            self.of(framework)
            and _match(test.case.name, self.cases)
            # What makes a value diverge makes frameworks disagree, and diverges in every form of the inputs.
            and _match("value" if test.check in ("agreement", "invariance", ACROSS) else test.check, self.checks)
            and _match(_mode(test, framework), self.modes)
            and _match(test.device, self.devices)
            and not (test.device != "cpu" and set(self.when) & set(CPU_KERNELS))
            and self.applies()
        )

    def of(self, framework: str) -> bool:
        """Whether it is true of a framework; of Keras on the backend of this process."""
        return BACKEND in self.backends if framework == "keras" else framework == self.framework

    def holds(self, route: str, dtype: str, sample: str, how: str) -> bool:
        """Whether a check of a test that is concerned is in scope."""
        return (
            _match(_literal(route), tuple(map(_literal, self.routes)))
            and _match(dtype, self.dtypes)
            # Zeros have nothing to do with the sample that they stand in for.
            and (
                _match(how if how == SIGNED_ZEROS else sample, self.samples)
                or (bool(how) and _match(f"{sample}, {how}", tuple(p for p in self.samples if ", " in p)))
            )
            and self._computed(dtype)
        )

    def _computed(self, dtype: str) -> bool:
        """Whether this machine computes the dtype with the kernels that the entry is about."""
        if not self.when:
            return True
        facts = load(self.framework).kernels(dtype)
        return all(_match(facts[fact], (pattern,)) for fact, pattern in self.when.items())

    def applies(self) -> bool:
        """Whether the installed versions are in range."""
        return all(_version_in(name, specifier) for name, specifier in self.versions.items())

    @property
    def scope(self) -> str:
        """The scope in words, for the report."""
        parts = [", ".join(self.cases), "/".join(self.checks)]
        parts += [
            "/".join(p) for p in (self.routes, self.dtypes, self.modes, self.devices, self.samples) if p != ("*",)
        ]
        parts += [f"{fact} {pattern}" for fact, pattern in self.when.items()]
        return "; ".join(parts)


def _mode(test: Test, framework: str) -> str:
    """The mode that a framework computes in: frameworks are compared in the leading mode of each."""
    return leading_mode(framework, test.case) if test.check == "agreement" or test.mode == TF32 else test.mode


def _match(value: str, patterns: tuple[str, ...]) -> bool:
    return value in patterns or any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def _literal(name: str) -> str:
    """Route names hold brackets, which patterns would read as sets of characters."""
    return name.replace("[", "(").replace("]", ")")


@cache
def _version_in(distribution: str, specifier: str) -> bool:
    try:  # a framework comes under several names, of which `installed` knows
        version = installed(distribution) if distribution in FRAMEWORKS else importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return version is not None and SpecifierSet(specifier, prereleases=True).contains(version)


@cache
def divergences() -> tuple[Divergence, ...]:
    """All entries. Raises ``ValueError``, one sentence with the file, if one is malformed or an id is used twice."""
    found: dict[str, Divergence] = {}
    for path in sorted(DIRECTORY.glob("*.toml")):
        try:
            entries: list[Any] = tomllib.loads(path.read_text(encoding="utf-8"))["divergence"]
            for entry in msgspec.convert(entries, list[Divergence]):
                if entry.id in found:
                    raise ValueError(f"the id {entry.id!r} is used twice")
                if entry.framework == "keras" and not entry.backends:
                    raise ValueError(f"{entry.id!r}: on which backends?")
                if unknown := set(entry.backends) - set(BACKENDS):
                    raise ValueError(
                        f"{entry.id!r}: {', '.join(sorted(unknown))} is no backend that Keras is tested on"
                    )
                if entry.when and entry.backends and entry.framework not in BACKENDS:
                    raise ValueError(f"{entry.id!r}: Keras on {entry.backends[0]} has no kernels of {entry.framework}")
                if unknown := set(entry.when) - set(KERNELS[entry.framework]):
                    raise ValueError(f"{entry.id!r}: {entry.framework} says nothing of {', '.join(sorted(unknown))}")
                found[entry.id] = entry
        except (KeyError, ValueError, msgspec.ValidationError) as error:
            raise ValueError(f"{path.name}: {error}") from error
    return tuple(found.values())


def concerning(case: str, framework: str = "*") -> tuple[Divergence, ...]:
    """The entries of a case, of one framework or of all, for the versions installed here."""
    wanted = (d for d in divergences() if framework == "*" or d.of(framework))
    return tuple(d for d in wanted if _match(case, d.cases) and d.applies())
