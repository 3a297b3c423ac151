"""A small convolutional network, trained: convolution, batch normalization, maximum pooling, relu, dropout, dense.

The order is that of `convolutional_network`; relu comes behind the pooling, which it commutes with, so that no window
holds zeros that relu made equal. Equal numbers in a window then have equal neighbourhoods (the blank margins of the
digits), and whichever of them receives the gradient, every weight receives the same.

Sources: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithms 1 and 2 and the derivatives of section 3
(batch normalization); Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html, section 10 (dropout that
scales while it trains); Sutskever et al. 2013 (Nesterov momentum, see `optimizers.sgd`); Loshchilov and Hutter 2017
(cosine). The gradients compose the closed forms of the layers, last layer first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.reference import layers, losses, normalization, schedules
from conformance.reference.convolution import padded, windows
from conformance.reference.optimizers import Nudge, State, sgd
from conformance.reference.reductions import softmax
from conformance.reference.training import Outputs, Weights, trained

Array = np.ndarray
WEIGHTS = ("kernel", "gamma", "beta", "dense_kernel", "bias")
POOL: dict[str, Any] = {"size": (2, 2), "stride": (2, 2), "padding": "valid"}


@dataclass
class Network:
    """The network's constants, its running statistics, and how numbers are rounded on the way through it.

    ``nudge`` rounds what is kept in the format of the weights; ``forwards`` and ``backwards`` what layers pass on and
    what they pass back, which in mixed precision are smaller formats.
    """

    epsilon: float
    momentum: float
    dropped: float
    unbiased: bool
    nudge: Nudge
    forwards: Nudge
    backwards: Nudge
    mean: Any = 0.0
    variance: Any = 1.0

    def columns(self, now: Weights, x: Array) -> Array:
        """What the kernel sees at each place, in rows. Zeros lie around the images, so that they keep their size. The
        17 shades of the digits are exact in every format."""
        size = now["kernel"].shape[:2]
        patches = windows(padded(self.nudge(x), [(n // 2, n // 2) for n in size]), size, (1, 1), (1, 1))
        return patches.reshape(-1, int(np.prod(now["kernel"].shape[:3])))

    def convolved(self, now: Weights, columns: Array, x: Array) -> Array:
        """No bias, which the normalization would remove."""
        z = columns @ self.forwards(now["kernel"]).reshape(columns.shape[1], -1)
        return self.forwards(z.reshape(*x.shape[:3], -1))

    def classified(self, now: Weights, h: Array) -> Array:
        return self.forwards(h @ self.forwards(now["dense_kernel"]) + self.forwards(now["bias"]))

    def loss_and_gradients(self, now: Weights, x: Array, labels: Array, mask: Array) -> tuple[Array, Weights]:
        """Of one batch, in training: ``mask`` (n, features) holds what dropout keeps. The running statistics move."""
        gamma, axes, n = now["gamma"], (0, 1, 2), x.size
        columns = self.columns(now, x)
        z = self.convolved(now, columns, x)
        mean = self.nudge(np.sum(z, axis=axes) / n)
        centred = z - mean
        self.observe(z)
        inverse = self.nudge(1 / np.sqrt(np.sum(centred * centred, axis=axes) / n + self.epsilon))
        standard = self.nudge(centred * inverse)
        # Kernels may fold the mean into the offset, z scale + (beta - mean scale): two large numbers are rounded.
        folded = z * inverse * gamma, now["beta"] - mean * inverse * gamma
        y = self.forwards(standard * gamma + now["beta"] + _slip(folded[0], self.nudge) + _slip(folded[1], self.nudge))
        # Equal numbers are rounded equally: where there is nothing to see, all of a channel are moved together.
        blank = ~np.any(columns, axis=1).reshape(*x.shape[:3], 1)
        y = np.where(blank, self.forwards(folded[1] + _slip(mean * inverse * gamma, self.nudge)), y)
        pooled = layers.max_pool2d(y, **POOL)
        scale = 1 / (1 - x.dtype.type(self.dropped))
        kept = mask.reshape(pooled.shape) * scale
        active = np.maximum(pooled, 0)
        together = active * self.forwards(np.full(pooled.shape[-1], scale))
        all_blank = layers.max_pool2d(-1.0 * blank, **POOL) < 0
        h = np.where(all_blank, together * mask.reshape(pooled.shape), self.forwards(active * kept)).reshape(len(x), -1)
        loss, delta = cross_entropy(self.classified(now, h), labels, self.nudge)
        delta = self.backwards(delta)
        back = self.backwards(delta @ self.forwards(now["dense_kernel"]).T).reshape(pooled.shape)
        back = self.backwards(back * kept) * (pooled > 0)
        of_y = layers.max_pool2d_vjp(back, y, **POOL)
        # And so in the gradients: sum(g z) - mean sum(g), of which the terms are larger than the result.
        of_gamma = self.nudge(np.sum(of_y * standard + _slip(of_y * z * inverse, self.nudge), axis=axes))
        of_beta = self.nudge(np.sum(of_y, axis=axes))
        # y depends on z by itself, by the mean and by the variance of its channel.
        of_z = self.backwards(gamma * inverse * (of_y - (of_beta + standard * of_gamma) / n))
        return loss, {
            "kernel": self.summed(columns, of_z.reshape(len(columns), -1)).reshape(now["kernel"].shape),
            "gamma": of_gamma,
            "beta": of_beta,
            "dense_kernel": self.summed(h, delta),
            "bias": self.summed(np.ones(len(x)), delta),
        }

    def summed(self, left: Array, right: Array) -> Array:
        """``left.T @ right``, the gradient of a weight: a sum over a batch, whose partial sums may be larger."""
        return self.backwards(left.T @ right)

    def observe(self, z: Array) -> None:
        """Algorithm 2 infers by the unbiased variance of the batches; Keras averages the biased one."""
        n = z.size // z.shape[-1]
        mean = np.sum(z, axis=(0, 1, 2)) / n
        variance = np.sum((z - mean) ** 2, axis=(0, 1, 2)) / (n - 1 if self.unbiased else n)
        self.mean = self.nudge(self.momentum * self.mean + (1 - self.momentum) * self.nudge(mean))
        self.variance = self.nudge(self.momentum * self.variance + (1 - self.momentum) * self.nudge(variance))

    def logits(self, now: Weights, x: Array) -> Array:
        """In inference: by the running statistics, and nothing is dropped."""
        z = self.convolved(now, self.columns(now, x), x)
        y = normalization.batch_norm_inference(
            z, now["gamma"], now["beta"], self.mean, self.variance, axis=-1, epsilon=self.epsilon
        )
        pooled = layers.max_pool2d(self.forwards(y), **POOL)
        return self.classified(now, np.maximum(pooled, 0).reshape(len(x), -1))


def cross_entropy(logits: Array, labels: Array, nudge: Nudge) -> tuple[Array, Array]:
    """The mean loss of a batch, and its gradient with respect to the logits; as textbooks compute them, from
    probabilities that are rounded."""
    p = softmax(logits, axis=-1)
    loss = losses.cross_entropy(logits, labels) + np.mean(_slip(np.ones(len(p)), nudge))
    delta = losses.cross_entropy_vjp(p.dtype.type(1), logits, labels) + _slip(p, nudge) / len(p)
    return nudge(loss), nudge(delta)


def batches(batch: int, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """In the order of the data; the last may be smaller."""
    for first in range(0, len(arrays[0]), batch):
        yield tuple(a[first : first + batch] for a in arrays)


def epochs_of(images: Array, labels: Array, masks: Array, batch: int) -> list[tuple[Array, ...]]:
    """The batches of every epoch, whose masks differ."""
    return [b for mask in masks for b in batches(batch, images, labels, mask)]


def convolutional_network(
    images: Array, labels: Array, test_images: Array, test_labels: Array, masks: Array,
    kernel: Array, gamma: Array, beta: Array, dense_kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, every: int, learning_rate: float, end: float, momentum: float, kept: float | None,
    epsilon: float, dropped: float, rate_in_velocity: bool = False, unbiased: bool = True, **_: Any,
) -> Outputs:  # fmt: skip
    """Images (n, height, width, 1), kernel (3, 3, 1, channels), dense_kernel (features, 10), features counted by rows,
    columns and then channels; masks (epochs, n, features) of 0 and 1.

    Mean cross-entropy of each batch; SGD with Nesterov momentum, the rate along half a cosine from ``learning_rate``
    to ``end``, a step of it per batch. Of running statistics ``kept`` is what is kept: 0.9 where None is given.
    ``loss`` has all steps; weights, gradients and running statistics are those of every ``every``-th. ``test_loss``
    (epochs,): of the whole test set, in inference, after each epoch.
    """
    network = Network(epsilon, 0.9 if kept is None else kept, dropped, unbiased, nudge, nudge, nudge)
    data = epochs_of(images, labels, masks, batch)
    rates = schedules.cosine(
        np.array([learning_rate], images.dtype), nudge=nudge, steps=len(data), total=len(data), end=end
    )["rate"]
    update = _updating(rates, nudge, momentum=momentum, nesterov=True, rate_in_velocity=rate_in_velocity)
    rows: dict[str, list[Any]] = {
        name: [] for name in ("running_mean", "running_variance", "test_loss", "_test_accuracy")
    }

    def after_step(t: int, now: Weights) -> None:
        if (t - 1) % every == 0:
            rows["running_mean"].append(network.mean)
            rows["running_variance"].append(network.variance)
        if t % (len(data) // len(masks)) == 0:
            logits = network.logits(now, test_images)
            rows["test_loss"].append(cross_entropy(logits, test_labels, nudge)[0])
            rows["_test_accuracy"].append(np.mean(np.argmax(logits, axis=1) == test_labels))

    weights = dict(zip(WEIGHTS, (kernel, gamma, beta, dense_kernel, bias), strict=True))
    run = trained(weights, data, network.loss_and_gradients, update, nudge, every, after_step)
    return {**run, **{name: np.stack(row) for name, row in rows.items()}}


def _updating(rates: Array, nudge: Nudge, **options: Any) -> Callable[[str, Array, Array, int], Array]:
    """The steps of SGD at these rates."""
    states: dict[str, State] = {name: {} for name in WEIGHTS}

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        return sgd(w, g, states[name], t, nudge, learning_rate=rates[t - 1, 0], **options)

    return update


def _slip(a: Array, nudge: Nudge) -> Array:
    """How far an array moves when it is rounded."""
    return nudge(a) - a
