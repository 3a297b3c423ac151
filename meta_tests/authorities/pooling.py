"""Authorities for pooling: loops over single windows, of which each is a list of numbers; scipy.stats and np.mean."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.stats

Array = np.ndarray
Place = tuple[int, ...]


def starts(n: int, size: int, stride: int, before: int, after: int, dilation: int, ceil_mode: bool) -> list[int]:
    """Where windows begin, by sliding one along: it must end inside the padding, or, with ceil_mode, only begin before
    the padding at the end."""
    span = dilation * (size - 1) + 1
    fits = [s for s in range(-before, n + after, stride) if s + span <= n + after]
    following = fits[-1] + stride
    return fits + [following] * bool(ceil_mode and fits[-1] + span < n + after and following < n)


def geometry(x: Array, size: Place, stride: Place, padding: str | Place, dilation: Place | None = None,
             ceil_mode: bool = False) -> list[list[list[int]]]:  # fmt: skip
    """For each axis and each window: the places that it covers, those of padding too."""
    found = []
    for i, (n, k, s) in enumerate(zip(x.shape[1:-1], size, stride, strict=True)):
        d = dilation[i] if dilation else 1
        before = after = 0
        if padding == "same":
            total = max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
            before, after = math.floor(total / 2), math.ceil(total / 2)
        elif not isinstance(padding, str):
            before = after = padding[i]
        first = starts(n, k, s, before, after, d, ceil_mode)
        found.append([[f + d * j for j in range(k)] for f in first])
    return found


def windows(x: Array, axes: list[list[list[int]]]) -> Iterator[tuple[Place, list[tuple[Place, float]]]]:
    """Each place of the result, with the numbers of its window and where they are."""
    for b, ch in itertools.product(range(x.shape[0]), range(x.shape[-1])):
        for i in itertools.product(*(range(len(a)) for a in axes)):
            covered = itertools.product(*(a[j] for a, j in zip(axes, i, strict=True)))
            inside = [p for p in covered if all(0 <= v < n for v, n in zip(p, x.shape[1:-1], strict=True))]
            yield (b, *i, ch), [(p, x[(b, *p, ch)]) for p in inside]


def each(x: Array, axes: list[list[list[int]]], f: Callable[[list[float]], Any]) -> Array:
    y = np.empty((x.shape[0], *map(len, axes), x.shape[-1]), x.dtype)
    for place, found in windows(x, axes):
        y[place] = f([v for _, v in found])
    return y


def mean(values: list[float]) -> Any:
    return math.fsum(values) / len(values) if np.isfinite(values).all() else np.mean(values)


def average_pool(x: Array, size: Place, stride: Place, padding: Any, ceil_mode: bool = False,
                 count_include_pad: bool = False, divisor: int | None = None) -> Array:  # fmt: skip
    axes = geometry(x, size, stride, padding, None, ceil_mode)
    if divisor is not None:
        return each(x, axes, lambda v: math.fsum(v) / divisor)
    if not count_include_pad:
        return each(x, axes, mean)
    wide = np.pad(x, [(0, 0), *((p, p) for p in padding), (0, 0)])
    moved = [[[p + pad for p in w] for w in a] for a, pad in zip(axes, padding, strict=True)]
    return each(wide, moved, mean)


def max_pool(x: Array, size: Place, stride: Place, padding: Any, dilation: Place | None = None,
             ceil_mode: bool = False) -> Array:  # fmt: skip
    return each(x, geometry(x, size, stride, padding, dilation, ceil_mode), np.max)


def max_pool_with_indices(x: Array, size: Place, stride: Place, padding: str) -> tuple[Array, Array]:
    axes = geometry(x, size, stride, padding)
    indices = np.empty((x.shape[0], *map(len, axes), x.shape[-1]), int)
    for place, found in windows(x, axes):
        at = found[int(np.argmax([v for _, v in found]))][0]
        indices[place] = np.ravel_multi_index(at, x.shape[1:-1])
    return each(x, axes, np.max), indices


def max_unpool(x: Array, indices: Array, shape: Place) -> Array:
    y = np.zeros((x.shape[0], *shape, x.shape[-1]), x.dtype)
    for place in np.ndindex(*x.shape):
        y[(place[0], *np.unravel_index(indices[place], shape), place[-1])] = x[place]
    return y


def lp_pool(x: Array, size: Place, stride: Place, power: float) -> Array:
    """NumPy's norm of a vector is the same for powers of at least 1; for others it is the power mean, times n^(1/p)."""

    def norm(values: list[float]) -> Any:
        if power >= 1:
            return np.linalg.norm(values, power)
        return scipy.stats.pmean(np.abs(values), power) * len(values) ** (1 / power)

    return each(x, geometry(x, size, stride, "valid"), norm)


def bins(x: Array, out: Sequence[int]) -> list[list[list[int]]]:
    """Number j of n belongs to bin i of m if [j, j + 1) and [i n / m, (i + 1) n / m) overlap."""
    pairs = list(zip(x.shape[1:-1], out, strict=True))
    return [[[j for j in range(n) if j * m < (i + 1) * n and (j + 1) * m > i * n] for i in range(m)] for n, m in pairs]


def whole(f: Callable[..., Any]) -> Callable[..., Array]:
    """Of all spatial axes, flattened."""

    def pool(x: Array, axes: int, keepdims: bool) -> Array:
        y = f(x.reshape(x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1]), axis=1)
        return np.asarray(y.reshape(x.shape[0], *(1,) * axes, x.shape[-1]) if keepdims else y)

    return pool


def fractional(x: Array, samples: Array, size: Place, out: Place) -> Array:
    """Boundaries by whole steps of an accumulated ratio, in fractions of integers: the samples are in eighths."""
    y = np.empty((x.shape[0], *out, x.shape[-1]), x.dtype)
    for b, ch in itertools.product(range(x.shape[0]), range(x.shape[-1])):
        axes = []
        for d, (n, k, m) in enumerate(zip(x.shape[1:-1], size, out, strict=True)):
            u = round(float(samples[b, ch, d]) * 8)
            first = [
                ((8 * i + u) * (n - k)) // (8 * (m - 1)) - (u * (n - k)) // (8 * (m - 1)) for i in range(m - 1)
            ]  # fmt: skip
            axes.append([[s + j for j in range(k)] for s in (*first, n - k)])
        one = x[b : b + 1, ..., ch : ch + 1]
        y[b : b + 1, ..., ch : ch + 1] = each(one, axes, np.max)
    return y


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "max_pooling1d": max_pool,
    "max_pooling3d": max_pool,
    "max_pooling2d_with_explicit_padding": max_pool,
    "average_pooling1d": average_pool,
    "average_pooling3d": average_pool,
    "average_pooling2d_with_explicit_padding": average_pool,
    **dict.fromkeys(("global_average_pooling2d", "global_average_pooling3d"), whole(np.mean)),
    **dict.fromkeys((f"global_max_pooling{n}d" for n in (1, 2, 3)), whole(np.amax)),
    **dict.fromkeys((f"adaptive_average_pooling{n}d" for n in (1, 2, 3)), lambda x, out: each(x, bins(x, out), mean)),
    **dict.fromkeys((f"adaptive_max_pooling{n}d" for n in (1, 2, 3)), lambda x, out: each(x, bins(x, out), np.max)),
    "max_pooling2d_with_indices": max_pool_with_indices,
    **dict.fromkeys((f"max_unpooling{n}d" for n in (1, 2, 3)), max_unpool),
    **dict.fromkeys((f"lp_pooling{n}d" for n in (1, 2, 3)), lp_pool),
    "fractional_max_pooling2d_by_whole_ratios": fractional,
    "fractional_max_pooling2d": fractional,
    "fractional_max_pooling3d": fractional,
}
