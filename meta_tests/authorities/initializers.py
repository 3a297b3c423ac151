"""Initializers that draw nothing, element by element."""

import math
from typing import Any

import mpmath
import numpy as np
import scipy.signal

Array = np.ndarray


def constant(like: Array, *, value: float) -> Array:
    return np.array([value] * like.size).reshape(like.shape)


def identity(like: Array, *, gain: float = 1.0) -> Array:
    return np.eye(*like.shape) * gain


def dirac(like: Array, *, groups: int = 1) -> Array:
    """Found by what it must do: each group's convolution, centred, gives the inputs back."""
    *window, inputs, outputs = like.shape
    kernel = np.zeros(like.shape)
    pulse = np.zeros(window)
    pulse[tuple((k - 1) // 2 for k in window)] = 1
    # The window that moves a pulse from (k - 1) // 2 to the middle of the even or odd window by correlation.
    centred = scipy.signal.correlate(np.ones([1] * len(window)), pulse, "full") if len(window) else pulse
    for o in range(outputs):
        i = o % (outputs // groups)
        if i < inputs:
            kernel[..., i, o] = centred.reshape(window)
    return kernel


def fans(like: Array, *, layout: str) -> Array:
    """By counting the connections of the first output and the first input."""
    kernel = np.ones(like.shape)
    if layout == "torch":
        kernel = np.moveaxis(kernel, (0, 1), (-1, -2))
    return np.array([int(kernel[..., 0].sum()), int(kernel[..., 0, :].sum())])


def gain(like: Array, *, nonlinearity: str, slope: float = 0.0) -> Array:
    """The rectifiers' by the integral that defines it: 1 / sqrt of the mean square of f(x), x standard normal."""
    if nonlinearity in ("linear", "conv2d", "sigmoid", "tanh", "selu"):
        return np.array({"tanh": 5 / 3, "selu": 0.75}.get(nonlinearity, 1.0))
    a = slope if nonlinearity == "leaky_relu" else 0.0

    def density(x: Any) -> Any:
        return mpmath.exp(-(x**2) / 2) / mpmath.sqrt(2 * mpmath.pi)

    half = mpmath.quad(lambda x: x**2 * density(x), [0, mpmath.inf])
    return np.array(float(1 / mpmath.sqrt(half * (1 + mpmath.mpf(a) ** 2))) if math.isfinite(a) else 0.0)


AUTHORITIES = {
    "zeros_initializer": lambda like: np.zeros(like.shape),
    "ones_initializer": lambda like: np.ones(like.shape),
    "constant_initializer": constant,
    "identity_initializer": identity,
    "dirac_initializer": dirac,
    "fans": fans,
    "initializer_gain": gain,
}
