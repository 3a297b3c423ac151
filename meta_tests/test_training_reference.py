"""The references of the training runs, against differences, closed forms and general-purpose minimizers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.special

from conformance import noise
from conformance.case import Case, Sample
from conformance.catalogue import training_classics, training_digits
from conformance.formats import FORMATS, rounded
from conformance.reference import optimizers, training
from conformance.score import scored
from meta_tests.training import drawn, exact, gradients_agree_with_differences, scores_tell_right_from_wrong

Array = np.ndarray
CASES = (*training_classics.CASES, *training_digits.CASES)
RUNS = {case.name: case for case in CASES}
DATA = {
    "linear_regression": ("x", "y"),
    "logistic_regression": ("x", "target"),
    "softmax_regression": ("x", "labels"),
    "digit_classifier": ("images", "labels", "test_images", "test_labels"),
}


def _named(value: Any) -> str:
    return value.name if isinstance(value, Sample) else str(value)


def first_step(case: Case, sample: Sample) -> dict[str, Any]:
    """Options that make one step of all data."""
    return {"epochs": 1, "batch": 10**6} if "epochs" in sample.options else {"steps": 1}


@pytest.mark.parametrize(
    ("name", "sample"),
    [(name, s) for name in DATA for s in RUNS[name].samples if not s.name.startswith("digits")],
    ids=_named,
)
def test_gradients_agree_with_differences(name: str, sample: Sample) -> None:
    gradients_agree_with_differences(RUNS[name], sample, DATA[name], **first_step(RUNS[name], sample))


@pytest.mark.parametrize("name", [n for n in DATA if n != "digit_classifier"])
def test_descent_takes_the_gradient_times_the_rate(name: str) -> None:
    case = RUNS[name]
    for sample in case.samples:
        arrays = drawn(case, sample)
        run = exact(case, arrays, **sample.options)
        for weight in (n for n in case.arguments if n not in DATA[name]):
            before = np.concatenate([arrays[weight][None], run[weight][:-1]])
            step = before - run[weight]
            assert np.max(np.abs(step - sample.options["learning_rate"] * run[f"gradient_{weight}"])) < 1e-13 * (
                1 + np.max(np.abs(before))
            )


def test_the_classifier_takes_the_steps_of_rmsprop() -> None:
    case = RUNS["digit_classifier"]
    sample = next(s for s in case.samples if s.name == "uneven-batches")
    arrays = drawn(case, sample)
    run = exact(case, arrays, **sample.options)
    assert len(run["loss"]) == 2 * 4  # 33 + 33 + 33 + 1 images, twice
    rule = {name: sample.options[name] for name in ("learning_rate", "rho", "epsilon")}
    for weight in ("kernel_1", "bias_1", "kernel_2", "bias_2"):
        w, state = arrays[weight], dict[str, Any]()
        for t, gradient in enumerate(run[f"gradient_{weight}"], 1):
            w = optimizers.rmsprop(w, gradient, state, t, lambda a: a, **rule)
            assert np.array_equal(run[weight][t - 1], w)


def test_every_is_a_choice_of_rows() -> None:
    case = RUNS["digit_classifier"]
    sample = next(s for s in case.samples if s.name == "uneven-batches")
    arrays = drawn(case, sample)
    all_rows, some = exact(case, arrays, **sample.options), exact(case, arrays, **{**sample.options, "every": 3})
    assert np.array_equal(some["loss"], all_rows["loss"])
    assert np.array_equal(some["kernel_1"], all_rows["kernel_1"][::3])


@pytest.mark.parametrize("sample", RUNS["linear_regression_closed_form"].samples, ids=lambda s: s.name)
def test_the_closed_form_is_the_iterated_run_and_ends_at_least_squares(sample: Sample) -> None:
    case = RUNS["linear_regression_closed_form"]
    arrays = drawn(case, sample)
    closed = exact(case, arrays, **sample.options)
    iterated = exact(RUNS["linear_regression"], arrays, **sample.options)
    for weight in ("w", "b"):
        assert np.max(np.abs(closed[weight] - iterated[weight])) < 1e-13
    matrix = np.stack([arrays["x"], np.ones_like(arrays["x"])], axis=1)
    solution = np.linalg.lstsq(matrix, arrays["y"], rcond=None)[0]
    assert np.max(np.abs(closed["solution"] - solution)) < 1e-14
    assert abs(closed["w"][-1] - solution[0]) + abs(closed["b"][-1] - solution[1]) < 1e-14


def minimum(loss: Callable[[Array], float], size: int) -> Array:
    return np.asarray(scipy.optimize.minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-9}).x)


def unpredictable(classes: int) -> tuple[Array, Array]:
    """Labels that have nothing to do with the points: the minimum is well inside."""
    rng = np.random.default_rng(8)
    return rng.standard_normal((200, 2)), rng.integers(0, classes, 200)


def test_logistic_regression_ends_at_the_minimum() -> None:
    x, target = unpredictable(2)

    def loss(theta: Array) -> float:
        z = x @ theta[:-1] + theta[-1]
        return float(np.mean(np.where(target > 0, -scipy.special.log_expit(z), -scipy.special.log_expit(-z))))

    best = minimum(loss, 3)
    arrays = {"x": x, "target": target.astype(float), "kernel": np.ones(2), "bias": np.zeros(())}
    run = exact(RUNS["logistic_regression"], arrays, learning_rate=1.0, steps=500)
    assert abs(run["loss"][-1] - loss(best)) < 1e-13
    assert np.max(np.abs(np.append(run["kernel"][-1], run["bias"][-1]) - best)) < 1e-6


def test_softmax_regression_ends_at_the_minimum() -> None:
    x, labels = unpredictable(3)

    def loss(theta: Array) -> float:
        weights = theta.reshape(-1, 3)
        logp = scipy.special.log_softmax(x @ weights[:-1] + weights[-1], axis=1)
        return float(-np.mean(logp[np.arange(len(x)), labels]))

    arrays = {"x": x, "labels": labels, "kernel": np.ones((2, 3)), "bias": np.zeros(3)}
    run = exact(RUNS["softmax_regression"], arrays, learning_rate=1.0, steps=500)
    assert abs(run["loss"][-1] - loss(minimum(loss, 9))) < 1e-13


def test_the_classifier_learns_the_real_digits() -> None:
    """To at least 97% of those that it has not seen, in 5 epochs."""
    case = RUNS["digit_classifier"]
    sample = next(s for s in case.samples if s.name == "digits-float64")
    run = exact(case, drawn(case, sample), **sample.options)
    assert sample.options["epochs"] == 5
    assert run["_test_accuracy"][-1] >= 0.97
    assert run["loss"][-1] < 0.5 < run["loss"][0]


@pytest.mark.parametrize("name", ["digits", "digits-float64", "uneven-batches"])
def test_no_relu_of_the_classifier_is_decided_by_rounding(name: str) -> None:
    """Then its noise floor would be as large as what a relu moves, and would hide all else."""
    case = RUNS["digit_classifier"]
    sample = next(s for s in case.samples if s.name == name)
    (dtype,) = sample.dtypes
    inputs = rounded(tuple(drawn(case, sample).values()), dtype)
    expected = noise.expected_value(case, sample, inputs, dtype, np.random.default_rng(7))
    u = FORMATS[dtype].unit_roundoff
    for weight in ("kernel_1", "bias_1", "kernel_2", "bias_2"):
        floors, values = (np.linalg.norm(a[weight].reshape(len(a[weight]), -1), axis=1)
                          for a in (expected.floor, expected.value))  # fmt: skip
        assert np.all(floors < 1000 * u * values), weight


SMALL = [(n, s) for n, c in RUNS.items() for s in c.samples if not s.name.startswith("digits")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "sample"), SMALL, ids=_named)
def test_a_correct_run_scores_low_and_a_wrong_one_high(name: str, sample: Sample, dtype: str) -> None:
    scores_tell_right_from_wrong(RUNS[name], sample, dtype)


@pytest.mark.parametrize("factor", [1 + 1e-5, 0.999])
def test_a_wrong_rate_is_seen(factor: float) -> None:
    """What a tolerance on the final loss would never show: every step 0.001% too long."""
    case = RUNS["softmax_regression"]
    sample = case.samples[0]
    inputs = rounded(tuple(drawn(case, sample).values()), "float32")
    expected = noise.expected_value(case, sample, inputs, "float32", np.random.default_rng(7))
    options = {**sample.options, "learning_rate": sample.options["learning_rate"] * factor}
    run = exact(case, dict(zip(case.arguments, inputs, strict=True)), **options)
    actual = {k: v.astype(np.float32) for k, v in run.items()}
    assert scored(actual, expected, "float32", per_element=False).score > case.computation.limits["value"]


def test_training_module_is_covered() -> None:
    assert {c.reference for c in CASES} == {getattr(training, n) for n in (*DATA, "linear_regression_closed_form")}
