"""Optimizers: from initial weights and fixed gradients to the weights after each of 50 steps.

torch and Keras document different places for epsilon in RMSprop and Adam. Each convention is a case with its own
reference; in the sample ``tiny-epsilon`` of the first, which is the setting that makes the frameworks agree, both
conventions are one. Keras keeps its hyperparameters in float32: a rate such as 0.01 is rounded there, a power of two is
not.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.reference import optimizers as ref
from fixtures.samples import sample

STEPS, SIZE = 50, 7
MASTER = ("float64", "float32")
"""Weights are kept in these formats, also where a model computes in a smaller one."""


def torch_steps(torch, make, weights, gradients):
    """The weights after each step of a torch optimizer that is given these gradients."""
    w = torch.nn.Parameter(weights.clone())
    optimizer, steps = make([w]), []
    for g in gradients:
        optimizer.zero_grad()
        w.grad = g.clone()
        optimizer.step()
        steps.append(w.detach().clone())
    return torch.stack(steps)


def keras_steps(tf, optimizer, weights, gradients, compiled):
    """The weights after each step of a Keras optimizer that is given these gradients."""
    w = tf.keras.Variable(weights, dtype=weights.dtype.name)
    optimizer.build([w])
    step = tf.function(lambda g: optimizer.apply([g], [w])) if compiled else lambda g: optimizer.apply([g], [w])
    steps = []
    for g in gradients:
        step(g)
        steps.append(tf.convert_to_tensor(w))
    return tf.stack(steps)


def steady(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients that change from step to step, none of them near 0."""
    signs = rng.choice([-1.0, 1.0], (STEPS, SIZE))
    return rng.standard_normal(SIZE), signs * rng.uniform(0.1, 1, (STEPS, SIZE))


def tiny(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients of the size at which epsilon matters."""
    weights, gradients = steady(rng)
    return weights, gradients * 10.0 ** rng.uniform(-8, -5, SIZE)


def with_zeros(rng: np.random.Generator) -> tuple[Array, ...]:
    """One weight that never gets a gradient, and one that gets a single one."""
    weights, gradients = steady(rng)
    gradients[:, 0] = 0
    gradients[1:, 1] = 0
    return weights, gradients


def samples(prefix: str = "", **options: Any) -> list[Sample]:
    """An optimizer's samples: with ``options`` as users write them; and, with some gradients zero, rounded to what
    float32 holds exactly."""
    exact: dict[str, Any] = {name: _representable(value) for name, value in options.items()}
    return [
        sample(f"{prefix}decimal-rates", steady, dtypes=MASTER, **options),
        sample(f"{prefix}zero-gradients", with_zeros, edge=True, dtypes=MASTER, **exact),
    ]


def samples_with_epsilon(**options: Any) -> list[Sample]:
    """The same, and two more with gradients so small that the place of epsilon decides; unless epsilon is below a unit
    roundoff of float64 times the smallest mean square, which is about 1e-19."""
    exact: dict[str, Any] = {name: _representable(value) for name, value in options.items()}
    return [
        *samples(**options),
        sample("tiny-gradients", tiny, edge=True, dtypes=MASTER, **exact),
        sample("tiny-epsilon", tiny, edge=True, dtypes=MASTER, **{**exact, "epsilon": 2.0**-120}),
    ]


def _representable(value: float) -> float:
    """The nearest of 2^-k and 1 - 2^-k (or 0)."""
    if value in (0.0, 1.0):
        return value
    return float(1 - _representable(1 - value) if value > 0.5 else 2.0 ** np.round(np.log2(value)))


RMSPROP = samples_with_epsilon(learning_rate=0.001, rho=0.9, epsilon=1e-7)
ADAM = samples_with_epsilon(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7)


CASES = (
    Case(
        "sgd",
        "trajectory",
        ref.sgd,
        torch=[
            lambda torch, weights, gradients, learning_rate, momentum: torch_steps(
                torch, lambda w: torch.optim.SGD(w, learning_rate, momentum, foreach=False), weights, gradients
            ),
            lambda torch, weights, gradients, learning_rate, momentum: torch_steps(
                torch, lambda w: torch.optim.SGD(w, learning_rate, momentum, foreach=True), weights, gradients
            ),
        ],
        tensorflow=[
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.SGD(**options), weights, gradients, compiled=False
            ),
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.SGD(**options), weights, gradients, compiled=True
            ),
        ],
        samples=[*samples(learning_rate=0.01, momentum=0.0), *samples("momentum-", learning_rate=0.01, momentum=0.9)],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "http://proceedings.mlr.press/v28/sutskever13.html",
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
            "https://keras.io/api/optimizers/sgd/",
        ),
    ),
    Case(
        "rmsprop",
        "trajectory",
        ref.rmsprop,  # epsilon outside the square root: torch's rule
        torch=[
            lambda torch, weights, gradients, learning_rate, rho, epsilon: torch_steps(
                torch,
                lambda w: torch.optim.RMSprop(w, learning_rate, rho, epsilon, foreach=False),
                weights,
                gradients,
            ),
            lambda torch, weights, gradients, learning_rate, rho, epsilon: torch_steps(
                torch, lambda w: torch.optim.RMSprop(w, learning_rate, rho, epsilon, foreach=True), weights, gradients
            ),
        ],
        tensorflow=[
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.RMSprop(**options), weights, gradients, compiled=True
            ),
        ],
        samples=RMSPROP,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html",),
    ),
    Case(
        "rmsprop_epsilon_inside",
        "trajectory",
        lambda weights, gradients, **options: ref.rmsprop(weights, gradients, epsilon_inside=True, **options),
        tensorflow=[
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.RMSprop(**options), weights, gradients, compiled=False
            ),
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.RMSprop(**options), weights, gradients, compiled=True
            ),
        ],
        samples=RMSPROP,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://keras.io/api/optimizers/rmsprop/",),
    ),
    Case(
        "adam",
        "trajectory",
        ref.adam,  # Algorithm 1 of the paper: torch's rule
        torch=[
            lambda torch, weights, gradients, learning_rate, beta_1, beta_2, epsilon: torch_steps(
                torch,
                lambda w: torch.optim.Adam(w, learning_rate, (beta_1, beta_2), epsilon, foreach=False),
                weights,
                gradients,
            ),
            lambda torch, weights, gradients, learning_rate, beta_1, beta_2, epsilon: torch_steps(
                torch,
                lambda w: torch.optim.Adam(w, learning_rate, (beta_1, beta_2), epsilon, foreach=True),
                weights,
                gradients,
            ),
            lambda torch, weights, gradients, learning_rate, beta_1, beta_2, epsilon: torch_steps(
                torch,
                lambda w: torch.optim.Adam(w, learning_rate, (beta_1, beta_2), epsilon, fused=True),
                weights,
                gradients,
            ),
        ],
        tensorflow=[
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.Adam(**options), weights, gradients, compiled=True
            ),
        ],
        samples=ADAM,
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://arxiv.org/abs/1412.6980",
            "https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html",
        ),
    ),
    Case(
        "adam_epsilon_hat",
        "trajectory",
        lambda weights, gradients, **options: ref.adam(weights, gradients, epsilon_hat=True, **options),
        tensorflow=[
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.Adam(**options), weights, gradients, compiled=False
            ),
            lambda tf, weights, gradients, **options: keras_steps(
                tf, tf.keras.optimizers.Adam(**options), weights, gradients, compiled=True
            ),
        ],
        samples=ADAM,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", "https://keras.io/api/optimizers/adam/"),
    ),
)
