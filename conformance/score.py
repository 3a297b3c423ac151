"""Scores: the distance between a result and what is expected, in noise floors (`conformance.noise`)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.case import Array, Outputs
from conformance.formats import FORMATS, NUMPY_DTYPES, PARTS, WHOLES, clipped, format_of

FARTHEST = 1e308
"""The score of a finite error is at most this: where the exact answer is 0, the quotient overflows in float64. Infinity
is the score of what is no distance: NaN or infinity against a number, another shape or dtype, an exception."""


@dataclass(frozen=True)
class Expected:
    """What a case must return for one sample at one dtype, with the noise floor of every element (wide format)."""

    value: Outputs
    floor: Outputs


@dataclass(frozen=True)
class Score:
    """The distance between a result and what was expected.

    ``score`` decides; ``norm`` is the norm-wise view; ``ulps`` the largest error in units in the last place of the
    dtype. The worst element is named by ``output`` and ``index``. ``problem`` is a sentence if the results could not
    be compared number by number at all (then ``score`` is infinite).
    """

    score: float
    norm: float = math.nan
    ulps: float = math.nan
    output: str = ""
    index: tuple[int, ...] = ()
    actual: float = math.nan
    expected: float = math.nan
    floor: float = math.nan
    problem: str = ""
    by_output: tuple[tuple[str, float], ...] = ()
    first: tuple[str, tuple[int, ...], int] | tuple[()] = ()
    """The output and index of the first element beyond the limit, and how long the output is: of a trajectory, the step
    where it goes wrong, of how many; what is known once an epoch has fewer."""
    steps: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)
    """Where the norm decides: that of each output, step by step."""


def as_outputs(result: Any, names: tuple[str, ...] = ()) -> Outputs:
    """Results by name: a mapping as it is, a tuple by ``names`` or position, anything else as ``value``."""
    if isinstance(result, dict):
        return {str(k): np.asarray(v) for k, v in result.items()}
    if isinstance(result, tuple | list):
        keys = names or tuple(str(i) for i in range(len(result)))
        return {k: np.asarray(v) for k, v in zip(keys, result, strict=True)}
    return {"value": np.asarray(result)}


def compared(outputs: Outputs) -> Outputs:
    """The outputs that are compared: not those that only a picture needs, whose names begin with an underscore."""
    return {name: value for name, value in outputs.items() if not name.startswith("_")}


def scored(
    actual: Outputs, expected: Expected, dtype: str, *, per_element: bool = True, same_dtype: bool = True,
    signed_zeros: bool = False, limit: float = math.inf,
) -> Score:  # fmt: skip
    """Compare a framework's result (in its own dtypes) with what is expected, output by output.

    Unless ``same_dtype`` is False, they must have the dtype, or its real or complex counterpart. NaN must meet NaN,
    infinity must meet infinity of the same sign or a number that rounds to it; with ``signed_zeros``, 0 must
    meet 0 and -0 must meet -0.
    """
    values = compared(expected.value)
    if set(compared(actual)) != set(values):
        return Score(math.inf, problem=f"returned {sorted(compared(actual))} where {sorted(values)} was expected")
    scores = [
        _score_one(
            name,
            np.asarray(actual[name]),
            value,
            expected.floor[name],
            dtype,
            per_element,
            same_dtype,
            signed_zeros,
            limit,
        )
        for name, value in values.items()
    ]
    worst = max(scores, key=lambda s: s.score)
    by_output = tuple((s.output, s.score) for s in scores) if len(scores) > 1 else ()
    first = min((s.first for s in scores if s.first), key=lambda f: (f[1][0] + 1) / f[2], default=())
    steps = {name: s.steps[name] for name, s in zip(values, scores, strict=True) if s.steps}
    return Score(**{**vars(worst), "by_output": by_output, "first": first, "steps": steps})


def _score_one(
    name: str, actual: Array, value: Array, floor: Array, dtype: str, per_element: bool, same_dtype: bool,
    signed_zeros: bool, limit: float,
) -> Score:  # fmt: skip
    if actual.shape != value.shape:
        return Score(math.inf, output=name, problem=f"{name}: shape {actual.shape} where {value.shape} was expected")
    real = PARTS.get(dtype, dtype)
    wanted = {"f": real, "c": WHOLES.get(real, dtype)}.get(value.dtype.kind)
    if same_dtype and wanted in FORMATS and actual.dtype != NUMPY_DTYPES[wanted]:
        return Score(math.inf, output=name, problem=f"{name}: returned {actual.dtype} for inputs of {dtype}")
    if value.size == 0:
        return Score(0.0, 0.0, 0.0, output=name)
    if value.dtype.kind not in "fc":
        wrong = np.atleast_1d(actual != value)
        index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        of_a, of_y = float(np.atleast_1d(actual)[index]), float(np.atleast_1d(value)[index])
        return Score(
            math.inf if wrong.any() else 0.0, output=name, index=_plain(index), actual=of_a, expected=of_y,
            floor=FORMATS["float64"].smallest_subnormal,
        )  # fmt: skip
    form = format_of(dtype)
    with np.errstate(all="ignore"):
        a, y = np.atleast_1d(actual.astype(value.dtype)), np.atleast_1d(value)
        floor = np.atleast_1d(floor)
        error = np.abs(clipped(a, form) - clipped(y, form))
        if y.dtype.kind == "f":  # where the mathematics is infinite, the largest number is not it
            error = np.where(np.isinf(y), np.inf, error)
        error = np.where(a == y, 0, error)
        if signed_zeros and y.dtype.kind == "f":
            error = np.where((a == 0) & (y == 0) & (np.signbit(a) != np.signbit(y)), np.inf, error)
        error = np.where(np.isnan(y), np.where(np.isnan(a), 0, np.inf), np.where(np.isnan(a), np.inf, error))
        floor = np.where(np.isfinite(floor) & (floor > 0), floor, form.smallest_subnormal)
        finite = np.isfinite(error) & np.isfinite(floor)
        ratio = np.where(error == 0, 0, error / floor)
        ratio = np.where(finite, np.minimum(ratio, FARTHEST), ratio)
        axes = tuple(range(1, error.ndim)) if not per_element else None
        slices = np.sqrt(np.sum(error**2, axis=axes)) / np.sqrt(np.sum(floor**2, axis=axes))
        norm = float(np.minimum(np.max(slices), FARTHEST)) if finite.all() else math.inf
        if per_element or not finite.all():
            index = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
            decisive = float(ratio[index])
        else:
            step, decisive = int(np.argmax(slices)), norm
            # Of the elements that are as far off as their tensor (there is always one), the one with the largest error.
            shown = np.where(ratio[step] >= min(norm, np.max(ratio[step])), error[step], -1.0)
            index = np.unravel_index(step * shown.size + int(np.argmax(shown)), error.shape)
        beyond = ratio > limit if per_element or not finite.all() else slices > limit
        earliest = _plain(np.unravel_index(int(np.argmax(beyond)), beyond.shape))
        first = (name, earliest, len(beyond)) if beyond.any() else ()
        exponent = np.frexp(np.abs(clipped(y, form)).astype(np.float64))[1]
        ulp = np.ldexp(form.unit_roundoff, exponent)
        ulps = float(np.max(np.where(finite, error / np.maximum(ulp, form.smallest_subnormal), np.inf)))
    of_a, of_y = float(a[index].real), float(y[index].real)
    steps = {} if per_element else {name: slices.astype(np.float64)}
    return Score(decisive, norm, ulps, name, _plain(index), of_a, of_y, float(floor[index]), first=first, steps=steps)


def _plain(index: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in index)
