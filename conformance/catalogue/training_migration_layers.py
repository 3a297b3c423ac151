"""Fine points of layers that break migrations: frozen layers, batch normalization in training and evaluation, dropout
in a model that is not told whether it trains, a model that goes on in the other framework.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.training_migration import (
    DOUBLE,
    RATE,
    in_format,
    keras_line,
    line,
    of_steps,
    torch_line,
    torch_now,
)
from conformance.catalogue.training_shared import MASTER, stacked
from conformance.frameworks import installed
from conformance.reference import training_migration as ref
from conformance.weights import keras_to_torch, torch_to_keras
from fixtures.samples import sample

# Frozen layers


def torch_frozen(
    torch, x, y, kernel_1, bias_1, kernel, bias, steps, frozen_from, frozen_until, momentum, learning_rate,
    to_none=True, all_parameters=True,
):  # fmt: skip
    first = torch_line(torch, kernel_1, bias_1)
    model = torch.nn.Sequential(first, torch.nn.Tanh(), torch_line(torch, kernel, bias))
    first.requires_grad_(frozen_from > 0)
    parameters = [p for p in model.parameters() if p.requires_grad or all_parameters]
    optimizer, rows = torch.optim.SGD(parameters, lr=learning_rate, momentum=momentum), []
    for step in range(steps):
        first.requires_grad_(not frozen_from <= step < frozen_until)
        optimizer.zero_grad(set_to_none=to_none)
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        hidden = {f"{name}_1": w for name, w in torch_now(first).items()}
        rows.append({"loss": loss.detach(), **hidden, **torch_now(model[2])})
    return stacked(torch, rows)


def torch_requires_grad(torch, *inputs, **options):
    return torch_frozen(torch, *inputs, **options)


def torch_gradients_set_to_zero(torch, *inputs, **options):
    """A gradient of zeros is one: the optimizer's momentum goes on."""
    return torch_frozen(torch, *inputs, to_none=False, **options)


def torch_optimizer_of_the_trainable(torch, *inputs, **options):
    """filter(lambda p: p.requires_grad, model.parameters()), when the optimizer is made."""
    return torch_frozen(torch, *inputs, all_parameters=False, **options)


def keras_frozen(
    tf, x, y, kernel_1, bias_1, kernel, bias, steps, frozen_from, frozen_until, momentum, learning_rate,
    compile_again=True, of_all=True,
):  # fmt: skip
    keras, rows = tf.keras, []

    def program():
        first = keras.layers.Dense(kernel_1.shape[1], activation="tanh")
        model = keras.Sequential([keras.Input(x.shape[1:]), first, keras.layers.Dense(kernel.shape[1])])
        model.set_weights([w.numpy() for w in (kernel_1, bias_1, kernel, bias)])
        optimizer = keras.optimizers.SGD(learning_rate, momentum)
        if of_all:
            optimizer.build(model.trainable_variables)
        model.compile(optimizer, "mse", run_eagerly=compile_again, jit_compile=False)
        for step in range(steps):
            trainable = not frozen_from <= step < frozen_until
            if trainable != first.trainable:
                first.trainable = trainable
                if compile_again:
                    model.compile(optimizer, "mse", run_eagerly=True)
            loss = model.train_on_batch(x, y)
            now = {
                n: tf.identity(w) for n, w in zip(("kernel_1", "bias_1", "kernel", "bias"), model.weights, strict=True)
            }
            rows.append({"loss": tf.constant(loss, x.dtype), **now})
        return stacked(tf, rows)

    return in_format(tf, x.dtype.name, program)


def keras_compiled_again(tf, *inputs, **options):
    """With the same optimizer, which was built for all variables."""
    return keras_frozen(tf, *inputs, **options)


def keras_not_compiled_again(tf, *inputs, **options):
    """The graph of the first step knows what was trainable then."""
    return keras_frozen(tf, *inputs, compile_again=False, **options)


def keras_optimizer_of_the_trainable(tf, *inputs, **options):
    """An optimizer is built at the first step, for what is trainable then."""
    return keras_frozen(tf, *inputs, of_all=False, **options)


# Batch normalization in training and evaluation, in one framework or one after the other. Between two parts of a run
# weights and moments of the optimizer are NumPy arrays as Keras keeps them.


def torch_part(
    torch, x, y, layers, moments, batch, epochs, keep, learning_rate, optimizer="SGD", momentum=0.0, rests=False,
    biased=True, back_to_train=True, rests_in_evaluation=True,
):  # fmt: skip
    """``layers``: weights of dense layer, batch normalization, dense layer; ``moments``: for each trainable weight."""
    sizes = [layers[0][0].shape, layers[2][0].shape]
    norm = torch.nn.BatchNorm1d(sizes[0][1], eps=2.0**-10, momentum=0.0 if biased else 1 - keep)
    model = torch.nn.Sequential(
        torch.nn.Linear(*sizes[0], bias=False), norm, torch.nn.Tanh(), torch.nn.Linear(*sizes[1])
    ).to(x)
    parts = [(model[0], "Dense"), (norm, "BatchNormalization"), (model[3], "Dense")]
    for (module, kind), weights in zip(parts, layers, strict=True):
        state = {name: torch.tensor(np.array(w)) for name, w in keras_to_torch(kind, weights).items()}
        module.load_state_dict(state, strict=False)
    for p in norm.parameters():
        p.requires_grad_(not rests)

    def biased_statistics(module, inputs, output):
        if module.training:
            with torch.no_grad():
                module.running_mean = module.running_mean.lerp(inputs[0].mean(0), 1 - keep)
                module.running_var = module.running_var.lerp(inputs[0].var(0, correction=0), 1 - keep)

    if biased:
        norm.register_forward_hook(biased_statistics)
    names = {"0.weight": "kernel_1", "1.weight": "scale", "1.bias": "shift", "3.weight": "kernel", "3.bias": "bias"}
    if optimizer == "Adam":
        made = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=(0.875, 0.96875), eps=2.0**-60)
    else:
        made = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)
    keys = ["exp_avg", "exp_avg_sq"] if optimizer == "Adam" else ["momentum_buffer"]
    if moments:
        # Keras' velocity is minus the rate times torch's.
        factor = 1 if optimizer == "Adam" else -1 / learning_rate
        state = made.state_dict()
        state["state"] = {
            i: {"step": torch.tensor(float(moments["steps"]))}
            | {k: torch.tensor(m.T * factor) for k, m in zip(keys, of_weight, strict=True)}
            for i, of_weight in enumerate(moments["of"])
        }
        made.load_state_dict(state)
    rows, evaluated, steps = [], [], moments["steps"] if moments else 0
    model.train()
    for _ in range(epochs):
        if back_to_train:
            model.train()
        if rests and rests_in_evaluation:
            norm.eval()
        for inputs, targets in zip(x.split(batch), y.split(batch), strict=True):
            made.zero_grad()
            loss = torch.nn.functional.mse_loss(model(inputs), targets)
            loss.backward()
            made.step()
            steps += 1
            rows.append(
                {"loss": loss.detach()} | {names[n]: p.detach().t().clone() for n, p in model.named_parameters()}
            )
        model.eval()
        with torch.no_grad():
            evaluated.append(
                {
                    "test_loss": torch.nn.functional.mse_loss(model(x), y),
                    "running_mean": norm.running_mean.clone(),
                    "running_variance": norm.running_var.clone(),
                }
            )
    run = {**stacked(torch, rows), **stacked(torch, evaluated)}
    layers = [
        torch_to_keras(kind, {n: v.detach().cpu().numpy() for n, v in module.state_dict().items()})
        for module, kind in parts
    ]
    factor = 1 if optimizer == "Adam" else -learning_rate
    state = made.state_dict()["state"]
    of = [[state[i][k].cpu().numpy().T * factor for k in keys if state[i].get(k) is not None] for i in sorted(state)]
    return run, layers, {"steps": steps, "of": of}


def keras_part(
    tf, x, y, layers, moments, batch, epochs, keep, learning_rate, optimizer="SGD", momentum=0.0, rests=False
):
    keras, rows, evaluated = tf.keras, [], []
    names = ("kernel_1", "scale", "shift", "kernel", "bias")

    def program():
        hidden, outputs = (w[0].shape[1] for w in (layers[0], layers[2]))
        model = keras.Sequential(
            [
                keras.Input(x.shape[1:]),
                keras.layers.Dense(hidden, use_bias=False),
                keras.layers.BatchNormalization(momentum=keep, epsilon=2.0**-10),
                keras.layers.Activation("tanh"),
                keras.layers.Dense(outputs),
            ]
        )
        dense, norm, _, top = model.layers
        for layer, weights in zip((dense, norm, top), layers, strict=True):
            layer.set_weights([np.array(w) for w in weights])
        norm.trainable = not rests
        if optimizer == "Adam":
            made = keras.optimizers.Adam(learning_rate, 0.875, 0.96875, epsilon=2.0**-60)
        else:
            made = keras.optimizers.SGD(learning_rate, momentum)
        made.build(model.trainable_variables)
        if moments:
            made.iterations.assign(moments["steps"])
            for variable, value in zip(made.variables[2:], [m for of in moments["of"] for m in of], strict=True):
                variable.assign(value)

        class Recorder(keras.callbacks.Callback):
            def on_train_batch_begin(self, step, logs=None):
                self.model.reset_metrics()  # logs are means since then

            def on_train_batch_end(self, step, logs=None):
                now = [dense.kernel, norm.gamma, norm.beta, top.kernel, top.bias]
                rows.append(
                    {"loss": tf.constant(logs["loss"], x.dtype)}
                    | {n: tf.convert_to_tensor(w) for n, w in zip(names, map(tf.identity, now), strict=True)}
                )

            def on_epoch_end(self, epoch, logs=None):
                evaluated.append(
                    {
                        "test_loss": tf.constant(logs["val_loss"], x.dtype),
                        "running_mean": tf.identity(norm.moving_mean),
                        "running_variance": tf.identity(norm.moving_variance),
                    }
                )

        model.compile(made, "mse", jit_compile=False)
        model.fit(
            x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[Recorder()],
            validation_data=(x, y), validation_batch_size=len(x),
        )  # fmt: skip
        weights = [layer.get_weights() for layer in (dense, norm, top)]
        steps, variables = int(made.iterations.numpy()), [v.numpy() for v in made.variables[2:]]
        each = len(variables) // len(model.trainable_variables)
        of = [variables[i : i + each] for i in range(0, len(variables), each)] if each else []
        return {**stacked(tf, rows), **stacked(tf, evaluated)}, weights, {"steps": steps, "of": of}

    return in_format(tf, x.dtype.name, program)


def as_layers(kernel_1, scale, shift, kernel, bias, mean=0.0):
    """Running statistics begin at ``mean`` and 1."""
    arrays = [np.asarray(a.cpu() if hasattr(a, "is_cuda") else a) for a in (kernel_1, scale, shift, kernel, bias)]
    return [arrays[:1], [*arrays[1:3], 0 * arrays[1] + arrays[1].dtype.type(mean), 0 * arrays[1] + 1], arrays[3:]]


def torch_train_and_eval(torch, x, y, *weights, mean=0.0, move_after=0, **options):
    """The running variance divides by n, as Keras' does: a hook does what BatchNorm1d is kept from."""
    return torch_part(torch, x, y, as_layers(*weights, mean), None, **options)[0]


def torch_batch_norm_as_it_is(torch, x, y, *weights, mean=0.0, **options):
    """The running variance divides by n - 1."""
    return torch_part(torch, x, y, as_layers(*weights, mean), None, biased=False, **options)[0]


def torch_never_back_to_train(torch, x, y, *weights, mean=0.0, **options):
    """After the first evaluation the model stays in evaluation."""
    return torch_part(torch, x, y, as_layers(*weights, mean), None, back_to_train=False, **options)[0]


def torch_requires_grad_alone(torch, x, y, *weights, mean=0.0, **options):
    """The frozen layer still normalizes by the batch, and moves its statistics."""
    return torch_part(torch, x, y, as_layers(*weights, mean), None, rests_in_evaluation=False, **options)[0]


def keras_fit_and_validate(tf, x, y, *weights, mean=0.0, move_after=0, **options):
    return keras_part(tf, x, y, as_layers(*weights, mean), None, **options)[0]


def keras_loop(
    tf, x, y, kernel_1, scale, shift, kernel, bias, batch, epochs, keep, learning_rate, rests=False, mean=0.0,
    training=None,
):  # fmt: skip
    """A loop with GradientTape: the model trains if it is told so."""
    keras, rows, evaluated = tf.keras, [], []
    form = x.dtype.name
    dense = keras.layers.Dense(kernel_1.shape[1], use_bias=False, dtype=form)
    norm = keras.layers.BatchNormalization(momentum=keep, epsilon=2.0**-10, dtype=form)
    top = keras.layers.Dense(kernel.shape[1], dtype=form)
    model = keras.Sequential(
        [keras.Input(x.shape[1:], dtype=form), dense, norm, keras.layers.Activation("tanh", dtype=form), top]
    )
    for variable, value in zip(model.trainable_variables, (kernel_1, scale, shift, kernel, bias), strict=True):
        variable.assign(value)
    norm.moving_mean.assign(norm.moving_mean + mean)
    norm.trainable = not rests
    optimizer = keras.optimizers.SGD(learning_rate)
    names = ("kernel_1", "scale", "shift", "kernel", "bias")
    told = {} if training is None else {"training": training}
    for _ in range(epochs):
        for i in range(0, len(x), batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x[i : i + batch], **told) - y[i : i + batch]) ** 2)
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            now = map(tf.identity, (dense.kernel, norm.gamma, norm.beta, top.kernel, top.bias))
            rows.append({"loss": loss, **dict(zip(names, now, strict=True))})
        evaluated.append(
            {
                "test_loss": tf.reduce_mean((model(x) - y) ** 2),
                "running_mean": tf.identity(norm.moving_mean),
                "running_variance": tf.identity(norm.moving_variance),
            }
        )
    return {**stacked(tf, rows), **stacked(tf, evaluated)}


def tape_with_training(tf, *inputs, **options):
    return keras_loop(tf, *inputs, training=True, **options)


def tape_with_a_bare_call(tf, *inputs, **options):
    return keras_loop(tf, *inputs, **options)


def torch_then_keras(torch, x, y, *weights, epochs, move_after, **options):
    """Trained in torch, converted with the moments of its optimizer, evaluated and trained on in Keras."""
    import tensorflow as tf

    first, layers, moments = torch_part(torch, x, y, as_layers(*weights), None, epochs=move_after, **options)
    rest = epochs - move_after
    arrays = [tf.constant(a.cpu().numpy()) for a in (x, y)]
    second = keras_part(tf, *arrays, layers, moments, epochs=rest, **options)[0]
    return {name: torch.cat([first[name], torch.tensor(second[name].numpy())]) for name in first}


def keras_then_torch(tf, x, y, *weights, epochs, move_after, **options):
    import torch

    first, layers, moments = keras_part(tf, x, y, as_layers(*weights), None, epochs=move_after, **options)
    rest = epochs - move_after
    arrays = [torch.tensor(a.numpy()) for a in (x, y)]
    second = torch_part(torch, *arrays, layers, moments, epochs=rest, **options)[0]
    return {name: tf.concat([first[name], second[name].numpy()], 0) for name in first}


# A model that is called without being told whether it trains


def torch_dropout(torch, x, kernel, bias, evaluation=False):
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), torch_line(torch, kernel, bias))
    if evaluation:
        model.eval()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {"predicted": model(x).detach()}


def torch_after_eval(torch, *inputs):
    return torch_dropout(torch, *inputs, evaluation=True)


def torch_fresh_module(torch, *inputs):
    """A new module is in training mode."""
    return torch_dropout(torch, *inputs)


def keras_fresh_model(tf, x, kernel, bias):
    def program():
        line = keras_line(tf, kernel, bias)
        return {"predicted": tf.keras.Sequential([tf.keras.layers.Dropout(0.5), line])(x)}

    return in_format(tf, x.dtype.name, program)


# Data and initial weights


def two_layers(rng: np.random.Generator) -> tuple[Array, ...]:
    x, y, kernel, bias = line(8)(rng)
    return x, y, kernel * rng.standard_normal((1, 4)) / 2, np.zeros(4), rng.standard_normal((4, 1)) / 2, bias


def normalizable(rng: np.random.Generator) -> tuple[Array, ...]:
    """Features with means and deviations of their own."""
    x, y, _, bias = line(12)(rng)
    scale, shift = 1 + rng.standard_normal(4) / 4, rng.standard_normal(4) / 4
    return 2 * x + 1, y, rng.standard_normal((3, 4)) / 2, scale, shift, rng.standard_normal((4, 1)), bias


def predicted(n: int, scale: float = 1.0):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return scale * rng.standard_normal((n, 64)), rng.standard_normal((64, 2)) / 8, rng.standard_normal(2)

    return make


FROZEN: dict[str, Any] = {"steps": 6, "momentum": 0.875, "learning_rate": 2.0**-5}
NORMALIZED: dict[str, Any] = {"batch": 4, "epochs": 2, "keep": 0.875, "learning_rate": RATE}
MOVED: dict[str, Any] = {**NORMALIZED, "epochs": 4, "move_after": 2}
BOTH = installed("torch") is not None and installed("tensorflow") is not None

CASES = (
    Case(
        "frozen_layer",
        "training",
        ref.frozen,
        torch=[torch_requires_grad, torch_gradients_set_to_zero, torch_optimizer_of_the_trainable],
        tensorflow=[keras_compiled_again, keras_not_compiled_again, keras_optimizer_of_the_trainable],
        samples=[
            sample("throughout", two_layers, dtypes=MASTER, frozen_from=0, frozen_until=6, **FROZEN),
            sample("later", two_layers, edge=True, dtypes=DOUBLE, frozen_from=3, frozen_until=6, **FROZEN),
            sample("thawed", two_layers, edge=True, dtypes=DOUBLE, frozen_from=0, frozen_until=3, **FROZEN),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://keras.io/guides/transfer_learning/",
            "https://docs.pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad",
        ),
    ),
    Case(
        "batch_norm_from_mode_to_mode",
        "training",
        ref.normalized,
        torch=[
            torch_train_and_eval, torch_batch_norm_as_it_is, torch_never_back_to_train, torch_requires_grad_alone
        ],
        tensorflow=[keras_fit_and_validate, tape_with_training, tape_with_a_bare_call],
        samples=[
            sample("twelve-points", normalizable, dtypes=MASTER, **NORMALIZED),
            sample("partial-batch", normalizable, edge=True, dtypes=DOUBLE, **{**NORMALIZED, "batch": 5}),
            sample("frozen", normalizable, edge=True, dtypes=DOUBLE, rests=True, mean=0.5, **NORMALIZED),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://keras.io/api/layers/normalization_layers/batch_normalization/",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html",
            "https://keras.io/guides/transfer_learning/",
        ),
    ),
    Case(
        "moved_to_the_other_framework",
        "training",
        ref.normalized,
        torch=[torch_then_keras if BOTH else torch_train_and_eval],
        tensorflow=[keras_then_torch if BOTH else keras_fit_and_validate],
        figure=of_steps("Moved to the other framework"),
        samples=[
            sample("momentum", normalizable, dtypes=MASTER, momentum=0.875, **MOVED),
            sample("adam", normalizable, dtypes=DOUBLE, optimizer="Adam", **MOVED),
            sample("one-epoch-each", normalizable, edge=True, dtypes=DOUBLE, move_after=1, **NORMALIZED),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
            "https://keras.io/api/optimizers/sgd/",
        ),
    ),
    Case(
        "called_without_a_mode",
        "training",
        ref.called_bare,
        torch=[torch_after_eval, torch_fresh_module],
        tensorflow=[keras_fresh_model],
        samples=[
            sample("dropout", predicted(4), dtypes=MASTER),
            sample("one-row", predicted(1), edge=True, dtypes=MASTER),
            sample("zeros", predicted(4, 0.0), edge=True, dtypes=DOUBLE),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://keras.io/getting_started/faq/",),
    ),
)  # fmt: skip
