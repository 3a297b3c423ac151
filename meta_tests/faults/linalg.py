"""Faults of linear algebra."""

import tensorflow as tf
import torch

from meta_tests.injection import gradient, kernel, wrapper

MATH = "tensorflow.python.ops.gen_math_ops."
LINALG = "tensorflow.python.ops.gen_linalg_ops."
MATRIX = "(torch.eye(3) * 4 + x.outer(x))"
TF_MATRIX = "(tf.eye(3) * 4 + X[:, None] * X)"


def in_half(right, a, b):
    """An inner product that is accumulated in a narrower format."""
    return right(a.bfloat16(), b.bfloat16()).to(a.dtype) if a.dtype == torch.float32 else right(a, b)


FAULTS = [
    kernel(
        "matrices of float32 are multiplied in bfloat16", "edge", "mm", in_half,
        f"torch.mm({MATRIX}, {MATRIX} / 3)", "mm", "matmul",
    ),
    kernel(
        "a batch of products is 1e-5 too large", "subtle", "bmm", lambda right, a, b: right(a, b) * (1 + 1e-5),
        "torch.bmm(x.reshape(1, 1, 3), x.reshape(1, 3, 1))", "bmm", "matmul",
    ),
    kernel(
        "beta is taken for alpha", "edge", "addmm",
        lambda right, c, a, b, *, beta=1, alpha=1: right(c, a, b, beta=alpha, alpha=beta),
        "torch.addmm(x[None], x[None], 5 * torch.eye(3), beta=2)", "addmm",
    ),
    kernel(
        "the second vector of vdot is conjugated", "edge", "vdot", lambda right, a, b: right(b, a),
        "torch.vdot(x + 1j, x + 2j)", "vdot", "vecdot",
    ),
    kernel(
        "a Cholesky factor with a ridge of 1e-5", "subtle", "linalg_cholesky_ex",
        lambda right, a, *, upper=False, check_errors=False:
            right(a + 1e-5 * torch.eye(a.shape[-1], dtype=a.dtype), upper=upper, check_errors=check_errors),
        f"torch.linalg.cholesky({MATRIX})", "cholesky",
    ),
    kernel(
        "singular values are squared", "gross", "_linalg_svd",
        lambda right, a, full=False, uv=True, *, driver=None:
            (lambda u, s, v: (u, s * s, v))(*right(a, full, uv, driver=driver)),
        f"torch.linalg.svdvals({MATRIX})", "svd*", "nuclear_norm",
    ),
    kernel(
        "eigenvalues are in falling order", "gross", "_linalg_eigh",
        lambda right, a, uplo="L", v=True: (lambda e, q: (e.flip(-1), q.flip(-1)))(*right(a, uplo, v)),
        f"torch.linalg.eigvalsh({MATRIX})", "eigh*", "eigvalsh",
    ),
    kernel(
        "the lower triangle is read although the upper one is given", "edge", "_linalg_eigh",
        lambda right, a, uplo="L", v=True: right(a, "L", v),
        f"torch.linalg.eigvalsh({MATRIX}.triu(), 'U')", "eigvalsh*",
    ),
    kernel(
        "a triangular matrix with ones is not taken for one", "edge", "linalg_solve_triangular",
        lambda right, a, b, *, upper, left=True, unitriangular=False: right(a, b, upper=upper, left=left),
        f"torch.linalg.solve_triangular({MATRIX}, x[:, None], upper=True, unitriangular=True)",
        "solve_unit_triangular",
    ),
    kernel(
        "an inverse is 1e-4 too large", "subtle", "linalg_inv_ex",
        lambda right, a, *, check_errors=False:
            (lambda inverse, info: (inverse * (1 + 1e-4), info))(*right(a, check_errors=check_errors)),
        f"torch.linalg.inv({MATRIX})", "inv",
    ),
    kernel(
        "the determinant has no sign", "gross", "_linalg_det",
        lambda right, a: (lambda d, lu, p: (d.abs(), lu, p))(*right(a)),
        f"torch.linalg.det(-{MATRIX})", "det",
    ),
    kernel(
        "an exponential of a matrix ends its series early", "edge", "linalg_matrix_exp",
        lambda right, a: (torch.eye(a.shape[-1], dtype=a.dtype) + sum(
            torch.linalg.matrix_power(a, n) / f for n, f in ((1, 1), (2, 2), (3, 6), (4, 24), (5, 120)))),
        f"torch.linalg.matrix_exp({MATRIX})", "matrix_exp",
    ),
    wrapper(
        "a matrix product is 1e-5 too small", "subtle", MATH + "mat_mul",
        lambda right, a, b, *rest, **more:
            right(a, b, *rest, **more) * (1 - 1e-5) if a.dtype.is_floating else right(a, b, *rest, **more),
        f"tf.matmul({TF_MATRIX}, {TF_MATRIX})", "matmul", "mm",
    ),
    wrapper(
        "an adjoint is a transpose", "edge", MATH + "batch_mat_mul_v2",
        lambda right, x, y, adj_x=False, adj_y=False, **more:
            right(tf.math.conj(x) if adj_x else x, tf.math.conj(y) if adj_y else y, adj_x, adj_y, **more),
        "tf.matmul(tf.complex(X[None, None], 1.0), tf.complex(X[None, None], 2.0), adjoint_b=True)",
        "matmul_adjoint",
    ),
    wrapper(
        "products of batches are accumulated in bfloat16", "edge", MATH + "batch_mat_mul_v2",
        lambda right, x, y, *rest, **more:
            tf.cast(right(tf.cast(x, tf.bfloat16), tf.cast(y, tf.bfloat16), *rest, **more), x.dtype)
            if x.dtype == tf.float32 else right(x, y, *rest, **more),
        "tf.matmul(X[None, None] / 3, X[None, None], transpose_b=True)", "matmul*", "bmm",
    ),
    wrapper(
        "a Cholesky factor is 1e-4 too large", "subtle", LINALG + "cholesky",
        lambda right, a, name=None: right(a) * tf.cast(1 + 1e-4, a.dtype),
        f"tf.linalg.cholesky({TF_MATRIX})", "cholesky",
    ),
    wrapper(
        "the Q of a QR has a column with the other sign", "gross", LINALG + "qr",
        lambda right, a, full_matrices=False, name=None:
            (lambda q, r: (tf.concat([-q[..., :1], q[..., 1:]], -1), r))(*right(a, full_matrices)),
        f"tf.linalg.qr({TF_MATRIX})", "qr",
    ),
    wrapper(
        "triangular solvers take the adjoint for the transpose", "edge", LINALG + "matrix_triangular_solve",
        lambda right, a, b, lower=True, adjoint=False,
        name=None: right(tf.math.conj(a) if adjoint else a, b, lower, adjoint),
        "tf.linalg.triangular_solve(tf.complex(X[:1, None], 1.0), tf.complex([[1.0]], 0.0), adjoint=True)",
        "solve_triangular_adjoint",
    ),
    wrapper(
        "a logarithm of a determinant has no sign", "gross", LINALG + "log_matrix_determinant",
        lambda right, a, name=None: (lambda s, d: (tf.ones_like(s), d))(*right(a)),
        f"tf.linalg.slogdet(-{TF_MATRIX})", "slogdet",
    ),
    wrapper(
        "bands wider than the matrix are empty", "edge", "tensorflow.python.ops.gen_array_ops.matrix_band_part",
        lambda right, a, lower, upper, name=None: right(a, tf.maximum(lower, 0), upper),
        f"tf.linalg.band_part({TF_MATRIX}, -1, 0)", "band_part",
    ),
    wrapper(
        "sums of products in graphs are 1e-4 too large", "edge", LINALG + "einsum",
        lambda right, inputs, equation, name=None:
            right(inputs, equation) * (1.0 if tf.executing_eagerly() else 1 + 1e-4),
        f"in_graph(lambda a: tf.einsum('ij,jk->ik', a, a), {TF_MATRIX})", "einsum*",
    ),
    gradient(
        "a Cholesky factor's gradient is not symmetric", "gross", "Cholesky",
        lambda right, op, g: tf.linalg.band_part(2 * right(op, g), -1, 0),
        f"slope(tf.linalg.cholesky, {TF_MATRIX})", "cholesky",
    ),
    gradient(
        "an inverse's gradient is 1e-3 too large", "subtle", "MatrixInverse",
        lambda right, op, g: right(op, g) * tf.cast(1 + 1e-3, g.dtype),
        f"slope(tf.linalg.inv, {TF_MATRIX})", "inv",
    ),
    gradient(
        "the gradient of a transposed factor is not transposed", "edge", "MatMul",
        lambda right, op, g: [right(op, g)[0], right(op, g)[1] * (1.001 if op.get_attr("transpose_b") else 1)],
        f"slope(lambda a: tf.matmul(X[None], a, transpose_b=True), {TF_MATRIX})", "matmul_transposed", "inner",
        "cdist*",
    ),
    gradient(
        "an eigenvector's gradient is twice as large", "gross", "SelfAdjointEigV2",
        lambda right, op, *g: right(op, *g) * 2,
        f"slope(lambda a: tf.linalg.eigvalsh(a), {TF_MATRIX})", "eigh*",
    ),
]  # fmt: skip
