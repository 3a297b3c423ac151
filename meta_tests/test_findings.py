"""docs/findings.md: every defect has its program, which shows it in the versions that the page is about."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.case import FRAMEWORKS
from conformance.divergence import divergences
from conformance.frameworks import installed, load, packaged

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "docs" / "findings"
PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8").split("\n## Upgrades")[0]
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "optax": "Optax"}
SEGFAULTS = {"native-batch-norm-without-statistics"}
"""They end their process, and so have one of their own."""
ONEDNN = "onednn-"
"""So begin the names of what TensorFlow's kernels of oneDNN do, which are chosen when it is imported."""
ON_BACKEND = ("keras-on-torch-", "keras-on-jax-")
"""So begin the names of what Keras does on one backend alone: a program chooses it before Keras is imported."""
AVX512 = {
    "gelu-of-infinity-by-avx512": ("torch", "onednn"),
    "xla-power-of-two-by-avx512": ("tensorflow", "instructions"),
}
"""What is done on processors that have AVX-512, and on no others; with the fact of `KERNELS` that says so."""

ROWS = {row[1]: row[2] for row in re.finditer(r"^\| \[`([\w-]+)`\]\(#\1\) \| (\w+) \|", PAGE, re.MULTILINE)}

RUN = """
import contextlib, json, runpy, sys
codes = {}
for path in sys.argv[1:]:
    try:
        with contextlib.redirect_stdout(None):
            runpy.run_path(path, run_name="__main__")
        codes[path] = 0
    except SystemExit as end:
        codes[path] = int(end.code or 0)
    except Exception as error:
        codes[path] = repr(error)
print(json.dumps(codes))
"""


def entry(name: str) -> str:
    found = re.search(rf"^#### {name}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the table names {name}, which has no entry"
    return found[1]


def test_the_table_the_entries_and_the_programs_are_the_same() -> None:
    assert len(ROWS) >= 40
    assert set(ROWS) == set(re.findall(r"^#### (\S+)$", PAGE, re.MULTILINE))
    assert set(ROWS) == {path.stem for path in PROGRAMS.glob("*.py")}


def test_the_divergences_that_entries_name_exist() -> None:
    assert ROWS
    known = {d.id for d in divergences()}
    for name in ROWS:
        named = re.search(r"In the suite: (.*)\.\n", entry(name))
        assert named, name
        assert set(re.findall(r"`([\w-]+)`", named[1])) <= known, name


def versions_of_the_page(framework: str) -> None:
    wanted = re.search(rf"^### {TITLES[framework]} (\S+)$", PAGE, re.MULTILINE)
    assert wanted
    here = installed(framework) if framework in FRAMEWORKS else packaged(framework)
    if here is None or here.split("+")[0] != wanted[1]:
        pytest.skip(f"the defects are those of {framework} {wanted[1]}, and {here} is installed")


@pytest.mark.parametrize(
    ("frameworks", "beginning"),
    [
        (("torch",), ""),
        (("tensorflow", "keras"), ""),
        (("tensorflow",), ONEDNN),
        (("keras",), ON_BACKEND[0]),
        (("keras",), ON_BACKEND[1]),
        (("jax",), ""),
        (("optax",), ""),
    ],
)
def test_each_program_shows_its_defect(frameworks: tuple[str, ...], beginning: str) -> None:
    """In one process, so that a framework is imported once. A defect that has gone belongs into the page's Upgrades."""
    backend = beginning.split("-")[2:3] if beginning in ON_BACKEND else []
    for framework in (*frameworks, *backend):
        versions_of_the_page(framework)
    mine = [n for n, framework in ROWS.items() if framework in frameworks and n not in SEGFAULTS]
    names = [n for n in mine if next((b for b in (ONEDNN, *ON_BACKEND) if n.startswith(b)), "") == beginning]
    assert names
    facts = {n: load(AVX512[n][0]).kernels("float32")[AVX512[n][1]] for n in names if n in AVX512}
    names = [n for n in names if facts.get(n, "AVX512") == "AVX512"]
    paths = [str(PROGRAMS / f"{n}.py") for n in names]
    # The page is about CPUs, and JAX would take a GPU.
    switch = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": str(int(beginning == ONEDNN)), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", RUN, *paths], capture_output=True, text=True, timeout=300, env=switch)
    assert done.returncode == 0, done.stderr[-2000:]
    codes = json.loads(done.stdout.splitlines()[-1])
    gone = {Path(path).stem: code for path, code in codes.items() if code != 1}
    assert not gone, f"these no longer show their defect: {gone}"


@pytest.mark.parametrize("name", sorted(SEGFAULTS))
def test_segmentation_faults(name: str) -> None:
    versions_of_the_page(ROWS[name])
    done = subprocess.run([sys.executable, str(PROGRAMS / f"{name}.py")], capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGSEGV, f"{name} ended with status {done.returncode}"
