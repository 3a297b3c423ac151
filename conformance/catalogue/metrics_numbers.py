"""Metrics of numbers: errors, correlations, means. Keras reads them from variables: their gradients are the losses'."""

import numpy as np

from conformance.case import Array, Case, KerasLayer
from conformance.catalogue.metrics_shared import KERAS, SKLEARN, UPDATED_ALIKE, WIDE, stateless, streamed
from conformance.reference import metrics as ref
from fixtures.samples import given, normal, sample

CUT = (5, 11)
REGRESSION = f"{KERAS}/regression_metrics/"


def around(mean: float):
    """Targets far from zero, and predictions of them."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        target = mean + rng.standard_normal((16, 2))
        return target, target + rng.standard_normal((16, 2)) / 4

    return make


def torch_weighted_mse(torch, target, prediction, weights, batches):
    rows = torch.nn.functional.mse_loss(prediction, target, reduction="none").mean(dim=1)
    return (weights * rows).sum() / weights.sum()


def torch_r2(torch, target, prediction, aggregation, batches):
    left = (target - prediction).square().sum(dim=0)
    total = (target - target.mean(dim=0)).square().sum(dim=0)
    each = torch.where(total == 0, (left == 0).to(target.dtype), 1 - left / total)
    if aggregation == "variance_weighted_average":
        return (each * total).sum() / total.sum()
    return each if aggregation is None else each.mean()


def torch_pearson(torch, target, prediction, batches):
    x, y = (a - a.mean(dim=1, keepdim=True) for a in (target, prediction))
    return ((x * y).sum(dim=1) / (x.norm(dim=1) * y.norm(dim=1))).mean()


def torch_concordance(torch, target, prediction, batches):
    (var_x, mean_x), (var_y, mean_y) = (torch.var_mean(a, dim=1, correction=0) for a in (target, prediction))
    covariance = ((target - mean_x[:, None]) * (prediction - mean_y[:, None])).mean(dim=1)
    return (2 * covariance / (var_x + var_y + (mean_x - mean_y).square())).mean()


def stateless_mean(tf, values, weights, batches):
    return stateless(tf, tf.keras.metrics.Mean(dtype=values.dtype), batches)


ONE = given([[1.5]], [[1.0]], name="one-element", batches=(1,))
MET = given([[1.0], [2.0]], [[1.0], [2.0]], name="zero", batches=(2,))
SIZES = given([[1.0], [2.0], [3.0]], [[1.0, 2.0], [1.0, 2.0]], name="bad-sizes", raises=True, batches=(2,))
# Three numbers against three rows of one: both broadcast them to nine.
COLUMN = given([1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]], name="bad-sizes-column", raises=True, batches=(3,))

CASES = (
    Case(
        "weighted_mean_metric",
        "reduction",
        ref.weighted_mean,
        torch=[lambda torch, values, weights, batches: (values * weights).sum() / weights.sum()],
        tensorflow=[
            KerasLayer(
                lambda tf, values, weights, batches: streamed(tf, tf.keras.metrics.Mean(dtype=values.dtype), batches),
                inputs=2,
            ),
            KerasLayer(stateless_mean, inputs=2),
        ],
        samples=[
            sample("streamed", lambda rng: (rng.standard_normal(16), rng.uniform(0.5, 2, 16)), batches=CUT),
            given([1.0, 2.0, np.pi], [0.0, 3.0, 0.0], name="zeros-mask", batches=(3,)),
            normal((5,), (5,), name="negative-weights", edge=True, batches=(5,)),
            given([1.0, 2.0], [0.0, 0.0], name="no-weight", batches=(2,)),
            given([1.0, np.nan], [1.0, 0.0], name="nan-of-no-weight", batches=(2,)),
            given([1.0, 2.0, 3.0], [1.0, 1.0], name="bad-sizes", raises=True, batches=(2,)),
        ],
        dtypes=WIDE,
        sources=(
            f"{KERAS}/reduction_metrics/#mean-class",
            "https://numpy.org/doc/stable/reference/generated/numpy.average.html",
        ),
    ),
    Case(
        "mean_squared_error_metric",
        "reduction",
        ref.mean_squared_error,
        torch=[lambda torch, target, prediction, batches: torch.nn.functional.mse_loss(prediction, target)],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, batches: streamed(
                    tf, tf.keras.metrics.MeanSquaredError(dtype=target.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[normal((16, 3), (16, 3), name="streamed", batches=CUT), ONE, MET, SIZES, COLUMN],
        dtypes=WIDE,
        sources=(f"{REGRESSION}#meansquarederror-class", f"{SKLEARN}mean_squared_error.html"),
    ),
    Case(
        "weighted_mean_squared_error_metric",
        "reduction",
        ref.weighted_mean_squared_error,
        torch=[torch_weighted_mse],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, weights, batches: streamed(
                    tf, tf.keras.metrics.MeanSquaredError(dtype=target.dtype), batches
                ),
                inputs=3,
            ),
        ],
        samples=[
            sample(
                "streamed",
                lambda rng: (*rng.standard_normal((2, 16, 3)), rng.uniform(0.5, 2, 16)),
                batches=CUT,
            ),
            given([[1.0], [2.0]], [[1.5], [9.0]], [2.0, 0.0], name="zeros-mask", batches=(2,)),
            normal((4, 1), (4, 1), (4,), name="negative-weights", edge=True, batches=(4,)),
            given([[1.0], [2.0]], [[1.5], [9.0]], [0.0, 0.0], name="no-weight", batches=(2,)),
            given([[1.0], [2.0]], [[1.5], [9.0]], [1.0, 1.0, 1.0], name="bad-sizes", raises=True, batches=(2,)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{REGRESSION}#meansquarederror-class", f"{SKLEARN}mean_squared_error.html"),
    ),
    Case(
        "mean_absolute_error_metric",
        "reduction",
        ref.mean_absolute_error,
        torch=[lambda torch, target, prediction, batches: torch.nn.functional.l1_loss(prediction, target)],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, batches: streamed(
                    tf, tf.keras.metrics.MeanAbsoluteError(dtype=target.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[normal((16, 3), (16, 3), name="streamed", batches=CUT), ONE, MET, SIZES, COLUMN],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{REGRESSION}#meanabsoluteerror-class", f"{SKLEARN}mean_absolute_error.html"),
    ),
    Case(
        "root_mean_squared_error_metric",
        "reduction",
        ref.root_mean_squared_error,
        torch=[lambda torch, target, prediction, batches: (prediction - target).square().mean().sqrt()],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, batches: streamed(
                    tf, tf.keras.metrics.RootMeanSquaredError(dtype=target.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            # Not the mean of the roots of the batches.
            normal((16, 3), (16, 3), name="streamed", batches=CUT),
            ONE,
            MET,
            SIZES,
        ],
        dtypes=WIDE,
        sources=(f"{REGRESSION}#rootmeansquarederror-class", f"{SKLEARN}root_mean_squared_error.html"),
    ),
    Case(
        "r2_score",
        "reduction",
        ref.r2,
        torch=[torch_r2],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, aggregation, batches: streamed(
                    tf, tf.keras.metrics.R2Score(aggregation, dtype=target.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("streamed", around(0), aggregation="uniform_average", batches=CUT),
            sample("by-variance", around(0), aggregation="variance_weighted_average", batches=CUT),
            sample("each", around(0), aggregation=None, batches=CUT),
            sample("far-from-zero", around(10_000), aggregation="uniform_average", edge=True, batches=CUT),
            given([[2.0], [2.0]], [[2.0], [3.0]], name="constant", aggregation="uniform_average", batches=(2,)),
            given([[2.0], [2.0]], [[2.0], [2.0]], name="constant-and-met", aggregation="uniform_average", batches=(2,)),
            given([1.0, 2.0], [1.0, 3.0], name="bad-rank", raises=True, aggregation=None, batches=(2,)),
            given([[1.0], [2.0], [3.0]], [[1.0], [2.0]], name="bad-sizes", raises=True, aggregation=None, batches=(2,)),
        ],
        dtypes=WIDE,
        sources=(f"{REGRESSION}#r2score-class", f"{SKLEARN}r2_score.html"),
    ),
    Case(
        "cosine_similarity_metric",
        "reduction",
        ref.cosine_similarity,
        torch=[
            lambda torch, target, prediction, batches: torch.nn.functional.cosine_similarity(
                target, prediction, dim=-1
            ).mean(),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, batches: streamed(
                    tf, tf.keras.metrics.CosineSimilarity(dtype=target.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            normal((16, 4), (16, 4), name="streamed", batches=CUT),
            given([[1.0, 2.0], [3.0, 1.0]], [[2.0, 4.0], [6.0, 2.0]], name="parallel", batches=(2,)),
            given([[0.0, 0.0], [3.0, 1.0]], [[2.0, 4.0], [1.0, 2.0]], name="zeros", batches=(2,)),
            normal((4, 3), (4, 3), scale=1e-9, name="tiny", edge=True, batches=(4,)),
            given([[1.0, 2.0]], [[1.0, 2.0, 3.0]], name="bad-sizes", raises=True, batches=(1,)),
        ],
        dtypes=WIDE,
        sources=(f"{REGRESSION}#cosinesimilarity-class", f"{SKLEARN}pairwise.cosine_similarity.html"),
    ),
    Case(
        "pearson_correlation",
        "reduction",
        ref.pearson_correlation,
        torch=[torch_pearson],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, batches: streamed(
                    tf, tf.keras.metrics.PearsonCorrelation(dtype=target.dtype), batches
                ),
                inputs=2,
            ),
            lambda tf, target, prediction, batches: tf.reduce_mean(
                tf.keras.metrics.pearson_correlation(target, prediction)
            ),
        ],
        samples=[
            normal((16, 5), (16, 5), name="streamed", batches=CUT),
            given([[1.0, 2.0], [3.0, 1.0]], [[2.0, 3.0], [1.0, 2.0]], name="two-points", batches=(2,)),
            given([[1.0, 2.0, 4.0]], [[-1.0, -2.0, -4.0]], name="opposite", batches=(1,)),
            given([[1.0, 1.0, 1.0]], [[2.0, 3.0, 1.0]], name="constant", batches=(1,)),
            given([[1.0, 2.0]], [[1.0, 2.0, 3.0]], name="bad-sizes", raises=True, batches=(1,)),
        ],
        dtypes=WIDE,
        sources=(
            f"{REGRESSION}#pearsoncorrelation-class",
            "https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.pearsonr.html",
        ),
    ),
    Case(
        "concordance_correlation",
        "reduction",
        ref.concordance_correlation,
        torch=[torch_concordance],
        tensorflow=[
            KerasLayer(
                lambda tf, target, prediction, batches: streamed(
                    tf, tf.keras.metrics.ConcordanceCorrelation(dtype=target.dtype), batches
                ),
                inputs=2,
            ),
            lambda tf, target, prediction, batches: tf.reduce_mean(
                tf.keras.metrics.concordance_correlation(target, prediction)
            ),
        ],
        samples=[
            normal((16, 5), (16, 5), name="streamed", batches=CUT),
            given([[1.0, 2.0], [3.0, 1.0]], [[2.0, 3.0], [1.0, 2.0]], name="two-points", batches=(2,)),
            normal((2, 5), (2, 5), scale=2.0**-10, name="small", edge=True, batches=(2,)),
            given([[1.0, 2.0]], [[1.0, 2.0, 3.0]], name="bad-sizes", raises=True, batches=(1,)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{REGRESSION}#concordancecorrelation-class", "https://doi.org/10.2307/2532051"),
    ),
)
