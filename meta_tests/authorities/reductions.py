"""Authorities for reductions, scans and the softmax family."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special
import scipy.signal
import scipy.stats

AUTHORITIES: dict[str, Callable[..., Any]] = {
    "sum": lambda x, axis: np.add.reduce(x, axis=axis),
    "mean": lambda x, axis: np.average(x, axis=axis),
    "var": lambda x, axis, ddof: scipy.stats.moment(x, 2, axis=axis) * (x.shape[axis] / (x.shape[axis] - ddof)),
    "cumsum": lambda x, axis: np.apply_along_axis(lambda v: scipy.signal.lfilter([1.0], [1.0, -1.0], v), axis, x),
    "softmax": scipy.special.softmax,
    "log_softmax": scipy.special.log_softmax,
    "logsumexp": scipy.special.logsumexp,
}
