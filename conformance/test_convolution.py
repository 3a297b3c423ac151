"""The checks of `conformance.catalogue.convolution`."""

from collections.abc import Callable

AREA = "convolution"


def test_convolution(conform: Callable[[], None]) -> None:
    conform()
