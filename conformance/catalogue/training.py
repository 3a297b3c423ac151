"""Whole training runs: the same model, trained in both frameworks, gives the same numbers at every step."""

from conformance.case import Case
from conformance.catalogue import training_classics, training_ways

CASES: tuple[Case, ...] = (*training_classics.CASES, *training_ways.CASES)
