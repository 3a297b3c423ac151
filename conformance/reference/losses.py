"""Losses, averaged over all elements (regression, binary) or over the rows (classification).

Sources: Bishop, *Pattern Recognition and Machine Learning*, eqs. 4.90 (binary) and 4.108 (multiclass) for the
cross-entropies, 4.91 and 4.109 for their gradients.
"""

import numpy as np

from conformance.reference import reductions
from conformance.reference.activations import softplus
from conformance.reference.elementwise import sigmoid
from conformance.reference.losses_reduction import alike, indices, reduced, spread

Array = np.ndarray


def mean_squared_error(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    alike(prediction, target)
    d = prediction - target
    return reduced(d * d, reduction)


def mean_squared_error_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    return spread(c, prediction.shape, reduction) * 2 * (prediction - target)


def binary_cross_entropy(probability: Array, target: Array) -> Array:
    """-mean(t log p + (1 - t) log(1 - p)), with 0 log 0 = 0. Raises ``ValueError`` for what is no probability by
    more than rounding."""
    alike(probability, target)
    with np.errstate(invalid="ignore"):
        possible = all(np.all((p >= 0) & (p <= 1.01)) for p in (probability, target))
    if not possible:
        raise ValueError("probabilities and targets must lie in [0, 1]")
    return np.sum(-_xlogy(target, probability) - _xlogy(1 - target, 1 - probability)) / probability.size


def binary_cross_entropy_vjp(c: Array, probability: Array, target: Array) -> Array:
    """(p - t) / (p (1 - p))."""
    return c * (probability - target) / (probability * (1 - probability)) / probability.size


def binary_cross_entropy_from_logits(logit: Array, target: Array) -> Array:
    """mean(softplus(z) - t z) = mean(t softplus(-z) + (1 - t) softplus(z))."""
    alike(logit, target)
    return np.sum(target * softplus(-logit) + (1 - target) * softplus(logit)) / logit.size


def binary_cross_entropy_from_logits_vjp(c: Array, logit: Array, target: Array) -> Array:
    """sigmoid(z) - t = (1 - t) sigmoid(z) - t sigmoid(-z)."""
    return c * ((1 - target) * sigmoid(logit) - target * sigmoid(-logit)) / logit.size


def cross_entropy(logits: Array, labels: Array) -> Array:
    """-mean over rows of log_softmax(logits)[label]. Raises ``IndexError`` for a label outside [0, classes)."""
    indices(labels, logits.shape[:-1], logits.shape[-1])
    logp = reductions.log_softmax(logits, axis=-1)
    return -np.sum(np.take_along_axis(logp, labels[:, None], -1)) / len(labels)


def cross_entropy_vjp(c: Array, logits: Array, labels: Array) -> Array:
    """softmax - one_hot; at the label, minus the sum of the others, which does not cancel."""
    return soft_cross_entropy_vjp(c, logits, np.eye(logits.shape[-1], dtype=logits.dtype)[labels])


def soft_cross_entropy(logits: Array, target: Array) -> Array:
    """-mean over rows of sum(target * log_softmax(logits)). Rows of ``target`` may have any sum."""
    alike(logits, target)
    terms = np.where(target == 0, 0, target * reductions.log_softmax(logits, axis=-1))
    return -np.sum(terms) / len(logits)


def soft_cross_entropy_vjp(c: Array, logits: Array, target: Array) -> Array:
    """softmax_j sum(t) - t_j = softmax_j sum_{k != j} t_k - t_j sum_{k != j} softmax_k."""
    p = reductions.softmax(logits, axis=-1)
    others = 1 - np.eye(p.shape[-1], dtype=p.dtype)
    return c * (p * np.matmul(target, others) - target * np.matmul(p, others)) / len(logits)


def _xlogy(x: Array, y: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x == 0, 0 * x, x * np.log(np.where(x == 0, 1, y)))
