"""Batch normalization. Keras counts channels along ``axis``, torch along axis 1; gamma, beta and the running statistics
have one number for each channel in both. ``momentum`` is Keras': what is kept of the running statistics."""

from typing import Any

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.reference import normalization as ref
from fixtures.samples import given, normal, sample

KERAS = "https://keras.io/api/layers/normalization_layers/batch_normalization/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html"


def settings(**options: Any) -> dict[str, Any]:
    """The options that are given; the framework's own defaults for the others."""
    return {name: value for name, value in options.items() if value is not None}


def torch_function(torch, x, gamma, beta, axis, epsilon):
    """torch.nn.functional.batch_norm"""
    y = torch.nn.functional.batch_norm(
        x.movedim(axis, 1), None, None, gamma, beta, training=True, **settings(eps=epsilon)
    )
    return y.movedim(1, axis)


def torch_module(torch, x, axis, epsilon, training, weights):
    """torch.nn.BatchNorm1d, 2d or 3d"""
    layers = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d, 5: torch.nn.BatchNorm3d}
    layer = layers[x.dim()](x.shape[axis], affine="weight" in weights, **settings(eps=epsilon), dtype=x.dtype)
    layer.train(training)
    return torch.func.functional_call(layer, weights, (x.movedim(axis, 1),)).movedim(1, axis)


def torch_layer(torch, x, gamma, beta, axis, epsilon):
    return torch_module(torch, x, axis, epsilon, True, {"weight": gamma, "bias": beta})


def torch_layer_in_evaluation(torch, x, gamma, beta, mean, variance, axis, epsilon):
    weights = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}
    return torch_module(torch, x, axis, epsilon, False, weights)


def torch_frozen_in_evaluation(torch, x, gamma, beta, mean, variance, axis, epsilon):
    """Weights without gradient and .eval()"""
    weights = {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance}
    return torch_module(torch, x, axis, epsilon, False, weights)


def torch_frozen_in_training(torch, x, gamma, beta, mean, variance, axis, epsilon):
    """Weights without gradient alone"""
    weights = {"weight": gamma, "bias": beta, "running_mean": mean.clone(), "running_var": variance.clone()}
    return torch_module(torch, x, axis, epsilon, True, weights)


def torch_steps(torch, x, gamma, beta, mean, variance, axis, momentum, epsilon, own=False):
    """torch keeps the variance with n - 1 in the denominator, and its momentum is 1 - Keras'. Without ``own`` the
    variance is converted to Keras' convention."""
    running_mean, running_var = mean.clone(), variance.clone()
    momentum_given = {} if momentum is None else {"momentum": 1 - momentum}
    for step in x.unbind():
        y = torch.nn.functional.batch_norm(
            step.movedim(axis, 1), running_mean, running_var, gamma, beta, training=True, eps=epsilon, **momentum_given
        )
    if not own:
        n = x[0].numel() // gamma.numel()
        start = (0.9 if momentum is None else momentum) ** len(x) * variance
        running_var = start + (running_var - start) * ((n - 1) / n)
    return y.movedim(1, axis), running_mean, running_var


def keras_steps(tf, x, gamma, beta, mean, variance, axis, momentum, epsilon, own=False):
    """A layer that calls tf.keras.layers.BatchNormalization on x[0], x[1], ..."""
    steps = x.shape[0]

    class Steps(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype=x.dtype)
            self.norm = tf.keras.layers.BatchNormalization(
                axis, epsilon=epsilon, dtype=x.dtype, **settings(momentum=momentum)
            )

        def build(self, shape):
            self.norm.build(shape[1:])

        def call(self, x, training):
            for step in tf.unstack(x, steps):
                y = self.norm(step, training=training)
            return y

    return Steps()


def keras_frozen(tf, x, gamma, beta, mean, variance, axis, epsilon):
    """tf.keras.layers.BatchNormalization(trainable=False)"""
    layer = tf.keras.layers.BatchNormalization(axis, dtype=x.dtype, **settings(epsilon=epsilon))
    layer.trainable = False
    return layer


def tf_along(tf, w, x, axis):
    shape = [1] * len(x.shape)
    shape[axis] = -1
    return tf.reshape(w, shape)


def tf_moments(tf, x, gamma, beta, axis, epsilon):
    """tf.nn.moments and tf.nn.batch_normalization"""
    axes = [a for a in range(len(x.shape)) if a != axis % len(x.shape)]
    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    gamma, beta = tf_along(tf, gamma, x, axis), tf_along(tf, beta, x, axis)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-5 if epsilon is None else epsilon)


def fused_batch_norm(tf, x, gamma, beta, axis, epsilon):
    """tf.compat.v1.nn.fused_batch_norm, of float32 weights; of images alone, channels last"""
    order = [a for a in range(len(x.shape)) if a != axis % len(x.shape)] + [axis % len(x.shape)]
    last = tf.transpose(x, order)
    image = tf.reshape(last, [-1, 1, 1, tf.shape(x)[axis]])
    gamma, beta = tf.cast(gamma, "float32"), tf.cast(beta, "float32")
    y = tf.compat.v1.nn.fused_batch_norm(image, gamma, beta, **settings(epsilon=epsilon))[0]
    return tf.transpose(tf.reshape(y, tf.shape(last)), [order.index(a) for a in range(len(x.shape))])


def torch_masked(torch, x, mask, gamma, beta, epsilon):
    """torch has no mask: statistics of the rows that are selected."""
    valid = x[mask]
    mean, variance = valid.mean(0), valid.var(0, correction=0)
    return (x - mean) / torch.sqrt(variance + epsilon) * gamma + beta


def torch_masked_by_weights(torch, x, mask, gamma, beta, epsilon):
    weight = mask[..., None] / mask.sum().to(x.dtype)
    mean = (weight * x).sum(dim=(0, 1))
    variance = (weight * (x - mean) ** 2).sum(dim=(0, 1))
    return (x - mean) * torch.rsqrt(variance + epsilon) * gamma + beta


def trained(*shape: int, axis: int = -1, epsilon: float | None = 1e-3, name: str, **options: Any):
    n = shape[axis]
    return normal(shape, (n,), (n,), name=name, axis=axis, epsilon=epsilon, **options)


def inferred(*shape: int, axis: int = -1, epsilon: float | None = 1e-3, name: str, low: float = 0.5, **options: Any):
    def make(rng: np.random.Generator):
        c = shape[axis]
        x, gamma, beta, mean = (rng.standard_normal(s) for s in (shape, c, c, c))
        return x, gamma, beta, mean, rng.uniform(low, 2 * low + 1, c)

    return sample(name, make, axis=axis, epsilon=epsilon, **options)


def stepped(*shape: int, axis: int = -1, momentum: float | None = 0.9, name: str, **options: Any):
    def make(rng: np.random.Generator):
        c = shape[1:][axis]
        gamma, beta, mean = (rng.standard_normal(c) for _ in range(3))
        return 2 + rng.standard_normal(shape), gamma, beta, mean, rng.uniform(0.5, 2, c)

    return sample(name, make, axis=axis, momentum=momentum, epsilon=1e-3, **options)


def masked(mask: list[list[int]], name: str, epsilon: float = 1e-3, **options: Any):
    m = np.asarray(mask, dtype=bool)
    return sample(
        name,
        lambda rng: (rng.standard_normal((*m.shape, 3)), m, rng.standard_normal(3), rng.standard_normal(3)),
        epsilon=epsilon,
        **options,
    )


DOUBLE_AND_SINGLE = ("float64", "float32")
"""Where conventions differ by little."""
SMALL = 0.1 * np.cos(np.arange(12.0) ** 2).reshape(4, 3)
"""Of a variance near 0.005, where epsilon matters."""


def jax_batch_norm(jax, x, gamma, beta, axis, epsilon, **how):
    """jax.nn.standardize"""
    others = tuple(a for a in range(x.ndim) if a != axis % x.ndim)
    y = jax.nn.standardize(x, others, **settings(epsilon=epsilon), **how)
    return y * jax.numpy.expand_dims(gamma, others) + jax.numpy.expand_dims(beta, others)


def jax_batch_norm_stable(jax, x, gamma, beta, axis, epsilon):
    """jax.nn.standardize, whose variance is that of differences from the mean"""
    return jax_batch_norm(jax, x, gamma, beta, axis, epsilon, algorithm="stable")


CASES = (
    Case(
        "batch_norm_in_training",
        "reduction",
        ref.batch_norm,
        vjp=ref.batch_norm_vjp,
        intermediates=ref.batch_norm_terms,
        vjp_intermediates=ref.batch_norm_vjp_terms,
        torch=[torch_function, torch_layer],
        tensorflow=[
            KerasLayer(
                lambda tf, x, gamma, beta, axis, epsilon: tf.keras.layers.BatchNormalization(
                    axis, dtype=x.dtype, **settings(epsilon=epsilon)
                ),
                {"training": True},
            ),
            tf_moments,
            fused_batch_norm,
        ],
        jax=[jax_batch_norm, jax_batch_norm_stable],
        samples=[
            trained(2, 4, 3, name="sequences"),
            trained(2, 3, 3, 2, axis=1, name="images-channels-first"),
            trained(2, 2, 2, 2, 2, name="volumes"),
            given(
                SMALL,
                [1.0, 2.0, -1.0],
                [0.0, 0.5, 1.0],
                name="default-epsilon",
                dtypes=DOUBLE_AND_SINGLE,
                axis=-1,
                epsilon=None,
            ),
            # A derivative passes through the third power of 1 / sqrt(epsilon), which float16 must hold.
            given(np.full((4, 2), 3.0), [2.0, 0.5], [1.0, -1.0], name="constant", axis=-1, epsilon=2.0**-6),
            trained(1, 2, name="one-value-per-channel", edge=True),
            sample(
                "far-from-zero",
                lambda rng: (100 + rng.standard_normal((6, 2)), np.ones(2), np.zeros(2)),
                edge=True,
                axis=-1,
                epsilon=1e-3,
            ),
            normal((4, 3), (2,), (2,), name="bad-sizes", axis=-1, epsilon=1e-3, raises=True, edge=True),
            normal((4,), (4,), (4,), name="bad-rank", axis=-1, epsilon=1e-3, raises=True, edge=True),
        ],
        sources=(TORCH, KERAS, "https://arxiv.org/abs/1502.03167"),
    ),
    Case(
        "batch_norm_without_weights",
        "reduction",
        ref.batch_norm_plain,
        vjp=ref.batch_norm_plain_vjp,
        vjp_intermediates=ref.batch_norm_plain_vjp_terms,
        torch=[
            lambda torch, x, axis, epsilon: torch.nn.functional.batch_norm(
                x.movedim(axis, 1), None, None, training=True, eps=epsilon
            ).movedim(1, axis),
            lambda torch, x, axis, epsilon: torch_module(torch, x, axis, epsilon, True, {}),
        ],
        tensorflow=[
            lambda tf, x, axis, epsilon: tf.keras.ops.batch_normalization(
                x,
                *tf.keras.ops.moments(x, [a for a in range(len(x.shape)) if a != axis % len(x.shape)]),
                axis,
                epsilon=epsilon,
            ),
            lambda tf, x, axis, epsilon: tf.nn.batch_normalization(
                x,
                *tf.nn.moments(x, [a for a in range(len(x.shape)) if a != axis % len(x.shape)], keepdims=True),
                None,
                None,
                epsilon,
            ),
        ],
        jax=[
            lambda jax, x, axis, epsilon: jax.nn.standardize(
                x, tuple(a for a in range(x.ndim) if a != axis % x.ndim), epsilon=epsilon
            )
        ],
        samples=[
            normal((2, 5, 3), axis=-1, epsilon=1e-3),
            normal((3, 2, 4), name="channels-first", axis=1, epsilon=1e-5),
            normal((2, 2), name="two-rows", axis=-1, epsilon=1e-3, edge=True),
            normal((6, 2), name="large-epsilon", axis=-1, epsilon=10.0, edge=True),
        ],
        sources=(TORCH, KERAS),
    ),
    Case(
        "batch_norm_in_inference",
        "reduction",
        ref.batch_norm_inference,
        vjp=ref.batch_norm_inference_vjp,
        held=("mean", "variance"),
        torch=[
            torch_layer_in_evaluation,
            lambda torch, x, gamma, beta, mean, variance, axis, epsilon: torch.nn.functional.batch_norm(
                x.movedim(axis, 1), mean, variance, gamma, beta, **settings(eps=epsilon)
            ).movedim(1, axis),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, gamma, beta, mean, variance, axis, epsilon: tf.keras.layers.BatchNormalization(
                    axis, dtype=x.dtype, **settings(epsilon=epsilon)
                ),
                {"training": False},
            ),
            lambda tf, x, gamma, beta, mean, variance, axis, epsilon: tf.keras.ops.batch_normalization(
                x, mean, variance, axis, beta, gamma, **settings(epsilon=epsilon)
            ),
        ],
        samples=[
            inferred(5, 3, name="vectors"),
            inferred(2, 3, 2, 4, axis=1, name="images-channels-first"),
            inferred(1, 1, 2, name="one-row", edge=True),
            inferred(4, 3, name="default-epsilon", dtypes=DOUBLE_AND_SINGLE, low=1e-3, epsilon=None, edge=True),
            inferred(0, 2, name="empty-batch", edge=True),
            normal((4, 3), (2,), (2,), (2,), (2,), name="bad-sizes", axis=-1, epsilon=1e-3, raises=True, edge=True),
        ],
        sources=(TORCH, KERAS),
    ),
    Case(
        "batch_norm_running_statistics",
        "reduction",
        ref.running_statistics,
        torch=[torch_steps],
        tensorflow=[KerasLayer(keras_steps, {"training": True}, state=True)],
        samples=[
            stepped(3, 4, 2, name="three-steps"),
            stepped(2, 2, 3, 2, axis=1, momentum=0.5, name="channels-first"),
            stepped(1, 5, 2, momentum=0.0, name="the-last-batch-alone", edge=True),
            stepped(2, 5, 2, momentum=1.0, name="nothing-moves", edge=True),
            stepped(2, 4, 2, name="own-variance", own=True, dtypes=DOUBLE_AND_SINGLE, edge=True),
            stepped(2, 4, 2, momentum=None, name="default-momentum", dtypes=DOUBLE_AND_SINGLE, edge=True),
        ],
        sources=(TORCH, KERAS),
    ),
    Case(
        "frozen_batch_norm",
        "reduction",
        ref.batch_norm_inference,
        vjp=ref.batch_norm_inference_vjp,
        held=("mean", "variance"),
        torch=[torch_frozen_in_evaluation, torch_frozen_in_training],
        tensorflow=[KerasLayer(keras_frozen, {"training": True})],
        samples=[
            inferred(5, 3, name="vectors"),
            inferred(2, 2, 3, 2, axis=1, name="images-channels-first"),
            inferred(2, 1, name="one-channel", edge=True),
            inferred(4, 3, name="small-variance", low=1e-3, edge=True),
        ],
        sources=(KERAS, "https://keras.io/getting_started/faq/", TORCH),
    ),
    Case(
        "masked_batch_norm",
        "reduction",
        ref.masked_batch_norm,
        vjp=ref.masked_batch_norm_vjp,
        intermediates=ref.masked_batch_norm_terms,
        vjp_intermediates=ref.masked_batch_norm_vjp_terms,
        torch=[torch_masked, torch_masked_by_weights],
        tensorflow=[
            KerasLayer(
                lambda tf, x, mask, gamma, beta, epsilon: tf.keras.layers.BatchNormalization(
                    epsilon=epsilon, dtype=x.dtype
                ),
                {"training": True},
                named=("mask",),
            )
        ],
        samples=[
            masked([[1, 1, 1, 0], [1, 0, 0, 0]], "padded"),
            masked([[1, 0, 1, 1], [0, 1, 1, 0]], "holes"),
            masked([[1, 1, 1], [1, 1, 1]], "nothing-masked", edge=True),
            masked([[0, 0, 1], [0, 0, 0]], "one-valid-step", epsilon=0.1, edge=True),
            sample(
                "bad-sizes",
                lambda rng: (rng.standard_normal((2, 3, 2)), np.ones((2, 4), bool), np.ones(2), np.zeros(2)),
                epsilon=1e-3,
                raises=True,
                edge=True,
            ),
        ],
        sources=(KERAS,),
    ),
)
