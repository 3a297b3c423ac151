"""Deliberate defects of the frameworks, one at a time, with what proves that each is there. One file per area or two.

`meta_tests.injection` says how they are put in; ``tox -e faults`` injects all and prints what the suite found.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from textwrap import dedent

import pytest

from conformance import plan
from conformance.catalogue import AREAS, area
from conformance.check import observe
from conformance.frameworks import DEFAULT_MODES, DEVICES, MODES, load
from conformance.plan import Options, Test
from conformance.workbench import Workbench
from reports.record import Observation

SUBTLETIES = {
    "gross": "wrong by more than one part in a thousand, or wholly, for ordinary inputs",
    "subtle": "wrong by less than that for ordinary inputs",
    "edge": "wrong only for some: ties, padding, the last batch, one dtype or option, in graphs, after N steps ...",
}


@dataclass(frozen=True)
class Fault:
    """``patch`` changes ``target``: Python that assigns to it, or a function that is given a ``MonkeyPatch``.

    It must be found by ``test``, with a reason that has ``says`` in it; or, without one, by any check of its area whose
    case has one of the names, or patterns, ``cases``.
    """

    name: str
    test: str
    target: str
    patch: str | Callable[[pytest.MonkeyPatch], None]
    dtype: str = "float32"
    says: str = ""
    """Part of the reason of the failure."""
    subtlety: str = ""
    witness: str = ""
    """An expression whose value the fault changes: `meta_tests.witness` says of what it is made."""
    area: str = ""
    framework: str = ""
    cases: tuple[str, ...] = ()
    modes: tuple[str, ...] = DEFAULT_MODES
    missed: str = ""
    """Why nothing finds it. Strict: the test fails if something does after all."""

    @property
    def id(self) -> str:
        """What names it among all."""
        return f"{self.area}: {self.framework}: {self.test}: {self.name}" if self.test else str(self)

    def __str__(self) -> str:
        return f"{self.test or self.area + ', ' + self.framework}: {self.name}"


def corpus() -> list[Fault]:
    """Every fault of this directory. Their area is the name of their file up to the first underscore."""
    faults = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for fault in importlib.import_module(f"{__name__}.{module}").FAULTS:
            framework = fault.framework or ("torch" if "-torch-" in fault.test else "tensorflow")
            faults.append(replace(fault, area=module.partition("_")[0], framework=framework))
    return faults


def inject(monkeypatch: pytest.MonkeyPatch, target: str, patch: str | Callable[[pytest.MonkeyPatch], None]) -> None:
    """Change a framework; what is changed is put back at the end of the test."""
    names = {"torch": load("torch").module, "tf": load("tensorflow").module}
    if not isinstance(patch, str):
        patch(monkeypatch)
        return
    owner, _, attribute = target.rpartition(".")
    monkeypatch.setattr(eval(owner, names), attribute, eval(target, names))
    exec(dedent(patch), names)


def planned(name: str, options: Options, wanted: Callable[[Test], bool]) -> list[Test]:
    """The tests of an area that are wanted, in their order. The others cost nothing."""
    tests = plan.combinations(name, options, DEVICES[:1])
    return [test for test in tests if wanted(test) and test.checks_any(options.dtypes)]


def observing(test_id: str, dtypes: tuple[str, ...] = ("float32",)) -> Iterator[Observation]:
    """What a fresh workbench observes of one test, as it happens."""
    options = Options(dtypes=dtypes, modes=tuple(MODES))
    (test,) = planned(area_of(test_id), options, lambda test: test.id == test_id)
    return (o for o in observe(Workbench(options), test) if isinstance(o, Observation))


def area_of(test_id: str) -> str:
    """The area of the case that a test is of."""
    return next(a for a in AREAS if any(test_id.startswith(f"{case.name}-") for case in area(a)))


def observed(test_id: str, dtypes: tuple[str, ...] = ("float32",)) -> list[Observation]:
    """All of it."""
    return list(observing(test_id, dtypes))


def reaching(fault: Fault) -> tuple[Options, list[Test]]:
    """The tests that may find a fault: one by its name, or all of its cases."""
    options = Options(dtypes=(fault.dtype,), modes=tuple(MODES)) if fault.test else Options(modes=fault.modes)

    def wanted(test: Test) -> bool:
        if fault.test:
            return test.id == fault.test
        return fault.framework in test.frameworks and any(fnmatchcase(test.case.name, p) for p in fault.cases)

    tests = planned(area_of(fault.test) if fault.test else fault.area, options, wanted)
    assert tests, f"{fault}: there is no such test"
    return options, tests


def detected(fault: Fault) -> Observation:
    """The first failure that an injected fault causes and that says what it must; none is an ``AssertionError``."""
    options, tests = reaching(fault)
    bench, reasons = Workbench(options), set()
    for o in (o for test in tests for o in observe(bench, test) if isinstance(o, Observation)):
        if o.outcome == "failed" and fault.says in o.reason:
            return o
        if o.outcome == "failed":
            reasons.add(o.reason)
    raise AssertionError(f"not detected; failures for other reasons: {sorted(reasons) or 'none'}")
