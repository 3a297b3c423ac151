"""The entry that CONTRIBUTING.md shows is run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from conformance.case import Case
from conformance.catalogue import activations
from conformance.check import Workbench
from conformance.plan import Options, Test
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
    names = dict(vars(activations))
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), names)
    case = names["CASE"]
    assert isinstance(case, Case)
    return case


@pytest.mark.parametrize("check", ["value", "gradient", "jvp", "hvp", "invariance"])
@pytest.mark.parametrize(
    ("framework", "mode"), [("torch", "eager"), ("tensorflow", "eager"), ("tensorflow", "function")]
)
def test_one_entry_is_all_it_takes(entry: Case, framework: str, mode: str, check: str) -> None:
    test = Test("activations", entry, check, framework, mode, "cpu")
    rows = [o for o in Workbench(Options()).observe(test) if isinstance(o, Observation)]
    assert {(o.route, o.dtype, o.sample) for o in rows} == set(test.keys(entry.dtypes))
    assert len(rows) >= 3
    assert {o.outcome for o in rows} == {"passed"}, [(o.route, o.dtype, o.sample, o.score) for o in rows]


def test_its_reference_is_right(entry: Case) -> None:
    x = np.linspace(-30, 10, 1001)
    assert np.max(np.abs(entry.reference(x) / scipy.special.log_expit(x) - 1)) < 1e-14
