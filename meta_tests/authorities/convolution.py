"""Authorities for convolution: SciPy's correlation and convolution of single channels, NumPy's windows, plain loops."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal

Array = np.ndarray


def spread(a: Array, steps: Any) -> Array:
    """Zeros between neighbours: what a stride, or a dilation, does to an array that is convolved."""
    out = np.zeros([(n - 1) * s + 1 for n, s in zip(a.shape, steps, strict=True)], a.dtype)
    out[tuple(slice(None, None, s) for s in steps)] = a
    return out


def ends(n: int, extent: int, stride: int, padding: Any) -> tuple[int, int]:
    """Zeros before and after, from the last place of a window (tf.nn, notes on padding)."""
    if padding == "causal":
        return extent - 1, 0
    if padding == "valid":
        return 0, 0
    last = (math.ceil(n / stride) - 1) * stride + extent
    return max(last - n, 0) // 2, max(last - n + 1, 0) // 2 if last > n else 0


def correlated(
    x: Array, kernel: Array, bias: Array, *, stride: Any, padding: Any, dilation: Any = (), groups: int = 1
) -> Array:
    """One channel in and one channel out at a time, at every place, of which some are kept."""
    rank = x.ndim - 2
    dilation = dilation or (1,) * rank
    pads = []
    for i in range(rank):
        extent = (kernel.shape[i] - 1) * dilation[i] + 1
        own = padding if isinstance(padding, str) else None
        pads.append(ends(x.shape[1 + i], extent, stride[i], own) if own else (padding[i], padding[i]))
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    per_in, per_out = kernel.shape[-2], kernel.shape[-1] // groups
    results = []
    for image, o in itertools.product(x, range(kernel.shape[-1])):
        total = bias[o]
        for i in range(per_in):
            channel = image[..., o // per_out * per_in + i]
            single = spread(kernel[..., i, o], dilation)
            total = total + scipy.signal.correlate(channel, single, mode="valid", method="direct")
        results.append(total[tuple(slice(None, None, s) for s in stride)])
    places = np.reshape(results, (len(x), kernel.shape[-1], *(results[0].shape if results else _places(x, kernel))))
    return np.moveaxis(places, 1, -1)


def _places(x: Array, kernel: Array) -> tuple[int, ...]:
    """Of an empty batch."""
    return tuple(n - k + 1 for n, k in zip(x.shape[1:-1], kernel.shape, strict=False))


def depthwise(x: Array, kernel: Array, bias: Array, **options: Any) -> Array:
    """Channel by channel."""
    multiplier = kernel.shape[-1]
    parts = [
        correlated(x[..., c : c + 1], kernel[..., c : c + 1, :], bias[c * multiplier : (c + 1) * multiplier], **options)
        for c in range(kernel.shape[-2])
    ]
    return np.concatenate(parts, axis=-1)


def separable(x: Array, depth: Array, point: Array, bias: Array, **options: Any) -> Array:
    middle = depthwise(x, depth, np.zeros(depth.shape[-1] * depth.shape[-2]), **options)
    return np.tensordot(middle, point.reshape(point.shape[-2:]), 1) + bias


def transposed(
    x: Array, kernel: Array, bias: Array, *,
    stride: Any, padding: Any = None, dilation: Any = (), pad: Any = (), output_padding: Any = (), groups: int = 1,
) -> Array:  # fmt: skip
    """The full convolution of what was spread by the stride."""
    rank = x.ndim - 2
    dilation, more = dilation or (1,) * rank, output_padding or (0,) * rank
    per_in, per_out = x.shape[-1] // groups, kernel.shape[-2]
    images = []
    for image in x:
        channels = []
        for o in range(per_out * groups):
            group = o // per_out
            total: Any = 0
            for i in range(group * per_in, (group + 1) * per_in):
                single = spread(kernel[..., o % per_out, i], dilation)
                total = total + scipy.signal.convolve(spread(image[..., i], stride), single, method="direct")
            for axis in range(rank):
                n, s, m = x.shape[1 + axis], stride[axis], total.shape[axis]
                first, size = pad[axis] if pad else 0, m
                if padding == "same":
                    first, size = max(m - n * s, 0) // 2, n * s
                elif padding == "valid":
                    size = max(m, n * s)
                elif pad:
                    size = m - 2 * first + more[axis]
                index = np.arange(first, first + size)
                kept = np.take(total, np.minimum(index, m - 1), axis=axis)
                total = np.where(np.reshape(index < m, [-1 if a == axis else 1 for a in range(rank)]), kept, 0)
            channels.append(total + bias[o])
        images.append(np.stack(channels, axis=-1))
    return np.stack(images)


def first(f: Callable[..., Array]) -> Callable[..., Array]:
    """Of channels that come first."""
    return lambda x, *weights, **options: np.moveaxis(f(np.moveaxis(x, 1, -1), *weights, **options), -1, 1)


def padded(x: Array, kernel: Array, bias: Array, *, pad: Any, mode: Any) -> Array:
    x = np.pad(x, [(0, 0), *((p, p) for p in pad), (0, 0)], mode=mode)
    return correlated(x, kernel, bias, stride=(1,) * len(pad), padding="valid")


def patches(x: Array, *, window: Any, stride: Any, padding: Any, dilation: Any) -> Array:
    """NumPy's windows, large enough for the dilated one, of which some elements are kept."""
    rank = len(window)
    extents = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    pads = [ends(n, e, s, padding) for n, e, s in zip(x.shape[1:-1], extents, stride, strict=True)]
    views = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, [(0, 0), *pads, (0, 0)]), tuple(extents), axis=tuple(range(1, rank + 1))
    )
    places = [slice(None, None, s) for s in stride]
    views = views[(slice(None), *places, slice(None), *(slice(None, None, d) for d in dilation))]
    return np.moveaxis(views, 1 + rank, -1).reshape(*views.shape[: 1 + rank], -1)


def unfold(x: Array, *, window: Any, stride: Any, padding: Any, dilation: Any) -> Array:
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    channels = [
        patches(x[:, c, ..., None], window=window, stride=stride, padding="valid", dilation=dilation)
        for c in range(x.shape[1])
    ]
    stacked = np.stack(channels, 1)
    return np.swapaxes(stacked.reshape(*x.shape[:2], -1, stacked.shape[-1]), 2, 3).reshape(
        len(x), -1, stacked[0, 0, ..., 0].size
    )


def fold(parts: Array, *, size: Any, window: Any, stride: Any, padding: Any, dilation: Any) -> Array:
    """Element by element."""
    channels = parts.shape[1] // math.prod(window)
    out = np.zeros((len(parts), channels, *size), parts.dtype)
    places = [
        range(-p, n + p - (k - 1) * d, s) for n, k, s, p, d in zip(size, window, stride, padding, dilation, strict=True)
    ]
    for column, (top, left) in enumerate(itertools.product(*places)):
        for row, (c, i, j) in enumerate(itertools.product(range(channels), *map(range, window))):
            y, x = top + i * dilation[0], left + j * dilation[1]
            if 0 <= y < size[0] and 0 <= x < size[1]:
                out[:, c, y, x] += parts[:, row, column]
    return out


def relu(x: Array, kernel: Array, **options: Any) -> Array:
    return np.maximum(correlated(x, kernel, np.zeros(kernel.shape[-1]), **options), 0)


def causal(x: Array, kernel: Array, bias: Array, **options: Any) -> Array:
    return correlated(x, kernel, bias, padding="causal", **options)


def atrous(x: Array, kernel: Array, *, rate: int, padding: str) -> Array:
    bias = np.zeros(kernel.shape[-1])
    return correlated(x, kernel, bias, stride=(1, 1), padding=padding, dilation=(rate, rate))


def same(x: Array, kernel: Array, bias: Array, *, stride: Any = (1,), dilation: Any = ()) -> Array:
    return correlated(x, kernel, bias, stride=stride, padding="same", dilation=dilation)


def explicit(x: Array, kernel: Array, bias: Array, *, pad: Any) -> Array:
    return correlated(x, kernel, bias, stride=(1, 1), padding=pad)


def unbatched(x: Array, kernel: Array, bias: Array, *, stride: Any) -> Array:
    return correlated(x[None], kernel, bias, stride=stride, padding="valid")[0]


def cut(x: Array, kernel: Array, bias: Array, **options: Any) -> Array:
    return transposed(x, kernel, bias, padding="valid", **options)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), correlated),
    **dict.fromkeys(("conv1d_dilated", "conv2d_dilated", "conv3d_dilated", "conv2d_strided_dilated"), correlated),
    **dict.fromkeys(("conv1d_grouped", "conv2d_grouped", "conv2d_grouped_keras", "conv3d_grouped"), correlated),
    "atrous_conv2d": atrous,
    "conv1d_causal": causal,
    **dict.fromkeys(("conv1d_own_same", "conv2d_own_same", "conv2d_half_padding"), same),
    "conv2d_explicit_padding": explicit,
    "conv2d_padding_mode": padded,
    "conv2d_without_bias_relu": relu,
    "conv2d_unbatched": unbatched,
    **dict.fromkeys(("depthwise_conv1d", "depthwise_conv2d"), depthwise),
    **dict.fromkeys(("separable_conv1d", "separable_conv2d"), separable),
    **dict.fromkeys(("conv1d_channels_first", "conv2d_channels_first", "conv3d_channels_first"), first(correlated)),
    "conv3d_channels_first_keras": first(correlated),
    "depthwise_conv2d_channels_first": first(depthwise),
    **dict.fromkeys(("conv1d_transpose", "conv2d_transpose", "conv3d_transpose"), transposed),
    **{f"conv{n}d_transpose_output_padding": transposed for n in (1, 2, 3)},
    "conv2d_transpose_dilated": transposed,
    "conv2d_transpose_grouped": cut,
    "conv2d_transpose_channels_first": first(transposed),
    "patches_as_channels": patches,
    "extract_patches_3d": patches,
    "unfold_images": unfold,
    "fold_images": fold,
}
