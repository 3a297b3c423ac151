"""JAX as a third framework: what a machine without it plans, what its adapter promises, and faults that are found.

Faults run here, and again in a clean process in front of the reproduction script of the failure that they cause.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from conformance import frameworks, plan
from conformance.benchmark import Benchmark, Data, Program, Wrong, prepared
from conformance.case import Route
from conformance.catalogue import AREAS, area
from conformance.catalogue.benchmarks import benchmarks
from conformance.check import observe
from conformance.divergence import divergences
from conformance.frameworks import Framework, chosen, load
from conformance.plan import Options, Test
from conformance.workbench import Workbench
from reports.record import Observation

BOTH = ("torch", "tensorflow")


@pytest.fixture(scope="module")
def jax() -> Framework:
    pytest.importorskip("jax")
    pytest.importorskip("optax")
    return load("jax")


# Without JAX


def test_without_jax_torch_and_tensorflow_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "installed", lambda name: None if name == "jax" else "1.0")
    assert chosen() == BOTH
    assert Options().frameworks == BOTH


def test_with_jax_it_is_covered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "installed", lambda name: "1.0")
    assert chosen() == (*BOTH, "jax")


@pytest.mark.parametrize("name", AREAS)
def test_a_third_framework_adds_checks_and_changes_none(name: str) -> None:
    """The plan of two frameworks is that of three without the third, in the modes that there were before it."""
    two = list(plan.tests(name, Options(BOTH, modes=("eager", "function"))))
    three = list(plan.tests(name, Options((*BOTH, "jax"))))
    assert [t for t in three if "jax" not in t.frameworks] == two
    assert {t.framework for t in three} - {t.framework for t in two} <= {"jax", "torch+jax", "tensorflow+jax"}
    assert len({t.id for t in three}) == len(three)


def test_every_pair_of_frameworks_is_compared() -> None:
    joint = [t.framework for t in plan.tests("elementwise", Options((*BOTH, "jax")), ("cpu",)) if t.case.name == "exp"]
    assert [f for f in joint if "+" in f] == ["torch+tensorflow", "torch+jax", "tensorflow+jax"]


def test_frameworks_are_compared_in_the_leading_mode_of_each() -> None:
    """So what is true of jit alone holds there, though the test goes by eager mode."""
    entry = next(d for d in divergences() if d.modes == ("jit",))
    case = next(c for c in area("indexing") if c.name == "nonzero")
    assert entry.concerns(Test("indexing", case, "agreement", "torch+jax", "eager", "cpu"), "jax")
    assert not entry.concerns(Test("indexing", case, "value", "jax", "eager", "cpu"), "jax")


# The adapter


def bound(jax: Framework, call: Any, *inputs: np.ndarray, **options: Any) -> Any:
    return jax.bind(Route("jax", call, lambda: ("call", "")), options, inputs)


@pytest.mark.parametrize("mode", ["eager", "jit"])
def test_a_complex_gradient_has_the_derivative_conjugated(jax: Framework, mode: str) -> None:
    z, c = np.array([1 + 2j, -0.5j]), np.array([2 - 1j, 3 + 0j])
    (gradient,) = jax.vjp(bound(jax, lambda jax, z: z * z, z), [z], [c], mode=mode)[1]
    assert np.array_equal(gradient, c * np.conj(2 * z))
    real = jax.vjp(bound(jax, lambda jax, z: jax.numpy.real(z * z), z), [z], [c.real], mode=mode)[1][0]
    assert np.array_equal(real, c.real * np.conj(2 * z))


def test_float64_stays_and_inputs_are_not_shared(jax: Framework) -> None:
    x = np.linspace(0, 1, 4096)
    f = bound(jax, lambda jax, x: x, x)
    result = jax.value(f, [x])
    x[:] = 7
    assert result.dtype == np.float64
    assert np.array_equal(result, np.linspace(0, 1, 4096))


def test_integers_are_results_and_not_differentiated(jax: Framework) -> None:
    x, i = np.array([3.0, 1.0, 2.0]), np.array([2, 0])
    f = bound(jax, lambda jax, x, i: (jax.numpy.argsort(x), x[i] ** 2), x, i)
    (order, squares), (gradient,) = jax.vjp(f, [x, i], [np.array([1.0, 10.0])], mode="jit")
    assert order.tolist() == [1, 2, 0]
    assert squares.tolist() == [4.0, 9.0]
    assert gradient.tolist() == [60.0, 0.0, 4.0]


def test_of_several_calls_one_may_raise(jax: Framework) -> None:
    x = np.ones(2)
    calls = [(bound(jax, lambda jax, x: x @ jax.numpy.ones(3), x), [x], []), (lambda x: 2 * x, [x], [x])]
    for mode in ("eager", "jit"):
        wrong, right = jax.vjps(calls, mode=mode)
        assert isinstance(wrong, TypeError)
        assert not isinstance(right, Exception)
        assert right[1][0].tolist() == [2.0, 2.0]  # type: ignore[union-attr]


def test_a_route_that_draws_is_given_the_key_of_the_seed(jax: Framework) -> None:
    x = np.zeros(5)
    draws = []
    for seed in (3, 3, 4):
        jax.seed(seed)
        draws.append(jax.value(bound(jax, lambda jax, x, *, key: jax.random.normal(key, x.shape), x), [x], mode="jit"))
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_a_route_through_optax_goes_by_its_name() -> None:
    names = [r.name for case in area("losses") for r in case.routes("jax")]
    assert "optax.huber_loss" in names
    assert not any("()" in name for name in names)


def test_what_this_version_lacks_is_skipped_by_name(jax: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(c for c in area("elementwise") if c.name == "exp")
    monkeypatch.delattr(jax.module.numpy, "exp")
    rows = list(observe(Workbench(Options(("jax",))), Test("elementwise", case, "value", "jax", "jit", "cpu")))
    lacking = [o for o in rows if isinstance(o, Observation) and o.route == "jax.numpy.exp"]
    assert {o.outcome for o in lacking} == {"skipped"}
    assert lacking[0].reason.startswith("need jax.numpy.exp, which jax ")


# Faults


@dataclass(frozen=True)
class Fault:
    test: str
    target: str
    patch: str

    @property
    def program(self) -> str:
        return f"import jax, optax\n{dedent(self.patch)}\n"


SCALED = "original = {0}\n{0} = lambda *a, **k: original(*a, **k) * {1}"
DERIVATIVE = """
    original = jax.numpy.exp
    jax.numpy.exp = jax.custom_jvp(lambda x: original(x))
    jax.numpy.exp.defjvps(lambda t, y, x: t * y * 1.00001)
"""
SECOND = """
    original = jax.numpy.exp
    slope = jax.custom_jvp(lambda x: original(x))
    slope.defjvps(lambda t, y, x: t * y * 1.00001)
    jax.numpy.exp = jax.custom_jvp(lambda x: original(x))
    jax.numpy.exp.defjvps(lambda t, y, x: t * slope(x))
"""
RATE = "original = optax.lion\noptax.lion = lambda r, *a, **k: original(1.001 * r, *a, **k)"
FAULTS = [
    Fault("exp-jax-jit-value", "jax.numpy.exp", SCALED.format("jax.numpy.exp", 1.00001)),
    Fault("exp-jax-eager-value", "jax.numpy.exp", SCALED.format("jax.numpy.exp", 1.00001)),
    Fault("exp-jax-jit-gradient", "jax.numpy.exp", DERIVATIVE),
    Fault("exp-jax-eager-gradient", "jax.numpy.exp", DERIVATIVE),
    Fault("exp-jax-jit-jvp", "jax.numpy.exp", DERIVATIVE),
    Fault("exp-jax-jit-hvp", "jax.numpy.exp", SECOND),
    Fault("exp-jax-jit-invariance", "jax.numpy.exp", SCALED.format("jax.numpy.exp", 1.00001)),
    Fault("argmax-jax-jit-value", "jax.numpy.argmax", SCALED.format("jax.numpy.argmax", 2)),
    Fault("huber_loss-jax-jit-gradient", "optax.huber_loss", SCALED.format("optax.huber_loss", 1.00001)),
    Fault("normal_draws-jax-eager-statistics", "jax.random.normal", SCALED.format("jax.random.normal", 1.05)),
    Fault("lion-jax-eager-value", "optax.lion", RATE),
]


def test_of(fault: Fault) -> Test:
    found = (t for name in AREAS for t in plan.tests(name, Options(("jax",)), ("cpu",)) if t.id == fault.test)
    return next(found)


test_of.__test__ = False  # type: ignore[attr-defined]


def failures(test: Test) -> list[Observation]:
    rows = observe(Workbench(Options(("jax",), ("float64", "float32"))), test)
    return [o for o in rows if isinstance(o, Observation) and o.outcome == "failed"]


@pytest.fixture(params=FAULTS, ids=[f.test for f in FAULTS])
def fault(request: pytest.FixtureRequest, jax: Framework) -> tuple[Fault, Test, list[Observation]]:
    of: Fault = request.param
    test = test_of(of)
    assert not failures(test)
    with pytest.MonkeyPatch.context() as patched:
        import optax

        owner, _, name = of.target.rpartition(".")
        module = eval(owner, {"jax": jax.module, "optax": optax})
        patched.setattr(module, name, getattr(module, name))  # to be undone
        exec(dedent(of.patch), {"jax": jax.module, "optax": optax})
        found = failures(test)
    assert not failures(test)
    return of, test, found


def test_a_fault_is_found_and_its_program_reproduces_it(
    fault: tuple[Fault, Test, list[Observation]], tmp_path: Path
) -> None:
    of, _, found = fault
    assert found
    program = found[0].script
    for word in ("from conformance", "import conformance", "fixtures", "pytest."):
        assert word not in program
    for name, text, status in (("faulty.py", of.program + program, 1), ("sound.py", program, 0)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        ran = subprocess.run([sys.executable, name], cwd=tmp_path, capture_output=True, text=True, timeout=400)
        assert ran.returncode == status, ran.stdout + ran.stderr


def test_a_fault_makes_frameworks_disagree(jax: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    case = next(c for c in area("elementwise") if c.name == "exp")
    test, options = Test("elementwise", case, "agreement", "torch+jax", "eager", "cpu"), Options(("torch", "jax"))

    def outcomes() -> set[str]:
        return {o.outcome for o in observe(Workbench(options), test) if isinstance(o, Observation)}

    assert outcomes() == {"passed"}
    original = jax.module.numpy.exp
    monkeypatch.setattr(jax.module.numpy, "exp", lambda x: original(x) * 1.01)
    assert "failed" in outcomes()


# Benchmarks

PROGRAMS = [b for b in benchmarks(("small",)) if isinstance(b.entry, Program)]


@pytest.mark.parametrize("of", PROGRAMS, ids=lambda b: b.id)
def test_steps_are_those_of_the_reference(jax: Framework, of: Benchmark) -> None:
    step = prepared(Data(of), "jax", "jit")
    assert (step() is None) == (of.what == "optimizer step")


def test_other_steps_are_not_timed(jax: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    import optax

    apply = optax.apply_updates
    monkeypatch.setattr(optax, "apply_updates", lambda weights, updates: apply(apply(weights, updates), updates))
    for of in PROGRAMS:
        with pytest.raises(Wrong, match="computes something else"):
            prepared(Data(of), "jax", "jit")
