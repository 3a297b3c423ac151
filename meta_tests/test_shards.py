"""``pytest --shard``: every case in one shard, all shards alike in work; and runs that end before their time."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.shards import deal, parsed, recorded
from meta_tests.test_suite import RELU, Done, Suite, pytest_for
from reports import durations, merge, storage
from reports.record import Spent, Writer, digest, lines
from reports.verdict import verdict

SELECTED = ("conformance/test_activations.py", "--frameworks", "torch", "--dtypes", "float32", "-m", "not gpu", "-k",
            f"({RELU} or softsign) and value")  # fmt: skip


@given(
    seconds=st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.floats(0, 100), max_size=30),
    unknown=st.sets(st.text("xyz", min_size=1, max_size=2), max_size=5),
    count=st.integers(1, 8),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_case_is_in_one_shard_and_none_has_much_more_to_do(
    seconds: dict[str, float], unknown: set[str], count: int
) -> None:
    cases = [*seconds, *unknown]
    shards = deal(cases, count, seconds)
    assert len(shards) == count
    assert sorted(case for shard in shards for case in shard) == sorted(cases)
    shuffled = random.Random(count).sample(cases, len(cases))
    assert deal(shuffled, count, seconds) == shards
    if not unknown and cases:
        work = [sum(seconds[case] for case in shard) for shard in shards]
        assert max(work) - min(work) <= max(seconds.values()) + 1e-9


def test_the_recorded_durations_balance_the_suite() -> None:
    seconds = recorded()
    assert len(seconds) > 1000
    for count in (2, 5, 10):
        work = [sum(seconds[case] for case in shard) for shard in deal(seconds, count, seconds)]
        assert max(work) < 1.01 * min(work)


@pytest.mark.parametrize("text", ["0/5", "6/5", "x", "2", "2/0", "-1/5", "1/5/2", "1.5/2", "", " 1/2"])
def test_what_is_no_shard_is_a_usage_error(text: str) -> None:
    with pytest.raises(pytest.UsageError, match=re.escape(f"--shard {text}: give I/N with I from 1 to N, such as 2/5")):
        parsed(text)


def test_on_the_command_line_it_is_one_sentence(tmp_path: Path) -> None:
    done = pytest_for(tmp_path)("--shard", "6/5")
    assert done.code == 4
    assert [line for line in done.err.splitlines() if line] == [
        "ERROR: --shard 6/5: give I/N with I from 1 to N, such as 2/5"
    ]
    assert not done.directory.exists()


# One run, whole and in three shards, for two cases: the last one has none.

SAME = """
    def pytest_sessionstart():
        from reports import recording
        recording.suite = lambda: "the same, though somebody commits in between"
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    suite = pytest_for(tmp_path_factory.mktemp("shards"))
    whole = {"whole": suite(*SELECTED, directory="whole", plugin=SAME)}
    given = (("1/3", "0"), ("2/3", "2"), ("3/3", "1"))
    return whole | {i: suite(*SELECTED, "--shard", i, "-n", n, directory=i[0], plugin=SAME) for i, n in given}


def test_shards_merge_into_the_whole_run(runs: dict[str, Done], tmp_path: Path) -> None:
    whole = runs["whole"].run
    merged = merge.merge([done.directory for name, done in runs.items() if name != "whole"], tmp_path / "merged")
    results = [sorted((o.key, o.outcome, o.score, o.ulps) for o in run.observations) for run in (whole, merged)]
    assert results[0] == results[1]
    assert len(results[0]) > 20
    assert verdict(merged).sentence == verdict(whole).sentence
    assert merged.frameworks == whole.frameworks
    assert len(merged.spent) == len(whole.spent)


def test_a_shard_says_what_it_is(runs: dict[str, Done]) -> None:
    tests = [p.test for p in runs["whole"].run.header.plan]
    cases = []
    for name in ("1/3", "2/3", "3/3"):
        done = runs[name]
        part = done.run.header.shard
        assert part is not None
        assert (str(part), part.tests, part.digest) == (name, len(tests), digest(tests))
        cases += list({p.case for p in done.run.header.plan})
        assert done.code == 0, done.out
    assert sorted(cases) == ["relu", "softsign"]
    assert "CONFORMANT: shard 1/3: torch" in runs["1/3"].out
    assert "NOTHING JUDGED: there are fewer cases than shards, and 3/3 has none." in runs["3/3"].out


def test_a_finished_run_is_compressed(runs: dict[str, Done]) -> None:
    for done in runs.values():
        assert [p.name for p in done.directory.glob("record*")] == [storage.PACKED]


# Durations


def test_durations_are_the_seconds_of_processes_by_case(runs: dict[str, Done], tmp_path: Path) -> None:
    found = durations.seconds(runs["whole"].run)
    assert list(found) == ["relu", "softsign"]
    spent = [s for line in runs["whole"].run.spent for what, s in line.seconds.items() if what != "imports"]
    assert sum(found.values()) == pytest.approx(sum(spent), abs=0.02)
    command = [sys.executable, "-m", "reports", "durations", str(runs["whole"].directory), "--output"]
    done = subprocess.run([*command, str(tmp_path / "d.json")], capture_output=True, text=True)
    assert (done.returncode, json.loads((tmp_path / "d.json").read_bytes())) == (0, found)


def test_a_run_without_times_is_one_sentence(runs: dict[str, Done], tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    path = storage.find(runs["whole"].directory)
    for line in lines(path):
        if not isinstance(line, Spent):
            writer.write(line)
    writer.close()
    output = tmp_path / "d.json"
    output.write_text("{}", encoding="utf-8")
    command = [sys.executable, "-m", "reports", "durations", str(tmp_path / "run"), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, f"conform: {tmp_path / 'run'}: no case of it has a time\n")
    assert output.read_text(encoding="utf-8") == "{}"


# Runs that end before their time


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return pytest_for(tmp_path)


CTRL_C = """
    import os, signal
    import pytest

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(report):
        if "PYTEST_XDIST_WORKER" not in os.environ and "relu-torch-eager-value]" in report.nodeid:
            if hasattr(report, "conformance"):
                signal.raise_signal(signal.SIGINT)
"""


def test_ctrl_c_keeps_what_was_observed(suite: Suite) -> None:
    done = suite(*SELECTED, "-n", "1", plugin=CTRL_C)
    assert done.code == 2, done.out + done.err
    assert [p.name for p in done.directory.glob("record*")] == [storage.PACKED]
    n = sum(o.covers for o in done.run.observations)
    assert n > 0
    assert f"Interrupted: {n} checks are in the record; conform show {done.directory} prints them." in done.out
    shown = subprocess.run(
        [sys.executable, "-m", "reports", "show", str(done.directory)], capture_output=True, text=True
    )
    assert shown.returncode == 1
    assert "problem: The run was interrupted." in shown.stdout


FULL = """
    import resource
    from pathlib import Path

    def pytest_runtest_logstart():
        if resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY:
            room = Path({directory!r}, "record.jsonl").stat().st_size + 5000
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
"""


def test_a_disk_that_is_full_ends_the_run_with_one_sentence(suite: Suite, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    done = suite(*SELECTED, plugin=FULL.format(directory=str(tmp_path / "run")))
    assert done.code == 3, done.out + done.err
    path = done.directory / storage.NAME
    sentence = f"{path}: cannot be written (File too large); what was observed until then is kept: conform show"
    assert done.out.count(sentence) == 1
    assert "Traceback" not in done.out + done.err
    assert [p.name for p in done.directory.iterdir()] == [storage.NAME]
    assert path.read_bytes().endswith(b"\n")
    assert len(done.run.observations) > 3
    assert "The run was cut off: its record has no footer." in verdict(done.run).problems


def test_without_room_to_compress_the_record_stays_as_it_is(suite: Suite) -> None:
    plugin = """
        import errno
        from reports import html, storage

        def full(*arguments):
            raise OSError(errno.ENOSPC, "No space left on device")

        storage.compress = html.write = full
    """
    done = suite(*SELECTED, plugin=plugin)
    assert done.code == 0, done.out + done.err
    assert [p.name for p in done.directory.iterdir()] == [storage.NAME]
    assert done.run.complete
    assert "The record is complete, and could not be compressed (No space left on device)." in done.out
    assert "The page could not be written ([Errno 28] No space left on device)." in done.out
