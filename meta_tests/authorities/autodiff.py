"""Authorities for what automatic differentiation promises beyond the derivative of one operation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

AUTHORITIES: dict[str, Callable[..., Any]] = {
}
