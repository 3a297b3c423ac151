"""What a seed determines: the numbers of the two generators, bit for bit, and what is documented to repeat."""

import numpy as np

Array = np.ndarray


def mersenne_twister(like: Array, *, seed: int, bits: int) -> Array:
    """Uniform numbers in [0, 1) from MT19937 (Matsumoto & Nishimura 1998, ACM TOMACS 8), seeded as its authors do
    (`init_genrand`): the last 24 bits of each word; or the last 53 of two, the first of which is the more significant.
    ``like`` has fewer than 16 elements."""
    words = np.random.RandomState(seed)._bit_generator.random_raw(like.size * (1 if bits == 24 else 2))
    if bits == 53:
        words = words[0::2] << np.uint64(32) | words[1::2]
    kept = words & np.uint64(2**bits - 1)
    return (kept.astype(like.dtype) / like.dtype.type(2**bits)).reshape(like.shape)


MULTIPLIERS, WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)


def philox(like: Array, *, key: int, counter: int) -> Array:
    """The words of Philox4x32 with 10 rounds (Salmon, Moraes, Dror & Shaw 2011, SC11): a cipher of the counter."""
    blocks = -(-like.size // 4)
    numbers = counter + np.arange(blocks, dtype=object)
    x = [np.array([n >> 32 * i & 0xFFFFFFFF for n in numbers], np.uint64) for i in range(4)]
    k = [np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)]
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        products = [np.uint64(m) * word for m, word in zip(MULTIPLIERS, (x[0], x[2]), strict=True)]
        x = [products[1] >> half ^ x[1] ^ k[0], products[1] & low, products[0] >> half ^ x[3] ^ k[1], products[0] & low]
        k = [k_i + np.uint64(w) & low for k_i, w in zip(k, WEYL, strict=True)]
    return np.stack(x, axis=1).ravel()[: like.size].astype(np.int64).reshape(like.shape)


def dropout_by_seed(x: Array, *, seed: int, rate: float, bits: int) -> Array:
    """What Keras documents as stateless dropout: the seed, and the number of the draw (0), are encrypted to the key and
    the upper half of the counter of Philox (StatelessRandomGetKeyCounter in tensorflow/core/kernels/
    stateless_random_ops_v2.h); an element is kept where the fraction that the words make is not below the rate. It has
    23 bits of one word, or 52 of two."""
    mixed = [int(w) for w in philox(np.empty(4), key=0x02461E293EC8F720, counter=seed)]
    counter = (mixed[2] | mixed[3] << 32) << 64
    words = philox(np.empty(x.size * (1 if bits == 23 else 2)), key=mixed[0] | mixed[1] << 32, counter=counter)
    if bits == 52:
        words = (words[0::2] & 0xFFFFF) << 32 | words[1::2]
    kept = (words & 2**bits - 1) / 2.0**bits >= rate
    return np.where(kept.reshape(x.shape), x / (1 - rate), 0 * x)


REPEATS = {
    "the same seed again": True,
    "another seed": False,
    "the next draw": False,
    "after another draw": False,
    "a saved state": True,
    "a generator of its own and the global one": True,
    "the same initializer again": False,
    "two layers, made one after the other": False,
    "the framework's seed, a layer": True,
    "Python's seed, an initializer": False,
    "NumPy's seed": False,
    "the same seed argument again": False,
    "two initializers": False,
    "two layers with seeds of their own": False,
    "the same seed, in a graph": True,
    "a generator's seed, in a graph": True,
    "NumPy's numbers, within a function": False,
    "the framework's numbers, within a function": False,
}
"""Whether the second of two draws is the first one again, as PyTorch documents it: one stream, that a seed restarts."""


def repeats(like: Array, *, what: str) -> Array:
    return np.array(REPEATS[what])


def streams_meet(like: Array, *, what: str) -> Array:
    """Generators with different seeds have nothing in common: numbers of 24 bits and more do not come again by chance,
    and neither do masks of 64 elements."""
    return np.array(False)
