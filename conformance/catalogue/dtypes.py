"""Result types, casts and integer overflow."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
