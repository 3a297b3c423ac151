"""Largest and smallest numbers, where they are, medians, quantiles, histograms."""

import numpy as np

from conformance.case import FLOATS, Case
from conformance.catalogue.norms import reals
from conformance.catalogue.scans import EDGES, INTS, KERAS, NUMPY, SHAPES, TF, TORCH, whole
from conformance.reference import extremes as ref
from fixtures.samples import distinct, given, normal, sample

TIES = given([[2.0, 1.0, 2.0], [1.0, 1.0, 1.0], [-1.0, 0.0, 0.0]], axis=1, name="ties", smooth=False, dtypes=EDGES)
NONFINITE = given(
    [[1.0, np.nan, 3.0], [np.inf, 1.0, -np.inf], [np.nan, np.nan, np.nan], [-np.inf, -np.inf, -np.inf]],
    axis=1, name="nonfinite", gradient=False, dtypes=EDGES,
)  # fmt: skip
EMPTY = sample("empty", lambda _: (np.zeros((3, 0)),), axis=1, edge=True, raises=True, dtypes=EDGES)
ONE = given([[3.0], [-2.0]], axis=1, name="one-element", dtypes=SHAPES)
SIGNED_ZEROS = given([[-0.0, 0.0], [0.0, -0.0]], axis=1, name="signed-zeros", gradient=False, dtypes=EDGES)
ENDS = given([np.inf, -np.inf, 1.0, 0.0], axis=0, name="ends", dtypes=INTS)
"""Infinities become the largest and the smallest integer."""
HOLES = given(
    [[1.0, np.nan, 3.0, 0.5], [2.0, 5.0, 4.0, 8.0], [np.nan, np.nan, 7.0, np.nan]], axis=1, name="holes", smooth=False
)
NOTHING = given([[np.nan, np.nan], [1.0, np.nan]], axis=1, name="nothing", gradient=False)

EXTREMES = (
    reals((8, 33), axis=None),
    normal((4, 5, 6), axis=(0, -1), name="two-axes", dtypes=SHAPES),
    normal((4, 5), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
    TIES,
    given([2.0, 1.0, 2.0], axis=None, name="ties-of-all", smooth=False, dtypes=EDGES),
    NONFINITE,
    EMPTY,
    ONE,
    ENDS,
    whole((3, 7), axis=1),
)
PLACES = (
    reals((4, 9), axis=1),
    normal((4, 5), axis=None, name="all-axes", dtypes=SHAPES),
    normal((4, 5, 3), axis=-2, keepdims=True, name="keepdims", dtypes=SHAPES),
    TIES,
    NONFINITE,
    SIGNED_ZEROS,
    EMPTY,
    ONE,
    ENDS,
)
WITH_PLACES = (
    normal((4, 9), axis=1, dtypes=("float64", "float32", *INTS)),
    distinct((4, 9), axis=1, dtypes=("float16", "bfloat16")),  # of normal numbers some are equal there
    normal((4, 5, 3), axis=-2, name="negative-axis", dtypes=SHAPES),
    TIES,
    NONFINITE,
    ONE,
    ENDS,
)
METHODS = ("lower", "higher", "nearest", "midpoint")


def dims(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis


def tf_place(tf, place, x, axis, keepdims):
    """TensorFlow has neither keepdims nor an axis of all here."""
    y = place(tf.reshape(x, [-1]), 0) if axis is None else place(x, axis)
    return tf.expand_dims(y, axis) if keepdims else y


CASES: tuple[Case, ...] = (
    Case(
        "amax",
        "selection",
        ref.amax,
        vjp=ref.amax_vjp,
        torch=[
            lambda torch, x, axis, keepdims=False: torch.amax(x, dims(x, axis), keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_max(x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.max(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.max(x, axis, keepdims=keepdims)],
        samples=EXTREMES,
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}amax.html", f"{TF}math/reduce_max"),
    ),
    Case(
        "amin",
        "selection",
        ref.amin,
        vjp=ref.amin_vjp,
        torch=[
            lambda torch, x, axis, keepdims=False: torch.amin(x, dims(x, axis), keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf.reduce_min(x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.min(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.min(x, axis, keepdims=keepdims)],
        samples=EXTREMES,
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}amin.html", f"{TF}math/reduce_min"),
    ),
    Case(
        "max_of_all",
        "selection",
        ref.amax,
        vjp=ref.amax_vjp,
        torch=[lambda torch, x: torch.max(x), lambda torch, x: torch.amax(x)],
        tensorflow=[lambda tf, x: tf.reduce_max(x), lambda tf, x: tf.keras.ops.amax(x)],
        jax=[lambda jax, x: jax.numpy.max(x)],
        samples=[
            reals((8, 33)),
            given([2.0, 1.0, 2.0], name="ties", smooth=False, dtypes=EDGES),
            given([1.0, np.nan, 3.0], name="nonfinite", gradient=False, dtypes=EDGES),
            given(3.0, name="0-d", dtypes=SHAPES),
            whole((3, 7)),
        ],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}max.html",),
    ),
    Case(
        "min_of_all",
        "selection",
        ref.amin,
        vjp=ref.amin_vjp,
        torch=[lambda torch, x: torch.min(x), lambda torch, x: torch.amin(x)],
        tensorflow=[lambda tf, x: tf.reduce_min(x), lambda tf, x: tf.keras.ops.amin(x)],
        jax=[lambda jax, x: jax.numpy.min(x)],
        samples=[
            reals((8, 33)),
            given([2.0, 1.0, 1.0], name="ties", smooth=False, dtypes=EDGES),
            given([1.0, np.nan, 3.0], name="nonfinite", gradient=False, dtypes=EDGES),
            given(3.0, name="0-d", dtypes=SHAPES),
            whole((3, 7)),
        ],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}min.html",),
    ),
    Case(
        "max_with_index",
        "selection",
        ref.max_with_index,
        vjp=ref.max_with_index_vjp,
        torch=[lambda torch, x, axis: tuple(torch.max(x, dim=axis))],
        tensorflow=[
            lambda tf, x, axis: (tf.reduce_max(x, axis), tf.argmax(x, axis)),
            lambda tf, x, axis: (tf.keras.ops.max(x, axis), tf.keras.ops.argmax(x, axis)),
        ],
        jax=[lambda jax, x, axis: (jax.numpy.max(x, axis), jax.numpy.argmax(x, axis))],
        samples=WITH_PLACES,
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}max.html", f"{TF}math/reduce_max", f"{TF}math/argmax"),
    ),
    Case(
        "min_with_index",
        "selection",
        ref.min_with_index,
        vjp=ref.min_with_index_vjp,
        torch=[lambda torch, x, axis: tuple(torch.min(x, dim=axis))],
        tensorflow=[
            lambda tf, x, axis: (tf.reduce_min(x, axis), tf.argmin(x, axis)),
            lambda tf, x, axis: (tf.keras.ops.min(x, axis), tf.keras.ops.argmin(x, axis)),
        ],
        jax=[lambda jax, x, axis: (jax.numpy.min(x, axis), jax.numpy.argmin(x, axis))],
        samples=WITH_PLACES,
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}min.html", f"{TF}math/reduce_min", f"{TF}math/argmin"),
    ),
    Case(
        "aminmax",
        "selection",
        ref.aminmax,
        vjp=ref.aminmax_vjp,
        torch=[lambda torch, x, axis: tuple(torch.aminmax(x, dim=axis))],
        tensorflow=[lambda tf, x, axis: (tf.reduce_min(x, axis), tf.reduce_max(x, axis))],
        jax=[lambda jax, x, axis: (jax.numpy.min(x, axis), jax.numpy.max(x, axis))],
        samples=[
            normal((4, 9), axis=None),
            normal((4, 5, 3), axis=-2, name="negative-axis", dtypes=SHAPES),
            TIES,
            NONFINITE,
            ONE,
            ENDS,
        ],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}aminmax.html",),
    ),
    Case(
        "argmax",
        "selection",
        ref.argmax,
        torch=[lambda torch, x, axis, keepdims=False: torch.argmax(x, axis, keepdims)],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf_place(tf, tf.math.argmax, x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.argmax(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.argmax(x, axis, keepdims=keepdims)],
        samples=PLACES,
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}argmax.html", f"{TF}math/argmax"),
    ),
    Case(
        "argmin",
        "selection",
        ref.argmin,
        torch=[lambda torch, x, axis, keepdims=False: torch.argmin(x, axis, keepdims)],
        tensorflow=[
            lambda tf, x, axis, keepdims=False: tf_place(tf, tf.math.argmin, x, axis, keepdims),
            lambda tf, x, axis, keepdims=False: tf.keras.ops.argmin(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis, keepdims=False: jax.numpy.argmin(x, axis, keepdims=keepdims)],
        samples=PLACES,
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}argmin.html", f"{TF}math/argmin"),
    ),
    Case(
        "lower_median",
        "selection",
        ref.lower_median,
        vjp=ref.lower_median_vjp,
        torch=[lambda torch, x, axis: torch.median(x, dim=axis).values],
        samples=[
            reals((4, 9), axis=1),
            normal((6, 4), axis=-2, name="even", dtypes=SHAPES),
            given([[2.0, 1.0, 1.0], [3.0, 3.0, 3.0]], axis=1, name="ties", gradient=False, dtypes=EDGES),
            given(
                [[1.0, np.inf, -np.inf, 2.0], [np.nan, 1.0, 2.0, 3.0]],
                axis=1,
                name="nonfinite",
                gradient=False,
                dtypes=FLOATS,
            ),
            ONE,
            whole((3, 8), axis=1),
        ],
        dtypes=(*FLOATS, *INTS),
        sources=(f"{TORCH}median.html",),
    ),
    Case(
        "median",
        "reduction",
        ref.median,
        vjp=ref.median_vjp,
        torch=[
            lambda torch, x, axis=None, keepdims=False: torch.quantile(x, 0.5, dim=axis, keepdim=keepdims),
        ],
        tensorflow=[
            lambda tf, x, axis=None, keepdims=False: tf.keras.ops.median(x, axis, keepdims),
        ],
        jax=[lambda jax, x, axis=None, keepdims=False: jax.numpy.median(x, axis, keepdims=keepdims)],
        samples=[
            normal((4, 9), axis=1),
            normal((6, 4), axis=-2, keepdims=True, name="even"),
            normal((3, 4), axis=None, name="all-axes"),
            given([[2.0, 1.0, 1.0], [3.0, 3.0, 3.0]], axis=1, name="ties", gradient=False, dtypes=EDGES),
            given([[1.0, np.inf, 3.0], [np.nan, 1.0, 2.0]], axis=1, name="nonfinite", gradient=False, dtypes=EDGES),
            given([[3.0], [-2.0]], axis=1, name="one-element", dtypes=SHAPES),
        ],
        dtypes=("float64", "float32"),  # torch.quantile has no others
        sources=(f"{KERAS}#median-function", f"{TORCH}quantile.html"),
    ),
    Case(
        "quantile",
        "reduction",
        ref.quantile,
        vjp=ref.quantile_vjp,
        torch=[
            lambda torch, x, q, axis=None, method="linear", keepdims=False: torch.quantile(
                x, q, dim=axis, keepdim=keepdims, interpolation=method
            ),
        ],
        tensorflow=[
            lambda tf, x, q, axis=None, method="linear", keepdims=False: tf.keras.ops.quantile(
                x, q, axis, method, keepdims
            ),
        ],
        jax=[
            lambda jax, x, q, axis=None, method="linear", keepdims=False: jax.numpy.quantile(
                x, q, axis, method=method, keepdims=keepdims
            )
        ],
        samples=[
            normal((3, 6), q=0.25, axis=1),
            *(normal((3, 6), q=0.25, axis=1, method=method, name=method, dtypes=SHAPES) for method in METHODS),
            normal((8, 3), q=0.625, axis=-2, keepdims=True, name="keepdims"),
            normal((2, 4), q=0.0, axis=None, name="least", edge=True, dtypes=SHAPES),
            normal((2, 4), q=1.0, axis=None, name="greatest", edge=True, dtypes=SHAPES),
            given([[1.0, 2.0, 4.0, 8.0]], q=0.5, axis=1, method="nearest", name="half-way", dtypes=EDGES),
            given(
                [[1.0, np.inf, 3.0], [np.nan, 1.0, 2.0]], q=0.25, axis=1, name="nonfinite", gradient=False, dtypes=EDGES
            ),
            given([[3.0], [-2.0]], q=0.25, axis=1, name="one-element", dtypes=SHAPES),
        ],
        dtypes=("float64", "float32"),  # torch.quantile has no others
        sources=(f"{NUMPY}quantile.html", f"{TORCH}quantile.html"),
    ),
    Case(
        "nanquantile",
        "reduction",
        ref.nanquantile,
        vjp=ref.nanquantile_vjp,
        torch=[lambda torch, x, q, axis: torch.nanquantile(x, q, dim=axis)],
        tensorflow=[lambda tf, x, q, axis: tf.keras.ops.nanquantile(x, q, axis)],
        jax=[lambda jax, x, q, axis: jax.numpy.nanquantile(x, q, axis)],
        samples=[
            normal((3, 6), q=0.25, axis=1),
            given([[1.0, np.nan, 3.0, 0.5], [2.0, 5.0, 4.0, 8.0]], q=0.25, axis=1, name="holes", smooth=False),
            given([[np.nan, np.nan], [1.0, np.nan]], q=0.25, axis=1, name="nothing", gradient=False),
            given([[3.0], [-2.0]], q=0.25, axis=1, name="one-element", dtypes=SHAPES),
        ],
        dtypes=("float64", "float32"),  # torch.nanquantile has no others
        sources=(f"{NUMPY}nanquantile.html", f"{TORCH}nanquantile.html"),
    ),
    Case(
        "nanmedian",
        "reduction",
        ref.nanmedian,
        vjp=ref.nanmedian_vjp,
        torch=[lambda torch, x, axis: torch.nanquantile(x, 0.5, dim=axis)],
        tensorflow=[lambda tf, x, axis: tf.keras.ops.nanmedian(x, axis)],
        jax=[lambda jax, x, axis: jax.numpy.nanmedian(x, axis)],
        samples=[normal((3, 6), axis=1), HOLES, NOTHING, ONE],
        dtypes=("float64", "float32"),  # torch.nanquantile has no others
        sources=(f"{NUMPY}nanmedian.html",),
    ),
    Case(
        "lower_nanmedian",
        "selection",
        ref.lower_nanmedian,
        vjp=ref.lower_nanmedian_vjp,
        torch=[lambda torch, x, axis: torch.nanmedian(x, dim=axis).values],
        samples=[normal((3, 6), axis=1), HOLES, NOTHING, ONE],
        sources=(f"{TORCH}nanmedian.html",),
    ),
    Case(
        "histogram",
        "selection",
        ref.histogram,
        torch=[
            lambda torch, x, bins, low, high: torch.histc(x, bins, low, high),
            lambda torch, x, bins, low, high: torch.histogram(x, bins, range=(low, high)).hist,
        ],
        tensorflow=[
            lambda tf, x, bins, low, high: tf.histogram_fixed_width(x, tf.constant([low, high], x.dtype), bins),
            lambda tf, x, bins, low, high: tf.keras.ops.histogram(x, bins, (low, high))[0],
        ],
        jax=[lambda jax, x, bins, low, high: jax.numpy.histogram(x, bins, (low, high))[0]],
        samples=[
            sample("inside", lambda rng: (rng.uniform(0, 4, (100,)),), bins=8, low=0.0, high=4.0),
            given([0.0, 0.5, 1.0, 4.0, 3.5], bins=8, low=0.0, high=4.0, name="edges-of-bins"),
            normal((50,), bins=8, low=0.0, high=4.0, name="outside", scale=3, edge=True),
            sample("empty", lambda _: (np.zeros(0),), bins=8, low=0.0, high=4.0, edge=True),
        ],
        dtypes=("float64", "float32"),
        sources=(f"{NUMPY}histogram.html", f"{TORCH}histc.html", f"{TF}histogram_fixed_width"),
    ),
)
