"""Metrics."""

from conformance.case import Case
from conformance.catalogue import metrics_accuracy, metrics_classification, metrics_curves, metrics_numbers

CASES: tuple[Case, ...] = (
    *metrics_accuracy.CASES,
    *metrics_classification.CASES,
    *metrics_curves.CASES,
    *metrics_numbers.CASES,
)
