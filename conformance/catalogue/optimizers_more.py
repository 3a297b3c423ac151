"""Optimizers: Adafactor, Lion, LAMB, Schedule-Free AdamW and Muon.

torch has Adafactor and Muon, Keras all of them. Each framework is held to the rule that it documents; where that is not
the paper's, the paper's is another case, and the samples in which both are one pass in both.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue import optimizers_functions, optimizers_sparse
from conformance.catalogue.jax_shared import jax_steps, optax
from conformance.catalogue.optimizers_shared import (
    MASTER,
    STEPS,
    decimal_rates,
    edges,
    grid,
    keras_steps,
    one_nan,
    steady,
    tiny,
    torch_steps,
    zeros,
)
from conformance.reference import optimizers as ref
from conformance.reference import optimizers_more as more
from fixtures.samples import sample

KERAS = "https://keras.io/api/optimizers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim."
KERAS_SOURCE = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/optimizers/"

# Adafactor: 2^-70 is nothing beside gradients of 0.1, and its square is still a float32.
ADAFACTOR: dict[str, Any] = {
    "learning_rate": 2.0**-7,
    "beta_2_decay": -0.75,
    "epsilon_2": 2.0**-10,
    "clip_threshold": 1.0,
}
LION: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-6}
LAMB: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-20}
SCHEDULE_FREE: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-20}
MUON: dict[str, Any] = {
    "learning_rate": 2.0**-7,
    "momentum": 0.875,
    "nesterov": True,
    "ns_steps": 5,
    "weight_decay": 0.0,
    "adjust": None,
}
ADAMW: dict[str, Any] = {
    "adam_beta_1": 0.875,
    "adam_beta_2": 1 - 2.0**-8,
    "adam_weight_decay": 0.0,
    "epsilon": 2.0**-20,
}


def torch_adafactor(torch, kind, *arrays, epsilon_1, epsilon_2, beta_2_decay, clip_threshold, default=False, **options):
    """torch's names; ``default``: epsilon_1 is left to torch."""
    eps = (None if default else epsilon_1, epsilon_2)
    return torch_steps(torch, kind, *arrays, eps=eps, beta2_decay=beta_2_decay, d=clip_threshold, **options)


def torch_muon(torch, *arrays, coefficients=(3.4445, -4.7750, 2.0315), epsilon=1e-7, adjust=None, **options):
    """torch's names; its ``adjust_lr_fn`` has no None that changes nothing, but leaves matrices that are not tall."""
    adjust = {None: "original", 0.2: "match_rms_adamw"}.get(adjust, adjust)
    named = {"ns_coefficients": coefficients, "eps": epsilon, "adjust_lr_fn": adjust}
    steps = torch_steps(torch, torch.optim.Muon, *arrays, **named, **options)
    return {"first": steps["vector"], "second": steps["matrix"]}


def keras_muon(tf, *arrays, how="eager", coefficients=(3.4445, -4.7750, 2.0315), adjust=0.2, **options):
    """Keras' names, and both matrices."""
    named = dict(zip(("muon_a", "muon_b", "muon_c"), coefficients, strict=True))
    steps = keras_steps(tf, tf.keras.optimizers.Muon(**named, rms_rate=adjust, **options), *arrays, how=how)
    return {"first": steps["vector"], "second": steps["matrix"]}


def keras_muon_with_vector(tf, *arrays, how="eager", coefficients=(3.4445, -4.7750, 2.0315), adjust=0.2, **options):
    """Keras' names."""
    named = dict(zip(("muon_a", "muon_b", "muon_c"), coefficients, strict=True))
    return keras_steps(tf, tf.keras.optimizers.Muon(**named, rms_rate=adjust, **options), *arrays, how=how)


def matrices(*shapes, steps=STEPS, scale=1.0):
    """Two matrices and their gradients, as `steady` has them."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        weights = [np.asarray(rng.standard_normal(shape)) for shape in shapes]
        signs = [rng.choice([-1.0, 1.0], (steps, *shape)) for shape in shapes]
        return *weights, *(scale * s * rng.uniform(0.1, 1, s.shape) for s in signs)

    return make


def no_gradients(rng: np.random.Generator) -> tuple[Array, ...]:
    """Nothing to make orthogonal."""
    first, second, *gradients = matrices((3, 5), (4, 4), steps=STEPS // 4)(rng)
    return first, second, *(0 * g for g in gradients)


def rank_one(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients of the first matrix, all of them multiples of one, have a single singular value that is not 0."""
    first, second, of_first, of_second = matrices((3, 5), (4, 4), steps=STEPS // 4)(rng)
    return first, second, of_first[:, :1, :1] * np.outer([1.0, -2.0, 0.5], [1.0, 0.25, -1.0, 2.0, 0.5]), of_second


def no_weights(rng: np.random.Generator) -> tuple[Array, ...]:
    """Weights of norm 0."""
    vector, matrix, *gradients = steady(rng)
    return 0 * vector, 0 * matrix, *gradients


def of_muon(samples: list[Sample]) -> list[Sample]:
    """The first in both formats. Of the others, those that scale are in float32, which alone Keras can; and for a
    quarter of the steps: an iteration of Newton-Schulz remembers nothing, and costs as much as ten steps of others."""

    def shorter(s: Sample) -> Sample:
        def make(rng: np.random.Generator) -> tuple[Array, ...]:
            first, second, *gradients = s.make(rng)
            return first, second, *(g[: STEPS // 4] for g in gradients)

        return replace(s, make=make, dtypes=("float32" if s.options["adjust"] == 0.2 else "float64",))

    return [samples[0], *map(shorter, samples[1:])]


def first_in_both(samples: list[Sample]) -> list[Sample]:
    """All but the first in float64 alone, where a wrong rule shows best: what differs in float32 is not an option."""
    return [samples[0], *(replace(s, dtypes=("float64",)) for s in samples[1:])]


CASES: tuple[Case, ...] = (
    Case(
        "adafactor",
        "trajectory",
        ref.reference(ref.decoupled(more.adafactor)),
        torch=[
            lambda torch, *arrays, **options: torch_adafactor(
                torch, torch.optim.Adafactor, *arrays, **options, foreach=False
            ),
            lambda torch, *arrays, **options: torch_adafactor(
                torch, torch.optim.Adafactor, *arrays, **options, foreach=True
            ),
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adafactor(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adafactor(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adafactor(**options), *arrays, how="xla"
            ),
        ],
        samples=[
            *first_in_both(grid(
                learning_rate=[2.0**-7, 0.5], beta_2_decay=[-0.75, -0.5], epsilon_2=[2.0**-10, 4.0],
                clip_threshold=[1.0, 2.0], epsilon_1=[2.0**-70],
            )),
            *first_in_both(edges({**ADAFACTOR, "epsilon_1": 2.0**-70})),
            sample("tiny-gradients", tiny, edge=True, dtypes=MASTER, **ADAFACTOR, epsilon_1=2.0**-40),
            sample("weight-decay", steady, dtypes=MASTER, **ADAFACTOR, epsilon_1=2.0**-70, weight_decay=0.25),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1804.04235", f"{KERAS}adafactor/"),
    ),
    Case(
        "adafactor_epsilon_at_use",
        "trajectory",
        ref.reference(ref.ascending(partial(more.adafactor, at_use=True))),
        torch=[
            lambda torch, *arrays, **options: torch_adafactor(
                torch, torch.optim.Adafactor, *arrays, **options, foreach=False
            ),
            lambda torch, *arrays, **options: torch_adafactor(
                torch, torch.optim.Adafactor, *arrays, **options, foreach=True
            ),
        ],
        samples=[
            *first_in_both(grid(
                learning_rate=[2.0**-7, 0.5], beta_2_decay=[-0.75, -0.5], epsilon_1=[2.0**-20, 0.5],
                epsilon_2=[2.0**-10, 4.0], clip_threshold=[1.0, 2.0], weight_decay=[0.0, 0.25], maximize=[False, True],
            )),
            *first_in_both(edges({**ADAFACTOR, "epsilon_1": 2.0**-20})),
            sample("tiny-gradients", tiny, edge=True, dtypes=MASTER, **ADAFACTOR, epsilon_1=2.0**-20),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1804.04235", f"{TORCH}Adafactor.html"),
    ),
    Case(
        "adafactor_default_epsilon",
        "trajectory",
        ref.reference(partial(more.adafactor, at_use=True)),  # epsilon_1 is the machine epsilon of the dtype
        torch=[
            lambda torch, *arrays, **options: torch_adafactor(
                torch, torch.optim.Adafactor, *arrays, **options, default=True
            )
        ],
        samples=[
            sample("float64", tiny, dtypes=("float64",), **ADAFACTOR, epsilon_1=2.0**-52),
            sample("float32", tiny, dtypes=("float32",), **ADAFACTOR, epsilon_1=2.0**-23),
            sample("zero-gradients", zeros, edge=True, dtypes=MASTER, **ADAFACTOR, epsilon_1=2.0**-52),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}Adafactor.html",),
    ),
    Case(
        "adafactor_constant_rate",
        "trajectory",
        ref.reference(partial(more.adafactor, relative_step=False)),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adafactor(**options, relative_step=False), *arrays, how="function"
            )
        ],
        samples=[
            sample("small-rate", steady, dtypes=MASTER, **ADAFACTOR, epsilon_1=2.0**-70),
            sample("large-rate", steady, dtypes=MASTER, **{**ADAFACTOR, "learning_rate": 0.5}, epsilon_1=2.0**-70),
            sample("zero-gradients", zeros, edge=True, dtypes=MASTER, **ADAFACTOR, epsilon_1=2.0**-70),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}adafactor/", f"{KERAS_SOURCE}adafactor.py"),
    ),
    Case(
        "lion",
        "trajectory",
        ref.reference(ref.decoupled(more.lion)),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Lion(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Lion(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Lion(**options), *arrays, how="xla"),
        ],
        jax=[
            lambda jax, *arrays, learning_rate, beta_1, beta_2, weight_decay=0.0: (
                jax_steps(jax, optax().lion(learning_rate, beta_1, beta_2, weight_decay=weight_decay), *arrays)
            ),
        ],
        samples=[
            *first_in_both(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-6, 0.75],
                weight_decay=[0.0, 0.25],
            )),
            *first_in_both(edges(LION)),
            decimal_rates(learning_rate=0.001, beta_1=0.9, beta_2=0.99, weight_decay=0.1),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/2302.06675", f"{KERAS}lion/"),
    ),
    Case(
        "lamb",
        "trajectory",
        ref.reference(more.lamb),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Lamb(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Lamb(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Lamb(**options), *arrays, how="xla"),
        ],
        jax=[
            lambda jax, *arrays, learning_rate, beta_1, beta_2, epsilon, weight_decay=0.0: (
                jax_steps(jax, optax().lamb(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay), *arrays)
            ),
        ],
        samples=[
            *first_in_both(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
                epsilon=[2.0**-20, 2.0**-3],
            )),
            *first_in_both(edges(LAMB)),
            sample("tiny-gradients", tiny, edge=True, dtypes=MASTER, **LAMB),
            sample("zero-weights", no_weights, edge=True, dtypes=MASTER, **LAMB),
            sample("weight-decay", steady, dtypes=MASTER, **LAMB, weight_decay=0.25),
            decimal_rates(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1904.00962", f"{KERAS}lamb/"),
    ),
    Case(
        "lamb_decoupled_decay",
        "trajectory",
        ref.reference(ref.decoupled(more.lamb)),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Lamb(**options), *arrays, how="function"
            )
        ],
        samples=[
            *first_in_both(grid(
                learning_rate=[2.0**-7, 2.0**-4], weight_decay=[0.25, 2.0], beta_1=[0.875], beta_2=[1 - 2.0**-8],
                epsilon=[2.0**-20],
            )),
            sample("zero-gradients", zeros, edge=True, dtypes=MASTER, **LAMB, weight_decay=0.25),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}lamb/", f"{KERAS_SOURCE}lamb.py"),
    ),
    Case(
        "schedule_free_adamw",
        "trajectory",
        ref.reference(more.schedule_free_adamw),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.ScheduleFreeAdamW(**options), *arrays, how="function"
            )
        ],
        samples=[
            # Without a memory of squares there is no bias, and all weights of the average are equal.
            sample("no-memory-of-squares", steady, dtypes=MASTER, **{**SCHEDULE_FREE, "beta_2": 0.0}),
            sample("base", steady, dtypes=MASTER, **SCHEDULE_FREE),
            sample("warmup", steady, dtypes=MASTER, **{**SCHEDULE_FREE, "beta_2": 0.0}, warmup_steps=10),
            sample("weight-decay", steady, dtypes=MASTER, **{**SCHEDULE_FREE, "beta_2": 0.0}, weight_decay=0.25),
            sample("zero-gradients", zeros, edge=True, dtypes=MASTER, **SCHEDULE_FREE),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/2405.15682",),
    ),
    Case(
        "schedule_free_adamw_of_keras",
        "trajectory",
        ref.reference(more.schedule_free_adamw_of_keras),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.ScheduleFreeAdamW(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.ScheduleFreeAdamW(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.ScheduleFreeAdamW(**options), *arrays, how="xla"
            ),
        ],
        samples=[
            *first_in_both(grid(
                learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
                epsilon=[2.0**-20, 2.0**-3], warmup_steps=[0, 10], weight_decay=[0.0, 0.25],
            )),
            *first_in_both(edges(SCHEDULE_FREE)),
            sample("tiny-gradients", tiny, edge=True, dtypes=MASTER, **SCHEDULE_FREE),
            decimal_rates(learning_rate=0.0025, beta_1=0.9, beta_2=0.999, epsilon=1e-8),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}schedule_free_adamw/", f"{KERAS_SOURCE}schedule_free_adamw.py"),
    ),
    Case(
        "muon",
        "trajectory",
        more.of_matrices(more.muon),
        torch=[torch_muon],
        tensorflow=[
            lambda tf, *arrays, **options: keras_muon(tf, *arrays, **options, how="function"),
            lambda tf, *arrays, **options: keras_muon(tf, *arrays, **options),
            lambda tf, *arrays, **options: keras_muon(tf, *arrays, **options, how="xla"),
        ],
        samples=[
            *of_muon(grid(
                matrices((3, 5), (4, 4)), learning_rate=[2.0**-7, 2.0**-4], momentum=[0.875, 0.5],
                nesterov=[True, False], ns_steps=[5, 2], weight_decay=[0.0, 0.25], adjust=[None, 0.2],
            )),
            sample("rms-rate", matrices((3, 5), (4, 4), steps=STEPS // 4), dtypes=("float32",),
                   **{**MUON, "adjust": 0.2}),
            sample("rank-one", rank_one, edge=True, dtypes=MASTER, **MUON),
            sample("zero-gradients", no_gradients, edge=True, dtypes=MASTER, **MUON),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://kellerjordan.github.io/posts/muon/", "https://arxiv.org/abs/2502.16982", f"{KERAS}muon/"),
    ),
    Case(
        "muon_bfloat16",
        "trajectory",
        more.of_matrices(partial(more.muon, bfloat16=True)),
        torch=[torch_muon],
        samples=[
            *of_muon(grid(
                matrices((5, 3), (4, 4)), learning_rate=[2.0**-7, 2.0**-4], momentum=[0.875, 0.5],
                nesterov=[True, False], ns_steps=[5, 2], weight_decay=[0.0, 0.25],
                adjust=["original", "match_rms_adamw"], coefficients=[(3.4445, -4.775, 2.0315), (1.875, -1.25, 0.375)],
            )),
            sample("zero-gradients", no_gradients, edge=True, dtypes=MASTER, **{**MUON, "adjust": "original"}),
            sample("tiny-gradients", matrices((5, 3), (4, 4), steps=STEPS // 4, scale=2.0**-30), edge=True,
                   dtypes=MASTER, **{**MUON, "adjust": "original"}),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://kellerjordan.github.io/posts/muon/", f"{TORCH}Muon.html"),
    ),
    Case(
        "muon_with_adamw",
        "trajectory",
        ref.reference(more.muon_with_adamw),
        torch=[
            lambda torch, *arrays, **options: torch_steps(
                torch, torch.optim.Muon, *arrays, lr=options["learning_rate"], momentum=options["momentum"]
            )
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_muon_with_vector(tf, *arrays, **options, how="function"),
            lambda tf, *arrays, **options: keras_muon_with_vector(tf, *arrays, **options),
            lambda tf, *arrays, **options: keras_muon_with_vector(tf, *arrays, **options, how="xla"),
        ],
        samples=[
            *of_muon(grid(
                learning_rate=[2.0**-7, 2.0**-4], momentum=[0.875, 0.5], nesterov=[True, False], ns_steps=[5, 2],
                weight_decay=[0.0, 0.25], adam_weight_decay=[0.25, 0.0], adam_beta_1=[0.875, 0.5],
                adam_beta_2=[1 - 2.0**-8, 0.75], epsilon=[2.0**-20, 2.0**-3], adam_lr_ratio=[1.0, 0.25],
                adjust=[None, 0.2], coefficients=[(3.4445, -4.775, 2.0315), (1.875, -1.25, 0.375)],
            )),
            sample("rms-rate", steady, dtypes=MASTER, **{**MUON, "adjust": 0.2}, **ADAMW),
            sample("one-nan", one_nan, edge=True, dtypes=MASTER, **MUON, **ADAMW),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}muon/", f"{KERAS_SOURCE}muon.py"),
    ),
    *optimizers_sparse.CASES,
    *optimizers_functions.CASES,
)  # fmt: skip
