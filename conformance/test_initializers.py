"""The checks of `conformance.catalogue.initializers`."""

from collections.abc import Callable

AREA = "initializers"


def test_initializers(conform: Callable[[], None]) -> None:
    conform()
