"""Questions with a yes or no, logic, and the bits of integers."""

import numpy as np

from conformance.case import COMPLEX, FLOATS, INTEGERS, Array, Case
from conformance.catalogue.arithmetic import NUMPY, axes, complexes, extremes, integers
from conformance.reference import integers as ref
from fixtures.samples import given, nonfinite, normal, sample

BOTH = given([True, True, False, False], [True, False, True, False], name="truth-table", dtypes=("bool",))
BOOLS = sample("random", lambda rng: tuple(rng.random((2, 8, 33)) < 0.5), dtypes=("bool",))
BROADCAST = sample(
    "broadcast", lambda rng: (rng.random((4, 1, 6)) < 0.5, rng.random((5, 1)) < 0.5), edge=True, dtypes=("bool",)
)
PATTERNS = given(
    [np.inf, -np.inf, 0.0, 1.0, 85.0, 3.0], [1.0, 1.0, np.inf, -np.inf, 51.0, 6.0], name="patterns", dtypes=INTEGERS
)
ENDS = given([0.0, np.inf, -np.inf, 1.0], name="ends", dtypes=INTEGERS)


def shifts(rng: np.random.Generator) -> tuple[Array, ...]:
    """Every number of places below the width of the narrowest format."""
    return rng.integers(-100, 100, (8, 9)).astype(np.float64), rng.integers(0, 7, (8, 9)).astype(np.float64)


CASES = (
    Case(
        "isnan",
        "selection",
        ref.isnan,
        torch=[lambda torch, x: torch.isnan(x)],
        tensorflow=[lambda tf, x: tf.math.is_nan(x), lambda tf, x: tf.keras.ops.isnan(x)],
        jax=[lambda jax, x: jax.numpy.isnan(x)],
        samples=[nonfinite(), normal((8, 33)), *extremes()],
        sources=(NUMPY.format("isnan"),),
    ),
    Case(
        "isinf",
        "selection",
        ref.isinf,
        torch=[lambda torch, x: torch.isinf(x)],
        tensorflow=[lambda tf, x: tf.math.is_inf(x), lambda tf, x: tf.keras.ops.isinf(x)],
        jax=[lambda jax, x: jax.numpy.isinf(x)],
        samples=[nonfinite(), normal((8, 33)), *extremes()],
        sources=(NUMPY.format("isinf"),),
    ),
    Case(
        "isfinite",
        "selection",
        ref.isfinite,
        torch=[lambda torch, x: torch.isfinite(x)],
        tensorflow=[lambda tf, x: tf.math.is_finite(x), lambda tf, x: tf.keras.ops.isfinite(x)],
        jax=[lambda jax, x: jax.numpy.isfinite(x), lambda jax, x: jax.lax.is_finite(x)],
        samples=[nonfinite(), normal((8, 33)), *extremes()],
        sources=(NUMPY.format("isfinite"),),
    ),
    Case(
        "isposinf",
        "selection",
        ref.isposinf,
        torch=[lambda torch, x: torch.isposinf(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.isposinf(x)],
        jax=[lambda jax, x: jax.numpy.isposinf(x)],
        samples=[nonfinite(), normal((8, 33)), *extremes()],
        sources=(NUMPY.format("isposinf"),),
    ),
    Case(
        "isneginf",
        "selection",
        ref.isneginf,
        torch=[lambda torch, x: torch.isneginf(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.isneginf(x)],
        jax=[lambda jax, x: jax.numpy.isneginf(x)],
        samples=[nonfinite(), normal((8, 33)), *extremes()],
        sources=(NUMPY.format("isneginf"),),
    ),
    Case(
        "isreal",
        "selection",
        ref.isreal,
        torch=[lambda torch, x: torch.isreal(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.isreal(x)],
        jax=[lambda jax, x: jax.numpy.isreal(x)],
        samples=[
            normal((8, 33), dtypes=FLOATS),
            given([0.0, -0.0, 1.0], name="zeros", dtypes=FLOATS),
            complexes((4, 9)),
            axes(),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(NUMPY.format("isreal"),),
    ),
    Case(
        "signbit",
        "selection",
        ref.signbit,
        torch=[lambda torch, x: torch.signbit(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.signbit(x)],
        jax=[lambda jax, x: jax.numpy.signbit(x)],
        samples=[
            given([np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0], name="signed-zeros", dtypes=FLOATS),
            normal((8, 33), dtypes=FLOATS),
            integers((4, 9)),
            ENDS,
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("signbit"),),
    ),
    Case(
        "logical_and",
        "selection",
        ref.logical_and,
        torch=[lambda torch, x, y: torch.logical_and(x, y), lambda torch, x, y: x & y],
        tensorflow=[
            lambda tf, x, y: tf.logical_and(x, y),
            lambda tf, x, y: x & y,
            lambda tf, x, y: tf.keras.ops.logical_and(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.logical_and(x, y), lambda jax, x, y: x & y],
        samples=[BOOLS, BOTH, BROADCAST],
        dtypes=("bool",),
        sources=(NUMPY.format("logical_and"),),
    ),
    Case(
        "logical_or",
        "selection",
        ref.logical_or,
        torch=[lambda torch, x, y: torch.logical_or(x, y), lambda torch, x, y: x | y],
        tensorflow=[
            lambda tf, x, y: tf.logical_or(x, y),
            lambda tf, x, y: x | y,
            lambda tf, x, y: tf.keras.ops.logical_or(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.logical_or(x, y), lambda jax, x, y: x | y],
        samples=[BOOLS, BOTH, BROADCAST],
        dtypes=("bool",),
        sources=(NUMPY.format("logical_or"),),
    ),
    Case(
        "logical_xor",
        "selection",
        ref.logical_xor,
        torch=[lambda torch, x, y: torch.logical_xor(x, y), lambda torch, x, y: x ^ y],
        tensorflow=[
            lambda tf, x, y: tf.math.logical_xor(x, y),
            lambda tf, x, y: x ^ y,
            lambda tf, x, y: tf.keras.ops.logical_xor(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.logical_xor(x, y)],
        samples=[BOOLS, BOTH, BROADCAST],
        dtypes=("bool",),
        sources=(NUMPY.format("logical_xor"),),
    ),
    Case(
        "logical_not",
        "selection",
        ref.logical_not,
        torch=[lambda torch, x: torch.logical_not(x), lambda torch, x: ~x],
        tensorflow=[
            lambda tf, x: tf.logical_not(x),
            lambda tf, x: ~x,
            lambda tf, x: tf.keras.ops.logical_not(x),
        ],
        jax=[lambda jax, x: jax.numpy.logical_not(x), lambda jax, x: ~x],
        samples=[
            sample("random", lambda rng: (rng.random((8, 33)) < 0.5,)),
            given([True, False], name="truth-table"),
            given(True, name="0-d"),
        ],
        dtypes=("bool",),
        sources=(NUMPY.format("logical_not"),),
    ),
    Case(
        "bitwise_and",
        "selection",
        ref.bitwise_and,
        torch=[lambda torch, x, y: torch.bitwise_and(x, y), lambda torch, x, y: x & y],
        tensorflow=[
            lambda tf, x, y: tf.bitwise.bitwise_and(x, y),
            lambda tf, x, y: x & y,
            lambda tf, x, y: tf.keras.ops.bitwise_and(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.bitwise_and(x, y), lambda jax, x, y: x & y],
        samples=[PATTERNS, integers((8, 9), (8, 9), low=-100, high=100), integers((4, 1, 6), (5, 1), name="broadcast")],
        dtypes=INTEGERS,
        sources=(NUMPY.format("bitwise_and"),),
    ),
    Case(
        "bitwise_or",
        "selection",
        ref.bitwise_or,
        torch=[lambda torch, x, y: torch.bitwise_or(x, y), lambda torch, x, y: x | y],
        tensorflow=[
            lambda tf, x, y: tf.bitwise.bitwise_or(x, y),
            lambda tf, x, y: x | y,
            lambda tf, x, y: tf.keras.ops.bitwise_or(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.bitwise_or(x, y), lambda jax, x, y: x | y],
        samples=[PATTERNS, integers((8, 9), (8, 9), low=-100, high=100), integers((4, 1, 6), (5, 1), name="broadcast")],
        dtypes=INTEGERS,
        sources=(NUMPY.format("bitwise_or"),),
    ),
    Case(
        "bitwise_xor",
        "selection",
        ref.bitwise_xor,
        torch=[lambda torch, x, y: torch.bitwise_xor(x, y), lambda torch, x, y: x ^ y],
        tensorflow=[
            lambda tf, x, y: tf.bitwise.bitwise_xor(x, y),
            lambda tf, x, y: x ^ y,
            lambda tf, x, y: tf.keras.ops.bitwise_xor(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.bitwise_xor(x, y), lambda jax, x, y: x ^ y],
        samples=[PATTERNS, integers((8, 9), (8, 9), low=-100, high=100), integers((4, 1, 6), (5, 1), name="broadcast")],
        dtypes=INTEGERS,
        sources=(NUMPY.format("bitwise_xor"),),
    ),
    Case(
        "bitwise_not",
        "selection",
        ref.bitwise_not,
        torch=[lambda torch, x: torch.bitwise_not(x), lambda torch, x: ~x],
        tensorflow=[
            lambda tf, x: tf.bitwise.invert(x),
            lambda tf, x: ~x,
            lambda tf, x: tf.keras.ops.bitwise_not(x),
            lambda tf, x: tf.keras.ops.bitwise_invert(x),
        ],
        jax=[lambda jax, x: jax.numpy.bitwise_not(x), lambda jax, x: ~x],
        samples=[integers((8, 9), low=-100, high=100), integers((33,), name="vector"), ENDS],
        dtypes=INTEGERS,
        sources=(NUMPY.format("bitwise_not"),),
    ),
    Case(
        "left_shift",
        "selection",
        ref.left_shift,
        torch=[lambda torch, x, y: torch.bitwise_left_shift(x, y), lambda torch, x, y: x << y],
        tensorflow=[
            lambda tf, x, y: tf.bitwise.left_shift(x, y),
            lambda tf, x, y: tf.keras.ops.left_shift(x, y),
            lambda tf, x, y: tf.keras.ops.bitwise_left_shift(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.left_shift(x, y), lambda jax, x, y: x << y],
        samples=[
            sample("integers", shifts),
            given([1.0, 1.0, 3.0, 0.0, -1.0], [0.0, 7.0, 6.0, 5.0, 3.0], name="to-the-sign"),
            given([1.0, -1.0, 0.0], [64.0, 64.0, 64.0], name="past-the-width"),
        ],
        dtypes=INTEGERS,
        sources=(NUMPY.format("left_shift"),),
    ),
    Case(
        "right_shift",
        "selection",
        ref.right_shift,
        torch=[lambda torch, x, y: torch.bitwise_right_shift(x, y), lambda torch, x, y: x >> y],
        tensorflow=[
            lambda tf, x, y: tf.bitwise.right_shift(x, y),
            lambda tf, x, y: tf.keras.ops.right_shift(x, y),
            lambda tf, x, y: tf.keras.ops.bitwise_right_shift(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.right_shift(x, y), lambda jax, x, y: x >> y],
        samples=[
            given([np.inf, -np.inf, 1.0, -1.0], [1.0, 1.0, 1.0, 1.0], name="sign-kept"),
            sample("integers", shifts),
            given([1.0, -1.0, 0.0], [64.0, 64.0, 64.0], name="past-the-width"),
        ],
        dtypes=INTEGERS,
        sources=(NUMPY.format("right_shift"),),
    ),
)
