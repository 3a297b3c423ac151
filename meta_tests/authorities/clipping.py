"""Authorities for clipping, penalties and constraints: NumPy's norms, vector by vector, and linear filters."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.signal
import scipy.spatial.distance

from meta_tests.authorities.optimizers_states import adam_directions, both, recurrence, velocities

Array = np.ndarray


def scaled_to(g: Array, n: float, limit: float) -> Array:
    return g if n <= limit else g / n * limit


def by_norm(vector: Array, matrix: Array, limit: float) -> tuple[Array, ...]:
    return tuple(scaled_to(g, float(np.linalg.norm(g.ravel())), limit) for g in (vector, matrix))


def by_global_norm(vector: Array, matrix: Array, limit: float) -> tuple[Any, ...]:
    n = np.hypot(np.linalg.norm(vector), np.linalg.norm(matrix))
    if np.isinf(n):
        return np.full(vector.shape, np.nan), np.full(matrix.shape, np.nan), n
    return scaled_to(vector, float(n), limit), scaled_to(matrix, float(n), limit), n


def clip_grad_norm(vector: Array, matrix: Array, max_norm: float, norm_type: float = 2.0, **_: Any) -> tuple[Any, ...]:
    n = np.linalg.norm([np.linalg.norm(g.ravel(), norm_type) for g in (vector, matrix)], norm_type)
    scale = max_norm / (n + 1e-6)
    return (vector, matrix, n) if scale >= 1 else (vector * scale, matrix * scale, n)


def clipped_steps(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array,
    clip: str, limit: float, learning_rate: float, momentum: float = 0.0, weight_decay: float = 0.0,
) -> dict[str, Array]:  # fmt: skip
    pairs = list(zip(of_vector, of_matrix, strict=True))
    clipped: list[tuple[Array, ...]] = {
        "value": lambda: [tuple(np.clip(g, -limit, limit) for g in pair) for pair in pairs],
        "norm": lambda: [by_norm(*pair, limit) for pair in pairs],
        "global norm": lambda: [by_global_norm(*pair, limit)[:2] for pair in pairs],
    }[clip]()
    given = (np.stack([c[i] for c in clipped]) for i in range(2))

    def path(w: Array, g: Array) -> Array:
        return recurrence(1 - learning_rate * weight_decay, w, -learning_rate * velocities(g, momentum))

    return both(path)(vector, matrix, *given)


def orthogonality(w: Array, factor: float, mode: str) -> Array:
    rows = w if mode == "rows" else w.T
    cosines = 1 - scipy.spatial.distance.pdist(rows, "cosine")
    return np.asarray(factor * np.mean(np.abs(np.nan_to_num(cosines))))


def second_order(w: Array, g: Array, strength: float, learning_rate: float, momentum: float = 0.0) -> Array:
    """w_t = (1 + m - 2 strength rate) w_(t-1) - m w_(t-2) - rate g_t, from rest."""
    a = np.array([1, -(1 + momentum - 2 * strength * learning_rate), momentum])
    flat = g.reshape(len(g), -1)
    columns = [
        scipy.signal.lfilter([1.0], a, -learning_rate * c, zi=scipy.signal.lfiltic([1.0], a, [start, start]))[0]
        for c, start in zip(flat.T, w.reshape(-1), strict=True)
    ]
    return np.stack(columns, 1).reshape(g.shape)


def shrinking(w: Array, g: Array, weight_decay: float, learning_rate: float, **adam: float) -> Array:
    return recurrence(1 - learning_rate * weight_decay, w, -learning_rate * adam_directions(g, **adam))


def vectors(w: Array, axis: tuple[int, ...]) -> Iterator[tuple[Any, Array]]:
    """Each vector along the axes, and where it is."""
    kept = [n if i not in axis else 1 for i, n in enumerate(w.shape)]
    for index in np.ndindex(*kept):
        place = tuple(slice(None) if i in axis else k for i, k in enumerate(index))
        yield place, w[place]


def of_vectors(f: Callable[..., float]) -> Callable[..., Array]:
    """``f(length, **options)`` is the length that a vector is to have."""

    def constrained(w: Array, axis: tuple[int, ...], epsilon: float, **options: float) -> Array:
        out = w.copy()
        for place, v in vectors(w, axis):
            n = float(np.linalg.norm(v.ravel()))
            out[place] = v / (n + epsilon) * f(n, **options) if n else v
        return out

    return constrained


def min_max(n: float, low: float, high: float, rate: float) -> float:
    wanted = low if n < low else high if n > high else n
    return n + rate * (wanted - n)


def constrained_steps(w: Array, g: Array, constraint: str, learning_rate: float, momentum: float = 0.0) -> Array:
    v, after = np.zeros_like(w), []
    for gradient in g:
        v = momentum * v + gradient
        w = w - learning_rate * v
        if constraint == "non-negative":
            w = np.where(w < 0, 0, w)
        else:
            columns = w if w.ndim > 1 else w[:, None]
            w = np.stack([scaled_to(c, float(np.linalg.norm(c)), 1.0) for c in columns.T], 1).reshape(w.shape)
        after.append(w)
    return np.stack(after)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "gradient_clipped_by_value": lambda v, m, limit: (np.clip(v, -limit, limit), np.clip(m, -limit, limit)),
    "clip_between": lambda x, low, high: np.clip(x, low, high),
    "gradient_clipped_by_norm": by_norm,
    "gradients_clipped_by_global_norm": by_global_norm,
    "clip_grad_norm": clip_grad_norm,
    "clipped_steps": clipped_steps,
    "l1_regularizer": lambda w, strength: np.asarray(strength * np.linalg.norm(w.ravel(), 1)),
    "l1_l2_regularizer": lambda w, of_l1, of_l2: np.asarray(
        of_l1 * np.linalg.norm(w.ravel(), 1) + of_l2 * np.vdot(w, w)
    ),
    "orthogonal_regularizer": orthogonality,
    "penalized_objective": lambda x, y, k, b, strength: np.asarray(
        np.linalg.norm(np.einsum("ni,ij->nj", x, k) + b - y) ** 2 / y.size + strength * np.linalg.norm(k) ** 2
    ),
    "activity_penalty": lambda x, k, strength: np.asarray(np.mean([strength * np.dot(r @ k, r @ k) for r in x])),
    "l2_penalty_as_weight_decay": both(second_order),
    "decoupled_decay_as_shrinking": both(shrinking),
    "max_norm_constraint": of_vectors(lambda n, limit: min(n, limit)),
    "unit_norm_constraint": of_vectors(lambda n: 1.0),
    "min_max_norm_constraint": of_vectors(min_max),
    "non_negative_constraint": lambda w: np.where(w < 0, 0, w),
    "constrained_steps": both(constrained_steps),
}
