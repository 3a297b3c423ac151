"""The hypothesis tests on random numbers: their size and power, the published words of a generator, other processes.

Draws by NumPy and SciPy stand for a correct framework; the same with a parameter that is wrong by 1 to 5% (of Cauchy's
by 10%) for a faulty one.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from scipy import stats

from conformance.case import KINDS
from conformance.frameworks import load
from conformance.reference import distributions as ref
from conformance.reference import seeds
from meta_tests.authorities.random import philox4x32

LIMIT = 10.0 ** -KINDS["statistics"].limits["statistics"]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Any]


@dataclass(frozen=True)
class Judged:
    """A hypothesis test, draws that it must accept, and draws that it must reject."""

    name: str
    judge: Callable[..., dict[str, float]]
    options: dict[str, Any]
    true: Draw
    false: Draw
    shape: tuple[int, ...] = (150, 200)
    by: tuple[str, ...] = field(default=())
    """Of which tests one must reject; any, if none is named."""

    def __str__(self) -> str:
        return self.name

    def p(self, draw: Draw, seed: int, dtype: Any = np.float64, shape: tuple[int, ...] = ()) -> dict[str, float]:
        a, b = (draw(np.random.default_rng([seed, i]), shape or self.shape) for i in range(2))
        draws = [np.asarray(d) if np.asarray(d).dtype.kind in "iu" else np.asarray(d).astype(dtype) for d in (a, a, b)]
        return self.judge(draws, **self.options)


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], fixed: bool = True) -> np.ndarray:
    q, r = np.linalg.qr(rng.standard_normal(shape))
    return q * np.sign(np.diag(r)) if fixed else q


def sparse(rng: np.random.Generator, shape: tuple[int, ...], deviation: float = 0.25) -> np.ndarray:
    w = deviation * rng.standard_normal(shape)
    for column in w.T:
        column[rng.permutation(shape[0])[: shape[0] // 2]] = 0
    return w


def kept_order(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A rotation: every number is anywhere with the same probability."""
    return np.roll(np.arange(shape[-1]), rng.integers(shape[-1]))[None]


def cycle(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Sattolo's algorithm: one cycle, as an index that is off by one makes of a shuffle."""
    rows = np.tile(np.arange(shape[1]), (shape[0], 1))
    for row in rows:
        for i in range(shape[1] - 1, 0, -1):
            j = rng.integers(i)
            row[[i, j]] = row[[j, i]]
    return rows


def glorot_bound(fan: float) -> float:
    return float(np.sqrt(6 / fan))


W, SHIFT = np.array([0.5, 0.25, 0.125, 0.125]), np.array([0.015, 0, -0.015, 0])
JUDGED = [
    Judged("uniform", ref.uniform, {"low": -3.0, "high": 5.0},
           lambda r, s: r.uniform(-3, 5, s), lambda r, s: r.uniform(-3, 4.92, s), by=("maximum",)),
    Judged("normal", ref.normal, {"mean": 0.5, "deviation": 2.0},
           lambda r, s: r.normal(0.5, 2, s), lambda r, s: r.normal(0.5, 2.09, s), by=("variance",)),
    Judged("normal, correlated", ref.normal, {"mean": 0.0, "deviation": 1.0}, lambda r, s: r.normal(0, 1, s),
           lambda r, s: (lambda z: np.hstack([z[:, :1], (z[:, 1:] + 0.05 * z[:, :-1]) / (1 + 0.05**2) ** 0.5]))(
               r.normal(0, 1, s)), by=("neighbours",)),
    Judged("normal, of float32", ref.normal, {"mean": 0.0, "deviation": 1.0}, lambda r, s: r.normal(0, 1, s),
           lambda r, s: r.normal(0, 1, s).astype(np.float32).astype(np.float64), by=("digits",)),
    Judged("normal, tails cut", ref.normal, {"mean": 0.0, "deviation": 1.0}, lambda r, s: r.normal(0, 1, s),
           lambda r, s: np.clip(r.normal(0, 1, s), -3, 3), by=("minimum", "maximum")),
    Judged("truncated normal", ref.truncated_normal, {"mean": 0.0, "deviation": 1.0},
           lambda r, s: stats.truncnorm(-2, 2).rvs(s, random_state=r),
           lambda r, s: stats.truncnorm(-2, 2, scale=0.97).rvs(s, random_state=r), by=("variance", "maximum")),
    Judged("truncated normal in the tail", ref.truncated_normal,
           {"mean": 1.0, "deviation": 2.0, "low": 4.0, "high": 5.0},
           lambda r, s: 1 + 2 * stats.truncnorm(4, 5).rvs(s, random_state=r),
           lambda r, s: 1 + 2 * stats.truncnorm(4, 5).rvs(s, random_state=r) * 1.01, by=("support",)),
    Judged("exponential", ref.exponential, {"rate": 2.0},
           lambda r, s: r.exponential(0.5, s), lambda r, s: r.exponential(0.525, s), by=("mean",)),
    Judged("gamma", ref.gamma, {"concentration": 2.5, "rate": 0.5},
           lambda r, s: r.gamma(2.5, 2, s), lambda r, s: r.gamma(2.5, 2.06, s), by=("mean",)),
    Judged("gamma, tiny", ref.gamma, {"concentration": 2.0**-10},
           lambda r, s: r.gamma(2.0**-10, 1, s), lambda r, s: r.gamma(2.0**-10 * 1.1, 1, s)),
    Judged("beta", ref.beta, {"a": 2.5, "b": 1.5},
           lambda r, s: r.beta(2.5, 1.5, s), lambda r, s: r.beta(2.5, 1.5 * 1.04, s), by=("mean",)),
    Judged("dirichlet", ref.dirichlet, {"concentrations": (2.0, 0.75, 4.0)},
           lambda r, s: r.dirichlet((2, 0.75, 4), s[0]), lambda r, s: r.dirichlet((2.06, 0.75, 4), s[0]), (150000, 3)),
    Judged("log-normal", ref.log_normal, {"mean": 0.0, "deviation": 1.0},
           lambda r, s: r.lognormal(0, 1, s), lambda r, s: r.lognormal(0, 1.035, s),
           by=("variance",)),
    Judged("cauchy", ref.cauchy, {"median": 0.0, "scale": 1.0},
           lambda r, s: r.standard_cauchy(s), lambda r, s: 1.13 * r.standard_cauchy(s)),
    Judged("integers", ref.integers, {"low": 1, "high": 7},
           lambda r, s: r.integers(1, 7, s), lambda r, s: np.minimum(r.integers(1, 8, s), 6), by=("chi-squared",)),
    Judged("integers of 32 bits", ref.integers, {"low": -(2**31), "high": 2**31 - 1},
           lambda r, s: r.integers(-(2**31), 2**31 - 1, s), lambda r, s: r.integers(-(2**31), 2**31 - 1, s) // 2 * 2,
           by=("digits",)),
    Judged("bernoulli", ref.bernoulli, {"probability": 0.5},
           lambda r, s: r.binomial(1, 0.5, s), lambda r, s: r.binomial(1, 0.515 + 0.005, s), by=("mean",)),
    Judged("binomial", ref.binomial, {"count": 10, "probability": 0.25},
           lambda r, s: r.binomial(10, 0.25, s), lambda r, s: r.binomial(10, 0.2575, s), by=("mean",)),
    Judged("poisson", ref.poisson, {"rate": 25.0},
           lambda r, s: r.poisson(25, s), lambda r, s: r.poisson(25.25, s), by=("mean",)),
    Judged("geometric", ref.geometric, {"probability": 0.25, "first": 1},
           lambda r, s: r.geometric(0.25, s), lambda r, s: r.geometric(0.2425 - 0.0025, s), by=("mean",)),
    Judged("negative binomial", ref.negative_binomial, {"count": 4.0, "probability": 0.25},
           lambda r, s: r.negative_binomial(4, 0.75, s), lambda r, s: r.negative_binomial(4, 0.73, s), by=("mean",)),
    Judged("categorical", ref.categorical, {"weights": tuple(W)}, lambda r, s: r.choice(4, s, p=W),
           lambda r, s: r.choice(4, s, p=W + SHIFT), by=("chi-squared",)),
    Judged("without replacement", ref.without_replacement, {"weights": tuple(W)},
           lambda r, s: np.argsort(np.log(W) + r.gumbel(size=(s[0], 4)), axis=1)[:, :-3:-1],
           lambda r, s: np.sort(np.argsort(np.log(W) + r.gumbel(size=(s[0], 4)), axis=1)[:, :-3:-1], axis=1),
           (20000, 2)),
    Judged("multinomial", ref.multinomial, {"count": 12, "weights": tuple(W)},
           lambda r, s: r.multinomial(12, W, s[0]), lambda r, s: r.multinomial(12, W + SHIFT, s[0]),
           (8000, 4)),
    Judged("permutation", ref.permutation, {}, lambda r, s: r.permutation(s[1])[None], kept_order, (1, 12000),
           by=("orders of four",)),
    Judged("permutation, one cycle", ref.permutation, {},
           lambda r, s: np.array([r.permutation(s[1]) for _ in range(s[0])]), cycle, (40, 40), by=("fixed points",)),
    Judged("glorot", ref.glorot, {"gain": 1.0, "distribution": "uniform"},
           lambda r, s: r.uniform(-1, 1, s) * glorot_bound(370),
           lambda r, s: r.uniform(-1, 1, s) * glorot_bound(377), (120, 250), by=("maximum",)),
    Judged("he, truncated, not rescaled", ref.he, {"slope": 0.0, "mode": "fan_in", "distribution": "truncated_normal"},
           lambda r, s: stats.truncnorm(-2, 2).rvs(s, random_state=r) * (2 / 270) ** 0.5 / 0.87962566103423978,
           lambda r, s: stats.truncnorm(-2, 2).rvs(s, random_state=r) * (2 / 270) ** 0.5, (3, 3, 30, 100)),
    Judged("orthogonal", ref.orthogonal, {"gain": 1.0}, orthogonal,
           lambda r, s: orthogonal(r, s, fixed=False), (200, 200), by=("trace", "signs of the diagonal")),
    Judged("sparse", ref.sparse, {"sparsity": 0.5, "deviation": 0.25}, sparse,
           lambda r, s: sparse(r, s, 0.265), (200, 150), by=("variance",)),
]  # fmt: skip
EXACT = {"the same seed repeats", "another seed differs", "support"}


@pytest.mark.parametrize("judged", JUDGED, ids=str)
def test_size(judged: Judged) -> None:
    """Of 40 correct samples: no p-value is smaller than it should be, test by test; tests may be conservative."""
    shape = {(150, 200): (40, 50), (150000, 3): (3000, 3)}.get(judged.shape, judged.shape)
    found = [judged.p(judged.true, seed, shape=shape) for seed in range(40)]
    for name in found[0]:
        p = np.sort([f[name] for f in found])
        assert p[0] > 1e-4 / len(found[0]), (name, p[:3])
        if name not in EXACT and np.ptp(p) > 0:
            assert stats.binomtest(int(np.sum(p < 0.1)), 40, 0.1, alternative="greater").pvalue > 1e-4, name


@pytest.mark.parametrize("judged", JUDGED, ids=str)
def test_power(judged: Judged) -> None:
    """Two faulty samples in two are rejected, at the level of the checks; two correct ones are not."""
    for seed in range(2):
        p = judged.p(judged.false, seed)
        assert min(p[name] for name in judged.by or p) < LIMIT, p
        assert min(judged.p(judged.true, seed + 100).values()) > LIMIT


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16], ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("judged", [j for j in JUDGED if j.name in ("uniform", "normal", "exponential")], ids=str)
def test_the_grid_of_a_format_is_no_fault(judged: Judged, dtype: Any) -> None:
    """Rounded to nearest, or by a generator with as many bits as the format has."""
    for seed in range(8):
        p = judged.p(judged.true, seed, dtype)
        del p["support"]  # rounding to nearest reaches the upper end
        p.pop("the upper end is excluded", None)
        assert min(p.values()) > LIMIT, p
    bits = ml_dtypes.finfo(dtype).nmant
    rng = np.random.default_rng(0)
    a, b = ((rng.integers(0, 2**bits, (150, 200)) / 2**bits).astype(dtype) for _ in range(2))
    assert min(ref.uniform([a, a, b], low=0.0, high=1.0).values()) > LIMIT
    assert min(judged.p(lambda r, s: 0.9 * judged.true(r, s), 0, dtype).values()) < LIMIT


def test_the_published_words_of_philox() -> None:
    """Known answers of Random123 (https://github.com/DEShawResearch/random123, tests/kat_vectors)."""
    ones = 0xFFFFFFFF
    pi = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]
    assert philox4x32([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox4x32([ones] * 4, [ones] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    assert philox4x32(*pi) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]
    assert seeds.philox(np.zeros(4), key=0, counter=0)[0] == 0x6627E8D5


PROGRAMS = {
    "torch": """
import torch
torch.manual_seed(7)
drawn = [torch.rand(5), torch.randn(20), torch.randperm(9), torch.nn.Linear(3, 4).weight.detach()]
print([d.tolist() for d in drawn])
""",
    "tensorflow": """
import tensorflow as tf
tf.keras.utils.set_random_seed(7)
drawn = [tf.random.uniform([5]), tf.random.normal([20]), tf.random.shuffle(tf.range(9)), tf.keras.random.uniform([5])]
drawn += [tf.keras.initializers.GlorotUniform()([3, 4])]
print([d.numpy().tolist() for d in drawn])
""",
}


@pytest.mark.parametrize("framework", PROGRAMS)
def test_a_seed_gives_the_same_bits_in_another_process(framework: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(framework)
    load(framework)
    exec(PROGRAMS[framework], {})
    here = capsys.readouterr().out
    there = subprocess.run([sys.executable, "-c", PROGRAMS[framework]], capture_output=True, text=True, timeout=100)
    assert there.stdout == here
    assert here.count("0.") > 20
