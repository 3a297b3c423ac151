"""Authorities for special functions: mpmath's, to 30 digits; SciPy's, where that is another function."""

from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import scipy.special


def exactly(f: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """A function of arrays from one of mpmath numbers. What mpmath refuses is not a number."""

    def one(*numbers: float, **options: Any) -> float:
        if not np.all(np.isfinite(numbers)):
            return np.nan
        with mpmath.workdps(30):
            try:
                return float(mpmath.re(f(*map(mpmath.mpf, numbers), **options)))
            except (ValueError, ZeroDivisionError, OverflowError):
                return np.nan

    def g(*arrays: np.ndarray, **options: Any) -> np.ndarray:
        each = np.frompyfunc(lambda *numbers: one(*map(float, numbers), **options), len(arrays), 1)
        return np.asarray(each(*arrays)).astype(np.float64)

    return g


def hurwitz(s: Any, q: Any) -> Any:
    """Outside of SciPy's domain, in which s > 1, and q > 0 or s a whole number, not a number."""
    return mpmath.zeta(s, q) if s > 1 and (q > 0 or (s == int(s) and q != int(q))) else mpmath.nan


def incomplete(a: Any, x: Any, *, upper: bool) -> Any:
    bounds = (x, mpmath.inf) if upper else (0, x)
    return mpmath.gammainc(a, *bounds, regularized=True)


def beta(a: Any, b: Any, x: Any) -> Any:
    return mpmath.betainc(a, b, 0, x, regularized=True) if 0 <= x <= 1 and a > 0 and b > 0 else mpmath.nan


def quantile(p: Any) -> Any:
    with mpmath.workdps(80):  # 2 p - 1 to 30 digits or more
        return mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)


def log_normal(x: Any) -> Any:
    return (
        mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)
        if x < 0
        else mpmath.log1p(-mpmath.erfc(x / mpmath.sqrt(2)) / 2)
    )


def on_half_line(f: Callable[..., Any]) -> Callable[..., Any]:
    """Not a number below 0, where mpmath's is complex."""
    return lambda x: f(x) if x >= 0 else mpmath.nan


def one_by_one(x: np.ndarray) -> np.ndarray:
    """log B(a, b, c) = log B(a, b) + log B(a + b, c)."""
    before = np.cumsum(x, axis=-1)[..., :-1]
    return np.sum(scipy.special.betaln(before, x[..., 1:]), axis=-1)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "erf": exactly(mpmath.erf),
    "erfc": exactly(mpmath.erfc),
    "erfcx": exactly(lambda x: mpmath.exp(x * x) * mpmath.erfc(x)),
    "erfinv": exactly(mpmath.erfinv),
    "erfcinv": exactly(lambda x: -quantile(x / 2) / mpmath.sqrt(2)),
    "ndtr": exactly(mpmath.ncdf),
    "ndtri": exactly(quantile),
    "log_ndtr": exactly(log_normal),
    "dawsn": exactly(lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x)),
    "expint": exactly(mpmath.ei),
    "fresnel_cos": exactly(mpmath.fresnelc),
    "fresnel_sin": exactly(mpmath.fresnels),
    "spence": exactly(on_half_line(lambda x: mpmath.polylog(2, 1 - x))),
    "lgamma": exactly(lambda x: mpmath.re(mpmath.loggamma(x))),
    "digamma": exactly(mpmath.digamma),
    "polygamma": exactly(lambda x, n: mpmath.psi(n, x)),
    "zeta": exactly(hurwitz),
    "igamma": exactly(lambda a, x: incomplete(a, x, upper=False)),
    "igammac": exactly(lambda a, x: incomplete(a, x, upper=True)),
    "igamma_order": exactly(lambda a, x: incomplete(a, x, upper=False)),
    "igammac_order": exactly(lambda a, x: incomplete(a, x, upper=True)),
    "betainc": exactly(beta),
    "multigammaln": lambda a, p: np.vectorize(scipy.special.multigammaln, otypes=[float])(a, p),
    "lbeta": one_by_one,
    "i0": exactly(lambda x: mpmath.besseli(0, x)),
    "i1": exactly(lambda x: mpmath.besseli(1, x)),
    "i0e": exactly(lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(0, x)),
    "i1e": exactly(lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x)),
    "k0": exactly(on_half_line(lambda x: mpmath.besselk(0, x))),
    "k1": exactly(on_half_line(lambda x: mpmath.besselk(1, x))),
    "k0e": exactly(on_half_line(lambda x: mpmath.exp(x) * mpmath.besselk(0, x))),
    "k1e": exactly(on_half_line(lambda x: mpmath.exp(x) * mpmath.besselk(1, x))),
    "j0": exactly(lambda x: mpmath.besselj(0, x)),
    "j1": exactly(lambda x: mpmath.besselj(1, x)),
    "y0": exactly(on_half_line(lambda x: mpmath.bessely(0, x))),
    "y1": exactly(on_half_line(lambda x: mpmath.bessely(1, x))),
    "spherical_j0": exactly(mpmath.sinc),
    "airy_ai": exactly(mpmath.airyai),
    "sinc": exactly(mpmath.sincpi),
    "xlogy": scipy.special.xlogy,
    "xlog1py": scipy.special.xlog1py,
    "xdivy": lambda x, y: x * np.divide(1, y, out=np.zeros_like(y), where=x != 0),
    "entr": scipy.special.entr,
    "logit": lambda x, eps=None: scipy.special.logit(x if eps is None else np.clip(x, eps, 1 - eps)),
}
