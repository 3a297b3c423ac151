"""Linear algebra: products, factorizations, and what is solved with them."""

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Case, Sample
from conformance.catalogue.linalg_factorizations import FACTORIZATIONS
from conformance.catalogue.linalg_more import MORE, NUMPY, complex_normal, reals
from conformance.catalogue.linalg_solving import SOLVING
from conformance.reference import linalg as ref
from fixtures.samples import given, normal


def integers(*shapes: tuple[int, ...], **options: Any) -> Sample:
    return normal(*shapes, scale=9, name="integers", dtypes=("int64", "int32"), **options)


def thinned(case: Case) -> Case:
    """Half precision is asked of the first sample alone: other shapes take the same kernel, and each costs a trace."""
    half = ("float16", "bfloat16")
    rest = [replace(s, dtypes=tuple(d for d in s.dtypes if d not in half)) for s in case.samples[1:]]
    return replace(case, samples=(case.samples[0], *rest))


PRODUCTS = (
    Case(
        "matmul",
        "contraction",
        ref.matmul,
        vjp=ref.matmul_vjp,
        torch=[lambda torch, a, b: torch.matmul(a, b), lambda torch, a, b: a @ b],
        tensorflow=[
            lambda tf, a, b: tf.matmul(a, b),
            lambda tf, a, b: tf.keras.ops.matmul(a, b),
            lambda tf, a, b: tf.einsum("...ij,...jk->...ik", a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.matmul(a, b), lambda jax, a, b: a @ b],
        samples=[
            reals((16, 32), (32, 24)),
            reals((3, 1, 4, 5), (2, 5, 6), name="broadcast"),
            normal((4, 1024), (1024, 4), name="long-inner", dtypes=("float64", "float32", "bfloat16")),
            complex_normal((4, 7), (7, 5)),
            complex_normal((2, 3, 4), (4, 2), name="complex-broadcast"),
            integers((3, 5), (5, 4)),
            reals((1, 1), (1, 1), name="one-element", edge=True),
            reals((2, 0), (0, 3), name="empty-inner", edge=True),
            given(
                [[1.0, np.inf], [np.nan, 0.0]],
                [[0.0, 1.0], [1.0, 2.0]],
                name="nonfinite",
                gradient=False,
                dtypes=FLOATS,
            ),
        ],
        dtypes=(*FLOATS, *COMPLEX, "int64", "int32"),
        sources=(NUMPY + "matmul.html",),
    ),
    Case(
        "matmul_vectors",
        "contraction",
        ref.matmul,
        vjp=ref.matmul_vjp,
        torch=[lambda torch, a, b: torch.matmul(a, b), lambda torch, a, b: torch.linalg.matmul(a, b)],
        tensorflow=[
            lambda tf, a, b: tf.keras.ops.matmul(a, b),
            lambda tf, a, b: tf.experimental.numpy.matmul(a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.matmul(a, b)],
        samples=[
            normal((17,), (17,), name="vector-vector"),
            normal((17,), (17, 3), name="vector-matrix"),
            normal((3, 17), (17,), name="matrix-vector"),
            normal((2, 3, 5), (5,), name="batch-vector"),
            normal((5,), (2, 5, 3), name="vector-batch"),
            normal((1,), (1,), name="one-element", edge=True),
        ],
        sources=(NUMPY + "matmul.html",),
    ),
    Case(
        "matmul_transposed",
        "contraction",
        ref.matmul_transposed,
        vjp=ref.matmul_transposed_vjp,
        torch=[
            lambda torch, a, b, transpose_a, transpose_b: torch.matmul(
                a.mT if transpose_a else a, b.mT if transpose_b else b
            )
        ],
        tensorflow=[
            lambda tf, a, b, transpose_a, transpose_b: tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
        ],
        jax=[
            lambda jax, a, b, transpose_a, transpose_b: jax.numpy.matmul(
                a.mT if transpose_a else a, b.mT if transpose_b else b
            )
        ],
        samples=[
            normal((7, 5), (7, 3), transpose_a=True, transpose_b=False, name="left"),
            normal((2, 5, 7), (3, 7), transpose_a=False, transpose_b=True, name="right-broadcast"),
            normal((7, 5), (3, 7), transpose_a=True, transpose_b=True, name="both"),
            normal((1, 1), (1, 1), transpose_a=True, transpose_b=True, name="one-element", edge=True),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/matmul",),
    ),
    Case(
        "matmul_adjoint",
        "contraction",
        ref.matmul_adjoint,
        vjp=ref.matmul_adjoint_vjp,
        torch=[lambda torch, a, b: a.mH @ b, lambda torch, a, b: torch.matmul(torch.adjoint(a), b)],
        tensorflow=[
            lambda tf, a, b: tf.matmul(a, b, adjoint_a=True),
            lambda tf, a, b: tf.linalg.adjoint(a) @ b,
        ],
        jax=[lambda jax, a, b: jax.numpy.conj(a).mT @ b],
        samples=[
            complex_normal((7, 5), (7, 3)),
            complex_normal((2, 4, 3), (4, 2), name="broadcast"),
            reals((7, 5), (7, 3), name="real"),
            complex_normal((1, 1), (1, 1), name="one-element", edge=True),
        ],
        dtypes=("float64", "float32", *COMPLEX),
        sources=("https://www.tensorflow.org/api_docs/python/tf/linalg/matmul",),
    ),
    Case(
        "mm",
        "contraction",
        ref.matmul,
        vjp=ref.matmul_vjp,
        torch=[lambda torch, a, b: torch.mm(a, b), lambda torch, a, b: torch.nn.functional.linear(a, b.T)],
        tensorflow=[
            lambda tf, a, b: tf.linalg.matmul(a, b),
            lambda tf, a, b: tf.keras.ops.dot(a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.dot(a, b), lambda jax, a, b: jax.lax.dot(a, b)],
        samples=[
            reals((5, 17), (17, 3)),
            complex_normal((3, 5), (5, 2)),
            reals((1, 9), (9, 1), name="row-by-column"),
            reals((0, 3), (3, 2), name="empty", edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.mm.html",),
    ),
    Case(
        "bmm",
        "contraction",
        ref.matmul,
        vjp=ref.matmul_vjp,
        torch=[lambda torch, a, b: torch.bmm(a, b)],
        tensorflow=[
            lambda tf, a, b: tf.linalg.matmul(a, b),
            lambda tf, a, b: tf.keras.ops.matmul(a, b),
            lambda tf, a, b: tf.keras.layers.Dot((2, 1), dtype=a.dtype)([a, b]),
        ],
        jax=[lambda jax, a, b: jax.lax.batch_matmul(a, b), lambda jax, a, b: jax.numpy.matmul(a, b)],
        samples=[
            normal((3, 5, 17), (3, 17, 2)),
            normal((2, 1, 4), (2, 4, 1), name="row-by-column"),
            normal((1, 1, 1), (1, 1, 1), name="one-element", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.bmm.html",),
    ),
    Case(
        "addmm",
        "contraction",
        ref.plus_product,
        vjp=ref.plus_product_vjp,
        torch=[
            lambda torch, x, a, b, beta, alpha: torch.addmm(x, a, b, beta=beta, alpha=alpha),
            lambda torch, x, a, b, beta, alpha: x.addmm(a, b, beta=beta, alpha=alpha),
        ],
        tensorflow=[lambda tf, x, a, b, beta, alpha: beta * x + alpha * tf.matmul(a, b)],
        jax=[lambda jax, x, a, b, beta, alpha: beta * x + alpha * jax.numpy.matmul(a, b)],
        samples=[
            normal((5, 3), (5, 17), (17, 3), beta=1.0, alpha=1.0),
            normal((3,), (5, 17), (17, 3), beta=0.5, alpha=-2.0, name="broadcast"),
            normal((5, 3), (5, 7), (7, 3), beta=0.0, alpha=1.0, name="beta-0", edge=True),
            normal((5, 3), (5, 0), (0, 3), beta=1.5, alpha=1.0, name="empty-inner", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.addmm.html",),
    ),
    Case(
        "addmv",
        "contraction",
        ref.plus_product,
        vjp=ref.plus_product_vjp,
        torch=[lambda torch, x, a, b, beta, alpha: torch.addmv(x, a, b, beta=beta, alpha=alpha)],
        tensorflow=[lambda tf, x, a, b, beta, alpha: beta * x + alpha * tf.linalg.matvec(a, b)],
        jax=[lambda jax, x, a, b, beta, alpha: beta * x + alpha * jax.numpy.matvec(a, b)],
        samples=[
            normal((5,), (5, 17), (17,), beta=1.0, alpha=1.0),
            normal((5,), (5, 17), (17,), beta=0.5, alpha=-2.0, name="scaled"),
            normal((1,), (1, 1), (1,), beta=2.0, alpha=1.0, name="one-element", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.addmv.html",),
    ),
    Case(
        "addr",
        "contraction",
        ref.plus_outer,
        vjp=ref.plus_outer_vjp,
        torch=[lambda torch, x, a, b, beta, alpha: torch.addr(x, a, b, beta=beta, alpha=alpha)],
        tensorflow=[lambda tf, x, a, b, beta, alpha: beta * x + alpha * tf.tensordot(a, b, axes=0)],
        jax=[lambda jax, x, a, b, beta, alpha: beta * x + alpha * jax.numpy.outer(a, b)],
        samples=[
            normal((5, 7), (5,), (7,), beta=1.0, alpha=1.0),
            normal((5, 7), (5,), (7,), beta=0.5, alpha=-2.0, name="scaled"),
            normal((1, 1), (1,), (1,), beta=2.0, alpha=1.0, name="one-element", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.addr.html",),
    ),
    Case(
        "baddbmm",
        "contraction",
        ref.plus_product,
        vjp=ref.plus_product_vjp,
        torch=[lambda torch, x, a, b, beta, alpha: torch.baddbmm(x, a, b, beta=beta, alpha=alpha)],
        tensorflow=[lambda tf, x, a, b, beta, alpha: beta * x + alpha * tf.matmul(a, b)],
        jax=[lambda jax, x, a, b, beta, alpha: beta * x + alpha * jax.numpy.matmul(a, b)],
        samples=[
            normal((2, 5, 3), (2, 5, 17), (2, 17, 3), beta=1.0, alpha=1.0),
            normal((5, 1), (2, 5, 7), (2, 7, 3), beta=0.5, alpha=-2.0, name="broadcast"),
            normal((2, 5, 3), (2, 5, 7), (2, 7, 3), beta=0.0, alpha=1.0, name="beta-0", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.baddbmm.html",),
    ),
    Case(
        "addbmm",
        "contraction",
        ref.plus_sum_of_products,
        vjp=ref.plus_sum_of_products_vjp,
        torch=[lambda torch, x, a, b, beta, alpha: torch.addbmm(x, a, b, beta=beta, alpha=alpha)],
        tensorflow=[
            lambda tf, x, a, b, beta, alpha: beta * x + alpha * tf.reduce_sum(tf.matmul(a, b), 0),
            lambda tf, x, a, b, beta, alpha: beta * x + alpha * tf.einsum("bij,bjk->ik", a, b),
        ],
        jax=[lambda jax, x, a, b, beta, alpha: beta * x + alpha * jax.numpy.einsum("bij,bjk->ik", a, b)],
        samples=[
            normal((5, 3), (4, 5, 7), (4, 7, 3), beta=1.0, alpha=1.0),
            normal((5, 3), (4, 5, 7), (4, 7, 3), beta=0.5, alpha=-2.0, name="scaled"),
            normal((1, 1), (1, 1, 1), (1, 1, 1), beta=2.0, alpha=1.0, name="one-element", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.addbmm.html",),
    ),
    Case(
        "mv",
        "contraction",
        ref.matmul,
        vjp=ref.matmul_vjp,
        torch=[lambda torch, a, x: torch.mv(a, x)],
        tensorflow=[
            lambda tf, a, x: tf.linalg.matvec(a, x),
            lambda tf, a, x: tf.keras.ops.dot(a, x),
            lambda tf, a, x: tf.linalg.matvec(tf.transpose(a), x, transpose_a=True),
        ],
        jax=[lambda jax, a, x: jax.numpy.matvec(a, x), lambda jax, a, x: jax.numpy.dot(a, x)],
        samples=[
            reals((5, 17), (17,)),
            complex_normal((3, 5), (5,)),
            reals((1, 1), (1,), name="one-element", edge=True),
            reals((3, 0), (0,), name="empty", edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.mv.html",),
    ),
    Case(
        "dot",
        "contraction",
        ref.matmul,
        vjp=ref.matmul_vjp,
        torch=[lambda torch, a, b: torch.dot(a, b), lambda torch, a, b: torch.sum(a * b)],
        tensorflow=[
            lambda tf, a, b: tf.tensordot(a, b, axes=1),
            lambda tf, a, b: tf.keras.ops.dot(a, b),
            lambda tf, a, b: tf.experimental.numpy.dot(a, b),
            lambda tf, a, b: tf.reduce_sum(a * b),
        ],
        jax=[lambda jax, a, b: jax.numpy.dot(a, b), lambda jax, a, b: jax.numpy.sum(a * b)],
        samples=[
            reals((33,), (33,)),
            normal((1000,), (1000,), name="long", dtypes=("float64", "float32")),
            complex_normal((9,), (9,)),
            reals((1,), (1,), name="one-element", edge=True),
            reals((0,), (0,), name="empty", edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(NUMPY + "dot.html",),
    ),
    Case(
        "vdot",
        "contraction",
        ref.vdot,
        vjp=ref.vdot_vjp,
        torch=[lambda torch, a, b: torch.vdot(a, b)],
        tensorflow=[
            lambda tf, a, b: tf.experimental.numpy.vdot(a, b),
            lambda tf, a, b: tf.reduce_sum(tf.math.conj(a) * b),
        ],
        jax=[lambda jax, a, b: jax.numpy.vdot(a, b)],
        samples=[
            complex_normal((33,), (33,)),
            reals((17,), (17,)),
            complex_normal((1,), (1,), name="one-element", edge=True),
        ],
        dtypes=("float64", "float32", *COMPLEX),
        sources=(NUMPY + "vdot.html",),
    ),
    Case(
        "vecdot",
        "contraction",
        ref.vecdot,
        vjp=ref.vecdot_vjp,
        torch=[lambda torch, a, b, axis: torch.linalg.vecdot(a, b, dim=axis)],
        tensorflow=[lambda tf, a, b, axis: tf.reduce_sum(tf.math.conj(a) * b, axis)],
        jax=[
            lambda jax, a, b, axis: jax.numpy.vecdot(a, b, axis=axis),
            lambda jax, a, b, axis: jax.numpy.linalg.vecdot(a, b, axis=axis),
        ],
        samples=[
            reals((4, 17), (4, 17), axis=-1),
            reals((5, 1, 3), (5, 4, 3), axis=0, name="broadcast"),
            complex_normal((3, 9), (3, 9), axis=-1),
            reals((4, 0), (4, 0), axis=-1, name="empty", edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=("https://data-apis.org/array-api/latest/API_specification/generated/array_api.vecdot.html",),
    ),
    Case(
        "outer",
        "contraction",
        ref.outer,
        vjp=ref.outer_vjp,
        torch=[
            lambda torch, a, b: torch.outer(a, b),
            lambda torch, a, b: torch.ger(a, b),
            lambda torch, a, b: torch.einsum("i,j->ij", a, b),
        ],
        tensorflow=[
            lambda tf, a, b: tf.tensordot(a, b, axes=0),
            lambda tf, a, b: tf.experimental.numpy.outer(a, b),
            lambda tf, a, b: tf.keras.ops.outer(a, b),
            lambda tf, a, b: tf.einsum("i,j->ij", a, b),
        ],
        jax=[lambda jax, a, b: jax.numpy.outer(a, b), lambda jax, a, b: jax.numpy.linalg.outer(a, b)],
        samples=[
            reals((7,), (5,)),
            reals((1,), (1,), name="one-element", edge=True),
            reals((0,), (3,), name="empty", edge=True),
        ],
        sources=(NUMPY + "outer.html",),
    ),
    Case(
        "inner",
        "contraction",
        ref.inner,
        vjp=ref.inner_vjp,
        torch=[lambda torch, a, b: torch.inner(a, b)],
        tensorflow=[
            lambda tf, a, b: tf.experimental.numpy.inner(a, b),
            lambda tf, a, b: tf.keras.ops.inner(a, b),
            lambda tf, a, b: tf.tensordot(a, b, axes=[[-1], [-1]]),
        ],
        jax=[lambda jax, a, b: jax.numpy.inner(a, b)],
        samples=[
            normal((4, 17), (3, 17)),
            normal((2, 3, 5), (4, 5), name="batch"),
            normal((9,), (9,), name="vectors"),
            normal((1,), (1,), name="one-element", edge=True),
        ],
        sources=(NUMPY + "inner.html",),
    ),
    Case(
        "tensordot",
        "contraction",
        ref.tensordot,
        vjp=ref.tensordot_vjp,
        torch=[lambda torch, a, b, axes: torch.tensordot(a, b, dims=axes)],
        tensorflow=[
            lambda tf, a, b, axes: tf.tensordot(a, b, axes),
            lambda tf, a, b, axes: tf.keras.ops.tensordot(a, b, axes),
            lambda tf, a, b, axes: tf.experimental.numpy.tensordot(a, b, axes),
        ],
        jax=[lambda jax, a, b, axes: jax.numpy.tensordot(a, b, axes)],
        samples=[
            normal((2, 3, 4), (3, 4, 5), axes=2),
            normal((2, 3, 4), (4, 5, 2), axes=[[0, 2], [2, 0]], name="pairs"),
            normal((3, 4), (5, 4), axes=[[-1], [1]], name="negative-axis"),
            normal((3, 2), (4,), axes=0, name="outer", edge=True),
        ],
        sources=(NUMPY + "tensordot.html",),
    ),
    Case(
        "einsum1",
        "contraction",
        ref.einsum1,
        vjp=ref.einsum_vjp,
        torch=[lambda torch, a, equation: torch.einsum(equation, a)],
        tensorflow=[
            lambda tf, a, equation: tf.einsum(equation, a),
            lambda tf, a, equation: tf.keras.ops.einsum(equation, a),
        ],
        jax=[lambda jax, a, equation: jax.numpy.einsum(equation, a)],
        samples=[
            normal((3, 4, 5), equation="ijk->kij", name="permuted"),
            normal((3, 4, 5), equation="ijk->j", name="summed"),
            normal((2, 3, 4), equation="...ij->...ji", name="ellipsis"),
            normal((5, 5), equation="ii->", name="trace", edge=True),
            normal((5, 5), equation="ii->i", name="diagonal", edge=True),
            normal((2, 4, 4), equation="...ii->...i", name="batch-of-diagonals", edge=True),
        ],
        sources=(NUMPY + "einsum.html",),
    ),
    Case(
        "einsum2",
        "contraction",
        ref.einsum2,
        vjp=ref.einsum_vjp,
        torch=[lambda torch, a, b, equation: torch.einsum(equation, a, b)],
        tensorflow=[
            lambda tf, a, b, equation: tf.einsum(equation, a, b),
            lambda tf, a, b, equation: tf.keras.ops.einsum(equation, a, b),
        ],
        jax=[lambda jax, a, b, equation: jax.numpy.einsum(equation, a, b)],
        samples=[
            normal((3, 5), (5, 4), equation="ij,jk->ik", name="product"),
            normal((3, 5), (5, 4), equation="ij,jk", name="implicit"),
            normal((2, 3, 5), (2, 4, 5), equation="bij,bkj->bik", name="batch-transposed"),
            normal((2, 1, 3, 5), (4, 5, 2), equation="...ij,...jk->...ik", name="ellipsis-broadcast"),
            normal((2, 3, 2, 4), (2, 5, 2, 4), equation="bqhd,bkhd->bhqk", name="attention"),
            normal((3, 4), (3, 4), equation="ij,ij->", name="everything"),
            normal((3, 4), (5, 2), equation="ij,kl->ik", name="summed-alone", edge=True),
            normal((4, 4), (4, 3), equation="ii,ij->j", name="repeated", edge=True),
        ],
        sources=(NUMPY + "einsum.html",),
    ),
    Case(
        "einsum3",
        "contraction",
        ref.einsum3,
        vjp=ref.einsum_vjp,
        torch=[lambda torch, a, b, d, equation: torch.einsum(equation, a, b, d)],
        tensorflow=[
            lambda tf, a, b, d, equation: tf.einsum(equation, a, b, d),
            lambda tf, a, b, d, equation: tf.keras.ops.einsum(equation, a, b, d),
        ],
        jax=[lambda jax, a, b, d, equation: jax.numpy.einsum(equation, a, b, d)],
        samples=[
            normal((3, 4), (4, 5), (5, 2), equation="ij,jk,kl->il", name="chain"),
            normal((2, 4), (3, 4, 5), (2, 5), equation="bi,oij,bj->bo", name="bilinear"),
            normal((3,), (3,), (3,), equation="i,i,i->", name="everything", edge=True),
        ],
        sources=(NUMPY + "einsum.html",),
    ),
    Case(
        "multi_dot",
        "contraction",
        ref.multi_dot,
        vjp=ref.multi_dot_vjp,
        torch=[
            lambda torch, a, b, d: torch.linalg.multi_dot([a, b, d]),
            lambda torch, a, b, d: torch.chain_matmul(a, b, d),
        ],
        tensorflow=[
            lambda tf, a, b, d: tf.matmul(tf.matmul(a, b), d),
            lambda tf, a, b, d: tf.keras.ops.einsum("ij,jk,kl->il", a, b, d),
        ],
        jax=[lambda jax, a, b, d: jax.numpy.linalg.multi_dot([a, b, d])],
        samples=[
            normal((2, 9), (9, 7), (7, 3)),
            normal((9, 2), (2, 8), (8, 4), name="right-first"),
            normal((1, 1), (1, 1), (1, 1), name="one-element", edge=True),
        ],
        dtypes=("float64", "float32"),  # in half precision the product in between is rounded, or not: both are right
        sources=(NUMPY.replace("numpy.", "numpy.linalg.") + "multi_dot.html",),
    ),
)

CASES = (*map(thinned, (*PRODUCTS, *MORE)), *FACTORIZATIONS, *SOLVING)
