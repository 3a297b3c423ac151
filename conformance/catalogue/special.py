"""Special functions: the error function and its kin, the gamma function and its kin."""

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.special_more import CASES as MORE
from conformance.catalogue.special_more import RANGE, WIDE, between, near, one, spread
from conformance.reference import special as ref
from fixtures.samples import given, nonfinite, normal, sample, small, tails


def around_the_mean(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Large parameters of the beta distribution, and numbers within three standard deviations of its mean."""
    a, b = rng.uniform(50, 500, (2, 12))
    mean = a / (a + b)
    return a, b, mean + rng.uniform(-3, 3, 12) * np.sqrt(mean * (1 - mean) / (a + b + 1))


def equal(rng: np.random.Generator, low: float, high: float) -> tuple[Array, Array]:
    """Orders and arguments as large, to within a few square roots: where P and Q are both far from 0."""
    a = low * (high / low) ** rng.random(12)
    return a, a + np.sqrt(a) * rng.uniform(-1.5, 3, 12)


BETWEEN_POLES = given(
    [-0.25, -0.5, -0.75, -1.25, -1.5, -1.875, -2.5, -3.25, -4.5, -7.75, -9.5, -20.5], name="between-poles"
)
POLES = given([0.0, -0.0, -1.0, -2.0, -3.0, -10.0, 1.0, 2.0, 3.0], name="poles", gradient=False)
# Not smooth here and below, where second derivatives grow beside a singularity or oscillate: the noise of the reference
# is measured with differences whose steps are longer than the distance to it, or than a period.
SMALL = spread(1e-10, 1e-3, name="small", signs=True, edge=True, smooth=False, dtypes=RANGE)
LARGE = spread(1e2, 1e10, name="large", edge=True, smooth=False, dtypes=RANGE)
"""Not smooth, because no error of a second derivative would show: its floor counts the rounding of the gradient times
the argument (hvp in conformance/noise.py), at 1e10 more than 1e4 times the second derivative of either function. That
of torch's lgamma scores 1e6 elsewhere, and 1e-5 here. Forward mode passes, but goes by the same flag."""
ORDERS = (
    between((1.3, 12), (0.1, 30), n=16, name="positive"),
    between((1e-4, 1e-2), (0.1, 1), n=16, name="small-order", edge=True),
    between((1, 8), (1e-3, 1e-1), n=16, name="small-argument", edge=True, dtypes=WIDE),
    sample("equal", lambda rng: equal(rng, 3, 15), edge=True),
)
BY_ORDER = (
    between((3, 12), (0.1, 30), n=16, name="positive"),
    *ORDERS[1:],
    given(
        [1.0518, 1.0408, 1.34, 1.464, 1.1902],
        [1.0636, 1.0736, 1.3573, 1.9183, 1.25],
        name="just-above-a-small-order",
        edge=True,
        dtypes=("float64",),
    ),
)
"""Of derivatives with respect to the order, which of small orders are lossy in TensorFlow."""
INCOMPLETE = (
    *ORDERS,
    sample("both-large", lambda rng: equal(rng, 25, 150), edge=True, dtypes=WIDE),
    sample("both-very-large", lambda rng: equal(rng, 250, 5000), edge=True, dtypes=WIDE),
    given(
        [0.0, 1.0, 1.0, 2.0, 0.0, -1.0, 1.0, np.inf, 1.0, np.nan, 1.0],
        [1.0, 0.0, np.inf, 3.0, 0.0, 1.0, -1.0, 1.0, np.nan, 1.0, 2.0],
        name="ends",
        gradient=False,
    ),
)


def logarithms(a: Array, x: Array) -> Array:
    """The largest exponent of x^(a-1) exp(-x) / Gamma(a), whose rounding becomes a relative error of the power."""
    return np.maximum(np.maximum(np.abs((a - 1) * np.log(x)), x), np.abs(ref.lgamma(a)))


def igamma_logarithms(a: Array, x: Array) -> Array:
    """A series times x^a exp(-x) / Gamma(a), the exponential of a sum of logarithms."""
    with np.errstate(all="ignore"):
        return ref.igamma(a, x) * logarithms(a, x)


def igammac_logarithms(a: Array, x: Array) -> Array:
    """A continued fraction times x^a exp(-x) / Gamma(a), the exponential of a sum of logarithms; 1 - P for x < a."""
    with np.errstate(all="ignore"):
        return np.where(x < a, ref.igamma(a, x), ref.igammac(a, x)) * logarithms(a, x)


def igamma_passes(c: Array, a: Array, x: Array) -> Array:
    """The derivative is the exponential of a sum of logarithms."""
    return np.abs(c) * ref.igamma_slope(a, x) * logarithms(a, x)


def beta_logarithms(a: Array, b: Array, x: Array) -> Array:
    """The exponents of x^(a-1) (1-x)^(b-1) / B(a, b), whose rounding becomes a relative error of the power."""
    powers = np.abs((a - 1) * np.log(x)) + np.abs((b - 1) * np.log1p(-x))
    return powers + np.abs(ref.lgamma(a + b)) + np.abs(ref.lgamma(a)) + np.abs(ref.lgamma(b))


def betainc_passes(c: Array, a: Array, b: Array, x: Array) -> Array:
    """The derivative is the exponential of a sum of logarithms."""
    return np.abs(c) * ref.betainc_slope(a, b, x) * beta_logarithms(a, b, x)


def zeta_terms(s: Array, q: Array) -> Array:
    """Below 0 terms of both signs are summed; the largest is that of the number nearest to a pole."""
    with np.errstate(all="ignore"):
        return np.where((q < 0) & (s == np.rint(s)), np.abs(q - np.rint(q)) ** -s, 0)


def beta_passes(a: Array, b: Array, x: Array) -> Array:
    """A series or continued fraction times x^a (1-x)^b / B(a, b), the exponential of a sum of logarithms; or 1 less
    that."""
    with np.errstate(all="ignore"):
        value = ref.betainc(a, b, x)
        return np.minimum(value, 1 - value) * beta_logarithms(a, b, x)


def order_passes(c: Array, a: Array, x: Array) -> Array:
    """The derivative is P (log x - digamma(a)) less a series that it nearly equals where a is small; both have a
    factor x^a exp(-x) / Gamma(a), the exponential of a sum of logarithms."""
    with np.errstate(all="ignore"):
        terms = ref.igamma(a, x) * np.abs(np.log(x) - ref.digamma(a))
        return np.abs(c) * (terms + x * ref.igamma_slope(a, x) * logarithms(a, x))


def erfinv_passes(c: Array, x: Array) -> Array:
    """The derivative is exp(y^2), whose exponent is formed from the rounded y."""
    y = ref.erfinv(x)
    return np.abs(ref.erfinv_vjp(c, x)) * 2 * y * y


def erfcinv_passes(c: Array, x: Array) -> Array:
    """The derivative is exp(y^2), whose exponent is formed from the rounded y."""
    y = ref.erfcinv(x)
    return np.abs(ref.erfcinv_vjp(c, x)) * 2 * y * y


def ndtri_passes(c: Array, p: Array) -> Array:
    """The derivative is exp(y^2 / 2), whose exponent is formed from the rounded y."""
    y = ref.ndtri(p)
    return np.abs(ref.ndtri_vjp(c, p)) * y * y


def erfcx_passes(c: Array, x: Array) -> Array:
    """The derivative is 2 x erfcx(x), which is nearly 2 / sqrt(pi), less that."""
    return np.abs(c) * 2 / np.sqrt(np.pi) * np.ones_like(x)


def terms(a: Array, *, p: int) -> Array:
    """Terms of both signs are summed."""
    return sum(np.abs(ref.lgamma(a - j / 2)) for j in range(p)) + p * (p - 1) / 4 * np.log(np.pi)


def terms_of_slope(c: Array, a: Array, *, p: int) -> Array:
    """Terms of both signs are summed."""
    return np.abs(c) * sum(np.abs(ref.digamma(a - j / 2)) for j in range(p))


def lbeta_terms(x: Array) -> Array:
    """lgamma of the sum is subtracted from a sum that nearly equals it."""
    return np.sum(np.abs(ref.lgamma(x)), axis=-1) + np.abs(ref.lgamma(np.sum(x, axis=-1)))


def lbeta_terms_of_slope(c: Array, x: Array) -> Array:
    """digamma of the sum is subtracted."""
    return np.abs(c)[..., None] * (np.abs(ref.digamma(x)) + np.abs(ref.digamma(np.sum(x, axis=-1, keepdims=True))))


CASES = (
    Case(
        "erf",
        "elementwise",
        ref.erf,
        vjp=ref.erf_vjp,
        torch=[lambda torch, x: torch.erf(x), lambda torch, x: torch.special.erf(x)],
        tensorflow=[lambda tf, x: tf.math.erf(x), lambda tf, x: tf.keras.ops.erf(x)],
        jax=[lambda jax, x: jax.scipy.special.erf(x), lambda jax, x: jax.lax.erf(x)],
        samples=[
            normal((24,)),
            tails(-4, 4, 24),
            spread(1e-8, 1e-4, name="small", signs=True, edge=True, dtypes=RANGE),
            given([1e30, -1e30, 30.0], name="large"),
            nonfinite(),
        ],
        sources=("https://dlmf.nist.gov/7.2",),
    ),
    Case(
        "erfc",
        "elementwise",
        ref.erfc,
        vjp=ref.erfc_vjp,
        torch=[lambda torch, x: torch.erfc(x), lambda torch, x: torch.special.erfc(x)],
        tensorflow=[lambda tf, x: tf.math.erfc(x), lambda tf, x: tf.keras.ops.erfc(x)],
        jax=[lambda jax, x: jax.scipy.special.erfc(x)],
        samples=[normal((24,)), tails(-5, 8.5, 24), small(24), nonfinite(), given([1e30, -1e30, 30.0], name="large")],
        sources=("https://dlmf.nist.gov/7.2",),
    ),
    Case(
        "erfcx",
        "elementwise",
        ref.erfcx,
        vjp=ref.erfcx_vjp,
        vjp_intermediates=erfcx_passes,
        torch=[lambda torch, x: torch.special.erfcx(x)],
        jax=[lambda jax, x: jax.scipy.special.erfcx(x)],
        samples=[
            normal((24,)),
            tails(-8, 10, 24),
            spread(10, 1e6, name="large", edge=True),
            small(24),
            nonfinite(),
        ],
        dtypes=WIDE,  # torch has no other kernels, TensorFlow none
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.erfcx",),
    ),
    Case(
        "erfinv",
        "elementwise",
        ref.erfinv,
        vjp=ref.erfinv_vjp,
        vjp_intermediates=erfinv_passes,
        torch=[lambda torch, x: torch.erfinv(x), lambda torch, x: torch.special.erfinv(x)],
        tensorflow=[lambda tf, x: tf.math.erfinv(x), lambda tf, x: tf.keras.ops.erfinv(x)],
        jax=[lambda jax, x: jax.scipy.special.erfinv(x), lambda jax, x: jax.lax.erf_inv(x)],
        samples=[
            tails(-0.96, 0.95, 32, name="inside"),
            small(24),
            sample("near-one", lambda rng: (1 - 10.0 ** -rng.uniform(1, 6, 24),), edge=True, smooth=False, dtypes=WIDE),
            given([1.0, -1.0, 0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan], name="ends", gradient=False),
        ],
        sources=("https://dlmf.nist.gov/7.17",),
    ),
    Case(
        "erfcinv",
        "elementwise",
        ref.erfcinv,
        vjp=ref.erfcinv_vjp,
        vjp_intermediates=erfcinv_passes,
        tensorflow=[lambda tf, x: tf.math.erfcinv(x)],
        samples=[
            tails(0.05, 1.94, 32, name="inside"),
            spread(1e-30, 1e-2, name="near-zero", edge=True, smooth=False),
            given([0.0, 2.0, 1.0, -1.0, 2.5, np.inf, np.nan], name="ends", gradient=False),
        ],
        dtypes=WIDE,  # the kernel is Ndtri's
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/erfcinv",),
    ),
    Case(
        "ndtr",
        "elementwise",
        ref.ndtr,
        vjp=ref.ndtr_vjp,
        torch=[
            lambda torch, x: torch.special.ndtr(x),
            lambda torch, x: torch.special.erfc(-x * 0.5**0.5) / 2,
        ],
        tensorflow=[lambda tf, x: tf.math.erfc(-x * tf.constant(0.5**0.5, x.dtype)) / 2],
        jax=[lambda jax, x: jax.scipy.special.ndtr(x)],
        samples=[normal((24,)), tails(-5, 5, 24), small(24), nonfinite()],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.ndtr",),
    ),
    Case(
        "ndtri",
        "elementwise",
        ref.ndtri,
        vjp=ref.ndtri_vjp,
        vjp_intermediates=ndtri_passes,
        torch=[lambda torch, p: torch.special.ndtri(p)],
        tensorflow=[lambda tf, p: tf.math.ndtri(p)],
        jax=[lambda jax, p: jax.scipy.special.ndtri(p)],
        samples=[
            tails(0.03, 0.95, 32, name="inside"),
            spread(1e-30, 1e-2, name="near-zero", edge=True, smooth=False),
            sample("near-one", lambda rng: (1 - 10.0 ** -rng.uniform(1, 6, 24),), edge=True, smooth=False),
            given([0.0, 1.0, 0.5, -1.0, 1.5, np.inf, np.nan], name="ends", gradient=False),
        ],
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.ndtri",),
    ),
    Case(
        "log_ndtr",
        "elementwise",
        ref.log_ndtr,
        vjp=ref.log_ndtr_vjp,
        torch=[lambda torch, x: torch.special.log_ndtr(x)],
        jax=[lambda jax, x: jax.scipy.special.log_ndtr(x)],
        samples=[normal((24,)), tails(-30, 9, 24), spread(10, 1e4, name="large", signs=True, edge=True), nonfinite()],
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.log_ndtr",),
    ),
    Case(
        "dawsn",
        "elementwise",
        ref.dawsn,
        vjp=ref.dawsn_vjp,
        vjp_intermediates=one,  # 1 - 2 x F(x)
        tensorflow=[lambda tf, x: tf.math.special.dawsn(x)],
        jax=[lambda jax, x: jax.scipy.special.dawsn(x)],
        samples=[
            normal((24,)),
            tails(-9, 9, 24),
            small(24),
            spread(1e2, 1e6, name="large", edge=True),
            given([2.0**30, -(2.0**30), -(2.0**31)], name="beyond-1e9", gradient=False),
            nonfinite(),
        ],
        dtypes=WIDE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/special/dawsn",),
    ),
    Case(
        "expint",
        "elementwise",
        ref.expint,
        vjp=ref.expint_vjp,
        tensorflow=[lambda tf, x: tf.math.special.expint(x)],
        jax=[lambda jax, x: jax.scipy.special.expi(x)],
        samples=[
            spread(0.1, 60),
            spread(1e-10, 1e-3, name="small", edge=True, smooth=False),
            near(0.37250741078136663, name="near-the-zero"),
            given([-0.5, -2.0, -20.0, 0.0, -0.0, np.inf, -np.inf, np.nan], name="nonfinite", gradient=False),
        ],
        dtypes=WIDE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/special/expint", "https://dlmf.nist.gov/6.2"),
    ),
    Case(
        "fresnel_cos",
        "elementwise",
        ref.fresnel_cos,
        vjp=ref.fresnel_cos_vjp,
        tensorflow=[lambda tf, x: tf.math.special.fresnel_cos(x)],
        jax=[lambda jax, x: jax.scipy.special.fresnel(x)[1]],
        samples=[
            normal((24,)),
            tails(-6, 6, 24),
            small(24),
            spread(10, 1e3, name="large", edge=True, smooth=False),
            nonfinite(),
        ],
        dtypes=WIDE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/special/fresnel_cos",),
    ),
    Case(
        "fresnel_sin",
        "elementwise",
        ref.fresnel_sin,
        vjp=ref.fresnel_sin_vjp,
        tensorflow=[lambda tf, x: tf.math.special.fresnel_sin(x)],
        jax=[lambda jax, x: jax.scipy.special.fresnel(x)[0]],
        samples=[
            normal((24,)),
            tails(-6, 6, 24),
            small(24),
            spread(10, 1e3, name="large", edge=True, smooth=False),
            nonfinite(),
        ],
        dtypes=WIDE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/special/fresnel_sin",),
    ),
    Case(
        "spence",
        "elementwise",
        ref.spence,
        vjp=ref.spence_vjp,
        tensorflow=[lambda tf, x: tf.math.special.spence(x)],
        jax=[lambda jax, x: jax.scipy.special.spence(x)],
        samples=[
            given([0.25, 0.4859717518, 0.486, 0.5132812735, 0.55, 1.2, 1.95, 2.012, 5.0], name="beside-its-pieces"),
            spread(0.1, 60),
            near(1.0, 2.0, name="near-the-zero"),
            spread(1e-10, 1e-3, name="small", edge=True, smooth=False),
            given([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan], name="nonfinite", gradient=False),
        ],
        dtypes=WIDE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/special/spence",),
    ),
    Case(
        "lgamma",
        "elementwise",
        ref.lgamma,
        vjp=ref.lgamma_vjp,
        torch=[lambda torch, x: torch.lgamma(x), lambda torch, x: torch.special.gammaln(x)],
        tensorflow=[lambda tf, x: tf.math.lgamma(x)],
        jax=[lambda jax, x: jax.scipy.special.gammaln(x), lambda jax, x: jax.lax.lgamma(x)],
        samples=[
            spread(0.1, 50),
            near(1.0, 2.0, name="near-zeros"),
            BETWEEN_POLES,
            SMALL,
            LARGE,
            POLES,
            nonfinite(),
            given([1.0, 2.0, 3.0, 0.5], name="zeros"),
            given([0.998326, 1.999780, 2.002208, 1.984382, 0.990586, 1.990476], name="beside-zeros", dtypes=WIDE),
        ],
        sources=("https://dlmf.nist.gov/5.2",),
    ),
    Case(
        "digamma",
        "elementwise",
        ref.digamma,
        vjp=ref.digamma_vjp,
        torch=[
            lambda torch, x: torch.digamma(x),
            lambda torch, x: torch.special.digamma(x),
            lambda torch, x: torch.special.psi(x),
        ],
        tensorflow=[lambda tf, x: tf.math.digamma(x)],
        jax=[lambda jax, x: jax.scipy.special.digamma(x)],
        samples=[
            spread(0.1, 50),
            near(1.4616321449683622, name="near-the-zero"),
            BETWEEN_POLES,
            SMALL,
            LARGE,
            POLES,
            nonfinite(),
        ],
        sources=("https://dlmf.nist.gov/5.2",),
    ),
    Case(
        "polygamma",
        "elementwise",
        ref.polygamma,
        vjp=ref.polygamma_vjp,
        torch=[lambda torch, x, n: torch.polygamma(n, x), lambda torch, x, n: torch.special.polygamma(n, x)],
        tensorflow=[lambda tf, x, n: tf.math.polygamma(tf.constant(n, x.dtype), x)],
        jax=[lambda jax, x, n: jax.scipy.special.polygamma(n, x)],
        samples=[
            spread(0.1, 50, 16, name="trigamma", n=1),
            spread(0.1, 50, 16, name="second", n=2),
            spread(0.5, 50, 16, name="third", n=3),
            spread(0.1, 50, 16, name="order-zero", edge=True, n=0),
            given([-0.25, -0.5, -1.75, -3.5, -9.5], name="between-poles", n=1),
            given([-0.25, -0.5, -1.75, -3.5, -9.5], name="second-between-poles", n=2),
            given([0.0, -0.0, -1.0, -2.0, np.inf, np.nan, 1.0, 2.0, 3.0], name="poles", gradient=False, n=1),
        ],
        sources=("https://dlmf.nist.gov/5.15",),
    ),
    Case(
        "zeta",
        "elementwise",
        ref.zeta,
        vjp=ref.zeta_vjp,
        intermediates=zeta_terms,
        held=("s",),  # neither framework has the derivative with respect to s
        torch=[lambda torch, s, q: torch.special.zeta(s, q)],
        tensorflow=[lambda tf, s, q: tf.math.zeta(s, q)],
        jax=[lambda jax, s, q: jax.scipy.special.zeta(s, q)],
        samples=[
            between((1.1, 12), (0.2, 30), n=16, name="positive"),
            between((1.001, 1.1), (0.2, 30), n=16, name="near-the-pole", edge=True),
            between((2, 6), (1e2, 1e4), n=16, name="large", edge=True),
            given([2.0, 3.0, 2.0, 4.0], [-0.5, -1.5, -3.25, -0.25], name="negative-q", gradient=False),
            given(
                [1.0, 2.0, 2.0, 0.5, 2.5, np.inf, 2.0, np.nan, 2.0, 3.0, 4.0],
                [1.0, 0.0, -1.0, 1.0, -0.5, 1.0, np.inf, 1.0, 1.0, 1.0, 1.0],
                name="poles",
                gradient=False,
            ),
        ],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/25.11",),
    ),
    Case(
        "igamma",
        "elementwise",
        ref.igamma,
        vjp=ref.igamma_vjp,
        intermediates=igamma_logarithms,
        vjp_intermediates=igamma_passes,
        held=("a",),  # that derivative is the case igamma_order
        torch=[lambda torch, a, x: torch.special.gammainc(a, x), lambda torch, a, x: torch.igamma(a, x)],
        tensorflow=[lambda tf, a, x: tf.math.igamma(a, x)],
        jax=[lambda jax, a, x: jax.scipy.special.gammainc(a, x)],
        samples=INCOMPLETE,
        sources=("https://dlmf.nist.gov/8.2",),
    ),
    Case(
        "igammac",
        "elementwise",
        ref.igammac,
        vjp=ref.igammac_vjp,
        intermediates=igammac_logarithms,
        vjp_intermediates=igamma_passes,
        held=("a",),
        torch=[lambda torch, a, x: torch.special.gammaincc(a, x), lambda torch, a, x: torch.igammac(a, x)],
        tensorflow=[lambda tf, a, x: tf.math.igammac(a, x)],
        jax=[lambda jax, a, x: jax.scipy.special.gammaincc(a, x)],
        samples=INCOMPLETE,
        sources=("https://dlmf.nist.gov/8.2",),
    ),
    Case(
        "igamma_order",
        "elementwise",
        ref.igamma,
        vjp=ref.igamma_order_vjp,
        intermediates=igamma_logarithms,
        vjp_intermediates=order_passes,
        held=("x",),
        torch=[lambda torch, a, x: torch.special.gammainc(a, x)],
        tensorflow=[lambda tf, a, x: tf.math.igamma(a, x)],
        jax=[lambda jax, a, x: jax.scipy.special.gammainc(a, x)],
        samples=BY_ORDER,
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/8.7",),
    ),
    Case(
        "igammac_order",
        "elementwise",
        ref.igammac,
        vjp=ref.igammac_order_vjp,
        intermediates=igammac_logarithms,
        vjp_intermediates=order_passes,
        held=("x",),
        torch=[lambda torch, a, x: torch.special.gammaincc(a, x)],
        tensorflow=[lambda tf, a, x: tf.math.igammac(a, x)],
        jax=[lambda jax, a, x: jax.scipy.special.gammaincc(a, x)],
        samples=BY_ORDER,
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/8.7",),
    ),
    Case(
        "betainc",
        "elementwise",
        ref.betainc,
        vjp=ref.betainc_vjp,
        intermediates=beta_passes,
        vjp_intermediates=betainc_passes,
        held=("a", "b"),  # TensorFlow has no derivative with respect to them
        tensorflow=[lambda tf, a, b, x: tf.math.betainc(a, b, x)],
        jax=[lambda jax, a, b, x: jax.scipy.special.betainc(a, b, x)],
        samples=[
            between((0.5, 20), (0.5, 20), (0.1, 0.95), n=16, name="positive"),
            between((0.05, 0.5), (0.05, 0.5), (1e-3, 0.95), n=16, name="small-parameters", edge=True),
            # Its second derivative is the density times (a - 1) / x - (b - 1) / (1 - x): near the mean two terms that
            # are hundreds of times larger than their difference.
            sample("large-parameters", around_the_mean, edge=True, smooth=False),
            given(
                [2.0, 2.0, 1.0, 2.0, 2.0, np.nan],
                [3.0, 3.0, 1.0, 3.0, 3.0, 3.0],
                [0.0, 1.0, 0.5, -0.5, 1.5, 0.5],
                name="ends-of-x",
                gradient=False,
            ),
            given([0.0, np.inf], [3.0, 3.0], [0.5, 0.5], name="ends", gradient=False),
        ],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/8.17",),
    ),
    Case(
        "multigammaln",
        "elementwise",
        ref.multigammaln,
        vjp=ref.multigammaln_vjp,
        intermediates=terms,
        vjp_intermediates=terms_of_slope,
        torch=[lambda torch, a, p: torch.special.multigammaln(a, p), lambda torch, a, p: torch.mvlgamma(a, p)],
        jax=[lambda jax, a, p: jax.scipy.special.multigammaln(a, p)],
        samples=[
            spread(1.2, 50, 12, p=3),
            spread(0.1, 50, 12, name="one-dimension", edge=True, p=1),
            spread(2.6, 50, 12, name="six-dimensions", edge=True, p=6),
        ],
        sources=("https://docs.pytorch.org/docs/stable/special.html#torch.special.multigammaln",),
    ),
    Case(
        "lbeta",
        "reduction",
        ref.lbeta,
        vjp=ref.lbeta_vjp,
        intermediates=lbeta_terms,
        vjp_intermediates=lbeta_terms_of_slope,
        torch=[lambda torch, x: torch.lgamma(x).sum(-1) - torch.lgamma(x.sum(-1))],  # as torch.distributions.Dirichlet
        tensorflow=[lambda tf, x: tf.math.lbeta(x)],
        samples=[
            sample("positive", lambda rng: (np.exp(rng.normal(0, 1.5, (5, 4))),)),
            sample("large", lambda rng: (np.exp(rng.uniform(2, 6, (5, 4))),), edge=True),
            sample("one-element", lambda rng: (np.exp(rng.normal(0, 1.5, (3, 1))),), edge=True),
            given(np.zeros((0, 3)), name="empty"),
        ],
        sources=("https://www.tensorflow.org/api_docs/python/tf/math/lbeta", "https://dlmf.nist.gov/5.12"),
    ),
    *MORE,
)
