"""The checks of `conformance.catalogue.activations`."""

from collections.abc import Callable

AREA = "activations"


def test_activations(conform: Callable[[], None]) -> None:
    conform()
