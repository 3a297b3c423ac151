"""Shards are joined into the run that they are parts of, or it is said why not."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from meta_tests.conftest import lines, observation
from reports import html, merge, storage
from reports.errors import Invalid, Undecided
from reports.record import (
    Figure,
    Footer,
    FrameworkLine,
    Header,
    Line,
    Observation,
    Run,
    Series,
    Shard,
    Spent,
    Start,
    Timing,
    Writer,
    digest,
    encode,
    read,
)
from reports.verdict import verdict

FIXED: tuple[Line, ...] = (
    FrameworkLine("torch", "2.13.0", {"threads": 1}),
    FrameworkLine("tensorflow", "2.21.0"),
)


def rows_of(case: str, outcomes: Sequence[str]) -> list[Observation]:
    test = f"{case}-torch-eager-value"
    return [observation(o, test=test, case=case, sample=f"s{i}", score=i + 0.5) for i, o in enumerate(outcomes)]


def events(case: str, outcomes: Sequence[str]) -> list[Line]:
    """All lines that a case leaves."""
    test = f"{case}-torch-eager-value"
    figure = Figure("loss", "Loss", "step", "loss", (Series("torch", (1.0, 2.0), (3.0, 2.0)),), case)
    timing = Timing(f"{case}-256", "torch", "eager", 0.001, 0.002, 5)
    return [Start(test), *rows_of(case, outcomes), figure, timing, Spent(test, {"frameworks": 0.25})]


Cases = dict[str, Sequence[str]]


def header(cases: Cases, **changes: Any) -> Header:
    made = lines(*(row for case, outcomes in cases.items() for row in rows_of(case, outcomes)))[0]
    assert isinstance(made, Header)
    return replace(made, **changes)


def write(directory: Path, *content: Line) -> Path:
    writer = Writer(directory)
    for line in content:
        writer.write(line)
    writer.close()
    return directory


def whole(directory: Path, cases: Cases, **changes: Any) -> Path:
    inside = [line for case, outcomes in cases.items() for line in events(case, outcomes)]
    return write(directory, header(cases, **changes), *FIXED, *inside, Footer("2026-11-21T00:01:00+00:00", 60.0))


def split(place: Path, cases: Cases, parts: Sequence[Sequence[str]], packed: bool = True, **changes: Any) -> list[Path]:
    """The same run in shards."""
    tests = [p.test for p in header(cases).plan]
    made = []
    for i, names in enumerate(parts, 1):
        mine = {name: cases[name] for name in names}
        inside = [line for case, outcomes in mine.items() for line in events(case, outcomes)]
        part = Shard(i, len(parts), len(tests), digest(tests))
        first = header(mine, shard=part, **changes)
        foot = Footer("2026-11-21T00:01:00+00:00", 60.0 / len(parts))
        directory = write(place / str(i), first, *FIXED, *inside, foot)
        if packed:
            storage.compress(directory / storage.NAME)
        made.append(directory)
    return made


def content(run: Run) -> Any:
    def some(of: Sequence[Line]) -> list[str]:
        return sorted(map(encode, of))

    v = verdict(run)
    return (
        some(run.observations), some(run.figures), some(run.spent), some(run.timings), sorted(run.started),
        {name: encode(f) for name, f in run.frameworks.items()},
        sorted(p.test for p in run.header.plan), run.header.cases, run.header.divergences, run.header.limits,
        run.header.options, run.header.fingerprint, run.header.seed, run.header.suite, run.header.shard,
        v.conformant, v.sentence, sorted(v.problems), v.counts,
    )  # fmt: skip


@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_split_merges_into_the_undisturbed_run(data: st.DataObject) -> None:
    outcomes = st.lists(st.sampled_from(["passed", "diverged", "failed", "skipped"]), min_size=1, max_size=4)
    names = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True))
    cases: Cases = {name: data.draw(outcomes) for name in names}
    count = data.draw(st.integers(1, 4))
    where = {name: data.draw(st.integers(0, count - 1)) for name in cases}
    parts = [[name for name in cases if where[name] == i] for i in range(count)]
    packed = data.draw(st.booleans())
    options = {"dtypes": ["float32"], "modes": ["eager"], "require": data.draw(st.sampled_from(["", "torch,gpu"]))}
    with tempfile.TemporaryDirectory() as place:
        expected = read(whole(Path(place, "whole"), cases, options=options))
        shards = data.draw(st.permutations(split(Path(place, "shards"), cases, parts, packed, options=options)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(html, "write", lambda run, path: path)  # it takes most of the time
            found = merge.merge(shards, Path(place, "merged"))
        joined = replace(found.header, options={**found.header.options, "selection": ""})
        found.header = replace(joined, options=options)
        assert content(found) == content(expected)
        assert found.footer == replace(expected.footer, seconds=found.footer.seconds)  # type: ignore[union-attr, type-var]
        assert [p.shard for p in found.header.parts] == list(range(1, count + 1))


CASES: Cases = {"a": ["passed"], "b": ["passed", "diverged"], "c": ["passed"]}
PARTS = (("a",), ("b",), ("c",))


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    return split(tmp_path / "shards", CASES, PARTS, packed=False)


def edit(directory: Path, change: Callable[[dict[str, Any]], None], n: int = 0) -> None:
    """Change a line of a record."""
    path = directory / storage.NAME
    rows = [json.loads(r) for r in path.read_text(encoding="utf-8").splitlines()]
    change(rows[n])
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "reports", "merge", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True)


def test_the_command_writes_a_run_like_any_other(shards: list[Path], tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.jsonl")}
    done = command(*shards, "--output", tmp_path / "deep" / "merged")
    assert done.returncode == 0, done.stderr
    assert "4 observations of 3 shards, 1 machine\n" in done.stdout
    assert "CONFORMANT: torch 2.13.0, tensorflow 2.21.0: 4 checks, 1 of them known divergences." in done.stdout
    assert {"record.jsonl.gz", "index.html"} <= {p.name for p in (tmp_path / "deep" / "merged").iterdir()}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["merged"]  # nothing temporary is left
    assert {p: p.read_bytes() for p in before} == before


def test_a_run_that_is_not_conformant_exits_with_1(tmp_path: Path) -> None:
    shards = split(tmp_path / "shards", {"a": ["passed"], "b": ["failed"]}, (("a",), ("b",)))
    done = command(*shards, "--output", tmp_path / "merged")
    assert done.returncode == 1
    assert "NOT CONFORMANT" in done.stdout


def refused(shards: Sequence[Path], output: Path, error: type[Exception]) -> str:
    """The sentence, after which nothing was written or changed."""
    before = {p: p.read_bytes() for p in output.parent.rglob("*") if p.is_file()}
    with pytest.raises(error) as caught:
        merge.merge(shards, output)
    assert {p: p.read_bytes() for p in output.parent.rglob("*") if p.is_file()} == before
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_missing_shard_is_named(shards: list[Path], tmp_path: Path) -> None:
    sentence = refused(shards[:1], tmp_path / "merged", Undecided)
    assert sentence.startswith("shard 2/3 is missing; shard 3/3 is missing; 2 of 3 selected tests are in no shard")


def test_a_shard_that_is_there_twice_is_named(shards: list[Path], tmp_path: Path) -> None:
    sentence = refused([*shards, shards[1]], tmp_path / "merged", Invalid)
    assert sentence == f"shard 2/3 is there twice: {shards[1]}/record.jsonl and {shards[1]}/record.jsonl"


def test_a_whole_run_is_no_shard(shards: list[Path], tmp_path: Path) -> None:
    path = whole(tmp_path / "whole", CASES)
    assert "whole/record.jsonl: is not a shard of a run" in refused([*shards, path], tmp_path / "merged", Invalid)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: h.update(suite="0.1.0 def"), "has the suite 0.1.0 def, and shard 1/3"),
        (lambda h: h.update(seed=8), "has the seed 8, and shard 1/3"),
        (lambda h: h["shard"].update(count=4), "has the number of shards 4, and shard 1/3"),
        (lambda h: h["options"].update(modes=["xla"]), "has the option modes ['xla'], and shard 1/3"),
        (lambda h: h["options"].update(frameworks=["torch"]), "has the option frameworks ['torch'], and shard 1/3"),
        (lambda h: h["shard"].update(tests=4), "has the selection of 4 tests, and shard 1/3"),
        (lambda h: h["shard"].update(digest="f" * 64), "has a selection with the digest ffffffffffff, and shard 1/3"),
        (lambda h: h["limits"]["elementwise"].update(value=99), "has limit elementwise value 99.0, and shard 1/3"),
        (lambda h: h["fingerprint"].update(python="3.12"), "has python 3.12, and shard 1/3"),
        (lambda h: h["fingerprint"].update(packages={"numpy": "1"}), "has packages numpy 1, and shard 1/3"),
        (lambda h: h["fingerprint"].update(environment={"TF_ENABLE_ONEDNN_OPTS": "0"}), "ONEDNN"),
    ],
)
def test_a_shard_of_another_run_is_named_with_the_value(
    shards: list[Path], tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    edit(shards[1], change)
    sentence = refused(shards, tmp_path / "merged", Invalid)
    assert said in sentence
    assert f"{shards[1]}/record.jsonl: shard 2/" in sentence
    assert f"({shards[0]}/record.jsonl)" in sentence


def test_a_shard_of_another_version_is_named(shards: list[Path], tmp_path: Path) -> None:
    edit(shards[2], lambda line: line.update(version="2.20.0"), 2)
    sentence = refused(shards, tmp_path / "merged", Invalid)
    assert "shard 3/3 has the version of tensorflow 2.20.0, and shard 1/3" in sentence


def test_tests_that_are_in_two_shards_or_in_none_are_noticed(tmp_path: Path) -> None:
    twice = split(tmp_path / "twice", CASES, (("a", "b"), ("b", "c")))
    assert "b-torch-eager-value is in shard 1/2" in refused(twice, tmp_path / "merged", Invalid)
    lost = split(tmp_path / "lost", CASES, (("a",), ("c",)))
    assert "hold 2 tests, which are not the 3 selected" in refused(lost, tmp_path / "merged", Invalid)


def test_different_machines_are_kept(shards: list[Path], tmp_path: Path) -> None:
    cuda = {"environment": {"CUDA_VISIBLE_DEVICES": "1"}, "gpu": "none", "platform": "Linux"}
    edit(shards[1], lambda h: h["fingerprint"].update(cuda, cpu={"model": "a slow one", "cores": 2}))
    run = merge.merge(shards, tmp_path / "merged")
    assert run.header.fingerprint["cpu"] == {"model": "a <fast> one | a slow one", "cores": "none | 2"}
    assert run.header.fingerprint["python"] == "3.11"
    assert [p.fingerprint["cpu"]["model"] for p in run.header.parts] == ["a <fast> one", "a slow one", "a <fast> one"]


def cut_off(directory: Path) -> None:
    path = directory / storage.NAME
    path.write_bytes(path.read_bytes()[:-20])


def interrupt(directory: Path) -> None:
    edit(directory, lambda line: line.update(interrupted=True), -1)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_off, "shard 2/3 was cut off: "),
        (interrupt, "shard 2/3 was interrupted"),
        (lambda directory: (directory / storage.NAME).unlink(), "shard 2/3 is missing"),
    ],
)
def test_what_is_incomplete_is_merged_only_when_that_is_known(
    shards: list[Path], tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(shards[1])
    given = [s for s in shards if (s / storage.NAME).exists()]
    sentence = refused(given, tmp_path / "merged", Undecided)
    assert said in sentence
    assert sentence.endswith("--incomplete merges what there is")
    done = command(*given, "--output", tmp_path / "merged", "--incomplete")
    assert done.returncode == 1, done.stderr
    run = read(tmp_path / "merged")
    assert any(p.lower().startswith(said.rstrip()) for p in verdict(run).problems)
    assert len(run.observations) == (4 if len(given) == 3 else 2)


def test_nothing_is_overwritten(shards: list[Path], tmp_path: Path) -> None:
    (tmp_path / "merged").mkdir()
    (tmp_path / "merged" / "notes.txt").write_text("precious", encoding="utf-8")
    sentence = refused(shards, tmp_path / "merged", Invalid)
    assert sentence == f"--output {tmp_path / 'merged'}: exists and is not overwritten"


def test_a_merge_that_fails_leaves_nothing(shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "compress", full)
    refused(shards, tmp_path / "merged", OSError)
    assert [p.name for p in tmp_path.iterdir()] == ["shards"]


def test_a_damaged_shard_is_one_sentence(shards: list[Path], tmp_path: Path) -> None:
    (shards[1] / storage.NAME).write_text("{", encoding="utf-8")
    done = command(*shards, "--output", tmp_path / "merged")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "merged").exists()
