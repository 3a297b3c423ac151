"""Convolutions and transposed convolutions."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
