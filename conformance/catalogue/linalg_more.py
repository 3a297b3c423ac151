"""Linear algebra: norms and distances, structured matrices and products that make them."""

from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.reference import linalg as ref
from fixtures.samples import given, normal, sample

NUMPY = "https://numpy.org/doc/stable/reference/generated/numpy."


def torch_band_part(torch, a, lower, upper):
    a = torch.triu(a, -lower) if lower >= 0 else a
    return torch.tril(a, upper) if upper >= 0 else a


def keras_band_part(tf, a, lower, upper):
    a = tf.keras.ops.triu(a, -lower) if lower >= 0 else a
    return tf.keras.ops.tril(a, upper) if upper >= 0 else a


def tf_distances(tf, a, b, p):
    return tf.norm(tf.expand_dims(a, -2) - tf.expand_dims(b, -3), ord=p, axis=-1)


def torch_tridiagonal_matmul(torch, upper, middle, lower, b):
    return (torch.diag(upper[:-1], 1) + torch.diag(middle) + torch.diag(lower[1:], -1)) @ b


def complex_normal(*shapes: tuple[int, ...], name: str = "complex", **options: Any) -> Sample:
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(rng.standard_normal(s) + 1j * rng.standard_normal(s) for s in shapes)

    return sample(name, make, dtypes=COMPLEX, **options)


def reals(*shapes: tuple[int, ...], name: str = "normal", **options: Any) -> Sample:
    return normal(*shapes, name=name, dtypes=FLOATS, **options)


MORE = (
    Case(
        "kron",
        "contraction",
        ref.kron,
        vjp=ref.kron_vjp,
        torch=[lambda torch, a, b: torch.kron(a, b)],
        tensorflow=[
            lambda tf, a, b: tf.experimental.numpy.kron(a, b),
            lambda tf, a, b: tf.keras.ops.kron(a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.kron(a, b)],
        samples=[
            reals((2, 3), (4, 2)),
            reals((3,), (4,), name="vectors"),
            complex_normal((2, 2), (3, 1)),
            reals((1, 1), (2, 2), name="one-element", edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(NUMPY + "kron.html",),
    ),
    Case(
        "trace",
        "reduction",
        ref.trace,
        vjp=ref.trace_vjp,
        torch=[lambda torch, a: torch.trace(a), lambda torch, a: torch.einsum("ii", a)],
        tensorflow=[
            lambda tf, a: tf.linalg.trace(a),
            lambda tf, a: tf.keras.ops.trace(a),
            lambda tf, a: tf.experimental.numpy.trace(a),
            lambda tf, a: tf.einsum("ii", a),
        ],
        jax=[lambda jax, a: jax.numpy.trace(a), lambda jax, a: jax.numpy.linalg.trace(a)],
        samples=[
            reals((9, 9)),
            complex_normal((4, 4)),
            reals((1, 1), name="one-element", edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(NUMPY + "trace.html",),
    ),
    Case(
        "cross",
        "contraction",
        ref.cross,
        vjp=ref.cross_vjp,
        torch=[
            lambda torch, a, b: torch.linalg.cross(a, b),
            lambda torch, a, b: torch.cross(a, b, dim=-1),
        ],
        tensorflow=[
            lambda tf, a, b: tf.linalg.cross(a, b),
            lambda tf, a, b: tf.keras.ops.cross(a, b),
            lambda tf, a, b: tf.experimental.numpy.cross(a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.cross(a, b), lambda jax, a, b: jax.numpy.linalg.cross(a, b)],
        samples=[
            normal((5, 3), (5, 3)),
            normal((2, 4, 3), (2, 4, 3), name="batch"),
            given([[1.0, 0.0, 0.0], [2.0, 4.0, -2.0]], [[0.0, 1.0, 0.0], [1.0, 2.0, -1.0]], name="unit-and-parallel"),
        ],
        sources=(NUMPY + "cross.html",),
    ),
    Case(
        "vander",
        "reduction",
        ref.vander,
        vjp=ref.vander_vjp,
        torch=[
            lambda torch, x, N, increasing: torch.vander(x, N, increasing),
            lambda torch, x, N, increasing: (
                torch.linalg.vander(x, N=N) if increasing else torch.linalg.vander(x, N=N).flip(-1)
            ),
        ],
        tensorflow=[
            lambda tf, x, N, increasing: tf.experimental.numpy.vander(x, N, increasing),
            lambda tf, x, N, increasing: tf.keras.ops.vander(x, N, increasing),
        ],
        jax=[lambda jax, x, N, increasing: jax.numpy.vander(x, N, increasing)],
        samples=[
            normal((5,), N=4, increasing=True),
            normal((4,), N=4, increasing=False, name="decreasing"),
            given([0.0, 1.0, -1.0, -2.0], N=4, increasing=True, name="zero-and-ones"),
        ],
        dtypes=("float64", "float32"),  # torch.linalg.vander refuses half precision
        sources=(NUMPY + "vander.html",),
    ),
    Case(
        "cdist",
        "reduction",
        ref.cdist,
        vjp=ref.cdist_vjp,
        torch=[
            lambda torch, a, b: torch.cdist(a, b),
            lambda torch, a, b: torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist"),
            lambda torch, a, b: torch.linalg.vector_norm(a[..., :, None, :] - b[..., None, :, :], dim=-1),
        ],
        tensorflow=[
            lambda tf, a, b: tf.norm(tf.expand_dims(a, -2) - tf.expand_dims(b, -3), axis=-1),
            lambda tf, a, b: tf.keras.ops.cdist(a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.linalg.norm(a[..., :, None, :] - b[..., None, :, :], axis=-1)],
        samples=[
            normal((5, 4), (6, 4)),
            normal((2, 3, 4), (2, 5, 4), name="batch"),
            sample(
                "26-rows-far-from-zero",
                lambda rng: (100 + rng.standard_normal((26, 3)), 100 + rng.standard_normal((2, 3))),
                dtypes=("float64", "float32"),
                edge=True,
            ),
            given([[1.0, 2.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]], name="zero-distance", smooth=False),
        ],
        dtypes=("float64", "float32"),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.cdist.html",),
    ),
    Case(
        "cdist_of_order",
        "reduction",
        ref.cdist,
        vjp=ref.cdist_vjp,
        torch=[lambda torch, a, b, p: torch.cdist(a, b, p=p)],
        tensorflow=[tf_distances],
        jax=[lambda jax, a, b, p: jax.numpy.linalg.norm(a[..., :, None, :] - b[..., None, :, :], p, -1)],
        samples=[
            normal((5, 4), (6, 4), p=1.0, name="sum"),
            normal((5, 4), (6, 4), p=np.inf, name="largest"),
            given([[1.0, 2.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]], p=1.0, name="zero-distance", smooth=False),
        ],
        dtypes=("float64", "float32"),
        sources=("https://docs.scipy.org/doc/scipy/reference/generated/scipy.spatial.distance.cdist.html",),
    ),
    Case(
        "matrix_norm",
        "reduction",
        ref.matrix_norm,
        vjp=ref.matrix_norm_vjp,
        torch=[
            lambda torch, a, ord: torch.linalg.matrix_norm(a, ord),
            lambda torch, a, ord: torch.linalg.norm(a, ord, dim=(-2, -1)),
        ],
        tensorflow=[
            lambda tf, a, ord: tf.norm(a, ord, axis=[-2, -1]),
            lambda tf, a, ord: tf.keras.ops.norm(a, ord, axis=(-2, -1)),
        ],
        jax=[lambda jax, a, ord: jax.numpy.linalg.matrix_norm(a, ord=ord)],
        samples=[
            normal((5, 7), ord="fro", name="frobenius"),
            normal((2, 5, 4), ord=1, name="one"),
            normal((2, 5, 4), ord=np.inf, name="infinity"),
            normal((1, 1), ord="fro", name="one-element", edge=True),
        ],
        dtypes=("float64", "float32"),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html",),
    ),
    Case(
        "band_part",
        "selection",
        ref.band_part,
        vjp=ref.band_part_vjp,
        torch=[torch_band_part],
        tensorflow=[lambda tf, a, lower, upper: tf.linalg.band_part(a, lower, upper), keras_band_part],
        samples=[
            normal((5, 7), lower=1, upper=2),
            normal((2, 4, 4), lower=-1, upper=0, name="lower-triangle"),
            normal((4, 4), lower=0, upper=-1, name="upper-triangle"),
            normal((3, 3), lower=-1, upper=-1, name="everything", edge=True),
            given([[np.inf, np.nan], [np.nan, -np.inf]], lower=0, upper=0, name="nonfinite", gradient=False),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/band_part",),
    ),
    Case(
        "tridiagonal_matmul",
        "contraction",
        ref.tridiagonal_matmul,
        vjp=ref.tridiagonal_matmul_vjp,
        torch=[torch_tridiagonal_matmul],
        tensorflow=[
            lambda tf, upper, middle, lower, b: tf.linalg.tridiagonal_matmul(tf.stack([upper, middle, lower]), b),
            lambda tf, upper, middle, lower, b: tf.linalg.LinearOperatorTridiag(
                [upper, middle, lower], diagonals_format="sequence"
            ).matmul(b),
        ],
        samples=[
            normal((5,), (5,), (5,), (5, 3)),
            normal((2,), (2,), (2,), (2, 1), name="two-rows"),
            normal((1,), (1,), (1,), (1, 2), name="one-row", edge=True),
        ],
        dtypes=("float64", "float32"),
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/tridiagonal_matmul",),
    ),
)
