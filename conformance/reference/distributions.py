"""Hypothesis tests on random numbers. Each function takes the draws for seeds a, a and b, in this order, and returns
named p-values: small where the draws contradict the distribution. What must hold exactly has the p-value 0 or 1.

A framework draws in floating point: what it returns is a number of the distribution that was rounded, by a rule of its
own, to a grid that in bfloat16 is coarse. No test here depends on that rule: where a distribution function is compared
with the share of the draws, the argument may be off by one step of the grid in either direction (`_step`).
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

Array = np.ndarray
Function = Callable[[Array], Array]


# What every sequence of independent numbers must satisfy


def _tail(z: float) -> float:
    """The two-sided p-value of a standard normal number."""
    return float(min(1.0, 2 * special.ndtr(-abs(z))))


def _seeds(draws: list[Array], *, random: bool = True) -> dict[str, float]:
    """The same seed gives the same bits, another one others."""
    first, again, other = draws
    p = {"the same seed repeats": float(first.dtype == again.dtype and first.tobytes() == again.tobytes())}
    return {**p, "another seed differs": float(not np.array_equal(first, other))} if random else p


def _independence(first: Array, other: Array) -> dict[str, float]:
    """Of scores in [0, 1], arranged as the draws were: neighbours in a row, rows, and seeds."""
    rows, others = (a.reshape(-1, a.shape[-1]) for a in (first, other))
    return {
        "neighbours": _uncorrelated(rows[:, :-1], rows[:, 1:]),
        "neighbours below": _uncorrelated(rows[:-1], rows[1:]),
        "pairs": _contingency(rows[:, : rows.shape[1] // 2 * 2 : 2], rows[:, 1::2]),
        "seeds": _uncorrelated(rows, others),
        "pairs of seeds": _contingency(rows, others),
    }


def _uncorrelated(a: Array, b: Array) -> float:
    """Pearson's correlation of independent pairs, which times sqrt(n) is standard normal."""
    if a.size < 2:
        return 1.0
    x, y = (v.ravel() - np.mean(v) for v in (a, b))
    scale = math.sqrt(float(np.sum(x * x)) * float(np.sum(y * y)))
    return _tail(float(np.sum(x * y)) / scale * math.sqrt(x.size)) if scale > 0 else 1.0


def _contingency(a: Array, b: Array, parts: int = 4) -> float:
    """Chi-squared test of the table of pairs of quarters: finds dependence without correlation."""
    codes = [np.minimum((v * parts).astype(int), parts - 1).ravel() for v in (a, b)]
    table = np.bincount(parts * codes[0] + codes[1], minlength=parts**2).reshape(parts, parts)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    if 1 in table.shape or expected.size == 0 or expected.min() < 5:
        return 1.0
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(special.chdtrc(freedom, np.sum((table - expected) ** 2 / expected)))


# Continuous distributions


def _step(x: Array, dtype: Any, scale: float) -> Array:
    """How far a generator may be from x: a step of its random bits and the rounding of what is computed from them, at
    the magnitude of these numbers; below the smallest normal number, from zero."""
    eps = float(np.spacing(np.ones((), dtype)).astype(np.float64))
    tiny = {8: 2.0**-1022, 4: 2.0**-126}.get(dtype.itemsize, 2.0**-14 if dtype == np.float16 else 2.0**-126)
    return np.maximum(1.5 * eps * np.maximum(np.abs(x), scale), tiny)


def _kolmogorov(values: Array, counts: Array, cdf: Function, step: Function) -> float:
    """The two-sided Kolmogorov-Smirnov test, whose statistic is the least that any rounding can make of it. The limit
    distribution with Stephens' correction (1970, J. R. Stat. Soc. B 32)."""
    n, h = int(counts.sum()), step(values)
    share = np.cumsum(counts) / n
    above = share - cdf(values + h)
    below = cdf(values - h) - (share - counts / n)
    d = max(float(np.max(above)), float(np.max(below)), 0.0)
    return float(special.kolmogorov(d * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))))


def _extremes(x: Array, cdf: Function, sf: Function, step: Function) -> dict[str, float]:
    """The least and the greatest of n numbers: neither too far out nor too far in."""

    def p(end: float, tail: Function, outward: float) -> float:
        h = outward * float(step(np.array([end]))[0])
        further, nearer = (float(tail(np.array([end + way * h]))[0]) for way in (-1, 1))
        out = -math.expm1(x.size * math.log1p(-min(further, 1.0))) if further < 1 else 1.0
        into = math.exp(x.size * math.log1p(-nearer)) if nearer < 1 else 0.0
        return min(1.0, 2 * min(out, into))

    return {"minimum": p(float(x.min()), cdf, -1.0), "maximum": p(float(x.max()), sf, 1.0)}


def _moments(x: Array, mean: float, variance: float, kurtosis: float, h: Array) -> dict[str, float]:
    """Mean and variance against their normal limits; what rounding can do to them is not counted."""
    n, d = x.size, x - mean
    off = abs(float(np.mean(d))) - float(np.mean(h))
    spread = abs(float(np.mean(d**2)) - variance) - float(np.mean(2 * np.abs(d) * h + h**2))
    p = {"mean": _tail(max(off, 0.0) / math.sqrt(variance / n))}
    if (
        1.001 < kurtosis < 12
    ):  # of two equally likely numbers it says nothing; beyond 12, the limit is far at these sizes
        p["variance"] = _tail(max(spread, 0.0) / (variance * math.sqrt((kurtosis - 1) / n)))
    return p


def _digits(counts: Array, dtype: Any) -> float:
    """Equal pairs: there are at least 2^22 numbers of float32, and 2^51 of float64, that are equally likely; a
    generator that has fewer bits repeats itself (the birthday problem)."""
    levels = 2.0 ** (51 if dtype.itemsize == 8 else 22)
    pairs, expected = float(np.sum(counts * (counts - 1.0)) / 2), float(counts.sum()) ** 2 / 2 / levels
    return float(special.pdtrc(pairs - 1, expected)) if pairs else 1.0


def _continuous(
    draws: list[Array],
    cdf: Function,
    sf: Function,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    scale: float = 0.0,
    moments: tuple[float, float, float] | None = None,
    digits: bool = True,
    tails: bool = True,
) -> dict[str, float]:
    """``low`` and ``high``: the support; ``scale``: the magnitude of the numbers that are added to make a draw;
    ``moments``: mean, variance, kurtosis; ``digits``: no value is likely to come twice."""
    dtype = draws[0].dtype
    first, other = (np.asarray(d, np.float64) for d in (draws[0], draws[2]))
    p = _seeds(draws)
    p["support"] = float(all(bool(np.all((x >= low) & (x <= high))) for x in (first, other)))
    if not p["support"]:
        return p

    def step(x: Array) -> Array:
        return _step(x, dtype, scale)

    values, counts = np.unique(first, return_counts=True)
    p["Kolmogorov-Smirnov"] = _kolmogorov(values, counts, cdf, step)
    if tails:
        p |= _extremes(first, cdf, sf, step)
    if moments:
        p |= _moments(first, *moments, step(first))
    if digits and dtype.itemsize > 2:
        p["digits"] = _digits(counts, dtype)
    return p | _independence(cdf(first), cdf(other))


def _constant(draws: list[Array], value: float) -> dict[str, float]:
    """All the weight is in one number."""
    return {"one value": float(all(bool(np.all(np.asarray(d, np.float64) == value)) for d in draws))}


def uniform(draws: list[Array], *, low: float, high: float) -> dict[str, float]:
    """Uniform on [low, high): the upper end is documented as excluded, by both frameworks."""
    if low == high:
        return _constant(draws, low)
    below = all(bool(np.all(np.asarray(d, np.float64) < high)) for d in draws)
    return {**_uniform(draws, low, high), "the upper end is excluded": float(below)}


def _uniform(draws: list[Array], low: float, high: float) -> dict[str, float]:
    """Uniform between ends that the dtype may have to round."""
    width, size = high - low, max(abs(low), abs(high), high - low)
    slack = float(_step(np.zeros(1), draws[0].dtype, max(abs(low), abs(high)))[0])
    return _continuous(
        draws,
        lambda x: np.clip((x - low) / width, 0, 1),
        lambda x: np.clip((high - x) / width, 0, 1),
        low=low - slack,
        high=high + slack,
        scale=size,
        moments=((low + high) / 2, width**2 / 12, 1.8),
        digits=size < 4 * width,
    )


def normal(draws: list[Array], *, mean: float, deviation: float) -> dict[str, float]:
    """N(mean, deviation^2)."""
    if deviation == 0:
        return _constant(draws, mean)
    return _continuous(
        draws,
        lambda x: special.ndtr((x - mean) / deviation),
        lambda x: special.ndtr((mean - x) / deviation),
        scale=abs(mean) + deviation,
        moments=(mean, deviation**2, 3.0),
        digits=abs(mean) < 4 * deviation,
    )


def truncated_normal(
    draws: list[Array], *, mean: float, deviation: float, low: float = -2.0, high: float = 2.0
) -> dict[str, float]:
    """N(mean, deviation^2) between mean + low deviation and mean + high deviation, which is never crossed."""
    sign = -1.0 if low > 0 else 1.0  # by the side where the tail is small no digits are lost
    first, last = (float(special.ndtr(sign * end)) for end in (low, high))

    def share(x: Array, outer: float) -> Array:
        """From one of the ends of the mirrored interval on to x."""
        inside = np.abs(special.ndtr(sign * np.clip((x - mean) / deviation, low, high)) - outer) / abs(last - first)
        return np.clip(inside, 0, 1)

    m, v, kurtosis = _truncated_moments(low, high)
    reach, dtype = abs(mean) + deviation * max(abs(low), abs(high)), draws[0].dtype
    points = [mean + end * deviation for end in (low, high)]
    exact = all(float(np.asarray(point).astype(dtype)) == point for point in points)
    slack = 0.0 if exact else float(_step(np.zeros(1), dtype, reach)[0])
    return _continuous(
        draws,
        lambda x: share(x, first),
        lambda x: share(x, last),
        low=points[0] - slack,
        high=points[1] + slack,
        scale=reach,
        moments=(mean + deviation * m, deviation**2 * v, kurtosis),
        digits=reach < 2 * (high - low) * deviation,
    )


def _truncated_moments(low: float, high: float) -> tuple[float, float, float]:
    """Mean, variance and kurtosis of a standard normal number in [low, high], by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x = (low + high) / 2 + (high - low) / 2 * nodes
    w = weights * np.exp((min(abs(low), abs(high)) ** 2 * (low * high > 0) - x**2) / 2)
    w /= w.sum()
    mean = float(w @ x)
    variance = float(w @ (x - mean) ** 2)
    return mean, variance, float(w @ (x - mean) ** 4) / variance**2


def exponential(draws: list[Array], *, rate: float) -> dict[str, float]:
    """Density rate exp(-rate x)."""
    return gamma(draws, concentration=1.0, rate=rate)


def gamma(draws: list[Array], *, concentration: float, rate: float = 1.0) -> dict[str, float]:
    """Density rate^a x^(a - 1) exp(-rate x) / Gamma(a)."""
    return _continuous(
        draws,
        lambda x: special.gammainc(concentration, rate * np.maximum(x, 0)),
        lambda x: special.gammaincc(concentration, rate * np.maximum(x, 0)),
        low=0.0,
        moments=(concentration / rate, concentration / rate**2, 3 + 6 / concentration),
        digits=concentration >= 0.5,
        tails=concentration >= 0.1,  # of smaller ones half of the numbers are below the smallest that a format has
    )


def beta(draws: list[Array], *, a: float, b: float) -> dict[str, float]:
    """Density x^(a - 1) (1 - x)^(b - 1) / B(a, b)."""
    variance = a * b / ((a + b) ** 2 * (a + b + 1))
    excess = 6 * ((a - b) ** 2 * (a + b + 1) - a * b * (a + b + 2)) / (a * b * (a + b + 2) * (a + b + 3))
    return _continuous(
        draws,
        lambda x: special.betainc(a, b, np.clip(x, 0, 1)),
        lambda x: special.betainc(b, a, np.clip(1 - x, 0, 1)),
        low=0.0,
        high=1.0,
        scale=1.0,
        moments=(a / (a + b), variance, excess + 3),
        digits=min(a, b) >= 0.5,
        tails=min(a, b) >= 0.5,
    )


def dirichlet(draws: list[Array], *, concentrations: tuple[float, ...]) -> dict[str, float]:
    """Rows that sum to 1, each component by itself beta(a, sum of the others), each two with the covariance
    -a b / (s^2 (s + 1)). (Johnson, Kotz & Balakrishnan 2000, *Continuous Multivariate Distributions*, chapter 49.)"""
    total = sum(concentrations)
    first = np.asarray(draws[0], np.float64)
    eps = float(np.spacing(np.ones((), draws[0].dtype)).astype(np.float64))
    p = {"rows sum to 1": float(np.max(np.abs(first.sum(axis=-1) - 1)) <= len(concentrations) * eps)}
    for i, a in enumerate(concentrations):
        component = beta([d[:, i : i + 1] for d in draws], a=a, b=total - a)
        p |= {f"component {i}: {name}": value for name, value in component.items()}
    shares = np.array(concentrations) / total
    for i, j in itertools.combinations(range(len(concentrations)), 2):
        x, y = first[:, i] - shares[i], first[:, j] - shares[j]
        expected = -shares[i] * shares[j] / (total + 1)
        error = (float(np.mean(x * y)) - expected) / float(np.std(x * y))
        p[f"covariance of {i} and {j}"] = _tail(error * math.sqrt(len(x)))
    return p


def log_normal(draws: list[Array], *, mean: float, deviation: float) -> dict[str, float]:
    """exp of N(mean, deviation^2)."""

    def z(x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(x, 0)) - mean) / deviation

    p = _moments(z(np.asarray(draws[0], np.float64)), 0.0, 1.0, 3.0, np.zeros(1))
    return {**p, **_continuous(draws, lambda x: special.ndtr(z(x)), lambda x: special.ndtr(-z(x)), low=0.0)}


def cauchy(draws: list[Array], *, median: float, scale: float) -> dict[str, float]:
    """Density 1 / (pi scale (1 + ((x - median) / scale)^2)); it has no moments."""
    overflowed = [np.where(np.isinf(np.asarray(d, np.float64)), 0, d).astype(d.dtype) for d in draws]
    share = float(np.mean(np.isinf(np.asarray(draws[0], np.float64))))
    largest = float(np.asarray(np.finfo(np.float16).max)) if draws[0].dtype == np.float16 else 1e38
    expected = 2 * scale / (math.pi * largest)  # what a format cannot hold
    p = {"infinities": float(special.bdtrc(share * draws[0].size - 1, draws[0].size, expected)) if share else 1.0}

    def angle(x: Array) -> Array:
        return np.arctan2(scale, median - x) / math.pi

    found = _continuous(
        overflowed, angle, lambda x: np.arctan2(scale, x - median) / math.pi, scale=abs(median) + scale,
        digits=abs(median) < 4 * scale, tails=share == 0,
    )  # fmt: skip
    return {**p, **found}


def other_family(draws: list[Array], *, family: str, parameters: tuple[float, ...]) -> dict[str, float]:
    """Other distributions of `torch.distributions`, with its parameters (Johnson, Kotz & Balakrishnan 1994/95,
    *Continuous Univariate Distributions*; Mardia & Jupp 2000, *Directional Statistics*)."""
    a, b, *_ = (*parameters, 1.0)
    pairs: dict[str, tuple[float, Function, Function]] = {  # the lower end; distribution function; 1 minus it
        "Chi2": (0.0, lambda x: special.chdtr(a, x), lambda x: special.chdtrc(a, x)),
        "FisherSnedecor": (0.0, lambda x: special.fdtr(a, b, x), lambda x: special.fdtrc(a, b, x)),
        "Gumbel": (-math.inf, lambda x: np.exp(-np.exp((a - x) / b)), lambda x: -np.expm1(-np.exp((a - x) / b))),
        "HalfCauchy": (0.0, lambda x: np.arctan2(x, a) * 2 / math.pi, lambda x: np.arctan2(a, x) * 2 / math.pi),
        "HalfNormal": (0.0, lambda x: special.erf(x / a / math.sqrt(2)), lambda x: special.erfc(x / a / math.sqrt(2))),
        "InverseGamma": (0.0, lambda x: special.gammaincc(a, b / x), lambda x: special.gammainc(a, b / x)),
        "Laplace": (-math.inf, lambda x: _laplace((x - a) / b), lambda x: _laplace((a - x) / b)),
        "Pareto": (a, lambda x: -np.expm1(b * np.log(a / np.maximum(x, a))), lambda x: (a / np.maximum(x, a)) ** b),
        "StudentT": (-math.inf, lambda x: special.stdtr(a, x), lambda x: special.stdtr(a, -x)),
        "VonMises": (-math.pi, lambda x: _von_mises(x - a, b), lambda x: _von_mises(a - x, b)),
        "Weibull": (0.0, lambda x: -np.expm1(-np.maximum(x / a, 0) ** b), lambda x: np.exp(-np.maximum(x / a, 0) ** b)),
    }  # fmt: skip
    low, cdf, sf = pairs[family]
    return _continuous(draws, cdf, sf, low=low, high=math.pi if family == "VonMises" else math.inf, scale=abs(a))


def _laplace(z: Array) -> Array:
    return np.where(z < 0, np.exp(-np.abs(z)) / 2, 1 - np.exp(-np.abs(z)) / 2)


def _von_mises(x: Array, concentration: float) -> Array:
    """Density exp(concentration cos x) on a circle; integrated by the trapezoidal rule."""
    t = np.linspace(-math.pi, math.pi, 2**15 + 1)
    density = np.exp(concentration * (np.cos(t) - 1))
    area = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return np.interp(x, t, area / area[-1])


# Discrete distributions


def _discrete(draws: list[Array], support: Array, probability: Array) -> dict[str, float]:
    """Chi-squared test of the counts, mean, variance, independence. Numbers that the dtype cannot tell apart count as
    one."""
    dtype = draws[0].dtype
    first, other = (np.asarray(d, np.float64) for d in (draws[0], draws[2]))
    held = support if dtype.kind in "iub" else np.asarray(support.astype(dtype), np.float64)
    values, place = np.unique(held, return_inverse=True)
    weight = np.bincount(place, probability)
    random = bool(np.count_nonzero(weight > 1e-15) > 1)
    p = _seeds(draws, random=random)
    possible = values[weight > 0]
    p["support"] = float(bool(np.all(np.isin(first, possible)) and np.all(np.isin(other, possible))))
    if not p["support"] or not random:
        return p
    at = np.searchsorted(values, first)
    counts = np.bincount(at.ravel(), minlength=len(values))
    p["chi-squared"] = _fit(counts, weight * first.size)
    mean = float(weight @ values)
    variance = float(weight @ (values - mean) ** 2)
    kurtosis = float(weight @ (values - mean) ** 4) / variance**2
    p |= _moments(first, mean, variance, kurtosis, np.zeros(1))
    scores = np.cumsum(weight) - weight / 2
    if first.size * (1 - weight.max()) ** 2 < 25:  # too few pairs of rare numbers for the limits that are used
        return p
    return p | _independence(scores[at], scores[np.searchsorted(values, other)])


def _fit(counts: Array, expected: Array) -> float:
    """Chi-squared test; neighbouring cells are joined until at least 10 are expected in each (Cochran 1954)."""
    sums, observed, wanted = [], 0.0, 0.0
    for count, e in zip(counts[expected > 0], expected[expected > 0], strict=True):
        observed, wanted = observed + count, wanted + e
        if wanted >= 10:
            sums.append((observed, wanted))
            observed = wanted = 0.0
    if not sums:
        return 1.0
    sums[-1] = (sums[-1][0] + observed, sums[-1][1] + wanted)
    o, w = np.array(sums).T
    return float(special.chdtrc(len(o) - 1, np.sum((o - w) ** 2 / w))) if len(o) > 1 else 1.0


def integers(draws: list[Array], *, low: int, high: int) -> dict[str, float]:
    """Integers of [low, high), equally likely; wide ranges as if they were continuous."""
    if high - low <= 4096:
        return _discrete(draws, np.arange(low, high, dtype=float), np.full(high - low, 1 / (high - low)))
    inside, wide = float(all(d.min() >= low and d.max() < high for d in draws)), [d + 0.5 for d in draws]
    last = np.bincount((draws[0] & 7).ravel().astype(int), minlength=8)  # bits, equally likely
    digits = _fit(last, np.full(8, draws[0].size / 8))
    return {**_seeds(draws), **_uniform(wide, low, high), "support": inside, "digits": digits}


def poisson(draws: list[Array], *, rate: float) -> dict[str, float]:
    """Counts with rate^k exp(-rate) / k!."""
    if rate == 0:
        return _constant(draws, 0)
    reach = 12 * math.sqrt(rate) + 40
    k = np.arange(max(0, math.floor(rate - reach)), math.ceil(rate + reach), dtype=float)
    return _discrete(draws, k, np.exp(special.xlogy(k, rate) - rate - special.gammaln(k + 1)))


def binomial(draws: list[Array], *, count: int, probability: float) -> dict[str, float]:
    """Successes among so many independent trials."""
    k = np.arange(count + 1, dtype=float)
    ways = special.gammaln(count + 1) - special.gammaln(k + 1) - special.gammaln(count - k + 1)
    return _discrete(draws, k, np.exp(ways + special.xlogy(k, probability) + special.xlog1py(count - k, -probability)))


def bernoulli(draws: list[Array], *, probability: float) -> dict[str, float]:
    """1 with the probability, else 0."""
    return _discrete(draws, np.array([0.0, 1.0]), np.array([1 - probability, probability]))


def geometric(draws: list[Array], *, probability: float, first: int) -> dict[str, float]:
    """Trials up to the first success (``first`` is 1), or failures before it (0)."""
    k = np.arange(math.ceil(60 / -math.log1p(-min(probability, 0.999))) + 2, dtype=float)
    weights = probability * (1 - probability) ** k if probability < 1 else (k == 0).astype(float)
    return _discrete(draws, k + first, weights)


def negative_binomial(draws: list[Array], *, count: float, probability: float) -> dict[str, float]:
    """Successes of the probability before so many failures."""
    k = np.arange(math.ceil((count + 60) / -math.log(probability) * 4), dtype=float)
    ways = special.gammaln(count + k) - special.gammaln(count) - special.gammaln(k + 1)
    return _discrete(draws, k, np.exp(ways + k * math.log(probability) + count * math.log1p(-probability)))


def categorical(draws: list[Array], *, weights: tuple[float, ...]) -> dict[str, float]:
    """The index i with a probability proportional to its weight."""
    return _discrete(draws, np.arange(len(weights), dtype=float), np.array(weights) / sum(weights))


def without_replacement(draws: list[Array], *, weights: tuple[float, ...]) -> dict[str, float]:
    """Rows of two different indices, the second one drawn from what the first has left: the ordered pair (i, j) has the
    probability w_i w_j / (1 - w_i), for weights that sum to 1 (Yellott 1977, J. Math. Psychol. 15)."""
    w, n = np.array(weights) / sum(weights), len(weights)
    pairs = w[:, None] * w / np.maximum(1 - w[:, None], 1e-300) * (1 - np.eye(n))
    return _discrete([d[:, 0] * n + d[:, 1] for d in draws], np.arange(n * n, dtype=float), pairs.ravel())


def multinomial(draws: list[Array], *, count: int, weights: tuple[float, ...]) -> dict[str, float]:
    """Rows of counts that sum to ``count``, each by itself binomial."""
    p = {"rows sum to the count": float(all(bool(np.all(np.asarray(d).sum(axis=-1) == count)) for d in draws))}
    for i, weight in enumerate(weights):
        column = binomial([d[:, i : i + 1] for d in draws], count=count, probability=weight / sum(weights))
        p |= {f"category {i}: {name}": value for name, value in column.items()}
    return p


def permutation(draws: list[Array], *, buffer: int = 0) -> dict[str, float]:
    """A permutation of 0 ... n - 1, or rows of them. In a uniform one the relative orders of disjoint runs of four are
    independent, each of 24 equally likely; numbers do not remember where they were; and fixed points are about Poisson
    with mean 1 (Diaconis, Fulman & Guralnick 2008). So it must be whatever ``buffer`` data go through."""
    rows = [np.atleast_2d(np.asarray(d)) for d in draws]
    n = rows[0].shape[1]
    p = _seeds(draws)
    each = np.arange(n)
    p["every number once"] = float(all(np.array_equal(np.sort(r, axis=1), np.tile(each, (len(r), 1))) for r in rows))
    if not p["every number once"]:
        return p
    first, other = rows[0], rows[2]
    runs = first[:, : n // 4 * 4].reshape(-1, 4)
    orders = np.argsort(np.argsort(runs, axis=1), axis=1) @ np.array([64, 16, 4, 1])
    codes = [64 * a + 16 * b + 4 * c + d for a, b, c, d in itertools.permutations(range(4))]
    p["orders of four"] = _fit(np.bincount(orders, minlength=256)[codes], np.full(24, len(runs) / 24))
    fixed = float(np.sum(first == np.arange(n)))
    more = float(special.pdtrc(fixed - 1, len(first))) if fixed else 1.0
    p["fixed points"] = min(1.0, 2 * min(float(special.pdtr(fixed, len(first))), more))
    if n < 100:
        return p
    where = np.tile(np.arange(n) / n, (len(first), 1))
    p["positions"] = _uncorrelated(first, where)
    p["quarters"] = _contingency(first / n, where)
    p["neighbours"] = _uncorrelated(first[:, ::2][:, : n // 2], first[:, 1::2])
    p["seeds"] = _uncorrelated(first, other)
    return p


def shuffled_rows(draws: list[Array]) -> dict[str, float]:
    """Rows (i, i, ...) in another order: each stays whole."""
    whole = all(np.array_equal(d, np.broadcast_to(d[:, :1], d.shape)) for d in draws)
    return {"rows stay whole": float(whole), **permutation([np.ascontiguousarray(d[:, 0]) for d in draws])}


# Initializers. Kernels have Keras' layout: (inputs, outputs) or (window..., inputs, outputs).


def variance_scaling(
    draws: list[Array], *, scale: float, mode: str, distribution: str, of: str = ""
) -> dict[str, float]:
    """Variance scale / n, where n is the number of inputs or outputs of one unit, or their mean; uniform, normal, or
    normal and truncated at two standard deviations, before it is scaled to that variance. ``of`` is the name of an
    initializer for which that holds. (Glorot & Bengio 2010, PMLR
    9; He et al. 2015, ICCV; LeCun et al. 1998, *Efficient BackProp*.)"""
    shape = draws[0].shape
    window = math.prod(shape[:-2])
    fans = {"fan_in": window * shape[-2], "fan_out": window * shape[-1]}
    n = fans.get(mode) or sum(fans.values()) / 2
    deviation = math.sqrt(scale / n)
    if distribution == "uniform":
        return _uniform(draws, -math.sqrt(3) * deviation, math.sqrt(3) * deviation)
    if distribution == "normal":
        return normal(draws, mean=0.0, deviation=deviation)
    # The variance of a standard normal number within [-2, 2]: 1 - 4 phi(2) / (2 Phi(2) - 1).
    within = 1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
    return truncated_normal(draws, mean=0.0, deviation=deviation / math.sqrt(within))


def glorot(draws: list[Array], *, gain: float, distribution: str) -> dict[str, float]:
    """Variance gain^2 times 2 / (inputs + outputs)."""
    return variance_scaling(draws, scale=gain**2, mode="fan_avg", distribution=distribution)


def he(draws: list[Array], *, slope: float, mode: str, distribution: str) -> dict[str, float]:
    """Variance 2 / ((1 + slope^2) n), for rectifiers of that slope where their inputs are negative."""
    return variance_scaling(draws, scale=2 / (1 + slope**2), mode=mode, distribution=distribution)


def initial_weights(draws: list[Array], *, layer: str, weight: str, law: str, size: float) -> dict[str, float]:
    """A weight of a layer as its framework documents it: uniform in [-size, size], N(0, size^2), the constant size, or
    size times an orthogonal matrix."""
    if law == "uniform":
        return _uniform(draws, -size, size)
    if law == "normal":
        return normal(draws, mean=0.0, deviation=size)
    return orthogonal(draws, gain=size) if law == "orthogonal" else _constant(draws, size)


def orthogonal(draws: list[Array], *, gain: float) -> dict[str, float]:
    """gain times a matrix with orthonormal columns (rows, where there are more columns), drawn with Haar's measure
    (Stewart 1980, SIAM J. Numer. Anal. 17; Mezzadri 2007, Notices AMS 54). Each entry then has the variance 1 / m,
    where m is the larger side, any two are uncorrelated, and sums of many, such as the trace, are normal (Diaconis &
    Shahshahani 1994, J. Appl. Probab. 31A)."""
    first, _, other = (np.asarray(d, np.float64).reshape(-1, d.shape[-1]) / gain for d in draws)
    q = first if first.shape[0] >= first.shape[1] else first.T
    m, n = q.shape
    u = float(np.spacing(np.ones((), draws[0].dtype)).astype(np.float64)) / 2
    error = float(np.max(np.abs(q.T @ q - np.eye(n))))
    p = _seeds(draws)
    # Householder's columns are orthonormal to a small multiple of u sqrt(m n) (Higham, ASNA, theorem 19.4).
    p["orthonormal"] = float(error <= 4 * u * math.sqrt(m * n))
    z = q * math.sqrt(m)
    p["trace"] = _tail(float(np.trace(z)) / math.sqrt(n))
    positive = int(np.sum(np.diag(z) > 0))
    p["signs of the diagonal"] = min(1.0, 2 * float(special.bdtr(min(positive, n - positive), n, 0.5)))
    p["sum"] = _tail(float(np.sum(z)) / math.sqrt(m * n))
    p["signs"] = _tail(float(np.sum(np.sign(z))) / math.sqrt(m * n))
    if m >= 30:  # the entries of one matrix are then nearly independent (Jiang 2006, Ann. Probab. 34)
        half = (m - 1) / 2
        share: Function = lambda x: special.betainc(half, half, np.clip((x + 1) / 2, 0, 1))
        p["Kolmogorov-Smirnov"] = _kolmogorov(*np.unique(q, return_counts=True), share, np.zeros_like)
    p["seeds"] = _uncorrelated(first, other)
    return p


def sparse(draws: list[Array], *, sparsity: float, deviation: float) -> dict[str, float]:
    """In each column so many zeros, rounded up, at random places, and N(0, deviation^2) elsewhere (Martens 2010,
    ICML)."""
    first, again, other = draws
    rows, columns = first.shape
    zeros = math.ceil(sparsity * rows)
    empty = np.asarray(first, np.float64) == 0
    p = {"zeros of each column": float(bool(np.all(empty.sum(axis=0) == zeros)))}
    if not p["zeros of each column"]:
        return p

    def filled(d: Array) -> Array:
        return np.ascontiguousarray(d.T[np.asarray(d.T, np.float64) != 0].reshape(columns, -1))

    p |= normal([filled(d) for d in (first, again, other)], mean=0.0, deviation=deviation)
    full, others = empty.astype(float), np.asarray(np.asarray(other, np.float64) == 0, float)
    share = zeros / rows
    spread = np.sum((empty.sum(axis=1) - columns * share) ** 2) / (columns * share * (1 - share))
    statistic = float(spread) * (rows - 1) / rows  # the counts of the rows have a fixed sum
    p["places"] = min(1.0, 2 * float(min(special.chdtrc(rows - 1, statistic), special.chdtr(rows - 1, statistic))))
    p["neighbouring columns"] = _uncorrelated(full[:, :-1], full[:, 1:])
    p["places of seeds"] = _uncorrelated(full, others)
    return p
