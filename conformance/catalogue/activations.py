"""Activations."""

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue import activations_more
from conformance.reference import activations as ref
from conformance.reference.elementwise import exp, exp_vjp
from fixtures.samples import given, nonfinite, normal, sample, small, tails


def extremes() -> list[Sample]:
    """The ends of each format: the largest number, the smallest normal one, subnormal ones."""
    ends = {
        "float64": (2.0**1023 * (2 - 2.0**-52), -1022, -1074), "float32": (2.0**127 * (2 - 2.0**-23), -126, -149),
        "float16": (65504.0, -14, -24), "bfloat16": (2.0**127 * (2 - 2.0**-7), -126, -133),
    }  # fmt: skip
    return [
        given(
            [largest, -largest, 2.0**least, -(2.0**least), 3 * 2.0**last, -(3 * 2.0**last), 2.0**last, -(2.0**last)],
            name=f"extremes-{dtype}", gradient=False, dtypes=(dtype,),
        )
        for dtype, (largest, least, last) in ends.items()
    ]  # fmt: skip


def corners() -> list[Sample]:
    """No dimension, and nothing at all."""
    return [given(-0.75, name="0-d"), sample("empty", lambda _: (np.zeros((3, 0)),), edge=True)]


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
            lambda torch, x: torch.nn.functional.relu(x.clone(), inplace=True),
            lambda torch, x: torch.nn.ReLU()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.relu(x),
            lambda tf, x: tf.keras.ops.relu(x),
            lambda tf, x: tf.keras.activations.relu(x),
            lambda tf, x: tf.keras.layers.ReLU(dtype=x.dtype)(x),
            lambda tf, x: tf.keras.layers.Activation("relu", dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.nn.relu(x)],
        samples=[normal((8, 33)), KINK, small(), nonfinite(), *extremes(), *corners()],
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
        jax=[lambda jax, x: jax.nn.softplus(x), lambda jax, x: jax.numpy.logaddexp(x, 0)],
        samples=[
            normal((8, 33)),
            tails(-9, 40),
            small(),
            nonfinite(),
            given([-50.0, -60.0, -80.0], name="left-tail", dtypes=("float64", "float32")),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html",),
    ),
    Case(
        "elu",
        "elementwise",
        ref.elu,
        vjp=ref.elu_vjp,
        vjp_intermediates=one,
        torch=[
            lambda torch, x: torch.nn.functional.elu(x),
            lambda torch, x: torch.nn.functional.elu_(x.clone()),
            lambda torch, x: torch.nn.ELU()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.elu(x),
            lambda tf, x: tf.keras.ops.elu(x),
            lambda tf, x: tf.keras.activations.elu(x),
            lambda tf, x: tf.keras.layers.ELU(dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.nn.elu(x)],
        samples=[normal((8, 33)), tails(-20, 20), small(), KINK, nonfinite()],
        sources=("https://arxiv.org/abs/1511.07289",),
    ),
    Case(
        "silu",
        "elementwise",
        ref.silu,
        vjp=ref.silu_vjp,
        vjp_intermediates=argument,
        torch=[
            lambda torch, x: torch.nn.functional.silu(x),
            lambda torch, x: torch.nn.functional.silu(x.clone(), inplace=True),
            lambda torch, x: torch.nn.SiLU()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.silu(x),
            lambda tf, x: tf.keras.ops.silu(x),
            lambda tf, x: tf.keras.activations.silu(x),
            lambda tf, x: tf.keras.layers.Activation("swish", dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.nn.silu(x), lambda jax, x: jax.nn.swish(x)],
        samples=[normal((8, 33)), tails(-9, 20), small(), nonfinite()],
        sources=("https://arxiv.org/abs/1702.03118",),
    ),
    Case(
        "swish",
        "elementwise",
        ref.swish,
        vjp=ref.swish_vjp,
        vjp_intermediates=lambda c, x, beta: argument(c, beta * x),
        torch=[
            lambda torch, x, beta: torch.nn.functional.silu(beta * x) / beta,
            lambda torch, x, beta: x * torch.sigmoid(beta * x),
            lambda torch, x, beta: torch.nn.SiLU()(x),
        ],
        tensorflow=[lambda tf, x, beta: tf.nn.silu(x, beta), lambda tf, x, beta: tf.keras.ops.silu(beta * x) / beta],
        jax=[lambda jax, x, beta: jax.nn.silu(beta * x) / beta],
        samples=[normal((8, 33), beta=2.0), tails(-9, 20, 101, beta=0.5), small(beta=4.0)],
        sources=("https://www.tensorflow.org/api_docs/python/tf/nn/silu", "https://arxiv.org/abs/1710.05941"),
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
        jax=[lambda jax, x: jax.nn.gelu(x, approximate=False)],
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
        jax=[lambda jax, x: jax.nn.gelu(x)],
        samples=[normal((8, 33)), tails(-6, 6), small(), nonfinite()],
        sources=("https://arxiv.org/abs/1606.08415",),
    ),
    Case(
        "softsign",
        "elementwise",
        ref.softsign,
        vjp=ref.softsign_vjp,
        torch=[lambda torch, x: torch.nn.functional.softsign(x), lambda torch, x: torch.nn.Softsign()(x)],
        tensorflow=[
            lambda tf, x: tf.nn.softsign(x),
            lambda tf, x: tf.keras.ops.softsign(x),
            lambda tf, x: tf.keras.activations.softsign(x),
        ],
        jax=[lambda jax, x: jax.nn.soft_sign(x)],
        samples=[
            normal((8, 33)),
            tails(-300, 300, 101),
            small(),
            given([0.0, -0.0, 1.0, -1.0], name="kink", smooth=False),
            nonfinite(),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softsign.html",),
    ),
    Case(
        "log_sigmoid",
        "elementwise",
        ref.log_sigmoid,
        vjp=ref.log_sigmoid_vjp,
        torch=[lambda torch, x: torch.nn.functional.logsigmoid(x), lambda torch, x: torch.nn.LogSigmoid()(x)],
        tensorflow=[
            lambda tf, x: tf.math.log_sigmoid(x),
            lambda tf, x: tf.keras.ops.log_sigmoid(x),
            lambda tf, x: tf.keras.activations.log_sigmoid(x),
        ],
        jax=[lambda jax, x: jax.nn.log_sigmoid(x)],
        samples=[normal((8, 33)), tails(-40, 30, 101), small(), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html",),
    ),
    Case(
        "mish",
        "elementwise",
        ref.mish,
        vjp=ref.mish_vjp,
        vjp_intermediates=argument,
        torch=[
            lambda torch, x: torch.nn.functional.mish(x),
            lambda torch, x: torch.nn.functional.mish(x.clone(), inplace=True),
            lambda torch, x: torch.nn.Mish()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.keras.activations.mish(x),
            lambda tf, x: tf.keras.layers.Activation("mish", dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.nn.mish(x)],
        samples=[normal((8, 33)), tails(-9, 30, 101), small(), nonfinite()],
        sources=("https://arxiv.org/abs/1908.08681",),
    ),
    Case(
        "exponential",
        "elementwise",
        exp,
        vjp=exp_vjp,
        tensorflow=[
            lambda tf, x: tf.keras.activations.exponential(x),
            lambda tf, x: tf.keras.layers.Activation("exponential", dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.numpy.exp(x)],
        samples=[normal((8, 33)), tails(-10, 10, 101), small(), nonfinite()],
        sources=("https://keras.io/api/layers/activations/#exponential-function",),
    ),
    Case(
        "linear",
        "selection",
        ref.linear,
        vjp=ref.linear_vjp,
        torch=[lambda torch, x: torch.nn.Identity()(x)],
        tensorflow=[
            lambda tf, x: tf.keras.activations.linear(x),
            lambda tf, x: tf.keras.layers.Activation("linear", dtype=x.dtype)(x),
            lambda tf, x: tf.keras.layers.Identity(dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.nn.identity(x)],
        samples=[normal((8, 33)), small(), nonfinite()],
        sources=("https://keras.io/api/layers/activations/#linear-function",),
    ),
    *activations_more.CASES,
)
