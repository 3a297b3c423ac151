"""Elementwise functions: the function, and its derivative times the cotangent.

At infinities the result is that of IEEE 754 arithmetic on the formula.
Each formula is written in the form that loses nothing to cancellation: the references are exact where frameworks may
cancel, and the case declares how much a textbook algorithm may lose (``intermediates``). Of a complex function the
gradient is the cotangent times the conjugate of the derivative.
"""

from collections.abc import Callable
from typing import Any

import flint
import numpy as np

from conformance.reference import ball

Array = np.ndarray


def either(in_balls: Callable[..., Any], in_numpy: Callable[..., Any], *arrays: Array) -> Array:
    """A function for which balls have no method of NumPy's name; its limits at infinities are NumPy's."""
    if all(a.dtype != object for a in arrays):
        return np.asarray(in_numpy(*arrays))

    def at(*numbers: Any) -> Any:
        balls = [flint.arb(n) for n in numbers]
        if all(b.is_finite() for b in balls):
            return in_balls(*balls)
        return ball.to_ball(np.atleast_1d(in_numpy(*ball.to_longdouble(np.array(balls, dtype=object)))))[0]

    return np.asarray(np.frompyfunc(at, len(arrays), 1)(*arrays), dtype=object)


def conj(x: Array) -> Array:
    """The complex conjugate; balls are real."""
    return np.conj(x) if x.dtype.kind == "c" else x


def reduced(gradient: Array, like: Array) -> Array:
    """The gradient of an argument that was broadcast: the sum over its copies."""
    gradient = np.asarray(gradient)
    gradient = np.sum(gradient, axis=tuple(range(gradient.ndim - like.ndim)))
    stretched = tuple(i for i, n in enumerate(like.shape) if n == 1 and np.shape(gradient)[i] != 1)
    return np.asarray(np.sum(gradient, axis=stretched, keepdims=True)) if stretched else np.asarray(gradient)


def log_of(n: int, x: Array) -> Any:
    """log(n) in the format of ``x``."""
    return flint.arb(n).log() if x.dtype == object else np.log(x.real.dtype.type(n))


def exp(x: Array) -> Array:
    """DLMF 4.2.19."""
    return np.exp(x)


def exp_vjp(c: Array, x: Array) -> Array:
    return c * conj(np.exp(x))


def exp2(x: Array) -> Array:
    """2^x, DLMF 4.2.26."""
    return either(lambda b: flint.arb(2) ** b, np.exp2, x)


def exp2_vjp(c: Array, x: Array) -> Array:
    return c * log_of(2, x) * exp2(x)


def expm1(x: Array) -> Array:
    """exp(x) - 1 without cancellation, DLMF 4.2.19 less its first term."""
    return np.expm1(x)


def log(x: Array) -> Array:
    """Natural logarithm, DLMF 4.2.1."""
    return np.log(x)


def log_vjp(c: Array, x: Array) -> Array:
    return c / conj(x)


def log2(x: Array) -> Array:
    """log(x) / log(2), DLMF 4.2.9."""
    return either(lambda b: b.log() / flint.arb(2).log(), np.log2, x)


def log2_vjp(c: Array, x: Array) -> Array:
    return c / (x * log_of(2, x))


def log10(x: Array) -> Array:
    """log(x) / log(10), DLMF 4.2.9."""
    return either(lambda b: b.log() / flint.arb(10).log(), np.log10, x)


def log10_vjp(c: Array, x: Array) -> Array:
    return c / (x * log_of(10, x))


def log1p(x: Array) -> Array:
    """log(1 + x) without cancellation, DLMF 4.6.1."""
    return np.log1p(x)


def log1p_vjp(c: Array, x: Array) -> Array:
    return c / (1 + x)


def sqrt(x: Array) -> Array:
    """The principal square root, DLMF 4.2.26 with a = 1/2."""
    return np.sqrt(x)


def sqrt_vjp(c: Array, x: Array) -> Array:
    return c / (2 * conj(np.sqrt(x)))


def rsqrt(x: Array) -> Array:
    """1 / sqrt(x); of -0 it is -infinity (IEEE 754-2019, 9.2.1)."""
    return 1 / np.sqrt(x)


def rsqrt_vjp(c: Array, x: Array) -> Array:
    return -c / (2 * x * np.sqrt(x))


def cbrt(x: Array) -> Array:
    """The real cube root."""
    return either(lambda b: -(-b).root(3) if b < 0 else b.root(3), np.cbrt, x)


def cbrt_vjp(c: Array, x: Array) -> Array:
    y = cbrt(x)
    return c / (3 * y * y)


def square(x: Array) -> Array:
    return x * x


def square_vjp(c: Array, x: Array) -> Array:
    return 2 * c * conj(x)


def reciprocal(x: Array) -> Array:
    return 1 / x


def reciprocal_vjp(c: Array, x: Array) -> Array:
    return -c / conj(x * x)


# Trigonometric and hyperbolic functions, DLMF chapter 4


def sin(x: Array) -> Array:
    """DLMF 4.14.1."""
    return np.sin(x)


def sin_vjp(c: Array, x: Array) -> Array:
    return c * conj(np.cos(x))


def cos(x: Array) -> Array:
    """DLMF 4.14.2."""
    return np.cos(x)


def cos_vjp(c: Array, x: Array) -> Array:
    return -c * conj(np.sin(x))


def tan(x: Array) -> Array:
    """DLMF 4.14.4."""
    return np.tan(x)


def tan_vjp(c: Array, x: Array) -> Array:
    """DLMF 4.20.3."""
    return c / np.cos(x) ** 2


def asin(x: Array) -> Array:
    """DLMF 4.23.1."""
    return either(lambda b: b.asin(), np.arcsin, x)


def asin_vjp(c: Array, x: Array) -> Array:
    """DLMF 4.24.7."""
    return c / np.sqrt((1 - x) * (1 + x))


def acos(x: Array) -> Array:
    """DLMF 4.23.2."""
    return either(lambda b: b.acos(), np.arccos, x)


def acos_vjp(c: Array, x: Array) -> Array:
    return -asin_vjp(c, x)


def atan(x: Array) -> Array:
    """DLMF 4.23.3."""
    return either(lambda b: b.atan(), np.arctan, x)


def atan_vjp(c: Array, x: Array) -> Array:
    """DLMF 4.24.9."""
    return c / (1 + x * x)


def atan2(y: Array, x: Array) -> Array:
    """The angle of the point (x, y), DLMF 1.9.4; signs of zeros as in IEEE 754-2019, 9.2."""
    return either(flint.arb.atan2, np.arctan2, y, x)


def atan2_vjp(c: Array, y: Array, x: Array) -> tuple[Array, Array]:
    """Undefined at the origin."""
    squares = x * x + y * y
    return reduced(c * x / squares, y), reduced(-c * y / squares, x)


def sinh(x: Array) -> Array:
    """DLMF 4.28.1."""
    return np.sinh(x)


def sinh_vjp(c: Array, x: Array) -> Array:
    return c * np.cosh(x)


def cosh(x: Array) -> Array:
    """DLMF 4.28.2."""
    return np.cosh(x)


def cosh_vjp(c: Array, x: Array) -> Array:
    return c * np.sinh(x)


def tanh(x: Array) -> Array:
    """DLMF 4.28.4."""
    return np.tanh(x)


def tanh_vjp(c: Array, x: Array) -> Array:
    """1 - tanh^2 = 4 e / (1 + e)^2 with e = exp(-2|x|); of a complex argument, with that of the side Re x >= 0."""
    half = np.where(x.real < 0, -x, x) if x.dtype.kind == "c" else np.abs(x)
    e = np.exp(-2 * half)
    return c * conj(4 * e / ((1 + e) * (1 + e)))


def asinh(x: Array) -> Array:
    """DLMF 4.37.1."""
    return either(lambda b: b.asinh(), np.arcsinh, x)


def asinh_vjp(c: Array, x: Array) -> Array:
    """DLMF 4.38.9."""
    return c / np.sqrt(1 + x * x)


def acosh(x: Array) -> Array:
    """DLMF 4.37.2."""
    return either(lambda b: b.acosh(), np.arccosh, x)


def acosh_vjp(c: Array, x: Array) -> Array:
    """DLMF 4.38.10."""
    return c / np.sqrt((x - 1) * (x + 1))


def atanh(x: Array) -> Array:
    """DLMF 4.37.3."""
    return either(lambda b: b.atanh(), np.arctanh, x)


def atanh_vjp(c: Array, x: Array) -> Array:
    """DLMF 4.38.11."""
    return c / ((1 - x) * (1 + x))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), evaluated on the side where exp does not overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def sigmoid_vjp(c: Array, x: Array) -> Array:
    """s (1 - s) = e / (1 + e)^2 with e = exp(-|x|)."""
    e = np.exp(-np.abs(x))
    return c * e / ((1 + e) * (1 + e))


# Powers, and functions of two numbers


def pow(x: Array, y: Array) -> Array:
    """x^y, DLMF 4.2.26; x^0 is 1 for every x, 0^0 and NaN^0 included (IEEE 754-2019, 9.2.1)."""
    return either(lambda a, b: a**b, np.power, x, y)


def pow_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """y x^(y - 1) and x^y log(x); x^0 is constant in x, and 0^y in y > 0. Below 0 there is no derivative in y: the
    function is not defined around an integer."""
    one = 1 + 0 * x
    base = np.where(x == 0, one, x)
    in_x = np.where(y == 0, 0 * one, y * pow(x, y - 1))
    in_y = np.where((x == 0) & (y >= 0), 0 * one, np.where(x < 0, np.nan * one, pow(x, y) * np.log(np.abs(base))))
    return reduced(c * in_x, x), reduced(c * in_y, y)


def power_of(x: Array, *, n: float) -> Array:
    """x^n for a given number n."""
    return pow(x, np.full(x.shape, n, x.dtype))


def power_of_vjp(c: Array, x: Array, *, n: float) -> Array:
    return c * n * power_of(x, n=n - 1) if n != 0 else 0 * c


def hypot(x: Array, y: Array) -> Array:
    """sqrt(x^2 + y^2), infinite if either is (IEEE 754-2019, 9.2.1)."""
    return either(lambda a, b: (a * a + b * b).sqrt(), np.hypot, x, y)


def hypot_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    r = hypot(x, y)
    return reduced(c * x / r, x), reduced(c * y / r, y)


def logaddexp(x: Array, y: Array) -> Array:
    """log(exp(x) + exp(y)) = max + log(1 + exp(-|x - y|))."""
    return either(lambda a, b: a.max(b) + (-abs(a - b)).exp().log1p(), np.logaddexp, x, y)


def logaddexp_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return reduced(c * sigmoid(x - y), x), reduced(c * sigmoid(y - x), y)


def logaddexp2(x: Array, y: Array) -> Array:
    """log2(2^x + 2^y)."""

    def in_balls(a: Any, b: Any) -> Any:
        return a.max(b) + (flint.arb(2) ** -abs(a - b)).log1p() / flint.arb(2).log()

    return either(in_balls, np.logaddexp2, x, y)


def logaddexp2_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    t = (x - y) * log_of(2, x)
    return reduced(c * sigmoid(t), x), reduced(c * sigmoid(-t), y)
