"""Authorities for activations."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

AUTHORITIES: dict[str, Callable[..., Any]] = {
    "relu": lambda x: (x + np.abs(x)) / 2,
    "softplus": lambda x: -scipy.special.log_expit(-x),
    "elu": lambda x: np.where(x > 0, x, scipy.special.boxcox1p(x * 0, 1) + scipy.special.expm1(np.minimum(x, 0))),
    "silu": lambda x: x * scipy.special.expit(x),
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}
