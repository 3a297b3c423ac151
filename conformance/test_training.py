"""The checks of `conformance.catalogue.training`."""

from collections.abc import Callable

AREA = "training"


def test_training(conform: Callable[[], None]) -> None:
    conform()
