"""The checks of `conformance.catalogue.losses`."""

from collections.abc import Callable

AREA = "losses"


def test_losses(conform: Callable[[], None]) -> None:
    conform()
