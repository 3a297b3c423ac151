"""The checks of `conformance.catalogue.devices`."""

from collections.abc import Callable

AREA = "devices"


def test_devices(conform: Callable[[], None]) -> None:
    conform()
