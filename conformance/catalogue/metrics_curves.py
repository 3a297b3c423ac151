"""Metrics of all thresholds at once: areas under curves, the best point under a constraint."""

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.metrics_shared import KERAS, SKLEARN, UPDATED_ALIKE, WIDE, apart, streamed, weighted_apart
from conformance.reference import metrics as ref
from fixtures.samples import given, sample

CUT = (5, 11)
TIED = ([0, 1, 0, 1, 1, 0, 1, 0], [0.25, 0.25, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5])
CLASS = f"{KERAS}/classification_metrics/"


def clustered(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """As of a model that is right but unsure: all scores between two of 200 thresholds."""
    order = rng.permutation(16)
    return order // 8, 0.503 + order / 4096


def logits(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    order = rng.permutation(16)
    return order // 8, order / 2 - 4


def torch_pairs(torch, labels, scores):
    """1 where a positive scores higher than a negative, 1/2 where they score the same."""
    gap = scores[labels == 1][:, None] - scores[labels == 0]
    return (gap.sign() + 1) / 2


def torch_roc_auc(torch, labels, scores, batches, num_thresholds=None):
    return torch_pairs(torch, labels, scores).mean()


def torch_trapezoid(torch, labels, scores, batches, num_thresholds=None):
    """The curve through all thresholds, and its area."""
    above = scores >= torch.cat([scores.new_tensor([torch.inf]), scores.unique().flip(0)])[:, None]
    tpr = (above & (labels == 1)).sum(dim=1).to(scores.dtype) / (labels == 1).sum()
    fpr = (above & (labels == 0)).sum(dim=1).to(scores.dtype) / (labels == 0).sum()
    return torch.trapezoid(tpr, fpr)


def torch_weighted_roc_auc(torch, labels, scores, weights, batches):
    pairs = weights[labels == 1][:, None] * weights[labels == 0]
    return (torch_pairs(torch, labels, scores) * pairs).sum() / pairs.sum()


def torch_average_precision(torch, labels, scores, batches):
    own = scores[labels == 1]
    return ((own >= own[:, None]).sum(dim=1) / (scores >= own[:, None]).sum(dim=1).to(scores.dtype)).mean()


def torch_rates(torch, labels, scores):
    """Sensitivity, specificity and precision at every threshold: below all scores, and at each."""
    above = scores > torch.cat([scores.new_tensor([-torch.inf]), scores])[:, None]
    tp = (above & (labels == 1)).sum(dim=1).to(scores.dtype)
    tn = (~above & (labels == 0)).sum(dim=1).to(scores.dtype)
    precision = torch.where(above.any(dim=1), tp / above.sum(dim=1).clamp(min=1), 0.0)
    return tp / (labels == 1).sum(), tn / (labels == 0).sum(), precision


def torch_sensitivity(torch, labels, scores, specificity, batches):
    sensitivities, specificities, _ = torch_rates(torch, labels, scores)
    return sensitivities[specificities >= specificity].max()


def torch_specificity(torch, labels, scores, sensitivity, batches):
    sensitivities, specificities, _ = torch_rates(torch, labels, scores)
    return specificities[sensitivities >= sensitivity].max()


def torch_precision_at_recall(torch, labels, scores, recall, batches):
    recalls, _, precisions = torch_rates(torch, labels, scores)
    return precisions[recalls >= recall].max()


def torch_recall_at_precision(torch, labels, scores, precision, batches):
    recalls, _, precisions = torch_rates(torch, labels, scores)
    return torch.where(precisions >= precision, recalls, 0.0).max()


CASES = (
    Case(
        "roc_auc",
        "selection",
        ref.roc_auc,
        torch=[torch_roc_auc, torch_trapezoid],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, batches, num_thresholds=200: streamed(
                    tf, tf.keras.metrics.AUC(num_thresholds, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, batches=CUT),
            sample("clustered", clustered, edge=True, batches=CUT),
            sample("clustered-more-thresholds", clustered, edge=True, batches=CUT, num_thresholds=8193),
            sample("logits", logits, edge=True, batches=CUT),
            given(*TIED, name="ties", batches=(8,)),
            given([0, 1, 0, 1], [0.0, 1.0, 1.0, 0.0], name="zeros-and-ones", batches=(4,)),
            given([1, 1], [0.25, 0.75], name="one-class", batches=(2,)),
            given([0, 1, 1], [0.25, 0.75], name="bad-sizes", raises=True, batches=(2,)),
        ],
        dtypes=WIDE,
        sources=(f"{CLASS}#auc-class", f"{SKLEARN}roc_auc_score.html"),
    ),
    Case(
        "weighted_roc_auc",
        "reduction",
        ref.weighted_roc_auc,
        torch=[torch_weighted_roc_auc],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, weights, batches: streamed(
                    tf, tf.keras.metrics.AUC(dtype=scores.dtype), batches
                ),
                inputs=3,
            ),
        ],
        samples=[
            sample("streamed", weighted_apart, batches=CUT),
            sample("fractions", lambda rng: (*apart(rng), rng.uniform(0.5, 2, 16)), batches=CUT),
            given([0, 1, 1, 0], [0.25, 0.75, 0.125, 0.875], [1.0, 1.0, 0.0, 0.0], name="zeros-mask", batches=(4,)),
            given([0, 1], [0.25, 0.75], [0.5, 0.25], name="two-elements", batches=(2,)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#auc-class", f"{SKLEARN}roc_auc_score.html"),
    ),
    Case(
        "average_precision",
        "reduction",
        ref.average_precision,
        torch=[torch_average_precision],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, batches: streamed(
                    tf, tf.keras.metrics.AUC(curve="PR", dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, batches=CUT),
            given([0, 0, 1, 1], [0.125, 0.25, 0.5, 0.75], name="separable", batches=(4,)),
            given([1, 1, 0, 0], [0.125, 0.25, 0.5, 0.75], name="reversed", batches=(4,)),
            given([0, 1, 1], [0.25, 0.75], name="bad-sizes", raises=True, batches=(2,)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#auc-class", f"{SKLEARN}average_precision_score.html"),
    ),
    Case(
        "pr_auc",
        "reduction",
        ref.pr_auc,
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, batches: streamed(
                    tf, tf.keras.metrics.AUC(curve="PR", dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, batches=CUT),
            given([0, 0, 1, 1], [0.125, 0.25, 0.5, 0.75], name="separable", edge=False, batches=(4,)),
            given([1, 1, 0, 0], [0.125, 0.25, 0.5, 0.75], name="reversed", batches=(4,)),
            sample("clustered", clustered, edge=True, batches=CUT),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#auc-class", "https://www.biostat.wisc.edu/~page/rocpr.pdf"),
    ),
    Case(
        "sensitivity_at_specificity",
        "selection",
        ref.sensitivity_at_specificity,
        torch=[torch_sensitivity],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, specificity, batches: streamed(
                    tf, tf.keras.metrics.SensitivityAtSpecificity(specificity, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, specificity=0.75, batches=CUT),
            given(*TIED, name="ties", specificity=0.5, batches=(8,)),
            given([0, 1], [0.75, 0.25], name="none-but-all", specificity=1.0, batches=(2,)),
            given([0, 1], [0.25, 0.0], name="score-of-0", specificity=0.0, batches=(2,)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#sensitivityatspecificity-class", f"{SKLEARN}roc_curve.html"),
    ),
    Case(
        "specificity_at_sensitivity",
        "selection",
        ref.specificity_at_sensitivity,
        torch=[torch_specificity],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, sensitivity, batches: streamed(
                    tf, tf.keras.metrics.SpecificityAtSensitivity(sensitivity, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, sensitivity=0.75, batches=CUT),
            given(*TIED, name="ties", sensitivity=0.5, batches=(8,)),
            given([0, 1], [0.75, 0.25], name="reversed", sensitivity=1.0, batches=(2,)),
            given([0, 1, 0, 1], [0.125, 0.375, 0.625, 0.875], name="mixed", sensitivity=0.25, batches=(3, 1)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#specificityatsensitivity-class", f"{SKLEARN}roc_curve.html"),
    ),
    Case(
        "precision_at_recall",
        "reduction",
        ref.precision_at_recall,
        torch=[torch_precision_at_recall],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, recall, batches: streamed(
                    tf, tf.keras.metrics.PrecisionAtRecall(recall, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, recall=0.75, batches=CUT),
            given([0, 1, 1, 0], [0.125, 0.5, 0.75, 0.25], name="separable", recall=1.0, batches=(4,)),
            given([1, 0], [0.25, 0.75], name="reversed", recall=1.0, batches=(2,)),
            given([0, 1, 0, 1], [0.125, 0.375, 0.625, 0.875], name="mixed", recall=0.5, batches=(3, 1)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#precisionatrecall-class", f"{SKLEARN}precision_recall_curve.html"),
    ),
    Case(
        "recall_at_precision",
        "reduction",
        ref.recall_at_precision,
        torch=[torch_recall_at_precision],
        tensorflow=[
            KerasLayer(
                lambda tf, labels, scores, precision, batches: streamed(
                    tf, tf.keras.metrics.RecallAtPrecision(precision, dtype=scores.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            sample("apart", apart, precision=0.5625, batches=CUT),
            given([0, 1, 1, 0], [0.125, 0.5, 0.75, 0.25], name="separable", precision=1.0, batches=(4,)),
            given([1, 0], [0.25, 0.75], name="never", precision=0.75, batches=(2,)),
            given([0, 1, 0, 1], [0.125, 0.375, 0.625, 0.875], name="mixed", precision=0.5, batches=(3, 1)),
        ],
        modes=UPDATED_ALIKE,
        dtypes=WIDE,
        sources=(f"{CLASS}#recallatprecision-class", f"{SKLEARN}precision_recall_curve.html"),
    ),
)
