"""Optimizers: the update rules, each as its framework documents it.

Where the frameworks document different rules, each convention is a case with its own reference; the setting that makes
the frameworks agree is a sample of the first, which passes.
"""

from conformance.case import Case
from conformance.catalogue import (
    optimizers_adam,
    optimizers_defaults,
    optimizers_more,
    optimizers_scaled,
    optimizers_sgd,
    optimizers_states,
)

CASES: tuple[Case, ...] = (
    *optimizers_sgd.CASES,
    *optimizers_adam.CASES,
    *optimizers_scaled.CASES,
    *optimizers_more.CASES,
    *optimizers_states.CASES,
    *optimizers_defaults.CASES,
)
