"""Activations: the function, and its derivative times the cotangent. Written as `conformance.reference.elementwise` is."""

import numpy as np

from conformance.reference.elementwise import sigmoid, sigmoid_vjp
from conformance.reference.special import erfc, pi, sqrt

Array = np.ndarray


def relu(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""
    return np.maximum(x, 0)


def relu_vjp(c: Array, x: Array) -> Array:
    """The derivative at 0 is taken as 0: the subgradient of minimum norm, which both frameworks document."""
    return np.where(x > 0, c, 0 * c)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_vjp(c: Array, x: Array) -> Array:
    return c * sigmoid(x)


def elu(x: Array) -> Array:
    """x for x > 0, else exp(x) - 1. Clevert, Unterthiner, Hochreiter, https://arxiv.org/abs/1511.07289, eq. 2."""
    return np.where(x > 0, x, np.expm1(np.where(x > 0, 0 * x, x)))


def elu_vjp(c: Array, x: Array) -> Array:
    return c * np.where(x > 0, 1 + 0 * x, np.exp(np.where(x > 0, 0 * x, x)))


def silu(x: Array) -> Array:
    """x sigmoid(x). Elfwing, Uchibe, Doya, https://arxiv.org/abs/1702.03118, eq. 5."""
    return x * sigmoid(x)


def silu_vjp(c: Array, x: Array) -> Array:
    """s + x s (1 - s)."""
    e = np.exp(-np.abs(x))
    return c * (sigmoid(x) + x * e / ((1 + e) * (1 + e)))


def gelu(x: Array) -> Array:
    """x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2. Hendrycks and Gimpel, https://arxiv.org/abs/1606.08415, section 2."""
    return x * erfc(-x / sqrt(x, 2)) / 2


def gelu_vjp(c: Array, x: Array) -> Array:
    """Phi(x) + x phi(x)."""
    density = np.exp(-x * x / 2) / np.sqrt(2 * pi(x))
    return c * (erfc(-x / sqrt(x, 2)) / 2 + x * density)


def _gelu_tanh_argument(x: Array) -> Array:
    root = np.sqrt(2 / pi(x))
    return root * (x + 44715 * x * x * x / 1000000)


def gelu_tanh(x: Array) -> Array:
    """x (1 + tanh(a)) / 2 = x sigmoid(2a), a = sqrt(2/pi) (x + 0.044715 x^3). The same paper, section 2."""
    return x * sigmoid(2 * _gelu_tanh_argument(x))


def gelu_tanh_vjp(c: Array, x: Array) -> Array:
    """s + x 2 a' s (1 - s), s = sigmoid(2a)."""
    a = _gelu_tanh_argument(x)
    slope = np.sqrt(2 / pi(x)) * (1 + 3 * 44715 * x * x / 1000000)
    return c * (sigmoid(2 * a) + x * sigmoid_vjp(2 * slope, 2 * a))
