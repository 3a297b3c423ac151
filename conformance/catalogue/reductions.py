"""Reductions, scans and the softmax family."""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.reference import reductions as ref
from fixtures.samples import given, normal, sample, uniform

MATRIX = (8, 33)


def unit(x: Array, **_: Any) -> Array:
    """The sum of exponentials is at least 1 and is rounded before its logarithm, which may be near 0, is taken."""
    return np.ones(())


def partial_sums(x: Array, *, axis: int) -> Array:
    """A running sum rounds each partial sum: root of the sum of their squares (Higham, ASNA, section 4.2)."""
    return np.sqrt(np.cumsum(np.cumsum(x, axis=axis) ** 2, axis=axis))


def partial_sums_of_cotangent(c: Array, x: Array, *, axis: int) -> Array:
    return np.flip(partial_sums(np.flip(c, axis), axis=axis), axis)


def weighted_cotangent(c: Array, x: Array, *, axis: int) -> Array:
    """softmax * (c - sum(c softmax)): where one class has nearly all the weight, the difference cancels."""
    y = ref.softmax(x, axis=axis)
    return y * np.maximum(np.abs(c), np.abs(np.sum(c * y, axis=axis, keepdims=True)))


def cotangent_and_share(c: Array, x: Array, *, axis: int) -> Array:
    """c - softmax * sum(c): the same."""
    return np.maximum(np.abs(c), ref.softmax(x, axis=axis) * np.abs(np.sum(c, axis=axis, keepdims=True)))


CASES = (
    Case(
        "sum",
        "reduction",
        ref.sum,
        vjp=ref.sum_vjp,
        torch=[lambda torch, x, axis: torch.sum(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.reduce_sum(x, axis), lambda tf, x, axis: tf.keras.ops.sum(x, axis)],
        samples=[
            normal(MATRIX, axis=None),
            normal((4, 5, 6), axis=(0, -1), name="two-axes"),
            uniform((100_000,), 0.5, 1, axis=None, name="100000-of-one-sign", edge=True, dtypes=("float64", "float32")),
            given([[1.0], [-2.0]], axis=1, name="one-element"),
            sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True),
        ],
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.sum.html",),
    ),
    Case(
        "mean",
        "reduction",
        ref.mean,
        vjp=ref.mean_vjp,
        torch=[lambda torch, x, axis: torch.mean(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.reduce_mean(x, axis), lambda tf, x, axis: tf.keras.ops.mean(x, axis)],
        samples=[
            normal(MATRIX, axis=None),
            normal((4, 5, 6), axis=(0, -1), name="two-axes"),
            uniform((70_000,), 0.5, 1, axis=None, name="70000-of-one-sign", edge=True),
            given([[1.0], [-2.0]], axis=1, name="one-element"),
        ],
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.mean.html",),
    ),
    Case(
        "var",
        "reduction",
        ref.var,
        vjp=ref.var_vjp,
        torch=[lambda torch, x, axis, ddof: torch.var(x, dim=axis, correction=ddof)],
        tensorflow=[
            lambda tf, x, axis, ddof: tf.math.reduce_variance(x, axis) * (x.shape[axis] / (x.shape[axis] - ddof)),
            lambda tf, x, axis, ddof: tf.keras.ops.var(x, axis) * (x.shape[axis] / (x.shape[axis] - ddof)),
        ],
        samples=[
            normal(MATRIX, axis=1, ddof=0),
            normal(MATRIX, axis=0, ddof=1, name="unbiased"),
            sample("constant", lambda _: (np.full((3, 10), 0.1),), axis=1, ddof=0, edge=True),
            sample("far-from-zero", lambda rng: (100 + rng.standard_normal((4, 50)),), axis=1, ddof=0, edge=True),
        ],
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.var.html",),
    ),
    Case(
        "cumsum",
        "reduction",
        ref.cumsum,
        vjp=ref.cumsum_vjp,
        intermediates=partial_sums,
        vjp_intermediates=partial_sums_of_cotangent,
        torch=[lambda torch, x, axis: torch.cumsum(x, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.cumsum(x, axis), lambda tf, x, axis: tf.keras.ops.cumsum(x, axis)],
        samples=[
            normal(MATRIX, axis=0),
            normal((4, 5, 6), axis=-2, name="negative-axis"),
            uniform(
                (1000,), 0.5, 1, axis=0, name="1000-of-one-sign", edge=True, dtypes=("float64", "float32", "float16")
            ),
            given([[1.0], [-2.0]], axis=1, name="one-element"),
        ],
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.cumsum.html",),
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
        ],
        tensorflow=[
            lambda tf, x, axis: tf.nn.softmax(x, axis),
            lambda tf, x, axis: tf.keras.ops.softmax(x, axis),
            lambda tf, x, axis: tf.keras.layers.Softmax(axis, dtype=x.dtype.name)(x),
        ],
        samples=[
            normal(MATRIX, axis=-1),
            normal((4, 5, 6), axis=1, scale=3, name="middle-axis"),
            sample("large-logits", lambda rng: (500 + rng.standard_normal((4, 10)),), axis=-1, edge=True),
            given([[3.0], [-2.0]], axis=1, name="one-class"),
            given([[0.0, -np.inf, 1.0], [np.inf, 0.0, 1.0]], axis=1, name="nonfinite", gradient=False),
        ],
        sources=("https://doi.org/10.1093/imanum/draa038",),
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
        ],
        tensorflow=[
            lambda tf, x, axis: tf.nn.log_softmax(x, axis),
            lambda tf, x, axis: tf.keras.ops.log_softmax(x, axis),
            lambda tf, x, axis: tf.keras.activations.log_softmax(x, axis),
        ],
        samples=[
            normal(MATRIX, axis=-1),
            normal((4, 5, 6), axis=1, scale=3, name="middle-axis"),
            sample("one-winner", lambda rng: (12 * np.eye(5) + rng.standard_normal((5, 5)),), axis=-1, edge=True),
            given([[0.0, -np.inf, 1.0]], axis=1, name="nonfinite", gradient=False),
        ],
        sources=("https://doi.org/10.1093/imanum/draa038",),
    ),
    Case(
        "logsumexp",
        "reduction",
        ref.logsumexp,
        vjp=ref.logsumexp_vjp,
        intermediates=unit,
        torch=[lambda torch, x, axis: torch.logsumexp(x, dim=axis)],
        tensorflow=[
            lambda tf, x, axis: tf.reduce_logsumexp(x, axis),
            lambda tf, x, axis: tf.keras.ops.logsumexp(x, axis),
        ],
        samples=[
            normal(MATRIX, axis=-1),
            normal((4, 5, 6), axis=1, scale=3, name="middle-axis"),
            given([[3.0], [-2.0]], axis=1, name="one-element"),
            given([[-np.inf, -np.inf], [np.inf, 0.0], [-np.inf, 1.0]], axis=1, name="nonfinite", gradient=False),
        ],
        sources=("https://doi.org/10.1093/imanum/draa038",),
    ),
)
