"""Which checks there are: the catalogue crossed with checks, frameworks, modes, devices, dtypes and samples.

A `Test` is what pytest runs, and is large enough that pytest's own cost per test stays small: one check of one case
through all routes of one framework in one mode, at every dtype and sample. Each of these combinations is a planned
check of its own, and must leave an observation.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from conformance.case import DTYPES, FRAMEWORKS, Case, Route, Sample
from conformance.catalogue import area
from conformance.frameworks import DEFAULT_MODES, DEVICES, MODES_OF
from reports.record import Planned

BOTH = "+".join(FRAMEWORKS)
"""The framework of an agreement test, which needs all of them."""


@dataclass(frozen=True)
class Options:
    """What a run was asked to cover."""

    frameworks: tuple[str, ...] = FRAMEWORKS
    dtypes: tuple[str, ...] = DTYPES
    modes: tuple[str, ...] = DEFAULT_MODES
    seed: int = 0


@dataclass(frozen=True)
class Test:
    """One check of one case in one framework, mode and device."""

    __test__ = False  # not a class for pytest to collect

    area: str
    case: Case
    check: str
    framework: str
    mode: str
    device: str

    @cached_property
    def id(self) -> str:
        parts = [self.case.name, self.framework, self.mode, self.check]
        return "-".join(parts if self.device == "cpu" else [*parts, self.device])

    @property
    def limit(self) -> float:
        return self.case.computation.limits[self.check]

    @property
    def frameworks(self) -> tuple[str, ...]:
        return tuple(self.framework.split("+"))

    def keys(self, dtypes: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
        """(route, dtype, sample) of every check that this test must leave."""
        return tuple(
            (route, dtype, sample.name)
            for route in self.route_names()
            for dtype in dtypes
            if dtype in self.case.dtypes
            for sample in self.case.sampled(self.check, dtype)
        )

    def route_names(self) -> tuple[str, ...]:
        if self.check == "agreement":
            return (" ~ ".join(self.case.routes(f)[0].name for f in self.frameworks),)
        return tuple(r.name for r in self.routes())

    def routes(self) -> tuple[Route, ...]:
        """The routes that this test takes."""
        return tuple(r for r in self.case.routes(self.framework) if r.supports(self.mode))

    def planned(self, dtypes: Sequence[str]) -> Planned:
        """This test as the record's plan holds it."""
        return Planned(
            self.id, self.area, self.case.name, self.check, self.framework, self.mode, self.device, self.keys(dtypes)
        )


def first_seed(test: Test, sample: Sample, dtype: str, seed: int) -> int:
    """The seed of the first draw of a statistics check."""
    return seed + zlib.crc32(f"{test.case.name} {sample.name} {dtype}".encode())


def tests(area_name: str, options: Options) -> Iterator[Test]:
    """The tests of one area, case by case, so that neighbours share references and results. None of them is empty."""
    for test in _combinations(area_name, options):
        if not test.keys(test.case.dtypes):
            raise ValueError(f"{test.id} would check nothing: the case has no sample for it")
        if test.keys(options.dtypes):
            yield test


def _combinations(area_name: str, options: Options) -> Iterator[Test]:
    for case in area(area_name):
        for device in DEVICES:
            for framework in options.frameworks:
                for mode in options.modes:
                    if mode in MODES_OF[framework] and mode in (case.modes or (mode,)):
                        for check in case.checks:
                            test = Test(area_name, case, check, framework, mode, device)
                            if check != "agreement" and test.routes():
                                yield test
            if "agreement" in case.checks and all(f in options.frameworks and case.routes(f) for f in FRAMEWORKS):
                yield Test(area_name, case, "agreement", BOTH, "eager", device)
