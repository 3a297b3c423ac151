"""The checks of `conformance.catalogue.clipping`."""

from collections.abc import Callable

AREA = "clipping"


def test_clipping(conform: Callable[[], None]) -> None:
    conform()
