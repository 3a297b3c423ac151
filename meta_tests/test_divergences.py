"""The entries of conformance/divergences/, against what the baselines saw of them."""

import math
from collections import defaultdict

from conformance.divergence import divergences
from reports.baseline import DIRECTORY, SUFFIX
from reports.record import read
from reports.verdict import score_of

NOT_ALWAYS_FINITE = {"fused-sgd-skipped-first-step", "categorical-cross-entropy-takes-probabilities"}
"""Memory that nobody has written may hold NaN; and in float16, at the seed 1, there is a NaN."""


def test_a_divergence_whose_scores_are_finite_has_a_bound() -> None:
    """Without one it would explain anything else that goes wrong in the same place."""
    scores = defaultdict(list)
    for path in DIRECTORY.glob(f"*{SUFFIX}"):
        for o in read(path).observations:
            if o.outcome == "diverged":
                scores[o.divergence].append(score_of(o))
    assert scores
    unbounded = {d.id for d in divergences() if math.isinf(d.bound)} - NOT_ALWAYS_FINITE
    assert {name for name in unbounded & set(scores) if all(map(math.isfinite, scores[name]))} == set()
