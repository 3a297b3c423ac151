"""Losses as they are asked for by default: what is ignored, clipped, and averaged over."""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.losses_classification import (
    KERAS,
    distribution,
    distributions,
    labelled,
    of_rows,
    one,
)
from conformance.catalogue.losses_regression import TORCH, reduce, reduced, refused
from conformance.reference import losses_classification as ref
from conformance.reference.losses_reduction import spread
from fixtures.samples import given, sample


def keras_sparse(tf, logits, **given):
    return tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=logits.dtype, **given)


def keras_ignore_class(tf, logits, labels):
    return keras_sparse(tf, logits, ignore_class=-100)(labels, logits)


def keras_by_default(tf, logits, labels):
    return keras_sparse(tf, logits)(labels, logits)


def torch_default_reduction(torch, probability, target, reduction):
    return torch.nn.functional.binary_cross_entropy(probability, target)


def paired(rows: int, columns: int):
    """Probabilities, and targets 0 and 1."""
    return lambda rng: (
        rng.uniform(0.05, 0.95, (rows, columns)),
        rng.integers(0, 2, (rows, columns)).astype(float),
    )


def one_minus(c: Array, probability: Array, target: Array, *, reduction: str) -> Array:
    """1 - p is rounded before it divides."""
    rows = spread(np.abs(c), probability.shape[:-1], reduction)[..., None]
    return rows / (probability * (1 - probability)) / probability.shape[-1]


def mostly_ignored(rng: np.random.Generator) -> tuple[Array, ...]:
    """Four rows of six, so that bfloat16 too tells a mean of all rows from one of the others."""
    return rng.standard_normal((6, 4)), np.where(np.arange(6) % 3 != 1, -100, rng.integers(0, 4, 6))


def nearly_certain(rng: np.random.Generator) -> tuple[Array, ...]:
    p = distribution(rng, 4, 3)
    p[:, 0], p[:, 1] = 1e-9, 1 - p[:, 2]
    return p, np.tile([1.0, 0.0, 0.0], (4, 1))


IGNORED: dict[str, Any] = {"ignored": -100, "reduction": "mean"}

CASES = (
    Case(
        "cross_entropy_ignored_by_default",
        "reduction",
        lambda logits, labels: ref.masked_cross_entropy(logits, labels, **IGNORED),
        vjp=lambda c, logits, labels: ref.masked_cross_entropy_vjp(c, logits, labels, **IGNORED),
        intermediates=one,
        vjp_intermediates=of_rows,
        torch=[
            lambda torch, logits, labels: torch.nn.CrossEntropyLoss()(logits, labels),
            lambda torch, logits, labels: torch.nn.functional.cross_entropy(logits, labels),
        ],
        tensorflow=[keras_ignore_class, keras_by_default],
        samples=[
            sample("some-ignored", mostly_ignored, smooth=False),
            sample("none-ignored", labelled(4, 3)),
            given([[1.0, 2.0], [0.5, 0.0], [3.0, 0.0]], [-100, 1, -100], name="all-but-one", smooth=False),
            given([[1.0, 2.0]], [1], name="one-row"),
            refused("bad-index", np.ones((2, 3)), np.array([3, 2])),
        ],
        sources=(TORCH + "CrossEntropyLoss.html", KERAS + "#sparsecategoricalcrossentropy-class"),
    ),
    Case(
        "cross_entropy_from_clipped_probabilities",
        "reduction",
        ref.cross_entropy_from_clipped_probabilities,
        torch=[
            lambda torch, probabilities, target, reduction="mean": reduced(
                -(target * torch.log(probabilities.clamp(1e-7, 1 - 1e-7))).sum(-1), reduction
            )
        ],
        tensorflow=[
            lambda tf, probabilities, target, reduction="mean": tf.keras.losses.CategoricalCrossentropy(
                reduction=reduction, dtype=probabilities.dtype
            )(target, probabilities),
        ],
        samples=[
            sample("soft", distributions(6, 4)),
            sample("none", distributions(5, 3), reduction="none"),
            sample("nearly-certain-and-wrong", nearly_certain, edge=True),
            given([[0.0, 1.0], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]], name="certain-and-wrong"),
        ],
        dtypes=("float64", "float32"),
        sources=(KERAS + "#categoricalcrossentropy-class",),
    ),
    Case(
        "binary_cross_entropy_by_rows",
        "reduction",
        ref.binary_cross_entropy_by_rows,
        vjp=ref.binary_cross_entropy_by_rows_vjp,
        vjp_intermediates=one_minus,
        held=("target",),
        torch=[
            lambda torch, probability, target, reduction: reduced(
                torch.nn.functional.binary_cross_entropy(probability, target, reduction="none").mean(dim=-1), reduction
            ),
            torch_default_reduction,
        ],
        tensorflow=[
            lambda tf, probability, target, reduction: reduce(
                tf, tf.keras.losses.binary_crossentropy(target, probability), reduction
            ),
            lambda tf, probability, target, reduction: reduce(
                tf, tf.keras.metrics.binary_crossentropy(target, probability), reduction
            ),
        ],
        samples=[
            sample("none", paired(4, 5), smooth=False, reduction="none"),
            sample("mean", paired(3, 4), reduction="mean"),
            sample("one-row", paired(1, 3), edge=True, reduction="mean"),
            sample("one-column", paired(3, 1), edge=True, reduction="mean"),
        ],
        sources=(KERAS + "#binarycrossentropy-function", TORCH + "BCELoss.html"),
    ),
)
