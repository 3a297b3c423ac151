"""The sentiment model: an embedding, the mean over a text, a dense layer with a sigmoid, trained by Adam.

Rates are powers of two, and epsilon is negligible: torch adds it after the bias correction, Keras before it.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue import training_sentiment_data
from conformance.catalogue.training_shared import (
    MASTER,
    keeping_gradients,
    keeping_loss,
    keras_recorder,
    learning_curves,
    recorded,
    stacked,
)
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

    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(table.dtype.name)  # fit, losses and metrics round to it
    keras.config.set_dtype_policy(table.dtype.name)  # and layers to this
    try:
        model = keras_model(tf, ids, table, kernel, bias, masked)
        criterion = keeping_loss(tf, keras.losses.BinaryCrossentropy, table.dtype)()
        kept = keras_recorder(tf, names, every, criterion, rows, losses)
        adam = keeping_gradients(tf, keras.optimizers.Adam, dense_gradients)
        optimizer = adam(learning_rate, beta_1, beta_2, epsilon)
        optimizer.build(model.trainable_variables)
        # jit_compile: "auto" means XLA where there is a GPU, and only there.
        model.compile(optimizer, criterion, metrics=["accuracy"], jit_compile=False)
        history = model.fit(
            ids, labels, batch_size=batch, epochs=epochs, steps_per_epoch=steps, validation_split=validation_split,
            shuffle=False, verbose=0, callbacks=[kept],
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


# Data and initial weights

WIDTH = 8


def weights_for(rng: np.random.Generator, vocabulary: int, width: int) -> tuple[Array, Array, Array]:
    """A table uniform in [-0.05, 0.05), Keras' default, and a dense kernel by Glorot and Bengio (2010), on a grid of
    2^-12, so that a program with all of them in it stays small."""
    bound = math.sqrt(6 / (width + 1))
    drawn = rng.uniform(-0.05, 0.05, (vocabulary, width)), rng.uniform(-bound, bound, (width, 1))
    table, kernel = (np.round(a * 2**12) / 2**12 for a in drawn)
    return table, kernel, np.zeros(1)


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
            ids = np.stack([rng.permutation(5 * length) for _ in range(n // 5 + 1)]).reshape(-1, length)[:n]
        else:
            lengths = rng.integers(1, length + 1, n)
            ids = np.where(np.arange(length) < lengths[:, None], ids, 0)
        return ids, labels, *weights_for(rng, vocabulary, 3)

    return make


ADAM: dict[str, Any] = {
    "learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-120, "validation_split": 0.2,
}  # fmt: skip
FIVE: dict[str, Any] = {**ADAM, "batch": 32, "epochs": 5, "steps": None, "every": 1}


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
            sample("each-word-once", few_texts(51, 6, 30, "each-once"), edge=True, dtypes=("float64",), **ONCE),
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
            sample("each-word-once", few_texts(51, 6, 30, "each-once"), edge=True, dtypes=("float64",), **ONCE),
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
            sample("each-word-once", few_texts(51, 6, 30, "each-once"), dtypes=("float64",), **ONCE),
        ],
        extended=False,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html",),
    ),
    *training_sentiment_data.CASES,
)  # fmt: skip
