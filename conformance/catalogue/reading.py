"""Reading at indices."""

from typing import Any

import numpy as np

from conformance.case import DTYPES, FLOATS, Case, Sample
from conformance.catalogue.arranging import NUMBERS, SORTS, TF, TORCH, focused
from conformance.reference import indexing as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import normal, sample


def reading(name: str, shape: tuple[int, ...], *indices: object, edge: bool = False, **options: Any) -> Sample:
    """Random numbers, read at given indices."""
    arrays = [np.asarray(i, dtype=np.int64) for i in indices]
    return sample(name, lambda rng: (rng.standard_normal(shape), *arrays), edge=edge, **options)


def masked(name: str, shape: tuple[int, ...], mask: object, **options: Any) -> Sample:
    array = np.asarray(mask, dtype=bool)
    return sample(name, lambda rng: (rng.standard_normal(shape), array), **options)


def every_line(tf, indices, axis):
    """Positions, along every axis, of indices along one."""
    lengths = tf.unstack(tf.shape(indices, indices.dtype))
    places = list(tf.meshgrid(*[tf.range(n) for n in lengths], indexing="ij"))
    places[axis] = indices
    return tf.stack(places, -1)


def tf_pick(tf, x, rows, columns):
    shape = tf.broadcast_dynamic_shape(tf.shape(rows), tf.shape(columns))
    return tf.gather_nd(x, tf.stack([tf.broadcast_to(rows, shape), tf.broadcast_to(columns, shape)], -1))


def torch_narrow(torch, x, start, shape):
    for axis, (s, n) in enumerate(zip(start, shape, strict=True)):
        x = torch.narrow(x, axis, s, n)
    return x


SOURCES = (f"{TORCH}gather.html", f"{TF}gather")

CASES = (
    Case(
        "gather",
        "selection",
        ref.gather,
        vjp=adjoint(ref.gather),
        torch=[
            lambda torch, x, indices, axis: x[(slice(None),) * (axis % x.ndim) + (indices,)],
            lambda torch, x, indices, axis: (
                torch.index_select(x, axis, indices.reshape(-1))
                .unflatten(axis, indices.shape or (1,))
                .reshape(*x.shape[: axis % x.ndim], *indices.shape, *x.shape[axis % x.ndim + 1 :])
            ),
        ],
        tensorflow=[
            lambda tf, x, indices, axis: tf.gather(x, indices, axis=axis),
            lambda tf, x, indices, axis: tf.keras.ops.take(x, indices, axis),
            lambda tf, x, indices, axis: tf.experimental.numpy.take(x, indices, axis),
        ],
        jax=[lambda jax, x, indices, axis: jax.numpy.take(x, indices, axis)],
        samples=[
            *focused(
                reading("repeated", (5, 3), [[4, 0], [4, 2]], axis=0),
                reading("last-axis", (2, 3, 5), [3, 3, 0, 4], axis=-1),
                reading("one", (3, 4), 2, axis=1, edge=True),
                reading("none", (3, 4), np.zeros((0, 2)), axis=0, edge=True),
            ),
            reading("out-of-range", (5, 3), [0, 5], axis=0, edge=True, raises=True, dtypes=("float32", "int32")),
            reading("negative", (5, 3), [0, -1], axis=0, edge=True, raises=True, dtypes=("float32", "int32")),
        ],
        dtypes=DTYPES,
        sources=(f"{TORCH}index_select.html", f"{TF}gather"),
    ),
    Case(
        "gather_batch",
        "selection",
        ref.gather_batch,
        vjp=adjoint(ref.gather_batch),
        torch=[
            lambda torch, x, indices: x[torch.arange(len(x))[:, None], indices],
            lambda torch, x, indices: torch.func.vmap(lambda row, i: row[i])(x, indices),
        ],
        tensorflow=[
            lambda tf, x, indices: tf.gather(x, indices, batch_dims=1),
            lambda tf, x, indices: tf.gather_nd(x, indices[..., None], batch_dims=1),
        ],
        jax=[lambda jax, x, indices: jax.vmap(lambda row, i: row[i])(x, indices)],
        samples=focused(
            reading("repeated", (2, 4, 3), [[3, 0, 3], [1, 1, 1]]),
            reading("vectors", (3, 2), [[0], [1], [0]]),
            reading("one", (1, 1), [[0, 0]], edge=True),
        ),
        dtypes=FLOATS,
        sources=SOURCES,
    ),
    Case(
        "gather_nd",
        "selection",
        ref.gather_nd,
        vjp=adjoint(ref.gather_nd),
        torch=[lambda torch, x, indices: x[indices.unbind(-1)]],
        tensorflow=[lambda tf, x, indices: tf.gather_nd(x, indices)],
        jax=[lambda jax, x, indices: x[tuple(indices[..., i] for i in range(indices.shape[-1]))]],
        samples=[
            *focused(
                reading("elements", (3, 4), [[0, 1], [2, 3], [0, 1]]),
                reading("rows", (3, 4, 2), [[[0, 1]], [[2, 0]]]),
                reading("one", (3,), [[2]], edge=True),
            ),
            reading("out-of-range", (3, 4), [[0, 4]], edge=True, raises=True, dtypes=("float32",)),
        ],
        dtypes=SORTS,
        sources=(f"{TF}gather_nd",),
    ),
    Case(
        "take",
        "selection",
        ref.take,
        vjp=adjoint(ref.take),
        torch=[lambda torch, x, indices: torch.take(x, indices), lambda torch, x, indices: x.flatten()[indices]],
        tensorflow=[
            lambda tf, x, indices: tf.keras.ops.take(x, indices),
            lambda tf, x, indices: tf.gather(tf.reshape(x, [-1]), indices),
            lambda tf, x, indices: tf.experimental.numpy.take(x, indices),
        ],
        jax=[lambda jax, x, indices: jax.numpy.take(x, indices)],
        samples=focused(
            reading("repeated", (3, 4), [11, 0, 5, 5, 5]),
            reading("matrix", (3, 2), [[0, 5], [2, 2]]),
            reading("first-and-last", (2, 2), [0, 3], edge=True),
            reading("out-of-range", (2, 2), [4], edge=True, raises=True, dtypes=("float32",)),
        ),
        sources=(f"{TORCH}take.html",),
    ),
    Case(
        "take_from_end",
        "selection",
        ref.take_from_end,
        vjp=adjoint(ref.take_from_end),
        torch=[lambda torch, x, indices: x[indices]],
        tensorflow=[
            lambda tf, x, indices: tf.keras.ops.take(x, indices, axis=0),
            lambda tf, x, indices: tf.gather(x, indices % tf.shape(x, indices.dtype)[0]),
            lambda tf, x, indices: tf.experimental.numpy.take(x, indices, axis=0, mode="wrap"),
        ],
        jax=[lambda jax, x, indices: x[indices]],
        samples=focused(
            reading("mixed", (5, 2), [-1, 0, -5, 4]),
            reading("all-negative", (3,), [-3, -2, -1, -1]),
            reading("one", (1,), [-1], edge=True),
        ),
        dtypes=NUMBERS,
        sources=("https://numpy.org/doc/stable/user/basics.indexing.html", "https://keras.io/api/ops/numpy/"),
    ),
    Case(
        "take_along_axis",
        "selection",
        ref.take_along_axis,
        vjp=adjoint(ref.take_along_axis),
        # Not where lines are broadcast: torch.gather and gather_nd take them as they are.
        defined=lambda x, indices, *, axis: (
            np.delete(x.shape, axis).tolist() == np.delete(indices.shape, axis).tolist()
        ),
        torch=[
            lambda torch, x, indices, axis: torch.gather(x, axis, indices),
            lambda torch, x, indices, axis: torch.take_along_dim(x, indices, axis),
        ],
        tensorflow=[
            lambda tf, x, indices, axis: tf.keras.ops.take_along_axis(x, indices, axis),
            lambda tf, x, indices, axis: tf.experimental.numpy.take_along_axis(x, indices, axis),
            lambda tf, x, indices, axis: tf.gather_nd(x, every_line(tf, indices, axis)),
        ],
        jax=[lambda jax, x, indices, axis: jax.numpy.take_along_axis(x, indices, axis)],
        samples=[
            *focused(
                reading("repeated", (3, 4), [[1, 1, 1], [0, 3, 0], [2, 2, 3]], axis=1),
                reading("negative-axis", (2, 3, 2), [[[0, 2]], [[1, 1]]], axis=-2),
                reading("one", (1, 1), [[0]], axis=0, edge=True),
            ),
            reading("out-of-range", (2, 2), [[0, 2], [0, 0]], axis=1, edge=True, raises=True, dtypes=("float32",)),
        ],
        dtypes=SORTS,
        sources=(f"{TORCH}gather.html", "https://numpy.org/doc/stable/reference/generated/numpy.take_along_axis.html"),
    ),
    Case(
        "integer_array_indexing",
        "selection",
        ref.pick,
        vjp=adjoint(ref.pick),
        torch=[
            lambda torch, x, rows, columns: x[rows, columns],
            lambda torch, x, rows, columns: torch.ops.aten.index(x, [rows, columns]),
        ],
        tensorflow=[tf_pick],
        jax=[lambda jax, x, rows, columns: x[rows, columns]],
        samples=focused(
            reading("pairs", (3, 4), [0, 2, 0], [1, 3, 1]),
            reading("broadcast", (3, 4, 2), [[0], [2]], [3, 0, 3]),
            reading("one", (2, 2), [1], [1], edge=True),
        ),
        dtypes=NUMBERS,
        sources=("https://numpy.org/doc/stable/user/basics.indexing.html",),
    ),
    Case(
        "basic_slicing",
        "selection",
        ref.subscript,
        vjp=adjoint(ref.subscript),
        torch=[lambda torch, x, key: x[key]],
        tensorflow=[lambda tf, x, key: x[key], lambda tf, x, key: tf.keras.ops.get_item(x, key)],
        jax=[lambda jax, x, key: x[key]],
        samples=focused(
            normal((5, 7), key=(slice(1, -1, 2), slice(None, None, 3)), name="steps"),
            normal((3, 4), key=(-1, slice(-3, None)), name="from-the-end"),
            normal((2, 3, 4), key=(Ellipsis, None, 1), name="ellipsis-and-new-axis"),
            normal((2, 3), key=(0, -1), name="to-0-d", edge=True),
            normal((3, 4), key=(slice(2, 2),), name="to-empty", edge=True),
            normal((3,), key=(slice(-10, 10),), name="beyond-the-ends", edge=True),
        ),
        dtypes=DTYPES,
        sources=("https://numpy.org/doc/stable/user/basics.indexing.html", f"{TF}strided_slice"),
    ),
    Case(
        "slicing_backwards",
        "selection",
        ref.subscript,
        vjp=adjoint(ref.subscript),
        torch=[lambda torch, x, key: x[key]],
        tensorflow=[lambda tf, x, key: x[key]],
        jax=[lambda jax, x, key: x[key]],
        samples=focused(
            normal((5, 3), key=(slice(None, None, -1),), name="all"),
            normal((3, 7), key=(slice(None), slice(5, 0, -2)), name="steps"),
            normal((1,), key=(slice(None, None, -1),), name="one-element", edge=True),
        ),
        sources=("https://numpy.org/doc/stable/user/basics.indexing.html",),
    ),
    Case(
        "window",
        "selection",
        ref.window,
        vjp=adjoint(ref.window),
        torch=[torch_narrow],
        tensorflow=[
            lambda tf, x, start, shape: tf.slice(x, start, shape),
            lambda tf, x, start, shape: tf.keras.ops.slice(x, start, shape),
            lambda tf, x, start, shape: tf.strided_slice(x, start, [s + n for s, n in zip(start, shape, strict=True)]),
        ],
        jax=[
            lambda jax, x, start, shape: jax.lax.dynamic_slice(x, start, shape),
            lambda jax, x, start, shape: jax.lax.slice(x, start, [s + n for s, n in zip(start, shape, strict=True)]),
        ],
        samples=focused(
            normal((4, 5), start=(1, 2), shape=(2, 3)),
            normal((4, 5), start=(0, 0), shape=(4, 5), name="all"),
            normal((4, 5), start=(4, 1), shape=(0, 2), name="to-empty", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TF}slice", f"{TORCH}narrow.html"),
    ),
    Case(
        "masked_select",
        "selection",
        ref.masked_select,
        vjp=adjoint(ref.masked_select),
        torch=[
            lambda torch, x, mask: x[mask],
            lambda torch, x, mask: torch.masked_select(x, mask) if mask.ndim == x.ndim else x[mask.nonzero().unbind(1)],
        ],
        tensorflow=[
            lambda tf, x, mask: tf.boolean_mask(x, mask),
            lambda tf, x, mask: x[mask],
            lambda tf, x, mask: tf.gather_nd(x, tf.where(mask)),
        ],
        jax=[lambda jax, x, mask: x[mask]],
        samples=focused(
            masked("elements", (2, 3), [[True, False, True], [False, True, True]]),
            masked("rows", (3, 2), [True, False, True]),
            masked("nothing", (2, 2), [[False, False], [False, False]], edge=True),
            masked("everything", (2, 2), [[True, True], [True, True]], edge=True),
        ),
        dtypes=SORTS,
        sources=(f"{TORCH}masked_select.html", f"{TF}boolean_mask"),
    ),
)
