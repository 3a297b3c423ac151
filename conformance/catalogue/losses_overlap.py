"""Losses that Keras alone has (focal, Dice, Tversky, circle, generalized cross-entropy), and that of CTC.

Where torch has none, its side shows the formula.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.losses_classification import KERAS, distribution, probable
from conformance.catalogue.losses_regression import TORCH, keras, reduce, reduced, refused
from conformance.reference import losses_classification as ref
from conformance.reference import losses_ctc as ctc
from fixtures.samples import given, sample

SEGMENTATION = "https://keras.io/api/losses/segmentation_losses/"


def chances(*shape: int):
    """Probabilities of one half or so, and targets 0 and 1."""
    return lambda rng: (rng.uniform(0.1, 0.9, shape), rng.integers(0, 2, shape).astype(float))


def logits(*shape: int):
    return lambda rng: (rng.standard_normal(shape), rng.integers(0, 2, shape).astype(float))


def classes(rows: int, n: int, *, from_logits: bool):
    """Probabilities or logits of classes, and one-hot targets."""
    return lambda rng: (
        rng.standard_normal((rows, n)) if from_logits else distribution(rng, rows, n),
        np.eye(n)[rng.integers(0, n, rows)],
    )


def points(rows: int, width: int, n: int):
    """Points on a sphere; each label at least twice."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x = rng.standard_normal((rows, width))
        return x / np.sqrt(np.sum(x * x, axis=1, keepdims=True)), np.arange(rows) % n

    return make


def one(*arrays: Array, **options: Any) -> Array:
    """1 - a ratio."""
    return np.ones(())


def one_over_q(probabilities: Array, labels: Array, *, q: float, reduction: str = "mean") -> Array:
    """(1 - p^q) / q."""
    return np.asarray(1 / q)


def posterior(c: Array, x: Array, *arrays: Array, **options: Any) -> Array:
    """softmax - posterior, each of at most 1."""
    return np.max(np.abs(c)) * np.ones_like(x)


def torch_binary_focal(torch, prediction, target, gamma=2.0, alpha=None, from_logits=False, reduction="mean"):
    p = torch.sigmoid(prediction) if from_logits else prediction
    wrong = target * (1 - p) + (1 - target) * p
    balance = 1 if alpha is None else target * alpha + (1 - target) * (1 - alpha)
    cross = torch.nn.functional.binary_cross_entropy(p, target, reduction="none")
    return reduced(balance * wrong**gamma * cross, reduction)


def keras_binary_focal(tf, prediction, target, gamma=2.0, alpha=None, from_logits=False, reduction="mean"):
    return keras(
        tf.keras.losses.BinaryFocalCrossentropy, prediction, target, reduction,
        apply_class_balancing=alpha is not None, alpha=0.25 if alpha is None else alpha, gamma=gamma,
        from_logits=from_logits,
    )  # fmt: skip


def torch_categorical_focal(torch, prediction, target, gamma=2.0, alpha=0.25, from_logits=False, reduction="mean"):
    p = torch.softmax(prediction, -1) if from_logits else prediction
    return reduced((-alpha * (1 - p) ** gamma * torch.special.xlogy(target, p)).sum(-1), reduction)


def torch_tversky(torch, prediction, target, alpha=0.5, beta=0.5):
    both = torch.sum(target * prediction)
    of = both + alpha * torch.sum((1 - target) * prediction) + beta * torch.sum(target * (1 - prediction))
    return 1 - both / (of + 1e-7)


def torch_dice(torch, prediction, target, rows=False):
    axis = -1 if rows else tuple(range(prediction.ndim))
    both = torch.sum(target * prediction, axis)
    return 1 - 2 * both / (torch.sum(target, axis) + torch.sum(prediction, axis) + 1e-7)


def of_ctc_rows(tf, rows, label_length, reduction):
    """torch's mean divides each loss by the length of its labels."""
    if reduction == "mean_by_length":
        return tf.reduce_mean(rows / tf.cast(tf.maximum(label_length, 1), rows.dtype))
    return reduce(tf, rows, reduction)


def torch_ctc(torch, logits, labels, label_length, logit_length, blank=0, reduction="none"):
    log_probabilities = torch.log_softmax(logits, -1).transpose(0, 1)  # steps first
    loss = torch.nn.CTCLoss(blank, reduction="mean" if reduction == "mean_by_length" else reduction)
    return loss(log_probabilities, labels, logit_length, label_length)


def torch_padded_ctc(torch, logits, labels, reduction):
    log_probabilities = torch.log_softmax(logits, -1).transpose(0, 1)
    lengths = torch.full(labels.shape[:1], logits.shape[1])
    rows = torch.nn.functional.ctc_loss(log_probabilities, labels, lengths, (labels != 0).sum(-1), reduction="none")
    return reduced(rows, reduction)


def aligned(rows: int, steps: int, n: int, length: int, *, blank: int = 0, ragged: bool = True):
    """Logits, labels that are not the blank, and lengths."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        labels = (rng.integers(0, n - 1, (rows, length)) + 1 + blank) % n
        label_length = rng.integers(1, length + 1, rows) if ragged else np.full(rows, length)
        logit_length = rng.integers(2 * length, steps + 1, rows) if ragged else np.full(rows, steps)
        return rng.standard_normal((rows, steps, n)), labels, label_length, logit_length

    return make


def padded(rows: int, steps: int, n: int, length: int):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        labels = rng.integers(1, n, (rows, length)) * (np.arange(length) < rng.integers(1, length + 1, (rows, 1)))
        return rng.standard_normal((rows, steps, n)), labels

    return make


def steps_of(labels: list[list[int]], lengths: list[int], steps: list[int], n: int = 3, longest: int = 6):
    return lambda rng: (
        rng.standard_normal((len(labels), longest, n)), np.array(labels), np.array(lengths), np.array(steps)
    )  # fmt: skip


CASES = (
    Case(
        "binary_focal_loss",
        "reduction",
        ref.binary_focal,
        vjp=ref.binary_focal_vjp,
        held=("target",),
        torch=[torch_binary_focal],
        tensorflow=[keras_binary_focal],
        samples=[
            sample("probabilities", chances(4, 5)),
            sample("none-balanced", chances(3, 4), alpha=0.25, gamma=1.5, reduction="none"),
            sample("logits", logits(3, 4), from_logits=True, reduction="sum"),
            given([0.5, 0.25], [0.25, 0.75], name="soft-targets", alpha=0.75),
            given([0.0, 1.0], [0.0, 1.0], name="certain-and-right", gradient=False, reduction="none"),
            refused("bad-sizes", np.full((3, 2), 0.5), np.ones((2, 3))),
        ],
        sources=(KERAS + "#binaryfocalcrossentropy-class", "https://arxiv.org/abs/1708.02002"),
    ),
    Case(
        "categorical_focal_loss",
        "reduction",
        ref.categorical_focal,
        vjp=ref.categorical_focal_vjp,
        held=("target",),
        torch=[torch_categorical_focal],
        tensorflow=[
            lambda tf, prediction, target, gamma=2.0, alpha=0.25, from_logits=False, reduction="mean": (
                tf.keras.losses.CategoricalFocalCrossentropy(
                    alpha, gamma, from_logits, reduction=reduction, dtype=prediction.dtype
                )(target, prediction)
            )
        ],
        samples=[
            sample("logits", classes(5, 4, from_logits=True), from_logits=True),
            sample(
                "none-logits", classes(4, 3, from_logits=True), from_logits=True, alpha=0.5, gamma=1.5, reduction="none"
            ),
            sample("probabilities", classes(5, 4, from_logits=False)),
            given([[0.25, 0.125]], [[0.0, 1.0]], name="do-not-sum-to-one", reduction="sum"),
            given([[2.0, -1.0, 0.0]], [[0.5, 0.25, 0.25]], name="soft-targets", from_logits=True),
            refused("bad-sizes", np.full((3, 2), 0.5), np.ones((2, 3))),
        ],
        sources=(KERAS + "#categoricalfocalcrossentropy-class", "https://arxiv.org/abs/1708.02002"),
    ),
    Case(
        "generalized_cross_entropy",
        "reduction",
        ref.generalized_cross_entropy,
        vjp=ref.generalized_cross_entropy_vjp,
        intermediates=one_over_q,
        torch=[
            lambda torch, probabilities, labels, q, reduction="mean": reduced(
                (1 - torch.gather(probabilities, -1, labels[:, None])[:, 0] ** q) / q, reduction
            )
        ],
        tensorflow=[
            lambda tf, probabilities, labels, q, reduction="mean": tf.keras.losses.CategoricalGeneralizedCrossEntropy(
                q, reduction=reduction, dtype=probabilities.dtype
            )(labels, probabilities)
        ],
        samples=[
            sample("probabilities", probable(6, 4), q=0.5),
            sample("none", probable(5, 3), q=0.75, reduction="none"),
            sample("nearly-log", probable(5, 3), edge=True, q=0.125, reduction="sum"),
            given([[1.0, 0.0], [0.5, 0.5]], [0, 1], name="certain", q=0.5, reduction="none", gradient=False),
            refused("bad-index", np.full((2, 2), 0.5), np.array([0, 2]), q=0.5),
        ],
        sources=(KERAS + "#categoricalgeneralizedcrossentropy-class", "https://arxiv.org/abs/1805.07836"),
    ),
    Case(
        "dice_loss",
        "reduction",
        ref.dice,
        vjp=ref.dice_vjp,
        intermediates=one,
        held=("target",),
        torch=[torch_dice],
        tensorflow=[
            lambda tf, prediction, target, rows=False: tf.keras.losses.Dice(
                "none", axis=-1 if rows else None, dtype=prediction.dtype
            )(target, prediction),
            lambda tf, prediction, target, rows=False: tf.keras.losses.dice(
                target, prediction, axis=-1 if rows else None
            ),
        ],
        samples=[
            sample("image", chances(2, 4, 3)),
            sample("rows", chances(3, 4), rows=True),
            given([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], name="perfect", dtypes=("float64", "float32")),
            given([[0.0, 0.0]], [[0.0, 0.0]], name="nothing", gradient=False, dtypes=("float64", "float32")),
            refused("bad-sizes", np.full((3, 2), 0.5), np.ones((2, 3))),
        ],
        sources=(SEGMENTATION, "https://arxiv.org/abs/1606.04797"),
    ),
    Case(
        "tversky_loss",
        "reduction",
        ref.tversky,
        vjp=ref.tversky_vjp,
        intermediates=one,
        held=("target",),
        torch=[torch_tversky],
        tensorflow=[
            lambda tf, prediction, target, alpha=0.5, beta=0.5: tf.keras.losses.Tversky(
                alpha, beta, dtype=prediction.dtype
            )(target, prediction),
            lambda tf, prediction, target, alpha=0.5, beta=0.5: tf.keras.losses.tversky(
                target, prediction, alpha, beta
            ),
        ],
        samples=[
            sample("image", chances(2, 4, 3)),
            given([[0.25, 0.25, 0.125]], [[1.0, 1.0, 0.0]], name="mostly-false-negatives", alpha=0.9375, beta=0.0625),
            given([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], name="perfect", dtypes=("float64", "float32")),
            given([[0.25, 0.5]], [[1.0, 0.0]], name="jaccard", alpha=1.0, beta=1.0),
            refused("bad-sizes", np.full((3, 2), 0.5), np.ones((2, 3))),
        ],
        sources=(SEGMENTATION, "https://arxiv.org/abs/1706.05721"),
    ),
    Case(
        "circle_loss",
        "contraction",
        ref.circle,
        vjp=ref.circle_vjp,
        tensorflow=[
            lambda tf, embeddings, labels, gamma, margin, remove_diagonal=True, reduction="mean": (
                tf.keras.losses.Circle(gamma, margin, remove_diagonal, reduction=reduction, dtype=embeddings.dtype)(
                    labels, embeddings
                )
            )
        ],
        samples=[
            sample("pairs", points(6, 3, 2), gamma=4.0, margin=0.25),
            sample("none", points(6, 4, 3), gamma=2.0, margin=0.5, reduction="none"),
            sample(
                "default-gamma",
                points(4, 3, 2),
                edge=True,
                gamma=80.0,
                margin=0.4,
                reduction="sum",
                dtypes=("float64", "float32"),
            ),
            given(
                [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]],
                [0, 1, 1],
                name="no-positive",
                gradient=False,
                gamma=2.0,
                margin=0.25,
            ),
            given(
                [[0.5, 0.0], [0.0, 0.5]],
                [0, 0],
                name="no-negative",
                gradient=False,
                gamma=2.0,
                margin=0.25,
                reduction="none",
            ),
        ],
        sources=("https://keras.io/api/losses/metric_learning_losses/", "https://arxiv.org/abs/2002.10857"),
    ),
    Case(
        "ctc_loss",
        "reduction",
        ctc.ctc,
        vjp=ctc.ctc_vjp,
        dtypes=("float64", "float32"),  # torch has no kernels for the others, TensorFlow computes them in float32
        vjp_intermediates=posterior,
        torch=[torch_ctc],
        tensorflow=[
            lambda tf, logits, labels, label_length, logit_length, blank=0, reduction="none": of_ctc_rows(
                tf,
                tf.nn.ctc_loss(labels, logits, label_length, logit_length, logits_time_major=False, blank_index=blank),
                label_length,
                reduction,
            ),
        ],
        samples=[
            sample("ragged", aligned(3, 6, 4, 2)),
            sample("last-blank", aligned(2, 6, 3, 2, blank=2), blank=2, reduction="mean_by_length"),
            sample("repeated", steps_of([[1, 1, 2], [2, 2, 2]], [3, 3], [6, 5]), edge=True, reduction="sum"),
            sample("no-labels", steps_of([[1, 2], [1, 2]], [0, 2], [4, 2]), edge=True),
            sample("infeasible", steps_of([[1, 1, 2]], [3], [3]), edge=True, gradient=False),
            refused("bad-index", np.ones((1, 4, 3)), np.array([[1, 3]]), np.array([2]), np.array([4])),
            refused("bad-labels-blank", np.ones((1, 4, 3)), np.array([[1, 0]]), np.array([2]), np.array([4])),
            refused("bad-sizes", np.ones((1, 4, 3)), np.array([[1, 2]]), np.array([2]), np.array([5])),
            refused("bad-rank", np.ones((4, 3)), np.array([[1, 2]]), np.array([2]), np.array([4])),
        ],
        sources=(TORCH + "CTCLoss.html", "https://www.tensorflow.org/api_docs/python/tf/nn/ctc_loss"),
    ),
    Case(
        "ctc_loss_of_padded_labels",
        "reduction",
        ctc.padded_ctc,
        vjp=ctc.padded_ctc_vjp,
        dtypes=("float64", "float32"),
        vjp_intermediates=posterior,
        torch=[torch_padded_ctc],
        tensorflow=[
            lambda tf, logits, labels, reduction: tf.keras.losses.CTC(reduction=reduction, dtype=logits.dtype)(
                labels, logits
            ),
            lambda tf, logits, labels, reduction: reduce(
                tf,
                tf.keras.ops.ctc_loss(
                    labels,
                    logits,
                    tf.math.count_nonzero(labels, -1, dtype=tf.int32),
                    tf.fill([tf.shape(labels)[0]], tf.shape(logits)[1]),
                ),
                reduction,
            ),
        ],
        jax=[
            lambda jax, logits, labels, reduction: reduced(
                optax().ctc_loss(logits, jax.numpy.zeros(logits.shape[:2], logits.dtype), labels, labels == 0),
                reduction,
            )
        ],
        samples=[
            sample("padded", padded(2, 6, 4, 3), reduction="mean"),
            sample("none", padded(2, 6, 4, 3), reduction="none"),
            given(np.linspace(-1, 1, 24).reshape(1, 6, 4), [[2, 0, 0]], name="one-label", reduction="sum"),
            refused("bad-rank", np.ones((2, 4, 3)), np.array([1, 2]), reduction="sum"),
        ],
        sources=(KERAS + "#ctc-class",),
    ),
)
