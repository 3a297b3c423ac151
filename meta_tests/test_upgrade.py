"""conform upgrade: what it is asked, what it runs, what it says, and what it leaves when things go wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meta_tests.conftest import lines
from reports import cli, upgrade
from reports.environments import Lock, Package
from reports.record import NAME, Line, Observation, Writer, encode

ROOT = Path(__file__).parents[1]
PASSED = '{"torch": "2.13.0", "numpy": "2.4"}'

Python = Callable[..., Path]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """``python(name, record, ...)``: an interpreter whose pytest leaves a record, says something, and exits."""

    def make(
        name: str, record: list[Line], code: int = 0, says: str = "", imports: str = PASSED, then: str = ""
    ) -> Path:
        kept = tmp_path / f"{name}.jsonl"
        kept.write_text("".join(encode(line) + "\n" for line in record), encoding="utf-8")
        path = tmp_path / name
        path.write_text(
            f"""#!/bin/sh
[ "$1" = -c ] && {{ echo '{imports}'; exit; }}
for word; do case "$word" in --run-dir=*) to="${{word#--run-dir=}}";; esac; done
echo "$@" > {tmp_path}/{name}.asked
[ -s {kept} ] && {{ mkdir -p "$to"; cp {kept} "$to/{NAME}"; }}
{then}
echo '{says}'
exit {code}
"""
        )
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``conform(before, after, *words)``: the command, with these interpreters for built environments."""

    def run(before: Path, after: Path, *words: str) -> int:
        locks: list[Lock] = [{"keras": Package("keras", v), "numpy": Package("numpy", "2")} for v in ("3.12", "3.15")]
        sides = [upgrade.Side(n, p, k) for n, p, k in zip(upgrade.SIDES, (before, after), locks, strict=True)]
        monkeypatch.setattr(upgrade, "_environments", lambda *_: sides)
        given = ["upgrade", "--from", "keras==3.12", "--to", "keras==3.15", "--output", str(tmp_path / "out")]
        return cli.main([*given, *words])

    return run


Row = Callable[..., Observation]


def test_nothing_worse_is_0_and_everything_is_kept(
    python: Python, upgraded: Any, row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = lines(row("passed"), row("passed", sample="normal"))
    assert upgraded(python("a", same), python("b", same), "--", "--modes", "eager", "-k", "gelu") == 0
    out = capsys.readouterr()
    assert "NO REGRESSION" in out.out
    assert "differs: keras 3.12 -> 3.15\nthe same on both sides: 1 packages" in out.err
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert {"before.txt", "after.txt", "before.log", "after.log", "index.html", "comparison.json"} <= found
    assert {f"before/{NAME}", f"after/{NAME}"} <= found
    assert (tmp_path / "out" / "before.txt").read_text() == "keras==3.12\nnumpy==2\n"
    assert "-n auto --modes eager -k gelu --run-dir=" in (tmp_path / "a.asked").read_text()


def test_a_regression_is_1(python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = lines(row("passed")), lines(row("failed", score=400.0))
    assert upgraded(python("a", before), python("b", after, code=1), "--", "-n", "2") == 1
    assert "REGRESSIONS: 1 new failure." in capsys.readouterr().out


def test_a_route_that_is_not_there_any_more_is_a_regression(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = row("skipped", score=None, reason="need torch.nn.GELU, which torch 3 does not have")
    assert upgraded(python("a", lines(row("passed"))), python("b", lines(gone))) == 1
    assert "need torch.nn.GELU, which torch 3 does not have" in capsys.readouterr().out


def test_a_divergence_that_is_true_on_one_side_only_is_no_failure_of_the_other(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its entry is out of date there, and fails that run; the framework agrees."""
    true = lines(row("diverged", score=900.0, divergence="d"))
    out_of_date = lines(row("failed", score=1.0, divergence="d", reason="the divergence 'd' is no longer true here"))
    assert upgraded(python("a", true), python("b", out_of_date, code=1)) == 0
    assert "1 check no longer diverging" in capsys.readouterr().out


def test_a_divergence_that_is_new_is_a_regression(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    true = lines(row("diverged", score=900.0, divergence="d"))
    out_of_date = lines(row("failed", score=1.0, divergence="d", reason="the divergence 'd' is no longer true here"))
    assert upgraded(python("a", out_of_date, code=1), python("b", true)) == 1
    assert "REGRESSIONS: 1 check newly diverging." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("how", "status", "sentence"),
    [
        (
            {"imports": '{"": "torch 2.3.1 is not supported: 2.4 is the oldest that is."}'},
            3,
            "--to: torch 2.3.1 is not",
        ),
        ({"imports": '{"numpy": "2"}'}, 3, "--to: neither torch nor tensorflow is installed there"),
        ({"code": 4, "says": "ERROR: --modes lazy: unknown"}, 2, "pytest cannot do this: --modes lazy: unknown"),
        ({"code": 5}, 2, "the selection holds no check"),
        ({"code": 3, "says": "INTERNALERROR> oops"}, 3, "after the upgrade, pytest ended with status 3: see "),
        (
            {"code": 2, "says": "ImportError while loading conftest"},
            3,
            "after the upgrade, the run was interrupted, or",
        ),
    ],
)
def test_what_cannot_be_told_is_one_sentence(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str], how: Any, status: int, sentence: str
) -> None:
    same = lines(row("passed"))
    assert upgraded(python("a", same), python("b", same, **how)) == status
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("conform: ")] == [
        next(line for line in said if line.startswith(f"conform: {sentence}"))
    ]


def test_a_run_that_was_cut_off_is_no_answer(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = lines(row("passed")), lines(row("passed"), footer=False)
    assert upgraded(python("a", whole), python("b", cut)) == 3
    assert "was cut off" in capsys.readouterr().err


def test_a_run_without_a_record_is_no_answer(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    assert upgraded(python("a", lines(row("passed"))), python("b", [])) == 3
    assert "cannot be read" in capsys.readouterr().err


def test_a_suite_that_changed_meanwhile_is_no_answer(
    python: Python, upgraded: Any, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = lines(row("passed")), lines(row("passed"))
    b[0].fingerprint["sources"] = "other"  # type: ignore[union-attr]
    assert upgraded(python("a", a), python("b", b)) == 3
    assert "the suite's own files changed while the two sides ran: run it again" in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_observed_and_says_so(python: Python, row: Row, tmp_path: Path) -> None:
    """In a process of its own, as a user would."""
    partly = lines(row("passed"), row("passed", sample="normal"), footer=False)
    ends = f"trap 'touch {tmp_path}/told; exit 2' INT; touch {tmp_path}/begun; while :; do sleep 0.05; done"
    before, after = python("a", partly, then=ends), python("b", partly)
    (tmp_path / "go.py").write_text(
        f"""
import sys
from pathlib import Path
from reports import cli, upgrade
upgrade._environments = lambda *_: [
    upgrade.Side("before", Path({str(before)!r}), {{}}), upgrade.Side("after", Path({str(after)!r}), {{}})]
sys.exit(cli.main(["upgrade", "--to", "keras", "--output", {str(tmp_path / "out")!r}]))
"""
    )
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "go.py")], stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert (tmp_path / "told").exists()
    assert f"conform: interrupted: 2 of 2 checks before were observed, and are kept in {tmp_path / 'out'}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "upgrade needs --from or --to"),
        (["--from", "keras", "--from-python", "x"], "--from and --from-python are two answers to one question"),
        (["--to", "keras", "--", "--run-dir", "x"], "--run-dir: is not for an upgrade"),
        (["--to", "keras = 3"], "--to keras = 3: is not a requirement"),
        (["--to", "@nowhere.txt"], "--to @nowhere.txt: cannot be read"),
        (["--to-python", "/nowhere/python"], "--to-python /nowhere/python: there is no such interpreter"),
        (["--to", "keras", "--output", "{full}"], "is not empty, and nothing is overwritten"),
        (["--to", "keras", "--cache", "{full}/file/cache"], "cannot be written (Not a directory)"),
    ],
)
def test_what_is_impossible_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    (tmp_path / "file").write_text("precious")
    given = [w.format(full=tmp_path) for w in words]
    if "--output" not in given and given:
        given = ["--output", str(tmp_path / "out"), *given]
    assert cli.main(["upgrade", *given]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert sentence in said[0]
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "precious"


def test_the_same_on_both_sides_is_no_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upgrade, "resolve", lambda base, wanted, needed, cache, say: wanted)
    monkeypatch.setattr(upgrade, "settle", lambda *_: ({"keras": Package("keras", "3")},) * 2)
    status = cli.main(["upgrade", "--to", "keras==3", "--output", str(tmp_path / "out")])
    assert (status, capsys.readouterr().err) == (2, "conform: both sides are the same: keras 3\n")


def test_progress_counts_what_is_written(row: Row, tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    watch = upgrade.Watch(tmp_path / "run" / NAME)
    seen = []
    for line in lines(row("passed"), row("passed", sample="normal")):
        writer.write(line)
        watch.update()
        seen.append((watch.observed, watch.planned))
    assert (seen[0], seen[-1]) == ((0, 2), (2, 2))
    with (tmp_path / "run" / NAME).open("a") as file:
        file.write('{"type":"observation"')  # a line of which a part is there
    watch.update()
    assert watch.observed == 2


def test_a_real_upgrade_between_two_interpreters(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    """The suite itself on both sides; on the later one torch.relu is wrong and torch.nn.ReLU is gone."""
    if not pytestconfig.getoption("all_faults"):
        pytest.skip("takes half a minute: tox -e faults runs it")
    (tmp_path / "fault.py").write_text(
        "import pytest\nfrom conformance.frameworks import load\n"
        "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_call(item):\n"
        "    torch = load('torch').module\n"
        "    torch.relu = lambda x: torch.clamp(x, min=0) * 1.5\n"
        "    vars(torch.nn).pop('ReLU', None)\n"
    )
    later = tmp_path / "python"
    later.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} PYTEST_PLUGINS=fault exec {sys.executable} "$@"\n')
    plain = tmp_path / "plain"
    plain.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for path in (later, plain):
        path.chmod(0o755)
    sides = [upgrade.Side("before", plain, {}), upgrade.Side("after", later, {})]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upgrade, "_environments", lambda *_: sides)
        status = cli.main([
            "upgrade", "--to", "torch", "--output", str(tmp_path / "out"), "--", "-n", "0", "--frameworks", "torch",
            "conformance/test_activations.py",
            "--modes", "eager", "--dtypes", "float32", "-k", "relu-torch-eager-value and not gpu",
        ])  # fmt: skip
    said = capfd.readouterr()
    assert status == 1, said.out + said.err
    assert "torch.relu" in said.out
    assert "new failures" in said.out
    assert "need torch.nn.ReLU, which torch" in said.out
