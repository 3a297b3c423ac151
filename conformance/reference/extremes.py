"""Largest and smallest numbers of an axis, where they are, and quantiles. ``axis`` as in `reductions`."""

import numpy as np

from conformance.reference.reductions import Array, Axis, expanded, gathered, spread


def amax(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest number; NaN if there is one. Nothing has no maximum: ``ValueError``."""
    return np.max(x, axis=axis, keepdims=keepdims)


def amin(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest number; NaN if there is one. Nothing has no minimum: ``ValueError``."""
    return np.min(x, axis=axis, keepdims=keepdims)


def amax_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Equal parts to all that are equal to the maximum: the subgradient of least norm."""
    return _shares(c, x, axis, amax(x, axis=axis))


def amin_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return _shares(c, x, axis, amin(x, axis=axis))


def _shares(c: Array, x: Array, axis: Axis, y: Array) -> Array:
    best = x == expanded(y, x, axis)
    return best * expanded(c, x, axis) / expanded(np.sum(best, axis=axis), x, axis)


def aminmax(x: Array, *, axis: Axis = None) -> tuple[Array, Array]:
    return amin(x, axis=axis), amax(x, axis=axis)


def aminmax_vjp(c: tuple[Array, Array], x: Array, *, axis: Axis = None) -> Array:
    return amin_vjp(c[0], x, axis=axis) + amax_vjp(c[1], x, axis=axis)


def argmax(x: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Where the largest number is: of equal ones the first; NaN is the largest. numpy.argmax"""
    return np.argmax(x, axis=axis, keepdims=keepdims)


def argmin(x: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Where the smallest number is: of equal ones the first; NaN is the smallest. numpy.argmin"""
    return np.argmin(x, axis=axis, keepdims=keepdims)


def max_with_index(x: Array, *, axis: int) -> tuple[Array, Array]:
    """The largest number and where it is."""
    return np.max(x, axis=axis), np.argmax(x, axis=axis)


def max_with_index_vjp(c: Array, x: Array, *, axis: int) -> Array:
    """All of it to the index. https://docs.pytorch.org/docs/stable/generated/torch.max.html"""
    return _to_one(c, x, axis, np.argmax(x, axis=axis))


def min_with_index(x: Array, *, axis: int) -> tuple[Array, Array]:
    """The smallest number and where it is."""
    return np.min(x, axis=axis), np.argmin(x, axis=axis)


def min_with_index_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return _to_one(c, x, axis, np.argmin(x, axis=axis))


def _to_one(c: Array, x: Array, axis: Axis, place: Array) -> Array:
    """The cotangent at one place of the reduced axes, 0 elsewhere."""
    v = gathered(x, axis)
    one_hot = np.arange(v.shape[-1]) == place[..., None]
    return spread(np.where(one_hot, np.reshape(c, (*v.shape[:-1], 1)), 0), x, axis)


def _ordered(x: Array, axis: Axis, k: int) -> Array:
    """Where the k-th smallest number is in the reduced axes."""
    return np.argsort(gathered(x, axis), axis=-1, kind="stable")[..., k]


def _taken(x: Array, axis: Axis, place: Array) -> Array:
    return np.take_along_axis(gathered(x, axis), place[..., None], -1)[..., 0]


def lower_median(x: Array, *, axis: Axis = None) -> Array:
    """Of an even number of numbers the smaller one in the middle; NaN if there is one.
    https://docs.pytorch.org/docs/stable/generated/torch.median.html"""
    v = gathered(x, axis)
    y = np.sort(v, axis=-1)[..., (v.shape[-1] - 1) // 2]
    return np.where(np.any(v != v, axis=-1), np.max(v, axis=-1), y)


def lower_median_vjp(c: Array, x: Array, *, axis: Axis = None) -> Array:
    return _to_one(c, x, axis, _ordered(x, axis, (gathered(x, axis).shape[-1] - 1) // 2))


def lower_nanmedian(x: Array, *, axis: int) -> Array:
    """The same of what is a number; NaN of nothing."""
    return _taken(x, axis, _nan_middle(x, axis))


def lower_nanmedian_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return _to_one(c, x, axis, _nan_middle(x, axis))


def _nan_middle(x: Array, axis: int) -> Array:
    v = gathered(x, axis)
    middle = np.maximum(np.sum(v == v, axis=-1) - 1, 0) // 2
    return np.take_along_axis(np.argsort(v, axis=-1, kind="stable"), middle[..., None], -1)[..., 0]


def quantile(x: Array, *, q: float, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """Between the sorted numbers at the position q (n - 1), Hyndman and Fan 1996, definition 7; NaN if there is one."""
    low, high, part = _neighbours(gathered(x, axis).shape[-1], q, method)
    lower, upper = (_taken(x, axis, _ordered(x, axis, k)) for k in (low, high))
    y = lower + (upper - lower) * part if part else lower
    y = np.where(np.any(gathered(np.isnan(x), axis), axis=-1), np.nan, y)
    return expanded(y, x, axis) if keepdims else y


def quantile_vjp(
    c: Array, x: Array, *, q: float, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    low, high, part = _neighbours(gathered(x, axis).shape[-1], q, method)
    lower, upper = (_to_one(c, x, axis, _ordered(x, axis, k)) for k in (low, high))
    return (1 - part) * lower + part * upper


def _neighbours(n: int, q: float, method: str) -> tuple[int, int, float]:
    """Ranks of the two numbers around the position, and how far it is from the first to the second."""
    position = q * (n - 1)
    low, high = int(np.floor(position)), int(np.ceil(position))
    at = {"lower": low, "higher": high, "nearest": int(np.rint(position))}.get(method)
    if at is not None:
        return at, at, 0.0
    return low, high, 0.5 if method == "midpoint" and low != high else position - low


def median(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Of an even number of numbers the mean of the two in the middle. numpy.median"""
    return quantile(x, q=0.5, axis=axis, keepdims=keepdims)


def median_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return quantile_vjp(c, x, q=0.5, axis=axis)


def nanquantile(x: Array, *, q: float, axis: int) -> Array:
    """The quantile of what is a number, row by row; NaN of nothing."""
    rows = gathered(x, axis)
    found = [quantile(v[v == v], q=q) if np.any(v == v) else np.array(np.nan) for v in rows.reshape(-1, rows.shape[-1])]
    return np.array(found, dtype=x.dtype).reshape(rows.shape[:-1])


def nanquantile_vjp(c: Array, x: Array, *, q: float, axis: int) -> Array:
    rows = gathered(x, axis)
    g = np.zeros_like(rows)
    for place in np.ndindex(rows.shape[:-1]):
        v = rows[place]
        if np.any(v == v):
            g[(*place, v == v)] = quantile_vjp(np.asarray(c)[place], v[v == v], q=q)
    return spread(g, x, axis)


def nanmedian(x: Array, *, axis: int) -> Array:
    return nanquantile(x, q=0.5, axis=axis)


def nanmedian_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return nanquantile_vjp(c, x, q=0.5, axis=axis)


def histogram(x: Array, *, bins: int, low: float, high: float) -> Array:
    """Counts in bins of equal width from low to high; the last has both ends. What lies outside is in none.
    https://numpy.org/doc/stable/reference/generated/numpy.histogram.html"""
    inside = x[(x >= low) & (x <= high)].reshape(-1)
    which = np.minimum(np.floor((inside - low) * bins / (high - low)), bins - 1).astype(np.int64)
    return np.bincount(which, minlength=bins)
