"""The generators word by word, as their papers print them, and one stream of numbers that a seed restarts."""

from typing import Any

import numpy as np

Array = np.ndarray


def mt19937(seed: int, count: int) -> list[int]:
    """init_genrand and genrand_int32 of mt19937ar.c."""
    state = [seed & 0xFFFFFFFF]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + i) & 0xFFFFFFFF)
    for i in range(624):
        y = state[i] & 0x80000000 | state[(i + 1) % 624] & 0x7FFFFFFF
        state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (0x9908B0DF if y % 2 else 0)
    words = []
    for y in state[:count]:
        y ^= y >> 11
        y ^= y << 7 & 0x9D2C5680
        y ^= y << 15 & 0xEFC60000
        words.append(y ^ y >> 18)
    return words


def seeded(like: Array, *, seed: int, bits: int) -> Array:
    words = mt19937(seed, 2 * like.size)
    if bits == 53:
        words = [high << 32 | low for high, low in zip(words[::2], words[1::2], strict=True)]
    return np.array([w % 2**bits / 2**bits for w in words[: like.size]]).reshape(like.shape)


def philox4x32(counter: list[int], key: list[int]) -> list[int]:
    """Ten rounds on one counter, as in figure 1 of Salmon et al."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [c0, c1, c2, c3]


def philox(like: Array, *, key: int, counter: int) -> Array:
    words: list[int] = []
    while len(words) < like.size:
        words += philox4x32([counter >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)], [key % 2**32, key >> 32])
        counter += 1
    return np.array(words[: like.size]).reshape(like.shape)


def dropout(x: Array, seed: int, rate: float, bits: int) -> Array:
    """One element after another, in float64: two words each."""
    mixed = philox4x32([seed % 2**32, seed >> 32, 0, 0], [0x3EC8F720, 0x02461E29])
    kept = []
    for block in range(-(-x.size // 2)):
        words = philox4x32([block, 0, *mixed[2:]], mixed[:2])
        kept += [((high % 2**20) * 2**32 + low) / 2**52 >= rate for high, low in (words[:2], words[2:])]
    return np.array([v / (1 - rate) if k else 0.0 for v, k in zip(x.flat, kept, strict=False)]).reshape(x.shape)


def repeats(like: Array, *, what: str) -> Array:
    """NumPy's own global stream, asked the same questions."""
    rng = np.random.RandomState(7)
    state: Any = rng.get_state()
    first = rng.uniform(size=like.shape)
    if what == "a saved state":
        rng.set_state(state)
    elif what in (
        "the same seed again", "another seed", "after another draw", "the framework's seed, a layer",
        "the same seed, in a graph", "a generator's seed, in a graph",
    ):  # fmt: skip
        rng.seed(8 if what == "another seed" else 7)
    elif what == "a generator of its own and the global one":
        rng = np.random.RandomState(7)
    if what == "after another draw":
        rng.standard_normal(3)
    return np.array(np.array_equal(first, rng.uniform(size=like.shape)))


def streams_meet(like: Array, *, what: str) -> Array:
    """NumPy's generators."""
    one, other = (np.random.default_rng(seed) for seed in (7, 8))
    one.random(like.shape)
    return np.array(np.array_equal(one.random(like.shape), other.random(like.shape)))


AUTHORITIES = {
    "seeded_numbers": seeded,
    "philox_words": philox,
    "repeated_draws": repeats,
    "neighbouring_streams": streams_meet,
    "seeded_dropout": dropout,
}
