"""The checks of `conformance.catalogue.attention`."""

from collections.abc import Callable

AREA = "attention"


def test_attention(conform: Callable[[], None]) -> None:
    conform()
