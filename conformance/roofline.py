"""What the machine can do at most, measured: arithmetic, and moving numbers to and from memory.

Williams, Waterman and Patterson 2009, *Roofline: an insightful visual performance model for multicore architectures*,
Communications of the ACM 52(4): no kernel is faster than min(peak FLOP/s, FLOPs per byte * bandwidth). The peak is that
of a large float32 matrix product. The bandwidth is that of STREAM's kernels (McCalpin 1995), copy, and scale and add;
and of a dot product, which only reads. What stays in a cache is faster, so it is measured for working sets of several
sizes, the largest beyond the last cache (Ilic, Pratas and Sousa 2014, *Cache-aware roofline model*, IEEE Computer
Architecture Letters 13(1)). The best of NumPy and of the frameworks that are timed counts, with as many threads as the
benchmarks have; of memory, NumPy's and torch's.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conformance.catalogue import area
from conformance.frameworks import Framework

ITEM = 4
SETS = tuple(2**k for k in (17, 18, 19, 20, 21, 22, 24, 25, 26))
"""Bytes of working sets; the last one depends on the machine."""
MOST = 2**29
"""Of an array of the largest set: enough for caches of 128 MiB."""
ROUNDS = 15
"""Of which the best counts: whatever runs beside it makes a machine look slower, and nothing faster."""
LEAST_SECONDS = 2e-3
"""Of a round."""

Kernel = tuple[str, float, Callable[[], Any]]
"""Name, FLOPs or bytes of a call, and the call."""


def roofline(device: str, frameworks: Sequence[Framework], *, quick: bool = False) -> dict[str, Any]:
    """Ceilings as plain JSON values: ``compute`` and ``memory``, each a list of measurements with ``kernel``, ``by``,
    ``working_set`` (bytes), ``rate`` (the best round: FLOP/s or bytes/s) and ``spread`` (the interquartile range of the
    rounds' rates, of their median). ``quick``: small sets alone, for tests."""
    last = beyond_caches()
    orders = ((512,) if quick else (512, 1024)) if device == "cpu" else (4096, 8192)
    sets = SETS[:2] if quick else (*(s for s in SETS if s < last), last)
    found: dict[str, list[dict[str, Any]]] = {"compute": [], "memory": []}
    for framework in (*([None] if device == "cpu" else []), *frameworks):
        if framework is not None and device not in framework.devices():
            continue
        by = "NumPy" if framework is None else framework.name
        clock = time.perf_counter if framework is None else framework.clock(device)
        for n in orders:
            for name, flops, call in products(n, framework, device):
                found["compute"].append(measured(name, by, 3 * ITEM * n**2, flops, call, clock))
        for working_set in sets:
            for name, moved, call in kernels(working_set, framework, device):
                found["memory"].append(measured(name, by, working_set, moved, call, clock))
    return found


def beyond_caches() -> int:
    """The bytes of three arrays, each four times as large as the last cache, as STREAM asks."""
    return 3 * min(4 * last_cache(), MOST)


def last_cache() -> int:
    """Bytes of the largest cache of a processor; 32 MiB where the system does not say."""
    sizes = []
    for place in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        try:
            sizes.append(int(place.read_text(encoding="ascii").strip().removesuffix("K")) * 1024)
        except (OSError, ValueError):
            continue
    return max(sizes, default=32 * 2**20)


def kernels(working_set: int, framework: Framework | None, device: str) -> Iterator[Kernel]:
    """Of three arrays that are the working set, in NumPy and in torch, which write into arrays that are there already.
    NumPy's sum of two arrays stands for the triad, which it has not."""
    n = working_set // (3 * ITEM)
    if framework is None:
        a, b, c = (np.ones(n, np.float32) for _ in range(3))
        yield "copy", 2 * ITEM * n, lambda: np.copyto(c, a)
        yield "add", 3 * ITEM * n, lambda: np.add(a, b, out=c)
        yield "dot", 2 * ITEM * n, lambda: np.dot(a, b)
    elif framework.name == "torch":
        torch = framework.module
        x, y, z = (torch.ones(n, device="cpu" if device == "cpu" else "cuda") for _ in range(3))
        yield "copy", 2 * ITEM * n, lambda: z.copy_(x)
        yield "triad", 3 * ITEM * n, lambda: torch.add(x, y, alpha=3, out=z)
        yield "dot", 2 * ITEM * n, lambda: torch.dot(x, y)


def products(n: int, framework: Framework | None, device: str) -> Iterator[Kernel]:
    """The product of two matrices of n by n. TensorFloat-32 is let in: the frameworks use it for some kernels."""
    a = np.ones((n, n), np.float32)
    if framework is None:
        c = np.empty_like(a)
        yield "matmul", 2.0 * n**3, lambda: np.matmul(a, a, out=c)
        return
    route = next(c for c in area("linalg") if c.name == "matmul").routes(framework.name)[0]
    call = framework.timer(framework.bind(route, {}, (a, a)), (a, a), None, device=device)
    precision = framework.module.get_float32_matmul_precision() if framework.name == "torch" else ""
    if precision and device == "gpu":
        framework.module.set_float32_matmul_precision("high")
    try:
        yield "matmul", 2.0 * n**3, call
    finally:
        if precision:
            framework.module.set_float32_matmul_precision(precision)


def measured(
    kernel: str, by: str, working_set: int, amount: float, call: Callable[[], Any], clock: Callable[[], float]
) -> dict[str, Any]:
    """The rates of some rounds, each of as many calls as take a few milliseconds; the first one warms up."""
    calls = 1
    while (seconds := _seconds(call, calls, clock)) < LEAST_SECONDS:
        calls = 2 * calls if seconds <= 0 else max(calls + 1, int(calls * min(10.0, 1.2 * LEAST_SECONDS / seconds)))
    rates = np.array([amount * calls / _seconds(call, calls, clock) for _ in range(ROUNDS)])
    low, middle, high = np.quantile(rates, [0.25, 0.5, 0.75])
    return {
        "kernel": kernel, "by": by, "working_set": working_set, "rate": float(f"{rates.max():.4g}"),
        "spread": round(float((high - low) / middle), 4),
    }  # fmt: skip


def _seconds(call: Callable[[], Any], calls: int, clock: Callable[[], float]) -> float:
    began = clock()
    for _ in range(calls):
        call()
    return clock() - began
