"""The adapters: arrays in and out, gradients in every mode, seeds, and what they say of themselves."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.case import Route, source_of
from conformance.formats import NUMPY_DTYPES
from conformance.frameworks import MODES_OF, Framework, Unusable, chosen, load, refusal, unsupported

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

MODES = [(f, mode) for f in chosen() for mode in MODES_OF[f] if mode != "inductor"]
INDUCTOR = pytest.param(
    "torch", "inductor",
    marks=pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="inductor needs a compiler"),
)  # fmt: skip
X = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
W = np.array([[1.0, -2.0], [0.5, 0.75], [-1.5, 0.125]])
C = np.array([[1.0, -1.0], [0.5, 2.0]])


@pytest.fixture(params=chosen())
def framework(request: pytest.FixtureRequest) -> Framework:
    return load(request.param)


def product(x: Any, w: Any) -> Any:
    return (x @ w) * (x @ w)


def bound(framework: Framework) -> Any:
    route = Route(framework.name, lambda module, x, w: product(x, w), lambda: ("product", ""))
    return framework.bind(route, {}, (X, W))


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
def test_arrays_come_back_as_they_went_in(framework: Framework, dtype: str) -> None:
    values = np.array([0.0, -0.0, 1.5, -2.25, np.inf, -np.inf, np.nan, 1e-3, 300.0]).astype(NUMPY_DTYPES[dtype])
    back = framework.value(lambda x: x, [values])
    assert back.dtype == values.dtype
    assert back.tobytes() == values.tobytes()


@pytest.mark.parametrize("array", [np.array([1, -2, 3]), np.array([True, False]), np.zeros((0, 3)), np.array(2.5)])
def test_other_arrays_come_back_too(framework: Framework, array: np.ndarray) -> None:
    back = framework.value(lambda x: x, [array])
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert np.array_equal(back, array)


def test_strided_and_read_only_arrays_are_taken(framework: Framework) -> None:
    reversed_rows = X[::-1]
    fixed = X.copy()
    fixed.flags.writeable = False
    assert np.array_equal(framework.value(lambda x: x * 2, [reversed_rows]), 2 * reversed_rows)
    assert np.array_equal(framework.value(lambda x: x * 2, [fixed]), 2 * fixed)


def test_torch_shares_memory_where_it_can() -> None:
    torch: Any = load("torch")
    array = X.copy()
    assert torch.tensor(array).data_ptr() == array.__array_interface__["data"][0]


def error(actual: np.ndarray | None, expected: Any) -> float:
    """The largest difference, relative to the largest number."""
    assert actual is not None
    return float(np.max(np.abs(actual - expected)) / np.max(np.abs(expected)))


@pytest.mark.parametrize(("name", "mode"), [*MODES, INDUCTOR])
def test_values_and_gradients_in_every_mode(name: str, mode: str) -> None:
    framework = load(name)
    value, gradients = framework.vjp(bound(framework), (X, W), [C], mode=mode)
    y = X @ W
    assert error(value, y * y) < 1e-15
    assert error(gradients[0], (2 * C * y) @ W.T) < 1e-15
    assert error(gradients[1], X.T @ (2 * C * y)) < 1e-15
    assert error(framework.value(bound(framework), (X, W), mode=mode), y * y) < 1e-15


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_held_and_unused_inputs_have_no_gradient(name: str, mode: str) -> None:
    framework = load(name)
    held = framework.vjp(bound(framework), (X, W), [C], mode=mode, held=(0,))[1]
    assert len(held) == 1
    assert error(held[0], X.T @ (2 * C * (X @ W))) < 1e-15
    unused = framework.vjp(lambda x, w: x * 2, (X, W), [np.ones_like(X)], mode=mode)[1]
    assert error(unused[0], 2 * np.ones_like(X)) == 0
    if name == "jax":  # which has no sign for it
        assert np.array_equal(unused[1], np.zeros_like(W))
    else:
        assert unused[1] is None


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_several_at_once_are_as_one_by_one(name: str, mode: str) -> None:
    framework = load(name)
    calls = [(bound(framework), (X, W), [C]), (lambda x: x * x, (X,), [X]), (bound(framework), (2 * X, W), [C])]
    together = framework.vjps(calls, mode=mode)
    for (f, inputs, cotangents), (value, gradients) in zip(calls, together, strict=True):
        alone = framework.vjp(f, inputs, cotangents, mode=mode)
        assert np.array_equal(value, alone[0])
        assert all(np.array_equal(a, b) for a, b in zip(gradients, alone[1], strict=True))


def test_the_jvp_is_the_vjp_from_the_other_side(framework: Framework) -> None:
    rng = np.random.default_rng(0)
    tangents = [rng.standard_normal(a.shape) for a in (X, W)]
    (pushed,) = framework.jvp(bound(framework), (X, W), tangents)
    pulled = framework.vjp(bound(framework), (X, W), [C])[1]
    contracted = sum(np.sum(t * g) for t, g in zip(tangents, pulled, strict=True) if g is not None)
    assert error(np.sum(C * pushed), contracted) < 1e-14


def test_the_hessian_is_symmetric_and_the_same_by_both_orders(framework: Framework) -> None:
    rng = np.random.default_rng(0)
    us, vs = ([rng.standard_normal(a.shape) for a in (X, W)] for _ in range(2))
    products = [
        framework.hvp(bound(framework), (X, W), [C], t, forward=forward) for t in (us, vs) for forward in (False, True)
    ]
    for reverse, forward in (products[:2], products[2:]):
        for a, b in zip(reverse, forward, strict=True):
            assert error(a, b) < 1e-14
    left, right = (
        sum(np.sum(a * b) for a, b in zip(p, t, strict=True) if a is not None)
        for p, t in ((products[0], vs), (products[2], us))
    )
    assert abs(left - right) < 1e-13 * abs(left)


def test_a_seed_repeats_what_is_drawn(framework: Framework) -> None:
    draw = {
        "torch": lambda torch, x: torch.rand_like(x),
        "tensorflow": lambda tf, x: tf.random.uniform(x.shape),
        "jax": lambda jax, x, *, key: jax.random.uniform(key, x.shape),
    }
    route = Route(framework.name, draw[framework.name], lambda: ("draw", ""))
    drawn = []
    for seed in (1, 1, 2):
        framework.seed(seed)
        drawn.append(framework.value(framework.bind(route, {}, (X,)), [X]))
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_version_and_build_are_plain_facts(framework: Framework) -> None:
    assert framework.version()[0].isdigit()
    assert json.loads(json.dumps(framework.build())) == framework.build()
    assert framework.devices()[0] == "cpu"


def test_threads_are_those_that_conftest_pins() -> None:
    assert load("torch").build()["threads"] == int(os.environ["OMP_NUM_THREADS"])
    wanted = (os.environ[f"TF_NUM_{kind}OP_THREADS"] for kind in ("INTRA", "INTER"))
    assert load("tensorflow").build()["threads"] == "{} intra, {} inter".format(*wanted)


def test_deterministic_mode_can_be_turned_on() -> None:
    """It cannot be turned off again in TensorFlow: a process of its own."""
    code = """
import numpy as np
from conformance.frameworks import chosen, load
for framework in map(load, chosen()):
    framework.deterministic()
    framework.seed(0)
    assert np.array_equal(framework.value(lambda x: x @ x, [np.eye(3)]), np.eye(3))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=100)


def test_an_unknown_version_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, refused in (("2.3.9", True), ("2.4.0", False), ("3.0", False), ("nightly", False), (None, False)):
        monkeypatch.setattr("conformance.frameworks.installed", lambda name, v=version: v)
        assert bool(unsupported("torch")) == refused


def test_a_framework_that_miscounts_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(load("torch")), "value", lambda *a, **k: np.array([3.0]))
    load.cache_clear()
    with pytest.raises(Unusable, match="cannot be used"):
        load("torch")


def test_the_source_of_a_lambda_is_its_own() -> None:
    pair = (lambda x: x + 1, lambda x: x + (lambda y: y * 2)(x))
    assert [source_of(f) for f in pair] == ["lambda x: x + 1", "lambda x: x + (lambda y: y * 2)(x)"]
    inner = (lambda: lambda z: z - 3)()
    assert source_of(inner) == "lambda z: z - 3"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda torch, tf: torch.nn.Dropout(3.0), "ValueError when it is made"),
        (lambda torch, tf: torch.nn.Linear(3, 4)(torch.zeros(2, 2)), "RuntimeError when it is called"),
        (lambda torch, tf: tf.keras.layers.Dropout(3.0), "ValueError when it is made"),
        (lambda torch, tf: tf.keras.layers.Conv2D(3, 3)(tf.zeros([2, 2])), "ValueError when it is called"),
    ],
)
def test_a_refusal_says_when_it_came(ask: Callable[[Any, Any], Any], said: str) -> None:
    with pytest.raises((ValueError, RuntimeError)) as caught:
        ask(load("torch").module, load("tensorflow").module)
    assert refusal(caught.value) == said
