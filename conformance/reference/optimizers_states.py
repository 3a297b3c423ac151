"""What is around every optimizer: groups, absent and accumulated gradients, averages of weights, scaled losses."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from conformance.reference import optimizers
from conformance.reference.optimizers import Rule, State

Array = np.ndarray
Nudge = Callable[[Array], Array]

RULES: dict[str, Rule] = {
    "sgd": optimizers.ascending(optimizers.coupled(optimizers.sgd)),
    "adam": optimizers.ascending(optimizers.coupled(optimizers.adam)),
    "adamw": optimizers.decoupled(optimizers.adam),
}


def path(rule: Rule, w: Array, gradients: Iterable[Array | None], nudge: Nudge, **options: Any) -> Array:
    """One parameter after each step. Where there is no gradient, nothing happens, and the step is not counted."""
    state: State = {}
    t, after = 0, []
    for gradient in gradients:
        if gradient is not None:
            t += 1
            w = rule(w, nudge(gradient), state, t, nudge, **options)
        after.append(w)
    return np.stack(after)


def groups(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, learning_rates: tuple[float, float], momenta: tuple[float, float], joins: int = 1,
) -> dict[str, Array]:  # fmt: skip
    """A rate and a momentum for each parameter; the matrix is optimized from step ``joins``.
    https://docs.pytorch.org/docs/stable/optim.html#per-parameter-options"""
    later = [None if t < joins else g for t, g in enumerate(matrix_gradients, 1)]
    options = [{"learning_rate": r, "momentum": m} for r, m in zip(learning_rates, momenta, strict=True)]
    return {
        "vector": path(optimizers.sgd, vector, vector_gradients, nudge, **options[0]),
        "matrix": path(optimizers.sgd, matrix, later, nudge, **options[1]),
    }


def decay_groups(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, decays: tuple[float, float], **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """AdamW with a decay for each parameter."""
    return {
        "vector": path(RULES["adamw"], vector, vector_gradients, nudge, weight_decay=decays[0], **options),
        "matrix": path(RULES["adamw"], matrix, matrix_gradients, nudge, weight_decay=decays[1], **options),
    }


def absent(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, optimizer: str, lacking: str, as_zeros: bool = False, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """At every third step the vector, or both parameters, have no gradient: they are left alone, and so is what the
    optimizer remembers of them, the number of their steps included. A gradient of zeros is a step like any other.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html"""

    def given(gradients: Array, lacks: bool) -> list[Array | None]:
        nothing = [0 * g if as_zeros else None for g in gradients]
        return [nothing[i] if lacks and i % 3 == 2 else g for i, g in enumerate(gradients)]

    rule = RULES[optimizer]
    return {
        "vector": path(rule, vector, given(vector_gradients, True), nudge, **options),
        "matrix": path(rule, matrix, given(matrix_gradients, lacking == "both"), nudge, **options),
    }


def accumulated(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, optimizer: str, every: int, mean: bool = True, rate_decay: float = 1.0, by_updates: bool = True,
    **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """A step at every k-th gradient, by the mean (or the sum) of the last k; those left over at the end wait. The rate
    is that of the number n of steps taken: rate times rate_decay^n."""

    def after(w: Array, gradients: Array) -> Array:
        state: State = {}
        rows, total = [], np.zeros_like(w)
        for i, gradient in enumerate(gradients, 1):
            total = nudge(total + nudge(gradient))
            if i % every == 0:
                n = i // every - 1
                rate = options["learning_rate"] * rate_decay**n
                given = total / every if mean else total
                w = RULES[optimizer](w, given, state, n + 1, nudge, **{**options, "learning_rate": rate})
                total = np.zeros_like(w)
            rows.append(w)
        return np.stack(rows)

    return {"vector": after(vector, vector_gradients), "matrix": after(matrix, matrix_gradients)}


def averaged(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, decay: float, overwrite_every: int = 0, fitted: bool = False, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Weights, and their exponential moving average, which begins as the first of them: a <- decay a + (1 - decay) w.
    At every k-th step the average replaces the weights, if so asked.

    Polyak and Juditsky 1992, SIAM J. Control Optim. 30(4), with exponential weights;
    https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema, https://keras.io/api/optimizers/.
    """

    def after(w: Array, gradients: Array) -> tuple[Array, Array]:
        state: State = {}
        average, rows, averages = w, [], []
        for t, gradient in enumerate(gradients, 1):
            w = optimizers.sgd(w, nudge(gradient), state, t, nudge, **options)
            average = w if t == 1 else nudge(decay * average + (1 - w.dtype.type(decay)) * w)
            if overwrite_every and t % overwrite_every == 0:
                w = average
            rows.append(w)
            averages.append(average)
        return np.stack(rows), np.stack(averages)

    of_vector, of_matrix = after(vector, vector_gradients), after(matrix, matrix_gradients)
    return {
        "vector": of_vector[0], "matrix": of_matrix[0],
        "vector_average": of_vector[1], "matrix_average": of_matrix[1],
    }  # fmt: skip


def equally_averaged(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *, nudge: Nudge, **options: Any
) -> dict[str, Array]:
    """The mean of the weights after each of the first t steps (Izmailov et al. 2018, https://arxiv.org/abs/1803.05407,
    Algorithm 1): a <- a + (w - a) / t."""

    def after(w: Array, gradients: Array) -> Array:
        rows = path(optimizers.sgd, w, gradients, nudge, **options)
        means = [rows[0]]
        for t, row in enumerate(rows[1:], 2):
            means.append(nudge(means[-1] + (row - means[-1]) / t))
        return np.stack(means)

    return {"vector_average": after(vector, vector_gradients), "matrix_average": after(matrix, matrix_gradients)}


def scaled(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, overflows: Array, *,
    nudge: Nudge, optimizer: str, growth_interval: int, initial_scale: float | None = None, by: float = np.inf,
    **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Dynamic loss scaling: a step whose gradients are not all finite is not taken, and halves the scale; after
    ``growth_interval`` steps in a row that are, the scale doubles, unless it would be infinite.

    Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740, section 3.2;
    https://docs.pytorch.org/docs/stable/amp.html#torch.amp.GradScaler, whose scale begins as 2^16.
    """
    scale, good, scales = 2.0**16 if initial_scale is None else initial_scale, 0, []
    for overflow in overflows:
        good = 0 if overflow else good + 1
        if overflow:
            scale /= 2
        elif good == growth_interval:
            good = 0
            scale = scale * 2 if scale * 2 < 2.0**128 else scale
        scales.append(scale)
    given = [
        [None if o else g for o, g in zip(overflows, gradients, strict=True)]
        for gradients in (vector_gradients, matrix_gradients)
    ]
    return {
        "vector": path(RULES[optimizer], vector, given[0], nudge, **options),
        "matrix": path(RULES[optimizer], matrix, given[1], nudge, **options),
        "scale": np.array(scales, vector.dtype),
    }


def mixed(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, compute: str, factor: float = 1.0, scale: float = 1.0, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Weights in float32, of which the model computes with copies in half precision. The loss is such that its
    gradients are these, times a factor, and exact in half precision once they are scaled; so the weights go as if there
    were no half precision at all, and the copies are the rounded weights (``unequal``: how many are not).

    Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740, section 3.1.
    """
    rule = partial(path, optimizers.sgd)
    after = {
        "vector": rule(vector, vector_gradients * factor, nudge, **options),
        "matrix": rule(matrix, matrix_gradients * factor, nudge, **options),
    }
    return {**after, "unequal": np.zeros(len(vector_gradients), vector.dtype)}


def ascent(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
    nudge: Nudge, optimizer: str, **options: Any,
) -> dict[str, Array]:  # fmt: skip
    """Upwards: the gradient changes its sign, before a penalty is added to it."""
    return {
        "vector": path(RULES[optimizer], vector, vector_gradients, nudge, maximize=True, **options),
        "matrix": path(RULES[optimizer], matrix, matrix_gradients, nudge, maximize=True, **options),
    }


def restored(
    vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *, nudge: Nudge, **options: Any
) -> dict[str, Array]:
    """How many weights, of an optimizer that was saved after half of the steps, restored and went on, differ from those
    of one that was not, after each of the other steps: none."""
    later = len(vector_gradients) - len(vector_gradients) // 2
    return {"vector": np.zeros(later, vector.dtype), "matrix": np.zeros(later, matrix.dtype)}


def resumed(x: Array, y: Array, *, nudge: Nudge, **options: Any) -> dict[str, Array]:
    """The same of a model's kernel and bias, after each of three steps."""
    return {"kernel": np.zeros(3, x.dtype), "bias": np.zeros(3, x.dtype)}


def second_gradient(w: Array, *, forget: str) -> Array:
    """That of sum w^2, 2 w, when it is asked for again."""
    return 2 * w
