"""Attention: loops over batches, heads and queries, with SciPy's softmax."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

Array = np.ndarray


def looped(
    query: Array, key: Array, value: Array, scale: float | None = None,
    may: Callable[[int, int, int, int], bool] = lambda b, h, i, j: True,
    bias: Callable[[int, int, int, int], float] = lambda b, h, i, j: 0.0,
) -> tuple[Array, Array]:  # fmt: skip
    """Output (batch, time, heads, size) and weights; query i of batch b and head h may attend to key j."""
    batch, times, heads, size = query.shape
    group, keys = heads // key.shape[2], key.shape[1]
    out = np.zeros((batch, times, heads, value.shape[-1]))
    weights = np.zeros((batch, heads, times, keys))
    for b, i, h in np.ndindex(batch, times, heads):
        allowed = [j for j in range(keys) if may(b, h, i, j)]
        if not allowed:
            continue
        factor = size**-0.5 if scale is None else scale
        scores = [np.dot(query[b, i, h], key[b, j, h // group]) * factor + bias(b, h, i, j) for j in allowed]
        weights[b, h, i, allowed] = scipy.special.softmax(np.array(scores))
        out[b, i, h] = sum(weights[b, h, i, j] * value[b, j, h // group] for j in allowed)
    return out, weights


def element(a: Array, b: int, h: int, i: int, j: int) -> Any:
    """Of an array that broadcasts to (batch, heads, time, keys)."""
    index = tuple(0 if n == 1 else k for n, k in zip(a.shape[::-1], (j, i, h, b), strict=False))
    return a[index[::-1]]


def masked(query: Array, key: Array, value: Array, mask: Array) -> Array:
    return looped(query, key, value, may=lambda *at: bool(element(mask, *at)))[0]


def biased(query: Array, key: Array, value: Array, bias: Array) -> Array:
    return looped(query, key, value, bias=lambda *at: float(element(bias, *at)))[0]


def lower_right(query: Array, key: Array, value: Array) -> Array:
    more = key.shape[1] - query.shape[1]
    return looped(query, key, value, may=lambda b, h, i, j: j - more <= i)[0]


def alibi(query: Array, key: Array, value: Array) -> Array:
    """The slopes as a geometric sequence that begins at, and goes on by, 2^(-8 / heads)."""
    ratio = 2.0 ** (-8 / query.shape[2])
    return looped(
        query, key, value, may=lambda b, h, i, j: j <= i, bias=lambda b, h, i, j: -(ratio ** (h + 1)) * abs(i - j)
    )[0]


def row(table: Array, i: int, j: int) -> Array:
    m = len(table) // 2
    return np.asarray(table[max(-m, min(m, j - i)) + m])


def relative_bias(query: Array, key: Array, value: Array, table: Array) -> Array:
    return looped(query, key, value, bias=lambda b, h, i, j: row(table, i, j)[h])[0]


def relative_keys(query: Array, key: Array, value: Array, table: Array) -> Array:
    size = query.shape[-1]
    return looped(query, key, value, bias=lambda b, h, i, j: query[b, i, h] @ row(table, i, j) / size**0.5)[0]


def sinusoidal(x: Array, *, base: float = 10000.0) -> Array:
    """The imaginary and real parts of exp(i angle)."""
    out = x.copy()
    for t, f in np.ndindex(*x.shape[1:]):
        z = np.exp(1j * t / base ** (2 * (f // 2) / x.shape[2]))
        out[:, t, f] += z.real if f % 2 else z.imag
    return out


def rotary(x: Array, *, interleaved: bool, base: float = 10000.0) -> Array:
    """Pairs as complex numbers, times exp(i angle)."""
    out, size = x.copy(), x.shape[-1]
    for t, i in np.ndindex(x.shape[1], size // 2):
        a, b = (2 * i, 2 * i + 1) if interleaved else (i, i + size // 2)
        z = (x[:, t, :, a] + 1j * x[:, t, :, b]) * np.exp(1j * t * base ** (-2 * i / size))
        out[:, t, :, a], out[:, t, :, b] = z.real, z.imag
    return out


# Keras' layers, one head


def over_scores(score: Callable[[Array, Array], Any], query: Array, value: Array, key: Array, query_mask: Array,
                value_mask: Array, use_causal_mask: bool = False) -> Array:  # fmt: skip
    out = np.zeros((*query.shape[:2], value.shape[-1]))
    for b, i in np.ndindex(*query.shape[:2]):
        allowed = [j for j in range(key.shape[1]) if value_mask[b, j] and (j <= i or not use_causal_mask)]
        if query_mask[b, i] and allowed:
            w = scipy.special.softmax(np.array([score(query[b, i], key[b, j]) for j in allowed]))
            out[b, i] = w @ value[b, allowed]
    return out


def luong(query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Any = 1.0, *,
          use_causal_mask: bool = False) -> Array:  # fmt: skip
    return over_scores(
        lambda q, k: scale * np.dot(q, k), query, value, key, query_mask, value_mask, use_causal_mask=use_causal_mask
    )


def additive(query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array) -> Array:
    return over_scores(lambda q, k: np.dot(scale, np.tanh(q + k)), query, value, key, query_mask, value_mask)


def concat(
    query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, weight: Array
) -> Array:
    return over_scores(lambda q, k: weight * np.tanh(scale * (q + k)).sum(), query, value, key, query_mask, value_mask)


# Many heads: flat matrices, as torch keeps them


def projected(x: Array, kernel: Array, bias: Array | None) -> Array:
    flat = x @ kernel.reshape(len(kernel), -1) + (0 if bias is None else bias.ravel())
    return flat.reshape(*x.shape[:2], *kernel.shape[1:])


def heads(query: Array, value: Array, key: Array, weights: Any, may: Any = lambda b, h, i, j: True,
          more: Any = ()) -> tuple[Array, Array]:  # fmt: skip
    q, k, v = (projected(x, weights[2 * i], weights[2 * i + 1]) for i, x in enumerate((query, key, value)))
    for key_row, value_row in more:
        k = np.concatenate([k, np.tile(key_row, (len(k), 1, 1, 1))], axis=1)
        v = np.concatenate([v, np.tile(value_row, (len(v), 1, 1, 1))], axis=1)
    y, scores = looped(q, k, v, may=may)
    out = y.reshape(*y.shape[:2], -1) @ weights[6].reshape(-1, weights[6].shape[-1])
    return out if weights[7] is None else out + weights[7], scores


def mha(query: Array, value: Array, key: Array, *weights: Array, window: int | None = None,
        is_causal: bool = False) -> Array:  # fmt: skip
    return heads(
        query, value, key, weights,
        lambda b, h, i, j: (window is None or -window < i - j < window) and (j <= i or not is_causal),
    )[0]  # fmt: skip


def masked_mha(query: Array, value: Array, key: Array, mask: Array, key_mask: Array, *weights: Array) -> Array:
    return heads(query, value, key, weights, lambda b, h, i, j: mask[b, i, j] and key_mask[b, j])[0]


def mha_scores(
    query: Array, value: Array, key: Array, mask: Array, *weights: Array, average: bool = False
) -> tuple[Array, Array]:
    return heads(query, value, key, weights, lambda b, h, i, j: mask[b, i, j])


def mha_without_bias(query: Array, value: Array, key: Array, *kernels: Array) -> Array:
    return heads(query, value, key, [w for kernel in kernels for w in (kernel, None)])[0]


def mha_with_more_keys(query: Array, value: Array, key: Array, more_key: Array, more_value: Array, *weights: Array,
                       zero: bool = False) -> Array:  # fmt: skip
    more = [(more_key, more_value), (0 * more_key, 0 * more_value)][: 2 if zero else 1]
    return heads(query, value, key, weights, more=more)[0]


# Blocks


def normed(x: Array, gamma: Array, beta: Array) -> Array:
    mean, variance = np.mean(x, axis=-1, keepdims=True), np.var(x, axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def fed_forward(x: Array, dense: Any, activation: str = "relu") -> Array:
    z = x @ dense[0] + dense[1]
    return (np.maximum(z, 0) if activation == "relu" else z * scipy.special.ndtr(z)) @ dense[2] + dense[3]


def encoder_post(x: Array, mask: Array, *weights: Array, activation: str = "relu") -> Array:
    y = normed(x + heads(x, x, x, weights[:8], lambda b, h, i, j: mask[b, j])[0], *weights[8:10])
    return normed(y + fed_forward(y, weights[10:14], activation), *weights[14:])


def encoder_pre(x: Array, mask: Array, *weights: Array, activation: str = "relu") -> Array:
    z = normed(x, *weights[:2])
    y = x + heads(z, z, z, weights[2:10], lambda b, h, i, j: mask[b, j])[0]
    return y + fed_forward(normed(y, *weights[10:12]), weights[12:], activation)


def decoder(x: Array, memory: Array, *weights: Array) -> Array:
    y = normed(x + heads(x, x, x, weights[:8], lambda b, h, i, j: j <= i)[0], *weights[8:10])
    z = normed(y + heads(y, memory, memory, weights[10:18])[0], *weights[18:20])
    return normed(z + fed_forward(z, weights[20:24]), *weights[24:])


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "scaled_dot_product_attention": lambda q, k, v, *, scale=None: looped(q, k, v, scale)[0],
    "masked_dot_product_attention": masked,
    "biased_dot_product_attention": biased,
    "causal_dot_product_attention": lambda q, k, v: looped(q, k, v, may=lambda b, h, i, j: j <= i)[0],
    "causal_lower_right_attention": lower_right,
    "grouped_query_attention": lambda q, k, v: looped(q, k, v)[0],
    "alibi_attention": alibi,
    "relative_position_bias_attention": relative_bias,
    "relative_position_keys_attention": relative_keys,
    "sinusoidal_position_encoding": sinusoidal,
    "rotary_position_embedding": rotary,
    "luong_attention": luong,
    "scaled_luong_attention": luong,
    "concat_attention": concat,
    "additive_attention": additive,
    "multi_head_attention": mha,
    "multi_head_attention_of_other_widths": mha,
    "masked_multi_head_attention": masked_mha,
    "windowed_multi_head_attention": mha,
    "multi_head_attention_scores": mha_scores,
    "multi_head_attention_without_bias": mha_without_bias,
    "multi_head_attention_with_bias_kv": mha_with_more_keys,
    "grouped_query_attention_layer": mha,
    "transformer_encoder_post_norm": encoder_post,
    "transformer_encoder_pre_norm": encoder_pre,
    "transformer_decoder": decoder,
}
