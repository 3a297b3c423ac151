"""Pooling of (batch, *spatial, channels): sequences, images and volumes alike. Gradients in closed form.

Geometry: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2 for 'valid' and 'same' padding, and
https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html for explicit padding, dilation and ceil_mode.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray
Sizes = tuple[int, ...]
Padding = str | Sizes
"""'valid', 'same', or the padding at both ends of each axis."""
Bounds = Sequence[Sequence[tuple[int, int]]]
"""Where each window begins and ends, for each axis."""


def _rank(x: Array, axes: int) -> None:
    if x.ndim != axes + 2:
        raise ValueError(f"{axes} spatial axes between batch and channels, please: rank {axes + 2}, not {x.ndim}")


@dataclass(frozen=True)
class Axis:
    """How windows lie on one axis."""

    n: int
    size: int
    stride: int
    dilation: int
    before: int
    after: int
    windows: int

    @property
    def positions(self) -> Array:
        """(windows, size): what each holds, counted from the first number of the axis, padding included."""
        starts = np.arange(self.windows)[:, None] * self.stride - self.before
        return starts + self.dilation * np.arange(self.size)


def _axis(n: int, size: int, stride: int, padding: str | int, dilation: int, ceil_mode: bool) -> Axis:
    span = dilation * (size - 1) + 1
    if padding == "same":
        total = max((-(-n // stride) - 1) * stride + span - n, 0)
        before, after = total // 2, total - total // 2
    else:
        before = after = 0 if isinstance(padding, str) else padding
        if 2 * before > span:
            raise ValueError("padding of more than half of a window")
    rest = n + before + after - span
    if rest < 0:
        raise ValueError(f"a window of {span} does not fit in {n + before + after}")
    windows = -(-rest // stride) + 1 if ceil_mode else rest // stride + 1
    if ceil_mode and (windows - 1) * stride >= n + before:
        windows -= 1  # the last one would begin in the padding at the end
    return Axis(n, size, stride, dilation, before, after, windows)


class Windows:
    """The windows of an array: gathered, counted, and added back."""

    def __init__(self, x: Array, size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes | None = None,
                 ceil_mode: bool = False) -> None:  # fmt: skip
        _rank(x, len(size))
        if min(size) < 1 or min(stride) < 1:
            raise ValueError("windows and strides are of at least 1")
        self.shape, spatial = x.shape, x.shape[1:-1]
        pads: Sequence[Any] = [padding] * len(size) if isinstance(padding, str) else padding
        self.axes = [
            _axis(*of, ceil_mode) for of in zip(spatial, size, stride, pads, dilation or [1] * len(size), strict=True)
        ]
        self.out = tuple(axis.windows for axis in self.axes)
        places = [np.empty(0)] * len(size)
        for i, axis in enumerate(self.axes):
            shape = [1] * (2 * len(size))
            shape[i], shape[len(size) + i] = axis.windows, axis.size
            places[i] = axis.positions.reshape(shape)
        grids = np.broadcast_arrays(*places)
        within = [(g >= 0) & (g < n) for g, n in zip(grids, spatial, strict=True)]
        padded = [(-a.before <= g) & (g < a.n + a.after) for g, a in zip(grids, self.axes, strict=True)]
        flat = sum(np.clip(g, 0, n - 1) * int(np.prod(spatial[i + 1 :])) for i, (g, n) in
                   enumerate(zip(grids, spatial, strict=True)))  # fmt: skip
        table = (*self.out, -1)
        self.places = np.asarray(flat).reshape(table)
        """(*out, window): where in the flat input"""
        self.inside = np.logical_and.reduce(within).reshape(table)
        """not padding"""
        self.on_padding = np.logical_and.reduce(padded).reshape(table)
        """input or padding, not what ceil_mode lets windows reach beyond it"""

    def of(self, x: Array, fill: float) -> Array:
        """(batch, *out, window, channels)"""
        flat = x.reshape(len(x), -1, x.shape[-1])
        return np.where(self.inside[..., None], flat[:, self.places], np.asarray(fill, x.dtype))

    def back(self, parts: Array) -> Array:
        """The transpose of `of`: each number's parts added up."""
        flat = np.zeros((self.shape[0], int(np.prod(self.shape[1:-1])), self.shape[-1]), parts.dtype)
        inside = self.inside.reshape(-1)
        of_all = parts.reshape(len(parts), -1, parts.shape[-1])[:, inside]
        at: Any = (slice(None), self.places.reshape(-1)[inside])
        np.add.at(flat, at, of_all)
        return flat.reshape(self.shape)

    def first(self, x: Array, y: Array) -> Array:
        """(batch, *out, window, channels): true at the first number of each window that is its maximum, or NaN."""
        values = self.of(x, -np.inf)
        equal = ((values == y[..., None, :]) | np.isnan(values)) & self.inside[..., None]
        return equal & (np.cumsum(equal, axis=-2) == 1)


# Averages


def _divisor(w: Windows, x: Array, count_include_pad: bool, divisor: int | None) -> Array:
    if divisor is not None:
        return np.asarray(divisor, x.dtype)
    counted = np.sum(w.on_padding if count_include_pad else w.inside, axis=-1)
    return counted[..., None].astype(x.dtype)


def average_pool(x: Array, *, size: Sizes, stride: Sizes, padding: Padding, ceil_mode: bool = False,
                 count_include_pad: bool = False, divisor: int | None = None) -> Array:  # fmt: skip
    """The sum of each window over the number of its elements, of which zeros of padding are none unless they are
    counted, or over ``divisor``."""
    w = Windows(x, size, stride, padding, None, ceil_mode)
    return np.sum(w.of(x, 0), axis=-2) / _divisor(w, x, count_include_pad, divisor)


def average_pool_vjp(c: Array, x: Array, *, size: Sizes, stride: Sizes, padding: Padding, ceil_mode: bool = False,
                     count_include_pad: bool = False, divisor: int | None = None) -> Array:  # fmt: skip
    w = Windows(x, size, stride, padding, None, ceil_mode)
    share = (c / _divisor(w, x, count_include_pad, divisor))[..., None, :]
    return w.back(np.broadcast_to(share, (*c.shape[:-1], w.places.shape[-1], c.shape[-1])))


# Maxima


def max_pool(x: Array, *, size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes | None = None,
             ceil_mode: bool = False) -> Array:  # fmt: skip
    """Maximum over windows, padded with -inf; NaN where a window holds one (IEEE 754-2019 ``maximum``)."""
    return np.max(Windows(x, size, stride, padding, dilation, ceil_mode).of(x, -np.inf), axis=-2)


def max_pool_vjp(c: Array, x: Array, *, size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes | None = None,
                 ceil_mode: bool = False) -> Array:  # fmt: skip
    """The first maximum of a window, in row-major order, receives the gradient."""
    w = Windows(x, size, stride, padding, dilation, ceil_mode)
    first = w.first(x, np.max(w.of(x, -np.inf), axis=-2))
    return w.back(np.where(first, c[..., None, :], 0 * c[..., None, :]))


def max_pool_with_indices(x: Array, *, size: Sizes, stride: Sizes, padding: Padding) -> tuple[Array, Array]:
    """And where the first maximum is: counted row by row over the spatial axes, for each channel alone."""
    w = Windows(x, size, stride, padding)
    y = np.max(w.of(x, -np.inf), axis=-2)
    return y, np.sum(np.where(w.first(x, y), w.places[..., None], 0), axis=-2)


def max_unpool(x: Array, indices: Array, *, shape: Sizes) -> Array:
    """Zeros of a spatial shape, with each number at its place, counted as `max_pool_with_indices` does; of several
    for one place the last."""
    _rank(x, len(shape))
    if x.shape != indices.shape:
        raise ValueError("one index for each number")
    if indices.size and (indices.min() < 0 or indices.max() >= np.prod(shape)):
        raise IndexError(f"indices lie in [0, {np.prod(shape)})")
    flat = np.zeros((len(x), int(np.prod(shape)), x.shape[-1]), x.dtype)
    batch, channel = np.arange(len(x))[:, None, None], np.arange(x.shape[-1])
    flat[batch, indices.reshape(len(x), -1, x.shape[-1]), channel] = x.reshape(len(x), -1, x.shape[-1])
    return flat.reshape(len(x), *shape, x.shape[-1])


def max_unpool_vjp(c: Array, x: Array, indices: Array, *, shape: Sizes) -> Array:
    """What lies at its place, for each number; different numbers have different places."""
    flat, ids = c.reshape(len(x), -1, x.shape[-1]), indices.reshape(len(x), -1, x.shape[-1])
    return np.take_along_axis(flat, ids, axis=1).reshape(x.shape)


# Power averages


def lp_pool(x: Array, *, size: Sizes, stride: Sizes, power: float) -> Array:
    """The p-norm of each window, (sum |x|^p)^(1/p). https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html"""
    values = np.abs(Windows(x, size, stride, "valid").of(x, 0))
    if np.isinf(power):
        return np.max(values, axis=-2)
    return np.sum(values**power, axis=-2) ** (1 / x.dtype.type(power))


def lp_pool_vjp(c: Array, x: Array, *, size: Sizes, stride: Sizes, power: float) -> Array:
    """c sign(x) (|x| / y)^(p-1); of a window of zeros, zero."""
    y = lp_pool(x, size=size, stride=stride, power=power)[..., None, :]
    w = Windows(x, size, stride, "valid")
    values = w.of(x, 0)
    if np.isinf(power):
        return w.back(np.where(w.first(np.abs(x), y[..., 0, :]), c[..., None, :] * np.sign(values), 0))
    ratio = np.abs(values) / np.where(y == 0, 1, y)
    share = np.sign(values) * (ratio ** (power - 1) if power != 1 else 1)
    return w.back(c[..., None, :] * share)


# Windows of any extent


def _fields(bounds: Bounds) -> list[tuple[Any, Any]]:
    """Where each output is in the result, and what it sees of the input."""
    every = itertools.product(*(range(len(b)) for b in bounds))
    return [((slice(None), *i), (slice(None), *(slice(*b[k]) for b, k in zip(bounds, i, strict=True)))) for i in every]


def _adaptive(x: Array, out: Sizes) -> Bounds:
    """Bin i of m over n numbers: from floor(i n / m) up to ceil((i + 1) n / m)."""
    _rank(x, len(out))
    if min(out) < 1 or 0 in x.shape[1:]:
        raise ValueError("bins of nothing")
    return [[(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in zip(x.shape[1:-1], out, strict=True)]


def adaptive_average_pool(x: Array, *, out: Sizes) -> Array:
    """Means over bins that may overlap. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html"""
    y = np.zeros((len(x), *out, x.shape[-1]), x.dtype)
    for i, seen in _fields(_adaptive(x, out)):
        part = x[seen].reshape(len(x), -1, x.shape[-1])
        y[i] = np.sum(part, axis=1) / part.shape[1] if part.size else 0
    return y


def adaptive_average_pool_vjp(c: Array, x: Array, *, out: Sizes) -> Array:
    g = np.zeros_like(x)
    for i, seen in _fields(_adaptive(x, out)):
        part = g[seen]
        n = int(np.prod(part.shape[1:-1]))
        part += (c[i] / n).reshape(len(x), *(1,) * len(out), -1)
    return g


def adaptive_max_pool(x: Array, *, out: Sizes) -> Array:
    """The maximum of each bin of `adaptive_average_pool`."""
    return _maxima(x, _adaptive(x, out))


def adaptive_max_pool_vjp(c: Array, x: Array, *, out: Sizes) -> Array:
    return _maxima_vjp(c, x, _adaptive(x, out))


def _maxima(x: Array, bounds: Bounds) -> Array:
    y = np.zeros((len(x), *map(len, bounds), x.shape[-1]), x.dtype)
    for i, seen in _fields(bounds):
        y[i] = np.max(x[seen], axis=tuple(range(1, x.ndim - 1)))
    return y


def _maxima_vjp(c: Array, x: Array, bounds: Bounds) -> Array:
    """To the first maximum of each."""
    g = np.zeros_like(x)
    for i, seen in _fields(bounds):
        part = x[seen]
        first = np.argmax(part.reshape(len(x), -1, x.shape[-1]), axis=1)
        at = np.unravel_index(first, part.shape[1:-1])
        where: Any = (np.arange(len(x))[:, None], *at, np.arange(x.shape[-1]))
        g[seen][where] += c[i]
    return g


def global_average(x: Array, *, axes: int, keepdims: bool = False) -> Array:
    """The mean over all spatial axes."""
    _rank(x, axes)
    over = tuple(range(1, x.ndim - 1))
    return np.sum(x, axis=over, keepdims=keepdims) / int(np.prod(x.shape[1:-1]))


def global_average_vjp(c: Array, x: Array, *, axes: int, keepdims: bool = False) -> Array:
    share = c.reshape(len(x), *(1,) * axes, x.shape[-1]) / int(np.prod(x.shape[1:-1]))
    return np.broadcast_to(share, x.shape)


def global_max(x: Array, *, axes: int, keepdims: bool = False) -> Array:
    """The maximum over all spatial axes."""
    _rank(x, axes)
    return np.max(x, axis=tuple(range(1, x.ndim - 1)), keepdims=keepdims)


def global_max_vjp(c: Array, x: Array, *, axes: int, keepdims: bool = False) -> Array:
    """In equal parts to all that are equal to the maximum, as the maximum along axes does."""
    over = tuple(range(1, x.ndim - 1))
    equal = (x == np.max(x, axis=over, keepdims=True)).astype(x.dtype)
    share = c.reshape(len(x), *(1,) * axes, x.shape[-1]) / np.sum(equal, axis=over, keepdims=True)
    return equal * share


# Fractional pooling


def _starts(n: int, m: int, size: int, u: Array) -> Array:
    """m windows in n numbers: floor((i + u) a) - floor(u a) with a = (n - size) / (m - 1); the last ends at the end.

    Graham (2014), Fractional Max-Pooling, section 2.1, as torch generates intervals.
    """
    if m == 1:
        return np.array([n - size])
    a = (n - size) / (m - 1)
    starts = np.floor((np.arange(m) + float(u)) * a) - np.floor(float(u) * a)
    return np.array([*starts[:-1], n - size]).astype(int)


def _fractional(x: Array, samples: Array, size: Sizes, out: Sizes) -> Iterator[tuple[Any, Bounds]]:
    """For each channel of each image: where it is, and its windows."""
    _rank(x, len(out))
    for n, k, m in zip(x.shape[1:-1], size, out, strict=True):
        if m < 1 or k < 1 or m + k - 1 > n:
            raise ValueError(f"{m} windows of {k} do not fit in {n}")
    for b, ch in np.ndindex(len(x), x.shape[-1]):
        at = [_starts(x.shape[1 + d], out[d], size[d], samples[b, ch, d]) for d in range(len(out))]
        yield (
            (slice(b, b + 1), ..., slice(ch, ch + 1)),
            [[(int(s), int(s) + k) for s in starts] for starts, k in zip(at, size, strict=True)],
        )


def fractional_max_pool(x: Array, samples: Array, *, size: Sizes, out: Sizes) -> Array:
    """Maxima of windows that lie at pseudo-random steps, given the random numbers (batch, channels, axes)."""
    y = np.zeros((len(x), *out, x.shape[-1]), x.dtype)
    for at, bounds in _fractional(x, samples, size, out):
        y[at] = _maxima(x[at], bounds)
    return y


def fractional_max_pool_vjp(c: Array, x: Array, samples: Array, *, size: Sizes, out: Sizes) -> Array:
    g = np.zeros_like(x)
    for at, bounds in _fractional(x, samples, size, out):
        g[at] = _maxima_vjp(c[at], x[at], bounds)
    return g
