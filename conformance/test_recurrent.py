"""The checks of `conformance.catalogue.recurrent`."""

from collections.abc import Callable

AREA = "recurrent"


def test_recurrent(conform: Callable[[], None]) -> None:
    conform()
