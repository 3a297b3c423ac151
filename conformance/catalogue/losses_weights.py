"""Sample weights and masks: what a weighted mean divides by."""

import numpy as np

from conformance.case import Case
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.losses_regression import KERAS, TORCH, keras_masked, refused, weights
from conformance.reference import losses_regression as regression
from fixtures.samples import given, normal, sample

LOSS = "https://keras.io/api/losses/#standalone-usage-of-losses"


def keras_weighted(loss, prediction, target, weight, reduction, **arguments):
    """A last axis of one: each element has its own weight."""
    made = loss(reduction=reduction, dtype=prediction.dtype, **arguments)
    return made(target[..., None], prediction[..., None], sample_weight=weight)


def divided(values, weight, reduction):
    """For formulas in torch: ``values`` are weighted already."""
    if reduction == "mean_with_sample_weight":
        return values.sum() / weight.sum()
    return values if reduction == "none" else values.sum() if reduction == "sum" else values.mean()


def torch_weighted_mse(torch, prediction, target, weight, reduction):
    """mse_loss divides the mean by the sum of the weights."""
    functional = torch.nn.functional
    if reduction == "mean":
        return functional.mse_loss(prediction, target, reduction="sum", weight=weight) / prediction.numel()
    reduction = "mean" if reduction == "mean_with_sample_weight" else reduction
    return functional.mse_loss(prediction, target, reduction=reduction, weight=weight)


def torch_weighted_l1(torch, prediction, target, weight, reduction):
    """l1_loss too."""
    functional = torch.nn.functional
    if reduction == "mean":
        return functional.l1_loss(prediction, target, reduction="sum", weight=weight) / prediction.numel()
    reduction = "mean" if reduction == "mean_with_sample_weight" else reduction
    return functional.l1_loss(prediction, target, reduction=reduction, weight=weight)


def torch_weighted_huber(torch, prediction, target, weight, reduction, delta):
    """huber_loss divides the mean by the number of elements."""
    functional = torch.nn.functional
    if reduction == "mean_with_sample_weight":
        total = functional.huber_loss(prediction, target, reduction="sum", delta=delta, weight=weight)
        return total / weight.sum()
    return functional.huber_loss(prediction, target, reduction=reduction, delta=delta, weight=weight)


def of_all_reductions(**options):
    """Weighted elements, reduced in each way."""
    return [
        sample("mean", weights(4, 5), reduction="mean", **options),
        sample("mean-by-weight", weights(4, 5), reduction="mean_with_sample_weight", **options),
        sample("none", weights(3, 4), reduction="none", **options),
        sample("sum", weights(3, 4), reduction="sum", **options),
        given([1.0, 2.0, 5.0], [0.0, 4.0, 3.0], [0.0, 1.0, 0.0], name="some-zero", smooth=False,
              reduction="mean_with_sample_weight", **options),
        given([1.0, 2.0], [0.0, 4.0], [0.0, 0.0], name="no-weight", gradient=False,
              reduction="mean_with_sample_weight", **options),
        refused("bad-sizes", np.ones((3, 2)), np.ones((3, 2)), np.ones((2, 3)), reduction="mean", **options),
        refused("bad-rank", np.ones((3, 2)), np.ones((3, 2)), np.ones(3), reduction="mean", **options),
    ]  # fmt: skip


CASES = (
    Case(
        "weighted_squared_error",
        "reduction",
        regression.weighted_squared_error,
        vjp=regression.weighted_squared_error_vjp,
        held=("target",),
        torch=[
            torch_weighted_mse,
            lambda torch, prediction, target, weight, reduction: divided(
                torch.nn.functional.mse_loss(prediction, target, reduction="none") * weight, weight, reduction
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, weight, reduction: keras_weighted(
                tf.keras.losses.MeanSquaredError, prediction, target, weight, reduction
            )
        ],
        jax=[
            lambda jax, prediction, target, weight, reduction: divided(
                optax().squared_error(prediction, target) * weight, weight, reduction
            )
        ],
        samples=of_all_reductions(),
        sources=(TORCH + "functional.mse_loss.html", LOSS),
    ),
    Case(
        "weighted_absolute_error",
        "reduction",
        regression.weighted_absolute_error,
        vjp=regression.weighted_absolute_error_vjp,
        held=("target",),
        torch=[torch_weighted_l1],
        tensorflow=[
            lambda tf, prediction, target, weight, reduction: keras_weighted(
                tf.keras.losses.MeanAbsoluteError, prediction, target, weight, reduction
            )
        ],
        jax=[
            lambda jax, prediction, target, weight, reduction: divided(
                jax.numpy.abs(prediction - target) * weight, weight, reduction
            )
        ],
        samples=of_all_reductions(),
        sources=(TORCH + "functional.l1_loss.html", LOSS),
    ),
    Case(
        "weighted_huber",
        "reduction",
        regression.weighted_huber,
        vjp=regression.weighted_huber_vjp,
        held=("target",),
        torch=[torch_weighted_huber],
        tensorflow=[
            lambda tf, prediction, target, weight, reduction, delta: keras_weighted(
                tf.keras.losses.Huber, prediction, target, weight, reduction, delta=delta
            )
        ],
        jax=[
            lambda jax, prediction, target, weight, reduction, delta: divided(
                optax().huber_loss(prediction, target, delta=delta) * weight, weight, reduction
            )
        ],
        samples=of_all_reductions(delta=0.75),
        sources=(TORCH + "functional.huber_loss.html", LOSS),
    ),
    Case(
        "row_weighted_squared_error",
        "reduction",
        regression.row_weighted_squared_error,
        vjp=regression.row_weighted_squared_error_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, weight, reduction: divided(
                torch.nn.functional.mse_loss(prediction, target, reduction="none").mean(dim=-1) * weight,
                weight,
                reduction,
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, weight, reduction: tf.keras.losses.MeanSquaredError(
                reduction=reduction, dtype=prediction.dtype
            )(target, prediction, sample_weight=weight)
        ],
        jax=[
            lambda jax, prediction, target, weight, reduction: divided(
                optax().squared_error(prediction, target).mean(-1) * weight, weight, reduction
            )
        ],
        samples=[
            sample("mean", weights(4, 5, of=(4,)), reduction="mean"),
            sample("mean-by-weight", weights(4, 5, of=(4,)), reduction="mean_with_sample_weight"),
            sample("steps", weights(2, 3, 4, of=(2, 3)), edge=True, reduction="none"),
            sample("one-row", weights(1, 3, of=(1,)), edge=True, reduction="sum"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((3, 2)), np.ones(2), reduction="mean"),
        ],
        sources=(KERAS + "#meansquarederror-class", LOSS),
    ),
    Case(
        "masked_squared_error",
        "reduction",
        regression.masked_squared_error,
        vjp=regression.masked_squared_error_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, mask: torch.nn.functional.mse_loss(prediction[mask], target[mask]),
        ],
        tensorflow=[keras_masked],
        jax=[
            lambda jax, prediction, target, mask: jax.numpy.mean(
                optax().squared_error(prediction, target), where=mask[..., None]
            )
        ],
        samples=[
            sample("some", lambda rng: (*rng.standard_normal((2, 6, 3)), np.array([1, 1, 0, 1, 0, 0], bool))),
            sample("all", lambda rng: (*rng.standard_normal((2, 4, 3)), np.ones(4, bool))),
            sample(
                "steps", lambda rng: (*rng.standard_normal((2, 2, 3, 4)), np.tril(np.ones((2, 3), bool))), edge=True
            ),
            given([[1.0], [2.0], [100.0]], [[2.0], [0.0], [0.0]], [True, True, False], name="one-outlier"),
            given([[1.0], [2.0]], [[2.0], [0.0]], [False, False], name="nothing", gradient=False),
        ],
        sources=("https://github.com/keras-team/keras/blob/v3.15.1/keras/src/losses/loss.py", LOSS),
    ),
    Case(
        "l2_penalty",
        "reduction",
        regression.l2_penalty,
        vjp=regression.l2_penalty_vjp,
        # torch has weight_decay = 2 * strength in its optimizers, whose gradient is weight_decay * w.
        torch=[lambda torch, w, strength: strength * torch.linalg.vector_norm(w).square()],
        tensorflow=[
            lambda tf, w, strength: tf.keras.regularizers.L2(strength)(w),
            lambda tf, w, strength: 2 * strength * tf.nn.l2_loss(w),
        ],
        jax=[lambda jax, w, strength: 2 * strength * optax().l2_loss(w).sum()],
        samples=[
            normal((4, 5), strength=0.01),
            normal((3,), name="vector", strength=0.5),
            normal((1,), name="one-element", edge=True, strength=0.25),
            given([1e-3, 0.0, 2.0], name="with-zero", strength=1.0),
        ],
        sources=(
            "https://keras.io/api/layers/regularizers/",
            "https://www.tensorflow.org/api_docs/python/tf/nn/l2_loss",
        ),
    ),
)
