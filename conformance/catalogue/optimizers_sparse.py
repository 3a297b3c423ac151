"""Optimizers with sparse gradients, of a table some rows of which are in a batch.

torch's SparseAdam alone is lazy: rows that are not in the batch stay where they are. Everywhere else a sparse gradient
means the dense one, and momentum goes on moving all rows.
"""

from functools import partial
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.optimizers_shared import MASTER
from conformance.reference import optimizers as ref
from conformance.reference.optimizers_scaled import adagrad
from conformance.reference.optimizers_sparse import sparse
from fixtures.samples import sample

KERAS = "https://keras.io/api/optimizers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim."

ADAM: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-60}


def torch_sparse(torch, kind, table, rows, values, *, how="sparse", **options):
    """The table after each step of a torch optimizer that is given these rows of its gradient; ``how``: sparse, the
    embedding's own, or dense."""
    named = {"learning_rate": "lr", "epsilon": "eps"}
    renamed = {named.get(k, k): v for k, v in options.items() if k not in ("beta_1", "beta_2")}
    if "beta_1" in options:
        renamed["betas"] = (options["beta_1"], options["beta_2"])
    parameter, steps = torch.nn.Parameter(table.clone()), []
    optimizer = kind([parameter], **renamed)
    for batch, gradients in zip(rows, values, strict=True):
        gradient = torch.sparse_coo_tensor(batch[None], gradients, table.shape, check_invariants=False)
        parameter.grad = gradient.to_dense() if how == "dense" else gradient
        if how == "embedding":
            parameter.grad = None
            torch.nn.functional.embedding(batch, parameter, sparse=True).backward(gradients)
        optimizer.step()
        steps.append(parameter.detach().clone())
    return {"table": torch.stack(steps)}


def keras_sparse(tf, optimizer, table, rows, values):
    """The table after each step of a Keras optimizer that is given these rows of its gradient."""
    variable = tf.keras.Variable(tf.identity(table), dtype=table.dtype)
    optimizer.build([variable])

    @tf.function(autograph=False)
    def step(batch, gradients):
        optimizer.apply([tf.IndexedSlices(gradients, batch, tf.constant(list(table.shape)))], [variable])
        return tf.convert_to_tensor(variable)

    given = zip(tf.unstack(rows), tf.unstack(values), strict=True)
    return {"table": tf.stack([step(batch, gradients) for batch, gradients in given])}


def lazy_momentum(tf, table, rows, values, learning_rate, momentum=0.0, nesterov=False):
    """By the kernel of TensorFlow 1's and 2's own optimizers."""
    variable, velocity = tf.Variable(table), tf.Variable(tf.zeros_like(table))
    rate, kept = (tf.constant(number, table.dtype) for number in (learning_rate, momentum))
    steps = []
    for batch, gradients in zip(tf.unstack(rows), tf.unstack(values), strict=True):
        tf.raw_ops.ResourceSparseApplyKerasMomentum(
            var=variable.handle, accum=velocity.handle, lr=rate, grad=gradients, indices=batch, momentum=kept,
            use_nesterov=nesterov,
        )  # fmt: skip
        steps.append(tf.identity(variable))
    return {"table": tf.stack(steps)}


def batches(kind):
    """A table of five rows, and at each of a hundred steps two rows of its gradient."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        rows = np.stack([rng.choice(4, 2, replace=False) for _ in range(100)])  # the last row never
        if kind == "twice":
            rows[::2, 1] = rows[::2, 0]
        if kind == "all":
            rows = np.tile(np.arange(5), (100, 1))
        if kind == "none":
            rows = rows[:, :0]
        shape = (*rows.shape, 2)
        values = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 1, shape)
        return rng.standard_normal((5, 2)), rows, values * (2.0**-20 if kind == "tiny" else 1)

    return make


def rows_of(**options) -> list[Sample]:
    """Rows of which some are not in the batch, are in it twice, are all in it."""
    return [
        sample("some-rows", batches("some"), dtypes=MASTER, **options),
        sample("repeated-rows", batches("twice"), edge=True, dtypes=("float64",), **options),
        sample("all-rows", batches("all"), edge=True, dtypes=("float64",), **options),
    ]


CASES: tuple[Case, ...] = (
    Case(
        "sparse_adam",
        "trajectory",
        sparse(ref.adam, lazy=True),
        torch=[
            lambda torch, *arrays, **options: torch_sparse(torch, torch.optim.SparseAdam, *arrays, **options),
            lambda torch, *arrays, **options: torch_sparse(
                torch, torch.optim.SparseAdam, *arrays, **options, how="embedding"
            ),
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_sparse(tf, tf.keras.optimizers.Adam(**options), *arrays)
        ],
        samples=[
            *rows_of(**ADAM),
            sample("tiny-gradients", batches("tiny"), edge=True, dtypes=("float64",), **{**ADAM, "epsilon": 2.0**-20}),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", f"{TORCH}SparseAdam.html"),
    ),
    Case(
        "sparse_adam_epsilon_hat",
        "trajectory",
        sparse(ref.ascending(partial(ref.adam, epsilon_hat=True)), lazy=True),
        torch=[
            lambda torch, *arrays, **options: torch_sparse(torch, torch.optim.SparseAdam, *arrays, **options),
            lambda torch, *arrays, **options: torch_sparse(
                torch, torch.optim.SparseAdam, *arrays, **options, how="embedding"
            ),
        ],
        samples=[
            *rows_of(**{**ADAM, "epsilon": 2.0**-3}),
            sample("tiny-gradients", batches("tiny"), edge=True, dtypes=MASTER, **{**ADAM, "epsilon": 2.0**-20}),
            sample("no-rows", batches("none"), edge=True, dtypes=MASTER, **ADAM),
            *(
                sample(name, batches("some"), dtypes=("float64",), **{
                    **ADAM, "learning_rate": rate, "beta_1": beta_1, "beta_2": beta_2, "epsilon": 2.0**-3,
                    "maximize": maximize,
                })
                for name, rate, beta_1, beta_2, maximize in (
                    ("learning-rate+beta-1+maximize", 2.0**-4, 0.5, 1 - 2.0**-8, True),
                    ("learning-rate+beta-2", 2.0**-4, 0.875, 0.75, False),
                    ("beta-1+beta-2+maximize", 2.0**-7, 0.5, 0.75, True),
                )
            ),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}SparseAdam.html",),
    ),
    Case(
        "sparse_rows_sgd",
        "trajectory",
        sparse(ref.sgd),
        torch=[lambda torch, *arrays, **options: torch_sparse(torch, torch.optim.SGD, *arrays, **options)],
        tensorflow=[
            lambda tf, *arrays, **options: keras_sparse(tf, tf.keras.optimizers.SGD(**options), *arrays),
            lazy_momentum,
        ],
        samples=[
            *rows_of(learning_rate=2.0**-7, momentum=0.875),
            sample("nesterov", batches("twice"), dtypes=MASTER, learning_rate=2.0**-7, momentum=0.875, nesterov=True),
            sample("no-momentum", batches("twice"), dtypes=("float64",), learning_rate=2.0**-7),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}SGD.html", f"{KERAS}sgd/"),
    ),
    Case(
        "sparse_rows_adam",
        "trajectory",
        sparse(ref.adam),
        torch=[
            lambda torch, *arrays, **options: torch_sparse(torch, torch.optim.Adam, *arrays, **options, how="dense"),
            lambda torch, *arrays, **options: torch_sparse(torch, torch.optim.Adam, *arrays, **options),
        ],
        tensorflow=[lambda tf, *arrays, **options: keras_sparse(tf, tf.keras.optimizers.Adam(**options), *arrays)],
        samples=rows_of(**ADAM),
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1412.6980", f"{KERAS}adam/"),
    ),
    Case(
        "sparse_rows_adagrad",
        "trajectory",
        sparse(adagrad),
        torch=[lambda torch, *arrays, **options: torch_sparse(torch, torch.optim.Adagrad, *arrays, **options)],
        tensorflow=[lambda tf, *arrays, **options: keras_sparse(tf, tf.keras.optimizers.Adagrad(**options), *arrays)],
        samples=rows_of(learning_rate=2.0**-4, initial_accumulator_value=0.125, epsilon=2.0**-60),
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}Adagrad.html", f"{KERAS}adagrad/"),
    ),
    Case(
        "sparse_rows_rmsprop",
        "trajectory",
        sparse(partial(ref.rmsprop, epsilon_inside=True)),
        tensorflow=[lambda tf, *arrays, **options: keras_sparse(tf, tf.keras.optimizers.RMSprop(**options), *arrays)],
        samples=rows_of(learning_rate=2.0**-7, rho=0.875, epsilon=2.0**-20),
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}rmsprop/",),
    ),
)  # fmt: skip
