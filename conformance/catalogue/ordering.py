"""Order: sorting, searching, counting."""

from typing import Any

import numpy as np

from conformance.case import FLOATS, Case, Sample
from conformance.catalogue.arranging import TF, TORCH, empty, focused
from conformance.reference import ordering as ref
from fixtures.samples import given, normal, sample

ORDERED = (*FLOATS, "int64", "int32", "uint8")


def shuffled(*shape: int, name: str = "distinct", **options: Any) -> Sample:
    """Numbers of which no two are equal, in any format, in a random order along the last axis."""

    def make(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        return (rng.permuted(np.broadcast_to(np.arange(shape[-1]) - 3.0, shape), axis=-1),)

    return sample(name, make, **options)


def few(*shape: int, name: str = "ties", **options: Any) -> Sample:
    """Numbers of which many are equal."""
    return sample(name, lambda rng: (rng.integers(0, 4, shape).astype(float),), edge=True, smooth=False, **options)


def special(name: str = "nonfinite", **options: Any) -> Sample:
    values = [1.0, np.nan, -np.inf, 0.0, np.inf, 2.0]
    return given(values, name=name, gradient=False, dtypes=("float32",), **options)


def tf_order(descending):
    return "DESCENDING" if descending else "ASCENDING"


def keras_in_order(tf, x, axis, descending):
    y = tf.keras.ops.sort(x, axis)
    return tf.keras.ops.flip(y, axis) if descending else y


def keras_argsort(tf, x, axis, descending):
    """Keras sorts upwards alone: the reverse of the order of the reverse."""
    if not descending:
        return tf.keras.ops.argsort(x, axis)
    backwards = tf.keras.ops.argsort(tf.keras.ops.flip(x, axis), axis)
    return tf.shape(x)[axis] - 1 - tf.keras.ops.flip(backwards, axis)


def torch_top_of_sorted(torch, x, k):
    values, places = torch.sort(x, descending=True, stable=True)
    return values[..., :k], places[..., :k]


def torch_unique_by_appearance(torch, x):
    values, which, counts = torch.unique(x, return_inverse=True, return_counts=True)
    places = torch.arange(len(x))
    first = torch.full((len(values),), len(x)).scatter_reduce(0, which, places, "amin")
    order = torch.argsort(first)
    return values[order], torch.argsort(order)[which], counts[order]


def tf_unique_consecutive(tf, x):
    starts = tf.concat([[True], tf.not_equal(x[1:], x[:-1])], 0)
    runs = tf.cumsum(tf.cast(starts, "int32")) - 1
    return tf.boolean_mask(x, starts), runs, tf.math.bincount(runs)


ORDERS = focused(
    shuffled(3, 8, axis=-1, descending=False, name="ascending"),
    shuffled(3, 8, axis=-1, descending=True, name="descending"),
    normal((5, 2, 3), axis=0, descending=False, name="first-axis", dtypes=("float64",)),
    few(2, 20, axis=-1, descending=False),
    few(2, 20, axis=1, descending=True, name="ties-descending", gradient=False),
    normal((1,), axis=0, descending=False, name="one-element", edge=True),
    # TensorFlow has no gradient for it: _TopKGrad (tensorflow/python/ops/nn_grad.py) calls tf.range by steps of 0.
    empty((2, 0), axis=-1, descending=False, gradient=False),
    special(axis=0, descending=False),
    special(axis=0, descending=True, name="nonfinite-descending"),
)

CASES: tuple[Case, ...] = (
    Case(
        "sort",
        "selection",
        ref.sort,
        vjp=ref.sort_vjp,
        torch=[
            lambda torch, x, axis, descending: torch.sort(x, axis, descending).values,
            lambda torch, x, axis, descending: torch.sort(x, dim=axis, descending=descending, stable=True).values,
        ],
        tensorflow=[lambda tf, x, axis, descending: tf.sort(x, axis, tf_order(descending)), keras_in_order],
        jax=[lambda jax, x, axis, descending: jax.numpy.sort(x, axis, descending=descending)],
        samples=ORDERS,
        dtypes=ORDERED,
        sources=(f"{TORCH}sort.html", f"{TF}sort"),
    ),
    Case(
        "argsort",
        "selection",
        ref.argsort,
        torch=[
            lambda torch, x, axis, descending: torch.argsort(x, dim=axis, descending=descending, stable=True),
            lambda torch, x, axis, descending: torch.argsort(x, axis, descending),
        ],
        tensorflow=[
            lambda tf, x, axis, descending: tf.argsort(x, axis, tf_order(descending), stable=True),
            keras_argsort,
        ],
        jax=[lambda jax, x, axis, descending: jax.numpy.argsort(x, axis, descending=descending)],
        samples=ORDERS,
        dtypes=ORDERED,
        sources=(f"{TORCH}argsort.html", f"{TF}argsort"),
    ),
    Case(
        "top_k",
        "selection",
        ref.top_k,
        vjp=ref.top_k_vjp,
        torch=[lambda torch, x, k: tuple(torch.topk(x, k)), torch_top_of_sorted],
        tensorflow=[
            lambda tf, x, k: tuple(tf.math.top_k(x, k)),
            lambda tf, x, k: tuple(tf.keras.ops.top_k(x, k)),
        ],
        jax=[lambda jax, x, k: jax.lax.top_k(x, k)],
        samples=focused(
            shuffled(3, 12, k=4),
            shuffled(2, 5, k=5, name="all-of-them"),
            shuffled(4, k=1, name="one", edge=True),
            few(2, 20, k=7),
            shuffled(2, 4, k=0, name="none", edge=True),
            special(k=3),
        ),
        dtypes=ORDERED,
        sources=(f"{TORCH}topk.html", f"{TF}math/top_k"),
    ),
    Case(
        "kth_smallest",
        "selection",
        ref.kth_smallest,
        vjp=ref.kth_smallest_vjp,
        torch=[
            lambda torch, x, k: torch.kthvalue(x, k).values,
            lambda torch, x, k: torch.sort(x).values[..., k - 1],
        ],
        tensorflow=[
            lambda tf, x, k: tf.sort(x)[..., k - 1],
            lambda tf, x, k: tf.experimental.numpy.sort(x)[..., k - 1],
        ],
        jax=[
            lambda jax, x, k: jax.numpy.sort(x)[..., k - 1],
            lambda jax, x, k: jax.numpy.partition(x, k - 1)[..., k - 1],
        ],
        samples=focused(
            shuffled(3, 12, k=4),
            shuffled(2, 5, k=5, name="largest"),
            shuffled(4, k=1, name="smallest", edge=True),
            few(2, 20, k=7, name="ties-value", gradient=False),
        ),
        dtypes=ORDERED,
        sources=(f"{TORCH}kthvalue.html",),
    ),
    Case(
        "in_top_k",
        "selection",
        ref.in_top_k,
        torch=[lambda torch, targets, x, k: (x > x.gather(1, targets[:, None])).sum(1) < k],
        tensorflow=[
            # They have float32 alone, in which the samples are exact.
            lambda tf, targets, x, k: tf.math.in_top_k(targets, tf.cast(x, "float32"), k),
            lambda tf, targets, x, k: tf.keras.ops.in_top_k(targets, tf.cast(x, "float32"), k),
        ],
        samples=[
            sample("distinct", lambda rng: (rng.integers(0, 8, 20), rng.permuted(np.mgrid[:20, :8.0][1], axis=1)), k=3),
            given(np.array([0, 1, 2]), [[1.0, 1.0, 1.0]] * 3, k=1, name="ties"),
            given(np.array([0, 1]), [[1.0, 2.0]] * 2, k=2, name="all", edge=False),
        ],
        dtypes=("float64", "float32"),
        sources=(f"{TF}math/in_top_k",),
    ),
    Case(
        "searchsorted",
        "selection",
        ref.searchsorted,
        torch=[
            lambda torch, sequence, values, side: torch.searchsorted(sequence, values, side=side),
            lambda torch, sequence, values, side: torch.bucketize(values, sequence, right=side == "right"),
        ],
        tensorflow=[
            lambda tf, sequence, values, side: tf.searchsorted(sequence, values, side),
            lambda tf, sequence, values, side: tf.keras.ops.searchsorted(sequence, values, side),
        ],
        jax=[lambda jax, sequence, values, side: jax.numpy.searchsorted(sequence, values, side)],
        samples=focused(
            given([-2.0, 0.0, 1.0, 1.0, 5.0], [1.0, 0.0, -3.0, 7.0, 4.0], side="left", name="left", edge=False),
            given([-2.0, 0.0, 1.0, 1.0, 5.0], [1.0, 0.0, -3.0, 7.0, 4.0], side="right", name="right", edge=False),
            given([1.0, 1.0, 1.0], [1.0], side="right", name="ties"),
            given(np.zeros(0), [1.0, 2.0], side="left", name="empty-sequence"),
            given([-1.0, 0.0, np.inf], [np.inf, -np.inf, -0.0], side="left", name="nonfinite", dtypes=("float32",)),
        ),
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TORCH}searchsorted.html", f"{TF}searchsorted"),
    ),
    Case(
        "searchsorted_rows",
        "selection",
        ref.searchsorted,
        torch=[lambda torch, sequence, values, side: torch.searchsorted(sequence, values, side=side)],
        tensorflow=[lambda tf, sequence, values, side: tf.searchsorted(sequence, values, side)],
        jax=[
            lambda jax, sequence, values, side: jax.vmap(lambda s, v: jax.numpy.searchsorted(s, v, side))(
                sequence, values
            )
        ],
        samples=focused(
            given([[0.0, 1.0, 2.0], [0.0, 0.0, 9.0]], [[2.0, 1.0], [0.0, 5.0]], side="left", name="left", edge=False),
            given([[0.0, 1.0, 2.0], [0.0, 0.0, 9.0]], [[2.0, 1.0], [0.0, 5.0]], side="right", name="right", edge=False),
            given([[1.0]], [[1.0]], side="right", name="one-element"),
        ),
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TORCH}searchsorted.html", f"{TF}searchsorted"),
    ),
    Case(
        "bucketize",
        "selection",
        ref.bucketize,
        torch=[
            lambda torch, x, boundaries: torch.bucketize(x, torch.tensor(boundaries, dtype=x.dtype), right=True),
        ],
        tensorflow=[
            lambda tf, x, boundaries: tf.keras.ops.digitize(x, tf.constant(boundaries, x.dtype)),
            lambda tf, x, boundaries: tf.raw_ops.Bucketize(input=x, boundaries=boundaries),
            lambda tf, x, boundaries: tf.keras.layers.Discretization(bin_boundaries=boundaries)(x),
        ],
        jax=[lambda jax, x, boundaries: jax.numpy.digitize(x, jax.numpy.array(boundaries, x.dtype))],
        samples=focused(
            normal((3, 8), scale=2, boundaries=(-1, 0, 2)),
            given([-1.0, 0.0, 2.0, 3.0, -2.0], boundaries=(-1, 0, 2), name="on-boundaries"),
            given([np.inf, -np.inf, -0.0], boundaries=(0,), name="nonfinite"),
        ),
        dtypes=("float64", "float32", "int64", "int32"),
        sources=(f"{TORCH}bucketize.html", "https://numpy.org/doc/stable/reference/generated/numpy.digitize.html"),
    ),
    Case(
        "unique",
        "selection",
        ref.unique,
        torch=[lambda torch, x: torch.unique(x, return_inverse=True, return_counts=True)],
        tensorflow=[
            lambda tf, x: tuple(tf.keras.ops.unique(x, return_inverse=True, return_counts=True)),
            lambda tf, x: tuple(tf.unique_with_counts(x)),
        ],
        jax=[lambda jax, x: jax.numpy.unique(x, return_inverse=True, return_counts=True)],
        samples=focused(
            sample("random", lambda rng: (rng.integers(0, 9, 30).astype(float),)),
            given([3.0, 1.0, 3.0, 2.0, 1.0], name="few", edge=False),
            given([5.0], name="one-element"),
            given(np.zeros(0), name="empty"),
        ),
        dtypes=ORDERED,
        sources=(f"{TORCH}unique.html", f"{TF}unique_with_counts"),
    ),
    Case(
        "unique_by_appearance",
        "selection",
        ref.unique_by_appearance,
        torch=[torch_unique_by_appearance],
        tensorflow=[lambda tf, x: tuple(tf.unique_with_counts(x))],
        samples=focused(
            sample("random", lambda rng: (rng.integers(0, 9, 30).astype(float),)),
            given([3.0, 1.0, 3.0, 2.0, 1.0], name="few", edge=False),
            given([5.0], name="one-element"),
        ),
        dtypes=ORDERED,
        sources=(f"{TF}unique_with_counts",),
    ),
    Case(
        "unique_consecutive",
        "selection",
        ref.unique_consecutive,
        torch=[lambda torch, x: torch.unique_consecutive(x, return_inverse=True, return_counts=True)],
        tensorflow=[tf_unique_consecutive],
        samples=focused(
            given([1.0, 1.0, 2.0, 1.0, 3.0, 3.0, 3.0], name="runs", edge=False),
            sample("random", lambda rng: (rng.integers(0, 2, 30).astype(float),)),
            given([5.0], name="one-element"),
        ),
        dtypes=ORDERED,
        sources=(f"{TORCH}unique_consecutive.html",),
    ),
    Case(
        "bincount",
        "selection",
        ref.bincount,
        torch=[
            lambda torch, ids, minlength: torch.bincount(ids, minlength=minlength),
            lambda torch, ids, minlength: torch.nn.functional.one_hot(
                ids.long(), max(minlength, int(ids.max()) + 1)
            ).sum(0),
        ],
        tensorflow=[
            lambda tf, ids, minlength: tf.math.bincount(ids, minlength=minlength),
            lambda tf, ids, minlength: tf.keras.ops.bincount(ids, minlength=minlength),
        ],
        jax=[lambda jax, ids, minlength: jax.numpy.bincount(ids, minlength=minlength)],
        samples=[
            sample("random", lambda rng: (rng.integers(0, 9, 40).astype(float),), minlength=0),
            given([1.0, 3.0, 1.0], minlength=7, name="longer", edge=False),
            given([0.0], minlength=0, name="one-element"),
            given([1.0, -1.0], minlength=0, name="negative", raises=True),
        ],
        dtypes=("int64", "int32"),
        sources=(f"{TORCH}bincount.html", f"{TF}math/bincount"),
    ),
    Case(
        "weighted_bincount",
        "reduction",
        ref.weighted_bincount,
        # Neither framework has a gradient for the weights: that of unsorted_segment_sum does the same.
        torch=[
            lambda torch, ids, weights, minlength: torch.bincount(ids, weights, minlength),
            lambda torch, ids, weights, minlength: weights.new_zeros(max(minlength, int(ids.max()) + 1)).index_add(
                0, ids, weights
            ),
        ],
        tensorflow=[
            lambda tf, ids, weights, minlength: tf.math.bincount(
                ids, weights, minlength=minlength, dtype=weights.dtype
            ),
            lambda tf, ids, weights, minlength: tf.keras.ops.bincount(ids, weights, minlength),
        ],
        jax=[lambda jax, ids, weights, minlength: jax.numpy.bincount(ids, weights, minlength=minlength)],
        samples=focused(
            sample("random", lambda rng: (rng.integers(0, 5, 40), rng.standard_normal(40)), minlength=0),
            sample("longer", lambda rng: (np.array([1, 3, 1]), rng.standard_normal(3)), minlength=6),
            sample("one-element", lambda rng: (np.array([0]), rng.standard_normal(1)), minlength=0, edge=True),
        ),
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}bincount.html", f"{TF}math/bincount"),
    ),
)
