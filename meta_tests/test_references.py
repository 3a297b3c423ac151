"""Every reference against an authority that is not this project: SciPy, or differences in extended precision.

Values: SciPy's or NumPy's own function, or a formula written in another way. Gradients: the directional derivative of
the reference itself by central differences with Richardson extrapolation in ``numpy.longdouble`` (error about 1e-15).
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.special

from conformance import noise
from conformance.case import Case, Sample
from conformance.catalogue import catalogue
from conformance.formats import LONGDOUBLE_IS_WIDER, is_floating, rounded, widened
from conformance.reference import ball, layers, special
from conformance.score import as_outputs
from meta_tests.authorities import AUTHORITIES

CASES = {case.name: case for cases in catalogue().values() for case in cases}
DIFFERENTIABLE = [name for name, case in CASES.items() if case.vjp is not None]


PLAIN = [n for n, c in CASES.items() if c.kind not in ("statistics", "training", "convergence")]


JUDGED = ("float64", "complex128", "int32", "bool")
"""One dtype of each sort, in which references are compared with authorities; of other cases the first that they have,
whose numbers are then taken as float64."""


def drawn(case: Case, sample: Sample, dtype: str) -> tuple[np.ndarray, ...]:
    made = rounded(sample.make(np.random.default_rng(zlib.crc32(sample.name.encode()))), dtype)
    return made if dtype in JUDGED else widened(made, np.float64)


def exactly(case: Case) -> dict[str, Any]:
    """What the reference of a trajectory needs beside its options."""
    return {"nudge": lambda a: a} if case.computation.nudge_steps else {}


def combinations(case: Case, check: str) -> Iterator[tuple[str, Sample]]:
    dtypes = [d for d in JUDGED if d in case.dtypes] or case.dtypes[:1]
    return ((d, s) for d in dtypes for s in case.sampled(check, d) if not s.raises)


def test_every_reference_has_an_authority() -> None:
    assert set(AUTHORITIES) == set(PLAIN)


@pytest.mark.parametrize("name", PLAIN)
def test_value_agrees_with_the_authority(name: str) -> None:
    case, compared = CASES[name], 0
    for dtype, sample in combinations(case, "value"):
        inputs = drawn(case, sample, dtype)
        with np.errstate(all="ignore"):
            ours = as_outputs(case.reference(*inputs, **exactly(case), **sample.options))
            theirs = as_outputs(AUTHORITIES[name](*inputs, **sample.options))
        assert set(ours) == set(theirs)
        rng, kind = np.random.default_rng(0), case.computation
        moved = kind.normwise or kind.nudge_steps
        floors = noise.expected_value(case, sample, inputs, dtype, rng).floor if moved else {}
        for key, y, z in ((k, ours[k], theirs[k]) for k in ours):
            assert y.shape == z.shape, (dtype, sample.name)
            if y.dtype.kind not in "fc":
                assert np.array_equal(y, z), (dtype, sample.name)
                compared += y.size
                continue
            finite = np.isfinite(y) & np.isfinite(z)
            # Where an input is not finite, authorities differ in convention; the finite ones must all be compared.
            if all(np.isfinite(a).all() for a in inputs if a.dtype.kind in "fc") and "certain" not in sample.name:
                assert np.array_equal(finite, np.isfinite(y) | np.isfinite(z)), (dtype, sample.name)
            # An authority may cancel (0.5 x (1 + tanh), a long sum): its error is relative to the largest element.
            allowed = np.broadcast_to(1e-13 * np.max(np.abs(y[finite]), initial=1e-2), y.shape)
            if moved:  # a matrix of condition 1e6, a hundred steps: a unit roundoff moves both far
                allowed = allowed + 100 * floors[key].astype(float)
            assert np.all(np.abs(y - z)[finite] <= allowed[finite]), (dtype, sample.name)
            compared += int(finite.sum())
    assert compared >= 3


def derivative(f: Callable[[Any], Any], h: Any) -> Any:
    """f'(0) by central differences with steps h, h/2, h/4, extrapolated (Richardson): error O(h^6)."""
    table = [(f(h / 2**k) - f(-h / 2**k)) / (2 * h / 2**k) for k in range(3)]
    first = [(4 * table[k + 1] - table[k]) / 3 for k in range(2)]
    return (16 * first[1] - first[0]) / 15


def contracted_along(
    case: Case, sample: Sample, inputs: tuple[np.ndarray, ...], cs: list[np.ndarray], i: int, direction: np.ndarray
) -> Callable[[Any], Any]:
    """h -> Re sum(conj(c) f(inputs)) over all floating results, with input i moved by h times the direction."""

    def f(h: Any) -> Any:
        moved = [a + h * direction if j == i else a for j, a in enumerate(inputs)]
        results = floating(case.reference(*moved, **sample.options))
        return sum(np.sum(np.real(np.conj(c) * y)) for c, y in zip(cs, results, strict=True))

    return f


def floating(results: Any) -> list[np.ndarray]:
    return [y for y in as_outputs(results).values() if is_floating(y)]


def normal_like(rng: np.random.Generator, y: np.ndarray) -> np.ndarray:
    real = np.asarray(rng.standard_normal(y.shape))
    return (real + 1j * rng.standard_normal(y.shape) if y.dtype.kind == "c" else real).astype(y.dtype)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_closed_form_gradient_agrees_with_differences(name: str) -> None:
    if not LONGDOUBLE_IS_WIDER:
        pytest.skip("numpy.longdouble is no wider than float64 on this machine")
    case, compared = CASES[name], 0
    assert case.vjp is not None
    for dtype, sample in combinations(case, "gradient"):
        if not sample.smooth:
            continue
        wide = widened(drawn(case, sample, dtype), np.longdouble)
        rng = np.random.default_rng(1)
        cs = [normal_like(rng, y) for y in floating(case.reference(*wide, **sample.options))]
        gradients = case.vjp(cs[0] if len(cs) == 1 else tuple(cs), *wide, **sample.options)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        names = noise.differentiable(case, wide)
        assert len(gradients) == len(names)
        for argument, gradient in zip(names, gradients, strict=True):
            i = case.arguments.index(argument)
            assert gradient.shape == wide[i].shape
            if name == "embedding_with_padding_index":
                gradient = layers.embedding_vjp(cs[0], *wide)  # padding is a convention, not a derivative
            direction = normal_like(rng, wide[i]) * np.clip(np.abs(wide[i]), 1e-6, 1)

            ours = np.sum(np.real(np.conj(gradient) * direction))
            theirs = derivative(contracted_along(case, sample, wide, cs, i, direction), np.longdouble(2.0**-9))
            scale = np.sum(np.abs(gradient * direction)) + sum(np.abs(np.sum(c)) for c in cs) * np.longdouble(1e-3)
            assert abs(ours - theirs) <= 1e-11 * scale, (dtype, sample.name, argument)
            compared += 1
    assert compared


def test_the_longdouble_special_functions_are_certified() -> None:
    x = (np.arange(-24, 25) / 4).astype(np.longdouble)
    for f, authority in ((special.erf, scipy.special.erf), (special.erfc, scipy.special.erfc)):
        assert np.allclose(f(x).astype(float), authority(x.astype(float)), rtol=2e-15, atol=0)
    # erf(1) to 20 digits: https://oeis.org/A099286
    assert abs(special.erf(np.array([1], dtype=np.longdouble))[0] - np.longdouble("0.84270079294971486934")) < 1e-19


def test_balls_are_narrow_and_right() -> None:
    x = np.array([0.1, -0.1, 700.0, 0.0], dtype=np.longdouble)
    result = ball.certified(lambda v: {"value": np.exp(v)}, (x,), {"value": np.exp(x)}, {"value": 0 * x})["value"]
    assert np.all(np.abs(result - np.exp(x)) <= np.abs(result) * 2.0**-62)
    assert result[3] == 1


def test_a_reference_that_balls_cannot_settle_is_refused() -> None:
    x = np.array([1.0], dtype=np.longdouble)
    with pytest.raises(ArithmeticError, match="does not settle"):
        ball.certified(lambda v: {"value": v / (v - v)}, (x,), {"value": x}, {"value": 0 * x})
