"""Activations."""

import numpy as np

from conformance.case import Array, Case
from conformance.reference import activations as ref
from fixtures.samples import given, nonfinite, normal, small, tails

KINK = given([0.0, -0.0, 1.0, -1.0], name="kink", smooth=False)


def one(c: Array, x: Array) -> Array:
    """The derivative is formed as 1 - y, or as y + 1, with y the result that was saved: 1 is rounded."""
    return np.abs(c) * np.ones_like(x)


def argument(c: Array, x: Array) -> Array:
    """The derivative passes through 1 and through x: 1 + x (1 - s), or Phi(x) + x phi(x) with Phi from 1 + erf."""
    return np.abs(c) * np.maximum(1, np.abs(x))


def steep_argument(c: Array, x: Array) -> Array:
    """The derivative passes through x a' (1 - tanh(a)^2), a = sqrt(2/pi) (x + 0.044715 x^3), where 1 is rounded."""
    return np.abs(c) * np.maximum(1, np.abs(x) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x * x))


CASES = (
    Case(
        "relu",
        "selection",
        ref.relu,
        vjp=ref.relu_vjp,
        torch=[
            lambda torch, x: torch.relu(x),
            lambda torch, x: torch.nn.functional.relu(x),
            lambda torch, x: torch.nn.ReLU()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.relu(x),
            lambda tf, x: tf.keras.ops.relu(x),
            lambda tf, x: tf.keras.layers.ReLU(dtype=x.dtype.name)(x),
        ],
        samples=[normal((8, 33)), KINK, small(), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html",),
    ),
    Case(
        "softplus",
        "elementwise",
        ref.softplus,
        vjp=ref.softplus_vjp,
        torch=[
            lambda torch, x: torch.nn.functional.softplus(x),
            lambda torch, x: torch.nn.Softplus()(x),
            lambda torch, x: torch.nn.functional.softplus(x, threshold=1e9),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.softplus(x),
            lambda tf, x: tf.keras.ops.softplus(x),
            lambda tf, x: tf.keras.activations.softplus(x),
        ],
        samples=[normal((8, 33)), tails(-9, 40), small(), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html",),
    ),
    Case(
        "elu",
        "elementwise",
        ref.elu,
        vjp=ref.elu_vjp,
        vjp_intermediates=one,
        torch=[lambda torch, x: torch.nn.functional.elu(x), lambda torch, x: torch.nn.ELU()(x)],
        tensorflow=[
            lambda tf, x: tf.nn.elu(x),
            lambda tf, x: tf.keras.ops.elu(x),
            lambda tf, x: tf.keras.layers.ELU(dtype=x.dtype.name)(x),
        ],
        samples=[normal((8, 33)), tails(-20, 20), small(), KINK, nonfinite()],
        sources=("https://arxiv.org/abs/1511.07289",),
    ),
    Case(
        "silu",
        "elementwise",
        ref.silu,
        vjp=ref.silu_vjp,
        vjp_intermediates=argument,
        torch=[lambda torch, x: torch.nn.functional.silu(x), lambda torch, x: torch.nn.SiLU()(x)],
        tensorflow=[
            lambda tf, x: tf.nn.silu(x),
            lambda tf, x: tf.keras.ops.silu(x),
            lambda tf, x: tf.keras.activations.silu(x),
        ],
        samples=[normal((8, 33)), tails(-9, 20), small(), nonfinite()],
        sources=("https://arxiv.org/abs/1702.03118",),
    ),
    Case(
        "gelu",
        "elementwise",
        ref.gelu,
        vjp=ref.gelu_vjp,
        intermediates=np.abs,  # x (1 + erf) / 2: the sum cancels in the left tail
        vjp_intermediates=argument,
        torch=[lambda torch, x: torch.nn.functional.gelu(x), lambda torch, x: torch.nn.GELU()(x)],
        tensorflow=[
            lambda tf, x: tf.nn.gelu(x, approximate=False),
            lambda tf, x: tf.keras.ops.gelu(x, approximate=False),
            lambda tf, x: tf.keras.activations.gelu(x),
        ],
        samples=[normal((8, 33)), tails(-6, 6), small(), nonfinite()],
        sources=("https://arxiv.org/abs/1606.08415",),
    ),
    Case(
        "gelu_tanh",
        "elementwise",
        ref.gelu_tanh,
        vjp=ref.gelu_tanh_vjp,
        intermediates=np.abs,  # x (1 + tanh) / 2
        vjp_intermediates=steep_argument,
        torch=[
            lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
            lambda torch, x: torch.nn.GELU(approximate="tanh")(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.gelu(x, approximate=True),
            lambda tf, x: tf.keras.ops.gelu(x, approximate=True),
            lambda tf, x: tf.keras.activations.gelu(x, approximate=True),
        ],
        samples=[normal((8, 33)), tails(-6, 6), small(), nonfinite()],
        sources=("https://arxiv.org/abs/1606.08415",),
    ),
)
