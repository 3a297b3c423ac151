"""Initializers: distributions of initial weights."""

from conformance.case import Case
from conformance.catalogue import initializers_constant, initializers_layers, initializers_random

CASES: tuple[Case, ...] = (*initializers_constant.CASES, *initializers_random.CASES, *initializers_layers.CASES)
