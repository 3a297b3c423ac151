"""How a loss goes from one number for each element (or row) to one number for a batch; what a loss must refuse."""

import numpy as np

Array = np.ndarray


def reduced(terms: Array, reduction: str) -> Array:
    """``none``: all terms; ``sum``; ``mean``; ``batchmean``: the sum divided by the length of the first axis."""
    if reduction == "none":
        return terms
    total = np.sum(terms)
    return total if reduction == "sum" else total / _count(terms.shape, reduction)


def spread(c: Array, shape: tuple[int, ...], reduction: str) -> Array:
    """The cotangent of each term."""
    if reduction == "none":
        return c
    return np.broadcast_to(c if reduction == "sum" else c / _count(shape, reduction), shape)


def weighted(terms: Array, weight: Array, reduction: str) -> Array:
    """Terms times weights; ``mean`` divides by their number, ``mean_with_sample_weight`` by the sum of the weights."""
    if reduction == "mean_with_sample_weight":
        return np.sum(weight * terms) / np.sum(weight)
    return reduced(weight * terms, reduction)


def weighted_vjp(c: Array, terms: Array, weight: Array, reduction: str) -> tuple[Array, Array]:
    """The cotangent of each term, and the gradient of each weight."""
    if reduction == "mean_with_sample_weight":
        total = np.sum(weight)
        # d/dw_i of sum(w l) / sum(w) = (l_i - mean) / sum(w) = sum_j w_j (l_i - l_j) / sum(w)^2
        flat = terms.reshape(-1)
        apart = np.sum(weight.reshape(-1) * (flat[:, None] - flat), axis=1).reshape(terms.shape)
        return c * weight / total, c * apart / (total * total)
    each = spread(c, terms.shape, reduction)
    return each * weight, each * terms


def alike(*arrays: Array) -> None:
    """Raises ``ValueError`` unless all have one shape: broadcasting a target against a prediction is an accident."""
    if len({a.shape for a in arrays}) > 1:
        raise ValueError(f"shapes differ: {[a.shape for a in arrays]}")


def indices(labels: Array, rows: tuple[int, ...], classes: int, ignored: int | None = None) -> None:
    """Raises ``ValueError`` or ``IndexError`` unless there is one whole number in [0, classes) for each row."""
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers, not {labels.dtype}")
    if labels.shape != rows:
        raise ValueError(f"labels of shape {labels.shape} for rows of shape {rows}")
    kept = labels if ignored is None else labels[labels != ignored]
    if kept.size and (kept.min() < 0 or kept.max() >= classes):
        raise IndexError(f"labels must lie in [0, {classes})")


def _count(shape: tuple[int, ...], reduction: str) -> int:
    return shape[0] if reduction == "batchmean" else int(np.prod(shape))
