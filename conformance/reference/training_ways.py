"""A small dense classifier, which the catalogue builds and trains in every way that the frameworks have.

Sources: Bishop, *Pattern Recognition and Machine Learning*, eqs. 4.109 (cross-entropy), 5.53 to 5.56
(back-propagation), 5.59 (the derivative of tanh); torch.optim.SGD's documentation (momentum).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from conformance.reference import losses
from conformance.reference.optimizers import Nudge, State, sgd
from conformance.reference.reductions import softmax
from conformance.reference.training import Array, Outputs, Weights, trained


def dense_classifier(
    x: Array,
    labels: Array,
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
    momentum: float,
) -> Outputs:
    """Dense with tanh, dense with softmax; mean cross-entropy of each batch; SGD with momentum, one step per batch, in
    the order of the data. The last batch of an epoch may be smaller.

    Raises ``ValueError`` if there is not one label for each row of ``x``.
    """
    if len(x) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(x)} rows")
    weights = {"kernel_1": kernel_1, "bias_1": bias_1, "kernel_2": kernel_2, "bias_2": bias_2}
    states: dict[str, State] = {name: {} for name in weights}

    def loss_and_gradients(now: Weights, x: Array, labels: Array) -> tuple[Array, Weights]:
        x = nudge(x)
        hidden = nudge(np.tanh(nudge(x @ now["kernel_1"] + now["bias_1"])))
        logits = nudge(hidden @ now["kernel_2"] + now["bias_2"])
        p = softmax(logits, axis=-1)
        # Probabilities, and their sum of 1, are rounded before the target is subtracted or the logarithm taken.
        ones = np.ones_like(p[:, 0])
        loss = losses.cross_entropy(logits, labels) + np.mean(nudge(ones) - ones)
        delta_2 = losses.cross_entropy_vjp(x.dtype.type(1), logits, labels) + (nudge(p) - p) / len(p)
        delta_2 = nudge(delta_2)
        delta_1 = nudge(nudge(delta_2 @ now["kernel_2"].T) * nudge(1 - nudge(hidden * hidden)))
        return nudge(loss), {
            "kernel_1": x.T @ delta_1,
            "bias_1": np.sum(delta_1, axis=0),
            "kernel_2": hidden.T @ delta_2,
            "bias_2": np.sum(delta_2, axis=0),
        }

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        return sgd(w, g, states[name], t, nudge, learning_rate=learning_rate, momentum=momentum)

    batches = [(x[i : i + batch], labels[i : i + batch]) for _ in range(epochs) for i in range(0, len(x), batch)]
    return trained(weights, batches, loss_and_gradients, update, nudge, every)


def apart(ways: Sequence[str]) -> Any:
    """How far each of several ways of one run may be from the first of them, by name: 0, and with every number rounded
    as far as that moves the run. One row for each step: its loss, the gradients, and the weights after it."""
    return partial(_apart, ways)


def _apart(
    ways: Sequence[str],
    x: Array,
    labels: Array,
    kernel_1: Array,
    bias_1: Array,
    kernel_2: Array,
    bias_2: Array,
    *,
    nudge: Nudge,
    **options: Any,
) -> Outputs:
    def run(nudge: Nudge) -> Array:
        outputs = dense_classifier(x, labels, kernel_1, bias_1, kernel_2, bias_2, nudge=nudge, **options)
        return np.concatenate([a.reshape(len(a), -1) for a in outputs.values()], axis=1)

    return dict.fromkeys(ways, run(nudge) - run(lambda a: a))
