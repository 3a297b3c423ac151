"""The checks of `conformance.catalogue.linalg`."""

from collections.abc import Callable

AREA = "linalg"


def test_linalg(conform: Callable[[], None]) -> None:
    conform()
