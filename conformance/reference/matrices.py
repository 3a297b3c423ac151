"""The exponential of a matrix, and matrices of few numbers: tridiagonal ones and products of reflections."""

import numpy as np

from conformance.reference.factorizations import each, solve, solve_vjp
from conformance.reference.linalg import adjoint

Array = np.ndarray


def _expm(a: Array) -> Array:
    """Scaling to a norm of at most 1/2, Taylor's polynomial of degree 22 (its rest is below 1e-29), squaring. Higham,
    *Functions of Matrices*, section 10.3."""
    norm = float(np.max(np.sum(np.abs(a), axis=-2), initial=0))
    halvings = max(0, int(np.ceil(np.log2(norm))) + 1) if norm > 0 else 0
    x, one = a / 2.0**halvings, np.eye(len(a), dtype=a.dtype)
    y = one
    for k in range(22, 0, -1):
        y = one + np.matmul(x, y) / k
    for _ in range(halvings):
        y = np.matmul(y, y)
    return y


def matrix_exp(a: Array) -> Array:
    return each(_expm, a)


def matrix_exp_vjp(c: Array, a: Array) -> Array:
    """The Frechet derivative at a^T along c, the upper right block of exp([[a^T, c], [0, a^T]]): *Functions of
    Matrices*, (10.43)."""

    def one(x: Array, direction: Array) -> Array:
        n = len(x)
        return _expm(np.block([[x, direction], [np.zeros_like(x), x]]))[:n, n:]

    return each(one, adjoint(a), c)


def matrix_exp_intermediates(a: Array) -> Array:
    """Sums of powers of a and 1, and their squares, are as large as the largest elements of the result."""
    return np.broadcast_to(np.max(np.abs(matrix_exp(a)), axis=(-2, -1), keepdims=True), a.shape)


def matrix_exp_vjp_intermediates(c: Array, a: Array) -> Array:
    """The same, in the exponential of a block matrix that is linear in c."""
    size = np.max(np.abs(c), axis=(-2, -1), keepdims=True)
    return size * matrix_exp_intermediates(a)


# Structured matrices


def _tridiagonal(upper: Array, middle: Array, lower: Array) -> Array:
    return np.diag(upper[:-1], 1) + np.diag(middle) + np.diag(lower[1:], -1)


def tridiagonal_solve(upper: Array, middle: Array, lower: Array, b: Array) -> Array:
    """The last of ``upper`` and the first of ``lower`` are not used.
    https://www.tensorflow.org/api_docs/python/tf/linalg/tridiagonal_solve"""
    return solve(_tridiagonal(upper, middle, lower), b)


def tridiagonal_solve_vjp(c: Array, upper: Array, middle: Array, lower: Array, b: Array) -> tuple[Array, ...]:
    da, db = solve_vjp(c, _tridiagonal(upper, middle, lower), b)
    zero = np.zeros(1, dtype=b.dtype)
    return np.append(np.diagonal(da, 1), zero), np.diagonal(da), np.append(zero, np.diagonal(da, -1)), db


def householder_product(v: Array, tau: Array) -> Array:
    """The first k columns of H_1 ... H_k, H_i = 1 - tau_i v_i v_i^H; v_i is column i below the diagonal, 1 on it.
    https://www.netlib.org/lapack/explore-html/ (orgqr)"""
    m, k = v.shape
    w = np.tril(v, -1) + np.eye(m, k, dtype=v.dtype)
    y = np.eye(m, k, dtype=v.dtype)
    for i in reversed(range(k)):
        y = y - tau[i] * np.multiply.outer(w[:, i], np.matmul(np.conj(w[:, i]), y))
    return y


def householder_product_vjp(c: Array, v: Array, tau: Array) -> tuple[Array, Array]:
    """The chain rule through each factor, with what is right of it."""
    m, k = v.shape
    w = np.tril(v, -1) + np.eye(m, k, dtype=v.dtype)
    right = [np.eye(m, k, dtype=v.dtype)]
    for i in reversed(range(k)):
        right.append(right[-1] - tau[i] * np.multiply.outer(w[:, i], np.matmul(np.conj(w[:, i]), right[-1])))
    dv, dtau = np.zeros_like(v), np.zeros_like(tau)
    for i in range(k):
        x = w[:, i]
        y, xc = np.matmul(np.conj(x), right[k - 1 - i]), np.matmul(np.conj(x), c)
        dtau[i] = -np.matmul(xc, np.conj(y))
        dv[:, i] = -np.conj(tau[i]) * np.matmul(c, np.conj(y)) - tau[i] * np.matmul(right[k - 1 - i], np.conj(xc))
        c = c - np.conj(tau[i]) * np.multiply.outer(x, xc)
    return np.tril(dv, -1), dtau
