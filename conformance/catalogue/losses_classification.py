"""Losses of classes and of distributions: weights, ignored labels, smoothing, probabilities in place of logits."""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.losses_regression import TORCH, keras, reduce, reduced, refused
from conformance.catalogue.losses_weights import divided
from conformance.reference import losses_classification as ref
from conformance.reference.losses_reduction import spread
from fixtures.samples import given, sample

KERAS = "https://keras.io/api/losses/probabilistic_losses/"


def one(*arrays: Array, **options: Any) -> Array:
    """The logarithm of a sum of exponentials that is at least 1, which is rounded."""
    return np.ones(())


def linear_part(logit: Array, target: Array, weight: Array, pos_weight: Array, *, reduction: str = "mean") -> Array:
    """(1 - t) z + l softplus(-z), l = 1 + (q - 1) t: that of both frameworks cancels where t is 0 and z below."""
    terms = np.abs(weight * (1 - target) * logit)
    return terms if reduction == "none" else np.sum(terms) / (terms.size if reduction == "mean" else 1)


def of_rows(c: Array, x: Array, labels: Array, *arrays: Array, reduction: str = "mean", **options: Any) -> Array:
    """softmax - target, both near 1 where the prediction is right."""
    rows = spread(np.abs(c), x.shape[:-1], "mean" if "mean" in reduction else reduction)
    return rows[..., None] * np.ones_like(x)


def of_weighted_rows(
    c: Array, x: Array, labels: Array, weight: Array, *, smoothing: float, reduction: str = "mean"
) -> Array:
    """softmax sum(w t) - w t."""
    return (
        of_rows(c, x, labels, reduction=reduction)
        * np.max(weight)
        / (np.mean(weight[labels]) if "mean" in reduction else 1)
    )


def of_elements(c: Array, x: Array, target: Array, *arrays: Array, reduction: str = "mean", **options: Any) -> Array:
    """sigmoid - target."""
    return spread(np.abs(c), x.shape, reduction) * np.ones_like(x)


def labelled(*shape: int, weights: bool = False, scale: float = 1.0):
    """Logits, a label for each row, and a weight for each class."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        weight = (rng.uniform(0.25, 2, shape[-1]),) if weights else ()
        return scale * rng.standard_normal(shape), rng.integers(0, shape[-1], shape[:-1]), *weight

    return make


def some_ignored(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((6, 4)), np.where(np.arange(6) % 3 == 1, -100, rng.integers(0, 4, 6))


def distribution(rng: np.random.Generator, rows: int, classes: int) -> Array:
    """Rows that sum to one but for rounding, none of them near 0."""
    p = rng.uniform(0.2, 1, (rows, classes))
    return p / p.sum(axis=1, keepdims=True)


def probable(rows: int, classes: int):
    """Probabilities and labels."""
    return lambda rng: (distribution(rng, rows, classes), rng.integers(0, classes, rows))


def distributions(rows: int, classes: int):
    """Two of them."""
    return lambda rng: (distribution(rng, rows, classes), distribution(rng, rows, classes))


def log_distributions(rows: int, classes: int):
    return lambda rng: (np.log(distribution(rng, rows, classes)), np.log(distribution(rng, rows, classes)))


def binary(*shape: int, weights: bool = False, scale: float = 1.0):
    """Logits, targets 0 and 1, and weights of the elements and of the positive terms."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        rest = (rng.uniform(0.5, 2, shape), rng.uniform(0.5, 3, shape[-1])) if weights else ()
        return scale * rng.standard_normal(shape), rng.integers(0, 2, shape).astype(float), *rest

    return make


def torch_class_weights(torch, logits, labels, weight, reduction):
    """The mean of CrossEntropyLoss divides by the sum of the weights of the labels, not by the number of rows."""
    if reduction == "mean":
        return torch.nn.CrossEntropyLoss(weight, reduction="sum")(logits, labels) / len(labels)
    reduction = "mean" if reduction == "mean_with_sample_weight" else reduction
    return torch.nn.CrossEntropyLoss(weight, reduction=reduction)(logits, labels)


def torch_nll(torch, log_probabilities, labels, weight, reduction):
    """NLLLoss too."""
    if reduction == "mean":
        return torch.nn.NLLLoss(weight, reduction="sum")(log_probabilities, labels) / len(labels)
    reduction = "mean" if reduction == "mean_with_sample_weight" else reduction
    return torch.nn.NLLLoss(weight, reduction=reduction)(log_probabilities, labels)


def tensorflow_nll(tf, log_probabilities, labels, weight, reduction):
    weights = tf.gather(weight, labels)
    rows = -tf.gather(log_probabilities, labels, batch_dims=1) * weights
    if reduction == "mean_with_sample_weight":
        return tf.reduce_sum(rows) / tf.reduce_sum(weights)
    return reduce(tf, rows, reduction)


def keras_kl(tf, probabilities, target, reduction):
    """Keras sums each row, and reduces rows: its mean is torch's batchmean."""
    if reduction in ("none", "mean"):  # of elements
        return keras(tf.keras.losses.KLDivergence, probabilities, target, reduction)
    reduction = "mean" if reduction == "batchmean" else reduction
    return tf.keras.losses.KLDivergence(reduction=reduction, dtype=probabilities.dtype)(target, probabilities)


def tensorflow_kl_of_logs(tf, log_probabilities, log_target, reduction):
    terms = tf.exp(log_target) * (log_target - log_probabilities)
    if reduction == "batchmean":
        return tf.reduce_sum(terms) / tf.cast(tf.shape(terms)[0], terms.dtype)
    return reduce(tf, terms, reduction)


def tensorflow_smoothed_weights(tf, logits, labels, weight, smoothing, reduction="mean"):
    classes = tf.shape(logits)[-1]
    target = tf.one_hot(labels, classes, dtype=logits.dtype) * (1 - smoothing)
    target += smoothing / tf.cast(classes, logits.dtype)
    rows = -tf.reduce_sum(weight * target * tf.nn.log_softmax(logits), -1)
    if reduction == "mean":
        return tf.reduce_sum(rows) / tf.reduce_sum(tf.gather(weight, labels))
    return reduce(tf, rows, reduction)


CASES = (
    Case(
        "binary_cross_entropy_weights",
        "reduction",
        ref.weighted_binary_cross_entropy,
        vjp=ref.weighted_binary_cross_entropy_vjp,
        intermediates=linear_part,
        vjp_intermediates=of_elements,
        held=("target", "weight", "pos_weight"),
        torch=[
            lambda torch, logit, target, weight, pos_weight, reduction="mean": torch.nn.BCEWithLogitsLoss(
                weight, reduction=reduction, pos_weight=pos_weight
            )(logit, target),
            lambda torch, logit, target, weight, pos_weight, reduction="mean": (
                torch.nn.functional.binary_cross_entropy_with_logits(
                    logit, target, weight, reduction=reduction, pos_weight=pos_weight
                )
            ),
        ],
        tensorflow=[
            lambda tf, logit, target, weight, pos_weight, reduction="mean": reduce(
                tf, weight * tf.nn.weighted_cross_entropy_with_logits(target, logit, pos_weight), reduction
            )
        ],
        samples=[
            sample("normal", binary(4, 5, weights=True)),
            sample("none", binary(3, 4, weights=True, scale=3.0), reduction="none"),
            given(
                [[40.0, -40.0], [12.0, -12.0]],
                [[1.0, 0.0], [0.0, 1.0]],
                np.ones((2, 2)),
                [3.0, 0.5],
                name="saturated",
                reduction="sum",
            ),
            given([[0.0, -0.0]], [[1.0, 0.0]], np.ones((1, 2)), [2.0, 1.0], name="zero"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3)), np.ones((3, 2)), np.ones(2)),
        ],
        sources=(
            TORCH + "BCEWithLogitsLoss.html",
            "https://www.tensorflow.org/api_docs/python/tf/nn/weighted_cross_entropy_with_logits",
        ),
    ),
    Case(
        "binary_cross_entropy_label_smoothing",
        "reduction",
        ref.smoothed_binary_cross_entropy,
        vjp=ref.smoothed_binary_cross_entropy_vjp,
        vjp_intermediates=of_elements,
        held=("target",),
        torch=[
            lambda torch, logit, target, smoothing, reduction="mean": (
                torch.nn.functional.binary_cross_entropy_with_logits(
                    logit, target * (1 - smoothing) + smoothing / 2, reduction=reduction
                )
            )
        ],
        tensorflow=[
            lambda tf, logit, target, smoothing, reduction="mean": keras(
                tf.keras.losses.BinaryCrossentropy,
                logit,
                target,
                reduction,
                from_logits=True,
                label_smoothing=smoothing,
            )
        ],
        jax=[
            lambda jax, logit, target, smoothing, reduction="mean": reduced(
                optax().sigmoid_binary_cross_entropy(logit, target * (1 - smoothing) + smoothing / 2), reduction
            )
        ],
        samples=[
            sample("tenth", binary(4, 5), smoothing=0.125),
            sample("none", binary(3, 4, scale=3.0), smoothing=0.25, reduction="none"),
            given(
                [[-10.0]], [[0.0]], name="confident-and-right", smoothing=0.0, dtypes=("float64", "float32", "float16")
            ),
            sample("all-smoothed", binary(3, 4), edge=True, smoothing=1.0),
            sample("nothing-smoothed", binary(3, 4), edge=True, smoothing=0.0, reduction="sum"),
        ],
        sources=(KERAS + "#binarycrossentropy-class",),
    ),
    Case(
        "cross_entropy_class_weights",
        "reduction",
        ref.weighted_cross_entropy,
        vjp=ref.weighted_cross_entropy_vjp,
        intermediates=one,
        vjp_intermediates=of_rows,
        held=("weight",),
        torch=[torch_class_weights],
        # fit(class_weight=...) turns them into sample weights.
        tensorflow=[
            lambda tf, logits, labels, weight, reduction: tf.keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction=reduction, dtype=logits.dtype
            )(labels, logits, sample_weight=tf.gather(weight, labels))
        ],
        jax=[
            lambda jax, logits, labels, weight, reduction: divided(
                optax().softmax_cross_entropy_with_integer_labels(logits, labels) * weight[labels],
                weight[labels],
                reduction,
            )
        ],
        samples=[
            sample("mean-by-weight", labelled(6, 4, weights=True), reduction="mean_with_sample_weight"),
            sample("mean", labelled(6, 4, weights=True), reduction="mean"),
            sample("none", labelled(5, 3, weights=True), reduction="none"),
            given(
                [[1.0, 2.0], [0.5, 0.0]],
                [0, 1],
                [0.0, 2.0],
                name="a-weight-of-zero",
                reduction="mean_with_sample_weight",
            ),
            given([[1.0, 2.0]], [0], [0.0, 2.0], name="no-weight", gradient=False, reduction="mean_with_sample_weight"),
            refused("bad-index", np.ones((2, 3)), np.array([0, 3]), np.ones(3), reduction="sum"),
        ],
        sources=(TORCH + "CrossEntropyLoss.html", "https://keras.io/api/models/model_training_apis/#fit-method"),
    ),
    Case(
        "cross_entropy_ignore_index",
        "reduction",
        ref.masked_cross_entropy,
        vjp=ref.masked_cross_entropy_vjp,
        intermediates=one,
        vjp_intermediates=of_rows,
        torch=[
            lambda torch, logits, labels, ignored, reduction: torch.nn.CrossEntropyLoss(
                ignore_index=ignored, reduction=reduction
            )(logits, labels),
            lambda torch, logits, labels, ignored, reduction: torch.nn.functional.cross_entropy(
                logits, labels, ignore_index=ignored, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, logits, labels, ignored, reduction: tf.keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, ignore_class=ignored, reduction=reduction, dtype=logits.dtype
            )(labels, logits)
        ],
        samples=[
            sample("mean", some_ignored, ignored=-100, reduction="mean"),
            sample("none", some_ignored, ignored=-100, reduction="none"),
            sample("a-class", labelled(6, 3), ignored=2, reduction="sum"),
            sample("none-ignored", labelled(4, 3), edge=True, ignored=-1, reduction="mean"),
            given([[1.0, 2.0]], [-100], name="all-ignored", gradient=False, ignored=-100, reduction="mean"),
            refused("bad-index", np.ones((2, 3)), np.array([-1, 2]), ignored=-100, reduction="mean"),
        ],
        sources=(TORCH + "CrossEntropyLoss.html", KERAS + "#sparsecategoricalcrossentropy-class"),
    ),
    Case(
        "cross_entropy_label_smoothing",
        "reduction",
        ref.smoothed_cross_entropy,
        vjp=ref.smoothed_cross_entropy_vjp,
        intermediates=one,
        vjp_intermediates=of_rows,
        torch=[
            lambda torch, logits, labels, smoothing, reduction="mean": torch.nn.CrossEntropyLoss(
                label_smoothing=smoothing, reduction=reduction
            )(logits, labels),
            lambda torch, logits, labels, smoothing, reduction="mean": torch.nn.functional.cross_entropy(
                logits, labels, label_smoothing=smoothing, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, logits, labels, smoothing, reduction="mean": tf.keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=smoothing, reduction=reduction, dtype=logits.dtype
            )(tf.one_hot(labels, tf.shape(logits)[-1], dtype=logits.dtype), logits)
        ],
        jax=[
            lambda jax, logits, labels, smoothing, reduction="mean": reduced(
                optax().softmax_cross_entropy(
                    logits,
                    optax().smooth_labels(jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype), smoothing),
                ),
                reduction,
            )
        ],
        samples=[
            sample("tenth", labelled(6, 4), smoothing=0.1),
            sample("none", labelled(5, 4, scale=3.0), smoothing=0.25, reduction="none"),
            sample("all-smoothed", labelled(4, 4), edge=True, smoothing=1.0, reduction="sum"),
            sample("nothing-smoothed", labelled(4, 4), edge=True, smoothing=0.0),
            refused("bad-sizes", np.ones((2, 3)), np.array([0, 1, 2]), smoothing=0.1),
        ],
        sources=(TORCH + "CrossEntropyLoss.html", KERAS + "#categoricalcrossentropy-class"),
    ),
    Case(
        "cross_entropy_class_weights_smoothing",
        "reduction",
        ref.smoothed_weighted_cross_entropy,
        vjp=ref.smoothed_weighted_cross_entropy_vjp,
        intermediates=one,
        vjp_intermediates=of_weighted_rows,
        held=("weight",),
        # The weights are those of the classes within the sum; the mean divides by those of the labels alone.
        torch=[
            lambda torch, logits, labels, weight, smoothing, reduction="mean": torch.nn.CrossEntropyLoss(
                weight, label_smoothing=smoothing, reduction=reduction
            )(logits, labels)
        ],
        tensorflow=[tensorflow_smoothed_weights],
        samples=[
            sample("tenth", labelled(6, 4, weights=True), smoothing=0.1),
            sample("none", labelled(5, 3, weights=True), smoothing=0.25, reduction="none"),
            sample("all-smoothed", labelled(4, 3, weights=True), edge=True, smoothing=1.0, reduction="sum"),
            given([[1.0, 2.0]], [1], [0.0, 2.0], name="a-weight-of-zero", smoothing=0.5),
        ],
        sources=(TORCH + "CrossEntropyLoss.html",),
    ),
    Case(
        "cross_entropy_of_steps",
        "reduction",
        ref.cross_entropy_of_steps,
        vjp=ref.cross_entropy_of_steps_vjp,
        intermediates=one,
        vjp_intermediates=of_rows,
        # torch wants the classes second, Keras last.
        torch=[
            lambda torch, logits, labels, reduction: torch.nn.CrossEntropyLoss(reduction=reduction)(
                logits.movedim(-1, 1), labels
            ),
            lambda torch, logits, labels, reduction: torch.nn.functional.nll_loss(
                torch.log_softmax(logits, -1).movedim(-1, 1), labels, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, logits, labels, reduction: tf.keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction=reduction, dtype=logits.dtype
            )(labels, logits),
            lambda tf, logits, labels, reduction: reduce(
                tf, tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), reduction
            ),
        ],
        jax=[
            lambda jax, logits, labels, reduction: reduced(
                optax().softmax_cross_entropy_with_integer_labels(logits, labels), reduction
            )
        ],
        samples=[
            sample("steps", labelled(3, 4, 5), reduction="mean"),
            sample("image", labelled(2, 3, 2, 4), reduction="none"),
            sample("one-step", labelled(2, 1, 3), edge=True, reduction="sum"),
            sample("one-class", labelled(2, 3, 1), edge=True, reduction="mean"),
            refused("bad-sizes", np.ones((2, 3, 4)), np.zeros((2, 4), int), reduction="mean"),
            refused("bad-dtype", np.ones((2, 3, 4)), np.zeros((2, 3)), reduction="mean"),
        ],
        sources=(TORCH + "CrossEntropyLoss.html", KERAS + "#sparsecategoricalcrossentropy-class"),
    ),
    Case(
        "nll_loss",
        "reduction",
        ref.nll,
        vjp=ref.nll_vjp,
        held=("weight",),
        torch=[
            torch_nll,
            lambda torch, log_probabilities, labels, weight, reduction: divided(
                torch.nn.functional.nll_loss(log_probabilities, labels, weight, reduction="none"),
                weight[labels],
                reduction,
            ),
        ],
        tensorflow=[tensorflow_nll],
        samples=[
            sample("mean-by-weight", labelled(6, 4, weights=True), reduction="mean_with_sample_weight"),
            sample("mean", labelled(6, 4, weights=True), reduction="mean"),
            sample("none", labelled(5, 3, weights=True), reduction="none"),
            given([[-np.inf, 0.0]], [0], [1.0, 1.0], name="impossible", gradient=False, reduction="sum"),
            given([[-1.0]], [0], [2.0], name="one-class", reduction="mean"),
            refused("bad-index", np.ones((2, 3)), np.array([0, 3]), np.ones(3), reduction="sum"),
            refused("bad-sizes", np.ones((2, 3)), np.array([0, 1, 2]), np.ones(3), reduction="sum"),
        ],
        sources=(TORCH + "NLLLoss.html",),
    ),
    Case(
        "cross_entropy_from_probabilities",
        "reduction",
        ref.cross_entropy_from_probabilities,
        vjp=ref.cross_entropy_from_probabilities_vjp,
        torch=[
            lambda torch, probabilities, labels, reduction="mean": torch.nn.functional.nll_loss(
                torch.log(probabilities), labels, reduction=reduction
            )
        ],
        tensorflow=[
            lambda tf, probabilities, labels, reduction="mean": tf.keras.losses.SparseCategoricalCrossentropy(
                reduction=reduction, dtype=probabilities.dtype
            )(labels, probabilities),
            lambda tf, probabilities, labels, reduction="mean": reduce(
                tf, -tf.math.log(tf.gather(probabilities, labels, batch_dims=1)), reduction
            ),
        ],
        samples=[
            sample("probabilities", probable(6, 4)),
            sample("none", probable(5, 3), reduction="none"),
            given([[0.0, 1.0], [0.5, 0.5]], [0, 1], name="certain-and-wrong", gradient=False),
            given([[0.25, 0.125]], [1], name="do-not-sum-to-one"),
            refused("bad-index", np.full((2, 2), 0.5), np.array([0, 2])),
        ],
        sources=(KERAS + "#sparsecategoricalcrossentropy-class",),
    ),
    Case(
        "soft_cross_entropy_from_probabilities",
        "reduction",
        ref.soft_cross_entropy_from_probabilities,
        vjp=ref.soft_cross_entropy_from_probabilities_vjp,
        held=("target",),
        torch=[
            lambda torch, probabilities, target, reduction="mean": reduced(
                -torch.special.xlogy(target, probabilities).sum(-1), reduction
            )
        ],
        tensorflow=[
            lambda tf, probabilities, target, reduction="mean": tf.keras.losses.CategoricalCrossentropy(
                reduction=reduction, dtype=probabilities.dtype
            )(target, probabilities),
            lambda tf, probabilities, target, reduction="mean": reduce(
                tf, -tf.reduce_sum(tf.math.xlogy(target, probabilities), -1), reduction
            ),
        ],
        samples=[
            sample("soft", distributions(6, 4)),
            sample("none", distributions(5, 3), reduction="none"),
            given([[0.0, 1.0], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]], name="certain-and-wrong", gradient=False),
            given([[0.25, 0.125]], [[0.0, 1.0]], name="do-not-sum-to-one"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
            refused("bad-rank", np.ones((3, 3)), np.ones(3)),
        ],
        sources=(KERAS + "#categoricalcrossentropy-class",),
    ),
    Case(
        "kl_divergence",
        "reduction",
        ref.kl_divergence,
        vjp=ref.kl_divergence_vjp,
        held=("target",),
        # torch takes the logarithm of the prediction first, Keras the target first.
        torch=[
            lambda torch, probabilities, target, reduction: torch.nn.KLDivLoss(reduction=reduction)(
                torch.log(probabilities), target
            ),
            lambda torch, probabilities, target, reduction: torch.nn.functional.kl_div(
                torch.log(probabilities), target, reduction=reduction
            ),
        ],
        tensorflow=[keras_kl],
        samples=[
            sample("batchmean", distributions(5, 4), reduction="batchmean"),
            sample("torch-default", distributions(5, 4), reduction="mean"),
            sample("none", distributions(4, 3), reduction="none"),
            given([[0.25, 0.75]], [[0.25, 0.75]], name="equal", reduction="sum"),
            given([[0.5, 0.5]], [[1.0, 0.0]], name="target-zero", reduction="batchmean"),
            given([[0.0, 1.0]], [[0.5, 0.5]], name="certain-and-wrong", gradient=False, reduction="batchmean"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3)), reduction="sum"),
        ],
        sources=(TORCH + "KLDivLoss.html", KERAS + "#kldivergence-class"),
    ),
    Case(
        "kl_divergence_of_logs",
        "reduction",
        ref.kl_divergence_of_logs,
        vjp=ref.kl_divergence_of_logs_vjp,
        torch=[
            lambda torch, log_probabilities, log_target, reduction: torch.nn.KLDivLoss(
                reduction=reduction, log_target=True
            )(log_probabilities, log_target),
            lambda torch, log_probabilities, log_target, reduction: torch.nn.functional.kl_div(
                log_probabilities, log_target, reduction=reduction, log_target=True
            ),
        ],
        tensorflow=[tensorflow_kl_of_logs],
        samples=[
            sample("batchmean", log_distributions(5, 4), reduction="batchmean"),
            sample("none", log_distributions(4, 3), reduction="none"),
            given([[-0.5, -1.0]], [[-0.5, -1.0]], name="equal", reduction="sum"),
            given([[-30.0, -1e-3]], [[-1e-3, -30.0]], name="certain-and-wrong", reduction="sum"),
        ],
        sources=(TORCH + "KLDivLoss.html",),
    ),
)
