"""The checks of `conformance.catalogue.construction`."""

from collections.abc import Callable

AREA = "construction"


def test_construction(conform: Callable[[], None]) -> None:
    conform()
