"""What the tests of training references share."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance import noise
from conformance.case import Case, Sample
from conformance.formats import NUMPY_DTYPES, is_floating, rounded
from conformance.score import scored

Array = np.ndarray


def exact(case: Case, arrays: dict[str, Array], **options: Any) -> dict[str, Array]:
    """The reference's run, nothing rounded."""
    return case.reference(*arrays.values(), nudge=lambda a: a, **options)  # type: ignore[no-any-return]


def drawn(case: Case, sample: Sample) -> dict[str, Array]:
    """The inputs of a sample by name."""
    return dict(zip(case.arguments, map(np.asarray, sample.make(np.random.default_rng(5))), strict=True))


def gradients_agree_with_differences(
    case: Case, sample: Sample, data: Sequence[str], tolerance: float = 1e-11, **first_step: Any
) -> None:
    """Central differences of the first step's loss in extended precision, extrapolated (Richardson): error about 1e-12.
    ``data`` names the inputs that are no weights; ``first_step`` are options that make the run one step long, with the
    gradient of the very loss that is reported."""
    arrays = {k: a.astype(np.longdouble) if a.dtype.kind == "f" else a for k, a in drawn(case, sample).items()}
    options = {**sample.options, **first_step}
    gradients = exact(case, arrays, **options)
    rng = np.random.default_rng(6)
    for weight in (n for n in case.arguments if n not in data):
        direction = rng.standard_normal(arrays[weight].shape)

        def slope(h: float, weight: str = weight, direction: Array = direction) -> Any:
            ahead, behind = ({**arrays, weight: arrays[weight] + s * h * direction} for s in (1, -1))
            return (exact(case, ahead, **options)["loss"][0] - exact(case, behind, **options)["loss"][0]) / (2 * h)

        h = 1e-6  # small enough that no relu meets its kink
        expected = (4 * slope(h / 2) - slope(h)) / 3
        found = np.sum(gradients[f"gradient_{weight}"][0] * direction)
        assert abs(found - expected) < tolerance * (1 + abs(expected)), weight


def scores_tell_right_from_wrong(case: Case, sample: Sample, dtype: str) -> None:
    """The reference itself, computed in the dtype, scores low; with every result off by 1e-5 it scores high."""
    inputs = rounded(tuple(drawn(case, sample).values()), dtype)
    expected = noise.expected_value(case, sample, inputs, dtype, np.random.default_rng(7))
    with np.errstate(all="ignore"):
        actual = exact(case, dict(zip(case.arguments, inputs, strict=True)), **sample.options)
    limit = case.computation.limits["value"]
    form = NUMPY_DTYPES[dtype]
    actual = {k: v.astype(form) if is_floating(v) else v for k, v in actual.items()}
    assert scored(actual, expected, dtype, per_element=False).score < limit / 2
    wrong = {k: (v * (1 + 1e-5)).astype(form) if is_floating(v) else v for k, v in actual.items()}
    assert scored(wrong, expected, dtype, per_element=False).score > limit
