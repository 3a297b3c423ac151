"""What rounds, compares, chooses and combines bits."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, INTEGERS, Array, Case, Sample
from conformance.catalogue import bits
from conformance.catalogue.arithmetic import (
    KINK,
    NUMPY,
    SIGNED,
    UNSIGNED,
    complexes,
    extremes,
    integers,
    nonzero,
    pairs,
)
from conformance.frameworks import MODES
from conformance.reference import integers as ref
from fixtures.samples import distinct, given, nonfinite, normal, sample, small

BETWEEN = sample(
    "between-halves",
    lambda rng: ((rng.integers(-20, 20, (8, 33)) + rng.uniform(0.1, 0.4, (8, 33))) * rng.choice([-1.0, 1.0], (8, 33)),),
)
HALVES = given([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.0, -3.0, 0.0, -0.0], name="halves", smooth=False, dtypes=FLOATS)
REAL = (*FLOATS, *INTEGERS, "bool")
IEEE = "https://doi.org/10.1109/IEEESTD.2019.8766229"
TERMINATING = tuple(mode for mode in MODES if mode != "graph")
"""In a TF1 graph keras.ops.gcd never ends: the condition of its loop, ``b != 0``, compares objects there, so that it is
always true (tensor_not_equals in tensorflow/python/ops/math_ops.py). No time limit of a Session stops it."""


def quarters(*shapes: Sequence[int], name: str = "quarters") -> Sample:
    """Multiples of 1/4, none of them 0: every remainder is exact in every format, and the quotients fit in 8
    bits."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        drawn = [rng.integers(-30, 31, s) / 4 for s in shapes]
        return tuple(np.where(a == 0, 1.75, a) for a in drawn)

    return sample(name, make, smooth=False, dtypes=FLOATS)


def quotients(rng: np.random.Generator) -> tuple[Array, ...]:
    """Numbers and divisors whose quotient is not near an integer."""
    y = nonzero((8, 33)).make(rng)[0]
    return y * (rng.integers(-3, 3, y.shape) + rng.uniform(0.15, 0.85, y.shape)), y


def bounded(rng: np.random.Generator) -> tuple[Array, ...]:
    """Numbers, and bounds that are not near them."""
    below, above = rng.uniform(-0.6, -0.4, (8, 33)), rng.uniform(0.4, 0.6, (8, 33))
    return rng.choice([-1.0, 0.1, 1.0], (8, 33)) + rng.uniform(-0.2, 0.2, (8, 33)), below, above


def divisors(shape: Sequence[int] = (8, 9)) -> list[Sample]:
    """Whole numbers and divisors, of every sign that the format has."""

    def signed(rng: np.random.Generator) -> tuple[Array, ...]:
        x, y = rng.integers(-40, 41, (2, *shape)).astype(np.float64)
        return x, np.where(y <= 0, y - 1, y)

    def unsigned(rng: np.random.Generator) -> tuple[Array, ...]:
        return rng.integers(0, 200, shape).astype(np.float64), rng.integers(1, 30, shape).astype(np.float64)

    return [sample("signed", signed, dtypes=SIGNED), sample("unsigned", unsigned, dtypes=UNSIGNED)]


def tied(shape: Sequence[int] = (8, 33), name: str = "ties") -> Sample:
    """Two arrays of few values."""
    return sample(
        name, lambda rng: tuple(rng.integers(-2, 3, shape).astype(np.float64) for _ in "xy"), edge=True, smooth=False
    )


def comparison(name: str, reference: Callable[..., Any], torch: Sequence[Callable[..., Any]],
               tensorflow: Sequence[Callable[..., Any]], jax: Sequence[Callable[..., Any]],
               dtypes: tuple[str, ...]) -> Case:  # fmt: skip
    """The six comparisons have the same samples."""
    return Case(
        name,
        "selection",
        reference,
        torch=torch,
        tensorflow=tensorflow,
        jax=jax,
        samples=[
            tied(),
            normal((4, 1, 6), (5, 1), name="broadcast", dtypes=FLOATS),
            pairs(),
            given([np.inf, -np.inf, np.inf, 1.0], [np.inf, np.inf, 3.0, 2.0], name="ends", dtypes=INTEGERS),
            *(
                [given(np.array([1 + 2j, 1j, 3]), np.array([1 + 2j, 1, -3]), name="complex", dtypes=COMPLEX)]
                if "complex64" in dtypes
                else []
            ),
        ],
        dtypes=dtypes,
        sources=(NUMPY.format(name),),
    )


CASES = (
    Case(
        "sign",
        "selection",
        ref.sign,
        vjp=ref.flat_vjp,
        torch=[lambda torch, x: torch.sign(x), lambda torch, x: torch.sgn(x)],
        tensorflow=[lambda tf, x: tf.sign(x), lambda tf, x: tf.keras.ops.sign(x)],
        jax=[lambda jax, x: jax.numpy.sign(x), lambda jax, x: jax.lax.sign(x)],
        samples=[normal((8, 33), dtypes=FLOATS), KINK, nonfinite(dtypes=FLOATS), *extremes(), integers((4, 9))],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("sign"),),
    ),
    Case(
        "ceil",
        "selection",
        ref.ceil,
        vjp=ref.flat_vjp,
        torch=[lambda torch, x: torch.ceil(x), lambda torch, x: x.clone().ceil_()],
        tensorflow=[lambda tf, x: tf.math.ceil(x), lambda tf, x: tf.keras.ops.ceil(x)],
        jax=[lambda jax, x: jax.numpy.ceil(x), lambda jax, x: jax.lax.ceil(x)],
        samples=[BETWEEN, HALVES, nonfinite(), *extremes()],
        sources=(NUMPY.format("ceil"),),
    ),
    Case(
        "floor",
        "selection",
        ref.floor,
        vjp=ref.flat_vjp,
        torch=[lambda torch, x: torch.floor(x), lambda torch, x: x.clone().floor_()],
        tensorflow=[lambda tf, x: tf.floor(x), lambda tf, x: tf.keras.ops.floor(x)],
        jax=[lambda jax, x: jax.numpy.floor(x), lambda jax, x: jax.lax.floor(x)],
        samples=[BETWEEN, HALVES, nonfinite(), *extremes()],
        sources=(NUMPY.format("floor"),),
    ),
    Case(
        "round",
        "selection",
        ref.rint,
        vjp=ref.flat_vjp,
        torch=[
            lambda torch, x: torch.round(x),
            lambda torch, x: torch.special.round(x),
            lambda torch, x: x.clone().round_(),
        ],
        tensorflow=[
            lambda tf, x: tf.round(x),
            lambda tf, x: tf.math.rint(x),
            lambda tf, x: tf.keras.ops.round(x),
        ],
        jax=[lambda jax, x: jax.numpy.round(x), lambda jax, x: jax.numpy.rint(x)],
        samples=[BETWEEN, HALVES, nonfinite(), *extremes()],
        sources=(IEEE, NUMPY.format("rint")),
    ),
    Case(
        "trunc",
        "selection",
        ref.trunc,
        vjp=ref.flat_vjp,
        torch=[lambda torch, x: torch.trunc(x), lambda torch, x: torch.fix(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.trunc(x)],
        jax=[lambda jax, x: jax.numpy.trunc(x)],
        samples=[BETWEEN, HALVES, nonfinite(), *extremes()],
        sources=(NUMPY.format("trunc"),),
    ),
    Case(
        "frac",
        "selection",
        ref.frac,
        vjp=ref.frac_vjp,
        torch=[lambda torch, x: torch.frac(x), lambda torch, x: x.clone().frac_()],
        jax=[lambda jax, x: jax.numpy.modf(x)[0]],
        samples=[BETWEEN, HALVES, small()],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.frac.html",),
    ),
    Case(
        "fmod",
        "selection",
        ref.fmod,
        vjp=ref.fmod_vjp,
        torch=[lambda torch, x, y: torch.fmod(x, y), lambda torch, x, y: x.fmod(y)],
        tensorflow=[lambda tf, x, y: tf.keras.ops.fmod(x, y), lambda tf, x, y: tf.truncatemod(x, y)],
        jax=[lambda jax, x, y: jax.numpy.fmod(x, y)],
        samples=[
            sample("normal", quotients, dtypes=FLOATS),
            quarters((8, 33), (8, 33)),
            quarters((4, 1, 6), (5, 1), name="broadcast"),
            given([0.0, -0.0, 1.0], [1.5, -2.0, 2.0], name="zero-dividend", dtypes=FLOATS),
            given(
                [1.0, -1.0, np.inf, np.nan, 5.0],
                [np.inf, -np.inf, 2.0, 1.0, 0.0],
                name="nonfinite",
                gradient=False,
                dtypes=FLOATS,
            ),
            *divisors(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("fmod"),),
    ),
    Case(
        "remainder",
        "selection",
        ref.remainder,
        vjp=ref.remainder_vjp,
        torch=[lambda torch, x, y: torch.remainder(x, y), lambda torch, x, y: x % y],
        tensorflow=[
            lambda tf, x, y: tf.math.floormod(x, y),
            lambda tf, x, y: tf.math.mod(x, y),
            lambda tf, x, y: x % y,
            lambda tf, x, y: tf.keras.ops.mod(x, y),
        ],
        jax=[
            lambda jax, x, y: jax.numpy.remainder(x, y),
            lambda jax, x, y: jax.numpy.mod(x, y),
            lambda jax, x, y: x % y,
        ],
        samples=[
            quarters((8, 33), (8, 33)),
            quarters((4, 1, 6), (5, 1), name="broadcast"),
            given([7.0, -7.0, 7.0, -7.0], [3.0, 3.0, -3.0, -3.0], name="signs", dtypes=FLOATS),
            given(
                [1.0, -1.0, np.inf, np.nan, 5.0],
                [np.inf, -np.inf, 2.0, 1.0, 0.0],
                name="nonfinite",
                gradient=False,
                dtypes=FLOATS,
            ),
            *divisors(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("remainder"),),
    ),
    Case(
        "floor_divide",
        "selection",
        ref.floor_divide,
        torch=[
            lambda torch, x, y: torch.floor_divide(x, y),
            lambda torch, x, y: torch.div(x, y, rounding_mode="floor"),
            lambda torch, x, y: x // y,
        ],
        tensorflow=[
            lambda tf, x, y: tf.math.floordiv(x, y),
            lambda tf, x, y: x // y,
            lambda tf, x, y: tf.keras.ops.floor_divide(x, y),
        ],
        jax=[lambda jax, x, y: jax.numpy.floor_divide(x, y), lambda jax, x, y: x // y],
        samples=[
            quarters((8, 33), (8, 33)),
            quarters((4, 1, 6), (5, 1), name="broadcast"),
            given([7.0, -7.0, 7.0, -7.0], [3.0, 3.0, -3.0, -3.0], name="signs", dtypes=FLOATS),
            given([1.0, 6.0], [0.1, 0.1], name="quotient-next-to-an-integer", dtypes=FLOATS),
            *divisors(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("floor_divide"),),
    ),
    Case(
        "truncate_divide",
        "selection",
        ref.truncate_divide,
        torch=[lambda torch, x, y: torch.div(x, y, rounding_mode="trunc")],
        tensorflow=[lambda tf, x, y: tf.truncatediv(x, y)],
        jax=[lambda jax, x, y: jax.lax.div(x, y)],
        samples=[
            *divisors(),
            given([7.0, -7.0, 7.0, -7.0], [3.0, 3.0, -2.0, -7.0], name="signs", dtypes=SIGNED),
            given([np.inf, -np.inf, 0.0], [2.0, 3.0, 5.0], name="ends"),
        ],
        dtypes=INTEGERS,
        sources=("https://www.tensorflow.org/api_docs/python/tf/truncatediv",),
    ),
    Case(
        "gcd",
        "selection",
        ref.gcd,
        torch=[lambda torch, x, y: torch.gcd(x, y), lambda torch, x, y: x.clone().gcd_(y)],
        tensorflow=[lambda tf, x, y: tf.keras.ops.gcd(x, y)],
        jax=[lambda jax, x, y: jax.numpy.gcd(x, y)],
        samples=[
            integers((8, 9), (8, 9), low=-60, high=60),
            given([0.0, 0.0, 6.0, -4.0], [0.0, 5.0, 0.0, -6.0], name="zeros"),
            given([105.0, 64.0], [45.0, 48.0], name="factors"),
        ],
        dtypes=INTEGERS,
        modes=TERMINATING,
        sources=(NUMPY.format("gcd"),),
    ),
    Case(
        "lcm",
        "selection",
        ref.lcm,
        torch=[lambda torch, x, y: torch.lcm(x, y), lambda torch, x, y: x.clone().lcm_(y)],
        tensorflow=[lambda tf, x, y: tf.keras.ops.lcm(x, y)],
        jax=[lambda jax, x, y: jax.numpy.lcm(x, y)],
        samples=[
            integers((8, 9), (8, 9), low=-11, high=11),
            given([0.0, 0.0, 6.0, -4.0], [0.0, 5.0, 0.0, -6.0], name="zeros"),
            given([15.0, 16.0], [20.0, 12.0], name="factors"),
        ],
        dtypes=INTEGERS,
        modes=TERMINATING,
        sources=(NUMPY.format("lcm"),),
    ),
    Case(
        "clamp",
        "selection",
        ref.clamp,
        vjp=ref.clamp_vjp,
        torch=[
            lambda torch, x, low, high: torch.clamp(x, low, high),
            lambda torch, x, low, high: torch.clip(x, low, high),
            lambda torch, x, low, high: x.clamp(low, high),
        ],
        tensorflow=[
            lambda tf, x, low, high: tf.clip_by_value(x, low, high),
            lambda tf, x, low, high: tf.keras.ops.clip(x, low, high),
        ],
        jax=[lambda jax, x, low, high: jax.numpy.clip(x, low, high)],
        samples=[
            normal((8, 33), low=-0.5, high=1.5, dtypes=FLOATS),
            given([-1.0, 2.0, 0.0, -0.0, 3.0], name="bounds", smooth=False, low=-1.0, high=2.0, dtypes=FLOATS),
            nonfinite(low=-1.0, high=1.0, dtypes=FLOATS),
            given([0.0, 1.5, 3.0], name="bounds-crossed", low=2.0, high=1.0, gradient=False, dtypes=FLOATS),
            sample("integers", integers((8, 9)).make, low=1, high=3, dtypes=INTEGERS),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.clamp.html",),
    ),
    Case(
        "clamp_between",
        "selection",
        ref.clamp_between,
        vjp=ref.clamp_between_vjp,
        torch=[
            lambda torch, x, low, high: torch.clamp(x, low, high),
            lambda torch, x, low, high: torch.clamp_max(torch.clamp_min(x, low), high),
        ],
        tensorflow=[
            lambda tf, x, low, high: tf.clip_by_value(x, low, high),
            lambda tf, x, low, high: tf.keras.ops.clip(x, low, high),
        ],
        jax=[lambda jax, x, low, high: jax.numpy.clip(x, low, high)],
        samples=[
            sample("normal", bounded, dtypes=FLOATS),
            sample(
                "broadcast",
                lambda rng: (rng.standard_normal((4, 5, 6)), -rng.random((5, 1)), rng.random(6)),
                edge=True,
                smooth=False,
                dtypes=FLOATS,
            ),
            given([0.0, 5.0, -5.0], [-1.0, 2.0, -4.0], [1.0, 3.0, 4.0], name="each-branch", dtypes=FLOATS),
            given([0.0, 9.0, 5.0], [1.0, 2.0, 2.0], [4.0, 7.0, 7.0], name="integers", dtypes=INTEGERS),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.clamp.html",),
    ),
    Case(
        "maximum",
        "selection",
        ref.maximum,
        vjp=ref.maximum_vjp,
        torch=[lambda torch, x, y: torch.maximum(x, y), lambda torch, x, y: torch.max(x, y)],
        tensorflow=[lambda tf, x, y: tf.maximum(x, y), lambda tf, x, y: tf.keras.ops.maximum(x, y)],
        jax=[lambda jax, x, y: jax.numpy.maximum(x, y)],
        samples=[
            normal((8, 33), (8, 33), dtypes=FLOATS),
            normal((4, 1, 6), (5, 1), name="broadcast", edge=True, dtypes=FLOATS),
            tied(),
            pairs(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.maximum.html", IEEE),
    ),
    Case(
        "minimum",
        "selection",
        ref.minimum,
        vjp=ref.minimum_vjp,
        torch=[lambda torch, x, y: torch.minimum(x, y), lambda torch, x, y: torch.min(x, y)],
        tensorflow=[lambda tf, x, y: tf.minimum(x, y), lambda tf, x, y: tf.keras.ops.minimum(x, y)],
        jax=[lambda jax, x, y: jax.numpy.minimum(x, y)],
        samples=[
            normal((8, 33), (8, 33), dtypes=FLOATS),
            normal((4, 1, 6), (5, 1), name="broadcast", edge=True, dtypes=FLOATS),
            tied(),
            pairs(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.minimum.html", IEEE),
    ),
    Case(
        "fmax",
        "selection",
        ref.fmax,
        vjp=ref.fmax_vjp,
        torch=[lambda torch, x, y: torch.fmax(x, y)],
        tensorflow=[lambda tf, x, y: tf.keras.ops.fmax(x, y)],
        jax=[lambda jax, x, y: jax.numpy.fmax(x, y)],
        samples=[
            distinct((6, 20), (6, 20), dtypes=FLOATS),
            distinct((4, 1, 6), (5, 1), name="broadcast", edge=True, dtypes=FLOATS),
            tied(),
            pairs(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("fmax"), IEEE),
    ),
    Case(
        "fmin",
        "selection",
        ref.fmin,
        vjp=ref.fmin_vjp,
        torch=[lambda torch, x, y: torch.fmin(x, y)],
        tensorflow=[lambda tf, x, y: tf.keras.ops.fmin(x, y)],
        jax=[lambda jax, x, y: jax.numpy.fmin(x, y)],
        samples=[
            distinct((6, 20), (6, 20), dtypes=FLOATS),
            distinct((4, 1, 6), (5, 1), name="broadcast", edge=True, dtypes=FLOATS),
            tied(),
            pairs(),
        ],
        dtypes=(*FLOATS, *INTEGERS),
        sources=(NUMPY.format("fmin"), IEEE),
    ),
    Case(
        "where",
        "selection",
        ref.where,
        vjp=ref.where_vjp,
        torch=[
            lambda torch, condition, x, y: torch.where(condition, x, y),
            lambda torch, condition, x, y: x.where(condition, y),
        ],
        tensorflow=[
            lambda tf, condition, x, y: tf.where(condition, x, y),
            lambda tf, condition, x, y: tf.keras.ops.where(condition, x, y),
        ],
        jax=[lambda jax, condition, x, y: jax.numpy.where(condition, x, y)],
        samples=[
            sample("normal", lambda rng: (rng.random((8, 33)) < 0.5, *rng.standard_normal((2, 8, 33))), dtypes=REAL),
            sample(
                "broadcast",
                lambda rng: (rng.random((5, 1)) < 0.5, rng.standard_normal((4, 1, 6)), rng.standard_normal(6)),
                edge=True,
                dtypes=REAL,
            ),
            given(
                [True, True, False, False],
                [1.0, np.nan, np.nan, np.inf],
                [np.nan, 1.0, -np.inf, 2.0],
                name="nonfinite",
                gradient=False,
                dtypes=FLOATS,
            ),
            sample(
                "complex", lambda rng: (rng.random((4, 9)) < 0.5, *complexes((4, 9), (4, 9)).make(rng)), dtypes=COMPLEX
            ),
        ],
        dtypes=(*FLOATS, *COMPLEX, *INTEGERS, "bool"),
        sources=(NUMPY.format("where"),),
    ),
    Case(
        "heaviside",
        "selection",
        ref.heaviside,
        torch=[lambda torch, x, values: torch.heaviside(x, values)],
        tensorflow=[lambda tf, x, values: tf.keras.ops.heaviside(x, values)],
        jax=[lambda jax, x, values: jax.numpy.heaviside(x, values)],
        samples=[
            normal((8, 33), (8, 33)),
            given([0.0, -0.0, 1.0, -1.0], [0.5, 0.5, 0.25, 0.25], name="zero"),
            pairs(),
        ],
        sources=(NUMPY.format("heaviside"),),
    ),
    Case(
        "copysign",
        "selection",
        ref.copysign,
        vjp=ref.copysign_vjp,
        torch=[lambda torch, x, y: torch.copysign(x, y), lambda torch, x, y: x.clone().copysign_(y)],
        jax=[lambda jax, x, y: jax.numpy.copysign(x, y)],
        samples=[
            sample("away-from-zero", lambda rng: (nonzero((8, 33)).make(rng)[0], rng.standard_normal((8, 33)))),
            given([0.0, -0.0, 1.0, -1.0], [-1.0, 1.0, -0.0, 0.0], name="signed-zeros", smooth=False),
            pairs(),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.copysign.html",),
    ),
    Case(
        "nan_to_num",
        "selection",
        ref.nan_to_num,
        vjp=ref.nan_to_num_vjp,
        torch=[
            lambda torch, x, nan, posinf, neginf: torch.nan_to_num(x, nan, posinf, neginf),
            lambda torch, x, nan, posinf, neginf: x.clone().nan_to_num_(nan, posinf, neginf),
        ],
        tensorflow=[lambda tf, x, nan, posinf, neginf: tf.keras.ops.nan_to_num(x, nan, posinf, neginf)],
        jax=[lambda jax, x, nan, posinf, neginf: jax.numpy.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)],
        samples=[
            normal((8, 33), nan=0.5, posinf=100.0, neginf=-100.0),
            nonfinite(name="nonfinite-value", nan=0.5, posinf=100.0, neginf=-100.0),
            given([np.inf, -np.inf, np.nan, 1.0], name="nonfinite", smooth=False, nan=0.0, posinf=2.0, neginf=-1.0),
        ],
        sources=(NUMPY.format("nan_to_num"),),
    ),
    Case(
        "nan_to_num_by_default",
        "selection",
        ref.nan_to_num_by_default,
        torch=[lambda torch, x, of: torch.nan_to_num(x)],
        tensorflow=[lambda tf, x, of: tf.keras.ops.nan_to_num(x)],
        jax=[lambda jax, x, of: jax.numpy.nan_to_num(x)],
        samples=[nonfinite(f"nonfinite-{of}", of=of, dtypes=(of,)) for of in FLOATS],
        sources=(NUMPY.format("nan_to_num"),),
    ),
    Case(
        "nextafter",
        "selection",
        ref.nextafter,
        torch=[lambda torch, x, y, of: torch.nextafter(x, y)],
        tensorflow=[lambda tf, x, y, of: tf.math.nextafter(x, y), lambda tf, x, y, of: tf.keras.ops.nextafter(x, y)],
        jax=[lambda jax, x, y, of: jax.numpy.nextafter(x, y), lambda jax, x, y, of: jax.lax.nextafter(x, y)],
        samples=[
            s
            for of in FLOATS
            for s in (
                normal((4, 9), (4, 9), name=f"normal-{of}", of=of, dtypes=(of,)),
                given([1.0, 1.0, 1.0, -2.0], [2.0, 0.0, 1.0, 0.0], name=f"powers-{of}", of=of, dtypes=(of,)),
                given([0.0, -0.0, 0.0], [1.0, 1.0, -1.0], name=f"zero-{of}", of=of, dtypes=(of,)),
                given([np.inf, 1.0, np.nan], [0.0, np.inf, 1.0], name=f"nonfinite-{of}", of=of, dtypes=(of,)),
            )
        ],
        sources=(IEEE, NUMPY.format("nextafter")),
    ),
    comparison(
        "equal",
        ref.equal,
        [lambda torch, x, y: torch.eq(x, y), lambda torch, x, y: x == y],
        [lambda tf, x, y: tf.equal(x, y), lambda tf, x, y: tf.keras.ops.equal(x, y)],
        [lambda jax, x, y: jax.numpy.equal(x, y), lambda jax, x, y: x == y],
        (*FLOATS, *COMPLEX, *INTEGERS, "bool"),
    ),
    comparison(
        "not_equal",
        ref.not_equal,
        [lambda torch, x, y: torch.ne(x, y), lambda torch, x, y: x != y],
        [lambda tf, x, y: tf.not_equal(x, y), lambda tf, x, y: tf.keras.ops.not_equal(x, y)],
        [lambda jax, x, y: jax.numpy.not_equal(x, y), lambda jax, x, y: x != y],
        (*FLOATS, *COMPLEX, *INTEGERS, "bool"),
    ),
    comparison(
        "less",
        ref.less,
        [lambda torch, x, y: torch.lt(x, y), lambda torch, x, y: x < y],
        [lambda tf, x, y: tf.less(x, y), lambda tf, x, y: x < y, lambda tf, x, y: tf.keras.ops.less(x, y)],
        [lambda jax, x, y: jax.numpy.less(x, y), lambda jax, x, y: x < y],
        (*FLOATS, *INTEGERS),
    ),
    comparison(
        "less_equal",
        ref.less_equal,
        [lambda torch, x, y: torch.le(x, y), lambda torch, x, y: x <= y],
        [lambda tf, x, y: tf.less_equal(x, y), lambda tf, x, y: x <= y, lambda tf, x, y: tf.keras.ops.less_equal(x, y)],
        [lambda jax, x, y: jax.numpy.less_equal(x, y), lambda jax, x, y: x <= y],
        (*FLOATS, *INTEGERS),
    ),
    comparison(
        "greater",
        ref.greater,
        [lambda torch, x, y: torch.gt(x, y), lambda torch, x, y: x > y],
        [lambda tf, x, y: tf.greater(x, y), lambda tf, x, y: x > y, lambda tf, x, y: tf.keras.ops.greater(x, y)],
        [lambda jax, x, y: jax.numpy.greater(x, y), lambda jax, x, y: x > y],
        (*FLOATS, *INTEGERS),
    ),
    comparison(
        "greater_equal",
        ref.greater_equal,
        [lambda torch, x, y: torch.ge(x, y), lambda torch, x, y: x >= y],
        [
            lambda tf, x, y: tf.greater_equal(x, y),
            lambda tf, x, y: x >= y,
            lambda tf, x, y: tf.keras.ops.greater_equal(x, y),
        ],
        [lambda jax, x, y: jax.numpy.greater_equal(x, y), lambda jax, x, y: x >= y],
        (*FLOATS, *INTEGERS),
    ),
    *bits.CASES,
)
