"""Faults of optimizers, schedules, clipping, initializers and random numbers: each found, and named by where it is.

That nothing fails without them is what the main job shows: the very same tests."""

import importlib

import pytest

from meta_tests.faults import Fault, detected, inject

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

MODULES = (
    "optimizers",
    "optimizers_scaled",
    "schedules",
    "optimizers_states",
    "clipping",
    "optimizers_more",
    "initializers",
    "random",
)
FAULTS: list[Fault] = [
    fault for name in MODULES for fault in importlib.import_module(f"meta_tests.faults.{name}").FAULTS
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_detected(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, fault.target, fault.patch)
    detected(fault)
