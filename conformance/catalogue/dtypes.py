"""Result types, casts and integer overflow."""

from typing import Any

import ml_dtypes
import numpy as np

from conformance.case import COMPLEX, FLOATS, INTEGERS, Array, Case, Sample
from conformance.catalogue.dtypes_defaults import DEFAULTS
from conformance.catalogue.dtypes_promotion import PROMOTION
from conformance.reference import dtypes as ref
from fixtures.samples import given, normal, sample

SIGNED = ("int64", "int32", "int16", "int8")
UNSIGNED = ("uint64", "uint32", "uint16", "uint8")
REALS = (*FLOATS, *INTEGERS)
WIDE = ("float64", "float32")


# Casts. All targets of a sample are asked for at once; the result is the bits of each.


def bits_of(torch, y):
    """As int64; one NaN for all, the parts of complex numbers."""
    y = torch.view_as_real(y) if y.is_complex() else y
    if y.is_floating_point():
        y = torch.where(torch.isnan(y), torch.full_like(y, float("nan")), y)
        y = y.view({8: torch.int64, 4: torch.int32, 2: torch.int16}[y.element_size()])
    return y.view(torch.int64) if y.dtype == torch.uint64 else y.to(torch.int64)


def each(torch, to, cast):
    return torch.stack([bits_of(torch, cast(getattr(torch, name))) for name in to])


def bits_in_tf(tf, y):
    y = tf.stack([tf.math.real(y), tf.math.imag(y)], -1) if y.dtype.is_complex else y
    if y.dtype.is_floating:
        y = tf.where(tf.math.is_nan(y), tf.abs(tf.constant(float("nan"), y.dtype)), y)
        y = tf.bitcast(y, {8: tf.int64, 4: tf.int32, 2: tf.int16}[y.dtype.size])
    return tf.bitcast(y, tf.int64) if y.dtype == tf.uint64 else tf.cast(y, tf.int64)


def each_in_tf(tf, to, cast):
    return tf.stack([bits_in_tf(tf, cast(name)) for name in to])


TORCH_CASTS = (
    lambda torch, x, to: each(torch, to, lambda dtype: torch.Tensor.to(x, dtype)),
    lambda torch, x, to: each(torch, to, lambda dtype: torch.Tensor.copy_(torch.empty_like(x, dtype=dtype), x)),
)
TF_CASTS = (
    lambda tf, x, to: each_in_tf(tf, to, lambda dtype: tf.cast(x, dtype)),
    lambda tf, x, to: each_in_tf(tf, to, lambda dtype: tf.keras.ops.cast(x, dtype)),
)


def words(values: list[float], dtype: str, **options: Any) -> Sample:
    """Numbers and their bits, for one dtype."""
    form: Any = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype

    def make(_: np.random.Generator) -> tuple[Array, ...]:
        a = np.array(values, np.float64)
        return a, a.astype(form).view(f"i{np.dtype(form).itemsize}")

    return sample(dtype, make, edge=True, dtypes=(dtype,), **options)


LARGE: dict[str, list[int]] = {
    "int64": [
        2**24 + 1, 2**24 + 3, 2**53 + 1, 2**53 + 3, 2**63 - 1, -(2**63), -(2**53) - 1, 257, 259, 2049, 2051, -2049,
        65519, 65520, -65520, 2**31 - 1,
    ],
    "uint64": [2**24 + 1, 2**24 + 3, 2**53 + 1, 2**53 + 3, 2**63, 2**63 + 1025, 2**64 - 1, 257, 259, 2049, 65520],
    "int32": [2**24 + 1, 2**24 + 3, 2**31 - 1, -(2**31), -(2**24) - 1, 257, 259, -257, 2049, 65519, 65520],
    "uint32": [2**24 + 1, 2**24 + 3, 2**31 + 129, 2**32 - 1, 257, 259, 2049, 65519, 65520],
}  # fmt: skip
TWICE: dict[str, list[int]] = {
    # Ties for bfloat16 (257 * 2^k) and float32 ((2^24 + 1) * 2^k), but for a last bit that float32 or float64 drops.
    "int64": [257 * 2**17 + 1, -257 * 2**17 - 1, 257 * 2**40 + 1, (2**24 + 1) * 2**30 + 1, -(2**24 + 1) * 2**30 - 1],
    "uint64": [257 * 2**17 + 1, 257 * 2**40 + 1, (2**24 + 1) * 2**30 + 1, (2**24 + 1) * 2**39 + 1],
    "int32": [257 * 2**17 + 1, -257 * 2**17 - 1, 257 * 2**22 + 1],
    "uint32": [257 * 2**17 + 1, 257 * 2**22 + 1],
}
WIDE_INTEGERS = ("int64", "uint64", "int32", "uint32")
F32_END, BF16_END = 2.0**128 - 2.0**103, 2.0**128 - 2.0**119
"""Halfway between the largest number and what would be the next: rounds to infinity."""

CASTS = (
    Case(
        "cast",
        "selection",
        ref.cast,
        torch=TORCH_CASTS,
        tensorflow=TF_CASTS,
        samples=[
            given([0.0, 1.0, 2.0, 3.0, 64.0, 127.0], name="whole", edge=False, to=REALS, dtypes=(*REALS, "bool")),
            given([0.0, 1.0, 64.0], name="whole-to-complex", edge=False, to=COMPLEX, dtypes=(*REALS, "bool")),
            given([-1.0, -2.0, -64.0, -128.0], name="negative", to=(*SIGNED, *FLOATS), dtypes=(*FLOATS, *SIGNED)),
            given([0.5, 0.99, 1.5, 2.5, 3.75, 100.5, -0.0, 1e-3], name="fractions", to=INTEGERS, dtypes=FLOATS),
            given([-0.5, -0.99, -1.5, -2.5, -100.5, -128.5], name="negative-fractions", to=SIGNED, dtypes=FLOATS),
            given([-0.5, -0.99, -1e-3], name="fractions-above-minus-one", to=UNSIGNED, dtypes=FLOATS),
            given([0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, 1e-7, np.nan], name="to-bool", to=("bool",),
                  dtypes=(*REALS, "bool")),
            given([np.inf, -np.inf, 200.0, -100.0, 7e4, 2.0**33 + 5, -(2.0**33) - 5], name="wrap", to=INTEGERS,
                  dtypes=INTEGERS),
            given([1.5 - 2j, 0.0 + 3j, 100.25 + 0j, -0.0 + 0j], name="complex-to-real", to=(*SIGNED, *FLOATS),
                  dtypes=COMPLEX),
            given([1.5 - 2j, 1 / 3 + 1e-3j, complex(np.inf, -0.0)], name="complex-to-complex", to=COMPLEX,
                  dtypes=COMPLEX),
            given([1.5 - 2j, 0j, 2j, complex(0, np.nan)], name="complex-to-bool", to=("bool",), dtypes=COMPLEX),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTEGERS, "bool"),
        modes=("eager",),  # one kernel in every mode; the next two cases run in all of them
        sources=(
            "https://en.cppreference.com/w/c/language/conversion",
            "https://numpy.org/doc/stable/reference/generated/numpy.ndarray.astype.html",
        ),
    ),
    Case(
        "cast_of_large_integers",
        "selection",
        ref.cast,
        torch=TORCH_CASTS,
        tensorflow=TF_CASTS,
        samples=[
            *(given(np.array(v, d), name=f"halfway-{d}", to=FLOATS, dtypes=(d,)) for d, v in LARGE.items()),
            *(given(np.array(v, d), name=f"double-rounding-{d}", to=FLOATS, dtypes=(d,)) for d, v in TWICE.items()),
        ],
        dtypes=WIDE_INTEGERS,
        sources=("https://doi.org/10.1109/IEEESTD.2019.8766229",),
    ),
    Case(
        "cast_to_narrower_float",
        "selection",
        ref.cast,
        torch=TORCH_CASTS,
        tensorflow=TF_CASTS,
        samples=[
            normal((40,), scale=100, to=FLOATS),
            given([1 + k * 2.0**-e for e in (24, 11, 8) for k in (1, 3, -1)] + [-1 - 2.0**-8, 1 + 2.0**-24 + 2.0**-50],
                  name="halfway", to=FLOATS),
            given([1 + 2.0**-8 + 2.0**-40, 1 + 2.0**-11 + 2.0**-40, -1 - 2.0**-8 - 2.0**-40],
                  name="double-rounding", to=FLOATS, dtypes=("float64",)),
            given([65504.0, 65519.99, 65520.0, -65520.0, F32_END, -F32_END, F32_END * (1 - 2.0**-50), 1e300, BF16_END,
                   BF16_END * (1 - 2.0**-20)], name="overflow", to=FLOATS),
            given([2.0**-149, 2.0**-150, 1.5 * 2.0**-150, -(2.0**-149), 2.0**-127, 3 * 2.0**-25, 2.0**-24, 2.0**-25,
                   2.0**-133, 2.0**-134, 3 * 2.0**-134, 1e-310], name="subnormal", to=FLOATS),
            given([np.nan, np.inf, -np.inf, 0.0, -0.0], name="nonfinite", to=FLOATS),
        ],
        sources=("https://doi.org/10.1109/IEEESTD.2019.8766229", "https://en.wikipedia.org/wiki/Bfloat16_floating-point_format"),
    ),
    Case(
        "cast_out_of_range",  # C17 6.3.1.4: undefined. The reference saturates; what the frameworks do is recorded.
        "selection",
        ref.saturating_cast,
        torch=TORCH_CASTS,
        tensorflow=TF_CASTS,
        samples=[
            given([300.0, -200.0, 7e4, -7e4], name="narrow", to=("int8", "int16"), dtypes=WIDE),
            given([300.0, -1.0, -200.0, 7e4], name="narrow-unsigned", to=("uint8", "uint16"), dtypes=WIDE),
            given([3e9, -3e9, 1e30], name="int32", to=("int32",), dtypes=WIDE),
            given([-1.0, 5e9, 1e30], name="uint32", to=("uint32",), dtypes=WIDE),
            given([1e19, -1e19, 1e30], name="int64", to=("int64",), dtypes=WIDE),
            given([-1.0, 2e19, 1e30], name="uint64", to=("uint64",), dtypes=WIDE),
            given([np.inf, -np.inf], name="infinity", to=INTEGERS, dtypes=FLOATS),
            given([np.nan], name="nan", to=SIGNED[:2], dtypes=FLOATS),
            given([1.0, 100.0, 0.0], name="within", to=INTEGERS, dtypes=FLOATS),
        ],
        sources=("https://webassembly.github.io/spec/core/exec/numerics.html",),
    ),
    Case(
        "saturating_cast",
        "selection",
        ref.saturating_cast,
        tensorflow=[
            lambda tf, x, to: each_in_tf(tf, to, lambda dtype: tf.saturate_cast(x, tf.as_dtype(dtype))),
            lambda tf, x, to: each_in_tf(tf, to, lambda dtype: tf.keras.ops.saturate_cast(x, dtype)),
        ],
        samples=[
            given([300.0, -200.0, 7e4, -1.0, 5.0], name="narrow", to=("int8", "uint8", "int16", "uint16"), dtypes=WIDE),
            given([3e9, -3e9, 1e30, -1.0], name="int32", to=("int32",), dtypes=WIDE),
            given([3e9, -3e9, 1e30, -1.0], name="uint32", to=("uint32",), dtypes=WIDE),
            given([1e19, -1e19, 1e30, 5.0], name="int64", to=("int64",), dtypes=WIDE),
            given([2e19, -1e19, 1e30, 5.0], name="uint64", to=("uint64",), dtypes=WIDE),
            given([np.inf, -np.inf], name="infinity", to=("int8", "uint8", "int16", "uint16")),
            given([np.inf, -np.inf, 200.0, -100.0, 7e4], name="integers", to=INTEGERS, dtypes=INTEGERS),
            given([1.0, 100.0, 0.0, -0.5], name="within", edge=False, to=INTEGERS),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        modes=("eager",),
        sources=("https://www.tensorflow.org/api_docs/python/tf/saturate_cast", "https://keras.io/api/ops/core/"),
    ),
    Case(
        "bitcast",
        "selection",
        ref.bitcast,
        torch=[lambda torch, x, words: torch.Tensor.view(x, words.dtype)],
        tensorflow=[
            lambda tf, x, words: tf.bitcast(x, words.dtype),
            lambda tf, x, words: tf.keras.ops.view(x, words.dtype),
        ],
        jax=[
            lambda jax, x, words: jax.lax.bitcast_convert_type(x, words.dtype),
            lambda jax, x, words: x.view(words.dtype),
        ],
        samples=[words([0.0, -0.0, 1.0, -2.5, 1e-7, np.inf, -np.inf, 65504.0, 1 / 3], d) for d in FLOATS],
        sources=("https://www.tensorflow.org/api_docs/python/tf/bitcast",),
    ),
    Case(
        "bitcast_back",
        "selection",
        ref.bitcast_back,
        torch=[lambda torch, x, words: torch.Tensor.view(words, x.dtype)],
        tensorflow=[
            lambda tf, x, words: tf.bitcast(words, x.dtype),
            lambda tf, x, words: tf.keras.ops.view(words, x.dtype),
        ], jax=[lambda jax, x, words: jax.lax.bitcast_convert_type(words, x.dtype)],
        samples=[words([0.0, -0.0, 1.0, -2.5, 1e-7, np.inf, np.nan, 65504.0, 1 / 3], d) for d in FLOATS],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html",),
    ),
)  # fmt: skip


# Integers: modulo 2^n, as two's complement.


def pairs(name: str, x: list[float], y: list[float], **options: Any) -> Sample:
    return given(np.array(x, float), np.array(y, float), name=name, **options)


def spread(arrays: int, **options: Any) -> Sample:
    """Numbers of every size; those beyond the dtype become its ends."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(rng.choice([-1.0, 1.0], 24) * 2.0 ** rng.uniform(0, 63, 24) for _ in range(arrays))

    return sample("spread", make, **options)


ENDS = pairs("ends", [np.inf, np.inf, -np.inf, -np.inf, 100, 3], [1, np.inf, -1, -np.inf, 100, 5])
SMALL = pairs("small", [1, 2, 3, 10, 0], [4, 1, 5, 10, 7], edge=False)
ONES = [given([np.inf, -np.inf, 0, 1, -1, 100], name="ends"), given([0.0, 1, 2, 3, 11], name="small", edge=False)]
ROWS = [
    given([[np.inf, 2, 1, 1], [-np.inf, -1, -1, 0], [100, 100, 100, 100]], name="ends"),
    given([[0.0, 1, 2, 3]], name="small", edge=False),
    sample("spread", lambda rng: (rng.choice([-1.0, 1.0], (3, 8)) * 2.0 ** rng.uniform(0, 63, (3, 8)),)),
]
UFUNCS = "https://numpy.org/doc/stable/user/basics.types.html#overflow-errors"

OVERFLOW = (
    Case(
        "overflow_add",
        "selection",
        lambda x, y: np.add(x, y),
        torch=[lambda torch, x, y: torch.add(x, y), lambda torch, x, y: x.clone().add_(y)],
        tensorflow=[lambda tf, x, y: tf.add(x, y), lambda tf, x, y: tf.keras.ops.add(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.add(x, y)
            ),
        ],
        samples=[ENDS, SMALL, spread(2)],
        dtypes=INTEGERS,
        sources=(UFUNCS,),
    ),
    Case(
        "overflow_subtract",
        "selection",
        lambda x, y: np.subtract(x, y),
        torch=[lambda torch, x, y: torch.sub(x, y)],
        tensorflow=[lambda tf, x, y: tf.subtract(x, y), lambda tf, x, y: tf.keras.ops.subtract(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.subtract(x, y)
            ),
        ],
        samples=[ENDS, SMALL, spread(2)],
        dtypes=INTEGERS,
        sources=(UFUNCS,),
    ),
    Case(
        "overflow_multiply",
        "selection",
        lambda x, y: np.multiply(x, y),
        torch=[lambda torch, x, y: torch.mul(x, y)],
        tensorflow=[lambda tf, x, y: tf.multiply(x, y), lambda tf, x, y: tf.keras.ops.multiply(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.multiply(x, y)
            ),
        ],
        samples=[ENDS, SMALL, spread(2)],
        dtypes=INTEGERS,
        sources=(UFUNCS,),
    ),
    Case(
        "overflow_negative",
        "selection",
        lambda x: np.negative(x),
        torch=[lambda torch, x: torch.neg(x)],
        tensorflow=[lambda tf, x: tf.negative(x), lambda tf, x: tf.keras.ops.negative(x)],
        jax=[
            lambda jax, x: (
                jax.numpy.negative(x)
            ),
        ],
        samples=[*ONES, spread(1)],
        dtypes=INTEGERS,
        sources=(UFUNCS,),
    ),
    Case(
        "overflow_abs",
        "selection",
        lambda x: np.abs(x),
        torch=[lambda torch, x: torch.abs(x)],
        tensorflow=[lambda tf, x: tf.abs(x), lambda tf, x: tf.keras.ops.abs(x)], jax=[lambda jax, x: jax.numpy.abs(x)],
        samples=[*ONES, spread(1)],
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.absolute.html",),
    ),
    Case(
        "overflow_square",
        "selection",
        lambda x: np.square(x),
        torch=[lambda torch, x: torch.square(x)],
        tensorflow=[lambda tf, x: tf.square(x), lambda tf, x: tf.keras.ops.square(x)],
        jax=[
            lambda jax, x: (
                jax.numpy.square(x)
            ),
        ],
        samples=[*ONES, spread(1)],
        dtypes=INTEGERS,
        sources=(UFUNCS,),
    ),
    Case(
        "overflow_sum",
        "selection",
        ref.own_sum,
        torch=[lambda torch, x: torch.sum(x, -1, dtype=x.dtype)],
        tensorflow=[
            lambda tf, x: tf.reduce_sum(x, -1),
            lambda tf, x: tf.cast(tf.keras.ops.sum(x, -1), x.dtype),
        ], jax=[lambda jax, x: jax.numpy.sum(x, -1, dtype=x.dtype)],
        samples=ROWS,
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.sum.html",),
    ),
    Case(
        "overflow_prod",
        "selection",
        ref.own_prod,
        torch=[lambda torch, x: torch.prod(x, -1, dtype=x.dtype)],
        tensorflow=[
            lambda tf, x: tf.reduce_prod(x, -1),
            lambda tf, x: tf.cast(tf.keras.ops.prod(x, -1), x.dtype),
        ], jax=[lambda jax, x: jax.numpy.prod(x, -1, dtype=x.dtype)],
        samples=ROWS,
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.prod.html",),
    ),
    Case(
        "overflow_cumsum",
        "selection",
        ref.own_cumsum,
        torch=[lambda torch, x: torch.cumsum(x, -1, dtype=x.dtype)],
        tensorflow=[lambda tf, x: tf.cumsum(x, -1), lambda tf, x: tf.cast(tf.keras.ops.cumsum(x, -1), x.dtype)],
        jax=[
            lambda jax, x: (
                jax.numpy.cumsum(x, -1, dtype=x.dtype)
            ),
        ],
        samples=ROWS,
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.cumsum.html",),
    ),
    Case(
        "overflow_cumprod",
        "selection",
        ref.own_cumprod,
        torch=[lambda torch, x: torch.cumprod(x, -1, dtype=x.dtype)],
        tensorflow=[
            lambda tf, x: tf.math.cumprod(x, -1),
            lambda tf, x: tf.cast(tf.keras.ops.cumprod(x, -1), x.dtype),
        ], jax=[lambda jax, x: jax.numpy.cumprod(x, -1, dtype=x.dtype)],
        samples=ROWS,
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.cumprod.html",),
    ),
    Case(
        "overflow_pow",
        "selection",
        lambda x, y: np.power(x, y),
        torch=[lambda torch, x, y: torch.pow(x, y)],
        tensorflow=[lambda tf, x, y: tf.pow(x, y), lambda tf, x, y: tf.keras.ops.power(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.power(x, y)
            ),
        ],
        samples=[
            pairs("ends", [np.inf, -np.inf, 2, 3, 10, 0, 7], [2, 3, 7, 40, 19, 0, 0]),
            pairs("width", [2, 2, 2, 2, -2, -3], [8, 16, 31, 63, 63, 41]),
            pairs("small", [1, 2, 3, 4, 0], [4, 3, 2, 1, 5], edge=False),
        ],
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.power.html",),
    ),
    Case(
        "overflow_left_shift",
        "selection",
        lambda x, y: np.left_shift(x, y),
        torch=[lambda torch, x, y: torch.bitwise_left_shift(x, y)],
        tensorflow=[lambda tf, x, y: tf.bitwise.left_shift(x, y), lambda tf, x, y: tf.keras.ops.left_shift(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.left_shift(x, y)
            ),
        ],
        samples=[
            pairs("ends", [np.inf, np.inf, -np.inf, 1, -1, 85], [1, 7, 1, 7, 7, 2]),
            pairs("small", [0, 1, 2, 3], [0, 1, 2, 3], edge=False),
            pairs("zero", [np.inf, -np.inf, 1], [0, 0, 0]),
        ],
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.left_shift.html",),
    ),
    Case(
        "integer_floor_divide",
        "selection",
        ref.floor_divide,
        torch=[
            lambda torch, x, y: torch.floor_divide(x, y),
            lambda torch, x, y: torch.div(x, y, rounding_mode="floor"),
        ],
        tensorflow=[lambda tf, x, y: tf.math.floordiv(x, y), lambda tf, x, y: tf.keras.ops.floor_divide(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.floor_divide(x, y)
            ),
        ],
        samples=[
            pairs("signs", [7, -7, 7, -7, 100, 0], [2, 2, -2, -2, 7, 3], dtypes=SIGNED),
            pairs("unsigned", [7, 100, 0, np.inf], [2, 7, 3, 2], edge=False),
            pairs("large", [np.inf, -np.inf, np.inf, -np.inf], [3, 3, np.inf, 1]),
            pairs("smallest-by-minus-one", [-np.inf], [-1], dtypes=("int64", "int32", "int16", "int8")),
            pairs("by-zero", [1, 5], [0, 1], raises=True),
        ],
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.floor_divide.html",),
    ),
    Case(
        "integer_remainder",
        "selection",
        ref.remainder,
        torch=[lambda torch, x, y: torch.remainder(x, y)],
        tensorflow=[lambda tf, x, y: tf.math.floormod(x, y), lambda tf, x, y: tf.keras.ops.mod(x, y)],
        jax=[
            lambda jax, x, y: (
                jax.numpy.remainder(x, y)
            ),
        ],
        samples=[
            pairs("signs", [7, -7, 7, -7, 100, 0], [2, 2, -2, -2, 7, 3], dtypes=SIGNED),
            pairs("unsigned", [7, 100, 0, np.inf], [2, 7, 3, 2], edge=False),
            pairs("large", [np.inf, -np.inf, np.inf, -np.inf], [3, 3, np.inf, 1]),
            pairs("by-zero", [1, 5], [0, 1], raises=True),
        ],
        dtypes=INTEGERS,
        sources=("https://numpy.org/doc/stable/reference/generated/numpy.remainder.html",),
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = (*PROMOTION, *DEFAULTS, *CASTS, *OVERFLOW)
