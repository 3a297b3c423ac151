"""Metrics: scikit-learn."""

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate
import scipy.stats
from sklearn import metrics

Array = np.ndarray
warnings.filterwarnings("ignore", message=".*Only one class is present", category=UserWarning)


def above(scores: Array, threshold: float) -> Array:
    return (scores > threshold).astype(int)


def share(right: Array) -> Any:
    return np.average(right)


def at(f: Callable[..., Any]) -> Callable[..., Any]:
    def of(labels: Array, scores: Array, thresholds: Any, batches: Any) -> Array:
        each = [f(labels, above(scores, t), zero_division=0) for t in thresholds]
        return np.array(each) if len(each) > 1 else np.array(each[0])

    return of


def weighted_accuracy(labels: Array, scores: Array, weights: Array, threshold: float, batches: Any) -> Any:
    if not weights.any():
        return np.array(np.nan)
    return metrics.accuracy_score(labels, above(scores, threshold), sample_weight=weights)


def top_k(labels: Array, scores: Array, k: int, batches: Any) -> Any:
    return share(np.array([
        bool(np.isfinite(row[label]) and len([s for s in row if s > row[label]]) < k)
        for label, row in zip(labels, scores, strict=True)
    ]))  # fmt: skip


def counts(labels: Array, scores: Array, threshold: float, batches: Any) -> tuple[Array, ...]:
    matrix = metrics.confusion_matrix(labels, above(scores, threshold), labels=[0, 1]).astype(float)
    return matrix[1, 1], matrix[0, 1], matrix[0, 0], matrix[1, 0]


def precision_at_k(labels: Array, scores: Array, k: int, batches: Any) -> Any:
    best = [sorted(range(len(row)), key=lambda j: -row[j])[:k] for row in scores]
    return share(np.array([row[j] for row, places in zip(labels, best, strict=True) for j in places]))


def f_beta(
    labels: Array, scores: Array, average: str | None, threshold: float | None, batches: Any, beta: float = 1.0
) -> Any:
    predicted = above(scores, threshold) if threshold is not None else np.eye(scores.shape[1])[np.argmax(scores, 1)]
    return np.asarray(metrics.fbeta_score(labels, predicted, beta=beta, average=average, zero_division=0))


def mean_iou(labels: Array, predictions: Array, classes: int, batches: Any) -> Any:
    present = sorted({*labels.reshape(-1).tolist(), *predictions.reshape(-1).tolist()})
    return metrics.jaccard_score(
        labels.reshape(-1), predictions.reshape(-1).astype(int), labels=present, average="macro", zero_division=0
    )


def roc_auc(labels: Array, scores: Array, batches: Any, num_thresholds: int = 200) -> Any:
    return np.nan if len(set(labels.tolist())) < 2 else metrics.roc_auc_score(labels, scores)


def weighted_roc_auc(labels: Array, scores: Array, weights: Array, batches: Any) -> Any:
    return metrics.roc_auc_score(labels, scores, sample_weight=weights)


def pr_auc(labels: Array, scores: Array, batches: Any) -> Any:
    """Precision, with true and false positives interpolated, integrated numerically over the true positives."""
    order = np.argsort(-scores)
    tp, fp = np.cumsum(labels[order]), np.cumsum(1 - labels[order])
    points = [(0, 0), *zip(tp, fp, strict=True)]
    total = 0.0
    for (t0, f0), (t1, f1) in itertools.pairwise(points):
        if t1 > t0:
            total += scipy.integrate.quad(
                lambda s: (t0 + s * (t1 - t0)) / (t0 + s * (t1 - t0) + f0 + s * (f1 - f0)), 0, 1,  # noqa: B023
                epsabs=1e-14, epsrel=1e-14,
            )[0]  # fmt: skip
    return total / tp[-1]


def sensitivity(labels: Array, scores: Array, specificity: float, batches: Any) -> Any:
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return max(t for f, t in zip(fpr, tpr, strict=True) if 1 - f >= specificity)


def specificity(labels: Array, scores: Array, sensitivity: float, batches: Any) -> Any:
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return max(1 - f for f, t in zip(fpr, tpr, strict=True) if t >= sensitivity)


def precision_at_recall(labels: Array, scores: Array, recall: float, batches: Any) -> Any:
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores)
    return max(p for p, r in zip(precisions, recalls, strict=True) if r >= recall)


def recall_at_precision(labels: Array, scores: Array, precision: float, batches: Any) -> Any:
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores)
    return max(r for p, r in zip(precisions, recalls, strict=True) if p >= precision)


def weighted_mean(values: Array, weights: Array, batches: Any) -> Any:
    return np.average(values, weights=weights) if weights.any() else np.nan


def r2(target: Array, prediction: Array, aggregation: str | None, batches: Any) -> Any:
    kinds = {"uniform_average": "uniform_average", "variance_weighted_average": "variance_weighted"}
    return np.asarray(metrics.r2_score(target, prediction, multioutput=kinds.get(str(aggregation), "raw_values")))


def concordance(target: Array, prediction: Array, batches: Any) -> Any:
    """By way of Pearson's coefficient: rho times 2 / (v + 1/v + u^2), Lin's bias correction."""
    total = []
    for x, y in zip(target, prediction, strict=True):
        u = (np.mean(x) - np.mean(y)) / np.sqrt(np.std(x) * np.std(y))
        v = np.std(x) / np.std(y)
        total.append(scipy.stats.pearsonr(x, y).statistic * 2 / (v + 1 / v + u * u))
    return np.average(total)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "accuracy": lambda labels, predictions, batches: metrics.accuracy_score(labels.ravel(), predictions.ravel()),
    "binary_accuracy": lambda labels, scores, threshold, batches: metrics.accuracy_score(
        labels, above(scores, threshold)
    ),
    "weighted_binary_accuracy": weighted_accuracy,
    "categorical_accuracy": lambda one_hot, scores, batches: metrics.accuracy_score(
        [list(r).index(max(r)) for r in one_hot], [list(r).index(max(r)) for r in scores]
    ),
    "sparse_categorical_accuracy": lambda labels, scores, batches: metrics.accuracy_score(
        labels, [list(r).index(max(r)) for r in scores]
    ),
    "top_k_accuracy": top_k,
    "confusion_matrix": lambda labels, predictions, classes: metrics.confusion_matrix(
        labels, predictions, labels=range(classes)
    ),
    "weighted_confusion_matrix": lambda labels, predictions, weights, classes: metrics.confusion_matrix(
        labels, predictions, labels=range(classes), sample_weight=weights
    ),
    "confusion_counts": counts,
    "precision": at(metrics.precision_score),
    "recall": at(metrics.recall_score),
    "weighted_precision": lambda labels, scores, weights, batches: metrics.precision_score(
        labels, above(scores, 0.5), sample_weight=weights
    ),
    "precision_at_k": precision_at_k,
    "f1_score": f_beta,
    "f_beta_score": f_beta,
    "mean_iou": mean_iou,
    "roc_auc": roc_auc,
    "weighted_roc_auc": weighted_roc_auc,
    "average_precision": lambda labels, scores, batches: metrics.average_precision_score(labels, scores),
    "pr_auc": pr_auc,
    "sensitivity_at_specificity": sensitivity,
    "specificity_at_sensitivity": specificity,
    "precision_at_recall": precision_at_recall,
    "recall_at_precision": recall_at_precision,
    "weighted_mean_metric": weighted_mean,
    "mean_squared_error_metric": lambda target, prediction, batches: metrics.mean_squared_error(target, prediction),
    "weighted_mean_squared_error_metric": lambda target, prediction, weights, batches: (
        metrics.mean_squared_error(target, prediction, sample_weight=weights) if weights.any() else np.nan
    ),
    "mean_absolute_error_metric": lambda target, prediction, batches: metrics.mean_absolute_error(target, prediction),
    "root_mean_squared_error_metric": lambda target, prediction, batches: metrics.root_mean_squared_error(
        target.ravel(), prediction.ravel()
    ),
    "r2_score": r2,
    "cosine_similarity_metric": lambda target, prediction, batches: np.mean(
        np.diag(metrics.pairwise.cosine_similarity(target, prediction))
    ),
    "pearson_correlation": lambda target, prediction, batches: np.mean(
        [np.corrcoef(x, y)[0, 1] for x, y in zip(target, prediction, strict=True)]
    ),
    "concordance_correlation": concordance,
}
