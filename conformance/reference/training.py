"""Whole training runs, with gradients derived by hand: every step's loss, gradients and weights.

Each run returns a dict: ``loss`` of shape (steps,), and for every weight its value after each step (steps, ...) and,
as ``gradient_<weight>``, the gradient that the step took. ``nudge`` moves an array by one unit roundoff wherever a
correct implementation rounds one (the identity in the exact run).

Sources: Bishop, *Pattern Recognition and Machine Learning*, eqs. 3.12 (squares), 4.91 and 4.109 (cross-entropies), 5.53
to 5.56 (back-propagation); Golub and Van Loan, *Matrix Computations*, section 5.3 (least squares).
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from conformance.reference import losses
from conformance.reference.elementwise import sigmoid
from conformance.reference.optimizers import Nudge, State, rmsprop
from conformance.reference.reductions import softmax

Array = np.ndarray
Outputs = dict[str, Array]
Weights = dict[str, Array]


def linear_regression(
    x: Array, y: Array, w: Array, b: Array, *, nudge: Nudge, learning_rate: float, steps: int
) -> Outputs:
    """Gradient descent on mean((w x + b - y)^2) from w and b, both ()."""

    def loss_and_gradients(now: Weights) -> tuple[Array, Weights]:
        loss, gradient = _squares(np.stack([now["w"], now["b"]]), x, y, nudge)
        return loss, {"w": gradient[0], "b": gradient[1]}

    return _gradient_descent({"w": w, "b": b}, loss_and_gradients, nudge, learning_rate, steps)


def linear_regression_closed_form(
    x: Array, y: Array, w: Array, b: Array, *, nudge: Nudge, learning_rate: float, steps: int
) -> Outputs:
    """The same run without iterating: theta_t = theta* + (I - rate H)^t (theta_0 - theta*), theta* the least-squares
    solution and H = 2/n X'X; and theta* itself, which a run that is long enough must reach.

    (I - rate H)^t is the rotation to the eigenvectors of H, of a 2 x 2 matrix by hand. Rounding errors of a step shrink
    by the same matrix in the steps after it: that is all that ``nudge`` adds.
    """
    one = x.dtype.type(1)
    mean_x, mean_y = np.mean(x), np.mean(y)
    slope = np.sum((x - mean_x) * (y - mean_y)) / np.sum((x - mean_x) ** 2)
    solution = np.stack([slope, mean_y - slope * mean_x])
    a, c, d = 2 * np.mean(x * x), 2 * mean_x, 2 * one  # H = [[a, c], [c, d]]
    half, mean = np.sqrt(((a - d) / 2) ** 2 + c * c), (a + d) / 2
    low, high = mean - half, mean + half
    projector = np.stack([np.stack([a - low, c]), np.stack([c, d - low])]) / (high - low)  # onto high's eigenvector
    theta, error, path = np.stack([w, b]), np.zeros(2, x.dtype), []
    start = theta - solution
    for t in range(1, steps + 1):
        in_high = projector @ start
        exact = solution + (one - learning_rate * high) ** t * in_high
        exact = exact + (one - learning_rate * low) ** t * (start - in_high)
        step = learning_rate * _squares(theta, x, y, lambda v: v)[1]
        rounded_step = nudge(learning_rate * nudge(_squares(theta, x, y, nudge)[1]))
        spread = learning_rate * np.stack([a * error[0] + c * error[1], c * error[0] + d * error[1]])
        error = error - spread - (rounded_step - step) + _slip(exact, nudge)
        theta = exact + error
        path.append(theta)
    return {"w": np.stack(path)[:, 0], "b": np.stack(path)[:, 1], "solution": solution + error}


def logistic_regression(
    x: Array, target: Array, kernel: Array, bias: Array, *, nudge: Nudge, learning_rate: float, steps: int
) -> Outputs:
    """Gradient descent on the mean binary cross-entropy of sigmoid(x kernel + bias): x (n, d), target (n,) of 0 and 1,
    kernel (d,), bias ()."""

    def loss_and_gradients(now: Weights) -> tuple[Array, Weights]:
        logit = nudge(nudge(x) @ now["kernel"] + now["bias"])
        p = sigmoid(logit)
        delta = losses.binary_cross_entropy_from_logits_vjp(one, logit, target) + _slip(p, nudge) / p.size
        # log(1 + exp(z)) - t z: a difference of numbers as large as z, or as 1
        slip = np.mean(_slip(np.maximum(np.abs(logit), 1), nudge))
        loss = nudge(losses.binary_cross_entropy_from_logits(logit, target) + slip)
        return loss, {"kernel": nudge(x).T @ nudge(delta), "bias": np.sum(nudge(delta))}

    one = x.dtype.type(1)
    return _gradient_descent({"kernel": kernel, "bias": bias}, loss_and_gradients, nudge, learning_rate, steps)


def softmax_regression(
    x: Array, labels: Array, kernel: Array, bias: Array, *, nudge: Nudge, learning_rate: float, steps: int
) -> Outputs:
    """Gradient descent on the mean cross-entropy of softmax(x kernel + bias): x (n, d), labels (n,) from 0 to k - 1,
    kernel (d, k), bias (k,)."""

    def loss_and_gradients(now: Weights) -> tuple[Array, Weights]:
        logits = nudge(nudge(x) @ now["kernel"] + now["bias"])
        loss, delta = _cross_entropy(logits, labels, nudge)
        return loss, {"kernel": nudge(x).T @ delta, "bias": np.sum(delta, axis=0)}

    return _gradient_descent({"kernel": kernel, "bias": bias}, loss_and_gradients, nudge, learning_rate, steps)


def digit_classifier(
    images: Array,
    labels: Array,
    test_images: Array,
    test_labels: Array,
    kernel_1: Array,
    bias_1: Array,
    kernel_2: Array,
    bias_2: Array,
    *,
    nudge: Nudge,
    batch: int,
    epochs: int,
    every: int,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> Outputs:
    """Flatten, dense with relu, dense with softmax; mean cross-entropy of each batch; RMSprop, one step per batch.

    The batches come in the order of the data; the last of an epoch may be smaller. ``gradient_*`` and weights are those
    of every ``every``-th step; ``loss`` has all steps. ``test_loss`` (epochs,) is the mean over the test set after each
    epoch. ``test_miscounted`` is 0: the right answers that a framework counts at the end, less those that it gives.
    ``_confusion``: the last answers to the test set, by true digit (rows) and answer.
    """
    weights = {"kernel_1": kernel_1, "bias_1": bias_1, "kernel_2": kernel_2, "bias_2": bias_2}
    states: dict[str, State] = {name: {} for name in weights}
    x, test_x = images.reshape(len(images), -1), test_images.reshape(len(test_images), -1)
    rows: dict[str, list[Array]] = {
        name: []
        for name in ("loss", *weights, *(f"gradient_{w}" for w in weights), "test_loss", "_accuracy", "_test_accuracy")
    }

    def forward(data: Array) -> tuple[Array, Array]:
        hidden = nudge(nudge(data) @ weights["kernel_1"] + weights["bias_1"])
        return hidden, nudge(np.maximum(hidden, 0) @ weights["kernel_2"] + weights["bias_2"])

    step = 0
    for _ in range(epochs):
        right = 0
        for first in range(0, len(x), batch):
            data, wanted = x[first : first + batch], labels[first : first + batch]
            hidden, logits = forward(data)
            right += int(np.sum(np.argmax(logits, axis=1) == wanted))
            loss, delta_2 = _cross_entropy(logits, wanted, nudge)
            rows["loss"].append(loss)
            delta_1 = nudge(delta_2 @ weights["kernel_2"].T) * (hidden > 0)
            gradients = {
                "kernel_1": nudge(data).T @ delta_1,
                "bias_1": np.sum(delta_1, axis=0),
                "kernel_2": nudge(np.maximum(hidden, 0)).T @ delta_2,
                "bias_2": np.sum(delta_2, axis=0),
            }
            for name, gradient in gradients.items():
                g = nudge(gradient)
                weights[name] = rmsprop(
                    weights[name], g, states[name], step + 1, nudge,
                    learning_rate=learning_rate, rho=rho, epsilon=epsilon,
                )  # fmt: skip
                if step % every == 0:
                    rows[f"gradient_{name}"].append(g)
                    rows[name].append(weights[name])
            step += 1
        logits = forward(test_x)[1]
        rows["test_loss"].append(_cross_entropy(logits, test_labels, nudge)[0])
        rows["_accuracy"].append(np.asarray(right / len(x)))
        rows["_test_accuracy"].append(np.mean(np.argmax(logits, axis=1) == test_labels))
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (test_labels, np.argmax(logits, axis=1)), 1)
    stacked = {name: np.stack(row) for name, row in rows.items()}
    return {**stacked, "test_miscounted": np.zeros((), np.int64), "_confusion": confusion}


def _squares(theta: Array, x: Array, y: Array, nudge: Nudge) -> tuple[Array, Array]:
    """mean((w x + b - y)^2) for theta = (w, b), and its gradient 2/n sum (w x + b - y) (x, 1)."""
    residual = nudge(nudge(nudge(theta[0] * x) + theta[1]) - y)
    gradient = 2 * np.stack([np.mean(nudge(residual * x)), np.mean(nudge(residual))])
    return nudge(np.asarray(np.mean(nudge(residual * residual)))), gradient


def _cross_entropy(logits: Array, labels: Array, nudge: Nudge) -> tuple[Array, Array]:
    """The mean loss of a batch, and its gradient with respect to the logits."""
    p = softmax(logits, axis=-1)
    loss = losses.cross_entropy(logits, labels) + np.mean(_slip(np.ones(len(p)), nudge))
    delta = losses.cross_entropy_vjp(p.dtype.type(1), logits, labels) + _slip(p, nudge) / len(p)
    return nudge(loss), nudge(delta)


def _slip(a: Array, nudge: Nudge) -> Array:
    """How far an array moves when it is rounded. The textbook rounds probabilities, and sums of them that are 1, before
    it subtracts the target or takes the logarithm; where the prediction is right, that loses what is left."""
    return nudge(a) - a


def _gradient_descent(
    weights: Weights,
    loss_and_gradients: Callable[[Weights], tuple[Array, Weights]],
    nudge: Nudge,
    learning_rate: float,
    steps: int,
) -> Outputs:
    """w <- w - learning_rate * gradient, for all weights at once."""

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        return nudge(w - nudge(learning_rate * g))

    return trained(weights, [()] * steps, loss_and_gradients, update, nudge)


def trained(
    weights: Weights,
    batches: Iterable[tuple[Any, ...]],
    loss_and_gradients: Callable[..., tuple[Array, Weights]],
    update: Callable[[str, Array, Array, int], Array],
    nudge: Nudge,
    every: int = 1,
    after_step: Callable[[int, Weights], None] | None = None,
) -> Outputs:
    """A run from ``weights``, which it changes: for each batch ``loss_and_gradients(weights, *batch)``, then for each
    weight ``update(name, weight, gradient, t)``, t from 1. The loss of every step; weights and gradients of every
    ``every``-th, the first one included. ``after_step(t, weights)`` is called where it is given: for what is evaluated
    in between."""
    rows: dict[str, list[Array]] = {name: [] for name in ("loss", *weights, *(f"gradient_{w}" for w in weights))}
    for t, batch in enumerate(batches, 1):
        loss, gradients = loss_and_gradients(weights, *batch)
        rows["loss"].append(loss)
        rounded = {name: nudge(gradients[name]) for name in weights}
        for name, g in rounded.items():
            weights[name] = update(name, weights[name], g, t)
            if (t - 1) % every == 0:
                rows[f"gradient_{name}"].append(g)
                rows[name].append(weights[name])
        if after_step:
            after_step(t, weights)
    return {name: np.stack(row) for name, row in rows.items()}
