"""Optimizers that scale each weight's step by its own past: RMSprop, Adagrad, Adadelta, Rprop, FTRL; and averaged SGD.

Where the two frameworks' rules differ there are two cases, one for each. In the first, torch's, Keras has a route too,
which shows how it follows that rule: with an epsilon that is too small to matter, the gradients of the ascent for
``maximize``, the decay added to them for ``weight_decay``, and a schedule for ``lr_decay``. What Keras calls
``weight_decay`` is the option ``decoupled_weight_decay`` here.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.jax_shared import jax_steps, optax, with_decay
from conformance.catalogue.optimizers_shared import (
    MASTER,
    decimal_rates,
    edges,
    grid,
    keras_steps,
    sparing,
    steady,
    tiny,
    torch_steps,
    uneven,
)
from conformance.reference import optimizers as ref
from conformance.reference import optimizers_scaled as scaled
from fixtures.samples import sample

KERAS = "https://keras.io/api/optimizers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim."

NEGLIGIBLE = 2.0**-120
"""An epsilon whose place does not matter."""


def torch_scaled(torch, kind, *arrays, later_rate=None, momentum_rescaled=False, decoupled_weight_decay=0.0, **options):
    """`torch_steps`; after half of them the rate becomes ``later_rate`` (torch's momentum does not depend on it). The
    decoupled weight decay, which the kind has not, is done by hand."""

    def before(optimizer, t):
        (group,) = optimizer.param_groups
        if t == 51 and later_rate is not None:
            group["lr"] = later_rate
        if decoupled_weight_decay:
            for parameter in group["params"]:
                parameter.data.mul_(1 - decoupled_weight_decay * group["lr"])

    return torch_steps(torch, kind, *arrays, before=before, **options)


def torch_averaged(torch, kind, *arrays, **options):
    """`torch_steps`, and the mean that the optimizer keeps of each parameter."""
    used, means = [], []

    def look():
        means.append([used[0].state[p]["ax"].detach().clone() for p in used[0].param_groups[0]["params"]])

    def before(optimizer, t):
        used.append(optimizer)
        if t > 1:
            look()

    steps = torch_steps(torch, kind, *arrays, before=before, **options)
    look()
    of_vector, of_matrix = zip(*means, strict=True)
    return {**steps, "vector_average": torch.stack(of_vector), "matrix_average": torch.stack(of_matrix)}


def keras_scaled(
    tf, kind, vector, matrix, vector_gradients, matrix_gradients, *, how="function", maximize=False, later_rate=None,
    momentum_rescaled=False, lr_decay=0.0, weight_decay=0.0, decoupled_weight_decay=0.0, **options,
):  # fmt: skip
    """`keras_steps`; after half of them the rate becomes ``later_rate``, and what is left of the momentum is multiplied
    by the quotient of both if it is to be ``momentum_rescaled``."""
    if maximize:
        vector_gradients, matrix_gradients = -vector_gradients, -matrix_gradients
    if decoupled_weight_decay:
        options["weight_decay"] = decoupled_weight_decay
    if lr_decay:
        rate = options["learning_rate"]
        options["learning_rate"] = tf.keras.optimizers.schedules.InverseTimeDecay(rate, 1, lr_decay)

    def before(optimizer, t):
        if t == 51 and later_rate is not None:
            if momentum_rescaled:
                for momentum in [v for v in optimizer.variables if v.name.endswith("momentum")]:
                    momentum.assign(momentum * (later_rate / options["learning_rate"]))
            optimizer.learning_rate = later_rate

    arrays = vector, matrix, vector_gradients, matrix_gradients
    return keras_steps(tf, kind(**options), *arrays, how=how, before=before, l2=weight_decay or None)


def in_double_precision(torch, *arguments, **options):
    """Steps with torch's default format set to float64, in which it then keeps rates and counts of steps."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return torch_averaged(torch, *arguments, **options)
    finally:
        torch.set_default_dtype(before)


def keras_with_half_l2(tf, kind, *arrays, l2_regularization_strength, **options):
    """Keras' FTRL counts it twice."""
    return keras_scaled(tf, kind, *arrays, l2_regularization_strength=l2_regularization_strength / 2, **options)


def torch_defaults(torch, x, kind, settings):
    """Settings of a torch optimizer that is made without any, as float32 holds them."""
    found = getattr(torch.optim, kind)([torch.nn.Parameter(x.clone())]).defaults
    return {
        name: torch.tensor(found["lr" if name == "learning_rate" else name], dtype=torch.float32).to(x.dtype)
        for name in settings
    }


def keras_defaults(tf, x, kind, settings):
    """Settings of a Keras optimizer that is made without any, as float32 holds them."""
    found = getattr(tf.keras.optimizers, kind)().get_config()
    return {name: tf.cast(tf.cast(found[name], tf.float32), x.dtype) for name in settings}


def constant(rng: np.random.Generator) -> tuple[Array, ...]:
    """The same gradient at every step."""
    vector, matrix, *gradients = steady(rng)
    return vector, matrix, *(np.broadcast_to(g[0], g.shape).copy() for g in gradients)


def underflowing(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients whose products are below the smallest number of float64."""
    vector, matrix, *gradients = steady(rng)
    return vector, matrix, *(2.0**-600 * g for g in gradients)


def one_sided(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients that change their sign once only, half-way."""
    vector, matrix, *gradients = steady(rng)
    return vector, matrix, *(np.abs(g) * np.where(np.arange(len(g)) < 50, 1, -1).reshape(-1, *[1] * (g.ndim - 1))
                             for g in gradients)  # fmt: skip


def more(make, name: str, **options) -> Sample:
    return sample(name, make, edge=True, dtypes=MASTER, **options)


def bad(name: str, **options) -> Sample:
    """Hyperparameters that must be refused."""
    return sample(f"bad-{name}", steady, edge=True, raises=True, dtypes=("float64",), **options)


RMSPROP: dict[str, Any] = {
    "learning_rate": 2.0**-7,
    "rho": 0.875,
    "epsilon": NEGLIGIBLE,
    "momentum": 0.0,
    "centered": False,
}
LATER: dict[str, Any] = {**RMSPROP, "momentum": 0.875, "later_rate": 2.0**-10}
OF_RMSPROP = [
    *sparing(edges({**RMSPROP, "momentum": 0.875, "centered": True})),
    more(tiny, "tiny-gradients", **{**RMSPROP, "epsilon": 2.0**-20}),
    more(constant, "constant-gradient", **{**RMSPROP, "rho": 0.5, "epsilon": 2.0**-7, "centered": True}),
    more(steady, "later-rate", **LATER),
    decimal_rates(learning_rate=0.001, rho=0.9, epsilon=1e-7, momentum=0.9, centered=False),
    bad("momentum", **{**RMSPROP, "momentum": -0.5}),
]
RMSPROP_LEVELS: dict[str, Any] = {
    "learning_rate": [2.0**-7, 2.0**-4], "rho": [0.875, 0.5], "epsilon": [NEGLIGIBLE, 2.0**-7],
    "momentum": [0.0, 0.875], "centered": [False, True],
}  # fmt: skip

ADAGRAD: dict[str, Any] = {"learning_rate": 2.0**-4, "initial_accumulator_value": 0.0, "epsilon": NEGLIGIBLE}
OF_ADAGRAD = [
    *sparing(edges(ADAGRAD)),
    more(tiny, "tiny-gradients", **{**ADAGRAD, "epsilon": 2.0**-20}),
    decimal_rates(learning_rate=0.01, initial_accumulator_value=0.1, epsilon=1e-7),
    bad("accumulator", **{**ADAGRAD, "initial_accumulator_value": -0.125}),
]
ADAGRAD_LEVELS: dict[str, Any] = {
    "learning_rate": [2.0**-4, 0.5], "initial_accumulator_value": [0.0, 0.125], "epsilon": [NEGLIGIBLE, 2.0**-7],
}  # fmt: skip

ADADELTA: dict[str, Any] = {"learning_rate": 1.0, "rho": 0.875, "epsilon": 2.0**-20}
OF_ADADELTA = [
    *sparing(grid(
        learning_rate=[1.0, 0.125], rho=[0.875, 0.5], epsilon=[2.0**-20, 2.0**-7], weight_decay=[0.0, 2.0**-4],
        maximize=[False, True],
    )),
    more(steady, "decoupled-weight-decay", **ADADELTA, decoupled_weight_decay=2.0**-3),
    *sparing(edges(ADADELTA)),
    more(tiny, "tiny-gradients", **ADADELTA),
    decimal_rates(learning_rate=0.1, rho=0.9, epsilon=1e-6),
    bad("rho", **{**ADADELTA, "rho": 1.5}),
]  # fmt: skip

RPROP: dict[str, Any] = {"learning_rate": 2.0**-7, "etas": (0.5, 1.25), "step_sizes": (2.0**-16, 50.0)}
OF_RPROP = [
    *grid(
        learning_rate=[2.0**-7, 2.0**-5], etas=[(0.5, 1.25), (0.75, 1.5)],
        step_sizes=[(2.0**-16, 50.0), (2.0**-8, 2.0**-4)], maximize=[False, True],
    ),
    *edges(RPROP),
    more(one_sided, "one-change-of-sign", **RPROP),
    more(steady, "rate-beyond-largest-step", **{**RPROP, "step_sizes": (2.0**-16, 2.0**-10)}),
    sample("product-underflows", underflowing, edge=True, dtypes=("float64",), **RPROP),
    decimal_rates(learning_rate=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)),
    bad("etas", **{**RPROP, "etas": (1.25, 0.5)}),
]  # fmt: skip

ASGD: dict[str, Any] = {"learning_rate": 2.0**-4, "lambd": 0.25, "alpha": 0.75, "t0": 20.0}
OF_ASGD = [
    *grid(
        learning_rate=[2.0**-4, 0.5], lambd=[0.25, 2.0**-7], alpha=[0.75, 0.5], t0=[20.0, 0.0, 2.0**20],
        weight_decay=[0.0, 2.0**-4], maximize=[False, True],
    ),
    *edges(ASGD),
    decimal_rates(learning_rate=0.01, lambd=0.1, alpha=0.7, t0=10.0),
]  # fmt: skip

FTRL: dict[str, Any] = {
    "learning_rate": 2.0**-4, "learning_rate_power": -0.5, "initial_accumulator_value": 0.125,
    "l1_regularization_strength": 0.0, "l2_regularization_strength": 0.0,
    "l2_shrinkage_regularization_strength": 0.0, "beta": 0.0,
}  # fmt: skip


def named_briefly(samples: list[Sample]) -> list[Sample]:
    """Without what the names of FTRL's options have in common."""
    words = {"-regularization-strength": "", "learning-rate-power": "power", "initial-accumulator-value": "accumulator"}
    return [replace(s, name=re.sub("|".join(words), lambda found: words[found[0]], s.name)) for s in samples]


OF_FTRL = [
    *sparing(named_briefly(grid(
        learning_rate=[2.0**-4, 0.5], learning_rate_power=[-0.5, 0.0, -0.75], initial_accumulator_value=[0.125, 0.0],
        l1_regularization_strength=[0.0, 0.25], l2_regularization_strength=[0.0, 0.5],
        l2_shrinkage_regularization_strength=[0.0, 0.125], beta=[0.0, 1.0],
        decoupled_weight_decay=[0.0, 2.0**-4],
    ))),
    *sparing(edges({**FTRL, "l1_regularization_strength": 0.25})),
    more(uneven, "nothing-accumulated", **{**FTRL, "initial_accumulator_value": 0.0}),
    decimal_rates(**{**FTRL, "learning_rate": 0.1, "l1_regularization_strength": 0.1, "beta": 0.3}),
    bad("power", **{**FTRL, "learning_rate_power": 0.5}),
    bad("l1", **{**FTRL, "l1_regularization_strength": -0.25}),
]  # fmt: skip
OF_PUBLISHED_FTRL = [
    more(steady, "l2", **{**FTRL, "l2_regularization_strength": 0.5}),
    more(steady, "base", **FTRL),
    more(uneven, "uneven-gradients", **{**FTRL, "l1_regularization_strength": 0.25}),
]


def jax_adagrad(
    jax, *arrays, learning_rate, initial_accumulator_value, epsilon, decoupled_weight_decay=0.0
):  # fmt: skip
    """optax.adagrad"""
    rule = optax().adagrad(learning_rate, initial_accumulator_value, epsilon)
    return jax_steps(jax, with_decay(rule, decoupled=learning_rate * decoupled_weight_decay), *arrays)


def jax_adadelta(jax, *arrays, learning_rate, rho, epsilon, decoupled_weight_decay=0.0, **options):
    """optax.adadelta"""
    rule = optax().adadelta(learning_rate, rho, epsilon)
    return jax_steps(jax, with_decay(rule, **options, decoupled=learning_rate * decoupled_weight_decay), *arrays)


CASES = (
    Case(
        "rmsprop",
        "trajectory",
        ref.by_elements(
            scaled.changing(ref.ascending(ref.coupled(scaled.checked(ref.rmsprop))))
        ),  # epsilon outside the square root
        torch=[
            lambda torch, *arrays, rho, **options: torch_scaled(
                torch, torch.optim.RMSprop, *arrays, alpha=rho, **options, foreach=False
            ),
            lambda torch, *arrays, rho, **options: torch_scaled(
                torch, torch.optim.RMSprop, *arrays, alpha=rho, **options, foreach=True
            ),
            lambda torch, *arrays, rho, **options: torch_scaled(
                torch, torch.optim.RMSprop, *arrays, alpha=rho, **options, differentiable=True
            ),
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_scaled(tf, tf.keras.optimizers.RMSprop, *arrays, **options),
        ],
        samples=[
            *sparing(grid(**RMSPROP_LEVELS, weight_decay=[0.0, 2.0**-4], maximize=[False, True])),
            *OF_RMSPROP,
            more(steady, "later-rate+momentum-rescaled", **LATER, momentum_rescaled=True),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}RMSprop.html",),
    ),
    Case(
        "rmsprop_epsilon_inside",
        "trajectory",
        ref.by_elements(
            scaled.changing(
                scaled.shrinking(scaled.checked(partial(ref.rmsprop, epsilon_inside=True, rate_inside=True)))
            )
        ),
        tensorflow=[
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.RMSprop, *arrays, **options, how="function"
            ),
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.RMSprop, *arrays, **options, how="eager"
            ),
            lambda tf, *arrays, **options: keras_scaled(tf, tf.keras.optimizers.RMSprop, *arrays, **options, how="xla"),
        ],
        samples=[*sparing(grid(**RMSPROP_LEVELS, decoupled_weight_decay=[0.0, 2.0**-4])), *OF_RMSPROP],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}rmsprop/", "https://arxiv.org/abs/1308.0850"),
    ),
    Case(
        "adagrad",
        "trajectory",
        ref.by_elements(ref.ascending(ref.coupled(scaled.checked(scaled.adagrad)))),  # epsilon outside the square root
        torch=[
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Adagrad, *arrays, **options, foreach=False
            ),
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Adagrad, *arrays, **options, foreach=True
            ),
            lambda torch, *arrays, **options: torch_scaled(torch, torch.optim.Adagrad, *arrays, **options, fused=True),
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Adagrad, *arrays, **options, differentiable=True
            ),
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_scaled(tf, tf.keras.optimizers.Adagrad, *arrays, **options),
        ],
        samples=[
            *sparing(
                grid(**ADAGRAD_LEVELS, lr_decay=[0.0, 2.0**-4], weight_decay=[0.0, 2.0**-4], maximize=[False, True])
            ),
            *OF_ADAGRAD,
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://jmlr.org/papers/v12/duchi11a.html", f"{TORCH}Adagrad.html"),
    ),
    Case(
        "adagrad_epsilon_inside",
        "trajectory",
        ref.by_elements(scaled.shrinking(scaled.checked(partial(scaled.adagrad, epsilon_inside=True)))),
        tensorflow=[
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Adagrad, *arrays, **options, how="function"
            ),
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Adagrad, *arrays, **options, how="eager"
            ),
            lambda tf, *arrays, **options: keras_scaled(tf, tf.keras.optimizers.Adagrad, *arrays, **options, how="xla"),
        ],
        jax=[jax_adagrad],
        samples=[*sparing(grid(**ADAGRAD_LEVELS, decoupled_weight_decay=[0.0, 2.0**-4])), *OF_ADAGRAD],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://jmlr.org/papers/v12/duchi11a.html", f"{KERAS}adagrad/"),
    ),
    Case(
        "adadelta",
        "trajectory",
        ref.by_elements(
            scaled.shrinking(ref.ascending(ref.coupled(scaled.checked(scaled.adadelta))))
        ),  # the rule of both
        torch=[
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Adadelta, *arrays, **options, foreach=False
            ),
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Adadelta, *arrays, **options, foreach=True
            ),
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Adadelta, *arrays, **options, differentiable=True
            ),
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Adadelta, *arrays, **options, how="function"
            ),
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Adadelta, *arrays, **options, how="eager"
            ),
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Adadelta, *arrays, **options, how="xla"
            ),
        ],
        jax=[jax_adadelta],
        samples=OF_ADADELTA,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1212.5701", f"{TORCH}Adadelta.html", f"{KERAS}adadelta/"),
    ),
    Case(
        "rprop",
        "trajectory",
        ref.by_elements(ref.ascending(scaled.checked(scaled.rprop))),
        torch=[
            lambda torch, *arrays, **options: torch_scaled(torch, torch.optim.Rprop, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_scaled(torch, torch.optim.Rprop, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_scaled(
                torch, torch.optim.Rprop, *arrays, **options, differentiable=True
            ),
        ],
        samples=OF_RPROP,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://doi.org/10.1109/ICNN.1993.298623", f"{TORCH}Rprop.html"),
    ),
    Case(
        "asgd",
        "trajectory",
        scaled.with_average(ref.ascending(ref.coupled(scaled.asgd))),
        torch=[
            lambda torch, *arrays, **options: torch_averaged(
                torch, torch.optim.ASGD, *arrays, **options, foreach=False
            ),
            lambda torch, *arrays, **options: torch_averaged(torch, torch.optim.ASGD, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_averaged(
                torch, torch.optim.ASGD, *arrays, **options, differentiable=True
            ),
            lambda torch, *arrays, **options: in_double_precision(torch, torch.optim.ASGD, *arrays, **options),
        ],
        samples=OF_ASGD,
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://doi.org/10.1137/0330046",
            "https://github.com/torch/optim/blob/master/asgd.lua",
            f"{TORCH}ASGD.html",
        ),
    ),
    Case(
        "ftrl",
        "trajectory",
        ref.by_elements(scaled.shrinking(scaled.checked(partial(scaled.ftrl, l2_factor=2)))),
        tensorflow=[
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Ftrl, *arrays, **options, how="function"
            ),
            lambda tf, *arrays, **options: keras_scaled(tf, tf.keras.optimizers.Ftrl, *arrays, **options, how="eager"),
            lambda tf, *arrays, **options: keras_scaled(tf, tf.keras.optimizers.Ftrl, *arrays, **options, how="xla"),
        ],
        samples=OF_FTRL,
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://doi.org/10.1145/2487575.2488200",
            "https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/FtrlOptimizer",
        ),
    ),
    Case(
        "ftrl_as_published",
        "trajectory",
        ref.by_elements(scaled.ftrl),
        tensorflow=[
            lambda tf, *arrays, **options: keras_with_half_l2(tf, tf.keras.optimizers.Ftrl, *arrays, **options),
            lambda tf, *arrays, **options: keras_scaled(
                tf, tf.keras.optimizers.Ftrl, *arrays, **options, how="function"
            ),
        ],
        samples=OF_PUBLISHED_FTRL,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://doi.org/10.1145/2487575.2488200", f"{KERAS}ftrl/"),
    ),
    Case(
        "unshared_optimizer_defaults",
        "selection",
        scaled.defaults,
        torch=[torch_defaults],
        tensorflow=[keras_defaults],
        samples=[
            sample(kind.lower(), lambda rng: (rng.standard_normal(3),), edge=True, kind=kind, settings=tuple(settings))
            for kind, settings in scaled.DEFAULTS.items()
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}Rprop.html", f"{TORCH}ASGD.html", f"{KERAS}ftrl/"),
    ),
)
