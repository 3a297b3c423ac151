"""Lookups in tables (vocabulary, width), which both frameworks keep so."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, KerasLayer
from conformance.reference import embeddings
from conformance.reference import layers as ref
from fixtures.samples import given, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
KERAS = "https://keras.io/api/layers/core_layers/"
TF = "https://www.tensorflow.org/api_docs/python/tf/nn/"


def ids_and_table(*shape: int, rows: int, width: int, low: int = 0):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return rng.integers(low, rows, shape), rng.standard_normal((rows, width))

    return make


def fixed_ids(ids: Any, rows: int, width: int):
    return lambda rng: (np.asarray(ids), rng.standard_normal((rows, width)))


def torch_sparse(torch, cotangent, ids, table):
    """torch.nn.functional.embedding(sparse=True)"""
    table = table.detach().requires_grad_()
    rows = torch.nn.functional.embedding(ids, table, sparse=True)
    return torch.autograd.grad(rows, table, cotangent)[0].to_dense()


def torch_sparse_module(torch, cotangent, ids, table):
    """torch.nn.Embedding(sparse=True)"""
    layer = torch.nn.Embedding(*table.shape, sparse=True, dtype=table.dtype)
    return torch.autograd.grad(layer(ids), layer.weight, cotangent)[0].coalesce().to_dense()


def tf_sparse(tf, cotangent, ids, table):
    """tf.gather, whose gradient is tf.IndexedSlices"""
    with tf.GradientTape() as tape:
        tape.watch(table)
        rows = tf.gather(table, ids)
    return tf.convert_to_tensor(tape.gradient(rows, table, cotangent))


def keras_sparse(tf, cotangent, ids, table):
    """tf.keras.ops.take"""
    with tf.GradientTape() as tape:
        tape.watch(table)
        rows = tf.keras.ops.take(table, ids, axis=0)
    return tf.convert_to_tensor(tape.gradient(rows, table, cotangent))


def with_cotangent(make: Any):
    def drawn(rng: np.random.Generator) -> tuple[Array, ...]:
        ids, table = make(rng)
        return rng.standard_normal((*ids.shape, table.shape[1])), ids, table

    return drawn


def torch_tied(torch, ids, table):
    """torch.nn.functional.embedding and linear"""
    return torch.nn.functional.linear(torch.nn.functional.embedding(ids, table), table)


def keras_tied(tf, ids, table):
    """tf.keras.layers.ReversibleEmbedding, forward and reverse"""

    class Tied(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype=table.dtype)
            self.table = tf.keras.layers.ReversibleEmbedding(*table.shape, dtype=table.dtype)

        def build(self, shape):
            self.table.build(shape)

        def call(self, ids):
            return self.table(self.table(ids), reverse=True)

    return Tied()


def first_row_held(tf, ids, table):
    """tf.stop_gradient of the row of padding"""
    return tf.gather(tf.concat([tf.stop_gradient(table[:1]), table[1:]], 0), ids)


def torch_sum_divided(torch, ids, offsets, weights, table, mode):
    """torch.nn.functional.embedding_bag, divided by the sum of the weights, or by the length of their vector"""
    total = torch.nn.functional.embedding_bag(ids, table, offsets, mode="sum", per_sample_weights=weights)
    bags = torch.bucketize(torch.arange(len(ids), device=ids.device), offsets, right=True) - 1
    sums = torch.zeros_like(total[:, 0]).index_add(0, bags, weights * weights if mode == "sqrtn" else weights)
    return total if mode == "sum" else total / (sums.sqrt() if mode == "sqrtn" else sums)[:, None]


def tf_segments(tf, ids, offsets):
    """The bag of each id, and how many bags there are."""
    positions = tf.range(tf.size(ids), dtype=offsets.dtype)
    return tf.searchsorted(offsets, positions, side="right") - 1, tf.size(offsets)


def unsorted_segments(tf, ids, offsets, table, mode):
    """tf.math.unsorted_segment_sum, mean or max; an empty bag is set to zero"""
    bags, count = tf_segments(tf, ids, offsets)
    reduce = {"sum": tf.math.unsorted_segment_sum, "mean": tf.math.unsorted_segment_mean}
    reduced = reduce.get(mode, tf.math.unsorted_segment_max)(tf.gather(table, ids), bags, count)
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(ids), bags, count)
    return tf.where(sizes[:, None] > 0, reduced, 0)


def weighted_segments(tf, ids, offsets, weights, table, mode):
    """tf.math.unsorted_segment_sum"""
    bags, count = tf_segments(tf, ids, offsets)
    total = tf.math.unsorted_segment_sum(weights[:, None] * tf.gather(table, ids), bags, count)
    if mode == "sqrtn":
        return total / tf.sqrt(tf.math.unsorted_segment_sum(weights * weights, bags, count))[:, None]
    return total / tf.math.unsorted_segment_sum(weights, bags, count)[:, None] if mode == "mean" else total


def embedding_lookup_sparse(tf, ids, offsets, table, mode):
    """tf.nn.embedding_lookup_sparse"""
    return tf.nn.embedding_lookup_sparse(table, tf.RaggedTensor.from_row_starts(ids, offsets), None, combiner=mode)


def weighted_lookup_sparse(tf, ids, offsets, weights, table, mode):
    """tf.nn.embedding_lookup_sparse"""
    ids, weights = (tf.RaggedTensor.from_row_starts(values, offsets) for values in (ids, weights))
    return tf.nn.embedding_lookup_sparse(table, ids, weights, combiner=mode)


def bags(ids: Any, offsets: list[int], rows: int, width: int):
    return lambda rng: (np.asarray(ids), np.asarray(offsets), rng.standard_normal((rows, width)))


def weighted(ids: list[int], offsets: list[int], rows: int, width: int):
    """Weights that do not add up to zero."""
    return lambda rng: (
        np.asarray(ids),
        np.asarray(offsets),
        rng.uniform(0.5, 2, len(ids)),
        rng.standard_normal((rows, width)),
    )


BAGS = ([0, 2, 2, 4, 1, 3], [0, 1, 4])

CASES = (
    Case(
        "embedding",
        "selection",
        ref.embedding,
        vjp=ref.embedding_vjp,
        torch=[
            lambda torch, ids, table: torch.nn.functional.embedding(ids, table),
            lambda torch, ids, table: torch.func.functional_call(
                torch.nn.Embedding(*table.shape), {"weight": table}, (ids,)
            ),
        ],
        tensorflow=[
            KerasLayer(lambda tf, ids, table: tf.keras.layers.Embedding(*table.shape, dtype=table.dtype)),
            lambda tf, ids, table: tf.nn.embedding_lookup(table, ids),
            lambda tf, ids, table: tf.gather(table, ids),
        ],
        samples=[
            sample("distinct", lambda rng: (rng.permutation(20).reshape(4, 5), rng.standard_normal((20, 8)))),
            sample("repeated", ids_and_table(4, 30, rows=5, width=8)),
            sample("first-and-last", fixed_ids([[0, 9], [9, 0]], 10, 4), edge=True),
            sample("out-of-range", fixed_ids([[0, 10]], 10, 4), edge=True, raises=True),
            sample("negative-id", fixed_ids([[0, -1]], 10, 4), edge=True, raises=True),
            sample("bad-dtype", fixed_ids([[0.0, 1.0]], 10, 4), edge=True, raises=True),
        ],
        sources=(f"{TORCH}Embedding.html", f"{KERAS}embedding/"),
    ),
    Case(
        "embedding_with_padding_index",
        "selection",
        ref.embedding,
        vjp=ref.embedding_padded_vjp,
        torch=[lambda torch, ids, table: torch.nn.functional.embedding(ids, table, padding_idx=0)],
        tensorflow=[
            KerasLayer(
                lambda tf, ids, table: tf.keras.layers.Embedding(*table.shape, mask_zero=True, dtype=table.dtype)
            ),
            first_row_held,
        ],
        samples=[
            # The gradient of padding is a convention, which forward mode does not know.
            sample("padded", fixed_ids([[3, 1, 0, 0], [2, 0, 0, 0]], 5, 4), smooth=False),
            sample("none-padded", ids_and_table(4, 6, rows=9, width=4, low=1)),
            sample("all-padding", fixed_ids([[0, 0]], 5, 4), edge=True, smooth=False),
            sample("last-row", fixed_ids([[4, 4, 1]], 5, 1), edge=True),
        ],
        sources=(f"{TORCH}Embedding.html", f"{KERAS}embedding/"),
    ),
    Case(
        "sparse_embedding_gradient",
        "reduction",
        ref.embedding_vjp,
        torch=[torch_sparse, torch_sparse_module],
        tensorflow=[tf_sparse, keras_sparse],
        samples=[
            sample("distinct", with_cotangent(fixed_ids([[0, 3], [2, 4]], 5, 3))),
            sample("repeated", with_cotangent(ids_and_table(4, 30, rows=5, width=2))),
            sample("one-row", with_cotangent(fixed_ids([[0, 0, 0]], 1, 2)), edge=True),
            sample("most-rows-unused", with_cotangent(fixed_ids([[99, 0]], 100, 2)), edge=True),
        ],
        sources=(f"{TORCH}Embedding.html", "https://www.tensorflow.org/api_docs/python/tf/IndexedSlices"),
    ),
    Case(
        "embedding_mask",
        "selection",
        embeddings.embedding_mask,
        torch=[lambda torch, ids: ids != 0],
        tensorflow=[
            lambda tf, ids: tf.keras.layers.Embedding(9, 2, mask_zero=True).compute_mask(ids),
            lambda tf, ids: tf.not_equal(ids, 0),
        ],
        samples=[
            sample("padded", lambda rng: (rng.integers(0, 3, (3, 5)),)),
            given([[1, 2, 0, 0], [3, 0, 0, 0]], name="padded-at-the-end", edge=False),
            given([[0, 0, 0]], name="all-padding"),
            given([[4, 0, 8]], name="padding-inside"),
        ],
        dtypes=("int32",),
        sources=(f"{KERAS}embedding/", "https://keras.io/guides/understanding_masking_and_padding/"),
    ),
    Case(
        "embedding_with_max_norm",
        "reduction",
        embeddings.clipped_embedding,
        vjp=embeddings.clipped_embedding_vjp,
        torch=[
            lambda torch, ids, table, max_norm: torch.nn.functional.embedding(ids, table.clone(), max_norm=max_norm),
        ],
        tensorflow=[
            lambda tf, ids, table, max_norm: tf.nn.embedding_lookup(table, ids, max_norm=max_norm),
            lambda tf, ids, table, max_norm: tf.clip_by_norm(tf.gather(table, ids), max_norm, axes=-1),
        ],
        samples=[
            sample("some-clipped", ids_and_table(2, 3, rows=4, width=3), max_norm=1.5),
            sample("nothing-clipped", ids_and_table(3, rows=4, width=3), max_norm=100.0),
            sample("all-clipped", ids_and_table(2, 2, rows=3, width=4), max_norm=0.1, edge=True),
            sample("repeated", fixed_ids([[1, 1, 1]], 3, 2), max_norm=0.5, edge=True),
        ],
        sources=(f"{TORCH}Embedding.html", f"{TF}embedding_lookup"),
    ),
    Case(
        "tied_embedding",
        "contraction",
        embeddings.tied_embedding,
        vjp=embeddings.tied_embedding_vjp,
        torch=[torch_tied, lambda torch, ids, table: table[ids] @ table.mT],
        tensorflow=[
            KerasLayer(keras_tied),
            lambda tf, ids, table: tf.einsum("btd,vd->btv", tf.gather(table, ids), table),
        ],
        samples=[
            sample("distinct", fixed_ids([[0, 3, 1], [2, 4, 0]], 5, 3)),
            sample("repeated", fixed_ids([[1, 1, 2, 1]], 3, 2)),
            sample("one-row", fixed_ids([[0, 0]], 1, 3), edge=True),
            sample("one-column", fixed_ids([[1, 0]], 4, 1), edge=True),
        ],
        sources=("https://arxiv.org/abs/1608.05859", "https://keras.io/api/layers/core_layers/reversible_embedding/"),
    ),
    Case(
        "embedding_bag",
        "reduction",
        embeddings.embedding_bag,
        vjp=embeddings.embedding_bag_vjp,
        torch=[
            lambda torch, ids, offsets, table, mode: torch.nn.functional.embedding_bag(ids, table, offsets, mode=mode),
            lambda torch, ids, offsets, table, mode: torch.func.functional_call(
                torch.nn.EmbeddingBag(*table.shape, mode=mode), {"weight": table}, (ids, offsets)
            ),
        ],
        tensorflow=[unsorted_segments, embedding_lookup_sparse],
        samples=[
            sample("sum", bags(*BAGS, 5, 3), mode="sum"),
            sample("mean", bags(*BAGS, 5, 3), mode="mean"),
            sample("max", bags(*BAGS, 5, 3), mode="max"),
            sample("empty-bag", bags([1, 2, 0], [0, 2, 2], 4, 2), mode="mean", edge=True),
            sample("one-bag", bags([1, 1, 1], [0], 3, 2), mode="sum", edge=True),
            sample("bad-index", bags([1, 5], [0, 1], 5, 2), mode="sum", edge=True, raises=True),
            sample("bad-dtype", bags([1.0, 2.0], [0, 1], 5, 2), mode="sum", edge=True, raises=True),
        ],
        sources=(f"{TORCH}EmbeddingBag.html", f"{TF}embedding_lookup_sparse"),
    ),
    Case(
        "weighted_embedding_bag",
        "reduction",
        embeddings.weighted_bag,
        vjp=embeddings.weighted_bag_vjp,
        vjp_intermediates=embeddings.weighted_bag_vjp_terms,
        torch=[
            lambda torch, ids, offsets, weights, table, mode: torch.nn.functional.embedding_bag(
                ids, table, offsets, mode=mode, per_sample_weights=weights
            ),
            lambda torch, ids, offsets, weights, table, mode: torch.func.functional_call(
                torch.nn.EmbeddingBag(*table.shape, mode=mode), {"weight": table}, (ids, offsets, weights)
            ),
            torch_sum_divided,
        ],
        tensorflow=[weighted_segments, weighted_lookup_sparse],
        samples=[
            sample("sum", weighted(*BAGS, 5, 3), mode="sum"),
            sample("one-bag", weighted([1, 0, 1], [0], 2, 3), mode="sum"),
            sample("one-id-each", weighted([1, 0, 2], [0, 1, 2], 3, 2), mode="sum", edge=True),
            sample("mean", weighted(*BAGS, 5, 3), mode="mean", edge=True),
            sample("sqrtn", weighted(*BAGS, 5, 3), mode="sqrtn", edge=True),
            sample(
                "bad-sizes",
                lambda rng: (np.arange(3), np.arange(3), np.ones(2), np.ones((3, 2))),
                mode="sum",
                edge=True,
                raises=True,
            ),
        ],
        sources=(f"{TORCH}EmbeddingBag.html", f"{TF}embedding_lookup_sparse"),
    ),
)
