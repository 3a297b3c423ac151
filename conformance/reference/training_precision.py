"""Training in mixed precision: weights in float32, layers in a half-precision format, losses scaled dynamically.

Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740, section 3 (weights in float32, scaled losses, steps that are
skipped). What is computed in which format: https://docs.pytorch.org/docs/stable/amp.html#autocast-op-reference
(products and convolutions in half precision, losses in float32; what lies between keeps its format) and
https://keras.io/api/mixed_precision/ (layers in half precision; their variables, normalization and losses in float32).
The two round at the same places.

The reference computes without rounding. Where the formats say half precision, ``nudge`` moves a number by the unit
roundoff of that, so that the floor is how far honest rounding to it may lead. What is far beyond it is seen: weights
kept in half precision, gradients that underflow or are not unscaled, steps that should have been skipped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.reference import layers, schedules
from conformance.reference.optimizers import Nudge, State, sgd
from conformance.reference.training import Outputs, Weights
from conformance.reference.training_convolution import WEIGHTS, Network, cross_entropy, epochs_of

Array = np.ndarray
SINGLE = 2.0**-24
"""The unit roundoff of float32, in which weights are kept."""


@dataclass(frozen=True)
class Format:
    unit_roundoff: float
    smallest: float
    largest: float


FORMATS = {
    "bfloat16": Format(2.0**-8, 2.0**-133, (2 - 2.0**-7) * 2.0**127),
    "float16": Format(2.0**-11, 2.0**-24, 65504.0),
}


@dataclass
class Half:
    """Rounding to half precision, of numbers times ``scale``."""

    form: Format
    nudge: Nudge
    scale: float = 1.0
    reached: float = 0.0
    """The largest number so far, as a part of the format's largest one."""

    def __call__(self, a: Array) -> Array:
        self.reached = max(self.reached, float(np.max(np.abs(a), initial=0)) * self.scale / self.form.largest)
        one = np.where(a == 0, 0, np.ones_like(a))  # 0 is exact
        relative = (self.nudge(a) - a) * (self.form.unit_roundoff / SINGLE)
        absolute = (self.nudge(one) - one) * (self.form.smallest / 2 / self.scale / SINGLE)
        return a + relative + absolute

    def summed(self, left: Array, right: Array) -> Array:
        """``left.T @ right``, the gradient of a weight: a sum over a batch, whose partial sums may be larger."""
        return self(left.T @ right)


@dataclass
class Scaler:
    """The scale of the loss: half as large after a step that is skipped, twice after so many in a row that are not."""

    scale: float
    interval: int | None
    """None: the scale stays."""
    good: int = 0

    def update(self, finite: bool) -> None:
        if self.interval is None:
            return
        self.good = self.good + 1 if finite else 0
        if not finite:
            self.scale /= 2
        elif self.good == self.interval:
            self.scale, self.good = self.scale * 2, 0


def digit_classifier_mixed(
    images: Array, labels: Array, kernel_1: Array, bias_1: Array, kernel_2: Array, bias_2: Array, *,
    nudge: Nudge, half: str, batch: int, epochs: int, learning_rate: float, momentum: float, scale: float = 1.0,
    interval: int | None = None, **_: Any,
) -> Outputs:  # fmt: skip
    """`training.digit_classifier` in mixed precision, by SGD with momentum. Gradients of a step that is
    skipped are given as 0; ``exponent`` (steps,) is the binary logarithm of the scale after each step. ``bits``: of the
    format of logits, loss, gradients and weights."""
    x = images.reshape(len(images), -1)
    forwards = Half(FORMATS[half], nudge)

    def loss_and_gradients(now: Weights, backwards: Half, x: Array, wanted: Array) -> tuple[Array, Weights]:
        hidden = _dense(x, now["kernel_1"], now["bias_1"], forwards)
        active = np.maximum(hidden, 0)
        loss, delta_2 = cross_entropy(_dense(active, now["kernel_2"], now["bias_2"], forwards), wanted, nudge)
        delta_2 = backwards(delta_2)
        delta_1 = backwards(delta_2 @ forwards(now["kernel_2"]).T) * (hidden > 0)
        return loss, {
            "kernel_1": backwards.summed(x, delta_1),
            "bias_1": backwards.summed(np.ones(len(x)), delta_1),
            "kernel_2": backwards.summed(active, delta_2),
            "bias_2": backwards.summed(np.ones(len(x)), delta_2),
        }

    weights = {"kernel_1": kernel_1, "bias_1": bias_1, "kernel_2": kernel_2, "bias_2": bias_2}
    states: dict[str, State] = {name: {} for name in weights}

    def update(name: str, w: Array, g: Array, t: int, taken: int) -> Array:
        return sgd(w, g, states[name], taken, nudge, learning_rate=learning_rate, momentum=momentum)

    data = epochs_of(x, labels, np.zeros((epochs, len(x))), batch)
    scaler = Scaler(scale, interval)
    return _trained(weights, [b[:2] for b in data], loss_and_gradients, update, nudge, FORMATS[half], scaler)


def convolutional_network_mixed(
    images: Array, labels: Array, masks: Array, kernel: Array, gamma: Array, beta: Array, dense_kernel: Array,
    bias: Array, *,
    nudge: Nudge, half: str, batch: int, learning_rate: float, end: float, momentum: float, kept: float,
    epsilon: float, dropped: float, scale: float = 1.0, interval: int | None = None, counts_skipped: bool = False,
    **_: Any,
) -> Outputs:  # fmt: skip
    """`training_convolution.convolutional_network`, without its tests. ``counts_skipped``: the schedule goes on at a
    step that is skipped."""
    forwards = Half(FORMATS[half], nudge)
    network = Network(epsilon, kept, dropped, True, nudge, forwards, forwards)
    data = epochs_of(images, labels, masks, batch)
    rates = schedules.cosine(
        np.array([learning_rate], images.dtype), nudge=nudge, steps=len(data), total=len(data), end=end
    )["rate"][:, 0]
    states: dict[str, State] = {name: {} for name in WEIGHTS}
    running: dict[str, list[Array]] = {"running_mean": [], "running_variance": []}

    def loss_and_gradients(now: Weights, backwards: Half, *of_batch: Array) -> tuple[Array, Weights]:
        network.backwards = backwards
        found = network.loss_and_gradients(now, *of_batch)
        running["running_mean"].append(network.mean)
        running["running_variance"].append(network.variance)
        return found

    def update(name: str, w: Array, g: Array, t: int, taken: int) -> Array:
        rate = rates[t - 1 if counts_skipped else taken - 1]
        return sgd(w, g, states[name], taken, nudge, learning_rate=rate, momentum=momentum, nesterov=True)

    weights = dict(zip(WEIGHTS, (kernel, gamma, beta, dense_kernel, bias), strict=True))
    run = _trained(weights, data, loss_and_gradients, update, nudge, FORMATS[half], Scaler(scale, interval))
    return {**run, **{name: np.stack(rows) for name, rows in running.items()}}


def _dense(x: Array, kernel: Array, bias: Array, half: Half) -> Array:
    """In half precision: weights are copied to it; the product and its sum with the bias are rounded."""
    return half(half(layers.matmul(x, half(kernel))) + half(bias))


def _trained(
    weights: Weights,
    data: list[tuple[Array, ...]],
    loss_and_gradients: Callable[..., tuple[Array, Weights]],
    update: Callable[[str, Array, Array, int, int], Array],
    nudge: Nudge,
    form: Format,
    scaler: Scaler,
) -> Outputs:
    """A step is skipped if a number on the way back is beyond the format's largest. ``_reached``: how near to it."""
    rows: dict[str, list[Any]] = {n: [] for n in ("loss", *weights, *(f"gradient_{w}" for w in weights), "exponent")}
    reached, taken = [], 0
    for t, batch in enumerate(data, 1):
        backwards = Half(form, nudge, scaler.scale)
        loss, gradients = loss_and_gradients(weights, backwards, *batch)
        finite = backwards.reached <= 1
        taken += finite
        for name, gradient in gradients.items():
            g = nudge(gradient) if finite else 0 * gradient
            weights[name] = update(name, weights[name], g, t, taken) if finite else weights[name]
            rows[f"gradient_{name}"].append(g)
            rows[name].append(weights[name])
        scaler.update(finite)
        rows["loss"].append(loss)
        rows["exponent"].append(int(np.log2(scaler.scale)))
        reached.append(backwards.reached)
    return {
        **{name: np.stack(row) for name, row in rows.items()},
        "bits": np.array([16, 32, 32, 32]),
        "_reached": np.array(reached),
    }
