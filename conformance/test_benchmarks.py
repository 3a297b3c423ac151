"""Benchmarks: the list of `conformance.catalogue.benchmarks` in every framework, mode and device, beside NumPy.

They run with ``pytest --benchmark-only`` and serve to compare versions of one framework on one machine.
"""

from collections.abc import Callable
from typing import Any

import pytest

from fixtures.benchmarks import Timed

pytestmark = pytest.mark.benchmarks


def test_benchmark(case: Timed, prepare: Callable[..., Any], keep: Callable[..., None], benchmark: Any) -> None:
    benchmark.group = case.benchmark.id
    benchmark(prepare(case))
    if benchmark.stats is not None:
        keep(case, benchmark.stats.stats)
