"""The checks of `conformance.catalogue.fft`."""

from collections.abc import Callable

AREA = "fft"


def test_fft(conform: Callable[[], None]) -> None:
    conform()
