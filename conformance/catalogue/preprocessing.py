"""Preprocessing of numbers, categories and texts."""

from conformance.case import Case
from conformance.catalogue import preprocessing_categories, preprocessing_numbers

CASES: tuple[Case, ...] = (*preprocessing_numbers.CASES, *preprocessing_categories.CASES)
