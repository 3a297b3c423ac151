"""Shapes and indices: what only moves numbers."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
