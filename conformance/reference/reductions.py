"""Reductions, scans and the softmax family. ``axis`` is an integer, a tuple, or None for all axes."""

import numpy as np

Array = np.ndarray
Axis = int | tuple[int, ...] | None


def sum(x: Array, *, axis: Axis = None) -> Array:
    return np.sum(x, axis=axis)


def sum_vjp(c: Array, x: Array, *, axis: Axis = None) -> Array:
    return np.broadcast_to(_expand(c, x, axis), x.shape)


def mean(x: Array, *, axis: Axis = None) -> Array:
    return np.sum(x, axis=axis) / _count(x, axis)


def mean_vjp(c: Array, x: Array, *, axis: Axis = None) -> Array:
    return np.broadcast_to(_expand(c, x, axis), x.shape) / _count(x, axis)


def var(x: Array, *, axis: Axis = None, ddof: int = 0) -> Array:
    """Sum of squared deviations over n - ddof; two passes (Chan, Golub, LeVeque 1983, The American Statistician 37)."""
    d = x - np.sum(x, axis=axis, keepdims=True) / _count(x, axis)
    return np.sum(d * d, axis=axis) / (_count(x, axis) - ddof)


def var_vjp(c: Array, x: Array, *, axis: Axis = None, ddof: int = 0) -> Array:
    d = x - np.sum(x, axis=axis, keepdims=True) / _count(x, axis)
    return 2 * _expand(c, x, axis) * d / (_count(x, axis) - ddof)


def cumsum(x: Array, *, axis: int) -> Array:
    return np.cumsum(x, axis=axis)


def cumsum_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return np.flip(np.cumsum(np.flip(c, axis), axis=axis), axis)


def softmax(x: Array, *, axis: int) -> Array:
    """exp(x) / sum(exp(x)), shifted by the maximum. Blanchard, Higham and Higham, IMA J. Numer. Anal. 41(4), 2021."""
    e = np.exp(_shifted(x, axis))
    return e / np.sum(e, axis=axis, keepdims=True)


def softmax_vjp(c: Array, x: Array, *, axis: int) -> Array:
    y = softmax(x, axis=axis)
    return y * (c - np.sum(c * y, axis=axis, keepdims=True))


def log_softmax(x: Array, *, axis: int) -> Array:
    """x - logsumexp(x). Where x is the maximum, log1p of the rest keeps a result near 0 exact."""
    return _shifted(x, axis) - _log_of_sum(x, axis)


def log_softmax_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return c - softmax(x, axis=axis) * np.sum(c, axis=axis, keepdims=True)


def logsumexp(x: Array, *, axis: int) -> Array:
    """max + log(sum(exp(x - max))); -inf where all are -inf. The same paper."""
    m = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(np.where(np.isfinite(m), m + _log_of_sum(x, axis), m), axis)


def logsumexp_vjp(c: Array, x: Array, *, axis: int) -> Array:
    return np.expand_dims(c, axis) * softmax(x, axis=axis)


def _shifted(x: Array, axis: int) -> Array:
    return x - np.max(x, axis=axis, keepdims=True)


def _log_of_sum(x: Array, axis: int) -> Array:
    """log(sum(exp(x - max))) = log1p(sum over all but one maximum)."""
    e = np.exp(_shifted(x, axis))
    first = np.expand_dims(np.argmax(x, axis=axis), axis)
    rest = e.copy()
    np.put_along_axis(rest, first, 0, axis)
    return np.log1p(np.sum(rest, axis=axis, keepdims=True))


def _count(x: Array, axis: Axis) -> int:
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    return int(np.prod([x.shape[int(a)] for a in axes]))


def _expand(c: Array, x: Array, axis: Axis) -> Array:
    axes = tuple(range(x.ndim)) if axis is None else tuple(int(a) % x.ndim for a in np.atleast_1d(axis))
    return np.expand_dims(c, axes)
