"""Special functions: Bessel and Airy functions, and elementary functions with a limit in them."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.reference import bessel
from conformance.reference import special as ref
from fixtures.samples import given, nonfinite, normal, sample, small, tails, uniform

WIDE = ("float64", "float32")
"""Where neither framework has a kernel for half precision, or float16 has not the range."""
RANGE = ("float64", "float32", "bfloat16")
"""Without float16, in which 1e10 is infinite and 1e-10 is 0."""


def spread(
    low: float, high: float, n: int = 24, /, *, name: str = "positive", signs: bool = False, **options: Any
) -> Sample:
    """Numbers of every magnitude from one bound to the other, of both signs if asked."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x = low * (high / low) ** ((np.arange(n) + rng.random(n)) / n)
        return (x * rng.choice([-1.0, 1.0], n) if signs else x,)

    return sample(name, make, **options)


def near(*points: float, distance: float = 1e-2, n: int = 6, name: str, **options: Any) -> Sample:
    """Numbers around each point, from its ``distance`` down to 1e-6 of that; relative to points other than 0."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        away = distance * 10.0 ** -rng.uniform(0, 6, (len(points), n)) * rng.choice([-1.0, 1.0], (len(points), n))
        return ((np.asarray(points)[:, None] * (1 + away)).reshape(-1),)

    return sample(name, make, edge=True, **options)


def between(*bounds: tuple[float, float], n: int = 24, name: str, **options: Any) -> Sample:
    """One array for each pair of bounds, evenly spread over every magnitude between them, in an order of its own."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        places = [(rng.permutation(n) + rng.random(n)) / n for _ in bounds]
        return tuple(low * (high / low) ** p for (low, high), p in zip(bounds, places, strict=True))

    return sample(name, make, **options)


def one(c: Array, x: Array) -> Array:
    """The derivative is formed as a sum with 1, which is rounded."""
    return np.abs(c) * np.ones_like(x)


def sinc_passes(c: Array, x: Array) -> Array:
    """The derivative is (cos(pi x) - sinc(x)) / x: both are rounded before they are subtracted."""
    return np.abs(c) * np.where(x == 0, 0, 1 / np.where(x == 0, 1, np.abs(x)))


def i_slope(c: Array, x: Array) -> Array:
    """The derivative is a difference of functions as large as the one of order 0."""
    return np.abs(c) * bessel.i0(x)


def ie_slope(c: Array, x: Array) -> Array:
    """The derivative is a difference of the scaled ones of order 0 and 1, each of which errs by itself."""
    return np.abs(c) * (bessel.i0e(x) + np.abs(bessel.i1e(x)))


def ke_slope(c: Array, x: Array) -> Array:
    """The derivative is a difference of functions as large as the scaled one of order 1."""
    return np.abs(c) * bessel.k1e(x)


def j1_slope(c: Array, x: Array) -> Array:
    """The derivative is J_0 - J_1 / x."""
    return np.abs(c) * (np.abs(bessel.j0(x)) + np.abs(bessel.j1(x) / np.where(x == 0, 1, x)))


def y1_slope(c: Array, x: Array) -> Array:
    """The derivative is Y_0 - Y_1 / x."""
    return np.abs(c) * (np.abs(bessel.y0(x)) + np.abs(bessel.y1(x) / x))


ENDS = given([0.0, -0.0, -1.0, np.inf, -np.inf, np.nan, 1.0, 0.5, 0.25], name="ends", gradient=False)
TINY = small(16, dtypes=RANGE)  # the result over x: float16 has too few digits for such results
UNSCALED = (
    normal((16,), scale=3),
    tails(-10, 10, 16),
    TINY,
    spread(10, 85, 10, name="large", edge=True, dtypes=WIDE),
    spread(1e2, 600, 12, name="very-large", edge=True, dtypes=("float64",)),
    nonfinite(),
)
SCALED = (
    normal((16,), scale=3),
    tails(-60, 60, 16),
    TINY,
    spread(1e2, 1e6, 10, name="large", edge=True, dtypes=RANGE),
    nonfinite(),
)
POSITIVE = (
    spread(0.1, 40, 16),
    spread(1e-6, 1e-3, 10, name="small", edge=True, dtypes=WIDE),
    spread(1e2, 600, 12, name="large", edge=True, dtypes=("float64",)),
    ENDS,
)
POSITIVE_SCALED = (
    spread(0.1, 40, 16),
    spread(1e-6, 1e-3, 10, name="small", edge=True, dtypes=WIDE),
    spread(1e2, 1e6, 10, name="large", edge=True, dtypes=WIDE),
    ENDS,
)
OSCILLATING = (
    normal((16,), scale=3),
    tails(-20, 20, 16),
    TINY,
    spread(20, 1e4, 10, name="large", edge=True),
    nonfinite(),
)
OSCILLATING_POSITIVE = (
    spread(0.1, 20, 20),
    spread(1e-6, 1e-3, 10, name="small", edge=True, dtypes=WIDE),
    spread(20, 1e4, 10, name="large", edge=True),
    ENDS,
)

CASES = (
    Case(
        "i0",
        "elementwise",
        bessel.i0,
        vjp=bessel.i0_vjp,
        torch=[
            lambda torch, x: torch.i0(x),
            lambda torch, x: torch.special.i0(x),
            lambda torch, x: torch.special.modified_bessel_i0(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.bessel_i0(x),
            lambda tf, x: tf.math.special.bessel_i0(x),
            lambda tf, x: tf.keras.ops.i0(x),
        ],
        jax=[lambda jax, x: jax.scipy.special.i0(x), lambda jax, x: jax.numpy.i0(x)],
        samples=UNSCALED,
        sources=("https://dlmf.nist.gov/10.25",),
    ),
    Case(
        "i0e",
        "elementwise",
        bessel.i0e,
        vjp=bessel.i0e_vjp,
        vjp_intermediates=ie_slope,
        torch=[
            lambda torch, x: torch.special.i0e(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.bessel_i0e(x),
            lambda tf, x: tf.math.special.bessel_i0e(x),
        ],
        jax=[lambda jax, x: jax.scipy.special.i0e(x)],
        samples=SCALED,
        sources=("https://dlmf.nist.gov/10.25",),
    ),
    Case(
        "i1",
        "elementwise",
        bessel.i1,
        vjp=bessel.i1_vjp,
        vjp_intermediates=i_slope,
        torch=[
            lambda torch, x: torch.special.i1(x),
            lambda torch, x: torch.special.modified_bessel_i1(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.bessel_i1(x),
            lambda tf, x: tf.math.special.bessel_i1(x),
        ],
        jax=[lambda jax, x: jax.scipy.special.i1(x)],
        samples=UNSCALED,
        sources=("https://dlmf.nist.gov/10.25",),
    ),
    Case(
        "i1e",
        "elementwise",
        bessel.i1e,
        vjp=bessel.i1e_vjp,
        vjp_intermediates=ie_slope,
        torch=[
            lambda torch, x: torch.special.i1e(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.bessel_i1e(x),
            lambda tf, x: tf.math.special.bessel_i1e(x),
        ],
        jax=[lambda jax, x: jax.scipy.special.i1e(x)],
        samples=SCALED,
        sources=("https://dlmf.nist.gov/10.25",),
    ),
    Case(
        "k0",
        "elementwise",
        bessel.k0,
        vjp=bessel.k0_vjp,
        torch=[
            lambda torch, x: torch.special.modified_bessel_k0(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_k0(x),
        ],
        samples=POSITIVE,
        dtypes=("float64", "float32", "float16"),  # neither framework has a kernel for bfloat16
        sources=("https://dlmf.nist.gov/10.27",),
    ),
    Case(
        "k1",
        "elementwise",
        bessel.k1,
        vjp=bessel.k1_vjp,
        torch=[
            lambda torch, x: torch.special.modified_bessel_k1(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_k1(x),
        ],
        samples=POSITIVE,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.27",),
    ),
    Case(
        "k0e",
        "elementwise",
        bessel.k0e,
        vjp=bessel.k0e_vjp,
        vjp_intermediates=ke_slope,
        torch=[
            lambda torch, x: torch.special.scaled_modified_bessel_k0(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_k0e(x),
        ],
        samples=POSITIVE_SCALED,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.27",),
    ),
    Case(
        "k1e",
        "elementwise",
        bessel.k1e,
        vjp=bessel.k1e_vjp,
        vjp_intermediates=ke_slope,
        torch=[
            lambda torch, x: torch.special.scaled_modified_bessel_k1(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_k1e(x),
        ],
        samples=POSITIVE_SCALED,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.27",),
    ),
    Case(
        "j0",
        "elementwise",
        bessel.j0,
        vjp=bessel.j0_vjp,
        torch=[
            lambda torch, x: torch.special.bessel_j0(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_j0(x),
        ],
        samples=OSCILLATING,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.2",),
    ),
    Case(
        "j1",
        "elementwise",
        bessel.j1,
        vjp=bessel.j1_vjp,
        vjp_intermediates=j1_slope,
        torch=[
            lambda torch, x: torch.special.bessel_j1(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_j1(x),
        ],
        samples=OSCILLATING,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.2",),
    ),
    Case(
        "y0",
        "elementwise",
        bessel.y0,
        vjp=bessel.y0_vjp,
        torch=[
            lambda torch, x: torch.special.bessel_y0(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_y0(x),
        ],
        samples=OSCILLATING_POSITIVE,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.2",),
    ),
    Case(
        "y1",
        "elementwise",
        bessel.y1,
        vjp=bessel.y1_vjp,
        vjp_intermediates=y1_slope,
        torch=[
            lambda torch, x: torch.special.bessel_y1(x),
        ],
        tensorflow=[
            lambda tf, x: tf.math.special.bessel_y1(x),
        ],
        samples=OSCILLATING_POSITIVE,
        dtypes=("float64", "float32", "float16"),
        sources=("https://dlmf.nist.gov/10.2",),
    ),
    Case(
        "spherical_j0",
        "elementwise",
        bessel.spherical_j0,  # torch has no derivative
        torch=[lambda torch, x: torch.special.spherical_bessel_j0(x)],
        samples=[normal((24,), scale=3), small(16), spread(20, 1e4, name="large", edge=True), nonfinite()],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/10.49",),
    ),
    Case(
        "airy_ai",
        "elementwise",
        bessel.airy_ai,  # torch has no derivative
        torch=[lambda torch, x: torch.special.airy_ai(x)],
        samples=[
            normal((24,), scale=2),
            tails(-20, 20, 24),
            uniform((16,), -2.3, -2.1, name="below-minus-2", edge=True),
            small(16),
            nonfinite(),
        ],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/9.2",),
    ),
    Case(
        "sinc",
        "elementwise",
        ref.sinc,
        vjp=ref.sinc_vjp,
        vjp_intermediates=sinc_passes,
        torch=[lambda torch, x: torch.sinc(x), lambda torch, x: torch.special.sinc(x)],
        tensorflow=[lambda tf, x: tf.keras.ops.sinc(x), lambda tf, x: tf.experimental.numpy.sinc(x)],
        jax=[lambda jax, x: jax.numpy.sinc(x)],
        samples=[
            spread(0.3, 6, name="both-signs", signs=True),
            small(16),
            given([1.0, -1.0, 2.0, -3.0, 100.0, 0.5], name="zeros"),
            # not smooth at 0: both frameworks divide by x, and have no second derivative there
            given([0.0, -0.0, 1.0], name="at-zero", smooth=False),
            nonfinite(),
        ],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.sinc",),
    ),
    Case(
        "xlogy",
        "elementwise",
        ref.xlogy,
        vjp=ref.xlogy_vjp,
        torch=[lambda torch, x, y: torch.xlogy(x, y), lambda torch, x, y: torch.special.xlogy(x, y)],
        tensorflow=[lambda tf, x, y: tf.math.xlogy(x, y)],
        jax=[lambda jax, x, y: jax.scipy.special.xlogy(x, y)],
        samples=[
            between((0.1, 10), (0.1, 10), name="positive"),
            between((0.1, 10), (0.99, 1.01), name="near-one", edge=True),
            given([0.0, -0.0, 0.0, 1.0], [2.0, 0.5, 1.0, 3.0], name="at-zero"),
            given(
                [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, np.nan, 0.0, 1.0, np.inf, 2.0, 3.0],
                [0.0, -1.0, np.inf, np.nan, 0.0, -1.0, 1.0, -0.0, 2.0, 2.0, np.inf, 4.0],
                name="nonfinite",
                gradient=False,
            ),
        ],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.xlogy",),
    ),
    Case(
        "xlog1py",
        "elementwise",
        ref.xlog1py,
        vjp=ref.xlog1py_vjp,
        torch=[lambda torch, x, y: torch.special.xlog1py(x, y)],
        tensorflow=[lambda tf, x, y: tf.math.xlog1py(x, y)],
        jax=[lambda jax, x, y: jax.scipy.special.xlog1py(x, y)],
        samples=[
            between((0.1, 10), (0.1, 10), name="positive"),
            between((0.1, 10), (1e-10, 1e-3), name="small", edge=True, dtypes=RANGE),
            given([0.0, -0.0, 0.0, 1.0], [2.0, -0.5, 0.0, 3.0], name="at-zero"),
            given(
                [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, np.nan, 0.0, 1.0, np.inf, 2.0, 3.0],
                [-1.0, -2.0, np.inf, np.nan, -1.0, -2.0, 1.0, -0.0, 2.0, 2.0, np.inf, 4.0],
                name="nonfinite",
                gradient=False,
            ),
        ],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.xlog1py",),
    ),
    Case(
        "xdivy",
        "elementwise",
        ref.xdivy,
        vjp=ref.xdivy_vjp,
        tensorflow=[lambda tf, x, y: tf.math.xdivy(x, y)],
        samples=[
            between((0.1, 10), (0.1, 10), name="positive"),
            given([0.0, -0.0, 0.0, 1.0], [2.0, -0.5, 1.0, 3.0], name="at-zero"),
            given(
                [0.0, 0.0, 0.0, 1.0, 1.0, np.nan, 1.0, 2.0, 3.0],
                [0.0, np.inf, np.nan, 0.0, -0.0, 1.0, 2.0, np.inf, 4.0],
                name="nonfinite",
                gradient=False,
            ),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/xdivy",),
    ),
    Case(
        "entr",
        "elementwise",
        ref.entr,
        vjp=ref.entr_vjp,
        vjp_intermediates=one,
        torch=[lambda torch, x: torch.special.entr(x)],
        jax=[lambda jax, x: jax.scipy.special.entr(x)],
        samples=[
            spread(0.01, 10),
            near(1.0, 0.36787944117144233, name="near-one-and-1/e"),
            # not smooth beside a singularity: the steps of differences are longer than the distance to it
            spread(1e-10, 1e-3, name="small", edge=True, smooth=False, dtypes=RANGE),
            given([0.0, -0.0, -1.0, np.inf, -np.inf, np.nan, 1.0, 2.0, 3.0], name="nonfinite", gradient=False),
        ],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.entr",),
    ),
    Case(
        "logit",
        "elementwise",
        ref.logit,
        vjp=ref.logit_vjp,
        torch=[
            lambda torch, x, **eps: torch.logit(x, **eps),
            lambda torch, x, **eps: torch.special.logit(x, **eps),
        ],
        samples=[
            tails(0.03, 0.95, 32, name="inside"),
            # not smooth beside a singularity, as above
            spread(1e-10, 1e-2, name="near-zero", edge=True, smooth=False, dtypes=RANGE),
            sample("near-one", lambda rng: (1 - 10.0 ** -rng.uniform(1, 6, 24),), edge=True, smooth=False, dtypes=WIDE),
            near(0.5, name="near-the-zero"),
            tails(0.0, 0.98, 32, name="clipped", smooth=False, eps=0.0625),
            given([0.0, 1.0, -1.0, 2.0, 0.0625, 0.5], name="clipped-ends", gradient=False, eps=0.0625),
            given([0.0, 1.0, 0.5, -1.0, 1.5, np.inf, np.nan, 0.25], name="ends", gradient=False),
        ],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.logit",),
    ),
)
