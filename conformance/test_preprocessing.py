"""The checks of `conformance.catalogue.preprocessing`."""

from collections.abc import Callable

AREA = "preprocessing"


def test_preprocessing(conform: Callable[[], None]) -> None:
    conform()
