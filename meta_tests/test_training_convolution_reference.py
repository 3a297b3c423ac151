"""The convolutional network's reference, against differences, SciPy and what is known of each part."""

from typing import Any

import numpy as np
import pytest
import scipy.signal
import scipy.special

from conformance import noise
from conformance.case import Sample
from conformance.catalogue.training_convolution import CASES
from conformance.formats import rounded
from conformance.reference import layers
from conformance.reference.training_convolution import Network
from meta_tests.training import drawn, exact, gradients_agree_with_differences, scores_tell_right_from_wrong

Array = np.ndarray
CASE = CASES[0]
SAMPLES = {s.name: s for s in CASE.samples}
ONE_STEP = {"batch": 10**6}


def few(first: int) -> Sample:
    """A sample of the first images of one."""
    sample = SAMPLES["one-image-in-the-last-batch"]

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        images, labels, test_images, test_labels, masks, *weights = sample.make(rng)
        return images[:first], labels[:first], test_images, test_labels, masks[:, :first], *weights

    return Sample("few", make, sample.options)


def exact_network(**options: Any) -> Network:
    def same(a: Array) -> Array:
        return a

    return Network(options["epsilon"], options["kept"], options["dropped"], True, same, same, same)


@pytest.mark.parametrize("unbiased", [False, True])
def test_gradients_agree_with_differences(unbiased: bool) -> None:
    data = ("images", "labels", "test_images", "test_labels", "masks")
    gradients_agree_with_differences(CASE, few(12), data, **ONE_STEP, unbiased=unbiased)


def test_the_layers_are_scipys() -> None:
    arrays = drawn(CASE, few(5))
    options = few(5).options
    now = {name: arrays[name] for name in ("kernel", "gamma", "beta", "dense_kernel", "bias")}
    network = exact_network(**options)
    found, _ = network.loss_and_gradients(now, arrays["images"], arrays["labels"], arrays["masks"][0])
    images = arrays["images"][..., 0]
    z = np.stack(
        [[scipy.signal.correlate2d(i, k, "same") for k in np.moveaxis(now["kernel"][..., 0, :], 2, 0)] for i in images]
    )
    mean, deviation = z.mean(axis=(0, 2, 3)), np.sqrt(z.var(axis=(0, 2, 3)) + options["epsilon"])
    y = (z - mean[:, None, None]) / deviation[:, None, None] * now["gamma"][:, None, None] + now["beta"][:, None, None]
    pooled = y.reshape(5, -1, 4, 2, 4, 2).max(axis=(3, 5))
    h = np.maximum(np.moveaxis(pooled, 1, 3).reshape(5, -1), 0) * arrays["masks"][0] / (1 - options["dropped"])
    logp = scipy.special.log_softmax(h @ now["dense_kernel"] + now["bias"], axis=1)
    assert abs(found + np.mean(logp[np.arange(5), arrays["labels"]])) < 1e-13
    kept = options["kept"]
    assert np.allclose(network.mean, (1 - kept) * mean, rtol=1e-13, atol=1e-15)
    variance = z.var(axis=(0, 2, 3), ddof=0) * (z.size / 3) / (z.size / 3 - 1)
    assert np.allclose(network.variance, kept + (1 - kept) * variance, rtol=1e-13)


def test_inference_normalizes_by_the_running_statistics_alone() -> None:
    """Images are judged one by one, whatever else is in the batch."""
    arrays = drawn(CASE, few(8))
    network = exact_network(**few(8).options)
    now = {name: arrays[name] for name in ("kernel", "gamma", "beta", "dense_kernel", "bias")}
    network.loss_and_gradients(now, arrays["images"], arrays["labels"], arrays["masks"][0])
    before = network.mean
    together = network.logits(now, arrays["images"])
    alone = np.concatenate([network.logits(now, arrays["images"][i : i + 1]) for i in range(8)])
    assert np.allclose(together, alone, rtol=1e-13, atol=1e-14)
    assert network.mean is before


def test_equal_numbers_in_a_window_have_equal_gradients() -> None:
    """Whether the first or the last maximum of a window receives the gradient: blank images are all ties."""
    sample = SAMPLES["nothing-to-see"]
    arrays = drawn(CASE, sample)
    run = exact(CASE, arrays, **sample.options)
    turned = {**arrays, "images": arrays["images"][:, ::-1, ::-1]}
    turned["kernel"] = arrays["kernel"][::-1, ::-1]
    shape = (*arrays["masks"].shape[:2], 4, 4, 3)
    turned["masks"] = arrays["masks"].reshape(shape)[:, :, ::-1, ::-1].reshape(arrays["masks"].shape)
    turned["dense_kernel"] = arrays["dense_kernel"].reshape(4, 4, 3, 10)[::-1, ::-1].reshape(48, 10)
    turned["test_images"] = arrays["test_images"][:, ::-1, ::-1]
    other = exact(CASE, turned, **sample.options)
    assert np.allclose(other["loss"], run["loss"], rtol=1e-12)
    assert np.allclose(other["kernel"][:, ::-1, ::-1], run["kernel"], rtol=1e-11, atol=1e-13)


def test_steps_are_nesterovs_at_the_rate_of_a_half_cosine() -> None:
    sample = few(40)
    arrays = drawn(CASE, sample)
    for of_moves in (False, True):
        run = exact(CASE, arrays, **{**sample.options, "rate_in_velocity": of_moves})
        steps, o = len(run["loss"]), sample.options
        assert steps == 3 * 3  # 16 + 16 + 8 images, three times
        rates = o["end"] + (o["learning_rate"] - o["end"]) * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2
        w, v = arrays["dense_kernel"], np.zeros_like(arrays["dense_kernel"])
        for t, (rate, g) in enumerate(zip(rates, run["gradient_dense_kernel"], strict=True)):
            if of_moves:
                v = o["momentum"] * v - rate * g
                w = w + o["momentum"] * v - rate * g
            else:
                v = o["momentum"] * v + g
                w = w - rate * (g + o["momentum"] * v)
            assert np.allclose(run["dense_kernel"][t], w, rtol=1e-12, atol=1e-15)


def test_the_network_learns_the_digits() -> None:
    sample = SAMPLES["digits"]
    run = exact(CASE, drawn(CASE, sample), **sample.options)
    assert len(run["loss"]) == 4 * 51
    assert run["_test_accuracy"][-1] > 0.7  # four channels, 607 images; chance is 0.1
    assert np.mean(run["loss"][-20:]) < np.mean(run["loss"][:20]) / 1.5


@pytest.mark.parametrize("sample", CASE.samples, ids=lambda s: s.name)
def test_no_decision_hangs_on_the_rounding_of_float32(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """No maximum of a window is within 500 unit roundoffs of another number that is not its equal, and of no relu."""
    real, nearest = layers.max_pool2d_vjp, []

    def observed(c: Array, y: Array, **options: Any) -> Array:
        n, rows, columns, channels = y.shape
        cells = y.reshape(n, rows // 2, 2, columns // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4)
        top = np.max(cells, axis=1, keepdims=True)
        gaps = (top - cells)[(top > 0) & (top - cells > 1e-13)]
        nearest.append(min(float(np.min(gaps)), float(np.min(np.abs(top)))))
        return real(c, y, **options)

    monkeypatch.setattr(layers, "max_pool2d_vjp", observed)
    exact(CASE, drawn(CASE, sample), **sample.options)
    assert min(nearest) > 500 * 2.0**-24


def test_floors_of_float32_stay_below_a_thousandth_of_the_weights() -> None:
    sample = SAMPLES["digits"]
    inputs = rounded(tuple(drawn(CASE, sample).values()), "float32")
    expected = noise.expected_value(CASE, sample, inputs, "float32", np.random.default_rng(7))
    for weight in ("kernel", "dense_kernel"):
        floor, value = expected.floor[weight][-1], expected.value[weight][-1]
        assert np.linalg.norm(floor) < 1e-3 * np.linalg.norm(value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["rules-of-keras", "one-image-in-the-last-batch"])
def test_a_correct_run_scores_low_and_a_wrong_one_high(name: str, dtype: str) -> None:
    scores_tell_right_from_wrong(CASE, SAMPLES[name], dtype)
