"""Pooling with indices and back, by powers, and at fractional steps. Channels are last here."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.reference import pooling as ref
from fixtures.samples import given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"


def torch_indexed(torch, x, size, stride, padding):
    y, indices = torch.nn.functional.max_pool2d(x.movedim(-1, 1), size, stride, return_indices=True)
    return y.movedim(1, -1), indices.movedim(1, -1)


def torch_indexed_layer(torch, x, size, stride, padding):
    y, indices = torch.nn.MaxPool2d(size, stride, return_indices=True)(x.movedim(-1, 1))
    return y.movedim(1, -1), indices.movedim(1, -1)


def tf_argmax(tf, x, size, stride, padding):
    """TensorFlow counts (row * width + column) * channels + channel."""
    y, indices = tf.nn.max_pool_with_argmax(x, size, stride, padding.upper(), output_dtype=tf.int64)
    return y, indices // tf.shape(x, tf.int64)[-1]


def tf_argmax_in_batch(tf, x, size, stride, padding):
    """... and, with include_batch_in_index, images too."""
    y, indices = tf.nn.max_pool_with_argmax(
        x, size, stride, padding.upper(), output_dtype=tf.int64, include_batch_in_index=True
    )
    _, height, width, channels = tf.unstack(tf.shape(x, tf.int64))
    return y, indices // channels % (height * width)


def tf_unpooled(tf, x, indices, shape):
    """TensorFlow has no such function: scatter to zeros, by image, place and channel."""
    sizes = tf.shape(x, tf.int64)
    batch, channels, n = sizes[0], sizes[-1], int(np.prod(shape))
    b = tf.broadcast_to(tf.reshape(tf.range(batch), [-1, *[1] * (len(shape) + 1)]), sizes)
    c = tf.broadcast_to(tf.range(channels), sizes)
    at = tf.stack([b, indices, c], axis=-1)
    return tf.reshape(tf.scatter_nd(at, x, [batch, n, channels]), [batch, *shape, channels])


def tf_powers(tf, x, size, stride, power):
    """TensorFlow has no such function: powers of absolute values, averaged, times their number."""
    if np.isinf(power):
        return tf.nn.pool(tf.abs(x), size, "MAX", stride)
    total = tf.nn.pool(tf.abs(x) ** power, size, "AVG", stride) * int(np.prod(size))
    return tf.where(total == 0, tf.zeros_like(total), tf.where(total == 0, tf.ones_like(total), total) ** (1 / power))


def tf_fractional(tf, x, samples, size, out):
    """Where the ratio of the sizes is a whole number, nothing is random: TensorFlow draws the steps itself."""
    ratio = [1.0, *(n / m for n, m in zip(x.shape[1:3], out, strict=True)), 1.0]
    return tf.nn.fractional_max_pool(x, ratio, pseudo_random=True, seed=1)[0]


def image(rows: list[list[float]]) -> list[list[list[list[float]]]]:
    return [[[[v] for v in row] for row in rows]]


def places(shape: tuple[int, ...], spatial: tuple[int, ...]):
    """Numbers, and different places for those of one channel of one image."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        n, count = int(np.prod(spatial)), int(np.prod(shape[1:-1]))
        ids = np.argsort(rng.random((shape[0], n, shape[-1])), axis=1)[:, :count]
        return rng.standard_normal(shape), ids.reshape(shape)

    return make


def steps(*shape: int, axes: int):
    """Numbers, and random numbers in eighths, so that no format rounds them."""
    return lambda rng: (rng.standard_normal(shape), rng.integers(0, 8, (shape[0], shape[-1], axes)) / 8)


def powers(axes: int) -> list[Sample]:
    two: dict[str, Any] = {"size": (2,) * axes, "stride": (2,) * axes}
    n = {1: 9, 2: 5, 3: 4}[axes]

    def both_signs(rng: np.random.Generator) -> tuple[Array, ...]:
        """Normal numbers, of which every second in each row is negative."""
        x = np.abs(rng.standard_normal((1, *(4,) * axes, 1)))
        return (x * np.array([1.0, -1.0, 1.0, -1.0])[:, None],)

    return [
        normal((2, *(n,) * axes, 2) if axes < 3 else (1, *(n,) * axes, 2), name="squares", power=2.0, size=(3,) * axes,
               stride=(2,) * axes if axes < 3 else (1,) * axes),
        sample("cubes-of-positive", lambda rng: (rng.uniform(0.1, 2, (1, *(4,) * axes, 2)),), power=3.0, **two),
        sample("half-power", lambda rng: (rng.uniform(0.5, 2, (1, *(4,) * axes, 1)),), power=0.5, **two, edge=True),
        sample("odd-power-of-any-sign", both_signs, power=3.0, **two, edge=True),
        sample("absolute-values", both_signs, power=1.0, **two, edge=True),
        normal((1, *(4,) * axes, 1), name="infinite-power", power=np.inf, **two, edge=True),
        sample("zeros", lambda _: (np.zeros((1, *(2,) * axes, 1)),), power=2.0, **two, edge=True, smooth=False),
        normal((1, *(4,) * (axes + 1), 1), name="bad-rank", power=2.0, **two, edge=True, raises=True,
               dtypes=("float32",)),
    ]  # fmt: skip


TWO: dict[str, Any] = {"size": (2, 2), "stride": (2, 2), "padding": "valid"}
BAD: dict[str, Any] = {"edge": True, "raises": True, "dtypes": ("float32",)}


def unpooled(*shape: int, to: tuple[int, ...]) -> list[Sample]:
    one, two = (1, *(1,) * len(to), 1), (2,) * len(to)
    return [
        sample("scattered", places(shape, to), shape=to),
        sample("evenly", places((2, *(n // 2 for n in to), 1), tuple(n // 2 * 2 for n in to)),
               shape=tuple(n // 2 * 2 for n in to)),
        sample("one-element", places(one, two), shape=two, edge=True),
        sample("nonfinite", lambda _: (np.full(one, np.nan), np.ones(one, int)), shape=two, edge=True, gradient=False),
        sample("bad-index", lambda rng: (rng.standard_normal(one), np.full(one, 1000)), shape=two, **BAD),
        sample("bad-index-negative", lambda rng: (rng.standard_normal(one), np.full(one, -1)), shape=two, **BAD),
        sample("bad-sizes", lambda rng: (rng.standard_normal(one), np.zeros((*one[:-1], 2), int)), shape=two, **BAD),
    ]  # fmt: skip


MORE = (
    Case(
        "max_pooling2d_with_indices",
        "selection",
        ref.max_pool_with_indices,
        vjp=lambda c, x, *, size, stride, padding: ref.max_pool_vjp(c, x, size=size, stride=stride, padding=padding),
        torch=[torch_indexed, torch_indexed_layer],
        tensorflow=[tf_argmax, tf_argmax_in_batch],
        samples=[
            normal((2, 4, 6, 3), **TWO),
            normal((2, 5, 5, 2), name="overlapping", size=(3, 2), stride=(1, 2), padding="valid"),
            sample(
                "ties", lambda rng: (rng.integers(0, 2, (2, 4, 4, 2)).astype(float),), edge=True, smooth=False, **TWO
            ),
            given(image([[-np.inf, -np.inf], [-np.inf, -np.inf]]), name="minus-infinity", smooth=False, **TWO),
            given(image([[-np.inf, -np.inf], [-np.inf, 1.0]]), name="minus-infinity-and-1", smooth=False, **TWO),
            given(image([[1.0, np.nan], [np.nan, 2.0]]), name="nan", gradient=False, **TWO),
            normal((4, 4, 2), name="bad-rank-no-batch", **TWO, **BAD),
        ],
        sources=(f"{TORCH}nn.MaxPool2d.html", f"{TF}nn/max_pool_with_argmax"),
    ),
    Case(
        "max_unpooling1d",
        "selection",
        ref.max_unpool,
        vjp=ref.max_unpool_vjp,
        torch=[
            lambda torch, x, indices, shape: torch.nn.functional.max_unpool1d(
                x.movedim(-1, 1), indices.movedim(-1, 1), 2, output_size=shape
            ).movedim(1, -1),
        ],
        tensorflow=[tf_unpooled],
        samples=unpooled(2, 3, 2, to=(6,)),
        sources=(f"{TORCH}nn.MaxUnpool1d.html",),
    ),
    Case(
        "max_unpooling2d",
        "selection",
        ref.max_unpool,
        vjp=ref.max_unpool_vjp,
        torch=[
            lambda torch, x, indices, shape: torch.nn.functional.max_unpool2d(
                x.movedim(-1, 1), indices.movedim(-1, 1), 2, output_size=shape
            ).movedim(1, -1),
            lambda torch, x, indices, shape: torch.nn.MaxUnpool2d(2)(
                x.movedim(-1, 1), indices.movedim(-1, 1), output_size=shape
            ).movedim(1, -1),
        ],
        tensorflow=[tf_unpooled],
        samples=unpooled(2, 2, 3, 2, to=(4, 5)),
        sources=(f"{TORCH}nn.MaxUnpool2d.html",),
    ),
    Case(
        "max_unpooling3d",
        "selection",
        ref.max_unpool,
        vjp=ref.max_unpool_vjp,
        torch=[
            lambda torch, x, indices, shape: torch.nn.functional.max_unpool3d(
                x.movedim(-1, 1), indices.movedim(-1, 1), 2, output_size=shape
            ).movedim(1, -1),
        ],
        tensorflow=[tf_unpooled],
        samples=unpooled(1, 2, 2, 2, 2, to=(4, 4, 3)),
        sources=(f"{TORCH}nn.MaxUnpool3d.html",),
    ),
    Case(
        "lp_pooling1d",
        "reduction",
        ref.lp_pool,
        vjp=ref.lp_pool_vjp,
        torch=[
            lambda torch, x, size, stride, power: torch.nn.functional.lp_pool1d(
                x.movedim(-1, 1), power, size[0], stride[0]
            ).movedim(1, -1),
            lambda torch, x, size, stride, power: torch.nn.LPPool1d(power, size[0], stride[0])(
                x.movedim(-1, 1)
            ).movedim(1, -1),
        ],
        tensorflow=[tf_powers],
        samples=powers(1),
        sources=(f"{TORCH}nn.LPPool1d.html",),
    ),
    Case(
        "lp_pooling2d",
        "reduction",
        ref.lp_pool,
        vjp=ref.lp_pool_vjp,
        torch=[
            lambda torch, x, size, stride, power: torch.nn.functional.lp_pool2d(
                x.movedim(-1, 1), power, size, stride
            ).movedim(1, -1),
            lambda torch, x, size, stride, power: torch.nn.LPPool2d(power, size, stride)(x.movedim(-1, 1)).movedim(
                1, -1
            ),
        ],
        tensorflow=[tf_powers],
        samples=powers(2),
        sources=(f"{TORCH}nn.LPPool2d.html",),
    ),
    Case(
        "lp_pooling3d",
        "reduction",
        ref.lp_pool,
        vjp=ref.lp_pool_vjp,
        torch=[
            lambda torch, x, size, stride, power: torch.nn.LPPool3d(power, size, stride)(x.movedim(-1, 1)).movedim(
                1, -1
            ),
        ],
        tensorflow=[tf_powers],
        samples=powers(3),
        sources=(f"{TORCH}nn.LPPool3d.html",),
    ),
    Case(
        "fractional_max_pooling2d_by_whole_ratios",
        "selection",
        ref.fractional_max_pool,
        vjp=ref.fractional_max_pool_vjp,
        held=("samples",),
        # TensorFlow's windows are what the ratio says; torch's are given.
        defined=lambda x, samples, *, size, out: x.shape[1:3] == tuple(np.multiply(size, out)),
        torch=[
            lambda torch, x, samples, size, out: torch.nn.functional.fractional_max_pool2d(
                x.movedim(-1, 1), size, out, _random_samples=samples.flip(-1)
            ).movedim(1, -1),
            lambda torch, x, samples, size, out: torch.nn.FractionalMaxPool2d(
                size, out, _random_samples=samples.flip(-1)
            )(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[tf_fractional],
        samples=[
            sample("halves", steps(2, 4, 6, 3, axes=2), size=(2, 2), out=(2, 3)),
            sample("thirds-and-all", steps(1, 6, 3, 2, axes=2), size=(3, 1), out=(2, 3)),
            sample("one-window", steps(1, 2, 2, 1, axes=2), size=(2, 2), out=(1, 1), edge=True),
            sample("bad-rank", steps(1, 2, 4, 4, 4, 1, axes=2), size=(2, 2), out=(2, 2), **BAD),
        ],
        sources=("https://arxiv.org/abs/1412.6071", f"{TF}nn/fractional_max_pool"),
    ),
    Case(
        "fractional_max_pooling2d",
        "selection",
        ref.fractional_max_pool,
        vjp=ref.fractional_max_pool_vjp,
        held=("samples",),
        torch=[
            # The random numbers of the last axis come first; in three dimensions, of the first.
            lambda torch, x, samples, size, out: torch.nn.functional.fractional_max_pool2d(
                x.movedim(-1, 1), size, out, _random_samples=samples.flip(-1)
            ).movedim(1, -1),
        ],
        samples=[
            sample("overlapping", steps(2, 8, 7, 2, axes=2), size=(2, 2), out=(5, 5)),
            sample("apart", steps(1, 7, 8, 2, axes=2), size=(1, 2), out=(4, 3)),
            sample("one-window", steps(1, 4, 5, 1, axes=2), size=(2, 3), out=(1, 1), edge=True),
            sample("bad-sizes", steps(1, 4, 4, 1, axes=2), size=(3, 3), out=(3, 3), **BAD),
        ],
        sources=("https://arxiv.org/abs/1412.6071", f"{TORCH}nn.FractionalMaxPool2d.html"),
    ),
    Case(
        "fractional_max_pooling3d",
        "selection",
        ref.fractional_max_pool,
        vjp=ref.fractional_max_pool_vjp,
        held=("samples",),
        torch=[
            lambda torch, x, samples, size, out: torch.nn.functional.fractional_max_pool3d(
                x.movedim(-1, 1), size, out, _random_samples=samples
            ).movedim(1, -1),
        ],
        samples=[
            sample("overlapping", steps(1, 5, 5, 6, 2, axes=3), size=(2, 2, 2), out=(3, 3, 3)),
            sample("apart", steps(1, 5, 7, 4, 1, axes=3), size=(1, 1, 2), out=(3, 3, 2)),
            sample("one-window", steps(1, 4, 5, 3, 1, axes=3), size=(2, 3, 2), out=(1, 1, 1), edge=True),
            sample("as-many-as-fit", steps(1, 4, 4, 4, 1, axes=3), size=(2, 2, 2), out=(3, 3, 3), edge=True),
            sample("bad-sizes", steps(1, 4, 4, 4, 1, axes=3), size=(3, 3, 3), out=(3, 3, 3), **BAD),
        ],
        sources=("https://arxiv.org/abs/1412.6071", f"{TORCH}nn.FractionalMaxPool3d.html"),
    ),
)
