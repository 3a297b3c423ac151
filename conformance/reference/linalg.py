"""Products of vectors and matrices, and norms that need no factorization. Gradients in closed form, conjugated where
numbers are complex: dL/dRe + i dL/dIm of y = a b is c b^H and a^H c (Giles, "An extended collection of matrix
derivative results for forward and reverse mode AD", Oxford NA-08/01, 2008)."""

from typing import Any

import numpy as np

Array = np.ndarray


def transposed(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def adjoint(a: Array) -> Array:
    """The conjugate transpose."""
    return np.conj(transposed(a))


def matmul(a: Array, b: Array) -> Array:
    """Matrix product of (..., m, k) and (..., k, n), broadcast over the leading axes; a vector is a row on the left and
    a column on the right. https://numpy.org/doc/stable/reference/generated/numpy.matmul.html"""
    return np.matmul(a, b)


def matmul_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """c b^H and a^H c, summed over what was broadcast."""
    row, column = a.ndim == 1, b.ndim == 1
    a2, b2 = a[None, :] if row else a, b[:, None] if column else b
    if column:
        c = c[..., None]
    if row:
        c = c[..., None, :]
    da, db = _unbroadcast(np.matmul(c, adjoint(b2)), a2.shape), _unbroadcast(np.matmul(adjoint(a2), c), b2.shape)
    return da.reshape(a.shape), db.reshape(b.shape)


def matmul_transposed(a: Array, b: Array, *, transpose_a: bool, transpose_b: bool) -> Array:
    return np.matmul(transposed(a) if transpose_a else a, transposed(b) if transpose_b else b)


def matmul_transposed_vjp(c: Array, a: Array, b: Array, *, transpose_a: bool, transpose_b: bool) -> tuple[Array, Array]:
    da, db = matmul_vjp(c, transposed(a) if transpose_a else a, transposed(b) if transpose_b else b)
    return transposed(da) if transpose_a else da, transposed(db) if transpose_b else db


def matmul_adjoint(a: Array, b: Array) -> Array:
    """a^H b"""
    return np.matmul(adjoint(a), b)


def matmul_adjoint_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    da, db = matmul_vjp(c, adjoint(a), b)
    return adjoint(da), db


def plus_product(x: Array, a: Array, b: Array, *, beta: float, alpha: float) -> Array:
    """beta x + alpha a b; nothing of x is used where beta is 0 (BLAS gemm). The constants are numbers of binary."""
    product = alpha * np.matmul(a, b)
    return product + beta * x if beta else product + np.zeros_like(x, shape=x.shape)


def plus_product_vjp(c: Array, x: Array, a: Array, b: Array, *, beta: float, alpha: float) -> tuple[Array, ...]:
    return _unbroadcast(beta * c, x.shape), *matmul_vjp(alpha * c, a, b)


def plus_sum_of_products(x: Array, a: Array, b: Array, *, beta: float, alpha: float) -> Array:
    """beta x + alpha times the sum over the batch of a b."""
    return beta * x + alpha * np.sum(np.matmul(a, b), axis=0)


def plus_sum_of_products_vjp(c: Array, x: Array, a: Array, b: Array, *, beta: float, alpha: float) -> tuple[Array, ...]:
    return beta * c, *matmul_vjp(alpha * np.broadcast_to(c, (len(a), *c.shape)), a, b)


def plus_outer(x: Array, a: Array, b: Array, *, beta: float, alpha: float) -> Array:
    return beta * x + alpha * np.multiply.outer(a, b)


def plus_outer_vjp(c: Array, x: Array, a: Array, b: Array, *, beta: float, alpha: float) -> tuple[Array, ...]:
    return beta * c, alpha * np.matmul(c, b), alpha * np.matmul(c.T, a)


def vdot(a: Array, b: Array) -> Array:
    """The sum of conj(a) b. https://numpy.org/doc/stable/reference/generated/numpy.vdot.html"""
    return np.sum(np.conj(a) * b)


def vdot_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """L = Re(conj(c) sum(conj(a) b)): b conj(c) and a c."""
    return b * np.conj(c), a * c


def vecdot(a: Array, b: Array, *, axis: int) -> Array:
    """The sum of conj(a) b over an axis. https://data-apis.org/array-api/latest/ (vecdot)"""
    return np.sum(np.conj(a) * b, axis=axis)


def vecdot_vjp(c: Array, a: Array, b: Array, *, axis: int) -> tuple[Array, Array]:
    c = np.expand_dims(c, axis)
    return _unbroadcast(b * np.conj(c), a.shape), _unbroadcast(a * c, b.shape)


def outer(a: Array, b: Array) -> Array:
    return np.multiply.outer(a, b)


def outer_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    return np.matmul(c, np.conj(b)), np.matmul(c.T, np.conj(a))


def inner(a: Array, b: Array) -> Array:
    """The sum over the last axes; nothing is conjugated. numpy.inner"""
    return np.tensordot(a, b, (-1, -1))


def inner_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    return (
        np.tensordot(c, np.conj(b), (tuple(range(a.ndim - 1, c.ndim)), tuple(range(b.ndim - 1)))),
        np.tensordot(c, np.conj(a), (tuple(range(a.ndim - 1)), tuple(range(a.ndim - 1)))),
    )


Axes = int | list[list[int]]


def tensordot(a: Array, b: Array, *, axes: Axes) -> Array:
    """https://numpy.org/doc/stable/reference/generated/numpy.tensordot.html"""
    return np.tensordot(a, b, axes if isinstance(axes, int) else (axes[0], axes[1]))


def tensordot_vjp(c: Array, a: Array, b: Array, *, axes: Axes) -> tuple[Array, Array]:
    ours, theirs = (list(range(a.ndim - axes, a.ndim)), list(range(axes))) if isinstance(axes, int) else axes
    left = [chr(97 + i) for i in range(a.ndim)]
    right = [chr(110 + i) for i in range(b.ndim)]
    for i, j in zip(ours, theirs, strict=True):
        right[j] = left[i]
    free = [s for i, s in enumerate(left) if i not in np.mod(ours, a.ndim)]
    free += [s for j, s in enumerate(right) if j not in np.mod(theirs, b.ndim)]
    return einsum_vjp(c, a, b, equation=f"{''.join(left)},{''.join(right)}->{''.join(free)}")


def einsum1(a: Array, *, equation: str) -> Array:
    """https://numpy.org/doc/stable/reference/generated/numpy.einsum.html"""
    return np.einsum(equation, a)


def einsum2(a: Array, b: Array, *, equation: str) -> Array:
    return np.einsum(equation, a, b)


def einsum3(a: Array, b: Array, d: Array, *, equation: str) -> Array:
    return np.einsum(equation, a, b, d)


def einsum_vjp(c: Array, *operands: Array, equation: str) -> Any:
    """Each gradient is an einsum too: the cotangent with the other operands, ones along what was summed away, and a
    diagonal where an index was repeated."""
    left, _, right = equation.partition("->")
    terms = left.split(",")
    if not _:
        right = "".join(sorted(s for s in set(left) - {","} if left.count(s) == 1))
    gradients = []
    for k, (term, x) in enumerate(zip(terms, operands, strict=True)):
        given = [(right, c)] + [(t, np.conj(o)) for i, (t, o) in enumerate(zip(terms, operands, strict=True)) if i != k]
        known = set("".join(t for t, _ in given))
        names = ""
        for position, s in enumerate(term.replace("...", "")):
            size = x.shape[position - len(term.replace("...", ""))]
            if s in names:
                fresh = next(z for z in "ABCDEFGHXYZ" if z not in names)
                given.append((s + fresh, np.eye(size, dtype=x.dtype)))
                s = fresh
            elif s not in known:
                given.append((s, np.ones(size, dtype=x.dtype)))
            names += s
        wanted = ("..." if "..." in term else "") + names
        g = np.einsum(",".join(t for t, _ in given) + "->" + wanted, *(o for _, o in given))
        gradients.append(_unbroadcast(g, x.shape))
    return tuple(gradients) if len(gradients) > 1 else gradients[0]


def kron(a: Array, b: Array) -> Array:
    """The blocks a_ij b, of arrays of the same rank. numpy.kron"""
    return np.kron(a, b)


def kron_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    pairs = tuple(n for both in zip(a.shape, b.shape, strict=True) for n in both)
    blocks = c.reshape(pairs)
    of_a, of_b = tuple(range(0, 2 * a.ndim, 2)), tuple(range(1, 2 * a.ndim, 2))
    every = tuple(range(a.ndim))
    return np.tensordot(blocks, np.conj(b), (of_b, every)), np.tensordot(blocks, np.conj(a), (of_a, every))


def trace(a: Array) -> Array:
    return np.sum(np.diagonal(a))


def trace_vjp(c: Array, a: Array) -> Array:
    return c * np.eye(*a.shape, dtype=a.dtype)


def cross(a: Array, b: Array) -> Array:
    """The cross product of vectors of length 3 on the last axis."""
    (x, y, z), (u, v, w) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=-1)


def cross_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """c . (da x b) = da . (b x c); c . (a x db) = db . (c x a)"""
    return _unbroadcast(cross(b, c), a.shape), _unbroadcast(cross(c, a), b.shape)


def multi_dot(a: Array, b: Array, d: Array) -> Array:
    return np.matmul(np.matmul(a, b), d)


def multi_dot_vjp(c: Array, a: Array, b: Array, d: Array) -> tuple[Array, ...]:
    return np.matmul(c, np.matmul(b, d).T), np.matmul(np.matmul(a.T, c), d.T), np.matmul(np.matmul(a, b).T, c)


def vander(x: Array, *, N: int, increasing: bool) -> Array:
    """The powers of x from 0 to N - 1. https://numpy.org/doc/stable/reference/generated/numpy.vander.html"""
    powers = np.stack([x**0] + [x**j for j in range(1, N)], axis=-1)
    return powers if increasing else powers[..., ::-1]


def vander_vjp(c: Array, x: Array, *, N: int, increasing: bool) -> Array:
    c = c if increasing else c[..., ::-1]
    return np.sum(np.stack([0 * x] + [j * x ** (j - 1) * c[..., j] for j in range(1, N)], axis=-1), axis=-1)


def cdist(a: Array, b: Array, *, p: float = 2) -> Array:
    """Distances of all rows of a to all rows of b in the norm of p. scipy.spatial.distance.cdist"""
    d = np.abs(a[..., :, None, :] - b[..., None, :, :])
    if p == np.inf:
        return np.max(d, axis=-1)
    return np.sum(d, axis=-1) if p == 1 else np.sqrt(np.sum(d * d, axis=-1))


def cdist_vjp(c: Array, a: Array, b: Array, *, p: float = 2) -> tuple[Array, Array]:
    """The subgradient of least norm where rows coincide: zero."""
    d = a[..., :, None, :] - b[..., None, :, :]
    distance = cdist(a, b, p=p)[..., None]
    if p == np.inf:
        largest = np.abs(d) == distance
        direction = np.sign(d) * largest / np.sum(largest, axis=-1, keepdims=True)
    else:
        direction = np.sign(d) if p == 1 else d / np.where(distance == 0, 1, distance)
    share = c[..., None] * direction
    return _unbroadcast(np.sum(share, axis=-2), a.shape), _unbroadcast(-np.sum(share, axis=-3), b.shape)


def matrix_norm(a: Array, *, ord: str | float) -> Array:
    """Frobenius: root of the sum of squares; 1: the largest column sum; inf: the largest row sum, of absolute values.
    Higham, ASNA, section 6.2."""
    if ord == "fro":
        return np.sqrt(np.sum(a * a, axis=(-2, -1)))
    return np.max(np.sum(np.abs(a), axis=-2 if ord == 1 else -1), axis=-1)


def matrix_norm_vjp(c: Array, a: Array, *, ord: str | float) -> Array:
    c = c[..., None, None]
    if ord == "fro":
        return c * a / np.sqrt(np.sum(a * a, axis=(-2, -1), keepdims=True))
    axis = -2 if ord == 1 else -1
    sums = np.sum(np.abs(a), axis=axis, keepdims=True)
    return c * np.sign(a) * (sums == np.max(sums, axis=(-2, -1), keepdims=True))


def band_part(a: Array, *, lower: int, upper: int) -> Array:
    """Zero but for ``lower`` diagonals below the main one and ``upper`` above it; -1 keeps them all."""
    return np.where(_band(a, lower, upper), a, np.zeros_like(a))


def band_part_vjp(c: Array, a: Array, *, lower: int, upper: int) -> Array:
    return np.where(_band(a, lower, upper), c, np.zeros_like(c))


def _band(a: Array, lower: int, upper: int) -> Array:
    i, j = np.ogrid[: a.shape[-2], : a.shape[-1]]
    return ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))


def tridiagonal_matmul(upper: Array, middle: Array, lower: Array, b: Array) -> Array:
    """The product of a tridiagonal matrix and b (n, k). ``upper[i]`` multiplies row i + 1 (the last is not used),
    ``lower[i]`` row i - 1 (the first is not used). https://www.tensorflow.org/api_docs/python/tf/linalg/tridiagonal_matmul"""
    y = middle[:, None] * b
    y[:-1] += upper[:-1, None] * b[1:]
    y[1:] += lower[1:, None] * b[:-1]
    return y


def tridiagonal_matmul_vjp(c: Array, upper: Array, middle: Array, lower: Array, b: Array) -> tuple[Array, ...]:
    du, dl, db = np.zeros_like(upper), np.zeros_like(lower), middle[:, None] * c
    du[:-1] = np.sum(c[:-1] * b[1:], axis=1)
    dl[1:] = np.sum(c[1:] * b[:-1], axis=1)
    db[1:] += upper[:-1, None] * c[:-1]
    db[:-1] += lower[1:, None] * c[1:]
    return du, np.sum(c * b, axis=1), dl, db


def _unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    g = np.sum(g, axis=tuple(range(g.ndim - len(shape))))
    return np.sum(g, axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1), keepdims=True)
