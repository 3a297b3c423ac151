"""How speed is judged, and how rarely it cries wolf: on synthetic processes whose spread is like that of real ones."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from conformance.catalogue.benchmarks import benchmarks
from meta_tests.conftest import lines, observation
from reports import cli, timings
from reports.compare import compare
from reports.errors import Undecided
from reports.record import FORMAT, Footer, Header, Run, Timing, Writer, encode, read
from reports.timings import PROCESSES, interleave, judge, node_id, separated


def processes(rng: np.random.Generator, n: int, *, factor: float = 1.0) -> np.ndarray:
    """The fastest rounds of processes: 3% of spread, and of six processes one that a neighbour slows by up to half."""
    slowed = rng.random((n, PROCESSES)) < 1 / 6
    return factor * rng.lognormal(0, 0.03, (n, PROCESSES)) * (1 + slowed * rng.uniform(0, 0.5, (n, PROCESSES)))


def rates(factor: float, n: int = 40_000) -> tuple[float, float]:
    """How often an alarm comes after five processes a side, and how often it is confirmed by five more."""
    rng = np.random.default_rng(0)
    one, two = (processes(rng, n).max(1) < processes(rng, n, factor=factor).min(1) for _ in range(2))
    return float(one.mean()), float((one & two).mean())


def test_identical_code_is_called_slower_once_in_252_and_confirmed_once_in_63504() -> None:
    once, confirmed = rates(1.0)
    assert once == pytest.approx(1 / 252, rel=0.25)
    assert confirmed <= 5 / 40_000


def test_power() -> None:
    assert rates(1.2)[1] > 0.15
    assert rates(1.5)[1] > 0.8
    assert rates(2.0)[1] > 0.99


def test_the_rule_is_that_of_the_simulation() -> None:
    rng = np.random.default_rng(1)
    for _ in range(2000):
        a, b = (processes(rng, 2, factor=f) for f in (1.0, 1.1))
        both = all(x.max() < y.min() for x, y in zip(a, b, strict=True))
        assert separated(a.ravel().tolist(), b.ravel().tolist()) == both
        assert separated(a[0].tolist(), b[0].tolist()) == (a[0].max() < b[0].min())


@pytest.mark.parametrize("n", [0, 1, 4])
def test_too_few_processes_show_nothing(n: int) -> None:
    assert not separated([1.0] * n, [2.0] * 9)


def test_what_remains_of_groups_belongs_to_the_last() -> None:
    assert separated([1.0] * 7, [2.0] * 7)
    assert not separated([1.0] * 6 + [3.0], [2.0] * 7)


def timing(side: str, process: int, seconds: float = 1.0, **changes: Any) -> Timing:
    made = Timing("gelu", "torch", "eager", seconds, seconds, 5, "job", side, process)
    return replace(made, **changes)


def sides(before: float, after: float, n: int = PROCESSES, **changes: Any) -> list[Timing]:
    return [
        timing(side, i, seconds + i / 1000, **changes)
        for side, seconds in (("before", before), ("after", after))
        for i in range(1, n + 1)
    ]


def test_slower_first_then_by_factor() -> None:
    found, said = judge(
        [*sides(2, 1, benchmark="fast"), *sides(1, 1, benchmark="same"), *sides(1, 3, benchmark="slow")]
    )
    assert [(s.benchmark, s.slower, s.faster) for s in found] == [
        ("slow", True, False),
        ("same", False, False),
        ("fast", False, True),
    ]
    assert found[0].factor == pytest.approx(3, rel=0.01)
    assert said == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "no timings were given"),
        ([timing("", 0, job="")], "the timings are of single processes: only those of one job"),
        ([*sides(1, 1), timing("after", 6, job="other")], "the timings are of 2 jobs (job, other): only those of one"),
        (sides(1, 1, n=4), "speed takes 5 processes a side: gelu torch eager has 4 before and 4 after"),
        ([timing("after", i) for i in range(9)], "gelu torch eager has 0 before and 9 after"),
    ],
)
def test_what_cannot_be_judged_is_said(found: list[Timing], said: str) -> None:
    speed, why = judge(found)
    assert speed == ()
    assert said in why


def test_benchmarks_of_too_few_processes_are_left_out_and_counted() -> None:
    found, said = judge([*sides(1, 1), timing("after", 1, benchmark="new")])
    assert len(found) == 1
    assert (
        said == "1 benchmarks were left out, of fewer than 5 processes a side: new torch eager has 0 before and 1 after"
    )


# Records


def job(directory: Path, before: float, after: float, cpu: str = "one") -> Path:
    """The records of a job: those of the later side from another kind of machine, if ``cpu`` says so."""
    for t in sides(before, after):
        header = lines(observation("passed"))[0]
        assert isinstance(header, Header)
        model = cpu if t.side == "after" else "one"
        writer = Writer(directory / f"{t.side}-{t.process}")
        writer.write(replace(header, plan=(), cases=(), fingerprint={"cpu": {"model": model}}))
        writer.write(t)
        writer.write(Footer("", 1.0))
        writer.close()
    return directory


def run() -> Run:
    return Run(iter(lines(observation("passed"))))


def test_compare_takes_the_timings_of_a_job(tmp_path: Path) -> None:
    c = compare(run(), run(), timings=timings.read_all(job(tmp_path, 1, 2)))
    assert [s.benchmark for s in c.slower] == ["gelu"]
    assert c.regressions() == ("1 slower benchmark",)


def test_timings_in_the_records_themselves(tmp_path: Path) -> None:
    before, after = run(), run()
    before.timings, after.timings = sides(1, 2)[:5], sides(1, 2)[5:]
    assert compare(before, after).regressions() == ("1 slower benchmark",)


def test_speed_on_different_machines_is_not_judged_unless_told(tmp_path: Path) -> None:
    timed = timings.read_all(job(tmp_path, 1, 2, cpu="another"))
    c = compare(run(), run(), timings=timed)
    assert c.speed == ()
    assert "the timings are of different machines (cpu model: " in c.unjudged
    assert "--across-machines" in c.unjudged
    assert len(compare(run(), run(), timings=timed, across_machines=True).slower) == 1


def test_the_command_reads_a_directory_of_timings(tmp_path: Path, capsys: Any) -> None:
    for name in ("a", "b"):
        writer = Writer(tmp_path / name)
        for line in lines(observation("passed")):
            writer.write(line)
        writer.close()
    runs = [str(tmp_path / name) for name in ("a", "b")]
    assert cli.main(["compare", *runs, "--timings", str(job(tmp_path / "job", 1, 2))]) == 1
    out = capsys.readouterr().out
    assert "gelu, torch eager: x2.00, 1e+03 to 1e+03 ms before" in out
    assert "REGRESSIONS: 1 slower benchmark." in out


# Processes


def fake(tmp_path: Path, name: str, seconds: str, status: int = 0) -> Path:
    """An interpreter that, instead of pytest, writes the record of a process."""
    program = tmp_path / f"{name}.py"
    record = [encode(line) for line in (Header(FORMAT, "", "", 0, {}, {}, (), (), (), {}), Footer("", 1.0))]
    program.write_text(
        "import json, os, sys\n"
        "given = dict(a.split('=', 1) for a in sys.argv if a.startswith('--') and '=' in a)\n"
        "job, side, n = given['--timing'].split('/')\n"
        "rows = [dict(type='timing', benchmark=name, framework='torch', mode='eager', minimum=s, median=s, rounds=5,\n"
        "             job=job, side=side, process=int(n))\n"
        f"        for name, s in (('gelu-256x1024', {seconds}), ('other', 1.0))]\n"
        "os.makedirs(given['--run-dir'])\n"
        f"lines = [{record[0]!r}, *map(json.dumps, rows), {record[1]!r}]\n"
        "with open(given['--run-dir'] + '/record.jsonl', 'w') as file:\n"
        "    file.writelines(line + '\\n' for line in lines)\n"
        f"print('the last line')\nraise SystemExit({status})\n",
        encoding="utf-8",
    )
    shell = tmp_path / name
    shell.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{program}" "$@"\n', encoding="utf-8")
    shell.chmod(0o755)
    return shell


def test_processes_run_in_turns_and_what_was_slower_runs_again(tmp_path: Path) -> None:
    heard: list[str] = []
    before, after = fake(tmp_path, "old", "1 + int(n) / 1000"), fake(tmp_path, "new", "2 + int(n) / 1000")
    written = interleave(before, after, tmp_path / "job", processes=PROCESSES, progress=heard.append)
    turns = [f"benchmarks, process {i} {side}" for i in range(1, 11) for side in ("before", "after")]
    assert heard == [*turns[:10], "1 were slower, and run again", *turns[10:]]
    assert [p.name for p in written[:3]] == ["before-1", "after-1", "before-2"]
    (slow, other), _ = judge(t for p in written for t in read(p).timings)
    assert (slow.benchmark, slow.slower, len(slow.after)) == ("gelu-256x1024", True, 10)
    assert (other.benchmark, other.slower) == ("other", False)
    assert len({t.job for p in written for t in read(p).timings}) == 1


def test_what_was_slower_by_chance_is_not_slower_when_it_runs_again(tmp_path: Path) -> None:
    before, after = fake(tmp_path, "old", "1.0"), fake(tmp_path, "new", "2.0 if int(n) < 6 else 1.0")
    written = interleave(before, after, tmp_path / "job")
    assert len(written) == 20
    assert not any(s.slower for s in judge(t for p in written for t in read(p).timings)[0])


def test_a_process_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(Undecided, match="the benchmarks failed with exit status 3:\nthe last line"):
        interleave(fake(tmp_path, "old", "1.0", 3), fake(tmp_path, "new", "1.0"), tmp_path / "job")
    with pytest.raises(Undecided, match="could not be run"):
        interleave(tmp_path / "none", tmp_path / "none", tmp_path / "job")


def pytest_in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-only", *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # no worker's
    return subprocess.run(command, cwd=timings.ROOT, capture_output=True, text=True, check=False, env=own)


def test_benchmarks_leave_a_record_with_their_timings(tmp_path: Path) -> None:
    b = next(b for b in benchmarks(["medium"]) if b.id == "softmax-medium")
    done = pytest_in_a_process(
        node_id(b.id, "numpy", "reference"), "--benchmark-max-time=0.01", "--no-roofline", "--timing=night/after/3",
        f"--run-dir={tmp_path / 'run'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    recorded = read(tmp_path / "run")
    (t,) = recorded.timings
    assert (t.benchmark, t.framework, t.mode) == (b.id, "numpy", "reference")
    assert (t.job, t.side, t.process) == ("night", "after", 3)
    assert 0 < t.minimum <= t.median
    assert t.rounds >= 5
    assert recorded.footer is not None
    assert "cpu" in recorded.header.fingerprint


def test_a_turn_that_makes_no_sense_is_a_usage_error() -> None:
    done = pytest_in_a_process("--timing=night/sideways/3", "--collect-only")
    assert done.returncode == 4
    assert "--timing night/sideways/3: must be JOB/SIDE/N, such as night" in done.stdout + done.stderr
