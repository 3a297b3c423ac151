"""Gradients of whole operations where a formula divides by 0 or a convention decides: degenerate eigenvalues, matrices
of which one triangle is read, steps, and rows that are masked throughout."""

from conformance.case import Case
from conformance.catalogue.autodiff_kinks import CONVENTION, KINK, LONE, WIDE, at, at_in_tf, at_or_zero
from conformance.catalogue.jax_shared import jax_at
from conformance.reference import activations
from conformance.reference import autodiff as ref
from fixtures.samples import given, uniform


def first_squared(torch, a, w):
    """w . v^2, with v the eigenvector of the smallest eigenvalue: what does not depend on its sign."""
    return w @ torch.linalg.eigh((a + a.mT) / 2).eigenvectors[:, 0] ** 2


def last_squared(torch, a, w):
    """The same of a positive definite matrix, by its singular vectors."""
    return w @ torch.linalg.svd((a + a.mT) / 2)[0][:, 1] ** 2


def first_squared_in_tf(tf, a, w):
    return tf.reduce_sum(w * tf.linalg.eigh((a + tf.transpose(a)) / 2)[1][:, 0] ** 2)


def first_squared_in_keras(tf, a, w):
    return tf.reduce_sum(w * tf.keras.ops.eigh((a + tf.transpose(a)) / 2)[1][:, 0] ** 2)


def last_squared_in_tf(tf, a, w):
    return tf.reduce_sum(w * tf.linalg.svd((a + tf.transpose(a)) / 2)[1][:, 1] ** 2)


SINGULAR = (
    Case(
        "kink_of_selu",  # the paper's: the slope of the exponential
        "elementwise",
        lambda x: activations.selu_vjp(0 * x + 1, x),
        torch=[
            lambda torch, x: at(torch, lambda x: torch.selu(x), x),
            lambda torch, x: at(torch, lambda x: torch.nn.functional.selu(x), x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.nn.selu(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.selu(x), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.nn.selu(x), x)],
        samples=[KINK[0], KINK[1], uniform((9,), 0.25, 4)],
        dtypes=WIDE,
        sources=("https://arxiv.org/abs/1706.02515",),
    ),
    Case(
        "gradient_of_floor_division",  # 0 between its steps
        "selection",
        lambda x, y: (0 * x, 0 * y),
        torch=[
            lambda torch, x, y: at(torch, lambda x, y: torch.div(x, y, rounding_mode="floor"), x, y),
            lambda torch, x, y: at(torch, lambda x, y: torch.floor_divide(x, y), x, y),
        ],
        tensorflow=[
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.math.floordiv(x, y), x, y),
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.keras.ops.floor_divide(x, y), x, y),
            lambda tf, x, y: at_or_zero(tf, lambda x, y: x // y, x, y),
        ],
        jax=[lambda jax, x, y: jax_at(jax, lambda x, y: jax.numpy.floor_divide(x, y), x, y)],
        samples=[
            given([7.0, -7.0, 0.5], [2.0, 2.0, -3.0], name="between", edge=False),
            given([6.0, -0.0], [2.0, 5.0], name="steps"),
            given(7.0, 2.0, name="scalar"),
        ],
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.floor_divide.html", CONVENTION),
    ),
    Case(
        "gradient_of_eigenvector",
        "factorization",
        ref.of_first_squared,
        torch=[
            lambda torch, a, w: at(torch, lambda a: first_squared(torch, a, w), a),
            lambda torch, a, w: at(torch, lambda a: last_squared(torch, a, w), a),
        ],
        tensorflow=[
            lambda tf, a, w: at_in_tf(tf, lambda a: first_squared_in_tf(tf, a, w), a),
            lambda tf, a, w: at_in_tf(tf, lambda a: first_squared_in_keras(tf, a, w), a),
            lambda tf, a, w: at_in_tf(tf, lambda a: last_squared_in_tf(tf, a, w), a),
        ],
        samples=[
            given([[3.0, 1.0], [1.0, 2.0]], [1.0, 3.0], name="distinct", edge=False),
            given([[1.0, 0.0], [0.0, 1.0]], [1.0, 3.0], name="repeated"),
            given([[1.0, 2.0**-10], [2.0**-10, 1.0]], [1.0, 3.0], name="close"),
            given([[1.0, 2.0**-34], [2.0**-34, 1.0]], [1.0, 3.0], name="closer", dtypes=LONE),
        ],
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigh.html",),
    ),
    Case(
        "gradient_of_cholesky",  # of a symmetric matrix, of which the lower triangle is read
        "factorization",
        ref.of_cholesky,
        torch=[lambda torch, a, c: at(torch, lambda a: c * torch.linalg.cholesky(a), a)],
        tensorflow=[
            lambda tf, a, c: at_in_tf(tf, lambda a: c * tf.linalg.cholesky(a), a),
            lambda tf, a, c: at_in_tf(tf, lambda a: c * tf.keras.ops.cholesky(a), a),
        ],
        jax=[lambda jax, a, c: jax_at(jax, lambda a: c * jax.numpy.linalg.cholesky(a), a)],
        samples=[
            given([[4.0, 1.0], [1.0, 3.0]], [[1.0, 0.0], [2.0, -1.0]], name="symmetric", edge=False),
            given([[4.0, 99.0], [1.0, 3.0]], [[1.0, 0.0], [2.0, -1.0]], name="lower"),
            given([[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [1.0, 1.0]], name="diagonal"),
        ],
        dtypes=WIDE,
        sources=("https://arxiv.org/abs/1602.07527",),
    ),
)
