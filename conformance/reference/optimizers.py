"""Optimizers: from initial weights and fixed gradients to the weights after every step.

A *rule* is one step for one parameter as its paper has it, ``rule(w, g, state, t, nudge, **options)``: it returns the
new weights and keeps what it remembers in ``state``, a dictionary that is empty before step ``t = 1``. `trajectory`
runs a rule; `decoupled`, `coupled` and `ascending` add what the frameworks give to every optimizer.

``nudge`` moves every element of an array by one unit roundoff (the identity in the exact run); a rule applies it to the
gradient, the state and the weights at every step, because a correct implementation rounds each of them there.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray
Nudge = Callable[[Array], Array]
State = dict[str, Any]
Rule = Callable[..., Array]


def trajectory(
    rule: Rule,
    vector: Array,
    matrix: Array,
    vector_gradients: Array,
    matrix_gradients: Array,
    *,
    nudge: Nudge,
    **options: Any,
) -> dict[str, Array]:
    """The two parameters after each step, (steps, n) and (steps, rows, columns), given their gradients at each."""
    weights = {"vector": vector, "matrix": matrix}
    states: dict[str, State] = {name: {} for name in weights}
    steps: dict[str, list[Array]] = {name: [] for name in weights}
    for t, gradients in enumerate(zip(vector_gradients, matrix_gradients, strict=True), 1):
        for name, gradient in zip(weights, gradients, strict=True):
            weights[name] = rule(weights[name], nudge(gradient), states[name], t, nudge, **options)
            steps[name].append(weights[name])
    return {name: np.stack(of_each) for name, of_each in steps.items()}


def reference(rule: Rule) -> Callable[..., dict[str, Array]]:
    """The trajectory of a rule, as a case has it."""
    return partial(trajectory, rule)


def ascending(rule: Rule) -> Rule:
    """torch's ``maximize``: the gradient changes its sign before anything else."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *, maximize: bool = False, **options: Any
    ) -> Array:
        return rule(w, -g if maximize else g, state, t, nudge, **options)

    return step


def coupled(rule: Rule) -> Rule:
    """torch's ``weight_decay`` (but for AdamW): the gradient of weight_decay/2 |w|^2 is added to that of the loss
    (Krogh and Hertz 1991, *A simple weight decay can improve generalization*, eq. 5)."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *, weight_decay: float = 0.0, **options: Any
    ) -> Array:
        return rule(w, nudge(g + weight_decay * w) if weight_decay else g, state, t, nudge, **options)

    return step


def decoupled(rule: Rule) -> Rule:
    """AdamW's ``weight_decay``, which Keras gives to every optimizer: w <- (1 - learning_rate weight_decay) w, before
    the step (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101, Algorithm 2)."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
        learning_rate: float, weight_decay: float = 0.0, **options: Any,
    ) -> Array:  # fmt: skip
        if weight_decay:
            w = nudge(w - learning_rate * weight_decay * w)
        return rule(w, g, state, t, nudge, learning_rate=learning_rate, **options)

    return step


def sgd(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, momentum: float = 0.0, dampening: float = 0.0, nesterov: bool = False,
) -> Array:  # fmt: skip
    """v <- momentum v + (1 - dampening) g, without dampening at the first step;  w <- w - learning_rate v.
    Nesterov: w <- w - learning_rate (g + momentum v).

    Polyak 1964, in the form of Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html, eqs. 1-4: at a
    constant rate it does not matter whether the rate multiplies the velocity (torch) or enters it (Keras).
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html documents dampening.
    """
    if not momentum:
        return nudge(w - learning_rate * g)
    v = state["v"] = nudge(momentum * state["v"] + (1 - dampening) * g) if state else g
    return nudge(w - learning_rate * (nudge(g + momentum * v) if nesterov else v))


def rmsprop(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, rho: float, epsilon: float, momentum: float = 0.0, centered: bool = False,
    epsilon_inside: bool = False, rate_inside: bool = False,
) -> Array:  # fmt: skip
    """v <- rho v + (1 - rho) g^2;  w <- w - learning_rate g / (sqrt(v) + epsilon), or / sqrt(v + epsilon).

    Hinton, *Neural Networks for Machine Learning*, lecture 6e. torch puts epsilon outside the square root
    (https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html), Keras inside
    (https://keras.io/api/optimizers/rmsprop/, keras/src/optimizers/rmsprop.py).

    ``centered``: v is replaced by the variance v - m^2 (Graves, https://arxiv.org/abs/1308.0850, eqs. 38-40), which is
    never negative: below 0 there is nothing but rounding. ``momentum``: b <- momentum b + step, w <- w - b. What enters
    b is the step with its rate in Keras (``rate_inside``) and without in torch: at a constant rate it does not matter.
    """
    one = w.dtype.type(1)
    v = state["v"] = nudge(rho * state.get("v", 0) + (one - rho) * g * g)
    if centered:
        m = state["m"] = nudge(rho * state.get("m", 0) + (one - rho) * g)
        v = np.maximum(v - m * m, 0)
    step = nudge(g / (np.sqrt(v + epsilon) if epsilon_inside else np.sqrt(v) + epsilon))
    if momentum:
        b = momentum * state.get("b", 0)
        step = state["b"] = nudge(b + learning_rate * step if rate_inside else b + step)
        if rate_inside:
            return nudge(w - step)
    return nudge(w - learning_rate * step)


def adam(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float, amsgrad: bool = False,
    epsilon_hat: bool = False,
) -> Array:  # fmt: skip
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  w <- w - rate m^ / (sqrt(v^) + epsilon).

    Kingma and Ba, https://arxiv.org/abs/1412.6980, Algorithm 1, with m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).
    ``epsilon_hat``: the reordered form at the end of their section 2, w <- w - rate sqrt(1 - b2^t) / (1 - b1^t) m /
    (sqrt(v) + epsilon), in which epsilon acts 1 / sqrt(1 - b2^t) times as strongly. Keras documents that it uses this
    form (https://keras.io/api/optimizers/adam/). ``amsgrad``: v is replaced by its largest value so far (Reddi et al.
    2018, https://openreview.net/forum?id=ryQu7f-RZ, Algorithm 2), before the bias is corrected in both frameworks.
    """
    one = w.dtype.type(1)
    m = state["m"] = nudge(beta_1 * state.get("m", 0) + (one - beta_1) * g)
    v = state["v"] = nudge(beta_2 * state.get("v", 0) + (one - beta_2) * g * g)
    if amsgrad:
        v = state["largest"] = np.maximum(state.get("largest", 0), v)
    # The powers are rounded before they are subtracted from 1: early on, that is where Adam loses most.
    correction_1, correction_2 = one - nudge((one * beta_1) ** t), one - nudge((one * beta_2) ** t)
    if epsilon_hat:
        update = np.sqrt(correction_2) / correction_1 * m / (np.sqrt(v) + epsilon)
    else:
        update = (m / correction_1) / (np.sqrt(v / correction_2) + epsilon)
    return nudge(w - learning_rate * nudge(update))
