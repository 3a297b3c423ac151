"""The references of mixed precision, against NumPy's own half-precision formats."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from conformance import noise
from conformance.case import Case, Sample
from conformance.catalogue.training_precision import CASES
from conformance.formats import is_floating, rounded
from conformance.reference import training_precision as ref
from conformance.reference.training_convolution import Network
from conformance.score import Score, scored
from meta_tests.training import drawn, exact, gradients_agree_with_differences

Array = np.ndarray
DENSE, CONVOLUTION = CASES
ALL = [(case, sample) for case in CASES for sample in case.samples]
SCALED = [(case, sample) for case, sample in ALL if sample.options["half"] == "float16"]
TYPES = {"bfloat16": ml_dtypes.bfloat16, "float16": np.float16}


def named(value: Any) -> str:
    return value.name if isinstance(value, Case | Sample) else ""


def score_of(case: Case, sample: Sample, actual: dict[str, Array]) -> Score:
    inputs = rounded(tuple(drawn(case, sample).values()), "float32")
    expected = noise.expected_value(case, sample, inputs, "float32", np.random.default_rng(7))
    actual = {k: v.astype(np.float32) if is_floating(v) else v for k, v in actual.items()}
    limit = case.computation.limits["value"]
    return scored(actual, expected, "float32", per_element=False, limit=limit)


def rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half precision as NumPy has it, overflow and underflow included."""

    def rounded(self: ref.Half, a: Array) -> Array:
        kind = next(t for name, t in TYPES.items() if ref.FORMATS[name] is self.form)
        with np.errstate(over="ignore"):
            scaled = np.asarray(a * self.scale).astype(np.float32).astype(kind).astype(np.float64)
        self.reached = max(self.reached, float(np.max(np.abs(scaled), initial=0)) / self.form.largest)
        return np.asarray(np.where(np.isfinite(scaled), scaled, 0) / self.scale)

    monkeypatch.setattr(ref.Half, "__call__", rounded)


@pytest.mark.parametrize(
    ("case", "data"), [(DENSE, ("images", "labels")), (CONVOLUTION, ("images", "labels", "masks"))], ids=named
)
def test_gradients_agree_with_differences(case: Case, data: tuple[str, ...]) -> None:
    sample = case.samples[0]

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        images, labels, *others = sample.make(rng)
        masks = [others.pop(0)[:1, :12]] if "masks" in data else []
        return images[:12], labels[:12], *masks, *others

    gradients_agree_with_differences(case, Sample("few", make, sample.options), data, batch=10**6)


LANES = (1, 8, 16, 32)
"""Kernels add up so many sums side by side, and then those."""


def largest_partial_sum(left: Array, right: Array) -> float:
    """Of ``left.T @ right``, in the orders of `LANES`."""
    terms, found = left.reshape(len(left), -1, 1) * right[:, None, :], 0.0
    for lanes in LANES:
        filled = np.pad(terms, [(0, -len(terms) % lanes), (0, 0), (0, 0)])
        sums = np.cumsum(filled.reshape(-1, lanes, *terms.shape[1:]), axis=0)
        found = max(found, np.max(np.abs(sums)), np.max(np.abs(np.cumsum(sums[-1], axis=0))))
    return found


@pytest.mark.parametrize(("case", "sample"), SCALED, ids=named)
def test_which_steps_overflow_hangs_on_no_rounding(case: Case, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on the order in which a kernel adds up a gradient, which is its own, and that of this machine's registers: a
    step is taken if the largest partial sum has room, and skipped if the sums themselves have none."""
    steps: dict[int, tuple[ref.Half, list[float]]] = {}

    def observed(summed: Callable[..., Array]) -> Callable[..., Array]:
        def observing(self: ref.Half | Network, left: Array, right: Array) -> Array:
            half: Any = getattr(self, "backwards", self)  # one for each step
            found = steps.setdefault(id(half), (half, []))[1]
            found.append(largest_partial_sum(left, right) * half.scale / half.form.largest)
            return summed(self, left, right)

        return observing

    monkeypatch.setattr(ref.Half, "summed", observed(ref.Half.summed))
    monkeypatch.setattr(Network, "summed", observed(Network.summed))
    run = exact(case, drawn(case, sample), **sample.options)
    reached = run["_reached"]
    at_most = np.maximum(reached, [max(found) for _, found in steps.values()])
    assert np.all((at_most < 0.9) | (reached > 1.1))
    assert (reached > 1).sum() >= 3


@pytest.mark.parametrize(("case", "sample"), SCALED, ids=named)
def test_a_step_that_overflows_is_skipped_and_halves_the_scale(case: Case, sample: Sample) -> None:
    arrays = drawn(case, sample)
    run = exact(case, arrays, **sample.options)
    weight = case.arguments[-1]
    exponent, good = int(np.log2(sample.options["scale"])), 0
    before = arrays[weight]
    for t, reached in enumerate(run["_reached"]):
        taken = reached <= 1
        assert np.array_equal(run[weight][t], before) != taken
        assert np.any(run[f"gradient_{weight}"][t]) == taken
        good = good + 1 if taken else 0
        exponent += -1 if not taken else int(good == sample.options["interval"])
        good %= sample.options["interval"]
        assert run["exponent"][t] == exponent
        before = run[weight][t]


@pytest.mark.parametrize(("case", "sample"), ALL, ids=named)
def test_a_run_that_rounds_scores_low(case: Case, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        rounding(patched)
        actual = exact(case, drawn(case, sample), **sample.options)
    assert score_of(case, sample, actual).score < case.computation.limits["value"] / 2


def test_weights_in_half_precision_score_high(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error that mixed precision is there to avoid: steps too small for the weights' format are lost."""
    case, sample = DENSE, DENSE.samples[0]
    plain = ref.sgd

    def in_half(w: Array, *rest: Any, **options: Any) -> Array:
        return np.asarray(plain(w, *rest, **options).astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float64))

    with monkeypatch.context() as patched:
        rounding(patched)
        patched.setattr(ref, "sgd", in_half)
        actual = exact(case, drawn(case, sample), **sample.options)
    found = score_of(case, sample, actual)
    assert found.score > case.computation.limits["value"]


def test_half_precision_loses_what_is_not_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    rounding(monkeypatch)
    tiny = np.array([2.0**-30])
    assert ref.Half(ref.FORMATS["float16"], lambda a: a, 2.0**20)(tiny) == tiny
    assert ref.Half(ref.FORMATS["float16"], lambda a: a)(tiny) == 0


def test_floors_are_those_of_the_format() -> None:
    """A number is moved by one unit roundoff of half precision, or by half of the smallest number; 0 is exact."""
    moved = ref.Half(ref.FORMATS["float16"], lambda a: a * (1 + 2.0**-24), scale=2.0**3)
    found = moved(np.array([1.0, 0.0, 2.0**-40]))
    assert found[0] == 1 + 2.0**-11 + 2.0**-28
    assert found[1] == 0
    assert found[2] == 2.0**-40 + 2.0**-51 + 2.0**-28
