"""Authorities for result types, casts and integer overflow."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

AUTHORITIES: dict[str, Callable[..., Any]] = {
}
