"""The checks of `conformance.catalogue.metrics`."""

from collections.abc import Callable

AREA = "metrics"


def test_metrics(conform: Callable[[], None]) -> None:
    conform()
