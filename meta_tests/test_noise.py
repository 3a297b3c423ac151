"""Noise floors: correct computations score low, wrong ones high, and the comparator cannot be fooled."""

import math
import zlib
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from conformance import noise
from conformance.case import KINDS, Case, Outputs
from conformance.catalogue import catalogue
from conformance.check import observe
from conformance.formats import FORMATS, NUMPY_DTYPES, is_floating, rounded, widened
from conformance.plan import Options, Test
from conformance.score import FARTHEST, Expected, Score, as_outputs, scored
from conformance.workbench import Workbench
from fixtures.samples import sample
from reports.record import Observation

CASES = {
    case.name: case
    for cases in catalogue().values()
    for case in cases
    if case.kind not in ("statistics", "convergence")  # no reference has their numbers
}
FAR = 10
"""A fault of 1e-5 in float64 must exceed the limit this many times (it is 10^5 unit roundoffs away)."""


def scores_of(case: Case, dtype: str, *changes: Any, check: str = "value") -> list[float]:
    """For each change the highest score, over all samples, of the reference itself, computed in ``dtype`` and then
    changed."""
    scores = []
    for asked in case.sampled(check, dtype):
        if asked.raises:
            continue
        rng = np.random.default_rng(zlib.crc32(asked.name.encode()))
        inputs = rounded(asked.make(rng), dtype)
        options: dict[str, Any] = dict(asked.options)
        if case.computation.nudge_steps:
            options["nudge"] = lambda a: a
        with np.errstate(all="ignore"):
            expected = noise.expected_value(case, asked, inputs, dtype, rng)
            own = widened(inputs, np.float64) if dtype in ("float16", "bfloat16") else inputs
            actual = as_outputs(case.reference(*own, **options))
            if check == "gradient":
                assert case.vjp is not None
                floating = [y for y in expected.value.values() if is_floating(y)]
                cs = rounded(tuple(normal_like(rng, y) for y in floating), dtype)
                expected = noise.expected_gradient(case, asked, inputs, cs, dtype, rng)
                result = case.vjp(cs[0] if len(cs) == 1 else cs, *inputs, **options)
                actual = as_outputs(result if isinstance(result, tuple) else (result,), tuple(expected.value))
        how: dict[str, Any] = {"per_element": case.computation.per_element, "same_dtype": False}
        changed: list[Outputs] = [{k: change(v) for k, v in actual.items()} for change in changes]
        scores.append([scored(outputs, expected, dtype, **how).score for outputs in changed])
    assert scores
    return [max(of_change) for of_change in zip(*scores, strict=True)]


def normal_like(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    real = np.asarray(rng.standard_normal(y.shape))
    return real + 1j * rng.standard_normal(y.shape) if y.dtype.kind == "c" else real


def off(by: float) -> Callable[[np.ndarray], np.ndarray]:
    """Numbers changed by so much relative to themselves, zeros by so much; integers by one, truths inverted."""

    def change(v: np.ndarray) -> np.ndarray:
        if v.dtype == bool:
            return ~v
        if not is_floating(v):
            return v + v.dtype.type(1)
        wide = v.astype(np.complex128 if v.dtype.kind == "c" else np.float64)
        return np.asarray(np.where(wide == 0, by, wide * (1 + by))).astype(v.dtype)

    return change


CHECKED = [
    (name, check, case.dtypes[0])
    for name, case in CASES.items()
    for check in case.checks
    if check in ("value", "gradient") and case.kind != "training"  # those have tests of their own
]


HALVES = ("float16", "bfloat16")
SCIPY_ERRS_MORE = {"zeta", "airy_ai"}
"""Special functions for which SciPy, which computes the reference in float64 itself, exceeds the limit."""


@pytest.mark.parametrize(("name", "check", "dtype"), CHECKED)
def test_a_correct_computation_scores_low_and_a_fault_of_1e_5_is_far_over_the_limit(
    name: str, check: str, dtype: str
) -> None:
    """The reference in the dtype itself, against the reference in a wider format. Halves know nothing of 1e-5."""
    case = CASES[name]
    limit = case.computation.limits[check]
    correct, wrong = scores_of(case, dtype, lambda v: v, off(0.5 if dtype in HALVES else 1e-5), check=check)
    assert correct <= limit or name in SCIPY_ERRS_MORE
    assert wrong > (FAR * limit if dtype == "float64" else limit)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.kind != "training" and "float32" in c.dtypes])
def test_a_fault_of_1e_4_exceeds_the_limit_in_float32(name: str) -> None:
    case = CASES[name]
    assert scores_of(case, "float32", off(1e-4))[0] > case.computation.limits["value"]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", [n for n, c in CASES.items() if not c.computation.nudge_steps])
def test_a_fault_of_a_half_exceeds_the_limit_in_half_precision(name: str, dtype: str) -> None:
    case = CASES[name]
    if dtype in case.dtypes:
        assert scores_of(case, dtype, off(0.5))[0] > case.computation.limits["value"]


# The comparator


def expect(value: Any, floor: Any = 1e-7) -> Expected:
    value = np.asarray(value, dtype=np.float64)
    return Expected({"value": value}, {"value": np.broadcast_to(np.asarray(floor, dtype=np.float64), value.shape)})


def score(actual: Any, expected: Expected, dtype: str = "float32", **options: Any) -> Score:
    return scored({"value": np.asarray(actual, NUMPY_DTYPES[dtype])}, expected, dtype, **options)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([1.0], [math.nan]),
        ([math.nan], [1.0]),
        ([0.0], [math.nan]),
        ([math.inf], [1.0]),
        ([-math.inf], [math.inf]),
        ([math.inf], [math.nan]),
        ([1.0, 2.0], [[1.0, 2.0]]),
        ([1.0], [1.0, 1.0]),
        ([], [1.0]),
        (999.0, 3.0),  # 1 + 2 = 999, scalars included
    ],
)
def test_what_differs_is_never_equal(actual: Any, expected: Any) -> None:
    assert score(actual, expect(expected)).score > 1e6


@pytest.mark.parametrize("value", [[math.nan], [math.inf], [-math.inf], [0.0], [1.5], []])
def test_what_is_equal_scores_zero(value: Any) -> None:
    assert score(value, expect(value)).score == 0


def test_a_result_of_another_dtype_is_refused() -> None:
    result = scored({"value": np.ones(2, np.float32)}, expect([1.0, 1.0]), "float64")
    assert result.score == math.inf
    assert "returned float32" in result.problem


def test_a_missing_or_additional_output_is_refused() -> None:
    assert scored({}, expect([1.0]), "float32").score == math.inf
    assert scored({"value": np.ones(1), "more": np.ones(1)}, expect([1.0]), "float32").score == math.inf


def test_the_worst_element_is_named() -> None:
    result = score([[1.0, 2.0], [3.0, 4.5]], expect([[1.0, 2.0], [3.0, 4.0]], 0.1))
    assert (result.index, result.actual, result.expected) == ((1, 1), 4.5, 4.0)
    assert result.score == pytest.approx(5)


def test_a_number_that_overflows_the_dtype_may_be_infinity() -> None:
    y = expect([70000.0, 65519.0], 32.0)
    assert score([math.inf, 65504.0], y, "float16").score < 1
    assert score([math.inf, math.inf], y, "float16").score < 1  # 65519 is within a floor of where float16 overflows
    assert score([math.inf, 100.0], y, "float16").score > 1000


@pytest.mark.parametrize("per_element", [True, False])
def test_only_what_is_no_distance_is_infinitely_far(per_element: bool) -> None:
    """So that a bound of a score can tell a wrong number from NaN."""
    y = expect([[0.0]], FORMATS["float64"].smallest_subnormal)
    assert score([[2.0]], y, "float64", per_element=per_element).score == FARTHEST
    assert score([[math.nan]], y, "float64", per_element=per_element).score == math.inf


def test_integers_are_compared_exactly() -> None:
    y = Expected({"value": np.array([1, 2])}, {"value": np.zeros(2)})
    assert scored({"value": np.array([1, 2])}, y, "float32").score == 0
    assert scored({"value": np.array([1, 3])}, y, "float32").score == math.inf


def test_a_norm_wise_score_weighs_each_step() -> None:
    y = expect(np.zeros((3, 100)), 1.0)
    wrong = np.zeros((3, 100))
    wrong[1] = 5.0
    assert score(wrong, y, per_element=False).score == pytest.approx(5)
    assert score(wrong, y, per_element=False).index[0] == 1


def test_what_goes_wrong_first_is_said_whether_it_is_known_at_each_step_or_epoch() -> None:
    y = Expected({"loss": np.zeros(2), "weights": np.zeros((10, 3))}, {"loss": np.ones(2), "weights": np.ones((10, 3))})
    wrong = {"loss": np.array([99.0, 99.0]), "weights": np.zeros((10, 3))}
    wrong["weights"][3:] = 99.0
    found = scored(wrong, y, "float64", per_element=False, limit=32.0)
    assert found.first == ("weights", (3,), 10)  # the fourth of ten steps is within the first of two epochs
    wrong["weights"][:6] = 0.0
    assert scored(wrong, y, "float64", per_element=False, limit=32.0).first[0] == "loss"


@given(arrays.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6)), st.floats(0, 100))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_score_is_the_error_in_floors(values: np.ndarray, k: float) -> None:
    y = expect(values, 1e-3)
    moved = scored({"value": values + k * 1e-3}, y, "float64")
    assert moved.score == pytest.approx(k, abs=1e-4)


def test_formats_are_those_of_ieee_754_and_bfloat16() -> None:
    for dtype, info in (
        ("float64", np.finfo(np.float64)),
        ("float32", np.finfo(np.float32)),
        ("float16", np.finfo(np.float16)),
        ("bfloat16", ml_dtypes.finfo(ml_dtypes.bfloat16)),
    ):
        form = FORMATS[dtype]
        assert form.unit_roundoff == float(info.eps) / 2
        assert form.smallest_subnormal == float(info.smallest_subnormal)


def test_a_sum_has_the_floor_of_its_random_walk() -> None:
    """n equal numbers: u |y| for the result, and u sqrt(n) |x| for the moved inputs."""
    case = next(c for c in catalogue()["reductions"] if c.name == "sum")
    sample = case.samples[0]
    x = np.ones((100, 100), np.float32)
    floor = noise.expected_value(case, sample, (x,), "float32", np.random.default_rng(0)).floor["value"]
    u = 2.0**-24
    assert u * (1e4 + 30) < float(floor) < u * (1e4 + 300)


def test_every_kind_has_a_limit_for_each_of_its_checks() -> None:
    for kind in KINDS.values():
        assert kind.limits
        assert all(limit > 0 for limit in kind.limits.values())


def test_the_difference_of_two_numbers_always_has_a_floor() -> None:
    """Of signs alone, every 256th set of eight would cancel."""
    u, floors = 2.0**-24, []
    for seed in range(2000):
        nudge = noise.nudger(u, np.random.default_rng(seed))
        moved = [float(np.sum(nudge(np.array([1.0, -1.0])))) / u for _ in range(noise.NUDGES)]
        floors.append(math.sqrt(np.mean(np.square(moved))))
    assert min(floors) > 0.1
    assert np.mean(np.square(floors)) == pytest.approx(2, rel=0.05)


def test_what_two_steps_agree_on_by_chance_is_as_uncertain_as_the_rest() -> None:
    apart, sizes = np.array([1e-14, 1e-19, 2e-14, 3e-27]), np.array([1.0, 1.0, 1.0, 1e-12])
    uncertain = noise._at_least_as_usual(apart, sizes)
    assert uncertain[:3] == pytest.approx([1e-14, 6.5e-15, 2e-14])
    assert uncertain[3] == pytest.approx(6.5e-27)  # what is formed of less is known to more digits
    values = noise._larger(np.array([2.0, -2.0, 2.0, 1e-12]))
    of_zeros = noise._at_least_as_usual(apart, np.zeros(4), values)  # as layer norm's of equal numbers
    assert of_zeros == pytest.approx([1e-14, 1e-14, 2e-14, 3e-27])
    assert noise._at_least_as_usual(np.asarray(0.0), sizes, values) == 0  # ball arithmetic


def one_minus(torch, x, off):  # type: ignore[no-untyped-def]
    return 1 - (1 - x) + off * (x.abs() < 1)


@pytest.mark.parametrize(("by", "outcome"), [(0.0, "passed"), (1e-4, "failed")])
def test_what_cancels_in_one_element_passes_and_a_fault_there_does_not(
    by: float, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 - (1 - x) loses the digits of a small x, in a correct computation too: what the formula itself does."""
    pytest.importorskip("torch")
    drawn = sample("one-small", lambda _: (np.array([1.3e-6, 1000.3, -77.7, 3.1]),), dtypes=("float32",), off=by)
    case = Case(
        f"cancels_{by}", "reduction", lambda x, *, off: 1 - (1 - x), torch=[one_minus], samples=[drawn],
        dtypes=("float32",), sources=("",),
    )  # fmt: skip
    test = Test("reductions", case, "value", "torch", "eager", "cpu")

    def found() -> str:
        (observation,) = observe(Workbench(Options(dtypes=("float32",), frameworks=("torch",))), test)
        assert isinstance(observation, Observation)
        return observation.outcome

    assert found() == outcome
    monkeypatch.setattr("conformance.check._by_chance", lambda *_: False)
    assert found() == "failed"
