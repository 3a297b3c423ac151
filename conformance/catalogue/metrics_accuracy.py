"""Metrics of classes: accuracy. Samples make counts powers of two, so that the shares are exact: selections."""

from typing import Any

import numpy as np

from conformance.case import FLOATS, Array, Case, KerasLayer
from conformance.catalogue.metrics_shared import KERAS, SKLEARN, WIDE, apart, ids, streamed, weighted_apart
from conformance.reference import metrics as ref
from fixtures.samples import given, sample

CUT = (5, 11)
TWO: dict[str, Any] = {"batches": (2,)}
FOUR: dict[str, Any] = {"batches": (4,)}


def classified(rows: int, classes: int):
    """Labels and scores of each class."""
    return lambda rng: (rng.integers(0, classes, rows), rng.permuted(np.mgrid[:rows, :classes][1] / 8, axis=1))


def one_hot(rows: int, classes: int):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        labels, scores = classified(rows, classes)(rng)
        return np.eye(classes)[labels], scores

    return make


def distant_classes(rng: np.random.Generator) -> tuple[Array, ...]:
    """The class next to the label's has the highest score; bfloat16 has every second number only."""
    scores = np.zeros((2, 262))
    scores[[0, 1], [256, 260]] = 1
    return np.array([257, 260]), scores


def torch_accuracy(torch, labels, predictions, batches):
    return (labels == predictions).to(predictions.dtype).mean()


def torch_binary_accuracy(torch, labels, scores, threshold, batches):
    return ((scores > threshold) == labels.bool()).to(scores.dtype).mean()


def torch_weighted_accuracy(torch, labels, scores, weights, threshold, batches):
    right = (scores > threshold) == labels.bool()
    return (weights * right).sum() / weights.sum()


def torch_is_in_top_k(torch, labels, scores, k, batches):
    own = scores.gather(1, labels[:, None])
    return (((scores > own).sum(dim=1) < k) & own[:, 0].isfinite()).to(scores.dtype).mean()


def top_k_of_one_hot(tf, labels, scores, k, batches):
    metric = tf.keras.metrics.TopKCategoricalAccuracy(k=k, dtype=scores.dtype)
    result = streamed(tf, metric, batches)
    return lambda labels, scores: result(tf.one_hot(labels, tf.shape(scores)[1]), scores)


AT_THRESHOLD = ([0, 0, 0, 1], [0.5, 0.5, 0.25, 0.75])
SIZES = given([0, 1, 1, 0], [0.5, 0.25, 0.75], name="bad-sizes", raises=True, threshold=0.5, **FOUR)

CASES = (
    Case(
        "accuracy",
        "selection",
        ref.accuracy,
        torch=[torch_accuracy],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, predictions, batches: streamed(
                    tf, tf.keras.metrics.Accuracy(dtype=predictions.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", ids(16, classes=3), batches=CUT),
            given([[0, 1], [2, 2]], [[0.0, 1.0], [1.0, 2.0]], name="rank-2", batches=(1, 1)),
            given([0, 1], [0.0, 1.0], name="all-right", **TWO),
            given([0, 1, 2], [0.0, 1.0], name="bad-sizes", raises=True, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/accuracy_metrics/", f"{SKLEARN}accuracy_score.html"),
    ),
    Case(
        "binary_accuracy",
        "selection",
        ref.binary_accuracy,
        torch=[torch_binary_accuracy],
        tensorflow=[
            lambda tf, labels, scores, threshold, batches: tf.cast(
                tf.reduce_mean(tf.keras.metrics.binary_accuracy(labels, scores, threshold)), scores.dtype
            ),
            KerasLayer(
                lambda tf, labels, scores, threshold, batches: streamed(
                    tf, tf.keras.metrics.BinaryAccuracy(threshold=threshold, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", apart, threshold=0.5, batches=CUT),
            sample(
                "logits", lambda rng: (rng.integers(0, 2, 8), rng.standard_normal(8)), threshold=0.0, batches=(7, 1)
            ),
            given(*AT_THRESHOLD, name="at-threshold", threshold=0.5, **FOUR),
            given([0, 1], [np.nan, np.nan], name="nan", threshold=0.5, **TWO),
            # Above 0.3, and below the float32 next to it.
            given([1, 0], [0.300000005, 0.3], name="threshold-in-float32", threshold=0.3, dtypes=("float64",), **TWO),
            SIZES,
            given(
                [[0], [1], [1], [0]],
                [0.5, 0.25, 0.75, 1.0],
                name="bad-sizes-column",
                raises=True,
                threshold=0.5,
                **FOUR,
            ),
            given([0, 2], [0.0, 1.0], name="bad-labels", raises=True, threshold=0.5, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/accuracy_metrics/", f"{SKLEARN}accuracy_score.html"),
    ),
    Case(
        "weighted_binary_accuracy",
        "reduction",
        ref.weighted_binary_accuracy,
        torch=[torch_weighted_accuracy],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, weights, threshold, batches: streamed(
                    tf, tf.keras.metrics.BinaryAccuracy(threshold=threshold, dtype=scores.dtype), batches
                ),
                inputs=3,
            ),
        ],
        samples=[
            sample("streamed", weighted_apart, threshold=0.5, batches=CUT),
            sample("threshold", weighted_apart, threshold=0.25, batches=CUT),
            given(
                [0, 1, 1, 0], [0.25, 0.75, 0.25, 0.75], [1.0, 1.0, 0.0, 0.0], name="zeros-mask", threshold=0.5, **FOUR
            ),
            given([0, 1], [0.25, 0.75], [0.0, 0.0], name="no-weight", threshold=0.5, **TWO),
            given(
                [0, 1, 1], [0.25, 0.75, 0.25], [1.0, 2.0], name="bad-sizes", raises=True, threshold=0.5, batches=(2, 1)
            ),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/accuracy_metrics/", f"{SKLEARN}accuracy_score.html"),
    ),
    Case(
        "categorical_accuracy",
        "selection",
        ref.categorical_accuracy,
        torch=[
            lambda torch, one_hot, scores, batches: (
                (one_hot.argmax(dim=-1) == scores.argmax(dim=-1)).to(scores.dtype).mean()
            ),
        ],
        tensorflow=[
            lambda tf, one_hot, scores, batches: tf.cast(
                tf.reduce_mean(tf.keras.metrics.categorical_accuracy(one_hot, scores)), scores.dtype
            ),
            KerasLayer(
                lambda tf, one_hot, scores, batches: streamed(
                    tf, tf.keras.metrics.CategoricalAccuracy(dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", one_hot(16, 5), batches=CUT),
            given([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]], name="ties", **TWO),
            given([[1.0], [1.0]], [[0.25], [0.5]], name="one-class", **TWO),
            given([[1.0, 0.0]] * 2, [[1.0, 0.0, 2.0]] * 2, name="bad-sizes", raises=True, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/accuracy_metrics/", f"{SKLEARN}accuracy_score.html"),
    ),
    Case(
        "sparse_categorical_accuracy",
        "selection",
        ref.sparse_categorical_accuracy,
        torch=[lambda torch, labels, scores, batches: (scores.argmax(dim=1) == labels).to(scores.dtype).mean()],
        tensorflow=[
            lambda tf, labels, scores, batches: tf.cast(
                tf.reduce_mean(tf.keras.metrics.sparse_categorical_accuracy(labels, scores)), scores.dtype
            ),
            KerasLayer(
                lambda tf, labels, scores, batches: streamed(
                    tf, tf.keras.metrics.SparseCategoricalAccuracy(dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", classified(16, 5), batches=CUT),
            given([0, 1, 1, 0], [[0.5, 0.5], [0.5, 0.5], [0.0, 1.0], [1.0, 1.0]], name="ties", **FOUR),
            given([0, 0], [[0.5], [0.25]], name="one-class", **TWO),
            sample("many-classes", distant_classes, edge=True, dtypes=("bfloat16",), batches=(1, 1)),
            given([0, 5], [[0.0, 1.0]] * 2, name="bad-index", raises=True, **TWO),
            given([0.0, 1.0], [[0.0, 1.0]] * 2, name="bad-dtype", raises=True, **TWO),
            given([0, 1, 1], [[0.0, 1.0]] * 2, name="bad-sizes", raises=True, **TWO),
        ],
        dtypes=FLOATS,
        sources=(f"{KERAS}/accuracy_metrics/", f"{SKLEARN}accuracy_score.html"),
    ),
    Case(
        "top_k_accuracy",
        "selection",
        ref.top_k_accuracy,
        torch=[
            torch_is_in_top_k,
            lambda torch, labels, scores, k, batches: (
                (torch.topk(scores, k).indices == labels[:, None]).any(dim=1).to(scores.dtype).mean()
            ),
        ],
        tensorflow=[
            # It has float32 alone, in which the samples are exact.
            lambda tf, labels, scores, k, batches: tf.reduce_mean(
                tf.cast(tf.math.in_top_k(labels, tf.cast(scores, "float32"), k), scores.dtype)
            ),
            KerasLayer(
                lambda tf, labels, scores, k, batches: streamed(
                    tf, tf.keras.metrics.SparseTopKCategoricalAccuracy(k=k, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
            KerasLayer(top_k_of_one_hot, inputs=2),
        ],
        samples=[
            sample("streamed", classified(16, 8), k=3, batches=CUT),
            given([0, 1, 2, 3], [[1.0, 0.75, 0.5, 0.25]] * 4, name="each-rank", k=2, **FOUR),
            given([0, 1, 2, 3], [[0.5, 0.5, 0.5, 0.25]] * 4, name="ties", k=2, **FOUR),
            given([0, 1], [[1.0, 2.0]] * 2, name="all", k=2, **TWO),
            given([1, 0], [[np.nan, 2.0, 1.0]] * 2, name="nan", k=1, **TWO),
            given([0, 2], [[0.0, 1.0]] * 2, name="bad-index", raises=True, k=1, **TWO),
            given([0, 1, 1], [[0.0, 1.0]] * 2, name="bad-sizes", raises=True, k=1, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/accuracy_metrics/", "https://www.tensorflow.org/api_docs/python/tf/math/in_top_k"),
    ),
)
