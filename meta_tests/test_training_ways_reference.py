"""The reference of the classifier that is trained in every way, against differences and the classic runs."""

import numpy as np
import pytest

from conformance import noise
from conformance.case import Case
from conformance.catalogue.training_ways import CASES, KERAS_WAYS, TORCH_WAYS, identical_or_not
from conformance.formats import rounded
from conformance.reference import training
from conformance.score import scored
from meta_tests.training import drawn, exact, gradients_agree_with_differences, scores_tell_right_from_wrong

RUNS = {case.name: case for case in CASES}
WAYS = RUNS["ways_of_training"]
BIT_FOR_BIT = [case for case in CASES if case is not WAYS]
DATA = ("x", "labels")


def test_gradients_agree_with_differences() -> None:
    gradients_agree_with_differences(WAYS, WAYS.samples[0], DATA, epochs=1, batch=10**6)


def test_without_a_hidden_layer_that_learns_it_is_softmax_regression() -> None:
    """Of what the hidden layer returns; without momentum, in one batch."""
    sample = WAYS.samples[0]
    arrays = drawn(WAYS, sample)
    hidden = np.tanh(arrays["x"] @ arrays["kernel_1"] + arrays["bias_1"])
    options = {"batch": 10**6, "epochs": 1, "every": 1, "learning_rate": 0.25, "momentum": 0.0}
    run = exact(WAYS, arrays, **options)
    wanted = training.softmax_regression(
        hidden, arrays["labels"], arrays["kernel_2"], arrays["bias_2"], nudge=lambda a: a, learning_rate=0.25, steps=1
    )
    assert np.max(np.abs(run["loss"] - wanted["loss"])) < 1e-14
    for ours, theirs in (("kernel_2", "kernel"), ("bias_2", "bias")):
        assert np.max(np.abs(run[ours] - wanted[theirs])) < 1e-14


def test_each_step_is_the_velocity_times_the_rate() -> None:
    sample = WAYS.samples[0]
    arrays = drawn(WAYS, sample)
    run = exact(WAYS, arrays, **{**sample.options, "every": 1})
    assert len(run["loss"]) == 200  # 99 batches of 4 and one of 1, twice
    for weight in ("kernel_1", "bias_1", "kernel_2", "bias_2"):
        steps = -np.diff(run[weight], axis=0, prepend=arrays[weight][None]) / sample.options["learning_rate"]
        before = np.concatenate([np.zeros_like(steps[:1]), steps[:-1]])
        velocity = sample.options["momentum"] * before + run[f"gradient_{weight}"]
        assert np.max(np.abs(steps - velocity)) < 1e-12


def test_labels_that_are_missing_are_refused() -> None:
    sample = next(s for s in WAYS.samples if s.name == "bad-sizes")
    with pytest.raises(ValueError, match="10 labels for 12 rows"):
        exact(WAYS, drawn(WAYS, sample), **sample.options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_correct_run_scores_low_and_a_wrong_one_high(dtype: str) -> None:
    scores_tell_right_from_wrong(WAYS, WAYS.samples[0], dtype)


def test_the_long_run_is_predictable_in_float32() -> None:
    sample = WAYS.samples[0]
    inputs = rounded(tuple(drawn(WAYS, sample).values()), "float32")
    expected = noise.expected_value(WAYS, sample, inputs, "float32", np.random.default_rng(7))
    for weight in ("kernel_1", "bias_1", "kernel_2", "bias_2"):
        assert np.linalg.norm(expected.floor[weight][-1]) < 1e-3 * np.linalg.norm(expected.value[weight][-1])


@pytest.mark.parametrize("case", BIT_FOR_BIT, ids=lambda c: c.name)
def test_a_way_may_be_as_far_from_the_first_as_rounding_moves_it(case: Case) -> None:
    """Bit for bit scores 0, the run in float32 little, and one with a rate that is 0.1% longer far too much."""
    sample = case.samples[0]
    assert set(exact(case, drawn(case, sample), **sample.options)) == set(
        TORCH_WAYS if case.name.startswith("torch") else KERAS_WAYS
    )
    inputs = rounded(tuple(drawn(case, sample).values()), "float32")
    expected = noise.expected_value(case, sample, inputs, "float32", np.random.default_rng(7))
    arrays = dict(zip(WAYS.arguments, inputs, strict=True))
    narrow = rows(exact(WAYS, arrays, **sample.options))
    wide = rows(exact(WAYS, {k: v.astype(float) if v.dtype.kind == "f" else v for k, v in arrays.items()},
                      **sample.options))  # fmt: skip
    longer = {**sample.options, "learning_rate": sample.options["learning_rate"] * 1.001}
    wrong = rows(exact(WAYS, arrays, **longer))
    limit = case.computation.limits["value"]
    for way, low, high in ((narrow, 0, 0), (wide, 1e-3, limit / 2), (wrong, limit, np.inf)):
        actual = dict.fromkeys(expected.value, (way - narrow).astype(np.float32))
        assert low <= scored(actual, expected, "float32", per_element=False).score <= high


def rows(outputs: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([a.reshape(len(a), -1) for a in outputs.values()], axis=1)


def test_the_picture_says_which_ways_are_the_same() -> None:
    figure = identical_or_not("the first")
    assert figure("NumPy reference", {}, (), {}) == []
    outputs = {"one": np.zeros((3, 2)), "other": np.eye(3)[:, :2]}
    (shown,) = figure("torch", outputs, (), {})
    assert [s["name"] for s in shown["series"]] == ["torch, one: bit for bit", "torch, other: not bit for bit"]
