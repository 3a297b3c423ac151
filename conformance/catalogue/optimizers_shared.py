"""What the entries of optimizers share: parameters and gradients, grids of options, and how a framework is stepped.

Every case has two parameters, a vector and a matrix, with a gradient for each at each of `STEPS` steps. Keras keeps its
hyperparameters in float32: samples name rates that float32 holds exactly, but for those called ``decimal-rates``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from allpairspy import AllPairs

from conformance.case import Array, Sample
from fixtures.samples import sample

STEPS = 100
VECTOR, MATRIX = (6,), (3, 2)
MASTER = ("float64", "float32")
"""Weights are kept in these formats, also where a model computes in a smaller one."""


# Parameters and gradients: (vector, matrix, vector_gradients, matrix_gradients)


def steady(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients that change from step to step, none of them near 0."""

    def gradients(shape: tuple[int, ...]) -> Array:
        return np.asarray(rng.choice([-1.0, 1.0], (STEPS, *shape)) * rng.uniform(0.1, 1, (STEPS, *shape)))

    return rng.standard_normal(VECTOR), rng.standard_normal(MATRIX), gradients(VECTOR), gradients(MATRIX)


def brief(rng: np.random.Generator) -> tuple[Array, ...]:
    """The first of the steady gradients."""
    vector, matrix, *gradients = steady(rng)
    return vector, matrix, *(g[: STEPS // 4] for g in gradients)


def tiny(rng: np.random.Generator) -> tuple[Array, ...]:
    """Gradients of the size at which epsilon matters."""
    vector, matrix, *gradients = steady(rng)
    return vector, matrix, *(g * 10.0 ** rng.uniform(-8, -5, g.shape[1:]) for g in gradients)


def uneven(rng: np.random.Generator) -> tuple[Array, ...]:
    """In the vector: a weight that never gets a gradient, one that gets a single one, one that gets one at every tenth
    step, and one with a single huge one. In the matrix: rows in turn (as of an embedding), the last one never."""
    vector, matrix, of_vector, of_matrix = steady(rng)
    of_vector[:, 0] = 0
    of_vector[1:, 1] = 0
    of_vector[np.arange(STEPS) % 10 != 3, 2] = 0
    of_vector[STEPS // 3, 3] *= 2.0**20
    of_matrix[np.arange(STEPS) % 2 != 0, 0] = 0
    of_matrix[np.arange(STEPS) % 3 != 1, 1] = 0
    of_matrix[:, 2] = 0
    return vector, matrix, of_vector, of_matrix


def zeros(rng: np.random.Generator) -> tuple[Array, ...]:
    """No gradient but zeros: what still moves does so by itself."""
    vector, matrix, *gradients = steady(rng)
    return vector, matrix, *(0 * g for g in gradients)


def one_nan(rng: np.random.Generator) -> tuple[Array, ...]:
    """One gradient of the vector's is NaN: a rule by elements loses that weight, and no other."""
    vector, matrix, of_vector, of_matrix = steady(rng)
    of_vector[STEPS // 2, 1] = np.nan
    return vector, matrix, of_vector, of_matrix


# Samples


def grid(make: Any = steady, *, dtypes: tuple[str, ...] = MASTER, **levels: list[Any]) -> list[Sample]:
    """Combinations of options in which each pair of values of any two options occurs; the first value of each is its
    base, and a sample's name says what differs from that. (Pairwise testing: Cohen et al. 1997, *The AETG system*, IEEE
    Transactions on Software Engineering 23(7).) Steady gradients are the first 25 alone: what an option does shows
    there, and a step of Keras takes milliseconds. What takes longer to show is in `edges` and `decimal_rates`."""
    single = {name: values[0] for name, values in levels.items() if len(values) == 1}
    varied = {name: values for name, values in levels.items() if len(values) > 1}
    rows = [dict(zip(varied, row, strict=True)) for row in AllPairs(list(varied.values()))] if len(varied) > 1 else [
        {name: value} for name, values in varied.items() for value in values
    ] or [{}]  # fmt: skip

    def name(row: dict[str, Any]) -> str:
        changed = {k: v for k, v in row.items() if v != varied[k][0]}
        said = [k if len(varied[k]) == 2 else f"{k}={v}" for k, v in changed.items()]
        return " ".join(said).replace("_", "-").replace(" ", "+") or "base"

    made = brief if make is steady else make
    return [sample(name(row), made, dtypes=dtypes, **single, **row) for row in rows]


def sparing(samples: list[Sample]) -> list[Sample]:
    """All of them in float64, which shows every fault best; in float32 the first."""
    first, *others = samples
    return [first, *(replace(s, dtypes=("float64",)) for s in others)]


def edges(options: Mapping[str, Any]) -> list[Sample]:
    """One combination of options, with gradients that are not ordinary."""
    return [
        sample("uneven-gradients", uneven, edge=True, dtypes=MASTER, **options),
        sample("zero-gradients", zeros, edge=True, dtypes=MASTER, **options),
        sample("one-nan", one_nan, edge=True, dtypes=MASTER, **options),
    ]


def decimal_rates(**options: Any) -> Sample:
    """Rates as users write them, which binary formats round."""
    return sample("decimal-rates", steady, dtypes=MASTER, **options)


# Steps


def torch_steps(torch, kind, vector, matrix, vector_gradients, matrix_gradients, before=None, **options):
    """Both parameters after each step of a torch optimizer of a ``kind`` that is given these gradients; the options are
    named as Keras names them. ``before(optimizer, t)`` is called before step t."""
    named = {"learning_rate": "lr", "epsilon": "eps"}
    renamed = {named.get(k, k): v for k, v in options.items() if k not in ("beta_1", "beta_2")}
    if "beta_1" in options:
        renamed["betas"] = (options["beta_1"], options["beta_2"])
    parameters = [torch.nn.Parameter(vector.clone()), torch.nn.Parameter(matrix.clone())]
    if options.get("differentiable"):  # its steps are recorded, which a leaf of the graph refuses
        parameters = [parameter.clone() for parameter in parameters]
    optimizer, steps = kind(parameters, **renamed), []
    for t, gradients in enumerate(zip(vector_gradients, matrix_gradients, strict=True), 1):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        if before:
            before(optimizer, t)
        optimizer.step()
        steps.append([parameter.detach().clone() for parameter in parameters])
    return {"vector": torch.stack([v for v, _ in steps]), "matrix": torch.stack([m for _, m in steps])}


def keras_steps(
    tf, optimizer, vector, matrix, vector_gradients, matrix_gradients, *, how="eager", before=None, l2=None
):
    """Both parameters after each step of a Keras optimizer that is given these gradients, and that of ``l2 / 2 |w|^2``;
    ``how``: eager, function or xla. ``before(optimizer, t)`` is called before step t."""
    variables = [tf.keras.Variable(tf.identity(a), dtype=a.dtype) for a in (vector, matrix)]
    optimizer.build(variables)

    def step(gradients):
        if l2 is not None:
            gradients = [g + l2 * v for g, v in zip(gradients, variables, strict=True)]
        optimizer.apply(gradients, variables)
        return [tf.convert_to_tensor(v) for v in variables]

    if how != "eager":
        step = tf.function(step, jit_compile=how == "xla", autograph=False)
    steps = []
    for t, gradients in enumerate(zip(tf.unstack(vector_gradients), tf.unstack(matrix_gradients), strict=True), 1):
        if before:
            before(optimizer, t)
        steps.append(step(gradients))
    return {"vector": tf.stack([v for v, _ in steps]), "matrix": tf.stack([m for _, m in steps])}
