"""Normalization."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
