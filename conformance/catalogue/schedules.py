"""Learning-rate schedules: the rate of every step."""

from conformance.case import Case
from conformance.catalogue import (
    schedules_composed,
    schedules_cosine,
    schedules_cycles,
    schedules_decay,
    schedules_plateau,
    schedules_resumed,
)

CASES: tuple[Case, ...] = (
    *schedules_decay.CASES,
    *schedules_cosine.CASES,
    *schedules_cycles.CASES,
    *schedules_plateau.CASES,
    *schedules_composed.CASES,
    *schedules_resumed.CASES,
)
