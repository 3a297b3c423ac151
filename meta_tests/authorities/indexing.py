"""Authorities for shapes and indices: what only moves numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

AUTHORITIES: dict[str, Callable[..., Any]] = {
}
