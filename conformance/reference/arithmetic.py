"""Arithmetic, real and complex: the operation, and its derivative times the cotangent."""

from typing import Any

import flint
import numpy as np

from conformance.reference.elementwise import conj, reduced
from conformance.reference.special import pi

Array = np.ndarray


def add(x: Array, y: Array) -> Array:
    """Integers: modulo 2^n, as two's complement arithmetic has it."""
    return np.add(x, y)


def add_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return reduced(c, x), reduced(c, y)


def subtract(x: Array, y: Array) -> Array:
    return np.subtract(x, y)


def subtract_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return reduced(c, x), reduced(-c, y)


def multiply(x: Array, y: Array) -> Array:
    return np.multiply(x, y)


def multiply_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return reduced(c * conj(y), x), reduced(c * conj(x), y)


def divide(x: Array, y: Array) -> Array:
    return np.divide(x, y)


def divide_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return reduced(c / conj(y), x), reduced(-c * conj(x / (y * y)), y)


def divide_no_nan(x: Array, y: Array) -> Array:
    """x / y, 0 where y is 0. https://www.tensorflow.org/api_docs/python/tf/math/divide_no_nan"""
    zero = y == 0
    return np.where(zero, 0 * (x + y), x / np.where(zero, 1 + 0 * y, y))


def divide_no_nan_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return reduced(divide_no_nan(c, y), x), reduced(-divide_no_nan(c * divide_no_nan(x, y), y), y)


def negative(x: Array) -> Array:
    """Unsigned integers: modulo 2^n."""
    return np.negative(x)


def negative_vjp(c: Array, x: Array) -> Array:
    return -c


def absolute(x: Array) -> Array:
    """|x|; of the least integer, itself (modulo 2^n)."""
    return np.abs(x)


def absolute_vjp(c: Array, x: Array) -> Array:
    """sign(x): 0 at 0, the middle of the subgradients."""
    return c * np.sign(x)


def modulus(x: Array) -> Array:
    """|x|, DLMF 1.9.3."""
    return np.abs(x)


def modulus_vjp(c: Array, x: Array) -> Array:
    return c * sgn(x)


def sgn(x: Array) -> Array:
    """x / |x|, 0 at 0. DLMF 1.9.1 and 1.9.5."""
    if x.dtype.kind != "c":
        return np.sign(x)
    zero = x == 0
    return np.where(zero, 0, x / np.where(zero, 1, np.abs(x)))


def sgn_vjp(c: Array, x: Array) -> Array:
    """The part of the cotangent at right angles to x, over |x|; a real one has none."""
    if x.dtype.kind != "c":
        return 0 * c
    s = sgn(x)
    return (c - s * np.real(conj(s) * c)) / np.abs(x)


def angle(x: Array) -> Array:
    """The phase, DLMF 1.9.4 and 1.9.6: of a real number 0 or pi."""
    if x.dtype.kind == "c":
        return np.arctan2(x.imag, x.real)
    return np.where(x != x, x, np.where(x < 0, pi(x), 0 * np.sign(x)))


def angle_vjp(c: Array, x: Array) -> Array:
    """i x / |x|^2; constant on the real line."""
    return c * 1j * x / (x.real * x.real + x.imag * x.imag) if x.dtype.kind == "c" else 0 * c


def conjugate(x: Array) -> Array:
    return np.conj(x)


def conjugate_vjp(c: Array, x: Array) -> Array:
    return np.conj(c)


def real(x: Array) -> Array:
    return np.real(x)


def real_vjp(c: Array, x: Array) -> Array:
    return c + 0j if x.dtype.kind == "c" else c


def imag(x: Array) -> Array:
    return np.imag(x)


def imag_vjp(c: Array, x: Array) -> Array:
    return 1j * c if x.dtype.kind == "c" else 0 * c


def from_parts(real: Array, imag: Array) -> Array:
    """real + i imag, without arithmetic."""
    out = np.empty(real.shape, np.result_type(real, np.complex64))
    out.real, out.imag = real, imag
    return out


def from_parts_vjp(c: Array, real: Array, imag: Array) -> tuple[Array, Array]:
    return np.real(c), np.imag(c)


def polar(radius: Array, angle: Array) -> Array:
    """radius exp(i angle), DLMF 1.9.7."""
    return from_parts(radius * np.cos(angle), radius * np.sin(angle))


def polar_vjp(c: Array, radius: Array, angle: Array) -> tuple[Array, Array]:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.real(c) * cos + np.imag(c) * sin, radius * (np.imag(c) * cos - np.real(c) * sin)


def squared_difference(x: Array, y: Array) -> Array:
    return (x - y) * (x - y)


def squared_difference_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    g = 2 * c * (x - y)
    return reduced(g, x), reduced(-g, y)


def lerp(start: Array, end: Array, weight: Array) -> Array:
    """https://docs.pytorch.org/docs/stable/generated/torch.lerp.html"""
    return start + weight * (end - start)


def lerp_vjp(c: Array, start: Array, end: Array, weight: Array) -> tuple[Array, Array, Array]:
    return reduced(c * (1 - weight), start), reduced(c * weight, end), reduced(c * (end - start), weight)


def addcmul(x: Array, a: Array, b: Array, *, value: float) -> Array:
    """x + value a b. https://docs.pytorch.org/docs/stable/generated/torch.addcmul.html"""
    return x + value * a * b


def addcmul_vjp(c: Array, x: Array, a: Array, b: Array, *, value: float) -> tuple[Array, Array, Array]:
    return reduced(c, x), reduced(c * value * b, a), reduced(c * value * a, b)


def addcdiv(x: Array, a: Array, b: Array, *, value: float) -> Array:
    """x + value a / b. https://docs.pytorch.org/docs/stable/generated/torch.addcdiv.html"""
    return x + value * a / b


def addcdiv_vjp(c: Array, x: Array, a: Array, b: Array, *, value: float) -> tuple[Array, Array, Array]:
    return reduced(c, x), reduced(c * value / b, a), reduced(-c * value * a / (b * b), b)


def deg2rad(x: Array) -> Array:
    return x * (pi(x) / 180)


def deg2rad_vjp(c: Array, x: Array) -> Array:
    return c * (pi(x) / 180)


def rad2deg(x: Array) -> Array:
    return x * (180 / pi(x))


def rad2deg_vjp(c: Array, x: Array) -> Array:
    return c * (180 / pi(x))


def ldexp(x: Array, exponent: Array) -> Any:
    """x 2^exponent, DLMF 4.2.26."""
    return x * _power_of_two(x, exponent)


def ldexp_vjp(c: Array, x: Array, exponent: Array) -> Array:
    return c * _power_of_two(x, exponent)


def _power_of_two(x: Array, exponent: Array) -> Array:
    if x.dtype == object:
        return np.asarray(np.frompyfunc(lambda e: flint.arb(2) ** int(e), 1, 1)(exponent), dtype=object)
    return np.asarray(np.ldexp(np.ones(exponent.shape, x.dtype), exponent))
