"""Positions in attention, which neither framework has ready made: the composition in both. Sequences are (batch, time,
heads, size), as Keras keeps them; torch has (batch, heads, time, size).
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.reference import attention as ref
from fixtures.samples import normal

SDPA = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    "https://keras.io/api/ops/nn/#dotproductattention-function",
)


def qkv(batch: int, times: int, keys: int, heads: int, size: int, *, of_value: int = 0, key_heads: int = 0) -> Any:
    """Shapes of query, key and value."""
    h = key_heads or heads
    return (batch, times, heads, size), (batch, keys, h, size), (batch, keys, h, of_value or size)


def tf_scale(tf, query):
    """1 / sqrt(size), of a size that may be known only when it runs."""
    return tf.cast(tf.cast(tf.shape(query)[-1], tf.float64) ** -0.5, query.dtype)


def keras_biased(tf, query, key, value, bias=None, mask=None):
    """Keras makes a float32 of the scale, by default or given: apply it to the query."""
    query = query * tf_scale(tf, query)
    return tf.keras.ops.dot_product_attention(query, key, value, bias=bias, mask=mask, scale=1.0)


def slopes(heads: int) -> Array:
    return 2.0 ** (-8.0 * np.arange(1, heads + 1) / heads)


def torch_alibi(torch, query, key, value):
    heads, times, keys = query.shape[2], query.shape[1], key.shape[1]
    distance = torch.arange(keys) - torch.arange(times)[:, None]
    bias = torch.tensor(slopes(heads))[:, None, None] * distance
    bias = bias.masked_fill(distance > 0, -torch.inf).to(query.dtype)
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias[None]).transpose(1, 2)


def keras_alibi(tf, query, key, value):
    heads, times, keys = tf.shape(query)[2], tf.shape(query)[1], tf.shape(key)[1]
    distance = tf.range(keys) - tf.range(times)[:, None]
    slopes = 2.0 ** (-8 * tf.range(1, heads + 1) / heads)
    bias = tf.cast(slopes[:, None, None] * tf.cast(distance, slopes.dtype), query.dtype)
    return keras_biased(tf, query, key, value, bias[None], (distance <= 0)[None, None])


def torch_relative_bias(torch, query, key, value, table):
    m, times, keys = len(table) // 2, query.shape[1], key.shape[1]
    rows = (torch.arange(keys) - torch.arange(times)[:, None]).clamp(-m, m) + m
    bias = torch.nn.functional.embedding(rows, table).permute(2, 0, 1)[None]
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2)


def keras_relative_bias(tf, query, key, value, table):
    m, times, keys = tf.shape(table)[0] // 2, tf.shape(query)[1], tf.shape(key)[1]
    rows = tf.clip_by_value(tf.range(keys) - tf.range(times)[:, None], -m, m) + m
    bias = tf.transpose(tf.gather(table, rows), [2, 0, 1])[None]
    return keras_biased(tf, query, key, value, bias)


def torch_relative_keys(torch, query, key, value, table):
    m, times, keys, size = len(table) // 2, query.shape[1], key.shape[1], query.shape[3]
    rows = (torch.arange(keys) - torch.arange(times)[:, None]).clamp(-m, m) + m
    bias = torch.einsum("bihd,ijd->bhij", query, table[rows]) * size**-0.5
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2)


def keras_relative_keys(tf, query, key, value, table):
    m, times, keys = tf.shape(table)[0] // 2, tf.shape(query)[1], tf.shape(key)[1]
    rows = tf.clip_by_value(tf.range(keys) - tf.range(times)[:, None], -m, m) + m
    bias = tf.einsum("bihd,ijd->bhij", query, tf.gather(table, rows)) * tf_scale(tf, query)
    return keras_biased(tf, query, key, value, bias)


def torch_angles(torch, x, size, base):
    """In float32 at least: positions above 256 are not all bfloat16 numbers."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    position = torch.arange(x.shape[1], dtype=dtype)
    return position[:, None] * base ** (-torch.arange(0, size, 2, dtype=dtype) / size)


def tf_angles(tf, x, base):
    """In float32 at least: positions above 256 are not all bfloat16 numbers."""
    dtype = x.dtype if x.dtype == tf.float64 else tf.float32
    position, size = tf.range(tf.shape(x)[1], dtype=dtype), tf.cast(tf.shape(x)[-1], dtype)
    return position[:, None] * tf.constant(base, dtype) ** (-tf.range(0, size, 2, dtype=dtype) / size)


def torch_sinusoidal(torch, x, base=10000.0):
    angle = torch_angles(torch, x, x.shape[2], base)
    return x + torch.stack([torch.sin(angle), torch.cos(angle)], dim=-1).flatten(1).to(x.dtype)


def keras_sinusoidal(tf, x, base=10000.0):
    angle = tf_angles(tf, x, base)
    encoding = tf.stack([tf.sin(angle), tf.cos(angle)], axis=-1)
    return x + tf.cast(tf.reshape(encoding, tf.shape(x)[1:]), x.dtype)


def torch_rotary(torch, x, interleaved, base=10000.0):
    angle = torch_angles(torch, x, x.shape[3], base)[:, None]
    cos, sin = torch.cos(angle), torch.sin(angle)
    first, second = (x[..., ::2], x[..., 1::2]) if interleaved else x.chunk(2, dim=-1)
    pair = first * cos - second * sin, second * cos + first * sin
    return (torch.stack(pair, dim=-1).flatten(-2) if interleaved else torch.cat(pair, dim=-1)).to(x.dtype)


def torch_rotary_complex(torch, x, interleaved, base=10000.0):
    """Neighbouring features as complex numbers."""
    angle = torch_angles(torch, x, x.shape[3], base)[:, None]
    wide = x.to(angle.dtype).unflatten(-1, (-1, 2) if interleaved else (2, -1))
    pairs = torch.view_as_complex((wide if interleaved else wide.mT).contiguous())
    turned = torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle))
    return (turned if interleaved else turned.mT).flatten(-2).to(x.dtype)


def keras_rotary(tf, x, interleaved, base=10000.0):
    angle = tf_angles(tf, x, base)[:, None]
    cos, sin, wide = tf.cos(angle), tf.sin(angle), tf.cast(x, angle.dtype)
    first, second = (wide[..., ::2], wide[..., 1::2]) if interleaved else tf.split(wide, 2, axis=-1)
    pair = first * cos - second * sin, second * cos + first * sin
    turned = tf.reshape(tf.stack(pair, axis=-1), tf.shape(x)) if interleaved else tf.concat(pair, axis=-1)
    return tf.cast(turned, x.dtype)


CASES = (
    Case(
        "alibi_attention",
        "contraction",
        ref.alibi,
        vjp=ref.alibi_vjp,
        vjp_intermediates=ref.alibi_vjp_sizes,
        torch=[torch_alibi],
        tensorflow=[keras_alibi],
        samples=[
            normal(*qkv(2, 4, 4, 2, 4)),
            normal(*qkv(1, 3, 3, 8, 4), name="eight-heads"),
            normal(*qkv(1, 6, 6, 1, 4), name="one-head", edge=True),
            normal(*qkv(1, 1, 1, 2, 4), name="one-element", edge=True),
        ],
        sources=("https://arxiv.org/abs/2108.12409", *SDPA),
    ),
    Case(
        "relative_position_bias_attention",
        "contraction",
        ref.relative_bias,
        vjp=ref.relative_bias_vjp,
        vjp_intermediates=ref.relative_bias_vjp_sizes,
        torch=[torch_relative_bias],
        tensorflow=[keras_relative_bias],
        samples=[
            normal(*qkv(2, 3, 4, 2, 4), (9, 2)),
            normal(*qkv(1, 5, 5, 2, 4), (3, 2), name="clipped", edge=True),
            normal(*qkv(1, 2, 4, 1, 4), (1, 1), name="one-distance", edge=True),
            normal(*qkv(1, 3, 3, 2, 4), (5, 2), name="square"),
        ],
        sources=("https://arxiv.org/abs/1910.10683", *SDPA),
    ),
    Case(
        "relative_position_keys_attention",
        "contraction",
        ref.relative_keys,
        vjp=ref.relative_keys_vjp,
        vjp_intermediates=ref.relative_keys_vjp_sizes,
        torch=[torch_relative_keys],
        tensorflow=[keras_relative_keys],
        samples=[
            normal(*qkv(2, 3, 4, 2, 4), (9, 4)),
            normal(*qkv(1, 5, 5, 2, 4), (3, 4), name="clipped", edge=True),
            normal(*qkv(1, 2, 4, 1, 4), (5, 4), name="one-head", edge=True),
            normal(*qkv(1, 3, 3, 2, 4), (5, 4), name="square"),
        ],
        sources=("https://arxiv.org/abs/1803.02155", *SDPA),
    ),
    Case(
        "sinusoidal_position_encoding",
        "reduction",
        ref.sinusoidal,
        vjp=ref.sinusoidal_vjp,
        intermediates=ref.sinusoidal_sizes,  # an angle is rounded before its sine is taken
        torch=[torch_sinusoidal],
        tensorflow=[keras_sinusoidal],
        samples=[
            normal((2, 5, 6)),
            normal((1, 4, 8), base=100.0, name="base-100"),
            normal((1, 300, 2), name="long", edge=True),
            normal((2, 1, 4), name="one-position", edge=True),
        ],
        sources=("https://arxiv.org/abs/1706.03762",),
    ),
    Case(
        "rotary_position_embedding",
        "reduction",
        ref.rotary,
        vjp=ref.rotary_vjp,
        intermediates=ref.rotary_sizes,  # an angle is rounded before its sine is taken
        vjp_intermediates=ref.rotary_vjp_sizes,
        torch=[torch_rotary, torch_rotary_complex],
        tensorflow=[keras_rotary],
        samples=[
            normal((2, 4, 2, 6), interleaved=False, name="halves"),
            normal((2, 4, 2, 6), interleaved=True, name="interleaved"),
            normal((1, 5, 1, 4), interleaved=True, base=500.0, name="base-500"),
            normal((1, 150, 1, 2), interleaved=False, name="long", edge=True),
            normal((1, 1, 1, 2), interleaved=True, name="one-position", edge=True),
            normal((1, 3, 1, 5), interleaved=False, name="bad-sizes", edge=True, raises=True),
        ],
        sources=("https://arxiv.org/abs/2104.09864",),
    ),
)
