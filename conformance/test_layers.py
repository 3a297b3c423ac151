"""The checks of `conformance.catalogue.layers`."""

from collections.abc import Callable

AREA = "layers"


def test_layers(conform: Callable[[], None]) -> None:
    conform()
