"""Reductions, scans, norms and the softmax family."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case
from conformance.catalogue import extremes
from conformance.catalogue.norms import NORMS, reals
from conformance.catalogue.reductions_defaults import DEFAULTS
from conformance.catalogue.scans import (
    EDGES,
    INTS,
    MATRIX,
    NUMPY,
    SCANS,
    SHAPES,
    TF,
    TORCH,
    complex_normal,
    unit,
    whole,
)
from conformance.reference import reductions as ref
from fixtures.samples import factors, given, normal, sample, uniform

IMA = "https://doi.org/10.1093/imanum/draa038"


def weighted_cotangent(c: Array, x: Array, *, axis: Any) -> Array:
    """softmax * (c - sum(c softmax)): where one class has nearly all the weight, the difference cancels."""
    y = ref.softmax(x, axis=axis)
    return y * np.maximum(np.abs(c), np.abs(np.sum(c * y, axis=axis, keepdims=True)))


def cotangent_and_share(c: Array, x: Array, *, axis: int) -> Array:
    """c - softmax * sum(c): the same."""
    return np.maximum(np.abs(c), ref.softmax(x, axis=axis) * np.abs(np.sum(c, axis=axis, keepdims=True)))


def dims(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis


def torch_prod(torch, x, axis, keepdims=False):
    if axis is None:
        return torch.prod(x)
    for a in sorted((axis,) if isinstance(axis, int) else (d % x.ndim for d in axis), reverse=True):
        x = torch.prod(x, dim=a, keepdim=keepdims)
    return x


def share_of_weights(c: tuple[Array, Array], x: Array, weights: Array, *, axis: int) -> tuple[Array, Array]:
    """x less its mean, of which both gradients are formed, is rounded in units of x."""
    total = np.sum(weights, axis=axis, keepdims=True)
    first, second = (np.abs(np.expand_dims(a, axis)) / total for a in c)
    size = np.max(np.abs(x), axis=axis, keepdims=True)
    d = np.abs(x - np.sum(weights * x, axis=axis, keepdims=True) / total)
    return (first + 2 * second * size) * weights, first * size + second * 2 * np.max(d, axis=axis, keepdims=True) * size


def share_of_weight(c: Array, x: Array, weights: Array, *, axis: int) -> tuple[Array, Array]:
    """The same of the mean alone."""
    return share_of_weights((c, np.zeros_like(c)), x, weights, axis=axis)


def torch_weighted_mean(torch, x, weights, axis):
    return torch.sum(weights * x, dim=axis) / torch.sum(weights, dim=axis)


def torch_weighted_moments(torch, x, weights, axis):
    total = torch.sum(weights, dim=axis, keepdim=True)
    mean = torch.sum(weights * x, dim=axis, keepdim=True) / total
    variance = torch.sum(weights * (x - mean) ** 2, dim=axis, keepdim=True) / total
    return mean.squeeze(axis), variance.squeeze(axis)


def over_less(tf, x, axis, ddof):
    """n / (n - ddof): TensorFlow divides by n alone."""
    n = tf.cast(tf.shape(x)[axis], x.dtype)
    return n / (n - ddof)


def tf_covariance(tf, x, ddof):
    d = x - tf.reduce_mean(x, -1, keepdims=True)
    return tf.matmul(d, d, transpose_b=True) / tf.cast(tf.shape(x)[-1] - ddof, x.dtype)


def positive_weights(*shape: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return rng.standard_normal(shape), rng.uniform(0.5, 2, shape)

    return make


ONE = given([[1.0], [-2.0]], axis=1, name="one-element", dtypes=SHAPES)
EMPTY = sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True, dtypes=(*SHAPES, "bool"))
NO_AXES = given([[1.0, 2.0], [3.0, 5.0]], axis=(), name="no-axes", smooth=False, dtypes=EDGES)
NONFINITE = given(
    [[1.0, np.inf], [np.inf, -np.inf], [np.nan, 1.0]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES
)
HOLES = given(
    [[1.0, np.nan, 3.0], [2.0, 5.0, 4.0], [np.nan, np.nan, 7.0]], axis=1, name="holes", smooth=False, dtypes=EDGES
)
CONSTANT = given([[0.5, 0.5, 0.5], [1.0, 2.0, 4.0]], axis=1, ddof=0, name="constant", smooth=False, dtypes=EDGES)
TRUTHS = (
    sample("normal", lambda rng: (rng.integers(0, 2, (8, 3)).astype(float),), axis=1),
    sample("two-axes", lambda rng: (rng.integers(0, 2, (3, 2, 2)).astype(float),), axis=(0, -1), keepdims=True),
    given([[0.0, 0.0], [1.0, 1.0]], axis=None, name="all-axes"),
    EMPTY,
    given([[np.nan, 1.0], [np.nan, 0.0], [-0.0, 0.0]], axis=1, name="nan-and-signed-zero", dtypes=("float32",)),
)

CASES = (
    Case(
        "sum",
        "reduction",
        ref.sum,
        vjp=ref.sum_vjp,
        torch=[
            lambda torch, x, axis, keepdims=False: torch.sum(x, dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_sum(x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.sum(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.sum(x, axis, keepdims=keepdims)],
        samples=[
            reals(MATRIX, axis=None),
            normal((4, 5, 6), axis=(0, -1), name="two-axes", dtypes=SHAPES),
            normal((4, 5, 6), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            uniform((100_000,), 0.5, 1, axis=None, name="100000-of-one-sign", edge=True, dtypes=("float64", "float32")),
            ONE,
            EMPTY,
            NO_AXES,
            NONFINITE,
            complex_normal((4, 9), axis=1),
            whole((4, 9), axis=1),
            given([[np.inf, np.inf, 1.0]], axis=1, name="overflow", dtypes=("int32", "int8", "uint8")),
            sample("bools", lambda rng: (rng.standard_normal((3, 8)),), axis=1, dtypes=("bool",)),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTS, "bool"),
        sources=(f"{NUMPY}sum.html",),
    ),
    Case(
        "mean",
        "reduction",
        ref.mean,
        vjp=ref.mean_vjp,
        torch=[
            lambda torch, x, axis, keepdims=False: torch.mean(x, dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_mean(x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.mean(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.mean(x, axis, keepdims=keepdims)],
        samples=[
            reals(MATRIX, axis=None),
            normal((4, 5, 6), axis=(0, -1), name="two-axes", dtypes=SHAPES),
            normal((4, 5, 6), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            uniform((4, 70_000), 0.5, 1, axis=1, name="70000-of-one-sign", edge=True, dtypes=FLOATS),
            ONE,
            sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True, gradient=False, dtypes=SHAPES),
            NONFINITE,
            complex_normal((4, 9), axis=1),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(f"{NUMPY}mean.html",),
    ),
    Case(
        "mean_of_integers",
        "selection",
        ref.mean,
        torch=[lambda torch, x, axis: torch.mean(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.reduce_mean(x, axis), lambda tf, x, axis: tf.keras.ops.mean(x, axis)],
        jax=[lambda jax, x, axis: jax.numpy.mean(x, axis)],
        samples=[
            given([[1.0, 2.0], [2.0, 5.0]], axis=1, name="halves"),
            given([[7.0, 8.0, 9.0, 9.0]], axis=None, name="quarters"),
            given([[3.0, 4.0], [0.0, 1.0], [2.0, 0.0], [1.0, 1.0]], axis=-2, name="negative-axis"),
        ],
        dtypes=("int64", "int32", "uint8"),
        sources=(f"{NUMPY}mean.html",),
    ),
    Case(
        "prod",
        "reduction",
        ref.prod,
        vjp=ref.prod_vjp,
        torch=[torch_prod],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_prod(x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.prod(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.prod(x, axis, keepdims=keepdims)],
        samples=[
            sample("factors", lambda rng: (factors(rng, (4, 9)),), axis=1, dtypes=FLOATS),
            normal((3, 4, 2), axis=(0, -1), name="two-axes", dtypes=SHAPES),
            normal((3, 4, 2), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
            normal((2, 4), axis=None, name="all-axes", dtypes=SHAPES),
            given([[2.0, 0.0, 3.0], [1.0, 2.0, 4.0]], axis=1, name="one-zero", dtypes=FLOATS),
            given([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]], axis=1, name="two-zeros", dtypes=FLOATS),
            ONE,
            EMPTY,
            complex_normal((4, 5), axis=1),
            whole((4, 3), axis=1),
            given([[100.0, 100.0, 100.0]], axis=1, name="overflow", dtypes=("int8", "uint8")),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTS),
        sources=(f"{NUMPY}prod.html",),
    ),
    Case(
        "var",
        "reduction",
        ref.var,
        vjp=ref.var_vjp,
        torch=[
            lambda torch, x, axis, ddof: torch.var(x, dim=axis, correction=ddof),
        ],
        tensorflow=[
            lambda tf, x, axis, ddof: tf.math.reduce_variance(x, axis) * over_less(tf, x, axis, ddof),
            lambda tf, x, axis, ddof: tf.keras.ops.var(x, axis) * over_less(tf, x, axis, ddof),
        ],
        jax=[lambda jax, x, axis, ddof: jax.numpy.var(x, axis, ddof=ddof)],
        samples=[
            normal(MATRIX, axis=1, ddof=0),
            normal(MATRIX, axis=0, ddof=1, name="unbiased"),
            normal((3, 4, 5), axis=-2, ddof=1, name="negative-axis", dtypes=SHAPES),
            sample("constant", lambda _: (np.full((3, 10), 0.1),), axis=1, ddof=0, edge=True, dtypes=EDGES),
            sample("far-from-zero", lambda rng: (100 + rng.standard_normal((4, 50)),), axis=1, ddof=0, edge=True),
            given([[3.0], [-2.0]], axis=1, ddof=0, name="one-element", dtypes=SHAPES),
            given([[1.0, np.inf], [1.0, np.nan]], axis=1, ddof=0, name="nonfinite", gradient=False, dtypes=EDGES),
        ],
        sources=(f"{NUMPY}var.html",),
    ),
    Case(
        "std",
        "reduction",
        ref.std,
        vjp=ref.std_vjp,
        torch=[lambda torch, x, axis, ddof: torch.std(x, dim=axis, correction=ddof)],
        tensorflow=[
            lambda tf, x, axis, ddof: tf.math.reduce_std(x, axis) * tf.sqrt(over_less(tf, x, axis, ddof)),
            lambda tf, x, axis, ddof: tf.keras.ops.std(x, axis) * tf.sqrt(over_less(tf, x, axis, ddof)),
        ],
        jax=[lambda jax, x, axis, ddof: jax.numpy.std(x, axis, ddof=ddof)],
        samples=[
            normal(MATRIX, axis=1, ddof=0),
            normal((6, 5), axis=-2, ddof=1, name="unbiased"),
            CONSTANT,
            sample("far-from-zero", lambda rng: (100 + rng.standard_normal((4, 50)),), axis=1, ddof=0, edge=True),
        ],
        sources=(f"{NUMPY}std.html", f"{TF}math/reduce_std"),
    ),
    Case(
        "mean_and_variance",
        "reduction",
        ref.mean_and_variance,
        vjp=ref.mean_and_variance_vjp,
        torch=[
            lambda torch, x, axis, keepdims=False: torch.var_mean(x, axis, correction=0, keepdim=keepdims)[::-1],
        ],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.nn.moments(x, axis, keepdims=keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.moments(x, axis, keepdims),
        ],
        jax=[
            lambda jax, x, axis, keepdims=False: (
                jax.numpy.mean(x, axis, keepdims=keepdims),
                jax.numpy.var(x, axis, keepdims=keepdims),
            )
        ],
        samples=[
            normal((4, 9), axis=(1,)),
            normal((4, 5, 3), axis=(0, -1), name="two-axes", dtypes=SHAPES),
            normal((4, 5, 3), axis=(-2,), keepdims=True, name="keepdims", dtypes=SHAPES),
            given([[0.5, 0.5, 0.5]], axis=(1,), name="constant"),
        ],
        sources=(f"{TORCH}var_mean.html", f"{TF}nn/moments"),
    ),
    Case(
        "mean_and_deviation",
        "reduction",
        ref.mean_and_deviation,
        vjp=ref.mean_and_deviation_vjp,
        torch=[lambda torch, x, axis, ddof: torch.std_mean(x, axis, correction=ddof)[::-1]],
        jax=[lambda jax, x, axis, ddof: (jax.numpy.mean(x, axis), jax.numpy.std(x, axis, ddof=ddof))],
        samples=[
            normal((4, 9), axis=1, ddof=0),
            normal((6, 5), axis=-2, ddof=1, name="unbiased"),
            CONSTANT,
            given([[3.0]], axis=1, ddof=1, name="of-one-number", gradient=False, dtypes=EDGES),
        ],
        sources=(f"{TORCH}std_mean.html",),
    ),
    Case(
        "weighted_mean",
        "reduction",
        ref.weighted_mean,
        vjp=ref.weighted_mean_vjp,
        vjp_intermediates=share_of_weight,
        torch=[torch_weighted_mean],
        tensorflow=[
            lambda tf, x, weights, axis: tf.keras.ops.average(x, axis, weights),
            lambda tf, x, weights, axis: tf.nn.weighted_moments(x, axis, weights)[0],
        ],
        jax=[lambda jax, x, weights, axis: jax.numpy.average(x, axis, weights)],
        samples=[
            sample("normal", positive_weights(4, 9), axis=1),
            sample("negative-axis", positive_weights(4, 5, 3), axis=-2),
            given([[1.0, 2.0, 3.0]], [[0.0, 0.0, 2.0]], axis=1, name="weights-of-zero", dtypes=EDGES),
            given([[1.0]], [[3.0]], axis=1, name="one-element", dtypes=SHAPES),
        ],
        sources=(f"{NUMPY}average.html",),
    ),
    Case(
        "weighted_moments",
        "reduction",
        ref.weighted_moments,
        vjp=ref.weighted_moments_vjp,
        vjp_intermediates=share_of_weights,
        torch=[torch_weighted_moments],
        tensorflow=[lambda tf, x, weights, axis: tf.nn.weighted_moments(x, axis, weights)],
        samples=[
            sample("normal", positive_weights(4, 9), axis=1),
            sample("negative-axis", positive_weights(4, 5, 3), axis=-2),
            given([[1.0, 2.0, 3.0]], [[0.0, 0.0, 2.0]], axis=1, name="weights-of-zero", dtypes=EDGES),
            given([[1.0]], [[3.0]], axis=1, name="one-element", dtypes=SHAPES),
        ],
        sources=(f"{TF}nn/weighted_moments",),
    ),
    Case(
        "nansum",
        "reduction",
        ref.nansum,
        vjp=ref.nansum_vjp,
        torch=[lambda torch, x, axis: torch.nansum(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.keras.ops.nansum(x, axis)],
        jax=[lambda jax, x, axis: jax.numpy.nansum(x, axis)],
        samples=[
            normal((4, 9), axis=1),
            normal((4, 5, 3), axis=(0, -1), name="two-axes", dtypes=SHAPES),
            HOLES,
            given([[np.nan, np.nan], [np.inf, np.nan]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES),
        ],
        sources=(f"{NUMPY}nansum.html",),
    ),
    Case(
        "nanmean",
        "reduction",
        ref.nanmean,
        vjp=ref.nanmean_vjp,
        torch=[lambda torch, x, axis: torch.nanmean(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.keras.ops.nanmean(x, axis)],
        jax=[lambda jax, x, axis: jax.numpy.nanmean(x, axis)],
        samples=[
            normal((4, 9), axis=1),
            normal((4, 5, 3), axis=(0, -1), name="two-axes", dtypes=SHAPES),
            HOLES,
            given([[np.nan, np.nan], [np.inf, np.nan]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES),
        ],
        sources=(f"{NUMPY}nanmean.html",),
    ),
    Case(
        "all",
        "selection",
        ref.all,
        torch=[lambda torch, x, axis, keepdims=False: torch.all(x, dim=axis, keepdim=keepdims)],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_all(tf.cast(x, "bool"), axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.all(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.all(x, axis, keepdims=keepdims)],
        samples=TRUTHS,
        dtypes=("bool", "float32", "int32", "uint8"),
        sources=(f"{NUMPY}all.html",),
    ),
    Case(
        "any",
        "selection",
        ref.any,
        torch=[lambda torch, x, axis, keepdims=False: torch.any(x, dim=axis, keepdim=keepdims)],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_any(tf.cast(x, "bool"), axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.any(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.any(x, axis, keepdims=keepdims)],
        samples=TRUTHS,
        dtypes=("bool", "float32", "int32", "uint8"),
        sources=(f"{NUMPY}any.html",),
    ),
    Case(
        "count_nonzero",
        "selection",
        ref.count_nonzero,
        torch=[lambda torch, x, axis: torch.count_nonzero(x, dim=axis)],
        tensorflow=[
            lambda tf, x, axis: tf.math.count_nonzero(x, axis),
            lambda tf, x, axis: tf.keras.ops.count_nonzero(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.count_nonzero(x, axis)],
        samples=[
            sample("normal", lambda rng: (rng.integers(-1, 2, (8, 5)).astype(float),), axis=1),
            sample("two-axes", lambda rng: (rng.integers(0, 2, (3, 2, 2)).astype(float),), axis=(0, -1)),
            given([[-0.0, 0.0, 1e-45, np.nan, np.inf]], axis=None, name="nonfinite", dtypes=("float64",)),
            EMPTY,
            ONE,
        ],
        dtypes=(*FLOATS, *INTS, "bool"),
        sources=(f"{NUMPY}count_nonzero.html",),
    ),
    Case(
        "zero_fraction",
        "reduction",
        ref.zero_fraction,
        torch=[lambda torch, x: (x == 0).to(x.dtype).mean()],
        tensorflow=[lambda tf, x: tf.math.zero_fraction(x), lambda tf, x: tf.nn.zero_fraction(x)],
        jax=[lambda jax, x: jax.numpy.mean(x == 0, dtype=x.dtype)],
        samples=[
            sample("normal", lambda rng: (rng.integers(-1, 2, (8, 5)).astype(float),)),
            given([0.0, -0.0, 1.0, np.nan], name="signed-zeros"),
            given([3.0], name="one-element", dtypes=SHAPES),
        ],
        dtypes=("float64", "float32"),
        sources=(f"{TF}math/zero_fraction",),
    ),
    Case(
        "half_sum_of_squares",
        "reduction",
        ref.half_sum_of_squares,
        vjp=ref.half_sum_of_squares_vjp,
        torch=[lambda torch, x: torch.sum(torch.square(x)) / 2],
        tensorflow=[lambda tf, x: tf.nn.l2_loss(x)],
        jax=[lambda jax, x: jax.numpy.vdot(x, x) / 2],
        samples=[
            normal((8, 5)),
            normal((2, 3, 4), name="rank-3", dtypes=SHAPES),
            given([0.0, -0.0], name="zeros"),
            given([[3.0]], name="one-element", dtypes=SHAPES),
        ],
        sources=(f"{TF}nn/l2_loss",),
    ),
    Case(
        "softmax",
        "reduction",
        ref.softmax,
        vjp=ref.softmax_vjp,
        vjp_intermediates=weighted_cotangent,
        torch=[
            lambda torch, x, axis: torch.softmax(x, dim=axis),
            lambda torch, x, axis: torch.nn.functional.softmax(x, dim=axis),
            lambda torch, x, axis: torch.nn.Softmax(dim=axis)(x),
            lambda torch, x, axis: torch.special.softmax(x, axis),
        ],
        tensorflow=[
            lambda tf, x, axis: tf.nn.softmax(x, axis),
            lambda tf, x, axis: tf.keras.ops.softmax(x, axis),
            lambda tf, x, axis: tf.keras.layers.Softmax(axis, dtype=x.dtype)(x),
        ],
        jax=[
            lambda jax, x, axis: jax.nn.softmax(x, axis),
            lambda jax, x, axis: jax.scipy.special.softmax(x, axis=axis),
        ],
        samples=[
            normal(MATRIX, axis=-1),
            normal((4, 5, 6), axis=1, scale=3, name="middle-axis"),
            sample("large-logits", lambda rng: (500 + rng.standard_normal((4, 10)),), axis=-1, edge=True),
            given([[3.0], [-2.0]], axis=1, name="one-class"),
            given([[0.0, -np.inf, 1.0], [np.inf, 0.0, 1.0]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES),
        ],
        sources=(IMA,),
    ),
    Case(
        "softmax_over_axes",
        "reduction",
        ref.softmax,
        vjp=ref.softmax_vjp,
        vjp_intermediates=weighted_cotangent,
        torch=[lambda torch, x, axis: torch.exp(x - torch.logsumexp(x, axis, keepdim=True))],
        tensorflow=[
            lambda tf, x, axis: tf.keras.ops.softmax(x, axis),
            lambda tf, x, axis: tf.keras.layers.Softmax(axis, dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x, axis: jax.nn.softmax(x, axis)],
        samples=[
            normal((3, 4, 5), axis=(1, 2)),
            normal((3, 4, 5), axis=(0, -1), name="outer-axes", dtypes=SHAPES),
            given([[3.0]], axis=(0, 1), name="one-element", dtypes=SHAPES),
        ],
        sources=("https://keras.io/api/layers/activation_layers/softmax/",),
    ),
    Case(
        "log_softmax",
        "reduction",
        ref.log_softmax,
        vjp=ref.log_softmax_vjp,
        intermediates=unit,
        vjp_intermediates=cotangent_and_share,
        torch=[
            lambda torch, x, axis: torch.log_softmax(x, dim=axis),
            lambda torch, x, axis: torch.nn.functional.log_softmax(x, dim=axis),
            lambda torch, x, axis: torch.nn.LogSoftmax(dim=axis)(x),
            lambda torch, x, axis: torch.special.log_softmax(x, axis),
        ],
        tensorflow=[
            lambda tf, x, axis: tf.nn.log_softmax(x, axis),
            lambda tf, x, axis: tf.keras.ops.log_softmax(x, axis),
            lambda tf, x, axis: tf.keras.activations.log_softmax(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.nn.log_softmax(x, axis)],
        samples=[
            normal(MATRIX, axis=-1),
            normal((4, 5, 6), axis=1, scale=3, name="middle-axis"),
            sample("one-winner", lambda rng: (12 * np.eye(5) + rng.standard_normal((5, 5)),), axis=-1, edge=True),
            given([[0.0, -np.inf, 1.0]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES),
        ],
        sources=(IMA,),
    ),
    Case(
        "logsumexp",
        "reduction",
        ref.logsumexp,
        vjp=ref.logsumexp_vjp,
        intermediates=unit,
        torch=[
            lambda torch, x, axis, keepdims=False: torch.logsumexp(x, dims(x, axis), keepdims),
            lambda torch, x, axis, keepdims=False: torch.special.logsumexp(x, dims(x, axis), keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_logsumexp(x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.logsumexp(x, axis, keepdims),
        ],
        jax=[
            lambda jax, x, axis, keepdims=False: jax.nn.logsumexp(x, axis, keepdims=keepdims),
            lambda jax, x, axis, keepdims=False: jax.scipy.special.logsumexp(x, axis, keepdims=keepdims),
        ],
        samples=[
            normal(MATRIX, axis=-1),
            normal((4, 5, 6), axis=1, scale=3, name="middle-axis"),
            normal((4, 5, 6), axis=(0, -1), keepdims=True, name="two-axes", dtypes=SHAPES),
            normal((4, 5), axis=None, name="all-axes", dtypes=SHAPES),
            given([[3.0], [-2.0]], axis=1, name="one-element", dtypes=SHAPES),
            sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True, smooth=False, dtypes=SHAPES),
            given(
                [[-np.inf, -np.inf], [np.inf, 0.0], [-np.inf, 1.0]],
                axis=1,
                name="nonfinite",
                gradient=False,
                dtypes=EDGES,
            ),
            given([[-np.inf, 1.0, 0.0]], axis=1, name="one-of-minus-infinity", smooth=False),
            given([[-np.inf, -np.inf]], axis=1, name="all-minus-infinity", smooth=False, dtypes=EDGES),
        ],
        sources=(IMA,),
    ),
    Case(
        "covariance",
        "reduction",
        ref.covariance,
        vjp=ref.covariance_vjp,
        torch=[lambda torch, x, ddof: torch.cov(x, correction=ddof)],
        tensorflow=[tf_covariance],
        jax=[lambda jax, x, ddof: jax.numpy.cov(x, ddof=ddof)],
        samples=[
            normal((4, 9), ddof=1),
            normal((3, 5), ddof=0, name="biased", dtypes=SHAPES),
            given([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]], ddof=1, name="constant-row", dtypes=SHAPES),
            sample("far-from-zero", lambda rng: (100 + rng.standard_normal((3, 20)),), ddof=1, edge=True),
            normal((1, 5), ddof=1, name="one-variable", edge=True, dtypes=SHAPES),
        ],
        sources=(f"{NUMPY}cov.html", f"{TORCH}cov.html"),
    ),
    Case(
        "correlation",
        "reduction",
        ref.correlation,
        vjp=ref.correlation_vjp,
        torch=[lambda torch, x: torch.corrcoef(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.corrcoef(x)],
        jax=[lambda jax, x: jax.numpy.corrcoef(x)],
        samples=[
            normal((4, 9)),
            given([[1.0, 2.0, 4.0], [-1.0, 1.0, 0.0]], name="few", dtypes=SHAPES),
            given([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]], name="constant-row", gradient=False, dtypes=EDGES),
            given([[1.0, 2.0, 4.0]], name="one-variable", gradient=False, dtypes=SHAPES),
        ],
        sources=(f"{NUMPY}corrcoef.html", f"{TORCH}corrcoef.html"),
    ),
    Case(
        "trapezoid",
        "reduction",
        ref.trapezoid,
        vjp=ref.trapezoid_vjp,
        torch=[lambda torch, y, dx, axis: torch.trapezoid(y, dx=dx, dim=axis)],
        tensorflow=[lambda tf, y, dx, axis: tf.keras.ops.trapezoid(y, dx=dx, axis=axis)],
        jax=[lambda jax, y, dx, axis: jax.numpy.trapezoid(y, dx=dx, axis=axis)],
        samples=[
            normal((4, 9), dx=1.0, axis=1),
            normal((6, 3), dx=0.25, axis=-2, name="negative-axis", dtypes=SHAPES),
            given([[3.0, 1.0]], dx=1.0, axis=1, name="two-points", dtypes=SHAPES),
        ],
        sources=(f"{NUMPY}trapezoid.html",),
    ),
    Case(
        "trapezoid_of_points",
        "reduction",
        ref.trapezoid_of_points,
        vjp=ref.trapezoid_of_points_vjp,
        torch=[lambda torch, y, x: torch.trapezoid(y, x)],
        tensorflow=[lambda tf, y, x: tf.keras.ops.trapezoid(y, x)],
        jax=[lambda jax, y, x: jax.numpy.trapezoid(y, x)],
        samples=[
            normal((9,), (9,)),
            given([3.0, 1.0, 2.0], [0.0, 0.5, 4.0], name="uneven", edge=False, dtypes=SHAPES),
            given([3.0, 1.0], [1.0, 1.0], name="no-distance", dtypes=SHAPES),
        ],
        sources=(f"{NUMPY}trapezoid.html",),
    ),
    *SCANS,
    *DEFAULTS,
    *extremes.CASES,
    *NORMS,
)
