"""Metrics of classes: confusion, precision, recall, F-scores, intersection over union.

Where a result is a quotient of counts that a sample makes a power of two, it is exact: those are selections.
"""

from typing import Any

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.metrics_shared import KERAS, SKLEARN, UPDATED_ALIKE, WIDE, apart, ids, stateless, streamed
from conformance.reference import metrics as ref
from fixtures.samples import given, sample

CUT = (5, 11)
TWO: dict[str, Any] = {"batches": (2,)}
FOUR: dict[str, Any] = {"batches": (4,)}


def of_classes(rows: int, classes: int):
    """One label a row."""
    return lambda rng: (np.eye(classes, dtype=int)[rng.integers(0, classes, rows)], rng.random((rows, classes)))


def multi_label(rows: int, classes: int):
    return lambda rng: (rng.integers(0, 2, (rows, classes)), rng.random((rows, classes)))


def torch_counts(torch, labels, predicted, dim):
    """True positives, false positives, true negatives, false negatives."""
    true = labels.bool()
    cells = predicted & true, predicted & ~true, ~predicted & ~true, ~predicted & true
    return tuple(c.sum() if dim is None else c.sum(dim=dim) for c in cells)


def torch_quotient(torch, numerator, denominator, dtype):
    """0 for 0 / 0."""
    quotient = numerator.to(dtype) / denominator.to(dtype)
    return torch.where(denominator == 0, torch.zeros_like(quotient), quotient)


def torch_precision(torch, labels, scores, thresholds, batches):
    each = []
    for threshold in thresholds:
        tp, fp, _, _ = torch_counts(torch, labels, scores > threshold, None)
        each.append(torch_quotient(torch, tp, tp + fp, scores.dtype))
    return torch.stack(each) if len(each) > 1 else each[0]


def torch_recall(torch, labels, scores, thresholds, batches):
    each = []
    for threshold in thresholds:
        tp, _, _, fn = torch_counts(torch, labels, scores > threshold, None)
        each.append(torch_quotient(torch, tp, tp + fn, scores.dtype))
    return torch.stack(each) if len(each) > 1 else each[0]


def torch_f_beta(torch, labels, scores, beta, average, threshold, batches):
    if threshold is None:
        predicted = torch.nn.functional.one_hot(scores.argmax(dim=1), scores.shape[1]).bool()
    else:
        predicted = scores > threshold
    tp, fp, _, fn = torch_counts(torch, labels, predicted, None if average == "micro" else 0)
    b = beta * beta
    each = torch_quotient(torch, (1 + b) * tp, (1 + b) * tp + b * fn + fp, scores.dtype)
    if average == "weighted":
        return (each * (tp + fn)).sum() / (tp + fn).sum()
    return each.mean() if average == "macro" else each


def torch_f1(torch, labels, scores, average, threshold, batches):
    return torch_f_beta(torch, labels, scores, 1.0, average, threshold, batches)


def torch_mean_iou(torch, labels, predictions, classes, batches):
    pairs = classes * labels.reshape(-1) + predictions.reshape(-1).long()
    matrix = torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes).to(predictions.dtype)
    union = matrix.sum(dim=0) + matrix.sum(dim=1) - matrix.diag()
    return (matrix.diag() / union).nanmean()


def stateless_precision(tf, labels, scores, thresholds, batches):
    return stateless(tf, tf.keras.metrics.Precision(thresholds=thresholds, dtype=scores.dtype), batches)


def counts_of_metrics(tf, labels, scores, threshold, batches):
    metrics = tf.keras.metrics
    kinds = metrics.TruePositives, metrics.FalsePositives, metrics.TrueNegatives, metrics.FalseNegatives
    results = [streamed(tf, kind(thresholds=threshold, dtype=scores.dtype), batches) for kind in kinds]
    return lambda labels, scores: tuple(result(labels, scores) for result in results)


AT_THRESHOLD = ([0, 1, 1, 0], [0.5, 0.5, 0.25, 0.75])
SIZES = given([0, 1, 1, 0], [0.5, 0.25, 0.75], name="bad-sizes", raises=True, threshold=0.5, **FOUR)

CASES = (
    Case(
        "confusion_matrix",
        "selection",
        ref.confusion_matrix,
        torch=[
            lambda torch, labels, predictions, classes: torch.bincount(
                classes * labels + predictions, minlength=classes * classes
            ).reshape(classes, classes),
        ],
        tensorflow=[
            lambda tf, labels, predictions, classes: tf.math.confusion_matrix(labels, predictions, classes),
        ],
        samples=[
            sample("random", lambda rng: tuple(rng.integers(0, 4, (2, 30)).astype(float)), classes=4),
            given([0.0, 0.0, 1.0], [1.0, 1.0, 1.0], name="absent-classes", classes=3),
            given([0.0], [0.0], name="one-class", classes=1),
            given([0.0, 3.0], [0.0, 0.0], name="bad-index", raises=True, classes=3),
            given([0.0, 0.0], [0.0, 3.0], name="bad-index-of-prediction", raises=True, classes=3),
            given([0.0, 1.0], [0.0, -1.0], name="bad-index-negative", raises=True, classes=3),
            given([0.0, 1.0, 2.0], [0.0, 1.0], name="bad-sizes", raises=True, classes=3),
        ],
        dtypes=("int64", "int32"),
        sources=(
            "https://www.tensorflow.org/api_docs/python/tf/math/confusion_matrix",
            f"{SKLEARN}confusion_matrix.html",
        ),
    ),
    Case(
        "weighted_confusion_matrix",
        "reduction",
        ref.weighted_confusion_matrix,
        torch=[
            lambda torch, labels, predictions, weights, classes: torch.bincount(
                classes * labels + predictions, weights, minlength=classes * classes
            ).reshape(classes, classes),
            lambda torch, labels, predictions, weights, classes: weights.new_zeros(classes, classes).index_put(
                (labels, predictions), weights, accumulate=True
            ),
        ],
        tensorflow=[
            lambda tf, labels, predictions, weights, classes: tf.math.confusion_matrix(
                labels, predictions, classes, weights, weights.dtype
            ),
        ],
        samples=[
            sample("random", lambda rng: (*rng.integers(0, 4, (2, 30)), rng.random(30)), classes=4),
            given([0, 0, 1], [1, 1, 1], [0.0, 0.5, 2.0], name="absent-classes", classes=3),
            given([0], [0], [1.5], name="one-class", classes=1),
            given([0, 1], [0, 1], [1.0, 1.0, 1.0], name="bad-sizes", raises=True, classes=3),
        ],
        dtypes=WIDE,
        sources=(
            "https://www.tensorflow.org/api_docs/python/tf/math/confusion_matrix",
            f"{SKLEARN}confusion_matrix.html",
        ),
    ),
    Case(
        "confusion_counts",
        "selection",
        ref.confusion_counts,
        torch=[
            lambda torch, labels, scores, threshold, batches: tuple(
                n.to(scores.dtype) for n in torch_counts(torch, labels, scores > threshold, None)
            ),
        ],
        tensorflow=[KerasLayer(counts_of_metrics, inputs=2)],
        samples=[
            sample("streamed", apart, threshold=0.25, batches=CUT),
            given(*AT_THRESHOLD, name="at-threshold", threshold=0.5, **FOUR),
            given([1, 1], [0.25, 0.75], name="one-class", threshold=0.5, **TWO),
            SIZES,
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/", f"{SKLEARN}confusion_matrix.html"),
    ),
    Case(
        "precision",
        "selection",
        ref.precision,
        torch=[torch_precision],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, thresholds, batches: streamed(
                    tf, tf.keras.metrics.Precision(thresholds=thresholds, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
            KerasLayer(stateless_precision, inputs=2),
        ],
        samples=[
            sample("streamed", apart, thresholds=[0.5], batches=CUT),
            # Keras sorts scores into buckets where thresholds divide [0, 1] evenly.
            sample("even-thresholds", apart, thresholds=[0.0, 0.5, 1.0], batches=CUT),
            given(*AT_THRESHOLD, name="at-thresholds", thresholds=[0.125, 0.5, 0.75], **FOUR),
            given(*AT_THRESHOLD, name="tuple-of-thresholds", thresholds=(0.125, 0.5), **FOUR),
            given([0, 1], [0.25, 0.125], name="nothing-predicted", thresholds=[0.5], **TWO),
            given([0, 1, 1], [0.5, 0.25], name="bad-sizes", raises=True, thresholds=[0.5], **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/#precision-class", f"{SKLEARN}precision_score.html"),
    ),
    Case(
        "recall",
        "selection",
        ref.recall,
        torch=[torch_recall],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, thresholds, batches: streamed(
                    tf, tf.keras.metrics.Recall(thresholds=thresholds, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", apart, thresholds=[0.5], batches=CUT),
            sample("even-thresholds", apart, thresholds=[0.0, 0.5, 1.0], batches=CUT),
            given(*AT_THRESHOLD, name="at-thresholds", thresholds=[0.125, 0.5, 0.75], **FOUR),
            given([0, 0], [0.25, 0.75], name="nothing-to-find", thresholds=[0.5], **TWO),
            given([0, 1, 1], [0.5, 0.25], name="bad-sizes", raises=True, thresholds=[0.5], **TWO),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/#recall-class", f"{SKLEARN}recall_score.html"),
    ),
    Case(
        "weighted_precision",
        "reduction",
        ref.weighted_precision,
        torch=[
            # 0 where nothing is predicted.
            lambda torch, labels, scores, weights, batches: torch.nan_to_num(
                (weights * (scores > 0.5) * labels).sum() / (weights * (scores > 0.5)).sum()
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, weights, batches: streamed(
                    tf, tf.keras.metrics.Precision(dtype=scores.dtype), batches
                ),
                inputs=3,
            ),
        ],
        samples=[
            sample("streamed", lambda rng: (*apart(rng), rng.uniform(0.5, 2, 16)), batches=CUT),
            given([0, 1, 1], [0.75, 0.75, 0.25], [0.0, 1.5, 1.0], name="zeros-mask", batches=(2, 1)),
            given([1], [0.75], [2.0], name="one-element", batches=(1,)),
            given([0, 1], [0.25, 0.75], [1.0, 1.0, 1.0], name="bad-sizes", raises=True, **TWO),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/#precision-class", f"{SKLEARN}precision_score.html"),
    ),
    Case(
        "precision_at_k",
        "selection",
        ref.precision_at_k,
        torch=[
            lambda torch, labels, scores, k, batches: (
                labels.gather(1, torch.topk(scores, k).indices).to(scores.dtype).mean()
            ),
            lambda torch, labels, scores, k, batches: (
                labels.gather(1, torch.sort(scores, stable=True, descending=True).indices[:, :k])
                .to(scores.dtype)
                .mean()
            ),
        ],
        tensorflow=[
            lambda tf, labels, scores, k, batches: tf.reduce_mean(
                tf.cast(tf.gather(labels, tf.math.top_k(scores, k).indices, batch_dims=1), scores.dtype)
            ),
            KerasLayer(
                lambda tf, labels, scores, k, batches: streamed(
                    tf, tf.keras.metrics.Precision(top_k=k, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", multi_label(8, 6), k=2, batches=(3, 5)),
            sample("all", multi_label(4, 4), k=4, edge=True, **FOUR),
            given([[0, 1, 0, 0]] * 4, [[0.5, 0.25, 0.25, 0.125]] * 4, name="ties", k=2, **FOUR),
            given([[0, 1]] * 2, [[0.5, 0.25, 0.75]] * 2, name="bad-sizes", raises=True, k=2, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/#precision-class",),
    ),
    Case(
        "f1_score",
        "reduction",
        ref.f1,
        torch=[torch_f1],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, average, threshold, batches: streamed(
                    tf, tf.keras.metrics.F1Score(average=average, threshold=threshold, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("macro", of_classes(16, 4), average="macro", threshold=None, batches=CUT),
            sample("micro", of_classes(16, 4), average="micro", threshold=None, batches=CUT),
            sample("weighted", of_classes(16, 4), average="weighted", threshold=None, batches=CUT),
            sample("threshold", multi_label(16, 3), average=None, threshold=0.5, batches=CUT),
            given(
                [[1, 0, 0], [0, 1, 0]],
                [[0.75, 0.25, 0.125], [0.5, 0.25, 0.125]],
                name="absent-class",
                average="macro",
                threshold=None,
                **TWO,
            ),
            # Of zeros, so that noise does not tell them apart.
            given(
                [[1, 0], [0, 1]], [[0.0, 0.0], [0.0, 0.0]], name="ties-of-zeros", average="macro", threshold=None, **TWO
            ),
            given(
                [[1, 0]] * 2,
                [[1.0, 0.0, 0.5]] * 2,
                name="bad-sizes",
                raises=True,
                average="macro",
                threshold=None,
                **TWO,
            ),
            given([1, 0], [1.0, 0.0], name="bad-rank", raises=True, average="macro", threshold=None, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/#f1score-class", f"{SKLEARN}f1_score.html"),
    ),
    Case(
        "f_beta_score",
        "reduction",
        ref.f_beta,
        torch=[torch_f_beta],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, beta, average, threshold, batches: streamed(
                    tf,
                    tf.keras.metrics.FBetaScore(beta=beta, average=average, threshold=threshold, dtype=scores.dtype),
                    batches,
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("recall-counts-more", multi_label(16, 3), beta=2.0, average="macro", threshold=0.5, batches=CUT),
            sample("precision-counts-more", multi_label(16, 3), beta=0.5, average=None, threshold=0.5, batches=CUT),
            sample("micro", multi_label(16, 3), beta=2.0, average="micro", threshold=0.75, batches=CUT, edge=True),
            given(
                [[0, 1], [0, 1]],
                [[0.25, 0.25], [0.25, 0.25]],
                name="nothing-predicted",
                beta=0.5,
                average="macro",
                threshold=0.5,
                **TWO,
            ),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{KERAS}/classification_metrics/#fbetascore-class", f"{SKLEARN}fbeta_score.html"),
    ),
    Case(
        "mean_iou",
        "reduction",
        ref.mean_iou,
        torch=[torch_mean_iou],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, predictions, classes, batches: streamed(
                    tf, tf.keras.metrics.MeanIoU(num_classes=classes, dtype=predictions.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", ids(16, 3, classes=4), classes=4, batches=CUT),
            given([0, 1, 1, 0], [0.0, 1.0, 0.0, 1.0], name="two-classes", edge=False, classes=2, **FOUR),
            given([0, 0], [0.0, 1.0], name="absent-class", classes=5, **TWO),
            given([1, 1], [0.0, 0.0], name="nothing-right", classes=2, **TWO),
            given([0, 3], [0.0, 1.0], name="bad-index", raises=True, classes=3, **TWO),
            given([0, 1, 1], [0.0, 1.0], name="bad-sizes", raises=True, classes=3, **TWO),
        ],
        dtypes=WIDE,
        sources=(f"{KERAS}/segmentation_metrics/#meaniou-class", f"{SKLEARN}jaccard_score.html"),
    ),
)
