"""Arithmetic, real and complex."""

from collections.abc import Sequence

import numpy as np

from conformance.case import COMPLEX, FLOATS, INTEGERS, Array, Case, Sample
from conformance.catalogue.jax_shared import optax
from conformance.reference import arithmetic as ref
from fixtures.samples import given, nonfinite, normal, sample, small, tails


def complexes(*shapes: Sequence[int], scale: float = 1.0, name: str = "complex", smooth: bool = True) -> Sample:
    """Independent complex normal numbers, one array per shape."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(scale * (rng.standard_normal(s) + 1j * rng.standard_normal(s)) for s in shapes)

    return sample(name, make, smooth=smooth, dtypes=COMPLEX)


def axes() -> Sample:
    """Complex numbers on the half axes where no function has a branch cut, and on diagonals; none of them 0."""
    return given(np.array([1, 0.75j, -2j, 2 + 2j, -3 + 3j, -0.5 - 0.5j, 4 - 4j]), name="axes", dtypes=COMPLEX)


def branch_cut() -> Sample:
    """The negative real axis, with an imaginary part of +0."""
    return given(np.array([-1 + 0j, -4 + 0j, -0.25 + 0j]), name="branch-cut", smooth=False, dtypes=COMPLEX)


def integers(*shapes: Sequence[int], low: int = -9, high: int = 9, name: str = "integers") -> Sample:
    """Whole numbers; those below 0 become 0 in formats that have no sign."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(rng.integers(low, high + 1, s).astype(np.float64) for s in shapes)

    return sample(name, make, dtypes=INTEGERS)


def overflowing(name: str = "overflowing") -> Sample:
    """The ends of each integer format against small numbers."""
    inf = np.inf
    x, y = [inf, inf, -inf, -inf, inf, -inf, 3.0, 0.0], [1.0, inf, -1.0, 1.0, -inf, -inf, inf, -inf]
    return given(x, y, name=name, dtypes=INTEGERS)


def extremes() -> list[Sample]:
    """The ends of each format: the largest number, the smallest normal one, subnormal ones."""
    ends = {
        "float64": (2.0**1023 * (2 - 2.0**-52), -1022, -1074), "float32": (2.0**127 * (2 - 2.0**-23), -126, -149),
        "float16": (65504.0, -14, -24), "bfloat16": (2.0**127 * (2 - 2.0**-7), -126, -133),
    }  # fmt: skip
    return [
        given(
            [largest, -largest, 2.0**least, -(2.0**least), 3 * 2.0**last, -(3 * 2.0**last), 2.0**last, -(2.0**last)],
            name=f"extremes-{dtype}", gradient=False, dtypes=(dtype,),
        )
        for dtype, (largest, least, last) in ends.items()
    ]  # fmt: skip


SIGNED, UNSIGNED = INTEGERS[:4], INTEGERS[4:]


def nonzero(*shapes: Sequence[int], name: str = "away-from-zero", dtypes: tuple[str, ...] = FLOATS) -> Sample:
    """Normal numbers, and for the last array their sign times a half more."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        drawn = [rng.standard_normal(s) for s in shapes]
        return (*drawn[:-1], drawn[-1] + np.copysign(0.5, drawn[-1]))

    return sample(name, make, dtypes=dtypes)


def pairs(name: str = "nonfinite", dtypes: tuple[str, ...] = FLOATS) -> Sample:
    """Infinities, NaN and zeros, each with each."""
    values = [np.inf, -np.inf, np.nan, 0.0, -0.0, 1.5]
    x, y = np.meshgrid(values, values)
    return given(x, y, name=name, gradient=False, dtypes=dtypes)


REAL = normal((8, 33), name="real", dtypes=("float64",))
"""Second derivatives are checked in float64 alone; a real number is a complex one too."""
KINK = given([0.0, -0.0, 1.0, -1.0], name="kink", smooth=False, dtypes=FLOATS)
BROADCAST = normal((4, 1, 6), (5, 1), name="broadcast", edge=True, dtypes=FLOATS)
NUMPY = "https://numpy.org/doc/stable/reference/generated/numpy.{}.html"


def over_modulus(c: Array, x: Array) -> Array:
    """The cotangent's part along x is subtracted from it, and the rest divided by |x|."""
    return np.abs(c) / np.where(x == 0, 1, np.abs(x)) if x.dtype.kind == "c" else 0 * np.abs(c)


CASES = (
    Case(
        "add",
        "elementwise",
        ref.add,
        vjp=ref.add_vjp,
        torch=[
            lambda torch, x, y: torch.add(x, y),
            lambda torch, x, y: x + y,
        ],
        tensorflow=[
            lambda tf, x, y: tf.add(x, y),
            lambda tf, x, y: x + y,
            lambda tf, x, y: tf.keras.ops.add(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.add(x, y), lambda jax, x, y: x + y],
        samples=[
            normal((8, 33), (8, 33), dtypes=FLOATS),
            BROADCAST,
            normal((2, 3, 3), (1, 3, 1), name="column", edge=True, dtypes=FLOATS),
            pairs(),
            complexes((4, 9), (4, 9)),
            overflowing(),
            integers((4, 9), (4, 9)),
            sample("empty", lambda _: (np.zeros((0, 3)), np.zeros((0, 3))), edge=True),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTEGERS),
        sources=(NUMPY.format("add"),),
    ),
    Case(
        "subtract",
        "elementwise",
        ref.subtract,
        vjp=ref.subtract_vjp,
        torch=[
            lambda torch, x, y: torch.subtract(x, y),
            lambda torch, x, y: x - y,
            lambda torch, x, y: torch.rsub(y, x),
        ],
        tensorflow=[
            lambda tf, x, y: tf.subtract(x, y),
            lambda tf, x, y: x - y,
            lambda tf, x, y: tf.keras.ops.subtract(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.subtract(x, y), lambda jax, x, y: x - y],
        samples=[
            normal((8, 33), (8, 33), dtypes=FLOATS),
            BROADCAST,
            pairs(),
            complexes((4, 9), (4, 9)),
            overflowing(),
            integers((4, 9), (4, 9)),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTEGERS),
        sources=(NUMPY.format("subtract"),),
    ),
    Case(
        "multiply",
        "elementwise",
        ref.multiply,
        vjp=ref.multiply_vjp,
        torch=[lambda torch, x, y: torch.multiply(x, y), lambda torch, x, y: x * y],
        tensorflow=[
            lambda tf, x, y: tf.multiply(x, y),
            lambda tf, x, y: x * y,
            lambda tf, x, y: tf.keras.ops.multiply(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.multiply(x, y), lambda jax, x, y: x * y],
        samples=[
            normal((8, 33), (8, 33), dtypes=FLOATS),
            BROADCAST,
            pairs(),
            complexes((4, 9), (4, 9)),
            overflowing(),
            integers((4, 9), (4, 9), low=-100, high=100),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTEGERS),
        sources=(NUMPY.format("multiply"),),
    ),
    Case(
        "divide",
        "elementwise",
        ref.divide,
        vjp=ref.divide_vjp,
        torch=[
            lambda torch, x, y: torch.divide(x, y),
            lambda torch, x, y: torch.true_divide(x, y),
            lambda torch, x, y: x / y,
        ],
        tensorflow=[
            lambda tf, x, y: tf.divide(x, y),
            lambda tf, x, y: tf.realdiv(x, y),
            lambda tf, x, y: x / y,
            lambda tf, x, y: tf.keras.ops.divide(x, y),
            lambda tf, x, y: tf.keras.ops.true_divide(x, y),
        ],
        jax=[
            lambda jax, x, y: jax.numpy.divide(x, y),
            lambda jax, x, y: jax.numpy.true_divide(x, y),
            lambda jax, x, y: x / y,
        ],
        samples=[
            nonzero((8, 33), (8, 33)),
            nonzero((4, 1, 6), (5, 1), name="broadcast"),
            pairs(),
            complexes((4, 9), (4, 9)),
            given(np.array([1 + 2j, 3 - 1j, 2j]), np.array([1 + 0j, 1j, -2 - 2j]), name="axes", dtypes=COMPLEX),
            given(  # as many as processors divide at once
                np.tile([1 + 2j, -1 - 1j, 3 - 1j, -2 + 1j], 4),
                np.zeros(16, complex),
                name="complex-by-zero",
                gradient=False,
                dtypes=COMPLEX,
            ),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=(NUMPY.format("divide"),),
    ),
    Case(
        "divide_no_nan",
        "elementwise",
        ref.divide_no_nan,
        vjp=ref.divide_no_nan_vjp,
        tensorflow=[
            lambda tf, x, y: tf.math.divide_no_nan(x, y),
            lambda tf, x, y: tf.keras.ops.divide_no_nan(x, y),
        ],
        samples=[
            nonzero((8, 33), (8, 33)),
            given([0.0, 1.0, -2.0, 3.0], [0.0, 0.0, -0.0, 2.0], name="zero-divisor", smooth=False),
            nonzero((4, 1, 6), (5, 1), name="broadcast"),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/divide_no_nan",),
    ),
    Case(
        "negative",
        "selection",
        ref.negative,
        vjp=ref.negative_vjp,
        torch=[lambda torch, x: torch.neg(x), lambda torch, x: -x, lambda torch, x: x.clone().neg_()],
        tensorflow=[
            lambda tf, x: tf.negative(x),
            lambda tf, x: -x,
            lambda tf, x: tf.keras.ops.negative(x),
        ],
        jax=[lambda jax, x: jax.numpy.negative(x), lambda jax, x: jax.lax.neg(x), lambda jax, x: -x],
        samples=[
            normal((8, 33), dtypes=FLOATS),
            nonfinite(dtypes=FLOATS),
            *extremes(),
            complexes((4, 9)),
            integers((4, 9)),
            given([np.inf, -np.inf, 0.0, 1.0], name="ends", dtypes=INTEGERS),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTEGERS),
        sources=(NUMPY.format("negative"),),
    ),
    Case(
        "abs",
        "selection",
        ref.absolute,
        vjp=ref.absolute_vjp,
        torch=[lambda torch, x: torch.abs(x), lambda torch, x: x.clone().abs_(), lambda torch, x: abs(x)],
        tensorflow=[
            lambda tf, x: tf.abs(x),
            lambda tf, x: abs(x),
            lambda tf, x: tf.keras.ops.abs(x),
            lambda tf, x: tf.keras.ops.absolute(x),
        ],
        jax=[lambda jax, x: jax.numpy.abs(x), lambda jax, x: jax.lax.abs(x)],
        samples=[
            normal((8, 33), dtypes=FLOATS),
            KINK,
            nonfinite(dtypes=FLOATS),
            *extremes(),
            integers((4, 9)),
            given([np.inf, -np.inf, 0.0, -1.0], name="ends", dtypes=INTEGERS),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.abs.html", NUMPY.format("absolute")),
    ),
    Case(
        "abs_complex",
        "elementwise",
        ref.modulus,
        vjp=ref.modulus_vjp,
        torch=[lambda torch, x: torch.abs(x), lambda torch, x: abs(x)],
        tensorflow=[lambda tf, x: tf.abs(x), lambda tf, x: tf.keras.ops.abs(x)],
        jax=[lambda jax, x: jax.numpy.abs(x), lambda jax, x: jax.lax.abs(x)],
        samples=[
            REAL,
            complexes((4, 9)),
            axes(),
            complexes((33,), scale=1e-4, name="small"),
            complexes((33,), scale=1e25, name="large", smooth=False),
            given(np.array([0j, 1j]), name="zero", smooth=False, dtypes=COMPLEX),
        ],
        dtypes=("float64", *COMPLEX),
        sources=("https://dlmf.nist.gov/1.9#E3",),
    ),
    Case(
        "sgn",
        "elementwise",
        ref.sgn,
        vjp=ref.sgn_vjp,
        vjp_intermediates=over_modulus,
        torch=[lambda torch, x: torch.sgn(x)],
        tensorflow=[lambda tf, x: tf.sign(x), lambda tf, x: tf.keras.ops.sign(x)],
        jax=[lambda jax, x: jax.numpy.sign(x), lambda jax, x: jax.lax.sign(x)],
        samples=[REAL, complexes((4, 9)), axes(), complexes((33,), scale=1e-4, name="small")],
        dtypes=("float64", *COMPLEX),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.sgn.html",),
    ),
    Case(
        "angle",
        "elementwise",
        ref.angle,
        vjp=ref.angle_vjp,
        torch=[lambda torch, x: torch.angle(x), lambda torch, x: x.angle()],
        tensorflow=[lambda tf, x: tf.math.angle(x), lambda tf, x: tf.keras.ops.angle(x)],
        jax=[lambda jax, x: jax.numpy.angle(x)],
        samples=[
            normal((8, 33), dtypes=FLOATS),
            given([0.0, 1.0, -1.0, np.inf, -np.inf], name="nonfinite", gradient=False, dtypes=FLOATS),
            complexes((4, 9)),
            axes(),
            branch_cut(),
            complexes((33,), scale=1e-4, name="small"),
        ],
        dtypes=(*FLOATS, *COMPLEX),
        sources=("https://dlmf.nist.gov/1.9#E4", NUMPY.format("angle")),
    ),
    Case(
        "conj",
        "selection",
        ref.conjugate,
        vjp=ref.conjugate_vjp,
        torch=[
            lambda torch, x: torch.conj(x).resolve_conj(),
            lambda torch, x: torch.conj_physical(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.conj(x),
            lambda tf, x: tf.keras.ops.conj(x),
            lambda tf, x: tf.keras.ops.conjugate(x),
        ],
        jax=[lambda jax, x: jax.numpy.conj(x)],
        samples=[REAL, complexes((4, 9)), axes(), complexes((33,), scale=1e-4, name="small")],
        dtypes=("float64", *COMPLEX),
        sources=(NUMPY.format("conj"),),
    ),
    Case(
        "real",
        "selection",
        ref.real,
        vjp=ref.real_vjp,
        torch=[
            lambda torch, x: torch.real(x),
            lambda torch, x: x.real,
        ],
        tensorflow=[lambda tf, x: tf.math.real(x), lambda tf, x: tf.keras.ops.real(x)],
        jax=[lambda jax, x: jax.numpy.real(x)],
        samples=[REAL, complexes((4, 9)), axes(), complexes((33,), scale=1e-4, name="small")],
        dtypes=("float64", *COMPLEX),
        sources=(NUMPY.format("real"),),
    ),
    Case(
        "imag",
        "selection",
        ref.imag,
        vjp=ref.imag_vjp,
        torch=[
            lambda torch, x: torch.imag(x),
            lambda torch, x: x.imag,
        ],
        tensorflow=[lambda tf, x: tf.math.imag(x), lambda tf, x: tf.keras.ops.imag(x)],
        jax=[lambda jax, x: jax.numpy.imag(x)],
        samples=[REAL, complexes((4, 9)), axes(), complexes((33,), scale=1e-4, name="small")],
        dtypes=("float64", *COMPLEX),
        sources=(NUMPY.format("imag"),),
    ),
    Case(
        "complex_from_parts",
        "selection",
        ref.from_parts,
        vjp=ref.from_parts_vjp,
        torch=[
            lambda torch, real, imag: torch.complex(real, imag),
            lambda torch, real, imag: torch.view_as_complex(torch.stack([real, imag], -1)),
        ],
        tensorflow=[
            lambda tf, real, imag: tf.complex(real, imag),
            lambda tf, real, imag: tf.keras.ops.view_as_complex(tf.stack([real, imag], -1)),
        ],
        jax=[lambda jax, real, imag: jax.lax.complex(real, imag)],
        samples=[
            normal((4, 9), (4, 9)),
            given([0.0, -0.0, 1.0, -1.0], [0.0, 1.0, -0.0, -2.0], name="axes"),
            normal((33,), (33,), scale=1e-4, name="small"),
        ],
        dtypes=("float64", "float32"),  # no framework has complex numbers of half precision in full
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.complex.html",),
    ),
    Case(
        "polar",
        "reduction",  # no reference in balls: flint has complex balls, NumPy no arrays of them
        ref.polar,
        vjp=ref.polar_vjp,
        torch=[lambda torch, radius, angle: torch.polar(radius, angle)],
        tensorflow=[lambda tf, radius, angle: tf.keras.ops.polar(radius, angle)],
        samples=[
            sample("radii", lambda rng: (rng.random((4, 9)) + 0.1, rng.standard_normal((4, 9)))),
            given([1.0, 2.0, 0.5], [0.0, 1.0, -3.0], name="axes"),
            given([0.0, 1.0], [0.5, 0.5], name="no-radius", smooth=False),
        ],
        dtypes=("float64", "float32"),
        sources=("https://dlmf.nist.gov/1.9#E7",),
    ),
    Case(
        "squared_difference",
        "elementwise",
        ref.squared_difference,
        vjp=ref.squared_difference_vjp,
        torch=[lambda torch, x, y: torch.nn.functional.mse_loss(x, y, reduction="none")],
        tensorflow=[lambda tf, x, y: tf.math.squared_difference(x, y)],
        jax=[lambda jax, x, y: optax().squared_error(x, y)],
        samples=[
            normal((8, 33), (8, 33)),
            given([1.0, 0.0, -0.0, -2.5], [1.0, -0.0, 3.0, -2.5], name="equal"),
            normal((33,), (33,), scale=1e-3, name="small"),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/squared_difference",),
    ),
    Case(
        "lerp",
        "elementwise",
        ref.lerp,
        vjp=ref.lerp_vjp,
        torch=[
            lambda torch, start, end, weight: torch.lerp(start, end, weight),
            lambda torch, start, end, weight: torch.add(start, weight * (end - start)),
        ],
        samples=[
            normal((8, 33), (8, 33), (8, 33)),
            normal((4, 1, 6), (5, 1), (6,), name="broadcast", edge=True),
            given([1.0, 1.0, 1.0, -2.0], [3.0, 3.0, 3.0, 5.0], [0.0, 1.0, 0.5, 2.0], name="ends"),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.lerp.html",),
    ),
    Case(
        "addcmul",
        "elementwise",
        ref.addcmul,
        vjp=ref.addcmul_vjp,
        torch=[
            lambda torch, x, a, b, value: torch.addcmul(x, a, b, value=value),
            lambda torch, x, a, b, value: x + value * a * b,
        ],
        samples=[
            normal((8, 33), (8, 33), (8, 33), value=0.5),
            normal((4, 5, 6), (5, 1), (6,), name="broadcast", edge=True, value=-2.0),
            normal((8, 33), (8, 33), (8, 33), name="no-product", value=0.0),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.addcmul.html",),
    ),
    Case(
        "addcdiv",
        "elementwise",
        ref.addcdiv,
        vjp=ref.addcdiv_vjp,
        torch=[
            lambda torch, x, a, b, value: torch.addcdiv(x, a, b, value=value),
            lambda torch, x, a, b, value: x + value * a / b,
        ],
        samples=[
            sample("away-from-zero", nonzero((8, 33), (8, 33), (8, 33)).make, value=0.5),
            sample("broadcast", nonzero((4, 5, 6), (5, 1), (6,)).make, edge=True, value=-2.0),
            given([1.0, 0.0], [1.0, 3.0], [-2.0, 4.0], name="exact", value=1.0),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.addcdiv.html",),
    ),
    Case(
        "deg2rad",
        "elementwise",
        ref.deg2rad,
        vjp=ref.deg2rad_vjp,
        torch=[lambda torch, x: torch.deg2rad(x), lambda torch, x: x.clone().deg2rad_()],
        tensorflow=[lambda tf, x: tf.keras.ops.deg2rad(x)],
        jax=[lambda jax, x: jax.numpy.deg2rad(x)],
        samples=[normal((8, 33), scale=90), tails(-360, 360, 101), small(), nonfinite()],
        sources=(NUMPY.format("deg2rad"),),
    ),
    Case(
        "rad2deg",
        "elementwise",
        ref.rad2deg,
        vjp=ref.rad2deg_vjp,
        torch=[lambda torch, x: torch.rad2deg(x), lambda torch, x: x.clone().rad2deg_()],
        tensorflow=[lambda tf, x: tf.keras.ops.rad2deg(x)],
        jax=[lambda jax, x: jax.numpy.rad2deg(x)],
        samples=[normal((8, 33)), tails(-6.3, 6.3, 101), small(), nonfinite()],
        sources=(NUMPY.format("rad2deg"),),
    ),
    Case(
        "ldexp",
        "elementwise",
        ref.ldexp,
        vjp=ref.ldexp_vjp,
        torch=[lambda torch, x, exponent: torch.ldexp(x, exponent)],
        tensorflow=[lambda tf, x, exponent: tf.keras.ops.ldexp(x, exponent)],
        jax=[lambda jax, x, exponent: jax.numpy.ldexp(x, exponent)],
        samples=[
            sample("normal", lambda rng: (rng.standard_normal((8, 33)), rng.integers(-8, 9, (8, 33), dtype=np.int32))),
            given([1.0, -3.0, 0.0, 0.5], np.array([0, -1, 7, 10], np.int32), name="exact"),
            given([1.0, 1.5], np.array([-30, 30], np.int32), name="far", dtypes=("float64", "float32", "bfloat16")),
        ],
        sources=(NUMPY.format("ldexp"),),
    ),
)
