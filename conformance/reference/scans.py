"""Scans: running sums, products, extremes and differences along an axis."""

from typing import Any

import numpy as np

Array = np.ndarray


def cumsum(x: Array, *, axis: int) -> Array:
    """Integers and bools are added as int64, as NumPy does."""
    return np.cumsum(x, axis=axis)


def cumsum_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return np.flip(np.cumsum(np.flip(c, axis), axis=axis), axis)


def cumsum_of_kind(x: Array, *, axis: int, exclusive: bool, reverse: bool) -> Array:
    """From the end if ``reverse``; without the element itself if ``exclusive``.
    https://www.tensorflow.org/api_docs/python/tf/math/cumsum"""
    v = np.flip(x, axis) if reverse else x
    y = np.cumsum(v, axis=axis)
    if exclusive:
        y = y - v if v.dtype.kind not in "fc" else _shifted(y, axis, 0)
    return np.flip(y, axis) if reverse else y


def cumsum_of_kind_vjp(c: Array, x: Array, *, axis: int, exclusive: bool, reverse: bool) -> Array:
    return cumsum_of_kind(c, axis=axis, exclusive=exclusive, reverse=not reverse)


def _shifted(y: Array, axis: int, first: float) -> Array:
    """One place further, behind a first number."""
    v = np.moveaxis(y, axis, -1)
    return np.moveaxis(np.concatenate([np.full_like(v[..., :1], first), v[..., :-1]], axis=-1), -1, axis)


def cumprod(x: Array, *, axis: int) -> Array:
    """Integers are multiplied as int64, as NumPy does."""
    return np.cumprod(x, axis=axis)


def cumprod_vjp(c: Array, x: Array, *, axis: int) -> Array:
    """Of x_k: the sum over i >= k of c_i times the product of x_j, j <= i, but x_k; nothing is divided."""
    cs, xs = np.moveaxis(c, axis, -1), np.moveaxis(x, axis, -1)
    g = np.zeros_like(xs)
    before = np.ones(xs.shape[:-1], xs.dtype)
    for k in range(xs.shape[-1]):
        after = np.cumprod(np.concatenate([np.ones_like(xs[..., :1]), xs[..., k + 1 :]], axis=-1), axis=-1)
        g[..., k] = np.conj(before) * np.sum(cs[..., k:] * np.conj(after), axis=-1)
        before = before * xs[..., k]
    return np.moveaxis(g, -1, axis)


def cummax(x: Array, *, axis: int) -> Array:
    """The largest so far; NaN from the first one on."""
    return np.maximum.accumulate(x, axis=axis)


def cummax_places(x: Array, *, axis: int) -> Array:
    """Where the largest so far is: of equal ones the last. https://docs.pytorch.org/docs/stable/generated/torch.cummax.html"""
    v = np.moveaxis(x, axis, -1)
    found = (v == cummax(v, axis=-1)) | np.isnan(v)
    return np.moveaxis(np.maximum.accumulate(np.where(found, np.arange(v.shape[-1]), 0), axis=-1), -1, axis)


def cummax_vjp(c: Array, x: Array, *, axis: int) -> Array:
    """Each cotangent goes to where its number came from."""
    places = np.moveaxis(cummax_places(x, axis=axis), axis, -1)[..., None]
    came = places == np.arange(x.shape[axis])
    return np.moveaxis(np.sum(np.moveaxis(c, axis, -1)[..., None] * came, axis=-2), -1, axis)


def cummin(x: Array, *, axis: int) -> Array:
    """The smallest so far; NaN from the first one on."""
    return np.minimum.accumulate(x, axis=axis)


def cummin_places(x: Array, *, axis: int) -> Array:
    """Where the smallest so far is: of equal ones the last."""
    v = np.moveaxis(x, axis, -1)
    found = (v == cummin(v, axis=-1)) | np.isnan(v)
    return np.moveaxis(np.maximum.accumulate(np.where(found, np.arange(v.shape[-1]), 0), axis=-1), -1, axis)


def cummin_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return cummax_vjp(c, -x, axis=axis)


def logcumsumexp(x: Array, *, axis: int) -> Array:
    """log of the running sum of exp(x), each shifted by its own maximum; log1p of all but one of its maxima."""
    v = np.moveaxis(x, axis, -1)
    n = v.shape[-1]
    prefixes = np.where(np.tri(n, dtype=bool), v[..., None, :], -np.inf)
    m = np.maximum.accumulate(v, axis=-1)
    e = np.exp(prefixes - np.where(np.isfinite(m), m, 0)[..., None])
    np.put_along_axis(e, np.argmax(prefixes, axis=-1)[..., None], 0, -1)
    return np.moveaxis(np.where(np.isfinite(m), m + np.log1p(np.sum(e, axis=-1)), m), -1, axis)


def logcumsumexp_vjp(c: Array, x: Array, *, axis: int) -> Array:
    """Of x_j: the sum over i >= j of c_i exp(x_j - y_i)."""
    v, cs = np.moveaxis(x, axis, -1), np.moveaxis(c, axis, -1)
    weights = _weights(v, np.moveaxis(logcumsumexp(x, axis=axis), axis, -1))
    return np.moveaxis(np.sum(cs[..., :, None] * weights, axis=-2), -1, axis)


def _weights(v: Array, y: Array) -> Array:
    """exp(x_j - y_i) for j <= i, else 0."""
    return np.where(np.tri(v.shape[-1], dtype=bool), np.exp(v[..., None, :] - y[..., :, None]), 0)


def diff(x: Array, *, n: int, axis: int) -> Array:
    """Differences of neighbours, n times; of bools, whether they differ.
    https://numpy.org/doc/stable/reference/generated/numpy.diff.html"""
    v = np.moveaxis(x, axis, -1)
    for _ in range(n):
        v = v[..., 1:] != v[..., :-1] if v.dtype == bool else v[..., 1:] - v[..., :-1]
    return np.moveaxis(v, -1, axis)


def diff_vjp(c: Array, x: Array, *, n: int, axis: int) -> Array:
    """Each cotangent to the later one of the two, and less of it to the earlier one."""
    v = np.moveaxis(c, axis, -1)
    for _ in range(n):
        zero = np.zeros((*v.shape[:-1], 1), v.dtype)
        v = np.concatenate([zero, v], axis=-1) - np.concatenate([v, zero], axis=-1)
    return np.moveaxis(v, -1, axis)


def cumulative_trapezoid(y: Array, *, dx: float, axis: int) -> Array:
    """The integral of the piecewise linear function through y, up to each but the first."""
    v = np.moveaxis(y, axis, -1)
    return np.moveaxis(np.cumsum(v[..., 1:] + v[..., :-1], axis=-1), -1, axis) / 2 * dx


def cumulative_trapezoid_vjp(c: Array, y: Array, *, dx: float, axis: int) -> Array:
    v = np.moveaxis(cumsum_vjp(c, c, axis=axis), axis, -1)
    zero: Any = np.zeros((*v.shape[:-1], 1), v.dtype)
    total = np.concatenate([zero, v], axis=-1) + np.concatenate([v, zero], axis=-1)
    return np.moveaxis(total, -1, axis) / 2 * dx
