"""The fine points that break migrations, each as a training run with the setting that makes the frameworks agree:
accumulated gradients, early stopping, a resumed run. `training_migration_layers` has frozen layers,
batch normalization and a model that moves to the other framework; `training_migration_more` losses over uneven batches,
weights of classes and samples, schedules, decay and penalty.

Models have a handful of weights, so that a step of Keras, of which there are many here, is cheap.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.training_shared import MASTER, curve, stacked
from conformance.reference import training_migration as ref
from fixtures.samples import sample

# A dense layer, in both


def torch_line(torch, kernel, bias):
    model = torch.nn.Linear(*kernel.shape, dtype=kernel.dtype, device=kernel.device)
    model.load_state_dict({"weight": kernel.T, "bias": bias})
    return model


def torch_now(model):
    return {"kernel": model.weight.detach().t().clone(), "bias": model.bias.detach().clone()}


def keras_line(tf, kernel, bias, **options):
    keras = tf.keras
    model = keras.Sequential([keras.Input(kernel.shape[:1]), keras.layers.Dense(kernel.shape[1], **options)])
    model.set_weights([kernel.numpy(), bias.numpy()])
    return model


def keras_now(tf, model):
    return {"kernel": tf.identity(model.weights[0]), "bias": tf.identity(model.weights[1])}


def in_format(tf, dtype, program):
    """Run a program while Keras keeps its weights, data and metrics in a format."""
    keras = tf.keras
    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)  # fit, losses and metrics round to it
    keras.config.set_dtype_policy(dtype)  # and layers to this
    try:
        return program()
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])


# Accumulated gradients


def torch_accumulation(
    torch, x, y, kernel, bias, batch, accumulate, epochs, learning_rate, leftover="carried", by_size=False
):
    model, rows = torch_line(torch, kernel, bias), []
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    criterion = torch.nn.MSELoss(reduction="sum" if by_size else "mean")
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=batch)
    count = seen = 0
    for _ in range(epochs):
        for i, (inputs, targets) in enumerate(loader):
            loss = criterion(model(inputs), targets)
            (loss if by_size else loss / accumulate).backward()
            count, seen = count + 1, seen + len(inputs)
            if count == accumulate or (leftover == "stepped" and i == len(loader) - 1):
                if by_size:
                    for p in model.parameters():
                        p.grad /= seen
                optimizer.step()
                optimizer.zero_grad()
                count = seen = 0
        rows.append(torch_now(model))
    return stacked(torch, rows)


def torch_large_batch(
    torch, x, y, kernel, bias, batch, accumulate, epochs, learning_rate, leftover="carried", by_size=False
):
    """What accumulation stands for."""
    model, rows = torch_line(torch, kernel, bias), []
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    pending = []
    for _ in range(epochs):
        pending += torch.arange(len(x)).split(batch)
        while len(pending) >= accumulate or (leftover == "stepped" and pending):
            group, pending = torch.cat(pending[:accumulate]), pending[accumulate:]
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x[group]), y[group]).backward()
            optimizer.step()
        rows.append(torch_now(model))
    return stacked(torch, rows)


def keras_accumulation_steps(
    tf, x, y, kernel, bias, batch, accumulate, epochs, learning_rate, leftover="carried", by_size=False
):
    rows, weights = [], None
    if by_size:  # the mean over a group of means over batches, each weighted by its share
        sizes = np.minimum(batch, len(x) - np.arange(0, len(x), batch))
        groups = np.add.reduceat(sizes, np.arange(0, len(sizes), accumulate))
        weights = np.repeat(accumulate * sizes / np.repeat(groups, accumulate)[: len(sizes)], sizes)

    class Recorder(tf.keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rows.append(keras_now(tf, self.model))

    def program():
        model = keras_line(tf, kernel, bias)
        optimizer = tf.keras.optimizers.SGD(learning_rate, gradient_accumulation_steps=accumulate)
        model.compile(optimizer, "mse", jit_compile=False)
        model.fit(
            x, y, batch_size=batch, epochs=epochs, sample_weight=weights, shuffle=False, verbose=0,
            callbacks=[Recorder()],
        )  # fmt: skip
        return stacked(tf, rows)

    return in_format(tf, x.dtype.name, program)


def tape_and_sums(tf, x, y, kernel, bias, batch, accumulate, epochs, learning_rate, leftover="carried", by_size=False):
    """Gradients of sums, added up by the program and divided by the number of samples."""
    weights, rows = [tf.Variable(kernel), tf.Variable(bias)], []
    sums, seen, count = [tf.zeros_like(w) for w in weights], 0, 0
    for _ in range(epochs):
        for i in range(0, len(x), batch):
            inputs, targets = x[i : i + batch], y[i : i + batch]
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((inputs @ weights[0] + weights[1] - targets) ** 2)
            sums = [s + g for s, g in zip(sums, tape.gradient(loss, weights), strict=True)]
            seen, count = seen + len(inputs), count + 1
            if count == accumulate or (leftover == "stepped" and i + batch >= len(x)):
                for w, s in zip(weights, sums, strict=True):
                    w.assign_sub(learning_rate * s / seen)
                sums, seen, count = [tf.zeros_like(w) for w in weights], 0, 0
        rows.append({"kernel": weights[0].value(), "bias": weights[1].value()})
    return stacked(tf, rows)


# Early stopping


def torch_stopping_early(
    torch, x, y, test_x, test_y, kernel, bias, epochs, patience, min_delta, restore, learning_rate, stop=None
):
    """The loop that torch's users write; ``stop(loss)`` if they leave the decision to something else."""
    import copy

    model, losses = torch_line(torch, kernel, bias), []
    optimizer, criterion = torch.optim.SGD(model.parameters(), lr=learning_rate), torch.nn.MSELoss()
    best, best_state, waited = float("inf"), None, 0
    for _ in range(epochs):
        model.train()
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            losses.append(criterion(model(test_x), test_y))
        waited += 1
        if losses[-1] < best - min_delta:
            best, best_state, waited = losses[-1].item(), copy.deepcopy(model.state_dict()), 0
        elif waited >= patience and stop is None:
            break
        if stop is not None and stop(losses[-1].item()):
            break
    if restore:
        model.load_state_dict(best_state)
    filled = torch.stack(losses + losses[-1:] * (epochs - len(losses)))
    now = {name: w[None] for name, w in torch_now(model).items()}
    return {**now, "test_loss": filled, "epochs_run": filled.new_full((1,), len(losses))}


def torch_plateau_decides(torch, *inputs, patience, min_delta, **options):
    """The counter of ReduceLROnPlateau, which stops one epoch later."""
    idle = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        idle, factor=0.5, patience=patience, threshold=min_delta, threshold_mode="abs"
    )

    def stop(loss):
        plateau.step(loss)
        return idle.param_groups[0]["lr"] < 1

    return torch_stopping_early(torch, *inputs, patience=patience, min_delta=min_delta, stop=stop, **options)


def keras_early_stopping(tf, x, y, test_x, test_y, kernel, bias, epochs, patience, min_delta, restore, learning_rate):
    def program():
        model = keras_line(tf, kernel, bias)
        model.compile(tf.keras.optimizers.SGD(learning_rate), "mse", jit_compile=False)
        stopping = tf.keras.callbacks.EarlyStopping(
            "val_loss", min_delta=min_delta, patience=patience, restore_best_weights=restore
        )
        history = model.fit(
            x, y, batch_size=len(x), epochs=epochs, shuffle=False, verbose=0, callbacks=[stopping],
            validation_data=(test_x, test_y), validation_batch_size=len(test_x),
        ).history  # fmt: skip
        losses = history["val_loss"]
        now = {name: w[None] for name, w in keras_now(tf, model).items()}
        filled = tf.constant(losses + losses[-1:] * (epochs - len(losses)), x.dtype)
        return {**now, "test_loss": filled, "epochs_run": tf.constant([len(losses)], x.dtype)}

    return in_format(tf, x.dtype.name, program)


# A run that is interrupted, and goes on in a new process


def torch_interrupted(
    torch, x, y, orders, kernel, bias, batch, momentum, learning_rate, stop, after=0, with_optimizer=True,
    with_order=True,
):  # fmt: skip
    """The whole run, and one that a new model and a new optimizer take over from a file."""
    import io

    class Epochs(torch.utils.data.Sampler):
        """An order for each epoch, as DistributedSampler has with set_epoch."""

        epoch = 0

        def __iter__(self):
            self.epoch += 1
            return iter(orders[self.epoch - 1].tolist())

        def __len__(self):
            return len(x)

    def start():
        model = torch_line(torch, kernel, bias)
        return model, torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum), Epochs()

    def train(model, optimizer, sampler, epochs, skip=0, until=None):
        rows = []
        for _ in range(epochs):
            loader = torch.utils.data.DataLoader(
                torch.utils.data.TensorDataset(x, y), batch_size=batch, sampler=sampler
            )
            for i, (inputs, targets) in enumerate(loader):
                if i < skip:
                    continue
                if i == until:
                    break
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(inputs), targets).backward()
                optimizer.step()
            rows.append(torch_now(model))
            skip = 0
        return rows

    whole = train(*start(), len(orders))
    first = start()
    rows = train(*first, stop)
    if after:
        train(*first, 1, until=after)
    file = io.BytesIO()
    torch.save({"model": first[0].state_dict(), "optimizer": first[1].state_dict(), "epoch": stop}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    model, optimizer, sampler = start()
    model.load_state_dict(saved["model"])
    if with_optimizer:
        optimizer.load_state_dict(saved["optimizer"])
    if with_order:
        sampler.epoch = saved["epoch"]
    rows += train(model, optimizer, sampler, len(orders) - stop, skip=after)
    equal = [torch.cat([(a[n] == b[n]).flatten() for n in a]) for a, b in zip(rows, whole, strict=True)]
    return {**stacked(torch, rows), "same": torch.stack(equal).to(x.dtype).mean(dim=1)}


def torch_checkpoint(torch, *inputs, **options):
    return torch_interrupted(torch, *inputs, **options)


def torch_model_state_alone(torch, *inputs, **options):
    return torch_interrupted(torch, *inputs, with_optimizer=False, **options)


def torch_order_from_the_start(torch, *inputs, **options):
    return torch_interrupted(torch, *inputs, with_order=False, **options)


def keras_backup_and_restore(tf, x, y, orders, kernel, bias, batch, momentum, learning_rate, stop, after=0):
    """The data come in the order of all epochs, with steps_per_epoch. What the callback has written when the run is
    interrupted is kept, and the run goes on to its end; a new model goes on from what was kept."""
    import pathlib
    import shutil
    import tempfile

    keras = tf.keras

    def train(first_epoch, directory, kept=None):
        rows = []

        class Recorder(keras.callbacks.Callback):
            epoch = first_epoch

            def on_epoch_begin(self, epoch, logs=None):
                self.epoch = epoch
                if kept and epoch == stop and not after:
                    shutil.copytree(directory, kept)

            def on_train_batch_end(self, step, logs=None):
                if kept and self.epoch == stop and step + 1 == after:
                    shutil.copytree(directory, kept)

            def on_epoch_end(self, epoch, logs=None):
                rows.append(keras_now(tf, self.model))

        model = keras_line(tf, kernel, bias)
        model.compile(keras.optimizers.SGD(learning_rate, momentum), "mse", jit_compile=False)
        indices = tf.reshape(orders[first_epoch:], [-1])
        data = tf.data.Dataset.from_tensor_slices((tf.gather(x, indices), tf.gather(y, indices))).batch(batch)
        backup = keras.callbacks.BackupAndRestore(directory, save_freq=1 if after else "epoch")
        model.fit(
            data, epochs=len(orders), steps_per_epoch=len(x) // batch, shuffle=False, verbose=0,
            callbacks=[backup, Recorder()],
        )  # fmt: skip
        return rows

    def program():
        with tempfile.TemporaryDirectory() as parent:
            kept = str(pathlib.Path(parent) / "kept")
            whole = train(0, str(pathlib.Path(parent) / "backup"), kept)
            rows = [*whole[:stop], *train(stop, kept)]
        return {**stacked(tf, rows), "same": keras_same(tf, rows, whole)}

    return in_format(tf, x.dtype.name, program)


def keras_same(tf, rows, others):
    """The fraction of weights that are equal, bit for bit."""
    pairs = [[tf.reshape(a[n] == b[n], [-1]) for n in a] for a, b in zip(rows, others, strict=True)]
    return tf.stack([tf.reduce_mean(tf.cast(tf.concat(p, 0), rows[0]["bias"].dtype)) for p in pairs])


def tape_and_checkpoint(tf, x, y, orders, kernel, bias, batch, momentum, learning_rate, stop, after=0):
    """tf.train.Checkpoint of weights, Keras optimizer and place in the data."""
    import pathlib
    import tempfile

    steps = -(-len(x) // batch)

    def start():
        weights = [tf.Variable(kernel), tf.Variable(bias)]
        optimizer = tf.keras.optimizers.SGD(learning_rate, momentum)
        optimizer.build(weights)
        place = tf.Variable(0, dtype=tf.int64)
        return tf.train.Checkpoint(weights=weights, optimizer=optimizer, place=place)

    def train(run, until, rows):
        while int(run.place) < until:
            epoch, step = divmod(int(run.place), steps)
            indices = orders[epoch, step * batch : (step + 1) * batch]
            with tf.GradientTape() as tape:
                out = tf.gather(x, indices) @ run.weights[0] + run.weights[1]
                loss = tf.reduce_mean((out - tf.gather(y, indices)) ** 2)
            run.optimizer.apply(tape.gradient(loss, list(run.weights)), list(run.weights))
            run.place.assign_add(1)
            if step == steps - 1:
                rows.append({"kernel": run.weights[0].value(), "bias": run.weights[1].value()})

    whole, rows, first, second = [], [], start(), start()
    train(start(), steps * len(orders), whole)
    train(first, steps * stop + after, rows)
    with tempfile.TemporaryDirectory() as directory:
        path = first.write(str(pathlib.Path(directory) / "run"))
        second.read(path).assert_consumed()
    train(second, steps * len(orders), rows)
    return {**stacked(tf, rows), "same": keras_same(tf, rows, whole)}


# Data and initial weights


def line(n: int, outputs: int = 1):
    """Targets of a linear map with noise; a kernel and a bias to start from."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x = rng.standard_normal((n, 3))
        y = x @ rng.standard_normal((3, outputs)) + 1 + 0.25 * rng.standard_normal((n, outputs))
        return x, y, rng.standard_normal((3, outputs)), np.zeros(outputs)

    return make


def overfitting(rng: np.random.Generator) -> tuple[Array, ...]:
    """The test data follow half of the map: the way to the training data leads past their minimum. The features are
    independent and of one size, so that each step goes the same part of the way, whatever was drawn: the best epoch is
    the third or so of nine."""
    x, y, kernel, bias = line(24)(rng)
    x = np.sqrt(24) * np.linalg.qr(x - x.mean(axis=0))[0]
    fitted = np.linalg.lstsq(np.c_[x, np.ones(24)], y, rcond=None)[0]
    test_x = rng.standard_normal((12, 3))
    return x, y, test_x, (test_x @ fitted[:-1] + fitted[-1]) / 2, 0 * kernel, bias


def shuffled(epochs: int):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x, y, kernel, bias = line(12)(rng)
        return x, y, np.stack([rng.permutation(12) for _ in range(epochs)]), kernel, bias

    return make


RATE = 2.0**-4
DOUBLE = ("float64",)
ACCUMULATED: dict[str, Any] = {"batch": 4, "epochs": 3, "learning_rate": RATE}
STOPPED: dict[str, Any] = {"epochs": 9, "min_delta": 0.0, "learning_rate": 3 * 2.0**-5}
RESUMED: dict[str, Any] = {"batch": 4, "momentum": 0.875, "learning_rate": 2.0**-5}


def of_steps(name, quantity="loss"):
    """A picture of one number per step or epoch."""

    def figure(label, outputs, inputs, options):
        x = "step" if quantity == "loss" else "epoch"
        return [curve(name.lower(), f"{name}: {quantity.replace('_', ' ')}", x, "loss", label, outputs[quantity])]

    return figure


KERAS_FIT = "https://keras.io/api/models/model_training_apis/#fit-method"

CASES = (
    Case(
        "accumulated_gradients",
        "training",
        ref.accumulated,
        torch=[torch_accumulation, torch_large_batch],
        tensorflow=[keras_accumulation_steps, tape_and_sums],
        samples=[
            sample("equal", line(12), dtypes=MASTER, accumulate=3, **ACCUMULATED),
            sample("unequal", line(9), edge=True, dtypes=DOUBLE, accumulate=3, **ACCUMULATED),
            sample("unequal-by-size", line(9), edge=True, dtypes=DOUBLE, accumulate=3, by_size=True, **ACCUMULATED),
            sample("leftover", line(12), edge=True, dtypes=DOUBLE, accumulate=2, **ACCUMULATED),
            sample(
                "leftover-stepped", line(12), edge=True, dtypes=DOUBLE, accumulate=2, leftover="stepped",
                by_size=True, **ACCUMULATED,
            ),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://keras.io/api/optimizers/",
            "https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-accumulation",
        ),
    ),
    Case(
        "early_stopping",
        "training",
        ref.early_stopping,
        torch=[torch_stopping_early, torch_plateau_decides],
        tensorflow=[keras_early_stopping],
        figure=of_steps("Early stopping", "test_loss"),
        samples=[
            sample("best-weights", overfitting, dtypes=MASTER, patience=2, restore=True, **STOPPED),
            sample(
                "min-delta", overfitting, edge=True, dtypes=DOUBLE, patience=2, restore=False,
                **{**STOPPED, "min_delta": 2.0**-4},
            ),
            sample(
                "never-stops", overfitting, edge=True, dtypes=DOUBLE, patience=9, restore=True, **STOPPED
            ),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://keras.io/api/callbacks/early_stopping/",
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html",
        ),
    ),
    Case(
        "interrupted_run",
        "training",
        ref.resumed,
        torch=[torch_checkpoint, torch_model_state_alone, torch_order_from_the_start],
        tensorflow=[tape_and_checkpoint, keras_backup_and_restore],
        samples=[
            sample("between-epochs", shuffled(3), dtypes=MASTER, stop=1, **RESUMED),
            sample("one-batch", shuffled(3), edge=True, dtypes=DOUBLE, stop=2, **{**RESUMED, "batch": 12}),
            sample("within-an-epoch", shuffled(3), edge=True, dtypes=DOUBLE, stop=1, after=2, **RESUMED),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://docs.pytorch.org/tutorials/recipes/recipes/saving_and_loading_a_general_checkpoint.html",
            "https://keras.io/api/callbacks/backup_and_restore/",
        ),
    ),
)  # fmt: skip
