"""The checks of `conformance.catalogue.optimizers`."""

from collections.abc import Callable

AREA = "optimizers"


def test_optimizers(conform: Callable[[], None]) -> None:
    conform()
