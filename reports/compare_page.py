"""The page of a comparison."""

from collections.abc import Sequence

from reports.comparison import Comparison
from reports.record import Header


def render(c: Comparison, after: Header, before: Header, fail_on: Sequence[str], programs: dict[int, str]) -> str:
    return ""
