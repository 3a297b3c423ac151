"""What every entry of the catalogue must have, and what a plan is made of."""

import builtins
import dis
import inspect
from typing import Any

import numpy as np
import pytest

from conformance import plan, reproduce
from conformance.case import DTYPES, FRAMEWORKS
from conformance.catalogue import LAYERS, catalogue
from conformance.plan import Options

CASES = [pytest.param(area, c, id=c.name) for area, cases in catalogue().items() for c in cases]

PLANNED = {area: list(plan.tests(area, Options())) for area in catalogue()}


@pytest.mark.parametrize(("area", "case"), CASES)
def test_an_entry_is_whole(area: str, case: plan.Case) -> None:
    """Three samples, one of them an edge, of layers and losses four and two; a source; a route. What takes minutes has
    one sample."""
    layer = area in LAYERS and case.kind != "statistics"
    if case.kind != "convergence":
        assert len(case.samples) >= (4 if layer else 3)
        assert sum(s.edge for s in case.samples) >= (2 if layer else 1)
    assert len({s.name for s in case.samples}) == len(case.samples)
    assert case.sources
    assert any(case.routes(f) for f in FRAMEWORKS)
    assert "-" not in case.name  # the scheduler reads a test's case up to the first one


@pytest.mark.parametrize(("area", "case"), CASES)
def test_an_entry_is_planned_in_every_dtype_that_it_has(area: str, case: plan.Case) -> None:
    for test in (t for t in PLANNED[area] if t.case is case):
        assert {dtype for _, dtype, _ in test.keys(DTYPES)} <= set(case.dtypes)
        sampled = {
            c for c in case.checks if any(case.sampled(c, d) for d in case.dtypes)
        }  # no second derivative of halves
    assert {t.check for t in PLANNED[area] if t.case is case} >= sampled - {"agreement"}


@pytest.mark.parametrize(("area", "case"), CASES)
def test_a_route_needs_nothing_that_a_program_does_not_have(area: str, case: plan.Case) -> None:
    """A reproduction holds the functions that a route calls, but not the constants of its module."""
    for route in (r for f in FRAMEWORKS for r in case.routes(f)):
        names: dict[str, Any] = {"np": np}
        exec(reproduce.named(route), names)
        codes = [value.__code__ for value in names.values() if inspect.isfunction(value)]
        for code in codes:
            codes += [inner for inner in code.co_consts if inspect.iscode(inner)]
            used = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
            assert used <= {*names, *vars(builtins)}, route.name


def test_ids_are_unique() -> None:
    ids = [t.id for tests in PLANNED.values() for t in tests]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("check", ["value", "gradient"])
def test_every_sample_is_judged_in_eager_mode(check: str) -> None:
    """By each framework, in at least one of its dtypes."""
    for test in (t for tests in PLANNED.values() for t in tests):
        if (test.check, test.mode, test.device) == (check, "eager", "cpu"):
            taken = {s.name for d in test.case.dtypes for s, _, _ in test.taken(d)}
            assert taken == {s.name for d in test.case.dtypes for s in test.case.sampled(check, d)}, test.id


def test_no_planned_test_is_empty() -> None:
    """Training has no half precision: with that alone it is not planned, rather than passing on nothing."""
    assert list(plan.tests("training", Options(dtypes=("float16",)))) == []
    for area in catalogue():
        assert all(t.keys(("bfloat16",)) for t in plan.tests(area, Options(dtypes=("bfloat16",))))
