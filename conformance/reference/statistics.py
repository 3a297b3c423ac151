"""Hypothesis tests on random results. Each returns named p-values: small where the result contradicts the mathematics.

A property that must hold exactly has the p-value 0 or 1.
"""

import numpy as np
import scipy  # its stats, which take a second to import, are loaded on first use

Array = np.ndarray


def dropout(draws: list[Array], gradients: list[Array], *, rate: float) -> dict[str, float]:
    """Inverted dropout of ones (Srivastava et al., JMLR 15, 2014): each element is kept with probability 1 - rate,
    independently, and scaled by 1 / (1 - rate).

    ``draws``: results for seeds a, a and b; ``gradients``: those of their sums, in the same order.
    """
    first, again, other = (np.asarray(d, dtype=np.float64) for d in draws)
    if rate == 1:
        zero = not first.any() and (gradients[0] is None or not np.asarray(gradients[0], np.float64).any())
        return {"everything is dropped": float(zero)}
    kept = first != 0
    exact = {"scaling is one value": len(np.unique(first[kept])) <= 1}
    # The dtype rounds the scale once; the unit roundoff of the result's dtype is all that it may be off.
    scale = first[kept].max() if kept.any() else 1 / (1 - rate)
    u = float(np.spacing(np.asarray(scale, dtype=draws[0].dtype)).astype(np.float64))
    exact["scaling is 1 / (1 - rate)"] = abs(scale - 1 / (1 - rate)) <= u
    exact["the same seed repeats"] = bool(np.array_equal(first, again))
    exact["another seed differs"] = rate == 0 or not np.array_equal(first, other)
    exact["the gradient has the mask of the value"] = bool(np.array_equal(np.asarray(gradients[0], np.float64), first))
    p = {name: float(ok) for name, ok in exact.items()}
    return {**p, **_mask(kept, other != 0, rate)} if rate > 0 else p


def _mask(kept: Array, other: Array, rate: float) -> dict[str, float]:
    """A mask of independent elements, and that of another seed."""
    return {
        "keep rate": float(scipy.stats.binomtest(int(kept.sum()), kept.size, 1 - rate).pvalue),
        "rows": _uniformity(kept.sum(axis=1), kept.shape[1], 1 - rate),
        "columns": _uniformity(kept.sum(axis=0), kept.shape[0], 1 - rate),
        "neighbours": _independence(kept[:, :-1], kept[:, 1:]),
        "neighbours below": _independence(kept[:-1], kept[1:]),
        "seeds": _independence(kept, other),
    }


def spatial_dropout(draws: list[Array], gradients: list[Array], *, rate: float) -> dict[str, float]:
    """Dropout of whole feature maps (Tompson et al., CVPR 2015) of ones (batch, positions..., channels): what holds of
    dropout holds of one position, and all positions are alike."""
    gradients = [np.zeros_like(d) if g is None else g for d, g in zip(draws, gradients, strict=True)]
    whole = all(np.array_equal(a, np.broadcast_to(_one_position(a), a.shape)) for a in (*draws, *gradients))
    p = dropout([_corner(d) for d in draws], [_corner(g) for g in gradients], rate=rate)
    return {"maps are dropped as a whole": float(whole), **p}


def _one_position(a: Array) -> Array:
    return _corner(a).reshape(len(a), *(1,) * (a.ndim - 2), a.shape[-1])


def _corner(a: Array) -> Array:
    return a.reshape(len(a), -1, a.shape[-1])[:, 0]


def alpha_dropout(draws: list[Array], gradients: list[Array], *, rate: float) -> dict[str, float]:
    """Alpha dropout of ones (Klambauer et al., NeurIPS 2017): an element is kept with probability 1 - rate, or else
    becomes s = -scale alpha of SELU; then a x + b, which restores mean 0 and variance 1:
    a = ((1 - rate) (1 + rate s^2))^(-1/2), b = -a rate s."""
    saturation = -1.6732632423543772 * 1.0507009873554805
    a = ((1 - rate) * (1 + rate * saturation**2)) ** -0.5
    b = -a * rate * saturation
    masks = [np.abs(np.asarray(d, np.float64) - (a + b)) < np.abs(np.asarray(d, np.float64) - (a * saturation + b))
             for d in draws]  # fmt: skip
    first, kept = np.asarray(draws[0], np.float64), masks[0]
    u = float(np.spacing(np.asarray(2, dtype=draws[0].dtype)).astype(np.float64))  # numbers up to 4, added three times
    exact = {
        "values are those of the paper": np.max(np.abs(first - np.where(kept, a + b, a * saturation + b))) <= 4 * u,
        "the gradient is a where kept": np.max(np.abs(np.asarray(gradients[0], np.float64) - a * kept)) <= 4 * u,
        "the same seed repeats": bool(np.array_equal(draws[0], draws[1])),
        "another seed differs": not np.array_equal(draws[0], draws[2]),
    }
    return {**{name: float(ok) for name, ok in exact.items()}, **_mask(kept, masks[2], rate)}


def feature_alpha_dropout(draws: list[Array], gradients: list[Array], *, rate: float) -> dict[str, float]:
    """Alpha dropout of whole feature maps."""
    whole = all(np.array_equal(a, np.broadcast_to(_one_position(a), a.shape)) for a in (*draws, *gradients))
    p = alpha_dropout([_corner(d) for d in draws], [_corner(g) for g in gradients], rate=rate)
    return {"maps are dropped as a whole": float(whole), **p}


def gaussian_dropout(draws: list[Array], gradients: list[Array], *, rate: float) -> dict[str, float]:
    """Ones times independent N(1, rate / (1 - rate)) (Srivastava et al. 2014, section 10)."""
    if rate == 0:
        return {"nothing is changed": float(np.all(draws[0] == 1) and np.all(gradients[0] == 1))}
    multiplied = {"the gradient is the value": float(np.array_equal(draws[0], gradients[0]))}
    return {**multiplied, **_gaussian(draws, 1.0, (rate / (1 - rate)) ** 0.5)}


def gaussian_noise(draws: list[Array], gradients: list[Array], *, deviation: float) -> dict[str, float]:
    """Zeros plus independent N(0, deviation^2)."""
    if deviation == 0:
        return {"nothing is changed": float(not draws[0].any() and np.all(gradients[0] == 1))}
    added = {"the gradient is 1": float(np.all(np.asarray(gradients[0], np.float64) == 1))}
    return {**added, **_gaussian(draws, 0.0, deviation)}


def _gaussian(draws: list[Array], mean: float, deviation: float) -> dict[str, float]:
    """Mean, variance and shape of independent normal numbers, seeds, and correlation of neighbours."""
    first, again, other = ((np.asarray(d, np.float64) - mean) / deviation for d in draws)
    n, square = first.size, float(np.sum(first**2))
    of_variance = 2 * min(scipy.stats.chi2.sf(square, n), scipy.stats.chi2.cdf(square, n), 0.5)
    return {
        "the same seed repeats": float(np.array_equal(first, again)),
        "another seed differs": float(not np.array_equal(first, other)),
        "mean": float(2 * scipy.stats.norm.sf(abs(np.sum(first)) / n**0.5)),
        "variance": float(of_variance),
        "normal distribution": float(scipy.stats.kstest(first.ravel(), "norm").pvalue),
        "neighbours": _uncorrelated(first[:, :-1], first[:, 1:]),
        "neighbours below": _uncorrelated(first[:-1], first[1:]),
        "seeds": _uncorrelated(first, other),
    }


def _uncorrelated(a: Array, b: Array) -> float:
    return float(scipy.stats.pearsonr(a.ravel(), b.ravel()).pvalue)


def _uniformity(counts: Array, trials: int, probability: float) -> float:
    """Whether counts are binomial: variance test (index of dispersion; Cochran 1954, Biometrics 10)."""
    statistic = np.sum((counts - trials * probability) ** 2) / (trials * probability * (1 - probability))
    return float(
        2 * min(scipy.stats.chi2.sf(statistic, len(counts)), scipy.stats.chi2.cdf(statistic, len(counts)), 0.5)
    )


def _independence(a: Array, b: Array) -> float:
    """Chi-squared test of the two-by-two table of two masks."""
    table = np.array([[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]])
    if 0 in table.sum(axis=0) or 0 in table.sum(axis=1):
        return 0.0
    return float(scipy.stats.chi2_contingency(table, correction=False).pvalue)


def equivalence(a: list[float], b: list[float], margin: float) -> float:
    """The p-value of two one-sided tests (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15(6)): small where the means of
    two samples differ by less than ``margin``. Each is Welch's, for unequal variances (1947, Biometrika 34)."""
    if len({*a}) == len({*b}) == 1:  # no variance to judge by
        return float(not abs(a[0] - b[0]) < margin)
    above = scipy.stats.ttest_ind(np.asarray(a) + margin, np.asarray(b), equal_var=False, alternative="greater")
    below = scipy.stats.ttest_ind(np.asarray(a) - margin, np.asarray(b), equal_var=False, alternative="less")
    return float(np.nan_to_num(np.max([above.pvalue, below.pvalue]), nan=1.0))  # a run that was lost is no equal
