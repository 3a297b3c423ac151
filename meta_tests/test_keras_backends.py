"""Keras on torch and on JAX: what is planned, what is refused, what its adapter computes, and faults that are found.

A process has one backend of Keras, and that of these tests is TensorFlow: what computes runs in processes of its own.
"""

import fnmatch
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance import divergence, frameworks, plan
from conformance.case import helpers_of
from conformance.catalogue import AREAS, OF_KERAS, area
from conformance.frameworks import BACKENDS, MODES_OF, chosen, installed, unfit
from conformance.plan import Options

ROOT = Path(__file__).parents[1]
LEADING = {"torch": "eager", "jax": "jit"}
BOTH = ("torch", "tensorflow")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A backend, of which everything is asked that needs no import of it."""
    name: str = request.param
    for module in (frameworks, plan, divergence):
        monkeypatch.setattr(module, "BACKEND", name)
    monkeypatch.setitem(MODES_OF, "keras", ("jit", "eager") if name == "jax" else ("eager",))
    return name


def run(backend: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    environment |= {"KERAS_BACKEND": backend} if backend else {}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500
    )


# What is planned


def test_it_runs_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "installed", lambda name: "9.0")
    assert chosen() == (*BOTH, "jax")


@pytest.mark.parametrize("name", AREAS)
def test_it_adds_checks_and_changes_none(backend: str, name: str) -> None:
    alone = list(plan.tests(name, Options(("torch", "jax"))))
    beside = list(plan.tests(name, Options(("torch", "jax", "keras"))))
    assert [t for t in beside if "keras" not in t.frameworks] == alone
    added = {t.framework for t in beside} - {t.framework for t in alone}
    assert added <= {"keras", "torch+keras", "jax+keras"}
    assert ("keras" in added) == (name in OF_KERAS[backend])


def test_its_routes_are_those_of_tensorflows_column_that_are_keras_own() -> None:
    cases = {case.name: case for name in AREAS for case in area(name)}
    elu = [r.name for r in cases["elu"].routes("keras")]
    assert "tf.keras.activations.elu" in elu
    assert set(elu) < {r.name for r in cases["elu"].routes("tensorflow")}
    for route in (r for case in cases.values() for r in case.routes("keras")):
        assert "tf.keras" in "".join((route.source, *helpers_of(route.function))), route.name
        assert "tf.nn." not in route.source, route.name
    assert not cases["sgd_torch_and_keras"].routes("keras")  # tf.Variable
    adam = cases["adam_epsilon_hat"].routes("keras")
    assert [r.name for r in adam] == ["tf.keras.optimizers.Adam", "tf.keras.optimizers.AdamW"]
    assert "how=" not in adam[0].source, "what tf.function and XLA compile elsewhere is one route, the eager one"


def test_what_is_said_of_a_backend_has_a_scope_there(backend: str) -> None:
    planned = [t for name in OF_KERAS[backend] for t in plan.tests(name, Options(("keras",)), ("cpu",))]
    entries = [d for d in divergence.divergences() if backend in d.backends]
    assert len(entries) > 10
    for known in entries:
        covered = [t for t in planned if known.concerns(t, "keras")]
        names = {t.case.name for t in covered}
        routes = {r.name for t in covered for r in t.routes}
        assert names, known.id
        if known.framework == "keras":
            assert all(fnmatch.filter(names, pattern) for pattern in known.cases), known.id
        literal = [divergence._literal(r) for r in routes]
        assert any(fnmatch.filter(literal, divergence._literal(pattern)) for pattern in known.routes), known.id


def test_what_is_said_of_one_backend_is_not_said_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    known = next(d for d in divergence.divergences() if d.backends == ("torch",) and d.framework == "keras")
    for name, holds in (("torch", True), ("jax", False), ("", False)):
        monkeypatch.setattr(divergence, "BACKEND", name)
        assert known.of("keras") == holds
    assert not known.of("torch")


# What is refused


@pytest.mark.parametrize(
    ("backend", "asked", "sentence"),
    [
        ("", "keras", "--frameworks keras: KERAS_BACKEND must name a backend, torch or jax, and is not set"),
        (
            "tensorflow",
            "keras",
            "--frameworks keras: KERAS_BACKEND must name a backend, torch or jax, and is tensorflow",
        ),
        ("torch", "tensorflow,keras", "a process has one backend of Keras: tensorflow and keras are two runs"),
    ],
)
def test_a_run_that_cannot_be_is_one_sentence(tmp_path: Path, backend: str, asked: str, sentence: str) -> None:
    done = run(backend, "-m", "pytest", "--frameworks", asked, f"--run-dir={tmp_path / 'run'}", "--collect-only", "-q")
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 4, done.stdout + done.stderr
    assert len(said) == 1
    assert sentence in said[0]


def test_torch_and_keras_on_torch_may_be_one_run() -> None:
    assert unfit(("torch", "tensorflow", "jax")) is None
    assert "KERAS_BACKEND" in str(unfit(("torch", "keras")))


# What it computes, and whether that would be seen

PROGRAM = """
import json, sys
from conformance.check import observe
from conformance.workbench import Workbench
from conformance.frameworks import load, restrict
from conformance.plan import Options, tests
from reports.record import Observation

names, wanted, patch = sys.argv[1].split(","), sys.argv[2].split(","), sys.argv[3]
frameworks = tuple(sys.argv[4].split(","))
restrict(frameworks)
options = Options(frameworks, ("float32",))
chosen = [t for name in names for t in tests(name, options, ("cpu",)) if t.id in wanted]

def observed():
    bench = Workbench(options)
    rows = {t.id: [o for o in observe(bench, t) if isinstance(o, Observation)] for t in chosen}
    return {name: [[o.outcome for o in found], next((o.script for o in found if o.script), "")]
            for name, found in rows.items()}

sound = observed()
exec(patch)
print(json.dumps([load("keras").version(), load("keras").build()["backend"], sound, observed()]))
"""
SCALED = """
import keras.src.backend as backend
original = backend.numpy.matmul
backend.numpy.matmul = lambda *a: original(*a) * 1.001
"""
SLOPE = """
import keras
import keras.src.backend as backend
elu = backend.nn.elu
backend.nn.elu = lambda x, alpha=1.0: elu(x, alpha) + 1e-3 * (x - keras.ops.stop_gradient(x))
"""


def observed(backend: str, names: str, tests: list[str], patch: str, asked: str = "keras") -> Any:
    if not (installed("keras") and installed(backend)):
        pytest.skip(f"need keras and {backend}")
    done = run(backend, "-c", PROGRAM, names, ",".join(tests), patch, asked)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", BACKENDS)
def test_a_fault_of_a_backend_is_found_and_its_program_reproduces_it(name: str, tmp_path: Path) -> None:
    mode = LEADING[name]
    ids = [f"dense-keras-{mode}-value", f"dense-keras-{mode}-gradient", f"elu-keras-{mode}-gradient"]
    version, backend, sound, faulty = observed(name, "activations,layers", ids, SCALED + SLOPE)
    assert backend == name
    assert f"+{name}." in version
    assert set(sound) == set(ids)
    for outcomes, _ in sound.values():
        assert outcomes
        assert set(outcomes) == {"passed"}
    for test in ids:
        assert "failed" in faulty[test][0], test
    for test, patch in ((ids[0], SCALED), (ids[2], SLOPE)):
        script = faulty[test][1]
        assert "from conformance" not in script
        at_fault = f"import os\nos.environ['KERAS_BACKEND'] = {name!r}\n{patch}\n{script}"
        for file, text, status in (("faulty.py", at_fault, 1), ("sound.py", script, 0)):
            (tmp_path / file).write_text(text, encoding="utf-8")
            ran = run("", str(tmp_path / file))
            assert ran.returncode == status, ran.stdout + ran.stderr


def test_it_is_compared_with_torch() -> None:
    pair = ["dense-torch+keras-eager-agreement"]
    sound, faulty = observed("torch", "layers", pair, SCALED, "torch,keras")[2:]
    assert set(sound[pair[0]][0]) == {"passed"}
    assert "failed" in faulty[pair[0]][0]


def test_it_needs_no_tensorflow(tmp_path: Path) -> None:
    """Keras imports TensorFlow where it finds it, so that only its absence shows."""
    if not (installed("keras") and installed("torch")):
        pytest.skip("need keras and torch")
    program = 'import sys; sys.modules["tensorflow"] = None; import pytest; raise SystemExit(pytest.main(sys.argv[1:]))'
    options = ["--frameworks", "keras", "--require", "keras", "--dtypes", "float32", f"--run-dir={tmp_path / 'run'}"]
    done = run("torch", "-c", program, "-q", "-p", "no:cacheprovider", *options, "conformance/test_pooling.py",
               "-k", "max_pooling1d-keras or average_pooling1d-keras")  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "CONFORMANT: keras " in done.stdout
