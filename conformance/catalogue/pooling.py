"""Pooling. Sequences, images and volumes have their channels last here; routes move them where a framework wants them
first. Two-dimensional maxima and averages over windows are among the layers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.jax_shared import jax_average_pool
from conformance.catalogue.pooling_adaptive import ADAPTIVE
from conformance.catalogue.pooling_more import MORE
from conformance.reference import pooling as ref
from fixtures.samples import distinct, given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
KERAS = "https://keras.io/api/layers/pooling_layers/"


def torch_padded(torch, x, size, stride, padding, value):
    """Channels first, and padded as 'same' pads, which torch's pooling does not know: an odd one goes to the end."""
    x = x.movedim(-1, 1)
    if padding == "valid":
        return x
    pads = []
    for n, k, s in zip(x.shape[:1:-1], size[::-1], stride[::-1], strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pads += [total // 2, total - total // 2]
    return torch.nn.functional.pad(x, pads, value=value)


def torch_averages(torch, pool, x, size, stride, padding):
    """Zeros that 'same' adds are not counted: divide by the average of ones."""
    y = pool(torch_padded(torch, x, size, stride, padding, 0.0))
    if padding == "same":
        y = y / pool(torch_padded(torch, torch.ones_like(x), size, stride, padding, 0.0))
    return y.movedim(1, -1)


def tf_averages(tf, x, size, stride, padding, ceil_mode, count_include_pad, divisor):
    """Sums of windows of a padded image, divided by what torch divides them by."""
    counted = tf.pad(tf.ones_like(x), padded(padding), constant_values=tf.cast(count_include_pad, x.dtype))
    more = [[0, 0]]
    for n, k, s, p in zip(tf.unstack(tf.shape(x)[1:3], 2), size, stride, padding, strict=True):
        rest = (n + 2 * p - k) % s
        fits = (rest > 0) & (n + 2 * p - k - rest + s < n + p)
        more.append([0, tf.where(fits, s - rest, 0) if ceil_mode else 0])
    more.append([0, 0])
    total = tf.nn.avg_pool2d(tf.pad(tf.pad(x, padded(padding)), more), size, stride, "VALID")
    if divisor is not None:
        return total * (size[0] * size[1] / divisor)
    return total / tf.nn.avg_pool2d(tf.pad(counted, more), size, stride, "VALID")


def tf_maxima(tf, x, size, stride, padding, dilation, ceil_mode):
    """Padded with -inf here, as tf.nn.pool pads alike before and after; there is no stride with a dilation."""
    pads = []
    for n, k, s, p, d in zip(tf.unstack(tf.shape(x)[1:3], 2), size, stride, padding, dilation, strict=True):
        rest = (n + 2 * p - d * (k - 1) - 1) % s
        last = n + 2 * p - d * (k - 1) - 1 - rest + s
        pads.append([p, p + (tf.where((rest > 0) & (last < n + p), s - rest, 0) if ceil_mode else 0)])
    x = tf.pad(x, [[0, 0], *pads, [0, 0]], constant_values=tf.cast(-np.inf, x.dtype))
    return tf.nn.pool(x, size, "MAX", dilations=dilation)[:, :: stride[0], :: stride[1]]


def padded(padding):
    return [[0, 0], *([p, p] for p in padding), [0, 0]]


def refused(axes: int, *, channels: int = 2, without: Sequence[str] = ()) -> list[Sample]:
    """No batch, an axis too many, a window that is larger than its input, a stride of 0. With oneDNN some of these end
    the process, or read behind the shape: docs/findings.md."""
    two: dict[str, Any] = {"size": (2,) * axes, "stride": (2,) * axes, "padding": "valid"}
    bad: dict[str, Any] = {"edge": True, "raises": True, "dtypes": ("float32",)}
    samples = [
        normal((*(4,) * axes, 4), name="bad-rank-no-batch", **two, **bad),
        normal((1, *(4,) * (axes + 1), channels), name="bad-rank-too-many", **two, **bad),
        normal((1, *(2,) * axes, channels), name="bad-sizes-window", **(two | {"size": (3,) * axes}), **bad),
        normal((1, *(4,) * axes, channels), name="bad-sizes-stride-0", **(two | {"stride": (0,) * axes}), **bad),
    ]
    return [s for s in samples if s.name not in without]


def zeros_and_ones(*shape: int):
    """Many ties."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return (rng.integers(0, 2, shape).astype(float),)

    return make


def sequences(draw: Callable[..., Sample]) -> list[Sample]:
    return [
        draw((2, 9, 3), name="valid", size=(3,), stride=(2,), padding="valid"),
        draw((2, 7, 2), name="same", size=(3,), stride=(2,), padding="same"),
        draw((1, 6, 2), name="same-even-window", size=(2,), stride=(1,), padding="same", edge=True),
        draw((1, 8, 1), name="gaps", size=(2,), stride=(3,), padding="valid", edge=True),
    ]


def volumes(draw: Callable[..., Sample]) -> list[Sample]:
    return [
        draw((2, 4, 4, 5, 1), name="valid", size=(2, 2, 3), stride=(2, 1, 2), padding="valid"),
        draw((1, 3, 4, 5, 2), name="same", size=(2, 3, 2), stride=(2, 2, 2), padding="same", edge=True),
        draw((1, 1, 1, 1, 2), name="one-element", size=(1, 1, 1), stride=(1, 1, 1), padding="valid", edge=True),
    ]


TWO: dict[str, Any] = {"size": (2,), "stride": (2,), "padding": "valid"}
TWOS: dict[str, Any] = {"size": (2, 2, 2), "stride": (2, 2, 2), "padding": "valid"}
PLAIN: dict[str, Any] = {"ceil_mode": False, "count_include_pad": False, "divisor": None}
ALIKE: dict[str, Any] = {"dilation": (1, 1), "ceil_mode": False}


CASES = (
    Case(
        "max_pooling1d",
        "selection",
        ref.max_pool,
        vjp=ref.max_pool_vjp,
        torch=[
            lambda torch, x, size, stride, padding: torch.nn.functional.max_pool1d(
                torch_padded(torch, x, size, stride, padding, -torch.inf), size, stride
            ).movedim(1, -1),
            lambda torch, x, size, stride, padding: torch.nn.MaxPool1d(size, stride)(
                torch_padded(torch, x, size, stride, padding, -torch.inf)
            ).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, size, stride, padding: tf.nn.max_pool1d(x, size, stride, padding.upper()),
            lambda tf, x, size, stride, padding: tf.keras.layers.MaxPooling1D(
                size, stride, padding, data_format="channels_last", dtype=x.dtype
            )(x),
            lambda tf, x, size, stride, padding: tf.keras.ops.max_pool(x, size, stride, padding),
        ],
        jax=[
            lambda jax, x, size, stride, padding: jax.lax.reduce_window(
                x, -jax.numpy.inf, jax.lax.max, (1, *size, 1), (1, *stride, 1), padding.upper()
            )
        ],
        samples=[
            *sequences(distinct),
            sample("ties", zeros_and_ones(2, 8, 2), edge=True, smooth=False, **TWO),
            given([[[-np.inf], [-np.inf], [-np.inf], [1.0]]], name="minus-infinity", smooth=False, **TWO),
            given([[[np.nan], [1.0], [0.0], [2.0]]], name="nan", gradient=False, **TWO),
            *refused(1, without=["bad-sizes-window"]),
            normal(
                (1, 2, 2),
                name="bad-sizes-window",
                size=(3,),
                stride=(2,),
                edge=True,
                raises=True,
                dtypes=("float64",),
                padding="valid",
            ),
        ],
        sources=(f"{TORCH}nn.MaxPool1d.html", f"{KERAS}max_pooling1d/"),
    ),
    Case(
        "max_pooling3d",
        "selection",
        ref.max_pool,
        vjp=ref.max_pool_vjp,
        torch=[
            lambda torch, x, size, stride, padding: torch.nn.functional.max_pool3d(
                torch_padded(torch, x, size, stride, padding, -torch.inf), size, stride
            ).movedim(1, -1),
            lambda torch, x, size, stride, padding: torch.nn.MaxPool3d(size, stride)(
                torch_padded(torch, x, size, stride, padding, -torch.inf)
            ).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, size, stride, padding: tf.nn.max_pool3d(x, size, stride, padding.upper()),
            lambda tf, x, size, stride, padding: tf.keras.layers.MaxPooling3D(
                size, stride, padding, data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        jax=[
            lambda jax, x, size, stride, padding: jax.lax.reduce_window(
                x, -jax.numpy.inf, jax.lax.max, (1, *size, 1), (1, *stride, 1), padding.upper()
            )
        ],
        samples=[
            *volumes(distinct),
            sample("ties", zeros_and_ones(1, 4, 4, 4, 2), edge=True, smooth=False, **TWOS),
            sample("minus-infinity", lambda _: (np.full((1, 2, 2, 2, 1), -np.inf),), edge=True, smooth=False, **TWOS),
            sample(
                "nan",
                lambda _: (np.array([np.nan, *range(7)]).reshape(1, 2, 2, 2, 1),),
                edge=True,
                gradient=False,
                **TWOS,
            ),
            # 2^-20 apart.
            sample(
                "near-ties",
                lambda rng: (1 + rng.permutation(8).reshape(1, 2, 2, 2, 1) / 2**20,),
                edge=True,
                smooth=False,
                dtypes=("float64", "float32"),
                **TWOS,
            ),
            *refused(3, channels=1, without=["bad-rank-no-batch", "bad-sizes-window"]),
        ],
        sources=(f"{TORCH}nn.MaxPool3d.html", f"{KERAS}max_pooling3d/"),
    ),
    Case(
        "max_pooling2d_with_explicit_padding",
        "selection",
        ref.max_pool,
        vjp=ref.max_pool_vjp,
        torch=[
            lambda torch, x, size, stride, padding, dilation, ceil_mode: torch.nn.functional.max_pool2d(
                x.movedim(-1, 1), size, stride, padding, dilation, ceil_mode
            ).movedim(1, -1),
            lambda torch, x, size, stride, padding, dilation, ceil_mode: torch.nn.MaxPool2d(
                size, stride, padding, dilation, ceil_mode=ceil_mode
            )(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[tf_maxima],
        samples=[
            distinct(
                (2, 7, 6, 2),
                name="dilated",
                size=(2, 3),
                stride=(1, 1),
                padding=(0, 0),
                dilation=(3, 2),
                ceil_mode=False,
            ),
            distinct((1, 6, 6, 2), name="padded", size=(3, 2), stride=(2, 2), padding=(1, 1), **ALIKE),
            distinct(
                (1, 6, 7, 2),
                name="ceil",
                size=(3, 2),
                stride=(2, 2),
                padding=(1, 0),
                dilation=(1, 1),
                ceil_mode=True,
                edge=True,
            ),
            distinct(
                (1, 5, 5, 2),
                name="ceil-but-not-into-the-padding",
                size=(2, 2),
                stride=(3, 3),
                padding=(1, 1),
                dilation=(1, 1),
                ceil_mode=True,
                edge=True,
            ),
            distinct(
                (1, 7, 7, 1),
                name="dilated-and-strided",
                size=(2, 2),
                stride=(2, 3),
                padding=(1, 1),
                dilation=(2, 2),
                ceil_mode=True,
                edge=True,
            ),
            distinct(
                (1, 4, 4, 1),
                name="bad-sizes-padding",
                size=(2, 2),
                stride=(2, 2),
                padding=(2, 2),
                **ALIKE,
                edge=True,
                raises=True,
                dtypes=("float32",),
            ),
        ],
        sources=(f"{TORCH}nn.MaxPool2d.html", f"{TF}nn/pool"),
    ),
    Case(
        "average_pooling1d",
        "reduction",
        ref.average_pool,
        vjp=ref.average_pool_vjp,
        torch=[
            lambda torch, x, size, stride, padding: torch_averages(
                torch, lambda y: torch.nn.functional.avg_pool1d(y, size, stride), x, size, stride, padding
            ),
            lambda torch, x, size, stride, padding: torch_averages(
                torch, torch.nn.AvgPool1d(size, stride), x, size, stride, padding
            ),
        ],
        tensorflow=[
            lambda tf, x, size, stride, padding: tf.nn.avg_pool1d(x, size, stride, padding.upper()),
            lambda tf, x, size, stride, padding: tf.keras.layers.AveragePooling1D(
                size, stride, padding, data_format="channels_last", dtype=x.dtype
            )(x),
            lambda tf, x, size, stride, padding: tf.keras.ops.average_pool(x, size, stride, padding),
        ],
        jax=[jax_average_pool],
        samples=[
            *sequences(normal),
            given([[[-np.inf], [1.0], [np.inf], [2.0]]], name="infinities", gradient=False, **TWO),
            given([[[np.nan], [1.0], [0.0], [2.0]]], name="nan", gradient=False, **TWO),
            *refused(1),
        ],
        sources=(f"{TORCH}nn.AvgPool1d.html", f"{KERAS}average_pooling1d/"),
    ),
    Case(
        "average_pooling3d",
        "reduction",
        ref.average_pool,
        vjp=ref.average_pool_vjp,
        torch=[
            lambda torch, x, size, stride, padding: torch_averages(
                torch, lambda y: torch.nn.functional.avg_pool3d(y, size, stride), x, size, stride, padding
            ),
            lambda torch, x, size, stride, padding: torch_averages(
                torch, torch.nn.AvgPool3d(size, stride), x, size, stride, padding
            ),
        ],
        tensorflow=[
            lambda tf, x, size, stride, padding: tf.nn.avg_pool3d(x, size, stride, padding.upper()),
            lambda tf, x, size, stride, padding: tf.keras.layers.AveragePooling3D(
                size, stride, padding, data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        jax=[jax_average_pool],
        samples=[
            *volumes(normal),
            sample(
                "nan",
                lambda _: (np.array([np.nan, *range(7)]).reshape(1, 2, 2, 2, 1),),
                edge=True,
                gradient=False,
                **TWOS,
            ),
            *refused(3, channels=1, without=["bad-rank-no-batch"]),
        ],
        sources=(f"{TORCH}nn.AvgPool3d.html", f"{KERAS}average_pooling3d/"),
    ),
    Case(
        "average_pooling2d_with_explicit_padding",
        "reduction",
        ref.average_pool,
        vjp=ref.average_pool_vjp,
        torch=[
            lambda torch, x, size, stride, padding, ceil_mode, count_include_pad, divisor: (
                torch.nn.functional.avg_pool2d(
                    x.movedim(-1, 1), size, stride, padding, ceil_mode, count_include_pad, divisor
                ).movedim(1, -1)
            ),
            lambda torch, x, size, stride, padding, ceil_mode, count_include_pad, divisor: torch.nn.AvgPool2d(
                size, stride, padding, ceil_mode, count_include_pad, divisor
            )(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[tf_averages],
        samples=[
            normal((2, 5, 6, 2), name="padding-not-counted", size=(3, 2), stride=(2, 2), padding=(1, 1), **PLAIN),
            normal(
                (1, 5, 6, 2),
                name="padding-counted",
                size=(3, 2),
                stride=(2, 2),
                padding=(1, 1),
                **(PLAIN | {"count_include_pad": True}),
            ),
            normal(
                (1, 6, 7, 2),
                name="ceil",
                size=(3, 2),
                stride=(2, 2),
                padding=(1, 0),
                **(PLAIN | {"ceil_mode": True}),
                edge=True,
            ),
            normal(
                (1, 6, 7, 2),
                name="ceil-padding-counted",
                size=(3, 3),
                stride=(2, 3),
                padding=(1, 1),
                **(PLAIN | {"ceil_mode": True, "count_include_pad": True}),
                edge=True,
            ),
            normal(
                (1, 5, 5, 1),
                name="divisor",
                size=(3, 2),
                stride=(2, 1),
                padding=(1, 1),
                **(PLAIN | {"divisor": 5}),
                edge=True,
            ),
            normal(
                (1, 4, 4, 1),
                name="bad-sizes-padding",
                size=(2, 2),
                stride=(2, 2),
                padding=(2, 2),
                **PLAIN,
                edge=True,
                raises=True,
                dtypes=("float32",),
            ),
        ],
        sources=(f"{TORCH}nn.AvgPool2d.html", f"{TF}nn/avg_pool2d"),
    ),
    *ADAPTIVE,
    *MORE,
)
