"""A small convolutional network on real digits: where torch and Keras differ in layouts, defaults and rules, trained.

Images and features are counted as in Keras, (rows, columns, channels); torch has channels first, in its images, its
kernels and in what it flattens. The numbers that dropout keeps are an input.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.training_shared import (
    MASTER,
    keeping_gradients,
    keeping_loss,
    learning_curves,
    recorded,
    stacked,
)
from conformance.reference import training_convolution as ref
from fixtures import datasets
from fixtures.samples import sample

# torch


def torch_network(torch, shape, kernel, gamma, beta, dense_kernel, bias, kept, epsilon, dropped):
    """A module, and the functions that bring the weights from and into Keras' layout."""
    rows, columns, channels = shape[1] // 2, shape[2] // 2, kernel.shape[-1]
    of_norm = {} if kept is None else {"momentum": 1 - kept}

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(1, channels, 3, padding="same", bias=False)
            self.norm = torch.nn.BatchNorm2d(channels, eps=epsilon, **of_norm)
            self.pool = torch.nn.MaxPool2d(2)
            self.flatten = torch.nn.Flatten()
            self.dense = torch.nn.Linear(rows * columns * channels, 10)

        def forward(self, x, mask=None):
            x = self.flatten(torch.relu(self.pool(self.norm(self.conv(x)))))
            if self.training:
                x = x * mask / (1 - dropped)
            return self.dense(x)

    def first(features):
        """Of features (rows, columns, channels), in front of all other axes, those with the channels first."""
        by_axis = features.reshape(rows, columns, channels, *features.shape[1:])
        return by_axis.movedim(2, 0).reshape(features.shape)

    def last(features):
        by_axis = features.reshape(channels, rows, columns, *features.shape[1:])
        return by_axis.movedim(0, 2).reshape(features.shape)

    def named(values):
        """By the names and in the layout of the inputs."""
        conv, gamma, beta, dense, bias = (v.detach().clone() for v in values)
        return {
            "kernel": conv.permute(2, 3, 1, 0),
            "gamma": gamma,
            "beta": beta,
            "dense_kernel": last(dense.t()),
            "bias": bias,
        }

    model = Network().to(gamma.device, gamma.dtype)
    model.load_state_dict(
        {
            "conv.weight": kernel.permute(3, 2, 0, 1),
            "norm.weight": gamma,
            "norm.bias": beta,
            "norm.running_mean": torch.zeros_like(gamma),
            "norm.running_var": torch.ones_like(gamma),
            "norm.num_batches_tracked": torch.tensor(0),
            "dense.weight": first(dense_kernel).t(),
            "dense.bias": bias,
        }
    )
    return model, first, named


def module_and_cosine_annealing(
    torch, images, labels, test_images, test_labels, masks, *weights,
        batch, every, learning_rate, end, momentum, kept, epsilon, dropped,
        rate_in_velocity=False, unbiased=True, converts=("velocity", "variance"), functional=False, **_,
):  # fmt: skip
    model, first, named = torch_network(torch, images.shape, *weights, kept, epsilon, dropped)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum, nesterov=True)
    n = len(masks) * -(-len(images) // batch)
    if functional:

        def cosine(t):
            import math

            return (end + (learning_rate - end) * (1 + math.cos(math.pi * t / n)) / 2) / learning_rate

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, cosine)
    else:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=n, eta_min=end)
    losses, rows, tests, accuracies = [], [], [], []
    shown, to_test, norm = images.movedim(-1, 1), test_images.movedim(-1, 1), model.norm

    def forward(x, mask):
        if not functional:
            return model(x, mask)
        F, state = torch.nn.functional, dict(model.named_parameters())
        x = F.conv2d(x, state["conv.weight"], padding=1)
        of_norm = {} if kept is None else {"momentum": 1 - kept}
        x = F.batch_norm(
            x, norm.running_mean, norm.running_var, state["norm.weight"], state["norm.bias"],
            training=model.training, eps=epsilon, **of_norm,
        )  # fmt: skip
        x = torch.flatten(F.relu(F.max_pool2d(x, 2)), 1)
        x = x * mask / (1 - dropped) if model.training else x
        return F.linear(x, state["dense.weight"], state["dense.bias"])

    for mask in masks:
        data = torch.utils.data.TensorDataset(shown, labels, first(mask.t()).t())
        model.train()
        for x, y, keeps in torch.utils.data.DataLoader(data, batch_size=batch, shuffle=False):
            before = norm.running_var.clone()
            loss = torch.nn.functional.cross_entropy(forward(x, keeps), y)
            optimizer.zero_grad()
            loss.backward()
            if not unbiased and "variance" in converts:
                count, old = x[:, 0].numel(), before * (1 - norm.momentum)
                norm.running_var.copy_(old + (norm.running_var - old) * ((count - 1) / count))
            optimizer.step()
            rate = optimizer.param_groups[0]["lr"]
            scheduler.step()
            if rate_in_velocity and "velocity" in converts:
                for state in optimizer.state.values():
                    state["momentum_buffer"] *= rate / optimizer.param_groups[0]["lr"]
            if len(losses) % every == 0:
                row = recorded(loss.detach(), named(model.parameters()), named(p.grad for p in model.parameters()))
                running = {"running_mean": norm.running_mean.clone(), "running_variance": norm.running_var.clone()}
                rows.append({**row, **running})
            losses.append(loss.detach())
        model.eval()
        with torch.no_grad():
            logits = forward(to_test, None)
            tests.append(torch.nn.functional.cross_entropy(logits, test_labels))
            accuracies.append((logits.argmax(1) == test_labels).double().mean())
    return {
        **stacked(torch, rows),
        "loss": torch.stack(losses),
        "test_loss": torch.stack(tests),
        "_test_accuracy": torch.stack(accuracies),
    }


def functions_and_lambda(torch, *inputs, **options):
    return module_and_cosine_annealing(torch, *inputs, **options, functional=True)


# Keras


def given_dropout(tf, dropped):
    """A dropout layer that is told what to keep."""

    class GivenDropout(tf.keras.layers.Layer):
        def call(self, x, mask, training=None):
            return x * tf.cast(mask, x.dtype) / (1 - dropped) if training else x

    return GivenDropout()


def functional_model(tf, shape, kernel, kept, epsilon, dropped):
    """From images and masks to logits."""
    layers = tf.keras.layers
    of_norm = {} if kept is None else {"momentum": kept}
    features = shape[1] // 2 * (shape[2] // 2) * kernel.shape[-1]
    images, mask = layers.Input(shape[1:]), layers.Input((features,))
    x = layers.Conv2D(kernel.shape[-1], 3, padding="same", use_bias=False)(images)
    x = layers.BatchNormalization(epsilon=epsilon, **of_norm)(x)
    x = layers.Activation("relu")(layers.MaxPooling2D(2)(x))
    x = given_dropout(tf, dropped)(layers.Flatten()(x), mask)
    return tf.keras.Model([images, mask], layers.Dense(10)(x))


def subclassed_model(tf, shape, kernel, kept, epsilon, dropped):
    layers = tf.keras.layers

    class Network(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(kernel.shape[-1], 3, padding="same", use_bias=False)
            of_norm = {} if kept is None else {"momentum": kept}
            self.norm = layers.BatchNormalization(epsilon=epsilon, **of_norm)
            self.pool, self.flatten = layers.MaxPooling2D(), layers.Flatten()
            self.dropout, self.dense = given_dropout(tf, dropped), layers.Dense(10)

        def call(self, inputs, training=None):
            x, mask = inputs
            x = tf.nn.relu(self.pool(self.norm(self.conv(x), training=training)))
            return self.dense(self.dropout(self.flatten(x), mask, training=training))

    model = Network()
    features = shape[1] // 2 * (shape[2] // 2) * kernel.shape[-1]
    model([tf.zeros([1, *shape[1:]]), tf.zeros([1, features])])
    return model


def keras_run(
    tf, way, images, labels, test_images, test_labels, masks, *weights,
        batch, every, learning_rate, end, momentum, kept, epsilon, dropped, rate_as_tensor=True,
        rate_in_velocity=False, unbiased=True, converts=("velocity", "variance"), **_,
):  # fmt: skip
    keras, names = tf.keras, ["kernel", "gamma", "beta", "dense_kernel", "bias"]
    losses, rows, tests, accuracies = [], [], [], []
    n = len(masks) * -(-len(images) // batch)

    class KeepingVelocity(keras.optimizers.SGD):
        def apply(self, gradients, variables=None):
            super().apply(gradients, variables)
            if not rate_in_velocity and "velocity" in converts:  # as torch would go on at another rate
                factor = schedule(self.iterations) / schedule(self.iterations - 1)
                for velocity in self.momentums:
                    velocity.assign(velocity * tf.cast(factor, velocity.dtype))

    def after_step():
        """What a batch leaves behind, with the variance that torch would keep."""
        t, count = len(losses), min(batch, len(images) - len(losses) * batch % (n // len(masks) * batch))
        norm = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
        if unbiased and "variance" in converts:
            count *= images.shape[1] * images.shape[2]
            old = before[0] * norm.momentum
            norm.moving_variance.assign(old + (norm.moving_variance - old) * (count / (count - 1)))
        before[0] = tf.identity(norm.moving_variance)
        if t % every == 0:
            now = dict(zip(names, map(tf.identity, model.trainable_variables), strict=True))
            row = recorded(
                criterion.last.value(), now, dict(zip(names, map(tf.identity, optimizer.given), strict=True))
            )
            running = {"running_mean": norm.moving_mean, "running_variance": norm.moving_variance}
            rows.append({**row, **{name: tf.identity(v) for name, v in running.items()}})
        losses.append(criterion.last.value())

    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(images.dtype.name)
    keras.config.set_dtype_policy(images.dtype.name)
    try:
        model = way(tf, images.shape, weights[0], kept, epsilon, dropped)
        for variable, value in zip(model.trainable_variables, weights, strict=True):
            variable.assign(value)
        # A schedule computes in the format of its first rate: float32 of a Python number.
        first = tf.constant(learning_rate, images.dtype) if rate_as_tensor else learning_rate
        schedule = keras.optimizers.schedules.CosineDecay(first, n, alpha=end / learning_rate)
        optimizer = keeping_gradients(tf, KeepingVelocity)(schedule, momentum=momentum, nesterov=True)
        optimizer.build(model.trainable_variables)
        criterion = keeping_loss(tf, keras.losses.SparseCategoricalCrossentropy, images.dtype)(from_logits=True)
        before = [tf.ones_like(weights[1])]
        model.compile(optimizer, criterion, metrics=["accuracy"], jit_compile=False)
        unused = tf.zeros([len(test_images), masks.shape[-1]])

        def step(x, y, mask):
            with tf.GradientTape() as tape:
                loss = criterion(y, model([x, mask], training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

        one_step = tf.function(step, reduce_retracing=True)
        for mask in masks:
            if way is functional_model:
                each = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: after_step())
                model.fit([images, mask], labels, batch_size=batch, shuffle=False, verbose=0, callbacks=[each])
            else:
                for at in range(0, len(images), batch):
                    one_step(images[at : at + batch], labels[at : at + batch], mask[at : at + batch])
                    after_step()
            logits = model([test_images, unused])
            tests.append(keras.losses.sparse_categorical_crossentropy(test_labels, logits, from_logits=True))
            accuracies.append(tf.reduce_mean(tf.cast(tf.argmax(logits, 1) == test_labels, tf.float64)))
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])
    return {
        **stacked(tf, rows),
        "loss": tf.stack(losses),
        "test_loss": tf.stack([tf.reduce_mean(t) for t in tests]),
        "_test_accuracy": tf.stack(accuracies),
    }


def functional_model_and_fit(tf, *inputs, **options):
    return keras_run(tf, functional_model, *inputs, **options)


def subclassed_model_and_tape(tf, *inputs, **options):
    return keras_run(tf, subclassed_model, *inputs, **options)


# Data, masks and initial weights


def digits_and_weights(first: int, channels: int, epochs: int, draw: int, dropped: float = 0.25, tests: int = 200):
    """The first of scikit-learn's digits; weights as Glorot and Bengio (2010) draw them. The kernel has all its bits:
    on a grid, sums of different pixels would be equal, and the maximum of a window would not be one.

    Weights and masks are those of one draw, whatever the seed: of many, the one in which no maximum of a window and no
    relu is as near to another decision as float32 may round. One that is decided otherwise would move the run by more
    than all rounding."""

    def make(_: np.random.Generator) -> tuple[Array, ...]:
        rng = np.random.default_rng(draw)
        data = datasets.digits()
        features = 16 * channels
        bounds = np.sqrt(6 / (9 + 9 * channels)), np.sqrt(6 / (features + 10))
        shown = data.images[:first, ..., None], data.labels[:first], data.test_images[:tests, ..., None]
        return (
            *shown,
            data.test_labels[:tests],
            (rng.random((epochs, first, features)) >= dropped).astype(np.int64),
            rng.uniform(-bounds[0], bounds[0], (3, 3, 1, channels)),
            rng.uniform(0.75, 1.25, channels),
            rng.uniform(-0.25, 0.25, channels),
            np.round(rng.uniform(-bounds[1], bounds[1], (features, 10)) * 2**10) / 2**10,
            np.zeros(10),
        )

    return make


DRAWS = {"digits": 17, "small": 44, "nothing": 75}


def nothing_to_see(rng: np.random.Generator) -> tuple[Array, ...]:
    """Of the 33 images every third is blank, with nothing but ties in it; and dropout leaves nothing of the second
    batch, so that only the last bias has a gradient.

    Of blank images the squares in a variance are equal, and a sum that adds one after another, as TensorFlow's over the
    pixels of a batch, rounds them all to the same side: by 62 units roundoff of 512 numbers, where torch's pairwise sum
    is off by one. The run is then off by half the limit."""
    made = digits_and_weights(33, 3, 3, draw=DRAWS["nothing"], tests=20)(rng)
    images, labels, test_images, test_labels, masks, *weights = made
    images, masks = images.copy(), masks.copy()
    images[::3], masks[:, 8:16] = 0, 0
    return images, labels, test_images, test_labels, masks, *weights


RUN: dict[str, Any] = {
    "learning_rate": 2.0**-4, "end": 2.0**-8, "momentum": 0.875, "kept": 0.875, "epsilon": 2.0**-10, "dropped": 0.25,
}  # fmt: skip
FEW: dict[str, Any] = {**RUN, "batch": 16, "every": 1}
SMALL = digits_and_weights(65, 3, 3, draw=DRAWS["small"], tests=40)


CASES = (
    Case(
        "convolutional_network",
        "training",
        ref.convolutional_network,
        torch=[module_and_cosine_annealing, functions_and_lambda],
        tensorflow=[functional_model_and_fit, subclassed_model_and_tape],
        samples=[
            # 4 epochs of 51 batches, the last of them of 7 images. The rules of torch, kept by both.
            sample(
                "digits", digits_and_weights(607, 4, 4, draw=DRAWS["digits"]), dtypes=MASTER, batch=12, every=10, **RUN
            ),
            sample("rules-of-keras", SMALL, dtypes=("float64",), **FEW, rate_in_velocity=True, unbiased=False),
            # Three epochs of 5 batches, the last of one image.
            sample("one-image-in-the-last-batch", SMALL, edge=True, dtypes=("float32",), **FEW),
            sample("nothing-to-see", nothing_to_see, edge=True, dtypes=("float32",), **{**FEW, "batch": 8}),
        ],
        extended=False,
        figure=learning_curves("Convolutional network", "cross-entropy"),
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://arxiv.org/abs/1502.03167",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html",
            "https://keras.io/api/layers/normalization_layers/batch_normalization/",
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
            "https://keras.io/api/optimizers/sgd/",
        ),
    ),
    Case(
        "convolutional_network_as_it_comes",
        "training",
        ref.convolutional_network,
        torch=[module_and_cosine_annealing],
        tensorflow=[functional_model_and_fit],
        samples=[
            sample("velocity", SMALL, dtypes=("float64",), converts=("variance",), **FEW),
            sample("running-variance", SMALL, dtypes=("float32",), converts=("velocity",), **FEW),
            sample("default-momentum", SMALL, edge=True, dtypes=("float32",), **{**FEW, "kept": None}),
            sample("rate-as-a-number", SMALL, edge=True, dtypes=("float64",), rate_as_tensor=False, **FEW),
        ],
        extended=False,
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
            "https://keras.io/api/optimizers/sgd/",
            "https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/",
        ),
    ),
)
