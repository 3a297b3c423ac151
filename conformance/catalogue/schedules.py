"""Learning-rate schedules: the rate at every step."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
