"""The checks of `conformance.catalogue.resizing`."""

from collections.abc import Callable

AREA = "resizing"


def test_resizing(conform: Callable[[], None]) -> None:
    conform()
