"""The floating-point formats: their unit roundoff and limits, and numbers that are rounded to them or widened."""

import math
from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np

from conformance.case import COMPLEX, FLOATS, INTEGERS, TF32, Array, Case

NUMPY_DTYPES: dict[str, np.dtype[Any]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
} | {name: np.dtype(name) for name in (*COMPLEX, *INTEGERS, "bool")}
PARTS = {"complex128": "float64", "complex64": "float32"}
"""The real format of the parts of a complex one."""
WHOLES = {"float64": "complex128", "float32": "complex64"}
LONGDOUBLE_IS_WIDER = np.finfo(np.longdouble).nmant > 52


@dataclass(frozen=True)
class Format:
    """The numbers of a floating-point format, as float64."""

    unit_roundoff: float
    smallest_subnormal: float
    overflow: float
    """The power of two above the largest finite number: what infinity stands for when errors are measured."""
    of_factors: float = math.nan
    """The unit roundoff to which what is multiplied may be rounded; that of the format where it is not said."""

    @property
    def nudge(self) -> float:
        """By how much inputs are moved."""
        return self.unit_roundoff if math.isnan(self.of_factors) else self.of_factors


def _format(dtype: str) -> Format:
    info = ml_dtypes.finfo(NUMPY_DTYPES[dtype])
    overflow = math.inf if dtype == "float64" else 2.0 ** int(info.maxexp)
    return Format(float(info.eps) / 2, float(info.smallest_subnormal), overflow)


FORMATS = {dtype: _format(PARTS.get(dtype, dtype)) for dtype in (*FLOATS, *COMPLEX)}
FORMATS[TF32] = replace(FORMATS["float32"], of_factors=2.0**-11)
EXACT = Format(0.0, float(np.finfo(np.float64).smallest_subnormal), math.inf)
"""Integers and bools: nothing is rounded."""


def format_of(dtype: str) -> Format:
    return FORMATS.get(dtype, EXACT)


def wide_dtype(dtype: str, case: Case) -> type[np.floating[Any]]:
    """The format in which the reference computes: wider than ``dtype`` wherever this machine has one and it is fast."""
    double = dtype in ("float64", "complex128")
    return np.longdouble if double and LONGDOUBLE_IS_WIDER and case.extended else np.float64


def is_floating(a: Array) -> bool:
    """Real or complex."""
    return a.dtype.kind in "fc" or a.dtype == NUMPY_DTYPES["bfloat16"]


def rounded(arrays: tuple[Array, ...], dtype: str) -> tuple[Array, ...]:
    """Inputs as the framework gets them, see `conformance.case.Sample`."""
    with np.errstate(over="ignore"):
        return tuple(_cast(np.asarray(a), dtype) for a in arrays)


def _cast(a: Array, dtype: str) -> Array:
    if a.dtype.kind == "c":
        return a.astype(WHOLES.get(dtype, dtype))
    if a.dtype.kind != "f":
        return a
    if dtype == "bool":
        return np.asarray(a > 0)
    if dtype not in INTEGERS:
        return a.astype(NUMPY_DTYPES["float32" if dtype == TF32 else PARTS.get(dtype, dtype)])
    info = np.iinfo(dtype)
    inside = np.rint(np.where(np.abs(a) < 2.0**62, a, 0))
    whole = np.clip(inside.astype(np.int64), max(info.min, -(2**62)), min(info.max, 2**62)).astype(dtype)
    ends = np.where(a > 0, np.array(info.max, dtype), np.array(info.min, dtype))
    return np.asarray(np.where(np.isinf(a), ends, whole))


def widened(arrays: tuple[Array, ...], wide: type[np.floating[Any]]) -> tuple[Array, ...]:
    """Inputs as the reference gets them: the same numbers, exactly, in the wide format."""
    complex_wide = np.result_type(wide, np.complex64)
    return tuple(a.astype(complex_wide if a.dtype.kind == "c" else wide) if is_floating(a) else a for a in arrays)


def complex_of(real: Array, imaginary: Array) -> Array:
    """Without arithmetic, in which infinity times i is not a number."""
    out = np.empty(real.shape, np.result_type(real, np.complex64))
    out.real, out.imag = real, imaginary
    return out


def clipped(a: Array, form: Format) -> Array:
    """Numbers beyond the format, infinities included, as the power of two where it overflows."""
    if math.isinf(form.overflow) or a.dtype.kind not in "fc":
        return a
    if a.dtype.kind == "c":
        return complex_of(clipped(a.real, form), clipped(a.imag, form))
    return np.clip(a, -form.overflow, form.overflow)
