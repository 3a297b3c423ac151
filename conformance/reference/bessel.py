"""Bessel and Airy functions, defined as in `conformance.reference.special`; DLMF chapters 9 and 10."""

from typing import Any

import flint
import numpy as np
import scipy.special

from conformance.reference import ball
from conformance.reference.special import Array, Ball, special


@special(scipy.special.i0)
def i0(x: Ball) -> Ball:
    """I_0. DLMF 10.25.2."""
    return x.bessel_i(0)


@special(scipy.special.i1)
def i1(x: Ball) -> Ball:
    """I_1. DLMF 10.25.2."""
    return x.bessel_i(1)


@special(scipy.special.i0e)
def i0e(x: Ball) -> Ball:
    """exp(-|x|) I_0(x)."""
    return abs(x).bessel_i(0, scaled=True)


@special(scipy.special.i1e)
def i1e(x: Ball) -> Ball:
    """exp(-|x|) I_1(x), which is odd."""
    scaled = abs(x).bessel_i(1, scaled=True)
    return -scaled if x < 0 else scaled


def _k(x: Ball, n: int, *, scaled: bool = False) -> Ball:
    """K_n. Where its series cancels (by 2 x / log 2 bits), at a precision that the library need not integrate for."""
    bits = flint.ctx.prec
    if x < 0.65 * bits:
        bits = max(bits + 3 * int(float(x)), 6 * int(float(x)) + 64)
    with ball.precision(bits):
        return x.bessel_k(n, scaled=scaled)


@special(scipy.special.k0)
def k0(x: Ball) -> Ball:
    """K_0. DLMF 10.27.4."""
    return _k(x, 0)


@special(scipy.special.k1)
def k1(x: Ball) -> Ball:
    """K_1. DLMF 10.27.4."""
    return _k(x, 1)


@special(scipy.special.k0e)
def k0e(x: Ball) -> Ball:
    """exp(x) K_0(x)."""
    return _k(x, 0, scaled=True)


@special(scipy.special.k1e)
def k1e(x: Ball) -> Ball:
    """exp(x) K_1(x)."""
    return _k(x, 1, scaled=True)


@special(scipy.special.j0)
def j0(x: Ball) -> Ball:
    """J_0. DLMF 10.2.2."""
    return x.bessel_j(0)


@special(scipy.special.j1)
def j1(x: Ball) -> Ball:
    """J_1. DLMF 10.2.2."""
    return x.bessel_j(1)


@special(scipy.special.y0)
def y0(x: Ball) -> Ball:
    """Y_0. DLMF 10.2.3."""
    return x.bessel_y(0)


@special(scipy.special.y1)
def y1(x: Ball) -> Ball:
    """Y_1. DLMF 10.2.3."""
    return x.bessel_y(1)


@special(lambda x: scipy.special.spherical_jn(0, x))
def spherical_j0(x: Ball) -> Ball:
    """sin(x) / x. DLMF 10.49.3."""
    return x.sinc()


@special(lambda x: scipy.special.airy(x)[0])
def airy_ai(x: Ball) -> Ball:
    """Ai. DLMF 9.2."""
    return x.airy_ai()


def _over(y: Array, x: Array, at_zero: Any) -> Array:
    """y / x, and its limit where x is 0."""
    zero = x == 0
    return np.where(zero, at_zero + 0 * x, y / np.where(zero, 1 + 0 * x, x))


def i0_vjp(c: Array, x: Array) -> Array:
    """I_0' = I_1. DLMF 10.29.3."""
    return c * i1(x)


def i1_vjp(c: Array, x: Array) -> Array:
    """I_1' = I_0 - I_1 / x. DLMF 10.29.2."""
    return c * (i0(x) - _over(i1(x), x, 0.5))


def i0e_vjp(c: Array, x: Array) -> Array:
    """The product rule on exp(-|x|) I_0."""
    return c * (i1e(x) - np.sign(x) * i0e(x))


def i1e_vjp(c: Array, x: Array) -> Array:
    """The product rule on exp(-|x|) I_1."""
    return c * (i0e(x) - np.sign(x) * i1e(x) - _over(i1e(x), x, 0.5))


def k0_vjp(c: Array, x: Array) -> Array:
    """K_0' = -K_1. DLMF 10.29.3."""
    return -c * k1(x)


def k1_vjp(c: Array, x: Array) -> Array:
    """K_1' = -K_0 - K_1 / x. DLMF 10.29.2."""
    return -c * (k0(x) + k1(x) / x)


def k0e_vjp(c: Array, x: Array) -> Array:
    """The product rule on exp(x) K_0."""
    return c * (k0e(x) - k1e(x))


def k1e_vjp(c: Array, x: Array) -> Array:
    """The product rule on exp(x) K_1."""
    return c * (k1e(x) - k0e(x) - k1e(x) / x)


def j0_vjp(c: Array, x: Array) -> Array:
    """J_0' = -J_1. DLMF 10.6.3."""
    return -c * j1(x)


def j1_vjp(c: Array, x: Array) -> Array:
    """J_1' = J_0 - J_1 / x. DLMF 10.6.2."""
    return c * (j0(x) - _over(j1(x), x, 0.5))


def y0_vjp(c: Array, x: Array) -> Array:
    """Y_0' = -Y_1. DLMF 10.6.3."""
    return -c * y1(x)


def y1_vjp(c: Array, x: Array) -> Array:
    """Y_1' = Y_0 - Y_1 / x. DLMF 10.6.2."""
    return c * (y0(x) - y1(x) / x)
