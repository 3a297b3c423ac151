"""Authorities for optimizers: the whole trajectory at once, by linear filters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal

Array = np.ndarray
Trajectory = Callable[..., dict[str, Array]]


def each(f: Callable[..., Array]) -> Trajectory:
    """``f(w, gradients, **options)``, the weights after each step, for both parameters."""

    def both(vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, **options: Any) -> dict[str, Array]:
        return {"vector": f(vector, of_vector, **options), "matrix": f(matrix, of_matrix, **options)}

    return both


def averaged(beta: float, x: Array) -> Array:
    """y <- beta y + (1 - beta) x, from 0."""
    return np.asarray(scipy.signal.lfilter([1 - beta], [1.0, -beta], x, axis=0))


def steps_of(x: Array) -> Array:
    """1, 2, ... along the first axis."""
    return np.arange(1, len(x) + 1).reshape(-1, *(1,) * (x.ndim - 1))


def adam(hat: bool) -> Trajectory:
    def f(w: Array, g: Array, learning_rate: float, beta_1: float, beta_2: float, epsilon: float, amsgrad: bool) -> Array:
        t = steps_of(g)
        m, v = averaged(beta_1, g) / (1 - beta_1**t), averaged(beta_2, g**2)
        v = (np.maximum.accumulate(v) if amsgrad else v) / (1 - beta_2**t)
        epsilons = epsilon / np.sqrt(1 - beta_2**t) if hat else epsilon
        return np.asarray(w - learning_rate * np.cumsum(m / (np.sqrt(v) + epsilons), axis=0))

    return each(f)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "adam": adam(hat=False),
    "adam_epsilon_hat": adam(hat=True),
}
