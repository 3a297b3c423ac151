"""Deliberate defects: a few lines of Python each, that patch a framework."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from textwrap import dedent

import pytest

from conformance import plan
from conformance.catalogue import AREAS
from conformance.check import Workbench
from conformance.frameworks import MODES, load
from conformance.plan import Options, Test
from reports.record import Observation


@dataclass(frozen=True)
class Fault:
    """``patch`` is Python that changes ``target``, an attribute of a framework; ``test`` is what must see it."""

    name: str
    test: str
    target: str
    patch: str
    dtype: str = "float32"
    says: str = ""
    """Part of the reason of the failure."""

    def __str__(self) -> str:
        return f"{self.test}: {self.name}"


def inject(monkeypatch: pytest.MonkeyPatch, target: str, patch: str) -> None:
    """Run a patch; what it changes is put back at the end of the test."""
    names = {"torch": load("torch").module, "tf": load("tensorflow").module}
    owner, _, attribute = target.rpartition(".")
    monkeypatch.setattr(eval(owner, names), attribute, eval(target, names))
    exec(dedent(patch), names)


@cache
def planned(test_id: str, dtypes: tuple[str, ...]) -> tuple[Options, Test]:
    """One test of the whole suite, by its id."""
    options = Options(dtypes=dtypes, modes=tuple(MODES))
    return options, next(t for area in AREAS for t in plan.tests(area, options) if t.id == test_id)


def observing(test_id: str, dtypes: tuple[str, ...] = ("float32",)) -> Iterator[Observation]:
    """What a fresh workbench observes of one test, as it happens."""
    options, test = planned(test_id, dtypes)
    return (o for o in Workbench(options).observe(test) if isinstance(o, Observation))


def observed(test_id: str, dtypes: tuple[str, ...] = ("float32",)) -> list[Observation]:
    """All of it."""
    return list(observing(test_id, dtypes))


def detected(fault: Fault) -> Observation:
    """The first failure that an injected fault causes and that says what it must; none is an ``AssertionError``."""
    reasons = set()
    for o in observing(fault.test, (fault.dtype,)):
        if o.outcome == "failed" and fault.says in o.reason:
            return o
        if o.outcome == "failed":
            reasons.add(o.reason)
    raise AssertionError(f"not detected; failures for other reasons: {sorted(reasons) or 'none'}")
