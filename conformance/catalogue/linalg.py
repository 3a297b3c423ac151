"""Linear algebra: products, factorizations, and what is solved with them."""

from conformance.case import Case
from conformance.reference import layers
from fixtures.samples import normal, sample

CASES = (
    Case(
        "matmul",
        "contraction",
        layers.matmul,
        vjp=layers.matmul_vjp,
        torch=[lambda torch, a, b: torch.matmul(a, b), lambda torch, a, b: a @ b],
        tensorflow=[
            lambda tf, a, b: tf.matmul(a, b),
            lambda tf, a, b: tf.keras.ops.matmul(a, b),
            lambda tf, a, b: tf.einsum("...ij,...jk->...ik", a, b),
        ],
        samples=[
            normal((16, 32), (32, 24)),
            normal((3, 1, 4, 5), (2, 5, 6), name="broadcast"),
            normal((4, 1024), (1024, 4), name="long-inner", dtypes=("float64", "float32")),
            normal((1, 1), (1, 1), name="one-element", edge=True),
            normal((2, 0), (0, 3), name="empty-inner", edge=True),
        ],
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.matmul.html",),
    ),
)
