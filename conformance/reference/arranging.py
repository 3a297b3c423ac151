"""Shapes: operations that move numbers, and change none."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Axes = int | tuple[int, ...] | None
Pads = Sequence[tuple[int, int]]
"""Numbers before and after, for each axis."""


def adjoint(f: Callable[..., Any], **neutral: Any) -> Callable[..., Any]:
    """The gradient of an operation that moves numbers, or sums what it moves to one place.

    Its matrix holds zeros and ones; the gradient is the product with the transpose: each number's is the sum of the
    cotangents at all places where it went. ``f`` itself tells where, if it is given 1, 2, 3, ... in place of the
    numbers; 0 is what it fills in (``neutral`` are the options that make it do so).
    """

    def vjp(c: Any, *arrays: Array, **options: Any) -> Any:
        cotangents = c if isinstance(c, tuple) else (c,)
        moving = [a for a in arrays if a.dtype.kind in "fc"]
        ends = np.cumsum([1, *(a.size for a in moving)])
        numbers = [np.arange(e - a.size, e).reshape(a.shape) for a, e in zip(moving, ends[1:], strict=True)]
        rest = iter(numbers)
        places = f(*(next(rest) if a.dtype.kind in "fc" else a for a in arrays), **(options | neutral))
        gradient = np.zeros(ends[-1], cotangents[0].dtype)
        for cotangent, place in zip(cotangents, places if isinstance(places, tuple) else (places,), strict=True):
            np.add.at(gradient, np.asarray(place).reshape(-1), cotangent.reshape(-1))
        gradients = tuple(gradient[n] for n in numbers)
        return gradients if len(gradients) > 1 else gradients[0]

    return vjp


# Axes


def reshape(x: Array, *, shape: tuple[int, ...]) -> Array:
    """The same numbers in the same order, last axis fastest; -1 stands for what is left."""
    return np.reshape(x, shape)


def transpose(x: Array, *, axes: tuple[int, ...]) -> Array:
    """Axis i of the result is axis axes[i] of x."""
    return np.transpose(x, axes)


def swapaxes(x: Array, *, first: int, second: int) -> Array:
    return np.swapaxes(x, first, second)


def moveaxis(x: Array, *, source: tuple[int, ...], destination: tuple[int, ...]) -> Array:
    return np.moveaxis(x, source, destination)


def matrix_transpose(x: Array) -> Array:
    return np.swapaxes(x, -1, -2)


def ravel(x: Array) -> Array:
    return np.reshape(x, (-1,))


def squeeze(x: Array, *, axis: Axes) -> Array:
    return np.squeeze(x, axis)


def expand_dims(x: Array, *, axis: int) -> Array:
    return np.expand_dims(x, axis)


def broadcast_to(x: Array, *, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(x, shape)


def broadcast_arrays(a: Array, b: Array) -> tuple[Array, ...]:
    return tuple(np.broadcast_arrays(a, b))


# Joining and splitting


def concat(a: Array, b: Array, c: Array, *, axis: int) -> Array:
    return np.concatenate((a, b, c), axis)


def stack(a: Array, b: Array, c: Array, *, axis: int) -> Array:
    return np.stack((a, b, c), axis)


def hstack(a: Array, b: Array) -> Array:
    """Along the second axis; vectors along the first."""
    return np.concatenate((a, b), 0 if a.ndim == 1 else 1)


def vstack(a: Array, b: Array) -> Array:
    """Along the first axis; vectors are rows."""
    return np.concatenate((np.atleast_2d(a), np.atleast_2d(b)), 0)


def dstack(a: Array, b: Array) -> Array:
    """Along the third axis."""
    return np.concatenate((np.atleast_3d(a), np.atleast_3d(b)), 2)


def split(x: Array, *, sizes: tuple[int, ...], axis: int) -> tuple[Array, ...]:
    """Consecutive pieces of the sizes given."""
    if sum(sizes) != x.shape[axis]:
        raise ValueError("the sizes do not add up")
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis))


def split_evenly(x: Array, *, sections: int, axis: int) -> tuple[Array, ...]:
    """Pieces of one size; refused where there is none."""
    return tuple(np.split(x, sections, axis))


def array_split(x: Array, *, sections: int, axis: int) -> tuple[Array, ...]:
    """Pieces of n // sections, and of one more for the first n % sections of them."""
    return tuple(np.array_split(x, sections, axis))


def unstack(x: Array, *, axis: int) -> tuple[Array, ...]:
    return tuple(np.moveaxis(x, axis, 0))


# Padding: each axis on its own, in numbers of its positions


def pad_constant(x: Array, *, pads: Pads, value: float) -> Array:
    return np.pad(x, pads, constant_values=value)


def pad_reflect(x: Array, *, pads: Pads) -> Array:
    """Mirrored at the edges, whose numbers are not repeated."""
    return _padded(x, pads, lambda i, n: (n - 1) - np.abs((n - 1) - i % max(2 * n - 2, 1)))


def pad_symmetric(x: Array, *, pads: Pads) -> Array:
    """Mirrored beyond the edges, whose numbers are repeated."""
    return _padded(x, pads, lambda i, n: np.minimum(i % (2 * n), 2 * n - 1 - i % (2 * n)))


def pad_replicate(x: Array, *, pads: Pads) -> Array:
    """The nearest number."""
    return _padded(x, pads, lambda i, n: np.clip(i, 0, n - 1))


def pad_circular(x: Array, *, pads: Pads) -> Array:
    """Periodic."""
    return _padded(x, pads, lambda i, n: i % n)


def _padded(x: Array, pads: Pads, position: Callable[[Array, int], Array]) -> Array:
    indices = [position(np.arange(-a, n + b), n) for n, (a, b) in zip(x.shape, pads, strict=True)]
    return x[np.ix_(*indices)]


def crop(x: Array, *, crops: Pads) -> Array:
    return x[tuple(slice(a, n - b) for n, (a, b) in zip(x.shape, crops, strict=True))]


# Repeating and turning


def tile(x: Array, *, multiples: tuple[int, ...]) -> Array:
    """The whole array, again and again."""
    return np.tile(x, multiples)


def repeat(x: Array, *, repeats: int | tuple[int, ...], axis: int) -> Array:
    """Each slice, as often as it says."""
    return np.repeat(x, repeats, axis)


def flip(x: Array, *, axis: tuple[int, ...]) -> Array:
    return np.flip(x, axis)


def rot90(x: Array, *, k: int, axes: tuple[int, int]) -> Array:
    """k quarter turns, from the first of the axes towards the second."""
    return np.rot90(x, k, axes)


def roll(x: Array, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Array:
    """Element i goes to i + shift, modulo the length."""
    return np.roll(x, shift, axis)


def roll_flat(x: Array, *, shift: int) -> Array:
    return np.roll(x, shift)


def reverse_sequence(x: Array, lengths: Array) -> Array:
    """Of each row the first numbers, as many as its length, in reverse."""
    t = np.arange(x.shape[1])
    index = np.where(t < lengths[:, None], lengths[:, None] - 1 - t, t)
    return x[np.arange(len(x))[:, None], index]


# Blocks of images: (batch, height, width, channels), or channels first where the name says so


def space_to_depth(x: Array, *, size: int) -> Array:
    """Each block of size x size pixels becomes the channels of one; the channels of a pixel stay together."""
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // size, size, w // size, size, c)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // size, w // size, size * size * c)


def depth_to_space(x: Array, *, size: int) -> Array:
    n, h, w, c = x.shape
    blocks = x.reshape(n, h, w, size, size, c // (size * size))
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * size, w * size, c // (size * size))


def pixel_unshuffle(x: Array, *, size: int) -> Array:
    """Channels first; the pixels of a channel stay together."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // size, size, w // size, size)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(n, c * size * size, h // size, w // size)


def pixel_shuffle(x: Array, *, size: int) -> Array:
    """Shi et al. 2016, CVPR, equation 4."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c // (size * size), size, size, h, w)
    return blocks.transpose(0, 1, 4, 2, 5, 3).reshape(n, c // (size * size), h * size, w * size)


def channel_shuffle(x: Array, *, groups: int) -> Array:
    """Zhang et al. 2018, CVPR: the channels, as a matrix of groups, transposed. Channels first."""
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w).transpose(0, 2, 1, 3, 4).reshape(n, c, h, w)


def space_to_batch(x: Array, *, size: int, pads: Pads) -> Array:
    """Each position within the blocks becomes a batch of its own."""
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // size, size, w // size, size, c)
    return blocks.transpose(2, 4, 0, 1, 3, 5).reshape(n * size * size, h // size, w // size, c)


def batch_to_space(x: Array, *, size: int, crops: Pads) -> Array:
    b, h, w, c = x.shape
    n = b // (size * size)
    whole = x.reshape(size, size, n, h, w, c).transpose(2, 3, 0, 4, 1, 5).reshape(n, h * size, w * size, c)
    return crop(whole, crops=[(0, 0), *crops, (0, 0)])


def unfold(x: Array, *, size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int],
           padding: tuple[int, int]) -> Array:  # fmt: skip
    """Every window of (batch, channels, height, width) as a column: (batch, channels * size, windows)."""
    windows = _windows(x.transpose(0, 2, 3, 1), size, stride, dilation, padding)
    n, rows, columns, *_ = windows.shape
    return windows.transpose(0, 5, 3, 4, 1, 2).reshape(n, -1, rows * columns)


def fold(x: Array, *, shape: tuple[int, int], size: tuple[int, int], stride: tuple[int, int]) -> Array:
    """The transpose of `unfold`: what overlaps is added."""
    n, channels = len(x), x.shape[1] // (size[0] * size[1])
    options: dict[str, Any] = {"size": size, "stride": stride, "dilation": (1, 1), "padding": (0, 0)}
    return np.asarray(adjoint(unfold)(x, np.zeros((n, channels, *shape)), **options))


def fold_vjp(c: Array, x: Array, *, shape: tuple[int, int], size: tuple[int, int], stride: tuple[int, int]) -> Array:
    return unfold(c, size=size, stride=stride, dilation=(1, 1), padding=(0, 0))


def extract_patches(x: Array, *, size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Array:
    """Every window of (batch, height, width, channels) in place of its first pixel, channels fastest."""
    windows = _windows(x, size, stride, dilation, (0, 0))
    return windows.reshape(*windows.shape[:3], -1)


def frame(x: Array, *, size: int, step: int) -> Array:
    """Windows along the last axis, each a row."""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=-1)[..., ::step, :]


def _windows(x: Array, size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int],
             padding: tuple[int, int]) -> Array:  # fmt: skip
    """(batch, rows of windows, columns of windows, height, width, channels)."""
    x = np.pad(x, [(0, 0), *((p, p) for p in padding), (0, 0)])
    span = tuple((s - 1) * d + 1 for s, d in zip(size, dilation, strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(x, span, axis=(1, 2))  # (n, h, w, c, *span)
    windows = windows[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]
    return windows.transpose(0, 1, 2, 4, 5, 3)
