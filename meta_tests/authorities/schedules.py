"""Authorities for schedules: step by step where the reference has a closed form, and the other way round; triangles by
`scipy.signal.sawtooth`, pieces by interpolation, and the rates that torch's documentation prints."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.signal

Array = np.ndarray
Rates = dict[str, Array]


def of_each(f: Callable[..., Sequence[float]]) -> Callable[..., Rates]:
    """``f(rate, **options)``, the rates of all steps, for each group."""

    def all_of(rates: Array, **options: Any) -> Rates:
        return {"rate": np.stack([np.asarray(f(float(rate), **options)) for rate in rates], axis=1)}

    return all_of


def recursively(rate: float, steps: int, factor: Callable[[int], float]) -> list[float]:
    """rate, and then times factor(t) at each step t."""
    found = [rate]
    for t in range(1, steps):
        found.append(found[-1] * factor(t))
    return found


def step(rate: float, steps: int, step_size: int, gamma: float) -> list[float]:
    return recursively(rate, steps, lambda t: gamma if t % step_size == 0 else 1)


def multi_step(rate: float, steps: int, milestones: Sequence[int], gamma: float) -> list[float]:
    return recursively(rate * gamma ** milestones.count(0), steps, lambda t: gamma ** milestones.count(t))


def piecewise(rate: float, steps: int, boundaries: Sequence[int], multiples: Sequence[float]) -> Array:
    return rate * np.array(multiples)[np.searchsorted(boundaries, np.arange(steps), side="left")]


def exponential(rate: float, steps: int, decay_rate: float, decay_steps: float) -> Array:
    return rate * np.exp(np.arange(steps) * (math.log(decay_rate) / decay_steps))


def inverse_time(rate: float, steps: int, decay_rate: float, decay_steps: float, staircase: bool) -> list[float]:
    return [
        rate * decay_steps / (decay_steps + decay_rate * (t - t % decay_steps if staircase else t))
        for t in range(steps)
    ]


def linear(rate: float, steps: int, start: float, end: float, total: int) -> Array:
    return np.interp(np.arange(steps), [0, total], [rate * start, rate * end])


def polynomial(rate: float, steps: int, total: int, power: float, end: float = 0.0, cycle: bool = False) -> list[float]:
    found = []
    for t in range(steps):
        length = total
        while cycle and length < t:
            length += total
        left = max(length - t, 0)
        found.append(end + (rate - end) * (math.exp(power * math.log(left / length)) if left else 0.0))
    return found


def constant(rate: float, steps: int, factor: float, total: int) -> list[float]:
    return ([rate * factor] * total + [rate] * steps)[:steps]


def half_cosine(rate: float, total: int, end: float) -> Array:
    """The rates of the steps 0 to total, by the half angle."""
    return end + (rate - end) * np.cos(np.pi / 2 * np.arange(total + 1) / total) ** 2


def cosine(rate: float, steps: int, total: int, end: float) -> Array:
    return np.concatenate([half_cosine(rate, total, end), np.full(steps, end)])[:steps]


def cosine_annealing(rate: float, steps: int, total: int, end: float) -> Array:
    return end + (rate - end) * (1 + np.cos(np.pi * np.arange(steps) / total)) / 2


def cosine_with_warmup(rate: float, steps: int, total: int, end: float, warmup: int, start: float) -> Array:
    up = np.linspace(rate * start, rate, warmup, endpoint=False)
    return np.concatenate([up, cosine(rate, steps, total, end)])[:steps]


def cosine_restarts(rate: float, steps: int, first: int, growth: float, end: float, scale: float = 1.0) -> list[float]:
    """The steps since the last restart and the length of its period, as section 3 of the paper counts them."""
    found, since, length, top = [], 0.0, float(first), 1.0
    for _ in range(steps):
        found.append(end + (rate - end) * top * math.cos(math.pi / 2 * since / length) ** 2)
        since += 1
        if since >= length:
            since, length, top = since - length, length * growth, top * scale
    return found


def factors(rates: Array, steps: int, halving: int, bound: float) -> Rates:
    return {
        "rate": np.array(
            [
                [r * max(math.ldexp(1, -(t // halving)), bound * (1 + g)) for g, r in enumerate(rates)]
                for t in range(steps)
            ]
        )
    }


def multiplied(rate: float, steps: int, factor: float, until: int) -> list[float]:
    return recursively(rate, steps, lambda t: factor if t < until else 1)


def one_cycle(
    rates: Array, steps: int, total: int, rise: float, shape: str, low: float, high: float, divisor: float,
    last_divisor: float, three_phase: bool, momentum: bool = True,
) -> Rates:  # fmt: skip
    """Breakpoints, and interpolation between them: along a line, or along the line's cosine."""
    ends = [rise * total - 1, total - 1.0]
    if three_phase:
        ends.insert(1, 2 * ends[0])
    # A phase begins at step 0 or where the one before ends.
    ends = [0.0, *ends] if ends[0] > 0 else [ends[0] - 1, *ends]

    def along(levels: list[Array]) -> Array:
        rows = []
        for t in range(steps):
            i = next((i for i in range(1, len(ends)) if t <= ends[i]), len(ends) - 1)
            done = (t - ends[i - 1]) / (ends[i] - ends[i - 1])
            done = math.sin(math.pi / 2 * done) ** 2 if shape == "cos" else done
            rows.append((1 - done) * levels[i - 1] + done * levels[i])
        return np.stack(rows)

    first = rates / divisor
    of_rates = [first, rates, *([first] if three_phase else []), first / last_divisor]
    of_momenta = [high + 0 * rates, low + 0 * rates, *([high + 0 * rates] if three_phase else []), high + 0 * rates]
    return {"rate": along(of_rates), **({"momentum": along(of_momenta)} if momentum else {})}


def cyclic(
    rates: Array, steps: int, height: float, up: int, down: int, mode: str, gamma: float, low: float, high: float,
    momentum: bool = True,
) -> Rates:  # fmt: skip
    t = np.arange(steps)
    cycle = 1 + t // (up + down)
    triangle = (1 + scipy.signal.sawtooth(2 * np.pi * (t % (up + down)) / (up + down), width=up / (up + down))) / 2
    amplitude = {"triangular": 1 + 0 * t, "triangular2": 2.0 ** (1 - cycle), "exp_range": gamma**t, "custom": 1 / cycle}
    part = (triangle * amplitude[mode])[:, None]
    momenta = {"momentum": high - (high - low) * part + 0 * rates} if momentum else {}
    return {"rate": rates * (1 + (height - 1) * part), **momenta}


def plateau(
    rates: Array, metrics: Array, mode: str, factor: float, patience: int, threshold: float, relative: bool,
    cooldown: int, least: float, smallest_change: float = 0.0,
) -> Rates:  # fmt: skip
    """First which epochs are no better than those before, then where so many of them follow each other."""
    sign = 1 if mode == "min" else -1
    worse, best = [], sign * math.inf
    for metric in metrics:
        margin = threshold * (best if relative else 1) if math.isfinite(best) else 0.0
        better = metric < best - margin if mode == "min" else metric > best + margin
        best = metric if better else best
        worse.append(not better)
    rate, found, last = np.array(rates), [np.array(rates)], -1
    for epoch in range(len(metrics)):
        window = worse[last + 1 : epoch + 1][-(patience + 1) :]
        if len(window) > patience and all(window):
            lower = np.maximum(rate * factor, least)
            rate = np.where(rate - lower > smallest_change, lower, rate)
            last = epoch + cooldown
        found.append(rate)
    return {"rate": np.stack(found)}


def plateau_defaults(rates: Array, metrics: Array) -> Rates:
    return plateau(rates, metrics, "min", 0.1, 10, 1e-4, True, 0, 0.0, 1e-8)


def chained(rate: float, steps: int, factor: float, total: int, gamma: float, step_size: int) -> list[float]:
    return recursively(
        rate * (factor if total else 1),
        steps,
        lambda t: gamma * (1 / factor if t == total else 1) * (gamma if t % step_size == 0 else 1),
    )


def sequential(
    rate: float, steps: int, milestones: Sequence[int], start: float, total: int, gamma: float
) -> list[float]:
    a, b = milestones
    return [
        float(np.interp(t, [0, total], [rate * start, rate])) if t < a
        else rate * (1 + math.cos(math.pi * (t - a) / total)) / 2 if t < b
        else rate * gamma ** (t - b)
        for t in range(steps)
    ]  # fmt: skip


def by_epochs(rate: float, epochs: int, batches: int, gamma: float, per: str, order: str = "after") -> list[float]:
    found = []
    for _ in range(epochs):
        for batch in range(batches):
            if order == "before" and (per == "batch" or batch == 0):
                rate *= gamma
            found.append(rate)
            if order == "after" and (per == "batch" or batch == batches - 1):
                rate *= gamma
    return found


def unbroken(rates: Array, steps: int, **options: Any) -> Array:
    return np.full((steps, rates.size), True)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "step_schedule": of_each(step),
    "multi_step_schedule": of_each(multi_step),
    "piecewise_constant_schedule": of_each(piecewise),
    "constant_schedule": of_each(constant),
    "exponential_schedule": of_each(exponential),
    "exponential_schedule_of_decimals": of_each(exponential),
    "inverse_time_schedule": of_each(inverse_time),
    "linear_schedule": of_each(linear),
    "polynomial_schedule": of_each(polynomial),
    "polynomial_schedule_to_an_end": of_each(polynomial),
    "polynomial_schedule_defaults": of_each(lambda rate, steps: linear(rate, steps, 1.0, 0.0, 5)),
    "cosine_schedule": of_each(cosine),
    "cosine_annealing_schedule": of_each(cosine_annealing),
    "cosine_schedule_with_warmup": of_each(cosine_with_warmup),
    "cosine_schedule_with_restarts": of_each(cosine_restarts),
    "cosine_schedule_with_lower_restarts": of_each(cosine_restarts),
    "one_cycle_schedule": one_cycle,
    "one_cycle_schedule_without_momentum": one_cycle,
    "cyclic_schedule": cyclic,
    "cyclic_schedule_without_momentum": cyclic,
    "plateau_schedule": plateau,
    "plateau_schedule_relative": plateau,
    "plateau_schedule_defaults": plateau_defaults,
    "lambda_schedule": factors,
    "multiplicative_schedule": of_each(multiplied),
    "chained_schedule": of_each(chained),
    "sequential_schedule": of_each(sequential),
    "schedule_of_epochs_and_batches": of_each(by_epochs),
    "schedule_step_before_the_optimizers": of_each(by_epochs),
    "torch_schedule_resumed": unbroken,
    "torch_composed_schedule_resumed": unbroken,
    "torch_plateau_schedule_resumed": unbroken,
    "keras_schedule_resumed": unbroken,
}
