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
    if rate > 0:
        p["keep rate"] = float(scipy.stats.binomtest(int(kept.sum()), kept.size, 1 - rate).pvalue)
        p["rows"] = _uniformity(kept.sum(axis=1), kept.shape[1], 1 - rate)
        p["columns"] = _uniformity(kept.sum(axis=0), kept.shape[0], 1 - rate)
        p["neighbours"] = _independence(kept[:, :-1], kept[:, 1:])
        p["neighbours below"] = _independence(kept[:-1], kept[1:])
        p["seeds"] = _independence(kept, other != 0)
    return p


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
