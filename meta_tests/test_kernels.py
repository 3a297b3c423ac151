"""Divergences that depend on the kernels of a machine: what frameworks say of these, and the scopes that ask for it."""

import importlib
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import divergence
from conformance.divergence import Divergence, divergences
from conformance.frameworks import KERNELS, chosen, load
from reports.record import read

pytest.importorskip("torch")
pytest.importorskip("tensorflow")

ROOT = Path(__file__).parents[1]
ENTRY = """
[[divergence]]
id = "made-up"
framework = "{framework}"
cases = ["gelu"]
when = {{ {when} }}
reason = "r"
agree = "a"
sources = []
bound = 1
added = "2026-01-01"
"""


def entry(directory: Path, framework: str, when: str) -> Divergence:
    (directory / "one.toml").write_text(ENTRY.format(framework=framework, when=when), encoding="utf-8")
    divergences.cache_clear()
    return divergences()[0]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of entries, in place of the project's."""
    monkeypatch.setattr(divergence, "DIRECTORY", tmp_path)
    yield tmp_path
    divergences.cache_clear()


def test_an_entry_holds_on_the_kernels_that_it_names_and_says_so(directory: Path) -> None:
    here = load("torch").kernels("float32")["cpu_capability"]
    for pattern, holds in ((here, True), ("*", True), ("SSE", False)):
        known = entry(directory, "torch", f'cpu_capability = "{pattern}"')
        assert known.holds("torch.nn.GELU", "float32", "normal", "") is holds
        assert known.scope.endswith(f"cpu_capability {pattern}")


def test_a_dtype_that_onednn_has_not_is_computed_without_it(directory: Path) -> None:
    """Whatever its switch."""
    for pattern, holds in (("off", True), ("on", False)):
        known = entry(directory, "tensorflow", f'onednn = "{pattern}"')
        assert known.holds("tf.nn.gelu", "float64", "normal", "") is holds
        assert known.holds("tf.nn.gelu", "int32", "normal", "") is holds


def test_facts_that_no_framework_states_are_refused(directory: Path) -> None:
    with pytest.raises(ValueError, match=r"one\.toml: 'made-up': tensorflow says nothing of cpu_capability"):
        entry(directory, "tensorflow", 'cpu_capability = "AVX2"')


@pytest.mark.parametrize("name", chosen())
def test_a_framework_states_its_facts(name: str) -> None:
    for dtype in ("float32", "bfloat16", "int64", "bool"):
        assert tuple(load(name).kernels(dtype)) == KERNELS[name]


def test_tensorflow_says_what_its_switch_does() -> None:
    switched = importlib.import_module("tensorflow.python.util._pywrap_util_port").IsMklEnabled()
    assert load("tensorflow").kernels("float32")["onednn"] == ("on" if switched else "off")
    assert load("tensorflow").build()["onednn"].startswith("float32" if switched else "off")


SELECTED = (
    "conv2d_grouped-tensorflow-eager-gradient or conv1d-tensorflow-eager-value or patches_as_channels-tensorflow-eager"
    " or mish-tensorflow-function-value or softmax-tensorflow-eager-value"
)


@pytest.mark.parametrize("switch", ["0", "1"])
def test_divergences_are_those_of_the_kernels(tmp_path: Path, switch: str) -> None:
    """Both ways the suite is conformant, and what diverges is what the kernels of TensorFlow make diverge."""
    files = [f"conformance/test_{area}.py" for area in ("convolution", "activations", "reductions")]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "--frameworks", "tensorflow",
         "--dtypes", "float64,float32", "-k", f"({SELECTED}) and not gpu", f"--run-dir={tmp_path / 'run'}"],
        cwd=ROOT, env={**own, "TF_ENABLE_ONEDNN_OPTS": switch}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    run = read(tmp_path / "run")
    seen = Counter((o.divergence, o.dtype) for o in run.observations if o.outcome == "diverged")
    assert re.match("float32" if switch == "1" else "off", run.frameworks["tensorflow"].build["onednn"])
    for name in ("conv-grouped-has-no-gradient-on-cpu", "conv-of-too-small-an-image-is-empty-with-its-bias"):
        assert seen[name, "float64"]
        assert bool(seen[name, "float32"]) is (switch == "0")
    for known in (d for d in divergences() if d.applies() and d.when == {"onednn": "on"}):
        assert bool(seen[known.id, "float32"]) is (switch == "1"), known.id
        assert not seen[known.id, "float64"]
