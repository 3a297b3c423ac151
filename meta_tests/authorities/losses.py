"""Authorities for losses: SciPy, scikit-learn, or one element and one row after another in plain Python."""

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import scipy.special
import scipy.stats
from scipy.spatial import distance
from sklearn import metrics

Array = np.ndarray


def reduced(terms: Any, reduction: str = "mean", weight: Any = None) -> Array:
    terms = np.asarray(terms, dtype=float)
    if weight is not None:
        terms, weight = terms * weight, np.asarray(weight)
    if reduction == "mean_with_sample_weight":
        return np.asarray(np.nan if weight is None or not weight.any() else terms.sum() / weight.sum())
    if reduction == "batchmean":
        return np.asarray(math.fsum(terms.ravel()) / len(terms))
    if reduction == "none":
        return terms
    if reduction == "mean":
        return np.asarray(math.fsum(terms.ravel()) / terms.size if terms.size else np.nan)
    return np.asarray(math.fsum(terms.ravel()))


def elementwise(f: Callable[..., float]) -> Callable[..., Array]:
    """Of numbers, one after another."""

    def loss(*arrays: Array, reduction: str = "mean", **options: Any) -> Array:
        values = [f(*map(float, numbers), **options) for numbers in zip(*(a.ravel() for a in arrays), strict=True)]
        return reduced(np.reshape(values, arrays[0].shape), reduction)

    return loss


def rowwise(f: Callable[..., float]) -> Callable[..., Array]:
    """Of rows, one after another; an argument of one axis less has a number for each."""

    def loss(*arrays: Array, reduction: str = "mean", **options: Any) -> Array:
        return reduced([f(*row, **options) for row in zip(*arrays, strict=True)], reduction)

    return loss


def weighted(f: Callable[..., Array]) -> Callable[..., Array]:
    """Each element has a weight."""
    return lambda prediction, target, weight, reduction, **options: reduced(
        f(prediction, target, reduction="none", **options), reduction, weight
    )


def squared_error(p: Array, t: Array, reduction: str = "mean") -> Array:
    return reduced(scipy.special.huber(1e300, p - t) * 2 if p.size else p, reduction)


def absolute_error(p: Array, t: Array, reduction: str = "mean") -> Array:
    return reduced(np.maximum(p, t) - np.minimum(p, t), reduction)


def huber(p: Array, t: Array, delta: float = 1.0, reduction: str = "mean") -> Array:
    return reduced(scipy.special.huber(delta, p - t), reduction)


def row_of_squares(p: Array, t: Array, reduction: str = "mean", weight: Any = None) -> Array:
    return reduced(np.apply_along_axis(lambda d: d @ d / len(d), -1, p - t), reduction, weight)


def cosine(x: Array, y: Array) -> float:
    return float(1 - distance.cosine(x, y)) if x.any() and y.any() else 0.0


def gaussian(mean: float, target: float, variance: float, full: bool = False) -> float:
    scale = math.sqrt(max(variance, 1e-6))
    return float(-scipy.stats.norm.logpdf(target, mean, scale)) - (0 if full else math.log(2 * math.pi) / 2)


def poisson_of_log(z: float, t: float, full: bool = False) -> float:
    stirling = math.log(math.sqrt(2 * math.pi * t) * (t / math.e) ** t) if full and t > 1 else 0
    return math.exp(z) - t * z + stirling


def categorical_hinge(p: Array, t: Array) -> float:
    return max(0.0, 1 + max((1 - b) * a for a, b in zip(p, t, strict=True)) - float(np.dot(p, t)))


def multi_margin(prediction: Array, label: Array, weight: Array, p: int = 1, margin: float = 1.0,
                 reduction: str = "mean") -> Array:  # fmt: skip
    def of(x: Array, y: int) -> float:
        others = [max(0.0, margin - x[y] + x[j]) ** p for j in range(len(x)) if j != y]
        return float(weight[y]) * sum(others) / len(x)

    return reduced([of(x, y) for x, y in zip(prediction, label, strict=True)], reduction)


def multilabel_margin(x: Array, labels: Array) -> float:
    chosen = list(itertools.takewhile(lambda y: y >= 0, labels))
    return sum(max(0.0, 1 - x[y] + x[j]) for y in chosen for j in range(len(x)) if j not in chosen) / len(x)


def cosine_embedding(x: Array, y: Array, t: float, margin: float) -> float:
    return 1 - cosine(x, y) if t == 1 else max(0.0, cosine(x, y) - margin)


def triplet(a: Array, b: Array, n: Array, margin: float = 1.0, swap: bool = False, p: int = 2) -> float:
    near, far, other = (float(np.linalg.norm(d + 1e-6, p)) for d in (a - b, a - n, b - n))
    return max(0.0, margin + near - (min(far, other) if swap else far))


def class_rows(logits: Array, labels: Array) -> Array:
    """-log softmax at the label, by logsumexp."""
    flat, at = logits.reshape(-1, logits.shape[-1]), labels.ravel()
    return np.reshape([scipy.special.logsumexp(row) - row[i] for row, i in zip(flat, at, strict=True)], labels.shape)


def ignoring(logits: Array, labels: Array, ignored: int, reduction: str) -> Array:
    kept = labels != ignored
    rows = np.zeros(len(labels))
    rows[kept] = class_rows(logits[kept], labels[kept])
    return np.asarray(rows[kept].mean() if kept.any() else np.nan) if reduction == "mean" else reduced(rows, reduction)


def smoothed(logits: Array, labels: Array, smoothing: float, reduction: str = "mean") -> Array:
    """(1 - s) times the loss of the label, s times the mean of the losses of all classes."""
    n = logits.shape[-1]
    every = np.mean([class_rows(logits, np.full_like(labels, k)) for k in range(n)], axis=0)
    return reduced((1 - smoothing) * class_rows(logits, labels) + smoothing * every, reduction)


def smoothed_weights(logits: Array, labels: Array, weight: Array, smoothing: float, reduction: str = "mean") -> Array:
    """As torch documents it: the loss of the label, and that of every class with its weight."""
    n = logits.shape[-1]
    every = sum(weight[k] * class_rows(logits, np.full_like(labels, k)) for k in range(n))
    rows = (1 - smoothing) * weight[labels] * class_rows(logits, labels) + smoothing / n * every
    return np.asarray(rows.sum() / weight[labels].sum()) if reduction == "mean" else reduced(rows, reduction)


def focal(p: float, t: float, gamma: float = 2.0, alpha: float | None = None, from_logits: bool = False) -> float:
    p = float(scipy.special.expit(p)) if from_logits else p
    a = 1.0 if alpha is None else t * alpha + (1 - t) * (1 - alpha)
    cross = -float(scipy.special.xlogy(t, p) + scipy.special.xlog1py(1 - t, -p))
    return a * (1 - (t * p + (1 - t) * (1 - p))) ** gamma * cross


def categorical_focal(p: Array, t: Array, gamma: float = 2.0, alpha: float = 0.25, from_logits: bool = False) -> float:
    p = scipy.special.softmax(p) if from_logits else p
    return sum(-alpha * y * (1 - x) ** gamma * math.log(x) for x, y in zip(p, t, strict=True) if y)


def overlap(p: Array, t: Array, alpha: float = 0.5, beta: float = 0.5) -> float:
    both = math.fsum((p * t).ravel())
    return 1 - both / ((1 - alpha - beta) * both + alpha * math.fsum(p.ravel()) + beta * math.fsum(t.ravel()) + 1e-7)


def dice(p: Array, t: Array, rows: bool = False) -> Array:
    """Tversky's index with halves; 1e-7 in its denominator twice over is that of Dice."""

    def of(x: Array, y: Array) -> float:
        total = math.fsum(x.ravel()) + math.fsum(y.ravel())
        return 1 - math.fsum((x * y).ravel()) / ((total + 1e-7) / 2)

    return np.array([of(x, y) for x, y in zip(p, t, strict=True)]) if rows else np.asarray(of(p, t))


def circle(e: Array, labels: Array, gamma: float, margin: float, remove_diagonal: bool = True,
           reduction: str = "mean") -> Array:  # fmt: skip
    """log(1 + sum over positives and negatives of exp(...)), arXiv:2002.10857, eq. 6, pair by pair."""
    losses = []
    for i, x in enumerate(e):
        total = 0.0
        for j, k in itertools.product(range(len(e)), repeat=2):
            if labels[j] == labels[i] != labels[k] and not (remove_diagonal and i == j):
                sp, sn = min(float(x @ e[j]), 1.0), min(float(x @ e[k]), 1.0)
                negative = max(sn + margin, 0) * (sn - margin)
                positive = -max(1 + margin - sp, 0) * (sp - (1 - margin))
                total += math.exp(gamma * (negative + positive))
        losses.append(math.log1p(total))
    return reduced(losses, reduction)


def collapsed(path: Iterable[int], blank: int) -> tuple[int, ...]:
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def ctc(logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int = 0,
        reduction: str = "none") -> Array:  # fmt: skip
    """All paths, one after another."""
    losses = []
    for x, y, n, steps in zip(logits, labels, label_length, logit_length, strict=True):
        p, wanted = scipy.special.softmax(x, axis=-1), tuple(map(int, y[:n]))
        total = math.fsum(
            math.prod(p[t, k] for t, k in enumerate(path))
            for path in itertools.product(range(x.shape[1]), repeat=int(steps))
            if collapsed(path, blank) == wanted
        )
        losses.append(-math.log(total) if total else math.inf)
    if reduction == "mean_by_length":
        return np.mean(np.array(losses) / np.maximum(label_length, 1))
    return reduced(losses, reduction)


def smoothed_binary(z: float, t: float, smoothing: float) -> float:
    """A mixture of the losses of the target and of one half."""
    of = [float(np.logaddexp(0, z)) - s * z for s in (t, 0.5)]
    return (1 - smoothing) * of[0] + smoothing * of[1]


def one_hot(labels: Array, logits: Array) -> Array:
    return np.eye(logits.shape[1])[labels]


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "mean_squared_error": squared_error,
    "binary_cross_entropy": lambda probability, target: np.mean(
        scipy.special.rel_entr(target, probability)
        + scipy.special.rel_entr(1 - target, 1 - probability)
        + scipy.special.entr(target)
        + scipy.special.entr(1 - target)
    ),
    "binary_cross_entropy_from_logits": lambda logit, target: np.mean(
        np.logaddexp(0, logit) - scipy.special.xlogy(target, np.exp(logit))
    ),
    "cross_entropy": lambda logits, labels: (
        -np.mean(np.sum(one_hot(labels, logits) * scipy.special.log_softmax(logits, -1), -1))
    ),
    "soft_cross_entropy": lambda logits, target: -np.mean(np.sum(target * scipy.special.log_softmax(logits, -1), -1)),
    "squared_error_by_rows": row_of_squares,
    "mean_absolute_error": absolute_error,
    "mean_absolute_percentage_error": lambda p, t, reduction="mean": reduced(
        100 * np.exp(np.log(np.abs(p - t)) - np.log(np.clip(np.abs(t), 1e-7, None))), reduction
    ),
    "mean_squared_logarithmic_error": lambda p, t, reduction="mean": (
        np.asarray(metrics.mean_squared_log_error(np.clip(t, 1e-7, None), np.clip(p, 1e-7, None)))
        if reduction == "mean"
        else squared_error(np.log1p(np.clip(p, 1e-7, None)), np.log1p(np.clip(t, 1e-7, None)), reduction)
    ),
    "huber_loss": huber,
    "smooth_l1_loss": lambda p, t, beta=1.0, reduction="mean": huber(p, t, beta, reduction) / beta,
    "log_cosh_loss": lambda p, t, reduction="mean": reduced(np.logaddexp(p - t, t - p) - math.log(2), reduction),
    "cosine_similarity_loss": rowwise(lambda p, t: -cosine(p, t)),
    "poisson_nll_loss": elementwise(lambda r, t: r - (t * math.log(r + 1e-7) if t else 0)),
    "poisson_nll_loss_from_log": elementwise(poisson_of_log),
    "gaussian_nll_loss": elementwise(gaussian),
    "weighted_squared_error": weighted(squared_error),
    "weighted_absolute_error": weighted(absolute_error),
    "weighted_huber": weighted(huber),
    "row_weighted_squared_error": lambda p, t, weight, reduction: row_of_squares(p, t, reduction, weight),
    "masked_squared_error": lambda p, t, mask: np.mean((p[mask] - t[mask]) ** 2) if mask.any() else np.asarray(np.nan),
    "l2_penalty": lambda w, strength: strength * np.dot(w.ravel(), w.ravel()),
    "hinge_loss": lambda p, t, reduction="mean": (
        np.asarray(metrics.hinge_loss(t.ravel(), p.ravel()))
        if reduction == "mean"
        else reduced([max(0.0, 1 - a * b) for a, b in zip(p.flat, t.flat, strict=True)], reduction).reshape(p.shape)
    ),
    "squared_hinge_loss": elementwise(lambda p, t: max(0.0, 1 - t * p) ** 2),
    "categorical_hinge_loss": rowwise(categorical_hinge),
    "multi_margin_loss": multi_margin,
    "multi_margin_loss_refuses": multi_margin,
    "multilabel_margin_loss": rowwise(multilabel_margin),
    "soft_margin_loss": elementwise(lambda p, t: -float(scipy.special.log_expit(t * p))),
    "multilabel_soft_margin_loss": rowwise(lambda p, t: float(np.mean(np.logaddexp(0, p) - t * p))),
    "hinge_embedding_loss": elementwise(lambda d, t, margin=1.0: d if t == 1 else max(0.0, margin - d)),
    "margin_ranking_loss": elementwise(lambda a, b, t, margin: max(0.0, margin - (a - b if t == 1 else b - a))),
    "cosine_embedding_loss": rowwise(cosine_embedding),
    "triplet_margin_loss": rowwise(triplet),
    "triplet_margin_loss_of_cosines": rowwise(
        lambda a, p, n, margin=1.0: max(0.0, margin + distance.cosine(a, p) - distance.cosine(a, n))
    ),
    "binary_cross_entropy_weights": lambda z, t, weight, pos_weight, reduction="mean": reduced(
        weight * -(pos_weight * t * scipy.special.log_expit(z) + (1 - t) * scipy.special.log_expit(-z)), reduction
    ),
    "binary_cross_entropy_label_smoothing": elementwise(smoothed_binary),
    "cross_entropy_class_weights": lambda logits, labels, weight, reduction: reduced(
        class_rows(logits, labels), reduction, weight[labels]
    ),
    "cross_entropy_ignore_index": ignoring,
    "cross_entropy_label_smoothing": smoothed,
    "cross_entropy_class_weights_smoothing": smoothed_weights,
    "cross_entropy_of_steps": lambda logits, labels, reduction: reduced(class_rows(logits, labels), reduction),
    "nll_loss": lambda logp, labels, weight, reduction: reduced(
        [-row[i] for row, i in zip(logp, labels, strict=True)], reduction, weight[labels]
    ),
    "cross_entropy_from_probabilities": rowwise(lambda p, i: -np.log(p[i])),
    "soft_cross_entropy_from_probabilities": rowwise(
        lambda p, t: float(np.sum(scipy.special.entr(t) + scipy.special.rel_entr(t, p)))
    ),
    "cross_entropy_ignored_by_default": lambda logits, labels: ignoring(logits, labels, -100, "mean"),
    "cross_entropy_from_clipped_probabilities": rowwise(
        lambda p, t: -float(np.dot(t, np.log(np.minimum(np.maximum(p, 1e-7), 1 - 1e-7))))
    ),
    "binary_cross_entropy_by_rows": lambda p, t, reduction: reduced(
        [metrics.log_loss(b, a, normalize=True, labels=[0, 1]) for a, b in zip(p, t, strict=True)], reduction
    ),
    "kl_divergence": lambda p, t, reduction: reduced(scipy.special.rel_entr(t, p), reduction),
    "kl_divergence_of_logs": lambda z, s, reduction: reduced(scipy.special.rel_entr(np.exp(s), np.exp(z)), reduction),
    "binary_focal_loss": elementwise(focal),
    "categorical_focal_loss": rowwise(categorical_focal),
    "generalized_cross_entropy": rowwise(lambda p, i, q: -float(scipy.special.boxcox(p[i], q))),
    "dice_loss": dice,
    "tversky_loss": lambda p, t, alpha=0.5, beta=0.5: np.asarray(overlap(p, t, alpha, beta)),
    "circle_loss": circle,
    "ctc_loss": ctc,
    "ctc_loss_of_padded_labels": lambda logits, labels, reduction: ctc(
        logits, labels, (labels != 0).sum(1), np.full(len(labels), logits.shape[1]), reduction=reduction
    ),
}
"""For every plain reference a function of the same arguments that is not this project's: SciPy's or NumPy's own, or the
same mathematics written in another way. One module per area."""
