"""Clipping of gradients, penalties on weights, and projections of weights."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference import optimizers

Array = np.ndarray
Nudge = Callable[[Array], Array]


# Gradients


def by_value(vector: Array, matrix: Array, *, limit: float) -> tuple[Array, Array]:
    """min(max(g, -limit), limit). https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html"""
    return clip_between(vector, low=-limit, high=limit), clip_between(matrix, low=-limit, high=limit)


def clip_between(x: Array, *, low: float, high: float) -> Array:
    """min(max(x, low), high): where low > high, high. https://docs.pytorch.org/docs/stable/generated/torch.clamp.html"""
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))


def norm(arrays: tuple[Array, ...], order: float = 2.0) -> Array:
    """(sum |x|^p)^(1/p) over all elements of all arrays; the largest of them for p = inf."""
    every = np.abs(np.concatenate([a.reshape(-1) for a in arrays]))
    if np.isinf(order):
        return np.asarray(np.max(every))
    if order == 1:
        return np.asarray(np.sum(every))
    power = every.dtype.type(order)
    return np.asarray(np.sqrt(np.sum(every * every)) if order == 2 else np.sum(every**power) ** (1 / power))


def clip_grad_norm(
    vector: Array, matrix: Array, *, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> tuple[Array, Array, Array]:
    """g min(max_norm / (norm + 1e-6), 1), with the norm of all gradients together, and that norm. In IEEE arithmetic
    0 times infinity is not a number: of an infinite gradient, that one is lost and the finite ones become 0.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grads_with_norm_.html,
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
    """
    total = norm((vector, matrix), norm_type)
    if error_if_nonfinite and not np.isfinite(total):
        raise ValueError("the norm of the gradients is not finite")
    scale = np.minimum(max_norm / (total + total.dtype.type(1e-6)), 1)
    return vector * scale, matrix * scale, total


def by_global_norm(vector: Array, matrix: Array, *, limit: float) -> tuple[Array, Array, Array]:
    """g limit / max(norm, limit), with the norm of all gradients together, and that norm; all of them NaN where the
    norm is infinite (Pascanu et al. 2013, http://proceedings.mlr.press/v28/pascanu13.html, Algorithm 1;
    https://www.tensorflow.org/api_docs/python/tf/clip_by_global_norm)."""
    total = norm((vector, matrix))
    scale = limit / np.maximum(total, limit) if np.isfinite(total) else total * total.dtype.type(np.nan)
    return vector * scale, matrix * scale, total


def by_norm(vector: Array, matrix: Array, *, limit: float) -> tuple[Array, Array]:
    """Each by its own norm: g limit / norm where that is above the limit.
    https://www.tensorflow.org/api_docs/python/tf/clip_by_norm"""

    def clipped(g: Array) -> Array:
        return np.asarray(g * limit / np.maximum(norm((g,)), limit))

    return clipped(vector), clipped(matrix)


def clipped_steps(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, clip: str, limit: float, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Descent with momentum, by gradients that are clipped before anything else is done with them.
    ``clip``: value, norm or global norm."""
    given = [(nudge(v), nudge(m)) for v, m in zip(vector_gradients, matrix_gradients, strict=True)]
    rule: Callable[..., Any] = {"value": by_value, "norm": by_norm, "global norm": by_global_norm}[clip]
    clipped = [rule(*pair, limit=limit) for pair in given]
    by = (np.stack([c[i] for c in clipped]) for i in range(2))
    step = optimizers.coupled(optimizers.sgd)
    return optimizers.trajectory(step, vector, matrix, *by, nudge=nudge, **options)


# Penalties


def l1(w: Array, *, strength: float) -> Array:
    """strength sum |w|. Tibshirani 1996, J. R. Statist. Soc. B 58(1); https://keras.io/api/layers/regularizers/"""
    return np.asarray(np.sum(np.abs(w)) * w.dtype.type(strength))


def l1_vjp(c: Array, w: Array, *, strength: float) -> Array:
    return np.asarray(c * w.dtype.type(strength) * np.sign(w))


def l1_l2(w: Array, *, of_l1: float, of_l2: float) -> Array:
    """of_l1 sum |w| + of_l2 sum w^2, the elastic net (Zou and Hastie 2005, J. R. Statist. Soc. B 67(2))."""
    return np.asarray(np.sum(np.abs(w)) * w.dtype.type(of_l1) + np.sum(w * w) * w.dtype.type(of_l2))


def l1_l2_vjp(c: Array, w: Array, *, of_l1: float, of_l2: float) -> Array:
    return np.asarray(c * (w.dtype.type(of_l1) * np.sign(w) + 2 * w.dtype.type(of_l2) * w))


def orthogonality(w: Array, *, factor: float, mode: str = "rows") -> Array:
    """factor times the mean of |cos| over all pairs of rows (or columns).

    https://keras.io/api/layers/regularizers/: "factor times the mean of the dot products between the L2-normalized
    rows, excluding the product of each row with itself". A row of zeros stays one.
    """
    n, products = _directions(w, mode)[0].shape[0], _products(w, mode)
    return np.asarray(np.sum(np.abs(products)) * w.dtype.type(factor) / (n * (n - 1)))


def orthogonality_vjp(c: Array, w: Array, *, factor: float, mode: str = "rows") -> Array:
    """With u_i = w_i / |w_i|: d|u_i . u_j| = sign(u_i . u_j) u_j . (1 - u_i u_i') dw_i / |w_i|."""
    u, lengths = _directions(w, mode)
    n = u.shape[0]
    of_u = 2 * np.sign(_products(w, mode)) @ u * (c * w.dtype.type(factor) / (n * (n - 1)))
    of_w = (of_u - u * np.sum(of_u * u, axis=1, keepdims=True)) / lengths
    return np.asarray(of_w if mode == "rows" else of_w.T)


def orthogonality_vjp_terms(c: Array, w: Array, *, factor: float, mode: str = "rows") -> Array:
    """What is left of u_j where its part along u_i is taken away: of nearly parallel rows a small difference."""
    u, lengths = _directions(w, mode)
    n = u.shape[0]
    of_u = 2 * np.abs(np.sign(_products(w, mode))) @ np.abs(u) * np.abs(c * w.dtype.type(factor) / (n * (n - 1)))
    of_w = (of_u + np.abs(u) * np.sum(of_u * np.abs(u), axis=1, keepdims=True)) / lengths
    return np.asarray(of_w if mode == "rows" else of_w.T)


def _directions(w: Array, mode: str) -> tuple[Array, Array]:
    rows = w if mode == "rows" else w.T
    lengths = np.sqrt(np.sum(rows * rows, axis=1, keepdims=True))
    lengths = np.where(lengths == 0, lengths.dtype.type(1), lengths)
    return rows / lengths, lengths


def _products(w: Array, mode: str) -> Array:
    """Those of each pair of different rows."""
    u, _ = _directions(w, mode)
    products = u @ u.T
    np.fill_diagonal(products, 0)
    return np.asarray(products)


def objective(x: Array, y: Array, kernel: Array, bias: Array, *, strength: float) -> Array:
    """mean (x kernel + bias - y)^2 + strength sum kernel^2: what is minimized, and what a training log should name."""
    error = x @ kernel + bias - y
    return np.asarray(np.mean(error * error) + strength * np.sum(kernel * kernel))


def activity_penalty(x: Array, kernel: Array, *, strength: float) -> Array:
    """strength sum (x kernel)^2 / batch: the mean over the batch, as that of a loss
    (keras/src/layers/layer.py: "Normalize by batch size to ensure consistent regularization strength")."""
    activity = x @ kernel
    return np.asarray(strength * np.sum(activity * activity) / len(x))


def penalized_steps(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, strength: float, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Descent on the loss plus strength sum w^2, whose gradient is 2 strength w."""
    rule = optimizers.coupled(optimizers.sgd)
    given = (vector, matrix, vector_gradients, matrix_gradients)
    return optimizers.trajectory(rule, *given, nudge=nudge, weight_decay=2 * strength, **options)


# Constraints


def lengths(w: Array, axis: tuple[int, ...]) -> Array:
    return np.asarray(np.sqrt(np.sum(w * w, axis=axis, keepdims=True)))


def max_norm(w: Array, *, limit: float, axis: tuple[int, ...], epsilon: float) -> Array:
    """The nearest weights of which no vector along the axes is longer than the limit: w min(|w|, limit) / |w|
    (Srebro and Shraibman 2005; Srivastava et al. 2014, JMLR 15, section 5.1). Keras: / (epsilon + |w|)."""
    n = lengths(w, axis)
    return np.asarray(w * (np.minimum(n, limit) / _above(n, epsilon)))


def min_max_norm(w: Array, *, low: float, high: float, rate: float, axis: tuple[int, ...], epsilon: float) -> Array:
    """w (rate clip(|w|, low, high) + (1 - rate) |w|) / (epsilon + |w|).
    https://keras.io/api/layers/constraints/#minmaxnorm-class"""
    n = lengths(w, axis)
    wanted = rate * np.clip(n, low, high) + (1 - rate) * n
    return np.asarray(w * (wanted / _above(n, epsilon)))


def unit_norm(w: Array, *, axis: tuple[int, ...], epsilon: float) -> Array:
    """w / (epsilon + |w|). https://keras.io/api/layers/constraints/#unitnorm-class"""
    return np.asarray(w / _above(lengths(w, axis), epsilon))


def _above(n: Array, epsilon: float) -> Array:
    """A vector of zeros stays one."""
    return np.where(n == 0, n.dtype.type(1), n + n.dtype.type(epsilon))


def non_negative(w: Array) -> Array:
    """max(w, 0). https://keras.io/api/layers/constraints/#nonneg-class"""
    return np.maximum(w, w.dtype.type(0))


def constrained_steps(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, constraint: str, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Projected descent (Goldstein 1964; Levitin and Polyak 1966): after each step of the optimizer, weights go to the
    nearest that are allowed. The optimizer's own state is left alone. ``constraint``: non-negative or max norm (1)."""

    def step(w: Array, *given: Any, **rest: Any) -> Array:
        moved = optimizers.sgd(w, *given, **rest)
        if constraint == "non-negative":
            return non_negative(moved)
        return nudge(max_norm(moved, limit=1.0, axis=(0,), epsilon=0.0))

    given = (vector, matrix, vector_gradients, matrix_gradients)
    return optimizers.trajectory(step, *given, nudge=nudge, **options)
