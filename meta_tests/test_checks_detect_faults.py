"""Every kind of check, shown to detect a fault that is injected into a framework, and to be silent without it.

Faults run here, and again in a clean process in front of the reproduction script of the failure that they cause.
"""

import fnmatch
import subprocess
import sys
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from conformance import divergence, plan
from conformance.case import Case
from conformance.catalogue import catalogue
from conformance.check import observe
from conformance.divergence import Divergence
from conformance.frameworks import MODES, installed
from conformance.plan import SIGNED_ZEROS, Options, Test
from conformance.workbench import Workbench
from fixtures.samples import normal
from meta_tests.faults import Fault, detected, inject, observed
from reports.record import Observation

torch = pytest.importorskip("torch")
tf = pytest.importorskip("tensorflow")


def scaled(target: str, by: str = "1 + 1e-5") -> str:
    return f"original = {target}\n{target} = lambda *a, **k: original(*a, **k) * ({by})\n"


def torch_gradient(target: str, by: float) -> str:
    """The value stays as it is, its gradient is multiplied."""
    return f"""
        class Faulty(torch.autograd.Function):
            forward = staticmethod(lambda context, y: y.clone())
            backward = staticmethod(lambda context, g: g * {by})

        original = {target}
        {target} = lambda *a, **k: Faulty.apply(original(*a, **k))
    """


def tf_gradient(target: str, by: float) -> str:
    return f"""
        faulty = tf.custom_gradient(lambda y: (tf.identity(y), lambda g: g * {by}))
        original = {target}
        {target} = lambda *a, **k: faulty(original(*a, **k))
    """


def result(target: str, change: str) -> str:
    """``change`` is an expression of the result ``y``."""
    return f"original = {target}\n{target} = lambda *a, **k: (lambda y: {change})(original(*a, **k))\n"


def torch_derivative(target: str, forward: str, backward: str) -> str:
    """The value stays as it is; its derivative by forward mode and by reverse mode is multiplied."""
    return f"""
        class Faulty(torch.autograd.Function):
            generate_vmap_rule = True
            forward = staticmethod(lambda y: y.clone())
            setup_context = staticmethod(lambda context, inputs, output: None)
            backward = staticmethod(lambda context, g: g * ({backward}))
            jvp = staticmethod(lambda context, t: t * ({forward}))

        original = {target}
        {target} = lambda *a, **k: Faulty.apply(original(*a, **k))
    """


def torch_exp(forward: str, backward: str) -> str:
    """Value and first derivative stay as they are; the second one is multiplied, by forward or by reverse mode."""
    return f"""
        class Slope(torch.autograd.Function):
            generate_vmap_rule = True
            forward = staticmethod(lambda y: y.clone())
            setup_context = staticmethod(lambda context, inputs, output: None)
            backward = staticmethod(lambda context, g: g * {backward})
            jvp = staticmethod(lambda context, t: t * {forward})

        class Exp(torch.autograd.Function):
            generate_vmap_rule = True
            forward = staticmethod(lambda x: original(x))
            @staticmethod
            def setup_context(context, inputs, output):
                context.save_for_backward(*inputs)
                context.save_for_forward(*inputs)
            backward = staticmethod(lambda context, g: g * Slope.apply(original(context.saved_tensors[0])))
            jvp = staticmethod(lambda context, t: t * original(context.saved_tensors[0]))

        original = torch.exp
        torch.exp = Exp.apply
    """


TF_EXP_SECOND = """
    slope = tf.custom_gradient(lambda y: (tf.identity(y), lambda g: g * 1.00001))
    original = tf.exp
    tf.exp = tf.custom_gradient(lambda x: (original(x), lambda g: g * slope(original(x))))
"""
EVERY_OTHER_TIME = """
    original, count = torch.exp, [0]
    def exp(x):
        count[0] += 1
        return original(x) * (1 + 2**-22 * (count[0] % 2))
    torch.exp = exp
"""
FORWARD = "tf.autodiff.ForwardAccumulator.jvp"
TORCH_GELU, TF_GELU = "torch.nn.functional.gelu", "tf.nn.gelu"
EMBEDDING, KERAS_DENSE = "torch.nn.functional.embedding", "tf.keras.layers.Dense.call"
ATTENTION = "torch.nn.functional.scaled_dot_product_attention"
DROPOUT, TF_DROPOUT = "torch.nn.functional.dropout", "tf.nn.dropout"
FAULTS = [
    Fault("value, 1e-5", "gelu-torch-eager-value", TORCH_GELU, scaled(TORCH_GELU)),
    Fault("value, 1e-13", "exp-torch-eager-value", "torch.exp", scaled("torch.exp", "1 + 1e-13"), "float64"),
    Fault("value, half precision", "exp-torch-eager-value", "torch.exp", scaled("torch.exp", "1.1"), "bfloat16"),
    Fault("value, 1e-5", "gelu-tensorflow-eager-value", TF_GELU, scaled(TF_GELU)),
    Fault("value, 1e-13", "exp-tensorflow-eager-value", "tf.exp", scaled("tf.exp", "1 + 1e-13"), "float64"),
    Fault("value, half precision", "exp-tensorflow-eager-value", "tf.exp", scaled("tf.exp", "1.1"), "float16"),
    Fault("one unit in the last place", "relu-torch-eager-value", "torch.relu", scaled("torch.relu", "1 + 2**-23")),
    Fault("reduction", "mean-torch-eager-value", "torch.mean", scaled("torch.mean")),
    Fault("contraction", "matmul-tensorflow-eager-value", "tf.matmul", scaled("tf.matmul")),
    Fault("gradient alone", "gelu-torch-eager-gradient", TORCH_GELU, torch_gradient(TORCH_GELU, 1.00001)),
    Fault("gradient alone", "gelu-tensorflow-eager-gradient", TF_GELU, tf_gradient(TF_GELU, 1.00001)),
    # Contracted with ones, the gradient of softmax is 0: a sum as loss would never see that it is missing.
    Fault("no gradient at all", "softmax-torch-eager-gradient", "torch.softmax", torch_gradient("torch.softmax", 0)),
    Fault("no gradient at all", "softmax-tensorflow-eager-gradient", "tf.nn.softmax", tf_gradient("tf.nn.softmax", 0)),
    Fault("forward mode alone", "gelu-torch-eager-jvp", TORCH_GELU, torch_derivative(TORCH_GELU, "1.00001", "1")),
    Fault("forward mode alone", "softmax-torch-eager-jvp", "torch.softmax",
          torch_derivative("torch.softmax", "1.001", "1")),
    Fault("forward mode alone", "gelu_tanh-tensorflow-eager-jvp", FORWARD, scaled(FORWARD), "float64"),
    Fault("forward mode alone", "softmax-tensorflow-eager-jvp", FORWARD, scaled(FORWARD), "float64"),
    Fault("second derivative alone", "exp-torch-eager-hvp", "torch.exp", torch_exp("1", "1.00001"), "float64"),
    Fault("second derivative alone", "exp-tensorflow-eager-hvp", "tf.exp", TF_EXP_SECOND, "float64"),
    Fault("second derivative by forward mode alone", "exp-torch-eager-hvp", "torch.exp",
          torch_exp("1.00001", "1"), "float64"),
    Fault("another result the second time", "exp-torch-eager-invariance", "torch.exp", EVERY_OTHER_TIME,
          says="gave other bits"),
    *(
        Fault(
            f"inputs that are {name}", "exp-torch-eager-invariance", "torch.exp",
            f"original = torch.exp\ntorch.exp = lambda x: original(x) * (1 + 1e-4 * bool({when}))\n",
        )
        for name, when in {
            "transposed": "x.ndim == 2 and x.T.is_contiguous() and not x.is_contiguous()",
            "strided": "x.ndim and x.stride()[-1] == 2", "expanded": "0 in x.stride()", "0-d": "x.ndim == 0",
            "one row": "x.shape[:1] == (1,)", "unaligned": "x.is_contiguous() and x.data_ptr() % 16",
        }.items()
    ),
    Fault("an empty result of another shape", "exp-tensorflow-eager-invariance", "tf.exp",
          result("tf.exp", "y if tf.size(y) else tf.reshape(y, [-1])"), says="shape"),
    Fault("a zero of the wrong sign", "sin-torch-eager-invariance", "torch.sin", result("torch.sin", "y + 0.0")),
    Fault("a zero of the wrong sign", "sin-tensorflow-eager-invariance", "tf.sin", result("tf.sin", "y + 0.0")),
    Fault("in torch alone", "gelu-torch+tensorflow-eager-agreement", TORCH_GELU, scaled(TORCH_GELU)),
    Fault("in TensorFlow alone", "gelu-torch+tensorflow-eager-agreement", TF_GELU, scaled(TF_GELU)),
    *(
        Fault(
            "in no eager code", f"gelu-tensorflow-{mode}-value", TF_GELU,
            scaled(TF_GELU, "1.0 if tf.executing_eagerly() else 1 + 1e-5"),
        )
        for mode in ("function", "shapeless", "xla", "graph")
    ),
    *(
        Fault(
            "in no eager code", f"gelu-torch-{mode}-gradient", TORCH_GELU,
            scaled(TORCH_GELU, "1 + 1e-5 if torch.compiler.is_compiling() else 1.0"),
        )
        for mode in ("compile", "dynamic")
    ),
    Fault("another dtype", "gelu-torch-eager-value", TORCH_GELU, result(TORCH_GELU, "y.double()"),
          says="returned float64"),
    Fault("another dtype", "gelu-tensorflow-eager-value", TF_GELU, result(TF_GELU, "tf.cast(y, 'float64')"),
          says="returned float64"),
    Fault("another shape", "exp-torch-eager-value", "torch.exp", result("torch.exp", "y[None]"), says="shape"),
    Fault("another shape", "exp-tensorflow-eager-value", "tf.exp", result("tf.exp", "y[None]"), says="shape"),
    Fault("NaN for a number", "exp-torch-eager-value", "torch.exp", result("torch.exp", "y + 0 * torch.log(y)")),
    Fault("a number for NaN", "exp-torch-eager-value", "torch.exp",
          result("torch.exp", "torch.where(y.isnan(), 0 * y.nan_to_num(), y)")),
    Fault("infinity lost", "exp-tensorflow-eager-value", "tf.exp", result("tf.exp", "tf.minimum(y, y.dtype.max)")),
    Fault("the sign of infinity", "exp-torch-eager-value", "torch.exp",
          result("torch.exp", "torch.where(y.isinf(), -y, y)")),
    Fault(
        "an exception", "exp-torch-eager-value", "torch.exp",
        "def broken(x):\n    raise RuntimeError('no kernel image')\ntorch.exp = broken\n",
        says="raised RuntimeError: no kernel image",
    ),
    Fault(
        "an index out of range is taken", "embedding-torch-eager-value", EMBEDDING,
        f"original = {EMBEDDING}\n{EMBEDDING} = lambda i, w, *a, **k: original(i.clamp(0, len(w) - 1), w, *a, **k)\n",
        says="returned a result for inputs that it must refuse",
    ),
    Fault(
        "an index out of range is taken", "embedding-tensorflow-eager-value", "tf.gather",
        "original = tf.gather\n"
        "tf.gather = lambda w, i: original(w, tf.clip_by_value(i, 0, w.shape[0] - 1))\n",
        says="returned a result for inputs that it must refuse",
    ),
    Fault("dropout without rescaling", "dropout_in_training-torch-eager-statistics", DROPOUT,
          result(DROPOUT, "(y != 0).to(y.dtype) * (1 + 0 * y)"), says="scaling"),
    Fault(
        "dropout keeps too many", "dropout_in_training-tensorflow-eager-statistics", TF_DROPOUT,
        f"original = {TF_DROPOUT}\n"
        f"{TF_DROPOUT} = lambda x, rate, **k: original(x, rate * 0.9, **k) * (1 - 0.9 * rate) / (1 - rate)\n",
        says="keep rate",
    ),
    Fault(
        "dropout with one mask for all rows", "dropout_in_training-torch-eager-statistics", DROPOUT,
        f"original = {DROPOUT}\n{DROPOUT} = lambda x, *a, **k: x * original(torch.ones_like(x[:1]), *a, **k)\n",
        says="rows",
    ),
    Fault(
        "dropout that ignores the seed", "dropout_in_training-torch-eager-statistics", DROPOUT,
        f"original = {DROPOUT}\n{DROPOUT} = lambda *a, **k: (torch.seed(), original(*a, **k))[1]\n",
        says="the same seed repeats",
    ),
    Fault(
        "dropout whose gradient has another mask", "dropout_in_training-torch-eager-statistics", DROPOUT,
        torch_gradient(DROPOUT, 1.5), says="mask",
    ),
    Fault(
        "one step of an optimizer off by 1e-4", "sgd-torch-eager-value", "torch.optim.SGD.step",
        """
        original, count = torch.optim.SGD.step, [0]
        def step(self):
            count[0] += 1
            original(self)
            if count[0] % 50 == 20:
                with torch.no_grad():
                    self.param_groups[0]["params"][0].mul_(1.0001)
        torch.optim.SGD.step = step
        """,
    ),
    Fault(
        "a weight decay of 1e-4", "adam-torch-eager-value", "torch.optim.Adam",
        "original = torch.optim.Adam\ntorch.optim.Adam = lambda *a, **k: original(*a, weight_decay=1e-4, **k)\n",
    ),
    Fault(
        "a rate that is 0.1% too high", "sgd_rate_in_velocity-tensorflow-eager-value", "tf.keras.optimizers.SGD",
        "original = tf.keras.optimizers.SGD\n"
        "tf.keras.optimizers.SGD = lambda learning_rate, **k: original(learning_rate * 1.001, **k)\n",
    ),
    Fault(
        "label smoothing of 1e-4 in training", "softmax_regression-torch-eager-value", "torch.nn.CrossEntropyLoss",
        "original = torch.nn.CrossEntropyLoss\ntorch.nn.CrossEntropyLoss = lambda: original(label_smoothing=1e-4)\n",
    ),
    Fault(
        "a loss that is 1e-5 too large in training", "logistic_regression-tensorflow-eager-value",
        "tf.nn.sigmoid_cross_entropy_with_logits", scaled("tf.nn.sigmoid_cross_entropy_with_logits"),
    ),
    Fault(
        "the gradient of one weight alone", "conv2d-torch-eager-gradient", "torch.nn.functional.conv2d",
        """
        class Faulty(torch.autograd.Function):
            forward = staticmethod(lambda context, w: w.clone())
            backward = staticmethod(lambda context, g: g * 1.001)

        original = torch.nn.functional.conv2d
        torch.nn.functional.conv2d = lambda x, w, *a: original(x, Faulty.apply(w), *a)
        """,
    ),
    Fault(
        "a running variance that moves too far", "batch_norm_running_statistics-torch-eager-value",
        "torch.nn.functional.batch_norm",
        """
        original = torch.nn.functional.batch_norm
        def batch_norm(x, mean, variance, *a, **k):
            y = original(x, mean, variance, *a, **k)
            variance.mul_(1.0001)
            return y
        torch.nn.functional.batch_norm = batch_norm
        """,
    ),
    Fault(
        "a mask that is ignored", "lstm_masked-tensorflow-eager-value", "tf.keras.layers.LSTM.call",
        """
        original = tf.keras.layers.LSTM.call
        tf.keras.layers.LSTM.call = lambda self, x, mask=None, **k: original(self, x, **k)
        """,
    ),
    Fault(
        "a metric that is not reset", "mean_squared_error_metric-tensorflow-eager-value",
        "tf.keras.metrics.MeanSquaredError.reset_state",
        "tf.keras.metrics.MeanSquaredError.reset_state = lambda self: None\n",
    ),
    Fault(
        "attention to what is masked", "masked_dot_product_attention-torch-eager-value", ATTENTION,
        f"original = {ATTENTION}\n{ATTENTION} = lambda *a, attn_mask=None, **k: original(*a, **k)\n",
    ),
    Fault(
        "an index out of range that is accepted", "embedding-torch-eager-value", EMBEDDING,
        f"""
        original = {EMBEDDING}
        {EMBEDDING} = lambda ids, table: original(ids.clamp(0, len(table) - 1), table)
        """,
        says="must refuse",
    ),
    Fault(
        "an accuracy that is miscounted", "digit_classifier-torch-eager-value", "torch.utils.data.TensorDataset",
        """
        original = torch.utils.data.TensorDataset
        class Repeating(original):
            def __getitem__(self, index):
                return super().__getitem__(max(index, 1))
        torch.utils.data.TensorDataset = Repeating
        """,
    ),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_detected(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, fault.target, fault.patch)
    detected(fault)


@pytest.mark.parametrize(("test", "dtype"), sorted({(f.test, f.dtype) for f in FAULTS}))
def test_without_a_fault_nothing_fails(test: str, dtype: str) -> None:
    rows = observed(test, (dtype,))
    assert rows
    assert [o for o in rows if o.outcome == "failed"] == []


def test_weights_that_are_converted_wrongly_are_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gates of a GRU stay in Keras' order."""
    test = "converted_weights-torch-eager-value"
    assert not [o for o in observed(test) if o.outcome == "failed"]
    monkeypatch.setattr("conformance.weights.gates", lambda layer, a: a)
    failed = {o.sample for o in observed(test) if o.outcome == "failed"}
    assert failed == {"GRU", "Bidirectional(GRU)"}


def status(script: str) -> int:
    """How a program ends, run here, where a fault may be injected."""
    try:
        exec(script, {})
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:
        return 1
    return 0


ARGMAX = Case(
    "made_up_argmax",
    "selection",
    lambda x: np.argmax(x, axis=-1),
    torch=[lambda torch, x: torch.argmax(x, dim=-1)],
    tensorflow=[lambda tf, x: tf.argmax(x, axis=-1)],
    samples=[normal((8, 33))],
)
"""One dtype, one sample, and nothing but an integer."""


@pytest.mark.parametrize(("framework", "target"), [("torch", "torch.argmax"), ("tensorflow", "tf.argmax")])
@pytest.mark.parametrize("check", ["value", "agreement"])
def test_one_wrong_integer_is_detected(
    framework: str, target: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = plan.BOTH if check == "agreement" else framework
    test = Test("made-up", ARGMAX, check, judged, "eager", "cpu")
    right = [o for o in observe(Workbench(Options(dtypes=("float32",))), test) if isinstance(o, Observation)]
    inject(monkeypatch, target, result(target, "y + (y == y[3])"))
    wrong = [o for o in observe(Workbench(Options(dtypes=("float32",))), test) if isinstance(o, Observation)]
    assert [o.outcome for o in (*right, *wrong)] == ["passed", "failed"]
    assert status(wrong[0].script) == 1
    monkeypatch.undo()
    assert status(wrong[0].script) == 0


def test_a_fault_that_both_share_is_seen_by_the_reference_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agreement proves nothing by itself."""
    inject(monkeypatch, TORCH_GELU, scaled(TORCH_GELU, "1 + 1e-4"))
    inject(monkeypatch, TF_GELU, scaled(TF_GELU, "1 + 1e-4"))
    assert all(o.outcome in ("passed", "diverged") for o in observed("gelu-torch+tensorflow-eager-agreement"))
    assert any(o.outcome == "failed" for o in observed("gelu-torch-eager-value"))
    assert any(o.outcome == "failed" for o in observed("gelu-tensorflow-eager-value"))


# Divergences


def entry(**changes: Any) -> Divergence:
    fields: dict[str, Any] = {
        "id": "made-up", "framework": "torch", "reason": "r", "agree": "a", "sources": (), "bound": 1e3,
        "added": "2026-01-01", "cases": ("gelu",), "checks": ("value",), "dtypes": ("float32",),
    }  # fmt: skip
    return Divergence(**{**fields, **changes})


def outcomes(monkeypatch: pytest.MonkeyPatch, known: Divergence, by: str = "1") -> list[Observation]:
    monkeypatch.setattr(divergence, "divergences", lambda: (known,))
    inject(monkeypatch, TORCH_GELU, scaled(TORCH_GELU, by))
    return observed("gelu-torch-eager-value")


def finite(rows: list[Observation]) -> list[Observation]:
    """Without gelu(inf), which by AVX-512 is a divergence of its own."""
    return [o for o in rows if o.sample != "nonfinite"]


def test_a_known_divergence_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = finite(outcomes(monkeypatch, entry(), "1 + 1e-5"))
    assert {o.outcome for o in rows} <= {"passed", "diverged"}
    assert any(o.divergence == "made-up" for o in rows)


def test_a_divergence_that_is_no_longer_true_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = outcomes(monkeypatch, entry())
    failed = [o for o in rows if "no longer true" in o.reason]
    assert len(failed) == 2  # once for each route
    assert all(o.outcome == "failed" for o in failed)


def test_a_divergence_that_grew_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = outcomes(monkeypatch, entry(bound=20), "1.01")
    assert any(o.outcome == "failed" and "beyond the bound 20" in o.reason for o in rows)


@pytest.mark.parametrize(("of_torch", "of_tf"), [(1, 1e9), (1e9, 1), (1, 1)])
def test_a_disagreement_is_explained_by_either_framework(
    monkeypatch: pytest.MonkeyPatch, of_torch: float, of_tf: float
) -> None:
    """By the one whose bound holds the score, whichever comes first."""
    both = (entry(bound=of_torch), entry(id="of-tf", framework="tensorflow", bound=of_tf))
    monkeypatch.setattr(divergence, "divergences", lambda: both)
    inject(monkeypatch, TORCH_GELU, scaled(TORCH_GELU, "1.01"))
    rows = [o for o in finite(observed("gelu-torch+tensorflow-eager-agreement")) if o.dtype == "float32"]
    explained = {"made-up"} if of_torch > of_tf else {"of-tf"} if of_torch < of_tf else set()
    beyond = [o for o in rows if o.outcome != "passed"]
    assert beyond
    assert {o.divergence for o in beyond if o.outcome == "diverged"} == explained
    assert {o.divergence for o in beyond if o.outcome == "failed"} == (set() if explained else {"made-up"})


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": {"torch": "<2.0"}},
        {"framework": "tensorflow"},
        {"dtypes": ("float64",)},
        {"modes": ("compile",)},
        {"routes": ("tf.*",)},
        {"samples": ("elsewhere",)},
        {"when": {"cpu_capability": "none"}},
    ],
    ids=str,
)
def test_a_divergence_explains_nothing_outside_its_scope(monkeypatch: pytest.MonkeyPatch, changes: Any) -> None:
    rows = outcomes(monkeypatch, entry(**changes), "1 + 1e-5")
    assert any(o.outcome == "failed" for o in rows)
    assert not any(o.outcome == "diverged" for o in rows)


def test_every_divergence_of_the_project_has_a_scope_that_exists() -> None:
    planned = [t for area in catalogue() for t in plan.tests(area, Options(modes=tuple(MODES)))]
    # of Keras on another backend meta_tests/test_keras_backends.py asks
    for known in (d for d in divergence.divergences() if d.framework != "keras" and installed(d.framework)):
        anywhere = replace(known, when={}, versions={})  # whatever the version, and the kernels of this machine
        covered = [
            (t.case.name, t.check, dtype, sample)
            for t in planned
            if t.case.name in known.cases and anywhere.concerns(t, t.framework)
            for dtype in t.case.dtypes
            for sample in (*(s.name for s in t.case.samples), SIGNED_ZEROS)
            if any(anywhere.holds(r.name, dtype, sample, sample) for r in t.case.routes(t.framework))
        ]
        found = [set(column) for column in zip(*covered, strict=True)]
        assert found, known.id
        if "invariance" in found[1]:  # which is no check of its own
            found[1].add("value")
        for wanted, seen in zip((known.cases, known.checks, known.dtypes, known.samples), found, strict=True):
            assert all(fnmatch.filter(seen, pattern) for pattern in wanted), (known.id, wanted)


# Reproduction scripts

SCRIPTS = [
    Fault("torch value", "gelu-torch-eager-value", TORCH_GELU, scaled(TORCH_GELU)),
    Fault("torch.compile, gradient", "gelu-torch-compile-gradient", TORCH_GELU, torch_gradient(TORCH_GELU, 1.001)),
    Fault("torch, integer inputs", "embedding-torch-eager-value", EMBEDDING, scaled(EMBEDDING)),
    Fault("torch, packed inputs", "matmul-torch-eager-value", "torch.matmul", scaled("torch.matmul", "1.001")),
    Fault("torch training", "softmax_regression-torch-eager-value", "torch.nn.CrossEntropyLoss",
          "original = torch.nn.CrossEntropyLoss\ntorch.nn.CrossEntropyLoss = lambda: original(label_smoothing=1e-3)\n"),
    Fault("TensorFlow value", "gelu-tensorflow-eager-value", TF_GELU, scaled(TF_GELU)),
    Fault("XLA, gradient", "gelu-tensorflow-xla-gradient", TF_GELU, tf_gradient(TF_GELU, 1.001)),
    Fault("TF1 graph, gradient", "gelu-tensorflow-graph-gradient", TF_GELU, tf_gradient(TF_GELU, 1.001)),
    Fault("Keras layer", "dense-tensorflow-function-value", KERAS_DENSE, scaled(KERAS_DENSE, "1.0001")),
    Fault("agreement", "exp-torch+tensorflow-eager-agreement", "torch.exp", scaled("torch.exp", "1.001")),
    Fault("shapes unknown", "gelu-tensorflow-shapeless-value", TF_GELU, scaled(TF_GELU, "1.001")),
    Fault("torch forward mode", "gelu-torch-eager-jvp", TORCH_GELU, torch_derivative(TORCH_GELU, "1.001", "1")),
    Fault("torch adjoint identity", "softmax-torch-eager-jvp", "torch.softmax",
          torch_derivative("torch.softmax", "1.01", "1")),
    Fault("TensorFlow adjoint identity", "softmax-tensorflow-eager-jvp", FORWARD, scaled(FORWARD, "1.001"), "float64"),
    Fault("torch second derivative", "exp-torch-eager-hvp", "torch.exp", torch_exp("1", "1.00001"), "float64"),
    Fault("TensorFlow second derivative", "exp-tensorflow-eager-hvp", "tf.exp", TF_EXP_SECOND, "float64"),
    Fault("torch strides", "exp-torch-eager-invariance", "torch.exp",
          "original = torch.exp\ntorch.exp = lambda x: original(x) * (1 + 1e-3 * (not x.is_contiguous()))\n"),
]  # fmt: skip


@cache
def failure(fault: Fault) -> Observation:
    """The first failure that a fault causes."""
    with pytest.MonkeyPatch.context() as patched:
        inject(patched, fault.target, fault.patch)
        return detected(fault)


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A clean process, in a directory that holds nothing of the project."""
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=400)


@pytest.mark.parametrize(("number", "fault"), [*enumerate(SCRIPTS)], ids=[f.name for f in SCRIPTS])
def test_the_script_of_a_failure_reproduces_it_without_the_project(
    number: int, fault: Fault, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    if number % 3 and not pytestconfig.getoption("all_faults"):
        pytest.skip("a process for each takes minutes: tox -e faults runs all")
    failed = failure(fault)
    for word in ("from conformance", "import conformance", "fixtures", "pytest."):
        assert word not in failed.script
    preamble = "import torch\n" if fault.target.startswith("torch") else "import tensorflow as tf\n"
    (tmp_path / "wrong.py").write_text(preamble + dedent(fault.patch) + failed.script, encoding="utf-8")
    done = python("wrong.py", cwd=tmp_path)
    assert done.returncode == 1, done
    assert failed.worst is not None
    for said in ("expected ", "actual ", "error ", "noise floors"):
        assert said in done.stdout
    actual = done.stdout.partition("actual")[2].split()[0]
    # XLA compiles one route otherwise than all routes at once, and rounds otherwise.
    assert float(actual) == pytest.approx(float(failed.worst.actual), rel=1e-6)


EACH = """
import runpy, sys

for path in sys.argv[1:]:
    try:
        runpy.run_path(path)
    except SystemExit as end:
        print(path, "ends with", int(end.code))
"""


def test_the_scripts_succeed_where_the_fault_is_not(tmp_path: Path) -> None:
    """One process for all of them: importing a framework takes longer than they do."""
    (tmp_path / "each.py").write_text(EACH, encoding="utf-8")
    names = [f"{i}.py" for i in range(len(SCRIPTS))]
    for name, fault in zip(names, SCRIPTS, strict=True):
        (tmp_path / name).write_text(failure(fault).script, encoding="utf-8")
    done = python("each.py", *names, cwd=tmp_path)
    ended = [line for line in done.stdout.splitlines() if "ends with" in line]
    assert ended == [f"{name} ends with 0" for name in names], done


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.says], ids=str)
def test_a_script_fails_as_long_as_the_fault_is_there(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are no two numbers to compare: another dtype or shape, an error, none, or random draws."""
    inject(monkeypatch, fault.target, fault.patch)
    failed = detected(fault)
    assert status(failed.script) == 1
    monkeypatch.undo()
    assert status(failed.script) == 0
