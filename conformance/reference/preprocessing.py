"""Preprocessing: numbers, categories and texts to what a model takes.

Texts are not arrays: a case has them as an option, and an array of which of them are asked for.
"""

import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray


# Numbers


def normalization(data: Array, x: Array, *, batches: tuple[int, ...] | None, invert: bool) -> Array:
    """(x - mean) / standard deviation of each column of ``data``, whole or in batches; 0 where that is constant."""
    _columns(data, x)
    mean, deviation = _moments(data)
    return mean + x * deviation if invert else (x - mean) / deviation


def normalization_vjp(c: Array, data: Array, x: Array, *, batches: tuple[int, ...] | None, invert: bool) -> Array:
    deviation = _moments(data)[1]
    return c * deviation if invert else c / deviation


def _moments(data: Array) -> tuple[Array, Array]:
    """Of a constant column any deviation gives 0 for its own number: 1e-7 stands for 0."""
    mean = np.sum(data, axis=0) / len(data)
    deviation = np.sqrt(np.sum((data - mean) ** 2, axis=0) / len(data))
    return mean, np.maximum(deviation, data.dtype.type(1e-7))


def _columns(data: Array, x: Array) -> None:
    if data.shape[1:] != x.shape[1:]:
        raise ValueError(f"adapted to {data.shape[1:]}, given {x.shape[1:]}")


def rescaling(x: Array, *, scale: float, offset: float) -> Array:
    return x * scale + offset


def rescaling_vjp(c: Array, x: Array, *, scale: float, offset: float) -> Array:
    return c * scale


def discretization(data: Array, x: Array, *, bins: int) -> Array:
    """In which of ``bins`` equally frequent parts of ``data`` a number lies. The boundaries are quantiles by linear
    interpolation of the inverted distribution function (Hyndman and Fan 1996, definition 4); a boundary belongs to the
    part above it."""
    ordered = np.sort(data.reshape(-1))
    at = np.arange(1, bins) * len(ordered) / bins
    below = np.clip(at.astype(np.int64), 1, len(ordered) - 1)
    part = np.maximum(at - below, 0).astype(data.dtype)
    boundaries = ordered[below - 1] + part * (ordered[below] - ordered[below - 1])
    return np.sum(x[..., None] >= boundaries, axis=-1)


def auto_contrast(x: Array) -> Array:
    """Each channel of an image, or of each image of a batch, stretched to [0, 255]; a constant one stays as it is."""
    if x.ndim not in (3, 4):
        raise ValueError(f"(height, width, channels) expected, or a batch of it, not {x.shape}")
    low, high = np.min(x, axis=(-3, -2), keepdims=True), np.max(x, axis=(-3, -2), keepdims=True)
    flat = high == low
    return np.where(flat, x, (x - low) * 255 / np.where(flat, 1, high - low))


def auto_contrast_intermediates(x: Array) -> Array:
    """What x * scale - low * scale passes through, as Pillow and Keras have it, with scale = 255 / (high - low)."""
    low, high = np.min(x, axis=(-3, -2), keepdims=True), np.max(x, axis=(-3, -2), keepdims=True)
    return np.where(high == low, 0, np.abs(x) * 255 / np.where(high == low, 1, high - low))


# Categories


def category_encoding(ids: Array, *, categories: int, mode: str) -> Array:
    """``one_hot``: a row for each id; of the ids along the last axis, ``multi_hot``: which there are, ``count``: how
    many."""
    _inside(ids, categories)
    each = (ids[..., None] == np.arange(categories)).astype(np.int64)
    if mode == "one_hot":
        return each
    return each.max(axis=-2) if mode == "multi_hot" else each.sum(axis=-2)


def weighted_category_counts(ids: Array, weights: Array, *, categories: int) -> Array:
    """The sum of the weights of each category along the last axis."""
    if ids.shape != weights.shape:
        raise ValueError(f"{ids.shape} ids, {weights.shape} weights")
    _inside(ids, categories)
    return np.sum((ids[..., None] == np.arange(categories)) * weights[..., None], axis=-2)


def _inside(ids: Array, categories: int) -> None:
    if ids.size and (ids.min() < 0 or ids.max() >= categories):
        raise IndexError(f"ids must lie in [0, {categories})")


def integer_lookup(ids: Array, *, vocabulary: tuple[int, ...], unknown: int, mask: int | None) -> Array:
    """The place of each id in the vocabulary, after one place for the mask (if any) and ``unknown`` places for others:
    those go to their remainder. Raises ``ValueError`` if there is no place for them."""
    first = mask is not None
    places = {v: first + unknown + i for i, v in enumerate(vocabulary)}
    if not unknown and set(ids.reshape(-1).tolist()) - set(vocabulary) - {mask}:
        raise ValueError("an id is not in the vocabulary")

    def place(v: int) -> int:
        return 0 if first and v == mask else places[v] if v in places else first + v % unknown

    return np.array([place(int(v)) for v in ids.reshape(-1)], np.int64).reshape(ids.shape)


def integer_lookup_adapted(data: Array, ids: Array, *, tokens: int | None) -> Array:
    """The rank of each id by its frequency in ``data``, from 1 on; of equal frequencies the larger id comes first. What
    is not among the first ``tokens - 1`` is 0."""
    counts = Counter(data.reshape(-1).tolist())
    order = sorted(counts, key=lambda v: (counts[v], v), reverse=True)[: tokens and tokens - 1]
    return np.array([order.index(v) + 1 if v in order else 0 for v in ids.reshape(-1).tolist()]).reshape(ids.shape)


def string_lookup(choice: Array, *, words: tuple[str, ...], vocabulary: tuple[str, ...]) -> Array:
    """The place of a word in the vocabulary, from 1 on; 0 for others."""
    places = {word: i + 1 for i, word in enumerate(vocabulary)}
    return np.array([places.get(words[i], 0) for i in choice.reshape(-1)], np.int64).reshape(choice.shape)


def hashing(choice: Array, *, words: tuple[str, ...], bins: int, mask: str | None, salt: Any) -> Array:
    """FarmHash64 of the word modulo the bins, SipHash-2-4 with a salt as its key; a masked word is in bin 0 and leaves
    the others to the rest."""
    kept = bins - (mask is not None)

    def bin_of(word: str) -> int:
        if word == mask:
            return 0
        hashed = farm_hash(word.encode()) if salt is None else sip_hash(word.encode(), salt)
        return hashed % kept + (mask is not None)

    return np.array([bin_of(words[i]) for i in choice.reshape(-1)], np.int64).reshape(choice.shape)


_64 = 2**64 - 1


def farm_hash(text: bytes) -> int:
    """Fingerprint64 of at most 16 bytes: https://github.com/google/farmhash, farmhashna::HashLen0to16."""
    n, k2, k3 = len(text), 0x9AE16A3B2F90404F, 0xC3A5C85C97CB3127

    def mixed(u: int, v: int, mul: int) -> int:
        a = (u ^ v) * mul & _64
        a ^= a >> 47
        b = (v ^ a) * mul & _64
        b ^= b >> 47
        return b * mul & _64

    def rotated(v: int, shift: int) -> int:
        return (v >> shift | v << 64 - shift) & _64

    mul = k2 + 2 * n & _64
    if n >= 8:
        a = int.from_bytes(text[:8], "little") + k2 & _64
        b = int.from_bytes(text[-8:], "little")
        c, d = rotated(b, 37) * mul + a & _64, (rotated(a, 25) + b) * mul & _64
        return mixed(c, d, mul)
    if n >= 4:
        return mixed(n + (int.from_bytes(text[:4], "little") << 3), int.from_bytes(text[-4:], "little"), mul)
    if n > 0:
        y, z = text[0] + (text[n >> 1] << 8), n + (text[-1] << 2)
        v = y * k2 & _64 ^ z * k3 & _64
        return (v ^ v >> 47) * k2 & _64
    return k2


def sip_hash(text: bytes, key: Any) -> int:
    """SipHash-2-4. Aumasson and Bernstein 2012, *SipHash: a fast short-input PRF*, section 2."""
    k0, k1 = (key, key) if isinstance(key, int) else key
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turned(x: int, n: int) -> int:
        return (x << n | x >> 64 - n) & _64

    def rounds(n: int) -> None:
        for _ in range(n):
            v[0], v[2] = v[0] + v[1] & _64, v[2] + v[3] & _64
            v[1], v[3] = turned(v[1], 13) ^ v[0], turned(v[3], 16) ^ v[2]
            v[0] = turned(v[0], 32)
            v[2], v[0] = v[2] + v[1] & _64, v[0] + v[3] & _64
            v[1], v[3] = turned(v[1], 17) ^ v[2], turned(v[3], 21) ^ v[0]
            v[2] = turned(v[2], 32)

    whole = len(text) // 8 * 8
    last = text[whole:] + bytes(7 - len(text) % 8) + bytes([len(text) % 256])
    for word in (*(text[i : i + 8] for i in range(0, whole, 8)), last):
        m = int.from_bytes(word, "little")
        v[3] ^= m
        rounds(2)
        v[0] ^= m
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


# Texts


def text_vectorization(choice: Array, *, texts: tuple[str, ...], tokens: int | None, length: int | None) -> Array:
    """Words, lower case and without punctuation, as their rank by frequency in all ``texts``: 0 is padding (at the
    end), 1 unknown, 2 the most frequent; of equal frequencies the last in the alphabet comes first. ``length`` cuts or
    pads, None pads to the longest of those chosen."""
    split = [_words(text) for text in texts]
    counts = Counter(word for words in split for word in words)
    order = sorted(counts, key=lambda w: (counts[w], w), reverse=True)[: tokens and tokens - 2]
    places = {word: i + 2 for i, word in enumerate(order)}
    rows = [[places.get(word, 1) for word in split[i]] for i in choice]
    return padded(rows, length=length, padding="post", truncating="post", value=0)


def _words(text: str) -> list[str]:
    return text.lower().translate(str.maketrans("", "", string.punctuation)).split()


def pad_sequences(
    values: Array, *, lengths: tuple[int, ...], length: int | None, padding: str, truncating: str, value: int
) -> Array:
    """``values`` is cut into sequences of ``lengths``; each is cut to ``length``, or filled with ``value``, at its
    beginning (``pre``) or end (``post``)."""
    if sum(lengths) != len(values):
        raise ValueError(f"{len(values)} values for lengths {lengths}")
    rows = np.split(values, np.cumsum(lengths)[:-1])
    return padded([row.tolist() for row in rows], length, padding, truncating, value)


def padded(rows: Sequence[list[int]], length: int | None, padding: str, truncating: str, value: int) -> Array:
    size = max(map(len, rows)) if length is None else length
    kept = [row[max(len(row) - size, 0) :] if truncating == "pre" else row[:size] for row in rows]
    filled = [
        [value] * (size - len(row)) + row if padding == "pre" else row + [value] * (size - len(row)) for row in kept
    ]
    return np.array(filled, np.int64).reshape(len(rows), size)
