"""Runs that are free to differ: each framework with its own initializers, shuffling and dropout.

A trajectory says nothing about them, as no two are alike. What they end with must be equivalent on average: over
`plan.RUNS` seeds, the hypothesis that the means differ by a margin or more is rejected by two one-sided tests. (In the
manner of the reference convergence points of training benchmarks: Mattson et al. 2020, *MLPerf Training Benchmark*.)
Marked slow.
"""

import numpy as np

from conformance.case import Array, Case
from fixtures import datasets
from fixtures.samples import sample


def free_run(images: Array, labels: Array, test_images: Array, test_labels: Array, **options: float) -> None:
    """No numbers: a run that draws its own weights, order and masks is judged against the other framework's."""


def torch_epochs(torch, model, optimizer, criterion, x, y, test_x, test_y, batch, epochs):
    """The usual loop; what it ends with on the test set."""
    data = torch.utils.data.TensorDataset(x, y)
    for _ in range(epochs):
        model.train()
        for inputs, wanted in torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True):
            optimizer.zero_grad()
            criterion(model(inputs), wanted).backward()
            optimizer.step()
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
    """Keras' initializers, and its batch normalization: epsilon 1e-3, momentum 0.99."""
    nn, size = torch.nn, x.shape[1] // 2
    model = nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1), nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(rate), nn.Linear(channels * size * size, 10),
    )  # fmt: skip
    for layer in (model[0], model[6]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0**-5, momentum=0.875, nesterov=True)
    given = nn.CrossEntropyLoss(), x[:, None], y, test_x[:, None], test_y
    return torch_epochs(torch, model, optimizer, *given, batch, epochs)


def keras_convolution(tf, x, y, test_x, test_y, channels, rate, batch, epochs):
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input((*x.shape[1:], 1)), layers.Conv2D(channels, 3, padding="same"), layers.BatchNormalization(),
            layers.ReLU(), layers.MaxPooling2D(2), layers.Flatten(), layers.Dropout(rate), layers.Dense(10),
        ]
    )  # fmt: skip
    optimizer = tf.keras.optimizers.SGD(2.0**-5, momentum=0.875, nesterov=True)
    return keras_epochs(tf, model, optimizer, x[..., None], y, test_x[..., None], test_y, batch, epochs)


def digits(_: np.random.Generator) -> tuple[Array, ...]:
    data = datasets.digits()
    return data.images, data.labels, data.test_images, data.test_labels


HOW = {"batch": 32, "epochs": 20}
MARGINS = {"accuracy": 0.015, "loss": 0.03}
"""Seven images of 450. The deviation between seeds is about 0.006 in both, so that means of ten that are equal are found
to be within five of their errors."""
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
)
