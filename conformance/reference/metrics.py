"""Metrics. Labels are integers, scores are numbers: a score above the threshold predicts the class.

``batches`` is how a stream is cut: the metric of a stream is that of the whole, so no reference looks at it. Sources:
Fawcett 2006, *An introduction to ROC analysis*, Pattern Recognition Letters 27; Davis and Goadrich 2006, *The
relationship between precision-recall and ROC curves*, ICML; Sokolova and Lapalme 2009, *A systematic analysis of
performance measures for classification tasks*.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Batches = tuple[int, ...]


# Accuracy


def accuracy(labels: Array, predictions: Array, *, batches: Batches) -> Array:
    """The share of labels that were predicted."""
    alike(labels, predictions)
    return _share(labels == predictions, predictions)


def binary_accuracy(labels: Array, scores: Array, *, threshold: float, batches: Batches) -> Array:
    alike(labels, scores)
    _binary(labels)
    return _share((scores > threshold) == (labels == 1), scores)


def weighted_binary_accuracy(
    labels: Array, scores: Array, weights: Array, *, threshold: float, batches: Batches
) -> Array:
    """The share of weight; of no weight, not a number."""
    alike(labels, scores, weights)
    return _mean(((scores > threshold) == (labels == 1)).astype(scores.dtype), weights)


def sparse_categorical_accuracy(labels: Array, scores: Array, *, batches: Batches) -> Array:
    """Labels (n,), scores (n, classes); of equal scores the first class is predicted."""
    _classes(labels, scores)
    return _share(np.argmax(scores, axis=-1) == labels, scores)


def categorical_accuracy(one_hot: Array, scores: Array, *, batches: Batches) -> Array:
    alike(one_hot, scores)
    return _share(np.argmax(scores, axis=-1) == np.argmax(one_hot, axis=-1), scores)


def top_k_accuracy(labels: Array, scores: Array, *, k: int, batches: Batches) -> Array:
    """The share of labels than which fewer than k classes score higher, so that equal scores are all in. A row in which
    the label's score is not a number has none."""
    _classes(labels, scores)
    own = np.take_along_axis(scores, labels[:, None], -1)
    return _share((np.sum(scores > own, axis=-1) < k) & np.isfinite(own[:, 0]), scores)


# Confusion


def confusion_matrix(labels: Array, predictions: Array, *, classes: int) -> Array:
    """Rows are labels, columns predictions."""
    alike(labels, predictions)
    _inside(labels, classes)
    _inside(predictions, classes)
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def weighted_confusion_matrix(labels: Array, predictions: Array, weights: Array, *, classes: int) -> Array:
    alike(labels, predictions, weights)
    _inside(labels, classes)
    _inside(predictions, classes)
    matrix = np.zeros((classes, classes), weights.dtype)
    np.add.at(matrix, (labels, predictions), weights)
    return matrix


def confusion_counts(labels: Array, scores: Array, *, threshold: float, batches: Batches) -> tuple[Array, ...]:
    """True positives, false positives, true negatives, false negatives."""
    alike(labels, scores)
    return tuple(n.astype(scores.dtype) for n in _counts(labels, scores > threshold))


def precision(labels: Array, scores: Array, *, thresholds: Sequence[float], batches: Batches) -> Array:
    """TP / (TP + FP) at each threshold; 0 where nothing is predicted."""
    alike(labels, scores)
    return _quotients([(tp, tp + fp) for tp, fp, _, _ in _at(labels, scores, thresholds)], scores)


def recall(labels: Array, scores: Array, *, thresholds: Sequence[float], batches: Batches) -> Array:
    """TP / (TP + FN) at each threshold; 0 where there is nothing to predict."""
    alike(labels, scores)
    return _quotients([(tp, tp + fn) for tp, _, _, fn in _at(labels, scores, thresholds)], scores)


def weighted_precision(labels: Array, scores: Array, weights: Array, *, batches: Batches) -> Array:
    alike(labels, scores, weights)
    predicted = scores > 0.5
    return _quotient(np.sum(weights * (predicted & (labels == 1))), np.sum(weights * predicted))


def precision_at_k(labels: Array, scores: Array, *, k: int, batches: Batches) -> Array:
    """The share of the k highest scores of each row (the first of equal ones) that are labels; labels (n, classes)."""
    alike(labels, scores)
    best = np.argsort(-scores, axis=-1, kind="stable")[:, :k]
    return _share(np.take_along_axis(labels, best, -1) == 1, scores)


def f_beta(
    labels: Array, scores: Array, *, beta: float, average: str | None, threshold: float | None, batches: Batches
) -> Array:
    """(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP) of each class, 0 for 0 / 0; labels (n, classes) of 0 and 1.

    ``micro``: of the counts of all classes; ``macro``: the mean; ``weighted``: by the number of labels of each class.
    Without a threshold the class of the highest score is predicted, the first of equal ones.
    """
    alike(labels, scores)
    if threshold is None:
        predicted = np.argmax(scores, axis=-1)[:, None] == np.arange(scores.shape[-1])
    else:
        predicted = scores > threshold
    axis = None if average == "micro" else 0
    tp, fp, _, fn = (np.asarray(n, scores.dtype) for n in _counts(labels, predicted, axis))
    b = scores.dtype.type(beta) * scores.dtype.type(beta)
    each = _quotient((1 + b) * tp, (1 + b) * tp + b * fn + fp)
    if average == "macro":
        return np.sum(each) / each.size
    return _mean(each, tp + fn) if average == "weighted" else each


def f1(labels: Array, scores: Array, *, average: str | None, threshold: float | None, batches: Batches) -> Array:
    return f_beta(labels, scores, beta=1.0, average=average, threshold=threshold, batches=batches)


def mean_iou(labels: Array, predictions: Array, *, classes: int, batches: Batches) -> Array:
    """The mean of TP / (TP + FP + FN) over the classes that occur; predictions are whole numbers."""
    alike(labels, predictions)
    matrix = confusion_matrix(labels.reshape(-1), np.rint(predictions.reshape(-1)).astype(np.int64), classes=classes)
    tp = np.diag(matrix).astype(predictions.dtype)
    union = np.sum(matrix, 0) + np.sum(matrix, 1) - tp
    return np.sum(tp[union > 0] / union[union > 0]) / np.sum(union > 0)


# Curves


def roc_auc(labels: Array, scores: Array, *, batches: Batches, num_thresholds: int = 200) -> Array:
    """The share of pairs of a positive and a negative in which the positive scores higher, equal scores for a half: the
    area under the ROC curve by the trapezoid rule (Fawcett 2006, section 8). Of one class alone, not a number."""
    return weighted_roc_auc(labels, scores, np.ones_like(scores), batches=batches)


def weighted_roc_auc(labels: Array, scores: Array, weights: Array, *, batches: Batches) -> Array:
    alike(labels, scores, weights)
    pairs = weights[labels == 1][:, None] * weights[labels == 0]
    apart = scores[labels == 1][:, None] - scores[labels == 0]
    won = np.where(apart > 0, pairs, np.where(apart == 0, pairs / 2, 0 * pairs))
    total = np.sum(pairs)
    return np.sum(won) / total if total else np.asarray(np.nan, scores.dtype)


def average_precision(labels: Array, scores: Array, *, batches: Batches) -> Array:
    """The mean over the positives of the precision at their own score."""
    alike(labels, scores)
    own = scores[labels == 1]
    found = np.sum(own >= own[:, None], axis=1).astype(scores.dtype)
    return np.sum(found / np.sum(scores >= own[:, None], axis=1)) / own.size


def pr_auc(labels: Array, scores: Array, *, batches: Batches) -> Array:
    """The area under the precision-recall curve between neighbouring points of which true and false positives are
    interpolated, not precision (Davis and Goadrich 2006, section 4):

        dTP/dP (dTP + (TP - dTP/dP P) log(P' / P)) / positives,  P = TP + FP
    """
    alike(labels, scores)
    cuts = np.unique(scores)[::-1]
    above = scores >= cuts[:, None]
    tp = np.concatenate([[0], np.sum(above & (labels == 1), axis=1)]).astype(scores.dtype)
    p = np.concatenate([[0], np.sum(above, axis=1)]).astype(scores.dtype)
    dtp, dp = np.diff(tp), np.diff(p)
    slope = dtp / dp
    grown = np.log(np.where(p[:-1] > 0, p[1:] / np.where(p[:-1] > 0, p[:-1], 1), 1))
    return np.sum(slope * (dtp + (tp[:-1] - slope * p[:-1]) * grown)) / tp[-1]


def sensitivity_at_specificity(labels: Array, scores: Array, *, specificity: float, batches: Batches) -> Array:
    """The highest sensitivity of a threshold whose specificity is at least the given one, or 0."""
    return _best(labels, scores, lambda tp, fp, tn, fn: (tn, tn + fp, tp, tp + fn), specificity)


def specificity_at_sensitivity(labels: Array, scores: Array, *, sensitivity: float, batches: Batches) -> Array:
    return _best(labels, scores, lambda tp, fp, tn, fn: (tp, tp + fn, tn, tn + fp), sensitivity)


def precision_at_recall(labels: Array, scores: Array, *, recall: float, batches: Batches) -> Array:
    return _best(labels, scores, lambda tp, fp, tn, fn: (tp, tp + fn, tp, tp + fp), recall)


def recall_at_precision(labels: Array, scores: Array, *, precision: float, batches: Batches) -> Array:
    return _best(labels, scores, lambda tp, fp, tn, fn: (tp, tp + fp, tp, tp + fn), precision)


# Numbers


def weighted_mean(values: Array, weights: Array, *, batches: Batches) -> Array:
    alike(values, weights)
    return _mean(values, weights)


def mean_squared_error(target: Array, prediction: Array, *, batches: Batches) -> Array:
    alike(target, prediction)
    return np.sum((prediction - target) ** 2) / target.size


def weighted_mean_squared_error(target: Array, prediction: Array, weights: Array, *, batches: Batches) -> Array:
    """One weight for each row."""
    alike(target, prediction)
    alike(target[:, 0], weights)
    return _mean(np.sum((prediction - target) ** 2, axis=1) / target.shape[1], weights)


def mean_absolute_error(target: Array, prediction: Array, *, batches: Batches) -> Array:
    alike(target, prediction)
    return np.sum(np.abs(prediction - target)) / target.size


def root_mean_squared_error(target: Array, prediction: Array, *, batches: Batches) -> Array:
    return np.sqrt(mean_squared_error(target, prediction, batches=batches))


def r2(target: Array, prediction: Array, *, aggregation: str | None, batches: Batches) -> Array:
    """1 - sum (y - f)^2 / sum (y - mean y)^2 of each column; of a constant target 1 if it is met and 0 if not.
    ``uniform_average``: their mean; ``variance_weighted_average``: by the variance of the target."""
    alike(target, prediction)
    if target.ndim != 2:
        raise ValueError(f"(rows, outputs) expected, not {target.shape}")
    left = np.sum((target - prediction) ** 2, axis=0)
    total = np.sum((target - np.sum(target, axis=0) / len(target)) ** 2, axis=0)
    constant = total == 0
    each = np.where(constant, np.where(left == 0, 1, 0), 1 - left / np.where(constant, 1, total)).astype(target.dtype)
    if aggregation is None:
        return each
    return _mean(each, total if aggregation == "variance_weighted_average" else np.ones_like(total))


def cosine_similarity(target: Array, prediction: Array, *, batches: Batches) -> Array:
    """The mean over rows of the cosine of the angle; 0 for a row of zeros."""
    alike(target, prediction)
    norms = np.sqrt(np.sum(target * target, axis=-1)) * np.sqrt(np.sum(prediction * prediction, axis=-1))
    cosines = _quotient(np.sum(target * prediction, axis=-1), norms)
    return np.sum(cosines) / cosines.size


def pearson_correlation(target: Array, prediction: Array, *, batches: Batches) -> Array:
    """The mean over rows of the correlation; not a number for a constant row."""
    alike(target, prediction)
    x = target - np.sum(target, axis=-1, keepdims=True) / target.shape[-1]
    y = prediction - np.sum(prediction, axis=-1, keepdims=True) / target.shape[-1]
    norms = np.sqrt(np.sum(x * x, axis=-1)) * np.sqrt(np.sum(y * y, axis=-1))
    return np.sum(np.sum(x * y, axis=-1) / norms) / len(target)


def concordance_correlation(target: Array, prediction: Array, *, batches: Batches) -> Array:
    """The mean over rows of 2 cov / (var + var + (difference of the means)^2). Lin 1989, Biometrics 45."""
    alike(target, prediction)
    n = target.shape[-1]
    mean_x, mean_y = np.sum(target, axis=-1) / n, np.sum(prediction, axis=-1) / n
    x, y = target - mean_x[:, None], prediction - mean_y[:, None]
    spread = np.sum(x * x + y * y, axis=-1) / n + (mean_x - mean_y) ** 2
    return np.sum(2 * np.sum(x * y, axis=-1) / n / spread) / len(target)


# What they are made of


def alike(*arrays: Array) -> None:
    """Raises ``ValueError`` unless all have one shape."""
    if len({a.shape for a in arrays}) > 1:
        raise ValueError(f"shapes differ: {[a.shape for a in arrays]}")


def _binary(labels: Array) -> None:
    if not np.all((labels == 0) | (labels == 1)):
        raise ValueError("labels must be 0 or 1")


def _classes(labels: Array, scores: Array) -> None:
    if labels.dtype.kind not in "iu" or scores.ndim != 2:
        raise ValueError(f"integer labels and (rows, classes) expected, not {labels.dtype} and {scores.shape}")
    alike(labels, scores[:, 0])
    _inside(labels, scores.shape[-1])


def _inside(ids: Array, classes: int) -> None:
    if ids.size and (ids.min() < 0 or ids.max() >= classes):
        raise IndexError(f"classes must lie in [0, {classes})")


def _share(right: Array, like: Array) -> Array:
    return np.sum(right.astype(like.dtype)) / right.size


def _mean(values: Array, weights: Array) -> Array:
    total = np.sum(weights)
    return np.sum(values * weights) / total if total else np.asarray(np.nan, values.dtype)


def _quotient(numerator: Array, denominator: Array) -> Array:
    empty = denominator == 0
    return np.where(empty, 0 * numerator, numerator / np.where(empty, 1, denominator))


def _quotients(pairs: list[tuple[Any, Any]], like: Array) -> Array:
    """One for each threshold; a number, not an array, if there is one threshold."""
    each = _quotient(*(np.asarray(n).astype(like.dtype) for n in zip(*pairs, strict=True)))
    return each if len(pairs) > 1 else each[0]


def _counts(labels: Array, predicted: Array, axis: int | None = None) -> tuple[Array, ...]:
    true = labels == 1
    cells = (predicted & true, predicted & ~true, ~predicted & ~true, ~predicted & true)
    return tuple(np.asarray(np.sum(cell, axis=axis)) for cell in cells)


def _at(labels: Array, scores: Array, thresholds: Sequence[float]) -> list[tuple[Array, ...]]:
    return [_counts(labels, scores > t) for t in thresholds]


def _best(labels: Array, scores: Array, rates: Any, least: float) -> Array:
    """The largest second rate over all thresholds (below all scores, and at each) whose first rate is at least that."""
    alike(labels, scores)
    found = [np.zeros((), scores.dtype)]
    for counts in _at(labels, scores, (-np.inf, *scores)):
        given, of_given, wanted, of_wanted = (n.astype(scores.dtype) for n in rates(*counts))
        if _quotient(given, of_given) >= least:
            found.append(_quotient(wanted, of_wanted))
    return max(found)
