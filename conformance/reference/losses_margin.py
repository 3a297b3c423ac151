"""Losses of margins, and of distances between embeddings.

Sources: the documentation of torch.nn and keras.losses. Crammer and Singer 2001, JMLR 2 (multiclass); Hadsell, Chopra
and LeCun 2006 (contrastive); Schroff, Kalenichenko and Philbin, arXiv:1503.03832 (triplets).
"""

import numpy as np

from conformance.reference.activations import softplus
from conformance.reference.elementwise import sigmoid
from conformance.reference.losses_reduction import Array, alike, indices, reduced, spread
from conformance.reference.losses_regression import cosine, cosine_vjp


def hinge(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """max(0, 1 - t p), targets 1 and -1."""
    alike(prediction, target)
    return reduced(np.maximum(1 - target * prediction, 0), reduction)


def hinge_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """The kink, where t p = 1, belongs to the slope: so it is in both frameworks."""
    inside = (target * prediction <= 1).astype(prediction.dtype)
    return spread(c, prediction.shape, reduction) * -target * inside


def squared_hinge(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    alike(prediction, target)
    return reduced(np.maximum(1 - target * prediction, 0) ** 2, reduction)


def squared_hinge_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    return spread(c, prediction.shape, reduction) * -2 * target * np.maximum(1 - target * prediction, 0)


def categorical_hinge(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """max(0, 1 + max_j (1 - t_j) p_j - sum_j t_j p_j) of each row, as Keras documents it: the maximum is at least 0,
    the term of the class itself."""
    alike(prediction, target)
    return reduced(np.maximum(_categorical_margin(prediction, target), 0), reduction)


def categorical_hinge_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    others = (1 - target) * prediction
    largest = (others == np.max(others, axis=-1, keepdims=True)).astype(prediction.dtype)
    share = largest / np.sum(largest, axis=-1, keepdims=True)
    rows = spread(c, prediction.shape[:-1], reduction) * (_categorical_margin(prediction, target) > 0)
    return rows[..., None] * ((1 - target) * share - target)


def multi_margin(
    prediction: Array, label: Array, weight: Array, *, p: int = 1, margin: float = 1.0, reduction: str = "mean"
) -> Array:
    """w_y sum_{j != y} max(0, margin - x_y + x_j)^p / classes, of each row."""
    indices(label, prediction.shape[:-1], prediction.shape[-1])
    if len(weight) != prediction.shape[-1]:
        raise ValueError("there must be one weight for each class")
    violations = _violations(prediction, label, margin)
    return reduced(weight[label] * np.sum(violations**p, axis=-1) / prediction.shape[-1], reduction)


def multi_margin_vjp(
    c: Array, prediction: Array, label: Array, weight: Array, *, p: int = 1, margin: float = 1.0,
    reduction: str = "mean",
) -> Array:  # fmt: skip
    violations = _violations(prediction, label, margin)
    slope = (violations > 0).astype(c.dtype) if p == 1 else 2 * violations
    rows = spread(c, label.shape, reduction) * weight[label] / prediction.shape[-1]
    own = np.eye(prediction.shape[-1], dtype=c.dtype)[label]
    return rows[:, None] * (slope - own * np.sum(slope, axis=-1, keepdims=True))


def multilabel_margin(prediction: Array, labels: Array, *, reduction: str = "mean") -> Array:
    """sum over the labels y, up to the first -1, and over the classes j that are not among them, of
    max(0, 1 - x_y + x_j) / classes, of each row."""
    member, matrix = _pairs(prediction, labels)
    violations = matrix * np.maximum(1 - prediction[:, :, None] + prediction[:, None, :], 0)
    return reduced(np.sum(violations, axis=(1, 2)) / member.shape[1], reduction)


def multilabel_margin_vjp(c: Array, prediction: Array, labels: Array, *, reduction: str = "mean") -> Array:
    member, matrix = _pairs(prediction, labels)
    active = matrix * (1 - prediction[:, :, None] + prediction[:, None, :] > 0)
    rows = spread(c, prediction.shape[:1], reduction) / member.shape[1]
    return rows[:, None] * (np.sum(active, axis=1) - np.sum(active, axis=2))


def soft_margin(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """log(1 + exp(-t p)), targets 1 and -1."""
    alike(prediction, target)
    return reduced(softplus(-target * prediction), reduction)


def soft_margin_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    return spread(c, prediction.shape, reduction) * -target * sigmoid(-target * prediction)


def multilabel_soft_margin(prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    """The mean of each row of the binary cross-entropy of logits; targets 0 and 1."""
    alike(prediction, target)
    terms = target * softplus(-prediction) + (1 - target) * softplus(prediction)
    return reduced(np.sum(terms, axis=-1) / prediction.shape[-1], reduction)


def multilabel_soft_margin_vjp(c: Array, prediction: Array, target: Array, *, reduction: str = "mean") -> Array:
    rows = spread(c, prediction.shape[:-1], reduction)[..., None] / prediction.shape[-1]
    return rows * ((1 - target) * sigmoid(prediction) - target * sigmoid(-prediction))


def hinge_embedding(distance: Array, target: Array, *, margin: float = 1.0, reduction: str = "mean") -> Array:
    """The distance where the target is 1, max(0, margin - distance) where it is -1."""
    alike(distance, target)
    return reduced(np.where(target > 0, distance, np.maximum(margin - distance, 0)), reduction)


def hinge_embedding_vjp(
    c: Array, distance: Array, target: Array, *, margin: float = 1.0, reduction: str = "mean"
) -> Array:
    """The kink belongs to the slope."""
    slope = np.where(target > 0, 1, -(distance <= margin).astype(distance.dtype))
    return spread(c, distance.shape, reduction) * slope


def margin_ranking(first: Array, second: Array, target: Array, *, margin: float, reduction: str = "mean") -> Array:
    """max(0, margin - t (a - b)): a should be above b where t is 1, below where it is -1."""
    alike(first, second, target)
    return reduced(np.maximum(margin - target * (first - second), 0), reduction)


def margin_ranking_vjp(
    c: Array, first: Array, second: Array, target: Array, *, margin: float, reduction: str = "mean"
) -> tuple[Array, Array]:
    """The kink belongs to the slope."""
    inside = (margin - target * (first - second) >= 0).astype(first.dtype)
    g = spread(c, first.shape, reduction) * -target * inside
    return g, -g


def cosine_embedding(first: Array, second: Array, target: Array, *, margin: float, reduction: str = "mean") -> Array:
    """1 - cos of the rows where the target is 1, max(0, cos - margin) where it is -1."""
    alike(first, second)
    alike(first[..., 0], target)
    cos = cosine(first, second)
    return reduced(np.where(target > 0, 1 - cos, np.maximum(cos - margin, 0)), reduction)


def cosine_embedding_vjp(
    c: Array, first: Array, second: Array, target: Array, *, margin: float, reduction: str = "mean"
) -> tuple[Array, Array]:
    cos = cosine(first, second)
    rows = spread(c, cos.shape, reduction) * np.where(target > 0, -1, (cos > margin).astype(cos.dtype))
    return cosine_vjp(rows, first, second), cosine_vjp(rows, second, first)


def triplet_margin(
    anchor: Array, positive: Array, negative: Array, *, margin: float = 1.0, p: int = 2, eps: float = 1e-6,
    swap: bool = False, reduction: str = "mean",
) -> Array:  # fmt: skip
    """max(0, margin + d(a, p) - d(a, n)) with d(x, y) = |x - y + eps|_p; ``swap``: the nearer of a and p to n."""
    alike(anchor, positive, negative)
    near, far, _ = _distances(anchor, positive, negative, p, eps, swap)
    return reduced(np.maximum(margin + near - far, 0), reduction)


def triplet_margin_vjp(
    c: Array, anchor: Array, positive: Array, negative: Array, *, margin: float = 1.0, p: int = 2, eps: float = 1e-6,
    swap: bool = False, reduction: str = "mean",
) -> tuple[Array, Array, Array]:  # fmt: skip
    near, far, swapped = _distances(anchor, positive, negative, p, eps, swap)
    rows = (spread(c, near.shape, reduction) * (margin + near - far > 0))[..., None]
    of_near = rows * _distance_slope(anchor - positive + eps, p)
    of_far = -rows * _distance_slope(np.where(swapped[..., None], positive, anchor) - negative + eps, p)
    from_anchor, from_positive = np.where(swapped[..., None], 0, of_far), np.where(swapped[..., None], of_far, 0)
    return of_near + from_anchor, from_positive - of_near, -of_far


def triplet_cosine(
    anchor: Array, positive: Array, negative: Array, *, margin: float = 1.0, reduction: str = "mean"
) -> Array:
    """The same with the distance 1 - cos."""
    alike(anchor, positive, negative)
    return reduced(np.maximum(margin - cosine(anchor, positive) + cosine(anchor, negative), 0), reduction)


def triplet_cosine_vjp(
    c: Array, anchor: Array, positive: Array, negative: Array, *, margin: float = 1.0, reduction: str = "mean"
) -> tuple[Array, Array, Array]:
    value = margin - cosine(anchor, positive) + cosine(anchor, negative)
    rows = spread(c, value.shape, reduction) * (value > 0)
    of_anchor = cosine_vjp(rows, anchor, negative) - cosine_vjp(rows, anchor, positive)
    return of_anchor, -cosine_vjp(rows, positive, anchor), cosine_vjp(rows, negative, anchor)


def _categorical_margin(prediction: Array, target: Array) -> Array:
    positive = np.sum(target * prediction, axis=-1)
    return 1 + np.max((1 - target) * prediction, axis=-1) - positive


def _violations(prediction: Array, label: Array, margin: float) -> Array:
    own = np.eye(prediction.shape[-1], dtype=bool)[label]
    right = np.take_along_axis(prediction, label[:, None], -1)
    return np.where(own, 0, np.maximum(margin - right + prediction, 0))


def _pairs(prediction: Array, labels: Array) -> tuple[Array, Array]:
    """Which classes are among the labels of a row; and 1 for each pair of a label and a class that is none."""
    if labels.dtype.kind not in "iu" or labels.shape != prediction.shape:
        raise ValueError("labels must be integers in the shape of the prediction")
    if labels.min() < -1 or labels.max() >= prediction.shape[-1]:
        raise IndexError(f"labels must lie in [0, {prediction.shape[-1]}), or be -1")
    member = np.zeros(prediction.shape, dtype=prediction.dtype)
    for row, of_row in zip(member, labels, strict=True):
        for label in of_row:
            if label < 0:
                break
            row[label] = 1
    return member, member[:, :, None] * (1 - member)[:, None, :]


def _distances(
    anchor: Array, positive: Array, negative: Array, p: int, eps: float, swap: bool
) -> tuple[Array, Array, Array]:
    near, far, other = (_norm(d + eps, p) for d in (anchor - positive, anchor - negative, positive - negative))
    swapped = (other < far) & swap
    return near, np.where(swapped, other, far), swapped


def _norm(d: Array, p: int) -> Array:
    return np.sum(np.abs(d), axis=-1) if p == 1 else np.sqrt(np.sum(d * d, axis=-1))


def _distance_slope(d: Array, p: int) -> Array:
    return np.sign(d) if p == 1 else d / _norm(d, 2)[..., None]
