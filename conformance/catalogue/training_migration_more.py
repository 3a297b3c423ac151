"""More fine points that break migrations: losses over uneven batches, weights of classes and samples,
schedules by steps and by epochs, weight decay and penalty, batches in one buffer, the accuracy of logits.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.training_migration import (
    DOUBLE,
    KERAS_FIT,
    RATE,
    in_format,
    keras_line,
    keras_now,
    line,
    of_steps,
    torch_line,
    torch_now,
)
from conformance.catalogue.training_shared import MASTER, stacked
from conformance.reference import training_migration as ref
from fixtures.samples import sample

# Decay by the optimizer, or a penalty in the loss


def torch_optimizer(torch, groups, optimizer, learning_rate):
    if optimizer == "Adam":
        return torch.optim.Adam(groups, lr=learning_rate, betas=(0.875, 0.96875), eps=2.0**-60)
    return torch.optim.SGD(groups, lr=learning_rate, momentum=0.875 if optimizer == "Momentum" else 0)


def torch_penalized(torch, x, y, kernel, bias, optimizer, strength, steps, learning_rate, decay=None, penalty=0.0):
    """``decay(model)``: the groups of parameters for the optimizer."""
    model, rows = torch_line(torch, kernel, bias), []
    made = torch_optimizer(torch, decay(model) if decay else model.parameters(), optimizer, learning_rate)
    for _ in range(steps):
        made.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y) + penalty * model.weight.square().sum()
        loss.backward()
        made.step()
        rows.append(torch_now(model))
    return stacked(torch, rows)


def torch_weight_decay(torch, *inputs, strength, **options):
    """The gradient of strength |w|^2 is 2 strength w. Of all parameters but the bias."""

    def groups(model):
        return [{"params": [model.weight], "weight_decay": 2 * strength}, {"params": [model.bias]}]

    return torch_penalized(torch, *inputs, strength=strength, decay=groups, **options)


def torch_penalty_in_loss(torch, *inputs, strength, **options):
    return torch_penalized(torch, *inputs, strength=strength, penalty=strength, **options)


def torch_decay_of_all_parameters(torch, *inputs, strength, **options):
    """weight_decay without groups takes the bias, too."""

    def groups(model):
        return [{"params": list(model.parameters()), "weight_decay": 2 * strength}]

    return torch_penalized(torch, *inputs, strength=strength, decay=groups, **options)


def keras_optimizer(tf, optimizer, learning_rate, **options):
    if optimizer == "Adam":
        return tf.keras.optimizers.Adam(learning_rate, 0.875, 0.96875, epsilon=2.0**-60, **options)
    return tf.keras.optimizers.SGD(learning_rate, momentum=0.875 if optimizer == "Momentum" else 0.0, **options)


def keras_regularizer(tf, x, y, kernel, bias, optimizer, strength, steps, learning_rate):
    def program():
        model = keras_line(tf, kernel, bias, kernel_regularizer=tf.keras.regularizers.L2(strength))
        model.compile(keras_optimizer(tf, optimizer, learning_rate), "mse", run_eagerly=True)
        return keras_rows(tf, model, x, y, steps)

    return in_format(tf, x.dtype.name, program)


def keras_weight_decay(tf, x, y, kernel, bias, optimizer, strength, steps, learning_rate):
    def program():
        model = keras_line(tf, kernel, bias)
        made = keras_optimizer(tf, optimizer, learning_rate, weight_decay=2 * strength)
        made.exclude_from_weight_decay(var_names=["bias"])
        model.compile(made, "mse", run_eagerly=True)
        return keras_rows(tf, model, x, y, steps)

    return in_format(tf, x.dtype.name, program)


def keras_rows(tf, model, x, y, steps):
    """Weights after each step on all data."""
    rows = []
    for _ in range(steps):
        model.train_on_batch(x, y)
        rows.append(keras_now(tf, model))
    return stacked(tf, rows)


# The loss of an epoch of uneven batches


def torch_epochs(
    torch, report, x, y, kernel, bias, batch, epochs, learning_rate, drop_last=False, steps=0, after=False
):
    """``report(losses, sizes)`` of an epoch; ``after``: of all its data, when it is over."""
    import itertools

    model, rows = torch_line(torch, kernel, bias), []
    optimizer, criterion = torch.optim.SGD(model.parameters(), lr=learning_rate), torch.nn.MSELoss()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=batch, drop_last=drop_last)
    for _ in range(epochs):
        losses, sizes, taken = [], [], []
        for inputs, targets in itertools.islice(loader, steps or None):
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            sizes.append(len(inputs))
            taken.append((inputs, targets))
        if after:
            losses = [criterion(model(inputs), targets).detach() for inputs, targets in taken]
        rows.append({**torch_now(model), "reported": report(torch.stack(losses), torch.tensor(sizes))})
    return stacked(torch, rows)


def torch_mean_over_samples(torch, *inputs, **options):
    return torch_epochs(torch, lambda losses, sizes: (losses * sizes).sum() / sizes.sum(), *inputs, **options)


def torch_mean_of_batch_means(torch, *inputs, **options):
    return torch_epochs(torch, lambda losses, sizes: losses.mean(), *inputs, **options)


def torch_loss_after_the_epoch(torch, *inputs, **options):
    return torch_mean_over_samples(torch, *inputs, after=True, **options)


def keras_epochs(tf, data, kernel, bias, learning_rate, **fit):
    """``data()``: the first arguments of fit."""
    rows = []

    class Recorder(tf.keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rows.append({**keras_now(tf, self.model), "reported": tf.constant(logs["loss"], kernel.dtype)})

    def program():
        model = keras_line(tf, kernel, bias)
        model.compile(tf.keras.optimizers.SGD(learning_rate), "mse", jit_compile=False)
        model.fit(*data, verbose=0, callbacks=[Recorder()], **fit)
        return stacked(tf, rows)

    return in_format(tf, kernel.dtype.name, program)


def keras_history_of_dataset(tf, x, y, kernel, bias, batch, epochs, learning_rate, drop_last=False, steps=0):
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch, drop_remainder=drop_last).take(steps or -1)
    return keras_epochs(tf, [data], kernel, bias, learning_rate, epochs=epochs, shuffle=False)


def keras_history_of_arrays(tf, x, y, kernel, bias, batch, epochs, learning_rate, drop_last=False, steps=0):
    rows = len(x) // batch * batch if drop_last else len(x)
    return keras_epochs(
        tf, [x[:rows], y[:rows]], kernel, bias, learning_rate, epochs=epochs, batch_size=batch,
        steps_per_epoch=steps or None, shuffle=False,
    )  # fmt: skip


# Weights of samples and classes


def torch_weighted(torch, loss_of, x, labels, sample_weights, kernel, bias, batch, epochs, learning_rate):
    """``loss_of(logits, labels, sample_weights)``."""
    model, rows = torch_line(torch, kernel, bias), []
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    data = torch.utils.data.TensorDataset(x, labels, sample_weights)
    for _ in range(epochs):
        for inputs, targets, weights in torch.utils.data.DataLoader(data, batch_size=batch):
            optimizer.zero_grad()
            loss = loss_of(model(inputs), targets, weights)
            loss.backward()
            optimizer.step()
            rows.append({"loss": loss.detach(), **torch_now(model)})
    return stacked(torch, rows)


def torch_weighted_by_hand(
    torch, x, labels, sample_weights, kernel, bias, class_weights=(), over_weights=False, reduction=None, **options
):
    of_class = torch.ones_like(bias)
    for label, weight in class_weights:
        of_class[label] = weight

    def loss_of(logits, labels, weights):
        weights = weights * of_class[labels]
        losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        return (losses * weights).sum() / (weights.sum() if over_weights else len(weights))

    return torch_weighted(torch, loss_of, x, labels, sample_weights, kernel, bias, **options)


def torch_cross_entropy_weight(
    torch, x, labels, sample_weights, kernel, bias, class_weights=(), over_weights=False, reduction=None, **options
):
    """The argument weight of CrossEntropyLoss, for the classes that are named; it has none for samples."""
    weight = torch.tensor([w for _, w in sorted(class_weights)], dtype=x.dtype) if class_weights else None
    criterion = torch.nn.CrossEntropyLoss(weight=weight)
    return torch_weighted(
        torch, lambda logits, labels, _: criterion(logits, labels), x, labels, sample_weights, kernel, bias, **options
    )


def keras_fit_with_weights(
    tf, x, labels, sample_weights, kernel, bias, batch, epochs, learning_rate, class_weights=(), over_weights=False,
    reduction=None,
):  # fmt: skip
    """``reduction``: one that is given although it is not that of the case."""
    reduction = reduction or ("mean_with_sample_weight" if over_weights else "sum_over_batch_size")
    rows = []

    class Recorder(tf.keras.callbacks.Callback):
        def on_train_batch_begin(self, step, logs=None):
            self.model.reset_metrics()  # logs are means since then

        def on_train_batch_end(self, step, logs=None):
            rows.append({"loss": tf.constant(logs["loss"], x.dtype), **keras_now(tf, self.model)})

    def program():
        model = keras_line(tf, kernel, bias)
        criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
        model.compile(tf.keras.optimizers.SGD(learning_rate), criterion, jit_compile=False)
        # fit refuses to take both.
        weighting = {"class_weight": dict(class_weights)} if class_weights else {"sample_weight": sample_weights}
        model.fit(
            x, labels, batch_size=batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[Recorder()], **weighting
        )
        return stacked(tf, rows)

    return in_format(tf, x.dtype.name, program)


# Rates that change by steps or by epochs


def torch_scheduled(torch, x, y, kernel, bias, batch, epochs, learning_rate, gamma, per, ahead=False):
    model, rows = torch_line(torch, kernel, bias), []
    optimizer, criterion = torch.optim.SGD(model.parameters(), lr=learning_rate), torch.nn.MSELoss()
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=batch)
    for _ in range(epochs):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            if per == "step" and ahead:
                scheduler.step()
            optimizer.step()
            if per == "step" and not ahead:
                scheduler.step()
            rows.append({"loss": loss.detach(), **torch_now(model)})
        if per == "epoch":
            scheduler.step()
    return stacked(torch, rows)


def torch_scheduler_after_the_optimizer(torch, *inputs, **options):
    return torch_scheduled(torch, *inputs, **options)


def torch_scheduler_before_the_optimizer(torch, *inputs, **options):
    """As it was before torch 1.1: the first rate is passed over."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch_scheduled(torch, *inputs, ahead=True, **options)


def keras_scheduled(tf, x, y, kernel, bias, batch, epochs, rate, callbacks=()):
    rows = []

    class Recorder(tf.keras.callbacks.Callback):
        def on_train_batch_begin(self, step, logs=None):
            self.model.reset_metrics()  # logs are means since then

        def on_train_batch_end(self, step, logs=None):
            rows.append({"loss": tf.constant(logs["loss"], x.dtype), **keras_now(tf, self.model)})

    model = keras_line(tf, kernel, bias)
    model.compile(tf.keras.optimizers.SGD(rate), "mse", jit_compile=False)
    model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[*callbacks, Recorder()])
    return stacked(tf, rows)


def keras_schedule_object(tf, x, y, kernel, bias, batch, epochs, learning_rate, gamma, per):
    """A function of the steps, in stairs if the rate changes by epochs."""

    def program():
        steps = -(-len(x) // batch) if per == "epoch" else 1
        rate = tf.keras.optimizers.schedules.ExponentialDecay(learning_rate, steps, gamma, staircase=per == "epoch")
        return keras_scheduled(tf, x, y, kernel, bias, batch, epochs, rate)

    return in_format(tf, x.dtype.name, program)


def keras_scheduler_callback(tf, x, y, kernel, bias, batch, epochs, learning_rate, gamma, per):
    """LearningRateScheduler is asked once an epoch."""

    def program():
        callback = tf.keras.callbacks.LearningRateScheduler(lambda epoch: learning_rate * gamma**epoch)
        return keras_scheduled(tf, x, y, kernel, bias, batch, epochs, learning_rate, [callback])

    return in_format(tf, x.dtype.name, program)


# A buffer that is filled again


def buffered(x, y, batch):
    """Pairs of views of one buffer, which is filled for each batch; in NumPy."""
    buffer = np.empty_like(x[:batch]), np.empty_like(y[:batch])
    for i in range(0, len(x), batch):
        buffer[0][:], buffer[1][:] = x[i : i + batch], y[i : i + batch]
        yield buffer


def torch_collected(torch, made, x, y, kernel, bias, batch, learning_rate):
    """All batches are made first; ``made(array)`` is a tensor."""
    arrays = buffered(x.cpu().numpy(), y.cpu().numpy(), batch)
    batches = [(made(a).to(x.device), made(b).to(x.device)) for a, b in arrays]
    model, rows = torch_line(torch, kernel, bias), []
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        rows.append({"loss": loss.detach(), **torch_now(model)})
    return stacked(torch, rows)


def torch_tensor(torch, *inputs, **options):
    return torch_collected(torch, torch.tensor, *inputs, **options)


def torch_from_numpy(torch, *inputs, **options):
    """The tensor is the buffer."""
    return torch_collected(torch, torch.from_numpy, *inputs, **options)


def tf_constant(tf, x, y, kernel, bias, batch, learning_rate):
    batches = [(tf.constant(a), tf.constant(b)) for a, b in buffered(x.numpy(), y.numpy(), batch)]
    weights, rows = [tf.Variable(kernel), tf.Variable(bias)], []
    for inputs, targets in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((inputs @ weights[0] + weights[1] - targets) ** 2)
        for w, g in zip(weights, tape.gradient(loss, weights), strict=True):
            w.assign_sub(learning_rate * g)
        rows.append({"loss": loss, "kernel": weights[0].value(), "bias": weights[1].value()})
    return stacked(tf, rows)


# What is right, of logits


def torch_sign_of_logits(torch, logits, labels):
    return {"accuracy": ((logits > 0) == (labels > 0)).to(logits.dtype).mean()[None]}


def keras_evaluated(tf, logits, labels, metric):
    def program():
        model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Activation("linear")])
        model.compile(loss="mse", metrics=[metric()], run_eagerly=True)
        answers = model.test_on_batch(logits[:, None], labels[:, None], return_dict=True)
        return {"accuracy": tf.constant([a for name, a in answers.items() if name != "loss"], logits.dtype)}

    return in_format(tf, logits.dtype.name, program)


def keras_binary_accuracy_at_zero(tf, logits, labels):
    return keras_evaluated(tf, logits, labels, lambda: tf.keras.metrics.BinaryAccuracy(threshold=0.0))


def keras_accuracy_by_name(tf, logits, labels):
    """The string becomes BinaryAccuracy, for outputs of one column, with a threshold of a half."""
    return keras_evaluated(tf, logits, labels, lambda: "accuracy")


# Data and initial weights


def labelled(weights: tuple[float, ...]):
    """Three classes, of which the last is rare; the weights of samples are taken in turn."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        labels = np.array([0, 1, 2, 0, 1, 0, 1, 0, 1, 2])
        x = rng.standard_normal((10, 3)) + np.eye(3)[labels]
        return x, labels, np.resize(weights, 10).astype(float), rng.standard_normal((3, 3)) / 4, np.zeros(3)

    return make


def scored(low: float, high: float):
    """Logits between the bounds, with labels of which every eighth is wrong."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        logits = rng.uniform(low, high, 64)
        return logits, ((logits > 0) != (np.arange(64) % 8 == 0)).astype(float)

    return make


PENALIZED: dict[str, Any] = {"strength": 2.0**-3, "steps": 8, "learning_rate": RATE}
REPORTED: dict[str, Any] = {"batch": 4, "epochs": 3, "learning_rate": RATE}
WEIGHTED: dict[str, Any] = {"batch": 5, "epochs": 3, "learning_rate": 0.25}
SCHEDULED: dict[str, Any] = {"batch": 4, "epochs": 3, "learning_rate": 0.125, "gamma": 0.5}

CASES = (
    Case(
        "penalty_in_training",
        "training",
        ref.penalized,
        torch=[torch_weight_decay, torch_penalty_in_loss, torch_decay_of_all_parameters],
        tensorflow=[keras_regularizer, keras_weight_decay],
        samples=[
            sample("sgd", line(8), dtypes=MASTER, optimizer="SGD", **PENALIZED),
            sample("momentum", line(8), dtypes=DOUBLE, optimizer="Momentum", **PENALIZED),
            sample("adam", line(8), edge=True, dtypes=DOUBLE, optimizer="Adam", **PENALIZED),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1711.05101", "https://keras.io/api/layers/regularizers/"),
    ),
    Case(
        "loss_of_an_epoch",
        "training",
        ref.reported,
        torch=[torch_mean_over_samples, torch_mean_of_batch_means, torch_loss_after_the_epoch],
        tensorflow=[keras_history_of_dataset, keras_history_of_arrays],
        samples=[
            sample("partial-batch", line(10), dtypes=MASTER, **REPORTED),
            sample("drop-last", line(10), edge=True, dtypes=DOUBLE, drop_last=True, **REPORTED),
            sample("first-batches", line(12), edge=True, dtypes=DOUBLE, steps=2, **REPORTED),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(KERAS_FIT, "https://docs.pytorch.org/docs/stable/data.html"),
    ),
    Case(
        "weights_of_classes_and_samples",
        "training",
        ref.weighted,
        torch=[torch_weighted_by_hand, torch_cross_entropy_weight],
        tensorflow=[keras_fit_with_weights],
        samples=[
            sample(
                "classes", labelled((1.0,)), dtypes=MASTER, class_weights=((0, 0.5), (1, 1.0), (2, 4.0)), **WEIGHTED
            ),
            sample(
                "classes-over-weights", labelled((1.0,)), dtypes=DOUBLE, over_weights=True,
                class_weights=((0, 0.5), (1, 1.0), (2, 4.0)), **WEIGHTED,
            ),
            sample(
                "missing-class", labelled((1.0,)), edge=True, dtypes=DOUBLE, class_weights=((0, 2.0),), **WEIGHTED
            ),
            sample("samples", labelled((1.0, 0.0, 2.5)), edge=True, dtypes=DOUBLE, **WEIGHTED),
            sample(
                "samples-over-weights", labelled((1.0, 0.0, 2.5)), edge=True, dtypes=DOUBLE, over_weights=True,
                reduction="sum_over_batch_size", **WEIGHTED,
            ),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            KERAS_FIT,
            "https://keras.io/api/losses/",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html",
        ),
    ),
    Case(
        "scheduled_training",
        "training",
        ref.scheduled,
        torch=[torch_scheduler_after_the_optimizer, torch_scheduler_before_the_optimizer],
        tensorflow=[keras_schedule_object, keras_scheduler_callback],
        figure=of_steps("Schedules"),
        samples=[
            sample("per-epoch", line(8), dtypes=MASTER, per="epoch", **SCHEDULED),
            sample("per-step", line(8), edge=True, dtypes=DOUBLE, per="step", **SCHEDULED),
            sample("one-batch", line(4), edge=True, dtypes=DOUBLE, per="epoch", **SCHEDULED),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://keras.io/api/callbacks/learning_rate_scheduler/",
            "https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
        ),
    ),
    Case(
        "batches_in_one_buffer",
        "training",
        ref.reused,
        torch=[torch_tensor, torch_from_numpy],
        tensorflow=[tf_constant],
        samples=[
            sample("three-batches", line(12), dtypes=MASTER, batch=4, learning_rate=RATE),
            sample("one-by-one", line(4), edge=True, dtypes=MASTER, batch=1, learning_rate=RATE),
            sample("one-batch", line(4), edge=True, dtypes=MASTER, batch=4, learning_rate=RATE),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.from_numpy.html",
            "https://www.tensorflow.org/api_docs/python/tf/constant",
        ),
    ),
    Case(
        "accuracy_of_logits",
        "training",
        ref.accuracy,
        torch=[torch_sign_of_logits],
        tensorflow=[keras_binary_accuracy_at_zero, keras_accuracy_by_name],
        samples=[
            sample("unsure", scored(-1, 1), dtypes=MASTER),
            sample("below-a-half", scored(0, 0.5), edge=True, dtypes=DOUBLE),
            sample("negative", scored(-3, 0), edge=True, dtypes=DOUBLE),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://keras.io/api/metrics/accuracy_metrics/",),
    ),
)  # fmt: skip
