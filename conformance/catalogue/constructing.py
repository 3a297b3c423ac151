"""Arrays made of nothing but their shape, diagonals, and patterns."""

import numpy as np

from conformance.case import DTYPES, FLOATS, INTEGERS, Case
from conformance.catalogue.arranging import NUMBERS, SORTS, TF, TORCH, empty, focused, specials
from conformance.reference import ordering as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import given, normal, sample

SIGNED = ("int64", "int32", "int16", "int8")


def tf_cartesian_product(tf, a, b):
    return tf.stack([tf.repeat(a, tf.size(b)), tf.tile(b, tf.shape(a))], -1)


def tf_block_diag(tf, a, b):
    blocks = [tf.linalg.LinearOperatorFullMatrix(m) for m in (a, b)]
    return tf.linalg.LinearOperatorBlockDiag(blocks).to_dense()


def tf_combinations(tf, x, r, again):
    places = tf.stack(tf.meshgrid(*[tf.range(tf.size(x))] * r, indexing="ij"), -1)
    places = tf.reshape(places, [-1, r])
    steps = places[:, 1:] - places[:, :-1]
    return tf.gather(x, tf.boolean_mask(places, tf.reduce_all(steps >= (0 if again else 1), 1)))


DIAGONALS = (
    Case(
        "diag",
        "selection",
        ref.diag,
        vjp=adjoint(ref.diag),
        torch=[
            lambda torch, x, k: torch.diag(x, k),
            lambda torch, x, k: torch.diagflat(x, k),
            lambda torch, x, k: torch.diag_embed(x, k),
        ],
        tensorflow=[
            lambda tf, x, k: tf.linalg.diag(x, k=k),
            lambda tf, x, k: tf.keras.ops.diag(x, k),
            lambda tf, x, k: tf.keras.ops.diagflat(x, k),
        ],
        jax=[lambda jax, x, k: jax.numpy.diag(x, k), lambda jax, x, k: jax.numpy.diagflat(x, k)],
        samples=focused(
            normal((4,), k=0),
            normal((3,), k=2, name="above"),
            normal((3,), k=-1, name="below"),
            normal((1,), k=0, name="one-element", edge=True),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}diag.html", f"{TF}linalg/diag"),
    ),
    Case(
        "diag_of_batch",
        "selection",
        ref.diag,
        vjp=adjoint(ref.diag),
        torch=[lambda torch, x, k: torch.diag_embed(x, k)],
        tensorflow=[lambda tf, x, k: tf.linalg.diag(x, k=k)],
        samples=focused(
            normal((2, 3), k=0),
            normal((2, 1, 2), k=-1, name="below"),
            normal((2, 1), k=0, name="one-element", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}diag_embed.html", f"{TF}linalg/diag"),
    ),
    Case(
        "diagonal",
        "selection",
        ref.diagonal,
        vjp=adjoint(ref.diagonal),
        torch=[
            lambda torch, x, k: torch.diagonal(x, k, -2, -1),
            lambda torch, x, k: torch.diag(x, k) if x.ndim == 2 else torch.linalg.diagonal(x, offset=k),
        ],
        tensorflow=[
            lambda tf, x, k: tf.linalg.diag_part(x, k=k),
            lambda tf, x, k: tf.keras.ops.diagonal(x, k, -2, -1),
        ],
        jax=[lambda jax, x, k: jax.numpy.diagonal(x, k, -2, -1)],
        samples=focused(
            normal((3, 4), k=0),
            normal((2, 4, 3), k=1, name="above"),
            normal((4, 3), k=-2, name="below"),
            normal((1, 1), k=0, name="one-element", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}diagonal.html", f"{TF}linalg/diag_part"),
    ),
    Case(
        "diagonal_of_axes",
        "selection",
        ref.diagonal_of_axes,
        vjp=adjoint(ref.diagonal_of_axes),
        torch=[lambda torch, x, k, first, second: torch.diagonal(x, k, first, second)],
        tensorflow=[
            lambda tf, x, k, first, second: tf.keras.ops.diagonal(x, k, first, second),
            lambda tf, x, k, first, second: tf.experimental.numpy.diagonal(x, k, first, second),
        ],
        jax=[lambda jax, x, k, first, second: jax.numpy.diagonal(x, k, first, second)],
        samples=focused(
            normal((3, 2, 4), k=0, first=0, second=2),
            normal((3, 2, 4), k=1, first=-1, second=0, name="transposed"),
            normal((2, 2), k=-1, first=0, second=1, name="one-element", edge=True),
        ),
        sources=(f"{TORCH}diagonal.html", "https://numpy.org/doc/stable/reference/generated/numpy.diagonal.html"),
    ),
    Case(
        "tril",
        "selection",
        ref.tril,
        vjp=adjoint(ref.tril),
        torch=[lambda torch, x, k: torch.tril(x, k)],
        tensorflow=[
            lambda tf, x, k: tf.keras.ops.tril(x, k),
            lambda tf, x, k: tf.experimental.numpy.tril(x, k),
        ],
        jax=[lambda jax, x, k: jax.numpy.tril(x, k)],
        samples=focused(
            normal((4, 4), k=0),
            normal((2, 3, 5), k=1, name="above"),
            normal((5, 3), k=-2, name="below"),
            normal((2, 3), k=-7, name="nothing", edge=True),
            specials(4, 4, k=0),
            empty((0, 3), k=0),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}tril.html", "https://numpy.org/doc/stable/reference/generated/numpy.tril.html"),
    ),
    Case(
        "triu",
        "selection",
        ref.triu,
        vjp=adjoint(ref.triu),
        torch=[lambda torch, x, k: torch.triu(x, k)],
        tensorflow=[
            lambda tf, x, k: tf.keras.ops.triu(x, k),
            lambda tf, x, k: tf.experimental.numpy.triu(x, k),
        ],
        jax=[lambda jax, x, k: jax.numpy.triu(x, k)],
        samples=focused(
            normal((4, 4), k=0),
            normal((2, 3, 5), k=1, name="above"),
            normal((5, 3), k=-2, name="below"),
            normal((2, 3), k=7, name="nothing", edge=True),
            specials(4, 4, k=0),
            empty((0, 3), k=0),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}triu.html", "https://numpy.org/doc/stable/reference/generated/numpy.triu.html"),
    ),
    Case(
        "block_diag",
        "selection",
        ref.block_diag,
        vjp=adjoint(ref.block_diag),
        torch=[lambda torch, a, b: torch.block_diag(a, b)],
        tensorflow=[tf_block_diag],
        jax=[lambda jax, a, b: jax.scipy.linalg.block_diag(a, b)],
        samples=focused(
            normal((2, 2), (3, 3)),
            normal((2, 3), (1, 2), name="not-square"),
            normal((1, 1), (1, 1), name="one-element", edge=True),
        ),
        sources=(f"{TORCH}block_diag.html",),
    ),
)

GRIDS = (
    Case(
        "meshgrid",
        "selection",
        ref.meshgrid,
        vjp=adjoint(ref.meshgrid),
        torch=[lambda torch, a, b, indexing: torch.meshgrid(a, b, indexing=indexing)],
        tensorflow=[
            lambda tf, a, b, indexing: tuple(tf.meshgrid(a, b, indexing=indexing)),
            lambda tf, a, b, indexing: tuple(tf.keras.ops.meshgrid(a, b, indexing=indexing)),
        ],
        jax=[lambda jax, a, b, indexing: tuple(jax.numpy.meshgrid(a, b, indexing=indexing))],
        samples=focused(
            normal((3,), (4,), indexing="ij", name="ij"),
            normal((3,), (4,), indexing="xy", name="xy"),
            normal((1,), (2,), indexing="xy", name="one-element", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}meshgrid.html", f"{TF}meshgrid"),
    ),
    Case(
        "cartesian_product",
        "selection",
        ref.cartesian_product,
        vjp=adjoint(ref.cartesian_product),
        torch=[lambda torch, a, b: torch.cartesian_prod(a, b)],
        tensorflow=[tf_cartesian_product],
        samples=focused(
            normal((3,), (4,)),
            normal((1,), (2,), name="one-of-one"),
            normal((0,), (2,), name="empty", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}cartesian_prod.html",),
    ),
    Case(
        "combinations",
        "selection",
        ref.combinations,
        vjp=adjoint(ref.combinations),
        torch=[lambda torch, x, r, again: torch.combinations(x, r, again)],
        tensorflow=[tf_combinations],
        samples=focused(
            normal((4,), r=2, again=False, name="pairs"),
            normal((3,), r=3, again=True, name="with-each-again"),
            normal((2,), r=2, again=False, name="one", edge=True),
        ),
        sources=(f"{TORCH}combinations.html", "https://docs.python.org/3/library/itertools.html"),
    ),
    Case(
        "tril_indices",
        "selection",
        ref.tril_indices,
        torch=[lambda torch, rows, columns, k: torch.tril_indices(rows, columns, k)],
        tensorflow=[
            lambda tf, rows, columns, k: tf.transpose(tf.where(tf.keras.ops.tri(rows, columns, k, dtype="bool")))
        ],
        jax=[lambda jax, rows, columns, k: jax.numpy.stack(jax.numpy.tril_indices(rows, k, columns))],
        samples=[
            sample("square", lambda _: (), rows=3, columns=3, k=0),
            sample("wide", lambda _: (), rows=2, columns=4, k=1),
            sample("nothing", lambda _: (), rows=2, columns=2, k=-2, edge=True),
        ],
        dtypes=("int32",),
        sources=(f"{TORCH}tril_indices.html",),
    ),
    Case(
        "triu_indices",
        "selection",
        ref.triu_indices,
        torch=[lambda torch, rows, columns, k: torch.triu_indices(rows, columns, k)],
        tensorflow=[
            lambda tf, rows, columns, k: tf.transpose(
                tf.where(tf.keras.ops.logical_not(tf.keras.ops.tri(rows, columns, k - 1, dtype="bool")))
            )
        ],
        jax=[lambda jax, rows, columns, k: jax.numpy.stack(jax.numpy.triu_indices(rows, k, columns))],
        samples=[
            sample("square", lambda _: (), rows=3, columns=3, k=0),
            sample("tall", lambda _: (), rows=4, columns=2, k=-1),
            sample("nothing", lambda _: (), rows=2, columns=2, k=2, edge=True),
        ],
        dtypes=("int32",),
        sources=(f"{TORCH}triu_indices.html",),
    ),
)

FROM_A_SHAPE = (
    Case(
        "eye",
        "selection",
        ref.eye,
        torch=[lambda torch, like, rows, columns: torch.eye(rows, columns, dtype=like.dtype)],
        tensorflow=[
            lambda tf, like, rows, columns: tf.eye(rows, columns, dtype=like.dtype),
            lambda tf, like, rows, columns: tf.keras.ops.eye(rows, columns, dtype=like.dtype),
        ],
        jax=[lambda jax, like, rows, columns: jax.numpy.eye(rows, columns, dtype=like.dtype)],
        samples=focused(
            given(0.0, rows=3, columns=3, name="square", edge=False),
            given(0.0, rows=2, columns=4, name="wide", edge=False),
            given(0.0, rows=0, columns=2, name="empty"),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}eye.html", f"{TF}eye"),
    ),
    Case(
        "tri",
        "selection",
        ref.tri,
        torch=[lambda torch, like, rows, columns, k: torch.ones(rows, columns, dtype=like.dtype).tril(k)],
        tensorflow=[
            lambda tf, like, rows, columns, k: tf.keras.ops.tri(rows, columns, k, like.dtype),
            lambda tf, like, rows, columns, k: tf.experimental.numpy.tri(rows, columns, k, like.dtype.as_numpy_dtype),
        ],
        jax=[lambda jax, like, rows, columns, k: jax.numpy.tri(rows, columns, k, dtype=like.dtype)],
        samples=focused(
            given(0.0, rows=3, columns=3, k=0, name="square", edge=False),
            given(0.0, rows=2, columns=4, k=1, name="wide", edge=False),
            given(0.0, rows=2, columns=2, k=-2, name="nothing"),
        ),
        dtypes=(*FLOATS, "int32"),
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.tri.html",),
    ),
    Case(
        "arange",
        "selection",
        ref.arange,
        torch=[lambda torch, like, start, stop, step: torch.arange(start, stop, step, dtype=like.dtype)],
        tensorflow=[
            lambda tf, like, start, stop, step: tf.range(start, stop, step, dtype=like.dtype),
            lambda tf, like, start, stop, step: tf.keras.ops.arange(start, stop, step, dtype=like.dtype),
            lambda tf, like, start, stop, step: tf.experimental.numpy.arange(
                start, stop, step, like.dtype.as_numpy_dtype
            ),
        ],
        jax=[lambda jax, like, start, stop, step: jax.numpy.arange(start, stop, step, dtype=like.dtype)],
        samples=[
            given(0.0, start=0, stop=7, step=1, name="whole", edge=False),
            given(0.0, start=9, stop=-2, step=-3, name="backwards", edge=False, dtypes=(*FLOATS, *SIGNED)),
            given(0.0, start=-1.0, stop=1.25, step=0.25, name="quarters", edge=False, dtypes=FLOATS),
            given(0.0, start=3, stop=3, step=1, name="empty"),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(f"{TORCH}arange.html", f"{TF}range"),
    ),
    Case(
        "linspace",
        "reduction",
        ref.linspace,
        torch=[lambda torch, start, stop, n: torch.linspace(start, stop, n, dtype=start.dtype)],
        tensorflow=[
            lambda tf, start, stop, n: tf.linspace(start, stop, n),
            lambda tf, start, stop, n: tf.keras.ops.linspace(start, stop, n, dtype=start.dtype),
        ],
        jax=[lambda jax, start, stop, n: jax.numpy.linspace(start, stop, n)],
        samples=focused(
            given(-1.0, 2.0, n=100, name="through-zero", edge=False),
            normal((), (), n=33),
            given(5.0, 1.0, n=9, name="backwards", edge=False),
            given(3.0, 8.0, n=1, name="one-element"),
            given(2.0, 2.0, n=4, name="constant"),
            given(3.0, 8.0, n=0, name="empty"),
        ),
        sources=(f"{TORCH}linspace.html", f"{TF}linspace"),
    ),
    Case(
        "logspace",
        "reduction",
        ref.logspace,
        torch=[lambda torch, start, stop, n, base: torch.logspace(start, stop, n, base, dtype=start.dtype)],
        tensorflow=[
            lambda tf, start, stop, n, base: tf.keras.ops.logspace(start, stop, n, base=base, dtype=start.dtype),
            lambda tf, start, stop, n, base: tf.experimental.numpy.logspace(start, stop, n, base=base),
        ],
        jax=[lambda jax, start, stop, n, base: jax.numpy.logspace(start, stop, n, base=base)],
        samples=focused(
            given(-1.0, 2.0, n=20, base=10, name="decades", edge=False),
            given(3.0, -3.0, n=7, base=2, name="octaves-down", edge=False),
            given(2.0, 5.0, n=1, base=10, name="one-element"),
        ),
        sources=(f"{TORCH}logspace.html", "https://numpy.org/doc/stable/reference/generated/numpy.logspace.html"),
    ),
    Case(
        "full",
        "selection",
        ref.full,
        vjp=adjoint(ref.full),
        torch=[lambda torch, value, shape: value.expand(shape).clone()],
        tensorflow=[
            lambda tf, value, shape: tf.fill(shape, value),
            lambda tf, value, shape: tf.keras.ops.full(shape, value, dtype=value.dtype),
        ],
        jax=[lambda jax, value, shape: jax.numpy.full(shape, value)],
        samples=focused(
            normal((), shape=(2, 3)),
            normal((), shape=(), name="0-d", edge=True),
            normal((), shape=(0, 2), name="empty", edge=True),
            given(np.nan, shape=(3,), name="nonfinite", gradient=False, dtypes=("float32",)),
        ),
        dtypes=SORTS,
        sources=(f"{TORCH}full.html", f"{TF}fill"),
    ),
    Case(
        "zeros_like",
        "selection",
        ref.zeros_like,
        torch=[
            lambda torch, x: torch.zeros_like(x),
            lambda torch, x: torch.zeros(x.shape, dtype=x.dtype),
            lambda torch, x: x.new_zeros(x.shape),
        ],
        tensorflow=[
            lambda tf, x: tf.zeros_like(x),
            lambda tf, x: tf.zeros(tf.shape(x), x.dtype),
            lambda tf, x: tf.keras.ops.zeros_like(x),
        ],
        jax=[lambda jax, x: jax.numpy.zeros_like(x), lambda jax, x: jax.numpy.zeros(x.shape, x.dtype)],
        samples=focused(normal((2, 3)), normal((), name="0-d", edge=True), empty((0, 2)), specials(8)),
        dtypes=DTYPES,
        sources=(f"{TORCH}zeros_like.html", f"{TF}zeros_like"),
    ),
    Case(
        "ones_like",
        "selection",
        ref.ones_like,
        torch=[
            lambda torch, x: torch.ones_like(x),
            lambda torch, x: torch.ones(x.shape, dtype=x.dtype),
            lambda torch, x: x.new_ones(x.shape),
        ],
        tensorflow=[
            lambda tf, x: tf.ones_like(x),
            lambda tf, x: tf.ones(tf.shape(x), x.dtype),
            lambda tf, x: tf.keras.ops.ones_like(x),
        ],
        jax=[lambda jax, x: jax.numpy.ones_like(x), lambda jax, x: jax.numpy.ones(x.shape, x.dtype)],
        samples=focused(normal((2, 3)), normal((), name="0-d", edge=True), empty((0, 2)), specials(8)),
        dtypes=SORTS,
        sources=(f"{TORCH}ones_like.html", f"{TF}ones_like"),
    ),
    Case(
        "full_like",
        "selection",
        ref.full_like,
        torch=[
            lambda torch, x, value: torch.full_like(x, value),
            lambda torch, x, value: torch.full(x.shape, value, dtype=x.dtype),
            lambda torch, x, value: x.new_full(x.shape, value),
        ],
        tensorflow=[
            lambda tf, x, value: tf.keras.ops.full_like(x, value),
            lambda tf, x, value: tf.fill(tf.shape(x), tf.cast(value, x.dtype)),
            lambda tf, x, value: tf.experimental.numpy.full_like(x, value),
        ],
        jax=[lambda jax, x, value: jax.numpy.full_like(x, value)],
        samples=focused(
            normal((2, 3), value=7),
            normal((), value=1, name="0-d", edge=True),
            empty((0, 2), value=3),
            normal((2,), value=-1, name="negative", dtypes=(*FLOATS, *SIGNED)),
        ),
        dtypes=(*FLOATS, *INTEGERS),
        sources=(f"{TORCH}full_like.html", "https://numpy.org/doc/stable/reference/generated/numpy.full_like.html"),
    ),
)

CASES: tuple[Case, ...] = (*DIAGONALS, *GRIDS, *FROM_A_SHAPE)
