"""The references of the fine points that break migrations, against differences, closed forms and each other."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.case import Case, Sample
from conformance.catalogue import training_migration, training_migration_layers, training_migration_more
from conformance.reference import training_migration as ref
from conformance.reference.optimizers import unmoved
from meta_tests.training import drawn, exact, scores_tell_right_from_wrong

Array = np.ndarray
RUNS = {
    case.name: case
    for module in (training_migration, training_migration_layers, training_migration_more)
    for case in module.CASES
}


def run(name: str, sample: str | None = None, **options: Any) -> tuple[dict[str, Array], dict[str, Array]]:
    """Inputs and results of one sample (the first), with some options changed."""
    case = RUNS[name]
    chosen = next(s for s in case.samples if sample in (None, s.name))
    arrays = drawn(case, chosen)
    return arrays, exact(case, arrays, **{**chosen.options, **options})


LINE = ("kernel", "bias")
DEEP = ("kernel_1", "bias_1", "kernel", "bias")
NORMALIZED = ("kernel_1", "scale", "shift", "kernel", "bias")
SHAPES = {"kernel_1": (3, 4), "bias_1": (4,), "scale": (4,), "shift": (4,), "bias": (2,)}


@pytest.mark.parametrize("statistics", ["of the batch", "given"])
@pytest.mark.parametrize("weights", [LINE, DEEP, NORMALIZED], ids="-".join)
@pytest.mark.parametrize("loss", ["squares", "cross_entropy"])
def test_gradients_agree_with_differences(loss: str, weights: tuple[str, ...], statistics: str) -> None:
    """Central differences in extended precision, extrapolated (Richardson)."""
    rng = np.random.default_rng(3)
    shapes = SHAPES | {"kernel": (3 if weights == LINE else 4, 2)}
    at = {name: rng.standard_normal(shapes[name]).astype(np.longdouble) for name in weights}
    x, share = rng.standard_normal((6, 3)).astype(np.longdouble), rng.uniform(0, 1, 6).astype(np.longdouble)
    y, labels = rng.standard_normal((6, 2)).astype(np.longdouble), np.array([0, 1, 1, 0, 1, 0])
    given = (np.full(4, np.longdouble(0.25)), np.full(4, np.longdouble(2))) if statistics == "given" else None

    def loss_and_gradients(w: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        if loss == "squares":
            return ref.squares(w, x, y, share, unmoved, given)[:2]
        return ref.cross_entropy(w, x, labels, share, unmoved)

    gradients = loss_and_gradients(at)[1]
    assert set(gradients) == set(weights)
    for name in weights:
        direction = rng.standard_normal(at[name].shape)

        def slope(h: float, name: str = name, direction: Array = direction) -> Any:
            ends = [loss_and_gradients({**at, name: at[name] + s * h * direction})[0] for s in (1, -1)]
            return (ends[0] - ends[1]) / (2 * h)

        expected = (4 * slope(5e-5) - slope(1e-4)) / 3
        assert abs(np.sum(gradients[name] * direction) - expected) < 1e-12 * (1 + abs(expected)), name


def test_accumulated_gradients_are_those_of_a_large_batch() -> None:
    for sample, batch in (("equal", 12), ("unequal", 9)):
        arrays, found = run("accumulated_gradients", sample)
        w, b = arrays["kernel"], arrays["bias"]
        assert len(arrays["x"]) == batch
        for epoch in range(3):
            residual = arrays["x"] @ w + b - arrays["y"]
            w, b = w - 2.0**-4 * 2 / batch * arrays["x"].T @ residual, b - 2.0**-4 * 2 * residual.mean(axis=0)
            assert np.max(np.abs(found["kernel"][epoch] - w)) + np.max(np.abs(found["bias"][epoch] - b)) < 1e-14


def test_what_is_left_over_is_carried_or_has_a_step_of_its_own() -> None:
    arrays, carried = run("accumulated_gradients", "leftover")
    stepped = run("accumulated_gradients", "leftover-stepped")[1]
    assert np.array_equal(carried["kernel"][0], run("accumulated_gradients", "leftover", epochs=1)[1]["kernel"][0])
    # Three batches of an epoch: the two of the first group, and one.
    halves = run("accumulated_gradients", "leftover-stepped", accumulate=1, epochs=1)[1]
    assert not np.array_equal(carried["kernel"][0], stepped["kernel"][0])
    assert halves["kernel"].shape == (1, *arrays["kernel"].shape)


@pytest.mark.parametrize("optimizer", ["SGD", "Momentum", "Adam"])
def test_a_penalized_run_ends_at_ridge_regression(optimizer: str) -> None:
    """Whatever the optimizer, a penalty has one minimum (Hastie, Tibshirani and Friedman, eq. 3.44); decay that enters
    no moments would end elsewhere."""
    arrays, found = run("penalty_in_training", optimizer=optimizer, steps=3000, learning_rate=2.0**-6)
    x, y = arrays["x"] - arrays["x"].mean(axis=0), arrays["y"] - arrays["y"].mean(axis=0)
    kernel = np.linalg.solve(x.T @ x / len(x) + 2.0**-3 * np.eye(3), x.T @ y / len(x))
    bias = np.mean(arrays["y"] - arrays["x"] @ kernel, axis=0)
    tolerance = 1e-3 if optimizer == "Adam" else 1e-9
    assert np.max(np.abs(found["kernel"][-1] - kernel)) + np.max(np.abs(found["bias"][-1] - bias)) < tolerance


def test_early_stopping_waits_and_restores() -> None:
    for patience, restore in product((1, 2, 3), (True, False)):
        arrays, whole = run("early_stopping", patience=9, epochs=9)
        best = int(np.argmin(whole["test_loss"]))
        found = run("early_stopping", patience=patience, restore=restore, epochs=9)[1]
        ran = min(best + 1 + patience, 9)
        assert found["epochs_run"] == ran
        assert np.array_equal(found["test_loss"][:ran], whole["test_loss"][:ran])
        assert np.all(found["test_loss"][ran:] == found["test_loss"][ran - 1])
        residual = arrays["test_x"] @ found["kernel"][0] + found["bias"][0] - arrays["test_y"]
        at_the_end = whole["test_loss"][best if restore else ran - 1]
        assert abs(np.mean(residual**2) - at_the_end) < 1e-14


def test_less_than_min_delta_is_no_improvement() -> None:
    whole = run("early_stopping", patience=9)[1]["test_loss"]
    falls = whole[:-1] - whole[1:]
    k = int(np.argmax(falls < falls[0]))  # the first epoch that improves by less than the second did
    found = run("early_stopping", patience=1, min_delta=float((falls[k] + falls[0]) / 2))[1]
    assert found["epochs_run"] == k + 2


def test_where_a_run_is_interrupted_does_not_matter() -> None:
    ends = [run("interrupted_run", stop=stop, after=after)[1] for stop, after in ((1, 0), (2, 0), (1, 2))]
    for end in ends:
        assert np.array_equal(end["kernel"], ends[0]["kernel"])
        assert np.all(end["same"] == 1)


def test_a_frozen_layer_rests_and_so_does_its_momentum() -> None:
    arrays, free = run("frozen_layer", frozen_from=6, frozen_until=6)
    found = run("frozen_layer", frozen_from=2, frozen_until=4)[1]
    for name in ("kernel_1", "bias_1"):
        assert np.array_equal(found[name][:2], free[name][:2])
        assert np.array_equal(found[name][1], found[name][2])
        assert np.array_equal(found[name][1], found[name][3])
        assert not np.array_equal(found[name][3], found[name][4])
    assert not np.array_equal(found["kernel"][2], found["kernel"][3])
    always = run("frozen_layer", frozen_from=0, frozen_until=6)[1]
    assert np.all(always["kernel_1"] == arrays["kernel_1"])


def test_running_statistics_are_averages_of_the_batches() -> None:
    arrays, found = run("batch_norm_from_mode_to_mode")
    mean, variance = np.zeros(4), np.ones(4)
    kernels = [arrays["kernel_1"], *found["kernel_1"][:2]]
    for rows, kernel in zip(ref.batches_of(12, 4), kernels, strict=True):
        a = arrays["x"][rows] @ kernel
        mean, variance = (7 * mean + a.mean(axis=0)) / 8, (7 * variance + a.var(axis=0)) / 8
    assert np.max(np.abs(found["running_mean"][0] - mean)) < 1e-15
    assert np.max(np.abs(found["running_variance"][0] - variance)) < 1e-14


def test_a_frozen_normalization_is_a_scale_and_a_shift() -> None:
    arrays, found = run("batch_norm_from_mode_to_mode", "frozen")
    assert np.all(found["running_mean"] == 0.5)
    assert np.all(found["running_variance"] == 1)
    assert np.all(found["scale"] == arrays["scale"])
    scale = arrays["scale"] / np.sqrt(1 + 2.0**-10)
    folded = {
        "kernel_1": arrays["kernel_1"] * scale,
        "bias_1": arrays["shift"] - 0.5 * scale,
        "kernel": arrays["kernel"],
        "bias": arrays["bias"],
    }
    loss = ref.squares(folded, arrays["x"][:4], arrays["y"][:4], np.full(4, 0.25), unmoved)[0]
    assert abs(loss - found["loss"][0]) < 1e-14


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples() -> None:
    arrays, found = run("loss_of_an_epoch", learning_rate=0.0)
    whole = np.mean((arrays["x"] @ arrays["kernel"] + arrays["bias"] - arrays["y"]) ** 2)
    assert np.max(np.abs(found["reported"] - whole)) < 1e-15
    dropped = run("loss_of_an_epoch", drop_last=True)[1]
    first = run("loss_of_an_epoch", steps=2)[1]
    assert np.array_equal(dropped["kernel"], first["kernel"])


def test_a_class_of_weight_2_is_there_twice() -> None:
    arrays, found = run("weights_of_classes_and_samples", class_weights=((1, 2.0),), over_weights=True, batch=10)
    twice = np.concatenate([np.arange(10), np.flatnonzero(arrays["labels"] == 1)])
    doubled = {n: a[twice] if len(a) == 10 else a for n, a in arrays.items()}
    again = exact(RUNS["weights_of_classes_and_samples"], doubled, batch=20, epochs=3, learning_rate=0.25)
    assert np.max(np.abs(found["kernel"] - again["kernel"])) < 1e-15
    halved = run("weights_of_classes_and_samples", class_weights=((1, 2.0),), batch=10, learning_rate=10 * 0.25 / 14)[1]
    assert np.max(np.abs(found["kernel"] - halved["kernel"])) < 1e-15


def test_rates_fall_by_steps_or_by_epochs() -> None:
    arrays, constant = run("scheduled_training", gamma=1.0)
    by_epoch, by_step = run("scheduled_training", "per-epoch")[1], run("scheduled_training", "per-step")[1]
    assert np.array_equal(by_epoch["kernel"][:2], constant["kernel"][:2])
    assert not np.array_equal(by_epoch["kernel"][2], constant["kernel"][2])
    assert np.array_equal(by_step["kernel"][0], constant["kernel"][0])
    step = by_step["kernel"][1] - by_step["kernel"][0]
    assert np.allclose(2 * step, constant["kernel"][1] - constant["kernel"][0], rtol=1e-13)
    assert arrays["kernel"].shape == constant["kernel"][0].shape


def test_batches_are_as_they_were_made() -> None:
    arrays, found = run("batches_in_one_buffer", batch=12)
    residual = arrays["x"] @ arrays["kernel"] + arrays["bias"] - arrays["y"]
    kernel = arrays["kernel"] - 2.0**-4 * 2 / 12 * arrays["x"].T @ residual
    assert np.max(np.abs(found["kernel"][0] - kernel)) < 1e-14


def test_accuracy_is_that_of_probabilities() -> None:
    arrays, found = run("accuracy_of_logits")
    probabilities = 1 / (1 + np.exp(-arrays["logits"]))
    assert found["accuracy"] == np.mean(np.round(probabilities) == arrays["labels"]) == 7 / 8


def _named(value: Any) -> str:
    return value.name if isinstance(value, Sample | Case) else str(value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("case", "sample"), [(c, s) for c in RUNS.values() for s in c.samples], ids=_named)
def test_a_correct_run_scores_low_and_a_wrong_one_high(case: Case, sample: Sample, dtype: str) -> None:
    scores_tell_right_from_wrong(case, sample, dtype)
