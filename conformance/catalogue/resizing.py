"""Layers that move, pad, crop and resize."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
