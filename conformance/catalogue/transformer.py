"""Multi-head attention and the blocks of a transformer, with the weights as Keras keeps them: the kernels of query, key
and value are (in, heads, size), that of the output is (heads, size, out), biases are (heads, size) and (out,).

torch keeps (heads size, in) for query, key and value, one above the other in in_proj_weight, (out, heads size) for the
output, and flat biases. Its boolean masks are True where a query may NOT attend: `~mask`.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case, KerasLayer, Sample
from conformance.catalogue.positions import tf_scale
from conformance.reference import transformer as ref
from fixtures.samples import Make, normal, sample

MHA = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",
    "https://keras.io/api/layers/attention_layers/multi_head_attention/",
)


def in_proj(kernel):
    """(in, heads, size) as torch keeps it: (heads size, in)."""
    return kernel.flatten(1).mT


def out_proj(kernel):
    """(heads, size, out) as torch keeps it: (out, heads size)."""
    return kernel.flatten(0, 1).mT


def mha_state(torch, weights, prefix=""):
    """The state_dict of torch.nn.MultiheadAttention from kernel and bias of query, key, value and output."""
    return {
        prefix + "in_proj_weight": torch.cat([in_proj(w) for w in weights[:6:2]]),
        prefix + "in_proj_bias": torch.cat([b.flatten() for b in weights[1:6:2]]),
        prefix + "out_proj.weight": out_proj(weights[6]),
        prefix + "out_proj.bias": weights[7],
    }


def heads_of(a: Any) -> tuple[int, int]:
    """What torch is told of a kernel (in, heads, size): the width of all heads together, and how many they are."""
    return a.shape[1] * a.shape[2], a.shape[1]


def torch_mha_layer(torch, query, value, key, *weights, **call):
    layer = torch.nn.MultiheadAttention(*heads_of(weights[0]), batch_first=True).eval()
    return torch.func.functional_call(layer, mha_state(torch, weights), (query, key, value), call)


def torch_mha_function(torch, query, value, key, *weights, **call):
    """Time comes first."""
    state, (width, heads) = mha_state(torch, weights), heads_of(weights[0])
    y, scores = torch.nn.functional.multi_head_attention_forward(
        query.transpose(0, 1), key.transpose(0, 1), value.transpose(0, 1), width, heads,
        state["in_proj_weight"], state["in_proj_bias"], None, None, False, 0.0,
        state["out_proj.weight"], state["out_proj.bias"], training=False, **call,
    )  # fmt: skip
    return y.transpose(0, 1), scores


def keras_mha(tf, kernel, **arguments):
    return tf.keras.layers.MultiHeadAttention(*kernel.shape[1:], dtype=kernel.dtype, **arguments)


def mha_layer(torch, query, value, key, *weights):
    return torch_mha_layer(torch, query, value, key, *weights, need_weights=False)[0]


def mha_layer_that_needs_weights(torch, query, value, key, *weights):
    return torch_mha_layer(torch, query, value, key, *weights)[0]


def mha_function(torch, query, value, key, *weights):
    return torch_mha_function(torch, query, value, key, *weights, need_weights=False)[0]


def separate_projections(torch, query, value, key, *weights):
    """kdim and vdim differ from the width: three matrices instead of in_proj_weight."""
    layer = torch.nn.MultiheadAttention(
        *heads_of(weights[0]), kdim=key.shape[2], vdim=value.shape[2], batch_first=True
    ).eval()
    state = {
        **{f"{n}_proj_weight": in_proj(w) for n, w in zip("qkv", weights[:6:2], strict=True)},
        "in_proj_bias": torch.cat([b.flatten() for b in weights[1:6:2]]),
        "out_proj.weight": out_proj(weights[6]), "out_proj.bias": weights[7],
    }  # fmt: skip
    return torch.func.functional_call(layer, state, (query, key, value), {"need_weights": False})[0]


def torch_mha_by_hand(torch, query, value, key, *weights):
    q, k, v = (
        torch.einsum("btd,dhs->bhts", x, w) + b[:, None]
        for x, w, b in zip((query, key, value), weights[:6:2], weights[1:6:2], strict=True)
    )
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    return torch.einsum("bhts,hso->bto", y, weights[6]) + weights[7]


def tf_mha_by_hand(tf, query, value, key, *weights):
    q, k, v = (
        tf.einsum("btd,dhs->bths", x, w) + b
        for x, w, b in zip((query, key, value), weights[:6:2], weights[1:6:2], strict=True)
    )
    y = tf.keras.ops.dot_product_attention(q * tf_scale(tf, q), k, v, scale=1.0)  # a scale becomes a float32
    return tf.einsum("bths,hso->bto", y, weights[6]) + weights[7]


def windowed_mha(torch, query, value, key, *weights, window=None, is_causal=False):
    """True where a query may not attend."""
    distance = torch.arange(key.shape[1]) - torch.arange(query.shape[1])[:, None]
    mask = torch.zeros_like(distance, dtype=torch.bool)
    if window is not None:
        mask = mask | (distance.abs() >= window)
    if is_causal:
        mask = mask | (distance > 0)
    return torch_mha_layer(torch, query, value, key, *weights, attn_mask=mask, need_weights=False)[0]


def masked_mha(torch, query, value, key, mask, key_mask, *weights):
    """A mask of each batch is one for each of its heads."""
    masks = {"attn_mask": ~mask.repeat_interleave(weights[0].shape[1], dim=0), "key_padding_mask": ~key_mask}
    return torch_mha_layer(torch, query, value, key, *weights, need_weights=False, **masks)[0]


def masked_mha_that_needs_weights(torch, query, value, key, mask, key_mask, *weights):
    masks = {"attn_mask": ~mask.repeat_interleave(weights[0].shape[1], dim=0), "key_padding_mask": ~key_mask}
    return torch_mha_layer(torch, query, value, key, *weights, **masks)[0]


def mha_with_scores(torch, query, value, key, mask, *weights, average=False):
    masks = ~mask.repeat_interleave(weights[0].shape[1], dim=0)
    return torch_mha_layer(torch, query, value, key, *weights, attn_mask=masks, average_attn_weights=average)


def mha_function_with_scores(torch, query, value, key, mask, *weights, average=False):
    masks = ~mask.repeat_interleave(weights[0].shape[1], dim=0)
    return torch_mha_function(torch, query, value, key, *weights, attn_mask=masks, average_attn_weights=average)


def mha_without_bias(torch, query, value, key, *kernels):
    layer = torch.nn.MultiheadAttention(*heads_of(kernels[0]), bias=False, batch_first=True).eval()
    state = {"in_proj_weight": torch.cat([in_proj(w) for w in kernels[:3]]), "out_proj.weight": out_proj(kernels[3])}
    return torch.func.functional_call(layer, state, (query, key, value), {"need_weights": False})[0]


def mha_with_bias_kv(torch, query, value, key, more_key, more_value, *weights, zero=False):
    layer = torch.nn.MultiheadAttention(
        *heads_of(weights[0]), add_bias_kv=True, add_zero_attn=zero, batch_first=True
    ).eval()
    state = mha_state(torch, weights) | {
        "bias_k": more_key.flatten()[None, None],
        "bias_v": more_value.flatten()[None, None],
    }
    return torch.func.functional_call(layer, state, (query, key, value), {"need_weights": False})[0]


def keras_mha_with_more_keys(tf, query, value, key, more_key, more_value, *weights, zero=False):
    """Keras' layer has no such option: the projections by hand, then one or two more keys."""
    q, k, v = (
        tf.einsum("btd,dhs->bths", x, w) + b
        for x, w, b in zip((query, key, value), weights[:6:2], weights[1:6:2], strict=True)
    )
    for key_row, value_row in ((more_key, more_value), (0 * more_key, 0 * more_value))[: 1 + zero]:
        k = tf.concat([k, tf.broadcast_to(key_row, tf.shape(k[:, :1]))], axis=1)
        v = tf.concat([v, tf.broadcast_to(value_row, tf.shape(v[:, :1]))], axis=1)
    y = tf.keras.ops.dot_product_attention(q * tf_scale(tf, q), k, v, scale=1.0)  # a scale becomes a float32
    return tf.einsum("bths,hso->bto", y, weights[6]) + weights[7]


# Blocks


def encoder_state(torch, weights, norm1, dense, norm2):
    return {
        **mha_state(torch, weights, "self_attn."),
        "norm1.weight": norm1[0], "norm1.bias": norm1[1], "norm2.weight": norm2[0], "norm2.bias": norm2[1],
        "linear1.weight": dense[0].mT, "linear1.bias": dense[1],
        "linear2.weight": dense[2].mT, "linear2.bias": dense[3],
    }  # fmt: skip


def torch_encoder(torch, x, mask, state, kernel, hidden, **options):
    width, heads = heads_of(kernel)
    layer = torch.nn.TransformerEncoderLayer(width, heads, hidden, batch_first=True, **options).eval()
    return torch.func.functional_call(layer, state, (x,), {"src_key_padding_mask": ~mask})


def encoder_layer_post_norm(torch, x, mask, *weights, activation="relu"):
    state = encoder_state(torch, weights[:8], weights[8:10], weights[10:14], weights[14:])
    return torch_encoder(torch, x, mask, state, weights[0], len(weights[11]), activation=activation)


def encoder_layer_pre_norm(torch, x, mask, *weights, activation="relu"):
    state = encoder_state(torch, weights[2:10], weights[:2], weights[12:], weights[10:12])
    return torch_encoder(torch, x, mask, state, weights[2], len(weights[13]), activation=activation, norm_first=True)


def keras_feed_forward(tf, x, hidden, activation):
    hidden_layer = tf.keras.layers.Dense(hidden.shape[0], activation=activation, dtype=x.dtype)
    return tf.keras.layers.Dense(x.shape[2], dtype=x.dtype)(hidden_layer(x))


def keras_norm(tf, x):
    """Keras adds 1e-3 to the variance unless it is told; torch 1e-5."""
    return tf.keras.layers.LayerNormalization(epsilon=1e-5, dtype=x.dtype)(x)


def keras_encoder_post_norm(tf, x, mask, *weights, activation="relu"):
    """The layers in the order in which the weights come."""
    u, keys = inputs = [tf.keras.Input(a.shape[1:], dtype=a.dtype) for a in (x, mask)]
    y = keras_norm(tf, u + keras_mha(tf, weights[0])(u, u, key_mask=keys))
    return tf.keras.Model(inputs, keras_norm(tf, y + keras_feed_forward(tf, y, weights[11], activation)))


def keras_encoder_pre_norm(tf, x, mask, *weights, activation="relu"):
    """The layers in the order in which the weights come."""
    u, keys = inputs = [tf.keras.Input(a.shape[1:], dtype=a.dtype) for a in (x, mask)]
    z = keras_norm(tf, u)
    y = u + keras_mha(tf, weights[2])(z, z, key_mask=keys)
    return tf.keras.Model(inputs, y + keras_feed_forward(tf, keras_norm(tf, y), weights[13], activation))


def decoder_layer(torch, x, memory, *weights):
    own, norm1, cross, norm2, dense, norm3 = (
        weights[a:b] for a, b in ((0, 8), (8, 10), (10, 18), (18, 20), (20, 24), (24, 26))
    )
    state = encoder_state(torch, own, norm1, dense, norm2) | mha_state(torch, cross, "multihead_attn.")
    state |= {"norm3.weight": norm3[0], "norm3.bias": norm3[1]}
    layer = torch.nn.TransformerDecoderLayer(*heads_of(own[0]), len(dense[1]), batch_first=True).eval()
    causal = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
    return torch.func.functional_call(layer, state, (x, memory), {"tgt_mask": causal, "tgt_is_causal": True})


def keras_decoder(tf, x, memory, *weights):
    """The layers in the order in which the weights come."""
    u, m = inputs = [tf.keras.Input(a.shape[1:], dtype=a.dtype) for a in (x, memory)]
    y = keras_norm(tf, u + keras_mha(tf, weights[0])(u, u, use_causal_mask=True))
    z = keras_norm(tf, y + keras_mha(tf, weights[10])(y, m))
    return tf.keras.Model(inputs, keras_norm(tf, z + keras_feed_forward(tf, z, weights[21], "relu")))


def of_mha(heads: int, size: int, *, q: int = 0, k: int = 0, v: int = 0, out: int = 0, key_heads: int = 0,
           bias: bool = True) -> list[tuple[int, ...]]:  # fmt: skip
    """Shapes of kernel and bias of query, key, value and output; inputs are as wide as all heads unless given."""
    width, n = heads * size, key_heads or heads
    kernels = [(q or width, heads, size), (k or width, n, size), (v or width, n, size)]
    pairs = [*((w, w[1:]) for w in kernels), ((heads, size, out or width), (out or width,))]
    return [s for pair in pairs for s in (pair if bias else pair[:1])]


def sequences(batch: int, times: int, keys: int, width: int) -> list[tuple[int, ...]]:
    """Shapes of query, value and key."""
    return [(batch, times, width), (batch, keys, width), (batch, keys, width)]


def with_masks(inputs: Any, weights: Any, *masks: Any) -> Make:
    """Masks between inputs and weights: given, or a shape, which draws one that allows something to every query."""

    def mask(rng: np.random.Generator, m: Any) -> Array:
        if not isinstance(m, tuple):
            return np.asarray(m, dtype=bool)
        drawn = rng.random(m) < 0.6
        drawn[..., 0] = True
        return drawn

    return lambda rng: (
        *(rng.standard_normal(s) for s in inputs), *(mask(rng, m) for m in masks),
        *drawn(rng, weights),
    )  # fmt: skip


def block(width: int, hidden: int, *, attentions: int = 1, norm_first: bool = False) -> list[tuple[int, ...]]:
    """Shapes of the weights of a block with two heads."""
    norm, dense = [(width,)] * 2, [(width, hidden), (hidden,), (hidden, width), (width,)]
    mha = of_mha(2, width // 2)
    return [*norm, *mha, *norm, *dense] if norm_first else [*(mha + norm) * attentions, *dense, *norm]


def drawn(rng: np.random.Generator, shapes: Any) -> tuple[Array, ...]:
    """Kernels so small that their sums are no larger than the terms; with them, softmax is not saturated."""
    return tuple(rng.standard_normal(s) / (np.sqrt(s[0]) if len(s) > 1 else 1) for s in shapes)


def made(inputs: Any, weights: Any, name: str = "normal", **options: Any) -> Sample:
    return sample(name, with_masks(inputs, weights), **options)


def bad(inputs: Any, weights: Any, name: str = "bad-sizes") -> Any:
    return normal(*inputs, *weights, name=name, edge=True, raises=True)


def encoder_samples(norm_first: bool) -> list[Any]:
    weights = block(8, 5, norm_first=norm_first)
    return [
        sample("normal", with_masks([(2, 3, 8)], weights, (2, 3))),
        sample("gelu", with_masks([(1, 3, 8)], weights, (1, 3)), activation="gelu"),
        sample("one-step", with_masks([(2, 1, 8)], weights, [[1], [1]]), edge=True),
        sample("bad-sizes", with_masks([(1, 2, 5)], weights, [[1, 1]]), edge=True, raises=True),
    ]


CASES = (
    Case(
        "multi_head_attention",
        "contraction",
        ref.mha,
        vjp=ref.mha_vjp,
        # That of softmax is w (g - sum(w g)), which cancels where w is nearly 1, and for a bias of the key altogether.
        vjp_intermediates=ref.mha_vjp_sizes,
        torch=[mha_layer, mha_layer_that_needs_weights, mha_function, torch_mha_by_hand],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, kernel, *weights: tf.keras.layers.MultiHeadAttention(
                    *kernel.shape[1:], dtype=kernel.dtype
                ),
                inputs=3,
            ),
            tf_mha_by_hand,
        ],
        samples=[
            made(sequences(2, 3, 4, 8), of_mha(2, 4)),
            made(sequences(1, 2, 3, 6), of_mha(2, 3), name="odd-size", edge=True),
            made(sequences(1, 1, 1, 4), of_mha(1, 4), name="one-element", edge=True),
            bad([(1, 2, 4), (1, 2, 4), (1, 3, 4)], of_mha(1, 4)),
            bad([(1, 2, 3), (1, 2, 4), (1, 2, 4)], of_mha(1, 4), "bad-sizes-query"),
            bad([(4,), (2, 4), (2, 4)], of_mha(1, 4), "bad-rank"),
        ],
        sources=MHA,
    ),
    Case(
        "multi_head_attention_of_other_widths",
        "contraction",
        ref.mha,
        vjp=ref.mha_vjp,
        vjp_intermediates=ref.mha_vjp_sizes,
        # kdim and vdim: keys and values of other widths than the query.
        torch=[separate_projections],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, kernel, *weights: tf.keras.layers.MultiHeadAttention(
                    *kernel.shape[1:], dtype=kernel.dtype
                ),
                inputs=3,
            ),
        ],
        samples=[
            made([(2, 3, 8), (2, 4, 3), (2, 4, 5)], of_mha(2, 4, k=5, v=3)),
            made([(1, 2, 4), (1, 3, 6), (1, 3, 2)], of_mha(1, 4, k=2, v=6), name="one-head"),
            made([(1, 2, 4), (1, 3, 1), (1, 3, 1)], of_mha(1, 4, k=1, v=1), name="narrow", edge=True),
            bad([(1, 2, 4), (1, 3, 4), (1, 3, 5)], of_mha(1, 4, k=4, v=4)),
        ],
        dtypes=("float64", "float32"),  # half precision: multi_head_attention
        sources=MHA,
    ),
    Case(
        "masked_multi_head_attention",
        "contraction",
        ref.masked_mha,
        vjp=ref.masked_mha_vjp,
        vjp_intermediates=ref.masked_mha_vjp_sizes,
        torch=[masked_mha, masked_mha_that_needs_weights],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, mask, key_mask, kernel, *weights: tf.keras.layers.MultiHeadAttention(
                    *kernel.shape[1:], dtype=kernel.dtype
                ),
                inputs=3,
                named=("attention_mask", "key_mask"),
            ),
        ],
        samples=[
            sample("normal", with_masks(sequences(2, 3, 4, 8), of_mha(2, 4), (2, 3, 4), (2, 4))),
            sample(
                "padded", with_masks(sequences(2, 2, 3, 4), of_mha(1, 4), np.ones((2, 2, 3)), [[1, 1, 0], [1, 0, 0]])
            ),
            sample(
                "all-masked",
                with_masks(sequences(2, 2, 2, 4), of_mha(1, 4), [[[0, 0], [1, 0]], [[1, 1], [1, 1]]], [[1, 1], [1, 1]]),
                edge=True,
            ),
            sample(
                "bad-sizes", with_masks(sequences(1, 2, 3, 4), of_mha(1, 4), (1, 2, 2), (1, 3)), edge=True, raises=True
            ),
        ],
        sources=MHA,
    ),
    Case(
        "windowed_multi_head_attention",
        "contraction",
        ref.mha,
        vjp=ref.mha_vjp,
        vjp_intermediates=ref.mha_vjp_sizes,
        torch=[windowed_mha],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, kernel, *weights, window=None, is_causal: (
                    tf.keras.layers.MultiHeadAttention(*kernel.shape[1:], sliding_window=window, dtype=kernel.dtype)
                ),
                {"use_causal_mask": True},
                inputs=3,
            ),
        ],
        samples=[
            made(sequences(2, 4, 4, 4), of_mha(1, 4), name="causal", is_causal=True),
            made(sequences(1, 5, 5, 4), of_mha(1, 4), name="window", window=3, is_causal=True),
            made(sequences(1, 5, 5, 4), of_mha(1, 4), name="window-of-one", edge=True, window=1, is_causal=True),
            made(sequences(1, 2, 4, 4), of_mha(1, 4), name="more-keys", edge=True, is_causal=True),
        ],
        dtypes=("float64", "float32"),  # half precision: multi_head_attention
        sources=MHA,
    ),
    Case(
        "multi_head_attention_scores",
        "contraction",
        ref.mha_scores,
        vjp=ref.mha_scores_vjp,
        vjp_intermediates=ref.mha_scores_vjp_sizes,
        # torch averages the attention weights over the heads unless it is told not to.
        torch=[mha_with_scores, mha_function_with_scores],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, mask, kernel, *weights, average=False: tf.keras.layers.MultiHeadAttention(
                    *kernel.shape[1:], dtype=kernel.dtype
                ),
                {"return_attention_scores": True},
                inputs=3,
                named=("attention_mask",),
            ),
        ],
        samples=[
            sample("normal", with_masks(sequences(2, 3, 4, 8), of_mha(2, 4), (2, 3, 4))),
            sample("torch-default", with_masks(sequences(2, 3, 2, 8), of_mha(2, 4), (2, 3, 2)), average=True),
            sample("one-key", with_masks(sequences(1, 2, 1, 4), of_mha(1, 4), [[[1], [1]]]), edge=True),
            sample("all-masked", with_masks(sequences(1, 2, 2, 4), of_mha(1, 4), [[[0, 0], [1, 1]]]), edge=True),
        ],
        dtypes=("float64", "float32"),  # half precision: multi_head_attention
        sources=MHA,
    ),
    Case(
        "multi_head_attention_without_bias",
        "contraction",
        ref.mha_without_bias,
        vjp=ref.mha_without_bias_vjp,
        vjp_intermediates=ref.mha_without_bias_vjp_sizes,
        torch=[mha_without_bias],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, kernel, *weights: tf.keras.layers.MultiHeadAttention(
                    *kernel.shape[1:], use_bias=False, dtype=kernel.dtype
                ),
                inputs=3,
            ),
        ],
        samples=[
            made(sequences(2, 3, 4, 8), of_mha(2, 4, bias=False)),
            made(sequences(1, 3, 2, 4), of_mha(1, 4, bias=False), name="one-head"),
            made(sequences(1, 2, 3, 4), of_mha(4, 1, bias=False), name="heads-of-one", edge=True),
            bad([(1, 2, 4), (1, 2, 4), (1, 3, 4)], of_mha(1, 4, bias=False)),
        ],
        dtypes=("float64", "float32"),  # half precision: multi_head_attention
        sources=MHA,
    ),
    Case(
        "multi_head_attention_with_bias_kv",
        "contraction",
        ref.mha_with_more_keys,
        vjp=ref.mha_with_more_keys_vjp,
        vjp_intermediates=ref.mha_with_more_keys_vjp_sizes,
        torch=[mha_with_bias_kv],
        tensorflow=[keras_mha_with_more_keys],
        samples=[
            made([*sequences(2, 3, 4, 8), (2, 4), (2, 4)], of_mha(2, 4)),
            made([*sequences(1, 2, 3, 4), (1, 4), (1, 4)], of_mha(1, 4), name="and-zeros", zero=True),
            made([*sequences(1, 2, 1, 4), (1, 4), (1, 4)], of_mha(1, 4), name="one-key", edge=True),
            made([*sequences(1, 1, 2, 4), (2, 2), (2, 2)], of_mha(2, 2), name="one-query", edge=True, zero=True),
        ],
        dtypes=("float64", "float32"),  # half precision: multi_head_attention
        sources=MHA[:1],
    ),
    Case(
        "grouped_query_attention_layer",
        "contraction",
        ref.mha,
        vjp=ref.mha_vjp,
        vjp_intermediates=ref.mha_vjp_sizes,
        torch=[torch_mha_by_hand],
        tensorflow=[
            KerasLayer(
                lambda tf, query, value, key, kernel, b, of_keys, *weights: tf.keras.layers.GroupQueryAttention(
                    kernel.shape[2], kernel.shape[1], of_keys.shape[1], dtype=kernel.dtype
                ),
                inputs=3,
            ),
        ],
        samples=[
            made(sequences(2, 3, 4, 8), of_mha(4, 4, q=8, k=8, v=8, key_heads=2, out=8)),
            made(sequences(1, 2, 3, 4), of_mha(2, 4, q=4, k=4, v=4, key_heads=1, out=4), name="multi-query"),
            made(sequences(1, 1, 2, 4), of_mha(2, 4, q=4, k=4, v=4, out=4), name="as-many", edge=True),
            bad([(1, 2, 4), (1, 2, 4), (1, 3, 4)], of_mha(1, 4)),
        ],
        dtypes=("float64", "float32"),  # half precision: multi_head_attention
        sources=(
            "https://keras.io/api/layers/attention_layers/group_query_attention/",
            "https://arxiv.org/abs/2305.13245",
        ),
    ),
    Case(
        "transformer_encoder_post_norm",
        "contraction",
        ref.encoder_post,
        vjp=ref.encoder_post_vjp,
        vjp_intermediates=ref.encoder_post_vjp_sizes,
        torch=[encoder_layer_post_norm],
        tensorflow=[
            KerasLayer(keras_encoder_post_norm, inputs=2, listed=True),
        ],
        samples=encoder_samples(norm_first=False),
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html", MHA[1]),
    ),
    Case(
        "transformer_encoder_pre_norm",
        "contraction",
        ref.encoder_pre,
        vjp=ref.encoder_pre_vjp,
        vjp_intermediates=ref.encoder_pre_vjp_sizes,
        torch=[encoder_layer_pre_norm],
        tensorflow=[
            KerasLayer(keras_encoder_pre_norm, inputs=2, listed=True),
        ],
        samples=encoder_samples(norm_first=True),
        dtypes=("float64", "float32"),  # half precision: transformer_encoder_post_norm
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html", MHA[1]),
    ),
    Case(
        "transformer_decoder",
        "contraction",
        ref.decoder,
        vjp=ref.decoder_vjp,
        vjp_intermediates=ref.decoder_vjp_sizes,
        torch=[decoder_layer],
        tensorflow=[KerasLayer(keras_decoder, inputs=2, listed=True)],
        samples=[
            sample("normal", with_masks([(2, 3, 8), (2, 2, 8)], block(8, 5, attentions=2))),
            sample("one-step", with_masks([(2, 1, 8), (2, 3, 8)], block(8, 4, attentions=2)), edge=True),
            sample("one-key", with_masks([(1, 3, 8), (1, 1, 8)], block(8, 2, attentions=2)), edge=True),
            bad([(1, 3, 8), (1, 2, 5)], block(8, 2, attentions=2)),
        ],
        dtypes=("float64", "float32"),  # half precision: transformer_encoder_post_norm
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html", MHA[1]),
    ),
)
