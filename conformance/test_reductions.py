"""The checks of `conformance.catalogue.reductions`."""

from collections.abc import Callable

AREA = "reductions"


def test_reductions(conform: Callable[[], None]) -> None:
    conform()
