"""What runs on a GPU, run on a CPU that is taken for one: the same code, through the adapters' table of devices."""

import importlib
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance import divergence, plan
from conformance.case import DTYPES, TF32, Case
from conformance.catalogue import GPU_ALONE, catalogue
from conformance.check import against_reference, observe
from conformance.divergence import Divergence
from conformance.formats import FORMATS, rounded
from conformance.frameworks import DEVICES, KERNELS, Framework, chosen, load
from conformance.plan import ACROSS, Options, Test
from conformance.workbench import Workbench
from fixtures import conform
from fixtures.samples import normal
from meta_tests.faults import area_of, inject
from reports.record import Observation

torch = pytest.importorskip("torch")
tf = pytest.importorskip("tensorflow")

CPUS = {"torch": "cpu", "tensorflow": "/CPU:0", "jax": "cpu"}


def pretend(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the adapter take the CPU for the GPU."""
    adapter = __import__(f"conformance.frameworks.{name}_adapter", fromlist=["_DEVICES"])
    monkeypatch.setitem(adapter._DEVICES, "gpu", CPUS[name])


@pytest.fixture(params=chosen())
def framework(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Framework:
    loaded = load(request.param)
    pretend(monkeypatch, request.param)
    return loaded


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in chosen():
        load(name)
        pretend(monkeypatch, name)


def observed(test: Test, dtypes: tuple[str, ...] = ("float32",)) -> list[Observation]:
    rows = observe(Workbench(Options(dtypes=dtypes)), test)
    return [o for o in rows if isinstance(o, Observation)]


def found(case: str, framework: str, check: str, mode: str) -> Test:
    """The test of the catalogue on a GPU."""
    (test,) = (
        t
        for t in plan.combinations(area_of(f"{case}-"), Options(modes=("eager", "function", "jit")), DEVICES[1:])
        if (t.case.name, t.framework, t.check, t.mode) == (case, framework, check, mode)
    )
    return test


# The plan


@pytest.mark.parametrize("name", catalogue())
def test_a_gpu_has_every_test_of_the_cpu_and_its_own(name: str) -> None:
    tests = list(plan.tests(name, Options()))
    of = {device: {t.id.removesuffix("-gpu") for t in tests if t.device == device} for device in DEVICES}
    own = {
        t.id.removesuffix("-gpu") for t in tests if t.mode == TF32 or t.check == ACROSS or t.case.devices == ("gpu",)
    }
    assert of["gpu"] - own == of["cpu"]
    assert not of["cpu"] & own


def test_areas_of_the_gpu_alone_are_named() -> None:
    """The gate's policy must not ask for checks of them on the CPU."""
    assert [a for a, cases in catalogue().items() if all("cpu" not in c.devices for c in cases)] == [*GPU_ALONE]


def test_products_are_planned_in_tf32_and_nothing_else_is() -> None:
    tests = [t for name in catalogue() for t in plan.tests(name, Options()) if t.mode == TF32]
    assert {t.case.kind for t in tests} == {"contraction"}
    assert {t.check for t in tests} == {"value", "gradient"}
    assert {t.device for t in tests} == {"gpu"}
    assert {dtype for t in tests for _, dtype, _ in t.keys(DTYPES)} == {"float32"}
    products = (c for cs in catalogue().values() for c in cs if c.kind == "contraction" and "cpu" in c.devices)
    names = {c.name for c in products if "float32" in c.dtypes}
    assert {t.case.name for t in tests} == names


def test_without_a_gpu_what_would_run_on_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(frameworks=("torch",))
    monkeypatch.setattr(plan, "has_gpu", lambda: True)
    there = [t for t in plan.by_device("linalg", options) if t.device == "gpu"]
    monkeypatch.setattr(plan, "has_gpu", lambda: False)
    rows = [t for t in plan.by_device("linalg", options) if isinstance(t, plan.Absent)]
    counted = sum(row.planned(DTYPES).checks for row in rows)
    assert counted == sum(t.planned(DTYPES).checks for t in there) > 0
    assert {t.mode for row in rows for t in row.tests} >= {"eager", TF32}
    assert {t.check for row in rows for t in row.tests} >= {"value", ACROSS}


def test_indices_that_end_a_gpu_are_asked_for_on_the_cpu_alone() -> None:
    for case, sample in (("embedding", "out-of-range"), ("cross_entropy", "bad-index")):
        (on_cpu,) = (
            t for a in catalogue() for t in plan.combinations(a, Options(), DEVICES[:1])
            if (t.case.name, t.framework, t.check, t.mode) == (case, "torch", "value", "eager")
        )  # fmt: skip
        on_gpu = found(case, "torch", "value", "eager")
        names = [{s for _, _, s in t.keys(("float32",))} for t in (on_cpu, on_gpu)]
        assert {s for s in names[0] if s.startswith(sample)} == {s for s in names[0] - names[1] if s.startswith(sample)}
        assert any(s.startswith(sample) for s in names[0])


# Adapters


def settings(name: str) -> list[Any]:
    """What a framework says of the precision of its products on a GPU."""
    if name == "torch":
        matmul = torch.backends.cuda.matmul
        return [torch.backends.cudnn.allow_tf32, matmul.allow_tf32, matmul.allow_fp16_reduced_precision_reduction,
                matmul.allow_bf16_reduced_precision_reduction]  # fmt: skip
    if name == "tensorflow":
        return [tf.config.experimental.tensor_float_32_execution_enabled()]
    return [load("jax").module.config.jax_default_matmul_precision]


FULL = {"torch": [False] * 4, "tensorflow": [False], "jax": ["highest"]}
REDUCED = {"torch": [True, True, False, False], "tensorflow": [True], "jax": ["tensorfloat32"]}


def test_on_a_gpu_products_are_precise_but_in_mode_tf32(framework: Framework) -> None:
    name, x = framework.name, np.ones((2, 2), np.float32)
    before, seen = settings(name), []

    def f(a: Any) -> Any:
        seen.append(settings(name))
        return a * a

    for how in ({}, {"device": "gpu"}, {"device": "gpu", "mode": TF32}):
        framework.value(f, [x], **how)
        framework.vjp(f, [x], [x], **how)
        assert settings(name) == before
    framework.jvp(f, [x], [x], device="gpu")
    framework.hvp(f, [x], [x], [x], forward=False, device="gpu")
    whole = [FULL[name] if s in (FULL[name], REDUCED[name]) and s != before else s for s in seen]
    assert before in seen
    assert FULL[name] in seen
    assert REDUCED[name] in seen
    assert all(s in (before, FULL[name], REDUCED[name]) for s in whole)


def test_settings_come_back_after_an_error(framework: Framework) -> None:
    before = settings(framework.name)

    def fails(a: Any) -> Any:
        raise ArithmeticError("no")

    with pytest.raises(ArithmeticError):
        framework.value(fails, [np.ones(1)], device="gpu")
    assert settings(framework.name) == before


def test_what_a_torch_route_makes_itself_lies_where_its_inputs_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the device "meta", which is the only other one that is always there, a route sees its own tensors alone."""
    from conformance.frameworks import torch_adapter

    monkeypatch.setitem(torch_adapter._DEVICES, "gpu", "meta")
    places = []
    framework = load("torch")
    monkeypatch.setattr(type(framework), "array", lambda self, result: result)
    framework.value(lambda x: places.append((x.device.type, torch.zeros(1).device.type)), [np.ones(1)], device="gpu")
    framework.value(lambda x: places.append((x.device.type, torch.zeros(1).device.type)), [np.ones(1)])
    assert places == [("meta", "meta"), ("cpu", "cpu")]


def test_the_facts_of_a_machine_without_a_gpu(framework: Framework) -> None:
    if "gpu" in framework.devices():
        pytest.skip("this machine has a GPU")
    assert framework.capability() == (0, 0)
    assert framework.kernels("float32")["capability"] == "none"
    assert tuple(framework.kernels("float32")) == KERNELS[framework.name]


# TF32


def to_11_bits(a: np.ndarray) -> np.ndarray:
    """float32 numbers to 11 bits, to nearest even, by their bits."""
    bits = a.view(np.uint32)
    return ((bits + 0x0FFF + (bits >> 13 & 1)) & np.uint32(0xFFFFE000)).view(np.float32)


def test_eleven_bits_are_half_of_what_the_floor_allows() -> None:
    x = np.random.default_rng(0).standard_normal(10000).astype(np.float32)
    errors = np.abs(to_11_bits(x) / x.astype(float) - 1)
    assert 0.9 < np.max(errors) / FORMATS[TF32].nudge <= 1
    assert np.array_equal(to_11_bits(to_11_bits(x)), to_11_bits(x))
    assert FORMATS[TF32].unit_roundoff == FORMATS["float32"].unit_roundoff == 2.0**-24


def tf32_in_torch(original: Callable[..., Any]) -> Callable[..., Any]:
    """A product as a GPU with TF32 computes it, if it may; its derivative is that of the exact one."""

    def less(a: Any) -> Any:
        return a + (torch.from_numpy(to_11_bits(a.detach().contiguous().numpy())) - a).detach()

    def product(a: Any, b: Any) -> Any:
        allowed = torch.backends.cuda.matmul.allow_tf32 and a.dtype == b.dtype == torch.float32
        return original(less(a), less(b)) if allowed else original(a, b)

    return product


def tf32_in_tensorflow(original: Callable[..., Any]) -> Callable[..., Any]:
    def less(a: Any) -> Any:
        return a + tf.stop_gradient(tf.constant(to_11_bits(a.numpy())) - a)

    def product(a: Any, b: Any) -> Any:
        allowed = tf.config.experimental.tensor_float_32_execution_enabled() and a.dtype == b.dtype == tf.float32
        return original(less(a), less(b)) if allowed else original(a, b)

    return product


PRODUCT = Case(
    "made_up_product",
    "contraction",
    lambda a, b: a @ b,
    vjp=lambda c, a, b: (c @ b.T, a.T @ c),
    torch=[lambda torch, a, b: torch.matmul(a, b)],
    tensorflow=[lambda tf, a, b: tf.matmul(a, b)],
    samples=[normal((16, 200), (200, 8)), normal((3, 7), (7, 5), name="small"), normal((1, 1), (1, 1), name="one")],
)
EMULATED = {"torch": ("torch.matmul", tf32_in_torch), "tensorflow": ("tf.matmul", tf32_in_tensorflow)}


@pytest.fixture(params=EMULATED)
def emulated(request: pytest.FixtureRequest, pretended: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A framework whose products are those of a GPU with TF32."""
    target, emulate = EMULATED[request.param]
    root, attribute = (torch, "matmul") if target.startswith("torch") else (tf, "matmul")
    monkeypatch.setattr(root, attribute, emulate(getattr(root, attribute)))
    return request.param


def made_up(framework: str, check: str, mode: str, device: str = "gpu") -> list[Observation]:
    return observed(Test("devices", PRODUCT, check, framework, mode, device))


@pytest.mark.parametrize("check", ["value", "gradient"])
def test_products_in_tf32_are_within_its_own_floors(emulated: str, check: str) -> None:
    rows = made_up(emulated, check, TF32)
    assert len(rows) == 3
    assert {o.outcome for o in rows} == {"passed"}


def test_of_tf32_float32_floors_know_nothing(emulated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In mode tf32 it is on; in all others off is off, and the noise floor of float32 would show it if it were not."""
    in_tf32 = made_up(emulated, "value", TF32)
    monkeypatch.setattr("conformance.check.TF32", "float32")  # its floors are now those of float32
    assert {o.outcome for o in made_up(emulated, "value", TF32)} == {"failed"}
    monkeypatch.undo()
    assert max(float(o.score or 0) for o in in_tf32) > 0.1  # it was on: floors of 2^-11 are not empty


def test_off_is_off(emulated: str) -> None:
    rows = made_up(emulated, "value", "eager")
    assert {o.outcome for o in rows} == {"passed"}


def test_what_leaves_tf32_on_is_detected(emulated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter, or a framework, that does not turn it off."""
    if emulated == "torch":
        monkeypatch.setattr("conformance.frameworks.torch_adapter._REDUCED", ())
        torch.backends.cuda.matmul.allow_tf32 = True
    else:
        monkeypatch.setattr(tf.config.experimental, "enable_tensor_float_32_execution", lambda on: None)
    try:
        failed = [o for o in made_up(emulated, "value", "eager") if o.outcome == "failed"]
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
    assert {"normal", "small"} <= {o.sample for o in failed}
    assert all("tf32" not in o.mode for o in failed)


def test_in_tf32_a_fault_of_one_percent_is_found(emulated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = torch if emulated == "torch" else tf
    product = root.matmul
    monkeypatch.setattr(root, "matmul", lambda a, b: product(a, b) * 1.03)
    assert {o.outcome for o in made_up(emulated, "value", TF32)} == {"failed"}


# A GPU against the CPU


@pytest.mark.parametrize("name", ["exp", "matmul", "softmax", "gather"])
def test_two_devices_of_the_same_numbers_agree(name: str, framework: Framework) -> None:
    modes = "eager", "function", "jit"
    (test,) = (
        t for a in catalogue() for t in plan.combinations(a, Options((framework.name,), modes=modes), DEVICES[1:])
        if t.case.name == name and t.check == ACROSS
    )  # fmt: skip
    rows = observed(test)
    assert {(o.dtype, o.sample) for o in rows} == {(d, s) for _, d, s in test.keys(("float32",))}
    assert {o.outcome for o in rows} == {"passed"}
    assert {o.score for o in rows} == {0.0}
    assert {o.limit for o in rows} == {test.case.computation.limits["agreement"]}


FAULTY = {"torch": "torch.exp", "tensorflow": "tf.exp"}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_on_the_gpu_alone_is_detected(name: str, pretended: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the CPU, and against the reference; on the CPU there is none."""
    adapter = __import__(f"conformance.frameworks.{name}_adapter", fromlist=["_on"])
    on, within = adapter._on, []

    class Watched:
        """The context of a device, which says that it is entered."""

        def __init__(self, device: str, mode: str = "eager") -> None:
            self.context, self.device = on(device, mode), device

        def __enter__(self) -> Any:
            within.append(self.device)
            return self.context.__enter__()

        def __exit__(self, *error: Any) -> Any:
            within.pop()
            return self.context.__exit__(*error)

    monkeypatch.setattr(adapter, "_on", Watched)
    root = torch if name == "torch" else tf
    original = root.exp
    monkeypatch.setattr(root, "exp", lambda x: original(x) * (1 + 1e-4 * (within[-1:] == ["gpu"])))
    for check, outcome in ((ACROSS, "failed"), ("value", "failed")):
        rows = observed(found("exp", name, check, "eager"))
        assert outcome in {o.outcome for o in rows}
    failed = next(o for o in observed(found("exp", name, ACROSS, "eager")) if o.outcome == "failed")
    assert failed.worst is not None
    assert failed.device == "gpu"
    assert "cpu_result" in failed.script
    compile(failed.script, "script", "exec")
    on_cpu = Test("elementwise", found("exp", name, "value", "eager").case, "value", name, "eager", "cpu")
    assert {o.outcome for o in observed(on_cpu)} <= {"passed", "diverged"}


def on_the_cpu(script: str) -> str:
    """A program for a GPU, for a machine without one."""
    for gpu, cpu in (('"cuda"', '"cpu"'), ("/GPU:0", "/CPU:0"), ('jax.devices("gpu")', 'jax.devices("cpu")')):
        script = script.replace(gpu, cpu)
    return script


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("check", ["value", "gradient", ACROSS])
def test_the_script_of_a_failure_on_a_gpu_runs(
    name: str, check: str, pretended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its devices and settings; it succeeds where the fault is not."""
    target = FAULTY[name]
    patch = f"original = {target}\n{target} = lambda *a, **k: original(*a, **k) * 1.01\n"
    test = found("exp", name, check, "eager")
    with monkeypatch.context() as faulty:
        if check == ACROSS:  # both share it: what the reference of the second device is, is made another
            faulty.setattr(
                "conformance.check._led",
                lambda bench, route, t, s, d: {
                    k: (v * (1.01 if t.device == "gpu" else 1)).astype("float32")
                    for k, v in bench.expected(t.case, s, d).value.items()
                },
            )
        else:
            inject(faulty, target, patch)
        failed = next(o for o in observed(test) if o.outcome == "failed")
    experimental = tf.config.experimental
    before = settings("torch"), experimental.tensor_float_32_execution_enabled()
    assert "allow_tf32 = False" in failed.script or "tensor_float_32_execution(False)" in failed.script
    try:
        with pytest.raises(SystemExit) as end:
            exec(on_the_cpu(failed.script), {})
        assert not end.value.code
    finally:
        experimental.enable_tensor_float_32_execution(before[1])
        from conformance.frameworks import torch_adapter

        for (backend, attribute), value in zip(torch_adapter._REDUCED, before[0], strict=True):
            setattr(backend, attribute, value)


# Known divergences


def entry(**changes: Any) -> Divergence:
    fields: dict[str, Any] = {
        "id": "made-up", "framework": "torch", "reason": "r", "agree": "a", "sources": (), "bound": 1e9,
        "added": "2026-01-01", "cases": ("exp",), "routes": ("torch.exp",), "checks": ("value",),
        "dtypes": ("float32",),
    }  # fmt: skip
    return Divergence(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "by", "outcomes"),
    [
        ({}, "1", {"passed"}),  # on a GPU it may hold, and need not
        ({}, "1.001", {"passed", "diverged"}),
        ({"devices": ("gpu",)}, "1", {"passed", "failed"}),  # there it must
        ({"devices": ("gpu",)}, "1.001", {"passed", "diverged"}),
        ({"devices": ("cpu",)}, "1.001", {"passed", "failed"}),
        ({"when": {"cpu_capability": "*"}}, "1.001", {"passed", "failed"}),  # of other kernels than a GPU's
        ({"when": {"capability": "none"}}, "1.001", {"passed", "diverged"}),
        ({"when": {"capability": "[89].*"}}, "1.001", {"passed", "failed"}),
    ],
)
def test_an_entry_is_strict_where_it_names_the_gpu(
    changes: dict[str, Any], by: str, outcomes: set[str], pretended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divergence, "divergences", lambda: (entry(**changes),))
    inject(monkeypatch, "torch.exp", f"original = torch.exp\ntorch.exp = lambda x: original(x) * {by}\n")
    if "gpu" in load("torch").devices():
        monkeypatch.setattr(type(load("torch")), "capability", lambda self: (0, 0))
    rows = observed(found("exp", "torch", "value", "eager"))
    assert {o.outcome for o in rows} <= outcomes
    assert outcomes - {"passed"} <= {o.outcome for o in rows}


# Programs of a GPU, on a CPU

OF_DEVICES = {
    (t.case.name, t.framework, t.check): t
    for t in plan.tests("devices", Options(frameworks=("torch", "tensorflow", "jax")), DEVICES[1:])
}
KERNELS_OF_GPUS = {
    "memory_efficient_attention", "memory_efficient_causal_attention", "cudnn_attention", "cudnn_causal_attention",
    "dtype_under_autocast",
}  # fmt: skip
"""Kernels that no CPU has, and a list of operations that is CUDA's own."""
SLOW = {"compiled_with_graphs", "indices_out_of_range", "no_memory", "memory_returned"}
"""Compilers, other processes, and an allocator that waits for ten seconds."""
QUICK = [key for key in OF_DEVICES if key[0] not in KERNELS_OF_GPUS | SLOW and key[2] == "value"]
ROUTES_OF_GPUS = {"tf_channels_first"}


class Recorded(torch.utils._python_dispatch.TorchDispatchMode):
    """A stand-in for a captured graph: what was called, to be called again on the same tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        self.calls.append((function, args, kwargs or {}, result))
        return result

    def replay(self) -> None:
        for function, args, kwargs, result in self.calls:
            result.copy_(function(*args, **kwargs))


@pytest.fixture
def stood_in(pretended: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what torch has on a GPU alone: streams and graphs, and optimizers whose state must be there."""
    for name in ("Stream", "stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, getattr(torch.cpu, name))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Recorded)
    monkeypatch.setattr(torch.cuda, "graph", lambda graph: graph)
    monkeypatch.setattr(torch.cuda, "make_graphed_callables", lambda f, inputs: f)
    for name in ("adam", "adamax", "nadam", "radam", "rmsprop", "adadelta"):
        module = importlib.import_module(f"torch.optim.{name}")
        monkeypatch.setattr(module, "_get_capturable_supported_devices", lambda *a, **k: ["cpu"], raising=False)


@pytest.mark.parametrize("key", QUICK, ids="-".join)
def test_a_program_of_a_gpu_computes_the_same_on_a_cpu(key: tuple[str, str, str], stood_in: None) -> None:
    test = OF_DEVICES[key]
    if test.framework not in chosen():
        pytest.skip(f"need {test.framework}")
    rows = observed(test, test.case.dtypes)
    assert {o.outcome for o in rows if o.route not in ROUTES_OF_GPUS} <= {"passed", "diverged"}
    assert {o.route for o in rows if o.outcome == "passed"} >= set(test.route_names()) - ROUTES_OF_GPUS


SLOWLY = [
    ("compiled_with_graphs", "torch", 1), ("indices_out_of_range", "torch", 3), ("no_memory", "torch", 3),
    ("no_memory", "tensorflow", 1), ("memory_returned", "torch", 3), ("memory_returned", "tensorflow", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "framework", "samples"), SLOWLY)
def test_a_slow_program_of_a_gpu_does_so_too(name: str, framework: str, samples: int, stood_in: None) -> None:
    """Through its first route, for as many samples as take some seconds."""
    if name == "compiled_with_graphs" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("inductor needs a compiler")
    test = OF_DEVICES[name, framework, "value"]
    for sample in test.case.samples[:samples]:
        rows = list(against_reference(Workbench(Options()), test, "float32", sample, test.routes[:1]))
        assert [o.outcome for o, _ in rows] == ["passed"]
        assert bool(rows[0][0].refused) is sample.raises


AS_ON_CPU = ("matmul", "linear", "conv2d", "bmm", "addmm", "relu", "tanh", "amax")


def test_autocast_is_asked_for_each_operation(pretended: None) -> None:
    """The lists of CUDA and of CPUs share the products; exp they do not share."""
    rows = observed(OF_DEVICES["dtype_under_autocast", "torch", "value"])
    passed = {o.sample.rpartition("-")[0] for o in rows if o.outcome == "passed"}
    assert passed >= set(AS_ON_CPU)
    assert "exp" not in passed


@pytest.mark.parametrize(
    ("name", "target", "patch"),
    [
        ("copied_to_the_host_and_back", "torch.Tensor.to", "y * (1 + 2**-20) if k.get('non_blocking') else y"),
        ("copied_across_devices", "torch.Tensor.to", "y * 0 if k.get('copy') else y"),
        ("products_in_streams", "torch.stack", "y * (1 + 2**-10)"),
        ("replayed_graph", "torch.tanh", "y + torch.rand(()) * 1e-3"),
        ("deterministic_convolution", "torch.nn.functional.conv2d", "y * (1 + 2**-23 * torch.randint(2, ()))"),
        ("convolution_settings", "torch.nn.functional.conv2d", "y * 1.001"),
        ("convolution_memory_formats", "torch.nn.functional.conv2d",
         "y * (1 + 1e-3 * a[0].is_contiguous(memory_format=torch.channels_last))"),
        ("product_on_each_device", "torch.Tensor.__matmul__", "y * 1.001"),
        ("half_precision_product", "torch.Tensor.__matmul__", "y * 1.1"),
        ("float32_product", "torch.Tensor.__matmul__", "y * (1 + 1e-4)"),
        ("adam_capturable", "torch.optim.Adam.step", "[p.data.mul_(1 + 1e-4) for p in a[0].param_groups[0]['params']]"),
    ],
)  # fmt: skip
def test_a_fault_in_what_a_program_calls_is_detected(
    name: str, target: str, patch: str, stood_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, _, attribute = target.rpartition(".")
    place = eval(owner, {"torch": torch})
    original = getattr(place, attribute)

    def faulty(*a: Any, **k: Any) -> Any:
        y = original(*a, **k)
        changed = eval(patch, {"torch": torch, "a": a, "k": k, "y": y})
        return y if isinstance(changed, list) else changed

    monkeypatch.setattr(place, attribute, faulty)
    rows = observed(OF_DEVICES[name, "torch", "value"], ("float32", "float16"))
    assert "failed" in {o.outcome for o in rows}


def test_a_graph_that_is_not_replayed_is_detected(stood_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recorded, "replay", lambda self: None)
    failed = [o for o in observed(OF_DEVICES["replayed_graph", "torch", "value"]) if o.outcome == "failed"]
    assert {o.route for o in failed} == {"torch_captured"}


@pytest.mark.parametrize(
    ("name", "helper", "answer"),
    [("indices_out_of_range", "in_process", [[0.0]]), ("no_memory", "torch_refused", None)],
)
def test_what_is_not_refused_is_detected(
    name: str, helper: str, answer: Any, pretended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that reads behind an array, and an allocator that gives what is not there."""
    from conformance.catalogue import devices_memory

    def accepts(torch: Any, x: Any, ask: Any) -> Any:
        return x + x, torch.tensor(0)

    monkeypatch.setattr(devices_memory, helper, accepts if answer is None else lambda program: answer)
    rows = observed(OF_DEVICES[name, "torch", "value"])
    assert "failed" in {o.outcome for o in rows}
    if answer is not None:
        assert all(o.outcome == "failed" for o in rows if o.sample in ("one-beyond", "below"))


def test_a_process_that_dies_refuses_nothing() -> None:
    from conformance.catalogue.devices_memory import in_process

    with pytest.raises(IndexError, match="device-side assert"):
        in_process("raise RuntimeError('CUDA error: device-side assert triggered')")
    with pytest.raises(ArithmeticError, match="ended with -6"):
        in_process("import os; os.abort()")
    with pytest.raises(ArithmeticError, match="no module"):
        in_process("raise ImportError('no module')")
    assert in_process("print([1, 2])") == [1, 2]


def test_memory_that_grows_is_counted() -> None:
    from conformance.catalogue.devices_memory import growth

    kept: list[int] = []
    assert growth(lambda: 8 * len(kept), lambda: kept.append(1)) == 8
    assert growth(lambda: 8, lambda: None) == 0


@pytest.mark.parametrize(("left", "said"), [(0, ""), (conform.WORKSPACE, ""), (2**30, "torch left 1073741824 bytes")])
def test_a_module_that_leaves_memory_in_use_has_failed(left: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = load("torch")
    monkeypatch.setattr(type(framework), "memory", lambda self: 100 + left)
    assert conform.leak(framework, 100).startswith(said)
    assert bool(conform.leak(framework, 100)) is bool(said)


@pytest.mark.parametrize(("found", "reason"), [((7, 5), "need a GPU of compute capability 8.0"), ((8, 6), "")])
def test_what_a_gpu_is_too_old_for_is_skipped_by_name(
    found: tuple[int, int],
    reason: str,
    pretended: None,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    framework, test = type(load("torch")), OF_DEVICES["flash_attention", "torch", "value"]
    monkeypatch.setattr(framework, "devices", lambda self: ("cpu", "gpu"))
    monkeypatch.setattr(framework, "capability", lambda self: found)
    monkeypatch.setitem(request.config.stash, conform.BENCH, Workbench(Options()))
    if not reason:
        conform._run(request.node, test)
        return
    with pytest.raises(pytest.skip.Exception, match=reason):
        conform._run(request.node, test)


# Routes keep to one device: seen on the device "meta", whose tensors have no numbers, so that what depends on numbers
# ends a route; what it did until then is seen


class OneDevice(torch.utils._python_dispatch.TorchDispatchMode):
    """Refuses what CUDA refuses: an operation on tensors of two devices, but for copies, indices and single numbers."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function._schema.name.removeprefix("aten::")
        leaves = torch.utils._pytree.tree_leaves((args, kwargs or {}))
        places = {t.device.type for t in leaves if isinstance(t, torch.Tensor) and t.ndim}
        if len(places) > 1 and name not in (
            "_to_copy",
            "copy_",
            "index",
            "index_put",
            "index_put_",
            "_index_put_impl_",
        ):
            raise TwoDevicesError(name)
        return function(*args, **(kwargs or {}))


class TwoDevicesError(Exception):
    """An operation on tensors of two devices."""


def mixing(case: Case) -> list[str]:
    """The torch routes of a case that make something of their own on the CPU, or ask a tensor of a GPU for NumPy's."""
    found, framework = [], load("torch")
    dtype = "float32" if "float32" in case.dtypes else case.dtypes[0]
    sample = next((s for s in case.samples if dtype in s.dtypes and not s.raises), None)
    inputs = rounded(sample.make(np.random.default_rng(0)), dtype) if sample else ()
    for route in case.routes("torch") if sample else ():
        try:
            with OneDevice():
                framework.value(framework.bind(route, sample.options, inputs), inputs, device="gpu")
        except TwoDevicesError as error:
            found.append(f"{route.name}: {error}")
        except Exception as error:  # of numbers that are not there
            if "to numpy" in str(error):
                found.append(f"{route.name}: numpy")
    return found


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(importlib.import_module("conformance.frameworks.torch_adapter")._DEVICES, "gpu", "meta")
    monkeypatch.setattr(type(load("torch")), "array", lambda self, result: result)


@pytest.mark.parametrize("name", [a for a in catalogue() if a != "devices"])
def test_torch_routes_keep_to_one_device(name: str, nowhere: None) -> None:
    mixed = {case.name: found for case in catalogue()[name] if case.kind != "convergence" and (found := mixing(case))}
    assert mixed == {}


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (lambda torch, x: x @ torch.ones(3, 3), ""),
        (lambda torch, x: x @ torch.from_numpy(np.ones((3, 3), np.float32)), "mm"),
        (lambda torch, x: x + torch.ones(3, device="cpu"), "add"),
        (lambda torch, x: x * torch.tensor(2.0, device="cpu"), ""),
        (lambda torch, x: x + np.ones(3) * x.numpy(), "numpy"),
        (lambda torch, x: bool(x.sum()), ""),
    ],
)
def test_two_devices_are_seen(route: Callable[..., Any], said: str, nowhere: None) -> None:
    name = f"made_up_{id(route)}"  # cases of the same name are the same
    case = Case(name, "elementwise", lambda x: x, samples=[normal((3, 3))], torch=[route])
    assert [found.rpartition(": ")[2] for found in mixing(case)] == ([said] if said else [])
