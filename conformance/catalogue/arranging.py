"""Shapes: what moves numbers, whatever they are."""

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import DTYPES, FLOATS, Case, Sample
from conformance.reference import arranging as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
SHAPES = ("float64", "float32")
NUMBERS = (*FLOATS, "complex64", "int64", "int32")
SORTS = (*NUMBERS, "uint8", "bool")


def focused(first: Sample, *others: Sample) -> list[Sample]:
    """The first sample at every dtype; the others, which are about shapes, at one: a copy does not look at what it
    copies."""
    return [first, *(replace(s, dtypes=SHAPES) if s.dtypes == DTYPES else s for s in others)]


def specials(*shape: int, name: str = "nonfinite", **options: Any) -> Sample:
    """Infinities, NaN, signed zeros and subnormals must arrive as they were."""
    values = np.resize([np.inf, -np.inf, np.nan, -0.0, 0.0, 1e-42, 1e-7, 1.0], shape)
    return given(values, name=name, gradient=False, dtypes=("float32",), **options)


def empty(*shapes: tuple[int, ...], name: str = "empty", **options: Any) -> Sample:
    return sample(name, lambda _: tuple(np.zeros(s) for s in shapes), edge=True, **options)


AXES = (
    Case(
        "reshape",
        "selection",
        ref.reshape,
        vjp=adjoint(ref.reshape),
        torch=[
            lambda torch, x, shape: torch.reshape(x, shape),
            lambda torch, x, shape: x.view(shape),
            lambda torch, x, shape: x.mT.contiguous().mT.reshape(shape) if x.ndim > 1 else x.reshape(shape),
        ],
        tensorflow=[lambda tf, x, shape: tf.reshape(x, shape), lambda tf, x, shape: tf.keras.ops.reshape(x, shape)],
        jax=[lambda jax, x, shape: jax.numpy.reshape(x, shape)],
        samples=focused(
            normal((4, 6), shape=(2, 3, 4)),
            normal((4, 6), shape=(3, -1), name="rest"),
            normal((1, 1, 1), shape=(), name="to-0-d", edge=True),
            empty((0, 3), shape=(3, 0, 2)),
            specials(8, shape=(2, 4)),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}reshape.html", f"{TF}reshape"),
    ),
    Case(
        "transpose",
        "selection",
        ref.transpose,
        vjp=adjoint(ref.transpose),
        torch=[lambda torch, x, axes: torch.permute(x, axes), lambda torch, x, axes: x.permute(*axes)],
        tensorflow=[lambda tf, x, axes: tf.transpose(x, axes), lambda tf, x, axes: tf.keras.ops.transpose(x, axes)],
        jax=[lambda jax, x, axes: jax.numpy.transpose(x, axes)],
        samples=focused(
            normal((3, 4, 5), axes=(2, 0, 1)),
            normal((3, 4), axes=(1, 0), name="matrix"),
            normal((2, 3, 1, 2, 2), axes=(4, 2, 0, 3, 1), name="rank-5"),
            empty((2, 0, 3), axes=(1, 2, 0)),
            specials(2, 4, axes=(1, 0)),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}permute.html", f"{TF}transpose"),
    ),
    Case(
        "swapaxes",
        "selection",
        ref.swapaxes,
        vjp=adjoint(ref.swapaxes),
        torch=[
            lambda torch, x, first, second: torch.transpose(x, first, second),
            lambda torch, x, first, second: torch.swapaxes(x, first, second),
        ],
        tensorflow=[
            lambda tf, x, first, second: tf.keras.ops.swapaxes(x, first, second),
            lambda tf, x, first, second: tf.experimental.numpy.swapaxes(x, first, second),
        ],
        jax=[lambda jax, x, first, second: jax.numpy.swapaxes(x, first, second)],
        samples=focused(
            normal((3, 4, 5), first=0, second=2),
            normal((3, 4, 5), first=-1, second=1, name="negative-axis"),
            normal((3, 4), first=1, second=1, name="same-axis", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}transpose.html", "https://numpy.org/doc/stable/reference/generated/numpy.swapaxes.html"),
    ),
    Case(
        "moveaxis",
        "selection",
        ref.moveaxis,
        vjp=adjoint(ref.moveaxis),
        torch=[
            lambda torch, x, source, destination: torch.movedim(x, source, destination),
            lambda torch, x, source, destination: torch.moveaxis(x, source, destination),
        ],
        tensorflow=[
            lambda tf, x, source, destination: tf.keras.ops.moveaxis(x, source, destination),
            lambda tf, x, source, destination: tf.experimental.numpy.moveaxis(x, source, destination),
        ],
        jax=[lambda jax, x, source, destination: jax.numpy.moveaxis(x, source, destination)],
        samples=focused(
            normal((3, 4, 5), source=(0,), destination=(2,)),
            normal((2, 3, 4, 5), source=(0, -1), destination=(-1, 1), name="two-axes"),
            normal((3, 4), source=(1,), destination=(1,), name="same-place", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}movedim.html", "https://numpy.org/doc/stable/reference/generated/numpy.moveaxis.html"),
    ),
    Case(
        "matrix_transpose",
        "selection",
        ref.matrix_transpose,
        vjp=adjoint(ref.matrix_transpose),
        torch=[lambda torch, x: x.mT, lambda torch, x: torch.transpose(x, -1, -2)],
        tensorflow=[
            lambda tf, x: tf.linalg.matrix_transpose(x),
            lambda tf, x: tf.keras.layers.Permute((2, 1), dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x: jax.numpy.matrix_transpose(x), lambda jax, x: x.mT],
        samples=focused(
            normal((2, 3, 4)),
            normal((3, 1, 5), name="one-row"),
            empty((2, 0, 3)),
        ),
        sources=(f"{TF}linalg/matrix_transpose",),
    ),
    Case(
        "ravel",
        "selection",
        ref.ravel,
        vjp=adjoint(ref.ravel),
        torch=[lambda torch, x: torch.ravel(x), lambda torch, x: torch.flatten(x)],
        tensorflow=[
            lambda tf, x: tf.keras.ops.ravel(x),
            lambda tf, x: tf.reshape(x, [-1]),
            lambda tf, x: tf.experimental.numpy.ravel(x),
        ],
        jax=[lambda jax, x: jax.numpy.ravel(x)],
        samples=focused(normal((3, 4, 2)), normal((), name="0-d", edge=True), empty((0, 3))),
        dtypes=NUMBERS,
        sources=(f"{TORCH}ravel.html", "https://numpy.org/doc/stable/reference/generated/numpy.ravel.html"),
    ),
    Case(
        "squeeze",
        "selection",
        ref.squeeze,
        vjp=adjoint(ref.squeeze),
        torch=[lambda torch, x, axis: torch.squeeze(x) if axis is None else torch.squeeze(x, axis)],
        tensorflow=[
            lambda tf, x, axis: tf.squeeze(x, axis),
            lambda tf, x, axis: tf.keras.ops.squeeze(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.squeeze(x, axis)],
        samples=focused(
            normal((1, 3, 1, 2), axis=None),
            normal((1, 3, 1, 2), axis=-2, name="negative-axis"),
            normal((1, 3, 1, 2), axis=(0, 2), name="two-axes"),
            normal((1, 1), axis=None, name="to-0-d", edge=True),
            empty((1, 0), axis=0),
        ),
        dtypes=SORTS,
        sources=(f"{TORCH}squeeze.html", f"{TF}squeeze"),
    ),
    Case(
        "expand_dims",
        "selection",
        ref.expand_dims,
        vjp=adjoint(ref.expand_dims),
        torch=[lambda torch, x, axis: torch.unsqueeze(x, axis)],
        tensorflow=[
            lambda tf, x, axis: tf.expand_dims(x, axis),
            lambda tf, x, axis: tf.keras.ops.expand_dims(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.expand_dims(x, axis)],
        samples=focused(
            normal((3, 4), axis=1),
            normal((3, 4), axis=-1, name="negative-axis"),
            normal((), axis=0, name="0-d", edge=True),
            empty((0, 3), axis=2),
        ),
        dtypes=SORTS,
        sources=(f"{TORCH}unsqueeze.html", f"{TF}expand_dims"),
    ),
    Case(
        "broadcast_to",
        "selection",
        ref.broadcast_to,
        vjp=adjoint(ref.broadcast_to),
        torch=[
            lambda torch, x, shape: torch.broadcast_to(x, shape),
            lambda torch, x, shape: x.expand(shape),
        ],
        tensorflow=[
            lambda tf, x, shape: tf.broadcast_to(x, shape),
            lambda tf, x, shape: tf.keras.ops.broadcast_to(x, shape),
        ],
        jax=[lambda jax, x, shape: jax.numpy.broadcast_to(x, shape)],
        samples=focused(
            normal((3, 1, 5), shape=(2, 3, 4, 5)),
            normal((4,), shape=(3, 4), name="rows"),
            normal((), shape=(2, 3), name="0-d", edge=True),
            normal((1, 3), shape=(0, 3), name="to-empty", edge=True),
            specials(8, 1, shape=(8, 2)),
        ),
        dtypes=SORTS,
        sources=(f"{TORCH}broadcast_to.html", f"{TF}broadcast_to"),
    ),
    Case(
        "broadcast_arrays",
        "selection",
        ref.broadcast_arrays,
        vjp=adjoint(ref.broadcast_arrays),
        torch=[lambda torch, a, b: tuple(torch.broadcast_tensors(a, b))],
        tensorflow=[lambda tf, a, b: tuple(tf.experimental.numpy.broadcast_arrays(a, b))],
        jax=[lambda jax, a, b: jax.numpy.broadcast_arrays(a, b)],
        samples=focused(
            normal((3, 1), (4,)),
            normal((2, 1, 3), (5, 1), name="both-grow"),
            normal((), (2, 2), name="0-d", edge=True),
        ),
        sources=(f"{TORCH}broadcast_tensors.html",),
    ),
)

PIECES = (
    Case(
        "concat",
        "selection",
        ref.concat,
        vjp=adjoint(ref.concat),
        torch=[
            lambda torch, a, b, c, axis: torch.cat((a, b, c), axis),
            lambda torch, a, b, c, axis: torch.concatenate((a, b, c), axis),
        ],
        tensorflow=[
            lambda tf, a, b, c, axis: tf.concat((a, b, c), axis),
            lambda tf, a, b, c, axis: tf.keras.ops.concatenate((a, b, c), axis),
            lambda tf, a, b, c, axis: tf.keras.layers.Concatenate(
                axis, dtype=tf.keras.backend.standardize_dtype(a.dtype)
            )((a, b, c)),
        ],
        jax=[
            lambda jax, a, b, c, axis: jax.numpy.concatenate((a, b, c), axis),
            lambda jax, a, b, c, axis: jax.numpy.concat((a, b, c), axis=axis),
        ],
        samples=focused(
            normal((3, 2), (3, 5), (3, 1), axis=1),
            normal((2, 3), (1, 3), (4, 3), axis=-2, name="negative-axis"),
            normal((3, 2), (3, 0), (3, 1), axis=1, name="one-of-them-empty", edge=True),
            normal((2, 1), (2, 2), (2, 3), axis=1, name="mixed-sizes"),
            given([[np.inf, -0.0]], [[np.nan, 1.0]], [[1e-42, -np.inf]], axis=1, name="nonfinite", gradient=False),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}cat.html", f"{TF}concat"),
    ),
    Case(
        "stack",
        "selection",
        ref.stack,
        vjp=adjoint(ref.stack),
        torch=[lambda torch, a, b, c, axis: torch.stack((a, b, c), axis)],
        tensorflow=[
            lambda tf, a, b, c, axis: tf.stack((a, b, c), axis),
            lambda tf, a, b, c, axis: tf.keras.ops.stack((a, b, c), axis),
        ],
        jax=[lambda jax, a, b, c, axis: jax.numpy.stack((a, b, c), axis)],
        samples=focused(
            normal((3, 4), (3, 4), (3, 4), axis=1),
            normal((3, 4), (3, 4), (3, 4), axis=-1, name="negative-axis"),
            normal((), (), (), axis=0, name="0-d", edge=True),
            empty((2, 0), (2, 0), (2, 0), axis=0),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}stack.html", f"{TF}stack"),
    ),
    Case(
        "hstack",
        "selection",
        ref.hstack,
        vjp=adjoint(ref.hstack),
        torch=[lambda torch, a, b: torch.hstack((a, b))],
        tensorflow=[
            lambda tf, a, b: tf.keras.ops.hstack((a, b)),
            lambda tf, a, b: tf.experimental.numpy.hstack((a, b)),
        ],
        jax=[lambda jax, a, b: jax.numpy.hstack((a, b))],
        samples=focused(
            normal((3, 2), (3, 4)),
            normal((3,), (2,), name="vectors", edge=True),
            normal((2, 1, 3), (2, 4, 3), name="rank-3"),
        ),
        sources=(f"{TORCH}hstack.html",),
    ),
    Case(
        "vstack",
        "selection",
        ref.vstack,
        vjp=adjoint(ref.vstack),
        torch=[lambda torch, a, b: torch.vstack((a, b)), lambda torch, a, b: torch.row_stack((a, b))],
        tensorflow=[
            lambda tf, a, b: tf.keras.ops.vstack((a, b)),
            lambda tf, a, b: tf.experimental.numpy.vstack((a, b)),
        ],
        jax=[lambda jax, a, b: jax.numpy.vstack((a, b))],
        samples=focused(
            normal((2, 3), (4, 3)),
            normal((3,), (3,), name="vectors", edge=True),
            normal((1, 2, 3), (4, 2, 3), name="rank-3"),
        ),
        sources=(f"{TORCH}vstack.html",),
    ),
    Case(
        "dstack",
        "selection",
        ref.dstack,
        vjp=adjoint(ref.dstack),
        torch=[lambda torch, a, b: torch.dstack((a, b))],
        tensorflow=[
            lambda tf, a, b: tf.keras.ops.dstack((a, b)),
            lambda tf, a, b: tf.experimental.numpy.dstack((a, b)),
        ],
        jax=[lambda jax, a, b: jax.numpy.dstack((a, b))],
        samples=focused(
            normal((2, 3), (2, 3)),
            normal((3,), (3,), name="vectors", edge=True),
            normal((2, 3, 1), (2, 3, 4), name="rank-3"),
        ),
        sources=(f"{TORCH}dstack.html",),
    ),
    Case(
        "split",
        "selection",
        ref.split,
        vjp=adjoint(ref.split),
        torch=[
            lambda torch, x, sizes, axis: torch.split(x, sizes, axis),
            lambda torch, x, sizes, axis: torch.tensor_split(x, list(np.cumsum(sizes)[:-1]), axis),
        ],
        tensorflow=[
            lambda tf, x, sizes, axis: tuple(tf.split(x, sizes, axis)),
            lambda tf, x, sizes, axis: tuple(tf.keras.ops.split(x, [int(n) for n in np.cumsum(sizes)[:-1]], axis)),
        ],
        jax=[
            lambda jax, x, sizes, axis: jax.numpy.split(x, np.cumsum(sizes)[:-1], axis),
            lambda jax, x, sizes, axis: jax.lax.split(x, sizes, axis % x.ndim),
        ],
        samples=focused(
            normal((3, 7), sizes=(2, 4, 1), axis=1),
            normal((6, 2), sizes=(1, 5), axis=-2, name="negative-axis"),
            normal((5,), sizes=(5,), axis=0, name="one-piece", edge=True),
            normal((2, 4), sizes=(0, 3, 1), axis=1, name="one-of-them-empty", edge=True),
            specials(8, sizes=(3, 5), axis=0),
        ),
        dtypes=SORTS,
        sources=(f"{TORCH}split.html", f"{TF}split"),
    ),
    Case(
        "split_evenly",
        "selection",
        ref.split_evenly,
        vjp=adjoint(ref.split_evenly),
        torch=[
            lambda torch, x, sections, axis: torch.split(x, x.shape[axis] // sections, axis),
            lambda torch, x, sections, axis: torch.chunk(x, sections, axis),
            lambda torch, x, sections, axis: torch.hsplit(x, sections) if axis == 1 else torch.vsplit(x, sections),
        ],
        tensorflow=[
            lambda tf, x, sections, axis: tuple(tf.split(x, sections, axis)),
            lambda tf, x, sections, axis: tuple(tf.keras.ops.split(x, sections, axis)),
        ],
        jax=[lambda jax, x, sections, axis: jax.numpy.split(x, sections, axis)],
        samples=focused(
            normal((3, 6), sections=3, axis=1),
            normal((6, 2), sections=2, axis=0, name="first-axis"),
            normal((2, 4), sections=4, axis=1, name="one-element-each", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}chunk.html", f"{TF}split"),
    ),
    Case(
        "array_split",
        "selection",
        ref.array_split,
        vjp=adjoint(ref.array_split),
        torch=[lambda torch, x, sections, axis: torch.tensor_split(x, sections, axis)],
        tensorflow=[lambda tf, x, sections, axis: tuple(tf.keras.ops.array_split(x, sections, axis))],
        jax=[lambda jax, x, sections, axis: jax.numpy.array_split(x, sections, axis)],
        samples=focused(
            normal((3, 7), sections=3, axis=1),
            normal((6, 2), sections=4, axis=0, name="first-axis"),
            normal((2, 2), sections=3, axis=1, name="more-than-there-are", edge=True),
        ),
        dtypes=NUMBERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.array_split.html",),
    ),
    Case(
        "unstack",
        "selection",
        ref.unstack,
        vjp=adjoint(ref.unstack),
        torch=[lambda torch, x, axis: torch.unbind(x, axis), lambda torch, x, axis: tuple(x.movedim(axis, 0))],
        tensorflow=[
            lambda tf, x, axis: tuple(tf.unstack(x, axis=axis)),
            lambda tf, x, axis: tuple(tf.keras.ops.unstack(x, axis=axis)),
        ],
        jax=[lambda jax, x, axis: jax.numpy.unstack(x, axis=axis)],
        samples=focused(
            normal((3, 4), axis=0),
            normal((3, 2, 4), axis=-2, name="negative-axis"),
            normal((3,), axis=0, name="vector", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}unbind.html", f"{TF}unstack"),
    ),
)

CASES: tuple[Case, ...] = (*AXES, *PIECES)
