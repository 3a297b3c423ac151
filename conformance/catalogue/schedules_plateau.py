"""Schedules that watch a metric.

torch counts the epochs without improvement that it tolerates, Keras those after which it acts: the same numbers are a
``patience`` that is one larger in Keras. An epoch in which the cooldown ends counts in Keras and not in torch.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.optimizers_shared import MASTER, grid
from conformance.catalogue.schedules_shared import TORCH, keras_callback_rates, probe
from conformance.reference import schedules as ref

CALLBACKS = "https://keras.io/api/callbacks/"


def torch_plateau(torch, kind, rates, metrics, held=float, **options):
    """The rate before the first metric and after each, under a ``kind`` of scheduler, ReduceLROnPlateau."""
    weights = [torch.nn.Parameter(torch.zeros((), dtype=rates.dtype)) for _ in rates]
    optimizer = torch.optim.SGD([{"params": [w], "lr": held(r)} for w, r in zip(weights, rates, strict=True)])
    scheduler, found = kind(optimizer, **options), []
    for metric in (None, *metrics):
        if metric is not None:
            scheduler.step(metric)
        found.append(torch.tensor(scheduler.get_last_lr(), dtype=rates.dtype))
    return {"rate": torch.stack(found)}


def torch_reduced(torch, kind, rates, metrics, relative, least, smallest_change=0.0, **options):
    """With the options as the reference names them."""
    named = {"threshold_mode": "rel" if relative else "abs", "min_lr": least, "eps": smallest_change}
    return torch_plateau(torch, kind, rates, metrics, **named, **options)


def torch_reduced_tensor(torch, rates, metrics, relative, least, smallest_change=0.0, **options):
    """The same of rates that are tensors, with a lower bound for each group."""
    kind = torch.optim.lr_scheduler.ReduceLROnPlateau
    named = {"threshold_mode": "rel" if relative else "abs", "min_lr": [least] * len(rates), "eps": smallest_change}
    return torch_plateau(torch, kind, rates, metrics, held=lambda r: r.clone(), **named, **options)


def keras_plateau(tf, rates, metrics, floatx=True, **options):
    """Metrics reach callbacks as Python numbers."""
    logs = [{"val_loss": float(m)} for m in metrics]
    return keras_callback_rates(
        tf, lambda: tf.keras.callbacks.ReduceLROnPlateau(**options), rates, len(logs) + 1, logs, floatx
    )


def one_more_patience_and_cooldown(tf, rates, metrics, patience, threshold, relative, cooldown, least, **options):
    return keras_plateau(
        tf, rates, metrics, patience=patience + 1, min_delta=threshold, cooldown=cooldown + 1, min_lr=least, **options
    )


def one_more_patience(tf, rates, metrics, patience, threshold, relative, cooldown, least, **options):
    return keras_plateau(
        tf, rates, metrics, patience=patience + 1, min_delta=threshold, cooldown=cooldown, min_lr=least, **options
    )


def the_same_patience(tf, rates, metrics, patience, threshold, relative, cooldown, least, **options):
    return keras_plateau(
        tf, rates, metrics, patience=patience, min_delta=threshold, cooldown=cooldown, min_lr=least, **options
    )


def rates_in_float32(tf, rates, metrics, patience, threshold, relative, cooldown, least, **options):
    return keras_plateau(
        tf, rates, metrics, patience=patience + 1, min_delta=threshold, cooldown=cooldown + 1, min_lr=least,
        floatx=False, **options,
    )  # fmt: skip


def improving(rng: np.random.Generator) -> tuple[Array, ...]:
    """A metric that falls by eighths, rests for some epochs, and falls again; multiples of 1/16, with no ties."""
    levels = np.repeat([16, 14, 12, 10, 8.5], [1, 2, 6, 5, 7])
    return rng.uniform(0.25, 1, 1), levels / 8


def improving_two(rng: np.random.Generator) -> tuple[Array, ...]:
    """Two groups, and a metric that rests for longer."""
    return rng.uniform(0.25, 1, 2), np.repeat([16, 14, 12, 10], [1, 2, 14, 5]) / 8


def rising(rng: np.random.Generator) -> tuple[Array, ...]:
    """The same upside down."""
    rates, metrics = improving(rng)
    return rates, 4 - metrics


def resting(rng: np.random.Generator) -> tuple[Array, ...]:
    """A metric that never changes."""
    return rng.uniform(0.25, 1, 1), np.ones(26)


def broken(rng: np.random.Generator) -> tuple[Array, ...]:
    """A metric that is not a number for some epochs, and infinite in one."""
    rates, metrics = improving(rng)
    metrics[3:6], metrics[10] = np.nan, np.inf
    return rates, metrics


def slow(rng: np.random.Generator) -> tuple[Array, ...]:
    """A metric that improves by less than float32 can see; rounded to float32, it rests."""
    return rng.uniform(0.25, 1, 1), 1 - np.arange(12) * 2.0**-30


BASE = {
    "mode": "min", "factor": 0.5, "patience": 2, "threshold": 2.0**-4, "cooldown": 0, "least": 0.0,
}  # fmt: skip
LEVELS: dict[str, Any] = {
    "factor": [0.5, 0.25], "patience": [2, 0], "threshold": [2.0**-5, 2.0**-2], "cooldown": [0, 3],
    "least": [0.0, 0.125],
}  # fmt: skip

CASES = (
    Case(
        "plateau_schedule",
        "trajectory",
        ref.plateau,
        torch=[
            lambda torch, rates, metrics, **options: torch_reduced(
                torch, torch.optim.lr_scheduler.ReduceLROnPlateau, rates, metrics, **options
            ),
            torch_reduced_tensor,
        ],
        tensorflow=[
            one_more_patience_and_cooldown, one_more_patience, the_same_patience, rates_in_float32,
        ],
        samples=[
            probe("cooldown", improving_two, **{**BASE, "cooldown": 2}, relative=False),
            *grid(improving, mode=["min"], relative=[False], **LEVELS),
            probe("rising", rising, **{**BASE, "mode": "max"}, relative=False),
            probe("never-better", resting, **{**BASE, "patience": 5}, relative=False),
            probe("nan-metric", broken, **BASE, relative=False),
            probe("metric-in-float64", slow, **{**BASE, "threshold": 0.0}, relative=False),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ReduceLROnPlateau.html", f"{CALLBACKS}reduce_lr_on_plateau/"),
    ),
    Case(
        "plateau_schedule_relative",
        "trajectory",
        ref.plateau,
        torch=[
            lambda torch, rates, metrics, **options: torch_reduced(
                torch, torch.optim.lr_scheduler.ReduceLROnPlateau, rates, metrics, **options
            ),
            torch_reduced_tensor,
        ],
        samples=[
            probe("two-groups", improving_two, **{**BASE, "cooldown": 2}, relative=True),
            *grid(improving, mode=["min"], relative=[True], smallest_change=[0.0, 0.1], **LEVELS),
            probe("rising", rising, **{**BASE, "mode": "max"}, relative=True),
            probe("never-better", resting, **{**BASE, "patience": 5}, relative=True),
            probe("nan-metric", broken, **BASE, relative=True),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ReduceLROnPlateau.html",),
    ),
    Case(
        "plateau_schedule_defaults",
        "trajectory",
        ref.plateau_defaults,
        torch=[
            lambda torch, rates, metrics: torch_plateau(
                torch, torch.optim.lr_scheduler.ReduceLROnPlateau, rates, metrics
            ),
        ],
        tensorflow=[keras_plateau],
        samples=[
            probe("defaults", resting),
            probe("defaults-while-improving", improving),
            probe("defaults-nan-metric", broken),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ReduceLROnPlateau.html", f"{CALLBACKS}reduce_lr_on_plateau/"),
    ),
)  # fmt: skip
