"""Authorities for optimizers that scale each weight's step: one weight at a time, in plain Python, as the papers' and
the frameworks' pseudo-code has it; what has a closed form (averages, variances, sums) by that."""

import math
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np
import scipy.signal

Array = np.ndarray
Scalar = Callable[..., list[float]]


def each(f: Scalar) -> Callable[..., dict[str, Array]]:
    """``f(w, gradients, **options)``, the values of one weight after each step, for all weights."""

    def all_weights(w: Array, gradients: Array, **options: Any) -> Array:
        columns = gradients.reshape(len(gradients), -1).astype(float).T.tolist()
        steps = [f(float(x), column, **options) for x, column in zip(w.ravel(), columns, strict=True)]
        return np.array(steps).T.reshape(gradients.shape)

    def both(vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, **options: Any) -> dict[str, Array]:
        return {
            "vector": all_weights(vector, of_vector, **options),
            "matrix": all_weights(matrix, of_matrix, **options),
        }

    return both


def averaged(rho: float, x: list[float]) -> list[float]:
    """The mean with weights (1 - rho) rho^k, k steps ago."""
    return [float(y) for y in scipy.signal.lfilter([1 - rho], [1.0, -rho], x)]


def variances(rho: float, x: list[float]) -> list[float]:
    """That of the same weights, without a subtraction that cancels: with m the mean before,
    s <- rho (s + (1 - rho) (x - m)^2)."""
    before = [0.0, *averaged(rho, x)[:-1]]
    squares = [(a - m) ** 2 for a, m in zip(x, before, strict=True)]
    return [float(s) for s in scipy.signal.lfilter([rho * (1 - rho)], [1.0, -rho], squares)]


def rates(learning_rate: float, later_rate: float | None, n: int) -> list[float]:
    later = learning_rate if later_rate is None else later_rate
    return [learning_rate] * (n // 2) + [later] * (n - n // 2)


def descended(
    w: float, g: list[float], weight_decay: float, maximize: bool, steps: Callable[..., list[float]]
) -> list[float]:
    """The weights, given all steps for all gradients. With weight decay a gradient depends on the weight, so that the
    steps are found one after another."""
    sign = -1 if maximize else 1
    if not weight_decay:
        return [w - s for s in accumulate(steps([sign * x for x in g]))]
    decayed: list[float] = []
    weights: list[float] = []
    for x in g:
        decayed.append(sign * x + weight_decay * w)
        w -= steps(decayed)[-1]
        weights.append(w)
    return weights


def rmsprop(
    w: float, g: list[float], *, learning_rate: float, rho: float, epsilon: float, momentum: float, centered: bool,
    weight_decay: float = 0.0, maximize: bool = False, later_rate: float | None = None, momentum_rescaled: bool = False,
) -> list[float]:  # fmt: skip
    rate = rates(learning_rate, later_rate, len(g))

    def steps(x: list[float]) -> list[float]:
        v = variances(rho, x) if centered else averaged(rho, [a * a for a in x])
        plain = [a / (math.sqrt(b) + epsilon) for a, b in zip(x, v, strict=True)]
        moving = scipy.signal.lfilter([1.0], [1.0, -momentum], plain)
        return [float(r * b) for r, b in zip(rate, moving, strict=False)]

    return descended(w, g, weight_decay, maximize, steps)


def rmsprop_of_keras(
    w: float, g: list[float], *, learning_rate: float, rho: float, epsilon: float, momentum: float, centered: bool,
    decoupled_weight_decay: float = 0.0, later_rate: float | None = None,
) -> list[float]:  # fmt: skip
    rate = rates(learning_rate, later_rate, len(g))
    v = variances(rho, g) if centered else averaged(rho, [a * a for a in g])
    increments = [r * a / math.sqrt(b + epsilon) for r, a, b in zip(rate, g, v, strict=True)]
    return shrunk(w, rate, scipy.signal.lfilter([1.0], [1.0, -momentum], increments), decoupled_weight_decay)


def shrunk(w: float, rate: list[float], steps: Any, decay: float) -> list[float]:
    weights = []
    for r, s in zip(rate, steps, strict=True):
        w = w * (1 - r * decay) - float(s)
        weights.append(w)
    return weights


def adagrad(
    w: float, g: list[float], *, learning_rate: float, initial_accumulator_value: float, epsilon: float,
    lr_decay: float = 0.0, weight_decay: float = 0.0, maximize: bool = False,
) -> list[float]:  # fmt: skip
    def steps(x: list[float]) -> list[float]:
        sums = list(accumulate((a * a for a in x), initial=initial_accumulator_value))[1:]
        return [
            learning_rate / (1 + i * lr_decay) * a / (math.sqrt(s) + epsilon)
            for i, (a, s) in enumerate(zip(x, sums, strict=True))
        ]

    return descended(w, g, weight_decay, maximize, steps)


def adagrad_of_keras(
    w: float, g: list[float], *, learning_rate: float, initial_accumulator_value: float, epsilon: float,
    decoupled_weight_decay: float = 0.0,
) -> list[float]:  # fmt: skip
    sums = list(accumulate((a * a for a in g), initial=initial_accumulator_value))[1:]
    steps = [learning_rate * a / math.sqrt(s + epsilon) for a, s in zip(g, sums, strict=True)]
    return shrunk(w, [learning_rate] * len(g), steps, decoupled_weight_decay)


def adadelta(
    x: float, g: list[float], *, learning_rate: float, rho: float, epsilon: float, weight_decay: float = 0.0,
    decoupled_weight_decay: float = 0.0, maximize: bool = False,
) -> list[float]:  # fmt: skip
    """Zeiler's Algorithm 1, with E[g^2] and E[dx^2] as sums over all of the past."""
    gradients: list[float] = []
    moves: list[float] = []
    weights = []

    def mean_square(past: list[float]) -> float:
        return math.fsum((1 - rho) * rho**k * a * a for k, a in enumerate(reversed(past)))

    for a in g:
        x *= 1 - learning_rate * decoupled_weight_decay
        gradients.append((-a if maximize else a) + weight_decay * x)
        moves.append(
            -math.sqrt(mean_square(moves) + epsilon) / math.sqrt(mean_square(gradients) + epsilon) * gradients[-1]
        )
        x += learning_rate * moves[-1]
        weights.append(x)
    return weights


def rprop(
    w: float, g: list[float], *, learning_rate: float, etas: tuple[float, float], step_sizes: tuple[float, float],
    maximize: bool = False,
) -> list[float]:  # fmt: skip
    """The lines of torch's documentation."""
    size, before, weights = learning_rate, 0.0, []
    for x in g:
        x = -x if maximize else x
        same = (x > 0) - (x < 0) if before > 0 else (x < 0) - (x > 0) if before < 0 else 0
        if same > 0:
            size = min(size * etas[1], step_sizes[1])
        elif same < 0:
            size = max(size * etas[0], step_sizes[0])
            x = 0.0
        w -= math.copysign(size, x) if x else 0.0
        if math.isnan(x):
            w = math.nan
        weights.append(w)
        before = x
    return weights


def asgd_weights(
    w: float, g: list[float], *, learning_rate: float, lambd: float, alpha: float, t0: float,
    weight_decay: float = 0.0, maximize: bool = False,
) -> list[float]:  # fmt: skip
    """Gradient descent on the objective with a penalty lambd/2 w^2."""
    weights = []
    for t, x in enumerate(g):
        gradient = (-x if maximize else x) + weight_decay * w + lambd * w
        w -= learning_rate * math.exp(-alpha * math.log1p(lambd * learning_rate * t)) * gradient
        weights.append(w)
    return weights


def asgd(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, t0: float, **options: Any
) -> dict[str, Array]:
    """The mean is that of the weights of all steps after t0 + 1; before, the last ones."""
    steps = each(asgd_weights)(vector, matrix, of_vector, of_matrix, t0=t0, **options)

    def means(weights: Array) -> Array:
        first = [min(max(int(t0) + 1, 0), t) for t in range(len(weights))]
        return np.array([weights[a : t + 1].mean(axis=0) for t, a in enumerate(first)])

    return {**steps, **{f"{name}_average": means(weights) for name, weights in steps.items()}}


def ftrl(counted: int) -> Scalar:
    """McMahan's w minimizes z w + 1/2 (sum of sigma) w^2 + l1 |w| + 1/2 counted l2 w^2 over all of the past, so that it
    is the soft threshold of -z over the curvature."""

    def f(
        w: float, g: list[float], *, learning_rate: float, learning_rate_power: float, initial_accumulator_value: float,
        l1_regularization_strength: float, l2_regularization_strength: float,
        l2_shrinkage_regularization_strength: float, beta: float, decoupled_weight_decay: float = 0.0,
    ) -> list[float]:  # fmt: skip
        sums = list(accumulate((a * a for a in g), initial=initial_accumulator_value))
        powers = [s**-learning_rate_power / learning_rate for s in sums]
        terms: list[float] = []
        weights = []
        for x, before, after in zip(g, powers, powers[1:], strict=False):
            w -= learning_rate * decoupled_weight_decay * w
            terms += [x, 2 * l2_shrinkage_regularization_strength * w, -(after - before) * w]
            z = math.fsum(terms) if all(map(math.isfinite, terms)) else math.nan
            curvature = after + beta / learning_rate + counted * l2_regularization_strength
            beyond = max(abs(z) - l1_regularization_strength, 0.0) if z == z else z
            w = -math.copysign(beyond, z) / curvature if beyond else 0.0
            weights.append(w)
        return weights

    return f


def documented(words: dict[str, str]) -> Callable[..., dict[str, Array]]:
    """Numbers as the documentation prints them."""

    def numbers(x: Array, kind: str, settings: tuple[str, ...]) -> dict[str, Array]:
        printed = dict(zip(settings, words[kind].split(), strict=True))
        split = {name: np.array(text.split("/"), np.float32).astype(x.dtype) for name, text in printed.items()}
        return {name: value if value.size > 1 else value[0] for name, value in split.items()}

    return numbers


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "rmsprop": each(rmsprop),
    "rmsprop_epsilon_inside": each(rmsprop_of_keras),
    "adagrad": each(adagrad),
    "adagrad_epsilon_inside": each(adagrad_of_keras),
    "adadelta": each(adadelta),
    "rprop": each(rprop),
    "asgd": asgd,
    "ftrl": each(ftrl(counted=2)),
    "ftrl_as_published": each(ftrl(counted=1)),
    "unshared_optimizer_defaults": documented({
        "Rprop": "1e-2 0.5/1.2 1e-6/50", "ASGD": "1e-2 1e-4 0.75 1e6 0", "Ftrl": "0.001 -0.5 0.1 0.0 0.0 0.0 0.0",
    }),
}  # fmt: skip
