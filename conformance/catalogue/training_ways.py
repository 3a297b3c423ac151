"""One small classifier, built and trained in every way that the frameworks have: each must take the same steps.

How near the ways of one framework are to each other is a case of its own: a score of 0 there means bit for bit.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.training_shared import (
    MASTER,
    keeping_gradients,
    keeping_loss,
    picture,
    recorded,
    stacked,
)
from conformance.reference import training_ways as ref
from fixtures import datasets
from fixtures.samples import sample

# torch: two ways to build a model, two ways to train it


def module_of_layers(torch, features, hidden, classes, dtype):
    """The layers in a row."""
    return torch.nn.Sequential(
        torch.nn.Linear(features, hidden, dtype=dtype), torch.nn.Tanh(), torch.nn.Linear(hidden, classes, dtype=dtype)
    )


def own_module(torch, features, hidden, classes, dtype):
    """A subclass with its own forward."""

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = torch.nn.Linear(features, hidden, dtype=dtype)
            self.out = torch.nn.Linear(hidden, classes, dtype=dtype)

        def forward(self, x):
            return self.out(torch.tanh(self.hidden(x)))

    return Classifier()


def optimizer_loop(torch, model, batches, learning_rate, momentum, step_done):
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        step_done(loss, list(model.parameters()), [p.grad for p in model.parameters()])


def func_loop(torch, model, batches, learning_rate, momentum, step_done):
    """Functions of the parameters; nothing is changed in place. A processor with fused multiply-add rounds the step of
    the optimizer, p.add_(v, alpha=-learning_rate), once, and this one twice: these two are not bit for bit the same."""

    def loss_of(parameters, x, y):
        return torch.nn.functional.cross_entropy(torch.func.functional_call(model, parameters, (x,)), y)

    parameters = {name: p.detach().clone() for name, p in model.named_parameters()}
    velocity = {name: torch.zeros_like(p) for name, p in parameters.items()}
    for x, y in batches:
        gradients, loss = torch.func.grad_and_value(loss_of)(parameters, x, y)
        velocity = {name: momentum * v + gradients[name] for name, v in velocity.items()}
        parameters = {name: p - learning_rate * velocity[name] for name, p in parameters.items()}
        step_done(loss, parameters.values(), gradients.values())


def torch_run(
    torch, build, train, x, labels, kernel_1, bias_1, kernel_2, bias_2, batch, epochs, every, learning_rate, momentum
):
    names, losses, rows = ["kernel_1", "bias_1", "kernel_2", "bias_2"], [], []

    def step_done(loss, weights, gradients):
        if len(losses) % every == 0:
            kept = [dict(zip(names, [a.detach().t().clone() for a in of], strict=True)) for of in (weights, gradients)]
            rows.append(recorded(loss.detach(), *kept))
        losses.append(loss.detach())

    model = build(torch, *kernel_1.shape, len(bias_2), x.dtype).to(x.device)
    with torch.no_grad():
        for p, w in zip(model.parameters(), (kernel_1.T, bias_1, kernel_2.T, bias_2), strict=True):
            p.copy_(w)
    batches = [b for _ in range(epochs) for b in zip(x.split(batch), labels.split(batch), strict=True)]
    train(torch, model, batches, learning_rate, momentum, step_done)
    return {**stacked(torch, rows), "loss": torch.stack(losses)}


def sequential_optimizer_loop(torch, *inputs, **options):
    return torch_run(torch, module_of_layers, optimizer_loop, *inputs, **options)


def subclassed_optimizer_loop(torch, *inputs, **options):
    return torch_run(torch, own_module, optimizer_loop, *inputs, **options)


def sequential_func_loop(torch, *inputs, **options):
    return torch_run(torch, module_of_layers, func_loop, *inputs, **options)


def subclassed_func_loop(torch, *inputs, **options):
    return torch_run(torch, own_module, func_loop, *inputs, **options)


# Keras: three ways to build a model, four ways to train it


def sequential(tf, features, hidden, classes):
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [layers.Input((features,)), layers.Dense(hidden, activation="tanh"), layers.Dense(classes)]
    )


def functional(tf, features, hidden, classes):
    x = tf.keras.Input((features,))
    return tf.keras.Model(x, tf.keras.layers.Dense(classes)(tf.keras.layers.Dense(hidden, activation="tanh")(x)))


def subclassed(tf, features, hidden, classes):
    class Classifier(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = tf.keras.layers.Dense(hidden, activation="tanh")
            self.out = tf.keras.layers.Dense(classes)

        def call(self, x):
            return self.out(self.hidden(x))

    model = Classifier()
    model(tf.zeros((1, features), tf.keras.config.floatx()))  # the weights are made at the first call
    return model


def fit(tf, model, x, labels, batch, epochs, step_done):
    class Recorder(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            step_done()

    model.fit(x, labels, batch_size=batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[Recorder()])


def train_on_batch(tf, model, x, labels, batch, epochs, step_done):
    for _ in range(epochs):
        for i in range(0, len(x), batch):
            model.train_on_batch(x[i : i + batch], labels[i : i + batch])
            step_done()


def tape(tf, model, x, labels, batch, epochs, step_done, compiled=False):
    def step(x, labels):
        with tf.GradientTape() as tape:
            loss = model.loss(labels, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    one_step = tf.function(step) if compiled else step
    for _ in range(epochs):
        for i in range(0, len(x), batch):
            one_step(x[i : i + batch], labels[i : i + batch])
            step_done()


def tape_in_tf_function(tf, *arguments):
    tape(tf, *arguments, compiled=True)


def keras_run(
    tf, build, train, x, labels, kernel_1, bias_1, kernel_2, bias_2, batch, epochs, every, learning_rate, momentum
):
    keras, names = tf.keras, ["kernel_1", "bias_1", "kernel_2", "bias_2"]
    losses, rows = [], []

    def step_done():
        if len(losses) % every == 0:
            weights, gradients = map(tf.identity, model.trainable_variables), map(tf.identity, optimizer.given)
            of_names = [dict(zip(names, of, strict=True)) for of in (weights, gradients)]
            rows.append(recorded(criterion.last.value(), *of_names))
        losses.append(criterion.last.value())

    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(x.dtype.name)  # losses and optimizers round to it
    keras.config.set_dtype_policy(x.dtype.name)  # and layers to this
    try:
        model = build(tf, *kernel_1.shape, len(bias_2))
        model.set_weights([w.numpy() for w in (kernel_1, bias_1, kernel_2, bias_2)])
        optimizer = keeping_gradients(tf, keras.optimizers.SGD)(learning_rate, momentum)
        criterion = keeping_loss(tf, keras.losses.SparseCategoricalCrossentropy, x.dtype)(from_logits=True)
        optimizer.build(model.trainable_variables)
        # jit_compile: "auto" means XLA where there is a GPU, and only there.
        model.compile(optimizer, criterion, jit_compile=False)
        train(tf, model, x, labels, batch, epochs, step_done)
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])
    return {**stacked(tf, rows), "loss": tf.stack(losses)}


def sequential_fit(tf, *inputs, **options):
    return keras_run(tf, sequential, fit, *inputs, **options)


def functional_train_on_batch(tf, *inputs, **options):
    return keras_run(tf, functional, train_on_batch, *inputs, **options)


def subclassed_tape_in_tf_function(tf, *inputs, **options):
    return keras_run(tf, subclassed, tape_in_tf_function, *inputs, **options)


# Every way of one framework, and how far it is from the first


def every_way_in_torch(torch, *inputs, **options):
    def run(build, train):
        outputs = torch_run(torch, build, train, *inputs, **options)
        return torch.cat([a.reshape(len(a), -1) for a in outputs.values()], dim=1)

    first = run(module_of_layers, optimizer_loop)
    return {
        "Sequential, torch.func": run(module_of_layers, func_loop) - first,
        "Module, optimizer": run(own_module, optimizer_loop) - first,
        "Module, torch.func": run(own_module, func_loop) - first,
    }


def every_way_in_keras(tf, *inputs, **options):
    def run(build, train):
        outputs = keras_run(tf, build, train, *inputs, **options)
        return tf.concat([tf.reshape(a, (len(a), -1)) for a in outputs.values()], axis=1)

    models = {"Sequential": sequential, "functional": functional, "subclassed": subclassed}
    loops = {
        "fit": fit,
        "train_on_batch": train_on_batch,
        "GradientTape": tape,
        "GradientTape in tf.function": tape_in_tf_function,
    }
    runs = {f"{model}, {loop}": run(build, train) for model, build in models.items() for loop, train in loops.items()}
    first = runs.pop("Sequential, fit")
    return {way: of_way - first for way, of_way in runs.items()}


def identical_or_not(first):
    def figure(label, outputs, inputs, options):
        """How far each way is from the first, step by step; the name of a line says whether it is 0 throughout."""
        if label == "NumPy reference":
            return []
        series = []
        for way, rows in outputs.items():
            distance = np.linalg.norm(np.asarray(rows, np.float64), axis=1)
            said = "not bit for bit" if distance.any() else "bit for bit"
            steps = np.arange(1, len(distance) + 1)
            series.append({"name": f"{label}, {way}: {said}", "x": steps, "y": distance, "style": "line"})
        title = f"Ways of training in {label}: distance from {first}"
        return [picture("ways", title, "step", "norm of the difference of loss, gradients and weights", series)]

    return figure


# Data and initial weights


def to_classify(n: int, missing: int = 0):
    """Points of 4 features in 3 overlapping classes, and weights to start from; some labels may be missing."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x, labels = datasets.clusters(rng, 3, n, features=4)
        kernel_1, kernel_2 = 0.5 * rng.standard_normal((4, 8)), 0.5 * rng.standard_normal((8, 3))
        return x, labels[: n - missing], kernel_1, 0.1 * rng.standard_normal(8), kernel_2, np.zeros(3)

    return make


SGD: dict[str, Any] = {"learning_rate": 3 * 2.0**-5, "momentum": 0.875}
# 100 batches of 4, the last one of a single point, twice.
LONG: dict[str, Any] = {"batch": 4, "epochs": 2, "every": 10, **SGD}
SHORT: dict[str, Any] = {"batch": 8, "epochs": 2, "every": 1, **SGD}
SOURCES = (
    "https://keras.io/guides/training_with_built_in_methods/",
    "https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/",
    "https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html",
    "https://docs.pytorch.org/docs/stable/func.migrating.html",
)
TORCH_WAYS = ("Sequential, torch.func", "Module, optimizer", "Module, torch.func")
KERAS_WAYS = tuple(
    f"{model}, {loop}"
    for model in ("Sequential", "functional", "subclassed")
    for loop in ("fit", "train_on_batch", "GradientTape", "GradientTape in tf.function")
)[1:]


def short_samples():
    return [
        sample("uneven-batches", to_classify(60), dtypes=("float32",), **SHORT),
        sample("uneven-batches-float64", to_classify(60), dtypes=("float64",), **SHORT),
        sample("bad-sizes", to_classify(12, missing=2), edge=True, raises=True, dtypes=("float32",), **SHORT),
    ]


CASES = (
    Case(
        "ways_of_training",
        "training",
        ref.dense_classifier,
        torch=[sequential_optimizer_loop, subclassed_optimizer_loop, sequential_func_loop, subclassed_func_loop],
        # Each model and each loop once, over 200 steps; keras_ways_bit_for_bit has every combination.
        tensorflow=[sequential_fit, functional_train_on_batch, subclassed_tape_in_tf_function],
        samples=[
            sample("last-batch-of-one", to_classify(397), dtypes=MASTER, **LONG),
            sample("one-batch", to_classify(5), edge=True, dtypes=("float32",), **SHORT),
            sample("bad-sizes", to_classify(12, missing=2), edge=True, raises=True, dtypes=("float64",), **SHORT),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=SOURCES,
    ),
    Case(
        "torch_ways_bit_for_bit",
        "training",
        ref.apart(TORCH_WAYS),
        torch=[every_way_in_torch],
        samples=short_samples(),
        figure=identical_or_not("Sequential with an optimizer"),
        modes=("eager",),
        dtypes=MASTER,
        sources=SOURCES,
    ),
    Case(
        "keras_ways_bit_for_bit",
        "training",
        ref.apart(KERAS_WAYS),
        tensorflow=[every_way_in_keras],
        samples=short_samples(),
        figure=identical_or_not("Sequential with fit"),
        modes=("eager",),
        dtypes=MASTER,
        sources=SOURCES,
    ),
)
