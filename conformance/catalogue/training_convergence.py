"""Runs that are free to differ: each framework with its own initializers, shuffling and dropout.

A trajectory says nothing about them, as no two are alike. What they end with must be equivalent on average: over
`plan.RUNS` seeds, the hypothesis that the means differ by a margin or more is rejected by two one-sided tests. (In the
manner of the reference convergence points of training benchmarks: Mattson et al. 2020, *MLPerf Training Benchmark*.)
Marked slow.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue import training_sentiment
from conformance.catalogue.random_continuous import shuffler
from fixtures import datasets
from fixtures.samples import sample


def free_run(images: Array, labels: Array, test_images: Array, test_labels: Array, **options: float) -> None:
    """No numbers: a run that draws its own weights, order and masks is judged against the other framework's."""


def free_run_on_texts(ids: Array, labels: Array, **options: float) -> None:
    """No numbers, as of `free_run`: the sentiment model, of its own weights and order."""


def torch_epochs(torch, model, optimizer, criterion, x, y, test_x, test_y, batch, epochs, schedule=None):
    """The usual loop; what it ends with on the test set."""
    data = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, generator=shuffler(torch, x))
    for _ in range(epochs):
        model.train()
        for inputs, wanted in loader:
            optimizer.zero_grad()
            criterion(model(inputs), wanted).backward()
            optimizer.step()
            if schedule:
                schedule.step()
    model.eval()
    with torch.no_grad():
        logits = model(test_x)
        return {"loss": criterion(logits, test_y), "accuracy": (logits.argmax(1) == test_y).double().mean()}


def keras_epochs(tf, model, optimizer, x, y, test_x, test_y, batch, epochs):
    """compile, fit and evaluate."""
    criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, criterion, metrics=["accuracy"], jit_compile=False)
    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(test_x, test_y, verbose=0)
    return {"loss": tf.constant(loss), "accuracy": tf.constant(accuracy)}


def torch_dense(torch, x, y, test_x, test_y, hidden, rate, batch, epochs):
    """The initializers that Keras has by default: Glorot's, and zeros."""
    nn = torch.nn
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(x[0].numel(), hidden), nn.ReLU(), nn.Dropout(rate), nn.Linear(hidden, 10)
    )
    for layer in (model[1], model[4]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)
    return torch_epochs(torch, model, optimizer, nn.CrossEntropyLoss(), x, y, test_x, test_y, batch, epochs)


def keras_dense(tf, x, y, test_x, test_y, hidden, rate, batch, epochs):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input(x.shape[1:]), layers.Flatten(), layers.Dense(hidden, activation="relu"),
            layers.Dropout(rate), layers.Dense(10),
        ]
    )  # fmt: skip
    return keras_epochs(tf, model, tf.keras.optimizers.Adam(), x, y, test_x, test_y, batch, epochs)


def torch_convolution(torch, x, y, test_x, test_y, channels, rate, batch, epochs):
    """Keras' initializers, and its batch normalization: epsilon 1e-3, momentum 0.99. The rate goes to 0, without which
    the last steps are mostly noise."""
    nn, size = torch.nn, x.shape[1] // 2
    model = nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1), nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(rate), nn.Linear(channels * size * size, 10),
    )  # fmt: skip
    for layer in (model[0], model[6]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0**-5, momentum=0.875, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * -(-len(x) // batch))
    given = nn.CrossEntropyLoss(), x[:, None], y, test_x[:, None], test_y
    return torch_epochs(torch, model, optimizer, *given, batch, epochs, schedule)


def keras_convolution(tf, x, y, test_x, test_y, channels, rate, batch, epochs):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input((*x.shape[1:], 1)), layers.Conv2D(channels, 3, padding="same"), layers.BatchNormalization(),
            layers.ReLU(), layers.MaxPooling2D(2), layers.Flatten(), layers.Dropout(rate), layers.Dense(10),
        ]
    )  # fmt: skip
    rate = tf.keras.optimizers.schedules.CosineDecay(2.0**-5, epochs * -(-len(x) // batch))
    optimizer = tf.keras.optimizers.SGD(rate, momentum=0.875, nesterov=True)
    return keras_epochs(tf, model, optimizer, x[..., None], y, test_x[..., None], test_y, batch, epochs)


def torch_sentiment(torch, ids, labels, vocabulary, width, batch, epochs):
    """Embedding, average over the text, sigmoid; the last fifth is held out, as Keras' validation_split does."""
    nn, kept = torch.nn, len(ids) - len(ids) // 5

    class Sentiment(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.dense = nn.Embedding(vocabulary, width), nn.Linear(width, 1)
            nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
            nn.init.xavier_uniform_(self.dense.weight)
            nn.init.zeros_(self.dense.bias)

        def forward(self, ids):
            return self.dense(self.embedding(ids).mean(dim=1))[:, 0]

    model, criterion, labels = Sentiment(), nn.BCEWithLogitsLoss(), labels.float()
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)
    data = torch.utils.data.TensorDataset(ids[:kept], labels[:kept])
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, generator=shuffler(torch, ids))
    for _ in range(epochs):
        for texts, wanted in loader:
            optimizer.zero_grad()
            criterion(model(texts), wanted).backward()
            optimizer.step()
    with torch.no_grad():
        logits, wanted = model(ids[kept:]), labels[kept:]
        return {"loss": criterion(logits, wanted), "accuracy": ((logits > 0) == (wanted > 0)).double().mean()}


def keras_sentiment(tf, ids, labels, vocabulary, width, batch, epochs):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input(ids.shape[1:], dtype=ids.dtype), layers.Embedding(vocabulary, width),
            layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid"),
        ]
    )  # fmt: skip
    model.compile(tf.keras.optimizers.Adam(), "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
    given = {"batch_size": batch, "epochs": epochs, "validation_split": 0.2, "verbose": 0}
    history = model.fit(ids.numpy(), labels.numpy(), **given).history
    return {"loss": tf.constant(history["val_loss"][-1]), "accuracy": tf.constant(history["val_accuracy"][-1])}


def digits(_: np.random.Generator) -> tuple[Array, ...]:
    data = datasets.digits()
    return data.images, data.labels, data.test_images, data.test_labels


def texts(rng: np.random.Generator) -> tuple[Array, ...]:
    """Token ids, 42 long, of 40,000 texts, and their moods."""
    ids, labels, *_ = training_sentiment.full_size(rng)
    return ids, labels


HOW: dict[str, Any] = {"batch": 32, "epochs": 20}
MARGINS = {"accuracy": 0.015, "loss": 0.03}
"""Seven images of 450. Between seeds both deviate by about 0.006: means of ten that are equal are found to be."""
CASES = (
    Case(
        "converged_digit_classifier",
        "convergence",
        free_run,
        torch=[torch_dense],
        tensorflow=[keras_dense],
        samples=[sample("digits", digits, hidden=128, rate=0.2, **HOW)],
        margins=MARGINS,
        modes=("eager",),
        dtypes=("float32",),
        sources=("https://www.tensorflow.org/tutorials/quickstart/beginner",),
    ),
    Case(
        "converged_convolutional_network",
        "convergence",
        free_run,
        torch=[torch_convolution],
        tensorflow=[keras_convolution],
        samples=[sample("digits", digits, channels=8, rate=0.25, **HOW)],
        margins=MARGINS,
        modes=("eager",),
        dtypes=("float32",),
        sources=("https://keras.io/examples/vision/mnist_convnet/",),
    ),
    Case(
        "converged_sentiment_model",
        "convergence",
        free_run_on_texts,
        torch=[torch_sentiment],
        tensorflow=[keras_sentiment],
        samples=[sample("corpus", texts, vocabulary=datasets.VOCABULARY, width=16, batch=32, epochs=5)],
        margins={"accuracy": 0.01, "loss": 0.02},
        modes=("eager",),
        dtypes=("float32",),
        sources=("https://keras.io/examples/nlp/text_classification_from_scratch/",),
    ),
)
