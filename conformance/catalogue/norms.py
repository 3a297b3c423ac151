"""Norms of vectors, what is divided by them, and distances."""

from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.scans import EDGES, SHAPES, TF, TORCH, complex_normal
from conformance.reference import norms as ref
from fixtures.samples import given, normal, sample

LINALG = f"{TORCH}linalg.vector_norm.html"
KERAS = "https://keras.io/api/ops/linalg/#norm-function"
ZERO = given([[0.0, 0.0, -0.0], [0.0, 1.0, 0.0]], axis=1, name="zero-vector", smooth=False, dtypes=EDGES)
NONFINITE = given(
    [[np.inf, 1.0], [np.nan, 1.0], [-np.inf, np.nan]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES
)
EMPTY = sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True, dtypes=SHAPES)
ONE = given([[3.0], [-2.0]], axis=1, name="one-element", dtypes=SHAPES)
TIES = given([[2.0, -2.0, 1.0], [1.0, 1.0, -1.0]], axis=1, name="ties", smooth=False, dtypes=EDGES)


def reals(*shapes: tuple[int, ...], name: str = "normal", **options: Any) -> Sample:
    return normal(*shapes, name=name, dtypes=FLOATS, **options)


def sizes(**options: Any) -> tuple[Sample, ...]:
    """Numbers of which the result is a number of the format, but not every square."""
    return (
        given([[3e200, 4e200], [3e-200, 4e-200]], axis=1, name="large-and-small", gradient=False, dtypes=("float64",),
              **options),
        given([[3e25, 4e25], [3e-25, 4e-25]], axis=1, name="large-and-small-32", gradient=False,
              dtypes=("float32", "bfloat16"), **options),
        given([[1800.0, 2400.0], [3e-4, 4e-4]], axis=1, name="large-and-small-16", gradient=False,
              dtypes=("float16",), **options),
    )  # fmt: skip


def over_norm(c: Array, x: Array, *, axis: Any = -1, eps: float = 1e-12) -> Array:
    """c - u <u, c>, over the norm: where x is nearly parallel to c, the difference cancels."""
    return np.abs(c) / np.maximum(ref.two_norm(x, axis=axis, keepdims=True), eps)


def over_one_norm(c: Array, x: Array, *, axis: int, eps: float) -> Array:
    """The same of the other norm."""
    return np.abs(c) / np.maximum(ref.one_norm(x, axis=axis, keepdims=True), eps)


def limit_over_norm(c: Array, x: Array, *, axis: Any, limit: float) -> Array:
    """The same, times the limit where that is exceeded."""
    return over_norm(c, x, axis=axis, eps=limit) * limit


def normalize_without_axis(torch, x):
    return torch.nn.functional.normalize(x)


def torch_clip_by_norm(torch, x, axis, limit):
    norm = torch.linalg.vector_norm(x, dim=axis, keepdim=True)
    return x * (limit / torch.clamp(norm, min=limit))


def tf_pairwise_distance(tf, x, y, eps):
    return tf.norm(x - y + eps, axis=-1)


NORMS = (
    Case(
        "one_norm",
        "reduction",
        ref.one_norm,
        vjp=ref.one_norm_vjp,
        torch=[
            lambda torch, x, axis=None, keepdims=False: torch.linalg.vector_norm(x, 1, dim=axis, keepdim=keepdims),
            lambda torch, x, axis=None, keepdims=False: torch.norm(x, 1, dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis=None, keepdims=False: tf.norm(x, 1, axis, keepdims),
            lambda tf, x, axis=None, keepdims=False: tf.keras.ops.norm(x, 1, axis, keepdims),
        ],
        jax=[
            lambda jax, x, axis=None, keepdims=False: jax.numpy.linalg.vector_norm(
                x, ord=1, axis=axis, keepdims=keepdims
            )
        ],
        samples=[
            reals((4, 9), axis=1),
            normal((5, 3), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            ZERO,
            ONE,
            EMPTY,
            NONFINITE,
        ],
        sources=(LINALG, f"{TF}norm", KERAS),
    ),
    Case(
        "two_norm",
        "reduction",
        ref.two_norm,
        vjp=ref.two_norm_vjp,
        torch=[
            lambda torch, x, axis=None, keepdims=False: torch.linalg.vector_norm(x, dim=axis, keepdim=keepdims),
            lambda torch, x, axis=None, keepdims=False: torch.linalg.norm(x, 2, dim=axis, keepdim=keepdims),
            lambda torch, x, axis=None, keepdims=False: torch.norm(x, dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis=None, keepdims=False: tf.norm(x, axis=axis, keepdims=keepdims),
            lambda tf, x, axis=None, keepdims=False: tf.math.reduce_euclidean_norm(x, axis, keepdims),
            lambda tf, x, axis=None, keepdims=False: tf.keras.ops.norm(x, axis=axis, keepdims=keepdims),
        ],
        jax=[
            lambda jax, x, axis=None, keepdims=False: jax.numpy.linalg.vector_norm(
                x, ord=2, axis=axis, keepdims=keepdims
            ),
            lambda jax, x, axis=None, keepdims=False: jax.numpy.linalg.norm(x, axis=axis, keepdims=keepdims),
        ],
        samples=[
            reals((4, 9), axis=1),
            normal((5, 3), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            ZERO,
            ONE,
            EMPTY,
            NONFINITE,
            *sizes(),
            complex_normal((3, 5), axis=1),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(LINALG, f"{TF}norm", f"{TF}math/reduce_euclidean_norm", KERAS),
    ),
    Case(
        "frobenius_norm",
        "reduction",
        ref.two_norm,
        vjp=ref.two_norm_vjp,
        torch=[
            lambda torch, x, axis: torch.linalg.matrix_norm(x, "fro", axis),
            lambda torch, x, axis: torch.linalg.norm(x, "fro", axis),
            lambda torch, x, axis: torch.norm(x, "fro", axis),
        ],
        tensorflow=[
            lambda tf, x, axis: tf.norm(x, "fro", axis),
            lambda tf, x, axis: tf.math.reduce_euclidean_norm(x, axis),
            lambda tf, x, axis: tf.keras.ops.norm(x, "fro", axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.linalg.norm(x, "fro", axis)],
        samples=[
            normal((3, 4, 5), axis=(-2, -1)),
            normal((3, 4, 5), axis=(0, 2), name="outer-axes", dtypes=SHAPES),
            given(np.zeros((1, 2, 2)), axis=(1, 2), name="zero-matrix", smooth=False, dtypes=EDGES),
            given([[3.0]], axis=(0, 1), name="one-element", dtypes=SHAPES),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html", f"{TF}norm"),
    ),
    Case(
        "max_norm",
        "reduction",
        ref.max_norm,
        vjp=ref.max_norm_vjp,
        torch=[
            lambda torch, x, axis=None, keepdims=False: torch.linalg.vector_norm(
                x, float("inf"), dim=axis, keepdim=keepdims
            ),
            lambda torch, x, axis=None, keepdims=False: torch.norm(x, float("inf"), dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis=None, keepdims=False: tf.norm(x, float("inf"), axis, keepdims),
            lambda tf, x, axis=None, keepdims=False: tf.keras.ops.norm(x, float("inf"), axis, keepdims),
        ],
        jax=[
            lambda jax, x, axis=None, keepdims=False: jax.numpy.linalg.vector_norm(
                x, ord=float("inf"), axis=axis, keepdims=keepdims
            )
        ],
        samples=[
            reals((4, 9), axis=1),
            normal((5, 3), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            normal((3, 4), name="matrix-without-axis", edge=True, dtypes=SHAPES),
            ZERO,
            TIES,
            ONE,
            NONFINITE,
        ],
        sources=(LINALG, f"{TF}norm", KERAS),
    ),
    Case(
        "min_norm",
        "reduction",
        ref.min_norm,
        vjp=ref.min_norm_vjp,
        torch=[lambda torch, x, axis: torch.linalg.vector_norm(x, -float("inf"), dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.keras.ops.norm(x, -float("inf"), axis)],
        jax=[lambda jax, x, axis: jax.numpy.linalg.norm(x, -float("inf"), axis)],
        samples=[normal((4, 9), axis=1), normal((5, 3), axis=-2, name="negative-axis", dtypes=SHAPES), ZERO, TIES, ONE],
        sources=(LINALG, KERAS),
    ),
    Case(
        "zero_norm",
        "selection",
        ref.zero_norm,
        torch=[
            lambda torch, x, axis: torch.linalg.vector_norm(x, 0, dim=axis),
            lambda torch, x, axis: torch.norm(x, 0, dim=axis),
        ],
        tensorflow=[lambda tf, x, axis: tf.keras.ops.norm(x, 0, axis)],
        jax=[lambda jax, x, axis: jax.numpy.linalg.norm(x, 0, axis)],
        samples=[
            normal((4, 9), axis=1),
            normal((5, 3), axis=-2, name="negative-axis", dtypes=SHAPES),
            ZERO,
            ONE,
            NONFINITE,
        ],
        sources=(LINALG, KERAS),
    ),
    Case(
        "three_norm",
        "reduction",
        ref.three_norm,
        vjp=ref.three_norm_vjp,
        torch=[
            lambda torch, x, axis=None, keepdims=False: torch.linalg.vector_norm(x, 3, dim=axis, keepdim=keepdims),
            lambda torch, x, axis=None, keepdims=False: torch.norm(x, 3, dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis=None, keepdims=False: tf.norm(x, 3, axis, keepdims),
            lambda tf, x, axis=None, keepdims=False: tf.keras.ops.norm(x, 3, axis, keepdims),
        ],
        jax=[
            lambda jax, x, axis=None, keepdims=False: jax.numpy.linalg.vector_norm(
                x, ord=3, axis=axis, keepdims=keepdims
            )
        ],
        samples=[
            reals((4, 9), axis=1),
            normal((5, 3), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            ZERO,
            ONE,
        ],
        sources=(LINALG, f"{TF}norm", KERAS),
    ),
    Case(
        "normalize",
        "reduction",
        ref.normalized,
        vjp=ref.normalized_vjp,
        vjp_intermediates=over_norm,
        torch=[lambda torch, x, axis, eps: torch.nn.functional.normalize(x, dim=axis, eps=eps)],
        tensorflow=[
            lambda tf, x, axis, eps: tf.math.l2_normalize(x, axis, epsilon=eps**2),
            lambda tf, x, axis, eps: tf.keras.ops.normalize(x, axis, epsilon=eps),
        ],
        samples=[
            normal((4, 9), axis=1, eps=2.0**-10),
            normal((5, 3, 2), axis=-2, eps=2.0**-10, name="negative-axis", dtypes=SHAPES),
            sample(
                "below-epsilon", lambda rng: (2.0**-14 * rng.uniform(0.2, 1, (3, 4)),), axis=1, eps=2.0**-10, edge=True
            ),
            given([[0.0, 0.0], [0.0, 1.0]], axis=1, eps=2.0**-10, name="zero-vector", smooth=False, dtypes=EDGES),
            given([[3.0], [-2.0]], axis=1, eps=2.0**-10, name="one-element", dtypes=SHAPES),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html",
            f"{TF}math/l2_normalize",
        ),
    ),
    Case(
        "normalize_by_default",
        "reduction",
        lambda x: ref.normalized(x, axis=-1, eps=1e-12),
        vjp=lambda c, x: ref.normalized_vjp(c, x, axis=-1, eps=1e-12),
        vjp_intermediates=over_norm,
        torch=[lambda torch, x: torch.nn.functional.normalize(x, dim=-1), normalize_without_axis],
        tensorflow=[
            lambda tf, x: tf.math.l2_normalize(x, -1),
            lambda tf, x: tf.keras.ops.normalize(x),
            lambda tf, x: tf.keras.layers.UnitNormalization(dtype=x.dtype)(x),
        ],
        samples=[
            normal((4, 9)),
            normal((2, 3, 4), name="three-axes", dtypes=SHAPES),
            given(
                [[3e-8, 4e-8], [4e-8, -3e-8], [5e-8, 1e-8]],
                name="small",
                smooth=False,
                dtypes=("float64", "float32", "bfloat16"),
            ),
            given([[0.0, 0.0]], name="zero-vector", smooth=False, dtypes=EDGES),
            given([[3.0], [-2.0]], name="one-element", dtypes=SHAPES),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html",
            f"{TF}math/l2_normalize",
            "https://keras.io/api/layers/normalization_layers/unit_normalization/",
        ),
    ),
    Case(
        "one_normalize",
        "reduction",
        ref.one_normalized,
        vjp=ref.one_normalized_vjp,
        vjp_intermediates=over_one_norm,
        torch=[lambda torch, x, axis, eps: torch.nn.functional.normalize(x, p=1, dim=axis, eps=eps)],
        tensorflow=[lambda tf, x, axis, eps: tf.keras.ops.normalize(x, axis, order=1, epsilon=eps)],
        samples=[
            normal((4, 9), axis=1, eps=2.0**-10),
            normal((5, 3, 2), axis=-2, eps=2.0**-10, name="negative-axis", dtypes=SHAPES),
            sample(
                "below-epsilon", lambda rng: (2.0**-14 * rng.uniform(0.2, 1, (3, 4)),), axis=1, eps=2.0**-10, edge=True
            ),
            given([[0.0, 0.0], [0.0, 1.0]], axis=1, eps=2.0**-10, name="zero-vector", smooth=False, dtypes=EDGES),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html",),
    ),
    Case(
        "clip_by_norm",
        "reduction",
        ref.clipped_to_norm,
        vjp=ref.clipped_to_norm_vjp,
        vjp_intermediates=limit_over_norm,
        torch=[torch_clip_by_norm],
        tensorflow=[lambda tf, x, axis, limit: tf.clip_by_norm(x, limit, axis)],
        samples=[
            normal((6, 3), axis=1, limit=1.5),
            normal((3, 4), axis=None, limit=1.5, name="all-axes", dtypes=SHAPES),
            sample("inside", lambda rng: (rng.uniform(-0.5, 0.5, (3, 4)),), axis=1, limit=1.5, edge=True),
            given([[0.0, 0.0], [0.0, 4.0]], axis=1, limit=1.5, name="zero-vector", smooth=False, dtypes=EDGES),
        ],
        sources=(f"{TF}clip_by_norm",),
    ),
    Case(
        "cosine_similarity",
        "reduction",
        ref.cosine_similarity,
        vjp=ref.cosine_similarity_vjp,
        torch=[
            lambda torch, x, y, axis, eps: torch.nn.functional.cosine_similarity(x, y, dim=axis, eps=eps),
            lambda torch, x, y, axis, eps: torch.nn.CosineSimilarity(dim=axis, eps=eps)(x, y),
        ],
        tensorflow=[
            lambda tf, x, y, axis, eps: -tf.keras.losses.cosine_similarity(x, y, axis),
            lambda tf, x, y, axis, eps: tf.reduce_sum(
                tf.math.l2_normalize(x, axis, eps**2) * tf.math.l2_normalize(y, axis, eps**2), axis
            ),
        ],
        jax=[lambda jax, x, y, axis, eps: optax().cosine_similarity(x, y, epsilon=eps, axis=axis)],
        samples=[
            normal((4, 9), (4, 9), axis=1, eps=2.0**-20),
            normal((5, 3), (5, 3), axis=-2, eps=2.0**-20, name="negative-axis", dtypes=SHAPES),
            given([[1.0, 2.0]], [[2.0, 4.0]], axis=1, eps=2.0**-20, name="parallel", dtypes=SHAPES),
            given([[1.0, 0.0]], [[0.0, 3.0]], axis=1, eps=2.0**-20, name="orthogonal", dtypes=SHAPES),
            given(
                [[0.0, 0.0]],
                [[1.0, 3.0]],
                axis=1,
                eps=2.0**-20,
                name="zero-vector",
                gradient=False,
                dtypes=("float32", "float16"),
            ),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html",),
    ),
    Case(
        "pairwise_distance",
        "reduction",
        ref.pairwise_distance,
        vjp=ref.pairwise_distance_vjp,
        torch=[
            lambda torch, x, y, eps: torch.nn.functional.pairwise_distance(x, y, eps=eps),
            lambda torch, x, y, eps: torch.nn.PairwiseDistance(eps=eps)(x, y),
        ],
        tensorflow=[tf_pairwise_distance],
        samples=[
            normal((4, 9), (4, 9), eps=2.0**-10),
            normal((4, 9), (4, 9), eps=0.0, name="no-epsilon", dtypes=SHAPES),
            given(
                [[1.0, 2.0], [1.0, 2.0]],
                [[1.0, 2.0], [1.0, 3.0]],
                eps=2.0**-10,
                name="equal",
                smooth=False,
                dtypes=EDGES,
            ),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pairwise_distance.html",),
    ),
    Case(
        "distance",
        "reduction",
        ref.distance,
        vjp=ref.distance_vjp,
        torch=[lambda torch, x, y, p: torch.dist(x, y, p), lambda torch, x, y, p: torch.linalg.vector_norm(x - y, p)],
        tensorflow=[lambda tf, x, y, p: tf.norm(x - y, p)],
        jax=[lambda jax, x, y, p: jax.numpy.linalg.vector_norm(x - y, ord=p)],
        samples=[
            normal((4, 9), (4, 9), p=2.0),
            normal((4, 9), (4, 9), p=1.0, name="one-norm", dtypes=SHAPES),
            normal((4, 9), (4, 9), p=np.inf, name="max-norm", dtypes=SHAPES),
            given([3.0], [-1.0], p=2.0, name="one-element", dtypes=SHAPES),
            given([3.0, 1.0], [3.0, 1.0], p=2.0, name="equal", smooth=False, dtypes=EDGES),
        ],
        sources=(f"{TORCH}dist.html",),
    ),
)
