"""Layers. Images are (batch, height, width, channels) here; routes permute where a framework wants channels first."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, KerasLayer
from conformance.reference import layers as ref
from conformance.reference import statistics
from fixtures.samples import given, normal, sample


def ids_and_table(*shape: int, rows: int, width: int, low: int = 0, high: int | None = None):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return rng.integers(low, rows if high is None else high, shape), rng.standard_normal((rows, width))

    return make


def fixed_ids(ids: list[list[int]], rows: int, width: int):
    return lambda rng: (np.asarray(ids), rng.standard_normal((rows, width)))


def torch_masked_average(torch, x, mask):
    weights = mask.to(x.dtype)[..., None]
    return (x * weights).sum(dim=1) / weights.sum(dim=1)


def keras_masked_average(tf, x, mask):
    layer = tf.keras.layers.GlobalAveragePooling1D(dtype=x.dtype.name)
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
    Case(
        "dense",
        "contraction",
        ref.dense,
        vjp=ref.dense_vjp,
        # The kernel is (in, out), as Keras keeps it; torch keeps its transpose.
        torch=[
            lambda torch, x, kernel, bias: torch.nn.functional.linear(x, kernel.mT, bias),
            lambda torch, x, kernel, bias: torch.func.functional_call(
                torch.nn.Linear(*kernel.shape), {"weight": kernel.mT, "bias": bias}, (x,)
            ),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, kernel, bias: tf.keras.layers.Dense(kernel.shape[1], dtype=x.dtype.name)),
            lambda tf, x, kernel, bias: tf.matmul(x, kernel) + bias,
        ],
        samples=[
            normal((16, 32), (32, 24), (24,)),
            normal((3, 5, 8), (8, 4), (4,), name="rank-3"),
            normal((1, 1), (1, 1), (1,), name="one-element", edge=True),
            normal((0, 3), (3, 2), (2,), name="empty-batch", edge=True),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
            "https://keras.io/api/layers/core_layers/dense/",
        ),
    ),
    Case(
        "embedding",
        "selection",
        ref.embedding,
        vjp=ref.embedding_vjp,
        torch=[
            lambda torch, ids, table: torch.nn.functional.embedding(ids, table),
            lambda torch, ids, table: torch.func.functional_call(
                torch.nn.Embedding(*table.shape), {"weight": table}, (ids,)
            ),
        ],
        tensorflow=[
            KerasLayer(lambda tf, ids, table: tf.keras.layers.Embedding(*table.shape, dtype=table.dtype.name)),
            lambda tf, ids, table: tf.nn.embedding_lookup(table, ids),
            lambda tf, ids, table: tf.gather(table, ids),
        ],
        samples=[
            sample("distinct", lambda rng: (rng.permutation(20).reshape(4, 5), rng.standard_normal((20, 8)))),
            sample("repeated", ids_and_table(4, 30, rows=5, width=8)),
            sample("first-and-last", fixed_ids([[0, 9], [9, 0]], 10, 4), edge=True),
            sample("out-of-range", fixed_ids([[0, 10]], 10, 4), edge=True, raises=True),
            sample("negative-id", fixed_ids([[0, -1]], 10, 4), edge=True, raises=True),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html",
            "https://keras.io/api/layers/core_layers/embedding/",
        ),
    ),
    Case(
        "embedding_with_padding_index",
        "selection",
        ref.embedding,
        vjp=ref.embedding_padded_vjp,
        torch=[lambda torch, ids, table: torch.nn.functional.embedding(ids, table, padding_idx=0)],
        tensorflow=[
            KerasLayer(
                lambda tf, ids, table: tf.keras.layers.Embedding(*table.shape, mask_zero=True, dtype=table.dtype.name)
            )
        ],
        samples=[
            # The gradient of padding is a convention, which forward mode does not know.
            sample("padded", fixed_ids([[3, 1, 0, 0], [2, 0, 0, 0]], 5, 4), smooth=False),
            sample("all-padding", fixed_ids([[0, 0]], 5, 4), edge=True, smooth=False),
            sample("none-padded", ids_and_table(4, 6, rows=9, width=4, low=1)),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html",
            "https://keras.io/api/layers/core_layers/embedding/",
        ),
    ),
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
            lambda tf, x: tf.keras.layers.GlobalAveragePooling1D(dtype=x.dtype.name)(x),
            lambda tf, x: tf.reduce_mean(x, axis=1),
        ],
        samples=[
            normal((4, 42, 16)),
            normal((1, 1, 1), name="one-element", edge=True),
            normal((2, 1000, 2), name="long", edge=True),
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
                size, stride, padding, data_format="channels_last", dtype=x.dtype.name
            )(x),
        ],
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
                3, 1, "same", data_format="channels_last", dtype=x.dtype.name
            )(x)
        ],
        samples=[
            normal((2, 5, 6, 3), name="padding-not-counted", count_include_pad=False),
            normal((2, 5, 6, 3), name="torch-default", count_include_pad=True),
            normal((1, 1, 1, 1), name="one-element", edge=True, count_include_pad=False),
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
                size, stride, padding, data_format="channels_last", dtype=x.dtype.name
            )(x),
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
            lambda tf, x: tf.keras.layers.Flatten(dtype=x.dtype.name)(x),
            lambda tf, x: tf.reshape(x, [x.shape[0], -1]),
        ],
        samples=[
            normal((3, 4, 5)),
            normal((2, 3, 4, 2), name="image"),
            normal((3, 1), name="already-flat", edge=True),
        ],
        sources=("https://keras.io/api/layers/reshaping_layers/flatten/",),
    ),
    Case(
        "dropout_in_evaluation",
        "selection",
        ref.identity,
        vjp=ref.identity_vjp,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout(rate).eval()(x),
            lambda torch, x, rate: torch.nn.functional.dropout(x, rate, training=False),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.Dropout(rate, dtype=x.dtype.name), {"training": False}),
        ],
        samples=[
            normal((8, 33), rate=0.5),
            normal((8, 33), rate=0.0, name="rate-0"),
            normal((8, 33), rate=0.9, name="rate-0.9", edge=True),
        ],
        sources=("https://jmlr.org/papers/v15/srivastava14a.html",),
    ),
    Case(
        "dropout_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.dropout,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout(rate)(x),
            lambda torch, x, rate: torch.nn.functional.dropout(x, rate, training=True),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.Dropout(rate, dtype=x.dtype.name), {"training": True}),
            lambda tf, x, rate: tf.nn.dropout(x, rate),
        ],
        samples=[
            sample("half", lambda _: (np.ones((200, 200)),), rate=0.5),
            sample("tenth", lambda _: (np.ones((200, 200)),), rate=0.1),
            sample("nearly-all", lambda _: (np.ones((200, 200)),), rate=0.9, edge=True),
            sample("nothing", lambda _: (np.ones((20, 20)),), rate=0.0, edge=True),
        ],
        sources=("https://jmlr.org/papers/v15/srivastava14a.html",),
    ),
)
