"""The checks of `conformance.catalogue.autodiff`."""

from collections.abc import Callable

AREA = "autodiff"


def test_autodiff(conform: Callable[[], None]) -> None:
    conform()
