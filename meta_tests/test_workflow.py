"""The workflow in docs: it is YAML, and every command and option in it exists."""

import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "github-workflow.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)


def steps() -> list[dict[str, Any]]:
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def commands(program: str) -> list[list[str]]:
    """What the workflow runs, with one value in the place of each expression."""
    ran = [re.sub(r"\$\{\{[^}]*\}\}", "1", step["run"]) for step in steps() if "run" in step]
    return [words for words in map(shlex.split, ran) if words[0] == program]


def said(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout


def test_jobs_are_what_github_takes() -> None:
    assert set(WORKFLOW) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` as true
    for job in WORKFLOW["jobs"].values():
        assert {"runs-on", "steps", "strategy"} <= set(job)
        assert job.get("needs", "shard") in WORKFLOW["jobs"]
    assert all(("uses" in step) != ("run" in step) for step in steps())


def test_all_shards_of_the_matrix_are_asked_for() -> None:
    shards = WORKFLOW["jobs"]["shard"]["strategy"]["matrix"]["shard"]
    assert shards == list(range(1, len(shards) + 1))
    assert f"--shard ${{{{ matrix.shard }}}}/{len(shards)}" in TEXT
    matrices = [job["strategy"]["matrix"]["versions"] for job in WORKFLOW["jobs"].values()]
    assert all(a == b for a, b in itertools.pairwise(matrices))


@pytest.mark.parametrize("words", commands("conform"), ids=lambda words: words[1])
def test_each_command_of_ours_has_its_options(words: list[str]) -> None:
    known = said("-m", "reports", words[1], "--help")
    for option in (w for w in words if w.startswith("--")):
        assert re.search(rf"{option.partition('=')[0]}\b", known), option


def test_pytest_has_its_options() -> None:
    [words] = commands("pytest")
    known = said("-m", "pytest", "--help")
    for option in (w for w in words if w.startswith("-")):
        assert re.search(rf"{option.partition('=')[0]}\b", known), option


def test_the_paths_in_it_exist() -> None:
    for path in re.findall(r"(?:--policy|--against) (\S+)", TEXT):
        assert (ROOT / path).exists(), path
