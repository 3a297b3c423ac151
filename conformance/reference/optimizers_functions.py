"""Functions to be minimized, and optimizers on them, which take the gradient where they are."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from conformance.reference.optimizers import Array, Nudge, Rule, State

Objective = Callable[[Array, Nudge], tuple[Any, Array]]
"""The value and the gradient at a point, with every rounding nudged."""


def quadratic(matrix: Array) -> Objective:
    """x' A x / 2, whose gradient is A x; A is symmetric."""

    def f(x: Array, nudge: Nudge) -> tuple[Any, Array]:
        gradient = nudge(nudge(matrix) @ x)
        return nudge(np.asarray(x @ gradient / 2))[()], gradient

    return f


def rosenbrock(steepness: Array) -> Objective:
    """The sum of steepness (x_(i+1) - x_i^2)^2 + (1 - x_i)^2: Rosenbrock 1960, *An automatic method for finding the
    greatest or least value of a function*, in n variables as `scipy.optimize.rosen` has it."""

    def f(x: Array, nudge: Nudge) -> tuple[Any, Array]:
        valley, slope = nudge(x[1:] - nudge(x[:-1] ** 2)), 1 - x[:-1]
        gradient = np.zeros_like(x)
        gradient[:-1] = nudge(-4 * steepness * x[:-1] * valley) - 2 * slope
        gradient[1:] += nudge(2 * steepness * valley)
        return nudge(np.asarray(np.sum(nudge(steepness * valley**2) + slope**2)))[()], nudge(gradient)

    return f


def descent(
    function: Callable[[Array], Objective], rules: dict[str, Rule], *, steps: int
) -> Callable[..., dict[str, Array]]:
    """The points after each step of a rule along the gradients where it is."""

    def run(start: Array, shape: Array, *, nudge: Nudge, optimizer: str, **options: Any) -> dict[str, Array]:
        f, x, state, points = function(shape), start, State(), []
        for t in range(1, steps + 1):
            x = rules[optimizer](x, f(x, nudge)[1], state, t, nudge, **options)
            points.append(x)
        return {"point": np.stack(points)}

    return run


class Trial(NamedTuple):
    """A step length along a direction, with value, gradient and slope there."""

    t: Any
    value: Any
    gradient: Array
    slope: Any


def cubic_minimum(a: Trial, b: Trial, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two values and slopes is least: Nocedal and Wright 2006, *Numerical Optimization*, eq.
    3.59; within the bounds, and their middle where the cubic has no minimum."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    low, high = bounds or (a.t, b.t)
    d = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = d * d - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    root = np.sqrt(square)
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2 * root)), low), high)


def strong_wolfe(at: Callable[[Any], Trial], first: Trial, t: Any, longest: Any, change: float, most: int) -> Trial:
    """A step that meets the strong Wolfe conditions (c1 = 1e-4, c2 = 0.9), by bracketing and zooming: Nocedal and
    Wright 2006, algorithms 3.5 and 3.6, with cubic interpolation and the safeguards of minFunc's WolfeLineSearch
    (https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html), on which torch.optim.LBFGS documents that it is modelled.

    ``longest`` is the largest element of the direction; at most ``most`` evaluations after the first.
    """

    def sufficient(trial: Trial) -> bool:
        return bool(trial.value <= first.value + 1e-4 * trial.t * first.slope)

    def flat(trial: Trial) -> bool:
        return bool(abs(trial.slope) <= -0.9 * first.slope)

    previous, trial, tries = first, at(t), 0
    ends = None
    while tries < most:
        if not sufficient(trial) or (tries > 1 and trial.value >= previous.value):
            ends = [previous, trial]
            break
        if flat(trial):
            return trial
        if trial.slope >= 0:
            ends = [previous, trial]
            break
        t = cubic_minimum(previous, trial, (trial.t + 0.01 * (trial.t - previous.t), 10 * trial.t))
        previous, trial, tries = trial, at(t), tries + 1
    ends = ends or [first, trial]
    low, high = sorted(ends, key=lambda end: end.value)
    stalled = False
    while tries < most and abs(high.t - low.t) * longest >= change:
        left, right = min(low.t, high.t), max(low.t, high.t)
        t, margin = cubic_minimum(low, high), 0.1 * (right - left)
        near = min(right - t, t - left) < margin
        if near and (stalled or t >= right or t <= left):  # a tenth of the bracket away from the end that is nearer
            t, near = (right - margin if right - t < t - left else left + margin), False
        stalled = near
        trial, tries = at(t), tries + 1
        if not sufficient(trial) or trial.value >= low.value:
            low, high = sorted([low, trial], key=lambda end: end.value)
        else:
            if flat(trial):
                return trial
            low, high = trial, low if trial.slope * (high.t - low.t) >= 0 else high
    return low


def lbfgs(function: Callable[[Array], Objective]) -> Callable[..., dict[str, Array]]:
    """Limited-memory BFGS: Nocedal and Wright 2006, algorithms 7.4 (the two loops) and 7.5, with y' s / y' y as the
    scale of the first Hessian (7.20). The first step is along -g, min(1, 1 / |g|_1) times the rate long, all others are
    tried, or without a line search taken, at the rate.

    Results are the points after each of ``calls`` calls of at most ``max_iter`` iterations, and how many iterations
    there have been. What ends a call is documented by
    https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html; pairs with y' s below 1e-10 are left out.
    """

    def run(
        start: Array, shape: Array, *, nudge: Nudge, calls: int, learning_rate: float = 1.0, max_iter: int = 20,
        max_eval: int | None = None, tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9,
        history_size: int = 100, line_search_fn: str | None = None,
    ) -> dict[str, Array]:  # fmt: skip
        f, x, most = function(shape), start, max_iter * 5 // 4 if max_eval is None else max_eval
        pairs: list[tuple[Array, Array]] = []
        last: tuple[Array, Array] | None = None  # the gradient before the last step, and that step
        iterations, points, counts = 0, [], []
        for _ in range(calls):
            value, g = f(x, nudge)
            evaluations, taken = 1, 0
            while taken < max_iter and np.max(np.abs(g)) > tolerance_grad:
                taken, iterations = taken + 1, iterations + 1
                if last is not None:
                    y, s = g - last[0], last[1]
                    if y @ s > 1e-10:
                        pairs = [*pairs, (s, nudge(y))][-history_size:]
                d = nudge(direction(g, pairs)) if last is not None else -g
                t = learning_rate * (min(1, 1 / np.sum(np.abs(g))) if last is None else 1)
                slope = g @ d
                if slope > -tolerance_change:
                    last = g, t * d  # not taken: the gradient will not have changed
                    break
                before, old = value, g
                if line_search_fn is None:
                    x, spent = nudge(x + t * d), 0
                    if taken < max_iter:
                        (value, g), spent = f(x, nudge), 1
                else:
                    tried: list[Trial] = []

                    def at(t: Any, x: Array = x, d: Array = d, tried: list[Trial] = tried) -> Trial:
                        value, g = f(nudge(x + t * d), nudge)
                        tried.append(Trial(t, value, g, g @ d))
                        return tried[-1]

                    zero, longest = Trial(0, value, g, slope), np.max(np.abs(d))
                    end = strong_wolfe(at, zero, t, longest, 1e-9, most - evaluations)
                    t, value, g, spent = end.t, end.value, end.gradient, len(tried)
                    x = nudge(x + t * d)
                last, evaluations = (old, nudge(t * d)), evaluations + spent
                if evaluations >= most or np.max(np.abs(t * d)) <= tolerance_change:
                    break
                if (line_search_fn or taken < max_iter) and abs(value - before) < tolerance_change:
                    break
            points.append(x)
            counts.append(iterations)
        return {"point": np.stack(points), "iterations": np.array(counts, dtype=start.dtype)}

    return run


def direction(g: Array, pairs: list[tuple[Array, Array]]) -> Array:
    """Minus the inverse Hessian of the pairs (s, y), the oldest first, times g: algorithm 7.4."""
    q, shares = -g, []
    for s, y in reversed(pairs):
        shares.append((s @ q) / (y @ s))
        q = q - shares[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * ((y @ s) / (y @ y))
    for s, y in pairs:
        q = q + s * (shares.pop() - (y @ q) / (y @ s))
    return q


def minimum_of_rosenbrock(start: Array, steepness: Array, **options: Any) -> Array:
    """How many coordinates end further from 1, where the minimum is, than the square root of the unit roundoff: what a
    method that compares values of the function can see (Gill, Murray and Wright 1981, *Practical Optimization*, section
    8.2.2). None."""
    return np.zeros((), np.int64)
