"""Benchmarks: forward, and forward with backward, of a few cases in every framework, beside NumPy.

They run with ``pytest --benchmark-only`` and serve to compare versions of one framework on one machine, not frameworks
with each other.
"""

from collections.abc import Callable
from typing import Any

import pytest

from fixtures.benchmarks import BENCHMARKS, Benchmark, parameters

pytestmark = pytest.mark.benchmarks


@pytest.mark.parametrize("case", BENCHMARKS, ids=lambda b: b.id)
@pytest.mark.parametrize(("framework", "mode"), parameters())
def test_benchmark(
    case: Benchmark,
    framework: str,
    mode: str,
    timed: Callable[..., Any],
    keep: Callable[..., None],
    benchmark: Any,
) -> None:
    benchmark.group = case.id
    benchmark(timed(case, framework, mode))
    if benchmark.stats is not None:
        keep(case, framework, mode, benchmark.stats.stats)
