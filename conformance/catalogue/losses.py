"""Losses, averaged over elements (regression, binary) or rows (classification). Targets are data: no gradient."""

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue import (
    losses_classification,
    losses_conventions,
    losses_margin,
    losses_overlap,
    losses_regression,
    losses_weights,
)
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.losses_regression import refused
from conformance.reference import losses as ref
from fixtures.samples import given, sample


def probabilities(low: float, high: float, *shape: int):
    return lambda rng: (rng.uniform(low, high, shape), rng.integers(0, 2, shape).astype(float))


def logits(scale: float, *shape: int):
    return lambda rng: (scale * rng.standard_normal(shape), rng.integers(0, 2, shape).astype(float))


def labelled(scale: float, rows: int, classes: int):
    return lambda rng: (scale * rng.standard_normal((rows, classes)), rng.integers(0, classes, rows))


def one_hot(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((16, 10)), np.eye(10)[rng.integers(0, 10, 16)]


def soft(rng: np.random.Generator) -> tuple[Array, ...]:
    """Rows of eighths, so that they sum to one in every dtype."""
    return rng.standard_normal((16, 4)), rng.permuted(np.tile([0.5, 0.25, 0.125, 0.125], (16, 1)), axis=1)


def keras_scores_as_probabilities(tf, logits, target):
    return tf.keras.losses.CategoricalCrossentropy(dtype=logits.dtype)(target, logits)


def one_minus(c: Array, probability: Array, target: Array) -> Array:
    """1 - p is rounded before it divides."""
    return np.abs(c) * np.ones_like(probability) / (probability * (1 - probability)) / probability.size


def log_of_sum(x: Array, target: Array) -> Array:
    """log(1 + exp(-|z|)), or the logarithm of a sum of exponentials that is at least 1, which is rounded."""
    return np.ones(())


def softmax_minus_target(c: Array, x: Array, target: Array) -> Array:
    """softmax - target, sigmoid - target: both near 1 where the prediction is right."""
    rows = x.size if x.shape == target.shape and x.ndim < 2 else len(x)
    weight = np.sum(np.abs(target), axis=-1, keepdims=True) if target.shape == x.shape and x.ndim == 2 else 1
    return np.abs(c) * np.ones_like(x) * np.maximum(weight, 1) / rows


DOUBLE_AND_SINGLE = ("float64", "float32")

CASES = (
    *losses_regression.CASES,
    *losses_weights.CASES,
    *losses_margin.CASES,
    *losses_classification.CASES,
    *losses_conventions.CASES,
    *losses_overlap.CASES,
    Case(
        "binary_cross_entropy",
        "reduction",
        ref.binary_cross_entropy,
        vjp=ref.binary_cross_entropy_vjp,
        vjp_intermediates=one_minus,
        held=("target",),
        torch=[
            lambda torch, probability, target: torch.nn.functional.binary_cross_entropy(probability, target),
            lambda torch, probability, target: torch.nn.BCELoss()(probability, target),
        ],
        tensorflow=[
            lambda tf, probability, target: tf.keras.losses.BinaryCrossentropy(dtype=probability.dtype)(
                target, probability
            ),
            lambda tf, probability, target: tf.reduce_mean(tf.keras.ops.binary_crossentropy(target, probability)),
        ],
        samples=[
            sample("ordinary", probabilities(0.05, 0.95, 16, 3)),
            sample("near-half", probabilities(0.49, 0.51, 32, 1)),
            given([[0.5, 0.25]], [[0.25, 0.75]], name="soft-targets"),
            given([[0.0, 1.0, 0.5]], [[0.0, 1.0, 1.0]], name="certain-and-right", gradient=False),
            given([[0.0, 1.0, 0.5]], [[1.0, 0.0, 1.0]], name="certain-and-wrong", gradient=False),
            given([[1e-9, 0.5]], [[1.0, 1.0]], name="nearly-certain-and-wrong", smooth=False, dtypes=DOUBLE_AND_SINGLE),
            given([[1e-14, 0.5]], [[1.0, 1.0]], name="beyond-all-clamps", smooth=False, dtypes=DOUBLE_AND_SINGLE),
            refused("bad-labels", [[0.5, 0.25]], [[np.nan, 1.0]]),
            refused("bad-sizes", np.full((3, 2), 0.5), np.ones((2, 3))),
            refused("bad-rank", np.full((3, 1), 0.5), np.ones(3)),
            refused("bad-probability", [[1.5, 0.5]], [[1.0, 0.0]]),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html",),
    ),
    Case(
        "binary_cross_entropy_from_logits",
        "reduction",
        ref.binary_cross_entropy_from_logits,
        vjp=ref.binary_cross_entropy_from_logits_vjp,
        vjp_intermediates=softmax_minus_target,
        held=("target",),
        torch=[
            lambda torch, logit, target: torch.nn.BCEWithLogitsLoss()(logit, target),
            lambda torch, logit, target: torch.nn.functional.binary_cross_entropy_with_logits(logit, target),
            lambda torch, logit, target: torch.nn.BCELoss()(torch.sigmoid(logit), target),
        ],
        tensorflow=[
            lambda tf, logit, target: tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logit)
            ),
            lambda tf, logit, target: tf.keras.losses.BinaryCrossentropy(from_logits=True, dtype=logit.dtype)(
                target, logit
            ),
        ],
        jax=[lambda jax, logit, target: optax().sigmoid_binary_cross_entropy(logit, target).mean()],
        samples=[
            sample("ordinary", logits(1, 16, 3)),
            sample("wide", logits(3, 32, 2)),
            given([[0.0, -0.0]], [[1.0, 0.0]], name="zero"),
            given([[40.0, -40.0], [12.0, -12.0]], [[1.0, 0.0], [0.0, 1.0]], name="saturated"),
            given([[15.0], [12.0]], [[0.0], [0.0]], name="confident-and-wrong"),
            given([[-10.0]], [[0.0]], name="confident-and-right", dtypes=("float64", "float32", "float16")),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
            refused("bad-rank", np.ones((3, 1)), np.ones(3)),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html",
            "https://www.tensorflow.org/api_docs/python/tf/nn/sigmoid_cross_entropy_with_logits",
        ),
    ),
    Case(
        "cross_entropy",
        "reduction",
        ref.cross_entropy,
        vjp=ref.cross_entropy_vjp,
        intermediates=log_of_sum,
        vjp_intermediates=softmax_minus_target,
        torch=[
            lambda torch, logits, labels: torch.nn.CrossEntropyLoss()(logits, labels),
            lambda torch, logits, labels: torch.nn.functional.nll_loss(torch.log_softmax(logits, dim=-1), labels),
        ],
        tensorflow=[
            lambda tf, logits, labels: tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            ),
            lambda tf, logits, labels: tf.keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, dtype=logits.dtype
            )(labels, logits),
        ],
        jax=[lambda jax, logits, labels: optax().softmax_cross_entropy_with_integer_labels(logits, labels).mean()],
        samples=[
            sample("ordinary", labelled(1, 16, 10)),
            sample("wide", labelled(4, 16, 7)),
            sample("confident", lambda rng: (15 * np.eye(5) + rng.standard_normal((5, 5)), np.arange(5)), edge=True),
            given([[3.0]], [0], name="one-class"),
            given([[0.0, 1.0]], [2], name="bad-index", raises=True),
            refused("bad-index-negative", np.ones((2, 3)), np.array([0, -1])),
            refused("bad-sizes", np.ones((2, 3)), np.array([0, 1, 2])),
            refused("bad-rank", np.ones((2, 3)), np.array([[0, 1], [1, 2]])),
            refused("bad-dtype", np.ones((2, 3)), np.array([0.0, 1.0])),
            refused("bad-labels", np.ones((2, 3)), np.array([0.0, np.nan])),
        ],
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html",
            "https://www.tensorflow.org/api_docs/python/tf/nn/sparse_softmax_cross_entropy_with_logits",
        ),
    ),
    Case(
        "soft_cross_entropy",
        "reduction",
        ref.soft_cross_entropy,
        vjp=ref.soft_cross_entropy_vjp,
        intermediates=log_of_sum,
        vjp_intermediates=softmax_minus_target,
        held=("target",),
        torch=[
            lambda torch, logits, target: torch.nn.CrossEntropyLoss()(logits, target),
            lambda torch, logits, target: -(target * torch.log_softmax(logits, dim=-1)).sum(dim=-1).mean(),
        ],
        tensorflow=[
            lambda tf, logits, target: tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=logits)
            ),
            lambda tf, logits, target: tf.keras.losses.CategoricalCrossentropy(from_logits=True, dtype=logits.dtype)(
                target, logits
            ),
            keras_scores_as_probabilities,
        ],
        jax=[
            lambda jax, logits, target: optax().softmax_cross_entropy(logits, target).mean(),
            lambda jax, logits, target: optax().safe_softmax_cross_entropy(logits, target).mean(),
        ],
        samples=[
            sample("one-hot", one_hot),
            sample("soft", soft),
            sample("confident", lambda rng: (15 * np.eye(5) + rng.standard_normal((5, 5)), np.eye(5)), edge=True),
            given([[1.0, 2.0], [0.0, 0.5]], [[0.5, 1.0], [0.25, 0.25]], name="targets-do-not-sum-to-one"),
            given([[1.0, 2.0]], [[np.nan, 1.0]], name="nan-target", gradient=False),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
            refused("bad-rank", np.ones((3, 2, 2)), np.ones((3, 2))),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/nn/softmax_cross_entropy_with_logits",),
    ),
)
