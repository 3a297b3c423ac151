"""A matrix on this machine: what its file may say, its cells, what is kept of them, and what is said of bad input."""

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from meta_tests.conftest import lines, observation
from reports import attempts, cell, cli, cluster, local, matrix_file
from reports.cell import Answer
from reports.errors import Undecided
from reports.fingerprint import SUITE
from reports.record import NAME, Footer, Header, Shard, Writer, digest, read

HERE = '[[environment]]\nname = "here"\n'
TESTS = {1: "gelu-torch-eager-value", 2: "gelu-tensorflow-eager-value"}
TWO = "shards = 2\n" + HERE


def fake(record: Path, command: Sequence[str], *, outcome: str = "passed", whole: bool = True) -> None:
    """The record that pytest would leave for a shard of two."""
    index, count = map(int, command[command.index("--shard") + 1].split("/"))
    framework = "torch" if index == 1 else "tensorflow"
    row = observation(outcome, test=TESTS[index], framework=framework, score=1e3 if outcome == "failed" else 1.0)
    writer = Writer(record)
    for line in lines(row, footer=whole):
        if isinstance(line, Header):
            tests = [TESTS[i] for i in range(1, count + 1)]
            line = replace(line, shard=Shard(index, count, len(tests), digest(tests)))
        if not isinstance(line, Header | Footer) and getattr(line, "test", TESTS[index]) != TESTS[index]:
            continue
        writer.write(line)
    writer.close()


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands for pytest: ``suite.does[I]`` is what becomes of the attempts at shard I, ``suite.began`` the commands."""
    state = SimpleNamespace(does={1: [], 2: []}, began=[])

    def observe(command: Sequence[str], directory: Path, *_: Any, **__: Any) -> Answer:
        state.began.append(list(command))
        index = int(command[command.index("--shard") + 1].partition("/")[0])
        what = state.does[index].pop(0) if state.does[index] else "passed"
        if what == "interrupted":
            raise KeyboardInterrupt
        if what == "usage":
            return Answer(4, "", b"", "ERROR: no such option", "node")
        fake(directory, command, outcome="passed" if what == "killed" else what, whole=what != "killed")
        return Answer(-signal.SIGKILL if what == "killed" else 0, NAME, b"", "", "node")

    monkeypatch.setattr(local, "observe", observe)
    monkeypatch.setenv(SUITE, "of these tests")  # whatever is committed in the meantime
    return state


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., int]:
    """``start(text, *arguments)`` runs a matrix into ``tmp_path/out``."""

    def run(text: str, *arguments: str) -> int:
        (tmp_path / "matrix.toml").write_text(text, encoding="utf-8")
        return cli.main(["matrix", str(tmp_path / "matrix.toml"), "--output", str(tmp_path / "out"), *arguments])

    return run


def test_shards_of_an_environment_are_one_run(suite: Any, start: Any, tmp_path: Path, capsys: Any) -> None:
    assert start(TWO + '[[device]]\nname = "cpu"\n[[device]]\nname = "gpu"\ngpus = 1\ncpus = 3\n') == 0
    for name in ("here-cpu", "here-gpu"):
        run = read(tmp_path / "out" / name)
        assert [o.framework for o in run.observations] == ["torch", "tensorflow"]
        assert (tmp_path / "out" / name / "index.html").exists()
        assert name in capsys.readouterr().out or name == "here-gpu"
    selections = {tuple(c[c.index("-n") : c.index("-n") + 2]): c for c in suite.began}
    assert {k[1] for k in selections} == {"1", "3"}
    assert "--require" in selections["-n", "3"]
    assert "not gpu" in selections["-n", "1"]


@pytest.mark.parametrize(
    ("becomes", "status", "attempts_made"),
    [
        (["failed"], 1, 1),
        (["killed", "passed"], 0, 2),
        (["killed", "killed", "killed"], 3, 3),
        (["usage", "passed"], 3, 1),
        (["killed", "failed"], 1, 2),
    ],
)
def test_what_becomes_of_a_cell(
    suite: Any, start: Any, tmp_path: Path, becomes: list[str], status: int, attempts_made: int
) -> None:
    suite.does[1] = list(becomes)
    assert start(TWO) == status
    assert sum("1/2" in c for c in suite.began) == attempts_made
    assert len(read(tmp_path / "out" / "here-cpu").observations) == 1 + ("usage" not in becomes)


def test_what_was_observed_before_a_cell_died_is_in_the_run(
    suite: Any, start: Any, tmp_path: Path, capsys: Any
) -> None:
    suite.does[1] = ["killed"]
    assert start("retries = 0\n" + TWO) == 3
    assert "shard 1/2: its process was ended by SIGKILL" in capsys.readouterr().out
    run = read(tmp_path / "out" / "here-cpu")
    assert len(run.observations) == 2
    assert "Shard 1/2 was cut off" in run.footer.problems[0]  # type: ignore[union-attr]


def test_a_second_start_takes_what_is_finished(suite: Any, start: Any, tmp_path: Path) -> None:
    suite.does[2] = ["usage"]
    assert start(TWO) == 3
    suite.began.clear()
    assert start(TWO) == 0
    assert ["2/2" in c for c in suite.began] == [True]
    assert len(read(tmp_path / "out" / "here-cpu").observations) == 2
    suite.began.clear()
    assert start(TWO) == 0
    assert suite.began == []


def test_an_interruption_keeps_what_is_finished(suite: Any, start: Any, capsys: Any) -> None:
    suite.does[2] = ["interrupted"]
    assert start(TWO) == 130
    assert "what was observed is kept" in capsys.readouterr().err
    suite.began.clear()
    assert start(TWO) == 0
    assert len(suite.began) == 1


@pytest.mark.parametrize("other", ['pytest = ["-k", "relu"]\n', "pins", "variables"])
def test_another_matrix_is_not_mixed_with_what_is_there(suite: Any, start: Any, capsys: Any, other: str) -> None:
    assert start(TWO) == 0
    suite.began.clear()
    more = {"pins": 'pins = ["six==1"]\n', "variables": 'variables = {A = "1"}\n'}
    assert start(other + TWO if other not in more else TWO + more[other]) == 2
    assert "holds a cell of another matrix" in capsys.readouterr().err
    assert suite.began == []


def test_a_directory_with_something_else_is_left_alone(suite: Any, start: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    assert start(TWO) == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def test_an_environment_that_cannot_be_built_costs_no_other(
    suite: Any, start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interpreter(environment: matrix_file.Environment, *_: Any) -> Path:
        if environment.pins:
            raise Undecided("bad: the environment could not be built: no versions suit\n  | pip's last line")
        return Path(sys.executable)

    monkeypatch.setattr(local, "interpreter", interpreter)
    assert start(TWO + '[[environment]]\nname = "bad"\npins = ["torch==99"]\n') == 3
    out = capsys.readouterr().out
    assert "pip's last line" in out
    assert "no answer" in out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [".cells", "here-cpu"]


WRONG = [
    ("shards = 2\nshard = 3\n" + HERE, 2, "unknown key 'shard'"),
    (HERE + 'pin = ["torch==2.13"]\n', 3, "unknown key 'pin'"),
    (HERE + 'pins = [\n  "torch==2.13",\n  "keras=3",\n]\n', 5, "'keras=3' is not a requirement"),
    (HERE + HERE, 4, "two of the name 'here'"),
    ('[[environment]]\nname = "../up"\n', 2, "no name for a directory"),
    ('[[environment]]\npins = ["torch"]\n', 1, "no 'name'"),
    ("shards = 0\n" + HERE, 1, "0 shards"),
    ('shards = "2"\n' + HERE, 1, "expected `int`"),
    ('pytest = ["--shard=1/2"]\n' + HERE, 1, "is given by the matrix itself"),
    (HERE + '[[device]]\nname = "cpu"\ncpus = 0\n', 5, "0 CPUs"),
    (HERE + '[[device]]\nname = "g"\ngpus = 1.5\n', 5, "1.5 GPUs"),
    ("retries = -1\n" + HERE, 1, "-1 retries"),
    ("timeout = 0\n" + HERE, 1, "0 seconds"),
    ("shards = \n", 1, "invalid value"),
    ("shards = 2\n", 1, "no 'environment'"),
    ("environment = []\n", 1, "no environment"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG)
def test_a_wrong_matrix_is_named_with_its_line(
    suite: Any, start: Any, tmp_path: Path, text: str, line: int, words: str, capsys: Any
) -> None:
    assert start(text) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert f"matrix.toml: line {line}: " in error
    assert words.lower() in error.lower()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments", [("--jobs", "0"), ("--on", "somewhere"), ("--on", "http://a:1"), ("--on", "a:70000")]
)
def test_wrong_options(suite: Any, start: Any, arguments: tuple[str, ...], capsys: Any) -> None:
    assert start(TWO, *arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_that_is_not_there(capsys: Any, tmp_path: Path) -> None:
    assert cli.main(["matrix", str(tmp_path / "none.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_without_ray_there_is_no_cluster(start: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert start(TWO, "--on", "ray://127.0.0.1:1") == 2
    assert "pip install 'tf-torch-conformance[cluster]'" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_cluster_that_does_not_answer(start: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, host: str) -> None:
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())  # type: ignore[arg-type]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and does not listen
        began = time.monotonic()
        assert start(TWO, "--on", f"ray://{host}:{unused.getsockname()[1]}") == 3
    assert time.monotonic() - began < 10
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "nobody answers there" in error


# A cell


def program(tmp_path: Path, text: str) -> list[str]:
    """Something in the place of pytest, to which its record's directory is given as ``directory``."""
    path = tmp_path / "program.py"
    head = "import os, pathlib, signal, sys, time\ndirectory = pathlib.Path(sys.argv[-1].partition('=')[2])\n"
    path.write_text(head + "directory.mkdir(exist_ok=True)\nrecord = directory / 'record.jsonl'\n" + text)
    return [sys.executable, str(path)]


def test_what_a_cell_writes_is_heard_while_it_runs(tmp_path: Path) -> None:
    parts: list[bytes] = []
    seen = tmp_path / "seen"

    def heard(data: bytes) -> None:
        parts.append(data)
        seen.touch()

    command = program(
        tmp_path,
        f"record.write_text('one\\n')\nwhile not os.path.exists({str(seen)!r}): time.sleep(0.01)\n"
        "record.open('a').write('two\\n'); print('said'); os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    answer = cell.observe(command, tmp_path / "run", {"A": "1"}, 60, heard=heard)
    assert b"".join(parts) == b"one\ntwo\n" == answer.record
    assert answer.status == -signal.SIGKILL


def test_a_cell_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    command = program(tmp_path, "record.touch()\ntime.sleep(60)\n")
    answer = cell.observe(command, tmp_path / "run", {}, 1)
    assert answer.why == "it took longer than 1 s"
    assert attempts.judged(tmp_path / "run", answer) == ("it took longer than 1 s", False)


def test_a_cell_is_stopped_with_the_matrix(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert (
        cell.observe(program(tmp_path, "time.sleep(60)\n"), tmp_path / "run", {}, 60, stop=stop).why == "it was stopped"
    )


def test_the_last_words_of_a_cell_without_a_record(tmp_path: Path) -> None:
    answer = cell.observe(program(tmp_path, "sys.exit('no such thing')\n"), tmp_path / "run", {}, 60)
    assert attempts.judged(tmp_path / "run", answer) == ("pytest ended with status 1: no such thing", False)


def test_a_keeper_gives_everything_once_and_in_order() -> None:
    keeper = cell.Keeper()
    for life, data in (("a", b"1"), ("b", b"x"), ("a", b"2")):
        keeper.add(life, data)
    assert keeper.take() == {"a": b"12", "b": b"x"}
    assert keeper.take() == {}


def test_what_the_installer_said_on_a_node() -> None:
    said = (
        "Traceback\nLast 50 lines of stdout:\n  Looking in indexes: a\n  ERROR: No matching distribution for six==99\n"
    )
    error = "No matching distribution for six==99"
    assert cluster._cause(said) == f"{error}\n  | Looking in indexes: a\n  | ERROR: {error}"
