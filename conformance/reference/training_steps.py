"""Single steps, again and again: of optimizers, and of training three networks on one batch.

Each function returns an endless iterator, whose items are what must be seen after each step, by name. ``nudge`` is that
of `conformance.reference.optimizers`. The networks have neither a relu nor a maximum: none of their decisions can hang
on rounding. Sources: LeCun et al. 1998, *Gradient-based learning applied to document recognition*, section II
(convolution, subsampling by averages, tanh); for the rest see `training`, `training_transformer` and `optimizers`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from conformance.reference import layers, losses, optimizers, training_transformer
from conformance.reference.convolution import convolution, convolution_vjp
from conformance.reference.optimizers import Nudge, Rule, State, unmoved
from conformance.reference.reductions import softmax
from conformance.reference.training import Outputs, Weights

Array = np.ndarray
Steps = Iterator[Outputs]
POOL: dict[str, Any] = {"size": (2, 2), "stride": (2, 2), "padding": "valid"}
CONV: dict[str, Any] = {"stride": (1, 1), "padding": "same"}


def optimizing(rule: Rule) -> Callable[..., Steps]:
    """Steps of a rule: of any number of weights, followed by a gradient for each, which stay the same."""

    def steps(*arrays: Array, nudge: Nudge = unmoved, **options: Any) -> Steps:
        half = len(arrays) // 2
        weights = {str(i): w for i, w in enumerate(arrays[:half])}
        gradients = dict(zip(weights, arrays[half:], strict=True))
        return _stepping(weights, lambda now: (None, gradients), partial(rule, **options), nudge)

    return steps


def dense_network(
    x: Array, labels: Array, kernel_1: Array, bias_1: Array, kernel_2: Array, bias_2: Array, *,
    nudge: Nudge = unmoved, **options: Any,
) -> Steps:  # fmt: skip
    """x (n, features), dense with tanh, dense with softmax; mean cross-entropy; SGD with momentum."""

    def loss_and_gradients(now: Weights) -> tuple[Array, Weights]:
        hidden, hidden_vjp = _tanh(nudge(nudge(x) @ now["kernel_1"] + now["bias_1"]), nudge)
        loss, delta = _classified(hidden, labels, now["kernel_2"], now["bias_2"], nudge)
        back = hidden_vjp(nudge(delta @ now["kernel_2"].T))
        return loss, {
            "kernel_1": nudge(x).T @ back, "bias_1": back.sum(axis=0),
            "kernel_2": hidden.T @ delta, "bias_2": delta.sum(axis=0),
        }  # fmt: skip

    weights = {"kernel_1": kernel_1, "bias_1": bias_1, "kernel_2": kernel_2, "bias_2": bias_2}
    return _stepping(weights, loss_and_gradients, partial(optimizers.sgd, **options), nudge)


def convolutional_network(
    x: Array, labels: Array, kernel_1: Array, bias_1: Array, kernel_2: Array, bias_2: Array, kernel_3: Array,
    bias_3: Array, *, nudge: Nudge = unmoved, **options: Any,
) -> Steps:  # fmt: skip
    """x (n, height, width, channels); twice convolution, tanh, and the mean of 2 by 2; dense with softmax; mean
    cross-entropy; SGD with momentum. Features are counted by rows, columns, and then channels."""

    def stage(a: Array, kernel: Array, bias: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array]]]:
        z = nudge(convolution(nudge(a), kernel, bias, **CONV))
        active, active_vjp = _tanh(z, nudge)

        def backward(c: Array) -> tuple[Array, Array, Array]:
            of_z = active_vjp(nudge(layers.average_pool2d_vjp(c, active, **POOL)))
            return convolution_vjp(of_z, a, kernel, bias, **CONV)

        return nudge(layers.average_pool2d(active, **POOL)), backward

    def loss_and_gradients(now: Weights) -> tuple[Array, Weights]:
        first, of_first = stage(x, now["kernel_1"], now["bias_1"])
        second, of_second = stage(first, now["kernel_2"], now["bias_2"])
        flat = second.reshape(len(x), -1)
        loss, delta = _classified(flat, labels, now["kernel_3"], now["bias_3"], nudge)
        back, kernel_2, bias_2 = of_second(nudge(delta @ now["kernel_3"].T).reshape(second.shape))
        _, kernel_1, bias_1 = of_first(nudge(back))
        return loss, {
            "kernel_1": kernel_1, "bias_1": bias_1, "kernel_2": kernel_2, "bias_2": bias_2,
            "kernel_3": flat.T @ delta, "bias_3": delta.sum(axis=0),
        }  # fmt: skip

    names = ("kernel_1", "bias_1", "kernel_2", "bias_2", "kernel_3", "bias_3")
    weights = dict(zip(names, (kernel_1, bias_1, kernel_2, bias_2, kernel_3, bias_3), strict=True))
    return _stepping(weights, loss_and_gradients, partial(optimizers.sgd, **options), nudge)


def language_model(ids: Array, following: Array, *weights: Array, nudge: Nudge = unmoved, **options: Any) -> Steps:
    """The transformer of `training_transformer`, on one batch of ids (n, context) and those that follow them; AdamW, by
    which all weights decay."""
    ref = training_transformer
    names = (*ref.EMBEDDINGS, *ref.OF_BLOCK, *ref.NORM, *ref.HEAD)

    def loss_and_gradients(now: Weights) -> tuple[Array, Weights]:
        return ref.loss_and_gradients_of(now, ids, following, nudge, NORM_EPSILON, "gelu")

    rule = partial(optimizers.decoupled(optimizers.adam), **options)
    return _stepping(dict(zip(names, weights, strict=True)), loss_and_gradients, rule, nudge)


NORM_EPSILON = 2.0**-17


def _stepping(
    weights: Weights, loss_and_gradients: Callable[[Weights], tuple[Array | None, Weights]], rule: Rule, nudge: Nudge
) -> Steps:
    """The weights after each step, and the loss before it where there is one."""
    states: dict[str, State] = {name: {} for name in weights}
    for t in count(1):
        loss, gradients = loss_and_gradients(weights)
        weights = {name: rule(w, nudge(gradients[name]), states[name], t, nudge) for name, w in weights.items()}
        yield weights if loss is None else {"loss": loss, **weights}


def _tanh(z: Array, nudge: Nudge) -> tuple[Array, Callable[[Array], Array]]:
    y = nudge(np.tanh(z))
    return y, lambda c: nudge(c * nudge(1 - nudge(y * y)))


def _classified(h: Array, labels: Array, kernel: Array, bias: Array, nudge: Nudge) -> tuple[Array, Array]:
    """The mean cross-entropy of softmax(h kernel + bias), and its gradient with respect to what softmax is given.
    Implementations round probabilities, and sums of them that are 1, before they subtract or take the logarithm."""
    logits = nudge(h @ kernel + bias)
    p, ones = softmax(logits, axis=-1), np.ones(len(h), h.dtype)
    loss = losses.cross_entropy(logits, labels) + np.mean(nudge(ones) - ones)
    delta = losses.cross_entropy_vjp(h.dtype.type(1), logits, labels) + (nudge(p) - p) / len(p)
    return nudge(np.asarray(loss)), nudge(delta)
