"""Images sampled at any points: affine grids, bilinear and nearest samples. Channels are last."""

from typing import Any

import numpy as np

Array = np.ndarray


def affine_grid(theta: Array, *, size: tuple[int, int], align_corners: bool) -> Array:
    """theta (x, y, 1)^T at the pixels of an image of a size, whose corners (or edges) are at -1 and 1; x is along the
    width. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html"""
    return np.einsum("bij,hwj->bhwi", theta, _points(theta, size, align_corners))


def affine_grid_vjp(c: Array, theta: Array, *, size: tuple[int, int], align_corners: bool) -> Array:
    return np.einsum("bhwi,hwj->bij", c, _points(theta, size, align_corners))


def _points(theta: Array, size: tuple[int, int], align_corners: bool) -> Array:
    if theta.ndim != 3 or theta.shape[1:] != (2, 3):
        raise ValueError(f"matrices of 2 by 3, please, not {theta.shape}")
    wide = theta.dtype.type
    y, x = (_line(n, wide, align_corners) for n in size)
    return np.stack([np.broadcast_to(a, size) for a in (x[None, :], y[:, None], np.ones(size, wide))], axis=-1)


def _line(n: int, wide: type, align_corners: bool) -> Array:
    i: Array = np.arange(n).astype(wide)
    if align_corners:
        return 2 * i / (n - 1) - 1 if n > 1 else 0 * i
    return (2 * i + 1) / n - 1


def _unnormalized(g: Array, n: int, align_corners: bool) -> tuple[Array, Any]:
    """Pixels, and their derivative."""
    if align_corners:
        return (g + 1) * (n - 1) / 2, g.dtype.type(n - 1) / 2
    return ((g + 1) * n - 1) / 2, g.dtype.type(n) / 2


def _kept(s: Array, n: int, padding: str, align_corners: bool) -> tuple[Array, Array]:
    """Coordinates brought back into the image, and their derivative: 1, -1 where reflected, 0 where held."""
    slope = np.ones_like(s)
    if padding == "zeros":
        return s, slope
    if padding == "reflection":
        half = 0 if align_corners else s.dtype.type(1) / 2
        low, span = -half, n - 1 + 2 * half
        t = np.abs(s - low)
        slope = np.where(s < low, -slope, slope)
        turns = np.floor(t / span) if span else 0 * t
        rest = t - turns * span
        odd = turns % 2 == 1
        s = low + np.where(odd, span - rest, rest)
        slope = np.where(odd, -slope, slope)
    held = (s <= 0) | (s >= n - 1)
    return np.clip(s, 0, n - 1), np.where(held, 0, slope)


def _sampled(x: Array, grid: Array) -> None:
    if x.ndim != 4 or grid.ndim != 4 or grid.shape[-1] != 2 or len(x) != len(grid):
        raise ValueError("(batch, height, width, channels) and (batch, rows, columns, 2), please")


def _corners(x: Array, grid: Array, padding: str, align_corners: bool) -> Any:
    """The fractions along height and width with their derivatives, and places and values of the four neighbours."""
    _sampled(x, grid)
    h, w = x.shape[1:3]
    found = []
    for g, n in ((grid[..., 1], h), (grid[..., 0], w)):
        s, scale = _unnormalized(g, n, align_corners)
        s, slope = _kept(s, n, padding, align_corners)
        found.append((np.floor(s), s - np.floor(s), slope * scale))
    (y0, fy, dy), (x0, fx, dx) = found
    batch = np.arange(len(x))[:, None, None]
    values, places = {}, {}
    for i in (0, 1):
        for j in (0, 1):
            a, b = y0 + i, x0 + j
            inside = (a >= 0) & (a < h) & (b >= 0) & (b < w)
            at = batch, np.clip(a, 0, h - 1).astype(int), np.clip(b, 0, w - 1).astype(int)
            places[i, j] = at, inside[..., None]
            values[i, j] = np.where(inside[..., None], x[at], 0)
    return (fy[..., None], dy), (fx[..., None], dx), places, values


def grid_sample(x: Array, grid: Array, *, padding: str, align_corners: bool) -> Array:
    """Between four pixels; outside the image zeros, the pixels at its border, or the image reflected.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
    """
    (fy, _), (fx, _), _, v = _corners(x, grid, padding, align_corners)
    above, below = (v[i, 0] * (1 - fx) + v[i, 1] * fx for i in (0, 1))
    return above * (1 - fy) + below * fy


def grid_sample_vjp(c: Array, x: Array, grid: Array, *, padding: str, align_corners: bool) -> tuple[Array, Array]:
    (fy, dy), (fx, dx), places, v = _corners(x, grid, padding, align_corners)
    gradient = np.zeros_like(x)
    for (i, j), (at, inside) in places.items():
        share = c * (fy if i else 1 - fy) * (fx if j else 1 - fx)
        np.add.at(gradient, at, np.where(inside, share, 0))
    along_y = (v[1, 0] - v[0, 0]) * (1 - fx) + (v[1, 1] - v[0, 1]) * fx
    along_x = (v[0, 1] - v[0, 0]) * (1 - fy) + (v[1, 1] - v[1, 0]) * fy
    slopes = np.stack([np.sum(c * along_x, axis=-1) * dx, np.sum(c * along_y, axis=-1) * dy], axis=-1)
    return gradient, slopes


def grid_sample_nearest(x: Array, grid: Array, *, padding: str, align_corners: bool) -> Array:
    """The nearest pixel, half to even."""
    _sampled(x, grid)
    at, inside = _nearest(x, grid, padding, align_corners)
    return np.where(inside, x[at], 0)


def grid_sample_nearest_vjp(c: Array, x: Array, grid: Array, *, padding: str, align_corners: bool) -> Array:
    at, inside = _nearest(x, grid, padding, align_corners)
    gradient = np.zeros_like(x)
    np.add.at(gradient, at, np.where(inside, c, 0))
    return gradient


def _nearest(x: Array, grid: Array, padding: str, align_corners: bool) -> tuple[Any, Array]:
    found = []
    for g, n in ((grid[..., 1], x.shape[1]), (grid[..., 0], x.shape[2])):
        s, _ = _unnormalized(g, n, align_corners)
        found.append(np.rint(_kept(s, n, padding, align_corners)[0]))
    y, z = found
    h, w = x.shape[1:3]
    inside = (y >= 0) & (y < h) & (z >= 0) & (z < w)
    at = np.arange(len(x))[:, None, None], np.clip(y, 0, h - 1).astype(int), np.clip(z, 0, w - 1).astype(int)
    return at, inside[..., None]


def _pixels(x: Array, transform: Array) -> Array:
    """The normalized grid (align_corners) of the points a y + b x + c of an affine map of pixels."""
    if x.ndim != 4 or transform.shape != (len(x), 6):
        raise ValueError("(batch, height, width, channels) and (batch, 6), please")
    h, w = x.shape[1:3]
    column, row = np.meshgrid(np.arange(w), np.arange(h))
    a = transform[:, :, None, None]
    points = a[:, 0] * column + a[:, 1] * row + a[:, 2], a[:, 3] * column + a[:, 4] * row + a[:, 5]
    return np.stack([2 * p / (n - 1) - 1 for p, n in zip(points, (w, h), strict=True)], axis=-1)


def affine_transform(x: Array, transform: Array) -> Array:
    """The pixel at (column, row) is that at (a0 column + a1 row + a2, a3 column + a4 row + a5), zero outside.

    https://keras.io/api/ops/image/#affine_transform-function
    """
    return grid_sample(x, _pixels(x, transform), padding="zeros", align_corners=True)


def affine_transform_vjp(c: Array, x: Array, transform: Array) -> Array:
    return grid_sample_vjp(c, x, _pixels(x, transform), padding="zeros", align_corners=True)[0]
