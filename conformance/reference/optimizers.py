"""Update rules: from initial weights (n,) and fixed gradients (steps, n) to the weights after every step, (steps, n).

``nudge`` moves every element of an array by one unit roundoff (the identity in the exact run); each rule applies it to
the gradient, the state and the weights at every step, because a correct implementation rounds each of them there.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Nudge = Callable[[Array], Array]


def sgd(weights: Array, gradients: Array, *, nudge: Nudge, learning_rate: float, momentum: float = 0.0) -> Array:
    """v <- momentum v + g;  w <- w - learning_rate v.

    Polyak 1964, in the form of Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html, eqs. 1-2: at a
    constant rate it does not matter whether the rate multiplies the velocity (torch) or enters it (Keras).
    """
    velocity, steps = np.zeros_like(weights), []
    for g in gradients:
        velocity = nudge(momentum * velocity + nudge(g))
        weights = nudge(weights - learning_rate * velocity)
        steps.append(weights)
    return np.stack(steps)


def rmsprop(
    weights: Array,
    gradients: Array,
    *,
    nudge: Nudge,
    learning_rate: float,
    rho: float,
    epsilon: float,
    epsilon_inside: bool = False,
) -> Array:
    """v <- rho v + (1 - rho) g^2;  w <- w - learning_rate g / (sqrt(v) + epsilon), or / sqrt(v + epsilon).

    Hinton, *Neural Networks for Machine Learning*, lecture 6e. torch puts epsilon outside the square root
    (https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html), Keras inside
    (https://keras.io/api/optimizers/rmsprop/, keras/src/optimizers/rmsprop.py).
    """
    mean_square, steps = np.zeros_like(weights), []
    for g in gradients:
        weights, mean_square = rmsprop_step(
            weights, mean_square, nudge(g), nudge, learning_rate, rho, epsilon, epsilon_inside
        )
        steps.append(weights)
    return np.stack(steps)


def rmsprop_step(
    weights: Array,
    mean_square: Array,
    g: Array,
    nudge: Nudge,
    learning_rate: float,
    rho: float,
    epsilon: float,
    epsilon_inside: bool = False,
) -> tuple[Array, Array]:
    """The weights and the mean square after one step of `rmsprop`."""
    mean_square = nudge(rho * mean_square + (weights.dtype.type(1) - rho) * g * g)
    scale = np.sqrt(mean_square + epsilon) if epsilon_inside else np.sqrt(mean_square) + epsilon
    return nudge(weights - learning_rate * nudge(g / scale)), mean_square


def adam(
    weights: Array,
    gradients: Array,
    *,
    nudge: Nudge,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    epsilon_hat: bool = False,
) -> Array:
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  w <- w - rate m^ / (sqrt(v^) + epsilon).

    Kingma and Ba, https://arxiv.org/abs/1412.6980, Algorithm 1, with m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).
    ``epsilon_hat``: the reordered form at the end of their section 2, w <- w - rate sqrt(1 - b2^t) / (1 - b1^t) m /
    (sqrt(v) + epsilon), in which epsilon acts 1 / sqrt(1 - b2^t) times as strongly. Keras documents that it uses this
    form (https://keras.io/api/optimizers/adam/).
    """
    one = weights.dtype.type(1)
    m, v, steps = np.zeros_like(weights), np.zeros_like(weights), []
    for t, gradient in enumerate(gradients, 1):
        g = nudge(gradient)
        m = nudge(beta_1 * m + (one - beta_1) * g)
        v = nudge(beta_2 * v + (one - beta_2) * g * g)
        # The powers are rounded before they are subtracted from 1: early on, that is where Adam loses most.
        correction_1, correction_2 = one - nudge((one * beta_1) ** t), one - nudge((one * beta_2) ** t)
        if epsilon_hat:
            update = np.sqrt(correction_2) / correction_1 * m / (np.sqrt(v) + epsilon)
        else:
            update = (m / correction_1) / (np.sqrt(v / correction_2) + epsilon)
        weights = nudge(weights - learning_rate * nudge(update))
        steps.append(weights)
    return np.stack(steps)
