"""Training a transformer language model, with gradients derived by hand.

Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*, section 2.3: embeddings of tokens and of
positions; blocks x + attention(norm(x)), then x + mlp(norm(x)); a last norm; logits. Attention: Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762; normalization before: Xiong et al. 2020, https://arxiv.org/abs/2002.04745; GELU:
Hendrycks and Gimpel, https://arxiv.org/abs/1606.08415. Clipping by the global norm: Pascanu et al. 2013,
http://proceedings.mlr.press/v28/pascanu13.html, Algorithm 1. AdamW: Loshchilov and Hutter 2019,
https://arxiv.org/abs/1711.05101, Algorithm 2. Tied weights: Press and Wolf 2017, https://arxiv.org/abs/1608.05859.

Weights of the blocks are stacked: their first axis is the block. Each function that goes forward returns its result and
the function that goes backward.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from conformance.reference import activations, attention, clipping, layers, losses, optimizers
from conformance.reference import training as shared
from conformance.reference.reductions import softmax

Array = np.ndarray
Nudge = Callable[[Array], Array]
Outputs = dict[str, Array]
Weights = dict[str, Array]

EMBEDDINGS = ("token_table", "position_table")
OF_BLOCK = (
    "norm_1_gamma", "norm_1_beta", "query_kernel", "query_bias", "key_kernel", "key_bias", "value_kernel", "value_bias",
    "output_kernel", "output_bias", "norm_2_gamma", "norm_2_beta", "dense_1_kernel", "dense_1_bias", "dense_2_kernel",
    "dense_2_bias",
)  # fmt: skip
NORM, HEAD = ("norm_gamma", "norm_beta"), ("head_kernel", "head_bias")


def language_model(
    tokens: Array, starts: Array, token_table: Array, position_table: Array, norm_1_gamma: Array, norm_1_beta: Array,
    query_kernel: Array, query_bias: Array, key_kernel: Array, key_bias: Array, value_kernel: Array, value_bias: Array,
    output_kernel: Array, output_bias: Array, norm_2_gamma: Array, norm_2_beta: Array, dense_1_kernel: Array,
    dense_1_bias: Array, dense_2_kernel: Array, dense_2_bias: Array, norm_gamma: Array, norm_beta: Array,
    head_kernel: Array, head_bias: Array, *, nudge: Nudge, tied: bool, **options: Any,
) -> Outputs:  # fmt: skip
    """One step for each row of ``starts`` (steps, batch), places in ``tokens`` (n,): from there on the model reads
    ``context`` tokens, the length of the position table, and says at each of them which one is next. ``tied``: logits
    are products with the rows of the token table, and there is no head."""
    weights = (
        token_table, position_table, norm_1_gamma, norm_1_beta, query_kernel, query_bias, key_kernel, key_bias,
        value_kernel, value_bias, output_kernel, output_bias, norm_2_gamma, norm_2_beta, dense_1_kernel, dense_1_bias,
        dense_2_kernel, dense_2_bias, norm_gamma, norm_beta, head_kernel, head_bias,
    )  # fmt: skip
    names = (*EMBEDDINGS, *OF_BLOCK, *NORM) if tied else (*EMBEDDINGS, *OF_BLOCK, *NORM, *HEAD)
    return _run(tokens, starts, dict(zip(names, weights, strict=False)), nudge, **options)


def _run(
    tokens: Array, starts: Array, weights: Weights, nudge: Nudge, *, every: int, learning_rate: float, warm_up: int,
    beta_1: float, beta_2: float, epsilon: float, weight_decay: float, decay_all: bool, limit: float,
    norm_epsilon: float | None, activation: str, **of_routes: Any,
) -> Outputs:  # fmt: skip
    """Rates rise to ``learning_rate`` in ``warm_up`` steps. Matrices decay, tables among them, and vectors only with
    ``decay_all``. All matrices are one vector for the optimizer, and all vectors another. ``norm`` is that of all
    gradients, before they are clipped to ``limit``; ``gradient_*`` are clipped."""
    vectors = [n for n in weights if n.endswith(("bias", "gamma", "beta"))]
    groups = {"matrices": [n for n in weights if n not in vectors], "vectors": vectors}
    norms: list[Array] = []

    def loss_and_gradients(flat: Weights, ids: Array, following: Array) -> tuple[Array, Weights]:
        w = {name: a for group, names in groups.items() for name, a in _parted(flat[group], names, weights)}
        loss, found = loss_and_gradients_of(w, ids, following, nudge, norm_epsilon or 1e-5, activation)
        gradients = {group: nudge(_joined(found, names)) for group, names in groups.items()}
        norm = nudge(clipping.norm(tuple(gradients.values())))
        norms.append(norm)
        scale = nudge(np.asarray(limit / np.maximum(norm, limit)))
        return loss, {group: g * scale for group, g in gradients.items()}

    rule = optimizers.decoupled(optimizers.adam)
    states: dict[str, dict[str, Any]] = {group: {} for group in groups}

    def update(group: str, w: Array, g: Array, t: int) -> Array:
        return rule(
            w, g, states[group], t, nudge, learning_rate=learning_rate * min(t / warm_up, 1.0), beta_1=beta_1,
            beta_2=beta_2, epsilon=epsilon, weight_decay=weight_decay if decay_all or group == "matrices" else 0.0,
        )  # fmt: skip

    context = len(weights["position_table"])
    windows = tokens[starts[..., None] + np.arange(context + 1)]
    batches = [(w[:, :-1], w[:, 1:]) for w in windows]
    joined = {group: _joined(weights, names) for group, names in groups.items()}
    rows = shared.trained(joined, batches, loss_and_gradients, update, nudge, every)
    outputs = {"loss": rows["loss"], "norm": np.stack(norms)}
    for group, names in groups.items():
        outputs.update(_parted(rows[group], names, weights))
        outputs.update({f"gradient_{n}": a for n, a in _parted(rows[f"gradient_{group}"], names, weights)})
    return outputs


def _joined(arrays: Weights, names: list[str]) -> Array:
    return np.concatenate([arrays[name].ravel() for name in names])


def _parted(flat: Array, names: list[str], like: Weights) -> Iterator[tuple[str, Array]]:
    """Named arrays from a vector, or from one in each row."""
    first = 0
    for name in names:
        shape = like[name].shape
        last = first + like[name].size
        yield name, flat[..., first:last].reshape(*flat.shape[:-1], *shape)
        first = last


def loss_and_gradients_of(
    w: Weights, ids: Array, following: Array, nudge: Nudge, epsilon: float, activation: str
) -> tuple[Array, Weights]:
    """The mean cross-entropy over all positions of all sequences."""
    x = nudge(w["token_table"][ids] + w["position_table"])
    allowed = attention.causal(ids.shape[1], ids.shape[1])
    back = []
    for i in range(len(w["norm_1_gamma"])):
        x, backward = _block(x, {name: w[name][i] for name in OF_BLOCK}, allowed, nudge, epsilon, activation)
        back.append(backward)
    normed, norm_backward = _norm(x, w["norm_gamma"], w["norm_beta"], nudge, epsilon)
    tied = "head_kernel" not in w
    kernel = w["token_table"].T if tied else w["head_kernel"]
    logits = nudge(normed @ kernel + w.get("head_bias", x.dtype.type(0)))
    loss, g = _cross_entropy(logits.reshape(-1, logits.shape[-1]), following.reshape(-1), nudge)

    g_kernel = normed.reshape(len(g), -1).T @ g
    gradients = {} if tied else {"head_kernel": g_kernel, "head_bias": g.sum(axis=0)}
    g, gradients["norm_gamma"], gradients["norm_beta"] = norm_backward(nudge((g @ kernel.T).reshape(x.shape)))
    of_blocks: list[Weights] = []
    for backward in reversed(back):
        g, of_block = backward(g)
        of_blocks.insert(0, of_block)
    gradients |= {name: np.stack([of_block[name] for of_block in of_blocks]) for name in OF_BLOCK}
    gradients["position_table"] = g.sum(axis=0)
    g_table = layers.embedding_vjp(g, ids, w["token_table"])
    gradients["token_table"] = nudge(g_table) + nudge(g_kernel).T if tied else g_table
    return loss, gradients


def _block(
    x: Array, w: Weights, allowed: Array, nudge: Nudge, epsilon: float, activation: str
) -> tuple[Array, Callable[[Array], tuple[Array, Weights]]]:
    normed_1, norm_1 = _norm(x, w["norm_1_gamma"], w["norm_1_beta"], nudge, epsilon)
    attended, attention_backward = _attention(normed_1, w, allowed, nudge)
    y = nudge(x + attended)
    normed_2, norm_2 = _norm(y, w["norm_2_gamma"], w["norm_2_beta"], nudge, epsilon)
    fed, mlp_backward = _mlp(normed_2, w, nudge, activation)

    def backward(c: Array) -> tuple[Array, Weights]:
        g, of_mlp = mlp_backward(c)
        g, *of_norm_2 = norm_2(g)
        c = nudge(c + g)
        g, of_attention = attention_backward(c)
        g, *of_norm_1 = norm_1(g)
        of_norms = dict(zip((*OF_BLOCK[:2], *OF_BLOCK[10:12]), (*of_norm_1, *of_norm_2), strict=True))
        return nudge(c + g), {**of_mlp, **of_attention, **of_norms}

    return nudge(y + fed), backward


def _norm(
    x: Array, gamma: Array, beta: Array, nudge: Nudge, epsilon: float
) -> tuple[Array, Callable[[Array], tuple[Array, Array, Array]]]:
    """(x - mean) / sqrt(variance + epsilon) gamma + beta. The mean is subtracted: what is rounded is as large as x."""

    def mean(a: Array) -> Array:
        return a.sum(axis=-1, keepdims=True) / a.shape[-1]

    x = nudge(x)
    centred = x - mean(x)
    deviation = np.sqrt(mean(centred * centred) + x.dtype.type(epsilon))
    z = centred / deviation

    def backward(c: Array) -> tuple[Array, Array, Array]:
        g = c * gamma
        of_x = (g - mean(g) - z * mean(g * z)) / deviation
        return nudge(of_x), (c * z).sum(axis=(0, 1)), c.sum(axis=(0, 1))

    return nudge(z * gamma + beta), backward


def _attention(
    x: Array, w: Weights, allowed: Array, nudge: Nudge
) -> tuple[Array, Callable[[Array], tuple[Array, Weights]]]:
    """Multi-head attention of a sequence to itself. The three projections are one product."""
    kinds = ("query", "key", "value")
    (batch, time, width), (_, heads, size) = x.shape, w["query_kernel"].shape
    kernel = np.concatenate([w[f"{kind}_kernel"].reshape(width, -1) for kind in kinds], axis=1)
    bias = np.concatenate([w[f"{kind}_bias"].ravel() for kind in kinds])
    rows, output_kernel = x.reshape(-1, width), w["output_kernel"].reshape(-1, width)
    projected = nudge(rows @ kernel + bias).reshape(batch, time, 3, heads, size)
    q, k, v = np.moveaxis(projected, (2, 3), (0, 2))
    scale = attention.inverse_root(q)
    p = nudge(attention.weights(nudge(scale * (q @ attention.turned(k))), allowed))
    attended = np.swapaxes(nudge(p @ v), 1, 2).reshape(-1, heads * size)

    def backward(c: Array) -> tuple[Array, Weights]:
        of_rows = c.reshape(-1, width)
        g = np.swapaxes(nudge(of_rows @ output_kernel.T).reshape(batch, time, heads, size), 1, 2)
        exact = attention.weights_vjp(nudge(g @ attention.turned(v)), p)
        scores = nudge(exact)
        of_each = np.stack([scale * scores @ k, scale * attention.turned(scores) @ q, attention.turned(p) @ g])
        unrounded = np.moveaxis(of_each, (0, 2), (2, 3)).reshape(len(rows), -1)
        of_projected = nudge(unrounded)
        of_kernels = np.split((rows.T @ of_projected).reshape(width, 3 * heads, size), 3, axis=1)
        of_biases = np.split(of_projected.sum(axis=0).reshape(3 * heads, size), 3)
        # A bias of the key moves all scores of a query alike, which softmax does not see: its gradient is 0. A
        # computed one is what rounding leaves.
        slip = scale * (scores - exact).sum(axis=-1)
        of_biases[1] = (slip[..., None] * q).sum(axis=(0, 2))
        of_biases[1] += (of_projected - unrounded).sum(axis=0).reshape(3, heads, size)[1]
        gradients = {f"{kind}_kernel": g for kind, g in zip(kinds, of_kernels, strict=True)}
        gradients |= {f"{kind}_bias": g for kind, g in zip(kinds, of_biases, strict=True)}
        gradients["output_kernel"] = (attended.T @ of_rows).reshape(heads, size, width)
        gradients["output_bias"] = of_rows.sum(axis=0)
        return nudge(of_projected @ kernel.T).reshape(x.shape), gradients

    return nudge(attended @ output_kernel + w["output_bias"]).reshape(x.shape), backward


def _mlp(x: Array, w: Weights, nudge: Nudge, activation: str) -> tuple[Array, Callable[[Array], tuple[Array, Weights]]]:
    """Implementations take half of 1 + erf, or of 1 + tanh, whose rounding errors are those of 1 also in the left tail,
    where nothing is left of it."""
    gelu, gelu_vjp = (
        (activations.gelu_tanh, activations.gelu_tanh_vjp)
        if activation == "gelu_tanh"
        else (activations.gelu, activations.gelu_vjp)
    )
    z = nudge(x @ w["dense_1_kernel"] + w["dense_1_bias"])
    half = np.full_like(z, 0.5)
    y = nudge(gelu(z) + z * _slip(half, nudge))

    def backward(c: Array) -> tuple[Array, Weights]:
        slope = gelu_vjp(np.ones_like(z), z) + _slip(half, nudge)
        g = nudge(nudge(c @ w["dense_2_kernel"].T) * slope)
        rows, of_y, of_z = (a.reshape(-1, a.shape[-1]) for a in (x, y, g))
        out = c.reshape(-1, c.shape[-1])
        return nudge(g @ w["dense_1_kernel"].T), {
            "dense_1_kernel": rows.T @ of_z, "dense_1_bias": of_z.sum(axis=0),
            "dense_2_kernel": of_y.T @ out, "dense_2_bias": out.sum(axis=0),
        }  # fmt: skip

    return nudge(y @ w["dense_2_kernel"] + w["dense_2_bias"]), backward


def _cross_entropy(logits: Array, labels: Array, nudge: Nudge) -> tuple[Array, Array]:
    """The mean loss, and its gradient with respect to the logits. Implementations round probabilities, and sums of them
    that are 1, before they subtract the target or take the logarithm."""
    p = softmax(logits, axis=-1)
    loss = losses.cross_entropy(logits, labels) + np.mean(_slip(np.ones(len(p)), nudge))
    delta = losses.cross_entropy_vjp(p.dtype.type(1), logits, labels) + _slip(p, nudge) / len(p)
    return nudge(np.asarray(loss)), nudge(delta)


def _slip(a: Array, nudge: Nudge) -> Array:
    """How far an array moves when it is rounded."""
    return nudge(a) - a
