"""Factorizations: LU, Cholesky, QR, singular values and eigenvalues, and norms that are defined by them."""

from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.reference import factorizations as ref
from conformance.reference import matrices as structured
from fixtures.samples import given, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.linalg."


SOLVERS = ("float64", "float32")
"""LAPACK has no half precision, and neither framework adds one."""
STEEP = 1e3
"""A matrix of this condition is so close to a singular one that differences with a step of 1/1000 see that one."""


def orthogonal(rng: np.random.Generator, n: int, *, complex: bool = False) -> Array:
    z = rng.standard_normal((n, n))
    return np.linalg.qr(z + 1j * rng.standard_normal((n, n)) if complex else z)[0]


def matrix(rng: np.random.Generator, m: int, n: int, condition: float, *, complex: bool = False) -> Array:
    """Singular values from 1 down to 1 / condition, between random orthogonal matrices."""
    k = min(m, n)
    left, right = orthogonal(rng, m, complex=complex)[:, :k], orthogonal(rng, n, complex=complex)[:k]
    return (left * np.logspace(0, -np.log10(condition), k)) @ right


def definite(rng: np.random.Generator, n: int, condition: float, *, complex: bool = False) -> Array:
    """Symmetric or Hermitian, with eigenvalues from 1 down to 1 / condition."""
    q = orthogonal(rng, n, complex=complex)
    a = (q * np.logspace(0, -np.log10(condition), n)) @ q.conj().T
    return (a + a.conj().T) / 2


def matrices(
    *shapes: tuple[int, ...], m: int = 4, n: int = 4, condition: float = 10, batch: tuple[int, ...] = (),
    name: str = "condition-10", complex: bool = False, **options: Any,
) -> Sample:  # fmt: skip
    """A matrix, or a batch of them, of known condition; then normal arrays of the other shapes."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        count = int(np.prod(batch))
        a = np.stack([matrix(rng, m, n, condition, complex=complex) for _ in range(count)]).reshape(*batch, m, n)
        rest = [rng.standard_normal(s) + (1j * rng.standard_normal(s) if complex else 0) for s in shapes]
        return (a, *rest)

    return sample(name, make, smooth=condition < STEEP, dtypes=COMPLEX if complex else FLOATS, **options)


def definites(
    *, n: int = 4, condition: float = 10, batch: int = 0, name: str = "condition-10", complex: bool = False,
    **options: Any,
) -> Sample:  # fmt: skip
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        a = np.stack([definite(rng, n, condition, complex=complex) for _ in range(batch or 1)])
        return (a if batch else a[0],)

    return sample(name, make, smooth=condition < STEEP, dtypes=COMPLEX if complex else FLOATS, **options)


DEFINITE = (
    definites(),
    definites(condition=1e6, name="condition-1e6"),
    definites(n=3, batch=2, name="batch"),
    given([[2.5]], name="one-element", dtypes=FLOATS),
)


INDEFINITE = given([[1.0, 2.0], [2.0, 1.0]], name="indefinite", raises=True, dtypes=FLOATS)


RECTANGLES = (
    matrices(m=3, n=3),
    matrices(m=4, n=2, name="tall"),
    matrices(m=2, n=4, batch=(2,), name="wide-batch"),
    matrices(m=3, n=3, condition=1e6, name="condition-1e6"),
    matrices(m=3, n=3, complex=True, name="complex"),
    given([[-2.5]], name="one-element", dtypes=FLOATS),
)


SYMMETRIC = (
    definites(n=3),
    sample("indefinite-batch", lambda rng: (rng.standard_normal((2, 3, 3)),), dtypes=FLOATS),
    definites(n=3, condition=1e6, name="condition-1e6"),
    definites(n=3, complex=True, name="complex"),
    given([[-2.5]], name="one-element", dtypes=FLOATS),
)


def symmetric(tf, a):
    return (a + tf.linalg.adjoint(a)) / 2


def torch_projectors(torch, u, v):
    return torch.einsum("...ik,...jk->...kij", u, v.conj())


def tf_projectors(tf, u, v):
    return tf.einsum("...ik,...jk->...kij", u, tf.math.conj(v))


def torch_linalg_eigh(torch, a):
    w, v = torch.linalg.eigh((a + a.mH) / 2)
    return w, torch_projectors(torch, v, v)


def tf_linalg_eigh(tf, a):
    w, v = tf.linalg.eigh(symmetric(tf, a))
    return tf.math.real(w), tf_projectors(tf, v, v)


def keras_ops_eigh(tf, a):
    w, v = tf.keras.ops.eigh(symmetric(tf, a))
    return tf.math.real(w), tf_projectors(tf, v, v)


def tf_real_eigvalsh(tf, a):
    return tf.math.real(tf.linalg.eigvalsh(symmetric(tf, a)))


def torch_linalg_svd(torch, a):
    u, s, vh = torch.linalg.svd(a, full_matrices=False)
    return s, torch_projectors(torch, u, vh.mH)


def torch_svd(torch, a):
    u, s, v = torch.svd(a)
    return s, torch_projectors(torch, u, v)


def tf_linalg_svd(tf, a):
    s, u, v = tf.linalg.svd(a)
    return s, tf_projectors(tf, u, v)


def keras_ops_svd(tf, a):
    u, s, vh = tf.keras.ops.svd(a, full_matrices=False)
    return s, tf_projectors(tf, u, tf.linalg.adjoint(vh))


def torch_positive(torch, q, r):
    signs = torch.sgn(torch.diagonal(r, dim1=-2, dim2=-1))
    return q * signs[..., None, :], r * signs[..., :, None]


def tf_positive(tf, q, r):
    signs = tf.sign(tf.linalg.diag_part(r))
    return q * signs[..., None, :], r * signs[..., :, None]


def torch_linalg_lu(torch, a):
    p, lower, upper = torch.linalg.lu(a)
    return torch.argmax(p.real, dim=-2), lower, upper


def torch_linalg_lu_factor(torch, a):
    packed, pivots = torch.linalg.lu_factor(a)
    p, lower, upper = torch.lu_unpack(packed, pivots)
    return torch.argmax(p.real, dim=-2), lower, upper


def tf_unpacked(tf, packed, p):
    lower = tf.linalg.set_diag(tf.linalg.band_part(packed, -1, 0), tf.ones_like(tf.linalg.diag_part(packed)))
    return tf.cast(p, tf.int64), lower, tf.linalg.band_part(packed, 0, -1)


def tf_linalg_lu(tf, a):
    packed, p = tf.linalg.lu(a)
    return tf_unpacked(tf, packed, p)


def keras_ops_lu_factor(tf, a):
    """Its second result is the inverse of the rows that tf.linalg.lu returns."""
    packed, inverse = tf.keras.ops.lu_factor(a)
    return tf_unpacked(tf, packed, tf.math.invert_permutation(inverse))


def torch_cond_by_svdvals(torch, a):
    s = torch.linalg.svdvals(a)
    return s[..., 0] / s[..., -1]


def tf_cond_by_svd(tf, a):
    s = tf.linalg.svd(a, compute_uv=False)
    return s[..., 0] / s[..., -1]


def reflectors(rng: np.random.Generator, rows: int, columns: int) -> tuple[Array, Array]:
    """Vectors and factors as geqrf gives them: tau = 2 / |v|^2, where v is 1 on the diagonal. As tau |v|^2 comes near 1
    torch loses the gradient, as it documents: the sample singular-factor."""
    v = 0.5 * rng.standard_normal((rows, columns))
    return v, 2 / (1 + np.sum(np.tril(v, -1) ** 2, axis=0))


def jax_positive(jax, q, r):
    signs = jax.numpy.sign(jax.numpy.diagonal(r, axis1=-2, axis2=-1))
    return q * signs[..., None, :], r * signs[..., :, None]


def jax_projectors(jax, u, v):
    return jax.numpy.einsum("...ik,...jk->...kij", u, jax.numpy.conj(v))


def jax_numpy_linalg_eigh(jax, a):
    w, v = jax.numpy.linalg.eigh(a)
    return w, jax_projectors(jax, v, v)


def jax_numpy_linalg_svd(jax, a):
    u, s, vh = jax.numpy.linalg.svd(a, full_matrices=False)
    return s, jax_projectors(jax, u, jax.numpy.conj(vh).mT)


def jax_lax_linalg_lu(jax, a):
    packed, _, p = jax.lax.linalg.lu(a)
    lower = jax.numpy.tril(packed, -1) + jax.numpy.eye(a.shape[-1], dtype=a.dtype)
    return p.astype("int64"), lower, jax.numpy.triu(packed)


def jax_scipy_linalg_lu(jax, a):
    p, lower, upper = jax.scipy.linalg.lu(a)
    return jax.numpy.argmax(p.real, axis=-2), lower, upper


FACTORIZATIONS = (
    Case(
        "lu",
        "factorization",
        ref.lu,
        vjp=ref.lu_vjp,
        vjp_intermediates=ref.lu_vjp_intermediates,
        torch=[torch_linalg_lu, torch_linalg_lu_factor],
        tensorflow=[tf_linalg_lu, keras_ops_lu_factor],
        jax=[jax_lax_linalg_lu, jax_scipy_linalg_lu],
        samples=[
            matrices(),
            matrices(condition=1e6, name="condition-1e6"),
            given([[0.0, 2.0, 1.0], [1.0, 1.0, 3.0], [4.0, 0.5, 1.0]], name="rows-in-a-cycle", dtypes=FLOATS),
            given(
                # Pivots that are the largest by |z|, as in Eigen, and by |Re z| + |Im z|, as in LAPACK.
                [[0.5 + 0.5j, 2 - 1j, 1j], [3 + 2j, 1 + 0j, 3 - 1j], [1 - 1j, 0.5j, 4 + 1j]],
                name="complex",
                dtypes=COMPLEX,
            ),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "lu.html",),
    ),
    Case(
        "cholesky",
        "factorization",
        ref.cholesky,
        vjp=ref.cholesky_vjp,
        torch=[
            lambda torch, a: torch.linalg.cholesky((a + a.mH) / 2),
            lambda torch, a: torch.linalg.cholesky((a + a.mH) / 2, upper=True).mH,
            lambda torch, a: torch.linalg.cholesky_ex((a + a.mH) / 2, check_errors=True)[0],
        ],
        tensorflow=[
            lambda tf, a: tf.linalg.cholesky(symmetric(tf, a)),
            lambda tf, a: tf.keras.ops.cholesky(symmetric(tf, a)),
        ],
        jax=[lambda jax, a: jax.numpy.linalg.cholesky(a), lambda jax, a: jax.scipy.linalg.cholesky(a, lower=True)],
        samples=[*DEFINITE, definites(n=3, complex=True, name="complex"), INDEFINITE],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "cholesky.html",),
    ),
    Case(
        "qr",
        "factorization",
        ref.qr,
        vjp=ref.qr_vjp,
        vjp_intermediates=ref.qr_vjp_intermediates,
        torch=[
            lambda torch, a: torch_positive(torch, *torch.linalg.qr(a)),
            lambda torch, a: torch_positive(torch, *torch.qr(a)),
        ],
        tensorflow=[
            lambda tf, a: tf_positive(tf, *tf.linalg.qr(a)),
            lambda tf, a: tf_positive(tf, *tf.keras.ops.qr(a)),
        ],
        jax=[lambda jax, a: jax_positive(jax, *jax.numpy.linalg.qr(a))],
        samples=RECTANGLES,
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "qr.html",),
    ),
    Case(
        "svd",
        "factorization",
        ref.svd,
        vjp=ref.svd_vjp,
        torch=[torch_linalg_svd, torch_svd],
        tensorflow=[tf_linalg_svd, keras_ops_svd],
        jax=[jax_numpy_linalg_svd],
        samples=RECTANGLES,
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "svd.html",),
    ),
    Case(
        "svdvals",
        "factorization",
        ref.svdvals,
        vjp=ref.svdvals_vjp,
        torch=[lambda torch, a: torch.linalg.svdvals(a), lambda torch, a: torch.linalg.svd(a)[1]],
        tensorflow=[
            lambda tf, a: tf.linalg.svd(a, compute_uv=False),
            lambda tf, a: tf.keras.ops.svd(a, compute_uv=False),
        ],
        jax=[lambda jax, a: jax.numpy.linalg.svdvals(a), lambda jax, a: jax.numpy.linalg.svd(a, compute_uv=False)],
        samples=[
            *RECTANGLES,
            given([[2.0, 0.0], [0.0, 2.0]], name="repeated", gradient=False, dtypes=FLOATS),
            given([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], name="zeros", gradient=False, dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "svdvals.html",),
    ),
    Case(
        "eigh",
        "factorization",
        ref.eigh,
        vjp=ref.eigh_vjp,
        torch=[torch_linalg_eigh],
        tensorflow=[tf_linalg_eigh, keras_ops_eigh],
        jax=[jax_numpy_linalg_eigh],
        samples=SYMMETRIC,
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "eigh.html",),
    ),
    Case(
        "eigvalsh",
        "factorization",
        ref.eigvalsh,
        vjp=ref.eigvalsh_vjp,
        torch=[
            lambda torch, a: torch.linalg.eigvalsh((a + a.mH) / 2),
            lambda torch, a: torch.linalg.eigvalsh((a + a.mH) / 2, UPLO="U"),
        ],
        tensorflow=[lambda tf, a: tf.linalg.eigvalsh(symmetric(tf, a)), tf_real_eigvalsh],
        jax=[lambda jax, a: jax.numpy.linalg.eigvalsh(a)],
        samples=[
            *SYMMETRIC,
            given([[2.0, 0.0], [0.0, 2.0]], name="repeated", gradient=False, dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "eigvalsh.html",),
    ),
    Case(
        "eigvalsh_of_the_upper_triangle",
        "factorization",
        ref.eigvalsh_upper,
        torch=[lambda torch, a: torch.linalg.eigvalsh(a, UPLO="U")],
        tensorflow=[
            # it reads the lower triangle, has no argument for the other one, and gives complex numbers for complex ones
            lambda tf, a: tf.math.real(tf.linalg.eigvalsh(tf.linalg.adjoint(a))),
        ],
        jax=[lambda jax, a: jax.numpy.linalg.eigvalsh(a, "U", symmetrize_input=False)],
        samples=[
            matrices(m=3, n=3, name="not-symmetric"),
            matrices(m=3, n=3, complex=True, name="complex"),
            matrices(m=4, n=4, batch=(2,), name="batch"),
            given([[2.0, 1.0], [np.nan, 3.0]], name="nan-below", edge=True, dtypes=FLOATS),
            given([[-2.5]], name="one-element", edge=True, dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "eigvalsh.html", "https://www.tensorflow.org/api_docs/python/tf/linalg/eigvalsh"),
    ),
    Case(
        "matrix_rank",
        "factorization",
        ref.matrix_rank,
        torch=[lambda torch, a: torch.linalg.matrix_rank(a)],
        tensorflow=[lambda tf, a: tf.linalg.matrix_rank(a), lambda tf, a: tf.keras.ops.matrix_rank(a)],
        jax=[lambda jax, a: jax.numpy.linalg.matrix_rank(a)],
        samples=[
            matrices(m=5, n=3, name="full"),
            matrices(m=5, n=3, complex=True, name="complex"),
            sample(
                "deficient",
                lambda rng: (rng.integers(-4, 5, (4, 2)) @ rng.integers(-4, 5, (2, 4)) * 1.0,),
                dtypes=FLOATS,
            ),
            given([[0.0, 0.0], [0.0, 0.0]], name="zeros", dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "matrix_rank.html",),
    ),
    Case(
        "cond",
        "factorization",
        ref.cond,
        vjp=ref.cond_vjp,
        torch=[lambda torch, a: torch.linalg.cond(a), torch_cond_by_svdvals],
        tensorflow=[tf_cond_by_svd],
        jax=[lambda jax, a: jax.numpy.linalg.cond(a)],
        samples=[
            matrices(),
            matrices(m=5, n=3, name="tall"),
            matrices(complex=True, name="complex"),
            matrices(condition=1e6, name="condition-1e6", edge=True),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "cond.html",),
    ),
    Case(
        "spectral_norm",
        "factorization",
        ref.spectral_norm,
        vjp=ref.spectral_norm_vjp,
        torch=[
            lambda torch, a: torch.linalg.matrix_norm(a, 2),
            lambda torch, a: torch.linalg.norm(a, 2, dim=(-2, -1)),
        ],
        tensorflow=[
            lambda tf, a: tf.norm(a, 2, axis=[-2, -1]),
            lambda tf, a: tf.keras.ops.norm(a, 2, axis=(-2, -1)),
        ],
        jax=[lambda jax, a: jax.numpy.linalg.matrix_norm(a, ord=2)],
        samples=[*RECTANGLES[:2], *RECTANGLES[3:]],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "matrix_norm.html",),
    ),
    Case(
        "nuclear_norm",
        "factorization",
        ref.nuclear_norm,
        vjp=ref.nuclear_norm_vjp,
        torch=[
            lambda torch, a: torch.linalg.matrix_norm(a, "nuc"),
            lambda torch, a: torch.linalg.norm(a, "nuc", dim=(-2, -1)),
        ],
        tensorflow=[lambda tf, a: tf.keras.ops.norm(a, "nuc", axis=(-2, -1))],
        jax=[lambda jax, a: jax.numpy.linalg.matrix_norm(a, ord="nuc")],
        samples=[*RECTANGLES[:2], *RECTANGLES[3:]],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "matrix_norm.html",),
    ),
    Case(
        "householder_product",
        "factorization",
        structured.householder_product,
        vjp=structured.householder_product_vjp,
        torch=[
            lambda torch, v, tau: torch.linalg.householder_product(v, tau),
            lambda torch, v, tau: torch.orgqr(v, tau),
        ],
        jax=[lambda jax, v, tau: jax.lax.linalg.householder_product(v, tau)],
        samples=[
            sample("normal", lambda rng: reflectors(rng, 4, 3), dtypes=FLOATS),
            sample("square", lambda rng: reflectors(rng, 3, 3), dtypes=FLOATS),
            sample(
                "complex",
                lambda rng: tuple(0.5 * rng.standard_normal(s) + 0.5j * rng.standard_normal(s) for s in ((4, 2), (2,))),
                dtypes=COMPLEX,
            ),
            given([[1.0], [0.5], [-2.0]], [0.0], name="tau-0", dtypes=FLOATS),
            # The first factor is a projection, 1 = tau |v|^2, and has no inverse.
            given(
                [[2.0, 1.0], [1.0, 0.5], [-1.0, 3.0], [1.0, -1.0]], [0.25, 0.5], name="singular-factor", dtypes=FLOATS
            ),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "householder_product.html",),
    ),
)
