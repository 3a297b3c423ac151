"""Layers that move numbers, and images resized by weights. Channels are last. Gradients in closed form."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference.arranging import adjoint

Array = np.ndarray
Pads = tuple[tuple[int, int], ...]
"""Numbers before and after, for each spatial axis."""


def _rank(x: Array, rank: int) -> None:
    if x.ndim != rank:
        raise ValueError(f"an input of rank {rank}, please, not {x.ndim}")


# Moves


def flatten_channels_first(x: Array) -> Array:
    """(batch, channels, *spatial) in the order in which it would be flattened with channels last."""
    return np.moveaxis(x, 1, -1).reshape(len(x), int(np.prod(x.shape[1:])))


def permute(x: Array, *, dims: tuple[int, ...]) -> Array:
    """Axes in another order, counted from 1: the batch stays first."""
    if sorted(dims) != list(range(1, x.ndim)):
        raise ValueError(f"dims {dims} are no order of the axes of rank {x.ndim}")
    return np.transpose(x, (0, *dims))


def reshape_rows(x: Array, *, shape: tuple[int, ...]) -> Array:
    """The numbers of each example in another shape; -1 stands for what is left."""
    return x.reshape(len(x), *shape)


def repeat_vector(x: Array, *, n: int) -> Array:
    """(batch, features) as (batch, n, features)."""
    _rank(x, 2)
    return np.repeat(x[:, None], n, axis=1)


def zero_padding(x: Array, *, pads: Pads) -> Array:
    """Zeros around the spatial axes."""
    _rank(x, len(pads) + 2)
    return np.pad(x, [(0, 0), *pads, (0, 0)])


def cropping(x: Array, *, crops: Pads) -> Array:
    """Without so many numbers at both ends of each spatial axis, of which one at least must be left."""
    _rank(x, len(crops) + 2)
    if any(a + b >= n for n, (a, b) in zip(x.shape[1:-1], crops, strict=True)):
        raise ValueError("nothing is left")
    return x[(slice(None), *(slice(a, n - b) for n, (a, b) in zip(x.shape[1:-1], crops, strict=True)))]


def upsampling(x: Array, *, size: tuple[int, ...]) -> Array:
    """Each number repeated along each spatial axis."""
    _rank(x, len(size) + 2)
    for axis, times in enumerate(size, 1):
        x = np.repeat(x, times, axis=axis)
    return x


def flip(x: Array, *, axis: int) -> Array:
    """Left and right exchanged (axis 2), or up and down (axis 1)."""
    _rank(x, 4)
    return np.flip(x, axis)


def crop_or_pad(x: Array, *, size: tuple[int, int]) -> Array:
    """The middle of an image, or the image in the middle of zeros; of an odd difference the larger part is behind."""
    _rank(x, 4)
    for axis, m in enumerate(size, 1):
        n = x.shape[axis]
        before = abs(n - m) // 2
        x = np.moveaxis(x, axis, 0)
        x = x[before : before + m] if m < n else np.pad(x, [(before, m - n - before), (0, 0), (0, 0), (0, 0)])
        x = np.moveaxis(x, 0, axis)
    return x


def center_crop(x: Array, *, size: tuple[int, int]) -> Array:
    """The middle of an image that has as much; of an odd difference the larger part is left out behind."""
    _rank(x, 4)
    if any(m > n for n, m in zip(x.shape[1:3], size, strict=True)):
        raise ValueError("an image smaller than its crop")
    return crop_or_pad(x, size=size)


def masking(x: Array, *, value: float) -> tuple[Array, Array]:
    """Zero where all features of a step equal a value; and the mask, false there."""
    mask = np.any(x != value, axis=-1)
    return np.where(mask[..., None], x, np.zeros_like(x)), mask


def masking_vjp(c: Array, x: Array, *, value: float) -> Array:
    return np.where(np.any(x != value, axis=-1)[..., None], c, 0)


def masked_mean(x: Array, *, value: float) -> Array:
    """The mean over the steps that are not masked."""
    mask = np.any(x != value, axis=-1)[..., None]
    return np.sum(np.where(mask, x, 0), axis=1) / np.sum(mask, axis=1)


def masked_mean_vjp(c: Array, x: Array, *, value: float) -> Array:
    mask = np.any(x != value, axis=-1)[..., None]
    return np.where(mask, c[:, None] / np.sum(mask, axis=1)[:, None], 0)


# Nearest pixels


def _resizable(x: Array, size: tuple[int, ...]) -> None:
    _rank(x, len(size) + 2)
    if min(size) < 1 or 0 in x.shape[1:-1]:
        raise ValueError("a size of nothing")


def nearest(x: Array, *, size: tuple[int, ...], half_pixel: bool = True) -> Array:
    """floor((i + 1/2) n / m), the pixel that holds the centre of pixel i; or floor(i n / m)."""
    _resizable(x, size)
    for axis, m in enumerate(size, 1):
        n, i = x.shape[axis], np.arange(m)
        x = np.take(x, (2 * i + 1) * n // (2 * m) if half_pixel else i * n // m, axis=axis)
    return x


# Weights


def centres(n: int, m: int, wide: type, coordinates: str, factor: float | None = None) -> Array:
    """Where the centre of each of m pixels lies among n pixels, whose centres are at 0, 1, ..., n - 1.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """
    i: Array = np.arange(m).astype(wide)
    if coordinates == "corners":
        return i * (n - 1) / max(m - 1, 1)
    if coordinates == "top-left":
        return i * n / m
    if factor is not None:
        return (2 * i + 1) / (2 * wide(factor)) - wide(1) / 2
    return ((2 * i + 1) * n - m) / (2 * m)


def _triangle(t: Array) -> Array:
    return np.maximum(1 - np.abs(t), 0)


def _cubic(a: float) -> Callable[[Array], Array]:
    """Keys (1981), Cubic convolution interpolation for digital image processing, eq. 4, where a is -1/2."""

    def kernel(t: Array) -> Array:
        t = np.abs(t)
        near = ((a + 2) * t - (a + 3)) * t * t + 1
        far = a * (((t - 5) * t + 8) * t - 4)
        return np.where(t <= 1, near, np.where(t < 2, far, 0 * t))

    return kernel


def _lanczos(radius: int) -> Callable[[Array], Array]:
    """sinc(t) sinc(t / radius) inside the radius. Duchon (1979), Lanczos filtering in one and two dimensions."""

    def kernel(t: Array) -> Array:
        return np.where(np.abs(t) < radius, _sinc(t) * _sinc(t / radius), 0 * t)

    return kernel


PI = np.longdouble("3.14159265358979323846264338327950288")


def _sinc(t: Array) -> Array:
    angle = PI.astype(t.dtype) * t
    return np.where(angle == 0, 1, np.sin(angle) / np.where(angle == 0, 1, angle))


KERNELS: dict[str, tuple[Callable[[Array], Array], float]] = {
    "linear": (_triangle, 1),
    "cubic": (_cubic(-0.5), 2),
    "steep": (_cubic(-0.75), 2),
    "lanczos3": (_lanczos(3), 3),
    "lanczos5": (_lanczos(5), 5),
}


def _inside(n: int, s: Array, kernel: str, scale: Any) -> Array:
    """Of the pixels inside the image alone; each row sums to one. The kernel is stretched by what an image shrinks."""
    weights = KERNELS[kernel][0]((s[:, None] - np.arange(n)) / scale)
    return weights / np.sum(weights, axis=1, keepdims=True)


def _clamped(n: int, s: Array, kernel: str) -> Array:
    """Pixels outside the image are those at its edge."""
    f, radius = KERNELS[kernel]
    w = np.zeros((len(s), n), s.dtype)
    for k in range(-int(radius) + 1, int(radius) + 1):
        j = np.floor(s) + k
        np.add.at(w, (np.arange(len(s)), np.clip(j, 0, n - 1).astype(int)), f(s - j))
    return w


def _overlaps(n: int, m: int, wide: type) -> Array:
    """The share of each of n pixels in each of m larger or smaller ones."""
    edges: Array = np.arange(n).astype(wide)
    i: Array = np.arange(m).astype(wide)[:, None]
    shared = np.minimum((i + 1) * n / m, edges + 1) - np.maximum(i * n / m, edges)
    return np.maximum(shared, 0) * m / n


def weights(n: int, m: int, wide: type, kernel: str, coordinates: str, antialias: bool, factor: float | None) -> Array:
    """(m, n): what each of n pixels weighs in each of m."""
    if kernel == "area":
        return _overlaps(n, m, wide)
    s = centres(n, m, wide, coordinates, factor)
    if antialias:
        return _inside(n, s, kernel, max(wide(n) / m if factor is None else 1 / wide(factor), wide(1)))
    return _inside(n, s, kernel, wide(1)) if kernel in ("cubic", "lanczos3", "lanczos5") else _clamped(n, s, kernel)


def resize(
    x: Array, *, size: tuple[int, ...], kernel: str = "linear", coordinates: str = "half-pixel",
    antialias: bool = False, factor: float | None = None,
) -> Array:  # fmt: skip
    """Weighted sums along one spatial axis after another."""
    _resizable(x, size)
    for axis, m in enumerate(size, 1):
        w = weights(x.shape[axis], m, x.dtype.type, kernel, coordinates, antialias, factor)
        x = _along(w, x, axis)
    return x


def resize_vjp(c: Array, x: Array, *, size: tuple[int, ...], kernel: str = "linear", coordinates: str = "half-pixel",
               antialias: bool = False, factor: float | None = None) -> Array:  # fmt: skip
    """By the transposes."""
    for axis, m in enumerate(size, 1):
        w = weights(x.shape[axis], m, x.dtype.type, kernel, coordinates, antialias, factor)
        c = _along(w.T, c, axis)
    return c


def resize_passes(x: Array, *, size: tuple[int, ...], **_: Any) -> Array:
    """A weight is the fraction of a coordinate as large as the axis is long, and is rounded with it."""
    return np.full((len(x), *size, x.shape[-1]), np.max(np.abs(x), initial=0) * max(x.shape[1:-1]))


def resize_vjp_passes(c: Array, x: Array, *, size: tuple[int, ...], **_: Any) -> Array:
    """Of each of the pixels that one goes to."""
    return np.full(x.shape, np.max(np.abs(c), initial=0) * max(x.shape[1:-1]))


def _along(w: Array, x: Array, axis: int) -> Array:
    return np.moveaxis(np.tensordot(w, x, (1, axis)), 0, axis)


nearest_vjp = adjoint(nearest)
