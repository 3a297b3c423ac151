"""Runs that are free to differ: equivalent where they are, apart where they are not."""

import math

import numpy as np
import pytest
import scipy.stats

from conformance import plan
from conformance.case import Case
from conformance.catalogue.training_convergence import CASES, free_run
from conformance.check import observe
from conformance.plan import Options, Test
from conformance.reference.statistics import equivalence
from conformance.workbench import Workbench
from fixtures.samples import sample
from meta_tests.test_checks_detect_faults import status
from reports.record import Figure, Observation


def welch(a: np.ndarray, b: np.ndarray, shift: float) -> float:
    """P(T <= t) for a mean of ``a`` that is ``shift`` above that of ``b``, written out (Welch 1947; Satterthwaite)."""
    u, v = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    freedom = (u + v) ** 2 / (u**2 / (len(a) - 1) + v**2 / (len(b) - 1))
    return float(scipy.stats.t.cdf((a.mean() - b.mean() - shift) / math.sqrt(u + v), freedom))


def test_equivalence_is_the_larger_of_two_one_sided_tests() -> None:
    rng = np.random.default_rng(0)
    for shift in (-0.3, 0.0, 0.1, 2.0):
        a, b = rng.normal(shift, 1.0, 12), rng.normal(0, 0.5, 9)
        expected = max(welch(a, b, 1.0), 1 - welch(a, b, -1.0))
        assert equivalence(list(a), list(b), 1.0) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("a", "b", "p"), [(0.5, 0.5, 0.0), (0.5, 0.55, 0.0), (0.5, 0.7, 1.0), (0.5, math.nan, 1.0)])
def test_without_variance_the_means_decide(a: float, b: float, p: float) -> None:
    assert equivalence([a] * 3, [b] * 3, 0.1) == p


def test_a_run_that_is_lost_is_not_equivalent() -> None:
    """NaN must not hide behind another result whose p-value is small: it compares as no larger."""
    assert equivalence([1.0, 1.1, math.nan], [1.0, 1.1, 1.2], 5.0) == 1
    assert equivalence([1.0, 1.1, math.inf], [1.0, 1.1, 1.2], 5.0) == 1


def test_size_and_power() -> None:
    """Means that are apart by the margin pass in one of twenty; equal ones always, if the margin is five errors."""
    rng = np.random.default_rng(1)
    n = plan.RUNS

    def passes(shift: float) -> float:
        draws = rng.standard_normal((400, 2, n))
        return float(np.mean([equivalence(list(a + shift), list(b), 5 * math.sqrt(2 / n)) <= 0.05 for a, b in draws]))

    assert passes(5 * math.sqrt(2 / n)) < 0.1
    assert passes(0.0) > 0.99


def torch_end(torch, x, more):  # type: ignore[no-untyped-def]
    """A run that ends with a loss around 1."""
    return {"loss": 1 + 0.01 * torch.randn(()) + more}


def tf_end(tf, x, more):  # type: ignore[no-untyped-def]
    return {"loss": 1 + 0.01 * tf.random.normal(())}


def ended(more: float) -> tuple[Observation, list[Figure]]:
    case = Case(
        f"free_{more}", "convergence", lambda x, *, more: free_run(x, x, x, x), torch=[torch_end], tensorflow=[tf_end],
        samples=[sample("any", lambda _: (np.zeros(3),), more=more)], margins={"loss": 0.03}, dtypes=("float32",),
    )  # fmt: skip
    test = Test("training", case, "convergence", plan.BOTH, "eager", "cpu")
    observation, *figures = observe(Workbench(Options(dtypes=("float32",), seed=3)), test)
    assert isinstance(observation, Observation)
    return observation, [f for f in figures if isinstance(f, Figure)]


def test_runs_that_end_alike_pass_and_others_fail_with_a_program() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorflow")
    assert ended(0.0)[0].outcome == "passed"
    apart, (figure,) = ended(0.05)
    assert apart.outcome == "failed"
    assert "loss: 1.047" in apart.reason
    assert status(apart.script) == 1
    assert status(apart.script.replace("'more': 0.05", "'more': 0.0")) == 0
    of_torch, of_tensorflow = figure.series
    assert (of_torch.name, of_tensorflow.name) == ("torch", "tensorflow")
    assert figure.title.startswith("Loss on the test set, on average 1.047 (torch) and 0.99")
    assert of_torch.x == of_tensorflow.x == tuple(range(3, 3 + plan.RUNS))
    assert min(of_torch.y) > max(of_tensorflow.y) - 0.05


def test_they_are_planned_in_every_run() -> None:
    tests = [t for t in plan.tests("training", Options(), ("cpu",)) if t.slow]
    assert {t.case.name for t in tests} == {c.name for c in CASES}
