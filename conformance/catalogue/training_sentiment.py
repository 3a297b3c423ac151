"""The sentiment model, from texts to a trained classifier: tokens, rows that are held out, parameters, training.

Rates are powers of two, and epsilon is negligible: torch adds it after the bias correction, Keras before it.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.training_shared import MASTER, learning_curves, recorded, stacked
from conformance.reference import training_sentiment as ref
from fixtures import datasets
from fixtures.samples import sample

FIT = "https://keras.io/api/models/model_training_apis/#fit-method"

# Training


def loop_over_dictionaries(
    torch, ids, labels, table, kernel, bias, batch, epochs, validation_split, steps, every, learning_rate, beta_1,
    beta_2, epsilon, masked=False, how="mean",
):  # fmt: skip
    """``how``: the mean of an Embedding, an EmbeddingBag, a sparse gradient that is made dense, SparseAdam."""
    import itertools

    sparse = how in ("sparse", "lazy")

    class Texts(torch.utils.data.Dataset):
        def __len__(self):
            return len(ids)

        def __getitem__(self, i):
            return {"ids": ids[i], "label": labels[i]}

    class Sentiment(torch.nn.Module):
        def __init__(self):
            super().__init__()
            if how == "bag":
                empty = 0 if masked else None
                self.embedding = torch.nn.EmbeddingBag(*table.shape, mode="mean", padding_idx=empty, dtype=table.dtype)
            else:
                self.embedding = torch.nn.Embedding(*table.shape, sparse=sparse, dtype=table.dtype)
            self.dense = torch.nn.Linear(len(kernel), 1, dtype=table.dtype)

        def forward(self, ids):
            if how == "bag":
                return self.dense(self.embedding(ids)).squeeze(1)
            rows = self.embedding(ids)
            if masked:
                counted = (ids != 0).to(rows.dtype)[..., None]
                mean = (rows * counted).sum(dim=1) / counted.sum(dim=1)
            else:
                mean = rows.mean(dim=1)
            return torch.sigmoid(self.dense(mean)).squeeze(1)

    model, data = Sentiment(), Texts()
    with torch.no_grad():
        model.embedding.weight.copy_(table)
        model.dense.weight.copy_(kernel.t())
        model.dense.bias.copy_(bias)
    criterion = torch.nn.BCEWithLogitsLoss() if how == "bag" else torch.nn.BCELoss()
    rule = {"lr": learning_rate, "betas": (beta_1, beta_2), "eps": epsilon}
    if how == "lazy":
        optimizers = [
            torch.optim.SparseAdam([model.embedding.weight], **rule),
            torch.optim.Adam(model.dense.parameters(), **rule),
        ]
    else:
        optimizers = [torch.optim.Adam(model.parameters(), **rule)]
    first = int(len(data) * (1 - validation_split))
    training = torch.utils.data.DataLoader(torch.utils.data.Subset(data, range(first)), batch)
    held_out = torch.utils.data.DataLoader(torch.utils.data.Subset(data, range(first, len(data))), batch)
    losses, rows, epoch_losses, test_losses, accuracies, test_accuracies = [], [], [], [], [], []
    for _ in range(epochs):
        total, right, seen = 0.0, 0, 0
        for given in itertools.islice(training, steps):
            target = given["label"].to(table.dtype)
            for optimizer in optimizers:
                optimizer.zero_grad()
            answer = model(given["ids"])
            loss = criterion(answer, target)
            loss.backward()
            weight = model.embedding.weight
            gradient = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
            if how == "sparse":
                weight.grad = gradient
            for optimizer in optimizers:
                optimizer.step()
            total, seen = total + loss.detach() * len(target), seen + len(target)
            right += int(((answer > (0 if how == "bag" else 0.5)) == (target > 0)).sum())
            if len(losses) % every == 0:
                dense = model.dense
                weights = {"table": weight, "kernel": dense.weight.t(), "bias": dense.bias}
                gradients = {"table": gradient, "kernel": dense.weight.grad.t(), "bias": dense.bias.grad}
                rows.append(
                    recorded(
                        loss.detach(),
                        {name: w.detach().clone() for name, w in weights.items()},
                        {name: g.clone() for name, g in gradients.items()},
                    )
                )
            losses.append(loss.detach())
        epoch_losses.append(total / seen)
        accuracies.append(right / seen)
        with torch.no_grad():
            total, right, seen = 0.0, 0, 0
            for given in held_out:
                answer, target = model(given["ids"]), given["label"].to(table.dtype)
                total, seen = total + criterion(answer, target) * len(target), seen + len(target)
                right += int(((answer > (0 if how == "bag" else 0.5)) == (target > 0)).sum())
        test_losses.append(total / seen)
        test_accuracies.append(right / seen)
    return {
        **stacked(torch, rows),
        "loss": torch.stack(losses),
        "epoch_loss": torch.stack(epoch_losses),
        "test_loss": torch.stack(test_losses),
        "_accuracy": torch.tensor(accuracies),
        "_test_accuracy": torch.tensor(test_accuracies),
    }


def embedding_bag(torch, *inputs, **options):
    return loop_over_dictionaries(torch, *inputs, **options, how="bag")


def sparse_gradient_to_dense(torch, *inputs, **options):
    return loop_over_dictionaries(torch, *inputs, **options, how="sparse")


def sparse_adam(torch, *inputs, **options):
    return loop_over_dictionaries(torch, *inputs, **options, how="lazy")


def keras_model(tf, ids, table, kernel, bias, masked):
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Input(ids.shape[1:], dtype=ids.dtype.name),
            tf.keras.layers.Embedding(*table.shape, mask_zero=masked),
            tf.keras.layers.GlobalAveragePooling1D(),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.set_weights([w.numpy() for w in (table, kernel, bias)])
    return model


def gradient_tape_loop(
    tf, ids, labels, table, kernel, bias, batch, epochs, validation_split, steps, every, learning_rate, beta_1, beta_2,
    epsilon, masked=False,
):  # fmt: skip
    """Over batches of dictionaries; the optimizer is given the gradients as they are."""
    keras, names, rows = tf.keras, ["table", "kernel", "bias"], []
    losses, epoch_losses, test_losses = [], [], []
    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(table.dtype.name)
    keras.config.set_dtype_policy(table.dtype.name)
    try:
        model = keras_model(tf, ids, table, kernel, bias, masked)
        optimizer = keras.optimizers.Adam(learning_rate, beta_1, beta_2, epsilon)
        optimizer.build(model.trainable_variables)

        def loss_of(texts, target, training):
            answer = model(texts, training=training)
            return tf.reduce_mean(keras.losses.binary_crossentropy(target[:, None], answer))

        given = [tf.TensorSpec([None, ids.shape[1]], ids.dtype), tf.TensorSpec([None], table.dtype)]

        @tf.function(input_signature=given, autograph=False)
        def step(texts, target):
            with tf.GradientTape() as tape:
                loss = loss_of(texts, target, training=True)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)
            weights = {name: tf.identity(w) for name, w in zip(names, model.trainable_variables, strict=True)}
            dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
            return recorded(loss, weights, dict(zip(names, dense, strict=True)))

        first = int(len(ids) * (1 - validation_split))
        texts = tf.data.Dataset.from_tensor_slices({"ids": ids, "label": tf.cast(labels, table.dtype)})
        training, held_out = texts.take(first).batch(batch), texts.skip(first).batch(batch)
        for _ in range(epochs):
            total = seen = 0
            for part in training.take(-1 if steps is None else steps):
                row = step(part["ids"], part["label"])
                if len(losses) % every == 0:
                    rows.append(row)
                losses.append(row["loss"])
                total, seen = total + row["loss"] * len(part["label"]), seen + len(part["label"])
            epoch_losses.append(total / seen)
            of_batches = [(loss_of(p["ids"], p["label"], training=False), len(p["label"])) for p in held_out]
            test_losses.append(sum(loss * n for loss, n in of_batches) / sum(n for _, n in of_batches))
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])
    stacks = {"loss": losses, "epoch_loss": epoch_losses, "test_loss": test_losses}
    return {**stacked(tf, rows), **{name: tf.stack(values) for name, values in stacks.items()}}


def keras_fit(
    tf, ids, labels, table, kernel, bias, batch, epochs, validation_split, steps, every, learning_rate, beta_1, beta_2,
    epsilon, masked=False, dense_gradients=False,
):  # fmt: skip
    keras, names = tf.keras, ["table", "kernel", "bias"]
    losses, rows = [], []

    class Recording(keras.optimizers.Adam):
        """The optimizer keeps the gradients that it is given, for the callback."""

        def build(self, variables):
            self.given = [tf.Variable(tf.zeros(v.shape, v.dtype)) for v in variables]
            super().build(variables)

        def apply(self, gradients, variables=None):
            dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
            for kept, gradient in zip(self.given, dense, strict=True):
                kept.assign(gradient)
            super().apply(dense if dense_gradients else gradients, variables)

    class RecordedLoss(keras.losses.BinaryCrossentropy):
        """The loss of one batch; what fit reports is the mean so far."""

        last = tf.Variable(tf.zeros((), table.dtype))

        def call(self, y_true, y_pred):
            losses = super().call(y_true, y_pred)
            self.last.assign(tf.reduce_mean(losses))
            return losses

    class Recorder(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            if len(losses) % every == 0:
                weights = dict(zip(names, map(tf.identity, self.model.trainable_variables), strict=True))
                gradients = dict(zip(names, map(tf.identity, self.model.optimizer.given), strict=True))
                rows.append(recorded(criterion.last.value(), weights, gradients))
            losses.append(criterion.last.value())

    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(table.dtype.name)  # fit, losses and metrics round to it
    keras.config.set_dtype_policy(table.dtype.name)  # and layers to this
    try:
        model = keras_model(tf, ids, table, kernel, bias, masked)
        criterion = RecordedLoss()
        optimizer = Recording(learning_rate, beta_1, beta_2, epsilon)
        optimizer.build(model.trainable_variables)
        # jit_compile: "auto" means XLA where there is a GPU, and only there.
        model.compile(optimizer, criterion, metrics=["accuracy"], jit_compile=False)
        history = model.fit(
            ids, labels, batch_size=batch, epochs=epochs, steps_per_epoch=steps, validation_split=validation_split,
            shuffle=False, verbose=0, callbacks=[Recorder()],
        ).history  # fmt: skip
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])
    return {
        **stacked(tf, rows),
        "loss": tf.stack(losses),
        "epoch_loss": tf.constant(history["loss"], table.dtype),
        "test_loss": tf.constant(history["val_loss"], table.dtype),
        "_accuracy": tf.constant(history["accuracy"]),
        "_test_accuracy": tf.constant(history["val_accuracy"]),
    }


def keras_fit_on_dense_gradients(tf, *inputs, **options):
    """Gradients are made dense before Adam squares them."""
    return keras_fit(tf, *inputs, **options, dense_gradients=True)


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

    tokens = [words(text) for text in texts_of(text.numpy(), ends)]
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
    model.fit(
        rows, rows, batch_size=batch, epochs=epochs, validation_split=validation_split, verbose=0, **given
    )
    order = np.concatenate(trained_on).reshape(epochs, -1)
    return {
        "trained_on": tf.constant(np.sort(order) if shuffle else order),
        "sizes": tf.constant([len(part) for part in trained_on], tf.int64),
        "validated": tf.constant(np.concatenate(validated).reshape(epochs, -1)),
    }


# Parameters


def numel(torch, sizes):
    vocabulary, width = (int(n) for n in sizes)
    model = torch.nn.ModuleDict({"embedding": torch.nn.Embedding(vocabulary, width), "dense": torch.nn.Linear(width, 1)})
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


# Data and initial weights

WIDTH = 8


def weights_for(rng: np.random.Generator, vocabulary: int, width: int) -> tuple[Array, Array, Array]:
    """A table uniform in [-0.05, 0.05), Keras' default, and a dense kernel by Glorot and Bengio (2010), on a grid of
    2^-12, so that a program with all of them in it stays small."""
    bound = math.sqrt(6 / (width + 1))
    drawn = rng.uniform(-0.05, 0.05, (vocabulary, width)), rng.uniform(-bound, bound, (width, 1))
    return (*(np.round(a * 2**12) / 2**12 for a in drawn), np.zeros(1))


def full_size(rng: np.random.Generator) -> tuple[Array, ...]:
    """The texts that the run has chosen, or a corpus of 40,000; tokens from a vocabulary of 20,000."""
    return _full_size(int(rng.integers(2**63)))


@lru_cache(maxsize=1)  # for the next dtype
def _full_size(seed: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    chosen = datasets.selected_tweets()
    if chosen is not None and chosen.ids is not None:
        ids, labels = chosen.ids, chosen.labels
    else:
        data = datasets.texts(rng)
        labels = data.labels
        ids = ref.ids_of(list(data.texts), ref.kept(len(labels), 0.2), datasets.VOCABULARY, datasets.LENGTH)
    return ids, labels, *weights_for(rng, datasets.VOCABULARY, WIDTH)


def few_texts(n: int, length: int, vocabulary: int, kind: str = ""):
    """``n`` texts whose words tell their label now and then; short ones are filled with 0."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        labels = np.ones(n, np.int64) if kind == "one-class" else rng.integers(0, 2, n)
        ids = 1 + np.minimum(rng.geometric(4 / vocabulary, (n, length)), vocabulary - 2)
        ids = np.where(rng.random((n, length)) < 0.2, 2 + labels[:, None], ids)
        if kind == "each-once":  # no word is twice in a batch of five
            ids = np.stack([rng.permutation(5 * length) for _ in range(n // 5)]).reshape(n, length)
        else:
            lengths = rng.integers(1, length + 1, n)
            ids = np.where(np.arange(length) < lengths[:, None], ids, 0)
        return ids, labels, *weights_for(rng, vocabulary, 3)

    return make


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


ADAM: dict[str, Any] = {
    "learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-120, "validation_split": 0.2,
}  # fmt: skip
FIVE: dict[str, Any] = {**ADAM, "batch": 32, "epochs": 5, "steps": None, "every": 1}
TEXTS: dict[str, Any] = {"training": 4, "vocabulary": 30, "length": 6, "ascii_only": True, "ties": "last"}


def training_samples() -> list[Sample]:
    chosen = datasets.selected_tweets()
    name, n = ("corpus", 40_000) if chosen is None else ("tweets", len(chosen.labels))
    batches = math.ceil(ref.kept(n, 0.2) / 32)
    whole: dict[str, Any] = {**ADAM, "batch": 32, "epochs": 1, "steps": min(201, batches), "every": 100}
    return [
        sample(name, full_size, dtypes=MASTER, **whole),
        FIVE_EPOCHS,
        sample("one-class", few_texts(40, 6, 20, "one-class"), edge=True, dtypes=("float64",), **FEW),
    ]


FEW: dict[str, Any] = {**FIVE, "batch": 8, "epochs": 2}
FIVE_EPOCHS = sample("five-epochs", few_texts(333, 12, 60), dtypes=MASTER, **FIVE)
MASKED: dict[str, Any] = {**FEW, "masked": True}
ONCE: dict[str, Any] = {**FEW, "batch": 5}


def token_samples() -> list[Sample]:
    chosen = datasets.selected_tweets()
    given = chosen is not None and bool(chosen.texts)
    name, n = ("tweets", len(chosen.labels)) if chosen is not None and given else ("corpus", 40_000)
    whole = {**TEXTS, "training": ref.kept(n, 0.2), "vocabulary": datasets.VOCABULARY, "length": datasets.LENGTH}
    equal = ("b a c", "c a b", "x", "y z", "a b c x")
    accents = these("\u00c9t\u00e9 \u00e9t\u00e9", "na\u00efve\u00a0\u00d6l", "\u00f6l \u00c9t\u00e9", "\u0130x", "\u00d6L")
    return [
        sample(name, all_texts, dtypes=("float32",), **whole),
        sample("white-space", these(" a\t\tB ", "c\x0bd\x0ce\r\nf", "", "  ", "a f"), edge=True, dtypes=("float32",), **TEXTS),
        sample(
            "punctuation", these("don't, DON'T!", "@you: #a_b [UNK]", "1,000.5%", "!?", "\u201ca\u201d \u2014 b\u2026"), edge=True,
            dtypes=("float32",), **TEXTS,
        ),
        sample("ties", these(*equal), dtypes=("float32",), **{**TEXTS, "vocabulary": 4}),
        sample("ties-first", these(*equal), edge=True, dtypes=("float32",), **{**TEXTS, "vocabulary": 4, "ties": "first"}),
        sample("ties-met", these(*equal), edge=True, dtypes=("float32",), **{**TEXTS, "vocabulary": 4, "ties": "met"}),
        sample("accents", accents, dtypes=("float32",), **TEXTS),
        sample("accents-of-unicode", accents, edge=True, dtypes=("float32",), **{**TEXTS, "ascii_only": False}),
        sample("cut", these("a b c d e f g h", "a", "b a"), dtypes=("float32",), **{**TEXTS, "length": 3}),
    ]  # fmt: skip


ROWS: dict[str, Any] = {"validation_split": 0.2, "batch": 8, "epochs": 2, "shuffle": False}

CASES = (
    Case(
        "sentiment_classifier",
        "training",
        ref.sentiment,
        torch=[loop_over_dictionaries, sparse_gradient_to_dense],
        tensorflow=[keras_fit_on_dense_gradients],
        samples=training_samples(),
        extended=False,
        figure=learning_curves("Sentiment", "binary cross-entropy"),
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", FIT, "https://keras.io/examples/nlp/text_classification_from_scratch/"),
    ),
    Case(
        "sentiment_classifier_as_written",
        "training",
        ref.sentiment,
        torch=[embedding_bag],
        tensorflow=[keras_fit],
        samples=[
            sample("five-epochs", few_texts(333, 12, 60), dtypes=("float32",), **FIVE),
            sample("masked", few_texts(50, 8, 40), dtypes=("float64",), **MASKED),
            sample("each-word-once", few_texts(50, 6, 30, "each-once"), edge=True, dtypes=("float64",), **ONCE),
        ],
        extended=False,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", FIT, "https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html"),
    ),
    Case(
        "sentiment_squares_apart",
        "training",
        ref.sentiment_squares_apart,
        tensorflow=[gradient_tape_loop],
        samples=[
            FIVE_EPOCHS,
            sample("masked", few_texts(50, 8, 40), dtypes=MASTER, **MASKED),
            sample("each-word-once", few_texts(50, 6, 30, "each-once"), edge=True, dtypes=("float64",), **ONCE),
        ],
        extended=False,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/sparse.py",),
    ),
    Case(
        "sentiment_lazy_adam",
        "training",
        ref.sentiment_lazy,
        torch=[sparse_adam],
        tensorflow=[gradient_tape_loop],
        samples=[
            FIVE_EPOCHS,
            sample("one-class", few_texts(40, 6, 20, "one-class"), edge=True, dtypes=("float64",), **FEW),
            sample("each-word-once", few_texts(50, 6, 30, "each-once"), dtypes=("float64",), **ONCE),
        ],
        extended=False,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html",),
    ),
    Case(
        "sentiment_tokens",
        "training",
        ref.token_ids,
        torch=[torch_tokens],
        tensorflow=[text_vectorization],
        samples=token_samples(),
        extended=False,
        modes=("eager",),
        dtypes=("float32",),
        sources=("https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/",),
    ),
    Case(
        "sentiment_held_out_rows",
        "training",
        ref.held_out_rows,
        torch=[subset_of_dictionaries, random_split],
        tensorflow=[fit_with_validation_split],
        samples=[
            sample("a-fifth", rows_of(57), dtypes=("float32",), **ROWS),
            sample("shuffled", rows_of(57), dtypes=("float32",), **{**ROWS, "shuffle": True}),
            sample("default-order", rows_of(57), dtypes=("float32",), **{**ROWS, "shuffle": None}),
            sample("nine-tenths", rows_of(100), edge=True, dtypes=("float32",), **{**ROWS, "validation_split": 0.9}),
        ],
        modes=("eager",),
        dtypes=("float32",),
        sources=(FIT, "https://docs.pytorch.org/docs/stable/data.html"),
    ),
    Case(
        "sentiment_parameters",
        "training",
        ref.parameters,
        torch=[numel],
        tensorflow=[model_summary],
        samples=[
            sample("20,000-by-16", lambda rng: (np.array([20_000, 16]),), dtypes=("float32",)),
            sample("20,000-by-8", lambda rng: (np.array([20_000, 8]),), dtypes=("float32",)),
            sample("one-word", lambda rng: (np.array([1, 1]),), edge=True, dtypes=("float32",)),
        ],
        modes=("eager",),
        dtypes=("float32",),
        sources=("https://keras.io/api/models/model/#summary-method",),
    ),
)  # fmt: skip
