"""The checks of `conformance.catalogue.indexing`."""

from collections.abc import Callable

AREA = "indexing"


def test_indexing(conform: Callable[[], None]) -> None:
    conform()
