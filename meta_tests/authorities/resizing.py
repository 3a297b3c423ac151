"""Authorities for resizing: loops over single numbers, SciPy's interpolation, and resampling pixel by pixel."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.ndimage

Array = np.ndarray


def built(shape: tuple[int, ...], at: Callable[[tuple[int, ...]], Any], like: Array) -> Array:
    y = np.empty(shape, like.dtype)
    for i in np.ndindex(*shape):
        y[i] = at(i)
    return y


def flatten(x: Array) -> Array:
    return np.stack([x[i].T.reshape(-1) if x.ndim < 4 else np.concatenate(list(x[i].transpose(1, 2, 0).reshape(-1, 1)))
                     for i in range(len(x))]) if len(x) else x.reshape(0, math.prod(x.shape[1:]))  # fmt: skip


def permute(x: Array, dims: tuple[int, ...]) -> Array:
    shape = (len(x), *(x.shape[d] for d in dims))
    return built(shape, lambda i: x[(i[0], *(i[1 + dims.index(d)] for d in range(1, x.ndim)))], x)


def reshape(x: Array, shape: tuple[int, ...]) -> Array:
    return np.array([np.array(row.reshape(-1).tolist()).reshape(shape) for row in x])


def zero_padding(x: Array, pads: tuple[tuple[int, int], ...]) -> Array:
    shape = (len(x), *(n + a + b for n, (a, b) in zip(x.shape[1:-1], pads, strict=True)), x.shape[-1])
    y = np.zeros(shape, x.dtype)
    for i in np.ndindex(*x.shape):
        y[(i[0], *(j + a for j, (a, _) in zip(i[1:-1], pads, strict=True)), i[-1])] = x[i]
    return y


def cropping(x: Array, crops: tuple[tuple[int, int], ...]) -> Array:
    for axis, (a, b) in enumerate(crops, 1):
        x = np.delete(x, [*range(a), *range(x.shape[axis] - b, x.shape[axis])], axis)
    return x


def upsampling(x: Array, size: tuple[int, ...]) -> Array:
    return np.kron(x, np.ones((1, *size, 1), x.dtype)) if x.size else np.zeros(
        (0, *(n * k for n, k in zip(x.shape[1:-1], size, strict=True)), x.shape[-1])
    )  # fmt: skip


def middle(x: Array, size: tuple[int, int]) -> Array:
    n, m = x.shape[1:3], size
    shift = [(a - b) // 2 if a > b else -((b - a) // 2) for a, b in zip(n, m, strict=True)]

    def at(i: tuple[int, ...]) -> Any:
        row, column = i[1] + shift[0], i[2] + shift[1]
        return x[i[0], row, column, i[3]] if 0 <= row < n[0] and 0 <= column < n[1] else 0

    return built((len(x), *size, x.shape[-1]), at, x)


def masked(x: Array, value: float) -> tuple[Array, Array]:
    mask = np.array([[any(v != value for v in step) for step in row] for row in x])
    return built(x.shape, lambda i: x[i] if mask[i[:2]] else 0, x), mask


def masked_mean(x: Array, value: float) -> Array:
    rows = [[step for step in row if any(v != value for v in step)] for row in x]
    return np.array([np.mean(row, axis=0) if row else np.full(x.shape[-1], np.nan) for row in rows])


def nearest(x: Array, size: tuple[int, ...], half: float) -> Array:
    def at(i: tuple[int, ...]) -> Any:
        pairs = zip(i[1:-1], x.shape[1:-1], size, strict=True)
        return x[(i[0], *(math.floor((j + half) * n / m + 1e-12) for j, n, m in pairs), i[-1])]

    return built((len(x), *size, x.shape[-1]), at, x)


# By weights: one axis at a time, one pixel at a time


def axes_in_turn(x: Array, size: tuple[int, ...], line: Callable[[Array, int], Array]) -> Array:
    for axis, m in enumerate(size, 1):
        shape = [*x.shape]
        shape[axis] = m
        x = np.apply_along_axis(line, axis, x, m) if x.size else np.zeros(shape)
    return x


def interpolated(centre: Callable[[int, int, int], float]) -> Callable[[Array, int], Array]:
    """By NumPy's own interpolation, which holds the ends."""
    return lambda v, m: np.interp([centre(i, len(v), m) for i in range(m)], range(len(v)), v)


def half_pixel(i: int, n: int, m: int) -> float:
    return (i + 0.5) * n / m - 0.5


def corners(i: int, n: int, m: int) -> float:
    return i * (n - 1) / (m - 1) if m > 1 else 0.0


def cubic(a: float, t: float) -> float:
    """Keys's kernel, by its powers."""
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def lanczos(radius: int) -> Callable[[float], float]:
    return lambda t: float(np.sinc(t) * np.sinc(t / radius)) if abs(t) < radius else 0.0


def normalized(kernel: Callable[[float], float], antialias: bool) -> Callable[[Array, int], Array]:
    def line(v: Array, m: int) -> Array:
        n = len(v)
        stretch = max(n / m, 1) if antialias else 1
        rows = [[kernel((half_pixel(i, n, m) - j) / stretch) for j in range(n)] for i in range(m)]
        return np.array([np.average(v, weights=row) for row in rows])

    return line


def at_edges(centre: Callable[[int, int, int], float]) -> Callable[[Array, int], Array]:
    """Of a line that goes on as its ends are."""

    def line(v: Array, m: int) -> Array:
        long = np.concatenate([np.full(4, v[0]), v, np.full(4, v[-1])])
        where = [centre(i, len(v), m) for i in range(m)]
        return np.array([sum(x * cubic(-0.75, s - (j - 4)) for j, x in enumerate(long)) for s in where])

    return line


def area(v: Array, m: int) -> Array:
    """The mean of a step function: differences of its integral, which is linear between pixels."""
    integral = np.concatenate([[0], np.cumsum(v)])
    return np.diff(np.interp(np.arange(m + 1) * len(v) / m, np.arange(len(v) + 1), integral)) * m / len(v)


def by(line: Callable[[Array, int], Array]) -> Callable[..., Array]:
    return lambda x, size: axes_in_turn(x, size, line)


# Samples at points


def affine_grid(theta: Array, size: tuple[int, int], align_corners: bool) -> Array:
    def place(i: int, n: int) -> float:
        if align_corners:
            return float(np.linspace(-1, 1, n)[i]) if n > 1 else 0.0
        return float(np.linspace(-1 + 1 / n, 1 - 1 / n, n)[i])

    rows = [[theta @ [place(j, size[1]), place(i, size[0]), 1] for j in range(size[1])] for i in range(size[0])]
    return np.array(rows).transpose(2, 0, 1, 3)


def sampled(x: Array, grid: Array, padding: str, align_corners: bool, order: int) -> Array:
    """scipy.ndimage.map_coordinates, of each image and channel."""
    scale = [(n - 1) / 2 if align_corners else n / 2 for n in x.shape[2:0:-1]]
    at = (grid + 1) * scale - (0 if align_corners else 0.5)
    mode: dict[str, Any] = {
        "zeros": "grid-constant",
        "border": "nearest",
        "reflection": "mirror" if align_corners else "reflect",
    }
    take: Any = scipy.ndimage.map_coordinates
    y = np.empty((*grid.shape[:-1], x.shape[-1]), x.dtype)
    for b, ch in itertools.product(range(len(x)), range(x.shape[-1])):
        y[b, ..., ch] = take(x[b, ..., ch], at[b, ..., ::-1].transpose(2, 0, 1), order=order, mode=mode[padding])
    return y


def transformed(x: Array, transform: Array) -> Array:
    """scipy.ndimage.affine_transform, whose coordinates are (row, column)."""

    def images() -> Iterator[Array]:
        for image, (a, b, c, d, e, f) in zip(x, transform, strict=True):
            channels = [
                scipy.ndimage.affine_transform(
                    image[..., ch], np.array([[e, d], [b, a]]), (f, c), order=1, mode="grid-constant"
                )
                for ch in range(x.shape[-1])
            ]
            yield np.stack(channels, axis=-1)

    return np.stack(list(images()))


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "flatten_channels_first": flatten,
    "permute_axes": permute,
    "reshape_each": reshape,
    "repeat_vector": lambda x, n: np.array([[row] * n for row in x.tolist()], x.dtype),
    **dict.fromkeys((f"zero_padding{n}d" for n in (1, 2, 3)), zero_padding),
    **dict.fromkeys((f"cropping{n}d" for n in (1, 2, 3)), cropping),
    **dict.fromkeys((f"upsampling{n}d" for n in (1, 2, 3)), upsampling),
    "flip_image": lambda x, axis: x[:, :, ::-1] if axis == 2 else x[:, ::-1],
    "middle_of_image": middle,
    "center_crop": middle,
    "masking": masked,
    "masking_propagated": masked_mean,
    "resize_nearest": lambda x, size, mode: nearest(x, size, 0.5),
    "resize_nearest_from_top_left": lambda x, size: nearest(x, size, 0),
    "resize_bilinear": by(interpolated(half_pixel)),
    "upsampling2d_bilinear": lambda x, times: axes_in_turn(
        x, (x.shape[1] * times[0], x.shape[2] * times[1]), interpolated(half_pixel)
    ),
    "resize_bilinear_align_corners": by(interpolated(corners)),
    "resize_bilinear_from_top_left": by(interpolated(lambda i, n, m: i * n / m)),
    "resize_bilinear_by_a_factor": lambda x, size, factor: axes_in_turn(
        x, size, interpolated(lambda i, n, m: (i + 0.5) / factor - 0.5)
    ),
    "resize_linear1d": by(interpolated(half_pixel)),
    "resize_trilinear": by(interpolated(half_pixel)),
    "resize_bicubic": lambda x, size, antialias: axes_in_turn(x, size, normalized(lambda t: cubic(-0.5, t), antialias)),
    "resize_bicubic_steep": by(at_edges(half_pixel)),
    "resize_bicubic_align_corners": by(at_edges(corners)),
    "resize_bilinear_antialias": by(normalized(lambda t: max(1 - abs(t), 0), True)),
    "resize_lanczos3": by(normalized(lanczos(3), True)),
    "resize_lanczos5": lambda x, size, antialias: axes_in_turn(x, size, normalized(lanczos(5), antialias)),
    "resize_area": by(area),
    "affine_grid": affine_grid,
    **dict.fromkeys(
        ("grid_sample", "grid_sample_reflected"),
        lambda x, grid, padding, align_corners: sampled(x, grid, padding, align_corners, 1),
    ),
    "grid_sample_nearest": lambda x, grid, padding, align_corners: sampled(x, grid, padding, align_corners, 0),
    "affine_transform_of_image": transformed,
}
