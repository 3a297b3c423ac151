"""What the entries of schedules share: rates to begin with, and how the rate of every step is asked for.

Every case takes the rates that its parameter groups begin with. Keras has no groups: there each rate has a schedule of
its own. Keras computes in float32 from Python numbers, and in the format of the rate if that is a tensor: routes give
it tensors, and the options are numbers that float32 holds exactly, but for those of the samples ``decimal-...``.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Sample
from conformance.catalogue.optimizers_shared import MASTER
from fixtures.samples import sample

KERAS = "https://keras.io/api/optimizers/learning_rate_schedules/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler."
ADJUST = "https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def one(rng: np.random.Generator) -> tuple[Array, ...]:
    """One group."""
    return (rng.uniform(0.05, 1, 1),)


def two(rng: np.random.Generator) -> tuple[Array, ...]:
    """Two groups with rates of their own."""
    return (rng.uniform(0.05, 1, 2),)


def one_at_rest(rng: np.random.Generator) -> tuple[Array, ...]:
    """Two groups, of which the first has the rate 0."""
    return (np.array([0.0, rng.uniform(0.05, 1)]),)


def probe(name: str, make: Any = one, **options: Any) -> Sample:
    """A sample off the grid."""
    return sample(name, make, edge=True, dtypes=MASTER, **options)


def refused(**options: Any) -> Sample:
    """A schedule of no steps, which its formula divides by."""
    return sample("bad-steps", one, edge=True, raises=True, dtypes=MASTER, **options)


def torch_rates(torch, schedule, rates, steps, how="get_last_lr", stop=None, **of_sgd):
    """The rate of each update, (steps, groups), under a torch scheduler ``schedule(optimizer)`` of SGD.

    ``how`` they are read: get_last_lr; update: what a gradient of 1 takes off a weight of 0; tensor: the same, where
    the rate is a tensor in the format of the weights; epoch: the same, where the scheduler is told the step's number,
    so that it uses its closed form if it has one. Behind ``stop`` steps the scheduler is left alone.
    """
    import warnings

    weights = [torch.nn.Parameter(torch.zeros((), dtype=rates.dtype)) for _ in rates]
    held = [r.clone() if how == "tensor" else float(r) for r in rates]
    groups = [{"params": [w], "lr": r} for w, r in zip(weights, held, strict=True)]
    optimizer, found = torch.optim.SGD(groups, **of_sgd), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a number of a step is deprecated
        scheduler = schedule(optimizer)
        for t in range(steps):
            if t and t <= (stop if stop is not None else steps) and how != "epoch":
                scheduler.step()
            elif how == "epoch":
                scheduler.step(t)
            for w in weights:
                w.data.zero_()
                w.grad = torch.ones_like(w)
            optimizer.step()
            if how == "get_last_lr":
                found.append(torch.tensor(scheduler.get_last_lr(), dtype=rates.dtype))
            else:
                found.append(-torch.stack([w.detach().clone() for w in weights]))
    return {"rate": torch.stack(found)}


def torch_cycles(torch, schedule, rates, steps, key="momentum"):
    """Rates, and momenta that go with them, of a scheduler of SGD with momentum or (``key="betas"``) of Adam."""
    weights = [torch.nn.Parameter(torch.zeros((), dtype=rates.dtype)) for _ in rates]
    groups = [{"params": [w]} for w in weights]
    made = torch.optim.SGD(groups, lr=1.0, momentum=0.5) if key == "momentum" else torch.optim.Adam(groups, lr=1.0)
    scheduler, found, momenta = schedule(made), [], []
    for t in range(steps):
        if t:
            scheduler.step()
        for w in weights:
            w.grad = torch.ones_like(w)
        made.step()
        found.append(scheduler.get_last_lr())
        momenta.append([g[key] if key == "momentum" else g[key][0] for g in made.param_groups])
    return {"rate": torch.tensor(found, dtype=rates.dtype), "momentum": torch.tensor(momenta, dtype=rates.dtype)}


def keras_rates(tf, schedule, rates, steps, how="call"):
    """The rate of each update, (steps, groups), by Keras schedules ``schedule(rate)``, one for each rate.

    ``how``: call: the schedule of all steps at once; each: of one after another; numbers: the same, of rates that are
    Python numbers; update: what a gradient of 1 takes off a weight of 0 under SGD, in a graph.
    """
    initial = [float(r) for r in rates] if how == "numbers" else tf.unstack(rates)
    schedules = [schedule(rate) for rate in initial]
    if how == "call":
        return {"rate": tf.stack([s(tf.range(steps)) for s in schedules], axis=1)}
    if how != "update":
        return {"rate": tf.cast([[s(t) for s in schedules] for t in range(steps)], rates.dtype)}
    optimizers = [tf.keras.optimizers.SGD(s) for s in schedules]
    weights = [tf.keras.Variable(tf.zeros((), rates.dtype), dtype=rates.dtype) for _ in schedules]
    for optimizer, w in zip(optimizers, weights, strict=True):
        optimizer.build([w])

    @tf.function(autograph=False)
    def step():
        for optimizer, w in zip(optimizers, weights, strict=True):
            w.assign(tf.zeros((), rates.dtype))
            optimizer.apply([tf.ones((), rates.dtype)], [w])
        return -tf.stack([tf.convert_to_tensor(w) for w in weights])

    return {"rate": tf.stack([step() for _ in range(steps)])}


def keras_callback_rates(tf, callback, rates, epochs, logs=(), floatx=True):
    """The rate of each epoch, (epochs, groups), under a Keras callback that is told of them as ``fit`` does, with
    ``logs[epoch]`` at its end if there are any. Keras keeps a rate that is no schedule in a variable of dtype floatx():
    that of the rates if ``floatx``."""
    before, found = tf.keras.config.floatx(), []
    tf.keras.config.set_floatx(tf.keras.backend.standardize_dtype(rates.dtype) if floatx else before)
    try:
        for rate in rates:
            model, watcher = tf.keras.Sequential(), callback()
            model.compile(tf.keras.optimizers.SGD(float(rate)))
            watcher.set_model(model)
            watcher.on_train_begin()
            of_rate = []
            for epoch in range(epochs):
                watcher.on_epoch_begin(epoch)
                of_rate.append(tf.cast(tf.identity(model.optimizer.learning_rate), rates.dtype))
                if epoch < len(logs):
                    watcher.on_epoch_end(epoch, dict(logs[epoch]))
            found.append(of_rate)
    finally:
        tf.keras.config.set_floatx(before)
    return {"rate": tf.transpose(tf.stack(found))}


def jax_rates(jax, schedule, rates, steps):
    """The rate of each update, (steps, groups), by Optax schedules ``schedule(rate)``, one for each rate."""
    counts = jax.numpy.arange(steps)
    return {"rate": jax.numpy.stack([jax.vmap(schedule(r))(counts) for r in rates], axis=1).astype(rates.dtype)}
