"""Preprocessing of categories and texts. Texts are options; the array says which of them are asked for."""

from typing import Any

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.preprocessing_numbers import KERAS, SKLEARN, adapted
from conformance.reference import preprocessing as ref
from fixtures.samples import given, sample

WORDS = ("A", "B", "C", "D", "E")
TEXTS = (
    "The cat sat on the mat.",
    "The dog -- the DOG! -- sat",
    "",
    "a cat; a dog; a log",
    "  tabs\tand\nlines  ",
)


def drawn(*shape: int, high: int, low: int = 0):
    """Whole numbers, as floating ones that become the integers under test."""
    return lambda rng: (rng.integers(low, high, shape).astype(float),)


def torch_encoding(torch, ids, categories, mode):
    each = torch.nn.functional.one_hot(ids.long(), categories)
    if mode == "one_hot":
        return each
    return each.amax(dim=-2) if mode == "multi_hot" else each.sum(dim=-2)


def torch_weighted_counts(torch, ids, weights, categories):
    return weights.new_zeros(*ids.shape[:-1], categories).scatter_add(-1, ids, weights)


def torch_lookup(torch, ids, vocabulary, unknown, mask):
    """A comparison with every entry."""
    first = int(mask is not None)
    equal = ids[..., None] == torch.tensor(vocabulary, dtype=ids.dtype)
    known = equal.any(dim=-1)
    if not unknown and not bool((known | (ids == mask if first else False)).all()):
        raise ValueError("an id is not in the vocabulary")
    others = first + ids % max(unknown, 1)
    places = torch.where(known, first + unknown + equal.long().argmax(dim=-1), others.long())
    return torch.where(ids == mask, 0, places) if first else places


def torch_ranks(torch, data, ids, tokens):
    """Sorted twice: by value, then, stably, by frequency; the most frequent first."""
    values, counts = torch.unique(data, return_counts=True)
    order = values.flip(0)[counts.flip(0).argsort(descending=True, stable=True)]
    equal = ids[..., None] == order[: None if tokens is None else tokens - 1]
    return torch.where(equal.any(dim=-1), equal.long().argmax(dim=-1) + 1, 0)


def torch_padded(torch, values, lengths, length, padding, truncating, value):
    rows = values.split(lengths)
    if length is not None:
        rows = [row[max(len(row) - length, 0) :] if truncating == "pre" else row[:length] for row in rows]
        rows = [*rows, values.new_empty(length)]  # for the width
    side = "left" if padding == "pre" else "right"
    padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value, padding_side=side)
    return padded[: len(lengths)]


def ragged_to_tensor(tf, values, lengths, length, padding, truncating, value):
    """It pads at the end alone: at the beginning it does so of what is reversed."""
    rows = tf.RaggedTensor.from_row_lengths(values, lengths)
    if length is not None:
        rows = rows[:, -length:] if truncating == "pre" else rows[:, :length]
    if padding == "pre":
        rows = rows[:, ::-1]
    dense = rows.to_tensor(default_value=tf.cast(value, values.dtype), shape=[None, length])
    return dense[:, ::-1] if padding == "pre" else dense


def of_words(tf, layer, words):
    """A function of the numbers of words."""
    return lambda choice: layer(tf.gather(tf.constant(words), choice))


def vectorized(tf, choice, texts, tokens, length):
    layer = tf.keras.layers.TextVectorization(max_tokens=tokens, output_sequence_length=length)
    layer.adapt(list(texts))
    return of_words(tf, layer, texts)


def torch_dictionary(torch, choice, words, vocabulary):
    places = {word: i + 1 for i, word in enumerate(vocabulary)}
    return torch.tensor([places.get(word, 0) for word in words])[choice]


PADS: dict[str, Any] = {"lengths": (3, 1, 0, 5), "value": 0}

CASES = (
    Case(
        "category_encoding",
        "selection",
        ref.category_encoding,
        torch=[torch_encoding],
        tensorflow=[
            lambda tf, ids, categories, mode: tf.keras.layers.CategoryEncoding(categories, mode, dtype=ids.dtype)(ids),
        ],
        samples=[
            sample("one-hot", drawn(6, high=4), categories=4, mode="one_hot"),
            sample("one-hot-rank-2", drawn(3, 2, high=4), categories=4, mode="one_hot"),
            sample("multi-hot", drawn(3, 5, high=6), categories=6, mode="multi_hot"),
            sample("count", drawn(3, 5, high=3), categories=4, mode="count"),
            given([0.0, 2.0, 2.0], name="count-rank-1", categories=3, mode="count"),
            given([[1.0], [0.0]], name="one-column", categories=2, mode="multi_hot"),
            given([0.0, 3.0], name="bad-index-one-hot", raises=True, categories=3, mode="one_hot"),
            given([[0.0, 3.0]], name="bad-index-count", raises=True, categories=3, mode="count"),
            given([0.0, -1.0], name="bad-index-negative", raises=True, categories=3, mode="one_hot"),
        ],
        dtypes=("int64", "int32"),
        sources=(f"{KERAS}categorical/category_encoding/", f"{SKLEARN}MultiLabelBinarizer.html"),
    ),
    Case(
        "weighted_category_counts",
        "reduction",
        ref.weighted_category_counts,
        torch=[torch_weighted_counts],
        tensorflow=[
            lambda tf, ids, weights, categories: tf.keras.layers.CategoryEncoding(
                categories, "count", dtype=weights.dtype
            )(ids, count_weights=weights),
        ],
        samples=[
            sample("random", lambda rng: (rng.integers(0, 4, (3, 6)), rng.random((3, 6))), categories=4),
            given([[0, 1, 1]], [[0.5, -1.0, 2.0]], name="repeated", edge=False, categories=3),
            given([[2]], [[1.5]], name="one-element", categories=3),
            given([[0, 3]], [[1.0, 1.0]], name="bad-index", raises=True, categories=3),
            given([[0, 1]], [[1.0, 1.0, 1.0]], name="bad-sizes", raises=True, categories=3),
        ],
        dtypes=("float64", "float32"),
        sources=(f"{KERAS}categorical/category_encoding/",),
    ),
    Case(
        "integer_lookup",
        "selection",
        ref.integer_lookup,
        torch=[torch_lookup],
        tensorflow=[
            KerasLayer(
                lambda tf, ids, vocabulary, unknown, mask: tf.keras.layers.IntegerLookup(
                    vocabulary=list(vocabulary), num_oov_indices=unknown, mask_token=mask
                ),
            ),
        ],
        samples=[
            sample("random", drawn(4, 5, high=20), vocabulary=(12, 36, 5, 7), unknown=1, mask=None),
            sample("two-unknown", drawn(10, high=9), vocabulary=(2, 4), unknown=2, mask=None),
            given([0.0, 5.0, 9.0, 0.0], name="mask", vocabulary=(9, 5), unknown=1, mask=0),
            given([-3.0, -1.0, 5.0], name="negative", vocabulary=(-3, 5), unknown=1, mask=None),
            given([9.0, 5.0], name="no-unknown", vocabulary=(9, 5), unknown=0, mask=None),
            given([9.0, 6.0], name="bad-index", raises=True, vocabulary=(9, 5), unknown=0, mask=None),
        ],
        dtypes=("int64", "int32"),
        sources=(f"{KERAS}categorical/integer_lookup/",),
    ),
    Case(
        "integer_lookup_adapted",
        "selection",
        ref.integer_lookup_adapted,
        torch=[torch_ranks],
        tensorflow=[
            KerasLayer(
                lambda tf, data, ids, tokens: adapted(tf, tf.keras.layers.IntegerLookup(max_tokens=tokens)), inputs=2
            ),
        ],
        samples=[
            sample("random", lambda rng: tuple(rng.integers(0, 8, (2, 40)).astype(float)), tokens=None),
            sample("most-common", lambda rng: tuple(rng.integers(0, 8, (2, 40)).astype(float)), tokens=4),
            given([3.0, 1.0, 2.0, 3.0, 1.0, 9.0], [1.0, 2.0, 3.0, 9.0, 5.0], name="ties", tokens=None),
            given([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], name="ties-at-the-end", tokens=3),
        ],
        dtypes=("int64", "int32"),
        sources=(f"{KERAS}categorical/integer_lookup/",),
    ),
    Case(
        "string_lookup",
        "selection",
        ref.string_lookup,
        torch=[torch_dictionary],
        tensorflow=[
            KerasLayer(
                lambda tf, choice, words, vocabulary: of_words(
                    tf, tf.keras.layers.StringLookup(vocabulary=list(vocabulary)), words
                )
            ),
        ],
        samples=[
            sample("random", drawn(3, 4, high=5), words=WORDS, vocabulary=("C", "A")),
            given([0.0, 1.0, 2.0], name="case-and-space", words=("a", "A", " A"), vocabulary=("A",)),
            given(
                [0.0, 1.0, 2.0],
                name="not-ascii",
                words=("\u00e9", "e\u0301", "\U0001f642"),
                vocabulary=("\U0001f642", "\u00e9"),
            ),
            given([0.0, 1.0], name="unknown-token", words=("[UNK]", ""), vocabulary=("x",)),
        ],
        dtypes=("int64", "int32"),
        sources=(f"{KERAS}categorical/string_lookup/",),
    ),
    Case(
        "hashing",
        "selection",
        ref.hashing,
        # torch has no hash of its own.
        tensorflow=[
            KerasLayer(
                lambda tf, choice, words, bins, mask, salt: of_words(
                    tf, tf.keras.layers.Hashing(bins, mask_value=mask, salt=salt), words
                )
            ),
        ],
        # Those of the documentation, whose results are the authority.
        samples=[
            given(np.arange(5.0), name="plain", edge=False, words=WORDS, bins=3, mask=None, salt=None),
            given(np.arange(5.0), name="mask", words=("A", "B", "", "C", "D"), bins=3, mask="", salt=None),
            given(np.arange(5.0), name="salts", words=WORDS, bins=3, mask=None, salt=[133, 137]),
            given(np.arange(5.0), name="salt", words=WORDS, bins=3, mask=None, salt=133),
        ],
        dtypes=("int64", "int32"),
        sources=(
            f"{KERAS}categorical/hashing/",
            "https://github.com/google/farmhash",
            "https://eprint.iacr.org/2012/351",
        ),
    ),
    Case(
        "text_vectorization",
        "selection",
        ref.text_vectorization,
        tensorflow=[KerasLayer(vectorized)],
        samples=[
            given([0.0, 1.0, 2.0, 3.0], name="all", texts=TEXTS, tokens=None, length=None),
            given([0.0, 1.0, 3.0], name="most-common", texts=TEXTS, tokens=5, length=None),
            given([1.0, 0.0, 2.0], name="cut", texts=TEXTS, tokens=None, length=3),
            given([3.0, 2.0], name="filled", texts=TEXTS, tokens=4, length=9),
            given([4.0, 0.0], name="white-space", texts=TEXTS, tokens=None, length=6),
        ],
        dtypes=("int64", "int32"),
        sources=(f"{KERAS}text/text_vectorization/",),
    ),
    Case(
        "pad_sequences",
        "selection",
        ref.pad_sequences,
        torch=[torch_padded],
        tensorflow=[
            ragged_to_tensor,
            lambda tf, values, lengths, length, padding, truncating, value: tf.keras.utils.pad_sequences(
                [row.numpy() for row in tf.RaggedTensor.from_row_lengths(values, lengths)],
                length,
                values.dtype.name,
                padding,
                truncating,
                value,
            ),
        ],
        samples=[
            sample("post", drawn(9, low=1, high=99), **PADS, length=4, padding="post", truncating="post"),
            sample("pre", drawn(9, low=1, high=99), **PADS, length=4, padding="pre", truncating="pre"),
            sample(
                "pre-and-post", drawn(9, low=1, high=99), **PADS, length=2, padding="pre", truncating="post", edge=True
            ),
            sample(
                "post-and-pre", drawn(9, low=1, high=99), **PADS, length=2, padding="post", truncating="pre", edge=True
            ),
            sample("to-the-longest", drawn(9, low=1, high=99), **PADS, length=None, padding="pre", truncating="pre"),
            sample(
                "longer",
                drawn(3, low=1, high=99),
                lengths=(2, 1),
                length=5,
                padding="pre",
                truncating="pre",
                value=-1,
                edge=True,
            ),
            given(
                [1.0, 2.0],
                name="bad-sizes",
                raises=True,
                lengths=(2, 1),
                length=5,
                padding="pre",
                truncating="pre",
                value=0,
            ),
        ],
        dtypes=("int64", "int32"),
        modes=("eager",),  # keras.utils.pad_sequences is NumPy
        sources=(
            "https://keras.io/api/data_loading/timeseries/#pad_sequences-function",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html",
        ),
    ),
)
