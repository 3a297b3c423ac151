"""Pooling of everything, or into a given number of bins. Channels are last here."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.case import FLOATS, Case, Sample
from conformance.reference import pooling as ref
from fixtures.samples import distinct, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
KERAS = "https://keras.io/api/layers/pooling_layers/"


def everything(draw: Callable[..., Sample], axes: int, *shape: int) -> list[Sample]:
    """Ordinary numbers, one element, ties, infinities, NaN, a wrong rank."""
    of: dict[str, Any] = {"axes": axes, "keepdims": False}
    special = np.array([-np.inf, 1.0, 2.0, np.nan, -np.inf, -np.inf]).reshape(3, *(1,) * (axes - 1), 2, 1)
    ties = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0]).reshape(1, 3, *(1,) * (axes - 1), 2)
    return [
        draw(shape, **of),
        draw(shape, name="axes-kept", axes=axes, keepdims=True),
        draw((0, *(2,) * axes, 3), name="empty-batch", edge=True, **of),
        sample("ties", lambda _: (ties,), edge=True, smooth=False, **of),
        sample("nonfinite", lambda _: (special,), edge=True, gradient=False, **of),
        draw((3,) * axes, name="bad-rank", edge=True, raises=True, dtypes=("float32",), **of),
    ]


BAD: dict[str, Any] = {"edge": True, "raises": True, "dtypes": ("float32",)}


def lines(draw: Callable[..., Sample], *, one: tuple[str, ...] = FLOATS) -> list[Sample]:
    return [
        draw((2, 7, 3), name="uneven", out=(3,)),
        draw((1, 8, 2), name="overlapping", out=(5,)),
        draw((1, 3, 2), name="more-than-there-are", out=(5,), edge=True),
        # The gradient of the maximum in one bin is, in Keras, of memory that nobody has written.
        draw((1, 5, 2), name="one", out=(1,), edge=True, gradient=False, dtypes=one),
        draw((1, 3, 4, 2), name="bad-rank", out=(2,), **BAD),
        draw((1, 4, 2), name="bad-sizes-no-bins", out=(0,), **BAD),
    ]


def images(draw: Callable[..., Sample]) -> list[Sample]:
    return [
        draw((2, 5, 7, 2), name="uneven", out=(2, 3)),
        draw((1, 7, 5, 2), name="overlapping", out=(4, 3)),
        draw((1, 3, 2, 2), name="more-than-there-are", out=(4, 5), edge=True),
        draw((1, 3, 4, 4, 2), name="bad-rank", out=(2, 2), **BAD),
    ]


def volumes(draw: Callable[..., Sample]) -> list[Sample]:
    return [
        draw((1, 5, 3, 4, 1), name="overlapping", out=(3, 2, 3)),
        draw((1, 2, 3, 2, 1), name="as-many-and-more", out=(3, 3, 2), edge=True),
        draw((3, 4, 4, 2), name="bad-rank", out=(2, 2, 2), **BAD),
    ]


def with_ties(samples: list[Sample], shape: tuple[int, ...], out: tuple[int, ...]) -> list[Sample]:
    ties = sample("ties", lambda rng: (rng.integers(0, 2, shape).astype(float),), edge=True, smooth=False, out=out)
    values = np.where(np.arange(np.prod(shape)) % 7 == 3, np.nan, -np.inf).reshape(shape)
    return [*samples, ties, sample("nonfinite", lambda _: (values,), edge=True, gradient=False, out=out)]


ADAPTIVE = (
    Case(
        "global_average_pooling2d",
        "reduction",
        ref.global_average,
        vjp=ref.global_average_vjp,
        torch=[
            lambda torch, x, axes, keepdims: torch.mean(x, dim=(1, 2), keepdim=keepdims),
            lambda torch, x, axes, keepdims: (
                torch.nn.AdaptiveAvgPool2d(1)(x.movedim(-1, 1)).movedim(1, -1)
                if keepdims
                else torch.nn.AdaptiveAvgPool2d(1)(x.movedim(-1, 1)).flatten(1)
            ),
        ],
        tensorflow=[
            lambda tf, x, axes, keepdims: tf.keras.layers.GlobalAveragePooling2D(
                data_format="channels_last", keepdims=keepdims, dtype=x.dtype
            )(x),
            lambda tf, x, axes, keepdims: tf.reduce_mean(x, [1, 2], keepdims=keepdims),
        ],
        jax=[lambda jax, x, axes, keepdims: jax.numpy.mean(x, (1, 2), keepdims=keepdims)],
        samples=everything(normal, 2, 2, 3, 5, 4),
        sources=("https://arxiv.org/abs/1312.4400", f"{KERAS}global_average_pooling2d/"),
    ),
    Case(
        "global_average_pooling3d",
        "reduction",
        ref.global_average,
        vjp=ref.global_average_vjp,
        torch=[
            lambda torch, x, axes, keepdims: torch.mean(x, dim=(1, 2, 3), keepdim=keepdims),
            lambda torch, x, axes, keepdims: (
                torch.nn.AdaptiveAvgPool3d(1)(x.movedim(-1, 1)).movedim(1, -1)
                if keepdims
                else torch.nn.AdaptiveAvgPool3d(1)(x.movedim(-1, 1)).flatten(1)
            ),
        ],
        tensorflow=[
            lambda tf, x, axes, keepdims: tf.keras.layers.GlobalAveragePooling3D(
                data_format="channels_last", keepdims=keepdims, dtype=x.dtype
            )(x),
            lambda tf, x, axes, keepdims: tf.reduce_mean(x, [1, 2, 3], keepdims=keepdims),
        ],
        jax=[lambda jax, x, axes, keepdims: jax.numpy.mean(x, (1, 2, 3), keepdims=keepdims)],
        samples=everything(normal, 3, 2, 3, 2, 4, 3),
        sources=(f"{KERAS}global_average_pooling3d/",),
    ),
    Case(
        "global_max_pooling1d",
        "selection",
        ref.global_max,
        vjp=ref.global_max_vjp,
        torch=[
            lambda torch, x, axes, keepdims: torch.amax(x, dim=1, keepdim=keepdims),
            lambda torch, x, axes, keepdims: (
                torch.nn.AdaptiveMaxPool1d(1)(x.movedim(-1, 1)).movedim(1, -1)
                if keepdims
                else torch.nn.AdaptiveMaxPool1d(1)(x.movedim(-1, 1)).flatten(1)
            ),
        ],
        tensorflow=[
            lambda tf, x, axes, keepdims: tf.keras.layers.GlobalMaxPooling1D(
                data_format="channels_last", keepdims=keepdims, dtype=x.dtype
            )(x),
            lambda tf, x, axes, keepdims: tf.reduce_max(x, [1], keepdims=keepdims),
        ],
        jax=[lambda jax, x, axes, keepdims: jax.numpy.max(x, (1,), keepdims=keepdims)],
        samples=everything(distinct, 1, 2, 7, 4),
        sources=(f"{KERAS}global_max_pooling1d/", f"{TORCH}amax.html"),
    ),
    Case(
        "global_max_pooling2d",
        "selection",
        ref.global_max,
        vjp=ref.global_max_vjp,
        torch=[
            lambda torch, x, axes, keepdims: torch.amax(x, dim=(1, 2), keepdim=keepdims),
            lambda torch, x, axes, keepdims: (
                torch.nn.AdaptiveMaxPool2d(1)(x.movedim(-1, 1)).movedim(1, -1)
                if keepdims
                else torch.nn.AdaptiveMaxPool2d(1)(x.movedim(-1, 1)).flatten(1)
            ),
        ],
        tensorflow=[
            lambda tf, x, axes, keepdims: tf.keras.layers.GlobalMaxPooling2D(
                data_format="channels_last", keepdims=keepdims, dtype=x.dtype
            )(x),
            lambda tf, x, axes, keepdims: tf.reduce_max(x, [1, 2], keepdims=keepdims),
        ],
        jax=[lambda jax, x, axes, keepdims: jax.numpy.max(x, (1, 2), keepdims=keepdims)],
        samples=everything(distinct, 2, 2, 3, 4, 3),
        sources=(f"{KERAS}global_max_pooling2d/", f"{TORCH}amax.html"),
    ),
    Case(
        "global_max_pooling3d",
        "selection",
        ref.global_max,
        vjp=ref.global_max_vjp,
        torch=[
            lambda torch, x, axes, keepdims: torch.amax(x, dim=(1, 2, 3), keepdim=keepdims),
            lambda torch, x, axes, keepdims: (
                torch.nn.AdaptiveMaxPool3d(1)(x.movedim(-1, 1)).movedim(1, -1)
                if keepdims
                else torch.nn.AdaptiveMaxPool3d(1)(x.movedim(-1, 1)).flatten(1)
            ),
        ],
        tensorflow=[
            lambda tf, x, axes, keepdims: tf.keras.layers.GlobalMaxPooling3D(
                data_format="channels_last", keepdims=keepdims, dtype=x.dtype
            )(x),
            lambda tf, x, axes, keepdims: tf.reduce_max(x, [1, 2, 3], keepdims=keepdims),
        ],
        jax=[lambda jax, x, axes, keepdims: jax.numpy.max(x, (1, 2, 3), keepdims=keepdims)],
        samples=everything(distinct, 3, 2, 2, 3, 4, 2),
        sources=(f"{KERAS}global_max_pooling3d/", f"{TORCH}amax.html"),
    ),
    Case(
        "adaptive_average_pooling1d",
        "reduction",
        ref.adaptive_average_pool,
        vjp=ref.adaptive_average_pool_vjp,
        torch=[
            lambda torch, x, out: torch.nn.functional.adaptive_avg_pool1d(x.movedim(-1, 1), out).movedim(1, -1),
            lambda torch, x, out: torch.nn.AdaptiveAvgPool1d(out)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, out: tf.keras.layers.AdaptiveAveragePooling1D(
                out[0], data_format="channels_last", dtype=x.dtype
            )(x),
            lambda tf, x, out: tf.keras.ops.adaptive_average_pool(x, out),
        ],
        samples=lines(normal),
        sources=(f"{TORCH}nn.AdaptiveAvgPool1d.html", f"{KERAS}adaptive_average_pooling1d/"),
    ),
    Case(
        "adaptive_average_pooling2d",
        "reduction",
        ref.adaptive_average_pool,
        vjp=ref.adaptive_average_pool_vjp,
        torch=[
            lambda torch, x, out: torch.nn.functional.adaptive_avg_pool2d(x.movedim(-1, 1), out).movedim(1, -1),
            lambda torch, x, out: torch.nn.AdaptiveAvgPool2d(out)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, out: tf.keras.layers.AdaptiveAveragePooling2D(
                out, data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        samples=images(normal),
        sources=(f"{TORCH}nn.AdaptiveAvgPool2d.html", f"{KERAS}adaptive_average_pooling2d/"),
    ),
    Case(
        "adaptive_average_pooling3d",
        "reduction",
        ref.adaptive_average_pool,
        vjp=ref.adaptive_average_pool_vjp,
        torch=[
            lambda torch, x, out: torch.nn.functional.adaptive_avg_pool3d(x.movedim(-1, 1), out).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, out: tf.keras.layers.AdaptiveAveragePooling3D(
                out, data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        samples=[*volumes(normal), normal((1, 4, 2, 3, 2), name="even", out=(2, 2, 3))],
        sources=(f"{TORCH}nn.AdaptiveAvgPool3d.html", f"{KERAS}adaptive_average_pooling3d/"),
    ),
    Case(
        "adaptive_max_pooling1d",
        "selection",
        ref.adaptive_max_pool,
        vjp=ref.adaptive_max_pool_vjp,
        torch=[
            lambda torch, x, out: torch.nn.functional.adaptive_max_pool1d(x.movedim(-1, 1), out).movedim(1, -1),
            lambda torch, x, out: torch.nn.AdaptiveMaxPool1d(out)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, out: tf.keras.layers.AdaptiveMaxPooling1D(out[0], data_format="channels_last", dtype=x.dtype)(
                x
            ),
            lambda tf, x, out: tf.keras.ops.adaptive_max_pool(x, out),
        ],
        # In the formats that oneDNN has, the maximum in one bin ends the process in Keras: docs/findings.md.
        samples=with_ties(lines(distinct, one=("float64",)), (1, 7, 2), (3,)),
        sources=(f"{TORCH}nn.AdaptiveMaxPool1d.html", f"{KERAS}adaptive_max_pooling1d/"),
    ),
    Case(
        "adaptive_max_pooling2d",
        "selection",
        ref.adaptive_max_pool,
        vjp=ref.adaptive_max_pool_vjp,
        torch=[
            lambda torch, x, out: torch.nn.functional.adaptive_max_pool2d(x.movedim(-1, 1), out).movedim(1, -1),
            lambda torch, x, out: torch.nn.AdaptiveMaxPool2d(out)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, out: tf.keras.layers.AdaptiveMaxPooling2D(out, data_format="channels_last", dtype=x.dtype)(x),
        ],
        samples=with_ties(images(distinct), (1, 5, 4, 2), (2, 3)),
        sources=(f"{TORCH}nn.AdaptiveMaxPool2d.html", f"{KERAS}adaptive_max_pooling2d/"),
    ),
    Case(
        "adaptive_max_pooling3d",
        "selection",
        ref.adaptive_max_pool,
        vjp=ref.adaptive_max_pool_vjp,
        torch=[
            lambda torch, x, out: torch.nn.functional.adaptive_max_pool3d(x.movedim(-1, 1), out).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, out: tf.keras.layers.AdaptiveMaxPooling3D(out, data_format="channels_last", dtype=x.dtype)(x),
        ],
        samples=with_ties(volumes(distinct), (1, 3, 4, 3, 1), (2, 2, 2)),
        sources=(f"{TORCH}nn.AdaptiveMaxPool3d.html", f"{KERAS}adaptive_max_pooling3d/"),
    ),
)
