"""The checks of `conformance.catalogue.schedules`."""

from collections.abc import Callable

AREA = "schedules"


def test_schedules(conform: Callable[[], None]) -> None:
    conform()
