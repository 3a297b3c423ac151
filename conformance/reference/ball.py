"""Ball arithmetic: certified values where float64 itself is under test.

python-flint's ``arb`` computes with balls [midpoint +/- radius] that are proven to contain the exact result (Johansson,
"Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Computers 66(8), 2017,
https://arxiv.org/abs/1611.02831). The references are written so that they also run on arrays of balls.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import flint
import numpy as np

Array = np.ndarray
BITS = 128
"""Working precision; doubled until every ball is narrow enough."""
MAX_BITS = 4096
NARROW = 2.0**-66
"""Radius relative to the midpoint at which a ball settles a ``numpy.longdouble`` (64 bits of significand)."""


@contextlib.contextmanager
def precision(bits: int = BITS) -> Iterator[None]:
    """Compute with balls of so many bits; flint's own default is that of float64."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def to_ball(a: Array) -> Array:
    """Balls of radius 0 around the elements of a floating array of at most 64 bits of significand; exact."""
    out = np.empty(a.shape, dtype=object)
    flat = out.reshape(-1)
    for i, v in enumerate(np.asarray(a).reshape(-1)):
        high = float(v)
        flat[i] = flint.arb(high) + flint.arb(float(v - type(v)(high))) if np.isfinite(v) else flint.arb(high)
    return out


def to_longdouble(balls: Array) -> Array:
    """Midpoints, correctly rounded to within one unit of 2**-64 relative."""
    out = np.empty(balls.shape, dtype=np.longdouble)
    flat = out.reshape(-1)
    for i, element in enumerate(balls.reshape(-1)):
        b = flint.arb(element)  # a constant of the reference may still be a plain number
        high = float(b.mid())
        flat[i] = np.longdouble(high) + np.longdouble(float((b - high).mid())) if np.isfinite(high) else high
    return out


def certified(
    f: Callable[..., dict[str, Array]],
    inputs: tuple[Array, ...],
    fallback: dict[str, Array],
    floor: dict[str, Array],
) -> dict[str, Array]:
    """``f(*inputs)`` to 66 bits or better (of the result, or of its noise floor if that is larger), proven, for every
    element that is a finite number.

    ``fallback`` is the same result in ``numpy.longdouble``: elements where the exact answer is not a finite number
    (limits at infinity, NaN) are taken from it. Raises ``ArithmeticError`` if a ball does not become narrow.
    """
    # NumPy would turn a 0-d array of balls into a bare ball.
    balls = tuple(to_ball(np.atleast_1d(a)) if a.dtype.kind == "f" else a for a in inputs)
    bits = BITS
    while bits <= MAX_BITS:
        with precision(bits):
            result = {k: np.asarray(v, dtype=object).reshape(fallback[k].shape) for k, v in f(*balls).items()}
            if all(
                _settled(*element)
                for k, r in result.items()
                for element in zip(r.flat, fallback[k].flat, np.asarray(floor[k]).flat, strict=True)
            ):
                return {k: _signed(to_longdouble(r), fallback[k]) for k, r in result.items()}
        bits *= 2
    raise ArithmeticError("ball arithmetic does not settle this reference: is it discontinuous at an input?")


def _signed(certain: Array, fallback: Array) -> Array:
    """Balls know neither infinities as limits nor the sign of zero."""
    zeros = np.copysign(certain, np.where(certain == 0, fallback, certain))
    return np.where(np.isfinite(fallback), zeros, fallback)


def _settled(b: Any, wide: Any, floor: Any) -> bool:
    if not np.isfinite(wide):
        return True
    b = flint.arb(b)
    return bool(b.is_finite()) and float(b.rad()) <= NARROW * max(abs(float(b.mid())), float(floor))
