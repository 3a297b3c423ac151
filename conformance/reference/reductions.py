"""Reductions and the softmax family. ``axis`` is an integer, a tuple, or None for all axes; () for none."""

import numpy as np

Array = np.ndarray
Axis = int | tuple[int, ...] | None


def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Integers and bools are added as int64, as NumPy does."""
    return np.sum(x, axis=axis, keepdims=keepdims)


def sum_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.broadcast_to(expanded(c, x, axis), x.shape)


def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.sum(x, axis=axis, keepdims=keepdims) / np.float64(count(x, axis))


def mean_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.broadcast_to(expanded(c, x, axis), x.shape) / count(x, axis)


def prod(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Integers are multiplied as int64, as NumPy does."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def prod_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product of the other factors: of those before times of those after, which no zero spoils."""
    v = gathered(x, axis)
    one = np.ones_like(v[..., :1])
    before = np.cumprod(np.concatenate([one, v[..., :-1]], axis=-1), axis=-1)
    after = np.flip(np.cumprod(np.flip(np.concatenate([v[..., 1:], one], axis=-1), -1), axis=-1), -1)
    return expanded(c, x, axis) * spread(np.conj(before * after), x, axis)


def var(x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Array:
    """Sum of squared deviations over n - ddof; two passes (Chan, Golub, LeVeque 1983, The American Statistician 37)."""
    d = centred(x, axis)
    return np.sum(d * d, axis=axis, keepdims=keepdims) / np.float64(count(x, axis) - ddof)


def var_vjp(c: Array, x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Array:
    return 2 * expanded(c, x, axis) * centred(x, axis) / (count(x, axis) - ddof)


def std(x: Array, *, axis: Axis = None, ddof: int = 0) -> Array:
    return np.sqrt(var(x, axis=axis, ddof=ddof))


def std_vjp(c: Array, x: Array, *, axis: Axis = None, ddof: int = 0) -> Array:
    """Deviation / ((n - ddof) std). A constant has no derivative: 0, the subgradient of least norm."""
    s = np.broadcast_to(expanded(std(x, axis=axis, ddof=ddof), x, axis), x.shape)
    zero = s == 0
    slope = centred(x, axis) / (np.where(zero, 1, s) * (count(x, axis) - ddof))
    return expanded(c, x, axis) * np.where(zero, 0, slope)


def mean_and_variance(x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> tuple[Array, Array]:
    return mean(x, axis=axis, keepdims=keepdims), var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def mean_and_variance_vjp(
    c: tuple[Array, Array], x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False
) -> Array:
    return mean_vjp(c[0], x, axis=axis) + var_vjp(c[1], x, axis=axis, ddof=ddof)


def mean_and_deviation(x: Array, *, axis: Axis = None, ddof: int = 0) -> tuple[Array, Array]:
    return mean(x, axis=axis), std(x, axis=axis, ddof=ddof)


def mean_and_deviation_vjp(c: tuple[Array, Array], x: Array, *, axis: Axis = None, ddof: int = 0) -> Array:
    return mean_vjp(c[0], x, axis=axis) + std_vjp(c[1], x, axis=axis, ddof=ddof)


def weighted_mean(x: Array, weights: Array, *, axis: Axis) -> Array:
    """sum(w x) / sum(w). https://numpy.org/doc/stable/reference/generated/numpy.average.html"""
    return np.sum(weights * x, axis=axis) / np.sum(weights, axis=axis)


def weighted_mean_vjp(c: Array, x: Array, weights: Array, *, axis: Axis) -> tuple[Array, Array]:
    share = expanded(c, x, axis) / np.sum(weights, axis=axis, keepdims=True)
    return share * weights, share * _from_weighted_mean(x, weights, axis)


def weighted_moments(x: Array, weights: Array, *, axis: Axis) -> tuple[Array, Array]:
    """The weighted mean m, and sum(w (x - m)^2) / sum(w)."""
    d = _from_weighted_mean(x, weights, axis)
    return weighted_mean(x, weights, axis=axis), np.sum(weights * d * d, axis=axis) / np.sum(weights, axis=axis)


def weighted_moments_vjp(c: tuple[Array, Array], x: Array, weights: Array, *, axis: Axis) -> tuple[Array, Array]:
    """sum(w (x - m)) = 0: the mean inside of the variance contributes nothing."""
    dx, dw = weighted_mean_vjp(c[0], x, weights, axis=axis)
    share = expanded(c[1], x, axis) / np.sum(weights, axis=axis, keepdims=True)
    d = _from_weighted_mean(x, weights, axis)
    variance = expanded(weighted_moments(x, weights, axis=axis)[1], x, axis)
    return dx + 2 * share * weights * d, dw + share * (d * d - variance)


def _from_weighted_mean(x: Array, weights: Array, axis: Axis) -> Array:
    return x - expanded(weighted_mean(x, weights, axis=axis), x, axis)


def nansum(x: Array, *, axis: Axis = None) -> Array:
    """The sum of what is a number."""
    return np.sum(np.where(np.isnan(x), 0, x), axis=axis)


def nansum_vjp(c: Array, x: Array, *, axis: Axis = None) -> Array:
    return np.where(np.isnan(x), 0, expanded(c, x, axis))


def nanmean(x: Array, *, axis: Axis = None) -> Array:
    """The mean of what is a number; NaN of nothing."""
    return nansum(x, axis=axis) / np.sum(~np.isnan(x), axis=axis)


def nanmean_vjp(c: Array, x: Array, *, axis: Axis = None) -> Array:
    return nansum_vjp(c / np.sum(~np.isnan(x), axis=axis), x, axis=axis)


def all(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """No element is 0 or False; NaN is true."""
    return np.sum(x == 0, axis=axis, keepdims=keepdims) == 0


def any(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Some element is neither 0 nor False."""
    return np.sum(x != 0, axis=axis, keepdims=keepdims) != 0


def count_nonzero(x: Array, *, axis: Axis = None) -> Array:
    return np.sum(x != 0, axis=axis)


def zero_fraction(x: Array) -> Array:
    return np.sum(x == 0) / np.float64(x.size)


def half_sum_of_squares(x: Array) -> Array:
    return np.sum(x * x) / 2


def half_sum_of_squares_vjp(c: Array, x: Array) -> Array:
    return c * x


def softmax(x: Array, *, axis: Axis) -> Array:
    """exp(x) / sum(exp(x)), shifted by the maximum. Blanchard, Higham and Higham, IMA J. Numer. Anal. 41(4), 2021."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def softmax_vjp(c: Array, x: Array, *, axis: Axis) -> Array:
    y = softmax(x, axis=axis)
    return y * (c - np.sum(c * y, axis=axis, keepdims=True))


def log_softmax(x: Array, *, axis: Axis) -> Array:
    """x - logsumexp(x). Where x is the maximum, log1p of the rest keeps a result near 0 exact."""
    v = gathered(x, axis)
    return spread(v - np.max(v, axis=-1, keepdims=True) - _log_of_sum(v), x, axis)


def log_softmax_vjp(c: Array, x: Array, *, axis: Axis) -> Array:
    return c - softmax(x, axis=axis) * np.sum(c, axis=axis, keepdims=True)


def logsumexp(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """max + log(sum(exp(x - max))); -inf where all are -inf, or of nothing. The same paper."""
    v = gathered(x, axis)
    m = np.max(v, axis=-1, keepdims=True, initial=-np.inf)
    y = np.where(np.isfinite(m), m + _log_of_sum(v), m)[..., 0] if v.size else m[..., 0]
    return expanded(y, x, axis) if keepdims else y


def logsumexp_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return expanded(c, x, axis) * (softmax(x, axis=axis) if x.size else x)


def _log_of_sum(v: Array) -> Array:
    """log(sum(exp(v - max))) = log1p(sum over all but one maximum)."""
    rest = np.exp(v - np.max(v, axis=-1, keepdims=True))
    np.put_along_axis(rest, np.argmax(v, axis=-1)[..., None], 0, -1)
    return np.log1p(np.sum(rest, axis=-1, keepdims=True))


def covariance(x: Array, *, ddof: int) -> Array:
    """Of the rows: (x - mean) (x - mean)^T / (n - ddof). https://numpy.org/doc/stable/reference/generated/numpy.cov.html"""
    d = centred(x, -1)
    return np.matmul(d, d.T) / (x.shape[-1] - ddof)


def covariance_vjp(c: Array, x: Array, *, ddof: int) -> Array:
    return np.matmul(c + c.T, centred(x, -1)) / (x.shape[-1] - ddof)


def correlation(x: Array) -> Array:
    """Products of the rows, each centred and of norm 1."""
    unit, _ = _standardized(x)
    return np.matmul(unit, unit.T)


def correlation_vjp(c: Array, x: Array) -> Array:
    """Of the products, of u = d / |d| (I - u u^T over |d|), of d = x - mean."""
    unit, norm = _standardized(x)
    g = np.matmul(c + c.T, unit)
    return centred((g - unit * np.sum(unit * g, axis=-1, keepdims=True)) / norm, -1)


def _standardized(x: Array) -> tuple[Array, Array]:
    d = centred(x, -1)
    norm = np.sqrt(np.sum(d * d, axis=-1, keepdims=True))
    return d / norm, norm


def trapezoid(y: Array, *, dx: float, axis: int) -> Array:
    """The integral of the piecewise linear function through y, at distances dx."""
    v = np.moveaxis(y, axis, -1)
    return np.sum(v[..., 1:] + v[..., :-1], axis=-1) / 2 * dx


def trapezoid_vjp(c: Array, y: Array, *, dx: float, axis: int) -> Array:
    weight = np.ones(y.shape[axis], y.dtype)
    weight[[0, -1]] = weight[[0, -1]] / 2
    return np.moveaxis(np.broadcast_to(np.expand_dims(c, -1) * weight * dx, np.moveaxis(y, axis, -1).shape), -1, axis)


def trapezoid_of_points(y: Array, x: Array) -> Array:
    """The same through the points (x, y)."""
    return np.sum((y[1:] + y[:-1]) * (x[1:] - x[:-1])) / 2


def trapezoid_of_points_vjp(c: Array, y: Array, x: Array) -> tuple[Array, Array]:
    dx, total = x[1:] - x[:-1], y[1:] + y[:-1]
    zero = np.zeros_like(x[:1])
    dy = np.concatenate([zero, dx]) + np.concatenate([dx, zero])
    return c * dy / 2, c * (np.concatenate([zero, total]) - np.concatenate([total, zero])) / 2


def centred(x: Array, axis: Axis) -> Array:
    """x less its mean."""
    return x - np.sum(x, axis=axis, keepdims=True) / count(x, axis)


def axes(x: Array, axis: Axis) -> tuple[int, ...]:
    """Numbers of the axes, none of them negative."""
    given = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple(a % x.ndim for a in given)


def count(x: Array, axis: Axis) -> int:
    """How many numbers are reduced to one."""
    return int(np.prod([x.shape[a] for a in axes(x, axis)]))


def expanded(c: Array, x: Array, axis: Axis) -> Array:
    """One number for each reduction, in the dimensions of x; as it is if it has them."""
    return c if np.ndim(c) == x.ndim else np.expand_dims(c, axes(x, axis))


def gathered(x: Array, axis: Axis) -> Array:
    """The reduced axes as one, at the end."""
    reduced = axes(x, axis)
    kept = [a for a in range(x.ndim) if a not in reduced]
    return x.transpose(*kept, *reduced).reshape(*(x.shape[a] for a in kept), count(x, axis))


def spread(v: Array, x: Array, axis: Axis) -> Array:
    """The inverse of `gathered`: v in the shape of x."""
    reduced = axes(x, axis)
    order = [*(a for a in range(x.ndim) if a not in reduced), *reduced]
    return v.reshape([x.shape[a] for a in order]).transpose(np.argsort(order))
