"""The checks of `conformance.catalogue.dtypes`."""

from collections.abc import Callable

AREA = "dtypes"


def test_dtypes(conform: Callable[[], None]) -> None:
    conform()
