"""Factorizations and what is solved with them, as textbook algorithms that compute in any format: LAPACK has none wider
than float64. Golub and Van Loan, *Matrix Computations*, 4th ed.; gradients by Giles, "An extended collection of matrix
derivative results for forward and reverse mode AD", Oxford NA-08/01, 2008, where no other source is given.

Signs and orders that are free are fixed here, and by every route in the same way: a symmetric argument is
(a + a^H) / 2; the diagonal of R is positive; singular and eigenvectors come as the products u_k v_k^H, in which their
signs (phases, where numbers are complex) cancel."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from conformance.reference.linalg import adjoint, transposed

Array = np.ndarray


def each(f: Callable[..., Any], *arrays: Array) -> Any:
    """f of each matrix of a batch."""
    batch = np.broadcast_shapes(*(a.shape[:-2] for a in arrays))
    if not batch:
        return f(*arrays)
    full = [np.broadcast_to(a, batch + a.shape[-2:]) for a in arrays]
    results = [f(*(a[i] for a in full)) for i in np.ndindex(batch)]
    if isinstance(results[0], tuple):
        return tuple(np.stack(r).reshape(batch + r[0].shape) for r in zip(*results, strict=True))
    return np.stack(results).reshape(batch + np.shape(results[0]))


def _eye(a: Array) -> Array:
    return np.eye(a.shape[-1], dtype=a.dtype)


def symmetric(a: Array) -> Array:
    return (a + adjoint(a)) / 2


# Gaussian elimination


def _eliminated(a: Array) -> tuple[Array, Array]:
    """Rows p, and L below the diagonal and U above it, with a[p] = L U: partial pivoting (algorithm 3.4.1)."""
    a, p = a.copy(), np.arange(len(a))
    for j in range(min(a.shape)):
        i = j + int(np.argmax(np.abs(a[j:, j])))
        if i != j:
            a[[i, j]], p[[i, j]] = a[[j, i]], p[[j, i]]
        if a[j, j] != 0:
            a[j + 1 :, j] /= a[j, j]
            a[j + 1 :, j + 1 :] -= np.multiply.outer(a[j + 1 :, j], a[j, j + 1 :])
    return p, a


def _substituted(a: Array, b: Array, *, lower: bool, unit: bool = False) -> Array:
    """The solution of a triangular system, row by row (algorithms 3.1.1 and 3.1.2). Raises ``ValueError`` for a zero on
    the diagonal."""
    n, x = len(a), b.astype(np.result_type(a, b))
    if not unit and np.any(np.diagonal(a) == 0):
        raise ValueError("the matrix is singular")
    for i in range(n) if lower else reversed(range(n)):
        known = slice(0, i) if lower else slice(i + 1, n)
        x[i] -= np.matmul(a[i, known], x[known])
        if not unit:
            x[i] /= a[i, i]
    return x


def _solved(a: Array, b: Array) -> Array:
    p, lu = _eliminated(a)
    return _substituted(lu, _substituted(lu, b[p], lower=True, unit=True), lower=False)


def solve(a: Array, b: Array) -> Array:
    """a^-1 b. Raises ``ValueError`` if a is singular."""
    return each(_solved, a, b)


def solve_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    db = solve(adjoint(a), c)
    return -np.matmul(db, adjoint(solve(a, b))), db


def inv(a: Array) -> Array:
    """The inverse. Raises ``ValueError`` if there is none."""
    return solve(a, np.broadcast_to(_eye(a), a.shape))


def inv_vjp(c: Array, a: Array) -> Array:
    y = adjoint(inv(a))
    return -np.matmul(np.matmul(y, c), y)


def _parity(p: Array) -> int:
    """1 or -1: the sign of a permutation, by its inversions."""
    return (-1) ** sum(int(np.sum(p[:i] > p[i])) for i in range(len(p)))


def _det(a: Array) -> Array:
    p, lu = _eliminated(a)
    return np.asarray(_parity(p) * np.prod(np.diagonal(lu)))


def det(a: Array) -> Array:
    return each(_det, a)


def _cofactors(a: Array) -> Array:
    n = len(a)
    rest = [np.array([j for j in range(n) if j != i], dtype=int) for i in range(n)]
    return np.array([[(-1) ** (i + j) * _det(a[np.ix_(rest[i], rest[j])]) for j in range(n)] for i in range(n)])


def det_vjp(c: Array, a: Array) -> Array:
    """The matrix of cofactors (Jacobi's formula): it exists where the inverse does not."""
    return c[..., None, None] * np.conj(each(_cofactors, a))


def slogdet(a: Array) -> tuple[Array, Array]:
    """The sign of the determinant (det / |det|) and the logarithm of its absolute value: 0 and -inf where it is 0."""

    def one(x: Array) -> tuple[Array, Array]:
        p, lu = _eliminated(x)
        d = np.diagonal(lu)
        return np.asarray(_parity(p) * np.prod(np.sign(d))), np.asarray(np.sum(np.log(np.abs(d))))

    return each(one, a)


def slogdet_vjp(c: tuple[Array, Array], a: Array) -> Array:
    """The sign of a real matrix is constant; that of a complex one turns by Im tr(a^-1 da)."""
    turning: Any = 1j * np.imag(c[0] * np.conj(slogdet(a)[0])) if a.dtype.kind == "c" else 0
    return (c[1] + turning)[..., None, None] * adjoint(inv(a))


def logdet(a: Array) -> Array:
    """Of a symmetric positive definite matrix."""
    return slogdet(symmetric(a))[1]


def logdet_vjp(c: Array, a: Array) -> Array:
    return c[..., None, None] * inv(symmetric(a))


def lu(a: Array) -> tuple[Array, Array, Array]:
    """The rows p, int64, and L and U with a[p] = L U, by partial pivoting."""

    def one(x: Array) -> tuple[Array, Array, Array]:
        p, packed = _eliminated(x)
        k = min(x.shape)
        return p.astype(np.int64), np.tril(packed[:, :k], -1) + np.eye(len(x), k, dtype=x.dtype), np.triu(packed[:k])

    return each(one, a)


def lu_vjp(c: tuple[Array, Array], a: Array) -> Array:
    """Of a square matrix: a[p] gets L^-H (tril(L^H dL, -1) + triu(dU U^H)) U^-H. De Hoog, Anderssen, Lukas,
    "Differentiation of matrix functionals using triangular factorization", Math. Comp. 80, 2011."""

    def one(dl: Array, du: Array, x: Array) -> Array:
        p, lower, upper = lu(x)
        middle = np.tril(np.matmul(adjoint(lower), dl), -1) + np.triu(np.matmul(du, adjoint(upper)))
        left = _substituted(adjoint(lower), middle, lower=False, unit=True)
        g = np.empty_like(x)
        g[p] = adjoint(_substituted(upper, adjoint(left), lower=False))
        return g

    return each(one, *c, a)


def lu_vjp_intermediates(c: tuple[Array, Array], a: Array) -> Array:
    """The largest element of the product of absolute values: two triangular systems, solved one after the other, with
    errors of the size of what they are solved with (Higham, ASNA, theorem 8.5)."""

    def one(dl: Array, du: Array, x: Array) -> Array:
        _, lower, upper = lu(x)
        middle = np.abs(np.tril(np.matmul(adjoint(lower), dl), -1) + np.triu(np.matmul(du, adjoint(upper))))
        left = np.matmul(np.abs(adjoint(inv(lower))), middle)
        return np.full_like(x, np.max(np.matmul(left, np.abs(adjoint(inv(upper))))))

    return each(one, *c, a)


def solve_triangular(a: Array, b: Array, *, upper: bool, flipped: bool = False, unit: bool = False) -> Array:
    """With one triangle of a and nothing of the other; its conjugate transpose; ones on its diagonal."""
    x, lower = _triangle(a, upper, unit), not upper
    return each(lambda m, r: _substituted(m, r, lower=lower != flipped), adjoint(x) if flipped else x, b)


def solve_triangular_vjp(
    c: Array, a: Array, b: Array, *, upper: bool, flipped: bool = False, unit: bool = False
) -> tuple[Array, Array]:
    x = solve_triangular(a, b, upper=upper, flipped=flipped, unit=unit)
    db = solve_triangular(a, c, upper=upper, flipped=not flipped, unit=unit)
    da = -np.matmul(x, adjoint(db)) if flipped else -np.matmul(db, adjoint(x))
    return (np.triu(da, 1 if unit else 0) if upper else np.tril(da, -1 if unit else 0)), db


def _triangle(a: Array, upper: bool, unit: bool = False) -> Array:
    if unit:
        return (np.triu(a, 1) if upper else np.tril(a, -1)) + _eye(a)
    return np.triu(a) if upper else np.tril(a)


def matrix_power(a: Array, *, n: int) -> Array:
    """n factors a; of a negative n, -n factors a^-1; the identity for 0."""
    if n < 0:
        return matrix_power(inv(a), n=-n)
    y = np.broadcast_to(_eye(a), a.shape)
    for _ in range(n):
        y = np.matmul(y, a)
    return y


def matrix_power_vjp(c: Array, a: Array, *, n: int) -> Array:
    """The sum over k of (a^H)^k c (a^H)^(n - 1 - k)"""
    if n < 0:
        return inv_vjp(matrix_power_vjp(c, inv(a), n=-n), a)
    g = np.zeros_like(a)
    for k in range(n):
        g = g + np.matmul(np.matmul(matrix_power(adjoint(a), n=k), c), matrix_power(adjoint(a), n=n - 1 - k))
    return g


# Cholesky


def _cholesky(a: Array) -> Array:
    """Algorithm 4.2.1, column by column. Raises ``ValueError`` if a is not positive definite."""
    lower = np.zeros_like(a)
    for j in range(len(a)):
        v = a[j:, j] - np.matmul(lower[j:, :j], np.conj(lower[j, :j]))
        if not v[0].real > 0:
            raise ValueError("the matrix is not positive definite")
        lower[j:, j] = v / np.sqrt(v[0].real)
    return lower


def cholesky(a: Array) -> Array:
    """The lower triangular L with a = L L^H."""
    return each(_cholesky, symmetric(a))


def cholesky_vjp(c: Array, a: Array) -> Array:
    """L^-H Phi(L^H dL) L^-1, symmetrized; Phi: the lower triangle with half the diagonal. Murray, arXiv:1602.07527"""
    lower = cholesky(a)
    phi = np.tril(np.matmul(adjoint(lower), np.tril(c)))
    phi = phi - np.eye(a.shape[-1], dtype=a.dtype) * phi / 2
    half = solve_triangular(lower, phi, upper=False, flipped=True)
    return symmetric(adjoint(solve_triangular(lower, adjoint(half), upper=False, flipped=True)))


def cholesky_solve(b: Array, factor: Array) -> Array:
    """(L L^H)^-1 b, L the lower triangle of ``factor``."""
    return solve_triangular(factor, solve_triangular(factor, b, upper=False), upper=False, flipped=True)


def cholesky_solve_vjp(c: Array, b: Array, factor: Array) -> tuple[Array, Array]:
    db, x = cholesky_solve(c, factor), cholesky_solve(b, factor)
    da = -np.matmul(db, adjoint(x))  # of a = L L^H
    return db, np.tril(np.matmul(da + adjoint(da), np.tril(factor)))


def cholesky_inverse(factor: Array) -> Array:
    return cholesky_solve(np.broadcast_to(_eye(factor), factor.shape), factor)


def cholesky_inverse_vjp(c: Array, factor: Array) -> Array:
    return cholesky_solve_vjp(c, np.broadcast_to(_eye(factor), factor.shape), factor)[1]


# Orthogonal factorizations


def qr(a: Array) -> tuple[Array, Array]:
    """Q with orthonormal columns and R with a positive diagonal: Gram-Schmidt, twice, which is enough (Giraud, Langou,
    Rozloznik, van den Eshof, Numer. Math. 101, 2005)."""
    k = min(a.shape[-2:])
    q = np.zeros_like(a[..., :k])
    for j in range(k):
        v = a[..., j]
        for _ in range(2):
            v = v - np.matmul(q, np.matmul(adjoint(q), v[..., None]))[..., 0]
        q[..., j] = v / np.sqrt(np.sum(np.abs(v) ** 2, axis=-1, keepdims=True))
    return q, np.triu(np.matmul(adjoint(q), a))


def qr_vjp(c: tuple[Array, Array], a: Array) -> Array:
    """(dQ + Q copyltu(R dR^H - dQ^H Q)) R^-H: Seeger et al., "Auto-differentiating linear algebra", arXiv:1710.08717;
    copyltu: the lower triangle, Hermitian. The columns right of a square part X = Q U are Q (Q^H Y)."""
    m, n = a.shape[-2:]
    dq, dr = c
    q, r = qr(a)
    square, dsquare = r[..., :, :m], dr[..., :, :m]
    if n > m:
        dq = dq + np.matmul(a[..., m:], adjoint(dr[..., m:]))
    middle = np.matmul(square, adjoint(np.triu(dsquare))) - np.matmul(adjoint(dq), q)
    below = np.tril(middle, -1)
    middle = below + adjoint(below) + np.real(middle) * np.eye(middle.shape[-1], dtype=middle.real.dtype)
    g = adjoint(solve_triangular(square, adjoint(dq + np.matmul(q, middle)), upper=True))
    return np.concatenate([g, np.matmul(q, dr[..., m:])], axis=-1) if n > m else g


def qr_vjp_intermediates(c: tuple[Array, Array], a: Array) -> Array:
    """Each row is solved with R^H, with an error of its own size times |R^-H| (Higham, ASNA, theorem 8.5)."""
    m, n = a.shape[-2:]
    q, r = qr(a)
    square = r[..., :, :m]
    middle = np.matmul(np.abs(square), np.abs(transposed(c[1][..., :, :m]))) + np.matmul(
        transposed(np.abs(c[0])), np.abs(q)
    )
    rows = np.abs(c[0]) + np.matmul(np.abs(q), middle)
    size = np.matmul(rows, np.abs(transposed(inv(square))))
    return np.concatenate([size, np.zeros((*a.shape[:-1], n - m), dtype=a.dtype)], axis=-1) if n > m else size


def lstsq(a: Array, b: Array) -> Array:
    """The x of least |a x - b|, a of full column rank: R^-1 Q^H b."""
    q, r = qr(a)
    return solve_triangular(r, np.matmul(adjoint(q), b), upper=True)


def lstsq_vjp(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Golub and Pereyra, SIAM J. Numer. Anal. 10(2), 1973: dx = -a+ da x + (a^H a)^-1 da^H (b - a x)"""
    q, r = qr(a)
    x, y = lstsq(a, b), solve_triangular(r, c, upper=True, flipped=True)
    db = np.matmul(q, y)
    inner = solve_triangular(r, y, upper=True)
    return np.matmul(b - np.matmul(a, x), adjoint(inner)) - np.matmul(db, adjoint(x)), db


def lstsq_vjp_intermediates(c: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """The residual b - a x cancels: its terms are rounded, and then multiplied by (a^H a)^-1 c. A factorization errs by
    the size of the matrix, not of each element: of a the largest is that of all."""
    _, r = qr(a)
    x = lstsq(a, b)
    db = np.abs(lstsq_vjp(c, a, b)[1])
    inner = solve_triangular(r, solve_triangular(r, c, upper=True, flipped=True), upper=True)
    terms = np.abs(b) + np.matmul(np.abs(a), np.abs(x))
    of_a = np.matmul(terms, transposed(np.abs(inner))) + np.matmul(db, transposed(np.abs(x)))
    return 0 * of_a + np.max(of_a, axis=(-2, -1), keepdims=True), db


def _rounds(n: int) -> Iterator[tuple[Array, Array]]:
    """All pairs of n columns in rounds of disjoint ones (section 8.5.5: a tournament)."""
    players = list(range(n + n % 2))
    for _ in range(len(players) - 1):
        half = len(players) // 2
        pairs = [sorted(p) for p in zip(players[:half], players[: half - 1 : -1], strict=True) if max(p) < n]
        yield tuple(np.array(pairs, dtype=int).reshape(-1, 2).T)  # type: ignore[misc]
        players = [players[0], players[-1], *players[1:-1]]


def _rotation(a: Array, p: Array, q: Array, pp: Array, qq: Array, pq: Array) -> Array:
    """The Jacobi rotations that make [[pp, pq], [conj pq, qq]] diagonal (section 8.5.2), for disjoint columns p and q.
    Columns q are first divided by the phase of pq, which makes it real."""
    size = np.abs(pq)
    with np.errstate(all="ignore"):
        tau = (qq - pp) / (2 * size)
        t = np.where(tau < 0, -1, 1) / (np.abs(tau) + np.sqrt(1 + tau * tau))
    t = np.where((size == 0) | ~np.isfinite(t), 0, t).astype(size.dtype)
    cos, phase = 1 / np.sqrt(1 + t * t), np.where(size == 0, 1, np.conj(pq) / np.where(size == 0, 1, size))
    j = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), (*a.shape[:-2], a.shape[-1], a.shape[-1])).copy()
    j[..., p, p], j[..., q, q] = cos, cos * phase
    j[..., p, q], j[..., q, p] = t * cos, -t * cos * phase
    return j


def _jacobi(a: Array) -> tuple[Array, Array]:
    """Eigenvalues, ascending, and eigenvectors of Hermitian matrices, by Jacobi's method."""
    n = a.shape[-1]
    v = np.broadcast_to(np.eye(n, dtype=a.dtype), a.shape)
    size = np.sqrt(np.sum(np.abs(a) ** 2, axis=(-2, -1)))
    rounds = [r for r in _rounds(n) if len(r[0])]
    outside = ~np.eye(n, dtype=bool)
    for _ in range(30):
        if np.all(np.max(np.abs(a[..., outside]), axis=-1, initial=0) <= 4 * np.finfo(a.dtype).eps * size):
            break
        for p, q in rounds:
            j = _rotation(a, p, q, a[..., p, p].real, a[..., q, q].real, a[..., p, q])
            a, v = np.matmul(np.matmul(adjoint(j), a), j), np.matmul(v, j)
    w = np.diagonal(a, axis1=-2, axis2=-1).real
    order = np.argsort(w, axis=-1)
    return np.take_along_axis(w, order, -1), np.take_along_axis(v, order[..., None, :], -1)


def _projectors(u: Array, v: Array) -> Array:
    """u_k v_k^H of each pair of columns: (..., k, m, n)"""
    return np.einsum("...ik,...jk->...kij", u, np.conj(v))


def _of_projectors(c: Array, u: Array, v: Array) -> tuple[Array, Array]:
    return np.einsum("...kij,...jk->...ik", c, v), np.einsum("...kij,...ik->...jk", np.conj(c), u)


def _reciprocal_gaps(w: Array) -> Array:
    """1 / (w_j - w_i), and 0 on the diagonal."""
    gaps = w[..., None, :] - w[..., :, None]
    return np.where(gaps == 0, 0, 1 / np.where(gaps == 0, 1, gaps))


def eigh(a: Array) -> tuple[Array, Array]:
    """Eigenvalues, ascending, and the projectors v_k v_k^H."""
    w, v = _jacobi(symmetric(a))
    return w, _projectors(v, v)


def eigh_vjp(c: tuple[Array, Array], a: Array) -> Array:
    w, v = _jacobi(symmetric(a))
    left, right = _of_projectors(c[1], v, v)
    middle = _reciprocal_gaps(w) * np.matmul(adjoint(v), left + right) + c[0][..., None] * np.eye(
        w.shape[-1], dtype=w.dtype
    )
    return symmetric(np.matmul(np.matmul(v, middle), adjoint(v)))


def eigvalsh(a: Array) -> Array:
    return _jacobi(symmetric(a))[0]


def eigvalsh_vjp(c: Array, a: Array) -> Array:
    v = _jacobi(symmetric(a))[1]
    return np.matmul(v * c[..., None, :], adjoint(v))


def eigvalsh_upper(a: Array) -> Array:
    """Of the Hermitian matrix whose upper triangle is that of ``a``; what is below it does not count."""
    upper = np.triu(a, 1)
    return _jacobi(upper + adjoint(upper) + np.real(np.triu(a) - upper))[0]


def _svd(a: Array) -> tuple[Array, Array, Array]:
    """U, singular values, descending, and V with a = U diag(s) V^H: one-sided Jacobi (section 8.6.4)."""
    if a.shape[-2] < a.shape[-1]:
        v, s, u = _svd(adjoint(a))
        return u, s, v
    n, eps = a.shape[-1], np.finfo(a.dtype).eps
    v = np.broadcast_to(np.eye(n, dtype=a.dtype), (*a.shape[:-2], n, n))
    rounds = [r for r in _rounds(n) if len(r[0])]
    for _ in range(30):
        worst = 0.0
        for p, q in rounds:
            left, right = a[..., p], a[..., q]
            pp, qq = (np.sum(np.abs(x) ** 2, axis=-2) for x in (left, right))
            pq, size = np.sum(np.conj(left) * right, axis=-2), np.sqrt(pp * qq)
            worst = max(worst, float(np.max(np.abs(pq) / np.where(size == 0, 1, size), initial=0)))
            j = _rotation(a, p, q, pp, qq, pq)
            a, v = np.matmul(a, j), np.matmul(v, j)
        if worst <= 8 * eps:
            break
    s = np.sqrt(np.sum(np.abs(a) ** 2, axis=-2))
    order = np.argsort(-s, axis=-1)
    s = np.take_along_axis(s, order, -1)
    u = np.take_along_axis(a, order[..., None, :], -1) / np.where(s == 0, 1, s)[..., None, :]
    return u, s, np.take_along_axis(v, order[..., None, :], -1)


def _svd_vjp(ds: Array, du: Array, dv: Array, a: Array) -> Array:
    """Townsend, "Differentiating the singular value decomposition", 2016; of a function of U and V that does not see
    their phases: Wan and Zhang, "Automatic differentiation for complex valued SVD", arXiv:1909.02659."""
    u, s, v = _svd(a)
    m, n = a.shape[-2:]
    f = _reciprocal_gaps(s * s)
    eye = np.eye(s.shape[-1], dtype=a.dtype)
    of_u = f * (np.matmul(adjoint(u), du) - np.matmul(adjoint(du), u)) * s[..., None, :]
    of_v = s[..., :, None] * f * (np.matmul(adjoint(v), dv) - np.matmul(adjoint(dv), v))
    on_diagonal = ds + 1j * np.sum(np.conj(u) * du, axis=-2).imag / s if a.dtype.kind == "c" else ds
    g = np.matmul(np.matmul(u, of_u + of_v + on_diagonal[..., None] * eye), adjoint(v))
    if m > n:
        rest = du - np.matmul(u, np.matmul(adjoint(u), du))
        g = g + np.matmul(rest / s[..., None, :], adjoint(v))
    if n > m:
        rest = dv - np.matmul(v, np.matmul(adjoint(v), dv))
        g = g + np.matmul(u, adjoint(rest / s[..., None, :]))
    return g


def svd(a: Array) -> tuple[Array, Array]:
    """Singular values, descending, and u_k v_k^H of each."""
    u, s, v = _svd(a)
    return s, _projectors(u, v)


def svd_vjp(c: tuple[Array, Array], a: Array) -> Array:
    u, _, v = _svd(a)
    return _svd_vjp(c[0], *_of_projectors(c[1], u, v), a)


def svdvals(a: Array) -> Array:
    return _svd(a)[1]


def svdvals_vjp(c: Array, a: Array) -> Array:
    u, _, v = _svd(a)
    return np.matmul(u * c[..., None, :], adjoint(v))


def spectral_norm(a: Array) -> Array:
    """The largest singular value."""
    return svdvals(a)[..., 0]


def spectral_norm_vjp(c: Array, a: Array) -> Array:
    u, _, v = _svd(a)
    return c[..., None, None] * np.matmul(u[..., :1], adjoint(v[..., :1]))


def nuclear_norm(a: Array) -> Array:
    """The sum of the singular values."""
    return np.sum(svdvals(a), axis=-1)


def nuclear_norm_vjp(c: Array, a: Array) -> Array:
    u, _, v = _svd(a)
    return c[..., None, None] * np.matmul(u, adjoint(v))


def cond(a: Array) -> Array:
    """The largest singular value over the smallest."""
    s = svdvals(a)
    return s[..., 0] / s[..., -1]


def cond_vjp(c: Array, a: Array) -> Array:
    s = svdvals(a)
    ds = np.zeros_like(s)
    ds[..., 0] = c / s[..., -1]
    ds[..., -1] = -c * s[..., 0] / s[..., -1] ** 2
    return svdvals_vjp(ds, a)


def matrix_rank(a: Array) -> Array:
    """How many singular values exceed max(m, n) eps times the largest; eps of float32: all samples are far from it."""
    s = svdvals(a)
    return np.sum(s > max(a.shape[-2:]) * 2.0**-23 * np.max(s, axis=-1, keepdims=True, initial=0), axis=-1)


def pinv(a: Array) -> Array:
    """V diag(1/s) U^H of a matrix of full rank, or of zeros, whose pseudoinverse is zeros."""
    u, s, v = _svd(a)
    return np.matmul(v * np.where(s == 0, 0, 1 / np.where(s == 0, 1, s))[..., None, :], adjoint(u))


def pinv_vjp(c: Array, a: Array) -> Array:
    """Golub and Pereyra, SIAM J. Numer. Anal. 10(2), 1973, theorem 4.3: with p = a+,
    dp = -p da p + p p^H da^H (1 - a p) + (1 - p a) da^H p^H p"""
    p = pinv(a)
    outside = np.eye(a.shape[-2], dtype=a.dtype) - np.matmul(a, p)
    beside = np.eye(a.shape[-1], dtype=a.dtype) - np.matmul(p, a)
    return (
        -np.matmul(np.matmul(adjoint(p), c), adjoint(p))
        + np.matmul(np.matmul(outside, adjoint(c)), np.matmul(p, adjoint(p)))
        + np.matmul(np.matmul(adjoint(p), p), np.matmul(adjoint(c), beside))
    )


def pinv_vjp_intermediates(c: Array, a: Array) -> Array:
    """1 - a p and 1 - p a cancel: the terms of the products are rounded, and then multiplied by c^T and p p^T."""
    size, p, ct = np.abs(a), np.abs(pinv(a)), np.abs(transposed(c))
    outside = np.eye(a.shape[-2], dtype=a.dtype) + np.matmul(size, p)
    beside = np.eye(a.shape[-1], dtype=a.dtype) + np.matmul(p, size)
    return np.matmul(np.matmul(outside, ct), np.matmul(p, transposed(p))) + np.matmul(
        np.matmul(transposed(p), p), np.matmul(ct, beside)
    )
