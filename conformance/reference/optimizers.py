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


def unmoved(a: Array) -> Array:
    """The nudge of the exact run."""
    return a


def trajectory(
    rule: Rule,
    vector: Array,
    matrix: Array,
    vector_gradients: Array,
    matrix_gradients: Array,
    *,
    nudge: Nudge = unmoved,
    **options: Any,
) -> dict[str, Array]:
    """The two parameters after each step, (steps, n) and (steps, rows, columns), given their gradients at each."""
    options = stored(options, vector, nudge)
    weights = {"vector": vector, "matrix": matrix}
    states: dict[str, State] = {name: {} for name in weights}
    steps: dict[str, list[Array]] = {name: [] for name in weights}
    for t, gradients in enumerate(zip(vector_gradients, matrix_gradients, strict=True), 1):
        for name, gradient in zip(weights, gradients, strict=True):
            weights[name] = rule(weights[name], nudge(gradient), states[name], t, nudge, **options)
            steps[name].append(weights[name])
    return {name: np.stack(of_each) for name, of_each in steps.items()}


def stored(options: dict[str, Any], like: Array, nudge: Nudge) -> dict[str, Any]:
    """Hyperparameters as an implementation keeps them: those that float32 does not hold are rounded, once."""
    inexact = {k: v for k, v in options.items() if isinstance(v, float) and float(np.float32(v)) != v}
    return options | {k: scalar(like.dtype.type(v), nudge) for k, v in inexact.items()}


def scalar(x: Array, nudge: Nudge) -> Array:
    """Numbers of which there is one for all weights cost nothing: they are rounded to float32 or better. (In half
    precision 1 - 0.999 would be nothing but noise.)"""
    most = np.abs(x) * 2.0**-24
    return np.asarray(x + np.clip(nudge(x) - x, -most, most))


def reference(rule: Rule) -> Callable[..., dict[str, Array]]:
    """The trajectory of a rule, as a case has it."""
    return partial(trajectory, rule)


def by_elements(rule: Rule) -> Callable[..., dict[str, Array]]:
    """The trajectory of a rule that treats each weight by itself: both parameters as one vector, in half the time."""
    return partial(trajectory_of_elements, rule)


def trajectory_of_elements(
    rule: Rule,
    vector: Array,
    matrix: Array,
    vector_gradients: Array,
    matrix_gradients: Array,
    *,
    nudge: Nudge = unmoved,
    **options: Any,
) -> dict[str, Array]:
    """`trajectory`, of a rule that treats each weight by itself."""
    options = stored(options, vector, nudge)
    w, n, steps = np.concatenate([vector, matrix.ravel()]), len(vector), len(vector_gradients)
    state: State = {}
    taken = []
    for t, g in enumerate(np.concatenate([vector_gradients, matrix_gradients.reshape(steps, -1)], axis=1), 1):
        w = rule(w, nudge(g), state, t, nudge, **options)
        taken.append(w)
    weights = np.stack(taken)
    return {"vector": weights[:, :n], "matrix": weights[:, n:].reshape(matrix_gradients.shape)}


def refusing(rule: Rule) -> Rule:
    """Hyperparameters for which there is no rule are refused."""

    def step(w: Array, g: Array, state: State, t: int, nudge: Nudge, **options: Any) -> Array:
        if options["learning_rate"] < 0:
            raise ValueError("a negative rate climbs")
        if not all(0 <= options.get(name, 0) < 1 for name in ("beta_1", "beta_2")):
            raise ValueError("an average whose weights do not decay")
        if options.get("momentum", 0) < 0 or options.get("epsilon", 0) < 0:
            raise ValueError("a negative momentum or epsilon")
        if options.get("nesterov") and not options.get("momentum"):
            raise ValueError("Nesterov's form is one of momentum")
        return rule(w, g, state, t, nudge, **options)

    return step


def ascending(rule: Rule) -> Rule:
    """torch's ``maximize``: the gradient changes its sign before anything else."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *, maximize: bool = False, **options: Any
    ) -> Array:
        return rule(w, -g if maximize else g, state, t, nudge, **options)

    return step


def coupled(rule: Rule) -> Rule:
    """torch's ``weight_decay`` (but for AdamW): the gradient of weight_decay/2 |w|^2 is added to that of the loss
    (Krogh and Hertz 1991, *A simple weight decay can improve generalization*, eq. 5). ``as_argument`` is for the
    routes: that Keras is to be given it by that name, which means something else there."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
        weight_decay: float = 0.0, as_argument: bool = False, **options: Any,
    ) -> Array:  # fmt: skip
        return rule(w, nudge(g + weight_decay * w) if weight_decay else g, state, t, nudge, **options)

    return step


def dropping(rule: Rule) -> Rule:
    """``drop_at``: the learning rate is divided by 8 after that step (0: never)."""

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
        learning_rate: float, drop_at: int = 0, **options: Any,
    ) -> Array:  # fmt: skip
        rate = learning_rate / 8 if 0 < drop_at < t else learning_rate
        return rule(w, g, state, t, nudge, learning_rate=rate, **options)

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


def decaying(rule: Rule) -> Rule:
    """torch's ``decoupled_weight_decay`` of Adam, NAdam and RAdam: which of the two ``weight_decay`` is."""
    either = {True: decoupled(rule), False: coupled(rule)}

    def step(
        w: Array, g: Array, state: State, t: int, nudge: Nudge, *, decoupled_weight_decay: bool = False, **options: Any
    ) -> Array:
        return either[decoupled_weight_decay](w, g, state, t, nudge, **options)

    return step


def sgd(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, momentum: float = 0.0, dampening: float = 0.0, nesterov: bool = False,
    rate_in_velocity: bool = False,
) -> Array:  # fmt: skip
    """v <- momentum v + (1 - dampening) g, without dampening at the first step;  w <- w - learning_rate v.
    Nesterov: w <- w - learning_rate (g + momentum v).

    That is torch's (https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html, where its note says how it
    differs from the paper). ``rate_in_velocity``: v <- momentum v - learning_rate g;  w <- w + v, with Nesterov
    w <- w + momentum v - learning_rate g, which is Polyak's of 1964 as Sutskever et al. 2013 write it,
    http://proceedings.mlr.press/v28/sutskever13.html, eqs. 1-4, and Keras' (https://keras.io/api/optimizers/sgd/): the
    same until the rate changes, when the old one stays in the velocity.
    """
    if not momentum:
        return nudge(w - learning_rate * g)
    if rate_in_velocity:
        v = state["v"] = nudge(momentum * state.get("v", 0) - nudge(learning_rate * g))
        return nudge(w + (nudge(momentum * v - nudge(learning_rate * g)) if nesterov else v))
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
    m, v = moments(g, state, nudge, beta_1, beta_2)
    if amsgrad:
        v = state["largest"] = np.maximum(state.get("largest", 0), v)
    correction_1, correction_2 = corrections(w, t, nudge, beta_1, beta_2)
    if epsilon_hat:
        update = np.sqrt(correction_2) / correction_1 * m / (np.sqrt(v) + epsilon)
    else:
        update = (m / correction_1) / (np.sqrt(v / correction_2) + epsilon)
    return nudge(w - learning_rate * nudge(update))


def moments(g: Array, state: State, nudge: Nudge, beta_1: float, beta_2: float) -> tuple[Array, Array]:
    """The decaying averages of the gradient and of its square, from 0."""
    one = g.dtype.type(1)
    m = state["m"] = nudge(beta_1 * state.get("m", 0) + (one - beta_1) * g)
    v = state["v"] = nudge(beta_2 * state.get("v", 0) + (one - beta_2) * g * g)
    return m, v


def corrections(w: Array, t: int, nudge: Nudge, *betas: float) -> Array:
    """1 - beta^t of each. The powers are rounded before they are subtracted from 1: early on, that is where Adam loses
    most."""
    return np.asarray(1 - scalar(np.array(betas, w.dtype) ** t, nudge))
