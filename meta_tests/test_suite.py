"""The suite as a user meets it: its command line, exit status, and what is left when things go wrong."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from fixtures.shards import recorded
from reports.record import NAME, Run, read
from reports.verdict import verdict

ROOT = Path(__file__).parents[1]
RELU = "relu and not (crelu or prelu or rrelu or relu6 or leaky_relu or ed_relu or of_relu or s_relu)"
IN_FILE = "conformance/test_activations.py"
"""What is selected is in this file: pytest need not look into the others, which takes longer than the tests."""
TORCH_RELU = (IN_FILE, "--frameworks", "torch", "--dtypes", "float32", "-k", RELU)


@dataclass(frozen=True)
class Done:
    """A finished run of pytest."""

    code: int
    out: str
    err: str
    directory: Path

    @property
    def run(self) -> Run:
        return read(self.directory)

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(o.outcome for o in self.run.observations)


Suite = Callable[..., Done]


def pytest_for(tmp_path: Path) -> Suite:
    """``suite(*arguments, plugin="", cwd=ROOT)`` runs pytest in a process of its own, with the source of a plugin."""

    def run(*arguments: str, plugin: str = "", cwd: Path = ROOT, path: str = "", directory: str = "run") -> Done:
        (tmp_path / "injected.py").write_text(dedent(plugin), encoding="utf-8")
        plugins = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "injected")
        command = [sys.executable, "-m", "pytest", *plugins]
        given = any(a.startswith("--run-dir") for a in arguments) or cwd != ROOT
        where = [] if given else ["--run-dir", str(tmp_path / directory)]
        searched = os.pathsep.join(filter(None, [path, str(tmp_path), os.environ.get("PYTHONPATH", "")]))
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # no worker's
        done = subprocess.run(
            [*command, *arguments, *where], cwd=cwd, capture_output=True, text=True, timeout=300,
            env={**own, "PYTHONPATH": searched},
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr, tmp_path / directory)

    return run


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return pytest_for(tmp_path)


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """The same selection on no, one and two workers."""
    suite = pytest_for(tmp_path_factory.mktemp("workers"))
    files = (IN_FILE, "conformance/test_elementwise.py")
    selection = (*files, *TORCH_RELU[1:5], "--seed", "3", "-k", f"({RELU} or expm1) and not gpu")
    return {n: suite(*selection, "-n", n, "--times", directory=f"run{n}") for n in ("0", "1", "2")}


FAULT = """
    import pytest
    from conformance.frameworks import load

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(item):
        torch = load("torch").module
        torch.relu = lambda x: torch.clamp(x, min=0) * 1.5
"""


def test_the_record_is_the_same_whatever_the_number_of_workers(by_workers: dict[str, Done]) -> None:
    found = {}
    for n, done in by_workers.items():
        assert done.code == 0, done.out + done.err
        rows = done.run.observations
        found[n] = sorted((o.test, o.route, o.dtype, o.sample, o.outcome, str(o.score), str(o.ulps)) for o in rows)
        assert "CONFORMANT: torch" in done.out
        assert str(done.directory / "index.html") in done.out
        assert (done.directory / "index.html").exists()
    assert found["0"]
    assert found["0"] == found["1"] == found["2"]


def test_times_and_memory_are_printed_where_they_are_asked_for(by_workers: dict[str, Done]) -> None:
    for done in by_workers.values():
        assert re.search(r"time of all processes: \d+ s: .*harness \d+%", done.out)
        assert re.search(r"\d+ checks in \d+ s: \d+ a second", done.out)
        most = max(line.memory for line in done.run.spent)
        assert 1e8 < most < 1e11
        assert f"most memory of a process: {most / 1e9:.2f} GB" in done.out


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_failure_exits_with_1_and_prints_its_program(suite: Suite, workers: str, tmp_path: Path) -> None:
    done = suite(*TORCH_RELU, "-n", workers, "--junitxml", str(tmp_path / "junit.xml"), plugin=FAULT)
    assert done.code == 1
    assert "NOT CONFORMANT: torch" in done.out
    assert "Reproduce the first without this project:" in done.out
    assert "raise SystemExit(" in done.out
    assert "worst element value[" in done.out
    assert done.outcomes["failed"] > 0
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    properties = {p.get("name"): p.get("value") for c in cases for p in c.iter("property")}
    assert "torch.relu float32 normal" in properties
    assert float(properties["torch.relu float32 normal"] or 0) > 1000
    again = re.search(r"^Rerun in the suite: pytest (.*)$", done.out, re.MULTILINE)
    assert again
    assert "relu-torch-eager-value]" in suite(*shlex.split(again[1]), "--collect-only", "-q").out


def test_a_test_that_breaks_off_leaves_no_gap(suite: Suite) -> None:
    """An error of our own is a failure of all that the test had still to check."""
    plugin = """
        from conformance import noise
        original = noise.expected_value
        def broken(case, sample, *rest):
            if sample.name == "small":
                raise ZeroDivisionError("a bug of ours")
            return original(case, sample, *rest)
        noise.expected_value = broken
    """
    done = suite(*TORCH_RELU, "-m", "not gpu", plugin=plugin)
    assert done.code == 1
    broken = [o for o in done.run.observations if o.test == "relu-torch-eager-value" and o.route == "*"]
    assert [(o.outcome, o.reason) for o in broken] == [("failed", "a bug of ours")]
    assert done.run.missing() == []


def test_an_interrupted_run_says_so(suite: Suite) -> None:
    plugin = """
        def pytest_runtest_call(item):
            if "relu-torch-eager-gradient]" in item.nodeid:
                raise KeyboardInterrupt
    """
    done = suite(*TORCH_RELU, "-m", "not gpu", plugin=plugin)
    assert done.code == 2
    assert "The run was interrupted." in verdict(done.run).problems
    assert "NOT CONFORMANT" in done.out
    assert done.outcomes["passed"] > 0


def test_a_selection_of_nothing_is_no_success(suite: Suite) -> None:
    done = suite(IN_FILE, "-k", "no_such_case")
    assert done.code == 5
    assert "CONFORMANT" not in done.out


def test_a_crash_costs_one_test_and_is_observed(suite: Suite) -> None:
    plugin = """
        import os, signal
        def pytest_runtest_call(item):
            if "relu-torch-eager-value]" in item.nodeid:
                os.kill(os.getpid(), signal.SIGSEGV)
    """
    done = suite(*TORCH_RELU, "-m", "not gpu", "-n", "1", plugin=plugin)
    assert done.code == 1
    crashed = [o for o in done.run.observations if o.outcome == "crashed"]
    assert [o.test for o in crashed] == ["relu-torch-eager-value"]
    assert crashed[0].covers > 1
    assert done.outcomes["passed"] > 0  # the other tests ran, in a new worker
    assert "were lost when their process died or hung" in done.out


def test_a_crash_in_the_last_case_does_not_stall_the_run(suite: Suite) -> None:
    """xdist would give cases that were finished to the worker that comes after: no test, and it would ask for none."""
    plugin = """
        import os, signal
        def pytest_runtest_call(item):
            if "test_special[digamma-torch-eager-value]" in item.nodeid:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    files = (IN_FILE, "conformance/test_special.py")
    done = suite(*files, *TORCH_RELU[1:5], "-k", f"({RELU} or digamma) and not gpu", "-n", "1", plugin=plugin)
    assert [o.test for o in done.run.observations if o.outcome == "crashed"] == ["digamma-torch-eager-value"]
    assert any(o.test == "digamma-torch-eager-gradient" for o in done.run.observations)


def test_workers_that_die_together_cost_one_test_each(suite: Suite) -> None:
    plugin = """
        import os, signal
        def pytest_runtest_call(item):
            if "torch-eager-value]" in item.nodeid:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    files = (IN_FILE, "conformance/test_special.py")
    done = suite(*files, *TORCH_RELU[1:5], "-k", f"({RELU} or digamma) and not gpu", "-n", "2", plugin=plugin)
    crashed = sorted(o.test for o in done.run.observations if o.outcome == "crashed")
    assert crashed == ["digamma-torch-eager-value", "relu-torch-eager-value"]
    assert {o.case for o in done.run.observations if o.outcome == "passed"} == {"digamma", "relu"}


def test_a_crash_of_the_only_process_leaves_a_readable_record(suite: Suite) -> None:
    plugin = """
        import os, signal
        def pytest_runtest_call(item):
            if "relu-torch-eager-gradient]" in item.nodeid:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    done = suite(*TORCH_RELU, "-m", "not gpu", "-n", "0", plugin=plugin)
    assert done.code < 0
    found = verdict(done.run)
    assert not found.conformant
    assert found.counts["passed"] > 0
    assert "The run was cut off: its record has no footer." in found.problems
    assert any("relu-torch-eager-gradient had begun" in p for p in found.problems)


def test_a_hang_in_native_code_is_ended_and_observed(suite: Suite) -> None:
    plugin = """
        import ctypes
        def pytest_collection_finish():
            import torch  # which takes as long as the limit on a busy machine
        def pytest_runtest_call(item):
            if "relu-torch-eager-value]" in item.nodeid:
                library, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
                library.pthread_mutex_lock(mutex)
                library.pthread_mutex_lock(mutex)  # for ever, with the GIL held: no Python code can interrupt it
    """
    limits = ("-o", "timeout=8", "-o", "faulthandler_timeout=10")
    done = suite(*TORCH_RELU, "-m", "not gpu", "-n", "1", *limits, plugin=plugin)
    assert done.code == 1
    assert done.outcomes["crashed"] == 1
    assert done.outcomes["passed"] > 0


def test_an_observation_that_is_lost_fails_the_run(suite: Suite) -> None:
    """Exit status 0 of pytest alone proves nothing."""
    plugin = """
        import pytest
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if "relu-torch-eager-value]" in item.nodeid and hasattr(report, "conformance"):
                report.conformance = "\\n".join(report.conformance.splitlines()[:-2])  # the last says what time it took
            return report
    """
    done = suite(*TORCH_RELU, "-m", "not gpu", plugin=plugin)
    assert done.code == 1
    assert "1 planned checks left no observation; first: relu-torch-eager-value." in done.out


def test_without_a_gpu_its_checks_are_counted_and_the_run_succeeds(suite: Suite) -> None:
    done = suite("-m", "gpu", *TORCH_RELU)
    if "CONFORMANT" in done.out:
        pytest.skip("this machine has a GPU")
    assert done.code == 0
    assert re.search(r"skipped: \d+ checks need a CUDA device, and this machine has none", done.out)
    assert re.search(r"NOTHING JUDGED: all \d+ selected checks were skipped\.", done.out)


def test_what_takes_minutes_is_skipped_and_counted(suite: Suite) -> None:
    done = suite("conformance/test_training.py", "-k", "converged_digit_classifier and not gpu")
    assert done.outcomes == {"skipped": 1}
    assert "skipped: 1 checks take minutes: pytest -m slow runs them" in done.out


def test_a_required_gpu_that_is_absent_fails_the_run(suite: Suite) -> None:
    done = suite("-m", "gpu", "--require", "gpu", *TORCH_RELU)
    if done.code == 0:
        pytest.skip("this machine has a GPU")
    assert done.code == 1
    assert re.search(r"gpu was required: \d+ checks need a CUDA device and none was found\.", done.out)


def usage_error(done: Done, sentence: str) -> None:
    """Exit status 4, one sentence on stderr, no traceback."""
    assert done.code == 4, done.out + done.err
    said = [line for line in done.err.splitlines() if line.strip()]
    assert len(said) == 1, done.err
    assert sentence in said[0]


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--frameworks", "torch,mxnet", "--frameworks mxnet: unknown; choose from torch, tensorflow"),
        ("--frameworks", ",", "--frameworks: empty; choose from"),
        ("--dtypes", "float8", "--dtypes float8: unknown; choose from float64, float32, float16, bfloat16"),
        ("--modes", "lazy", "--modes lazy: unknown; choose from eager"),
        ("--require", "tpu", "--require tpu: unknown; choose from torch, tensorflow, jax, keras, gpu"),
        ("--seed", "-1", "--seed -1: a seed is a number from 0 up"),
        ("--mnist", "nowhere", "nowhere: has neither mnist.npz nor train-images-idx3-ubyte"),
    ],
)
def test_a_bad_option_is_one_sentence(suite: Suite, option: str, value: str, sentence: str) -> None:
    done = suite(f"{option}={value}")
    usage_error(done, sentence)
    assert not done.directory.exists() or not any(done.directory.iterdir())


def test_a_requirement_that_contradicts_the_selection(suite: Suite) -> None:
    usage_error(suite("--frameworks", "torch", "--require", "tensorflow"), "contradicts")


def test_a_run_directory_that_cannot_be_written(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    usage_error(suite(f"--run-dir={tmp_path / 'file' / 'run'}"), "cannot be written")


def test_a_record_is_not_overwritten(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / NAME).write_text("precious", encoding="utf-8")
    usage_error(suite(f"--run-dir={tmp_path / 'run'}"), "holds the record of another run, which is not overwritten")
    assert (tmp_path / "run" / NAME).read_text(encoding="utf-8") == "precious"


def pretend(tmp_path: Path, version: str, source: str = "") -> str:
    """A folder with a package that calls itself torch."""
    (tmp_path / "fake" / "torch").mkdir(parents=True)
    (tmp_path / "fake" / "torch" / "__init__.py").write_text(source, encoding="utf-8")
    about = tmp_path / "fake" / f"torch-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n", encoding="utf-8")
    return str(tmp_path / "fake")


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_framework_that_is_broken_is_named(suite: Suite, tmp_path: Path, workers: str) -> None:
    fake = pretend(tmp_path, "2.13.0", "raise ImportError('libcudart.so.13: cannot open shared object file')")
    done = suite(*TORCH_RELU, "-n", workers, path=fake)
    assert done.code == 1
    sentence = (
        "torch 2.13.0 is installed but cannot be used (ImportError: libcudart.so.13: cannot open shared object file)."
    )
    assert sentence in done.out + done.err


def test_a_version_that_is_too_old_is_named(suite: Suite, tmp_path: Path) -> None:
    done = suite(*TORCH_RELU, path=pretend(tmp_path, "2.3.1"))
    assert done.code == 1
    assert "torch 2.3.1 is not supported: 2.4 is the oldest that is." in done.out + done.err


HIDDEN = """
    from conformance import frameworks
    original = frameworks.installed
    frameworks.installed = lambda name: None if name == "tensorflow" else original(name)
"""


def test_what_is_not_installed_is_skipped_and_counted(suite: Suite) -> None:
    done = suite(IN_FILE, "-k", RELU, "--dtypes", "float32", "-m", "not gpu", plugin=HIDDEN)
    assert done.code == 0
    assert re.search(r"skipped: \d+ checks need tensorflow, which is not installed", done.out)
    assert done.outcomes["passed"] > 0


def test_what_is_required_and_not_installed_fails_the_run(suite: Suite) -> None:
    done = suite(IN_FILE, "-k", RELU, "--require", "torch,tensorflow", plugin=HIDDEN)
    assert done.code == 1
    assert "tensorflow is required and not installed." in done.out + done.err


def test_the_options_are_shown_in_one_group(suite: Suite) -> None:
    text = suite("--help").out
    group = text.partition("conformance of PyTorch, TensorFlow and JAX:")[2].partition("\n\n")[0]
    for option in ("--frameworks=", "--require=", "--dtypes=", "--modes=", "--seed=", "--run-dir=", "--mnist="):
        assert option in group


def test_the_shortest_cases_come_first_where_the_first_failure_ends_the_run(suite: Suite) -> None:
    def cases(*options: str) -> list[str]:
        lines = suite(
            "conformance/test_schedules.py", "--collect-only", "-q", "-m", "torch and not gpu", *options
        ).out.splitlines()
        named = [found[1] for line in lines if (found := re.search(r"\[(\w+)-", line))]
        return [case for i, case in enumerate(named) if not i or named[i - 1] != case]

    usual, found = cases(), cases("-x")
    assert found != usual
    assert sorted(found) == sorted(usual)  # each in one piece
    assert [recorded()[case] for case in found] == sorted(recorded()[case] for case in usual)


def test_collection_imports_no_framework(suite: Suite) -> None:
    plugin = """
        import sys
        def pytest_unconfigure():
            print("imported:", [m for m in ("torch", "tensorflow", "keras") if m in sys.modules])
    """
    done = suite("--collect-only", "-q", plugin=plugin)
    assert done.code == 0
    assert "imported: []" in done.out
    assert not done.directory.exists() or not any(done.directory.iterdir())


def test_benchmarks_run_alone_or_not_at_all(suite: Suite, tmp_path: Path) -> None:
    timings = tmp_path / "timings.json"
    quick = ("--benchmark-max-time=0.01", "--benchmark-min-rounds=1", f"--benchmark-json={timings}")
    done = suite("conformance/test_benchmarks.py", "--benchmark-only", "-k", "gelu and (numpy or torch)", *quick)
    assert done.code == 0, done.out
    names = [b["name"] for b in json.loads(timings.read_text(encoding="utf-8"))["benchmarks"]]
    assert any("torch-eager" in n for n in names)
    assert all("test_benchmark" in n for n in names)
    plain = suite("conformance/test_benchmarks.py", IN_FILE, "--collect-only", "-q", "-k", "gelu").out
    assert "test_benchmarks.py" not in plain


def test_a_copy_elsewhere_runs_and_links_its_latest_run(suite: Suite, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".git", ".tox", ".ci", "runs", "__pycache__", "*.egg-info", ".*_cache")
    shutil.copytree(ROOT, copy, ignore=ignored)
    for _ in range(2):
        done = suite(*TORCH_RELU, "-m", "not gpu", cwd=copy)
        assert done.code == 0, done.out + done.err
    runs = sorted(p for p in (copy / "reports" / "runs").iterdir() if not p.is_symlink())
    assert len(runs) == 2
    latest = copy / "reports" / "runs" / "latest"
    assert latest.resolve() == runs[-1].resolve()
    assert read(latest).complete


def test_the_fingerprint_says_what_numbers_depend_on(by_workers: dict[str, Done]) -> None:
    run = by_workers["2"].run
    facts: dict[str, Any] = run.header.fingerprint
    assert {"python", "platform", "packages", "cpu", "numpy_blas", "environment", "gpu"} <= set(facts)
    assert facts["packages"]["torch"]
    assert facts["environment"]["OMP_NUM_THREADS"] == os.environ["OMP_NUM_THREADS"]
    assert run.header.seed == 3
    assert run.frameworks["torch"].build["threads"] == int(os.environ["OMP_NUM_THREADS"])
    assert run.header.options["dtypes"] == ["float32"]
