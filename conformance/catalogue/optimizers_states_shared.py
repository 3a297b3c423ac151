"""What the entries about the state of optimizers share."""

from typing import Any

import numpy as np

from conformance.case import Array

EAGER = ("eager",)
TORCH = "https://docs.pytorch.org/docs/stable/"
KERAS = "https://keras.io/api/optimizers/"


# How a framework is stepped


def torch_optimizer(torch, name, parameters, **options):
    named = {"learning_rate": "lr", "epsilon": "eps"}
    renamed = {named.get(k, k): v for k, v in options.items() if k not in ("beta_1", "beta_2")}
    if "beta_1" in options:
        renamed["betas"] = (options["beta_1"], options["beta_2"])
    return {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name](parameters, **renamed)


def keras_optimizer(tf, name, **options):
    optimizers = tf.keras.optimizers
    return {"sgd": optimizers.SGD, "adam": optimizers.Adam, "adamw": optimizers.AdamW}[name](**options)


def torch_parameters(torch, *arrays):
    return [torch.nn.Parameter(a.clone()) for a in arrays]


def keras_variables(tf, *arrays):
    return [
        tf.keras.Variable(tf.identity(a), dtype=a.dtype, name=n)
        for a, n in zip(arrays, ("bias", "kernel"), strict=True)
    ]


def torch_rows(torch, rows, *names):
    """What was seen after each step, by name."""
    return {name: torch.stack([row[i].detach().clone() for row in rows]) for i, name in enumerate(names)}


def torch_copies(torch, parameters):
    return [p.detach().clone() for p in parameters]


def keras_run(tf, step, gradients, *names, how="function"):
    """What ``step`` returns for the gradients of each step, by name; ``how``: eager, function or xla."""
    run = step if how == "eager" else tf.function(step, jit_compile=how == "xla", autograph=False)
    rows = [run(*given) for given in zip(*map(tf.unstack, gradients), strict=True)]
    return {name: tf.stack([row[i] for row in rows]) for i, name in enumerate(names)}


# Parameters and gradients


def steps(n: int):
    """Two parameters, and a gradient for each at each of n steps."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        shapes = ((6,), (3, 2), (n, 6), (n, 3, 2))
        return tuple(rng.uniform(0.1, 1, s) * rng.choice([-1.0, 1.0], s) for s in shapes)

    return make


SGD: dict[str, Any] = {"learning_rate": 2.0**-5, "momentum": 0.875}
ADAM: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-120}
