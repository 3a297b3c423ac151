"""Stochastic gradient descent with momentum.

torch multiplies the velocity by the learning rate, Keras what enters it: the same at a constant rate. Each is a case;
in ``sgd_torch_and_keras`` Keras is given what makes it follow torch's rule, and where that cannot be, or the same
argument means something else, it is a divergence; how torch follows Keras' rule is its route in the other case.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.jax_shared import jax_steps, optax, with_decay
from conformance.catalogue.optimizers_shared import (
    MASTER,
    decimal_rates,
    edges,
    grid,
    keras_steps,
    sparing,
    steady,
    torch_steps,
    uneven,
    zeros,
)
from conformance.reference import optimizers as ref
from fixtures.samples import sample

ONE = ("float64",)
HALVES = ("float16", "bfloat16")
SGD: dict[str, Any] = {"learning_rate": 2.0**-7, "momentum": 0.875}
DECAY = 2.0**-5


def torch_sgd(torch, kind, *arrays, drop_at=0, as_argument=False, **options):
    """torch's SGD, whose rate is divided by 8 after a step."""

    def before(optimizer, t):
        if drop_at and t == drop_at + 1:
            optimizer.param_groups[0]["lr"] /= 8

    return torch_steps(torch, kind, *arrays, before=before, **options)


def sgd_with_rescaled_velocity(torch, *arrays, drop_at=0, weight_decay=0.0, **options):
    """torch's SGD as Keras has it: the velocity is multiplied by 8 when the rate is divided by it, and the weights
    decay before each step."""

    def before(optimizer, t):
        (group,) = optimizer.param_groups
        if drop_at and t == drop_at + 1:
            group["lr"] /= 8
            for state in optimizer.state.values():
                state["momentum_buffer"] *= 8
        for parameter in group["params"]:
            parameter.data.mul_(1 - group["lr"] * weight_decay)

    return torch_steps(torch, torch.optim.SGD, *arrays, before=before, **options)


def keras_sgd(tf, kind, *arrays, how="eager", drop_at=0, **options):
    """Keras' SGD, whose rate is divided by 8 after a step."""

    def before(optimizer, t):
        if drop_at and t == drop_at + 1:
            optimizer.learning_rate = optimizer.learning_rate / 8

    return keras_steps(tf, kind(**options), *arrays, how=how, before=before)


def keras_sgd_as_torch(
    tf, kind, vector, matrix, vector_gradients, matrix_gradients, drop_at=0, dampening=0.0, maximize=False,
    weight_decay=0.0, as_argument=False, **options,
):  # fmt: skip
    """Keras' SGD as torch has it, by other gradients: of the other sign (``maximize``), all but the first smaller
    (``dampening``), with the decay added. ``as_argument``: Keras' own ``weight_decay`` instead."""

    damped = 1 - dampening if options["momentum"] else 1.0
    l2 = tf.Variable(weight_decay, dtype=vector.dtype) if weight_decay and not as_argument else None

    def before(optimizer, t):
        if drop_at and t == drop_at + 1:
            optimizer.learning_rate = optimizer.learning_rate / 8
        if l2 is not None and t == 2:
            l2.assign(damped * weight_decay)

    def given(gradients):
        gradients = -gradients if maximize else gradients
        return tf.concat([gradients[:1], damped * gradients[1:]], 0)

    optimizer = kind(**options, weight_decay=weight_decay if as_argument else None)
    gradients = given(vector_gradients), given(matrix_gradients)
    return keras_steps(tf, optimizer, vector, matrix, *gradients, how="function", before=before, l2=l2)


def near_one(rng: np.random.Generator) -> tuple[Array, ...]:
    """Weights whose steps half precision does not lose."""
    vector, matrix, *gradients = steady(rng)
    return 1 + vector / 8, 1 + matrix / 8, *gradients


def jax_sgd(jax, *arrays, weight_decay=0.0, maximize=False, **options):
    """optax.sgd: what is 0 or False is not given, as dampening, which it does not have."""
    given = {name: value for name, value in options.items() if value}
    return jax_steps(jax, with_decay(optax().sgd(**given), maximize, weight_decay), *arrays)


CASES = (
    Case(
        "sgd",
        "trajectory",
        ref.by_elements(ref.refusing(ref.dropping(ref.ascending(ref.coupled(ref.sgd))))),
        torch=[
            lambda torch, *arrays, **options: torch_sgd(torch, torch.optim.SGD, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_sgd(torch, torch.optim.SGD, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_sgd(torch, torch.optim.SGD, *arrays, **options, fused=True),
            lambda torch, *arrays, **options: torch_sgd(
                torch, torch.optim.SGD, *arrays, **options, differentiable=True
            ),
        ], jax=[jax_sgd],
        samples=[
            *sparing(grid(
                learning_rate=[2.0**-7, 2.0**-4], momentum=[0.875, 0.0], dampening=[0.0, 0.25],
                weight_decay=[0.0, DECAY], maximize=[False, True],
            )),
            *(
                replace(s, name=f"nesterov {s.name}")
                for s in grid(
                    learning_rate=[2.0**-7], nesterov=[True], momentum=[0.875, 0.5], weight_decay=[0.0, DECAY],
                    maximize=[False, True], dtypes=ONE,
                )
            ),
            *sparing(edges(SGD)),
            decimal_rates(learning_rate=0.01, momentum=0.9),
            sample("half-precision", near_one, **SGD, dtypes=HALVES),
            sample("half-precision nesterov", near_one, **SGD, nesterov=True, dtypes=HALVES),
        ],
        modes=("eager",),
        sources=(
            "http://proceedings.mlr.press/v28/sutskever13.html",
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
        ),
    ),
    Case(
        "sgd_torch_and_keras",
        "trajectory",
        ref.by_elements(ref.refusing(ref.dropping(ref.ascending(ref.coupled(ref.sgd))))),
        torch=[lambda torch, *arrays, **options: torch_sgd(torch, torch.optim.SGD, *arrays, **options)],
        tensorflow=[
            lambda tf, *arrays, **options: keras_sgd_as_torch(tf, tf.keras.optimizers.SGD, *arrays, **options),
        ],
        samples=[
            sample("dampening weight-decay maximize", uneven, edge=True, **SGD, dampening=0.25, weight_decay=DECAY,
                   maximize=True, dtypes=MASTER),
            sample("nesterov weight-decay", steady, **SGD, nesterov=True, weight_decay=DECAY, dtypes=ONE),
            sample("weight-decay-argument", steady, **SGD, weight_decay=DECAY, as_argument=True, dtypes=ONE),
            sample("weight-decay-argument without momentum", steady, learning_rate=2.0**-7, momentum=0.0,
                   weight_decay=DECAY, as_argument=True, dtypes=ONE),
            sample("rate-drops", steady, **SGD, drop_at=50, dtypes=ONE),
            sample("rate-drops nesterov", steady, **SGD, nesterov=True, drop_at=50, dtypes=ONE),
            sample("bad-rate", steady, raises=True, learning_rate=-(2.0**-7), momentum=0.875, dtypes=ONE),
            sample("bad-nesterov", steady, raises=True, learning_rate=2.0**-7, momentum=0.0, nesterov=True, dtypes=ONE),
            decimal_rates(learning_rate=0.01, momentum=0.9),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
            "https://keras.io/api/optimizers/sgd/",
        ),
    ),
    Case(
        "sgd_rate_in_velocity",
        "trajectory",
        ref.by_elements(ref.dropping(ref.decoupled(partial(ref.sgd, rate_in_velocity=True)))),
        torch=[sgd_with_rescaled_velocity],
        tensorflow=[
            lambda tf, *arrays, **options: keras_sgd(tf, tf.keras.optimizers.SGD, *arrays, **options, how="function"),
            lambda tf, *arrays, **options: keras_sgd(tf, tf.keras.optimizers.SGD, *arrays, **options),
            lambda tf, *arrays, **options: keras_sgd(tf, tf.keras.optimizers.SGD, *arrays, **options, how="xla"),
        ],
        samples=[
            *sparing(grid(
                learning_rate=[2.0**-7, 2.0**-4], momentum=[0.875, 0.5], nesterov=[False, True],
                weight_decay=[0.0, DECAY], drop_at=[50, 0],
            )),
            sample("zero-gradients", zeros, edge=True, **SGD, weight_decay=DECAY, drop_at=50, dtypes=ONE),
            decimal_rates(learning_rate=0.01, momentum=0.9, nesterov=True, weight_decay=0.01, drop_at=50),
            sample("half-precision", near_one, **SGD, drop_at=50, dtypes=HALVES),
        ],
        modes=("eager",),
        sources=("http://proceedings.mlr.press/v28/sutskever13.html", "https://keras.io/api/optimizers/sgd/"),
    ),
)  # fmt: skip
