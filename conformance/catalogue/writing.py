"""Writing at indices."""

from typing import Any

import numpy as np

from conformance.case import DTYPES, FLOATS, Case, Sample
from conformance.catalogue.arranging import NUMBERS, TF, TORCH, focused
from conformance.reference import indexing as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import given, normal, sample


def writing(name: str, shape: tuple[int, ...], indices: object, updates: tuple[int, ...], **options: Any) -> Sample:
    """Random numbers, and others to be written at given indices."""
    index = np.asarray(indices, dtype=np.int64)
    return sample(name, lambda rng: (rng.standard_normal(shape), index, rng.standard_normal(updates)), **options)


def filling(
    name: str, shape: tuple[int, ...], mask: object, source: tuple[int, ...] = (), edge: bool = False
) -> Sample:
    """Random numbers, and others to be put where the mask is true."""
    array = np.asarray(mask, dtype=bool)
    return sample(name, lambda rng: (rng.standard_normal(shape), array, rng.standard_normal(source)), edge=edge)


def stitching(name: str, first: list[int], second: list[int], shape: tuple[int, ...], edge: bool = False) -> Sample:
    indices = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    return sample(name, lambda rng: (*indices, *(rng.standard_normal((len(i), *shape)) for i in indices)), edge=edge)


def every_line(tf, indices, axis):
    """Positions, along every axis, of indices along one."""
    lengths = tf.unstack(tf.shape(indices, indices.dtype))
    places = list(tf.meshgrid(*[tf.range(n) for n in lengths], indexing="ij"))
    places[axis] = indices
    return tf.stack(places, -1)


def torch_index_add(torch, x, indices, updates):
    if indices.shape[1] == 1:
        return torch.index_add(x, 0, indices[:, 0], updates)
    flat = indices[:, 0] * x.shape[1] + indices[:, 1]
    return torch.index_add(x.flatten(), 0, flat, updates).reshape(x.shape)


def torch_rows(torch, x, indices, updates, reduce):
    """Rows reduced into rows by scatter_reduce, which wants an index for every number."""
    index = indices.reshape(-1, *[1] * (updates.ndim - 1)).expand(updates.shape)
    return torch.scatter_reduce(x, 0, index, updates, reduce)


def torch_put(torch, x, indices, updates):
    y = x.clone()
    y[indices.unbind(-1)] = updates
    return y


def torch_window_update(torch, x, updates, start):
    y = x.clone()
    y[tuple(slice(s, s + n) for s, n in zip(start, updates.shape, strict=True))] = updates
    return y


def tf_window_update(tf, x, updates, start):
    lengths = tf.unstack(tf.shape(updates))
    lines = [tf.range(s, s + n) for s, n in zip(start, lengths, strict=True)]
    places = tf.stack(tf.meshgrid(*lines, indexing="ij"), -1)
    return tf.tensor_scatter_nd_update(x, places, updates)


def torch_assign(torch, x, updates, key):
    y = x.clone()
    y[key] = updates
    return y


def tf_assign(tf, x, updates, key):
    """Tensors have no assignment: the flat positions of x[key] are updated."""
    places = tf.reshape(tf.range(tf.size(x)), tf.shape(x))[key]
    flat = tf.tensor_scatter_nd_update(tf.reshape(x, [-1]), tf.reshape(places, [-1, 1]), tf.reshape(updates, [-1]))
    return tf.reshape(flat, tf.shape(x))


def torch_fill_columns(torch, x, indices, value):
    y = x.clone()
    y[:, indices] = value
    return y


def tf_fill_columns(tf, x, indices, value):
    chosen = tf.reduce_any(tf.equal(indices[:, None], tf.range(tf.shape(x, indices.dtype)[1])), 0)
    return tf.where(chosen, value, x)


def torch_fill_in_place(torch, x, mask, value):
    y = x.clone()
    y[mask.expand(y.shape)] = value
    return y


def tf_masked_scatter(tf, x, mask, source):
    places = tf.where(mask)
    return tf.tensor_scatter_nd_update(x, places, tf.reshape(source, [-1])[: tf.shape(places)[0]])


EXTREMA = focused(
    writing("repeated", (4, 2), [[3], [0], [3]], (3, 2)),
    writing("vector", (5,), [[4], [0]], (2,)),
    given([1.0, 2.0], [[0], [0], [1]], [1.0, 1.0, 0.0], name="ties", smooth=False),
    given(
        [np.nan, 2.0, 1.0],
        [[0], [1], [2]],
        [1.0, np.nan, np.inf],
        name="nonfinite",
        gradient=False,
        dtypes=("float32",),
    ),
)


def jax_set_diagonal(jax, x, diagonal):
    i = jax.numpy.arange(diagonal.shape[-1])
    return x.at[..., i, i].set(diagonal)


CASES = (
    Case(
        "scatter_update",
        "selection",
        ref.scatter_update,
        vjp=adjoint(ref.scatter_update),
        torch=[lambda torch, x, indices, updates: torch.index_put(x, indices.unbind(-1), updates), torch_put],
        tensorflow=[
            lambda tf, x, indices, updates: tf.tensor_scatter_nd_update(x, indices, updates),
            lambda tf, x, indices, updates: tf.keras.ops.scatter_update(x, indices, updates),
        ],
        jax=[lambda jax, x, indices, updates: x.at[tuple(indices.T)].set(updates)],
        samples=[
            *focused(
                writing("elements", (3, 4), [[0, 1], [2, 3]], (2,)),
                writing("rows", (4, 2), [[3], [0]], (2, 2)),
                writing("none", (3, 2), np.zeros((0, 1)), (0, 2), edge=True),
                writing("all", (2,), [[1], [0]], (2,), edge=True),
            ),
            writing("out-of-range", (3,), [[3]], (1,), edge=True, raises=True, dtypes=("float32",)),
        ],
        dtypes=DTYPES,
        sources=(f"{TF}tensor_scatter_nd_update", f"{TORCH}Tensor.index_put_.html"),
    ),
    Case(
        "scatter_add",
        "reduction",
        ref.scatter_add,
        vjp=ref.scatter_add_vjp,
        torch=[
            lambda torch, x, indices, updates: torch.index_put(x, indices.unbind(-1), updates, accumulate=True),
            torch_index_add,
        ],
        tensorflow=[
            lambda tf, x, indices, updates: tf.tensor_scatter_nd_add(x, indices, updates),
            lambda tf, x, indices, updates: tf.keras.ops.scatter_update(x, indices, updates, reduction="add"),
        ],
        jax=[lambda jax, x, indices, updates: x.at[tuple(indices.T)].add(updates)],
        samples=[
            writing("repeated", (3, 4), [[0, 1], [2, 3], [0, 1], [0, 1]], (4,)),
            writing("rows", (4, 2), [[3], [0], [3]], (3, 2)),
            writing("one-place-for-all", (2,), [[1]] * 60, (60,), edge=True),
            writing("none", (3, 2), np.zeros((0, 1)), (0, 2), edge=True),
        ],
        dtypes=(*FLOATS, "complex64", "int64", "int32", "int8"),
        sources=(f"{TF}tensor_scatter_nd_add", f"{TORCH}Tensor.index_add_.html"),
    ),
    Case(
        "scatter_sub",
        "reduction",
        ref.scatter_sub,
        vjp=ref.scatter_sub_vjp,
        torch=[
            lambda torch, x, indices, updates: torch.index_put(x, indices.unbind(-1), -updates, accumulate=True),
            lambda torch, x, indices, updates: torch.index_add(x, 0, indices[:, 0], updates, alpha=-1),
        ],
        tensorflow=[lambda tf, x, indices, updates: tf.tensor_scatter_nd_sub(x, indices, updates)],
        jax=[lambda jax, x, indices, updates: x.at[tuple(indices.T)].subtract(updates)],
        samples=focused(
            writing("repeated", (4, 2), [[3], [0], [3]], (3, 2)),
            writing("vector", (5,), [[4], [0]], (2,)),
            writing("none", (3, 2), np.zeros((0, 1)), (0, 2), edge=True),
        ),
        sources=(f"{TF}tensor_scatter_nd_sub", f"{TORCH}Tensor.index_add_.html"),
    ),
    Case(
        "scatter_to_zeros",
        "reduction",
        ref.scatter_new,
        vjp=ref.scatter_new_vjp,
        torch=[
            lambda torch, indices, updates, shape: updates.new_zeros(shape).index_put(
                indices.unbind(-1), updates, accumulate=True
            )
        ],
        tensorflow=[
            lambda tf, indices, updates, shape: tf.scatter_nd(indices, updates, tf.constant(shape, indices.dtype)),
            lambda tf, indices, updates, shape: tf.keras.ops.scatter(indices, updates, shape),
        ],
        jax=[
            lambda jax, indices, updates, shape: jax.numpy.zeros(shape, updates.dtype).at[tuple(indices.T)].add(updates)
        ],
        samples=focused(
            sample("repeated", lambda rng: (np.array([[1], [3], [1]]), rng.standard_normal(3)), shape=(5,)),
            sample("rows", lambda rng: (np.array([[1], [0]]), rng.standard_normal((2, 3))), shape=(4, 3)),
            sample("one", lambda rng: (np.array([[0, 0]]), rng.standard_normal(1)), shape=(1, 1), edge=True),
        ),
        dtypes=(*FLOATS, "complex64", "int32"),
        sources=(f"{TF}scatter_nd", "https://keras.io/api/ops/core/"),
    ),
    Case(
        "scatter_max",
        "selection",
        ref.scatter_max,
        vjp=ref.extremum_vjp(ref.scatter_max),
        torch=[
            lambda torch, x, indices, updates: torch_rows(torch, x, indices, updates, "amax"),
            lambda torch, x, indices, updates: torch.index_reduce(x, 0, indices[:, 0], updates, "amax"),
        ],
        tensorflow=[
            lambda tf, x, indices, updates: tf.tensor_scatter_nd_max(x, indices, updates),
            lambda tf, x, indices, updates: tf.keras.ops.scatter_update(x, indices, updates, reduction="max"),
        ],
        jax=[lambda jax, x, indices, updates: x.at[tuple(indices.T)].max(updates)],
        samples=EXTREMA,
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}tensor_scatter_nd_max", f"{TORCH}scatter_reduce.html"),
    ),
    Case(
        "scatter_min",
        "selection",
        ref.scatter_min,
        vjp=ref.extremum_vjp(ref.scatter_min),
        torch=[
            lambda torch, x, indices, updates: torch_rows(torch, x, indices, updates, "amin"),
            lambda torch, x, indices, updates: torch.index_reduce(x, 0, indices[:, 0], updates, "amin"),
        ],
        tensorflow=[
            lambda tf, x, indices, updates: tf.tensor_scatter_nd_min(x, indices, updates),
            lambda tf, x, indices, updates: tf.keras.ops.scatter_update(x, indices, updates, reduction="min"),
        ],
        jax=[lambda jax, x, indices, updates: x.at[tuple(indices.T)].min(updates)],
        samples=EXTREMA,
        dtypes=(*FLOATS, "int64", "int32"),
        sources=(f"{TF}tensor_scatter_nd_min", f"{TORCH}scatter_reduce.html"),
    ),
    Case(
        "scatter_mul",
        "reduction",
        ref.scatter_mul,
        vjp=ref.scatter_mul_vjp,
        torch=[
            lambda torch, x, indices, updates: torch_rows(torch, x, indices, updates, "prod"),
            lambda torch, x, indices, updates: torch.index_reduce(x, 0, indices[:, 0], updates, "prod"),
        ],
        tensorflow=[lambda tf, x, indices, updates: tf.keras.ops.scatter_update(x, indices, updates, reduction="mul")],
        jax=[lambda jax, x, indices, updates: x.at[tuple(indices.T)].multiply(updates)],
        samples=focused(
            writing("repeated", (4, 2), [[3], [0], [3]], (3, 2)),
            writing("vector", (5,), [[4], [0]], (2,)),
            given([2.0, 3.0], [[0], [0], [1]], [0.0, 5.0, 0.0], name="zeros"),
        ),
        dtypes=("float64", "float32", "int32"),
        sources=(f"{TORCH}scatter_reduce.html", "https://keras.io/api/ops/core/"),
    ),
    Case(
        "scatter_along_axis",
        "selection",
        ref.scatter_along_axis,
        vjp=adjoint(ref.scatter_along_axis),
        torch=[
            lambda torch, x, indices, updates, axis: torch.scatter(x, axis, indices, updates),
            lambda torch, x, indices, updates, axis: x.clone().scatter_(axis, indices, updates),
        ],
        tensorflow=[
            lambda tf, x, indices, updates, axis: tf.tensor_scatter_nd_update(x, every_line(tf, indices, axis), updates)
        ],
        jax=[lambda jax, x, indices, updates, axis: jax.numpy.put_along_axis(x, indices, updates, axis, inplace=False)],
        samples=focused(
            writing("rows", (2, 4), [[3, 0], [1, 2]], (2, 2), axis=1),
            writing("columns", (3, 2), [[2, 0]], (1, 2), axis=0),
            writing("one", (1, 1), [[0]], (1, 1), axis=-1, edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}scatter.html",),
    ),
    Case(
        "scatter_add_along_axis",
        "reduction",
        ref.scatter_add_along_axis,
        vjp=ref.scatter_add_along_axis_vjp,
        torch=[
            lambda torch, x, indices, updates, axis: torch.scatter_add(x, axis, indices, updates),
            lambda torch, x, indices, updates, axis: torch.scatter_reduce(x, axis, indices, updates, "sum"),
        ],
        tensorflow=[
            lambda tf, x, indices, updates, axis: tf.tensor_scatter_nd_add(x, every_line(tf, indices, axis), updates)
        ],
        samples=focused(
            writing("repeated", (2, 4), [[3, 3, 0], [1, 2, 1]], (2, 3), axis=1),
            writing("columns", (3, 2), [[2, 0], [2, 0]], (2, 2), axis=0),
            writing("one", (1, 1), [[0]], (1, 1), axis=-1, edge=True),
        ),
        dtypes=(*FLOATS, "complex64", "int32"),
        sources=(f"{TORCH}scatter_add.html",),
    ),
    Case(
        "index_copy",
        "selection",
        ref.scatter_update,
        vjp=adjoint(ref.scatter_update),
        torch=[lambda torch, x, indices, updates: torch.index_copy(x, 0, indices[:, 0], updates)],
        tensorflow=[lambda tf, x, indices, updates: tf.tensor_scatter_nd_update(x, indices, updates)],
        jax=[lambda jax, x, indices, updates: x.at[indices[:, 0]].set(updates)],
        samples=focused(
            writing("rows", (4, 2), [[3], [0]], (2, 2)),
            writing("vector", (5,), [[4], [1]], (2,)),
            writing("none", (3, 2), np.zeros((0, 1)), (0, 2), edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}Tensor.index_copy_.html",),
    ),
    Case(
        "index_fill",
        "selection",
        ref.index_fill,
        vjp=adjoint(ref.index_fill),
        torch=[
            lambda torch, x, indices, value: torch.index_fill(x, 1, indices, value),
            torch_fill_columns,
        ],
        tensorflow=[tf_fill_columns],
        jax=[lambda jax, x, indices, value: x.at[:, indices].set(value)],
        samples=focused(
            writing("columns", (3, 4), [3, 0], ()),
            writing("repeated", (2, 3), [1, 1], ()),
            writing("none", (2, 3), [], (), edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}Tensor.index_fill_.html",),
    ),
    Case(
        "masked_fill",
        "selection",
        ref.masked_fill,
        vjp=adjoint(ref.masked_fill),
        torch=[
            lambda torch, x, mask, value: torch.masked_fill(x, mask, value),
            torch_fill_in_place,
            lambda torch, x, mask, value: torch.where(mask, value, x),
        ],
        tensorflow=[
            lambda tf, x, mask, value: tf.where(mask, value, x),
            lambda tf, x, mask, value: tf.keras.ops.where(mask, value, x),
        ],
        jax=[lambda jax, x, mask, value: jax.numpy.where(mask, value, x)],
        samples=focused(
            filling("some", (2, 3), [[True, False, True], [False, True, True]]),
            filling("broadcast", (2, 3), [True, False, True]),
            filling("nothing", (2,), [False, False], edge=True),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}Tensor.masked_fill_.html", f"{TF}where"),
    ),
    Case(
        "masked_scatter",
        "selection",
        ref.masked_scatter,
        vjp=adjoint(ref.masked_scatter),
        torch=[lambda torch, x, mask, source: torch.masked_scatter(x, mask, source)],
        tensorflow=[tf_masked_scatter],
        samples=focused(
            filling("some", (2, 3), [[True, False, True], [False, True, True]], source=(2, 3)),
            filling("exactly-enough", (4,), [True, False, True, False], source=(2,)),
            filling("nothing", (2,), [False, False], source=(2,), edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}Tensor.masked_scatter_.html",),
    ),
    Case(
        "window_update",
        "selection",
        ref.window_update,
        vjp=adjoint(ref.window_update),
        torch=[torch_window_update],
        tensorflow=[tf_window_update],
        jax=[lambda jax, x, updates, start: jax.lax.dynamic_update_slice(x, updates, start)],
        samples=focused(
            normal((4, 5), (2, 3), start=(1, 2)),
            normal((3,), (3,), start=(0,), name="all"),
            normal((2, 2), (1, 1), start=(1, 1), name="last-element", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}slice_scatter.html",),
    ),
    Case(
        "slice_update",
        "selection",
        ref.window_update,
        # XlaDynamicUpdateSlice, to which keras.ops.slice_update leads, has no gradient.
        torch=[torch_window_update],
        tensorflow=[lambda tf, x, updates, start: tf.keras.ops.slice_update(x, start, updates)],
        jax=[lambda jax, x, updates, start: jax.lax.dynamic_update_slice(x, updates, start)],
        samples=focused(
            normal((4, 5), (2, 3), start=(1, 2)),
            normal((3,), (3,), start=(0,), name="all"),
            normal((2, 2), (1, 1), start=(1, 1), name="last-element", edge=True),
        ),
        dtypes=NUMBERS,
        sources=("https://keras.io/api/ops/core/", f"{TORCH}slice_scatter.html"),
    ),
    Case(
        "slice_assignment",
        "selection",
        ref.strided_update,
        vjp=adjoint(ref.strided_update),
        torch=[torch_assign],
        tensorflow=[tf_assign],
        jax=[lambda jax, x, updates, key: x.at[key].set(updates)],
        samples=focused(
            normal((5, 4), (2, 4), key=(slice(1, -1, 2),), name="steps"),
            normal((3, 4), (3,), key=(slice(None), -1), name="column"),
            normal((2, 3), (), key=(0, 1), name="one-element", edge=True),
            normal((2, 3), (0, 3), key=(slice(1, 1),), name="nothing", edge=True),
        ),
        dtypes=NUMBERS,
        sources=("https://numpy.org/doc/stable/user/basics.indexing.html",),
    ),
    Case(
        "set_diagonal",
        "selection",
        ref.set_diagonal,
        vjp=adjoint(ref.set_diagonal),
        torch=[lambda torch, x, diagonal: torch.diagonal_scatter(x, diagonal, dim1=-2, dim2=-1)],
        tensorflow=[lambda tf, x, diagonal: tf.linalg.set_diag(x, diagonal)],
        jax=[jax_set_diagonal],
        samples=focused(
            normal((2, 3, 3), (2, 3)),
            normal((2, 4), (2,), name="wide"),
            normal((1, 1), (1,), name="one-element", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TF}linalg/set_diag", f"{TORCH}diagonal_scatter.html"),
    ),
    Case(
        "stitch",
        "selection",
        ref.stitch,
        vjp=adjoint(ref.stitch),
        torch=[
            lambda torch, first, second, a, b: torch.empty_like(torch.cat((a, b))).index_copy(
                0, torch.cat((first, second)), torch.cat((a, b))
            )
        ],
        tensorflow=[
            lambda tf, first, second, a, b: tf.dynamic_stitch(
                [tf.cast(first, "int32"), tf.cast(second, "int32")], [a, b]
            )
        ],
        samples=focused(
            stitching("interleaved", [0, 2], [1, 3, 4], (2,)),
            stitching("reversed", [2, 1], [0], ()),
            stitching("one-of-them-empty", [], [1, 0], (2,), edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TF}dynamic_stitch",),
    ),
)
