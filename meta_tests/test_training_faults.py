"""Faults of training runs: in data order, batches, masks, schedules, accumulation, modes. Each is found, and named by
the step and the tensor at which it first shows.

That nothing fails without them is what the main job shows: the very same tests."""

import importlib

import pytest

from meta_tests.faults import Fault, detected, inject

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

MODULES = (
    "training_convolution",
    "training_migration",
    "training_sentiment",
    "training_sequences",
    "training_ways",
    "training_transformer",
)
FAULTS: list[Fault] = [
    fault for name in MODULES for fault in importlib.import_module(f"meta_tests.faults.{name}").FAULTS
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_detected(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, fault.target, fault.patch)
    detected(fault)
