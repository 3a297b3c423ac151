"""The references of sequence classifiers: against differences, masked layers, Adam weight by weight, shorter data."""

from typing import Any

import numpy as np
import pytest

from conformance.case import Case, Sample
from conformance.catalogue.training_sequences import CASES, no_word_twice
from conformance.reference import optimizers, recurrent
from conformance.reference import training_sequences as ref
from meta_tests.training import drawn, exact, gradients_agree_with_differences, scores_tell_right_from_wrong

Array = np.ndarray
RUNS = {case.name: case for case in CASES}
SHORT = [(case, s) for case in CASES for s in case.samples if "run_eagerly" in s.options]
WEIGHTS = ("table", "kernel", "recurrent_kernel", "bias", "dense_kernel", "dense_bias")
NEVER = 2.0**40
"""A norm beyond all gradients' norms."""


def named(value: Any) -> str:
    return str(value.name)


def sample_of(case: Case, name: str) -> Sample:
    return next(s for s in case.samples if s.name == name)


def unrounded(a: Array) -> Array:
    return a


@pytest.mark.parametrize(("case", "sample"), SHORT, ids=named)
def test_gradients_agree_with_differences(case: Case, sample: Sample) -> None:
    one_step = {"epochs": 1, "batch": 10**6, "limit": NEVER, **({"biases": 1} if "biases" in sample.options else {})}
    gradients_agree_with_differences(case, sample, ("tokens", "labels"), **one_step)


def rising(t: int, options: Any) -> float:
    """From a ``warmup``-th of the rate to all of it in as many steps."""
    peak, steps = options["learning_rate"], options["warmup"]
    return float(np.interp(t, [0, steps], [peak / steps, peak]))


@pytest.mark.parametrize(("layer", "gates", "biases"), [("lstm", 4, 1), ("gru", 3, 2)])
def test_the_layers_are_the_masked_layers(layer: str, gates: int, biases: int) -> None:
    rng = np.random.default_rng(1)
    x, u = rng.standard_normal((6, 5, 3)), 4
    mask = rng.random((6, 5)) < 0.6
    mask[0], mask[1] = False, True
    shapes = (3, gates * u), (u, gates * u), (2, gates * u) if biases == 2 else (gates * u,)
    weights, cotangent = [rng.standard_normal(s) for s in shapes], rng.standard_normal((6, u))
    last, last_vjp = recurrent.last(layer)
    h, back = getattr(ref, layer)(x, mask, *weights, unrounded)
    assert np.max(np.abs(h - last(x, *weights, mask=mask))) < 1e-15
    for found, expected in zip(back(cotangent), last_vjp(cotangent, x, *weights, mask=mask), strict=True):
        assert np.max(np.abs(found - expected)) < 1e-14


@pytest.mark.parametrize(("case", "sample"), SHORT, ids=named)
def test_each_weight_takes_the_steps_of_adamw(case: Case, sample: Sample) -> None:
    """And of two biases the first starts where one does, the second at zero."""
    arrays, options = drawn(case, sample), sample.options
    run = exact(case, arrays, **options)
    rule = {k: options[k] for k in ("beta_1", "beta_2", "epsilon", "weight_decay")}
    adamw = optimizers.decoupled(optimizers.adam)
    for name in WEIGHTS:
        initial, rows = arrays[name], run[f"gradient_{name}"]
        parts = options.get("biases", 1) if name == "bias" else 1
        weights, states = [initial, *[0 * initial] * (parts - 1)], [dict[str, Any]() for _ in range(parts)]
        for t, g in enumerate(rows, 1):
            rate = rising(t - 1, options)
            steps = zip(weights, states, strict=True)
            weights = [adamw(w, g / parts, s, t, unrounded, learning_rate=rate, **rule) for w, s in steps]
            assert np.max(np.abs(run[name][t - 1] - sum(weights))) < 1e-15


def test_the_rate_rises_to_the_end_of_the_warm_up() -> None:
    """Row 0 of the table has no gradient: it decays by the rate alone."""
    case = RUNS["lstm_classifier"]
    sample = case.samples[0]
    arrays, options = drawn(case, sample), sample.options
    run = exact(case, arrays, **{**options, "every": 1})
    assert np.all(run["gradient_table"][:, 0] == 0)
    rows = np.concatenate([arrays["table"][None], run["table"]])[:, 0, 0]
    rates = (1 - rows[1:] / rows[:-1]) / options["weight_decay"]
    expected = np.array([rising(t, options) for t in range(len(rates))])
    assert np.max(np.abs(rates / expected - 1)) < 1e-8


@pytest.mark.parametrize("norm_plus", [0.0, 1e-6, 0.125])
@pytest.mark.parametrize("biases", [1, 2])
def test_gradients_are_clipped_by_the_norm_of_all(norm_plus: float, biases: int) -> None:
    case = RUNS["lstm_classifier"]
    arrays = drawn(case, sample_of(case, "both-biases-trained"))
    options = {**sample_of(case, "both-biases-trained").options, "biases": biases, "epochs": 1, "batch": 10**6}
    free = exact(case, arrays, **{**options, "limit": NEVER})
    gradients = [free[f"gradient_{name}"][0].ravel() for name in WEIGHTS]
    if biases == 2:  # what is returned is the sum of both
        gradients = [*(g / 2 if name == "bias" else g for name, g in zip(WEIGHTS, gradients, strict=True))]
        gradients.append(gradients[WEIGHTS.index("bias")])
    norm = np.linalg.norm(np.concatenate(gradients))
    for limit in (norm / 3, norm * 3):
        clipped = exact(case, arrays, **{**options, "limit": limit, "norm_plus": norm_plus})
        factor = min(limit / (norm + norm_plus), 1)
        for name in WEIGHTS:
            assert np.max(np.abs(clipped[f"gradient_{name}"] - factor * free[f"gradient_{name}"])) < 1e-15


@pytest.mark.parametrize("name", ["lengths-1-to-4", "zeros-in-front", "no-word"])
def test_zeros_are_not_there(name: str) -> None:
    """Wherever they stand: the run is that of the sequences without them, one at a time."""
    case = RUNS["gru_classifier_with_gaps"]
    sample = sample_of(case, name)
    arrays = drawn(case, sample)
    run = exact(case, arrays, **{**sample.options, "batch": 10**6, "limit": NEVER})
    total: dict[str, Any] = dict.fromkeys(("loss", *(f"gradient_{w}" for w in WEIGHTS)), 0.0)
    for tokens, label in zip(arrays["tokens"], arrays["labels"], strict=True):
        words = tokens[tokens > 0]
        alone = {**arrays, "tokens": words[None] if len(words) else tokens[None], "labels": label[None]}
        step = exact(case, alone, **{**sample.options, "limit": NEVER})
        for key in total:
            total[key] = total[key] + step[key][0] / len(arrays["labels"])
        if not len(words):
            assert not np.any(step["gradient_kernel"])
            assert not np.any(step["gradient_table"])
    for key, value in total.items():
        assert np.max(np.abs(run[key][0] - value)) < 1e-15, key


def test_two_biases_move_their_sum_twice_as_fast() -> None:
    """Where Adam's step is that of the sign, decay aside."""
    case = RUNS["lstm_classifier"]
    sample = sample_of(case, "both-biases-trained")
    arrays, options = drawn(case, sample), {**sample.options, "weight_decay": 0.0}
    one, two = (exact(case, arrays, **{**options, "biases": n})["bias"][0] - arrays["bias"] for n in (1, 2))
    assert np.max(np.abs(two - 2 * one)) < 1e-15


def test_gates_act_before_or_after_the_product() -> None:
    """With a recurrent kernel whose part for the candidate is diagonal, both are the same."""
    case = RUNS["gru_classifier_with_gaps"]
    sample = sample_of(case, "reset-before")
    arrays = drawn(case, sample)
    u = len(arrays["recurrent_kernel"])
    arrays["recurrent_kernel"][:, 2 * u :] = np.diag([0.5, -0.25, 1.0, 0.75][:u])
    before = exact(case, arrays, **sample.options)
    zero = np.zeros_like(arrays["bias"])
    after = exact(case, {**arrays, "bias": np.stack([arrays["bias"], zero])}, **{**sample.options, "reset_after": True})
    assert abs(before["loss"][0] - after["loss"][0]) < 1e-15
    assert exact(case, drawn(case, sample), **sample.options)["loss"][0] != before["loss"][0]


def test_data_are_what_the_samples_say() -> None:
    for case in CASES:
        for sample in case.samples:
            tokens = drawn(case, sample)["tokens"]
            lengths = np.sum(tokens > 0, axis=1)
            assert tokens.min() >= 0
            assert np.any(lengths == 1) or sample.name == "sparse-gradients-no-word-twice"
            assert np.any(lengths == 0) == (sample.name == "no-word")
    tokens = no_word_twice(drawn(RUNS["lstm_classifier"], RUNS["lstm_classifier"].samples[0])["tokens"])
    for batch in np.split(tokens[:400], 200):
        words = batch[batch > 0]
        assert len(words) == len(np.unique(words))


@pytest.mark.parametrize("name", ["lstm_classifier", "gru_classifier"])
def test_the_language_is_learned(name: str) -> None:
    case = RUNS[name]
    loss = exact(case, drawn(case, case.samples[0]), **case.samples[0].options)["loss"]
    assert len(loss) == 202
    assert np.mean(loss[-50:]) < np.mean(loss[:20]) - 0.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("case", "sample"), SHORT, ids=named)
def test_a_correct_run_scores_low_and_a_wrong_one_high(case: Case, sample: Sample, dtype: str) -> None:
    scores_tell_right_from_wrong(case, sample, dtype)


def test_training_sequences_module_is_covered() -> None:
    assert {c.reference for c in CASES} == {ref.lstm_classifier, ref.gru_classifier}
