"""The checks of `conformance.catalogue.normalization`."""

from collections.abc import Callable

AREA = "normalization"


def test_normalization(conform: Callable[[], None]) -> None:
    conform()
