"""Segments (the slices of the first axis with one id), codes and positions."""

from dataclasses import replace

import numpy as np

from conformance.case import DTYPES, FLOATS, INTEGERS, Case, Sample
from conformance.catalogue.arranging import NUMBERS, SHAPES, TF, TORCH, focused
from conformance.reference import indexing as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import given, sample


def all_numbered(x, ids, *, n, **options) -> bool:
    """TensorFlow counts the segments by the last one's number."""
    return bool(ids.size) and int(ids[-1]) == n - 1


WHOLE = ("int64", "int32")


def grouped(
    name: str, ids: list[int], n: int, *shape: int, edge: bool = False, dtypes: tuple[str, ...] = DTYPES
) -> Sample:
    """Random numbers, and the segment of each."""
    array = np.asarray(ids, dtype=np.int64)
    return sample(name, lambda rng: (rng.standard_normal((len(ids), *shape)), array), edge=edge, dtypes=dtypes, n=n)


def torch_scattered(torch, x, ids, n, reduce):
    """Segments by scatter_reduce, which wants an index for every number; an empty one keeps what was there."""
    empty = {"sum": 0, "mean": torch.nan, "prod": 1, "amax": -torch.inf, "amin": torch.inf}[reduce]
    index = ids.reshape(-1, *[1] * (x.ndim - 1)).expand(x.shape)
    there = x.new_full((n, *x.shape[1:]), empty if x.is_floating_point() else 0)
    return torch.scatter_reduce(there, 0, index, x, reduce, include_self=False)


def torch_lengths(torch, x, ids, n, reduce):
    return torch.segment_reduce(x, reduce, lengths=torch.bincount(ids, minlength=n), axis=0)


ASCENDING = focused(
    grouped("sorted", [0, 0, 0, 1, 2, 2], 3, 2),
    grouped("vector", [0, 1, 1, 1, 1, 2], 3),
    grouped("one-segment", [0, 0, 0], 1, 2, edge=True),
)
ANY_ORDER = focused(
    grouped("unsorted", [2, 0, 1, 0, 2, 0], 3, 2),
    grouped("vector", [1, 1, 0, 3, 2, 1, 1], 4),
)
GAP = grouped("empty-segment", [0, 0, 2], 3, edge=True, dtypes=("float64",))
GAPS = grouped("empty-segments", [2, 0, 2], 5, edge=True, dtypes=("float64",))
# What an empty segment has no number for has no gradient.
NO_NUMBER, NO_NUMBERS = replace(GAP, gradient=False), replace(GAPS, gradient=False)
# In many columns, so that gradients of both signs meet them.
TIES = given(
    np.repeat([[1.0], [1.0], [0.0], [0.0], [2.0], [2.0]], 12, axis=1),
    np.array([0, 0, 0, 0, 1, 1]),
    name="ties",
    smooth=False,
    n=2,
    dtypes=SHAPES,
)
ZEROS = given([0.0, 3.0, 0.0, 0.0, 2.0], np.array([0, 0, 1, 1, 2]), name="zeros", n=3, dtypes=SHAPES)

SEGMENTS = (
    Case(
        "segment_sum",
        "reduction",
        ref.segment_sum,
        vjp=ref.segment_sum_vjp,
        defined=all_numbered,
        torch=[
            lambda torch, x, ids, n: x.new_zeros((n, *x.shape[1:])).index_add(0, ids, x),
            lambda torch, x, ids, n: torch_lengths(torch, x, ids, n, "sum"),
        ],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.segment_sum(x, ids),
            lambda tf, x, ids, n: tf.keras.ops.segment_sum(x, ids, sorted=True),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_sum(x, ids, n, indices_are_sorted=True)],
        samples=[*ASCENDING, GAP],
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}math/segment_sum", "https://docs.pytorch.org/docs/stable/torch.html"),
    ),
    Case(
        "segment_mean",
        "reduction",
        ref.segment_mean,
        vjp=ref.segment_mean_vjp,
        defined=all_numbered,
        torch=[
            lambda torch, x, ids, n: torch_lengths(torch, x, ids, n, "mean"),
            lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "mean"),
        ],
        tensorflow=[lambda tf, x, ids, n: tf.math.segment_mean(x, ids)],
        samples=[*ASCENDING, NO_NUMBER],
        sources=(f"{TF}math/segment_mean",),
    ),
    Case(
        "segment_max",
        "selection",
        ref.segment_max,
        vjp=ref.segment_max_vjp,
        defined=all_numbered,
        torch=[
            lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "amax"),
            lambda torch, x, ids, n: torch_lengths(torch, x, ids, n, "max"),
        ],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.segment_max(x, ids),
            lambda tf, x, ids, n: tf.keras.ops.segment_max(x, ids, sorted=True),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_max(x, ids, n, indices_are_sorted=True)],
        samples=[*ASCENDING, NO_NUMBER, TIES],
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}math/segment_max",),
    ),
    Case(
        "segment_min",
        "selection",
        ref.segment_min,
        vjp=ref.segment_min_vjp,
        defined=all_numbered,
        torch=[
            lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "amin"),
            lambda torch, x, ids, n: torch_lengths(torch, x, ids, n, "min"),
        ],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.segment_min(x, ids),
            lambda tf, x, ids, n: tf.keras.ops.segment_min(x, ids, sorted=True),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_min(x, ids, n, indices_are_sorted=True)],
        samples=[*ASCENDING, NO_NUMBER, TIES],
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}math/segment_min",),
    ),
    Case(
        "segment_prod",
        "reduction",
        ref.segment_prod,
        vjp=ref.segment_prod_vjp,
        defined=all_numbered,
        torch=[
            lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "prod"),
            lambda torch, x, ids, n: torch_lengths(torch, x, ids, n, "prod"),
        ],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.segment_prod(x, ids),
            lambda tf, x, ids, n: tf.keras.ops.segment_prod(x, ids, sorted=True),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_prod(x, ids, n, indices_are_sorted=True)],
        # TensorFlow divides the product by each factor, and differentiates that: two derivatives nearly cancel.
        samples=[*(replace(s, smooth=False) for s in ASCENDING), GAP, ZEROS],
        dtypes=("float64", "float32", "int64", "int32"),
        sources=(f"{TF}math/segment_prod",),
    ),
    Case(
        "unsorted_segment_sum",
        "reduction",
        ref.segment_sum,
        vjp=ref.segment_sum_vjp,
        torch=[
            lambda torch, x, ids, n: x.new_zeros((n, *x.shape[1:])).index_add(0, ids, x),
            lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "sum"),
        ],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.unsorted_segment_sum(x, ids, n),
            lambda tf, x, ids, n: tf.keras.ops.segment_sum(x, ids, n),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_sum(x, ids, n)],
        samples=[*ANY_ORDER, GAPS],
        dtypes=(*FLOATS, "complex64", "int64", "int32"),
        sources=(f"{TF}math/unsorted_segment_sum",),
    ),
    Case(
        "unsorted_segment_sum_of_unknown_number",
        "reduction",
        ref.segment_sum,
        vjp=ref.segment_sum_vjp,
        torch=[
            lambda torch, x, ids, n: x.new_zeros((int(ids.max()) + 1, *x.shape[1:])).index_add(0, ids, x),
        ],
        tensorflow=[
            lambda tf, x, ids, n: tf.keras.ops.segment_sum(x, ids),
            lambda tf, x, ids, n: tf.math.unsorted_segment_sum(x, ids, tf.reduce_max(ids) + 1),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_sum(x, ids)],
        samples=focused(
            grouped("unsorted", [2, 0, 1, 0, 2, 0], 3, 2),
            grouped("one-segment", [0, 0, 0], 1, 2),
            grouped("empty-segment", [0, 0, 2], 3, edge=True),
        ),
        sources=("https://keras.io/api/ops/core/",),
    ),
    Case(
        "unsorted_segment_mean",
        "reduction",
        ref.segment_mean,
        vjp=ref.segment_mean_vjp,
        torch=[lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "mean")],
        tensorflow=[lambda tf, x, ids, n: tf.math.unsorted_segment_mean(x, ids, n)],
        samples=[*ANY_ORDER, NO_NUMBERS],
        sources=(f"{TF}math/unsorted_segment_mean",),
    ),
    Case(
        "unsorted_segment_max",
        "selection",
        ref.segment_max,
        vjp=ref.segment_max_vjp,
        torch=[lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "amax")],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.unsorted_segment_max(x, ids, n),
            lambda tf, x, ids, n: tf.keras.ops.segment_max(x, ids, n),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_max(x, ids, n)],
        samples=[*ANY_ORDER, NO_NUMBERS, TIES],
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}math/unsorted_segment_max",),
    ),
    Case(
        "unsorted_segment_min",
        "selection",
        ref.segment_min,
        vjp=ref.segment_min_vjp,
        torch=[lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "amin")],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.unsorted_segment_min(x, ids, n),
            lambda tf, x, ids, n: tf.keras.ops.segment_min(x, ids, n),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_min(x, ids, n)],
        samples=[*ANY_ORDER, NO_NUMBERS, TIES],
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}math/unsorted_segment_min",),
    ),
    Case(
        "unsorted_segment_prod",
        "reduction",
        ref.segment_prod,
        vjp=ref.segment_prod_vjp,
        torch=[lambda torch, x, ids, n: torch_scattered(torch, x, ids, n, "prod")],
        tensorflow=[
            lambda tf, x, ids, n: tf.math.unsorted_segment_prod(x, ids, n),
            lambda tf, x, ids, n: tf.keras.ops.segment_prod(x, ids, n),
        ],
        jax=[lambda jax, x, ids, n: jax.ops.segment_prod(x, ids, n)],
        samples=[*ANY_ORDER, GAPS, ZEROS],
        dtypes=("float64", "float32", "int64", "int32"),
        sources=(f"{TF}math/unsorted_segment_prod",),
    ),
    Case(
        "partition",
        "selection",
        ref.partition,
        vjp=adjoint(ref.partition),
        torch=[lambda torch, x, parts, n: tuple(x[parts == i] for i in range(n))],
        tensorflow=[lambda tf, x, parts, n: tuple(tf.dynamic_partition(x, tf.cast(parts, "int32"), n))],
        jax=[lambda jax, x, parts, n: tuple(x[parts == i] for i in range(n))],
        samples=focused(
            grouped("three", [2, 0, 1, 0, 2, 0], 3, 2),
            grouped("vector", [1, 0, 1], 2),
            grouped("one-of-them-empty", [2, 0, 2], 3, edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TF}dynamic_partition",),
    ),
)

CODES = (
    Case(
        "one_hot",
        "selection",
        ref.one_hot,
        torch=[lambda torch, ids, like, classes: torch.nn.functional.one_hot(ids, classes).to(like.dtype)],
        tensorflow=[
            lambda tf, ids, like, classes: tf.one_hot(ids, classes, dtype=like.dtype),
            lambda tf, ids, like, classes: tf.keras.ops.one_hot(ids, classes, dtype=like.dtype),
        ],
        jax=[lambda jax, ids, like, classes: jax.nn.one_hot(ids, classes, dtype=like.dtype)],
        samples=focused(
            given(np.array([[2, 0], [1, 1]]), 0.0, classes=3, name="matrix", edge=False),
            given(np.array(4), 0.0, classes=5, name="0-d"),
            given(np.zeros((0, 2), np.int64), 0.0, classes=3, name="empty"),
            given(np.array([0, 3]), 0.0, classes=3, name="beyond-the-last-class"),
            given(np.array([0, -1]), 0.0, classes=3, name="negative"),
        ),
        dtypes=(*FLOATS, *INTEGERS),
        sources=(f"{TORCH}nn.functional.one_hot.html", f"{TF}one_hot"),
    ),
    Case(
        "sequence_mask",
        "selection",
        ref.sequence_mask,
        torch=[lambda torch, lengths, longest: torch.arange(longest) < lengths[..., None]],
        tensorflow=[lambda tf, lengths, longest: tf.sequence_mask(lengths, longest)],
        jax=[lambda jax, lengths, longest: jax.numpy.arange(longest) < lengths[..., None]],
        samples=[
            given([3.0, 0.0, 5.0], longest=5, name="ragged", edge=False),
            given([[1.0, 2.0], [4.0, 3.0]], longest=4, name="matrix", edge=False),
            given([7.0, 1.0], longest=3, name="longer-than-the-longest"),
        ],
        dtypes=WHOLE,
        sources=(f"{TF}sequence_mask",),
    ),
    Case(
        "isin",
        "selection",
        ref.isin,
        torch=[lambda torch, x, values: torch.isin(x, values)],
        tensorflow=[lambda tf, x, values: tf.keras.ops.isin(x, values)],
        jax=[lambda jax, x, values: jax.numpy.isin(x, values)],
        samples=focused(
            given([[1.0, 2.0, 3.0], [4.0, 1.0, 6.0]], [1.0, 6.0, 1.0], name="matrix", edge=False),
            given([1.0, 2.0], np.zeros(0), name="of-nothing"),
            given([0.0, np.nan, np.inf, 1.0], [-0.0, np.nan, np.inf], name="nonfinite", dtypes=("float32",)),
        ),
        dtypes=(*FLOATS, "int64", "int32", "int8", "uint8"),
        sources=(f"{TORCH}isin.html", "https://numpy.org/doc/stable/reference/generated/numpy.isin.html"),
    ),
    Case(
        "nonzero",
        "selection",
        ref.nonzero,
        torch=[
            lambda torch, x: torch.nonzero(x),
            lambda torch, x: torch.argwhere(x),
            lambda torch, x: torch.stack(torch.where(x != 0), -1),
        ],
        tensorflow=[lambda tf, x: tf.where(x), lambda tf, x: tf.stack(tf.keras.ops.nonzero(x), -1)],
        jax=[lambda jax, x: jax.numpy.argwhere(x)],
        samples=focused(
            given([[1.0, 0.0, -1.0], [0.0, 2.0, 2.0]], name="matrix", edge=False),
            given([0.0, 0.0], name="nothing"),
            given(np.zeros((0, 2)), name="empty"),
            given([-0.0, np.nan, np.inf, 1e-42], name="nonfinite", dtypes=("float64", "float32")),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}nonzero.html", f"{TF}where"),
    ),
    Case(
        "unravel_index",
        "selection",
        ref.unravel_index,
        torch=[lambda torch, indices, shape: torch.stack(torch.unravel_index(indices, shape))],
        tensorflow=[
            lambda tf, indices, shape: tf.unravel_index(indices, tf.constant(shape, indices.dtype)),
            lambda tf, indices, shape: tf.stack(tf.keras.ops.unravel_index(indices, shape)),
        ],
        jax=[lambda jax, indices, shape: jax.numpy.stack(jax.numpy.unravel_index(indices, shape))],
        samples=[
            given([5.0, 0.0, 23.0], shape=(2, 3, 4), name="three-axes", edge=False),
            given([2.0, 2.0], shape=(5,), name="one-axis", edge=False),
            given(np.zeros(0), shape=(2, 3), name="none"),
        ],
        dtypes=WHOLE,
        sources=(f"{TORCH}unravel_index.html", f"{TF}unravel_index"),
    ),
    Case(
        "invert_permutation",
        "selection",
        ref.invert_permutation,
        torch=[
            lambda torch, p: torch.argsort(p),
            lambda torch, p: torch.empty_like(p).index_put((p.long(),), torch.arange(len(p), dtype=p.dtype)),
        ],
        tensorflow=[lambda tf, p: tf.math.invert_permutation(p), lambda tf, p: tf.argsort(p)],
        jax=[lambda jax, p: jax.numpy.argsort(p)],
        samples=[
            sample("random", lambda rng: (rng.permutation(20).astype(float),)),
            given([2.0, 0.0, 1.0], name="cycle", edge=False),
            given([0.0], name="one-element"),
        ],
        dtypes=WHOLE,
        sources=(f"{TF}math/invert_permutation",),
    ),
)

CASES: tuple[Case, ...] = (*SEGMENTS, *CODES)
