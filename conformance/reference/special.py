"""Special functions in every format: float64 by SciPy, ``numpy.longdouble`` and balls by ball arithmetic."""

from typing import Any

import flint
import numpy as np
import scipy.special

from conformance.reference import ball

Array = np.ndarray


def _apply(name: str, x: Array) -> Array:
    if x.dtype == object:
        return np.asarray(np.frompyfunc(lambda v: getattr(flint.arb(v), name)(), 1, 1)(x), dtype=object)
    if x.dtype == np.longdouble and np.finfo(np.longdouble).nmant > 52:
        limits = getattr(scipy.special, name)(x.astype(np.float64))  # at infinities balls know no limit
        with ball.precision():
            return np.where(np.isfinite(x), ball.to_longdouble(_apply(name, ball.to_ball(x))), limits)
    return np.asarray(getattr(scipy.special, name)(x))


def erf(x: Array) -> Array:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. DLMF 7.2.1, https://dlmf.nist.gov/7.2#E1"""
    return _apply("erf", x)


def erfc(x: Array) -> Array:
    """1 - erf(x), without cancellation. DLMF 7.2.2."""
    return _apply("erfc", x)


def pi(x: Array) -> Any:
    """pi in the format of ``x``."""
    if x.dtype == object:
        return flint.arb.pi()
    with ball.precision():
        return ball.to_longdouble(np.array([flint.arb.pi()], dtype=object))[0].astype(x.dtype)


def sqrt(x: Array, n: int) -> Any:
    """The square root of an integer in the format of ``x``."""
    return flint.arb(n).sqrt() if x.dtype == object else np.sqrt(x.dtype.type(n))
