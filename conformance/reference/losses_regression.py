"""Losses of numbers: reduced over all elements (``none``, ``sum``, ``mean``), or by rows.

Sources: the documentation of torch.nn and keras.losses, which agree on the formulas; Huber 1964, Annals of Mathematical
Statistics 35(1), for his loss.
"""

import numpy as np

from conformance.reference.losses_reduction import Array, alike, reduced, spread, weighted, weighted_vjp

KERAS_EPSILON = 1e-7


def absolute_error(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    alike(prediction, target)
    return reduced(np.abs(prediction - target), reduction)


def absolute_error_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """The sign; 0 at a tie, the middle of the subgradients."""
    return spread(c, prediction.shape, reduction) * np.sign(prediction - target)


def absolute_percentage_error(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """100 |p - t| / max(|t|, 1e-7), as Keras documents it."""
    alike(prediction, target)
    return reduced(100 * np.abs(prediction - target) / _floored(np.abs(target)), reduction)


def absolute_percentage_error_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    slope = 100 * np.sign(prediction - target) / _floored(np.abs(target))
    return spread(c, prediction.shape, reduction) * slope


def squared_logarithmic_error(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """(log(1 + p) - log(1 + t))^2 with p and t raised to 1e-7, as Keras documents it."""
    alike(prediction, target)
    d = np.log1p(_floored(prediction)) - np.log1p(_floored(target))
    return reduced(d * d, reduction)


def squared_logarithmic_error_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    d = np.log1p(_floored(prediction)) - np.log1p(_floored(target))
    slope = np.where(prediction > KERAS_EPSILON, 2 * d / (1 + prediction), 0 * d)
    return spread(c, prediction.shape, reduction) * slope


def huber(prediction: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)."""
    alike(prediction, target)
    return reduced(_huber(prediction - target, delta), reduction)


def huber_vjp(c: Array, prediction: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    return spread(c, prediction.shape, reduction) * np.clip(prediction - target, -delta, delta)


def smooth_l1(prediction: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean") -> Array:
    """Huber's loss divided by its delta: d^2 / (2 beta) where |d| < beta, else |d| - beta / 2."""
    return huber(prediction, target, delta=beta, reduction=reduction) / beta


def smooth_l1_vjp(c: Array, prediction: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean") -> Array:
    return huber_vjp(c, prediction, target, delta=beta, reduction=reduction) / beta


def log_cosh(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """log(cosh(d)) = |d| + log1p(exp(-2 |d|)) - log 2."""
    alike(prediction, target)
    d = np.abs(prediction - target)
    return reduced(d + np.log1p(np.exp(-2 * d)) - np.log(d.dtype.type(2)), reduction)


def log_cosh_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    return spread(c, prediction.shape, reduction) * np.tanh(prediction - target)


def negative_cosine(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """-cos of the angle between rows: -1 where they point the same way; 0 for a row of zeros."""
    alike(prediction, target)
    return reduced(-cosine(prediction, target), reduction)


def negative_cosine_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    return cosine_vjp(-spread(c, prediction.shape[:-1], reduction), prediction, target)


def cosine(x: Array, y: Array) -> Array:
    """x.y / (|x| |y|) of the last axis; 0 where one of them is 0."""
    lengths = _length(x) * _length(y)
    return np.sum(x * y, axis=-1) / np.where(lengths == 0, 1, lengths)


def cosine_vjp(c: Array, x: Array, y: Array) -> Array:
    """Of x: (y / |y| - cos x / |x|) / |x|."""
    nx, ny = _length(x)[..., None], _length(y)[..., None]
    return c[..., None] * (y / ny - cosine(x, y)[..., None] * x / nx) / nx


def squared_error_by_rows(prediction: Array, target: Array, *, reduction: str) -> Array:
    """The mean of each row, and those reduced."""
    alike(prediction, target)
    d = prediction - target
    return reduced(np.sum(d * d, axis=-1) / d.shape[-1], reduction)


def squared_error_by_rows_vjp(c: Array, prediction: Array, target: Array, *, reduction: str) -> Array:
    rows = spread(c, prediction.shape[:-1], reduction)
    return rows[..., None] * 2 * (prediction - target) / prediction.shape[-1]


# With a weight for each element or row


def weighted_squared_error(prediction: Array, target: Array, weight: Array, *, reduction: str) -> Array:
    alike(prediction, target, weight)
    d = prediction - target
    return weighted(d * d, weight, reduction)


def weighted_squared_error_vjp(
    c: Array, prediction: Array, target: Array, weight: Array, *, reduction: str
) -> tuple[Array, Array]:
    d = prediction - target
    terms, of_weight = weighted_vjp(c, d * d, weight, reduction)
    return terms * 2 * d, of_weight


def weighted_absolute_error(prediction: Array, target: Array, weight: Array, *, reduction: str) -> Array:
    alike(prediction, target, weight)
    return weighted(np.abs(prediction - target), weight, reduction)


def weighted_absolute_error_vjp(
    c: Array, prediction: Array, target: Array, weight: Array, *, reduction: str
) -> tuple[Array, Array]:
    d = prediction - target
    terms, of_weight = weighted_vjp(c, np.abs(d), weight, reduction)
    return terms * np.sign(d), of_weight


def weighted_huber(prediction: Array, target: Array, weight: Array, *, reduction: str, delta: float) -> Array:
    alike(prediction, target, weight)
    return weighted(_huber(prediction - target, delta), weight, reduction)


def weighted_huber_vjp(
    c: Array, prediction: Array, target: Array, weight: Array, *, reduction: str, delta: float
) -> tuple[Array, Array]:
    d = prediction - target
    terms, of_weight = weighted_vjp(c, _huber(d, delta), weight, reduction)
    return terms * np.clip(d, -delta, delta), of_weight


def row_weighted_squared_error(prediction: Array, target: Array, weight: Array, *, reduction: str) -> Array:
    """One weight for each row, whose loss is a mean of its elements."""
    alike(prediction, target)
    alike(prediction[..., 0], weight)
    return weighted(squared_error_by_rows(prediction, target, reduction="none"), weight, reduction)


def row_weighted_squared_error_vjp(
    c: Array, prediction: Array, target: Array, weight: Array, *, reduction: str
) -> tuple[Array, Array]:
    rows = squared_error_by_rows(prediction, target, reduction="none")
    terms, of_weight = weighted_vjp(c, rows, weight, reduction)
    return squared_error_by_rows_vjp(terms, prediction, target, reduction="none"), of_weight


def masked_squared_error(prediction: Array, target: Array, mask: Array) -> Array:
    """The mean over the rows that a mask keeps; 0/0, not a number, where it keeps none."""
    alike(prediction[..., 0], mask)
    rows = squared_error_by_rows(prediction, target, reduction="none")
    return np.sum(np.where(mask, rows, 0 * rows)) / rows.dtype.type(np.sum(mask))


def masked_squared_error_vjp(c: Array, prediction: Array, target: Array, mask: Array) -> Array:
    terms = np.where(mask, c, 0 * c) / c.dtype.type(np.sum(mask))
    return squared_error_by_rows_vjp(terms, prediction, target, reduction="none")


# Likelihoods of counts and of normal distributions


def poisson_nll(rate: Array, target: Array, *, eps: float = 1e-7, reduction: str = "mean") -> Array:
    """rate - target log(rate + eps), without log(target!)."""
    alike(rate, target)
    return reduced(rate - np.where(target == 0, 0 * rate, target * np.log(rate + eps)), reduction)


def poisson_nll_vjp(c: Array, rate: Array, target: Array, *, eps: float = 1e-7, reduction: str = "mean") -> Array:
    """1 - target / (rate + eps), which does not cancel as (rate + eps - target) / (rate + eps)."""
    return spread(c, rate.shape, reduction) * ((rate - target + eps) / (rate + eps))


def poisson_nll_from_log(log_rate: Array, target: Array, *, full: bool = False, reduction: str = "mean") -> Array:
    """exp(z) - target z; ``full`` adds Stirling's log(target!) = t log t - t + log(2 pi t) / 2 where target > 1.
    Targets are whole numbers."""
    alike(log_rate, target)
    terms = np.exp(log_rate) - target * log_rate
    if full:
        beyond = np.rint(target) > 1
        t = np.where(beyond, target, 1)
        stirling = t * np.log(t) - t + np.log(2 * _pi(t) * t) / 2
        terms = terms + np.where(beyond, stirling, 0 * t)
    return reduced(terms, reduction)


def poisson_nll_from_log_vjp(
    c: Array, log_rate: Array, target: Array, *, full: bool = False, reduction: str = "mean"
) -> Array:
    return spread(c, log_rate.shape, reduction) * (np.exp(log_rate) - target)


def gaussian_nll(
    mean: Array, target: Array, variance: Array, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Array:
    """(log v + (mean - target)^2 / v) / 2 with v the variance, raised to eps; ``full`` adds log(2 pi) / 2.

    Nix and Weigend, Proc. IEEE ICNN 1994. Raises ``ValueError`` for a variance below 0.
    """
    alike(mean, target, variance)
    if np.any(variance < 0):
        raise ValueError("a variance is negative")
    d, v = mean - target, np.maximum(variance, eps)
    terms = (np.log(v) + d * d / v) / 2
    return reduced(terms + np.log(2 * _pi(v)) / 2 if full else terms, reduction)


def gaussian_nll_vjp(
    c: Array, mean: Array, target: Array, variance: Array, *, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> tuple[Array, Array]:  # fmt: skip
    each, d, v = spread(c, mean.shape, reduction), mean - target, np.maximum(variance, eps)
    return each * d / v, each * np.where(variance >= eps, (v - d * d) / (2 * v * v), 0 * v)


def l2_penalty(w: Array, *, strength: float) -> Array:
    return strength * np.sum(w * w)


def l2_penalty_vjp(c: Array, w: Array, *, strength: float) -> Array:
    return c * 2 * strength * w


def _huber(d: Array, delta: float) -> Array:
    size = np.abs(d)
    return np.where(size <= delta, d * d / 2, delta * (size - delta / 2))


def _floored(a: Array) -> Array:
    return np.maximum(a, a.dtype.type(KERAS_EPSILON))


def _length(x: Array) -> Array:
    return np.sqrt(np.sum(x * x, axis=-1))


def _pi(like: Array) -> Array:
    return like.dtype.type("3.14159265358979323846264338327950288")
