"""The entry that CONTRIBUTING.md shows is run as it stands there."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from conformance.case import Case
from conformance.catalogue import elementwise
from conformance.check import observe
from conformance.plan import Options, Test
from conformance.workbench import Workbench
from reports.record import Observation

pytest.importorskip("torch")
pytest.importorskip("tensorflow")


@pytest.fixture
def entry(tmp_path: Path) -> Case:
    text = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert block
    source = tmp_path / "entry.py"  # a file: the source of its routes is shown in scripts
    source.write_text(f"CASE = {block[1]}", encoding="utf-8")
    names = dict(vars(elementwise))
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), names)
    case = names["CASE"]
    assert isinstance(case, Case)
    return replace(case, name=f"as_shown_{tmp_path.name}")  # cases are known by their names


EAGER = [(f, "eager", c) for f in ("torch", "tensorflow") for c in ("value", "gradient", "jvp", "hvp", "invariance")]
TRACED = [("tensorflow", "function", c) for c in ("value", "gradient")]


@pytest.mark.parametrize(("framework", "mode", "check"), [*EAGER, *TRACED])
def test_one_entry_is_all_it_takes(entry: Case, framework: str, mode: str, check: str) -> None:
    test = Test("elementwise", entry, check, framework, mode, "cpu")
    rows = [o for o in observe(Workbench(Options()), test) if isinstance(o, Observation)]
    assert {(o.route, o.dtype, o.sample) for o in rows} == set(test.keys(entry.dtypes))
    assert rows
    assert {o.outcome for o in rows} == {"passed"}, [(o.route, o.dtype, o.sample, o.score, o.reason) for o in rows]


def test_its_reference_is_right(entry: Case) -> None:
    x = np.linspace(-5, 10, 1001)
    assert np.max(np.abs(entry.reference(x) / (scipy.special.expm1(x) + 1) - 1)) < 1e-13
