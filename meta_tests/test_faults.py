"""The faults of `meta_tests.faults`: each is found, and in a trajectory named by the step and the tensor where it first
shows. Every fifth is injected here; `tox -e faults` injects all.

That nothing fails without them is what the main job shows: the very same tests."""

import importlib
import pkgutil

import pytest

from meta_tests import faults
from meta_tests.faults import Fault, detected, inject

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

FAULTS: list[Fault] = [
    fault
    for module in pkgutil.iter_modules(faults.__path__)
    for fault in importlib.import_module(f"meta_tests.faults.{module.name}").FAULTS
]


@pytest.mark.parametrize(("number", "fault"), [*enumerate(FAULTS)], ids=[str(f) for f in FAULTS])
def test_a_fault_is_detected(
    number: int, fault: Fault, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    if number % 5 and not pytestconfig.getoption("all_faults"):
        pytest.skip("most of the faults take minutes: tox -e faults injects all")
    inject(monkeypatch, fault.target, fault.patch)
    detected(fault)
