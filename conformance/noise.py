"""Noise floors: how far a correct computation may be from the exact answer.

**Definition.** Let ``u`` be the unit roundoff of the dtype under test, ``f`` the reference, evaluated in a wider
format, and ``x`` the inputs, already rounded to the dtype. The floor of each element of ``y = f(x)`` is::

    floor = u |y|  +  rms_k |f(x (1 + u s_k)) - y|  +  u intermediates(x)  +  smallest subnormal

``s_k`` are K arrays of pseudo-random numbers of either sign, with mean 0 and variance 1, fixed by the seed. (Signs
alone would not do: where an element depends on two numbers by the same amount, every 256th time all eight pairs of
signs cancel, and its floor is nothing.)

**Derivation.** A backward stable algorithm returns the exact answer for inputs that were moved by a small multiple of
``u`` (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 1.5). The second term is that movement
to first order: with ``J`` the Jacobian, ``f(x (1 + u s)) - y = u J (x s)``, whose root mean square over such numbers is
``u sqrt(sum_j (J_ij x_j)^2)``, the probabilistic bound of Higham and Mary (2019, SIAM J. Sci. Comput. 41(5)), in which
the rounding errors of a long sum grow with the square root of its length. The first term is the rounding of the result
itself, the last one the spacing of the numbers next to zero. ``intermediates`` covers the one case that the movement
of the inputs does not see: a textbook algorithm that passes through numbers larger than its result and loses their
rounding errors by cancellation.

For a trajectory the reference is run again K times with its state and gradients nudged by ``u`` at *every step*; the
root mean square of the movement gives a floor per step. Training runs are judged by the Euclidean norm of each tensor
at each step: of millions of elements of a trajectory in which a relu may flip, the worst says nothing.

Where the reference has no wider format than the dtype under test (float64 on machines whose ``numpy.longdouble`` is no
wider, and cases that are not ``extended``), the floor is doubled: then both sides of the comparison err.

In TF32 a product of float32 numbers reads the first 11 bits of each, and adds in float32 (NVIDIA 2020, *A100 Tensor
Core GPU Architecture*). There ``u`` is 2^-11 where it moves inputs and intermediate numbers, each of which may be a
factor, and that of float32 where it rounds the result.

**Score** = |framework - y| / floor. It has no unit and means the same for every operation, dtype, shape and length: a
correct implementation scores a small number.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.case import Array, Case, Outputs, Sample
from conformance.formats import (
    FORMATS,
    PARTS,
    Format,
    clipped,
    complex_of,
    format_of,
    is_floating,
    wide_dtype,
    widened,
)
from conformance.reference import ball
from conformance.score import Expected, as_outputs, compared

NUDGES = 8
"""Reruns per floor. The root mean square of 8 has a relative standard deviation of 1/4."""
LENGTHS = 0.5 / math.sqrt(13 / 12), 1.5 / math.sqrt(13 / 12)
"""Between these the length of a nudge is uniform, in units roundoff; its mean square is 1."""
HVP_NUDGES = 4
"""Those of a second derivative, each of which takes 8 evaluations of the gradient."""
TRAJECTORY_NUDGES = 4
"""Reruns of a whole trajectory, which are expensive; their noise is averaged over the elements of each tensor."""


def _doubling(dtype: str, case: Case) -> int:
    """2 where float64 judges float64, else 1."""
    if dtype not in ("float64", "complex128") or (case.computation.certified and dtype == "float64"):
        return 1
    return 2 if wide_dtype(dtype, case) is np.float64 else 1


def nudger(u: float, rng: np.random.Generator, *, normwise: bool = False) -> Callable[[Array], Array]:
    """A function that moves every element of a floating array by a unit roundoff, on average (of itself, or of the
    largest element of its matrix), up or down at random; both parts of a complex one."""

    def nudge(a: Array) -> Array:
        a = np.asarray(a)
        if not is_floating(a):
            return a
        if a.dtype.kind == "c":
            return complex_of(nudge(a.real), nudge(a.imag))
        steps = (2 * rng.integers(0, 2, a.shape, np.int8) - 1) * rng.uniform(*LENGTHS, a.shape)
        by = a.dtype.type(u) * steps.astype(a.dtype)
        if normwise and a.ndim > 1:
            return np.asarray(a + by * np.max(np.abs(a), axis=(-2, -1), keepdims=True, initial=0))
        return np.asarray(a * (1 + by))

    return nudge


DRAWN = 2**17


def step_nudger(u: float, rng: np.random.Generator) -> Callable[[Array], Array]:
    """`nudger` for the small float64 arrays of a trajectory, of which there are thousands: the factors of many are
    drawn at once, which takes a tenth of the time."""
    nudge, factors, used = nudger(u, rng), np.empty(0), 0

    def nudge_step(a: Array) -> Array:
        nonlocal factors, used
        size = np.size(a)
        if not isinstance(a, np.ndarray) or a.dtype != np.float64 or size > DRAWN // 64:
            return nudge(a)
        if used + size > len(factors):
            factors, used = nudge(np.ones(DRAWN)), 0
        used += size
        return np.asarray(a * factors[used - size : used].reshape(a.shape))

    return nudge_step


def expected_value(
    case: Case, sample: Sample, inputs: tuple[Array, ...], dtype: str, rng: np.random.Generator
) -> Expected:
    """The reference's result for ``inputs`` (as from `rounded`) and its noise floor; ``dtype`` may be `TF32`."""
    kind = case.computation
    wide = widened(inputs, wide_dtype(dtype, case))
    if kind.nudge_steps:
        return _trajectory(case, sample, wide, dtype, rng)

    def f(*xs: Array) -> Outputs:
        return as_outputs(case.reference(*xs, **sample.options))

    exact = tuple(not is_floating(a) or kind.exact_inputs for a in wide)
    passed = case.intermediates(*wide, **sample.options) if case.intermediates else None
    return _expected(f, wide, exact, dtype, rng, case, passed)


def expected_gradient(
    case: Case, sample: Sample, inputs: tuple[Array, ...], cotangents: tuple[Array, ...], dtype: str,
    rng: np.random.Generator,
) -> Expected:  # fmt: skip
    """The closed-form gradient of ``sum(cotangent * f(inputs))`` for each floating input, and its noise floor."""
    kind, n = case.computation, len(cotangents)
    wide = widened((*cotangents, *inputs), wide_dtype(dtype, case))
    assert case.vjp is not None
    vjp, names = case.vjp, differentiable(case, inputs)

    def f(*xs: Array) -> Outputs:
        gradients = vjp(xs[0] if n == 1 else xs[:n], *xs[n:], **sample.options)
        return as_outputs(gradients if isinstance(gradients, tuple) else (gradients,), names)

    # The cotangent is data that is multiplied and added, also by an operation that only copies its inputs.
    exact = (*(False,) * n, *(not is_floating(a) or kind.exact_inputs for a in wide[n:]))
    passed = (
        case.vjp_intermediates(wide[0] if n == 1 else wide[:n], *wide[n:], **sample.options)
        if case.vjp_intermediates
        else None
    )
    if passed is not None:
        passed = as_outputs(passed if isinstance(passed, tuple) else (passed,), names)
    return _expected(f, wide, exact, dtype, rng, case, passed)


def expected_jvp(
    case: Case, sample: Sample, inputs: tuple[Array, ...], tangents: tuple[Array, ...], dtype: str,
    rng: np.random.Generator,
) -> Expected | None:  # fmt: skip
    """The derivative of an elementwise function along ``tangents``, element by element: of each input that is
    broadcast to the whole, the closed-form gradient for a cotangent of ones, times its tangent. None for other cases,
    whose derivative is judged by the adjoint identity."""
    names, n = differentiable(case, inputs), len(tangents)
    if not case.computation.certified or len(names) != len(inputs) or dtype in PARTS:
        return None
    with np.errstate(all="ignore"):
        shape = np.shape(case.reference(*widened(inputs, np.float64), **sample.options))
    if any(a.shape not in (shape, ()) for a in inputs):
        return None
    assert case.vjp is not None
    vjp = case.vjp

    def f(*xs: Array) -> Outputs:
        parts = vjp(np.ones_like(xs[0]), *xs[n:], **sample.options)
        parts = parts if isinstance(parts, tuple) else (parts,)
        return {"value": sum(t * p for t, p in zip(xs[:n], parts, strict=True))}

    wide = widened((*tangents, *inputs), wide_dtype(dtype, case))
    wide = tuple(np.broadcast_arrays(*wide))
    passed = None
    if case.vjp_intermediates:
        magnitudes = case.vjp_intermediates(np.ones_like(wide[0]), *wide[n:], **sample.options)
        magnitudes = magnitudes if isinstance(magnitudes, tuple) else (magnitudes,)
        passed = sum(np.abs(t) * m for t, m in zip(wide[:n], magnitudes, strict=True))
    return _expected(f, wide, (False,) * len(wide), dtype, rng, case, passed)


STEPS = (2.0**-9, 2.0**-18, 2.0**-27)
BALL_STEP = 2.0**-60


def expected_hvp(
    case: Case, sample: Sample, inputs: tuple[Array, ...], cotangents: tuple[Array, ...],
    tangents: tuple[Array, ...], dtype: str, rng: np.random.Generator,
) -> Expected:  # fmt: skip
    """The product of the Hessian of ``sum(cotangent * f(inputs))`` with ``tangents``: the derivative of the closed-form
    gradient along them, by central differences of order 8 (Fornberg 1988, Mathematics of Computation 51, table 1).

    Of three steps the one that agrees best with its neighbour is taken, and the disagreement is added to the floor.
    Elementwise functions in float64: by a step of 2^-60 in ball arithmetic, whose truncation error is below 2^-100.
    """
    kind, n, m = case.computation, len(cotangents), len(tangents)
    names = differentiable(case, inputs)
    assert case.vjp is not None
    vjp = case.vjp

    def gradient(cs: tuple[Array, ...], xs: tuple[Array, ...]) -> Outputs:
        gradients = vjp(cs[0] if n == 1 else cs, *xs, **sample.options)
        return as_outputs(gradients if isinstance(gradients, tuple) else (gradients,), names)

    def along(h: float, weights: tuple[tuple[int, float], ...]) -> Callable[..., Outputs]:
        def f(*arrays: Array) -> Outputs:
            cs, ts, xs = arrays[:n], dict(zip(names, arrays[n : n + m], strict=True)), arrays[n + m :]
            total: dict[str, Any] = dict.fromkeys(names, 0)
            for k, weight in weights:
                ends = [
                    gradient(cs, tuple(
                        x + s * k * h * ts[n] if n in ts else x for n, x in zip(case.arguments, xs, strict=True)
                    ))
                    for s in (1, -1)
                ]  # fmt: skip
                total = {name: total[name] + (ends[0][name] - ends[1][name]) * weight for name in names}
            return {name: value / (840 * h) for name, value in total.items()}

        return f

    wide = widened((*cotangents, *tangents, *inputs), wide_dtype(dtype, case))
    certified = kind.certified and not any(a.dtype.kind == "c" for a in wide)
    order2, order8 = ((1, 420.0),), ((1, 672.0), (2, -168.0), (3, 32.0), (4, -3.0))
    apart: list[Outputs] = [dict.fromkeys(names, np.asarray(0.0))]
    with np.errstate(all="ignore"):
        if not certified:
            tried = [along(h, order8)(*wide) for h in STEPS]
            apart = [
                {name: np.abs(_difference(a[name], b[name], format_of(dtype))) for name in names}
                for a, b in itertools.pairwise(tried)
            ]
        best = min(range(len(apart)), key=lambda i: sum(float(np.sum(d)) for d in apart[i].values()))
        # The second derivative is formed from the first and from what that was formed of, each of them rounded: that
        # of softplus is s (1 - s) with s the first, which loses all digits as s goes to 1.
        passed = gradient(wide[:n], wide[n + m :])
        if case.vjp_intermediates:
            formed = case.vjp_intermediates(wide[0] if n == 1 else wide[:n], *wide[n + m :], **sample.options)
            formed = as_outputs(formed if isinstance(formed, tuple) else (formed,), names)
            passed = {name: np.maximum(np.abs(passed[name]), formed[name]) for name in names}
        # That of Dawson's integral is -2 (F + x F'), that of the Bessel function I1 passes through I1 / x^2: what the
        # first was formed of is multiplied or divided by the argument.
        of = {name: np.abs(x) for name, x in zip(case.arguments, wide[n + m :], strict=True)}
        passed = {
            name: 2 * np.abs(t * passed[name]) * np.maximum(np.maximum(1, of[name]), 1 / of[name] if certified else 1)
            for name, t in zip(names, wide[n : n + m], strict=True)
        }
    exact = tuple(not is_floating(a) or (kind.exact_inputs and i >= n + m) for i, a in enumerate(wide))
    certifier = along(BALL_STEP, order2)
    # For the noise alone, order 2 will do: nudged or not, it errs by the same.
    differences = along(STEPS[best], order2 if certified else order8)
    expected = _expected(differences, wide, exact, dtype, rng, case, passed, certifier, HVP_NUDGES)
    floor = {
        name: expected.floor[name] + _at_least_as_usual(apart[best][name], passed[name], _larger(expected.value[name]))
        for name in names
    }
    return Expected(expected.value, floor)


def _larger(values: Array) -> Array:
    """The sizes of the larger half of some numbers; 0 for the others, which may be what cancellation left."""
    sizes = np.abs(values)
    return np.where(sizes >= np.median(sizes), sizes, 0) if sizes.size else sizes


def _at_least_as_usual(apart: Array, *sizes: Array) -> Array:
    """Of one element two steps may agree by chance: relative to what it is formed of, and to what it is, none is known
    better than half of all elements are."""
    usual = apart
    for of in sizes if np.any(apart) else ():
        if (formed := of > 0).any():
            with np.errstate(all="ignore"):
                usual = np.maximum(usual, np.median(apart[formed] / of[formed]) * of)
    return usual


def as_formed(
    case: Case, sample: Sample, inputs: tuple[Array, ...], cotangents: tuple[Array, ...], expected: Expected,
    dtype: str, rng: np.random.Generator,
) -> Expected:  # fmt: skip
    """``expected`` (a value, or a gradient if there are cotangents) with floors that are at least the errors of the
    reference itself where each of its operations is rounded to the dtype: their root mean square over nudged inputs.

    The definition of a floor leaves out what a formula passes through and cancels by chance in one element, such as
    1 - w for a weight w near 1. Computed in the dtype, the formula shows it. As that costs as much as all the nudges,
    it is asked only of a result that exceeds its limit in some elements and not as a whole. Nothing changes where the
    formula cannot be computed in the dtype."""
    form, n = format_of(dtype), len(cotangents)
    nudge = nudger(form.nudge, rng, normwise=case.computation.normwise)
    squares: dict[str, Any] = dict.fromkeys(expected.value, 0.0)
    try:
        with np.errstate(all="ignore"):
            for _ in range(NUDGES):
                xs = tuple(nudge(a).astype(a.dtype) if is_floating(a) else a for a in (*cotangents, *inputs))
                if n and case.vjp:
                    found = case.vjp(xs[0] if n == 1 else xs[:n], *xs[n:], **sample.options)
                    found = found if isinstance(found, tuple) else (found,)
                else:
                    found = case.reference(*xs, **sample.options)
                outputs = as_outputs(found, differentiable(case, inputs) if n else ())
                for name, value in expected.value.items():
                    moved = outputs[name].astype(value.dtype).reshape(value.shape)
                    squares[name] = squares[name] + np.abs(_difference(moved, value, form)) ** 2
            floor = {
                name: np.maximum(of, np.nan_to_num(np.sqrt(squares[name] / NUDGES), posinf=0.0))
                for name, of in expected.floor.items()
            }
    except (TypeError, ValueError, ArithmeticError, LookupError, np.linalg.LinAlgError):
        return expected
    return Expected(expected.value, floor)


def differentiable(case: Case, inputs: tuple[Array, ...]) -> tuple[str, ...]:
    """Names of the inputs that have a gradient, in order: floating, and not held."""
    return tuple(n for n, a in zip(case.arguments, inputs, strict=True) if is_floating(a) and n not in case.held)


def _expected(
    f: Callable[..., Outputs],
    wide: tuple[Array, ...],
    exact: tuple[bool, ...],
    dtype: str,
    rng: np.random.Generator,
    case: Case,
    intermediates: Any,
    certifier: Callable[..., Outputs] | None = None,
    nudges: int = NUDGES,
) -> Expected:
    """``certifier`` stands for ``f`` in ball arithmetic."""
    form = format_of(dtype)
    with np.errstate(all="ignore"):
        y = f(*wide)
        nudge = nudger(form.nudge, rng, normwise=case.computation.normwise)
        squares: dict[str, Any] = dict.fromkeys(y, 0.0)
        if not all(exact) and form.unit_roundoff:
            for _ in range(nudges):
                moved = f(*(a if keep else nudge(a) for a, keep in zip(wide, exact, strict=True)))
                for name, value in y.items():
                    squares[name] = squares[name] + np.abs(_difference(moved[name], value, form)) ** 2
        passed = as_outputs(intermediates) if intermediates is not None else {}
        u, doubling = form.unit_roundoff, _doubling(dtype, case)
        floor = {
            name: doubling * (u * np.abs(clipped(value, form)) + np.sqrt(squares[name] / nudges))
            + (form.nudge * np.nan_to_num(np.abs(passed[name])) if name in passed else 0.0)
            + form.smallest_subnormal
            for name, value in y.items()
        }
        centre = y
        if case.computation.certified and dtype == "float64" and not any(v.dtype.kind == "c" for v in y.values()):
            centre = ball.certified(certifier or f, wide, y, floor)
    return Expected(centre, floor)


def _trajectory(case: Case, sample: Sample, wide: tuple[Array, ...], dtype: str, rng: np.random.Generator) -> Expected:
    form = FORMATS[dtype]
    u = form.unit_roundoff

    def run(arrays: tuple[Array, ...], nudge: Callable[[Array], Array]) -> Outputs:
        return as_outputs(case.reference(*arrays, nudge=nudge, **sample.options))

    with np.errstate(all="ignore"):
        results = run(wide, lambda a: a)
        y = compared(results)
        nudge = step_nudger(u, rng)
        # Differences of nudged runs need no extended precision: in float64 they are the rounding noise itself.
        narrow = tuple(a.astype(np.float64) if is_floating(a) else a for a in wide)
        squares: dict[str, Any] = dict.fromkeys(y, 0.0)
        for _ in range(TRAJECTORY_NUDGES):
            moved = run(narrow, nudge)
            for name, value in y.items():
                squares[name] = squares[name] + np.asarray(moved[name] - value, dtype=np.float64) ** 2
        floor = {
            name: _doubling(dtype, case) * (u * np.abs(value) + np.sqrt(squares[name] / TRAJECTORY_NUDGES))
            + form.smallest_subnormal
            for name, value in y.items()
        }
    return Expected(results, floor)


def projected(gradient: Expected, tangents: tuple[Array, ...]) -> Expected:
    """The inner product of a gradient with tangents, and the floor of a sum of terms that err independently."""
    wide = widened(tangents, np.longdouble)
    pairs = list(zip(gradient.value.values(), gradient.floor.values(), wide, strict=True))
    value = sum(np.sum(np.real(np.conj(g) * t)) for g, _, t in pairs)
    floor = np.sqrt(sum(np.sum(np.abs(f * t) ** 2) for _, f, t in pairs))
    return Expected({"projection": np.asarray(value)}, {"projection": np.asarray(floor)})


def inner(a: tuple[Array, ...], b: tuple[Array, ...]) -> Array:
    """The real inner product of two lists of arrays, in extended precision."""
    pairs = zip(widened(a, np.longdouble), widened(b, np.longdouble), strict=True)
    return np.asarray(sum(np.sum(np.real(np.conj(x) * y)) for x, y in pairs))


def sliced(expected: Expected) -> Expected:
    """The second row alone."""
    return Expected({k: v[1:2] for k, v in expected.value.items()}, {k: v[1:2] for k, v in expected.floor.items()})


def _difference(a: Array, b: Array, form: Format) -> Array:
    if a.dtype.kind not in "fc":
        return np.zeros(a.shape)
    difference = clipped(a, form) - clipped(b, form)
    return np.where(np.isfinite(difference), difference, 0)
