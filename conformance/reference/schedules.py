"""Learning-rate schedules: from the rates that parameter groups begin with to the rates of every step.

Every function returns ``rate``, (steps, groups): row ``t`` is what the update number ``t`` uses, counted from 0, after
``t`` steps of the schedule. ``nudge`` moves a number by one unit roundoff wherever a correct implementation rounds it:
the rates, the options, the fraction of the schedule that is done, the cosine.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray
Nudge = Callable[[Array], Array]
Rates = dict[str, Array]


def _same(a: Array) -> Array:
    return a


def _steps(rates: Array, steps: int) -> Array:
    """0, 1, ... as a column, in the format of the rates."""
    return np.arange(steps, dtype=rates.dtype)[:, None]


def _number(rates: Array, x: float, nudge: Nudge) -> Array:
    """An option in the format of the rates, nudged."""
    return nudge(rates.dtype.type(x))


def _pi(rates: Array) -> Any:
    return 4 * np.arctan(rates.dtype.type(1))


def _positive(steps: float) -> None:
    if steps <= 0:
        raise ValueError(f"a schedule of {steps} steps")


def step(rates: Array, *, nudge: Nudge = _same, steps: int, step_size: int, gamma: float) -> Rates:
    """rate gamma^floor(t / step_size).

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html; Keras: ExponentialDecay with
    staircase=True, https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/.
    """
    _positive(step_size)
    return {"rate": nudge(rates) * _number(rates, gamma, nudge) ** (_steps(rates, steps) // step_size)}


def multi_step(rates: Array, *, nudge: Nudge = _same, steps: int, milestones: Sequence[int], gamma: float) -> Rates:
    """rate gamma^k after k milestones; a milestone itself is after it, and one that is given twice counts twice.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html ("lr = 0.005 if 30 <= epoch
    < 80").
    """
    passed = np.array([[bisect_right(sorted(milestones), t)] for t in range(steps)])
    return {"rate": nudge(rates) * _number(rates, gamma, nudge) ** passed}


def piecewise_constant(
    rates: Array, *, nudge: Nudge = _same, steps: int, boundaries: Sequence[int], multiples: Sequence[float]
) -> Rates:
    """rate times the multiple of the interval that t is in; a boundary itself is before it ("values[0] when step <=
    boundaries[0]", https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/)."""
    if len(multiples) != len(boundaries) + 1:
        raise ValueError("one value more than boundaries")
    chosen = [multiples[bisect_left(boundaries, t)] for t in range(steps)]
    return {"rate": nudge(rates) * np.array(chosen, dtype=rates.dtype)[:, None]}


def exponential(rates: Array, *, nudge: Nudge = _same, steps: int, decay_rate: float, decay_steps: float) -> Rates:
    """rate decay_rate^(t / decay_steps): Keras. torch: rate gamma^t with gamma = decay_rate^(1 / decay_steps).

    https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/,
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html.
    """
    root = nudge(_number(rates, decay_rate, nudge) ** (1 / rates.dtype.type(decay_steps)))
    return {"rate": nudge(rates) * root ** _steps(rates, steps)}


def inverse_time(
    rates: Array, *, nudge: Nudge = _same, steps: int, decay_rate: float, decay_steps: float, staircase: bool
) -> Rates:
    """rate / (1 + decay_rate p), with p = t / decay_steps or its floor:
    https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/."""
    _positive(decay_steps)
    done = _steps(rates, steps) / rates.dtype.type(decay_steps)
    done = np.floor(done) if staircase else nudge(done)
    return {"rate": nudge(rates) / (1 + _number(rates, decay_rate, nudge) * done)}


def polynomial(
    rates: Array, *, nudge: Nudge = _same, steps: int, total: int, power: float, end: float = 0.0, cycle: bool = False
) -> Rates:
    """(rate - end) (1 - min(t, n) / n)^power + end, with n = total.

    With ``cycle`` n = total ceil(t / total), and total at t = 0: at a multiple of total the rate is the end's, and
    behind it a new, slower decay is under way.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html (end 0, no cycle),
    https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/.
    """
    _positive(total)
    t = _steps(rates, steps)
    n = total * np.maximum(np.ceil(t / total), 1) if cycle else total + 0 * t
    # Where the fraction is 1 it is so exactly; before that, what remains of 1 inherits its rounding.
    remaining = np.where(t < n, 1 - nudge(np.minimum(t, n) / n), 0)
    last = _number(rates, end, nudge)
    return {"rate": nudge(nudge(rates) - last) * remaining ** rates.dtype.type(power) + last}


def linear(rates: Array, *, nudge: Nudge = _same, steps: int, start: float, end: float, total: int) -> Rates:
    """rate (start + (end - start) min(t, total) / total): warm-up where start < end.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html; Keras: PolynomialDecay of
    power 1 from rate start to rate end.
    """
    _positive(total)
    done = np.minimum(_steps(rates, steps), total) / rates.dtype.type(total)
    first, change = _number(rates, start, nudge), nudge(rates.dtype.type(end) - rates.dtype.type(start))
    return {"rate": nudge(rates) * (first + change * nudge(done))}


def constant(rates: Array, *, nudge: Nudge = _same, steps: int, factor: float, total: int) -> Rates:
    """rate factor for t < total, then the rate:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html."""
    first = _number(rates, factor, nudge)
    return {"rate": nudge(rates) * np.where(_steps(rates, steps) < total, first, rates.dtype.type(1))}


def cosine(rates: Array, *, nudge: Nudge = _same, steps: int, total: int, end: float) -> Rates:
    """end + (rate - end) (1 + cos(pi min(t, n) / n)) / 2, with n = total: half a period of the cosine, then the end.

    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, eq. 5; that it stays there,
    https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/ (alpha = end / rate).
    """
    _positive(total)
    last, done = _number(rates, end, nudge), np.minimum(_steps(rates, steps), total) / rates.dtype.type(total)
    height = (1 + nudge(np.cos(_pi(rates) * nudge(done)))) / 2
    return {"rate": nudge(last + nudge(nudge(rates) - last) * height)}


def cosine_annealing(rates: Array, *, nudge: Nudge = _same, steps: int, total: int, end: float) -> Rates:
    """The same, with a cosine that goes on: up again behind total, and down behind 2 total.

    By the recursion that https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
    documents, eta <- end + (eta - end) (1 + cos(pi t / n)) / (1 + cos(pi (t - 1) / n)), whose rounding errors grow on
    the way up; where that is 0 / 0, eta <- eta + (rate - end) (1 - cos(pi / n)) / 2.
    """
    _positive(total)
    last, eta = rates.dtype.type(end), nudge(rates)
    heights = [
        1 + nudge(np.cos(nudge(_pi(rates) * t / total))) if t % (2 * total) != total else 0 for t in range(steps)
    ]
    found = [eta]
    for t in range(1, steps):
        if (t - 1) % (2 * total) == total:
            # 1 - cos(pi / n) = 1 + cos(pi t / n), rounded by itself: the next step divides by another rounding of it.
            height = 1 + nudge(np.cos(nudge(_pi(rates) * t / total)))
            eta = nudge(eta + (rates - last) * height / 2)
        else:
            eta = nudge(last + nudge(eta - last) * (heights[t] / heights[t - 1]))
        found.append(eta)
    return {"rate": np.stack(found)}


def cosine_with_warmup(
    rates: Array, *, nudge: Nudge = _same, steps: int, total: int, end: float, warmup: int, start: float
) -> Rates:
    """From rate start to rate in a line within ``warmup`` steps, then the cosine of `cosine`:
    https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/; Goyal et al. 2017,
    https://arxiv.org/abs/1706.02677, section 2.2."""
    down = cosine(rates, nudge=nudge, steps=max(steps - warmup, 1), total=total, end=end)["rate"]
    if warmup == 0:
        return {"rate": down[:steps]}
    up = linear(rates, nudge=nudge, steps=min(steps, warmup), start=start, end=1.0, total=warmup)["rate"]
    return {"rate": np.concatenate([up, down])[:steps]}


def cosine_restarts(
    rates: Array, *, nudge: Nudge = _same, steps: int, first: int, growth: float, end: float, scale: float = 1.0
) -> Rates:
    """Cosines of `cosine` one after another: the first of ``first`` steps, each ``growth`` times as long as the one
    before and from ``scale`` times the height.

    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, section 3; https://docs.pytorch.org/docs/stable/
    generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html (T_0, T_mult, eta_min);
    https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay_restarts/ (t_mul, m_mul, alpha = end / rate).
    """
    _positive(first)
    number, begins, length, i, found = rates.dtype.type, rates.dtype.type(0), rates.dtype.type(first), 0, []
    last = _number(rates, end, nudge)
    for t in range(steps):
        if t >= begins + length:
            begins, length, i = begins + length, length * number(growth), i + 1
        # In units of the first period, whose sum of those before is subtracted: that cancels after many restarts.
        done = (nudge(number(t) / first) - begins / first) / (length / first) if t > begins else number(0)
        height = _number(rates, scale, nudge) ** i * (1 + nudge(np.cos(_pi(rates) * done))) / 2
        found.append(nudge(last + nudge(nudge(rates) - last) * height))
    return {"rate": np.stack(found)}


def factors(rates: Array, *, nudge: Nudge = _same, steps: int, halving: int, bound: float) -> Rates:
    """rate max(2^-floor(t / halving), bound (1 + g)) for group g: some function of the step for each group."""
    t = _steps(rates, steps)
    groups = np.arange(1, len(rates) + 1)
    return {"rate": nudge(rates) * np.maximum(2.0 ** -(t // halving), nudge(rates.dtype.type(bound)) * groups)}


def multiplied(rates: Array, *, nudge: Nudge = _same, steps: int, factor: float, until: int) -> Rates:
    """rate times the product of f(1), ..., f(t), with f(t) = factor for t < until and 1 from there on: f(0) is not
    asked for. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html."""
    times = np.clip(np.arange(steps), 0, max(until - 1, 0))[:, None]
    return {"rate": nudge(rates) * _number(rates, factor, nudge) ** times}


def one_cycle(
    rates: Array, *, nudge: Nudge = _same, steps: int, total: int, rise: float, shape: str, low: float, high: float,
    divisor: float, last_divisor: float, three_phase: bool, momentum: bool = True,
) -> Rates:  # fmt: skip
    """Up from rate / divisor to rate in rise total steps, then down to rate / (divisor last_divisor) at the step total
    - 1; in three phases: down to where it began as fast as it went up, and on from there. Along a line or half a
    cosine. The momentum goes from high to low and back while the rate goes up and down.

    Smith and Topin 2017, https://arxiv.org/abs/1708.07120, section 3; the phases and where they end:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html and
    torch/optim/lr_scheduler.py. ``rates`` are the largest ones.
    """
    if steps > total + 1:
        raise ValueError(f"step {steps - 1} of a cycle of {total}")
    number = rates.dtype.type
    top = nudge(rates)
    first = nudge(top / number(divisor))
    least = nudge(first / number(last_divisor))
    small, large = _number(rates, low, nudge), _number(rates, high, nudge)
    up = rise * total - 1
    phases = [(up, first, top, large, small), (total - 1, top, least, small, large)]
    if three_phase:
        phases[1:] = [(2 * rise * total - 2, top, first, small, large), (total - 1, first, least, large, large)]

    def between(a: Array, b: Array, done: Array) -> Array:
        if shape == "linear":
            return np.asarray(a + nudge(b - a) * done)
        return np.asarray(b + nudge(a - b) / 2 * (1 + nudge(np.cos(_pi(rates) * done))))

    found, momenta = [], []
    for t in range(steps):
        begins, phase = number(0), phases[-1]
        for phase in phases:
            if t <= phase[0]:
                break
            begins = number(phase[0])
        else:
            begins = number(phases[-2][0])
        ends, a, b, m, n = phase
        done = nudge((t - begins) / (ends - begins)) if ends > begins else number(1)
        found.append(between(a, b, done))
        momenta.append(between(m, n, done) + 0 * rates)
    return {"rate": np.stack(found), **({"momentum": np.stack(momenta)} if momentum else {})}


def cyclic(
    rates: Array, *, nudge: Nudge = _same, steps: int, height: float, up: int, down: int, mode: str, gamma: float,
    low: float, high: float, momentum: bool = True,
) -> Rates:  # fmt: skip
    """Triangles between rate and height rate, up in ``up`` steps and down in ``down``, whose amplitude is halved in
    every cycle (triangular2), times gamma^t (exp_range), or divided by the number of the cycle (custom). The momentum
    goes from high towards low while the rate goes up.

    Smith 2017, https://arxiv.org/abs/1506.01186, section 3.2; amplitudes:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html.
    """
    number, cycle_length = rates.dtype.type, up + down
    base, small, large = nudge(rates), _number(rates, low, nudge), _number(rates, high, nudge)
    g = _number(rates, gamma, nudge)
    found, momenta = [], []
    for t in range(steps):
        cycle, within = divmod(t, cycle_length)
        # 1 + t / length is rounded before the number of the cycle is subtracted.
        x = nudge(1 + number(t) / cycle_length) - (1 + cycle)
        ratio = nudge(number(up) / cycle_length)
        part = nudge(x / ratio if within <= up else (x - 1) / (ratio - 1))
        amplitudes = {"triangular": number(1), "triangular2": number(0.5) ** cycle, "custom": 1 / number(1 + cycle)}
        amplitude = g**t if mode == "exp_range" else amplitudes[mode]
        found.append(base + nudge(nudge(rates) * number(height) - base) * part * amplitude)
        momenta.append(large - nudge(large - small) * part * amplitude + 0 * rates)
    return {"rate": np.stack(found), **({"momentum": np.stack(momenta)} if momentum else {})}


def plateau(
    rates: Array, metrics: Array, *, nudge: Nudge = _same, mode: str, factor: float, patience: int, threshold: float,
    relative: bool, cooldown: int, least: float, smallest_change: float = 0.0,
) -> Rates:  # fmt: skip
    """After each epoch's metric: the rate is multiplied by the factor, down to ``least``, when more than ``patience``
    epochs in a row were no better than the best by the threshold; those in the ``cooldown`` epochs after a reduction
    are not counted. A change of no more than ``smallest_change`` is not made. The first row is the rate before the
    first metric.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html.
    """
    number = rates.dtype.type
    rate, found = nudge(rates), [nudge(rates)]
    best, bad, resting = number(math.inf if mode == "min" else -math.inf), 0, 0
    for metric in metrics:
        sign = -1 if mode == "min" else 1
        bar = best * (1 + sign * number(threshold)) if relative else best + sign * number(threshold)
        if sign * metric > sign * bar:
            best, bad = metric, 0
        else:
            bad += 1
        if resting:
            resting, bad = resting - 1, 0
        if bad > patience:
            lower = np.maximum(nudge(rate * number(factor)), number(least))
            rate = np.where(rate - lower > smallest_change, lower, rate)
            resting, bad = cooldown, 0
        found.append(rate)
    return {"rate": np.stack(found)}


def chained(
    rates: Array, *, nudge: Nudge = _same, steps: int, factor: float, total: int, gamma: float, step_size: int
) -> Rates:
    """The product of the factors of a constant, an exponential and a step schedule:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html."""
    one = np.ones(1, rates.dtype)
    parts = [
        constant(one, nudge=nudge, steps=steps, factor=factor, total=total),
        exponential(one, nudge=nudge, steps=steps, decay_rate=gamma, decay_steps=1),
        step(one, nudge=nudge, steps=steps, step_size=step_size, gamma=gamma),
    ]
    return {"rate": nudge(rates) * np.prod([part["rate"] for part in parts], axis=0)}


def sequential(
    rates: Array, *, nudge: Nudge = _same, steps: int, milestones: Sequence[int], start: float, total: int, gamma: float
) -> Rates:
    """Up in a line, down by half a cosine, down by powers of gamma: each from where a milestone is reached, counted
    from 0 there. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html."""
    parts: list[Callable[..., Rates]] = [
        lambda n: linear(rates, nudge=nudge, steps=n, start=start, end=1.0, total=total),
        lambda n: cosine_annealing(rates, nudge=nudge, steps=n, total=total, end=0.0),
        lambda n: exponential(rates, nudge=nudge, steps=n, decay_rate=gamma, decay_steps=1),
    ]
    ends = [*milestones, steps]
    begins = [0, *milestones]
    lengths = [max(min(b, steps) - a, 0) for a, b in zip(begins, ends, strict=True)]
    return {"rate": np.concatenate([part(n)["rate"] for part, n in zip(parts, lengths, strict=True) if n])}


def by_epochs(
    rates: Array, *, nudge: Nudge = _same, epochs: int, batches: int, gamma: float, per: str, order: str = "after"
) -> Rates:
    """rate gamma^k at every batch, with k the number of schedule steps so far: of epochs or of batches that have ended
    (``per``), and one more if the schedule makes its step before the optimizer makes its own (``order``).

    https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate: "If you use the learning rate scheduler
    (calling scheduler.step()) before the optimizer's update (calling optimizer.step()), this will skip the first value
    of the learning rate schedule."
    """
    t = np.arange(epochs * batches)[:, None]
    k = (t // batches if per == "epoch" else t) + (order == "before")
    return {"rate": nudge(rates) * _number(rates, gamma, nudge) ** k}


def continues(rates: Array, *, steps: int, **options: Any) -> Array:
    """A schedule that is saved and restored goes on with the very rates that it would have had."""
    return np.ones((steps, len(rates)), dtype=bool)


def polynomial_defaults(rates: Array, *, nudge: Nudge = _same, steps: int) -> Rates:
    """`polynomial` as torch documents its defaults: 5 steps, power 1, to 0."""
    return polynomial(rates, nudge=nudge, steps=steps, total=5, power=1.0)


def plateau_defaults(rates: Array, metrics: Array, *, nudge: Nudge = _same) -> Rates:
    """`plateau` as torch documents its defaults."""
    return plateau(
        rates, metrics, nudge=nudge, mode="min", factor=0.1, patience=10, threshold=1e-4, relative=True, cooldown=0,
        least=0.0, smallest_change=1e-8,
    )  # fmt: skip
