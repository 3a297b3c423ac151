"""What automatic differentiation promises beyond the derivative of one operation."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
