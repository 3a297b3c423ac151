"""Optimizers that scale each weight's step by its own past: Adagrad, Adadelta, Rprop, FTRL; and averaged SGD.

Rules in the sense of `conformance.reference.optimizers`, where RMSprop and Adam are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference.optimizers import Array, Nudge, Rule, State, trajectory_of_elements, unmoved


def changing(rule: Rule) -> Rule:
    """A rule whose rate is another one after half of 100 steps. ``momentum_rescaled`` is for a route: that it does by
    hand what makes its framework's momentum follow."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
        learning_rate: float, later_rate: float | None = None, momentum_rescaled: bool = False, **options: Any,
    ) -> Array:  # fmt: skip
        rate = learning_rate if later_rate is None or t <= 50 else later_rate
        return rule(w, g, state, t, nudge, learning_rate=rate, **options)

    return step


def shrinking(rule: Rule) -> Rule:
    """Keras' ``weight_decay``, here ``decoupled_weight_decay``: a rule may have torch's too, which is another one. See
    `conformance.reference.optimizers.decoupled`."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
        learning_rate: float, decoupled_weight_decay: float = 0.0, **options: Any,
    ) -> Array:  # fmt: skip
        if decoupled_weight_decay:
            w = nudge(w - learning_rate * decoupled_weight_decay * w)
        return rule(w, g, state, t, nudge, learning_rate=learning_rate, **options)

    return step


def checked(rule: Rule) -> Rule:
    """Hyperparameters for which there is no rule are refused."""
    positive = "momentum", "epsilon", "initial_accumulator_value", "l1_regularization_strength"

    def step(w: Array, g: Array, state: State, t: int, nudge: Nudge, **options: Any) -> Array:
        if any(options.get(name, 0) < 0 for name in positive):
            raise ValueError(f"a negative number of {positive}")
        if not 0 <= options.get("rho", 0) <= 1:
            raise ValueError("an average whose weights grow")
        if options.get("learning_rate_power", 0) > 0:
            raise ValueError("a rate that grows")
        smaller, larger = options.get("etas", (0.5, 2.0))
        if not 0 < smaller < 1 < larger:
            raise ValueError("factors that do not shrink and grow")
        return rule(w, g, state, t, nudge, **options)

    return step


def adagrad(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, epsilon: float, initial_accumulator_value: float, lr_decay: float = 0.0,
    epsilon_inside: bool = False,
) -> Array:  # fmt: skip
    """s <- s + g^2, from ``initial_accumulator_value``;  w <- w - rate g / (sqrt(s) + epsilon), or / sqrt(s + epsilon).

    Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html, fig. 1 (the diagonal form). torch puts epsilon outside
    the square root and lowers the rate to learning_rate / (1 + (t - 1) lr_decay)
    (https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html), Keras puts epsilon inside
    (https://keras.io/api/optimizers/adagrad/, keras/src/optimizers/adagrad.py).
    """
    s = state["s"] = nudge(state.get("s", initial_accumulator_value) + g * g)
    rate = learning_rate / (w.dtype.type(1) + (t - 1) * lr_decay)
    return nudge(w - rate * nudge(g / (np.sqrt(s + epsilon) if epsilon_inside else np.sqrt(s) + epsilon)))


def adadelta(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *, learning_rate: float, rho: float, epsilon: float
) -> Array:
    """v <- rho v + (1 - rho) g^2;  d = sqrt(u + epsilon) / sqrt(v + epsilon) g;  u <- rho u + (1 - rho) d^2;
    w <- w - learning_rate d.

    Zeiler 2012, https://arxiv.org/abs/1212.5701, Algorithm 1, where the rate is 1.
    """
    one = w.dtype.type(1)
    v = state["v"] = nudge(rho * state.get("v", 0) + (one - rho) * g * g)
    u = state.get("u", np.zeros_like(w))
    d = nudge(np.sqrt(u + epsilon) / np.sqrt(v + epsilon) * g)
    state["u"] = nudge(rho * u + (one - rho) * d * d)
    return nudge(w - learning_rate * d)


def rprop(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, etas: tuple[float, float], step_sizes: tuple[float, float],
) -> Array:  # fmt: skip
    """Where the gradient keeps its sign, its step grows to at most the largest one; where it changes sign, the step
    shrinks to at least the smallest one, and this time is not taken; elsewhere the step stays as it is.
    w <- w - step sign(g).

    Riedmiller and Braun 1993, https://doi.org/10.1109/ICNN.1993.298623, in the form without backtracking that Igel and
    Hüsken 2000 call iRprop- (*Improving the Rprop learning algorithm*, Algorithm 3), which is what
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html documents.
    """
    (shrinking, growing), (smallest, largest) = etas, step_sizes
    before, size = state.get("g", np.zeros_like(g)), state.get("size", np.full_like(w, learning_rate))
    agreement = np.sign(before) * np.sign(g)
    size = np.where(agreement > 0, np.minimum(size * growing, largest), size)
    size = state["size"] = nudge(np.where(agreement < 0, np.maximum(size * shrinking, smallest), size))
    g = state["g"] = np.where(agreement < 0, 0, g)
    return nudge(w - size * np.sign(g))


def asgd(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, lambd: float, alpha: float, t0: float,
) -> Array:  # fmt: skip
    """w <- (1 - lambd rate) w - rate g, where rate = learning_rate / (1 + lambd learning_rate (t - 1))^alpha; and the
    mean a of the weights of the steps after t0 + 1:  a <- a + (w - a) / max(1, t - 1 - t0).

    Polyak and Juditsky 1992, https://doi.org/10.1137/0330046; the rates are those of Xu 2011,
    https://arxiv.org/abs/1107.2490, section 5, in the form of Torch 7 (optim/asgd.lua,
    https://github.com/torch/optim/blob/master/asgd.lua), whose arguments
    https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html has.
    """
    one = w.dtype.type(1)
    rate = learning_rate / (one + lambd * learning_rate * (t - 1)) ** alpha
    w = nudge(nudge((one - lambd * rate) * w) - rate * g)
    a = state.get("a", w)
    state["a"] = nudge(a + (w - a) / max(one, t - 1 - t0))
    return w


def ftrl(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, learning_rate_power: float, initial_accumulator_value: float,
    l1_regularization_strength: float, l2_regularization_strength: float,
    l2_shrinkage_regularization_strength: float, beta: float, l2_factor: float = 1,
) -> Array:  # fmt: skip
    """n' = n + g^2;  z <- z + g - (n'^p - n^p) / learning_rate w;  then w <- 0 where |z| <= l1, elsewhere
    w <- (sign(z) l1 - z) / ((beta + n'^p) / learning_rate + l2), with p = -learning_rate_power.

    McMahan et al. 2013, https://doi.org/10.1145/2487575.2488200, Algorithm 1 (p = 1/2, n = 0 at first), as
    https://keras.io/api/optimizers/ftrl/ documents it. Shrinkage adds 2 shrinkage w to the gradient in z, not in n
    (https://www.tensorflow.org/api_docs/python/tf/raw_ops/ApplyFtrlV2). ``l2_factor``: TensorFlow minimizes
    l2 |w|^2 where the paper has l2/2 |w|^2
    (https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/FtrlOptimizer), so that l2 counts twice.
    """
    n = state.get("n", np.full_like(w, initial_accumulator_value))
    new = state["n"] = nudge(n + g * g)
    after, before = nudge(new**-learning_rate_power), nudge(n**-learning_rate_power)
    shrinking = nudge(g + 2 * l2_shrinkage_regularization_strength * w)
    z = state["z"] = nudge(state.get("z", 0) + nudge(shrinking - (after - before) / learning_rate * w))
    scale = (beta + after) / learning_rate + l2_factor * l2_regularization_strength
    l1 = l1_regularization_strength
    return np.where(np.abs(z) <= l1, 0, nudge((np.sign(z) * l1 - z) / scale))


def with_average(rule: Rule) -> Callable[..., dict[str, Array]]:
    """The trajectory of a rule that keeps a mean of its weights, and that of the mean."""

    def both(
        vector: Array, matrix: Array, vector_gradients: Array, matrix_gradients: Array, *,
        nudge: Nudge = unmoved, **options: Any,
    ) -> dict[str, Array]:  # fmt: skip
        kept = []

        def step(w: Array, g: Array, state: State, t: int, nudge: Nudge, **options: Any) -> Array:
            w = rule(w, g, state, t, nudge, **options)
            kept.append(state["a"])
            return w

        arrays = vector, matrix, vector_gradients, matrix_gradients
        steps = trajectory_of_elements(step, *arrays, nudge=nudge, **options)
        of_vector, of_matrix = np.split(np.stack(kept), [len(vector)], axis=1)
        return {**steps, "vector_average": of_vector, "matrix_average": of_matrix.reshape(matrix_gradients.shape)}

    return both


DEFAULTS: dict[str, dict[str, Any]] = {
    "Rprop": {"learning_rate": 0.01, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50)},
    "ASGD": {"learning_rate": 0.01, "lambd": 1e-4, "alpha": 0.75, "t0": 1e6, "weight_decay": 0},
    "Ftrl": {
        "learning_rate": 0.001, "learning_rate_power": -0.5, "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0, "l2_regularization_strength": 0, "l2_shrinkage_regularization_strength": 0,
        "beta": 0,
    },
}  # fmt: skip
"""What https://docs.pytorch.org/docs/stable/optim.html says of the first two, https://keras.io/api/optimizers/ftrl/ of
the third."""


def defaults(x: Array, *, kind: str, settings: tuple[str, ...]) -> dict[str, Array]:
    """The documented defaults, as float32 holds them."""
    return {name: np.asarray(np.float32(DEFAULTS[kind][name]), x.dtype) for name in settings}
