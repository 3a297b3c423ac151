"""Losses of margins and of distances. Keras has hinges alone; for the others its side shows the formula."""

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.losses_regression import TORCH, bad_pairs, keras, reduce, reduced, refused
from conformance.reference import losses_margin as ref
from fixtures.samples import given, normal, sample

HINGES = "https://keras.io/api/losses/hinge_losses/"


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """1 and -1; both, so that they cannot be taken for labels 0 and 1."""
    drawn = np.where(rng.uniform(size=shape) < 0.5, -1.0, 1.0)
    drawn.flat[:2] = [1.0, -1.0]
    return drawn


def signed(*shape: int, scale: float = 1.0):
    return lambda rng: (scale * rng.standard_normal(shape), signs(rng, shape))


def scores(rows: int, classes: int):
    """Predictions, labels and weights of the classes."""
    return lambda rng: (
        rng.standard_normal((rows, classes)),
        rng.integers(0, classes, rows),
        rng.uniform(0.5, 1.5, classes),
    )


def pairs(rows: int, width: int, target: bool = True):
    """Two embeddings for each row, and whether they belong together."""
    return lambda rng: (*rng.standard_normal((2, rows, width)), *([signs(rng, (rows,))] if target else []))


def one_hot(rows: int, classes: int):
    return lambda rng: (rng.standard_normal((rows, classes)), np.eye(classes)[rng.integers(0, classes, rows)])


def tensorflow_multi_margin(tf, prediction, label, weight, p=1, margin=1.0, reduction="mean"):
    own = tf.one_hot(label, tf.shape(prediction)[-1], dtype=prediction.dtype)
    right = tf.reduce_sum(own * prediction, -1, keepdims=True)
    violations = (1 - own) * tf.maximum(margin - right + prediction, 0)
    rows = tf.gather(weight, label) * tf.reduce_mean(violations if p == 1 else violations**2, -1)
    return reduce(tf, rows, reduction)


def tensorflow_triplet_margin(
    tf, anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction="mean"
):  # fmt: skip
    near, far, other = (
        tf.norm(d + eps, ord=p, axis=-1) for d in (anchor - positive, anchor - negative, positive - negative)
    )
    return reduce(tf, tf.maximum(margin + near - (tf.minimum(far, other) if swap else far), 0), reduction)


def one_minus_cosine(first: Array, second: Array, target: Array, *, margin: float, reduction: str = "mean") -> Array:
    """1 - cos: where vectors are parallel, a cosine of 1 is rounded."""
    return np.ones(())


CASES = (
    Case(
        "hinge_loss",
        "reduction",
        ref.hinge,
        vjp=ref.hinge_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": reduced(
                torch.clamp(1 - target * prediction, min=0), reduction
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.Hinge, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.hinge(target[..., None], prediction[..., None]), reduction
            ),
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(optax().hinge_loss(prediction, target), reduction)
        ],
        samples=[
            sample("signs", signed(4, 5)),
            sample("none", signed(3, 4), reduction="none"),
            given([1.0, -1.0, 0.5], [1.0, -1.0, -1.0], name="kinks", smooth=False, reduction="none"),
            given([0.5, -2.0], [0.0, 1.0], name="binary-labels", reduction="none"),
            *bad_pairs(),
        ],
        sources=(HINGES + "#hinge-class",),
    ),
    Case(
        "squared_hinge_loss",
        "reduction",
        ref.squared_hinge,
        vjp=ref.squared_hinge_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": reduced(
                torch.clamp(1 - target * prediction, min=0).square(), reduction
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": keras(
                tf.keras.losses.SquaredHinge, prediction, target, reduction
            ),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.squared_hinge(target[..., None], prediction[..., None]), reduction
            ),
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(
                optax().hinge_loss(prediction, target) ** 2, reduction
            )
        ],
        samples=[
            sample("signs", signed(4, 5)),
            sample("none", signed(3, 4), reduction="none"),
            given([1.0, -1.0, 0.5], [1.0, -1.0, -1.0], name="kinks", smooth=False, reduction="none"),
            given([0.5, -2.0], [0.0, 1.0], name="binary-labels", reduction="none"),
            *bad_pairs(),
        ],
        sources=(HINGES + "#squaredhinge-class",),
    ),
    Case(
        "categorical_hinge_loss",
        "reduction",
        ref.categorical_hinge,
        vjp=ref.categorical_hinge_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": reduced(
                torch.clamp(1 + torch.amax((1 - target) * prediction, -1) - (target * prediction).sum(-1), min=0),
                reduction,
            )
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": tf.keras.losses.CategoricalHinge(
                reduction=reduction, dtype=prediction.dtype
            )(target, prediction),
            lambda tf, prediction, target, reduction="mean": reduce(
                tf, tf.keras.losses.categorical_hinge(target, prediction), reduction
            ),
        ],
        samples=[
            sample("one-hot", one_hot(6, 4)),
            sample("none", one_hot(4, 3), reduction="none"),
            given([[5.0, 1.0], [-3.0, 0.5]], [[1.0, 0.0], [0.0, 1.0]], name="right", reduction="none"),
            given([[-2.0, -1.0], [-1.0, -3.0]], [[1.0, 0.0], [1.0, 0.0]], name="all-negative", reduction="sum"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(HINGES + "#categoricalhinge-class",),
    ),
    Case(
        "multi_margin_loss",
        "reduction",
        ref.multi_margin,
        vjp=ref.multi_margin_vjp,
        held=("weight",),
        torch=[
            lambda torch, prediction, label, weight, p=1, margin=1.0, reduction="mean": torch.nn.MultiMarginLoss(
                p, margin, weight, reduction=reduction
            )(prediction, label),
            lambda torch, prediction, label, weight, p=1, margin=1.0, reduction="mean": (
                torch.nn.functional.multi_margin_loss(prediction, label, p, margin, weight, reduction=reduction)
            ),
        ],
        tensorflow=[tensorflow_multi_margin],
        samples=[
            sample("normal", scores(5, 4)),
            sample("none-squared", scores(4, 3), p=2, margin=0.5, reduction="none"),
            sample("sum", scores(4, 3), margin=2.0, edge=True, reduction="sum"),
            given([[9.0, 1.0, 0.0]], [0], [1.0, 1.0, 1.0], name="right"),
            given([[0.0, 1.0, 2.5]], [1], [1.0, 2.0, 1.0], name="kink", gradient=False),
        ],
        sources=(TORCH + "MultiMarginLoss.html",),
    ),
    Case(
        "multi_margin_loss_refuses",
        "reduction",
        ref.multi_margin,
        vjp=ref.multi_margin_vjp,
        held=("weight",),
        dtypes=("float64", "float32"),
        torch=[
            lambda torch, prediction, label, weight, reduction="mean": torch.nn.functional.multi_margin_loss(
                prediction, label, weight=weight, reduction=reduction
            )
        ],
        samples=[
            sample("none", scores(3, 4), reduction="none"),
            refused("bad-index", np.ones((2, 3)), np.array([0, 3]), np.ones(3)),
            refused("bad-index-negative", np.ones((2, 3)), np.array([0, -1]), np.ones(3)),
            refused("bad-sizes", np.ones((2, 3)), np.array([0, 1, 2]), np.ones(3)),
            refused("bad-dtype", np.ones((2, 3)), np.array([0.0, 1.0]), np.ones(3)),
        ],
        sources=(TORCH + "MultiMarginLoss.html",),
    ),
    Case(
        "multilabel_margin_loss",
        "reduction",
        ref.multilabel_margin,
        vjp=ref.multilabel_margin_vjp,
        dtypes=("float64", "float32"),  # torch has no kernels for the others
        torch=[
            lambda torch, prediction, labels, reduction="mean": torch.nn.MultiLabelMarginLoss(reduction=reduction)(
                prediction, labels
            ),
            lambda torch, prediction, labels, reduction="mean": torch.nn.functional.multilabel_margin_loss(
                prediction, labels, reduction=reduction
            ),
        ],
        samples=[
            sample(
                "normal",
                lambda rng: (rng.standard_normal((3, 4)), np.array([[3, 0, -1, 1], [2, -1, 0, 0], [1, 2, 3, 0]])),
            ),
            sample(
                "none", lambda rng: (rng.standard_normal((2, 3)), np.array([[2, 0, -1], [1, -1, -1]])), reduction="none"
            ),
            given([[1.0, 2.0, 3.0]], [[-1, -1, -1]], name="no-label"),
            given([[1.0, 2.0, 3.0]], [[0, 1, 2]], name="every-label", reduction="sum"),
            refused("bad-index", np.ones((1, 3)), np.array([[3, -1, -1]])),
            refused("bad-sizes", np.ones((2, 3)), np.array([[0, -1], [1, -1]])),
        ],
        sources=(TORCH + "MultiLabelMarginLoss.html",),
    ),
    Case(
        "soft_margin_loss",
        "reduction",
        ref.soft_margin,
        vjp=ref.soft_margin_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": torch.nn.SoftMarginLoss(reduction=reduction)(
                prediction, target
            ),
            lambda torch, prediction, target, reduction="mean": torch.nn.functional.soft_margin_loss(
                prediction, target, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": reduce(tf, tf.nn.softplus(-target * prediction), reduction)
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(jax.nn.softplus(-target * prediction), reduction)
        ],
        samples=[
            sample("signs", signed(4, 5)),
            sample("none", signed(3, 4, scale=3.0), reduction="none"),
            given([60.0, -50.0], [1.0, 1.0], name="saturated", dtypes=("float64", "float32"), reduction="none"),
            given([-800.0, 2.0], [1.0, -1.0], name="confident-and-wrong", reduction="none"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(TORCH + "SoftMarginLoss.html",),
    ),
    Case(
        "multilabel_soft_margin_loss",
        "reduction",
        ref.multilabel_soft_margin,
        vjp=ref.multilabel_soft_margin_vjp,
        held=("target",),
        torch=[
            lambda torch, prediction, target, reduction="mean": torch.nn.MultiLabelSoftMarginLoss(reduction=reduction)(
                prediction, target
            ),
            lambda torch, prediction, target, reduction="mean": torch.nn.functional.multilabel_soft_margin_loss(
                prediction, target, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, prediction, target, reduction="mean": tf.keras.losses.BinaryCrossentropy(
                from_logits=True, reduction=reduction, dtype=prediction.dtype
            )(target, prediction)
        ],
        jax=[
            lambda jax, prediction, target, reduction="mean": reduced(
                optax().sigmoid_binary_cross_entropy(prediction, target).mean(-1), reduction
            )
        ],
        samples=[
            sample("normal", lambda rng: (rng.standard_normal((4, 5)), rng.integers(0, 2, (4, 5)).astype(float))),
            sample(
                "none",
                lambda rng: (3 * rng.standard_normal((3, 4)), rng.integers(0, 2, (3, 4)).astype(float)),
                reduction="none",
            ),
            given([[40.0, -40.0], [20.0, -12.0]], [[1.0, 0.0], [0.0, 1.0]], name="saturated", reduction="none"),
            given([[0.0]], [[1.0]], name="one-element", reduction="sum"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(
            TORCH + "MultiLabelSoftMarginLoss.html",
            "https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class",
        ),
    ),
    Case(
        "hinge_embedding_loss",
        "reduction",
        ref.hinge_embedding,
        vjp=ref.hinge_embedding_vjp,
        held=("target",),
        torch=[
            lambda torch, distance, target, margin=1.0, reduction="mean": torch.nn.HingeEmbeddingLoss(
                margin, reduction=reduction
            )(distance, target),
            lambda torch, distance, target, margin=1.0, reduction="mean": torch.nn.functional.hinge_embedding_loss(
                distance, target, margin, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, distance, target, margin=1.0, reduction="mean": reduce(
                tf, tf.where(tf.equal(target, 1), distance, tf.maximum(margin - distance, 0)), reduction
            )
        ],
        samples=[
            sample("signs", signed(4, 5)),
            sample("none", signed(3, 4), margin=0.5, reduction="none"),
            given([1.0, 1.0], [-1.0, 1.0], name="kink", smooth=False, reduction="none"),
            given([5.0, 0.0], [-1.0, 1.0], name="far-and-near", margin=2.0, reduction="sum"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3))),
        ],
        sources=(TORCH + "HingeEmbeddingLoss.html",),
    ),
    Case(
        "margin_ranking_loss",
        "reduction",
        ref.margin_ranking,
        vjp=ref.margin_ranking_vjp,
        held=("target",),
        torch=[
            lambda torch, first, second, target, margin, reduction="mean": torch.nn.MarginRankingLoss(
                margin, reduction=reduction
            )(first, second, target),
            lambda torch, first, second, target, margin, reduction="mean": torch.nn.functional.margin_ranking_loss(
                first, second, target, margin, reduction=reduction
            ),
        ],
        tensorflow=[
            lambda tf, first, second, target, margin, reduction="mean": reduce(
                tf, tf.maximum(margin - target * (first - second), 0), reduction
            )
        ],
        samples=[
            sample("signs", lambda rng: (*rng.standard_normal((2, 12)), signs(rng, (12,))), margin=0.5),
            sample("none", lambda rng: (*rng.standard_normal((2, 6)), signs(rng, (6,))), margin=0.0, reduction="none"),
            given([1.0, 2.0], [1.0, 1.0], [1.0, 1.0], name="ties", smooth=False, margin=0.0, reduction="none"),
            given([1.0, 2.0], [9.0, 1.0], [-1.0, 1.0], name="right-order", margin=0.5, reduction="sum"),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3)), np.ones((3, 2)), margin=0.0),
        ],
        sources=(TORCH + "MarginRankingLoss.html",),
    ),
    Case(
        "cosine_embedding_loss",
        "reduction",
        ref.cosine_embedding,
        vjp=ref.cosine_embedding_vjp,
        intermediates=one_minus_cosine,
        held=("target",),
        torch=[
            lambda torch, first, second, target, margin, reduction="mean": torch.nn.CosineEmbeddingLoss(
                margin, reduction=reduction
            )(first, second, target),
            lambda torch, first, second, target, margin, reduction="mean": torch.nn.functional.cosine_embedding_loss(
                first, second, target, margin, reduction=reduction
            ),
        ],
        # keras.losses.cosine_similarity is minus the cosine.
        tensorflow=[
            lambda tf, first, second, target, margin, reduction="mean": reduce(
                tf,
                tf.where(
                    tf.equal(target, 1),
                    1 + tf.keras.losses.cosine_similarity(first, second),
                    tf.nn.relu(-tf.keras.losses.cosine_similarity(first, second) - margin),
                ),
                reduction,
            )
        ],
        samples=[
            sample("signs", pairs(6, 4), margin=0.0),
            sample("none", pairs(5, 3), margin=0.25, reduction="none"),
            given(
                [[1.0, 2.0], [1.0, 0.0]],
                [[2.0, 4.0], [-1.0, 1.0]],
                [1.0, -1.0],
                name="parallel",
                margin=0.0,
                reduction="none",
            ),
            given([[0.0, 0.0]], [[3.0, 4.0]], [1.0], name="zeros", gradient=False, margin=0.0),
            refused("bad-sizes", np.ones((3, 2)), np.ones((2, 3)), np.ones(3), margin=0.0),
        ],
        sources=(TORCH + "CosineEmbeddingLoss.html",),
    ),
    Case(
        "triplet_margin_loss",
        "reduction",
        ref.triplet_margin,
        vjp=ref.triplet_margin_vjp,
        torch=[
            lambda torch, anchor, positive, negative, **options: torch.nn.TripletMarginLoss(**options)(
                anchor, positive, negative
            ),
            lambda torch, anchor, positive, negative, **options: torch.nn.functional.triplet_margin_loss(
                anchor, positive, negative, **options
            ),
        ],
        tensorflow=[tensorflow_triplet_margin],
        samples=[
            normal((5, 4), (5, 4), (5, 4)),
            normal((4, 3), (4, 3), (4, 3), name="none-swap", swap=True, margin=0.5, reduction="none"),
            normal((4, 3), (4, 3), (4, 3), name="norm-1", p=1, edge=True, reduction="sum"),
            given(
                [[1.0, 2.0]],
                [[1.0, 2.0]],
                [[4.0, 6.0]],
                name="identical",
                smooth=False,
                margin=6.0,
                dtypes=("float64", "float32"),
            ),
            given([[0.0, 0.0]], [[0.5, 0.5]], [[9.0, 9.0]], name="easy", margin=1.0, reduction="none"),
        ],
        sources=(TORCH + "TripletMarginLoss.html",),
    ),
    Case(
        "triplet_margin_loss_of_cosines",
        "reduction",
        ref.triplet_cosine,
        vjp=ref.triplet_cosine_vjp,
        torch=[
            lambda torch, anchor, positive, negative, **options: torch.nn.TripletMarginWithDistanceLoss(
                distance_function=lambda x, y: 1 - torch.cosine_similarity(x, y), **options
            )(anchor, positive, negative),
            lambda torch, anchor, positive, negative, **options: torch.nn.functional.triplet_margin_with_distance_loss(
                anchor, positive, negative, distance_function=lambda x, y: 1 - torch.cosine_similarity(x, y), **options
            ),
        ],
        tensorflow=[
            lambda tf, anchor, positive, negative, margin=1.0, reduction="mean": reduce(
                tf,
                tf.nn.relu(
                    margin
                    + tf.keras.losses.cosine_similarity(anchor, positive)
                    - tf.keras.losses.cosine_similarity(anchor, negative)
                ),
                reduction,
            )
        ],
        samples=[
            normal((5, 4), (5, 4), (5, 4)),
            normal((4, 3), (4, 3), (4, 3), name="none", margin=0.5, reduction="none"),
            given([[1.0, 0.0]], [[2.0, 0.0]], [[0.0, 3.0]], name="orthogonal", margin=2.0, reduction="sum"),
            given([[1.0, 0.0]], [[2.0, 1.0]], [[-1.0, 3.0]], name="easy", margin=0.125, reduction="none"),
        ],
        sources=(TORCH + "TripletMarginWithDistanceLoss.html",),
    ),
)
