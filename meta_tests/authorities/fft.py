"""Authorities for discrete fourier transforms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

AUTHORITIES: dict[str, Callable[..., Any]] = {
}
