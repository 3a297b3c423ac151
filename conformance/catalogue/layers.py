"""Layers. Images are (batch, height, width, channels) here; routes permute where a framework wants channels first."""

from typing import Any

import numpy as np

from conformance.case import Case
from conformance.catalogue import layers_dense, layers_dropout, layers_embedding
from conformance.catalogue.jax_shared import jax_average_pool
from conformance.reference import layers as ref
from fixtures.samples import given, normal, sample


def torch_masked_average(torch, x, mask):
    weights = mask.to(x.dtype)[..., None]
    return (x * weights).sum(dim=1) / weights.sum(dim=1)


def keras_masked_average(tf, x, mask):
    layer = tf.keras.layers.GlobalAveragePooling1D(dtype=x.dtype)
    return layer(x, mask=tf.cast(mask, "bool"))


def same_pads(shape, size, stride):
    """Padding of (batch, channels, height, width) images as torch.nn.functional.pad takes it: last axis first."""
    pads = []
    for n, k, s in zip(shape[:1:-1], size[::-1], stride[::-1], strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pads += [total // 2, total - total // 2]
    return pads


def torch_average_pool(torch, x, size, stride, padding):
    """Zeros that 'same' adds are not counted: divide by the average of ones."""
    pool = torch.nn.AvgPool2d(size, stride)
    x = x.permute(0, 3, 1, 2)
    if padding == "valid":
        return pool(x).permute(0, 2, 3, 1)
    pads = same_pads(x.shape, size, stride)
    ones = torch.nn.functional.pad(torch.ones_like(x), pads)
    return (pool(torch.nn.functional.pad(x, pads)) / pool(ones)).permute(0, 2, 3, 1)


def torch_max_pool(torch, x, size, stride, padding):
    x = x.permute(0, 3, 1, 2)
    if padding == "same":
        x = torch.nn.functional.pad(x, same_pads(x.shape, size, stride), value=-torch.inf)
    return torch.nn.MaxPool2d(size, stride)(x).permute(0, 2, 3, 1)


def pooled(*shape: int, size: tuple[int, int], stride: tuple[int, int], padding: str, name: str, edge: bool = False):
    return normal(shape, name=name, edge=edge, size=size, stride=stride, padding=padding)


POOLING = [
    pooled(2, 6, 8, 3, size=(2, 2), stride=(2, 2), padding="valid", name="valid"),
    pooled(2, 7, 5, 3, size=(3, 2), stride=(2, 1), padding="valid", name="valid-odd-overlapping"),
    pooled(2, 7, 6, 2, size=(3, 3), stride=(2, 2), padding="same", name="same"),
    pooled(1, 5, 5, 1, size=(2, 2), stride=(2, 2), padding="same", name="same-even-window", edge=True),
    pooled(1, 1, 1, 2, size=(1, 1), stride=(1, 1), padding="valid", name="one-element", edge=True),
]
VALID: dict[str, Any] = {"size": (2, 2), "stride": (2, 2), "padding": "valid"}


def image(*rows: list[float]) -> list[list[list[list[float]]]]:
    return [[[[v] for v in row] for row in rows]]


CASES = (
    *layers_dense.CASES,
    *layers_embedding.CASES,
    Case(
        "global_average_pooling1d",
        "reduction",
        ref.average_over_time,
        vjp=ref.average_over_time_vjp,
        torch=[
            lambda torch, x: x.mean(dim=1),
            lambda torch, x: torch.nn.AdaptiveAvgPool1d(1)(x.mT).squeeze(-1),
        ],
        tensorflow=[
            lambda tf, x: tf.keras.layers.GlobalAveragePooling1D(dtype=x.dtype)(x),
            lambda tf, x: tf.reduce_mean(x, axis=1),
        ],
        jax=[lambda jax, x: jax.numpy.mean(x, 1)],
        samples=[
            normal((4, 12, 3)),
            normal((2, 3, 4), name="short"),
            normal((1, 1, 1), name="one-element", edge=True),
            normal((1, 300, 1), name="long", edge=True),
        ],
        sources=("https://keras.io/api/layers/pooling_layers/global_average_pooling1d/",),
    ),
    Case(
        "masked_average_pooling1d",
        "reduction",
        ref.masked_average_over_time,
        vjp=ref.masked_average_over_time_vjp,
        torch=[torch_masked_average],
        tensorflow=[keras_masked_average],
        samples=[
            sample("masked", lambda rng: (rng.standard_normal((4, 9, 3)), np.tril(np.ones((9, 9), int))[[8, 5, 3, 2]])),
            sample("one-step", lambda rng: (rng.standard_normal((2, 5, 3)), np.eye(5, dtype=int)[[0, 4]]), edge=True),
            sample("nothing-masked", lambda rng: (rng.standard_normal((2, 5, 3)), np.ones((2, 5), int))),
            sample("holes", lambda rng: (rng.standard_normal((1, 4, 2)), np.array([[0, 1, 0, 1]])), edge=True),
        ],
        sources=("https://keras.io/api/layers/pooling_layers/global_average_pooling1d/",),
    ),
    Case(
        "average_pooling2d",
        "reduction",
        ref.average_pool2d,
        vjp=ref.average_pool2d_vjp,
        torch=[torch_average_pool],
        tensorflow=[
            lambda tf, x, size, stride, padding: tf.nn.avg_pool2d(x, size, stride, padding.upper()),
            lambda tf, x, size, stride, padding: tf.keras.layers.AveragePooling2D(
                size, stride, padding, data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        jax=[jax_average_pool],
        samples=[*POOLING, given(image([1.0, 1.0], [1.0, 1.0]), name="constant", smooth=False, **VALID)],
        sources=(
            "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2",
            "https://keras.io/api/layers/pooling_layers/average_pooling2d/",
        ),
    ),
    Case(
        "average_pooling2d_symmetric",
        "reduction",
        lambda x, *, count_include_pad: ref.average_pool2d(x, size=(3, 3), stride=(1, 1), padding="same"),
        vjp=lambda c, x, *, count_include_pad: ref.average_pool2d_vjp(c, x, size=(3, 3), stride=(1, 1), padding="same"),
        torch=[
            lambda torch, x, count_include_pad: torch.nn.AvgPool2d(
                3, stride=1, padding=1, count_include_pad=count_include_pad
            )(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        ],
        tensorflow=[
            lambda tf, x, count_include_pad: tf.keras.layers.AveragePooling2D(
                3, 1, "same", data_format="channels_last", dtype=x.dtype
            )(x)
        ],
        samples=[
            normal((2, 5, 6, 3), name="padding-not-counted", count_include_pad=False),
            normal((2, 5, 6, 3), name="torch-default", count_include_pad=True),
            normal((1, 1, 1, 1), name="one-element", edge=True, count_include_pad=False),
            normal((1, 1, 4, 2), name="one-row", edge=True, count_include_pad=False),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html",),
    ),
    Case(
        "max_pooling2d",
        "selection",
        ref.max_pool2d,
        vjp=ref.max_pool2d_vjp,
        torch=[torch_max_pool],
        tensorflow=[
            lambda tf, x, size, stride, padding: tf.nn.max_pool2d(x, size, stride, padding.upper()),
            lambda tf, x, size, stride, padding: tf.keras.layers.MaxPooling2D(
                size, stride, padding, data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        jax=[
            lambda jax, x, size, stride, padding: jax.lax.reduce_window(
                x, -jax.numpy.inf, jax.lax.max, (1, *size, 1), (1, *stride, 1), padding.upper()
            )
        ],
        samples=[
            *POOLING,
            sample(
                "ties", lambda rng: (rng.integers(0, 2, (2, 6, 6, 2)).astype(float),), edge=True, smooth=False, **VALID
            ),
            given(image([-np.inf, -np.inf], [-np.inf, 1.0]), name="minus-infinity", smooth=False, **VALID),
            given(image([np.nan, 1.0], [0.0, 2.0]), name="nan", gradient=False, **VALID),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html",
            "https://www.tensorflow.org/api_docs/python/tf/nn/max_pool2d",
        ),
    ),
    Case(
        "flatten",
        "selection",
        ref.flatten,
        vjp=ref.flatten_vjp,
        torch=[lambda torch, x: torch.flatten(x, 1), lambda torch, x: torch.nn.Flatten()(x)],
        tensorflow=[
            lambda tf, x: tf.keras.layers.Flatten(dtype=x.dtype)(x),
            lambda tf, x: tf.reshape(x, [tf.shape(x)[0], -1]),
        ],
        samples=[
            normal((3, 4, 5)),
            normal((2, 3, 4, 2), name="image"),
            normal((3, 1), name="already-flat", edge=True),
            normal((1, 2, 2), name="one-row", edge=True),
        ],
        sources=("https://keras.io/api/layers/reshaping_layers/flatten/",),
    ),
    *layers_dropout.CASES,
)
