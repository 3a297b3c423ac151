"""Order: sorting, searching, counting. Where numbers are equal, the one that comes first in the array is first."""

from typing import Any

import numpy as np

Array = np.ndarray


def _order(x: Array, axis: int, descending: bool) -> Array:
    """Stable; NaN is greater than every number."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    # Equal numbers keep their order: the reverse of the stable order of the reverse.
    return np.asarray(x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis))


def sort(x: Array, *, axis: int, descending: bool) -> Array:
    return np.take_along_axis(x, _order(x, axis, descending), axis)


def sort_vjp(c: Array, x: Array, *, axis: int, descending: bool) -> Array:
    gradient = np.empty_like(c)
    np.put_along_axis(gradient, _order(x, axis, descending), c, axis)
    return gradient


def argsort(x: Array, *, axis: int, descending: bool) -> Array:
    return _order(x, axis, descending)


def top_k(x: Array, *, k: int) -> tuple[Array, Array]:
    """The k largest of the last axis, largest first, and where they are."""
    places = _order(x, -1, True)[..., :k]
    return np.take_along_axis(x, places, -1), places


def top_k_vjp(c: Array, x: Array, *, k: int) -> Array:
    gradient = np.zeros(x.shape, c.dtype)
    np.put_along_axis(gradient, _order(x, -1, True)[..., :k], c, -1)
    return gradient


def kth_smallest(x: Array, *, k: int) -> Array:
    """Of the last axis; k counts from 1."""
    return np.sort(x, -1)[..., k - 1]


def kth_smallest_vjp(c: Array, x: Array, *, k: int) -> Array:
    gradient = np.zeros(x.shape, c.dtype)
    np.put_along_axis(gradient, _order(x, -1, False)[..., k - 1 : k], c[..., None], -1)
    return gradient


def in_top_k(targets: Array, x: Array, *, k: int) -> Array:
    """Whether fewer than k of a row are larger than its target."""
    target = np.take_along_axis(x, targets[:, None], -1)
    return np.sum(x > target, axis=-1) < k


def searchsorted(sequence: Array, values: Array, *, side: str) -> Array:
    """How many of the sequence are smaller than the value ("left"), or not larger ("right"), row by row."""
    before = (
        sequence[..., None, :] < values[..., None] if side == "left" else sequence[..., None, :] <= values[..., None]
    )
    return np.sum(before, axis=-1)


def bucketize(x: Array, *, boundaries: tuple[float, ...]) -> Array:
    """How many boundaries are not larger."""
    return np.sum(np.asarray(boundaries, x.dtype) <= x[..., None], axis=-1)


def unique(x: Array) -> tuple[Array, Array, Array]:
    """Each number once, ascending; which of them each element is; how often it occurs."""
    ordered = np.sort(x)
    values = ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(x) else x
    same = x[:, None] == values
    return values, np.argmax(same, axis=1) if len(x) else np.zeros(0, int), np.sum(same, axis=0)


def unique_by_appearance(x: Array) -> tuple[Array, Array, Array]:
    """Each number once, in the order in which they come."""
    first = [i for i in range(len(x)) if not np.any(x[:i] == x[i])]
    same = x[:, None] == x[first]
    return x[first], np.argmax(same, axis=1), np.sum(same, axis=0)


def unique_consecutive(x: Array) -> tuple[Array, Array, Array]:
    """Each run of equal numbers once."""
    starts = np.concatenate(([True], x[1:] != x[:-1]))
    runs = np.cumsum(starts) - 1
    return x[starts], runs, np.bincount(runs)


def bincount(ids: Array, *, minlength: int) -> Array:
    """How often each of 0, 1, 2, ... occurs."""
    if np.any(ids < 0):
        raise ValueError("negative")
    return np.sum(ids[:, None] == np.arange(max(minlength, int(ids.max(initial=-1)) + 1)), axis=0)


def weighted_bincount(ids: Array, weights: Array, *, minlength: int) -> Array:
    """The sum of the weights of each."""
    total = np.zeros(max(minlength, int(ids.max(initial=-1)) + 1), weights.dtype)
    np.add.at(total, ids, weights)
    return total


# Arrays made of nothing but their shape, and patterns. ``like`` has the format.


def diag(x: Array, *, k: int) -> Array:
    """Matrices with x on a diagonal: the main one, or k above it."""
    n = x.shape[-1] + abs(k)
    y = np.zeros((*x.shape[:-1], n, n), x.dtype)
    i = np.arange(x.shape[-1])
    y[..., i + max(-k, 0), i + max(k, 0)] = x
    return y


def diagonal(x: Array, *, k: int) -> Array:
    """A diagonal of the last two axes: the main one, or k above it."""
    rows, columns = x.shape[-2:]
    i = np.arange(max(min(rows + min(k, 0), columns - max(k, 0)), 0))
    return x[..., i + max(-k, 0), i + max(k, 0)]


def diagonal_of_axes(x: Array, *, k: int, first: int, second: int) -> Array:
    return diagonal(np.moveaxis(x, (first, second), (-2, -1)), k=k)


def tril(x: Array, *, k: int) -> Array:
    """Zero above the k-th diagonal."""
    return np.where(_above(x) <= k, x, np.zeros_like(x))


def triu(x: Array, *, k: int) -> Array:
    """Zero below the k-th diagonal."""
    return np.where(_above(x) >= k, x, np.zeros_like(x))


def _above(x: Array) -> Array:
    rows, columns = x.shape[-2:]
    return np.arange(columns) - np.arange(rows)[:, None]


def eye(like: Array, *, rows: int, columns: int) -> Array:
    return (np.arange(rows)[:, None] == np.arange(columns)).astype(like.dtype)


def tri(like: Array, *, rows: int, columns: int, k: int) -> Array:
    """1 on and below the k-th diagonal."""
    return (np.arange(columns) - np.arange(rows)[:, None] <= k).astype(like.dtype)


def block_diag(a: Array, b: Array) -> Array:
    y = np.zeros((a.shape[0] + b.shape[0], a.shape[1] + b.shape[1]), a.dtype)
    y[: a.shape[0], : a.shape[1]] = a
    y[a.shape[0] :, a.shape[1] :] = b
    return y


def meshgrid(a: Array, b: Array, *, indexing: str) -> tuple[Array, Array]:
    """a and b along axes of their own: the first and the second ("ij"), or the other way round ("xy")."""
    if indexing == "ij":
        shape = len(a), len(b)
        return np.broadcast_to(a[:, None], shape), np.broadcast_to(b, shape)
    shape = len(b), len(a)
    return np.broadcast_to(a, shape), np.broadcast_to(b[:, None], shape)


def cartesian_product(a: Array, b: Array) -> Array:
    """All pairs, one a row, the last one fastest."""
    return np.stack([np.repeat(a, len(b)), np.tile(b, len(a))], -1)


def combinations(x: Array, *, r: int, again: bool) -> Array:
    """All choices of r numbers in their order, one a row; with each again, if it says so."""
    places = np.indices((len(x),) * r).reshape(r, -1).T
    steps = np.diff(places, axis=1)
    return x[places[np.all(steps >= 0 if again else steps > 0, axis=1)]]


def tril_indices(*, rows: int, columns: int, k: int) -> Array:
    return np.stack(np.nonzero(_above(np.empty((rows, columns))) <= k))


def triu_indices(*, rows: int, columns: int, k: int) -> Array:
    return np.stack(np.nonzero(_above(np.empty((rows, columns))) >= k))


def arange(like: Array, *, start: float, stop: float, step: float) -> Array:
    """start, start + step, ..., up to but without stop."""
    n = max(int(np.ceil((stop - start) / step)), 0)
    return (start + np.arange(n) * step).astype(like.dtype)


def linspace(start: Array, stop: Array, *, n: int) -> Array:
    """n numbers, evenly from start to stop."""
    i = np.arange(n, dtype=start.dtype)
    return (start * (max(n - 1, 1) - i) + stop * i) / max(n - 1, 1)


def logspace(start: Array, stop: Array, *, n: int, base: float) -> Array:
    """Powers of the base, with exponents evenly from start to stop."""
    return np.power(start.dtype.type(base), linspace(start, stop, n=n))


def full(value: Array, *, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(value, shape)


def zeros_like(x: Array) -> Array:
    return np.zeros(x.shape, x.dtype)


def ones_like(x: Array) -> Array:
    return np.ones(x.shape, x.dtype)


def full_like(x: Array, *, value: Any) -> Array:
    return np.full(x.shape, value, x.dtype)
