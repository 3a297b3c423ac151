"""The checks of `conformance.catalogue.pooling`."""

from collections.abc import Callable

AREA = "pooling"


def test_pooling(conform: Callable[[], None]) -> None:
    conform()
