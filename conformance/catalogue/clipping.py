"""Clipping of gradients, penalties on weights, and constraints."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
