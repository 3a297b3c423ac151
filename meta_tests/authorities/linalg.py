"""Authorities for linear algebra: SciPy and LAPACK, plain Python, or NumPy's function for the same by other means."""

import itertools
from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import scipy.linalg
import scipy.spatial

Array = np.ndarray


def by_batch(f: Callable[..., Any]) -> Callable[..., Any]:
    """SciPy's functions of one matrix, of a batch of them."""

    def batched(*arrays: Array, **options: Any) -> Any:
        lead = np.broadcast_shapes(*(a.shape[:-2] for a in arrays))
        full = [np.broadcast_to(a, lead + a.shape[-2:]) for a in arrays]
        results = [f(*(a[i] for a in full), **options) for i in np.ndindex(lead)]
        if isinstance(results[0], tuple):
            return tuple(np.reshape(r, lead + np.shape(r[0])) for r in zip(*results, strict=True))
        return np.reshape(results, lead + np.shape(results[0]))

    return batched


def einsum(*operands: Array, equation: str) -> Array:
    """Every combination of the indices, in plain Python; an ellipsis stands for equal or broadcast leading axes."""
    left, _, right = equation.partition("->")
    terms = left.split(",")
    if not _:
        right = "".join(sorted(s for s in set(left) - {","} if left.count(s) == 1))
    rank = max(x.ndim - len(t.replace("...", "")) if "..." in t else 0 for t, x in zip(terms, operands, strict=True))
    lead = "WXYZ"[:rank]
    expanded = []
    for t, x in zip(terms, operands, strict=True):
        missing = rank - (x.ndim - len(t.replace("...", ""))) if "..." in t else 0
        expanded.append((t.replace("...", lead), x[(None,) * missing]))
    right = right.replace("...", lead)
    sizes: dict[str, int] = {}
    for t, x in expanded:
        for s, n in zip(t, x.shape, strict=True):
            sizes[s] = max(n, sizes.get(s, 1))
    out = np.zeros([sizes[s] for s in right], dtype=np.result_type(*operands))
    for values in itertools.product(*(range(n) for n in sizes.values())):
        at = dict(zip(sizes, values, strict=True))
        product: Any = 1.0
        for t, x in expanded:
            product = product * x[tuple(at[s] if n > 1 else 0 for s, n in zip(t, x.shape, strict=True))]
        out[tuple(at[s] for s in right)] += product
    return out


def loops(a: Array, b: Array) -> Array:
    """The sum of a_i b_i, one by one."""
    return sum((x * y for x, y in zip(a, b, strict=True)), start=np.zeros((), np.result_type(a, b)))


def tensordot(a: Array, b: Array, axes: Any) -> Array:
    ours, theirs = (range(a.ndim - axes, a.ndim), range(axes)) if isinstance(axes, int) else axes
    left, right = list(range(a.ndim)), list(range(10, 10 + b.ndim))
    for i, j in zip(ours, theirs, strict=True):
        right[j] = left[i]
    return np.einsum(a, left, b, right, [s for s in left + right if (left + right).count(s) == 1])


def norm(a: Array, ord: Any) -> Array:
    return np.linalg.norm(a, ord, axis=(-2, -1))


def projectors(u: Array, v: Array) -> Array:
    return np.stack([np.multiply.outer(u[:, k], v[:, k].conj()) for k in range(u.shape[1])])


def qr(a: Array) -> Any:
    q, r = scipy.linalg.qr(a, mode="economic")
    signs = np.sign(np.diagonal(r).real)
    return q * signs, signs[:, None] * r


def eigh(a: Array) -> Any:
    w, v = scipy.linalg.eigh((a + a.conj().T) / 2)
    return w, projectors(v, v)


def svd(a: Array) -> Any:
    u, s, vt = scipy.linalg.svd(a, full_matrices=False)
    return s, projectors(u, vt.conj().T)


def lu(a: Array) -> Any:
    p, lower, upper = scipy.linalg.lu(a)
    return np.argmax(p, axis=0).astype(np.int64), lower, upper


def solve_triangular(a: Array, b: Array, upper: bool, adjoint: bool = False, unit: bool = False) -> Array:
    return scipy.linalg.solve_triangular(a, b, lower=not upper, trans="C" if adjoint else "N", unit_diagonal=unit)


def expm(a: Array) -> Array:
    """mpmath's, to 30 digits: SciPy's loses four digits at a norm of 15."""
    with mpmath.workdps(30):
        return np.array(mpmath.expm(mpmath.matrix(a.tolist())).tolist(), dtype=a.dtype)


def cholesky_solve(b: Array, factor: Array) -> Array:
    return scipy.linalg.cho_solve((factor, True), b)


def tridiagonal(upper: Array, middle: Array, lower: Array) -> Array:
    n = len(middle)
    return np.array([
        [{1: upper[i], 0: middle[i], -1: lower[i]}.get(j - i, 0.0) for j in range(n)] for i in range(n)
    ])  # fmt: skip


def tridiagonal_solve(upper: Array, middle: Array, lower: Array, b: Array) -> Array:
    bands = np.stack([np.roll(upper, 1), middle, np.roll(lower, -1)])
    bands[0, 0] = bands[2, -1] = 0
    return scipy.linalg.solve_banded((1, 1), bands, b)


def householder_product(v: Array, tau: Array) -> Array:
    f = scipy.linalg.lapack.zungqr if v.dtype.kind == "c" else scipy.linalg.lapack.dorgqr
    return f(v, tau)[0]


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "matmul": lambda a, b: np.einsum("...ij,...jk->...ik", a, b),
    "matmul_vectors": lambda a, b: np.dot(a, b) if b.ndim < 3 else np.tensordot(b, a, (1, 0)),
    "matmul_transposed": lambda a, b, transpose_a, transpose_b: np.einsum(
        f"...{'ji' if transpose_a else 'ij'},...{'kj' if transpose_b else 'jk'}->...ik", a, b
    ),
    "matmul_adjoint": lambda a, b: np.einsum("...ji,...jk->...ik", a.conj(), b),
    "mm": lambda a, b: np.einsum("ij,jk", a, b),
    "bmm": lambda a, b: np.stack([np.dot(x, y) for x, y in zip(a, b, strict=True)]),
    "addmm": lambda x, a, b, beta, alpha: beta * x + alpha * np.einsum("ij,jk", a, b),
    "addmv": lambda x, a, b, beta, alpha: beta * x + alpha * np.einsum("ij,j", a, b),
    "addr": lambda x, a, b, beta, alpha: beta * x + alpha * a[:, None] * b,
    "baddbmm": lambda x, a, b, beta, alpha: beta * x + alpha * np.einsum("bij,bjk->bik", a, b),
    "addbmm": lambda x, a, b, beta, alpha: beta * x + alpha * np.einsum("bij,bjk->ik", a, b),
    "mv": lambda a, x: np.einsum("ij,j", a, x),
    "dot": loops,
    "vdot": np.vdot,
    "vecdot": lambda a, b, axis: np.linalg.vecdot(a, b, axis=axis),
    "outer": lambda a, b: a[:, None] * b,
    "inner": np.inner,
    "tensordot": tensordot,
    "einsum1": einsum,
    "einsum2": einsum,
    "einsum3": einsum,
    "kron": np.kron,
    "trace": np.trace,
    "cross": np.cross,
    "multi_dot": lambda a, b, d: np.linalg.multi_dot([a, b, d]),
    "vander": lambda x, N, increasing: np.vander(x, N, increasing),
    "cdist": by_batch(lambda a, b: scipy.spatial.distance.cdist(a, b)),
    "cdist_of_order": lambda a, b, p: scipy.spatial.distance.cdist(a, b, "chebyshev" if p == np.inf else "cityblock"),
    "matrix_norm": norm,
    "band_part": lambda a, lower, upper: np.tril(
        np.triu(a, -lower if lower >= 0 else -a.shape[-2]), upper if upper >= 0 else a.shape[-1]
    ),
    "tridiagonal_matmul": lambda upper, middle, lower, b: tridiagonal(upper, middle, lower) @ b,
    "solve": by_batch(scipy.linalg.solve),
    "lu_solve": lambda a, b: scipy.linalg.lu_solve(scipy.linalg.lu_factor(a), b),
    "inv": by_batch(scipy.linalg.inv),
    "det": by_batch(lambda a: np.asarray(scipy.linalg.det(a))),
    "slogdet": lambda a: tuple(np.linalg.slogdet(a)),
    "logdet": lambda a: np.sum(np.log(np.linalg.eigvalsh(a)), axis=-1),
    "lu": lu,
    "solve_triangular": by_batch(solve_triangular),
    "solve_triangular_adjoint": lambda a, b, upper: solve_triangular(a, b, upper, adjoint=True),
    "solve_unit_triangular": lambda a, b, upper: solve_triangular(a, b, upper, unit=True),
    "matrix_power": lambda a, n: np.linalg.matrix_power(a, n),
    "cholesky": by_batch(lambda a: scipy.linalg.cholesky(a, lower=True)),
    "cholesky_solve": by_batch(cholesky_solve),
    "cholesky_inverse": lambda factor: scipy.linalg.inv(np.tril(factor) @ np.tril(factor).conj().T),
    "qr": by_batch(qr),
    "svd": by_batch(svd),
    "svdvals": by_batch(scipy.linalg.svdvals),
    "eigh": by_batch(eigh),
    "eigvalsh_of_the_upper_triangle": by_batch(lambda a: scipy.linalg.eigvalsh(np.nan_to_num(a), lower=False)),
    "eigvalsh": by_batch(lambda a: scipy.linalg.eigvalsh((a + a.conj().T) / 2)),
    "lstsq": lambda a, b: scipy.linalg.lstsq(a, b)[0],
    "lstsq_by_orthogonal_factorization": lambda a, b: np.linalg.lstsq(a, b)[0],
    "lstsq_rank": lambda a: np.asarray(np.linalg.matrix_rank(a)),
    "pinv": scipy.linalg.pinv,
    "matrix_exp": expm,
    "matrix_rank": lambda a: np.asarray(np.linalg.matrix_rank(a)),
    "cond": lambda a: np.asarray(np.linalg.cond(a)),
    "spectral_norm": lambda a: norm(a, 2),
    "nuclear_norm": lambda a: norm(a, "nuc"),
    "tridiagonal_solve": tridiagonal_solve,
    "householder_product": householder_product,
}
