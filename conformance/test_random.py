"""The checks of `conformance.catalogue.random`."""

from collections.abc import Callable

AREA = "random"


def test_random(conform: Callable[[], None]) -> None:
    conform()
