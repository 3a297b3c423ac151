"""Convolution: what deep learning calls so, a cross-correlation. Gradients in closed form.

Sources: Dumoulin and Visin (2016), *A guide to convolution arithmetic for deep learning*,
https://arxiv.org/abs/1603.07285; 'same' padding: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2.
All of it is made of four linear maps: zeros around an image, its windows, the sum of windows (the adjoint of taking
them) and a product with the kernel.

Images are (batch, *spatial, channels), a kernel is (*window, channels in of a group, channels out).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Sizes = Sequence[int]
Pairs = Sequence[tuple[int, int]]


# The four maps


def padded(x: Array, pads: Pairs) -> Array:
    """Zeros before and after each spatial axis; a negative number of them removes what is there."""
    pads = [(0, 0), *pads, (0, 0)]
    kept = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, pads, strict=True))
    return np.pad(x[kept], [(max(a, 0), max(b, 0)) for a, b in pads])


def windows(x: Array, window: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """(batch, *places, offsets in the window, channels)"""
    places = [_places(*a) for a in zip(x.shape[1:-1], window, stride, dilation, strict=True)]
    return np.stack([x[_at(o, places, stride, dilation)] for o in np.ndindex(*window)], axis=-2)


def overlapped(parts: Array, window: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """The adjoint of `windows`: the sum of what lies at the same place, in the smallest image that holds them all."""
    places = parts.shape[1:-2]
    sizes = [(p - 1) * s + (k - 1) * d + 1 for p, k, s, d in zip(places, window, stride, dilation, strict=True)]
    out = np.zeros((len(parts), *sizes, parts.shape[-1]), dtype=parts.dtype)
    for i, o in enumerate(np.ndindex(*window)):
        out[_at(o, places, stride, dilation)] += parts[..., i, :]
    return out


def _places(n: int, window: int, stride: int, dilation: int) -> int:
    """How many windows fit."""
    count = (n - (window - 1) * dilation - 1) // stride + 1
    if count < 1:
        raise ValueError(f"a window of {window}, dilated by {dilation}, does not fit into {n}")
    return count


def _at(offset: Sizes, places: Sizes, stride: Sizes, dilation: Sizes) -> tuple[slice, ...]:
    """Where the element at an offset of every window lies."""
    starts = [o * d for o, d in zip(offset, dilation, strict=True)]
    return (slice(None), *(slice(a, a + (p - 1) * s + 1, s) for a, p, s in zip(starts, places, stride, strict=True)))


def pads_of(sizes: Sizes, window: Sizes, stride: Sizes, dilation: Sizes, padding: Any) -> Pairs:
    """Zeros before and after: none; for ceil(n / stride) windows, an odd one at the end; all in front; given."""
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    if padding == "valid":
        return [(0, 0)] * len(window)
    if padding == "causal":
        return [(e - 1, 0) for e in extents]
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + e - n, 0) for n, s, e in zip(sizes, stride, extents, strict=True)]
        return [(t // 2, t - t // 2) for t in total]
    return [(p, p) if isinstance(p, int) else p for p in padding]


# Convolution


def convolution(
    x: Array,
    kernel: Array,
    bias: Array,
    *,
    stride: Sizes,
    padding: Any = "valid",
    dilation: Sizes = (),
    groups: int = 1,
) -> Array:
    """y[place, out] = bias[out] + sum over window and channels of x[place * stride + offset * dilation] kernel.

    With groups, channels g c / G to (g + 1) c / G of the result come from the same part of the channels of x.
    Raises ``ValueError`` where sizes do not fit together or the kernel does not fit into the padded input.
    """
    window, dilation = _checked(x, kernel, bias, dilation, groups, kernel.shape[-1])
    pads = pads_of(x.shape[1:-1], window, stride, dilation, padding)
    parts = windows(padded(x, pads), window, stride, dilation)
    return _times(parts, _grouped(kernel, groups)) + bias


def convolution_vjp(
    c: Array, x: Array, kernel: Array, bias: Array, *,
    stride: Sizes, padding: Any = "valid", dilation: Sizes = (), groups: int = 1,
) -> tuple[Array, Array, Array]:  # fmt: skip
    window, dilation = _checked(x, kernel, bias, dilation, groups, kernel.shape[-1])
    pads = pads_of(x.shape[1:-1], window, stride, dilation, padding)
    parts = windows(padded(x, pads), window, stride, dilation)
    split, weights = _split(c, groups), _grouped(kernel, groups)
    back = np.einsum("...go,kgio->...kgi", split, weights).reshape(parts.shape)
    return (
        _unpadded(overlapped(back, window, stride, dilation), x.shape, pads),
        _summed(parts, split).reshape(kernel.shape),
        np.sum(c, axis=tuple(range(c.ndim - 1))),
    )


def _split(x: Array, groups: int) -> Array:
    """The channels as (groups, channels of a group)."""
    if x.shape[-1] % groups:
        raise ValueError(f"{groups} groups of {x.shape[-1]} channels")
    return x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)


def _grouped(kernel: Array, groups: int) -> Array:
    """(offsets, groups, in, out)"""
    split = kernel.reshape(-1, kernel.shape[-2], groups, kernel.shape[-1] // groups)
    return np.swapaxes(split, 1, 2)


def _times(parts: Array, weights: Array) -> Array:
    _, g, _, o = weights.shape
    split = _split(parts, g)
    return np.einsum("...kgi,kgio->...go", split, weights).reshape(*parts.shape[:-2], g * o)


def _summed(parts: Array, cotangent: Array) -> Array:
    """The gradient for a kernel: over all images and places. Returns (offsets, in, groups, out)."""
    k, g, o = parts.shape[-2], *cotangent.shape[-2:]
    return np.einsum("nkgi,ngo->kigo", parts.reshape(-1, k, g, parts.shape[-1] // g), cotangent.reshape(-1, g, o))


def _unpadded(full: Array, shape: Sizes, pads: Pairs) -> Array:
    """The part of a gradient that does not lie on padding; zeros at the end that no window reached."""
    reached = zip(shape[1:-1], full.shape[1:-1], pads, strict=True)
    return padded(full, [(-a, n + a - m) for n, m, (a, _) in reached])


def _checked(x: Array, kernel: Array, bias: Array, dilation: Sizes, groups: int, out: int) -> tuple[Sizes, Sizes]:
    """The window and its dilation. Raises ``ValueError`` where shapes do not fit together."""
    if x.ndim != kernel.ndim:
        raise ValueError(f"a kernel of shape {kernel.shape} needs an input of rank {kernel.ndim}, not {x.ndim}")
    if x.dtype.kind != kernel.dtype.kind:
        raise ValueError(f"the input is {x.dtype}, the kernel {kernel.dtype}")
    if x.shape[-1] != groups * kernel.shape[-2] or out % groups:
        raise ValueError(f"{groups} groups of {kernel.shape[-2]} channels, {x.shape[-1]} in, {out} out")
    if bias.shape != (out,):
        raise ValueError(f"a bias of shape {bias.shape} for {out} channels")
    window = kernel.shape[:-2]
    return window, dilation or (1,) * len(window)


# Depthwise and separable


def depthwise(x: Array, kernel: Array, bias: Array, *, stride: Sizes, padding: Any, dilation: Sizes = ()) -> Array:
    """Every channel has its own ``multiplier`` kernels, (*window, channels, multiplier): as many groups as channels."""
    _check_channels(x, kernel)
    flat = kernel.reshape(*kernel.shape[:-2], 1, -1)
    return convolution(x, flat, bias, stride=stride, padding=padding, dilation=dilation, groups=kernel.shape[-2])


def depthwise_vjp(
    c: Array, x: Array, kernel: Array, bias: Array, *, stride: Sizes, padding: Any, dilation: Sizes = ()
) -> tuple[Array, Array, Array]:
    flat = kernel.reshape(*kernel.shape[:-2], 1, -1)
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    dx, dk, db = convolution_vjp(c, x, flat, bias, groups=kernel.shape[-2], **options)
    return dx, dk.reshape(kernel.shape), db


def separable(x: Array, depth: Array, point: Array, bias: Array, **options: Any) -> Array:
    """A depthwise convolution, then one with a window of 1, (1, ..., channels * multiplier, out)."""
    middle = depthwise(x, depth, _zeros(depth), **options)
    return convolution(middle, point, bias, stride=(1,) * (x.ndim - 2))


def separable_vjp(c: Array, x: Array, depth: Array, point: Array, bias: Array, **options: Any) -> tuple[Array, ...]:
    middle = depthwise(x, depth, _zeros(depth), **options)
    back, dp, db = convolution_vjp(c, middle, point, bias, stride=(1,) * (x.ndim - 2))
    dx, dd, _ = depthwise_vjp(back, x, depth, _zeros(depth), **options)
    return dx, dd, dp, db


def _zeros(kernel: Array) -> Array:
    return np.zeros(kernel.shape[-2] * kernel.shape[-1], dtype=kernel.dtype)


def _check_channels(x: Array, kernel: Array) -> None:
    if x.shape[-1] != kernel.shape[-2]:
        raise ValueError(f"a kernel for {kernel.shape[-2]} channels, {x.shape[-1]} in")


# Transposed


def transposed(
    x: Array, kernel: Array, bias: Array, *,
    stride: Sizes, padding: Any, output_padding: Sizes = (), dilation: Sizes = (), groups: int = 1,
) -> Array:  # fmt: skip
    """The adjoint of `convolution` in x, plus a bias; a kernel is (*window, channels out of a group, channels in).

    A side of n becomes (n - 1) * stride + (window - 1) * dilation + 1. 'valid' adds zeros where the stride is larger
    than the window; 'same' makes it n * stride, the adjoint of 'same' there. Numbers of ``padding`` are cut off at both
    ends, less ``output_padding`` at the far one.
    """
    window, dilation = _checked(x, np.swapaxes(kernel, -1, -2), bias, dilation, 1, kernel.shape[-2] * groups)
    split = _split(x, groups)
    parts = np.einsum("...gi,kogi->...kgo", split, _transposed_groups(kernel, groups))
    full = overlapped(parts.reshape(*parts.shape[:-2], len(bias)), window, stride, dilation)
    return padded(full, _crops(window, stride, dilation, padding, output_padding)) + bias


def transposed_vjp(
    c: Array, x: Array, kernel: Array, bias: Array, *,
    stride: Sizes, padding: Any, output_padding: Sizes = (), dilation: Sizes = (), groups: int = 1,
) -> tuple[Array, Array, Array]:  # fmt: skip
    window, dilation = kernel.shape[:-2], dilation or (1,) * (kernel.ndim - 2)
    crops = _crops(window, stride, dilation, padding, output_padding)
    parts = windows(padded(c, [(-a, -b) for a, b in crops]), window, stride, dilation)
    parts, split = _split(parts, groups).swapaxes(-1, -2), _split(x, groups)
    weights = _transposed_groups(kernel, groups)
    flat = parts.reshape(-1, *parts.shape[-3:]), split.reshape(-1, *split.shape[-2:])
    return (
        np.einsum("...kog,kogi->...gi", parts, weights).reshape(x.shape),
        np.einsum("nkog,ngi->kogi", *flat).reshape(kernel.shape),
        np.sum(c, axis=tuple(range(c.ndim - 1))),
    )


def _transposed_groups(kernel: Array, groups: int) -> Array:
    """(offsets, out, groups, in)"""
    return kernel.reshape(-1, kernel.shape[-2], groups, kernel.shape[-1] // groups)


def _crops(window: Sizes, stride: Sizes, dilation: Sizes, padding: Any, output_padding: Sizes) -> Pairs:
    """What is added (or, negative, cut off) at the ends of each side."""
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    more = [max(s - e, 0) for e, s in zip(extents, stride, strict=True)]
    if padding == "valid":
        return [(0, m) for m in more]
    if padding == "same":
        cut = [max(e - s, 0) for e, s in zip(extents, stride, strict=True)]
        return [(-(n // 2), m - (n - n // 2)) for n, m in zip(cut, more, strict=True)]
    far = output_padding or (0,) * len(window)
    return [(-p, f - p) for p, f in zip(padding, far, strict=True)]


# Windows by themselves


def patches(x: Array, *, window: Sizes, stride: Sizes, padding: Any, dilation: Sizes) -> Array:
    """(batch, *places, offsets * channels), channels last. Raises ``ValueError`` where no window fits."""
    if x.ndim != len(window) + 2:
        raise ValueError(f"windows of rank {len(window)} of an input of shape {x.shape}")
    pads = pads_of(x.shape[1:-1], window, stride, dilation, padding)
    parts = windows(padded(x, pads), window, stride, dilation)
    return parts.reshape(*parts.shape[:-2], -1)


def patches_vjp(c: Array, x: Array, *, window: Sizes, stride: Sizes, padding: Any, dilation: Sizes) -> Array:
    pads = pads_of(x.shape[1:-1], window, stride, dilation, padding)
    parts = c.reshape(*c.shape[:-1], -1, x.shape[-1])
    return _unpadded(overlapped(parts, window, stride, dilation), x.shape, pads)


def unfold(x: Array, *, window: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """torch's layout: (batch, channels, height, width) to (batch, channels * offsets, places)."""
    if x.ndim != 4:
        raise ValueError(f"an image of shape {x.shape}")
    parts = windows(padded(np.moveaxis(x, 1, -1), [(p, p) for p in padding]), window, stride, dilation)
    flat = parts.reshape(len(x), -1, *parts.shape[-2:])
    return np.transpose(flat, (0, 3, 2, 1)).reshape(len(x), -1, flat.shape[1])


def fold(parts: Array, *, size: Sizes, window: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    """The adjoint of `unfold`: an image of ``size`` from its windows, which are added where they overlap."""
    sides = zip(size, window, stride, padding, dilation, strict=True)
    places = [_places(n + 2 * p, k, s, d) for n, k, s, p, d in sides]
    if parts.ndim != 3 or parts.shape[-1] != np.prod(places) or parts.shape[1] % np.prod(window):
        raise ValueError(f"windows {window} at {places} places, given {parts.shape}")
    split = parts.reshape(len(parts), -1, int(np.prod(window)), *places)
    full = overlapped(np.moveaxis(split, (1, 2), (-1, -2)), window, stride, dilation)
    image = _unpadded(full, (len(parts), *size, full.shape[-1]), [(p, p) for p in padding])
    return np.moveaxis(image, -1, 1)


def unfold_vjp(c: Array, x: Array, **options: Any) -> Array:
    return fold(c, size=x.shape[2:], **options)


def fold_vjp(c: Array, parts: Array, *, size: Sizes, **options: Any) -> Array:
    return unfold(c, **options)


# The same in other layouts


def channels_first(f: Any, vjp: Any) -> tuple[Any, Any]:
    """A function of (batch, *spatial, channels) as one of (batch, channels, *spatial); and its gradient."""

    def first(x: Array, kernel: Array, bias: Array, **options: Any) -> Array:
        return np.moveaxis(f(np.moveaxis(x, 1, -1), kernel, bias, **options), -1, 1)

    def first_vjp(c: Array, x: Array, kernel: Array, bias: Array, **options: Any) -> tuple[Array, ...]:
        gradients = vjp(np.moveaxis(c, 1, -1), np.moveaxis(x, 1, -1), kernel, bias, **options)
        return np.moveaxis(gradients[0], -1, 1), *gradients[1:]

    return first, first_vjp


convolution_channels_first, convolution_channels_first_vjp = channels_first(convolution, convolution_vjp)
depthwise_channels_first, depthwise_channels_first_vjp = channels_first(depthwise, depthwise_vjp)
transposed_channels_first, transposed_channels_first_vjp = channels_first(transposed, transposed_vjp)


def unbatched(x: Array, kernel: Array, bias: Array, **options: Any) -> Array:
    """One image without a batch axis."""
    return convolution(x[None], kernel, bias, **options)[0]


def unbatched_vjp(c: Array, x: Array, kernel: Array, bias: Array, **options: Any) -> tuple[Array, ...]:
    dx, dk, db = convolution_vjp(c[None], x[None], kernel, bias, **options)
    return dx[0], dk, db


def rectified(x: Array, kernel: Array, *, stride: Sizes, padding: Any) -> Array:
    """Without a bias, and a relu behind it."""
    y = convolution(x, kernel, np.zeros_like(kernel, shape=kernel.shape[-1:]), stride=stride, padding=padding)
    return np.maximum(y, 0)


def rectified_vjp(c: Array, x: Array, kernel: Array, *, stride: Sizes, padding: Any) -> tuple[Array, Array]:
    bias = np.zeros_like(kernel, shape=kernel.shape[-1:])
    y = convolution(x, kernel, bias, stride=stride, padding=padding)
    return convolution_vjp(np.where(y > 0, c, 0), x, kernel, bias, stride=stride, padding=padding)[:2]


def reflected(x: Array, kernel: Array, bias: Array, *, pad: Sizes, mode: str) -> Array:
    """Padded by its own numbers: 'reflect' at the edge or 'symmetric', repeating it (the modes of `numpy.pad`), or
    'wrap' around."""
    return convolution(x[_borders(x, pad, mode)], kernel, bias, stride=(1,) * len(pad))


def reflected_vjp(c: Array, x: Array, kernel: Array, bias: Array, *, pad: Sizes, mode: str) -> tuple[Array, ...]:
    where = _borders(x, pad, mode)
    back, dk, db = convolution_vjp(c, x[where], kernel, bias, stride=(1,) * len(pad))
    dx = np.zeros_like(x)
    np.add.at(dx, where, back)
    return dx, dk, db


def _borders(x: Array, pad: Sizes, mode: Any) -> Any:
    """The index of every element of the padded image."""
    sides = [np.arange(len(x)), *(np.arange(n) for n in x.shape[1:-1]), np.arange(x.shape[-1])]
    widths = [0, *pad, 0]
    if mode == "reflect" and any(p >= len(s) for p, s in zip(pad, sides[1:], strict=False)):
        raise ValueError(f"reflecting {pad} of {x.shape}")
    return np.ix_(*(np.pad(s, p, mode=mode) if p else s for s, p in zip(sides, widths, strict=True)))
