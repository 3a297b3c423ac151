"""Discrete Fourier transforms."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
