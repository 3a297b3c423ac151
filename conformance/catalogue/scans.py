"""Scans: running sums, products, extremes and differences along an axis."""

from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.reference import scans as ref
from fixtures.samples import factors, given, normal, sample, uniform

NUMPY = "https://numpy.org/doc/stable/reference/generated/numpy."
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
KERAS = "https://keras.io/api/ops/numpy/"

MATRIX = (8, 33)
INTS = ("int64", "int32", "int8", "uint8")
"""Integers of both signs and of different sizes; PyTorch has few kernels for the other unsigned ones."""
SHAPES = ("float64",)
"""The dtype of samples that ask where numbers go, rather than what they are."""
EDGES = ("float32",)
"""The dtype of samples of conventions (ties, infinities), which are the same in each."""


def reals(*shapes: tuple[int, ...], name: str = "normal", **options: Any) -> Sample:
    return normal(*shapes, name=name, dtypes=FLOATS, **options)


def whole(shape: tuple[int, ...], name: str = "integers", **options: Any) -> Sample:
    """Small integers; those of unsigned types are not negative."""
    return sample(name, lambda rng: (rng.integers(-4, 5, shape).astype(float),), dtypes=INTS, **options)


def complex_normal(shape: tuple[int, ...], name: str = "complex", **options: Any) -> Sample:
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape),)

    return sample(name, make, dtypes=COMPLEX, **options)


def partial_sums(x: Array, *, axis: int, **_: Any) -> Array:
    """A running sum rounds each partial sum: root of the sum of their squares (Higham, ASNA, section 4.2)."""
    return np.sqrt(np.cumsum(np.abs(np.cumsum(x, axis=axis)) ** 2, axis=axis))


def partial_sums_of_cotangent(c: Array, x: Array, *, axis: int) -> Array:
    return np.flip(partial_sums(np.flip(c, axis), axis=axis), axis)


def partial_sums_of_kind(x: Array, *, axis: int, exclusive: bool, reverse: bool) -> Array:
    """The same, in the direction of the sum."""
    v = np.flip(x, axis) if reverse else x
    y = partial_sums(v, axis=axis)
    return np.flip(y, axis) if reverse else y


def partial_sums_of_kind_of_cotangent(c: Array, x: Array, *, axis: int, exclusive: bool, reverse: bool) -> Array:
    return partial_sums_of_kind(c, axis=axis, exclusive=exclusive, reverse=not reverse)


def partial_integrals(y: Array, *, dx: float, axis: int) -> Array:
    """The integral is a running sum."""
    v = np.moveaxis(y, axis, -1)
    return np.moveaxis(partial_sums((v[..., 1:] + v[..., :-1]) / 2, axis=-1), -1, axis) * dx


def unit(x: Array, **_: Any) -> Array:
    """The sum of exponentials is at least 1 and is rounded before its logarithm, which may be near 0, is taken."""
    return np.ones(())


def weighted_cotangents(c: Array, x: Array, *, axis: int) -> Array:
    """The sum over i of c_i exp(x_j - y_i) is formed as a running sum of c exp(-y), times exp(x)."""
    return ref.logcumsumexp_vjp(np.abs(c), x, axis=axis)


def torch_cumsum_of_kind(torch, x, axis, exclusive, reverse):
    y = torch.flip(x, (axis,)) if reverse else x
    if exclusive:
        first = torch.zeros_like(y.narrow(axis, 0, 1))
        y = torch.cat([first, y.narrow(axis, 0, y.shape[axis] - 1)], dim=axis)
    y = torch.cumsum(y, dim=axis)
    return torch.flip(y, (axis,)) if reverse else y


def tf_cumulative_trapezoid(tf, y, dx, axis):
    v = tf.keras.ops.moveaxis(y, axis, -1)
    return tf.keras.ops.moveaxis(tf.cumsum((v[..., 1:] + v[..., :-1]) / 2, -1) * dx, -1, axis)


EMPTY = sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True, dtypes=SHAPES)
ONE = given([[1.0], [-2.0]], axis=1, name="one-element", dtypes=SHAPES)
TIES = sample(
    "ties", lambda rng: (rng.integers(0, 4, (4, 20)).astype(float),), axis=1, edge=True, smooth=False, dtypes=EDGES
)
NONFINITE = given(
    [[1.0, np.inf, 2.0], [-np.inf, 0.0, 1.0], [1.0, np.nan, 3.0]], axis=1, name="nonfinite", gradient=False,
    dtypes=EDGES,
)  # fmt: skip

SCANS = (
    Case(
        "cumsum",
        "reduction",
        ref.cumsum,
        vjp=ref.cumsum_vjp,
        intermediates=partial_sums,
        vjp_intermediates=partial_sums_of_cotangent,
        torch=[lambda torch, x, axis: torch.cumsum(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.cumsum(x, axis), lambda tf, x, axis: tf.keras.ops.cumsum(x, axis)],
        jax=[lambda jax, x, axis: jax.numpy.cumsum(x, axis), lambda jax, x, axis: jax.lax.cumsum(x, axis % x.ndim)],
        samples=[
            reals(MATRIX, axis=0),
            reals((4, 5, 6), axis=-2, name="negative-axis"),
            uniform(
                (1000,), 0.5, 1, axis=0, name="1000-of-one-sign", edge=True, dtypes=("float64", "float32", "float16")
            ),
            ONE,
            EMPTY,
            complex_normal((4, 9), axis=1),
            whole((4, 9), axis=-1),
            given([[100.0, 100.0, 100.0]], axis=1, name="overflow", dtypes=("int8", "uint8")),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTS),
        sources=(f"{NUMPY}cumsum.html",),
    ),
    Case(
        "long_cumsum",  # as accurate as its format: without the partial sums, which need not be rounded to it
        "reduction",
        lambda x: ref.cumsum(x, axis=0),
        torch=[lambda torch, x: torch.cumsum(x, dim=0)],
        tensorflow=[
            lambda tf, x: tf.cumsum(x),
            lambda tf, x: tf.keras.ops.cumsum(x),
            lambda tf, x: tf.cast(tf.math.cumsum(tf.cast(x, tf.float64)), x.dtype),
        ],
        jax=[lambda jax, x: jax.numpy.cumsum(x)],
        samples=[
            given(np.full(50_000, 0.1), name="tenths", dtypes=("float32",)),
            given(np.ones(1000), name="ones", dtypes=("bfloat16",)),
            given(np.full(4, 0.1), name="four", edge=False),
        ],
        sources=(f"{NUMPY}cumsum.html",),
    ),
    Case(
        "cumsum_of_kind",
        "reduction",
        ref.cumsum_of_kind,
        vjp=ref.cumsum_of_kind_vjp,
        intermediates=partial_sums_of_kind,
        vjp_intermediates=partial_sums_of_kind_of_cotangent,
        torch=[torch_cumsum_of_kind],
        tensorflow=[
            lambda tf, x, axis, exclusive, reverse: tf.cumsum(x, axis, exclusive, reverse),
        ],
        samples=[
            reals((4, 9), axis=1, exclusive=True, reverse=False, name="exclusive"),
            reals((4, 9), axis=-2, exclusive=False, reverse=True, name="reverse"),
            reals((4, 9), axis=-1, exclusive=True, reverse=True, name="both"),
            whole((4, 9), axis=1, exclusive=True, reverse=True),
            given([[1.0], [-2.0]], axis=1, exclusive=True, reverse=False, name="one-element"),
            given(
                [[1.0, np.inf, 2.0]],
                axis=1,
                exclusive=True,
                reverse=False,
                name="nonfinite",
                gradient=False,
                dtypes=FLOATS,
            ),
        ],
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}math/cumsum",),
    ),
    Case(
        "cumprod",
        "reduction",
        ref.cumprod,
        vjp=ref.cumprod_vjp,
        torch=[lambda torch, x, axis: torch.cumprod(x, dim=axis)],
        tensorflow=[
            lambda tf, x, axis: tf.math.cumprod(x, axis),
            lambda tf, x, axis: tf.keras.ops.cumprod(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.cumprod(x, axis)],
        samples=[
            sample("factors", lambda rng: (factors(rng, (4, 9)),), axis=1, dtypes=FLOATS),
            sample("negative-axis", lambda rng: (factors(rng, (3, 6, 2)),), axis=-2, dtypes=FLOATS),
            given([[2.0, 0.0, 3.0, -1.0]], axis=1, name="one-zero", dtypes=FLOATS),
            given([[2.0, 0.0, 3.0, 0.0, 5.0]], axis=1, name="two-zeros", dtypes=FLOATS),
            ONE,
            complex_normal((3, 5), axis=1),
            whole((4, 3), axis=-1),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTS),
        sources=(f"{NUMPY}cumprod.html",),
    ),
    Case(
        "cummax",
        "selection",
        ref.cummax,
        vjp=ref.cummax_vjp,
        torch=[lambda torch, x, axis: torch.cummax(x, dim=axis).values],
        jax=[lambda jax, x, axis: jax.lax.cummax(x, axis % x.ndim)],
        samples=[
            reals((4, 9), axis=1),
            reals((5, 3), axis=-2, name="negative-axis"),
            TIES,
            ONE,
            NONFINITE,
            whole((4, 9), axis=1),
        ],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}cummax.html",),
    ),
    Case(
        "cummin",
        "selection",
        ref.cummin,
        vjp=ref.cummin_vjp,
        torch=[lambda torch, x, axis: torch.cummin(x, dim=axis).values],
        jax=[lambda jax, x, axis: jax.lax.cummin(x, axis % x.ndim)],
        samples=[
            reals((4, 9), axis=1),
            reals((5, 3), axis=-2, name="negative-axis"),
            TIES,
            ONE,
            NONFINITE,
            whole((4, 9), axis=1),
        ],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}cummin.html",),
    ),
    Case(
        "cummax_places",
        "selection",
        ref.cummax_places,
        torch=[lambda torch, x, axis: torch.cummax(x, dim=axis).indices],
        samples=[reals((4, 9), axis=1), TIES, ONE, NONFINITE, whole((4, 9), axis=-1)],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}cummax.html",),
    ),
    Case(
        "cummin_places",
        "selection",
        ref.cummin_places,
        torch=[lambda torch, x, axis: torch.cummin(x, dim=axis).indices],
        samples=[reals((4, 9), axis=1), TIES, ONE, NONFINITE, whole((4, 9), axis=-1)],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}cummin.html",),
    ),
    Case(
        "logcumsumexp",
        "reduction",
        ref.logcumsumexp,
        vjp=ref.logcumsumexp_vjp,
        intermediates=unit,
        vjp_intermediates=weighted_cotangents,
        torch=[lambda torch, x, axis: torch.logcumsumexp(x, dim=axis)],
        tensorflow=[
            lambda tf, x, axis: tf.math.cumulative_logsumexp(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.lax.cumlogsumexp(x, axis % x.ndim)],
        samples=[
            normal((4, 12), axis=1),
            normal((5, 3), axis=-2, scale=3, name="negative-axis"),
            sample("far-from-zero", lambda rng: (500 + rng.standard_normal((2, 6)),), axis=-1, edge=True),
            given([[1.0], [-2.0]], axis=1, name="one-element"),
            given(
                [[-np.inf, 0.0, 1.0], [1.0, np.inf, 2.0], [-np.inf, -np.inf, -np.inf]],
                axis=1,
                name="nonfinite",
                gradient=False,
            ),
            given([[-np.inf, 0.0, 1.0]], axis=1, name="minus-infinity-first", smooth=False),
        ],
        sources=(f"{TORCH}logcumsumexp.html", f"{TF}math/cumulative_logsumexp"),
    ),
    Case(
        "diff",
        "reduction",
        ref.diff,
        vjp=ref.diff_vjp,
        torch=[lambda torch, x, n, axis: torch.diff(x, n=n, dim=axis)],
        tensorflow=[lambda tf, x, n, axis: tf.keras.ops.diff(x, n=n, axis=axis)],
        jax=[lambda jax, x, n, axis: jax.numpy.diff(x, n, axis)],
        samples=[
            reals((4, 9), n=1, axis=1),
            reals((6, 3), n=2, axis=-2, name="twice"),
            given([[3.0], [-2.0]], n=1, axis=1, name="one-element"),
            given(
                [[np.inf, 1.0, np.inf, np.inf, np.nan]], n=1, axis=1, name="nonfinite", gradient=False, dtypes=FLOATS
            ),
            whole((4, 9), n=1, axis=-1),
            sample("bools", lambda rng: (rng.standard_normal((3, 8)),), n=1, axis=1, dtypes=("bool",)),
        ],
        dtypes=(*FLOATS, *INTS, "bool"),
        sources=(f"{NUMPY}diff.html",),
    ),
    Case(
        "cumulative_trapezoid",
        "reduction",
        ref.cumulative_trapezoid,
        vjp=ref.cumulative_trapezoid_vjp,
        intermediates=partial_integrals,
        torch=[lambda torch, y, dx, axis: torch.cumulative_trapezoid(y, dx=dx, dim=axis)],
        tensorflow=[tf_cumulative_trapezoid],
        samples=[
            normal((4, 9), dx=1.0, axis=1),
            normal((6, 3), dx=0.25, axis=-2, name="negative-axis"),
            given([[3.0], [-2.0]], dx=1.0, axis=1, name="one-element"),
        ],
        sources=(f"{TORCH}cumulative_trapezoid.html",),
    ),
)
