"""Training of sequence classifiers: embedding, LSTM or GRU over the tokens that are not 0, dense layer, cross-entropy.

Token 0 is no word. Where it stands a step of the recurrent layer changes nothing, so the dense layer sees the state
after the last word, wherever zeros stand; of a sequence without words that is the first state, zero. AdamW with a rate
that rises in a line, step by step, and gradients that are clipped by their global norm.

The recurrent layers are those of `conformance.reference.recurrent`, with its sources, run once there and once back; the
others are of `layers` and `losses`. Sources of the rest: Loshchilov and Hutter 2019,
https://arxiv.org/abs/1711.05101, Algorithm 2 (AdamW); Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2
(warm-up); Pascanu et al. 2013, http://proceedings.mlr.press/v28/pascanu13.html, Algorithm 1 (clipping).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference import clipping, layers, losses, recurrent, schedules
from conformance.reference.elementwise import sigmoid
from conformance.reference.optimizers import Nudge, State, adam
from conformance.reference.reductions import softmax
from conformance.reference.training import Outputs, Weights, trained

Array = np.ndarray
Passes = tuple[Array, Callable[[Array], tuple[Array, ...]]]
"""The state after the last word; from its cotangent, the gradients for x, kernel, recurrent kernel and bias."""
Layer = Callable[[Array, Array, Array, Array, Array, Nudge], Passes]


def lstm_classifier(
    tokens: Array, labels: Array, table: Array, kernel: Array, recurrent_kernel: Array, bias: Array,
    dense_kernel: Array, dense_bias: Array, *,
    nudge: Nudge, biases: int = 1, **options: Any,
) -> Outputs:  # fmt: skip
    """Two classes by an LSTM and a sigmoid: labels (n,), of 0 and 1; see `_run` for the options.

    With two ``biases``, of which the first starts as ``bias`` and the second at zero, both are trained. Only their sum
    matters, and that is what is returned of them, and of their gradients.
    """
    weights = {"table": table, "kernel": kernel, "recurrent_kernel": recurrent_kernel, "bias": bias}
    weights |= {"dense_kernel": dense_kernel, "dense_bias": dense_bias}
    return _run(lstm, _binary_cross_entropy, tokens, labels, weights, nudge, repeated={"bias": biases}, **options)


def gru_classifier(
    tokens: Array, labels: Array, table: Array, kernel: Array, recurrent_kernel: Array, bias: Array,
    dense_kernel: Array, dense_bias: Array, *,
    nudge: Nudge, reset_after: bool = True, **options: Any,
) -> Outputs:  # fmt: skip
    """Several classes by a GRU and a softmax: labels (n,), from 0; see `_run` for the options.

    ``reset_after``: the reset gate acts after the product with the recurrent kernel, and the bias is (2, 3 units), one
    for each product; otherwise it acts before, and the bias is (3 units,): `recurrent.gru_cell`.
    """
    weights = {"table": table, "kernel": kernel, "recurrent_kernel": recurrent_kernel, "bias": bias}
    weights |= {"dense_kernel": dense_kernel, "dense_bias": dense_bias}
    layer = gru if reset_after else gru_reset_before
    return _run(layer, _cross_entropy, tokens, labels, weights, nudge, repeated={}, **options)


def _run(
    layer: Layer, criterion: Callable[[Array, Array, Nudge], tuple[Array, Array]], tokens: Array, labels: Array,
    weights: Weights, nudge: Nudge, *, repeated: dict[str, int],
    batch: int, epochs: int, every: int, learning_rate: float, warmup: int, limit: float, norm_plus: float = 0.0,
    weight_decay: float, beta_1: float, beta_2: float, epsilon: float, **_: Any,
) -> Outputs:  # fmt: skip
    """``epochs`` times through the data in its order, the last batch of each with what is left.

    The rate of update t, counted from 0, is learning_rate (1 + (warmup - 1) t / warmup) / warmup up to t = warmup, and
    learning_rate from there on. Gradients are multiplied by min(limit / (norm + norm_plus), 1), with the norm of
    all of them together. Weights that are ``repeated`` are sums of so many parameters, each with the gradient of the
    sum, which moves by as many steps of one of them. Other options concern routes.

    All weights are one vector: AdamW treats each by itself, and takes a sixth of the time.
    """
    ends = np.cumsum([w.size for w in weights.values()])
    places = {name: slice(end - w.size, end) for (name, w), end in zip(weights.items(), ends, strict=True)}
    vector = np.concatenate([w.ravel() for w in weights.values()])
    times = np.ones_like(vector)
    for name, n in repeated.items():
        times[places[name]] = n
    batches = [(tokens[i : i + batch], labels[i : i + batch]) for i in range(0, len(tokens), batch)] * epochs
    peak = np.array([learning_rate], vector.dtype)
    rates = schedules.linear(peak, nudge=nudge, steps=len(batches), start=1 / warmup, end=1.0, total=warmup)["rate"]
    state: State = {}
    rule: Any = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}

    def loss_and_gradients(now: Weights, words: Array, wanted: Array) -> tuple[Array, Weights]:
        w = {name: now["vector"][place].reshape(weights[name].shape) for name, place in places.items()}
        h, back = layer(
            layers.embedding(words, w["table"]), words != 0, w["kernel"], w["recurrent_kernel"], w["bias"], nudge
        )
        logits = nudge(layers.dense(h, w["dense_kernel"], w["dense_bias"]))
        loss, delta = criterion(logits, wanted, nudge)
        dh, *of_dense = layers.dense_vjp(delta, h, w["dense_kernel"], w["dense_bias"])
        dx, *of_layer = back(nudge(dh))
        table = layers.embedding_vjp(nudge(dx), words, w["table"])
        gradient = nudge(np.concatenate([g.ravel() for g in (table, *of_layer, *of_dense)]))
        norm = nudge(clipping.norm((gradient * np.sqrt(times),)))
        scale = nudge(np.asarray(np.minimum(limit / (norm + norm.dtype.type(norm_plus)), 1)))
        return loss, {"vector": gradient * scale}

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        decayed = nudge(w - rates[t - 1] * weight_decay * w)
        return adam(decayed, g, state, t, nudge, learning_rate=times * rates[t - 1], **rule)

    run = trained({"vector": vector}, batches, loss_and_gradients, update, nudge, every)
    outputs = {"loss": run["loss"]}
    for name, place in places.items():
        for prefix, rows in (("", run["vector"]), ("gradient_", times * run["gradient_vector"])):
            outputs[prefix + name] = rows[:, place].reshape(-1, *weights[name].shape)
    return outputs


# Through time: `recurrent.last`, in a quarter of the time, because the way back uses the gates of the way there


def lstm(x: Array, mask: Array, kernel: Array, recurrent_kernel: Array, bias: Array, nudge: Nudge) -> Passes:
    """i, f, o = sigmoid(x K + h R + b), g = tanh(x K + h R + b); c' = f c + i g; h' = o tanh(c')"""
    n, steps, u = *x.shape[:2], len(recurrent_kernel)
    inputs = layers.dense(x, kernel, bias)
    h = c = np.zeros((n, u), x.dtype)
    kept = []
    for t in range(steps):
        a, seen = inputs[:, t] + h @ recurrent_kernel, mask[:, t, None]
        gates = sigmoid(a)
        gates[:, 2 * u : 3 * u] = np.tanh(a[:, 2 * u : 3 * u])
        i, f, g, o = parts = nudge(gates).reshape(n, 4, u).swapaxes(0, 1)
        new = nudge(f * c + i * g)
        squashed = nudge(np.tanh(new))
        kept.append((h, c, parts, squashed))
        h, c = np.where(seen, nudge(o * squashed), h), np.where(seen, new, c)

    def back(dh: Array) -> tuple[Array, ...]:
        dc, before = np.zeros_like(dh), np.stack([k[0] for k in kept], axis=1)
        da = np.zeros_like(inputs)
        for t in reversed(range(steps)):
            (_, c, (i, f, g, o), squashed), seen = kept[t], mask[:, t, None]
            of_h = np.where(seen, dh, 0)
            of_c = np.where(seen, dc, 0) + of_h * o * (1 - squashed * squashed)
            da[:, t] = np.concatenate(
                [of_c * g * i * (1 - i), of_c * c * f * (1 - f), of_c * i * (1 - g * g), of_h * squashed * o * (1 - o)],
                axis=1,
            )
            dh = np.where(seen, 0, dh) + da[:, t] @ recurrent_kernel.T
            dc = np.where(seen, of_c * f, dc)
        dx, dkernel, dbias = layers.dense_vjp(da, x, kernel, bias)
        return dx, dkernel, _product(before, da), dbias

    return h, back


def gru(x: Array, mask: Array, kernel: Array, recurrent_kernel: Array, bias: Array, nudge: Nudge) -> Passes:
    """z, r = sigmoid(x K + b + h R + b'); n = tanh(x K + b + r (h R + b')); h' = z h + (1 - z) n"""
    rows, steps, u = *x.shape[:2], len(recurrent_kernel)
    inputs = layers.dense(x, kernel, bias[0])
    h = np.zeros((rows, u), x.dtype)
    kept = []
    for t in range(steps):
        a, inner, seen = inputs[:, t], h @ recurrent_kernel + bias[1], mask[:, t, None]
        gates = nudge(sigmoid(a[:, : 2 * u] + inner[:, : 2 * u]))
        z, r, old = gates[:, :u], gates[:, u:], inner[:, 2 * u :]
        n = nudge(np.tanh(a[:, 2 * u :] + r * old))
        kept.append((h, z, r, n, old))
        h = np.where(seen, nudge(z * h + (1 - z) * n), h)

    def back(dh: Array) -> tuple[Array, ...]:
        before = np.stack([k[0] for k in kept], axis=1)
        da, dinner = np.zeros_like(inputs), np.zeros_like(inputs)
        for t in reversed(range(steps)):
            (h, z, r, n, old), seen = kept[t], mask[:, t, None]
            of_h = np.where(seen, dh, 0)
            an = of_h * (1 - z) * (1 - n * n)
            of_gates = np.concatenate([of_h * (h - n) * z * (1 - z), an * old * r * (1 - r)], axis=1)
            da[:, t] = np.concatenate([of_gates, an], axis=1)
            dinner[:, t] = np.concatenate([of_gates, an * r], axis=1)
            dh = np.where(seen, of_h * z, dh) + dinner[:, t] @ recurrent_kernel.T
        dx, dkernel, dbias = layers.dense_vjp(da, x, kernel, bias[0])
        return dx, dkernel, _product(before, dinner), np.stack([dbias, np.sum(dinner, axis=(0, 1))])

    return h, back


def gru_reset_before(
    x: Array, mask: Array, kernel: Array, recurrent_kernel: Array, bias: Array, nudge: Nudge
) -> Passes:
    """n = tanh(x K + b + (r h) R), as `recurrent` has it: of this one there are only short runs."""
    last, last_vjp = recurrent.last("gru_reset_before")
    given, options = (x, kernel, recurrent_kernel, bias), {"mask": mask, "rounding": nudge}
    return last(*given, **options), lambda dh: last_vjp(dh, *given, **options)


def _product(states: Array, cotangents: Array) -> Array:
    """Of a recurrent kernel: the sum over all rows and steps."""
    u, n = states.shape[-1], cotangents.shape[-1]
    return np.matmul(states.reshape(-1, u).T, cotangents.reshape(-1, n))


# Losses


def _binary_cross_entropy(logits: Array, labels: Array, nudge: Nudge) -> tuple[Array, Array]:
    """The mean loss of a batch, and its gradient for the logits (n, 1)."""
    z = logits[:, 0]
    p = sigmoid(z)
    delta = losses.binary_cross_entropy_from_logits_vjp(z.dtype.type(1), z, labels) + _slip(p, nudge) / len(p)
    # log(1 + exp(z)) - t z: a difference of numbers as large as z, or as 1
    slip = np.mean(_slip(np.maximum(np.abs(z), 1), nudge))
    loss = np.asarray(losses.binary_cross_entropy_from_logits(z, labels) + slip)
    return nudge(loss), nudge(delta)[:, None]


def _cross_entropy(logits: Array, labels: Array, nudge: Nudge) -> tuple[Array, Array]:
    """The mean loss of a batch, and its gradient for the logits (n, classes)."""
    p = softmax(logits, axis=-1)
    delta = losses.cross_entropy_vjp(p.dtype.type(1), logits, labels) + _slip(p, nudge) / len(p)
    loss = np.asarray(losses.cross_entropy(logits, labels) + np.mean(_slip(np.ones(len(p)), nudge)))
    return nudge(loss), nudge(delta)


def _slip(a: Array, nudge: Nudge) -> Array:
    """How far an array moves when it is rounded: probabilities are, before the target is subtracted from them."""
    return nudge(a) - a
