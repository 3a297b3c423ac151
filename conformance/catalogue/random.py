"""Random numbers: their distributions, and what a seed repeats."""

from conformance.case import Case
from conformance.catalogue import random_continuous, random_discrete, random_seeds

CASES: tuple[Case, ...] = (*random_continuous.CASES, *random_discrete.CASES, *random_seeds.CASES)
