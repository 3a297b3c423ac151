"""Shapes and indices: what moves numbers, compares them, or adds them where indices repeat."""

from conformance.case import Case
from conformance.catalogue import arranging, constructing, ordering, reading, segments, tiling, writing

CASES: tuple[Case, ...] = (
    *arranging.CASES,
    *tiling.CASES,
    *reading.CASES,
    *writing.CASES,
    *segments.CASES,
    *ordering.CASES,
    *constructing.CASES,
)
