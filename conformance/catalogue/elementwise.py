"""Elementwise functions of one, two or three numbers."""

import numpy as np

from conformance.case import Array, Case
from conformance.reference import elementwise as ref
from fixtures.samples import given, nonfinite, normal, small, tails


def one(c: Array, x: Array) -> Array:
    """The derivative is formed as 1 - y, or as y + 1, with y the result that was saved: 1 is rounded."""
    return np.abs(c) * np.ones_like(x)


def squared(c: Array, x: Array) -> Array:
    """The derivative is formed as 1 - y^2 from the result that was saved, whose rounding counts twice."""
    return 2 * np.abs(c) * np.ones_like(x)


CASES = (
    Case(
        "exp",
        "elementwise",
        ref.exp,
        vjp=ref.exp_vjp,
        torch=[lambda torch, x: torch.exp(x), lambda torch, x: x.clone().exp_()],
        tensorflow=[lambda tf, x: tf.exp(x), lambda tf, x: tf.keras.ops.exp(x)],
        samples=[normal((8, 33)), tails(-10, 10), small(), nonfinite()],
        sources=("https://dlmf.nist.gov/4.2",),
    ),
    Case(
        "log",
        "elementwise",
        ref.log,
        vjp=ref.log_vjp,
        torch=[lambda torch, x: torch.log(x)],
        tensorflow=[lambda tf, x: tf.math.log(x), lambda tf, x: tf.keras.ops.log(x)],
        samples=[
            tails(0.05, 1000, name="wide"),
            tails(0.5, 1.5, name="near-one"),
            given([1.0, 2.0, 0.5, 1024.0], name="powers-of-two"),
            given([0.0, -0.0, -1.0, np.inf, -np.inf, np.nan, 1.0], name="nonfinite", gradient=False),
        ],
        sources=("https://dlmf.nist.gov/4.2",),
    ),
    Case(
        "tanh",
        "elementwise",
        ref.tanh,
        vjp=ref.tanh_vjp,
        vjp_intermediates=squared,
        torch=[lambda torch, x: torch.tanh(x), lambda torch, x: torch.nn.Tanh()(x)],
        tensorflow=[
            lambda tf, x: tf.tanh(x),
            lambda tf, x: tf.keras.ops.tanh(x),
            lambda tf, x: tf.keras.activations.tanh(x),
        ],
        samples=[normal((8, 33)), tails(-12, 12), small(), nonfinite()],
        sources=("https://dlmf.nist.gov/4.28",),
    ),
    Case(
        "sigmoid",
        "elementwise",
        ref.sigmoid,
        vjp=ref.sigmoid_vjp,
        vjp_intermediates=one,
        torch=[
            lambda torch, x: torch.sigmoid(x),
            lambda torch, x: torch.nn.functional.sigmoid(x),
            lambda torch, x: torch.nn.Sigmoid()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.sigmoid(x),
            lambda tf, x: tf.nn.sigmoid(x),
            lambda tf, x: tf.keras.ops.sigmoid(x),
            lambda tf, x: tf.keras.activations.sigmoid(x),
        ],
        samples=[normal((8, 33)), tails(-9, 20), small(), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html",),
    ),
)
