"""Whole training runs: the same model, trained in both frameworks, gives the same numbers at every step."""

from conformance.case import Case
from conformance.catalogue import (
    training_classics,
    training_convergence,
    training_convolution,
    training_digits,
    training_migration,
    training_migration_layers,
    training_migration_more,
    training_precision,
    training_sentiment,
    training_sequences,
    training_transformer,
    training_ways,
)

CASES: tuple[Case, ...] = (
    *training_classics.CASES,
    *training_digits.CASES,
    *training_ways.CASES,
    *training_sentiment.CASES,
    *training_convergence.CASES,
    *training_sequences.CASES,
    *training_transformer.CASES,
    *training_migration.CASES,
    *training_migration_layers.CASES,
    *training_migration_more.CASES,
    *training_convolution.CASES,
    *training_precision.CASES,
)
