"""Activations: piecewise ones, scaled ones, gated ones, those of Keras alone."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, KerasLayer, Sample
from conformance.reference import activations as ref
from fixtures.samples import given, nonfinite, normal, sample, small, tails


def one(c: Array, x: Array, **_: Any) -> Array:
    """The derivative is formed as 1 - y, or as y + a, with y the result that was saved: 1 (or a) is rounded."""
    return np.abs(c) * np.ones_like(x)


def alpha_of_result(c: Array, x: Array, *, alpha: float) -> Array:
    """The derivative is formed as y + alpha."""
    return np.abs(alpha * c)


def gate(c: Array, x: Array, *, axis: int) -> Array:
    """The derivative of the gate, a s (1 - s), passes through 1."""
    a, _ = np.split(x, 2, axis=axis)
    return np.concatenate([0 * c, np.abs(c * a)], axis=axis)


def shifted(x: Array, *, threshold: float, **_: Any) -> Array:
    """x - threshold."""
    return np.maximum(np.abs(x), abs(threshold))


def largest(x: Array, *, axis: int) -> Array:
    """x - tau: running sums of x, divided by their length, round numbers of the size of the largest x."""
    return np.max(np.abs(x), axis=axis, keepdims=True) + 0 * x


def cotangent_and_mean(c: Array, x: Array, *, axis: int) -> Array:
    """On the support, c - mean(c) cancels."""
    support = ref.sparsemax(x, axis=axis) > 0
    return support * np.max(np.abs(c) * support, axis=axis, keepdims=True)


def softmin_weighted(c: Array, x: Array, *, axis: int) -> Array:
    """softmin * (c - sum(c softmin)): where one class has nearly all the weight, the difference cancels."""
    y = ref.softmin(x, axis=axis)
    return y * np.maximum(np.abs(c), np.abs(np.sum(c * y, axis=axis, keepdims=True)))


def at(*kinks: float) -> Any:
    """The points where the slope changes."""
    return given([*kinks, *(-k for k in kinks), 0.25, -0.0], name="kink", smooth=False)


def clear_of(*kinks: float, scale: float = 1.0, name: str = "normal", **options: Any) -> Sample:
    """Normal numbers, none of them within 1/16 of where the slope changes."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x = scale * rng.standard_normal((8, 33))
        for kink in (*kinks, *(-k for k in kinks)):
            x = np.where(np.abs(x - kink) < 1 / 16, x + np.copysign(1 / 16, x - kink), x)
        return (x,)

    return sample(name, make, **options)


WEIGHTS = [
    sample("per-channel-of-images", lambda rng: (rng.standard_normal((2, 3, 4, 5)), rng.uniform(-0.5, 0.5, (3, 1, 1)))),
    sample("per-channel", lambda rng: (rng.standard_normal((6, 5)), rng.uniform(0.05, 0.5, 5))),
    sample("one-for-all", lambda rng: (rng.standard_normal((4, 7)), np.array([0.25]))),
    sample("small", lambda rng: (1e-5 * rng.standard_normal((4, 3)), rng.uniform(1, 2, 3)), edge=True),
    given([[0.0, -0.0, 1.0, -1.0]], [0.25, 0.5, 2.0, -1.0], name="kink", smooth=False),
    given([[np.inf, -np.inf, np.nan, 1.0]], [0.5, 0.5, 0.5, 0.5], name="nonfinite", gradient=False),
]

CASES = (
    Case(
        "tail_of_gelu",  # as accurate as the rest: without the numbers that 1 + erf passes through
        "elementwise",
        ref.gelu,
        torch=[
            lambda torch, x: torch.nn.functional.gelu(x),
            lambda torch, x: x * torch.erfc(-x / 2**0.5) / 2,
        ],
        tensorflow=[
            lambda tf, x: tf.nn.gelu(x, approximate=False),
            lambda tf, x: tf.keras.activations.gelu(x),
        ],
        jax=[lambda jax, x: jax.nn.gelu(x, approximate=False)],
        samples=[
            given([-4.5, -5.0, -5.35], name="tail"),
            given([-8.0, -10.0], name="far"),
            given([-1.0, 0.5, 3.0], name="middle", edge=False),
        ],
        dtypes=("float64", "float32"),
        sources=("https://arxiv.org/abs/1606.08415",),
    ),
    Case(
        "relu6",
        "selection",
        ref.relu6,
        vjp=ref.relu6_vjp,
        torch=[
            lambda torch, x: torch.nn.functional.relu6(x),
            lambda torch, x: torch.nn.functional.relu6(x.clone(), inplace=True),
            lambda torch, x: torch.nn.ReLU6()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.relu6(x),
            lambda tf, x: tf.keras.ops.relu6(x),
            lambda tf, x: tf.keras.activations.relu6(x),
            lambda tf, x: tf.keras.layers.ReLU(max_value=6.0, dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.nn.relu6(x)],
        samples=[clear_of(6.0, scale=5), at(0.0, 6.0), small(), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU6.html",),
    ),
    Case(
        "leaky_relu",
        "elementwise",
        ref.leaky_relu,
        vjp=ref.leaky_relu_vjp,
        torch=[
            lambda torch, x, slope: torch.nn.functional.leaky_relu(x, slope),
            lambda torch, x, slope: torch.nn.functional.leaky_relu_(x.clone(), slope),
            lambda torch, x, slope: torch.nn.LeakyReLU(slope)(x),
        ],
        tensorflow=[
            lambda tf, x, slope: tf.nn.leaky_relu(x, alpha=slope),
            lambda tf, x, slope: tf.keras.ops.leaky_relu(x, slope),
            lambda tf, x, slope: tf.keras.activations.leaky_relu(x, slope),
            lambda tf, x, slope: tf.keras.layers.LeakyReLU(slope, dtype=x.dtype)(x),
            lambda tf, x, slope: tf.keras.activations.relu(x, negative_slope=slope),
        ],
        jax=[lambda jax, x, slope: jax.nn.leaky_relu(x, slope)],
        samples=[
            normal((8, 33), slope=0.25),
            normal((8, 33), slope=0.01, name="decimal-slope"),
            small(slope=0.125),
            given([0.0, -0.0, 1.0, -1.0], slope=0.25, name="kink", smooth=False),
            nonfinite(slope=0.25),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html",),
    ),
    Case(
        "rrelu_in_evaluation",
        "elementwise",
        ref.rrelu_in_evaluation,
        vjp=ref.rrelu_in_evaluation_vjp,
        torch=[
            lambda torch, x, lower, upper: torch.nn.functional.rrelu(x, lower, upper, training=False),
            lambda torch, x, lower, upper: torch.nn.functional.rrelu_(x.clone(), lower, upper, training=False),
            lambda torch, x, lower, upper: torch.nn.RReLU(lower, upper).eval()(x),
        ],
        samples=[
            normal((8, 33), lower=1 / 8, upper=1 / 3),
            small(lower=0.25, upper=0.5),
            given([0.0, -0.0, 1.0, -1.0], lower=0.25, upper=0.5, name="kink", smooth=False),
            nonfinite(lower=0.25, upper=0.5),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.RReLU.html",),
    ),
    Case(
        "prelu",
        "elementwise",
        ref.prelu,
        vjp=ref.prelu_vjp,
        torch=[
            lambda torch, x, weight: torch.nn.functional.prelu(x, weight.flatten()),
            lambda torch, x, weight: torch.func.functional_call(
                torch.nn.PReLU(weight.numel()), {"weight": weight.flatten()}, x
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, weight: tf.keras.layers.PReLU(
                    shared_axes=[i + 1 for i, n in enumerate(weight.shape) if n == 1] or None, dtype=x.dtype
                )
            )
        ],
        jax=[lambda jax, x, weight: jax.nn.leaky_relu(x, weight)],
        samples=WEIGHTS,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html",),
    ),
    Case(
        "thresholded_relu",
        "elementwise",
        ref.thresholded_relu,
        vjp=ref.thresholded_relu_vjp,
        intermediates=shifted,
        tensorflow=[
            lambda tf, x, negative_slope, max_value, threshold: tf.keras.activations.relu(
                x, negative_slope, max_value, threshold
            ),
            lambda tf, x, negative_slope, max_value, threshold: tf.keras.layers.ReLU(
                max_value, negative_slope, threshold, dtype=x.dtype
            )(x),
        ],
        samples=[
            clear_of(1.0, 4.0, scale=3, negative_slope=0.125, max_value=4.0, threshold=1.0),
            clear_of(3.0, scale=3, negative_slope=0.0, max_value=3.0, threshold=0.0, name="max-value"),
            clear_of(0.3, 2.5, scale=3, negative_slope=0.1, max_value=2.5, threshold=0.3, name="decimal-options"),
            given([1.0, 4.0, 0.0, -1.0], negative_slope=0.125, max_value=4.0, threshold=1.0, name="kink", smooth=False),
            given(
                [np.inf, -np.inf, np.nan],
                negative_slope=0.5,
                max_value=4.0,
                threshold=1.0,
                name="nonfinite",
                gradient=False,
            ),
        ],
        sources=("https://keras.io/api/layers/activation_layers/relu/",),
    ),
    Case(
        "clipped_relu",
        "selection",
        ref.clipped_relu,
        vjp=ref.clipped_relu_vjp,
        tensorflow=[
            lambda tf, x, max_value, threshold: tf.keras.activations.relu(x, max_value=max_value, threshold=threshold),
            lambda tf, x, max_value, threshold: tf.keras.layers.ReLU(max_value, threshold=threshold, dtype=x.dtype)(x),
        ],
        samples=[
            clear_of(0.5, 2.0, max_value=2.0, threshold=0.5),
            clear_of(6.0, scale=5, max_value=6.0, threshold=0.0, name="six"),
            given([1.0, 4.0, 0.0, -1.0], max_value=4.0, threshold=1.0, name="kink", smooth=False),
            nonfinite(max_value=4.0, threshold=1.5),
        ],
        sources=("https://keras.io/api/layers/activation_layers/relu/",),
    ),
    Case(
        "crelu",
        "selection",
        ref.crelu,
        vjp=ref.crelu_vjp,
        tensorflow=[lambda tf, x: tf.nn.crelu(x)],
        samples=[normal((8, 33)), given([[0.0, -0.0, 1.0, -1.0]], name="kink", smooth=False), nonfinite()],
        sources=("https://www.tensorflow.org/api_docs/python/tf/nn/crelu",),
    ),
    Case(
        "elu_alpha",
        "elementwise",
        ref.elu_alpha,
        vjp=ref.elu_alpha_vjp,
        vjp_intermediates=alpha_of_result,
        torch=[
            lambda torch, x, alpha: torch.nn.functional.elu(x, alpha),
            lambda torch, x, alpha: torch.nn.functional.elu_(x.clone(), alpha),
            lambda torch, x, alpha: torch.nn.ELU(alpha)(x),
        ],
        tensorflow=[
            lambda tf, x, alpha: tf.keras.ops.elu(x, alpha),
            lambda tf, x, alpha: tf.keras.activations.elu(x, alpha),
            lambda tf, x, alpha: tf.keras.layers.ELU(alpha, dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x, alpha: jax.nn.elu(x, alpha)],
        samples=[
            normal((8, 33), alpha=2.0),
            normal((8, 33), alpha=0.3, name="decimal-alpha"),
            tails(-20, 20, 101, alpha=0.5),
            small(alpha=2.0),
            given([0.0, -0.0, 1.0, -1.0], alpha=0.5, name="kink", smooth=False),
            nonfinite(alpha=0.5),
        ],
        sources=("https://arxiv.org/abs/1511.07289",),
    ),
    Case(
        "selu",
        "elementwise",
        ref.selu,
        vjp=ref.selu_vjp,
        vjp_intermediates=one,
        torch=[
            lambda torch, x: torch.selu(x),
            lambda torch, x: torch.nn.functional.selu(x),
            lambda torch, x: torch.nn.functional.selu_(x.clone()),
            lambda torch, x: torch.nn.SELU()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.nn.selu(x),
            lambda tf, x: tf.keras.ops.selu(x),
            lambda tf, x: tf.keras.activations.selu(x),
        ],
        jax=[lambda jax, x: jax.nn.selu(x)],
        samples=[
            normal((8, 33)),
            tails(-20, 20, 101),
            small(),
            given([0.0, -0.0, 1.0, -1.0], name="kink", smooth=False),
            nonfinite(),
        ],
        sources=("https://arxiv.org/abs/1706.02515",),
    ),
    Case(
        "celu",
        "elementwise",
        ref.celu,
        vjp=ref.celu_vjp,
        vjp_intermediates=one,
        torch=[
            lambda torch, x, alpha: torch.celu(x, alpha=alpha),
            lambda torch, x, alpha: torch.nn.functional.celu(x, alpha),
            lambda torch, x, alpha: torch.nn.functional.celu(x.clone(), alpha, inplace=True),
            lambda torch, x, alpha: torch.nn.CELU(alpha)(x),
        ],
        tensorflow=[
            lambda tf, x, alpha: tf.keras.ops.celu(x, alpha),
            lambda tf, x, alpha: tf.keras.activations.celu(x, alpha),
        ],
        jax=[lambda jax, x, alpha: jax.nn.celu(x, alpha)],
        samples=[
            normal((8, 33), alpha=2.0),
            normal((8, 33), alpha=0.3, name="decimal-alpha"),
            tails(-20, 20, 101, alpha=0.5),
            small(alpha=1.0),
            given([0.0, -0.0, 1.0, -1.0], alpha=2.0, name="kink", smooth=False),
            nonfinite(alpha=2.0),
        ],
        sources=("https://arxiv.org/abs/1704.07483",),
    ),
    Case(
        "softplus_beta",
        "elementwise",
        ref.softplus_beta,
        vjp=ref.softplus_beta_vjp,
        torch=[
            lambda torch, x, beta: torch.nn.functional.softplus(x, beta, threshold=1e9),
            lambda torch, x, beta: torch.nn.Softplus(beta, threshold=1e9)(x),
        ],
        tensorflow=[
            lambda tf, x, beta: tf.nn.softplus(beta * x) / beta,
            lambda tf, x, beta: tf.keras.ops.softplus(beta * x) / beta,
        ],
        jax=[lambda jax, x, beta: jax.nn.softplus(beta * x) / beta],
        samples=[
            normal((8, 33), beta=2.0),
            normal((8, 33), beta=0.3, name="decimal-beta"),
            tails(-4, 30, 101, beta=0.5),
            small(beta=4.0),
            nonfinite(beta=2.0),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html",),
    ),
    Case(
        "softplus_threshold",
        "elementwise",
        ref.softplus_threshold,
        vjp=ref.softplus_threshold_vjp,
        torch=[
            lambda torch, x, beta, threshold: torch.nn.functional.softplus(x, beta, threshold),
            lambda torch, x, beta, threshold: torch.nn.Softplus(beta, threshold)(x),
        ],
        samples=[
            clear_of(20.0, scale=10, beta=1.0, threshold=20.0),
            clear_of(0.5, beta=2.0, threshold=1.0, name="low-threshold"),
            clear_of(16.0, scale=20, beta=0.5, threshold=8.0, name="wide"),
            given([20.0, 19.0, 21.0], beta=1.0, threshold=20.0, name="at-threshold", smooth=False),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html",),
    ),
    Case(
        "hard_sigmoid",
        "elementwise",
        ref.hard_sigmoid,
        vjp=ref.hard_sigmoid_vjp,
        torch=[
            lambda torch, x: torch.nn.functional.hardsigmoid(x),
            lambda torch, x: torch.nn.functional.hardsigmoid(x.clone(), inplace=True),
            lambda torch, x: torch.nn.Hardsigmoid()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.keras.ops.hard_sigmoid(x),
            lambda tf, x: tf.keras.activations.hard_sigmoid(x),
        ],
        jax=[lambda jax, x: jax.nn.hard_sigmoid(x)],
        samples=[clear_of(3.0, scale=2), small(), at(3.0), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html",),
    ),
    Case(
        "hard_swish",
        "elementwise",
        ref.hard_swish,
        vjp=ref.hard_swish_vjp,
        torch=[
            lambda torch, x: torch.nn.functional.hardswish(x),
            lambda torch, x: torch.nn.functional.hardswish(x.clone(), inplace=True),
            lambda torch, x: torch.nn.Hardswish()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.keras.ops.hard_swish(x),
            lambda tf, x: tf.keras.ops.hard_silu(x),
            lambda tf, x: tf.keras.activations.hard_silu(x),
        ],
        jax=[lambda jax, x: jax.nn.hard_silu(x)],
        samples=[clear_of(3.0, scale=2), small(), at(3.0), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html",),
    ),
    Case(
        "hard_tanh",
        "selection",
        ref.hard_tanh,
        vjp=ref.hard_tanh_vjp,
        torch=[
            lambda torch, x: torch.nn.functional.hardtanh(x),
            lambda torch, x: torch.nn.functional.hardtanh_(x.clone()),
            lambda torch, x: torch.nn.Hardtanh()(x),
        ],
        tensorflow=[
            lambda tf, x: tf.keras.ops.hard_tanh(x),
            lambda tf, x: tf.keras.activations.hard_tanh(x),
        ],
        jax=[lambda jax, x: jax.nn.hard_tanh(x)],
        samples=[clear_of(1.0), small(), at(1.0), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html",),
    ),
    Case(
        "tanhshrink",
        "elementwise",
        ref.tanhshrink,
        vjp=ref.tanhshrink_vjp,
        intermediates=np.abs,  # x - tanh(x) cancels near 0
        vjp_intermediates=one,
        torch=[lambda torch, x: torch.nn.functional.tanhshrink(x), lambda torch, x: torch.nn.Tanhshrink()(x)],
        tensorflow=[
            lambda tf, x: tf.keras.ops.tanh_shrink(x),
            lambda tf, x: tf.keras.activations.tanh_shrink(x),
        ],
        jax=[lambda jax, x: x - jax.numpy.tanh(x)],
        samples=[normal((8, 33)), tails(-12, 12, 101), small(), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html",),
    ),
    Case(
        "softshrink",
        "elementwise",
        ref.softshrink,
        vjp=ref.softshrink_vjp,
        torch=[
            lambda torch, x, threshold: torch.nn.functional.softshrink(x, threshold),
            lambda torch, x, threshold: torch.nn.Softshrink(threshold)(x),
        ],
        tensorflow=[
            lambda tf, x, threshold: tf.keras.ops.soft_shrink(x, threshold),
            lambda tf, x, threshold: tf.keras.activations.soft_shrink(x, threshold),
        ],
        samples=[
            clear_of(0.5, threshold=0.5),
            clear_of(0.1, threshold=0.1, name="decimal-threshold"),
            given([0.5, -0.5, 0.0, 1.0, -1.0], threshold=0.5, name="kink", smooth=False),
            nonfinite(threshold=0.5),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softshrink.html",),
    ),
    Case(
        "hardshrink",
        "selection",
        ref.hardshrink,
        vjp=ref.hardshrink_vjp,
        torch=[
            lambda torch, x, threshold: torch.hardshrink(x, threshold),
            lambda torch, x, threshold: torch.nn.functional.hardshrink(x, threshold),
            lambda torch, x, threshold: torch.nn.Hardshrink(threshold)(x),
        ],
        tensorflow=[
            lambda tf, x, threshold: tf.keras.ops.hard_shrink(x, threshold),
            lambda tf, x, threshold: tf.keras.activations.hard_shrink(x, threshold),
        ],
        samples=[
            clear_of(0.5, threshold=0.5),
            small(threshold=0.0),
            given([0.5, -0.5, 0.0, 1.0, -1.0], threshold=0.5, name="kink", smooth=False),
            nonfinite(threshold=0.5),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html",),
    ),
    Case(
        "threshold",
        "selection",
        ref.threshold,
        vjp=ref.threshold_vjp,
        torch=[
            lambda torch, x, threshold, value: torch.nn.functional.threshold(x, threshold, value),
            lambda torch, x, threshold, value: torch.nn.functional.threshold_(x.clone(), threshold, value),
            lambda torch, x, threshold, value: torch.nn.Threshold(threshold, value)(x),
        ],
        tensorflow=[
            lambda tf, x, threshold, value: tf.keras.ops.threshold(x, threshold, value),
            lambda tf, x, threshold, value: tf.keras.activations.threshold(x, threshold, value),
        ],
        samples=[
            clear_of(0.5, threshold=0.5, value=-20.0),
            small(threshold=0.0, value=1.0),
            given([0.5, -0.5, 0.0, 1.0], threshold=0.5, value=2.0, name="kink", smooth=False),
            nonfinite(threshold=0.5, value=2.0),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html",),
    ),
    Case(
        "glu",
        "elementwise",
        ref.glu,
        vjp=ref.glu_vjp,
        vjp_intermediates=gate,
        torch=[
            lambda torch, x, axis: torch.nn.functional.glu(x, axis),
            lambda torch, x, axis: torch.nn.GLU(axis)(x),
        ],
        tensorflow=[
            lambda tf, x, axis: tf.keras.ops.glu(x, axis),
            lambda tf, x, axis: tf.keras.activations.glu(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.nn.glu(x, axis)],
        samples=[
            normal((5, 12), axis=-1),
            normal((4, 3, 5), axis=0, name="first-axis"),
            given([[1.0, 1.0, -2.0, 30.0, -30.0, 8.0]], axis=1, name="saturated"),
            sample("odd-size", lambda rng: (rng.standard_normal((2, 5)),), axis=-1, edge=True, raises=True),
            given([[1.0, np.inf, np.nan, np.inf, -np.inf, 0.0]], axis=1, name="nonfinite", gradient=False),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html",),
    ),
    Case(
        "softmin",
        "reduction",
        ref.softmin,
        vjp=ref.softmin_vjp,
        vjp_intermediates=softmin_weighted,
        torch=[
            lambda torch, x, axis: torch.nn.functional.softmin(x, dim=axis),
            lambda torch, x, axis: torch.nn.Softmin(axis)(x),
        ],
        tensorflow=[lambda tf, x, axis: tf.nn.softmax(-x, axis)],
        jax=[lambda jax, x, axis: jax.nn.softmax(-x, axis)],
        samples=[
            normal((8, 33), axis=-1),
            normal((4, 5, 6), axis=0, name="first-axis"),
            given([[1.0, 1.0, 1.0], [-5.0, 30.0, 30.0]], axis=1, name="ties"),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html",),
    ),
    Case(
        "sparsemax",
        "reduction",
        ref.sparsemax,
        vjp=ref.sparsemax_vjp,
        intermediates=largest,
        vjp_intermediates=cotangent_and_mean,
        tensorflow=[
            lambda tf, x, axis: tf.keras.ops.sparsemax(x, axis),
            lambda tf, x, axis: tf.keras.activations.sparsemax(x, axis),
        ],
        samples=[
            normal((8, 12), axis=-1),
            normal((5, 4, 3), scale=0.2, axis=1, name="dense-support"),
            given([[1.0, 1.0, 0.0, 0.0], [2.0, 2.0, 2.0, 2.0]], axis=1, name="ties"),
            given([[1.0, 0.0], [3.0, 2.0]], axis=1, name="edge-of-support", smooth=False),
            given([[1.0], [-2.0]], axis=1, name="one-element"),
        ],
        sources=("https://arxiv.org/abs/1602.02068",),
    ),
    Case(
        "squareplus",
        "elementwise",
        ref.squareplus,
        vjp=ref.squareplus_vjp,
        intermediates=lambda x, **_: np.abs(x),  # x + sqrt(x^2 + b) cancels in the left tail
        vjp_intermediates=one,
        tensorflow=[
            lambda tf, x, b: tf.keras.ops.squareplus(x, b),
            lambda tf, x, b: tf.keras.activations.squareplus(x, b),
        ],
        jax=[lambda jax, x, b: jax.nn.squareplus(x, b)],
        samples=[
            normal((8, 33), b=4.0),
            normal((8, 33), b=0.1, name="decimal-b"),
            tails(-200, 200, 101, b=4.0),
            given([-1000.0, 1000.0, 300.0, -300.0], b=4.0, name="squares-beyond-float16"),
            small(b=4.0),
            nonfinite(b=4.0),
        ],
        sources=("https://arxiv.org/abs/2112.11687",),
    ),
    Case(
        "sparse_plus",
        "elementwise",
        ref.sparse_plus,
        vjp=ref.sparse_plus_vjp,
        tensorflow=[
            lambda tf, x: tf.keras.ops.sparse_plus(x),
            lambda tf, x: tf.keras.activations.sparse_plus(x),
        ],
        jax=[lambda jax, x: jax.nn.sparse_plus(x)],
        samples=[clear_of(1.0), small(), at(1.0), nonfinite()],
        sources=("https://keras.io/api/layers/activations/#sparseplus-function",),
    ),
    Case(
        "sparse_sigmoid",
        "elementwise",
        ref.sparse_sigmoid,
        vjp=ref.sparse_sigmoid_vjp,
        tensorflow=[
            lambda tf, x: tf.keras.ops.sparse_sigmoid(x),
            lambda tf, x: tf.keras.activations.sparse_sigmoid(x),
        ],
        jax=[lambda jax, x: jax.nn.sparse_sigmoid(x)],
        samples=[clear_of(1.0), small(), at(1.0), nonfinite()],
        sources=("https://arxiv.org/abs/1901.02324",),
    ),
)
