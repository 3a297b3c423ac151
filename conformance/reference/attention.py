"""Attention. Vaswani et al. 2017, "Attention Is All You Need", https://arxiv.org/abs/1706.03762.

Sequences are (batch, time, heads, size), as Keras keeps them; a mask is True where a query may attend. A query that may
attend to nothing receives the empty sum, 0. Gradients in closed form.
"""

from typing import Any

import numpy as np

Array = np.ndarray


def weights(scores: Array, allowed: Array | None = None) -> Array:
    """The softmax over the last axis of the scores that are ``allowed``; zeros where none is."""
    scores = scores if allowed is None else np.where(allowed, scores, -np.inf)
    top = np.max(scores, axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = np.sum(e, axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


def weights_vjp(c: Array, w: Array) -> Array:
    return w * (c - np.sum(w * c, axis=-1, keepdims=True))


def turned(a: Array) -> Array:
    """The transpose of each matrix."""
    return np.swapaxes(a, -1, -2)


def inverse_root(a: Array) -> Any:
    """1 / sqrt(size), in the format of ``a`` (..., size)."""
    return 1 / np.sqrt(a.dtype.type(a.shape[-1]))


def attend(
    q: Array, k: Array, v: Array, scale: Any, allowed: Array | None = None, bias: Array | None = None
) -> tuple[Array, Array]:
    """softmax(scale q k^T + bias) v, and the softmax; q (..., time, size), k and v (..., keys, size)."""
    scores = scale * np.matmul(q, turned(k))
    w = weights(scores if bias is None else scores + bias, allowed)
    return np.matmul(w, v), w


def attend_vjp(
    c: Array, q: Array, k: Array, v: Array, w: Array, scale: Any, cw: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """Gradients of q, k, v and the scores; ``cw`` is the cotangent of the softmax ``w``."""
    g = np.matmul(c, turned(v))
    g = weights_vjp(g if cw is None else g + cw, w)
    return scale * np.matmul(g, k), scale * np.matmul(turned(g), q), np.matmul(turned(w), c), g


def attend_vjp_sizes(
    c: Array, q: Array, k: Array, v: Array, w: Array, scale: Any, cw: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """What the gradients of `attend_vjp` pass through: that of a score is w (g - sum(w g)), where nothing is left of g
    if w is nearly 1, and the rounding errors of g add up as independent ones do."""
    g = np.matmul(np.abs(c), turned(np.abs(v)))
    g = weights_vjp_sizes(g if cw is None else g + np.abs(cw), w)
    return scale * root_of_squares(g, k), scale * root_of_squares(turned(g), q), np.zeros_like(v), g


def weights_vjp_sizes(g: Array, w: Array) -> Array:
    """The magnitudes that `weights_vjp` subtracts, for a cotangent of magnitude ``g``."""
    return w * (g + np.sum(w * g, axis=-1, keepdims=True))


def root_of_squares(g: Array, k: Array) -> Array:
    """A matrix product with the root of the sum of squares for the sum."""
    return np.sqrt(np.matmul(g * g, k * k))


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over what was broadcast from ``shape``."""
    g = np.sum(g, axis=tuple(range(g.ndim - len(shape))))
    return np.sum(g, axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1), keepdims=True)


def by_head(x: Array, heads: int = 0) -> Array:
    """(batch, heads, time, size); key and value heads are repeated for the queries of their group."""
    x = np.swapaxes(x, 1, 2)
    return np.repeat(x, heads // x.shape[1], axis=1) if heads else x


def by_time(g: Array, heads: int = 0) -> Array:
    """Back to (batch, time, heads, size); gradients of one group are added."""
    if heads:
        g = np.sum(g.reshape(g.shape[0], heads, g.shape[1] // heads, *g.shape[2:]), axis=2)
    return np.swapaxes(g, 1, 2)


def causal(times: int, keys: int, lower_right: bool = False) -> Array:
    """Query i may attend to keys up to i; ``lower_right``: the last query to all keys."""
    return np.tri(times, keys, keys - times if lower_right else 0, dtype=bool)


def _checked(query: Array, key: Array, value: Array) -> None:
    """Raises ``ValueError`` for inputs that do not fit."""
    if not query.ndim == key.ndim == value.ndim == 4:
        raise ValueError("query, key and value are (batch, time, heads, size)")
    if any(a.dtype.kind in "iub" for a in (query, key, value)):
        raise ValueError("query, key and value are floating")
    if query.shape[-1] != key.shape[-1] or key.shape[:3] != value.shape[:3] or len(query) != len(key):
        raise ValueError(f"sizes do not fit: {query.shape}, {key.shape}, {value.shape}")
    if query.shape[2] % key.shape[2]:
        raise ValueError(f"{query.shape[2]} query heads are no multiple of {key.shape[2]}")


def _heads(query: Array, key: Array, value: Array, scale: float | None) -> tuple[Array, Array, Array, Any]:
    _checked(query, key, value)
    n = query.shape[2]
    s = inverse_root(query) if scale is None else query.dtype.type(scale)
    return by_head(query), by_head(key, n), by_head(value, n), s


def _value(
    query: Array, key: Array, value: Array, scale: float | None = None, allowed: Array | None = None,
    bias: Array | None = None,
) -> Array:  # fmt: skip
    q, k, v, s = _heads(query, key, value, scale)
    for name, a in (("mask", allowed), ("bias", bias)):
        scores = (*q.shape[:3], k.shape[2])
        if a is not None and any(n not in (1, m) for n, m in zip(a.shape[::-1], scores[::-1], strict=False)):
            raise ValueError(f"the {name} {a.shape} does not fit scores of {scores}")
    return by_time(attend(q, k, v, s, allowed, bias)[0])


def _gradient(
    c: Array, query: Array, key: Array, value: Array, scale: float | None = None, allowed: Array | None = None,
    bias: Array | None = None, backward: Any = attend_vjp,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Of query, key, value and the scores."""
    q, k, v, s = _heads(query, key, value, scale)
    w = attend(q, k, v, s, allowed, bias)[1]
    gq, gk, gv, gs = backward(by_head(c), q, k, v, w, s)
    return by_time(gq), by_time(gk, key.shape[2]), by_time(gv, key.shape[2]), gs


def scaled_dot_product(query: Array, key: Array, value: Array, *, scale: float | None = None) -> Array:
    """softmax(query key^T / sqrt(size)) value; with fewer key heads, each serves neighbouring query heads."""
    return _value(query, key, value, scale)


def scaled_dot_product_vjp(
    c: Array, query: Array, key: Array, value: Array, *, scale: float | None = None
) -> tuple[Array, ...]:
    return _gradient(c, query, key, value, scale)[:3]


def scaled_dot_product_vjp_sizes(
    c: Array, query: Array, key: Array, value: Array, *, scale: float | None = None
) -> tuple[Array, ...]:
    return _gradient(c, query, key, value, scale, backward=attend_vjp_sizes)[:3]


def masked(query: Array, key: Array, value: Array, mask: Array) -> Array:
    """``mask`` broadcasts to (batch, heads, time, keys)."""
    if mask.dtype != np.bool_:
        raise ValueError(f"a mask is boolean, not {mask.dtype}")
    return _value(query, key, value, allowed=mask)


def masked_vjp(c: Array, query: Array, key: Array, value: Array, mask: Array) -> tuple[Array, ...]:
    return _gradient(c, query, key, value, allowed=mask)[:3]


def masked_vjp_sizes(c: Array, query: Array, key: Array, value: Array, mask: Array) -> tuple[Array, ...]:
    return _gradient(c, query, key, value, allowed=mask, backward=attend_vjp_sizes)[:3]


def biased(query: Array, key: Array, value: Array, bias: Array) -> Array:
    """``bias`` is added to the scores and broadcasts to (batch, heads, time, keys)."""
    return _value(query, key, value, bias=bias)


def biased_vjp(c: Array, query: Array, key: Array, value: Array, bias: Array) -> tuple[Array, ...]:
    *gradients, gs = _gradient(c, query, key, value, bias=bias)
    return (*gradients, unbroadcast(gs, bias.shape))


def biased_vjp_sizes(c: Array, query: Array, key: Array, value: Array, bias: Array) -> tuple[Array, ...]:
    *sizes, gs = _gradient(c, query, key, value, bias=bias, backward=attend_vjp_sizes)
    return (*sizes, np.sqrt(unbroadcast(gs * gs, bias.shape)))


def causal_attention(query: Array, key: Array, value: Array, *, lower_right: bool = False) -> Array:
    return _value(query, key, value, allowed=causal(query.shape[1], key.shape[1], lower_right))


def causal_attention_vjp(
    c: Array, query: Array, key: Array, value: Array, *, lower_right: bool = False
) -> tuple[Array, ...]:
    return _gradient(c, query, key, value, allowed=causal(query.shape[1], key.shape[1], lower_right))[:3]


def causal_attention_vjp_sizes(
    c: Array, query: Array, key: Array, value: Array, *, lower_right: bool = False
) -> tuple[Array, ...]:
    allowed = causal(query.shape[1], key.shape[1], lower_right)
    return _gradient(c, query, key, value, allowed=allowed, backward=attend_vjp_sizes)[:3]


# Positions


def distances(times: int, keys: int) -> Array:
    """How far key j lies behind query i: j - i."""
    return np.arange(keys) - np.arange(times)[:, None]


def alibi_bias(query: Array, key: Array) -> Array:
    """Slopes 2^(-8 h / heads) for h = 1 .. heads. Press et al. 2022, https://arxiv.org/abs/2108.12409."""
    heads = query.shape[2]
    slopes = 2.0 ** (-8.0 * np.arange(1, heads + 1) / heads)
    return (slopes[:, None, None] * distances(query.shape[1], key.shape[1])).astype(query.dtype)


def alibi(query: Array, key: Array, value: Array) -> Array:
    """Causal, and a linear penalty for each head on distance. The slopes of a power of 2 of heads are powers of 2."""
    allowed = causal(query.shape[1], key.shape[1])
    return _value(query, key, value, allowed=allowed, bias=alibi_bias(query, key))


def alibi_vjp(c: Array, query: Array, key: Array, value: Array) -> tuple[Array, ...]:
    allowed = causal(query.shape[1], key.shape[1])
    return _gradient(c, query, key, value, allowed=allowed, bias=alibi_bias(query, key))[:3]


def alibi_vjp_sizes(c: Array, query: Array, key: Array, value: Array) -> tuple[Array, ...]:
    allowed, bias = causal(query.shape[1], key.shape[1]), alibi_bias(query, key)
    return _gradient(c, query, key, value, allowed=allowed, bias=bias, backward=attend_vjp_sizes)[:3]


def clipped_distances(times: int, keys: int, rows: int) -> Array:
    """Rows of a table of ``rows`` = 2 m + 1 relative positions: distances clipped to [-m, m]."""
    m = rows // 2
    return np.clip(distances(times, keys), -m, m) + m


def relative_bias(query: Array, key: Array, value: Array, table: Array) -> Array:
    """A learned bias for each head and clipped distance, table (2 m + 1, heads): Raffel et al. 2020 (T5),
    https://arxiv.org/abs/1910.10683, section 2.1, with buckets of one distance."""
    rows = clipped_distances(query.shape[1], key.shape[1], len(table))
    return _value(query, key, value, bias=np.moveaxis(table[rows], -1, 0))


def relative_bias_vjp(c: Array, query: Array, key: Array, value: Array, table: Array) -> tuple[Array, ...]:
    rows = clipped_distances(query.shape[1], key.shape[1], len(table))
    *gradients, gs = _gradient(c, query, key, value, bias=np.moveaxis(table[rows], -1, 0))
    gt = np.zeros_like(table)
    np.add.at(gt, rows, np.moveaxis(np.sum(gs, axis=0), 0, -1))
    return (*gradients, gt)


def relative_bias_vjp_sizes(c: Array, query: Array, key: Array, value: Array, table: Array) -> tuple[Array, ...]:
    rows = clipped_distances(query.shape[1], key.shape[1], len(table))
    bias = np.moveaxis(table[rows], -1, 0)
    *sizes, gs = _gradient(c, query, key, value, bias=bias, backward=attend_vjp_sizes)
    gt = np.zeros_like(table)
    np.add.at(gt, rows, np.moveaxis(np.sum(gs * gs, axis=0), 0, -1))
    return (*sizes, np.sqrt(gt))


def relative_keys(query: Array, key: Array, value: Array, table: Array) -> Array:
    """query (key + table[distance])^T / sqrt(size), table (2 m + 1, size): Shaw et al. 2018,
    https://arxiv.org/abs/1803.02155, equation 5."""
    rows = clipped_distances(query.shape[1], key.shape[1], len(table))
    bias = np.einsum("bihd,ijd->bhij", query, table[rows]) * inverse_root(query)
    return _value(query, key, value, bias=bias)


def relative_keys_vjp(c: Array, query: Array, key: Array, value: Array, table: Array) -> tuple[Array, ...]:
    rows, s = clipped_distances(query.shape[1], key.shape[1], len(table)), inverse_root(query)
    bias = np.einsum("bihd,ijd->bhij", query, table[rows]) * s
    gq, gk, gv, gs = _gradient(c, query, key, value, bias=bias)
    gt = np.zeros_like(table)
    np.add.at(gt, rows, np.einsum("bhij,bihd->ijd", gs, query) * s)
    return gq + np.einsum("bhij,ijd->bihd", gs, table[rows]) * s, gk, gv, gt


def relative_keys_vjp_sizes(c: Array, query: Array, key: Array, value: Array, table: Array) -> tuple[Array, ...]:
    rows, s = clipped_distances(query.shape[1], key.shape[1], len(table)), inverse_root(query)
    bias = np.einsum("bihd,ijd->bhij", query, table[rows]) * s
    gq, gk, gv, gs = _gradient(c, query, key, value, bias=bias, backward=attend_vjp_sizes)
    gt, squares = np.zeros_like(table), gs * gs
    np.add.at(gt, rows, np.einsum("bhij,bihd->ijd", squares, query * query))
    return gq + np.sqrt(np.einsum("bhij,ijd->bihd", squares, table[rows] ** 2)) * s, gk, gv, np.sqrt(gt) * s


def angles(x: Array, times: int, size: int, base: float) -> Array:
    """position base^(-2 i / size) for i below size / 2, in the format of ``x``."""
    t = x.dtype.type
    return np.arange(times, dtype=x.dtype)[:, None] * t(base) ** (-2 * np.arange(size // 2, dtype=x.dtype) / t(size))


def sinusoidal(x: Array, *, base: float = 10000.0) -> Array:
    """x + sin(angle) on even, + cos(angle) on odd features; x (batch, time, size). Vaswani et al. 2017, section 3.5."""
    a = angles(x, x.shape[1], x.shape[2], base)
    return x + np.stack([np.sin(a), np.cos(a)], axis=-1).reshape(a.shape[0], -1)


def sinusoidal_vjp(c: Array, x: Array, *, base: float = 10000.0) -> Array:
    return c


def sinusoidal_sizes(x: Array, *, base: float = 10000.0) -> Array:
    """An angle is rounded before its sine is taken."""
    return np.abs(x) + np.repeat(angles(x, x.shape[1], x.shape[2], base), 2, axis=-1)


def _rotated(x: Array, a: Array, interleaved: bool) -> Array:
    """Pairs of features turned by the angle: neighbours, or one from each half."""
    cos, sin = np.cos(a)[:, None], np.sin(a)[:, None]
    first, second = (x[..., ::2], x[..., 1::2]) if interleaved else np.split(x, 2, axis=-1)
    pair = first * cos - second * sin, second * cos + first * sin
    return np.stack(pair, axis=-1).reshape(x.shape) if interleaved else np.concatenate(pair, axis=-1)


def rotary(x: Array, *, interleaved: bool, base: float = 10000.0) -> Array:
    """Su et al. 2021 (RoFormer), https://arxiv.org/abs/2104.09864, equation 34; x (batch, time, heads, size)."""
    if x.shape[-1] % 2:
        raise ValueError(f"features come in pairs, not {x.shape[-1]}")
    return _rotated(x, angles(x, x.shape[1], x.shape[3], base), interleaved)


def rotary_vjp(c: Array, x: Array, *, interleaved: bool, base: float = 10000.0) -> Array:
    """Turned back."""
    return _rotated(c, -angles(x, x.shape[1], x.shape[3], base), interleaved)


def rotary_sizes(x: Array, *, interleaved: bool, base: float = 10000.0) -> Array:
    """An angle is rounded before its sine is taken."""
    a = angles(x, x.shape[1], x.shape[3], base)[:, None]
    first, second = (x[..., ::2], x[..., 1::2]) if interleaved else np.split(x, 2, axis=-1)
    size = (np.abs(first) + np.abs(second)) * (1 + a)
    return np.repeat(size, 2, axis=-1) if interleaved else np.concatenate([size, size], axis=-1)


def rotary_vjp_sizes(c: Array, x: Array, *, interleaved: bool, base: float = 10000.0) -> Array:
    return rotary_sizes(c, interleaved=interleaved, base=base)


# Keras' layers Attention and AdditiveAttention: (batch, time, size), one head


def _allowed(query: Array, value_mask: Array, use_causal_mask: bool) -> Array:
    allowed = value_mask[:, None, :]
    return allowed & causal(query.shape[1], value_mask.shape[1]) if use_causal_mask else allowed


def _fit(query: Array, value: Array, key: Array) -> None:
    if not query.ndim == key.ndim == value.ndim == 3:
        raise ValueError("query, value and key are (batch, time, size)")
    if query.shape[-1] != key.shape[-1] or key.shape[:2] != value.shape[:2] or len(query) != len(key):
        raise ValueError(f"sizes do not fit: {query.shape}, {value.shape}, {key.shape}")


def luong(
    query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, *,
    use_causal_mask: bool = False,
) -> Array:  # fmt: skip
    """softmax(scale query key^T) value; 0 where the query is masked. Luong et al. 2015,
    https://arxiv.org/abs/1508.04025, section 3.1 (dot)."""
    _fit(query, value, key)
    return attend(query, key, value, scale, _allowed(query, value_mask, use_causal_mask))[0] * query_mask[..., None]


def luong_vjp(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, *,
    use_causal_mask: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    w = attend(query, key, value, scale, _allowed(query, value_mask, use_causal_mask))[1]
    gq, gk, gv, gs = attend_vjp(c * query_mask[..., None], query, key, value, w, scale)
    return gq, gv, gk, np.sum(gs * np.matmul(query, turned(key)))


def luong_vjp_sizes(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, *,
    use_causal_mask: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    w = attend(query, key, value, scale, _allowed(query, value_mask, use_causal_mask))[1]
    gq, gk, gv, gs = attend_vjp_sizes(c * query_mask[..., None], query, key, value, w, abs(scale))
    return gq, gv, gk, np.sqrt(np.sum((gs * np.matmul(query, turned(key))) ** 2))


def unscaled(
    query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, *, use_causal_mask: bool = False
) -> Array:
    """`luong` with a scale of 1."""
    one = query.dtype.type(1)
    return luong(query, value, key, query_mask, value_mask, one, use_causal_mask=use_causal_mask)


def unscaled_vjp(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, *,
    use_causal_mask: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    one = query.dtype.type(1)
    return luong_vjp(c, query, value, key, query_mask, value_mask, one, use_causal_mask=use_causal_mask)[:3]


def unscaled_vjp_sizes(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, *,
    use_causal_mask: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    one = query.dtype.type(1)
    return luong_vjp_sizes(c, query, value, key, query_mask, value_mask, one, use_causal_mask=use_causal_mask)[:3]


def _summed(query: Array, key: Array) -> Array:
    return query[:, :, None] + key[:, None]


def _over(scores: Array, value: Array, query_mask: Array, value_mask: Array) -> tuple[Array, Array]:
    w = weights(scores, value_mask[:, None, :])
    return np.matmul(w, value) * query_mask[..., None], w


def additive(query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array) -> Array:
    """softmax(sum(scale tanh(query + key))) value, scale (size,). Bahdanau et al. 2015,
    https://arxiv.org/abs/1409.0473, appendix A.1.2, where the projections come before."""
    _fit(query, value, key)
    return _over(np.sum(scale * np.tanh(_summed(query, key)), axis=-1), value, query_mask, value_mask)[0]


def additive_vjp(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array
) -> tuple[Array, ...]:
    t, c = np.tanh(_summed(query, key)), c * query_mask[..., None]
    w = _over(np.sum(scale * t, axis=-1), value, query_mask, value_mask)[1]
    gs = weights_vjp(np.matmul(c, turned(value)), w)[..., None]
    g = gs * scale * (1 - t) * (1 + t)
    return np.sum(g, axis=2), np.matmul(turned(w), c), np.sum(g, axis=1), np.sum(gs * t, axis=(0, 1, 2))


def additive_vjp_sizes(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array
) -> tuple[Array, ...]:
    t, c = np.tanh(_summed(query, key)), np.abs(c) * query_mask[..., None]
    w = _over(np.sum(scale * t, axis=-1), value, query_mask, value_mask)[1]
    gs = weights_vjp_sizes(np.matmul(c, turned(np.abs(value))), w)[..., None]
    g = (gs * scale) ** 2
    of_scale = np.sqrt(np.sum((gs * t) ** 2, axis=(0, 1, 2)))
    return np.sqrt(np.sum(g, axis=2)), np.zeros_like(value), np.sqrt(np.sum(g, axis=1)), of_scale


def concat(
    query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, weight: Array
) -> Array:
    """softmax(weight sum(tanh(scale (query + key)))) value: what Keras calls concat, with scalars for the weights of
    Luong et al. 2015, section 3.1."""
    _fit(query, value, key)
    return _over(weight * np.sum(np.tanh(scale * _summed(query, key)), axis=-1), value, query_mask, value_mask)[0]


def concat_vjp(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, weight: Array
) -> tuple[Array, ...]:
    z, c = _summed(query, key), c * query_mask[..., None]
    t = np.tanh(scale * z)
    w = _over(weight * np.sum(t, axis=-1), value, query_mask, value_mask)[1]
    gs = weights_vjp(np.matmul(c, turned(value)), w)
    g = weight * gs[..., None] * (1 - t) * (1 + t)
    gq, gk = scale * np.sum(g, axis=2), scale * np.sum(g, axis=1)
    return gq, np.matmul(turned(w), c), gk, np.sum(g * z), np.sum(gs * np.sum(t, axis=-1))


def concat_vjp_sizes(
    c: Array, query: Array, value: Array, key: Array, query_mask: Array, value_mask: Array, scale: Array, weight: Array
) -> tuple[Array, ...]:
    z, c = _summed(query, key), np.abs(c) * query_mask[..., None]
    t = np.tanh(scale * z)
    w = _over(weight * np.sum(t, axis=-1), value, query_mask, value_mask)[1]
    gs = weights_vjp_sizes(np.matmul(c, turned(np.abs(value))), w)[..., None]
    g = (weight * gs) ** 2 * np.ones_like(z)
    gq, gk = np.sqrt(np.sum(g, axis=2)), np.sqrt(np.sum(g, axis=1))
    of_weight = np.sqrt(np.sum((gs[..., 0] * np.sum(np.abs(t), axis=-1)) ** 2))
    return np.abs(scale) * gq, np.zeros_like(value), np.abs(scale) * gk, np.sqrt(np.sum(g * z * z)), of_weight
