"""The checks of `conformance.catalogue.elementwise`."""

from collections.abc import Callable

AREA = "elementwise"


def test_elementwise(conform: Callable[[], None]) -> None:
    conform()
