"""Initializers that draw nothing, and what the others are computed from: fans and gains.

Kernels have Keras' layout: (inputs, outputs) or (window..., inputs, outputs).
"""

import math
from typing import Any

import numpy as np

Array = np.ndarray


def constant(like: Array, *, value: float) -> Array:
    return np.full(like.shape, value)


def identity(like: Array, *, gain: float = 1.0) -> Array:
    """gain where row and column are the same; also of matrices that are not square."""
    if like.ndim != 2:
        raise ValueError("only a matrix can be the identity")
    rows, columns = like.shape
    return gain * (np.arange(rows)[:, None] == np.arange(columns))


def dirac(like: Array, *, groups: int = 1) -> Array:
    """A kernel that copies input i of each group to the group's output i: 1 in the middle of the window, as far as
    there are outputs and inputs. (Zagoruyko & Komodakis 2017, arXiv:1706.00388.)"""
    if not 3 <= like.ndim <= 5:
        raise ValueError("only kernels of convolutions")
    *window, inputs, outputs = like.shape
    if outputs % groups:
        raise ValueError("outputs must be divisible by groups")
    kernel = np.zeros(like.shape)
    middle = tuple(k // 2 for k in window)
    for group in range(groups):
        for i in range(min(inputs, outputs // groups)):
            kernel[(*middle, i, group * (outputs // groups) + i)] = 1
    return kernel


def fans(like: Array, *, layout: str) -> Array:
    """Connections into a unit, and out of one: inputs, outputs, each times the size of the window (Glorot & Bengio
    2010; He et al. 2015). ``layout``: of the array that is given, Keras' or torch's (outputs, inputs, window...)."""
    if like.ndim < 2:
        raise ValueError("a vector has no fans")
    if layout == "torch":
        outputs, inputs, *window = like.shape
    else:
        *window, inputs, outputs = like.shape
    return np.array([math.prod(window) * inputs, math.prod(window) * outputs])


def gain(like: Array, *, nonlinearity: str, slope: float = 0.0) -> Array:
    """By how much a nonlinearity makes numbers smaller: for a rectifier with a slope, sqrt(2 / (1 + slope^2)) (He et
    al. 2015); 5/3 for tanh and 3/4 for selu are torch's own numbers."""
    one: Any = np.ones((), like.dtype)
    known = {
        "linear": one, "conv2d": one, "sigmoid": one, "tanh": one * 5 / 3, "selu": one * 3 / 4,
        "relu": np.sqrt(2 * one), "leaky_relu": np.sqrt(2 / (1 + one * slope**2)),
    }  # fmt: skip
    return np.asarray(known[nonlinearity])
