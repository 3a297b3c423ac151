"""Attention. Sequences are (batch, time, heads, size), as Keras keeps them; torch has (batch, heads, time, size). A
mask is True where a query may attend, as in Keras and in torch's scaled_dot_product_attention.

torch's memory-efficient and cuDNN kernels exist on GPUs alone, where the first route takes whichever fits.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case, KerasLayer
from conformance.catalogue import positions, transformer
from conformance.catalogue.positions import SDPA, qkv, tf_scale
from conformance.reference import attention as ref
from fixtures.samples import Make, normal, sample


def math_kernel(torch, query, key, value, **arguments):
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, **arguments).transpose(1, 2)


def flash_kernel(torch, query, key, value, **arguments):
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.FLASH_ATTENTION):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, **arguments).transpose(1, 2)


def masked_math_kernel(torch, query, key, value, mask):
    return math_kernel(torch, query, key, value, attn_mask=mask)


def masked_flash_kernel(torch, query, key, value, mask):
    return flash_kernel(torch, query, key, value, attn_mask=mask)


def causal_math_kernel(torch, query, key, value):
    return math_kernel(torch, query, key, value, is_causal=True)


def causal_flash_kernel(torch, query, key, value):
    return flash_kernel(torch, query, key, value, is_causal=True)


def causal_upper_left(torch, query, key, value):
    from torch.nn.attention import bias  # torch does not import it

    mask = bias.causal_upper_left(query.shape[1], key.shape[1])
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2)


def keras_causal_lower_right(tf, query, key, value):
    ops = tf.keras.ops
    queries, keys = ops.shape(query)[1], ops.shape(key)[1]  # also where they are known only when it runs
    mask = ops.arange(keys) <= ops.arange(queries)[:, None] + keys - queries
    return ops.dot_product_attention(query, key, value, mask=mask)


def causal_lower_right(torch, query, key, value):
    from torch.nn.attention import bias  # torch does not import it

    mask = bias.causal_lower_right(query.shape[1], key.shape[1])
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2)


def torch_by_hand(torch, query, key, value, scale=None):
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    scores = q @ k.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    return (torch.softmax(scores, dim=-1) @ v).transpose(1, 2)


def tf_by_hand(tf, query, key, value, scale=None):
    q, k, v = (tf.transpose(a, [0, 2, 1, 3]) for a in (query, key, value))
    scores = tf.matmul(q, k, transpose_b=True) * (tf_scale(tf, query) if scale is None else scale)
    return tf.transpose(tf.matmul(tf.nn.softmax(scores), v), [0, 2, 1, 3])


def with_mask(shapes: Any, mask: Any) -> Make:
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        drawn = mask(rng) if callable(mask) else np.asarray(mask, dtype=bool)
        return (*(rng.standard_normal(s) for s in shapes), drawn)

    return make


def some(*shape: int) -> Any:
    """A random mask in which every query may attend to something."""

    def mask(rng: np.random.Generator) -> Array:
        drawn = rng.random(shape) < 0.6
        drawn[..., 0] |= ~drawn.any(axis=-1)
        return drawn

    return mask


def integers(shapes: Any, name: str = "bad-dtype") -> Any:
    return sample(name, lambda rng: tuple(rng.integers(0, 3, s) for s in shapes), edge=True, raises=True)


def bad(*shapes: Any, name: str = "bad-sizes", **options: Any) -> Any:
    return normal(*shapes, name=name, edge=True, raises=True, **options)


ODD = qkv(2, 3, 4, 2, 3)

# Keras' layers Attention and AdditiveAttention


def over(tf, layer, query, value, key, query_mask, value_mask, **call):
    """A model around an attention layer, which takes its masks in a list."""
    inputs = [tf.keras.Input(a.shape[1:], dtype=a.dtype)
              for a in (query, value, key, query_mask, value_mask)]  # fmt: skip
    return tf.keras.Model(inputs, layer(inputs[:3], mask=inputs[3:], **call))


def torch_luong(torch, query, value, key, query_mask, value_mask, scale=1.0, use_causal_mask=False):
    mask = value_mask[:, None, :]
    if use_causal_mask:
        mask = mask & torch.ones(query.shape[1], key.shape[1], dtype=torch.bool).tril()
    y = torch.nn.functional.scaled_dot_product_attention(query * scale, key, value, attn_mask=mask, scale=1.0)
    return y * query_mask[..., None]


def masked_softmax(torch, scores, value_mask):
    """Zeros where all is masked, where softmax alone is 0 / 0."""
    mask = value_mask[:, None, :]
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=-1).masked_fill(~mask, 0)


def torch_additive(torch, query, value, key, query_mask, value_mask, scale):
    scores = torch.tanh(query[:, :, None] + key[:, None]) @ scale
    return masked_softmax(torch, scores, value_mask) @ value * query_mask[..., None]


def torch_concat(torch, query, value, key, query_mask, value_mask, scale, weight):
    scores = weight * torch.tanh(scale * (query[:, :, None] + key[:, None])).sum(dim=-1)
    return masked_softmax(torch, scores, value_mask) @ value * query_mask[..., None]


def sequences(times: int, keys: int, size: int, of_value: int, *weights: Any, value_mask: Any = None, batch: int = 2):
    """query, value and key with masks, and weights of given shapes."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        shapes = (batch, times, size), (batch, keys, of_value), (batch, keys, size)
        allowed = some(batch, keys)(rng) if value_mask is None else np.asarray(value_mask, dtype=bool)
        shown = rng.random((batch, times)) < 0.7
        shown[:, 0] = True  # of each text something is seen
        return (*(rng.standard_normal(s) for s in shapes), shown, allowed, *(rng.standard_normal(s) for s in weights))

    return make


def luong_samples(*weights: Any, causal: bool) -> list[Any]:
    options: dict[str, Any] = {"use_causal_mask": True} if causal else {}
    return [
        sample("normal", sequences(3, 4, 3, 2, *weights)),
        sample("one-key", sequences(2, 3, 3, 3, *weights, value_mask=[[1, 0, 0], [1, 0, 0]]), edge=True, **options),
        sample("all-masked", sequences(2, 3, 3, 2, *weights, value_mask=[[0, 0, 0], [1, 1, 0]]), edge=True),
        sample("causal" if causal else "wide", sequences(4, 4, 3, 3, *weights, value_mask=[[1, 1, 1, 0]] * 2),
               edge=True, **options),
        sample("bad-sizes", lambda rng: (
            *(rng.standard_normal(s) for s in ((2, 3, 4), (2, 4, 2), (2, 4, 3))),
            np.ones((2, 3), bool), np.ones((2, 4), bool), *(rng.standard_normal(s) for s in weights)
        ), edge=True, raises=True),
    ]  # fmt: skip


LAYER = ("https://keras.io/api/layers/attention_layers/attention/",)

CASES = (
    Case(
        "scaled_dot_product_attention",
        "contraction",
        ref.scaled_dot_product,
        vjp=ref.scaled_dot_product_vjp,
        # That of softmax is w (g - sum(w g)), which cancels where w is nearly 1.
        vjp_intermediates=ref.scaled_dot_product_vjp_sizes,
        torch=[
            lambda torch, query, key, value, scale=None: torch.nn.functional.scaled_dot_product_attention(
                query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), scale=scale
            ).transpose(1, 2),
            math_kernel,
            flash_kernel,
            torch_by_hand,
        ],
        tensorflow=[
            lambda tf, query, key, value, scale=None: tf.keras.ops.dot_product_attention(
                query, key, value, scale=scale
            ),
            tf_by_hand,
        ],
        jax=[lambda jax, query, key, value, scale=None: jax.nn.dot_product_attention(query, key, value, scale=scale)],
        samples=[
            normal(*qkv(2, 4, 5, 2, 4)),
            sample("scale", lambda rng: tuple(rng.standard_normal(s) for s in qkv(1, 3, 4, 2, 4)), scale=0.25),
            normal(*qkv(1, 3, 4, 2, 4, of_value=3), name="wide-value", edge=True),
            normal(*ODD, name="odd-size", edge=True),
            normal(*qkv(2, 2, 1, 1, 4), name="one-key", edge=True),
            # Not larger: the gradient of torch's flash kernel forms probabilities again as exp(score - logsumexp)
            # (cpu_flash_attention_backward in aten/src/ATen/native/cpu/FlashAttentionKernel.cpp), which of scores near
            # 1000 (a scale of 30) loses 3 digits also of a probability near 1: 92 at seed 1; math_kernel passes.
            sample(
                "large-scores", lambda rng: tuple(6 * rng.standard_normal(s) for s in qkv(1, 3, 4, 1, 4)), edge=True
            ),
            normal(*qkv(0, 3, 4, 2, 4), name="empty-batch", edge=True),
            bad((2, 3, 1, 4), (2, 3, 1, 3), (2, 3, 1, 4)),
            bad((2, 3, 1, 4), (2, 4, 1, 4), (2, 3, 1, 4), name="bad-sizes-value"),
            integers(qkv(1, 3, 4, 1, 4)),
        ],
        sources=SDPA,
    ),
    Case(
        "masked_dot_product_attention",
        "contraction",
        ref.masked,
        vjp=ref.masked_vjp,
        vjp_intermediates=ref.masked_vjp_sizes,
        torch=[
            lambda torch, query, key, value, mask: torch.nn.functional.scaled_dot_product_attention(
                query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), attn_mask=mask
            ).transpose(1, 2),
            masked_math_kernel,
            masked_flash_kernel,
        ],
        tensorflow=[
            lambda tf, query, key, value, mask: tf.keras.ops.dot_product_attention(query, key, value, mask=mask)
        ],
        jax=[lambda jax, query, key, value, mask: jax.nn.dot_product_attention(query, key, value, mask=mask)],
        samples=[
            sample("normal", with_mask(qkv(2, 3, 4, 2, 4), some(2, 2, 3, 4))),
            sample("padded-keys", with_mask(qkv(2, 3, 4, 2, 4), [[[[1, 1, 1, 0]]], [[[1, 0, 0, 0]]]])),
            sample("nothing-masked", with_mask(qkv(1, 2, 3, 2, 4), np.ones((1, 1, 2, 3))), edge=True),
            sample("all-masked", with_mask(qkv(1, 3, 2, 1, 4), [[[[1, 1], [0, 0], [0, 1]]]]), edge=True, smooth=False),
            sample("bad-sizes", with_mask(qkv(1, 3, 4, 2, 4), np.ones((1, 1, 3, 3))), edge=True, raises=True),
            sample(
                "bad-dtype",
                lambda rng: (*(rng.standard_normal(s) for s in qkv(1, 2, 2, 1, 4)), np.ones((1, 1, 2, 2), np.int64)),
                edge=True,
                raises=True,
            ),
        ],
        sources=SDPA,
    ),
    Case(
        "biased_dot_product_attention",
        "contraction",
        ref.biased,
        vjp=ref.biased_vjp,
        vjp_intermediates=ref.biased_vjp_sizes,
        torch=[
            # torch adds a mask that is floating to the scores.
            lambda torch, query, key, value, bias: torch.nn.functional.scaled_dot_product_attention(
                query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), attn_mask=bias
            ).transpose(1, 2),
        ],
        tensorflow=[
            lambda tf, query, key, value, bias: tf.keras.ops.dot_product_attention(query, key, value, bias=bias)
        ],
        jax=[lambda jax, query, key, value, bias: jax.nn.dot_product_attention(query, key, value, bias)],
        samples=[
            normal(*qkv(2, 3, 4, 2, 4), (2, 2, 3, 4)),
            normal(*qkv(2, 3, 4, 2, 4), (1, 2, 1, 4), name="broadcast"),
            sample(
                "minus-infinity",
                lambda rng: (
                    *(rng.standard_normal(s) for s in qkv(1, 3, 3, 2, 4)),
                    np.where(np.tri(3), 0.0, -np.inf)[None, None],
                ),
                edge=True,
                smooth=False,
            ),
            # Not larger: with 100 probabilities come below 1e-38, which TensorFlow takes for 0 in float32
            # (tf-subnormals-are-zero in conformance/divergences/elementwise.toml).
            sample(
                "large",
                lambda rng: (
                    *(rng.standard_normal(s) for s in qkv(1, 2, 3, 1, 4)),
                    20 * rng.standard_normal((1, 1, 2, 3)),
                ),
                edge=True,
            ),
            bad(*qkv(1, 3, 4, 2, 4), (1, 1, 3, 3)),
        ],
        sources=SDPA,
    ),
    Case(
        "causal_dot_product_attention",
        "contraction",
        ref.causal_attention,
        vjp=ref.causal_attention_vjp,
        vjp_intermediates=ref.causal_attention_vjp_sizes,
        # Both begin in the upper left corner, whatever the lengths.
        torch=[
            lambda torch, query, key, value: torch.nn.functional.scaled_dot_product_attention(
                query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), is_causal=True
            ).transpose(1, 2),
            causal_math_kernel,
            causal_flash_kernel,
            causal_upper_left,
        ],
        tensorflow=[
            lambda tf, query, key, value: tf.keras.ops.dot_product_attention(query, key, value, is_causal=True)
        ],
        jax=[lambda jax, query, key, value: jax.nn.dot_product_attention(query, key, value, is_causal=True)],
        samples=[
            normal(*qkv(2, 4, 4, 2, 4)),
            normal(*qkv(1, 3, 5, 2, 4), name="more-keys", edge=True),
            normal(*qkv(1, 5, 3, 2, 4), name="more-queries", edge=True),
            normal(*qkv(2, 1, 1, 1, 4), name="one-element", edge=True),
        ],
        sources=SDPA,
    ),
    Case(
        "causal_lower_right_attention",
        "contraction",
        lambda query, key, value: ref.causal_attention(query, key, value, lower_right=True),
        vjp=lambda c, query, key, value: ref.causal_attention_vjp(c, query, key, value, lower_right=True),
        vjp_intermediates=lambda c, query, key, value: ref.causal_attention_vjp_sizes(
            c, query, key, value, lower_right=True
        ),
        # The last query sees all keys: a cache of keys. Keras takes the mask.
        torch=[
            causal_lower_right,
        ],
        tensorflow=[
            keras_causal_lower_right,
        ],
        samples=[
            normal(*qkv(2, 4, 4, 2, 4)),
            normal(*qkv(1, 2, 5, 2, 4), name="cached-keys", edge=True),
            normal(*qkv(1, 1, 4, 2, 4), name="one-query", edge=True),
            normal(*qkv(1, 4, 2, 1, 4), name="all-masked", edge=True),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.attention.bias.CausalBias.html", SDPA[1]),
    ),
    Case(
        "grouped_query_attention",
        "contraction",
        ref.scaled_dot_product,
        vjp=ref.scaled_dot_product_vjp,
        vjp_intermediates=ref.scaled_dot_product_vjp_sizes,
        torch=[
            lambda torch, query, key, value: torch.nn.functional.scaled_dot_product_attention(
                query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), enable_gqa=True
            ).transpose(1, 2),
        ],
        tensorflow=[
            # Keras repeats the keys by itself.
            lambda tf, query, key, value: tf.keras.ops.dot_product_attention(query, key, value),
        ],
        jax=[lambda jax, query, key, value: jax.nn.dot_product_attention(query, key, value)],
        samples=[
            normal(*qkv(2, 3, 4, 4, 4, key_heads=2)),
            normal(*qkv(1, 3, 2, 6, 4, key_heads=3), name="six-and-three"),
            normal(*qkv(1, 3, 4, 3, 4, key_heads=1), name="one-key-head", edge=True),
            normal(*qkv(1, 3, 4, 2, 4), name="as-many", edge=True),
            bad(*qkv(1, 3, 4, 4, 4, key_heads=3), name="bad-sizes"),
        ],
        sources=("https://arxiv.org/abs/2305.13245", *SDPA),
    ),
    Case(
        "luong_attention",
        "contraction",
        ref.unscaled,
        vjp=ref.unscaled_vjp,
        vjp_intermediates=ref.unscaled_vjp_sizes,
        # Keras' layer does not scale; torch's function divides by sqrt(size) unless it is told not to.
        torch=[torch_luong],
        tensorflow=[
            lambda tf, query, value, key, query_mask, value_mask, use_causal_mask=False: tf.keras.layers.Attention(
                dtype=query.dtype
            )([query, value, key], mask=[query_mask, value_mask], use_causal_mask=use_causal_mask)
        ],
        samples=luong_samples(causal=True),
        sources=(*LAYER, SDPA[0]),
    ),
    Case(
        "scaled_luong_attention",
        "contraction",
        ref.luong,
        vjp=ref.luong_vjp,
        vjp_intermediates=ref.luong_vjp_sizes,
        torch=[torch_luong],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, query_mask, value_mask, scale, use_causal_mask=False: over(
                    tf,
                    tf.keras.layers.Attention(use_scale=True, dtype=query.dtype),
                    query,
                    value,
                    key,
                    query_mask,
                    value_mask,
                    use_causal_mask=use_causal_mask,
                ),
                inputs=5,
                listed=True,
            )
        ],
        samples=luong_samples((), causal=True),
        sources=(*LAYER, SDPA[0]),
    ),
    Case(
        "concat_attention",
        "contraction",
        ref.concat,
        vjp=ref.concat_vjp,
        vjp_intermediates=ref.concat_vjp_sizes,
        torch=[torch_concat],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, query_mask, value_mask, scale, weight: over(
                    tf,
                    tf.keras.layers.Attention(use_scale=True, score_mode="concat", dtype=query.dtype),
                    query,
                    value,
                    key,
                    query_mask,
                    value_mask,
                ),
                inputs=5,
                listed=True,
            )
        ],
        samples=luong_samples((), (), causal=False),
        sources=LAYER,
    ),
    Case(
        "additive_attention",
        "contraction",
        ref.additive,
        vjp=ref.additive_vjp,
        vjp_intermediates=ref.additive_vjp_sizes,
        torch=[torch_additive],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, query_mask, value_mask, scale: over(
                    tf,
                    tf.keras.layers.AdditiveAttention(dtype=query.dtype),
                    query,
                    value,
                    key,
                    query_mask,
                    value_mask,
                ),
                inputs=5,
                listed=True,
            )
        ],
        samples=luong_samples((3,), causal=False),
        sources=("https://keras.io/api/layers/attention_layers/additive_attention/",),
    ),
    *positions.CASES,
    *transformer.CASES,
)
