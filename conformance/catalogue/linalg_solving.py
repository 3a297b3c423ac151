"""Systems of equations, inverses and determinants, powers and the exponential."""

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.catalogue.linalg_factorizations import (
    DEFINITE,
    SOLVERS,
    TORCH,
    matrices,
    matrix,
    symmetric,
)
from conformance.reference import factorizations as ref
from conformance.reference import matrices as structured
from fixtures.samples import given, sample


def triangles(
    *shapes: tuple[int, ...],
    n: int = 4,
    batch: tuple[int, ...] = (),
    name: str = "normal",
    diagonal: float = 2,
    complex: bool = False,
    **options: Any,
) -> Sample:
    """Full matrices, of which a function reads one triangle, with a heavy diagonal; then normal arrays."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        def drawn(shape: tuple[int, ...]) -> Array:
            real = np.asarray(rng.standard_normal(shape))
            return real + 1j * rng.standard_normal(shape) if complex else real

        return (0.5 * drawn((*batch, n, n)) + diagonal * np.eye(n), *map(drawn, shapes))

    return sample(name, make, dtypes=COMPLEX if complex else FLOATS, **options)


def factors(*shapes: tuple[int, ...], **options: Any) -> Sample:
    """The factor last, with the real diagonal of one of Cholesky's."""
    drawn = triangles(*shapes, **options)

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        a, *rest = drawn.make(rng)
        return (*rest, np.where(np.eye(a.shape[-1], dtype=bool), a.real, a))

    return replace(drawn, make=make)


SQUARE = (
    matrices(),
    matrices(condition=1e6, name="condition-1e6"),
    matrices(m=3, n=3, batch=(2,), name="batch"),
    matrices(m=3, n=3, complex=True, name="complex"),
    given([[-2.5]], name="one-element", dtypes=FLOATS),
)


SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


def of_norm(a: Array, norm: float) -> Array:
    """A multiple of a, every column's sum of absolute values being `norm`."""
    return norm * a / np.sum(np.abs(a), axis=-2, keepdims=True)


def torch_triangle(torch, a, upper):
    return torch.triu(a) if upper else torch.tril(a)


def torch_solve_triangular_adjoint(torch, a, b, upper):
    return torch.linalg.solve_triangular(a.mH, b, upper=not upper)


def tf_unit(tf, a):
    return tf.linalg.set_diag(a, tf.ones_like(tf.linalg.diag_part(a)))


def tf_slogdet_with_real_logarithm(tf, a):
    sign, logarithm = tf.linalg.slogdet(a)
    return sign, tf.math.real(logarithm)


def tf_matrix_power(tf, a, n):
    y = tf.linalg.diag(tf.ones_like(tf.linalg.diag_part(a))) + 0 * a
    factor = tf.linalg.inv(a) if n < 0 else a
    for _ in range(abs(n)):
        y = tf.matmul(y, factor)
    return y


def torch_tridiagonal_solve(torch, upper, middle, lower, b):
    return torch.linalg.solve(torch.diag(upper[:-1], 1) + torch.diag(middle) + torch.diag(lower[1:], -1), b)


def tridiagonal_system(n: int, name: str, *, complex: bool = False, **options: Any) -> Sample:
    """Diagonally dominant: partial pivoting has nothing to do."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        real = rng.uniform(-1, 1, n), rng.uniform(3, 4, n), rng.uniform(-1, 1, n), rng.standard_normal((n, 2))
        return tuple(a + 1j * rng.uniform(-1, 1, a.shape) for a in real) if complex else real

    return sample(name, make, dtypes=COMPLEX if complex else FLOATS, **options)


SOLVING = (
    Case(
        "solve",
        "factorization",
        ref.solve,
        vjp=ref.solve_vjp,
        torch=[
            lambda torch, a, b: torch.linalg.solve(a, b),
            lambda torch, a, b: torch.linalg.solve_ex(a, b, check_errors=True)[0],
        ],
        tensorflow=[lambda tf, a, b: tf.linalg.solve(a, b), lambda tf, a, b: tf.keras.ops.solve(a, b)],
        jax=[lambda jax, a, b: jax.numpy.linalg.solve(a, b), lambda jax, a, b: jax.scipy.linalg.solve(a, b)],
        samples=[
            matrices((4, 3)),
            matrices((4, 1), condition=1e6, name="condition-1e6"),
            matrices((2, 3, 2), m=3, n=3, batch=(2,), name="batch"),
            matrices((3, 2), m=3, n=3, complex=True, name="complex"),
            given([[0.0, 2.0], [3.0, 0.0]], [[1.0], [2.0]], name="zero-pivot", dtypes=FLOATS),
            given(SINGULAR, [[1.0], [2.0]], name="singular", raises=True, dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "solve.html",),
    ),
    Case(
        "lu_solve",
        "factorization",
        ref.solve,
        vjp=ref.solve_vjp,
        torch=[lambda torch, a, b: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b)],
        tensorflow=[lambda tf, a, b: tf.linalg.lu_solve(*tf.linalg.lu(a), b)],
        jax=[lambda jax, a, b: jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor(a), b)],
        samples=[
            matrices((4, 3)),
            matrices((4, 1), condition=1e6, name="condition-1e6"),
            matrices((3, 2), m=3, n=3, complex=True, name="complex"),
            given([[0.0, 2.0], [3.0, 0.0]], [[1.0], [2.0]], name="zero-pivot", dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "lu_solve.html",),
    ),
    Case(
        "inv",
        "factorization",
        ref.inv,
        vjp=ref.inv_vjp,
        torch=[lambda torch, a: torch.linalg.inv(a), lambda torch, a: torch.inverse(a), lambda torch, a: a.inverse()],
        tensorflow=[lambda tf, a: tf.linalg.inv(a), lambda tf, a: tf.keras.ops.inv(a)],
        jax=[lambda jax, a: jax.numpy.linalg.inv(a), lambda jax, a: jax.scipy.linalg.inv(a)],
        samples=[
            matrices(),
            matrices(condition=1e6, name="condition-1e6"),
            matrices(m=3, n=3, batch=(2,), name="batch"),
            matrices(m=3, n=3, complex=True, name="complex"),
            given([[-2.5]], name="one-element", dtypes=FLOATS),
            given(SINGULAR, name="singular", raises=True, dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "inv.html",),
    ),
    Case(
        "det",
        "factorization",
        ref.det,
        vjp=ref.det_vjp,
        torch=[lambda torch, a: torch.linalg.det(a), lambda torch, a: a.det()],
        tensorflow=[lambda tf, a: tf.linalg.det(a), lambda tf, a: tf.keras.ops.det(a)],
        jax=[lambda jax, a: jax.numpy.linalg.det(a)],
        # The gradient is well conditioned where the inverse is not, by which frameworks compute it.
        samples=[
            *(replace(s, gradient=s.name != "condition-1e6") for s in SQUARE),
            given(SINGULAR, name="singular", dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "det.html",),
    ),
    Case(
        "slogdet",
        "factorization",
        ref.slogdet,
        vjp=ref.slogdet_vjp,
        torch=[lambda torch, a: tuple(torch.linalg.slogdet(a)), lambda torch, a: tuple(a.slogdet())],
        tensorflow=[lambda tf, a: tuple(tf.linalg.slogdet(a)), tf_slogdet_with_real_logarithm],
        jax=[lambda jax, a: tuple(jax.numpy.linalg.slogdet(a))],
        samples=[*SQUARE, given(SINGULAR, name="singular", gradient=False, dtypes=FLOATS)],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "slogdet.html",),
    ),
    Case(
        "logdet",
        "factorization",
        ref.logdet,
        vjp=ref.logdet_vjp,
        torch=[lambda torch, a: torch.logdet((a + a.mT) / 2)],
        tensorflow=[
            lambda tf, a: tf.linalg.logdet(symmetric(tf, a)),
            lambda tf, a: tf.keras.ops.logdet(symmetric(tf, a)),
        ],
        jax=[lambda jax, a: jax.numpy.linalg.slogdet((a + a.mT) / 2)[1]],
        samples=DEFINITE,
        dtypes=SOLVERS,
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/logdet",),
    ),
    Case(
        "solve_triangular",
        "factorization",
        ref.solve_triangular,
        vjp=ref.solve_triangular_vjp,
        torch=[
            lambda torch, a, b, upper: torch.linalg.solve_triangular(torch_triangle(torch, a, upper), b, upper=upper),
            lambda torch, a, b, upper: torch.triangular_solve(b, a, upper=upper)[0],
        ],
        tensorflow=[
            lambda tf, a, b, upper: tf.linalg.triangular_solve(a, b, lower=not upper),
            lambda tf, a, b, upper: tf.keras.ops.solve_triangular(a, b, lower=not upper),
        ],
        jax=[lambda jax, a, b, upper: jax.scipy.linalg.solve_triangular(a, b, lower=not upper)],
        samples=[
            triangles((4, 3), upper=True, name="upper"),
            triangles((4, 3), upper=False, name="lower"),
            triangles((3, 2), n=3, complex=True, upper=False, name="complex"),
            triangles((2, 3, 2), n=3, batch=(2,), upper=True, name="batch"),
            triangles((4, 1), diagonal=0.02, upper=False, name="small-diagonal", edge=True),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "solve_triangular.html",),
    ),
    Case(
        "solve_triangular_adjoint",
        "factorization",
        lambda a, b, *, upper: ref.solve_triangular(a, b, upper=upper, flipped=True),
        vjp=lambda c, a, b, *, upper: ref.solve_triangular_vjp(c, a, b, upper=upper, flipped=True),
        torch=[
            torch_solve_triangular_adjoint,
            lambda torch, a, b, upper: torch.triangular_solve(b, a.conj(), upper=upper, transpose=True)[0],
        ],
        tensorflow=[
            lambda tf, a, b, upper: tf.linalg.triangular_solve(a, b, lower=not upper, adjoint=True),
        ],
        jax=[lambda jax, a, b, upper: jax.scipy.linalg.solve_triangular(a, b, trans="C", lower=not upper)],
        samples=[
            triangles((4, 3), upper=True, name="upper"),
            triangles((4, 3), upper=False, name="lower"),
            triangles((3, 2), n=3, complex=True, upper=False, name="complex"),
            triangles((1, 1), n=1, upper=False, name="one-element", edge=True),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/triangular_solve",),
    ),
    Case(
        "solve_unit_triangular",
        "factorization",
        lambda a, b, *, upper: ref.solve_triangular(a, b, upper=upper, unit=True),
        vjp=lambda c, a, b, *, upper: ref.solve_triangular_vjp(c, a, b, upper=upper, unit=True),
        torch=[
            lambda torch, a, b, upper: torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=True),
            lambda torch, a, b, upper: torch.triangular_solve(b, a, upper=upper, unitriangular=True)[0],
        ],
        tensorflow=[lambda tf, a, b, upper: tf.linalg.triangular_solve(tf_unit(tf, a), b, lower=not upper)],
        jax=[lambda jax, a, b, upper: jax.scipy.linalg.solve_triangular(a, b, lower=not upper, unit_diagonal=True)],
        samples=[
            triangles((4, 3), upper=True, name="upper"),
            triangles((4, 3), upper=False, name="lower"),
            triangles((3, 2), n=3, complex=True, upper=False, name="complex"),
            given([[0.0, 0.0], [3.0, 0.0]], [[1.0], [2.0]], upper=False, name="zero-diagonal", dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "solve_triangular.html",),
    ),
    Case(
        "cholesky_solve",
        "factorization",
        ref.cholesky_solve,
        vjp=ref.cholesky_solve_vjp,
        torch=[lambda torch, b, factor: torch.cholesky_solve(b, torch.tril(factor))],
        tensorflow=[lambda tf, b, factor: tf.linalg.cholesky_solve(factor, b)],
        jax=[lambda jax, b, factor: jax.scipy.linalg.cho_solve((factor, True), b)],
        samples=[
            factors((4, 3), n=4),
            factors((2, 3, 1), n=3, batch=(2,), diagonal=3, name="batch"),
            factors((3, 2), n=3, complex=True, name="complex"),
            given([[3.0]], [[2.0]], name="one-element", dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.cholesky_solve.html",),
    ),
    Case(
        "cholesky_inverse",
        "factorization",
        ref.cholesky_inverse,
        vjp=ref.cholesky_inverse_vjp,
        torch=[lambda torch, factor: torch.cholesky_inverse(torch.tril(factor))],
        tensorflow=[
            lambda tf, factor: tf.keras.ops.cholesky_inverse(factor),
            lambda tf, factor: tf.linalg.cholesky_solve(factor, tf.eye(tf.shape(factor)[-1], dtype=factor.dtype)),
        ],
        samples=[
            factors(),
            factors(n=3, diagonal=1, name="three"),
            factors(n=3, complex=True, name="complex"),
            given([[2.0]], name="one-element", dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.cholesky_inverse.html",),
    ),
    Case(
        "lstsq",
        "factorization",
        ref.lstsq,
        vjp=ref.lstsq_vjp,
        vjp_intermediates=ref.lstsq_vjp_intermediates,
        torch=[
            # Not the default driver, gelsy, whose bits change from call to call: see the case lstsq_rank.
            lambda torch, a, b: torch.linalg.lstsq(a, b, driver="gelsd").solution,
            lambda torch, a, b: torch.linalg.lstsq(a, b, driver="gels").solution,
        ],
        tensorflow=[
            lambda tf, a, b: tf.linalg.lstsq(a, b),
            lambda tf, a, b: tf.keras.ops.lstsq(a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.linalg.lstsq(a, b)[0]],
        samples=[
            matrices((5, 2), m=5, n=3, name="tall"),
            matrices((4, 1), name="square"),
            matrices((5, 2), m=5, n=3, complex=True, name="complex"),
            sample(
                "condition-1e6",  # in float32 its square, on which methods and gradients depend, is beyond measure
                lambda rng: (matrix(rng, 5, 3, 1e6), rng.standard_normal((5, 2))),
                gradient=False,
                dtypes=("float64",),
            ),
            matrices((3, 1), m=3, n=1, name="one-column", edge=True),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "lstsq.html",),
    ),
    Case(
        "lstsq_by_orthogonal_factorization",
        "factorization",
        ref.lstsq,  # no gradient: TensorFlow says that it has none
        torch=[lambda torch, a, b: torch.linalg.lstsq(a, b, driver="gelss").solution],
        tensorflow=[lambda tf, a, b: tf.linalg.lstsq(a, b, fast=False)],
        jax=[lambda jax, a, b: jax.numpy.linalg.lstsq(a, b)[0]],
        samples=[
            matrices((5, 2), m=5, n=3, name="tall"),
            matrices((4, 1), name="square"),
            matrices((5, 2), m=5, n=3, complex=True, name="complex"),
            matrices((5, 2), m=5, n=3, condition=1e6, name="condition-1e6"),
            matrices((3, 1), m=3, n=1, name="one-column", edge=True),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/lstsq",),
    ),
    Case(
        "lstsq_rank",
        "factorization",
        ref.matrix_rank,
        torch=[
            lambda torch, a: torch.linalg.lstsq(a, a[..., :1]).rank,
            lambda torch, a: torch.linalg.lstsq(a, a[..., :1], driver="gelsd").rank,
        ],
        tensorflow=[lambda tf, a: tf.linalg.matrix_rank(a)],
        samples=[
            matrices(m=5, n=3, name="full"),
            matrices(m=3, n=3, batch=(2,), name="batch"),
            given([np.eye(3), np.eye(3, k=1)], name="deficient-after-full"),
        ],
        dtypes=SOLVERS,
        sources=(TORCH + "lstsq.html",),
    ),
    Case(
        "pinv",
        "factorization",
        ref.pinv,
        vjp=ref.pinv_vjp,
        vjp_intermediates=ref.pinv_vjp_intermediates,
        torch=[lambda torch, a: torch.linalg.pinv(a), lambda torch, a: torch.pinverse(a)],
        tensorflow=[lambda tf, a: tf.linalg.pinv(a), lambda tf, a: tf.keras.ops.pinv(a)],
        jax=[lambda jax, a: jax.numpy.linalg.pinv(a)],
        samples=[
            matrices(m=5, n=3, name="tall"),
            matrices(m=3, n=5, name="wide"),
            matrices(m=4, n=3, complex=True, name="complex"),
            matrices(),
            matrices(condition=1e3, name="condition-1000"),
            sample("condition-1e6", lambda rng: (matrix(rng, 3, 3, 1e6),), smooth=False, dtypes=("float64",)),
            given([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], name="zeros", gradient=False, dtypes=FLOATS),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "pinv.html",),
    ),
    Case(
        "tridiagonal_solve",
        "factorization",
        structured.tridiagonal_solve,
        vjp=structured.tridiagonal_solve_vjp,
        torch=[torch_tridiagonal_solve],
        tensorflow=[
            lambda tf, upper, middle, lower, b: tf.linalg.tridiagonal_solve([upper, middle, lower], b, "sequence"),
            lambda tf, upper, middle, lower, b: tf.linalg.tridiagonal_solve(
                tf.stack([upper, middle, lower]), b, partial_pivoting=False
            ),
        ],
        jax=[lambda jax, upper, middle, lower, b: jax.lax.linalg.tridiagonal_solve(lower, middle, upper, b)],
        samples=[
            tridiagonal_system(5, "dominant"),
            tridiagonal_system(2, "two-rows"),
            tridiagonal_system(4, "complex", complex=True),
            tridiagonal_system(1, "one-row", edge=True),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/tridiagonal_solve",),
    ),
    Case(
        "matrix_power",
        "factorization",
        ref.matrix_power,
        vjp=ref.matrix_power_vjp,
        torch=[
            lambda torch, a, n: torch.linalg.matrix_power(a, n),
            lambda torch, a, n: torch.matrix_power(a, n),
        ],
        tensorflow=[tf_matrix_power],
        jax=[lambda jax, a, n: jax.numpy.linalg.matrix_power(a, n)],
        samples=[
            sample("cube", lambda rng: (matrix(rng, 4, 4, 10),), n=3, dtypes=FLOATS),
            sample("minus-2", lambda rng: (matrix(rng, 4, 4, 10),), n=-2, dtypes=FLOATS),
            sample("first", lambda rng: (matrix(rng, 3, 3, 10),), n=1, dtypes=FLOATS),
            sample("zeroth", lambda rng: (matrix(rng, 3, 3, 10),), n=0, edge=True, dtypes=FLOATS),
            sample("batch", lambda rng: (rng.standard_normal((2, 3, 3)),), n=5, dtypes=FLOATS),
            sample("complex", lambda rng: (matrix(rng, 3, 3, 10, complex=True),), n=-2, dtypes=COMPLEX),
        ],
        dtypes=(*SOLVERS, *COMPLEX),
        sources=(TORCH + "matrix_power.html",),
    ),
    Case(
        "matrix_exp",
        "factorization",
        structured.matrix_exp,
        vjp=structured.matrix_exp_vjp,
        intermediates=structured.matrix_exp_intermediates,
        vjp_intermediates=structured.matrix_exp_vjp_intermediates,
        torch=[lambda torch, a: torch.linalg.matrix_exp(a), lambda torch, a: torch.matrix_exp(a)],
        tensorflow=[lambda tf, a: tf.linalg.expm(a)],
        jax=[lambda jax, a: jax.scipy.linalg.expm(a)],
        samples=[
            # Each 1-norm has its own way through Higham's algorithm: a Pade quotient of some degree, or squarings.
            sample("norm-1", lambda rng: (of_norm(rng.standard_normal((4, 4)), 1.0),)),
            sample("norm-3", lambda rng: (of_norm(rng.standard_normal((3, 3)), 3.0),)),
            sample("norm-15", lambda rng: (of_norm(1 + np.abs(rng.standard_normal((3, 3))), 15.0),), smooth=False),
            given([[0.0, 1e-3], [0.0, 0.0]], name="small-nilpotent", dtypes=("float64",)),
        ],
        dtypes=SOLVERS,
        sources=(TORCH + "matrix_exp.html",),
    ),
)
