"""Optimizers."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
