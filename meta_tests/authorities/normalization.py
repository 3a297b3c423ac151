"""Normalization: by scikit-learn's and SciPy's scaling of columns, and in plain Python."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.stats
from sklearn import preprocessing

Array = np.ndarray


def shrunk(d: Array, variance: Any, epsilon: float | None) -> Array:
    return d / np.hypot(np.sqrt(variance), np.sqrt(1e-5 if epsilon is None else epsilon))


def columns(x: Array, axis: int) -> Array:
    """One row for each element of the batch, one column for each channel."""
    return np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])


def restored(y: Array, x: Array, axis: int) -> Array:
    return np.moveaxis(y.reshape(np.moveaxis(x, axis, -1).shape), -1, axis)


def plain(x: Array, axis: int, epsilon: float | None) -> Array:
    scaler = preprocessing.StandardScaler().fit(columns(x, axis))
    return restored(shrunk(columns(x, axis) - scaler.mean_, scaler.var_, epsilon), x, axis)


def batch_norm(x: Array, gamma: Array, beta: Array, axis: int, epsilon: float | None) -> Array:
    y = columns(plain(x, axis, epsilon), axis)
    return restored(y @ np.diag(gamma) + beta, x, axis)


def inference(
    x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, axis: int, epsilon: float | None
) -> Array:
    return restored(shrunk(columns(x, axis) - mean, variance, epsilon) * gamma + beta, x, axis)


def running(
    x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, axis: int, momentum: float | None,
    epsilon: float, **_: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """An exponentially weighted sum of the starting value and of all batches at once."""
    m, n = 0.99 if momentum is None else momentum, len(x)
    weights = (1 - m) * m ** np.arange(n - 1, -1, -1)
    means = [np.mean(columns(step, axis), axis=0) for step in x]
    variances = [np.var(columns(step, axis), axis=0) for step in x]
    last = batch_norm(x[-1], gamma, beta, axis, epsilon)
    return last, m**n * mean + weights @ means, m**n * variance + weights @ variances


def masked(x: Array, mask: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    valid = x[mask]
    return shrunk(x - np.average(valid, axis=0), np.var(valid, axis=0), epsilon) * gamma + beta


def over(f: Callable[[Array], Array], x: Array, axes: tuple[int, ...]) -> Array:
    """``f`` of the numbers of each group of axes, one group after the other."""
    places = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, places)
    flat = moved.reshape(-1, int(np.prod(moved.shape[-len(axes) :])))
    return np.moveaxis(np.reshape([f(row) for row in flat], moved.shape), places, axes)


def weighed(w: Array, x: Array, axes: tuple[int, ...]) -> Array:
    return np.expand_dims(w, tuple(a for a in range(x.ndim) if a not in {b % x.ndim for b in axes}))


def layer_plain(x: Array, axes: tuple[int, ...], epsilon: float | None) -> Array:
    return over(lambda row: shrunk(row - np.mean(row), np.var(row), epsilon), x, axes)


def grouped(x: Array, gamma: Array, beta: Array, groups: int | None, axis: int, epsilon: float | None) -> Array:
    """Image by image and group by group."""
    first = np.moveaxis(x, axis, 1)
    size = first.shape[1] // (groups or 32)
    out = np.empty_like(first)
    for i in range(len(x)):
        for g in range(0, first.shape[1], size):
            part = first[i, g : g + size]
            out[i, g : g + size] = shrunk(part - part.mean(), part.var(), epsilon)
    return restored(columns(np.moveaxis(out, 1, axis), axis) * gamma + beta, x, axis)


def local_response(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """Channel by channel."""
    out = np.empty_like(x)
    for i in range(x.shape[-1]):
        near = x[..., max(i - size // 2, 0) : i + (size - 1) // 2 + 1]
        out[..., i] = x[..., i] / (k + alpha * np.sum(near**2, axis=-1) / size) ** beta
    return out


def power(x: Array, kernel: Array, u: Array, iterations: int) -> tuple[Array, Array]:
    """(W'W)^k u is parallel to u after k steps; sigma = |W' v|, since u is W' v / |W' v|."""
    gram = kernel.T @ kernel
    before = np.linalg.matrix_power(gram, iterations - 1) @ u[0]
    v = kernel @ before / np.linalg.norm(kernel @ before)
    return x @ kernel / np.linalg.norm(kernel.T @ v), (kernel.T @ v / np.linalg.norm(kernel.T @ v))[None]


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "batch_norm_in_training": batch_norm,
    "batch_norm_without_weights": plain,
    "batch_norm_in_inference": inference,
    "batch_norm_running_statistics": running,
    "frozen_batch_norm": inference,
    "masked_batch_norm": masked,
    "layer_norm": lambda x, gamma, beta, axes, epsilon: (
        layer_plain(x, axes, epsilon) * weighed(gamma, x, axes) + weighed(beta, x, axes)
    ),
    "layer_norm_without_weights": layer_plain,
    "layer_norm_offset_alone": lambda x, beta, axes, epsilon: layer_plain(x, axes, epsilon) + weighed(beta, x, axes),
    "layer_norm_rms_scaling": lambda x, gamma, axes, epsilon: (
        over(lambda row: shrunk(row, scipy.stats.moment(row, 2), epsilon), x, axes) * weighed(gamma, x, axes)
    ),
    "rms_norm": lambda x, scale, axes, epsilon: (
        over(lambda row: shrunk(row, row @ row / row.size, epsilon or 0), x, axes) * weighed(scale, x, axes)
    ),
    "group_norm": grouped,
    "instance_norm": lambda x, gamma, beta, axis, epsilon: grouped(x, gamma, beta, len(gamma), axis, epsilon),
    "unit_normalization": lambda x, axes: over(lambda row: preprocessing.normalize(row[None])[0], x, axes),
    "local_response_norm": local_response,
    "weight_norm": lambda x, direction, length: (x @ preprocessing.normalize(direction, axis=0)) * length,
    "spectral_normalization_at_first": lambda x, kernel: x @ (kernel / np.linalg.norm(kernel, 2)),
    "spectral_normalization": lambda x, kernel, u, iterations: power(x, kernel, u, iterations)[0],
    "spectral_normalization_state": power,
}
