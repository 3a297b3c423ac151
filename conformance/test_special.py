"""The checks of `conformance.catalogue.special`."""

from collections.abc import Callable

AREA = "special"


def test_special(conform: Callable[[], None]) -> None:
    conform()
