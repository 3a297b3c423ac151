"""Training in mixed precision: torch's autocast with GradScaler, and Keras' mixed policies with LossScaleOptimizer.

Two runs of this area, reduced: the digit classifier (24 neurons, 600 images, three epochs; SGD with momentum, for the
first step of RMSprop is the sign of each gradient, which in half precision is chance where it is small), and the
convolutional network (200 images, three epochs, no tests in between). Scaled losses overflow on purpose. Which step
overflows must hang on no rounding, nor on the order in which a kernel adds up: the weights are drawn once for all
seeds, such that no scaled gradient, and no partial sum of one, is within a tenth of the largest number.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.training_convolution import (
    RUN,
    digits_and_weights,
    subclassed_model,
    torch_network,
)
from conformance.catalogue.training_digits import images_and_weights
from conformance.catalogue.training_shared import learning_curves, recorded, stacked
from conformance.reference import training_precision as ref
from fixtures import datasets
from fixtures.samples import sample

# torch


def autocast_loop(torch, batches, model, forward, optimizer, named, half, scale, interval, after_step=None):
    """``forward(*batch)`` gives logits and labels; ``after_step(taken)`` more numbers of a step."""
    compute = {"bfloat16": torch.bfloat16, "float16": torch.float16}[half]
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=interval or 1, enabled=interval is not None)
    rows, losses, bits = [], [], None
    for batch in batches:
        before = scaler.get_scale()
        with torch.autocast("cpu", dtype=compute):
            logits, wanted = forward(*batch)
            loss = torch.nn.functional.cross_entropy(logits, wanted)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        if interval is not None:
            scaler.unscale_(optimizer)
        parameters = list(model.parameters())
        finite = all(bool(p.grad.isfinite().all()) for p in parameters)
        gradients = [p.grad.clone() if finite else torch.zeros_like(p) for p in parameters]
        scaler.step(optimizer)
        scaler.update()
        bits = torch.tensor([torch.finfo(t.dtype).bits for t in (logits, loss, parameters[0].grad, parameters[0])])
        more = after_step(scaler.get_scale() >= before) if after_step else {}
        exponent = torch.tensor(int(np.log2(scaler.get_scale())))
        rows.append({**recorded(loss.detach(), named(parameters), named(gradients)), **more, "exponent": exponent})
        losses.append(loss.detach())
    return {**stacked(torch, rows), "bits": bits}


def autocast_classifier(
    torch, images, labels, kernel_1, bias_1, kernel_2, bias_2,
    half, batch, epochs, learning_rate, momentum, scale=1.0, interval=None, loss_is="object",
):  # fmt: skip
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(*kernel_1.shape), torch.nn.ReLU(), torch.nn.Linear(*kernel_2.shape)
    )
    model.load_state_dict({"1.weight": kernel_1.T, "1.bias": bias_1, "3.weight": kernel_2.T, "3.bias": bias_2})
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)
    data = torch.utils.data.TensorDataset(images, labels)
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=False)

    def named(values):
        names = ["kernel_1", "bias_1", "kernel_2", "bias_2"]
        return {name: v.detach().t().clone() for name, v in zip(names, values, strict=True)}

    batches = (b for _ in range(epochs) for b in loader)
    return autocast_loop(torch, batches, model, lambda x, y: (model(x), y), optimizer, named, half, scale, interval)


def autocast_network(
    torch, images, labels, masks, *weights,
        half, batch, learning_rate, end, momentum, kept, epsilon, dropped, scale=1.0, interval=None,
        counts_skipped=False,
):  # fmt: skip
    import warnings

    model, first, named = torch_network(torch, images.shape, *weights, kept, epsilon, dropped)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum, nesterov=True)
    steps = len(masks) * -(-len(images) // batch)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps, eta_min=end)
    shown = images.movedim(-1, 1)
    sets = [torch.utils.data.TensorDataset(shown, labels, first(mask.t()).t()) for mask in masks]

    def after_step(taken):
        if taken or counts_skipped:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is called before the first step that is taken
                scheduler.step()
        norm = model.norm
        return {"running_mean": norm.running_mean.clone(), "running_variance": norm.running_var.clone()}

    batches = (b for data in sets for b in torch.utils.data.DataLoader(data, batch_size=batch, shuffle=False))
    model.train()
    return autocast_loop(
        torch, batches, model, lambda x, y, mask: (model(x, mask), y), optimizer, named, half, scale, interval,
        after_step,
    )  # fmt: skip


# Keras


def keras_mixed(tf, way, make, weights, names, batches, half, scale, interval, after_step=None, loss_is="object"):
    """``make()`` gives a model and an optimizer. ``way``: train_on_batch of a compiled model, or a tape."""
    keras, given, rows, bits = tf.keras, [], [], [0, 0, 0, 0]
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_" + half)

    class RecordedLoss(keras.losses.SparseCategoricalCrossentropy):
        """The loss of one batch: a metric is the mean so far."""

        last = tf.Variable(0.0)

        def __call__(self, y_true, y_pred, sample_weight=None):
            if loss_is == "function":
                loss = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
                loss = tf.reduce_mean(loss)
            else:
                loss = super().__call__(y_true, y_pred, sample_weight)
            bits[:2] = [8 * y_pred.dtype.size, 8 * loss.dtype.size]
            self.last.assign(tf.cast(loss, tf.float32))
            return tf.cast(loss, tf.float32)

    try:
        model, inner = make()
        for variable, value in zip(model.trainable_variables, weights, strict=True):
            variable.assign(value)
        given.extend(tf.Variable(tf.zeros(v.shape)) for v in model.trainable_variables)

        class Recording(keras.optimizers.LossScaleOptimizer):
            """What it is given, unscaled; nothing where that is not finite."""

            def apply(self, gradients, variables=None):
                finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g in gradients])
                bits[2:] = [8 * gradients[0].dtype.size, 8 * model.trainable_variables[0].value.dtype.size]
                for place, g in zip(given, gradients, strict=True):
                    place.assign(tf.where(finite, g / self.dynamic_scale, 0))
                super().apply(gradients, variables)

        optimizer = Recording(inner, initial_scale=scale, dynamic_growth_steps=interval or 2**30)
        optimizer.build(model.trainable_variables)
        criterion = RecordedLoss(from_logits=True)
        model.compile(optimizer, criterion, jit_compile=False)

        def step(x, y):
            with tf.GradientTape() as tape:
                loss = optimizer.scale_loss(criterion(y, model(x, training=True)))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

        one_step = model.train_on_batch if way == "train_on_batch" else tf.function(step, reduce_retracing=True)
        for x, y in batches:
            one_step(x, y)
            now = dict(zip(names, map(tf.identity, model.trainable_variables), strict=True))
            gradients = dict(zip(names, map(tf.identity, given), strict=True))
            more = after_step(model, len(y)) if after_step else {}
            exponent = tf.constant(int(np.log2(float(optimizer.dynamic_scale))), tf.int64)
            rows.append({**recorded(criterion.last.value(), now, gradients), **more, "exponent": exponent})
    finally:
        keras.config.set_dtype_policy(usual)
    return {**stacked(tf, rows), "bits": tf.constant(bits, tf.int64)}


def keras_mixed_classifier(
    tf, images, labels, *weights, half, batch, epochs, learning_rate, momentum, scale=1.0,
    interval=None, loss_is="object",
):  # fmt: skip
    layers, names = tf.keras.layers, ["kernel_1", "bias_1", "kernel_2", "bias_2"]

    def make():
        model = tf.keras.Sequential(
            [
                layers.Input(images.shape[1:]),
                layers.Flatten(),
                layers.Dense(weights[0].shape[1], activation="relu"),
                layers.Dense(weights[2].shape[1]),
            ]
        )
        return model, tf.keras.optimizers.SGD(learning_rate, momentum)

    starts = [at for _ in range(epochs) for at in range(0, len(images), batch)]
    batches = ((images[at : at + batch], labels[at : at + batch]) for at in starts)
    return keras_mixed(tf, "train_on_batch", make, weights, names, batches, half, scale, interval, loss_is=loss_is)


def keras_mixed_network(
    tf, images, labels, masks, *weights,
        half, batch, learning_rate, end, momentum, kept, epsilon, dropped, scale=1.0, interval=None,
        counts_skipped=False,
):  # fmt: skip
    keras, names = tf.keras, ["kernel", "gamma", "beta", "dense_kernel", "bias"]
    steps, old = len(masks) * -(-len(images) // batch), [tf.ones_like(weights[1])]

    class Rescaled(keras.optimizers.SGD):
        """Velocities as torch has them: in what the rate of the next step multiplies."""

        def apply(self, gradients, trainable_variables=None):
            super().apply(gradients, trainable_variables)
            factor = schedule(self.iterations) / schedule(self.iterations - 1)
            for velocity in self.momentums:
                velocity.assign(velocity * tf.cast(factor, velocity.dtype))

    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=end / learning_rate)

    def make():
        model = subclassed_model(tf, images.shape, weights[0], kept, epsilon, dropped)
        return model, Rescaled(schedule, momentum=momentum, nesterov=True)

    def after_step(model, images_seen):
        """The running variance as torch has it."""
        norm, n = model.norm, images_seen * images.shape[1] * images.shape[2]
        kept_part = old[0] * norm.momentum
        norm.moving_variance.assign(kept_part + (norm.moving_variance - kept_part) * (n / (n - 1)))
        old[0] = tf.identity(norm.moving_variance)
        return {"running_mean": tf.identity(norm.moving_mean), "running_variance": old[0]}

    starts = range(0, len(images), batch)
    batches = (
        ([images[at : at + batch], mask[at : at + batch]], labels[at : at + batch]) for mask in masks for at in starts
    )
    return keras_mixed(tf, "tape", make, weights, names, batches, half, scale, interval, after_step)


# Data


def digits_to_classify(draw: int):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        drawn = images_and_weights(datasets.digits, 24, first=600)(np.random.default_rng(draw))
        return *drawn[:2], *drawn[4:]

    return make


def digits_to_convolve(draw: int):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        drawn = digits_and_weights(200, 6, 3, draw, tests=1)(rng)
        return *drawn[:2], *drawn[4:]

    return make


DENSE: dict[str, Any] = {"batch": 64, "epochs": 3, "learning_rate": 2.0**-4, "momentum": 0.875}
CONVOLUTION: dict[str, Any] = {**RUN, "batch": 16}
AMP = (
    "https://arxiv.org/abs/1710.03740",
    "https://docs.pytorch.org/docs/stable/amp.html",
    "https://keras.io/api/mixed_precision/",
    "https://keras.io/api/optimizers/loss_scale_optimizer/",
)

CASES = (
    Case(
        "digit_classifier_mixed",
        "training",
        ref.digit_classifier_mixed,
        torch=[autocast_classifier],
        tensorflow=[keras_mixed_classifier],
        samples=[
            sample("bfloat16", digits_to_classify(0), half="bfloat16", **DENSE),
            # The scale grows at every fourth step, until gradients overflow, and again.
            sample("float16-growing-scale", digits_to_classify(34), half="float16", scale=2.0**16, interval=4, **DENSE),
            sample("float16-first-steps-skipped", digits_to_classify(3), edge=True, half="float16", scale=2.0**30,
                   interval=2000, **{**DENSE, "epochs": 2}),
            sample("loss-as-a-function", digits_to_classify(0), edge=True, half="bfloat16", loss_is="function",
                   **{**DENSE, "epochs": 1}),
        ],
        extended=False,
        figure=learning_curves("Digit classifier in mixed precision", "cross-entropy"),
        modes=("eager",),
        dtypes=("float32",),
        sources=AMP,
    ),
    Case(
        "convolutional_network_mixed",
        "training",
        ref.convolutional_network_mixed,
        torch=[autocast_network],
        tensorflow=[keras_mixed_network],
        samples=[
            sample("bfloat16", digits_to_convolve(0), half="bfloat16", **CONVOLUTION),
            sample("float16-growing-scale", digits_to_convolve(19), half="float16", scale=2.0**14, interval=5,
                   **CONVOLUTION),
            # torch's scheduler counts the steps that it is told of, Keras' optimizer those that it takes.
            sample("schedule-counts-skipped-steps", digits_to_convolve(11), edge=True, half="float16", scale=2.0**24,
                   interval=2000, counts_skipped=True, **CONVOLUTION),
        ],
        extended=False,
        figure=learning_curves("Convolutional network in mixed precision", "cross-entropy"),
        modes=("eager",),
        dtypes=("float32",),
        sources=AMP,
    ),
)  # fmt: skip
