"""Whole training runs: the same model, trained in both frameworks, gives the same numbers at every step."""

from conformance.case import Case
from conformance.catalogue import training_classics

CASES: tuple[Case, ...] = (*training_classics.CASES,)
