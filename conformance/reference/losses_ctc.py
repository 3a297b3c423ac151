"""Connectionist temporal classification: -log of the probability of all alignments of a label sequence.

Graves, Fernandez, Gomez and Schmidhuber, ICML 2006: forward variables eqs. 6-8, backward variables 9-11, gradient 16.
The sums are of probabilities, not of logarithms: the sequences of the samples are short, and nothing cancels.
"""

import numpy as np

from conformance.reference import reductions
from conformance.reference.losses_reduction import Array, reduced, spread


def ctc(
    logits: Array, labels: Array, label_length: Array, logit_length: Array, *, blank: int = 0, reduction: str = "none"
) -> Array:
    """Logits (batch, steps, classes). ``mean_by_length``: each loss is divided by the length of its labels first."""
    _check(logits, labels, label_length, logit_length, blank)
    total = _paths(logits, labels, label_length, logit_length, blank)[0]
    losses = -np.log(total)
    if reduction == "mean_by_length":
        return reduced(losses / np.maximum(label_length, 1), "mean")
    return reduced(losses, reduction)


def ctc_vjp(
    c: Array, logits: Array, labels: Array, label_length: Array, logit_length: Array, *, blank: int = 0,
    reduction: str = "none",
) -> Array:  # fmt: skip
    """softmax - posterior probability of each class at each step; 0 beyond the end."""
    if reduction == "mean_by_length":
        rows = spread(c, label_length.shape, "mean") / np.maximum(label_length, 1)
    else:
        rows = spread(c, label_length.shape, reduction)
    total, posterior, y = _paths(logits, labels, label_length, logit_length, blank)
    inside = np.arange(logits.shape[1]) < logit_length[:, None]
    return rows[:, None, None] * np.where(inside[..., None], y - posterior / total[:, None, None], 0)


def padded_ctc(logits: Array, labels: Array, *, reduction: str) -> Array:
    """Labels end at the first 0, which is the blank; every sequence of logits is whole."""
    return ctc(logits, labels, *_lengths(logits, labels), reduction=reduction)


def padded_ctc_vjp(c: Array, logits: Array, labels: Array, *, reduction: str) -> Array:
    return ctc_vjp(c, logits, labels, *_lengths(logits, labels), reduction=reduction)


def _lengths(logits: Array, labels: Array) -> tuple[Array, Array]:
    if labels.ndim != 2 or logits.ndim != 3 or labels.dtype.kind not in "iu":
        raise ValueError("logits must be (batch, steps, classes), labels (batch, length) and whole numbers")
    return np.sum(labels != 0, axis=1), np.full(len(labels), logits.shape[1])


def _check(logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int) -> None:
    if logits.ndim != 3 or labels.ndim != 2 or len(logits) != len(labels) or label_length.shape != logit_length.shape:
        raise ValueError("logits must be (batch, steps, classes), labels (batch, length), lengths (batch,)")
    if np.any(logit_length > logits.shape[1]) or np.any(label_length > labels.shape[1]):
        raise ValueError("a length is beyond the end")
    for row, n in zip(labels, label_length, strict=True):
        if np.any(row[:n] < 0) or np.any(row[:n] >= logits.shape[2]) or np.any(row[:n] == blank):
            raise IndexError(f"labels must lie in [0, {logits.shape[2]}) and not be the blank, {blank}")


def _paths(
    logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int
) -> tuple[Array, Array, Array]:
    """The probability of all alignments; of those through each class at each step; and of the classes."""
    y = reductions.softmax(logits, axis=-1)
    batch, steps, _ = y.shape
    states = 2 * labels.shape[1] + 1
    rows = np.arange(batch)
    path = np.full((batch, states), blank)
    path[:, 1::2] = np.clip(labels, 0, y.shape[2] - 1)
    skip = np.zeros((batch, states), y.dtype)
    skip[:, 3::2] = path[:, 3::2] != path[:, 1:-2:2]
    emitted = np.stack([y[n][:, path[n]] for n in range(batch)])  # batch, steps, states
    final = np.zeros((batch, states), y.dtype)
    final[rows, 2 * label_length] = 1
    final[rows[label_length > 0], 2 * label_length[label_length > 0] - 1] = 1

    def ahead(a: Array, by: int) -> Array:
        return np.concatenate([np.zeros((batch, by), y.dtype), a[:, :-by]], axis=1)[:, :states]

    def behind(a: Array, by: int) -> Array:
        return np.concatenate([a[:, by:], np.zeros((batch, by), y.dtype)], axis=1)[:, :states]

    start = np.zeros((batch, states), y.dtype)
    start[:, :2] = 1
    forward = [start * emitted[:, 0]]
    for t in range(1, steps):
        a = forward[-1]
        moved = emitted[:, t] * (a + ahead(a, 1) + skip * ahead(a, 2))
        forward.append(np.where((t < logit_length)[:, None], moved, a))
    backward = [final]
    for t in range(steps - 1, 0, -1):
        b = emitted[:, t] * backward[0]
        moved = b + behind(b, 1) + behind(skip * b, 2)
        backward.insert(0, np.where((t < logit_length)[:, None], moved, backward[0]))
    total = np.sum(forward[-1] * final, axis=1)
    through = np.stack(forward, axis=1) * np.stack(backward, axis=1)
    posterior = np.zeros_like(y)
    for n in range(batch):
        for s in range(states):
            posterior[n, :, path[n, s]] += through[n, :, s]
    return total, posterior, y
