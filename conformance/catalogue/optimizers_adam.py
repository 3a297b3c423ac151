"""Optimizers: the update rules, each as its framework documents it.

torch and Keras document different places for epsilon in RMSprop and Adam. Each convention is a case with its own
reference; in the sample ``tiny-epsilon`` of the first, which is the setting that makes the frameworks agree, both
conventions are one.
"""

from functools import partial

from conformance.case import Case
from conformance.catalogue.optimizers_shared import (
    MASTER,
    decimal_rates,
    edges,
    grid,
    keras_steps,
    of_epsilon,
    torch_steps,
)
from conformance.reference import optimizers as ref

KERAS = "https://keras.io/api/optimizers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim."

ADAM = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-20, "amsgrad": False}
OF_ADAM = [
    *grid(
        learning_rate=[2.0**-7, 2.0**-4], beta_1=[0.875, 0.5], beta_2=[1 - 2.0**-8, 0.75],
        epsilon=[2.0**-20, 2.0**-3], amsgrad=[False, True],
    ),
    *edges(ADAM),
    *of_epsilon(ADAM),
    decimal_rates(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False),
]  # fmt: skip


CASES = (
    Case(
        "adam",
        "trajectory",
        ref.reference(ref.coupled(ref.ascending(ref.adam))),  # Algorithm 1 of the paper: torch's rule
        torch=[
            lambda torch, *arrays, **options: torch_steps(torch, torch.optim.Adam, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_steps(torch, torch.optim.Adam, *arrays, **options, foreach=True),
            lambda torch, *arrays, **options: torch_steps(torch, torch.optim.Adam, *arrays, **options, fused=True),
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adam(**options), *arrays, how="function")
        ],
        samples=OF_ADAM,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", f"{TORCH}Adam.html"),
    ),
    Case(
        "adam_epsilon_hat",
        "trajectory",
        ref.reference(ref.decoupled(partial(ref.adam, epsilon_hat=True))),
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adam(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adam(**options), *arrays),
            lambda tf, *arrays, **options: keras_steps(tf, tf.keras.optimizers.Adam(**options), *arrays, how="xla"),
        ],
        samples=OF_ADAM,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", f"{KERAS}adam/"),
    ),
)
