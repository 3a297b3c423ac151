"""The fine points that break migrations, as small training runs: accumulated gradients, decay and penalty, early
stopping, a run that is resumed, frozen layers, batch normalization in training and evaluation, uneven batches,
weighted losses, schedules, a model that moves from one framework to the other.

A run returns the weights after each step or epoch, and what else the point is about. ``nudge`` moves an array by one
unit roundoff wherever a correct implementation rounds one (the identity in the exact run).

Sources: Bishop, *Pattern Recognition and Machine Learning*, eqs. 3.12 (squares), 4.109 (cross-entropy), 5.53 to 5.56
(back-propagation); Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, Algorithm 1 and its gradient in section 3.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from conformance.reference.optimizers import Nudge, State, adam, sgd
from conformance.reference.reductions import softmax
from conformance.reference.training import Array, Outputs, Weights, trained

EPSILON = 2.0**-10
"""Of batch normalization; exact in every format."""
Statistics = tuple[Array, Array]
"""Mean and variance."""


# The models: a dense layer, or two with tanh between them and, if there is a scale, batch normalization before it


def forward(
    weights: Weights, x: Array, nudge: Nudge, statistics: Statistics | None = None
) -> tuple[Array, dict[str, Any]]:
    """The outputs (n, m), and what the gradient needs. Normalized by the statistics of the batch, or by those given."""
    kept: dict[str, Any] = {"x": nudge(x)}
    top = kept["x"]
    if "kernel_1" in weights:
        a = nudge(top @ weights["kernel_1"] + weights.get("bias_1", np.zeros((), x.dtype)))
        if "scale" in weights:
            mean, variance = statistics or (np.mean(a, axis=0), np.var(a, axis=0))
            kept["batch"], kept["own"] = (mean, variance), statistics is None
            kept["deviation"] = nudge(np.sqrt(nudge(variance) + EPSILON))
            kept["normal"] = nudge(nudge(a - mean) / kept["deviation"])
            a = nudge(nudge(weights["scale"] * kept["normal"]) + weights["shift"])
        top = nudge(np.tanh(a))
    kept["top"] = top
    return nudge(nudge(top @ weights["kernel"]) + weights["bias"]), kept


def backward(weights: Weights, delta: Array, kept: dict[str, Any], nudge: Nudge) -> Weights:
    """The gradient of each weight, from that of the outputs."""
    gradients = {"kernel": kept["top"].T @ delta, "bias": np.sum(delta, axis=0)}
    if "kernel_1" not in weights:
        return gradients
    hidden = kept["top"]
    d = nudge(nudge(delta @ weights["kernel"].T) * nudge(1 - nudge(hidden * hidden)))
    if "scale" in weights:
        normal = kept["normal"]
        gradients |= {"scale": np.sum(nudge(d * normal), axis=0), "shift": np.sum(d, axis=0)}
        d = nudge(d * weights["scale"])
        if kept["own"]:
            d = nudge(d - np.mean(d, axis=0) - normal * np.mean(nudge(d * normal), axis=0))
        d = nudge(d / kept["deviation"])
    if "bias_1" in weights:
        gradients["bias_1"] = np.sum(d, axis=0)
    return gradients | {"kernel_1": kept["x"].T @ d}


def squares(
    weights: Weights, x: Array, y: Array, share: Array, nudge: Nudge, statistics: Statistics | None = None
) -> tuple[Array, Weights, dict[str, Any]]:
    """sum_i share_i |f(x_i) - y_i|^2 / m, its gradients, and what the forward pass kept; ``share`` (n,) is 1/n for a
    mean."""
    out, kept = forward(weights, x, nudge, statistics)
    residual, m = nudge(out - y), y.shape[1]
    loss = nudge(np.sum(share * np.mean(nudge(residual * residual), axis=1)))
    return loss, backward(weights, nudge(2 * share[:, None] * residual / m), kept, nudge), kept


def cross_entropy(weights: Weights, x: Array, labels: Array, share: Array, nudge: Nudge) -> tuple[Array, Weights]:
    """-sum_i share_i log softmax(f(x_i))_(labels_i), and its gradients. The textbook rounds probabilities, and sums of
    them that are 1, before it takes the logarithm or subtracts the target."""
    out, kept = forward(weights, x, nudge)
    p, rows = softmax(out, axis=-1), np.arange(len(x))
    largest = np.max(out, axis=-1)
    logp = out[rows, labels] - largest - np.log(np.sum(np.exp(out - largest[:, None]), axis=-1))
    loss = nudge(np.sum(share * nudge(logp + slip(np.ones(len(p)), nudge))) * -1)
    target = np.zeros_like(p)
    target[rows, labels] = 1
    return loss, backward(weights, nudge(share[:, None] * (nudge(p) - target)), kept, nudge)


def slip(a: Array, nudge: Nudge) -> Array:
    """How far an array moves when it is rounded."""
    return nudge(a) - a


def equal(n: int, like: Array) -> Array:
    """The shares of a mean."""
    return np.full(n, like.dtype.type(1) / n)


# Runs


def updating(rule: Callable[..., Array], nudge: Nudge, **options: Any) -> Callable[[str, Array, Array, int], Array]:
    """One optimizer for all weights."""
    states: dict[str, State] = {}

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        return rule(w, g, states.setdefault(name, {}), t, nudge, **options)

    return update


def batches_of(n: int, batch: int, drop_last: bool = False) -> list[Array]:
    """Rows of each batch, in their order."""
    rows = [np.arange(n)[i : i + batch] for i in range(0, n, batch)]
    return [r for r in rows if len(r) == batch or not drop_last]


def mean_squares(x: Array, y: Array, nudge: Nudge) -> Callable[[Weights, Array], tuple[Array, Weights]]:
    """Loss and gradients of some rows of the data."""

    def of(weights: Weights, rows: Array) -> tuple[Array, Weights]:
        return squares(weights, x[rows], y[rows], equal(len(rows), x), nudge)[:2]

    return of


def descent(
    weights: Weights, x: Array, y: Array, batches: Iterable[Array], nudge: Nudge, *, momentum: float = 0.0,
    learning_rate: float,
) -> Outputs:  # fmt: skip
    """Steps of gradient descent on the mean squares of each batch."""
    update = updating(sgd, nudge, learning_rate=learning_rate, momentum=momentum)
    return trained(weights, [(rows,) for rows in batches], mean_squares(x, y, nudge), update, nudge)


def without_gradients(outputs: Outputs) -> Outputs:
    return {name: a for name, a in outputs.items() if not name.startswith("gradient_")}


def accumulated(
    x: Array, y: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, accumulate: int, epochs: int, learning_rate: float, leftover: str = "carried",
    by_size: bool = False,
) -> Outputs:  # fmt: skip
    """One step for each group of ``accumulate`` batches, on the mean over all their samples: that of a large batch.
    Weights after each epoch.

    The batches of an epoch that are too few for a group go with those of the next (``leftover`` "carried"; at the very
    end, nowhere), or have a step of their own ("stepped"). ``by_size`` is for the routes.
    """
    per_epoch = batches_of(len(x), batch)
    runs = [per_epoch * epochs] if leftover == "carried" else [per_epoch] * epochs
    groups = [
        np.concatenate(run[i : i + accumulate])
        for run in runs
        for i in range(0, len(run), accumulate)
        if leftover == "stepped" or i + accumulate <= len(run)
    ]
    run = descent({"kernel": kernel, "bias": bias}, x, y, groups, nudge, learning_rate=learning_rate)
    of_epoch = -(-len(per_epoch) // accumulate)  # steps
    done = [of_epoch * e if leftover == "stepped" else len(per_epoch) * e // accumulate for e in range(1, epochs + 1)]
    return {name: run[name][np.array(done) - 1] for name in ("kernel", "bias")}


def penalized(
    x: Array, y: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, optimizer: str, strength: float, steps: int, learning_rate: float,
) -> Outputs:  # fmt: skip
    """Mean squares plus strength |kernel|^2; the bias is free. Weights alone: what is reported as the loss is another
    point."""
    rules: dict[str, tuple[Callable[..., Array], dict[str, float]]] = {
        "SGD": (sgd, {}),
        "Momentum": (sgd, {"momentum": 0.875}),
        "Adam": (adam, {"beta_1": 0.875, "beta_2": 0.96875, "epsilon": 2.0**-60}),
    }
    rule, options = rules[optimizer]
    of_rows, rows = mean_squares(x, y, nudge), np.arange(len(x))

    def loss_and_gradients(weights: Weights) -> tuple[Array, Weights]:
        loss, gradients = of_rows(weights, rows)
        return loss, gradients | {"kernel": nudge(gradients["kernel"]) + 2 * strength * weights["kernel"]}

    update = updating(rule, nudge, learning_rate=learning_rate, **options)
    run = trained({"kernel": kernel, "bias": bias}, [()] * steps, loss_and_gradients, update, nudge)
    return {name: run[name] for name in ("kernel", "bias")}


def early_stopping(
    x: Array, y: Array, test_x: Array, test_y: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, epochs: int, patience: int, min_delta: float, restore: bool, learning_rate: float,
) -> Outputs:  # fmt: skip
    """Epochs of one step of all data, until ``patience`` of them have not brought the loss on the test data more than
    ``min_delta`` below the best so far (Goodfellow, Bengio and Courville, *Deep Learning*, Algorithm 7.1). With
    ``restore`` the weights are those of the best epoch.

    ``test_loss`` (epochs,) stays as it is at the end; ``epochs_run`` (1,); weights (1, ...).
    """
    weights, all_rows = {"kernel": kernel, "bias": bias}, np.arange(len(x))
    of_rows, of_test = mean_squares(x, y, nudge), mean_squares(test_x, test_y, nudge)
    best, best_weights, waited = np.inf, weights, 0
    losses: list[Array] = []
    while len(losses) < epochs and waited < max(patience, 1):
        gradients = of_rows(weights, all_rows)[1]
        weights = {n: nudge(w - nudge(learning_rate * nudge(gradients[n]))) for n, w in weights.items()}
        losses.append(of_test(weights, np.arange(len(test_x)))[0])
        waited += 1
        if losses[-1] < best - min_delta:
            best, best_weights, waited = float(losses[-1]), weights, 0
    out = {name: w[None] for name, w in (best_weights if restore else weights).items()}
    filled = np.stack(losses + losses[-1:] * (epochs - len(losses)))
    return {**out, "test_loss": filled, "epochs_run": np.full(1, len(losses), x.dtype)}


def resumed(
    x: Array, y: Array, orders: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, momentum: float, learning_rate: float, stop: int, after: int = 0,
) -> Outputs:  # fmt: skip
    """Epochs of descent with momentum, epoch e over the rows ``orders[e]``: weights after each. ``stop`` and ``after``
    say where a route interrupts the run: after so many batches of that epoch. It must not matter: ``same`` is the
    fraction of weights that are those of the run without interruption, bit for bit."""
    rows = [order[r] for order in orders for r in batches_of(orders.shape[1], batch)]
    run = descent({"kernel": kernel, "bias": bias}, x, y, rows, nudge, momentum=momentum, learning_rate=learning_rate)
    last = slice(-(-orders.shape[1] // batch) - 1, None, -(-orders.shape[1] // batch))
    return {"kernel": run["kernel"][last], "bias": run["bias"][last], "same": np.ones(len(orders), x.dtype)}


def frozen(
    x: Array, y: Array, kernel_1: Array, bias_1: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, steps: int, frozen_from: int, frozen_until: int, momentum: float, learning_rate: float,
) -> Outputs:  # fmt: skip
    """Descent with momentum; the first layer rests, and its momentum with it, from step ``frozen_from`` (counted from
    0) to before ``frozen_until``."""
    step = updating(sgd, nudge, learning_rate=learning_rate, momentum=momentum)

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        rests = name.endswith("_1") and frozen_from <= t - 1 < frozen_until
        return w if rests else step(name, w, g, t)

    of_rows = mean_squares(x, y, nudge)
    weights = {"kernel_1": kernel_1, "bias_1": bias_1, "kernel": kernel, "bias": bias}
    return without_gradients(trained(weights, [(np.arange(len(x)),)] * steps, of_rows, update, nudge))


def normalized(
    x: Array, y: Array, kernel_1: Array, scale: Array, shift: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, epochs: int, keep: float, learning_rate: float, momentum: float = 0.0,
    optimizer: str = "SGD", rests: bool = False, mean: float = 0.0, move_after: int = 0,
) -> Outputs:  # fmt: skip
    """Batch normalization: by the batch in training, by the running statistics (from ``mean`` and 1; ``keep`` of the
    old, the rest of the batch, variances divided by n) in the evaluation on all data after each epoch,
    ``test_loss``. With
    ``rests`` the layer is frozen: it uses the running statistics in training, too, and changes neither them nor scale
    and shift. Weights after each step; statistics (epochs, ...).

    ``move_after`` is for the routes: the epoch after which the model goes on in the other framework.
    """
    options = {
        "SGD": {"momentum": momentum},
        "Adam": {"beta_1": 0.875, "beta_2": 0.96875, "epsilon": 2.0**-60},
    }[optimizer]
    step = updating(sgd if optimizer == "SGD" else adam, nudge, learning_rate=learning_rate, **options)
    statistics = [np.full_like(scale, mean), np.ones_like(scale)]
    rows: dict[str, list[Array]] = {"test_loss": [], "running_mean": [], "running_variance": []}
    steps, everything = batches_of(len(x), batch), np.arange(len(x))

    def of_rows(weights: Weights, r: Array) -> tuple[Array, Weights]:
        given = (statistics[0], statistics[1]) if rests else None
        loss, gradients, kept = squares(weights, x[r], y[r], equal(len(r), x), nudge, given)
        if not rests:
            for i, of_batch in enumerate(kept["batch"]):
                statistics[i] = nudge(nudge(keep * statistics[i]) + nudge((1 - keep) * nudge(of_batch)))
        return loss, gradients

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        return w if rests and name in ("scale", "shift") else step(name, w, g, t)

    def after_step(t: int, weights: Weights) -> None:
        if t % len(steps) == 0:
            now = (statistics[0], statistics[1])
            rows["test_loss"].append(squares(weights, x, y, equal(len(x), x), nudge, now)[0])
            rows["running_mean"].append(now[0])
            rows["running_variance"].append(now[1])

    assert len(everything) == len(y)
    weights = {"kernel_1": kernel_1, "scale": scale, "shift": shift, "kernel": kernel, "bias": bias}
    run = trained(weights, [(r,) for r in steps * epochs], of_rows, update, nudge, after_step=after_step)
    return without_gradients(run) | {name: np.stack(row) for name, row in rows.items()}


def called_bare(x: Array, kernel: Array, bias: Array, *, nudge: Nudge) -> Outputs:
    """What a model with dropout predicts: that of its dense layer, dropout being for training."""
    return {"predicted": forward({"kernel": kernel, "bias": bias}, x, nudge)[0]}


def reported(
    x: Array, y: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, epochs: int, learning_rate: float, drop_last: bool = False, steps: int = 0,
) -> Outputs:  # fmt: skip
    """Weights after each epoch, and the loss that it reports: the mean over its samples, each as it was when its batch
    had its turn. An epoch has all batches, or only the full ones, or the first ``steps`` (0: all)."""
    per_epoch = batches_of(len(x), batch, drop_last)[: steps or None]
    run = descent({"kernel": kernel, "bias": bias}, x, y, per_epoch * epochs, nudge, learning_rate=learning_rate)
    sizes = np.array([len(r) for r in per_epoch], x.dtype)
    means = run["loss"].reshape(epochs, -1) @ (sizes / np.sum(sizes))
    last = slice(len(per_epoch) - 1, None, len(per_epoch))
    return {"kernel": run["kernel"][last], "bias": run["bias"][last], "reported": nudge(means)}


def weighted(
    x: Array, labels: Array, sample_weights: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, epochs: int, learning_rate: float, class_weights: Sequence[tuple[int, float]] = (),
    over_weights: bool = False, reduction: str | None = None,
) -> Outputs:  # fmt: skip
    """Cross-entropies times the weight of their sample and of its class (1 if the class is not named), added and
    divided by how many samples the batch has; ``over_weights``: by the sum of their weights. ``reduction`` is for the
    routes."""
    of_class = np.ones(kernel.shape[1], x.dtype)
    for label, weight in class_weights:
        of_class[label] = weight

    def of_rows(weights: Weights, rows: Array) -> tuple[Array, Weights]:
        w = of_class[labels[rows]] * sample_weights[rows]
        share = nudge(w / (np.sum(w) if over_weights else len(rows)))
        return cross_entropy(weights, x[rows], labels[rows], share, nudge)

    update = updating(sgd, nudge, learning_rate=learning_rate)
    per_epoch = [(r,) for r in batches_of(len(x), batch)]
    run = trained({"kernel": kernel, "bias": bias}, per_epoch * epochs, of_rows, update, nudge)
    return without_gradients(run)


def scheduled(
    x: Array, y: Array, kernel: Array, bias: Array, *,
    nudge: Nudge, batch: int, epochs: int, learning_rate: float, gamma: float, per: str,
) -> Outputs:  # fmt: skip
    """The rate of step t (from 0) is learning_rate gamma^t, or gamma to the number of epochs before it."""
    per_epoch = batches_of(len(x), batch)

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        rate = learning_rate * gamma ** ((t - 1) // (len(per_epoch) if per == "epoch" else 1))
        return nudge(w - nudge(rate * g))

    run = trained({"kernel": kernel, "bias": bias}, [(r,) for r in per_epoch * epochs], mean_squares(x, y, nudge),
                  update, nudge)  # fmt: skip
    return without_gradients(run)


def reused(
    x: Array, y: Array, kernel: Array, bias: Array, *, nudge: Nudge, batch: int, learning_rate: float
) -> Outputs:
    """One epoch: each batch as it was when it was made."""
    batches = batches_of(len(x), batch)
    run = descent({"kernel": kernel, "bias": bias}, x, y, batches, nudge, learning_rate=learning_rate)
    return without_gradients(run)


def accuracy(logits: Array, labels: Array, *, nudge: Nudge) -> Outputs:
    """The fraction of logits with the sign of their label, 0 or 1: where the sigmoid is above a half."""
    return {"accuracy": nudge(np.mean((logits > 0) == (labels > 0), keepdims=True).astype(logits.dtype).reshape(1))}
