"""Preprocessing of text, categories and numbers."""

from conformance.case import Case

CASES: tuple[Case, ...] = ()
