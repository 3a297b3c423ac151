"""Special functions in every format: float64 by SciPy, ``numpy.longdouble`` and balls by ball arithmetic.

The body of each function is its definition in balls; the decorator names the function that stands for it in float64,
and that gives the limits and poles, which balls do not know. Sections are those of the NIST Digital Library of
Mathematical Functions, https://dlmf.nist.gov.
"""

import functools
from collections.abc import Callable
from typing import Any

import flint
import numpy as np
import scipy.special

from conformance.reference import ball

Array = np.ndarray
Ball = Any
MAX_BITS = 2048


def _sum(high: float, low: float) -> Ball:
    return flint.arb(high) + low if low else flint.arb(high)


def special(in_float64: Callable[..., Any] | None = None) -> Callable[[Callable[..., Ball]], Callable[..., Array]]:
    """Make a function of arrays of one defined for balls. Without ``in_float64``, float64 is computed by balls too."""

    def decorate(definition: Callable[..., Ball]) -> Callable[..., Array]:
        def at(balls: tuple[Ball, ...], constants: dict[str, Any]) -> Ball:
            balls = tuple(map(flint.arb, balls))
            if all(b.is_finite() for b in balls):
                return definition(*balls, **constants)
            return flint.arb(float(in_float64(*map(float, balls), **constants))) if in_float64 else flint.arb.nan()

        @functools.lru_cache(maxsize=2**13)  # a nudge moves a number to one of two places, again and again
        def number(*numbers: Any, **constants: Any) -> Any:
            bits = ball.BITS
            while bits <= MAX_BITS:
                with ball.precision(bits):
                    y = at(tuple(_sum(float(x), float(x - np.longdouble(float(x)))) for x in numbers), constants)
                    if y.is_finite() and float(y.rad()) <= ball.NARROW * abs(float(y.mid())):
                        high = float(y)
                        return np.longdouble(high) + np.longdouble(float(y - high))
                bits *= 2
            return np.longdouble(np.nan)

        @functools.wraps(definition)
        def f(*arrays: Array, **constants: Any) -> Array:
            if any(a.dtype == object for a in arrays):
                each = np.frompyfunc(lambda *balls: at(balls, constants), len(arrays), 1)
                return np.asarray(each(*arrays), dtype=object)
            wide = np.result_type(*arrays)
            narrow = [a.astype(np.float64) for a in arrays]
            limits = np.asarray(in_float64(*narrow, **constants)) if in_float64 else None
            if limits is not None and np.finfo(wide).nmant <= 52:
                return limits
            points = [a.reshape(-1) for a in np.broadcast_arrays(*arrays)]
            shape = np.broadcast_shapes(*(a.shape for a in arrays))
            asked = np.logical_and.reduce([np.isfinite(p) for p in points])
            out = np.full(shape, np.nan, wide) if limits is None else limits.astype(wide)
            flat = out.reshape(-1)
            for i in np.flatnonzero(asked & ((limits is None) | np.isfinite(flat))):
                y = number(*(p[i] for p in points), **constants)
                flat[i] = flat[i] if np.isnan(y) or y == flat[i] == 0 else y  # balls have no sign of 0
            return out

        return f

    return decorate


def pi(x: Array) -> Any:
    """pi in the format of ``x``."""
    if x.dtype == object:
        return flint.arb.pi()
    with ball.precision():
        return ball.to_longdouble(np.array([flint.arb.pi()], dtype=object))[0].astype(x.dtype)


def sqrt(x: Array, n: int) -> Any:
    """The square root of an integer in the format of ``x``."""
    return flint.arb(n).sqrt() if x.dtype == object else np.sqrt(x.dtype.type(n))


# The error function and its kin, chapter 7


@special(scipy.special.erf)
def erf(x: Ball) -> Ball:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. DLMF 7.2.1, https://dlmf.nist.gov/7.2#E1"""
    return x.erf()


@special(scipy.special.erfc)
def erfc(x: Ball) -> Ball:
    """1 - erf(x), without cancellation. DLMF 7.2.2."""
    return x.erfc()


@special(scipy.special.erfcx)
def erfcx(x: Ball) -> Ball:
    """exp(x^2) erfc(x). DLMF 7.2.2 and 7.2.3 (w(ix))."""
    return (x * x).exp() * x.erfc()


@special(lambda x: np.copysign(scipy.special.erfinv(x), x))
def erfinv(x: Ball) -> Ball:
    """The inverse of erf. DLMF 7.17.1."""
    return x.erfinv()


@special(scipy.special.erfcinv)
def erfcinv(x: Ball) -> Ball:
    """The inverse of erfc. DLMF 7.17.1."""
    return x.erfcinv()


@special(scipy.special.dawsn)
def dawsn(x: Ball) -> Ball:
    """exp(-x^2) times the integral of exp(t^2) from 0 to x. DLMF 7.2.5."""
    return (-x * x).exp() * x.erfi() * flint.arb.pi().sqrt() / 2


@special()
def dawsn_slope(x: Ball) -> Ball:
    """1 - 2 x F(x). DLMF 7.10.3 with 7.5.1."""
    return 1 - x * (-x * x).exp() * x.erfi() * flint.arb.pi().sqrt()


@special()
def erfcx_slope(x: Ball) -> Ball:
    """2 x erfcx(x) - 2 / sqrt(pi). DLMF 7.10.2."""
    return 2 * x * (x * x).exp() * x.erfc() - 2 / flint.arb.pi().sqrt()


@special(lambda x: scipy.special.fresnel(x)[1])
def fresnel_cos(x: Ball) -> Ball:
    """The integral of cos(pi t^2 / 2) from 0 to x. DLMF 7.2.7."""
    return x.fresnel_c()


@special(lambda x: scipy.special.fresnel(x)[0])
def fresnel_sin(x: Ball) -> Ball:
    """The integral of sin(pi t^2 / 2) from 0 to x. DLMF 7.2.8."""
    return x.fresnel_s()


@special(scipy.special.ndtr)
def ndtr(x: Ball) -> Ball:
    """The normal distribution function, erfc(-x / sqrt 2) / 2. DLMF 7.20.1."""
    return (-x / flint.arb(2).sqrt()).erfc() / 2


@special(scipy.special.ndtri)
def ndtri(p: Ball) -> Ball:
    """The inverse of the normal distribution function, -sqrt 2 erfcinv(2 p). DLMF 7.20.1, 7.17.1."""
    return -flint.arb(2).sqrt() * (2 * p).erfcinv()


@special(scipy.special.log_ndtr)
def log_ndtr(x: Ball) -> Ball:
    """The logarithm of the normal distribution function. DLMF 7.20.1."""
    half = (abs(x) / flint.arb(2).sqrt()).erfc() / 2
    return (-half).log1p() if x > 0 else half.log()


def _density(x: Array) -> Array:
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    return np.exp(-x * x / 2) / np.sqrt(2 * pi(x))


def erf_vjp(c: Array, x: Array) -> Array:
    """DLMF 7.10.1."""
    return c * 2 * np.exp(-x * x) / np.sqrt(pi(x))


def erfc_vjp(c: Array, x: Array) -> Array:
    return -erf_vjp(c, x)


def erfinv_vjp(c: Array, x: Array) -> Array:
    """1 / erf'(y)."""
    y = erfinv(x)
    return c * np.exp(y * y) * np.sqrt(pi(x)) / 2


def erfcinv_vjp(c: Array, x: Array) -> Array:
    y = erfcinv(x)
    return -c * np.exp(y * y) * np.sqrt(pi(x)) / 2


def fresnel_cos_vjp(c: Array, x: Array) -> Array:
    return c * np.cos(pi(x) * x * x / 2)


def fresnel_sin_vjp(c: Array, x: Array) -> Array:
    return c * np.sin(pi(x) * x * x / 2)


def ndtr_vjp(c: Array, x: Array) -> Array:
    return c * _density(x)


def ndtri_vjp(c: Array, p: Array) -> Array:
    return c / _density(ndtri(p))


def log_ndtr_vjp(c: Array, x: Array) -> Array:
    """density / ndtr = sqrt(2 / pi) / erfcx(-x / sqrt 2)."""
    return c * np.sqrt(2 / pi(x)) / erfcx(-x / sqrt(x, 2))


# The gamma function and its kin, chapters 5, 8 and 25


@special(lambda x: np.where(np.isinf(x), np.inf, scipy.special.gammaln(x)))
def lgamma(x: Ball) -> Ball:
    """log |Gamma(x)|. DLMF 5.2.1; below 0 by the reflection 5.5.3. C99 (F.9.5.3) has infinity at -infinity too."""
    if x > 0:
        return x.lgamma()
    return (flint.arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()


@special(scipy.special.psi)
def digamma(x: Ball) -> Ball:
    """Gamma'(x) / Gamma(x). DLMF 5.2.2."""
    return x.digamma()


@special(lambda x, n: scipy.special.polygamma(n, x))
def polygamma(x: Ball, *, n: int) -> Ball:
    """The n-th derivative of digamma. DLMF 5.15.1."""
    return flint.acb(x).polygamma(n).real if n else x.digamma()


@special(scipy.special.zeta)
def zeta(s: Ball, q: Ball) -> Ball:
    """Hurwitz' zeta function, the sum of (k + q)^-s for k = 0, 1, ... DLMF 25.11.1; terms below 0 by themselves."""
    total = flint.arb(0)
    while not q > 0:
        total, q = total + q ** (-s), q + 1
    return total + s.zeta(q)


def _lower_series(a: Ball, x: Ball) -> Ball:
    """Sum of x^k / ((a + 1) ... (a + k)), for x < a + 1: positive terms, the rest below a geometric series."""
    total, term, k = flint.arb(1), flint.arb(1), 0
    while not term < total * flint.arb(2) ** -flint.ctx.prec:
        k += 1
        term = term * x / (a + k)
        total += term
    ratio = x / (a + k + 1)
    return total.union(total + term * ratio / (1 - ratio))


@special(scipy.special.gammainc)
def igamma(a: Ball, x: Ball) -> Ball:
    """P(a, x), the integral of t^(a-1) exp(-t) from 0 to x, over Gamma(a). DLMF 8.2.4; the series is 8.7.1."""
    if x == 0:
        return flint.arb(0)
    if x > a + 1:
        return 1 - x.gamma_upper(a, 1)
    return (a * x.log() - x - (a + 1).lgamma()).exp() * _lower_series(a, x)


@special(scipy.special.gammaincc)
def igammac(a: Ball, x: Ball) -> Ball:
    """Q(a, x) = 1 - P(a, x). DLMF 8.2.4."""
    return x.gamma_upper(a, 1)


@special()
def igamma_slope(a: Ball, x: Ball) -> Ball:
    """dP/dx = x^(a-1) exp(-x) / Gamma(a). DLMF 8.8.13."""
    return ((a - 1) * x.log() - x - a.lgamma()).exp()


@special()
def igamma_order_slope(a: Ball, x: Ball) -> Ball:
    """dP/da, from the series x^a sum of (-x)^k / (k! (a + k)) for the integral (DLMF 8.7.1), term by term: the sum of
    (-x)^k / (k! (a + k)^2) is 2F2(a, a; a + 1, a + 1; -x) / a^2 (DLMF 16.2.1)."""
    series = (a * x.log() - a.lgamma()).exp() / (a * a) * (-x).hypgeom([a, a], [a + 1, a + 1])
    return x.gamma_lower(a, 1) * (x.log() - a.digamma()) - series


@special(scipy.special.betainc)
def betainc(a: Ball, b: Ball, x: Ball) -> Ball:
    """I_x(a, b), the regularized incomplete beta function. DLMF 8.17.2."""
    return x.beta_lower(a, b, 1)


@special()
def betainc_slope(a: Ball, b: Ball, x: Ball) -> Ball:
    """x^(a-1) (1-x)^(b-1) / B(a, b). DLMF 8.17.1."""
    logarithm = (a - 1) * x.log() + (b - 1) * (1 - x).log() + (a + b).lgamma() - a.lgamma() - b.lgamma()
    return logarithm.exp()


def lgamma_vjp(c: Array, x: Array) -> Array:
    return c * digamma(x)


def digamma_vjp(c: Array, x: Array) -> Array:
    return c * polygamma(x, n=1)


def polygamma_vjp(c: Array, x: Array, n: int) -> Array:
    return c * polygamma(x, n=n + 1)


def zeta_vjp(c: Array, s: Array, q: Array) -> Array:
    """With respect to q. DLMF 25.11.17."""
    return -c * s * zeta(s + 1, q)


def igamma_vjp(c: Array, a: Array, x: Array) -> Array:
    """With respect to x."""
    return c * igamma_slope(a, x)


def igammac_vjp(c: Array, a: Array, x: Array) -> Array:
    return -igamma_vjp(c, a, x)


def igamma_order_vjp(c: Array, a: Array, x: Array) -> Array:
    """With respect to a."""
    return c * igamma_order_slope(a, x)


def igammac_order_vjp(c: Array, a: Array, x: Array) -> Array:
    return -igamma_order_vjp(c, a, x)


def betainc_vjp(c: Array, a: Array, b: Array, x: Array) -> Array:
    """With respect to x."""
    return c * betainc_slope(a, b, x)


def multigammaln(a: Array, *, p: int) -> Array:
    """log of the multivariate gamma function: p (p - 1) / 4 log(pi) + sum of lgamma(a - j / 2), j < p. DLMF 35.3.4."""
    return p * (p - 1) * np.log(pi(a)) / 4 + sum(lgamma(a - j / 2) for j in range(p))


def multigammaln_vjp(c: Array, a: Array, *, p: int) -> Array:
    return c * sum(digamma(a - j / 2) for j in range(p))


def lbeta(x: Array) -> Array:
    """log of the beta function of the last axis: sum of lgamma(x_i), less lgamma of the sum. DLMF 5.14.1, 5.12.1."""
    return np.sum(lgamma(x), axis=-1) - lgamma(np.sum(x, axis=-1))


def lbeta_vjp(c: Array, x: Array) -> Array:
    return np.asarray(c)[..., None] * (digamma(x) - digamma(np.sum(x, axis=-1, keepdims=True)))


# Integrals and elementary functions with a limit in them


@special(scipy.special.expi)
def expint(x: Ball) -> Ball:
    """Ei(x), the principal value of the integral of exp(t) / t up to x. DLMF 6.2.5."""
    return x.ei()


@special(scipy.special.spence)
def spence(x: Ball) -> Ball:
    """The integral of log(t) / (1 - t) from 1 to x, Li_2(1 - x). DLMF 25.12.2."""
    return flint.arb.pi() ** 2 / 6 if x == 0 else (1 - x).polylog(2)


@special(np.sinc)
def sinc(x: Ball) -> Ball:
    """sin(pi x) / (pi x). DLMF 3.3.43."""
    return x.sinc_pi()


@special()
def sinc_slope(x: Ball) -> Ball:
    """(cos(pi x) - sinc(x)) / x, 0 at 0."""
    return flint.arb(0) if x == 0 else (x.cos_pi() - x.sinc_pi()) / x


@special()
def spence_slope(x: Ball) -> Ball:
    """log(x) / (1 - x), -1 at 1."""
    return flint.arb(-1) if x == 1 else x.log() / (1 - x)


def erfcx_vjp(c: Array, x: Array) -> Array:
    return c * erfcx_slope(x)


def dawsn_vjp(c: Array, x: Array) -> Array:
    return c * dawsn_slope(x)


def expint_vjp(c: Array, x: Array) -> Array:
    return c * np.exp(x) / x


def spence_vjp(c: Array, x: Array) -> Array:
    return c * spence_slope(x)


def sinc_vjp(c: Array, x: Array) -> Array:
    return c * sinc_slope(x)


def _where_zero(x: Array, y: Array, otherwise: Array) -> Array:
    """0 where x is 0, unless y is not a number."""
    return np.where((x == 0) & (y == y), 0 * np.nan_to_num(x) if x.dtype != object else 0 * x, otherwise)


def xlogy(x: Array, y: Array) -> Array:
    """x log(y), 0 where x is 0."""
    return _where_zero(x, y, x * np.log(y))


def xlogy_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """The function is linear in x: its derivative is log(y), where x is 0 too."""
    return c * np.log(y), _where_zero(x, y, c * x / y)


def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y), 0 where x is 0."""
    return _where_zero(x, y, x * np.log1p(y))


def xlog1py_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return c * np.log1p(y), _where_zero(x, y, c * x / (1 + y))


def xdivy(x: Array, y: Array) -> Array:
    """x / y, 0 where x is 0."""
    return _where_zero(x, y, x / y)


def xdivy_vjp(c: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return c / y, _where_zero(x, y, -c * x / (y * y))


def entr(x: Array) -> Array:
    """-x log(x), the summand of the entropy; 0 at 0, -infinity below: -entr is convex on the line."""
    return np.where(x == 0, 0 * np.abs(x), np.where(x < 0, -np.inf, -x * np.log(np.where(x < 0, 1 + 0 * x, x))))


def entr_vjp(c: Array, x: Array) -> Array:
    return -c * (1 + np.log(x))


def _inside(x: Array, eps: float | None) -> Array:
    """x, clipped to [eps, 1 - eps]."""
    return x if eps is None else np.where(x < eps, eps + 0 * x, np.where(x > 1 - eps, 1 - eps + 0 * x, x))


def logit(x: Array, eps: float | None = None) -> Array:
    """log(x / (1 - x)). DLMF 4.2 has log; https://docs.pytorch.org/docs/stable/special.html has eps."""
    x = _inside(x, eps)
    return np.log(x) - np.log1p(-x)


def logit_vjp(c: Array, x: Array, eps: float | None = None) -> Array:
    """0 where x was clipped."""
    inside = _inside(x, eps)
    return np.where(inside == x, c, 0 * c) / (inside * (1 - inside))
