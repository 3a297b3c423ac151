"""Authorities for what is around optimizers: whole trajectories by linear filters; steps that are not taken are left
out before, and filled in afterwards."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
import scipy.signal

Array = np.ndarray


def both(f: Callable[..., Array]) -> Callable[..., dict[str, Array]]:
    """``f(w, gradients, **options)``, the weights after each step, for both parameters."""

    def of_both(vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, **options: Any) -> dict[str, Array]:
        return {"vector": f(vector, of_vector, **options), "matrix": f(matrix, of_matrix, **options)}

    return of_both


def recurrence(a: float, start: Array, x: Array) -> Array:
    """y <- a y + x, from ``start``."""
    return np.asarray(scipy.signal.lfilter([1.0], [1.0, -a], np.concatenate([start[None], x]), axis=0)[1:])


def velocities(g: Array, momentum: float = 0.0, dampening: float = 0.0) -> Array:
    """v <- momentum v + (1 - dampening) g; the first is g."""
    weights = np.where(np.arange(len(g)) == 0, 1, 1 - dampening).reshape(-1, *(1,) * (g.ndim - 1))
    return np.asarray(scipy.signal.lfilter([1.0], [1.0, -momentum], weights * g, axis=0))


def adam_directions(g: Array, beta_1: float, beta_2: float, epsilon: float) -> Array:
    t = np.arange(1, len(g) + 1).reshape(-1, *(1,) * (g.ndim - 1))
    m, v = (scipy.signal.lfilter([1 - b], [1, -b], x, axis=0) / (1 - b**t) for b, x in ((beta_1, g), (beta_2, g * g)))
    return np.asarray(m / (np.sqrt(v) + epsilon))


def path(w: Array, g: Array, optimizer: str = "sgd", learning_rate: float = 0.0, **options: float) -> Array:
    """SGD or Adam, of steps that are all taken."""
    decay = options.pop("weight_decay", 0.0)
    directions = (velocities if optimizer == "sgd" else adam_directions)(g, **options)
    return recurrence(1 - learning_rate * decay, w, -learning_rate * directions)


def filled(w: Array, after: Array, taken: Array) -> Array:
    """The weights after all steps, from those after the steps that are taken."""
    return np.concatenate([w[None], after])[np.cumsum(taken)]


def some(w: Array, g: Array, taken: Array, **options: Any) -> Array:
    return filled(w, path(w, g[taken], **options), taken)


def groups(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array,
    learning_rates: tuple[float, float], momenta: tuple[float, float], joins: int = 1,
) -> dict[str, Array]:  # fmt: skip
    options = [{"learning_rate": r, "momentum": m} for r, m in zip(learning_rates, momenta, strict=True)]
    later = np.arange(1, len(of_matrix) + 1) >= joins
    return {"vector": path(vector, of_vector, **options[0]), "matrix": some(matrix, of_matrix, later, **options[1])}


def decay_groups(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, decays: tuple[float, float], **options: Any
) -> dict[str, Array]:
    given = {"vector": (vector, of_vector, decays[0]), "matrix": (matrix, of_matrix, decays[1])}
    return {k: path(w, g, "adam", weight_decay=d, **options) for k, (w, g, d) in given.items()}


def absent(
    vector: Array,
    matrix: Array,
    of_vector: Array,
    of_matrix: Array,
    lacking: str,
    as_zeros: bool = False,
    **options: Any,
) -> dict[str, Array]:
    there = np.arange(1, len(of_vector) + 1) % 3 != 0

    def one(w: Array, g: Array) -> Array:
        if as_zeros:
            return path(w, g * there.reshape(-1, *(1,) * (g.ndim - 1)), **options)
        return some(w, g, there, **options)

    whole = path(matrix, of_matrix, **options) if lacking == "vector" else one(matrix, of_matrix)
    return {"vector": one(vector, of_vector), "matrix": whole}


def accumulated(
    w: Array, g: Array, every: int, mean: bool = True, rate_decay: float = 1.0, by_updates: bool = True, **options: Any
) -> Array:
    taken = np.arange(1, len(g) + 1) % every == 0
    blocks = g[: taken.sum() * every].reshape(-1, every, *g.shape[1:]).sum(axis=1) / (every if mean else 1)
    # Without momentum, a rate that decays is a gradient that does.
    blocks = blocks * (rate_decay ** np.arange(len(blocks))).reshape(-1, *(1,) * (g.ndim - 1))
    return filled(w, path(w, blocks, **options), taken)


def averaged(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array,
    decay: float, overwrite_every: int = 0, fitted: bool = False, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """An overwritten trajectory is one that is moved: SGD's steps do not depend on the weights."""

    def one(w: Array, g: Array) -> tuple[Array, Array]:
        rows, seen, averages = path(w, g, **options), [], []
        for t in range(len(g)):
            seen.append(rows[t].copy())
            past = decay ** np.arange(t, -1.0, -1.0) * np.where(np.arange(t + 1) == 0, 1, 1 - decay)
            averages.append(np.tensordot(past, np.stack(seen), 1))
            if overwrite_every and (t + 1) % overwrite_every == 0:
                rows[t:] += averages[t] - rows[t]
        return rows, np.stack(averages)

    of = {"vector": one(vector, of_vector), "matrix": one(matrix, of_matrix)}
    return {k: p[0] for k, p in of.items()} | {f"{k}_average": p[1] for k, p in of.items()}


def equally_averaged(*arrays: Array, **options: Any) -> dict[str, Array]:
    paths = both(path)(*arrays, **options)
    return {
        f"{k}_average": np.cumsum(p, axis=0) / np.arange(1, len(p) + 1).reshape(-1, *(1,) * (p.ndim - 1))
        for k, p in paths.items()
    }


def scaled(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, overflows: Array,
    growth_interval: int, initial_scale: float | None = None, by: float = 0.0, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    exponents: list[float] = []
    last = np.log2(initial_scale or 65536.0)
    for bad, run in groupby(overflows):
        length = len(list(run))
        exponents += [last + (-k if bad else k // growth_interval) for k in range(1, length + 1)]
        last = exponents[-1]
    return {
        "vector": some(vector, of_vector, ~overflows, **options),
        "matrix": some(matrix, of_matrix, ~overflows, **options),
        "scale": 2.0 ** np.array(exponents),
    }


def nothing(*arrays: Array, **options: Any) -> dict[str, Array]:
    later = len(arrays[2]) - len(arrays[2]) // 2
    return {"vector": np.zeros(later), "matrix": np.zeros(later)}


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "parameter_groups": groups,
    "weight_decay_groups": decay_groups,
    "absent_gradients": absent,
    "gradient_accumulation": both(accumulated),
    "averaged_weights": averaged,
    "equally_averaged_weights": equally_averaged,
    "scaled_loss": scaled,
    "scaled_loss_with_dampening": scaled,
    # Down the negative of the gradient, with a decay that keeps its sign.
    "ascent": lambda v, m, gv, gm, **options: both(path)(v, m, -gv, -gm, **options),
    "second_gradient": lambda w, forget: w + w,
    "torch_state_restored": nothing,
    "keras_state_restored": nothing,
    "keras_state_restored_from_checkpoint": nothing,
    "training_resumed": lambda x, y, optimizer: {"kernel": np.zeros(3), "bias": np.zeros(3)},
}
