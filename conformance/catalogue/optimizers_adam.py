"""Adam and its relatives.

torch and Keras document different places for epsilon in Adam and Adamax. Each convention is a case with its own
reference; with an epsilon that is too small to matter, the two are one. In the cases ``..._torch_and_keras`` Keras is
given what makes it follow torch's rule; where that cannot be, or the same argument means something else, it diverges.
"""

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
    tiny,
    torch_steps,
    uneven,
    zeros,
)
from conformance.reference import optimizers as ref
from conformance.reference import optimizers_adam as relatives
from fixtures.samples import sample

KERAS = "https://keras.io/api/optimizers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim."
PAPER = "https://arxiv.org/abs/1412.6980"

ONE = ("float64",)
HALVES = ("float16", "bfloat16")
NEGLIGIBLE = 2.0**-120
"""An epsilon whose place does not matter."""
DECAY = 2.0**-5
BASE: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": NEGLIGIBLE}
SMALL = {**BASE, "epsilon": 2.0**-20}
HALF = {**BASE, "learning_rate": 2.0**-4, "epsilon": 2.0**-12}
DECIMAL = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


def torch_adam(torch, kind, *arrays, as_argument=False, double=False, **options):
    """A torch optimizer; ``double``: made while float64 is torch's default, as which it keeps its scalars."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if double else default)
    try:
        return torch_steps(torch, kind, *arrays, **options)
    finally:
        torch.set_default_dtype(default)


def torch_epsilon_hat(torch, kind, *arrays, epsilon, beta_2, **options):
    """A torch optimizer with Keras' epsilon: another one at each step."""

    def before(optimizer, t):
        optimizer.param_groups[0]["eps"] = epsilon / (1 - beta_2**t) ** 0.5

    return torch_steps(torch, kind, *arrays, before=before, epsilon=epsilon, beta_2=beta_2, **options)


def keras_as_torch(
    tf, kind, vector, matrix, vector_gradients, matrix_gradients, how="function", maximize=False, weight_decay=0.0,
    as_argument=False, decoupled_weight_decay=False, momentum_decay=1.0, **options,
):  # fmt: skip
    """A Keras optimizer as torch has it, by other gradients: of the other sign (``maximize``), or with the decay added.
    ``as_argument``: Keras' own ``weight_decay`` instead, which is torch's ``decoupled_weight_decay``. Keras has no
    ``momentum_decay``: its own is 1."""
    own = as_argument or decoupled_weight_decay
    if own:
        options["weight_decay"] = weight_decay
    sign = -1 if maximize else 1
    gradients = sign * vector_gradients, sign * matrix_gradients
    l2 = weight_decay if weight_decay and not own else None
    return keras_steps(tf, kind(**options), vector, matrix, *gradients, how=how, l2=l2)


def near_one(rng: np.random.Generator) -> tuple[Array, ...]:
    """Weights whose steps half precision does not lose."""
    vector, matrix, *gradients = steady(rng)
    return 1 + vector / 8, 1 + matrix / 8, *gradients


def of_epsilon(**options: Any) -> list[Any]:
    """Gradients so small that the place of epsilon decides, and the same with an epsilon that does not matter."""
    return [
        sample("tiny-gradients", tiny, edge=True, dtypes=MASTER, **{**options, "epsilon": 2.0**-20}),
        sample("tiny-gradients tiny-epsilon", tiny, edge=True, dtypes=ONE, **options),
    ]


REFUSED = [
    sample("bad-rate", steady, raises=True, dtypes=ONE, **{**BASE, "learning_rate": -(2.0**-7)}),
    sample("bad-beta", steady, raises=True, dtypes=ONE, **{**BASE, "beta_2": 1.0}),
    sample("bad-epsilon", steady, raises=True, dtypes=ONE, **{**BASE, "epsilon": -(2.0**-20)}),
]


def jax_adam(
    jax, *arrays, learning_rate, beta_1, beta_2, epsilon, amsgrad=False, maximize=False, weight_decay=0.0
):  # fmt: skip
    """optax.adam or optax.amsgrad"""
    kind = optax().amsgrad if amsgrad else optax().adam
    rule = kind(learning_rate, beta_1, beta_2, epsilon)
    return jax_steps(jax, with_decay(rule, maximize, weight_decay), *arrays)


def jax_adamw(
    jax, *arrays, learning_rate, beta_1, beta_2, epsilon, weight_decay, amsgrad=False, maximize=False
):  # fmt: skip
    """optax.adamw, or the parts of which it is made with optax.scale_by_amsgrad"""
    if amsgrad:
        decay = optax().add_decayed_weights(weight_decay)
        scaled = optax().scale_by_amsgrad(beta_1, beta_2, epsilon)
        rule = optax().chain(scaled, decay, optax().scale_by_learning_rate(learning_rate))
    else:
        rule = optax().adamw(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay)
    return jax_steps(jax, with_decay(rule, maximize), *arrays)


def jax_radam(
    jax, *arrays, learning_rate, beta_1, beta_2, epsilon, weight_decay=0.0, decoupled_weight_decay=False, maximize=False
):  # fmt: skip
    """optax.radam"""
    rule = optax().radam(learning_rate, beta_1, beta_2, epsilon)
    decays = (0.0, learning_rate * weight_decay) if decoupled_weight_decay else (weight_decay, 0.0)
    return jax_steps(jax, with_decay(rule, maximize, *decays), *arrays)


ADAM = (
    Case(
        "adam",
        "trajectory",
        ref.by_elements(ref.refusing(ref.ascending(ref.coupled(ref.adam)))),  # Algorithm 1 of the paper: torch's rule
        torch=[
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adam, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adam, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adam, *arrays, **options, fused=True),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.Adam, *arrays, **options, differentiable=True
            ),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.Adam, *arrays, **options, differentiable=True, double=True
            ),
        ], jax=[jax_adam],
        samples=[
            *sparing(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
                epsilon=[NEGLIGIBLE, 2.0**-3], amsgrad=[False, True], weight_decay=[0.0, DECAY], maximize=[False, True],
            )),
            *sparing(edges(BASE)),
            *of_epsilon(**BASE)[:1],
            decimal_rates(**DECIMAL),
            sample("half-precision", near_one, **HALF, dtypes=HALVES),
            sample("half-precision decimal-rates", near_one, **{**HALF, "beta_1": 0.9, "beta_2": 0.999}, dtypes=HALVES),
        ],
        modes=("eager",),
        sources=(PAPER, f"{TORCH}Adam.html"),
    ),
    Case(
        "adam_torch_and_keras",
        "trajectory",
        ref.by_elements(ref.refusing(ref.ascending(ref.decaying(ref.adam)))),
        torch=[lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adam, *arrays, **options)],
        tensorflow=[lambda tf, *arrays, **options: keras_as_torch(tf, tf.keras.optimizers.Adam, *arrays, **options)],
        samples=[
            sample("weight-decay amsgrad maximize", uneven, edge=True, **BASE, weight_decay=DECAY, amsgrad=True,
                   maximize=True, dtypes=MASTER),
            sample("decoupled-weight-decay", steady, **BASE, weight_decay=DECAY, decoupled_weight_decay=True,
                   dtypes=ONE),
            sample("weight-decay-argument", steady, **BASE, weight_decay=DECAY, as_argument=True, dtypes=ONE),
            *of_epsilon(**BASE),
            *REFUSED,
            decimal_rates(**{**DECIMAL, "epsilon": NEGLIGIBLE}),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(PAPER, f"{TORCH}Adam.html", f"{KERAS}adam/"),
    ),
    Case(
        "adam_epsilon_hat",
        "trajectory",
        ref.by_elements(ref.decoupled(partial(ref.adam, epsilon_hat=True))),
        torch=[lambda torch, *arrays, **options: torch_epsilon_hat(torch, torch.optim.AdamW, *arrays, **options)],
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adam(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adam(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adam(**options), *arrays, how="xla"),
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.AdamW(**options), *arrays, how="function"
            ),
        ],
        samples=[
            *sparing(grid(
                weight_decay=[DECAY, 0.0], learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5],
                beta_2=[1 - 2.0**-8, 0.75], epsilon=[2.0**-20, 2.0**-3], amsgrad=[False, True],
            )),
            *sparing(edges({**SMALL, "weight_decay": DECAY})),
            *of_epsilon(**BASE, weight_decay=0.0)[:1],
            decimal_rates(**DECIMAL, weight_decay=0.004),
            sample("half-precision", near_one, **HALF, weight_decay=0.0, dtypes=HALVES),
            sample("half-precision beta-like-1", near_one, **{**HALF, "learning_rate": 1.0, "beta_2": 0.999},
                   weight_decay=0.0, dtypes=("bfloat16",)),
        ],
        modes=("eager",),
        sources=(PAPER, f"{KERAS}adam/", f"{KERAS}adamw/"),
    ),
    Case(
        "adamw",
        "trajectory",
        ref.by_elements(ref.ascending(ref.decoupled(ref.adam))),
        torch=[
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.AdamW, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.AdamW, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.AdamW, *arrays, **options, fused=True),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.AdamW, *arrays, **options, differentiable=True
            ),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.Adam, *arrays, **options, decoupled_weight_decay=True
            ),
        ], jax=[jax_adamw],
        samples=[
            *sparing(grid(
                weight_decay=[DECAY, 2.0**-2], learning_rate=[2.0**-7], beta_1=[0.875], beta_2=[1 - 2.0**-8],
                epsilon=[NEGLIGIBLE, 2.0**-3], amsgrad=[False, True], maximize=[False, True],
            )),
            sample("zero-gradients", zeros, edge=True, dtypes=MASTER, **BASE, weight_decay=DECAY),
            decimal_rates(**DECIMAL, weight_decay=0.01),
        ],
        modes=("eager",),
        sources=("https://arxiv.org/abs/1711.05101", f"{TORCH}AdamW.html"),
    ),
)  # fmt: skip

ADAMAX = (
    Case(
        "adamax",
        "trajectory",
        ref.by_elements(ref.refusing(ref.ascending(ref.coupled(relatives.adamax)))),
        torch=[
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adamax, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adamax, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.Adamax, *arrays, **options, differentiable=True
            ),
        ],
        jax=[
            lambda jax, *arrays, learning_rate, beta_1, beta_2, epsilon, maximize=False, weight_decay=0.0: (
                jax_steps(jax, with_decay(optax().adamax(learning_rate, beta_1, beta_2, epsilon), maximize,
                    weight_decay), *arrays)
            ),
        ],
        samples=[
            *sparing(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
                epsilon=[NEGLIGIBLE, 2.0**-3], weight_decay=[0.0, DECAY], maximize=[False, True],
            )),
            *sparing(edges(BASE)),
            *of_epsilon(**BASE)[:1],
            decimal_rates(**DECIMAL),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(PAPER, f"{TORCH}Adamax.html"),
    ),
    Case(
        "adamax_torch_and_keras",
        "trajectory",
        ref.by_elements(ref.ascending(ref.coupled(relatives.adamax))),
        torch=[lambda torch, *arrays, **options: torch_adam(torch, torch.optim.Adamax, *arrays, **options)],
        tensorflow=[lambda tf, *arrays, **options: keras_as_torch(tf, tf.keras.optimizers.Adamax, *arrays, **options)],
        samples=[
            sample("weight-decay maximize", uneven, edge=True, **BASE, weight_decay=DECAY, maximize=True,
                   dtypes=MASTER),
            sample("weight-decay-argument", steady, **BASE, weight_decay=DECAY, as_argument=True, dtypes=ONE),
            *of_epsilon(**BASE)[:1],
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(PAPER, f"{TORCH}Adamax.html", f"{KERAS}adamax/"),
    ),
    Case(
        "adamax_epsilon_added",
        "trajectory",
        ref.by_elements(ref.decoupled(partial(relatives.adamax, epsilon_added=True))),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adamax(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adamax(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adamax(**options), *arrays, how="xla"),
        ],
        samples=[
            *sparing(grid(
                weight_decay=[DECAY, 0.0], learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5],
                beta_2=[1 - 2.0**-8, 0.75], epsilon=[2.0**-20, 2.0**-3],
            )),
            *of_epsilon(**BASE)[:1],
            decimal_rates(**DECIMAL),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(PAPER, f"{KERAS}adamax/"),
    ),
)  # fmt: skip

NADAM = {**SMALL, "momentum_decay": 2.0**-8}
RADAM = (
    Case(
        "nadam",
        "trajectory",
        ref.by_elements(ref.refusing(ref.ascending(ref.decaying(relatives.nadam)))),
        torch=[
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.NAdam, *arrays, **options, foreach=False, double=True
            ),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.NAdam, *arrays, **options, foreach=True, double=True
            ),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.NAdam, *arrays, **options, differentiable=True, double=True
            ),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.NAdam, *arrays, **options),
        ],
        samples=[
            *sparing(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
                epsilon=[2.0**-20, 2.0**-3], momentum_decay=[2.0**-8, 1.0], weight_decay=[0.0, DECAY],
                decoupled_weight_decay=[False, True], maximize=[False, True],
            )),
            *sparing(edges(NADAM)),
            *of_epsilon(**NADAM)[:1],
            decimal_rates(**DECIMAL, momentum_decay=0.004),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ", f"{TORCH}NAdam.html"),
    ),
    Case(
        "nadam_with_fixed_decay",
        "trajectory",
        ref.by_elements(ref.decoupled(partial(relatives.nadam, momentum_decay=1.0))),
        torch=[
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.NAdam, *arrays, **options, momentum_decay=1, decoupled_weight_decay=True, double=True
            )
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Nadam(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Nadam(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Nadam(**options), *arrays, how="xla"),
        ],
        samples=[
            sample("base", steady, **SMALL, weight_decay=DECAY, dtypes=MASTER),
            *grid(
                weight_decay=[DECAY, 0.0], learning_rate=[2.0**-4, 2.0**-7], beta_1=[0.5, 0.875],
                beta_2=[0.75, 1 - 2.0**-8], epsilon=[2.0**-3, 2.0**-20], dtypes=("float32",),
            )[1:],
            sample("uneven-gradients", uneven, edge=True, **SMALL, weight_decay=DECAY, dtypes=("float32",)),
            *of_epsilon(**BASE, weight_decay=DECAY)[:1],
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ", f"{KERAS}Nadam/"),
    ),
    Case(
        "radam",
        "trajectory",
        ref.by_elements(ref.refusing(ref.ascending(ref.decaying(relatives.radam)))),
        torch=[
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.RAdam, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_adam(torch, torch.optim.RAdam, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_adam(
                torch, torch.optim.RAdam, *arrays, **options, differentiable=True
            ),
        ],
        jax=[jax_radam],
        samples=[
            *sparing(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
                epsilon=[2.0**-20, 2.0**-3], weight_decay=[0.0, DECAY], decoupled_weight_decay=[False, True],
                maximize=[False, True],
            )),
            sample("never-rectified", steady, dtypes=MASTER, **{**SMALL, "beta_2": 0.5}),
            *sparing(edges(SMALL)),
            *of_epsilon(**SMALL)[:1],
            decimal_rates(**DECIMAL),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1908.03265", f"{TORCH}RAdam.html"),
    ),
)  # fmt: skip

CASES = (*ADAM, *ADAMAX, *RADAM)
