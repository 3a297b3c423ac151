"""Result types, casts and integer overflow: what NumPy, IEEE 754 and C define.

A table of result types is an array of codes: the position of the result's name in `NAMES`, or -1 where there is none.
A cast is compared by the bits of its result, so that signed zeros, subnormals and every unit in the last place count.
"""

from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray
NAMES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128", "complex32",
)  # fmt: skip
REFUSED = -1
SCALARS: dict[str, Any] = {"bool": True, "int": 1, "float": 1.0, "complex": 1j}


def codes(names: list[str | None]) -> Array:
    return np.array([REFUSED if n is None else NAMES.index(n) for n in names], dtype=np.int64)


# Result types


def promoted(left: str, right: str) -> str:
    """NumPy's: the smallest dtype that holds all numbers of both (of an integer and a float, of at least its width).
    https://numpy.org/doc/stable/reference/arrays.promotion.html

    NumPy has no answer for bfloat16 with float16 and with integers wider than its significand: there the lattice of
    JAX, which Keras adopts, is taken: float32, and bfloat16. https://docs.jax.dev/en/latest/jep/9407-type-promotion.html
    """
    if "bfloat16" not in (left, right):
        return str(np.result_type(left, right))
    other = right if left == "bfloat16" else left
    if other == "float16":
        return "float32"
    return other if other.startswith(("float", "complex")) else "bfloat16"


def result_dtype(x: Array, *, left: str, rights: tuple[str, ...]) -> Array:
    return codes([promoted(left, right) for right in rights])


_CATEGORIES = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}


def _category(name: str) -> int:
    return 2 if name == "bfloat16" else _CATEGORIES[name[0]]


def by_category(left: str, right: str, *, zero_dimensional: bool) -> str | None:
    """torch's rule. A dtype of a higher category (bool < integer < float < complex) wins; within a category, the
    smallest that holds both. A zero-dimensional tensor counts only by its category. uint16, uint32 and uint64 have
    limited support: with themselves, and with floats, which win; no answer otherwise.
    https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
    """
    if zero_dimensional and _category(right) <= _category(left):
        return left
    if left == right:
        return left
    wide = {"uint16", "uint32", "uint64"}
    if wide & {left, right}:
        other = next(n for n in (left, right) if n not in wide) if not {left, right} <= wide else ""
        return other if other and _category(other) == 2 else None
    if _category(left) != _category(right):
        low, high = sorted((left, right), key=_category)
        return promoted(low, high) if (_category(low), _category(high)) == (2, 3) else high
    return promoted(left, right)


def result_dtype_by_category(x: Array, *, left: str, rights: tuple[str, ...], zero_dimensional: bool = False) -> Array:
    return codes([by_category(left, right, zero_dimensional=zero_dimensional) for right in rights])


_ABOVE = {
    "bool": ("int",), "int": ("uint8", "int8", "complex64"), "float": ("bfloat16", "float16"),
    "uint8": ("int16", "uint16"), "uint16": ("int32", "uint32"), "uint32": ("int64", "uint64"), "uint64": ("float",),
    "int8": ("int16",), "int16": ("int32",), "int32": ("int64",), "int64": ("float",),
    "bfloat16": ("float32",), "float16": ("float32",), "float32": ("float64", "complex64"), "float64": ("complex128",),
    "complex64": ("complex128",), "complex128": (),
}  # fmt: skip
"""The next higher types in JAX's lattice; "int" and "float" are those of Python scalars."""


def _reachable(name: str) -> set[str]:
    return {name}.union(*(_reachable(n) for n in _ABOVE[name]))


def by_lattice(left: str, right: str) -> str:
    """JAX's rule, which Keras adopts: the least upper bound in a lattice; that of Python scalars alone has the default
    precision, 32. https://docs.jax.dev/en/latest/jep/9407-type-promotion.html
    """
    bounds = _reachable(left) & _reachable(right)
    least = next(b for b in bounds if bounds <= _reachable(b))
    return {"int": "int32", "float": "float32"}.get(least, least)


def result_dtype_by_lattice(x: Array, *, left: str, rights: tuple[str, ...]) -> Array:
    return codes([by_lattice(left, right) for right in rights])


def result_dtype_of_equals(x: Array, *, left: str, rights: tuple[str, ...]) -> Array:
    """TensorFlow's: an operation takes equal dtypes, and refuses all others.
    https://www.tensorflow.org/guide/tf_numpy_type_promotion"""
    return codes([left if left == right != "bool" else None for right in rights])


def result_dtype_of_scalar(x: Array, *, left: str, scalars: tuple[str, ...]) -> Array:
    """Python scalars are weak: they only bring their category, not their size.
    https://numpy.org/neps/nep-0050-scalar-promotion.html"""
    if left == "bfloat16":  # as NEP 50 has it for float16; ml_dtypes has not followed yet
        return codes(["complex64" if s == "complex" else left for s in scalars])
    return codes([str((np.ones(1, left) + SCALARS[s]).dtype) for s in scalars])


def result_dtype_of(x: Array, *, function: str, names: tuple[str, ...]) -> Array:
    """Of one argument: integers are summed in the platform's integer, divided and averaged in float64, and mapped by
    exp to the smallest float that holds them. https://numpy.org/doc/stable/reference/ufuncs.html"""
    call: Any = {
        "sum": np.sum, "prod": np.prod, "cumsum": np.cumsum, "mean": np.mean, "exp": np.exp, "abs": np.abs,
        "divide": lambda a: np.divide(a, a),
    }[function]  # fmt: skip
    return codes([n if n == "bfloat16" else str(call(np.ones(1, n)).dtype) for n in names])


# Casts

FORMATS = {"float32": (24, -126, 127), "float16": (11, -14, 15), "bfloat16": (8, -126, 127)}
"""Bits of the significand, and the smallest and largest exponent of normal numbers."""


def nearest_even(v: Any, name: str) -> float:
    """The number of the format nearest to v, of two the even one; IEEE 754-2019, 4.3.1."""
    f = float(v) if not isinstance(v, int) else 0.0
    if f != f or f in (np.inf, -np.inf) or (f == 0 and not isinstance(v, int)):
        return f
    exact = Fraction(v)
    bits, low, high = FORMATS[name]
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length() if size else low
    if size < Fraction(2) ** exponent:
        exponent -= 1
    spacing = Fraction(2) ** (max(exponent, low) - bits + 1)
    nearest = round(size / spacing) * spacing  # round() of a Fraction goes to the even integer
    if nearest >= Fraction(2) ** (high + 1):
        return float("inf") if exact > 0 else -float("inf")
    return float(np.copysign(float(nearest), float(exact)))


def _python(x: Array) -> list[Any]:
    """The elements as Python numbers; every format here fits into float64."""
    return [v.item() if x.dtype.kind in "iub" else float(v) for v in x.reshape(-1)]


def to_float(x: Array, name: str) -> Array:
    if name == "float64":
        return x.astype(np.float64)
    values = [nearest_even(int(v) if x.dtype.kind in "iub" else v, name) for v in _python(x)]
    dtype: Any = ml_dtypes.bfloat16 if name == "bfloat16" else name
    return np.array(values, np.float64).astype(dtype).reshape(x.shape)


def to_integer(x: Array, name: str, *, saturate: bool) -> Array:
    """Truncated toward zero. Beyond the range: integers wrap around (C17 6.3.1.3), floats have no answer (6.3.1.4)
    unless they are to saturate (then NaN is 0)."""
    info = np.iinfo(name)
    values = [0 if v != v else v if v in (np.inf, -np.inf) else int(v) for v in _python(x)]
    if saturate:
        values = [int(min(max(v, info.min), info.max)) for v in values]
    span = int(info.max) - int(info.min) + 1
    return np.array([(v - int(info.min)) % span + int(info.min) for v in values], dtype=name).reshape(x.shape)


def converted(x: Array, name: str, *, saturate: bool = False) -> Array:
    if name == "bool":
        return np.asarray(x != 0)
    if name.startswith("complex"):
        part = {"complex128": "float64", "complex64": "float32"}[name]
        return np.stack([to_float(np.real(x), part), to_float(np.imag(x), part)], -1)
    x = np.real(x)
    return to_float(x, name) if name in (*FORMATS, "float64") else to_integer(x, name, saturate=saturate)


def bits(y: Array) -> Array:
    """The bits of each number, as a signed integer; NaN, whose bits nothing defines, as the quiet NaN 0x7f...80...0.
    The bits of both parts of complex numbers."""
    if y.dtype.kind in "iub":
        return y.astype(np.uint64).view(np.int64) if y.dtype == np.uint64 else y.astype(np.int64)
    y = np.where(y != y, np.abs(np.asarray(np.nan, y.dtype)), y)
    return y.view(f"i{y.dtype.itemsize}").astype(np.int64)


def cast(x: Array, *, to: tuple[str, ...]) -> Array:
    return np.stack([bits(converted(x, name)) for name in to])


def saturating_cast(x: Array, *, to: tuple[str, ...]) -> Array:
    """Beyond the range the end of the range, NaN 0: trunc_sat of WebAssembly, ``as`` of Rust, fptosi.sat of LLVM.
    https://webassembly.github.io/spec/core/exec/numerics.html"""
    return np.stack([bits(converted(x, name, saturate=True)) for name in to])


def bitcast(x: Array, words: Array) -> Array:
    """The bits of x as integers of its width: ``words``. Inputs reach a reference in a wider format, without them."""
    return words


def bitcast_back(x: Array, words: Array) -> Array:
    return x


# Integers


def floor_divide(x: Array, y: Array) -> Array:
    """The quotient rounded down, modulo 2^n; none by zero."""
    if np.any(y == 0):
        raise ValueError("division by zero")
    return np.floor_divide(x, y)


def remainder(x: Array, y: Array) -> Array:
    """x - y floor(x / y)."""
    if np.any(y == 0):
        raise ValueError("division by zero")
    return np.remainder(x, y)


def own_sum(x: Array) -> Array:
    return np.sum(x, axis=-1, dtype=x.dtype)


def own_prod(x: Array) -> Array:
    return np.prod(x, axis=-1, dtype=x.dtype)


def own_cumsum(x: Array) -> Array:
    return np.cumsum(x, axis=-1, dtype=x.dtype)


def own_cumprod(x: Array) -> Array:
    return np.cumprod(x, axis=-1, dtype=x.dtype)
