"""Normalization. Channels are counted along ``axis``; weights of layers are those of Keras. Gradients in closed form.

Sources: Ioffe and Szegedy 2015 (batch), Ba et al. 2016 (layer), Wu and He 2018 (group), Ulyanov et al. 2016 (instance),
Zhang and Sennrich 2019 (root mean square), Krizhevsky et al. 2012 (local response), Salimans and Kingma 2016 (weight),
Miyato et al. 2018 (spectral).
"""

from typing import Any

import numpy as np

Array = np.ndarray
Axes = tuple[int, ...]
EPSILON = 1e-5
"""Where a sample asks for none."""


def batch_norm(x: Array, gamma: Array, beta: Array, *, axis: int, epsilon: float | None) -> Array:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta, by the biased variance of each channel of the batch."""
    _channels(x, axis, gamma, beta)
    y, _ = _standardized(x, _others(x, axis), epsilon)
    return y * _along(gamma, x, axis) + _along(beta, x, axis)


def batch_norm_vjp(
    c: Array, x: Array, gamma: Array, beta: Array, *, axis: int, epsilon: float | None
) -> tuple[Array, Array, Array]:
    axes = _others(x, axis)
    y, _ = _standardized(x, axes, epsilon)
    return (
        _standardized_vjp(c * _along(gamma, x, axis), x, axes, epsilon),
        np.sum(c * y, axis=axes),
        np.sum(c, axis=axes),
    )


def batch_norm_vjp_terms(
    c: Array, x: Array, gamma: Array, beta: Array, *, axis: int, epsilon: float | None
) -> tuple[Array, Array, Array]:
    """The terms that the gradient is the difference of."""
    axes = _others(x, axis)
    terms = _standardized_terms(c * _along(gamma, x, axis), x, axes, epsilon)
    return terms, np.sum(np.abs(c * x * _standardized(x, axes, epsilon)[1]), axis=axes), np.zeros_like(beta)


def batch_norm_terms(x: Array, gamma: Array, beta: Array, *, axis: int, epsilon: float | None) -> Array:
    """Kernels fold the mean into the offset, x s + (beta - mean s): numbers of the size of x s."""
    _, inverse = _standardized(x, _others(x, axis), epsilon)
    return np.abs(x * inverse * _along(gamma, x, axis))


def batch_norm_plain(x: Array, *, axis: int, epsilon: float | None) -> Array:
    """Without gamma and beta."""
    return _standardized(x, _others(x, axis), epsilon)[0]


def batch_norm_plain_vjp(c: Array, x: Array, *, axis: int, epsilon: float | None) -> Array:
    return _standardized_vjp(c, x, _others(x, axis), epsilon)


def batch_norm_plain_vjp_terms(c: Array, x: Array, *, axis: int, epsilon: float | None) -> Array:
    return _standardized_terms(c, x, _others(x, axis), epsilon)


def batch_norm_inference(
    x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, *, axis: int, epsilon: float | None
) -> Array:
    """By the running statistics, which are data."""
    _channels(x, axis, gamma, beta, mean, variance)
    scale = gamma / np.sqrt(variance + (EPSILON if epsilon is None else epsilon))
    return (x - _along(mean, x, axis)) * _along(scale, x, axis) + _along(beta, x, axis)


def batch_norm_inference_vjp(
    c: Array, x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, *, axis: int, epsilon: float | None
) -> tuple[Array, Array, Array]:
    axes, inverse = _others(x, axis), 1 / np.sqrt(variance + (EPSILON if epsilon is None else epsilon))
    centred = x - _along(mean, x, axis)
    return c * _along(gamma * inverse, x, axis), np.sum(c * centred, axis=axes) * inverse, np.sum(c, axis=axes)


def running_statistics(
    x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, *, axis: int, momentum: float | None,
    epsilon: float | None, **_: Any,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The last result and the running mean and variance after training on x[0], x[1], ...: at each step
    m running + (1 - m) batch, of the biased variance; m is 0.99 where none is given."""
    m = 0.99 if momentum is None else momentum
    for step in x:
        axes = _others(step, axis)
        y = batch_norm(step, gamma, beta, axis=axis, epsilon=epsilon)
        average = _mean(step, axes)
        mean = m * mean + (1 - m) * average.reshape(-1)
        variance = m * variance + (1 - m) * _mean((step - average) ** 2, axes).reshape(-1)
    return y, mean, variance


def masked_batch_norm(x: Array, mask: Array, gamma: Array, beta: Array, *, epsilon: float) -> Array:
    """Mean and variance of the steps of (batch, time, channels) where the mask holds; every step is normalized."""
    if mask.shape != x.shape[:-1]:
        raise ValueError("the mask needs one entry for each step")
    d, inverse, _ = _masked(x, mask, epsilon)
    return d * inverse * gamma + beta


def masked_batch_norm_terms(x: Array, mask: Array, gamma: Array, beta: Array, *, epsilon: float) -> Array:
    """As `batch_norm_terms`."""
    _, inverse, _ = _masked(x, mask, epsilon)
    return np.abs(x * inverse * gamma)


def masked_batch_norm_vjp(
    c: Array, x: Array, mask: Array, gamma: Array, beta: Array, *, epsilon: float
) -> tuple[Array, Array, Array]:
    d, inverse, weight = _masked(x, mask, epsilon)
    y, g = d * inverse, c * gamma
    shift = np.sum(g, axis=(0, 1)) + y * np.sum(g * y, axis=(0, 1))
    return inverse * (g - weight * shift), np.sum(c * y, axis=(0, 1)), np.sum(c, axis=(0, 1))


def masked_batch_norm_vjp_terms(
    c: Array, x: Array, mask: Array, gamma: Array, beta: Array, *, epsilon: float
) -> tuple[Array, Array, Array]:
    _, inverse, _ = _masked(x, mask, epsilon)
    terms = np.max(np.abs(c * gamma * inverse), axis=(0, 1), keepdims=True) + 0 * x
    return terms, np.zeros_like(gamma), np.zeros_like(beta)


def _masked(x: Array, mask: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """x - mean, 1 / sqrt(variance + epsilon), and the weight of each step in the mean."""
    weight = mask[..., None] / np.sum(mask).astype(x.dtype)
    d = x - np.sum(weight * x, axis=(0, 1))
    return d, 1 / np.sqrt(np.sum(weight * d * d, axis=(0, 1)) + epsilon), weight


def layer_norm(x: Array, gamma: Array, beta: Array, *, axes: Axes, epsilon: float | None) -> Array:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta over ``axes``, of which gamma and beta have the shape."""
    if not gamma.shape == beta.shape == tuple(x.shape[a] for a in axes):
        raise ValueError("gamma and beta need the shape of the axes")
    y, _ = _standardized(x, axes, epsilon)
    return y * _over(gamma, x, axes) + _over(beta, x, axes)


def layer_norm_vjp(
    c: Array, x: Array, gamma: Array, beta: Array, *, axes: Axes, epsilon: float | None
) -> tuple[Array, Array, Array]:
    rest, (y, _) = _rest(x, axes), _standardized(x, axes, epsilon)
    return (
        _standardized_vjp(c * _over(gamma, x, axes), x, axes, epsilon),
        np.sum(c * y, axis=rest),
        np.sum(c, axis=rest),
    )


def layer_norm_vjp_terms(
    c: Array, x: Array, gamma: Array, beta: Array, *, axes: Axes, epsilon: float | None
) -> tuple[Array, Array, Array]:
    terms = _standardized_terms(c * _over(gamma, x, axes), x, axes, epsilon)
    of_gamma = np.sum(np.abs(c * x * _standardized(x, axes, epsilon)[1]), axis=_rest(x, axes))
    return terms, of_gamma, np.zeros_like(beta)


def layer_norm_terms(x: Array, gamma: Array, beta: Array, *, axes: Axes, epsilon: float | None) -> Array:
    """As of batch normalization."""
    return np.abs(x * _standardized(x, axes, epsilon)[1] * _over(gamma, x, axes))


def layer_norm_plain(x: Array, *, axes: Axes, epsilon: float | None) -> Array:
    """Without gamma and beta."""
    return _standardized(x, axes, epsilon)[0]


def layer_norm_plain_vjp(c: Array, x: Array, *, axes: Axes, epsilon: float | None) -> Array:
    return _standardized_vjp(c, x, axes, epsilon)


def layer_norm_plain_vjp_terms(c: Array, x: Array, *, axes: Axes, epsilon: float | None) -> Array:
    return _standardized_terms(c, x, axes, epsilon)


def layer_norm_offset(x: Array, beta: Array, *, axes: Axes, epsilon: float | None) -> Array:
    """Without gamma."""
    if beta.shape != tuple(x.shape[a] for a in axes):
        raise ValueError("beta needs the shape of the axes")
    return layer_norm_plain(x, axes=axes, epsilon=epsilon) + _over(beta, x, axes)


def layer_norm_offset_vjp(c: Array, x: Array, beta: Array, *, axes: Axes, epsilon: float | None) -> tuple[Array, Array]:
    return _standardized_vjp(c, x, axes, epsilon), np.sum(c, axis=_rest(x, axes))


def layer_norm_offset_vjp_terms(
    c: Array, x: Array, beta: Array, *, axes: Axes, epsilon: float | None
) -> tuple[Array, Array]:
    return _standardized_terms(c, x, axes, epsilon), np.zeros_like(beta)


def deviation_scaling(x: Array, gamma: Array, *, axes: Axes, epsilon: float) -> Array:
    """x / sqrt(variance + epsilon) gamma: the mean counts in the variance alone."""
    _, inverse = _standardized(x, axes, epsilon)
    return x * inverse * _over(gamma, x, axes)


def deviation_scaling_vjp(c: Array, x: Array, gamma: Array, *, axes: Axes, epsilon: float) -> tuple[Array, Array]:
    y, inverse = _standardized(x, axes, epsilon)
    g = c * _over(gamma, x, axes)
    gradient = inverse * (g - y * inverse * _mean(g * x, axes))
    return gradient, np.sum(c * x * inverse, axis=_rest(x, axes))


def rms_norm(x: Array, scale: Array, *, axes: Axes, epsilon: float | None) -> Array:
    """x / sqrt(mean(x^2) + epsilon) scale; no epsilon where none is given."""
    if scale.shape != tuple(x.shape[a] for a in axes):
        raise ValueError("the scale needs the shape of the axes")
    return x / np.sqrt(_mean(x * x, axes) + (epsilon or 0)) * _over(scale, x, axes)


def rms_norm_vjp(c: Array, x: Array, scale: Array, *, axes: Axes, epsilon: float | None) -> tuple[Array, Array]:
    inverse = 1 / np.sqrt(_mean(x * x, axes) + (epsilon or 0))
    g, y = c * _over(scale, x, axes), x * inverse
    return inverse * (g - y * _mean(g * y, axes)), np.sum(c * y, axis=_rest(x, axes))


def rms_norm_vjp_terms(c: Array, x: Array, scale: Array, *, axes: Axes, epsilon: float | None) -> tuple[Array, Array]:
    inverse = 1 / np.sqrt(_mean(x * x, axes) + (epsilon or 0))
    return np.abs(c * _over(scale, x, axes) * inverse), np.zeros_like(scale)


def group_norm(x: Array, gamma: Array, beta: Array, *, groups: int | None, axis: int, epsilon: float | None) -> Array:
    """Mean and variance of each row over all positions and the channels of one group; ``groups`` of -1: each channel
    by itself. The paper has 32 groups unless told otherwise."""
    _channels(x, axis, gamma, beta)
    if groups and groups > 0 and x.shape[axis] % groups:
        raise ValueError("the groups do not divide the channels")
    grouped, axes = _grouped(x, groups, axis)
    y = _ungrouped(_standardized(grouped, axes, epsilon)[0], x, axis)
    return y * _along(gamma, x, axis) + _along(beta, x, axis)


def group_norm_vjp(
    c: Array, x: Array, gamma: Array, beta: Array, *, groups: int | None, axis: int, epsilon: float | None
) -> tuple[Array, Array, Array]:
    grouped, axes = _grouped(x, groups, axis)
    y = _ungrouped(_standardized(grouped, axes, epsilon)[0], x, axis)
    g = _grouped(c * _along(gamma, x, axis), groups, axis)[0]
    gradient = _ungrouped(_standardized_vjp(g, grouped, axes, epsilon), x, axis)
    return gradient, np.sum(c * y, axis=_others(x, axis)), np.sum(c, axis=_others(x, axis))


def group_norm_vjp_terms(
    c: Array, x: Array, gamma: Array, beta: Array, *, groups: int | None, axis: int, epsilon: float | None
) -> tuple[Array, Array, Array]:
    grouped, axes = _grouped(x, groups, axis)
    g = _grouped(c * _along(gamma, x, axis), groups, axis)[0]
    terms = _ungrouped(_standardized_terms(g, grouped, axes, epsilon), x, axis)
    scaled = _ungrouped(grouped * _standardized(grouped, axes, epsilon)[1], x, axis)
    return terms, np.sum(np.abs(c * scaled), axis=_others(x, axis)), np.zeros_like(beta)


def group_norm_terms(
    x: Array, gamma: Array, beta: Array, *, groups: int | None, axis: int, epsilon: float | None
) -> Array:
    """As of batch normalization."""
    grouped, axes = _grouped(x, groups, axis)
    scaled = _ungrouped(grouped * _standardized(grouped, axes, epsilon)[1], x, axis)
    return np.abs(scaled * _along(gamma, x, axis))


def _grouped(x: Array, groups: int | None, axis: int) -> tuple[Array, Axes]:
    """(batch, positions..., groups, channels of a group), and the axes that are averaged over."""
    last = np.moveaxis(x, axis, -1)
    n = last.shape[-1] if groups == -1 else groups or 32
    grouped = last.reshape(*last.shape[:-1], n, last.shape[-1] // n)
    return grouped, (*range(1, x.ndim - 1), x.ndim)


def _ungrouped(grouped: Array, x: Array, axis: int) -> Array:
    return np.moveaxis(grouped.reshape(np.moveaxis(x, axis, -1).shape), -1, axis)


def local_response_norm(x: Array, *, size: int, alpha: float, beta: float, k: float) -> Array:
    """x / (k + alpha / size sum of squares of ``size`` neighbouring channels)^beta; the last axis has the channels."""
    if x.ndim != 4:
        raise ValueError("images have four axes")
    near = _neighbours(x, size)
    return x * (k + alpha / size * np.matmul(x * x, near.T)) ** -beta


def local_response_norm_vjp(c: Array, x: Array, *, size: int, alpha: float, beta: float, k: float) -> Array:
    near = _neighbours(x, size)
    base = k + alpha / size * np.matmul(x * x, near.T)
    return c * base**-beta - 2 * alpha / size * beta * x * np.matmul(c * x * base ** (-beta - 1), near)


def _neighbours(x: Array, size: int) -> Array:
    """Row i has ones at the channels i - size // 2 ... i + (size - 1) // 2."""
    i, j = np.indices((x.shape[-1], x.shape[-1]))
    return ((j >= i - size // 2) & (j <= i + (size - 1) // 2)).astype(x.dtype)


def weight_norm(x: Array, direction: Array, length: Array) -> Array:
    """x w with the columns w = length v / |v| of the directions v, a kernel (in, out)."""
    if length.shape != direction.shape[1:]:
        raise ValueError("each column needs a length")
    return np.matmul(x, direction * (length / _norms(direction)))


def weight_norm_vjp(c: Array, x: Array, direction: Array, length: Array) -> tuple[Array, Array, Array]:
    norms = _norms(direction)
    unit, g = direction / norms, np.matmul(x.T, c)
    of_length = np.sum(g * unit, axis=0)
    return np.matmul(c, (unit * length).T), length / norms * (g - unit * of_length), of_length


def weight_norm_vjp_terms(c: Array, x: Array, direction: Array, length: Array) -> tuple[Array, Array, Array]:
    """The gradient along the column is subtracted: nothing is left of it where there is one input."""
    g = np.matmul(np.abs(x.T), np.abs(c)) * np.abs(length) / _norms(direction)
    return np.zeros_like(x), g, np.zeros_like(length)


def _norms(kernel: Array) -> Array:
    return np.sqrt(np.sum(kernel * kernel, axis=0))


def spectral_norm(x: Array, kernel: Array, u: Array, *, iterations: int) -> Array:
    """x kernel / sigma with sigma = v W u, after ``iterations`` of v = W u / |W u|, u = W' v / |W' v|."""
    if u.shape != (1, kernel.shape[1]):
        raise ValueError("u needs an entry for each output")
    return np.matmul(x, kernel) / _power(kernel, u, iterations)[0]


def spectral_norm_vjp(c: Array, x: Array, kernel: Array, u: Array, *, iterations: int) -> tuple[Array, Array]:
    """u and v are constants."""
    sigma, v, u = _power(kernel, u, iterations)
    along = np.sum(c * np.matmul(x, kernel)) / sigma**2
    return np.matmul(c, kernel.T) / sigma, np.matmul(x.T, c) / sigma - along * v.T * u


def spectral_norm_vjp_terms(c: Array, x: Array, kernel: Array, u: Array, *, iterations: int) -> tuple[Array, Array]:
    """Two terms are subtracted."""
    sigma = _power(kernel, u, iterations)[0]
    return np.zeros_like(x), np.matmul(np.abs(x.T), np.abs(c)) / sigma


def power_iterations(x: Array, kernel: Array, u: Array, *, iterations: int) -> tuple[Array, Array]:
    """The result, and the vector u (1, out) that the next step begins with."""
    return spectral_norm(x, kernel, u, iterations=iterations), _power(kernel, u, iterations)[2]


def converged_spectral_norm(x: Array, kernel: Array) -> Array:
    """x kernel / sigma, sigma the largest singular value: after a hundred iterations from the longest row, which is not
    at right angles to its vector."""
    longest = np.argmax(np.sum(kernel * kernel, axis=1))
    return spectral_norm(x, kernel, kernel[longest][None], iterations=100)


def _power(kernel: Array, u: Array, iterations: int) -> tuple[Array, Array, Array]:
    """sigma, v (1, in) and u (1, out)."""
    for _ in range(iterations):
        v = _unit(np.matmul(u, kernel.T))
        u = _unit(np.matmul(v, kernel))
    return np.sum(np.matmul(v, kernel) * u), v, u


def _unit(row: Array) -> Array:
    return row / np.sqrt(np.sum(row * row))


def unit_norm(x: Array, *, axes: Axes) -> Array:
    """x / |x| over ``axes``; 0 stays 0, for |x| is at least 1e-12."""
    return x / np.maximum(np.sqrt(np.sum(x * x, axis=axes, keepdims=True)), 1e-12)


def unit_norm_vjp(c: Array, x: Array, *, axes: Axes) -> Array:
    norm = np.sqrt(np.sum(x * x, axis=axes, keepdims=True))
    unit = np.where(norm > 1e-12, x / np.maximum(norm, 1e-12), 0)
    return (c - unit * np.sum(c * unit, axis=axes, keepdims=True)) / np.maximum(norm, 1e-12)


def unit_norm_vjp_terms(c: Array, x: Array, *, axes: Axes) -> Array:
    return np.abs(c) / np.maximum(np.sqrt(np.sum(x * x, axis=axes, keepdims=True)), 1e-12)


def _standardized(x: Array, axes: Axes, epsilon: float | None) -> tuple[Array, Array]:
    """(x - mean) / sqrt(variance + epsilon), and what it was multiplied by."""
    d = x - _mean(x, axes)
    inverse = 1 / np.sqrt(_mean(d * d, axes) + (EPSILON if epsilon is None else epsilon))
    return d * inverse, inverse


def _standardized_vjp(g: Array, x: Array, axes: Axes, epsilon: float | None) -> Array:
    y, inverse = _standardized(x, axes, epsilon)
    return inverse * (g - _mean(g, axes) - y * _mean(g * y, axes))


def _standardized_terms(g: Array, x: Array, axes: Axes, epsilon: float | None) -> Array:
    """Three terms of one size are subtracted: of two elements nothing but a part of epsilon is left."""
    _, inverse = _standardized(x, axes, epsilon)
    return inverse * np.max(np.abs(g), axis=axes, keepdims=True, initial=0) + 0 * x


def _mean(x: Array, axes: Axes) -> Array:
    n = int(np.prod([x.shape[a] for a in axes]))
    return np.sum(x, axis=axes, keepdims=True) / n


def _others(x: Array, axis: int) -> Axes:
    """All axes but one."""
    return tuple(a for a in range(x.ndim) if a != axis % x.ndim)


def _rest(x: Array, axes: Axes) -> Axes:
    """All axes but some."""
    return tuple(a for a in range(x.ndim) if a not in {b % x.ndim for b in axes})


def _along(w: Array, x: Array, axis: int) -> Array:
    """A vector in the shape that broadcasts along one axis."""
    return w.reshape([w.size if a == axis % x.ndim else 1 for a in range(x.ndim)])


def _over(w: Array, x: Array, axes: Axes) -> Array:
    """An array over some axes (ascending) in the shape that broadcasts."""
    return w.reshape([n if a not in _rest(x, axes) else 1 for a, n in enumerate(x.shape)])


def _channels(x: Array, axis: int, *weights: Array) -> None:
    if x.ndim < 2:
        raise ValueError("there are no channels")
    if any(w.shape != (x.shape[axis],) for w in weights):
        raise ValueError("each channel needs a weight")
