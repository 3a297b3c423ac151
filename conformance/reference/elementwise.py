"""Elementwise functions: the function, and its derivative times the cotangent.

At infinities the result is that of IEEE 754 arithmetic on the formula.
Each formula is written in the form that loses nothing to cancellation: the references are exact where frameworks may
cancel, and the case declares how much a textbook algorithm may lose (``intermediates``).
"""

import numpy as np

Array = np.ndarray


def exp(x: Array) -> Array:
    """DLMF 4.2.19."""
    return np.exp(x)


def exp_vjp(c: Array, x: Array) -> Array:
    return c * np.exp(x)


def log(x: Array) -> Array:
    """Natural logarithm, DLMF 4.2.1."""
    return np.log(x)


def log_vjp(c: Array, x: Array) -> Array:
    return c / x


def tanh(x: Array) -> Array:
    """DLMF 4.28.4."""
    return np.tanh(x)


def tanh_vjp(c: Array, x: Array) -> Array:
    """1 - tanh^2 = 4 e / (1 + e)^2 with e = exp(-2|x|)."""
    e = np.exp(-2 * np.abs(x))
    return c * 4 * e / ((1 + e) * (1 + e))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), evaluated on the side where exp does not overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_vjp(c: Array, x: Array) -> Array:
    """s (1 - s) = e / (1 + e)^2 with e = exp(-|x|)."""
    e = np.exp(-np.abs(x))
    return c * e / ((1 + e) * (1 + e))
