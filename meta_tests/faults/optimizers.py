"""Faults of optimizers."""

from meta_tests.faults import Fault

FAULTS: list[Fault] = []
