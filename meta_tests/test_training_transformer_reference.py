"""The reference of the transformer language model, against differences, a forward pass in loops, and AdamW replayed."""

import math

import numpy as np
import pytest
import scipy.special

from conformance import noise
from conformance.case import Sample
from conformance.catalogue.training_transformer import CASES, by_layer, by_name, layer_names, letters_of_text
from conformance.formats import rounded
from meta_tests.training import drawn, exact, gradients_agree_with_differences, scores_tell_right_from_wrong

Array = np.ndarray
CASE = CASES[0]
SAMPLES = {sample.name: sample for sample in CASE.samples}
SHORT = [sample for sample in CASE.samples if sample.options["eager"]]
DATA = ("tokens", "starts")
HEAD = ("head_kernel", "head_bias")


@pytest.mark.parametrize("sample", [s for s in SHORT if not s.name.startswith("library")], ids=lambda s: s.name)
def test_gradients_agree_with_differences(sample: Sample) -> None:
    data = (*DATA, *HEAD) if sample.options["tied"] else DATA
    gradients_agree_with_differences(CASE, sample, data, limit=1e30)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sample", SHORT, ids=lambda s: s.name)
def test_a_correct_run_scores_low_and_a_wrong_one_high(sample: Sample, dtype: str) -> None:
    scores_tell_right_from_wrong(CASE, sample, dtype)


def loss_of_one_sequence(w: dict[str, Array], ids: Array, following: Array, epsilon: float) -> float:
    """By the book, one position and one head at a time, for one block."""

    def norm(row: Array, name: str) -> Array:
        return (row - row.mean()) / np.sqrt(row.var() + epsilon) * w[f"{name}_gamma"] + w[f"{name}_beta"]

    def gelu(z: Array) -> Array:
        return z * scipy.special.ndtr(z)

    w = {name: a[0] if name in layer_names(1)[2:18] else a for name, a in w.items()}
    rows = [w["token_table"][token] + w["position_table"][t] for t, token in enumerate(ids)]
    normed, total = [norm(row, "norm_1") for row in rows], 0.0
    for t, token in enumerate(following):
        row = rows[t] + w["output_bias"]
        for head in range(w["query_kernel"].shape[1]):
            query, *keys_and_values = (
                [y @ w[f"{of}_kernel"][:, head] + w[f"{of}_bias"][head] for y in normed[: t + 1]]
                for of in ("query", "key", "value")
            )
            keys, values = keys_and_values
            p = scipy.special.softmax([query[t] @ key / math.sqrt(len(key)) for key in keys])
            row = row + sum(share * value for share, value in zip(p, values, strict=True)) @ w["output_kernel"][head]
        hidden = gelu(norm(row, "norm_2") @ w["dense_1_kernel"] + w["dense_1_bias"])
        row = row + hidden @ w["dense_2_kernel"] + w["dense_2_bias"]
        logits = norm(row, "norm") @ w["head_kernel"] + w["head_bias"]
        total -= scipy.special.log_softmax(logits)[token]
    return total / len(ids)


def test_the_first_loss_is_that_of_the_model_in_loops() -> None:
    sample = SAMPLES["library-defaults"]
    arrays = drawn(CASE, sample)
    run, context = exact(CASE, arrays, **sample.options), len(arrays["position_table"])
    windows = [arrays["tokens"][place : place + context + 1] for place in arrays["starts"][0]]
    expected = np.mean([loss_of_one_sequence(arrays, w[:-1], w[1:], 1e-5) for w in windows])
    assert abs(run["loss"][0] - expected) < 1e-13


@pytest.mark.parametrize("name", ["tied", "one-letter"])
def test_the_weights_are_those_of_adamw_with_warm_up(name: str) -> None:
    """Loshchilov and Hutter 2019, Algorithm 2, for the recorded gradients."""
    sample = SAMPLES[name]
    arrays, o = drawn(CASE, sample), sample.options
    run = exact(CASE, arrays, **o)
    for weight in (n for n in arrays if n in run):
        w, m, v = arrays[weight], np.zeros_like(arrays[weight]), np.zeros_like(arrays[weight])
        decays = o["decay_all"] or weight.endswith(("table", "kernel"))
        for t, g in enumerate(run[f"gradient_{weight}"], 1):
            rate = o["learning_rate"] * min(t, o["warm_up"]) / o["warm_up"]
            m, v = o["beta_1"] * m + (1 - o["beta_1"]) * g, o["beta_2"] * v + (1 - o["beta_2"]) * g**2
            step = m / (1 - o["beta_1"] ** t) / (np.sqrt(v / (1 - o["beta_2"] ** t)) + o["epsilon"])
            w = w - rate * step - rate * o["weight_decay"] * decays * w
            assert np.max(np.abs(run[weight][t - 1] - w)) < 1e-14, (weight, t)


def test_gradients_are_clipped_all_by_one_factor() -> None:
    sample = SAMPLES["tied"]
    arrays = drawn(CASE, sample)
    clipped, whole = (exact(CASE, arrays, **{**sample.options, "limit": limit}) for limit in (0.5, 1e30))
    assert clipped["norm"][0] == whole["norm"][0] > 0.5
    squares = [np.sum(a[0] ** 2) for name, a in clipped.items() if name.startswith("gradient_")]
    assert abs(math.sqrt(sum(squares)) - 0.5) < 1e-14
    ratio = clipped["gradient_token_table"][0] / whole["gradient_token_table"][0]
    assert np.nanmax(np.abs(ratio - 0.5 / whole["norm"][0])) < 1e-15


def test_the_text_is_learned() -> None:
    tokens, letters = letters_of_text()
    assert letters == len(set(tokens)) == tokens.max() + 1
    assert len(tokens) > 3500
    sample = SAMPLES["200-steps"]
    run = exact(CASE, drawn(CASE, sample), **sample.options)
    assert run["loss"][0] > math.log(letters)
    assert np.mean(run["loss"][-20:]) < 2.8
    assert np.sum(run["norm"] > 1) in range(20, 180)  # some steps are clipped, others not


def test_the_key_bias_has_no_gradient() -> None:
    sample = SAMPLES["tied"]
    arrays = drawn(CASE, sample)
    run = exact(CASE, arrays, **sample.options)
    assert not np.any(run["gradient_key_bias"])
    assert np.all(run["key_bias"] == arrays["key_bias"])
    inputs = rounded(tuple(arrays.values()), "float64")
    floor = noise.expected_value(CASE, sample, inputs, "float64", np.random.default_rng(7)).floor
    assert np.mean(floor["key_bias"][0]) > sample.options["learning_rate"] / 8
    assert max(np.max(floor[name]) for name in ("query_bias", "key_kernel", "token_table")) < 1e-13


def test_layers_and_names_are_inverse() -> None:
    weights = [np.arange(2.0 * i, 2.0 * i + 2) for i in range(22)]
    named = by_name(np, by_layer(weights), 2)
    assert list(named) == list(CASE.arguments[2:])
    assert all(np.array_equal(a, b) for a, b in zip(named.values(), weights, strict=True))
