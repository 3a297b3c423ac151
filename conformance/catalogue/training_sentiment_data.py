"""What comes before the sentiment model is trained: tokens of texts, rows that are held out, the size of the model."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.reference import training_sentiment as ref
from fixtures import datasets
from fixtures.samples import sample

FIT = "https://keras.io/api/models/model_training_apis/#fit-method"

# Texts


def texts_of(text, ends):
    """The texts of which `written` made arrays."""
    data, places = bytes(text), ends.tolist()
    return [data[a:b].decode() for a, b in zip([0, *places[:-1]], places, strict=True)]


def torch_tokens(torch, text, ends, training, vocabulary, length, ascii_only, ties):
    import re
    import string
    from collections import Counter

    def words(text):
        text = re.sub(f"[{re.escape(string.punctuation)}]", "", text)
        # Of bytes, letters and white space are those of ASCII.
        return [w.decode() for w in text.encode().lower().split()] if ascii_only else text.lower().split()

    tokens = [words(text) for text in texts_of(text.cpu().numpy(), ends)]
    counts = Counter()
    for of_text in tokens[:training]:
        counts.update(of_text)
    if ties == "met":
        found = counts.most_common(vocabulary - 2)
    else:
        found = sorted(counts.items(), key=lambda item: item[0], reverse=ties == "last")
        found = sorted(found, key=lambda item: -item[1])[: vocabulary - 2]
    places = {word: i for i, (word, _) in enumerate(found, 2)}
    rows = [torch.tensor([places.get(word, 1) for word in of_text[:length]], dtype=torch.long) for of_text in tokens]
    padded = torch.nn.utils.rnn.pad_sequence([*rows, torch.zeros(length, dtype=torch.long)], batch_first=True)
    return {"ids": padded[:-1]}


def text_vectorization(tf, text, ends, training, vocabulary, length, ascii_only, ties):
    texts = tf.constant(texts_of(text.numpy(), ends.numpy()))
    layer = tf.keras.layers.TextVectorization(max_tokens=vocabulary, output_sequence_length=length)
    layer.adapt(texts[:training])
    return {"ids": layer(texts)}


# Rows


def subset_of_dictionaries(torch, rows, validation_split, batch, epochs, shuffle):
    from fractions import Fraction

    data = [{"row": int(row)} for row in rows]
    first = int(len(data) * (1 - Fraction(str(validation_split))))  # 1 - 0.9 is less than 0.1 in floating point
    given = {} if shuffle is None else {"shuffle": shuffle}
    training = torch.utils.data.DataLoader(torch.utils.data.Subset(data, range(first)), batch, **given)
    held_out = torch.utils.data.DataLoader(torch.utils.data.Subset(data, range(first, len(data))), batch)
    trained_on, sizes, validated = [], [], []
    for _ in range(epochs):
        order = [given["row"] for given in training]
        sizes += map(len, order)
        trained_on.append(torch.cat(order).sort().values if shuffle else torch.cat(order))
        validated.append(torch.cat([given["row"] for given in held_out]))
    return {
        "trained_on": torch.stack(trained_on),
        "sizes": torch.tensor(sizes),
        "validated": torch.stack(validated),
    }


def random_split(torch, rows, validation_split, batch, epochs, shuffle):
    data, generator = [int(row) for row in rows], torch.Generator().manual_seed(0)
    parts = torch.utils.data.random_split(data, [1 - validation_split, validation_split], generator)
    training, held_out = (torch.utils.data.DataLoader(part, batch) for part in parts)
    order = list(training)
    return {
        "trained_on": torch.stack([torch.cat(order)] * epochs),
        "sizes": torch.tensor([len(part) for part in order] * epochs),
        "validated": torch.stack([torch.cat(list(held_out))] * epochs),
    }


def fit_with_validation_split(tf, rows, validation_split, batch, epochs, shuffle):
    import numpy as np

    trained_on, validated = [], []

    class Watching(tf.keras.Model):
        """A model that notes which rows it is given."""

        def train_step(self, data):
            trained_on.append(data[0].numpy())
            return {"loss": 0.0}

        def test_step(self, data):
            validated.append(data[0].numpy())
            return {"loss": 0.0}

    model = Watching()
    model.compile("sgd", "mse", run_eagerly=True)
    given = {} if shuffle is None else {"shuffle": shuffle}
    model.fit(rows, rows, batch_size=batch, epochs=epochs, validation_split=validation_split, verbose=0, **given)
    order = np.concatenate(trained_on).reshape(epochs, -1)
    return {
        "trained_on": tf.constant(np.sort(order) if shuffle else order),
        "sizes": tf.constant([len(part) for part in trained_on], tf.int64),
        "validated": tf.constant(np.concatenate(validated).reshape(epochs, -1)),
    }


# Parameters


def numel(torch, sizes):
    vocabulary, width = (int(n) for n in sizes)
    model = torch.nn.ModuleDict(
        {"embedding": torch.nn.Embedding(vocabulary, width), "dense": torch.nn.Linear(width, 1)}
    )
    embedding, dense = (sum(p.numel() for p in model[name].parameters()) for name in ("embedding", "dense"))
    total = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {"of_layers": torch.tensor([embedding, 0, dense]), "total": torch.tensor(total)}


def model_summary(tf, sizes):
    """The numbers in the table that summary prints."""
    import re

    vocabulary, width = (int(n) for n in sizes)
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Input((42,), dtype="int64"),
            tf.keras.layers.Embedding(vocabulary, width),
            tf.keras.layers.GlobalAveragePooling1D(),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    lines = []
    model.summary(line_length=60, print_fn=lambda text, **_: lines.append(text))
    text = "\n".join(lines).replace(",", "")
    of_layers = [int(n) for n in re.findall(r"(\d+) [│┃|]\s*$", text, re.MULTILINE)]
    total = re.search(r"Trainable params: (\d+)", text)
    return {"of_layers": tf.constant(of_layers, tf.int64), "total": tf.constant(int(total[1]), tf.int64)}


# Data


def written(texts) -> tuple[Array, Array]:
    """Texts as arrays: their bytes in UTF-8, and where each ends."""
    data = [text.encode() for text in texts]
    return np.frombuffer(b"".join(data), np.uint8), np.cumsum([len(text) for text in data])


def all_texts(rng: np.random.Generator) -> tuple[Array, ...]:
    return written(datasets.texts(rng).texts)


def these(*texts: str):
    return lambda rng: written(texts)


def rows_of(n: int):
    return lambda rng: (np.arange(n),)


ONE = ("float32",)
"""Whole numbers are the same in every format."""
TEXTS: dict[str, Any] = {"training": 4, "vocabulary": 30, "length": 6, "ascii_only": True, "ties": "last"}


def token_samples() -> list[Sample]:
    chosen = datasets.selected_tweets()
    given = chosen is not None and bool(chosen.texts)
    name, n = ("tweets", len(chosen.labels)) if chosen is not None and given else ("corpus", 40_000)
    whole = {**TEXTS, "training": ref.kept(n, 0.2), "vocabulary": datasets.VOCABULARY, "length": datasets.LENGTH}
    equal = ("b a c", "c a b", "x", "y z", "a b c x")
    accents = these("\u00c9t\u00e9 \u00e9t\u00e9", "na\u00efve\u00a0\u00d6l", "\u00f6l \u00c9t\u00e9", "\u00d6L")
    spaces = these(" a\t\tB ", "c\x0bd\x0ce\r\nf", "", "  ", "a f")
    marks = these("don't, DON'T!", "@you: #a_b [UNK]", "1,000.5%", "!?", "\u201ca\u201d \u2014 b\u2026")
    return [
        sample(name, all_texts, dtypes=ONE, **whole),
        sample("white-space", spaces, edge=True, dtypes=ONE, **TEXTS),
        sample("punctuation", marks, edge=True, dtypes=ONE, **TEXTS),
        sample("ties", these(*equal), dtypes=ONE, **{**TEXTS, "vocabulary": 4}),
        sample("ties-first", these(*equal), edge=True, dtypes=ONE, **{**TEXTS, "vocabulary": 4, "ties": "first"}),
        sample("ties-met", these(*equal), edge=True, dtypes=ONE, **{**TEXTS, "vocabulary": 4, "ties": "met"}),
        sample("accents", accents, dtypes=ONE, **TEXTS),
        sample("accents-of-unicode", accents, edge=True, dtypes=ONE, **{**TEXTS, "ascii_only": False}),
        sample("cut", these("a b c d e f g h", "a", "b a"), dtypes=ONE, **{**TEXTS, "length": 3}),
    ]  # fmt: skip


ROWS: dict[str, Any] = {"validation_split": 0.2, "batch": 8, "epochs": 2, "shuffle": False}

CASES = (
    Case(
        "sentiment_tokens",
        "training",
        ref.token_ids,
        torch=[torch_tokens],
        tensorflow=[text_vectorization],
        samples=token_samples(),
        extended=False,
        modes=("eager",),
        dtypes=ONE,
        sources=("https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/",),
    ),
    Case(
        "sentiment_held_out_rows",
        "training",
        ref.held_out_rows,
        torch=[subset_of_dictionaries, random_split],
        tensorflow=[fit_with_validation_split],
        samples=[
            sample("a-fifth", rows_of(57), dtypes=ONE, **ROWS),
            sample("shuffled", rows_of(57), dtypes=ONE, **{**ROWS, "shuffle": True}),
            sample("default-order", rows_of(57), dtypes=ONE, **{**ROWS, "shuffle": None}),
            sample("nine-tenths", rows_of(100), edge=True, dtypes=ONE, **{**ROWS, "validation_split": 0.9}),
        ],
        modes=("eager",),
        dtypes=ONE,
        sources=(FIT, "https://docs.pytorch.org/docs/stable/data.html"),
    ),
    Case(
        "sentiment_parameters",
        "training",
        ref.parameters,
        torch=[numel],
        tensorflow=[model_summary],
        samples=[
            sample("20,000-by-16", lambda rng: (np.array([20_000, 16]),), dtypes=ONE),
            sample("20,000-by-8", lambda rng: (np.array([20_000, 8]),), dtypes=ONE),
            sample("one-word", lambda rng: (np.array([1, 1]),), edge=True, dtypes=ONE),
        ],
        modes=("eager",),
        dtypes=ONE,
        sources=("https://keras.io/api/models/model/#summary-method",),
    ),
)  # fmt: skip
