"""Schedules that decay by steps, powers, polynomials, lines and hyperbolas."""

from conformance.case import Case
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.optimizers_shared import MASTER, grid
from conformance.catalogue.schedules_shared import (
    KERAS,
    TORCH,
    jax_rates,
    keras_rates,
    one,
    one_at_rest,
    probe,
    refused,
    torch_rates,
    two,
)
from conformance.reference import schedules as ref


def keras_multi_step(tf, rates, milestones, gamma, steps, how, shift):
    """Piecewise constant rates whose boundaries are the milestones, less ``shift``."""
    boundaries = [m - shift for m in sorted(set(milestones))]
    powers = [sum(m <= b + shift for m in milestones) for b in boundaries]

    def schedule(rate):
        values = [rate * gamma**k for k in (0, *powers)]
        return tf.keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)

    return keras_rates(tf, schedule, rates, steps, how)


def piecewise_boundaries_before_milestones(tf, rates, steps, milestones, gamma):
    return keras_multi_step(tf, rates, milestones, gamma, steps, "call", 1)


def piecewise_boundaries_before_milestones_update(tf, rates, steps, milestones, gamma):
    return keras_multi_step(tf, rates, milestones, gamma, steps, "update", 1)


def piecewise_boundaries_at_milestones(tf, rates, steps, milestones, gamma):
    return keras_multi_step(tf, rates, milestones, gamma, steps, "call", 0)


def torch_piecewise(torch, kind, rates, steps, boundaries, multiples, how):
    """A ``kind`` of scheduler, LambdaLR, whose function looks the multiple up."""
    return torch_rates(torch, lambda s: kind(s, lambda t: multiples[sum(b < t for b in boundaries)]), rates, steps, how)


def keras_constant(tf, kind, rates, steps, factor, total, how):
    """A ``kind`` of schedule, PiecewiseConstantDecay: rate factor up to the step total - 1, then the rate."""

    def schedule(rate):
        return kind([total - 1], [rate * factor, rate])

    return keras_rates(tf, schedule, rates, steps, how)


def jax_multi_step(jax, rates, steps, milestones, gamma):
    """optax.piecewise_constant_schedule"""
    scales = {m: gamma ** milestones.count(m) for m in milestones}
    return jax_rates(jax, lambda r: optax().piecewise_constant_schedule(r, scales), rates, steps)


def jax_constant(jax, rates, steps, factor, total):
    """optax.join_schedules of two constant ones"""

    def schedule(rate):
        return optax().join_schedules([optax().constant_schedule(f * rate) for f in (factor, 1.0)], [total])

    return jax_rates(jax, schedule, rates, steps)


STEP = (
    Case(
        "step_schedule",
        "trajectory",
        ref.step,
        torch=[
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.StepLR(s, **o), rates, steps, how="update"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.StepLR(s, **o), rates, steps, how="get_last_lr"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.StepLR(s, **o), rates, steps, how="tensor"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.StepLR(s, **o), rates, steps, how="epoch"
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps, step_size, gamma: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.ExponentialDecay(r, step_size, gamma, staircase=True),
                rates, steps, how="call",
            ),
            lambda tf, rates, steps, step_size, gamma: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.ExponentialDecay(r, step_size, gamma, staircase=True),
                rates, steps, how="update",
            ),
        ],
        jax=[
            lambda jax, rates, steps, step_size, gamma: (
                jax_rates(jax, lambda r: optax().exponential_decay(r, step_size, gamma, staircase=True), rates, steps)
            ),
        ],
        samples=[
            *grid(one, steps=[40], step_size=[7, 10], gamma=[0.875, 0.5]),
            probe("every-step", steps=10, step_size=1, gamma=0.5),
            probe("never", steps=10, step_size=10, gamma=0.5),
            probe("groups-one-of-rate-0", one_at_rest, steps=20, step_size=5, gamma=0.5),
            probe("decimal-gamma", steps=30, step_size=10, gamma=0.1),
            refused(steps=10, step_size=0, gamma=0.5),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}StepLR.html", f"{KERAS}exponential_decay/"),
    ),
    Case(
        "multi_step_schedule",
        "trajectory",
        ref.multi_step,
        torch=[
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.MultiStepLR(s, **o), rates, steps, how="update"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.MultiStepLR(s, **o), rates, steps, how="tensor"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.MultiStepLR(s, **o), rates, steps, how="epoch"
            ),
        ],
        tensorflow=[
            piecewise_boundaries_before_milestones,
            piecewise_boundaries_before_milestones_update,
            piecewise_boundaries_at_milestones,
        ],
        jax=[
            jax_multi_step,
        ],
        samples=[
            *grid(one, steps=[30], milestones=[(3, 8, 20), (5,)], gamma=[0.875, 0.125]),
            probe("milestone-0", steps=10, milestones=(0, 4), gamma=0.5),
            probe("milestone-given-twice", steps=10, milestones=(3, 3, 6), gamma=0.5),
            probe("milestone-at-the-last-step", steps=10, milestones=(9,), gamma=0.5),
            probe("groups-one-of-rate-0", one_at_rest, steps=10, milestones=(3, 6), gamma=0.5),
            probe("decimal-gamma", steps=10, milestones=(3, 6), gamma=0.1),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}MultiStepLR.html", f"{KERAS}piecewise_constant_decay/"),
    ),
    Case(
        "piecewise_constant_schedule",
        "trajectory",
        ref.piecewise_constant,
        torch=[
            lambda torch, rates, **options: torch_piecewise(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="update"
            ),
            lambda torch, rates, **options: torch_piecewise(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="tensor"
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps, boundaries, multiples: keras_rates(
                tf,
                lambda r: tf.keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, [r * m for m in multiples]),
                rates, steps, how="call",
            ),
            lambda tf, rates, steps, boundaries, multiples: keras_rates(
                tf,
                lambda r: tf.keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, [r * m for m in multiples]),
                rates, steps, how="update",
            ),
        ],
        samples=[
            *grid(two, steps=[15], boundaries=[(3, 8), (0, 14)], multiples=[(1, 0.5, 0.125), (0.25, 1, 0.75)]),
            probe("one-boundary", steps=10, boundaries=(4,), multiples=(1, 0)),
            probe("boundaries-side-by-side", steps=10, boundaries=(4, 5, 6), multiples=(1, 0.5, 0.25, 2)),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}piecewise_constant_decay/", f"{TORCH}LambdaLR.html"),
    ),
    Case(
        "constant_schedule",
        "trajectory",
        ref.constant,
        torch=[
            lambda torch, rates, steps, factor, total: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ConstantLR(s, factor, total), rates, steps, how="update"
            ),
            lambda torch, rates, steps, factor, total: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ConstantLR(s, factor, total), rates, steps, how="tensor"
            ),
            lambda torch, rates, steps, factor, total: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ConstantLR(s, factor, total), rates, steps, how="epoch"
            ),
        ],
        tensorflow=[
            lambda tf, rates, **options: keras_constant(
                tf, tf.keras.optimizers.schedules.PiecewiseConstantDecay, rates, **options, how="call"
            ),
            lambda tf, rates, **options: keras_constant(
                tf, tf.keras.optimizers.schedules.PiecewiseConstantDecay, rates, **options, how="update"
            ),
        ],
        jax=[
            jax_constant,
        ],
        samples=[
            *grid(one, steps=[12], factor=[0.25, 1 / 3], total=[5, 1]),
            probe("no-steps", steps=6, factor=0.5, total=0),
            probe("factor-0", steps=10, factor=0.0, total=4),
            probe("beyond-the-end", steps=5, factor=0.5, total=9),
            probe("groups-one-of-rate-0", one_at_rest, steps=10, factor=0.5, total=4),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ConstantLR.html", f"{KERAS}piecewise_constant_decay/"),
    ),
)  # fmt: skip


def rate_and_options_as_tensors(tf, rates, steps, decay_rate, decay_steps):
    def schedule(rate):
        options = [tf.constant(x, rates.dtype) for x in (decay_steps, decay_rate)]
        return tf.keras.optimizers.schedules.ExponentialDecay(rate, *options)

    return keras_rates(tf, schedule, rates, steps)


def rate_as_a_tensor(tf, rates, steps, decay_rate, decay_steps):
    def schedule(rate):
        return tf.keras.optimizers.schedules.ExponentialDecay(rate, decay_steps, decay_rate)

    return keras_rates(tf, schedule, rates, steps)


def python_numbers(tf, rates, steps, decay_rate, decay_steps):
    def schedule(rate):
        return tf.keras.optimizers.schedules.ExponentialDecay(rate, decay_steps, decay_rate)

    return keras_rates(tf, schedule, rates, steps, "numbers")


def torch_inverse_time(torch, kind, rates, steps, decay_rate, decay_steps, staircase, how):
    """A ``kind`` of scheduler, LambdaLR, with the factor 1 / (1 + decay_rate p)."""

    def factor(t):
        return 1 / (1 + decay_rate * (t // decay_steps if staircase else t / decay_steps))

    return torch_rates(torch, lambda s: kind(s, factor), rates, steps, how)


SMOOTH = (
    Case(
        "exponential_schedule",
        "trajectory",
        ref.exponential,
        torch=[
            lambda torch, rates, steps, decay_rate, decay_steps: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ExponentialLR(s, decay_rate ** (1 / decay_steps)),
                rates, steps, how="update",
            ),
            lambda torch, rates, steps, decay_rate, decay_steps: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ExponentialLR(s, decay_rate ** (1 / decay_steps)),
                rates, steps, how="tensor",
            ),
            lambda torch, rates, steps, decay_rate, decay_steps: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ExponentialLR(s, decay_rate ** (1 / decay_steps)),
                rates, steps, how="epoch",
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps, decay_rate, decay_steps: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.ExponentialDecay(r, decay_steps, decay_rate),
                rates, steps, how="call",
            ),
            lambda tf, rates, steps, decay_rate, decay_steps: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.ExponentialDecay(r, decay_steps, decay_rate),
                rates, steps, how="update",
            ),
        ],
        jax=[
            lambda jax, rates, steps, decay_rate, decay_steps: (
                jax_rates(jax, lambda r: optax().exponential_decay(r, decay_steps, decay_rate), rates, steps)
            ),
        ],
        samples=[
            *grid(one, steps=[30], decay_rate=[0.875, 0.25], decay_steps=[1, 8]),
            probe("steps-of-a-fraction", steps=20, decay_rate=0.75, decay_steps=2.5),
            probe("growth", steps=20, decay_rate=1.25, decay_steps=1),
            probe("groups-one-of-rate-0", one_at_rest, steps=20, decay_rate=0.5, decay_steps=4),
            probe("decimal-gamma", steps=30, decay_rate=0.95, decay_steps=1),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ExponentialLR.html", f"{KERAS}exponential_decay/"),
    ),
    Case(
        "exponential_schedule_of_decimals",
        "trajectory",
        ref.exponential,
        torch=[
            lambda torch, rates, steps, decay_rate, decay_steps: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.ExponentialLR(s, decay_rate ** (1 / decay_steps)),
                rates, steps, how="get_last_lr",
            ),
        ],
        tensorflow=[rate_and_options_as_tensors, rate_as_a_tensor, python_numbers],
        jax=[
            lambda jax, rates, steps, decay_rate, decay_steps: (
                jax_rates(jax, lambda r: optax().exponential_decay(r, decay_steps, decay_rate), rates, steps)
            ),
        ],
        samples=[
            probe("decimal-gamma", steps=30, decay_rate=0.95, decay_steps=1),
            probe("decimal-steps", steps=30, decay_rate=0.9, decay_steps=3.7),
            probe("groups-one-of-rate-0", one_at_rest, steps=20, decay_rate=0.3, decay_steps=4),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ExponentialLR.html", f"{KERAS}exponential_decay/"),
    ),
    Case(
        "inverse_time_schedule",
        "trajectory",
        ref.inverse_time,
        torch=[
            lambda torch, rates, **options: torch_inverse_time(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="update"
            ),
            lambda torch, rates, **options: torch_inverse_time(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="tensor"
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps, **o: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.InverseTimeDecay(r, **o), rates, steps, how="call"
            ),
            lambda tf, rates, steps, **o: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.InverseTimeDecay(r, **o), rates, steps, how="update"
            ),
        ],
        samples=[
            *grid(one, steps=[30], decay_rate=[0.5, 3.0], decay_steps=[1, 7], staircase=[False, True]),
            probe("groups-one-of-rate-0", one_at_rest, steps=20, decay_rate=0.5, decay_steps=4, staircase=True),
            probe("decimal-decay", steps=30, decay_rate=0.1, decay_steps=3, staircase=False),
            refused(steps=10, decay_rate=0.5, decay_steps=0, staircase=False),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}inverse_time_decay/", f"{TORCH}LambdaLR.html"),
    ),
    Case(
        "linear_schedule",
        "trajectory",
        ref.linear,
        torch=[
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.LinearLR(s, *o.values()), rates, steps, how="update"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.LinearLR(s, *o.values()), rates, steps, how="tensor"
            ),
            lambda torch, rates, steps, **o: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.LinearLR(s, *o.values()), rates, steps, how="epoch"
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps, start, end, total: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r * start, total, r * end),
                rates, steps, how="call",
            ),
            lambda tf, rates, steps, start, end, total: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r * start, total, r * end),
                rates, steps, how="update",
            ),
        ],
        jax=[
            lambda jax, rates, steps, start, end, total: (
                jax_rates(jax, lambda r: optax().linear_schedule(r * start, r * end, total), rates, steps)
            ),
        ],
        samples=[
            *grid(one, steps=[20], start=[0.25, 1.0], end=[1.0, 0.5], total=[12, 5]),
            probe("to-0", steps=12, start=1.0, end=0.0, total=8),
            probe("from-0", steps=12, start=0.0, end=1.0, total=8),
            probe("one-step", steps=4, start=0.25, end=1.0, total=1),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, start=0.25, end=1.0, total=8),
            refused(steps=6, start=0.25, end=1.0, total=0),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}LinearLR.html", f"{KERAS}polynomial_decay/"),
    ),
    Case(
        "polynomial_schedule",
        "trajectory",
        ref.polynomial,
        torch=[
            lambda torch, rates, steps, total, power: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.PolynomialLR(s, total, power), rates, steps, how="update"
            ),
            lambda torch, rates, steps, total, power: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.PolynomialLR(s, total, power), rates, steps, how="tensor"
            ),
            lambda torch, rates, steps, total, power: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.PolynomialLR(s, total, power), rates, steps, how="epoch"
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps, total, power: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r, total, 0.0, power),
                rates, steps, how="call",
            ),
            lambda tf, rates, steps, total, power: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r, total, 0.0, power),
                rates, steps, how="update",
            ),
        ],
        jax=[
            lambda jax, rates, steps, total, power: (
                jax_rates(jax, lambda r: optax().polynomial_schedule(r, 0.0, power, total), rates, steps)
            ),
        ],
        samples=[
            *grid(one, steps=[20], total=[15, 6], power=[1.0, 2.0, 0.5]),
            probe("one-step", steps=4, total=1, power=2.0),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, total=8, power=2.0),
            probe("decimal-power", steps=12, total=8, power=0.9),
            refused(steps=6, total=0, power=1.0),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}PolynomialLR.html", f"{KERAS}polynomial_decay/"),
    ),
    Case(
        "polynomial_schedule_to_an_end",
        "trajectory",
        ref.polynomial,
        tensorflow=[
            lambda tf, rates, steps, total, power, end, cycle: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r, total, end, power, cycle),
                rates, steps, how="call",
            ),
            lambda tf, rates, steps, total, power, end, cycle: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r, total, end, power, cycle),
                rates, steps, how="update",
            ),
        ],
        samples=[
            *grid(one, steps=[25], total=[6, 10], power=[1.0, 2.0], end=[2.0**-6, 0.5], cycle=[False, True]),
            probe("cycles-of-one-step", steps=6, total=1, power=1.0, end=2.0**-6, cycle=True),
            probe("decimal-end", steps=12, total=8, power=1.0, end=0.0001, cycle=False),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}polynomial_decay/",),
    ),
    Case(
        "polynomial_schedule_defaults",
        "trajectory",
        ref.polynomial_defaults,
        torch=[
            lambda torch, rates, steps: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.PolynomialLR(s), rates, steps, how="update"
            ),
        ],
        tensorflow=[
            lambda tf, rates, steps: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r, 5), rates, steps, how="call"
            ),
            lambda tf, rates, steps: keras_rates(
                tf, lambda r: tf.keras.optimizers.schedules.PolynomialDecay(r, 5, end_learning_rate=0),
                rates, steps, how="call",
            ),
        ],
        samples=[
            probe("defaults", two, steps=8),
            probe("defaults-before-the-end", steps=4),
            probe("defaults-beyond-the-end", steps=12),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}PolynomialLR.html", f"{KERAS}polynomial_decay/"),
    ),
)  # fmt: skip

CASES = (*STEP, *SMOOTH)
