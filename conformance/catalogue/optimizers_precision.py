"""Losses that are scaled, and weights that are kept wider than the model computes."""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.optimizers_shared import MASTER
from conformance.catalogue.optimizers_states_shared import (
    ADAM,
    EAGER,
    KERAS,
    SGD,
    TORCH,
    keras_optimizer,
    keras_run,
    keras_variables,
    steps,
    torch_copies,
    torch_optimizer,
    torch_parameters,
    torch_rows,
)
from conformance.reference import optimizers_states as ref
from fixtures.samples import sample


def torch_scaled(
    torch, vector, matrix, of_vector, of_matrix, overflows, *,
        optimizer, growth_interval, initial_scale=None, by=np.inf, **options,
):  # fmt: skip
    parameters, rows = torch_parameters(torch, vector, matrix), []
    made = torch_optimizer(torch, optimizer, parameters, **options)
    given_scale = {} if initial_scale is None else {"init_scale": initial_scale}
    scaler = torch.amp.GradScaler("cpu", growth_interval=growth_interval, **given_scale)
    for *given, overflow in zip(of_vector, of_matrix, overflows, strict=True):
        scale = scaler.scale(torch.ones((), dtype=vector.dtype))
        for p, g in zip(parameters, given, strict=True):
            p.grad = g * scale
        if overflow:
            parameters[1].grad[0, 1] = by
        scaler.step(made)
        scaler.update()
        rows.append([*torch_copies(torch, parameters), torch.tensor(scaler.get_scale(), dtype=vector.dtype)])
    return torch_rows(torch, rows, "vector", "matrix", "scale")


def keras_scaled(
    tf, vector, matrix, of_vector, of_matrix, overflows, *,
        optimizer, growth_interval, initial_scale=None, by=np.inf, how="function", **options,
):  # fmt: skip
    variables = keras_variables(tf, vector, matrix)
    given_scale = {} if initial_scale is None else {"initial_scale": initial_scale}
    made = tf.keras.optimizers.LossScaleOptimizer(
        keras_optimizer(tf, optimizer, **options), dynamic_growth_steps=growth_interval, **given_scale
    )
    made.build(variables)

    def step(of_vector, of_matrix, overflow):
        scale = tf.cast(made.scale_loss(1.0), vector.dtype)
        bad = tf.constant([[0.0, by], [0.0, 0.0], [0.0, 0.0]], matrix.dtype)
        of_matrix = tf.where(overflow, tf.where(bad == 0, of_matrix, bad), of_matrix * scale)
        made.apply([of_vector * scale, of_matrix], variables)
        return [*map(tf.convert_to_tensor, variables), tf.cast(made.dynamic_scale, vector.dtype)]

    return keras_run(tf, step, (of_vector, of_matrix, overflows), "vector", "matrix", "scale", how=how)


def torch_master(torch, vector, matrix, *gradients, compute, factor=1.0, scale=1.0, **options):
    """The model is a copy in half precision; its gradients are copied up, and the new weights down."""
    half = {"bfloat16": torch.bfloat16, "float16": torch.float16}[compute]
    masters, rows = torch_parameters(torch, vector, matrix), []
    model = [torch.nn.Parameter(p.detach().to(half)) for p in masters]
    made = torch_optimizer(torch, "sgd", masters, **options)
    for given in zip(*gradients, strict=True):
        with torch.enable_grad():
            terms = [(p * g.to(half)).float().sum() for p, g in zip(model, given, strict=True)]
            (sum(terms) * (factor * scale)).backward()
        for p, copy in zip(masters, model, strict=True):
            p.grad, copy.grad = copy.grad.float() / scale, None
        made.step()
        with torch.no_grad():
            for p, copy in zip(masters, model, strict=True):
                copy.copy_(p)
        unequal = sum((copy.float() != p.to(half).float()).sum() for p, copy in zip(masters, model, strict=True))
        rows.append([*torch_copies(torch, masters), unequal.to(vector.dtype)])
    return torch_rows(torch, rows, "vector", "matrix", "unequal")


def torch_autocast(torch, vector, matrix, *gradients, compute, factor=1.0, scale=1.0, **options):
    """Weights in float32; matrix products round them. A product with the identity is the weight itself."""
    half = {"bfloat16": torch.bfloat16, "float16": torch.float16}[compute]
    masters, rows = torch_parameters(torch, vector, matrix), []
    made = torch_optimizer(torch, "sgd", masters, **options)
    for of_vector, of_matrix in zip(*gradients, strict=True):
        with torch.enable_grad(), torch.autocast("cpu", dtype=half):
            seen = [(torch.eye(len(p)) @ p.reshape(len(p), -1)).reshape(p.shape) for p in masters]
            terms = [(s * g.to(half)).float().sum() for s, g in zip(seen, (of_vector, of_matrix), strict=True)]
            loss = sum(terms) * (factor * scale)
        unequal = sum((s.float() != p.to(half).float()).sum() for p, s in zip(masters, seen, strict=True))
        made.zero_grad()
        loss.backward()
        for p in masters:
            p.grad /= scale
        made.step()
        rows.append([*torch_copies(torch, masters), unequal.to(vector.dtype)])
    return torch_rows(torch, rows, "vector", "matrix", "unequal")


def keras_mixed(tf, vector, matrix, *gradients, compute, factor=1.0, scale=1.0, how="function", **options):
    """Variables of a layer with a mixed policy are float32, and seen in half precision within its call."""

    class Products(tf.keras.layers.Layer):
        def build(self, *shapes):
            self.made = [self.add_weight(shape=a.shape, name=n) for a, n in ((vector, "bias"), (matrix, "kernel"))]

        def call(self, x, y):
            self.seen = [tf.convert_to_tensor(v) for v in self.made]
            return self.made[0] * x, self.made[1] * y

    layer = Products(dtype="mixed_" + compute)
    layer.build(vector.shape, matrix.shape)
    layer.set_weights([vector.numpy(), matrix.numpy()])
    optimizer = tf.keras.optimizers.SGD(loss_scale_factor=scale, **options)
    optimizer.build(layer.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            terms = [tf.reduce_sum(tf.cast(term, tf.float32)) for term in layer(x, y)]
            loss = optimizer.scale_loss(factor * tf.add_n(terms))
        optimizer.apply(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables)
        with tf.GradientTape():
            layer(x, y)
        pairs = zip(layer.seen, layer.trainable_variables, strict=True)
        unequal = [tf.reduce_sum(tf.cast(s != tf.cast(v, compute), vector.dtype)) for s, v in pairs]
        return [*map(tf.convert_to_tensor, layer.trainable_variables), tf.add_n(unequal)]

    return keras_run(tf, step, gradients, "vector", "matrix", "unequal", how=how)


def overflowing(*at: int, n: int = 30):
    """The same, and whether the gradients overflow: at some of the steps, counted from 1."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return (*steps(n)(rng), np.isin(np.arange(1, n + 1), at))

    return make


def exact_in_half(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients of seven bits; weights of more."""
    vector, matrix, *gradients = steps(30)(rng)
    return vector, matrix, *(np.rint(g * 2**7) / 2**7 for g in gradients)


SCALER: dict[str, Any] = {"initial_scale": 2.0**10, "growth_interval": 4}

CASES = (
    Case(
        "scaled_loss",
        "trajectory",
        ref.scaled,
        torch=[
            lambda torch, *arrays, **options: torch_scaled(torch, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_scaled(torch, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_scaled(torch, *arrays, **options, fused=True),
        ],
        tensorflow=[
            keras_scaled,
            lambda tf, *arrays, **options: keras_scaled(tf, *arrays, **options, how="eager"),
            lambda tf, *arrays, **options: keras_scaled(tf, *arrays, **options, how="xla"),
        ],
        samples=[
            sample("growth-and-backoff", overflowing(6, 7, 15), optimizer="sgd", **SCALER, **SGD),
            sample(
                "not-a-number-adam", overflowing(1, 9, 10), edge=True, optimizer="adam", by=np.nan, **SCALER, **ADAM
            ),
            sample(
                "none-finite",
                overflowing(*range(1, 31)),
                edge=True,
                dtypes=("float64",),
                optimizer="sgd",
                **SCALER,
                **SGD,
            ),
            sample(
                "scale-overflows",
                overflowing(),
                edge=True,
                dtypes=("float32",),
                optimizer="sgd",
                initial_scale=2.0**126,
                growth_interval=2,
                **SGD,
            ),
            sample(
                "default-scale",
                overflowing(5, n=8),
                edge=True,
                dtypes=("float64",),
                optimizer="sgd",
                growth_interval=4,
                **SGD,
            ),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(
            "https://arxiv.org/abs/1710.03740",
            f"{TORCH}amp.html#torch.amp.GradScaler",
            f"{KERAS}loss_scale_optimizer/",
        ),
    ),
    Case(
        "scaled_loss_with_dampening",
        "trajectory",
        ref.scaled,
        torch=[
            lambda torch, *arrays, **options: torch_scaled(torch, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_scaled(torch, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_scaled(torch, *arrays, **options, fused=True),
        ],
        samples=[
            sample("all-finite", overflowing(), optimizer="sgd", dampening=0.5, **SCALER, **SGD),
            sample("later", overflowing(6, 7, 15), optimizer="sgd", dampening=0.5, **SCALER, **SGD),
            # A skipped first step must not count as the one at which the velocity begins.
            sample("at-first", overflowing(1), edge=True, optimizer="sgd", dampening=0.5, **SCALER, **SGD),
        ],
        modes=EAGER,
        dtypes=("float64",),
        sources=(f"{TORCH}amp.html#torch.amp.GradScaler", f"{TORCH}generated/torch.optim.SGD.html"),
    ),
    Case(
        "master_weights",
        "training",
        ref.mixed,
        torch=[torch_master, torch_autocast],
        tensorflow=[keras_mixed, lambda tf, *arrays, **options: keras_mixed(tf, *arrays, **options, how="eager")],
        samples=[
            sample("bfloat16", exact_in_half, compute="bfloat16", **SGD),
            sample("float16", exact_in_half, compute="float16", **SGD),
            # Steps of a thousandth of the spacing of bfloat16: weights in that format would stand still.
            sample("slow", exact_in_half, edge=True, compute="bfloat16", learning_rate=2.0**-18),
            # Gradients that would vanish in float16, unless the loss is scaled.
            sample(
                "scaled",
                exact_in_half,
                edge=True,
                compute="float16",
                factor=2.0**-24,
                scale=2.0**20,
                learning_rate=2.0**18,
            ),
        ],
        modes=EAGER,
        dtypes=("float32",),
        sources=("https://arxiv.org/abs/1710.03740", "https://keras.io/api/mixed_precision/policy/"),
    ),
)
