"""Initial weights: their distributions."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
