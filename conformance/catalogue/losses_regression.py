"""Losses of numbers. Keras averages over the last axis before it reduces: one of length one leaves elements alone.

Targets are data: no gradient. Where a framework has no such loss, the route shows its formula.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.jax_shared import optax
from conformance.reference import losses as ref
from conformance.reference import losses_regression as regression
from fixtures.samples import given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
KERAS = "https://keras.io/api/losses/regression_losses/"


def keras(loss: Any, prediction: Any, target: Any, reduction: str, **arguments: Any) -> Any:
    """A Keras loss of every element by itself. It takes the target first, and computes in float32 unless told."""
    return loss(reduction=reduction, dtype=prediction.dtype, **arguments)(target[..., None], prediction[..., None])


def reduced(values: Any, reduction: str) -> Any:
    """For formulas in torch, by the reduction of this name."""
    return values if reduction == "none" else values.sum() if reduction == "sum" else values.mean()


def reduce(tf: Any, values: Any, reduction: str) -> Any:
    """For formulas in TensorFlow."""
    return values if reduction == "none" else {"sum": tf.reduce_sum, "mean": tf.reduce_mean}[reduction](values)


def keras_default_dtype(tf, prediction, target, reduction="mean"):
    return tf.keras.losses.MeanSquaredError(reduction=reduction)(target[..., None], prediction[..., None])


def keras_masked(tf, prediction, target, mask):
    """A mask that a layer has set reaches the loss with the layer's output."""

    class Masked(tf.keras.layers.Layer):
        def call(self, x):
            return tf.identity(x)

        def compute_mask(self, x, previous_mask=None):
            return mask

    masked = Masked(dtype=prediction.dtype)(prediction)
    return tf.keras.losses.MeanSquaredError(dtype=prediction.dtype)(target, masked)


def refused(name: str, *arrays: Any, **options: Any) -> Sample:
    """Inputs that have no loss."""
    return given(*arrays, name=name, raises=True, **options)


def bad_pairs(**options: Any) -> list[Sample]:
    """Shapes that do not match, and shapes that broadcast to one that nobody wants."""
    return [
        refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3)), **options),
        refused("bad-rank", np.ones((3, 1)), np.ones(3), **options),
    ]


def positive(*shape: int, n: int = 2):
    return lambda rng: tuple(rng.uniform(0.2, 3, shape) for _ in range(n))


def counts(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.poisson(2.0, shape).astype(float)


def weights(*shape: int, of: tuple[int, ...] | None = None):
    """Prediction, target and weights from 0 to 1; ``of``: the shape of the weights, if they are of rows."""
    return lambda rng: (rng.standard_normal(shape), rng.standard_normal(shape), rng.uniform(0.1, 1, of or shape))


def whole(shape: tuple[int, ...]):
    """Whole numbers: half of the pairs are equal, some differ by exactly 1."""
    return lambda rng: (rng.integers(0, 3, shape).astype(float), rng.integers(0, 3, shape).astype(float))


def one_of_log_cosh(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """cosh(d) is at least 1, which is rounded before its logarithm is taken."""
    return np.ones(())


def one_in_slope(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """The derivative of d + softplus(-2 d) is 1 - 2 sigmoid(-2 d)."""
    return np.abs(c) * np.ones_like(prediction) / (prediction.size if reduction == "mean" else 1)


def one_plus(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """1 + p and 1 + t are rounded: each logarithm is off by a unit roundoff, and is multiplied by their difference."""
    d = 2 * np.abs(np.log1p(np.abs(prediction)) - np.log1p(np.abs(target)))
    return d if reduction == "none" else np.sum(d) / (d.size if reduction == "mean" else 1)


def one_plus_slope(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """The same, in the slope."""
    return np.abs(c) * 2 / (1 + np.abs(prediction)) / (prediction.size if reduction == "mean" else 1)


CASES = (
    Case(
        "mean_squared_error",
        "reduction",
        ref.mean_squared_error,
        vjp=ref.mean_squared_error_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": torch.nn.functional.mse_loss(
                prediction, target, reduction=reduction
            ),
            lambda torch, prediction, target, reduction="mean": torch.nn.MSELoss(reduction=reduction)(
                prediction, target
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.MeanSquaredError, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.math.squared_difference(prediction, target), reduction
            ),
            keras_default_dtype,
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(
                optax().squared_error(prediction, target), reduction
            )
        ],
        samples=[
            normal((8, 5), (8, 5)),
            normal((3, 4), (3, 4), name="none", reduction="none"),
            normal((3, 4), (3, 4), name="sum", reduction="sum"),
            sample("close", lambda rng: (1 + 1e-2 * rng.standard_normal((64, 3)), np.ones((64, 3))), edge=True),
            given([[1.0, 2.0]], [[1.0, 2.0]], name="equal"),
            given([[3.0]], [[1.0]], name="one-element"),
            given(np.zeros((0,)), np.zeros((0,)), name="empty", gradient=False),
            given(np.zeros((0,)), np.zeros((0,)), name="empty-sum", gradient=False, reduction="sum"),
            given([1.0, np.inf], [np.nan, 1.0], name="nan-target", gradient=False, reduction="none"),
            *bad_pairs(),
        ],
        sources=(TORCH + "MSELoss.html", KERAS + "#meansquarederror-class"),
    ),
    Case(
        "squared_error_by_rows",
        "reduction",
        regression.squared_error_by_rows,
        vjp=regression.squared_error_by_rows_vjp,
        held=("target",),
        # What Keras calls reduction "none" and "sum" are rows, of which each is a mean.
        torch=[
            lambda torch, prediction, target, reduction: reduced(
                torch.nn.functional.mse_loss(prediction, target, reduction="none").mean(dim=-1), reduction
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction: tf.keras.losses.MeanSquaredError(
                reduction=reduction, dtype=prediction.dtype
            )(target, prediction),
            lambda tf, prediction, target, reduction: reduce(tf, tf.keras.losses.mse(target, prediction), reduction),
        ],
        jax=[
            lambda jax, prediction, target, reduction: reduced(
                optax().squared_error(prediction, target).mean(-1), reduction
            )
        ],
        samples=[
            normal((4, 5), (4, 5), name="none", reduction="none"),
            normal((4, 5), (4, 5), name="sum", reduction="sum"),
            normal((2, 3, 4), (2, 3, 4), name="rank-3", edge=True, reduction="mean"),
            normal((3, 1), (3, 1), name="one-column", edge=True, reduction="none"),
        ],
        sources=(KERAS + "#meansquarederror-class",),
    ),
    Case(
        "mean_absolute_error",
        "reduction",
        regression.absolute_error,
        vjp=regression.absolute_error_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": torch.nn.L1Loss(reduction=reduction)(
                prediction, target
            ),
            lambda torch, prediction, target, reduction="mean": torch.nn.functional.l1_loss(
                prediction, target, reduction=reduction
            ),
            lambda torch, prediction, target, reduction="mean": torch.nn.functional.smooth_l1_loss(
                prediction, target, reduction=reduction, beta=0.0
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.MeanAbsoluteError, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.mae(target[..., None], prediction[..., None]), reduction
            ),
        ],
        jax=[lambda jax, prediction, target, reduction="mean": reduced(jax.numpy.abs(prediction - target), reduction)],
        samples=[
            normal((4, 5), (4, 5)),
            normal((3, 4), (3, 4), name="none", reduction="none"),
            normal((3, 4), (3, 4), name="sum", reduction="sum"),
            sample("ties", whole((4, 5)), edge=True, smooth=False, reduction="none"),
            given([[1.0]], [[-1.0]], name="one-element"),
            *bad_pairs(),
        ],
        sources=(TORCH + "L1Loss.html", KERAS + "#meanabsoluteerror-class"),
    ),
    Case(
        "mean_absolute_percentage_error",
        "reduction",
        regression.absolute_percentage_error,
        vjp=regression.absolute_percentage_error_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": reduced(
                100 * torch.abs((prediction - target) / target.abs().clamp(min=1e-7)), reduction
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.MeanAbsolutePercentageError, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.mape(target[..., None], prediction[..., None]), reduction
            ),
        ],
        samples=[
            sample("positive", positive(4, 5)),
            normal((3, 4), (3, 4), name="none", reduction="none"),
            sample("ties", whole((3, 4)), edge=True, smooth=False, dtypes=("float64", "float32"), reduction="none"),
            given([1.0, -2.0], [2.0, 0.0], name="zero-target", dtypes=("float64", "float32"), reduction="sum"),
            *bad_pairs(),
        ],
        sources=(KERAS + "#meanabsolutepercentageerror-class",),
    ),
    Case(
        "mean_squared_logarithmic_error",
        "reduction",
        regression.squared_logarithmic_error,
        vjp=regression.squared_logarithmic_error_vjp,
        intermediates=one_plus,
        vjp_intermediates=one_plus_slope,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": torch.nn.functional.mse_loss(
                torch.log1p(prediction.clamp(min=1e-7)), torch.log1p(target.clamp(min=1e-7)), reduction=reduction
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.MeanSquaredLogarithmicError, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.msle(target[..., None], prediction[..., None]), reduction
            ),
        ],
        samples=[
            sample("positive", positive(4, 5)),
            sample("none", positive(3, 4), reduction="none"),
            given([0.0, 1.0, 0.5], [1.0, 0.0, 0.0], name="zeros", smooth=False, reduction="none"),
            given([-2.0, 1.0], [1.0, -0.5], name="negative", smooth=False, reduction="sum"),
            *bad_pairs(),
        ],
        sources=(KERAS + "#meansquaredlogarithmicerror-class",),
    ),
    Case(
        "huber_loss",
        "reduction",
        regression.huber,
        vjp=regression.huber_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, delta=1.0, reduction="mean": torch.nn.HuberLoss(reduction, delta)(
                prediction, target
            ),
            lambda torch, prediction, target, delta=1.0, reduction="mean": torch.nn.functional.huber_loss(
                prediction, target, reduction=reduction, delta=delta
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, delta=1.0, reduction="mean": keras(
                tf.keras.losses.Huber, prediction, target, reduction, delta=delta
            ),
            lambda tf, prediction, target, delta=1.0, reduction="mean": reduce(
                tf, tf.keras.losses.huber(target[..., None], prediction[..., None], delta), reduction
            ),
        ],
        jax=[
            lambda jax, prediction, target, delta=1.0, reduction="mean": reduced(
                optax().huber_loss(prediction, target, delta=delta), reduction
            )
        ],
        samples=[
            normal((4, 5), (4, 5), scale=2.0),
            normal((3, 4), (3, 4), scale=2.0, name="none-delta", delta=0.5, reduction="none"),
            normal((3, 4), (3, 4), name="sum-delta", delta=2.0, reduction="sum"),
            sample("kinks", whole((4, 5)), edge=True, smooth=False, reduction="none"),
            given([[1.0, 100.0]], [[-1.0, -100.0]], name="outliers"),
            *bad_pairs(),
        ],
        sources=(TORCH + "HuberLoss.html", KERAS + "#huber-class"),
    ),
    Case(
        "smooth_l1_loss",
        "reduction",
        regression.smooth_l1,
        vjp=regression.smooth_l1_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, beta=1.0, reduction="mean": torch.nn.SmoothL1Loss(
                reduction=reduction, beta=beta
            )(prediction, target),
            lambda torch, prediction, target, beta=1.0, reduction="mean": torch.nn.functional.smooth_l1_loss(
                prediction, target, reduction=reduction, beta=beta
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, beta=1.0, reduction="mean": (
                keras(tf.keras.losses.Huber, prediction, target, reduction, delta=beta) / beta
            )
        ],
        jax=[
            lambda jax, prediction, target, beta=1.0, reduction="mean": reduced(
                optax().huber_loss(prediction, target, delta=beta) / beta, reduction
            )
        ],
        samples=[
            normal((4, 5), (4, 5), scale=2.0),
            normal((3, 4), (3, 4), scale=2.0, name="none-beta", beta=0.5, reduction="none"),
            normal((3, 4), (3, 4), name="sum-beta", beta=2.0, reduction="sum"),
            sample("kinks", whole((4, 5)), edge=True, smooth=False, reduction="none"),
            given([[1.0, 100.0]], [[-1.0, -100.0]], name="outliers", beta=0.25),
            *bad_pairs(),
        ],
        sources=(TORCH + "SmoothL1Loss.html", KERAS + "#huber-class"),
    ),
    Case(
        "log_cosh_loss",
        "reduction",
        regression.log_cosh,
        vjp=regression.log_cosh_vjp,
        intermediates=one_of_log_cosh,
        vjp_intermediates=one_in_slope,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": reduced(
                prediction - target + torch.nn.functional.softplus(2 * (target - prediction)) - np.log(2.0), reduction
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.LogCosh, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.logcosh(target[..., None], prediction[..., None]), reduction
            ),
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(optax().log_cosh(prediction, target), reduction)
        ],
        samples=[
            normal((4, 5), (4, 5)),
            normal((3, 4), (3, 4), name="none", reduction="none"),
            given([100.0, -100.0, 0.0], [0.0, 1.0, 0.0], name="large", reduction="none"),
            sample("close", lambda rng: (1e-3 * rng.standard_normal((3, 4)), np.zeros((3, 4))), edge=True),
            *bad_pairs(),
        ],
        sources=(KERAS + "#logcosh-class",),
    ),
    Case(
        "cosine_similarity_loss",
        "reduction",
        regression.negative_cosine,
        vjp=regression.negative_cosine_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": reduced(
                -torch.nn.functional.cosine_similarity(prediction, target, dim=-1), reduction
            )
        ],
        # The sign: -1 where the vectors point the same way.
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": tf.keras.losses.CosineSimilarity(
                reduction=reduction, dtype=prediction.dtype
            )(target, prediction),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.cosine_similarity(target, prediction), reduction
            ),
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(
                -optax().cosine_similarity(prediction, target), reduction
            )
        ],
        samples=[
            normal((4, 5), (4, 5)),
            normal((3, 4), (3, 4), name="none", reduction="none"),
            given(  # whose sum is not 0: of what cancels in it the inputs' roundoff knows nothing
                [[1.0, 2.0], [1.0, 2.0], [3.0, 1.0]],
                [[2.0, 4.0], [-1.0, -2.0], [6.0, 2.0]],
                name="parallel",
                reduction="sum",
            ),
            given([[0.0, 0.0], [3.0, 4.0]], [[1.0, 1.0], [0.0, 0.0]], name="zeros", gradient=False, reduction="none"),
            given(
                [[3e-9, 4e-9]], [[1.0, 0.0]], name="tiny", smooth=False, dtypes=("float64", "float32"), reduction="none"
            ),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(KERAS + "#cosinesimilarity-class", TORCH + "functional.cosine_similarity.html"),
    ),
    Case(
        "poisson_nll_loss",
        "reduction",
        regression.poisson_nll,
        vjp=regression.poisson_nll_vjp,
        held=("target",),
        torch=[
            lambda torch, rate, target, reduction="mean": torch.nn.PoissonNLLLoss(
                log_input=False, eps=1e-7, reduction=reduction
            )(rate, target),
            lambda torch, rate, target, reduction="mean": torch.nn.functional.poisson_nll_loss(
                rate, target, log_input=False, eps=1e-7, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, rate, target, reduction="mean": keras(tf.keras.losses.Poisson, rate, target, reduction),
            lambda tf, rate, target, reduction="mean": reduce(
                tf, tf.keras.losses.poisson(target[..., None], rate[..., None]), reduction
            ),
        ],
        samples=[
            sample("counts", lambda rng: (rng.uniform(0.2, 3, (4, 5)), counts(rng, (4, 5)))),
            sample("none", lambda rng: (rng.uniform(0.2, 3, (3, 4)), counts(rng, (3, 4))), reduction="none"),
            given([0.0, 0.0, 2.0], [0.0, 1.0, 0.0], name="rate-zero", dtypes=("float64", "float32"), reduction="none"),
            given([[50.0]], [[60.0]], name="large-counts", reduction="sum"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(
            TORCH + "PoissonNLLLoss.html",
            "https://keras.io/api/losses/probabilistic_losses/#poisson-class",
        ),
    ),
    Case(
        "poisson_nll_loss_from_log",
        "reduction",
        regression.poisson_nll_from_log,
        vjp=regression.poisson_nll_from_log_vjp,
        held=("target",),
        torch=[
            lambda torch, log_rate, target, full=False, reduction="mean": torch.nn.PoissonNLLLoss(
                full=full, reduction=reduction
            )(log_rate, target),
            lambda torch, log_rate, target, full=False, reduction="mean": torch.nn.functional.poisson_nll_loss(
                log_rate, target, full=full, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, log_rate, target, full=False, reduction="mean": reduce(
                tf, tf.nn.log_poisson_loss(target, log_rate, compute_full_loss=full), reduction
            )
        ],
        samples=[
            sample("counts", lambda rng: (rng.standard_normal((4, 5)), counts(rng, (4, 5)))),
            sample("none", lambda rng: (rng.standard_normal((3, 4)), counts(rng, (3, 4))), reduction="none"),
            sample("full", lambda rng: (rng.standard_normal((3, 4)), counts(rng, (3, 4))), edge=True, full=True),
            given([1.0, 2.0, -8.0], [0.0, 1.0, 40.0], name="full-terms", full=True, reduction="none"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(
            TORCH + "PoissonNLLLoss.html",
            "https://www.tensorflow.org/api_docs/python/tf/nn/log_poisson_loss",
        ),
    ),
    Case(
        "gaussian_nll_loss",
        "reduction",
        regression.gaussian_nll,
        vjp=regression.gaussian_nll_vjp,
        held=("target",),
        torch=[
            lambda torch, mean, target, variance, full=False, reduction="mean": torch.nn.GaussianNLLLoss(
                full=full, reduction=reduction
            )(mean, target, variance),
            lambda torch, mean, target, variance, full=False, reduction="mean": torch.nn.functional.gaussian_nll_loss(
                mean, target, variance, full=full, reduction=reduction
            ),
        ],
        samples=[
            sample("normal", lambda rng: (*rng.standard_normal((2, 4, 5)), rng.uniform(0.2, 2, (4, 5)))),
            sample(
                "none", lambda rng: (*rng.standard_normal((2, 3, 4)), rng.uniform(0.2, 2, (3, 4))), reduction="none"
            ),
            sample(
                "full-sum",
                lambda rng: (*rng.standard_normal((2, 3, 4)), rng.uniform(0.2, 2, (3, 4))),
                edge=True,
                full=True,
                reduction="sum",
            ),
            given([1.0, 1.0], [1.0, 1.5], [0.0, 1e-9], name="clamped", smooth=False, dtypes=("float64", "float32")),
            refused("bad-labels", [1.0], [1.0], [-1.0]),
            refused("bad-sizes", np.ones((3, 2)), np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(TORCH + "GaussianNLLLoss.html",),
    ),
)
