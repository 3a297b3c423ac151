"""The entries of conformance/divergences/, against what the baselines saw of them."""

import math
from collections import defaultdict

import pytest

from conformance import plan
from conformance.catalogue import area, catalogue
from conformance.check import observe
from conformance.divergence import concerning, divergences
from conformance.frameworks import MODES_OF
from conformance.plan import Options, Test
from conformance.workbench import Workbench
from reports.baseline import DIRECTORY, SUFFIX
from reports.record import Observation, read
from reports.verdict import score_of

NOT_ALWAYS_FINITE = {
    "fused-sgd-skipped-first-step",
    "categorical-cross-entropy-takes-probabilities",
    "kl-divergence-clips-gradient",
}
"""Memory that nobody has written may hold NaN; and in float16, at the seeds 1 and 5, there is a NaN."""


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


OUT_OF_REACH = {
    # run by the programs of docs/findings
    "adaptive-pooling-into-one-bin-in-a-graph",
    "bce-of-sigmoid-gradient-half",
    "eigvalsh-gradient-under-xla",
    # of a route that takes one sample alone in those dtypes
    "keras-saturating-cast-of-integers",
}


def test_every_entry_is_in_reach_of_a_plan() -> None:
    """What no mode asks for is never seen to be no longer true. (Other versions and kernels cannot be told here.)"""
    frameworks, modes = ("torch", "tensorflow", "jax"), dict.fromkeys(m for of in MODES_OF.values() for m in of)
    asked = Options(frameworks=frameworks, modes=tuple(modes))
    left = {d.id for d in divergences() if d.framework in frameworks and not d.versions and not d.when}
    for test in (t for name in catalogue() for t in plan.tests(name, asked, ("cpu", "gpu"))):
        of_case = [d for f in test.frameworks for d in concerning(test.case.name, f) if d.id in left]
        known = [d for d in of_case if any(d.concerns(test, f) for f in test.frameworks)]
        for dtype in test.case.dtypes if known else ():
            for sample, how, routes in test.taken(dtype):
                left -= {d.id for d in known if any(d.holds(r.name, dtype, sample.name, how) for r in routes)}
    assert left == OUT_OF_REACH


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_what_an_entry_says_is_lacking_diverges_and_is_not_skipped(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(framework)
    case = next(c for c in area("optimizers") if c.name == "unshared_optimizer_defaults")
    asked = Test("optimizers", case, "value", framework, "eager", "cpu")

    def outcomes() -> set[str]:
        bench = Workbench(Options(dtypes=("float32",)))
        return {o.outcome for o in observe(bench, asked) if isinstance(o, Observation)}

    assert outcomes() == {"passed", "diverged"}
    monkeypatch.setattr("conformance.judge.concerning", lambda *_: ())
    assert "skipped" in outcomes()  # so is what no entry names
