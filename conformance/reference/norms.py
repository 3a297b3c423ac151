"""Norms of vectors, and what is divided by them. Zero vectors, at which a norm has no derivative, have gradient 0: the
subgradient of least norm."""

import numpy as np

from conformance.reference.reductions import Array, Axis, expanded


def one_norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.sum(np.abs(x), axis=axis, keepdims=keepdims)


def one_norm_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return expanded(c, x, axis) * np.sign(x)


def two_norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The root of the sum of squares, of x divided by its largest element: nothing overflows or underflows."""
    largest = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    y = scale * np.sqrt(np.sum(np.abs(x / scale) ** 2, axis=axis, keepdims=True))
    return y if keepdims else np.sum(y, axis=axis)


def two_norm_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return expanded(c, x, axis) * _over(x, two_norm(x, axis=axis, keepdims=True))


def max_norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    return np.max(np.abs(x), axis=axis, keepdims=keepdims)


def max_norm_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Equal parts to all elements that are largest."""
    best = np.abs(x) == max_norm(x, axis=axis, keepdims=True)
    return expanded(c, x, axis) * np.sign(x) * best / np.sum(best, axis=axis, keepdims=True)


def min_norm(x: Array, *, axis: Axis = None) -> Array:
    """The smallest magnitude, called a norm of order minus infinity."""
    return np.min(np.abs(x), axis=axis)


def min_norm_vjp(c: Array, x: Array, *, axis: Axis = None) -> Array:
    best = np.abs(x) == np.min(np.abs(x), axis=axis, keepdims=True)
    return expanded(c, x, axis) * np.sign(x) * best / np.sum(best, axis=axis, keepdims=True)


def zero_norm(x: Array, *, axis: Axis = None) -> Array:
    """How many elements are not 0, as a number of the format of x."""
    return np.sum(x != 0, axis=axis).astype(x.dtype)


def three_norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The cube root of the sum of cubes of magnitudes."""
    return np.cbrt(np.sum(np.abs(x) ** 3, axis=axis, keepdims=keepdims))


def three_norm_vjp(c: Array, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    y = three_norm(x, axis=axis, keepdims=True)
    return expanded(c, x, axis) * np.sign(x) * _over(x, y) ** 2


def normalized(x: Array, *, axis: Axis, eps: float) -> Array:
    """x / max(norm, eps). https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html"""
    return x / np.maximum(two_norm(x, axis=axis, keepdims=True), eps)


def normalized_vjp(c: Array, x: Array, *, axis: Axis, eps: float) -> Array:
    """(c - u <u, c>) / norm with u = x / norm; c / eps where the norm is below eps."""
    norm = two_norm(x, axis=axis, keepdims=True)
    u = _over(x, norm)
    along = np.where(norm > eps, u * np.sum(u * c, axis=axis, keepdims=True), 0)
    return (c - along) / np.maximum(norm, eps)


def one_normalized(x: Array, *, axis: int, eps: float) -> Array:
    """x / max(sum of magnitudes, eps)"""
    return x / np.maximum(one_norm(x, axis=axis, keepdims=True), eps)


def one_normalized_vjp(c: Array, x: Array, *, axis: int, eps: float) -> Array:
    norm = one_norm(x, axis=axis, keepdims=True)
    along = np.where(norm > eps, np.sign(x) * np.sum(x * c, axis=axis, keepdims=True), 0)
    return (c - along / np.maximum(norm, eps)) / np.maximum(norm, eps)


def clipped_to_norm(x: Array, *, axis: Axis, limit: float) -> Array:
    """x, scaled to the norm ``limit`` where it is longer. https://www.tensorflow.org/api_docs/python/tf/clip_by_norm"""
    norm = two_norm(x, axis=axis, keepdims=True)
    return np.where(norm > limit, _over(x, norm) * limit, x)


def clipped_to_norm_vjp(c: Array, x: Array, *, axis: Axis, limit: float) -> Array:
    norm = two_norm(x, axis=axis, keepdims=True)
    return np.where(norm > limit, normalized_vjp(c, x, axis=axis, eps=0.0) * limit, c)


def cosine_similarity(x: Array, y: Array, *, axis: int, eps: float) -> Array:
    """<x, y> / (max(|x|, eps) max(|y|, eps)).
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html"""
    return np.sum(normalized(x, axis=axis, eps=eps) * normalized(y, axis=axis, eps=eps), axis=axis)


def cosine_similarity_vjp(c: Array, x: Array, y: Array, *, axis: int, eps: float) -> tuple[Array, Array]:
    c = np.expand_dims(c, axis)
    u, v = normalized(x, axis=axis, eps=eps), normalized(y, axis=axis, eps=eps)
    return normalized_vjp(c * v, x, axis=axis, eps=eps), normalized_vjp(c * u, y, axis=axis, eps=eps)


def pairwise_distance(x: Array, y: Array, *, eps: float) -> Array:
    """|x - y + eps|, along the last axis.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html"""
    return two_norm(x - y + eps, axis=-1)


def pairwise_distance_vjp(c: Array, x: Array, y: Array, *, eps: float) -> tuple[Array, Array]:
    g = two_norm_vjp(c, x - y + eps, axis=-1)
    return g, -g


def distance(x: Array, y: Array, *, p: float) -> Array:
    """The norm of order p of x - y: 1, 2, or infinity."""
    return _NORMS[p][0](x - y)


def distance_vjp(c: Array, x: Array, y: Array, *, p: float) -> tuple[Array, Array]:
    g = _NORMS[p][1](c, x - y)
    return g, -g


_NORMS = {1.0: (one_norm, one_norm_vjp), 2.0: (two_norm, two_norm_vjp), np.inf: (max_norm, max_norm_vjp)}


def _over(x: Array, y: Array) -> Array:
    """x / y; 0 where y is 0."""
    return np.where(y == 0, 0, x / np.where(y == 0, 1, y))
