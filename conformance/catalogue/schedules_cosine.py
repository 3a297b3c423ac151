"""Schedules along a cosine: once, again and again, with restarts, after a warm-up."""

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
)
from conformance.reference import schedules as ref


def keras_cosine(tf, kind, rates, steps, total, end, how):
    """Keras' lowest rate, alpha, is a fraction of the first one. ``kind`` is CosineDecay."""

    def schedule(rate):
        alpha = end / float(rate) if end else 0.0
        return kind(rate, total, alpha)

    return keras_rates(tf, schedule, rates, steps, how)


def keras_warmup(tf, kind, rates, steps, total, end, warmup, start, how):
    def schedule(rate):
        alpha = end / float(rate) if end else 0.0
        return kind(rate * start, total, alpha, warmup_target=rate, warmup_steps=warmup)

    return keras_rates(tf, schedule, rates, steps, how)


def keras_restarts(tf, kind, rates, steps, first, growth, end, how, scale=1.0):
    def schedule(rate):
        alpha = end / rate if end else 0.0  # a tensor: of a Python number it makes float32
        return kind(rate, first, growth, scale, alpha)

    return keras_rates(tf, schedule, rates, steps, how)


def torch_warmup(torch, rates, steps, total, end, warmup, start, how, between=None):
    """A line and a half cosine in a row, left alone at its end. The line is that of LinearLR, or ``between``."""

    def schedule(optimizer):
        up = between or (lambda o: torch.optim.lr_scheduler.LinearLR(o, start, total_iters=warmup))
        parts = [up(optimizer), torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total, end)]
        return torch.optim.lr_scheduler.SequentialLR(optimizer, parts, [warmup])

    return torch_rates(torch, schedule, rates, steps, how, stop=warmup + total)


def sequential_of_linear_and_cosine(torch, rates, **options):
    return torch_warmup(torch, rates, **options, how="update")


def sequential_of_linear_and_cosine_tensor(torch, rates, **options):
    return torch_warmup(torch, rates, **options, how="tensor")


def sequential_of_lambda_and_cosine(torch, rates, warmup, start, **options):
    def line(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: start + (1 - start) * t / max(warmup, 1))

    return torch_warmup(torch, rates, **options, warmup=warmup, start=start, how="update", between=line)


COSINE = [
    *grid(one, steps=[20], total=[12, 19], end=[0.0, 2.0**-6]),
    probe("one-step", steps=4, total=1, end=2.0**-6),
    probe("groups-one-of-rate-0", one_at_rest, steps=12, total=8, end=0.0),
    probe("end-above-the-rate", steps=12, total=8, end=2.0),
    probe("decimal-end", steps=12, total=8, end=0.001),
    refused(steps=6, total=0, end=0.0),
]
PERIODIC = [
    *grid(one, steps=[20], total=[12, 5], end=[0.0, 2.0**-6]),
    probe("not-beyond-the-end", steps=13, total=12, end=2.0**-6),
    probe("one-step", steps=6, total=1, end=2.0**-6),
    probe("several-periods", steps=60, total=8, end=0.0),
    refused(steps=6, total=0, end=0.0),
]

CASES = (
    Case(
        "cosine_schedule",
        "trajectory",
        ref.cosine,
        torch=[  # the scheduler makes no step behind the end of its half period
            lambda torch, rates, steps, total, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingLR(s, total, end), rates, steps,
                stop=max(total, 1), how="update",
            ),
            lambda torch, rates, steps, total, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingLR(s, total, end), rates, steps,
                stop=max(total, 1), how="tensor",
            ),
        ],
        tensorflow=[
            lambda tf, rates, **options: keras_cosine(
                tf, tf.keras.optimizers.schedules.CosineDecay, rates, **options, how="call"
            ),
            lambda tf, rates, **options: keras_cosine(
                tf, tf.keras.optimizers.schedules.CosineDecay, rates, **options, how="update"
            ),
        ],
        jax=[
            lambda jax, rates, steps, total, end: (
                jax_rates(jax, lambda r: optax().cosine_decay_schedule(r, total, end / r), rates, steps)
            ),
        ],
        samples=COSINE,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1608.03983", f"{KERAS}cosine_decay/", f"{TORCH}CosineAnnealingLR.html"),
    ),
    Case(
        "cosine_annealing_schedule",
        "trajectory",
        ref.cosine_annealing,
        torch=[
            lambda torch, rates, steps, total, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingLR(s, total, end), rates, steps, how="update"
            ),
            lambda torch, rates, steps, total, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingLR(s, total, end), rates, steps, how="tensor"
            ),
            lambda torch, rates, steps, total, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingLR(s, total, end), rates, steps, how="epoch"
            ),
        ],
        tensorflow=[
            lambda tf, rates, **options: keras_cosine(
                tf, tf.keras.optimizers.schedules.CosineDecay, rates, **options, how="call"
            ),
        ],
        samples=PERIODIC,
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1608.03983", f"{TORCH}CosineAnnealingLR.html"),
    ),
    Case(
        "cosine_schedule_with_warmup",
        "trajectory",
        ref.cosine_with_warmup,
        torch=[
            sequential_of_linear_and_cosine,
            sequential_of_linear_and_cosine_tensor,
            sequential_of_lambda_and_cosine,
        ],
        tensorflow=[
            lambda tf, rates, **options: keras_warmup(
                tf, tf.keras.optimizers.schedules.CosineDecay, rates, **options, how="each"
            ),
            lambda tf, rates, **options: keras_warmup(
                tf, tf.keras.optimizers.schedules.CosineDecay, rates, **options, how="update"
            ),
        ],
        samples=[
            *grid(one, steps=[14], total=[8, 4], end=[0.0, 2.0**-6], warmup=[4, 1], start=[0.25, 1.0]),
            probe("warm-up-of-no-steps", steps=6, total=4, end=0.0, warmup=0, start=0.25),
            probe("warm-up-from-0", steps=6, total=4, end=0.0, warmup=3, start=0.0),
            probe("end-within-the-warm-up", steps=3, total=4, end=0.0, warmup=5, start=0.25),
            probe("groups-one-of-rate-0", one_at_rest, steps=6, total=4, end=0.0, warmup=3, start=0.25),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{KERAS}cosine_decay/", "https://arxiv.org/abs/1706.02677", f"{TORCH}SequentialLR.html"),
    ),
    Case(
        "cosine_schedule_with_restarts",
        "trajectory",
        ref.cosine_restarts,
        torch=[
            lambda torch, rates, steps, first, growth, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(s, first, growth, end),
                rates, steps, how="update",
            ),
            lambda torch, rates, steps, first, growth, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(s, first, growth, end),
                rates, steps, how="tensor",
            ),
            lambda torch, rates, steps, first, growth, end: torch_rates(
                torch, lambda s: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(s, first, growth, end),
                rates, steps, how="epoch",
            ),
        ],
        tensorflow=[
            lambda tf, rates, **options: keras_restarts(
                tf, tf.keras.optimizers.schedules.CosineDecayRestarts, rates, **options, how="call"
            ),
            lambda tf, rates, **options: keras_restarts(
                tf, tf.keras.optimizers.schedules.CosineDecayRestarts, rates, **options, how="update"
            ),
        ],
        samples=[
            *grid(one, steps=[40], first=[5, 7], growth=[1, 2], end=[0.0, 2.0**-6]),
            probe("growth-3", steps=45, first=1, growth=3, end=0.0),
            probe("periods-of-one-step", steps=8, first=1, growth=1, end=0.25),
            probe("many-restarts", steps=60, first=3, growth=1, end=0.0),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, first=4, growth=2, end=0.0),
            refused(steps=6, first=0, growth=2, end=0.0),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://arxiv.org/abs/1608.03983", f"{TORCH}CosineAnnealingWarmRestarts.html",
            f"{KERAS}cosine_decay_restarts/",
        ),
    ),
    Case(
        "cosine_schedule_with_lower_restarts",
        "trajectory",
        ref.cosine_restarts,
        tensorflow=[
            lambda tf, rates, **options: keras_restarts(
                tf, tf.keras.optimizers.schedules.CosineDecayRestarts, rates, **options, how="call"
            ),
            lambda tf, rates, **options: keras_restarts(
                tf, tf.keras.optimizers.schedules.CosineDecayRestarts, rates, **options, how="update"
            ),
        ],
        samples=[
            *grid(one, steps=[30], first=[6, 4], growth=[2.0, 1.5, 1.0], scale=[0.5, 1.25], end=[0.0, 2.0**-6]),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, first=4, growth=2.0, scale=0.5, end=0.0),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1608.03983", f"{KERAS}cosine_decay_restarts/"),
    ),
)  # fmt: skip
