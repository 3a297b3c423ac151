"""Records: what is written is read back, and what is damaged is named."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meta_tests import record_page
from meta_tests.conftest import EVERYTHING, lines
from reports import storage
from reports.record import FORMAT, NAME, Observation, RecordError, Worst, Writer, decode, encode, number, read
from reports.verdict import verdict

Record = Callable[..., Path]


def test_a_record_is_read_back(record: Record) -> None:
    run = read(record())
    assert run.complete
    assert [o.outcome for o in run.observations] == ["passed", "passed", "failed", "diverged", "crashed", "skipped"]
    assert run.observations[2].worst == Worst("value", (3, 1), "nan", 1.5, 1e-7)
    assert run.frameworks["torch"].version == "2.13.0"
    assert run.header.seed == 7
    assert len(run.figures) == 2
    assert run.started == ["gelu-torch-eager-value"]
    assert run.missing() == []


numbers = st.one_of(
    st.none(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["nan", "inf", "-inf"])
)


@given(text=st.text(max_size=40), route=st.text(max_size=20), score=numbers, ulps=numbers, covers=st.integers(0, 10**9))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_observation_survives(text: str, route: str, score: Any, ulps: Any, covers: int) -> None:
    before = Observation(
        "t", "a", "c", "k", "f", "m", "d", "failed", route, score=score, ulps=ulps, reason=text, covers=covers
    )
    line = encode(before)
    assert "\n" not in line
    assert decode(line) == before


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.5, 1.5), (float("nan"), "nan"), (float("inf"), "inf"), (-float("inf"), "-inf"), (np.float32(0.5), 0.5)],
)
def test_numbers_are_plain(value: Any, written: Any) -> None:
    found = number(value)
    assert found == written
    assert type(found) in (float, str)


def test_a_numpy_scalar_is_written_as_a_number(row: Callable[..., Observation]) -> None:
    """One in a property ended a run under xdist with exit status 0 and no test reported."""
    line = encode(row("passed", score=np.float64(2.5), covers=np.int64(3)))
    found = decode(line)
    assert isinstance(found, Observation)
    assert (found.score, found.covers) == (2.5, 3)


def test_a_last_line_that_was_cut_off_is_dropped(record: Record) -> None:
    path = record(footer=False) / NAME
    path.write_bytes(path.read_bytes()[:-20])
    run = read(path)
    assert not run.complete
    assert "The run was cut off: its record has no footer." in verdict(run).problems


def damage(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda rows: [*rows[:3], b'{"type":"observation", oops\n', *rows[3:]], "line 4 is damaged"),
        (lambda rows: [*rows[:3], b'{"type":"surprise"}\n', *rows[3:]], "line 4 is damaged"),
        (lambda rows: [*rows[:2], b"\xff\xfe\x00\n", *rows[2:]], "line 3 is damaged"),
        (lambda rows: [*rows[:2], b'{"type":"start","test":"\xff"}\n', *rows[2:]], "line 3 is damaged"),
        (lambda rows: rows[1:], "line 1 is not a header"),
        (lambda rows: [], "the record is empty"),
        (lambda rows: [b"[]\n"], "line 1 is not a header"),
        (lambda rows: [b"plain text\n"], "line 1 is not a header"),
        (lambda rows: [*rows, rows[0]], "a second header"),
        (
            lambda rows: [rows[0].replace(b'"format":%d' % FORMAT, b'"format":%d' % (FORMAT + 1)), *rows[1:]],
            f"format {FORMAT + 1} is newer than this version reads",
        ),
    ],
)
def test_a_damaged_record_is_named_in_one_sentence(record: Record, change: Any, sentence: str) -> None:
    path = record() / NAME
    damage(path, change)
    with pytest.raises(RecordError) as caught:
        read(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        read(tmp_path / "nowhere")


def test_a_record_is_never_overwritten(record: Record) -> None:
    directory = record()
    before = (directory / NAME).read_bytes()
    with pytest.raises(FileExistsError):
        Writer(directory)
    assert (directory / NAME).read_bytes() == before


def test_what_was_planned_and_left_nothing_is_missing(record: Record, row: Callable[..., Observation]) -> None:
    path = record() / NAME
    kept = [r for r in path.read_bytes().splitlines(keepends=True) if b'"sample":"normal"' not in r or b"header" in r]
    assert len(kept) == len(path.read_bytes().splitlines()) - 1
    path.write_bytes(b"".join(kept))
    run = read(path)
    assert [key for _, key in run.missing()] == [("torch.nn.GELU", "float32", "normal")]
    problems = verdict(run).problems
    assert any(p.startswith("1 planned checks left no observation; first: gelu-torch-eager-value.") for p in problems)


@pytest.mark.parametrize(
    ("outcomes", "conformant", "begin"),
    [
        (["passed", "diverged"], True, "CONFORMANT: torch 2.13.0: 2 checks, 1 of them known divergences."),
        (["passed", "failed"], False, "NOT CONFORMANT: torch 2.13.0: 1 checks failed."),
        (["crashed"], False, "NOT CONFORMANT: torch 2.13.0: 1 checks were lost"),
        (["skipped", "skipped"], True, "NOTHING JUDGED: all 2 selected checks were skipped."),
    ],
)
def test_the_verdict_in_one_sentence(
    record: Record, row: Callable[..., Observation], outcomes: list[str], conformant: bool, begin: str
) -> None:
    found = verdict(read(record(*(row(o, sample=f"s{i}") for i, o in enumerate(outcomes)))))
    assert found.conformant == conformant
    assert found.sentence.startswith(begin)


def test_a_problem_of_the_run_makes_it_not_conformant(record: Record, row: Callable[..., Observation]) -> None:
    found = verdict(read(record(row("passed"), problems=("gpu was required: none.",))))
    assert not found.conformant
    assert found.problems == ("gpu was required: none.",)


# Bad values


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"outcome":"failed"', b'"outcome":"flaky"'),
        (b'"covers":11', b'"covers":-1'),
        (b'"score":"inf"', b'"score":"huge"'),
        (b'"covers":11', b'"covers":"eleven"'),
    ],
)
def test_a_value_that_cannot_be_is_refused(record: Record, old: bytes, new: bytes) -> None:
    path = record() / NAME
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(RecordError, match=r"line \d+ is damaged"):
        read(path)


def test_an_observation_outside_of_the_plan_is_refused(record: Record) -> None:
    path = record() / NAME
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([rows[0], *(r.replace(b"matmul-torch", b"matmul-jax") for r in rows[1:])]))
    with pytest.raises(RecordError, match="matmul-jax-eager-value left a line and is not in the plan"):
        read(path)


# Compressed


def test_a_compressed_record_takes_the_place_of_the_plain_one(record: Record) -> None:
    directory = record()
    before = read(directory)
    packed = storage.compress(directory / NAME)
    assert [p.name for p in directory.iterdir()] == [storage.PACKED]
    for path in (directory, packed):
        after = read(path)
        assert (after.header, after.observations, after.footer) == (before.header, before.observations, before.footer)
    assert verdict(read(directory)).sentence == verdict(before).sentence


def test_the_same_record_gives_the_same_bytes(record: Record) -> None:
    directory = record()
    plain = (directory / NAME).read_bytes()
    first = storage.compress(directory / NAME).read_bytes()
    (directory / storage.PACKED).unlink()
    (directory / NAME).write_bytes(plain)
    assert storage.compress(directory / NAME).read_bytes() == first


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[:-9], "the compressed record is cut off"),
        (lambda data: data[: len(data) // 2], "the compressed record is cut off"),
        (lambda data: data[:12], "the compressed record is cut off"),
        (lambda data: b"", "the record is empty"),
        (lambda data: data[:600] + bytes([data[600] ^ 255]) + data[601:], "the compressed record is damaged"),
        (lambda data: data[:-6] + b"\0" + data[-5:], "the compressed record is damaged"),
        (lambda data: b"PK" + data, "the compressed record is damaged (it does not begin as a gzip file)"),
    ],
)
def test_a_damaged_compressed_record_is_named_in_one_sentence(record: Record, change: Any, sentence: str) -> None:
    path = storage.compress(record() / NAME)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RecordError) as caught:
        read(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_compressing_overwrites_nothing_and_leaves_the_record_when_it_fails(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = record()
    before = (directory / NAME).read_bytes()
    (directory / storage.PACKED).write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        storage.compress(directory / NAME)
    assert (directory / storage.PACKED).read_bytes() == b"precious"
    (directory / storage.PACKED).unlink()

    def full(source: Any, target: Any, size: int) -> None:
        target.write(source.read(100))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left on device"):
        storage.compress(directory / NAME)
    assert [(p.name, p.read_bytes()) for p in directory.iterdir()] == [(NAME, before)]


def test_where_both_are_the_plain_record_is_read(record: Record) -> None:
    """Compressing was ended after the compressed file was there and before the plain one was not."""
    directory = record()
    (directory / storage.PACKED).write_bytes(b"\x1f\x8b")
    assert read(directory).complete


def test_50_000_observations_are_under_5_megabytes(tmp_path: Path, row: Callable[..., Observation]) -> None:
    """With numbers that do not repeat, as real ones do not."""
    random = np.random.default_rng(0)
    rows = [
        row("passed", test=f"case{i // 20}-torch-eager-value", case=f"case{i // 20}", sample=f"sample-{i % 20}",
            score=round(random.lognormal(), 4), norm=round(random.lognormal(), 4), ulps=round(random.lognormal(), 4),
            seconds=round(random.exponential(1e-4), 6),
            worst=Worst("value", (i % 7, i % 31), random.normal(), random.normal(), random.exponential() * 1e-7))
        for i in range(50_000)
    ]  # fmt: skip
    writer = Writer(tmp_path)
    for line in lines(*rows):
        writer.write(line)
    writer.close()
    assert writer.path.stat().st_size > 15e6
    assert storage.compress(writer.path).stat().st_size < 5e6


# No room


class Disk:
    """A file on a disk with so much room."""

    def __init__(self, path: Path, room: int) -> None:
        self.file, self.room = path.open("xb", buffering=0), room

    def write(self, data: bytes | memoryview) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self.file.write(data[: self.room]) or 0
        self.room -= written
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@given(room=st.integers(0, 4000))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_what_was_written_before_the_disk_was_full_is_readable(room: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        writer = Writer(Path(place, "run"))
        writer._log._file.close()
        writer.path.unlink()
        writer._log._file = Disk(writer.path, room)  # type: ignore[assignment]
        written = []
        with pytest.raises(OSError, match="No space left"):  # noqa: PT012
            for line in lines(*EVERYTHING, *EVERYTHING[:1] * 50):
                writer.write(line)
                written.append(encode(line))
        writer.close()
        assert writer.path.read_text(encoding="utf-8").splitlines() == written


# Its description


def test_the_description_is_that_of_the_structs() -> None:
    assert record_page.PAGE.read_text(encoding="utf-8") == record_page.text(), "python -m meta_tests.record_page"
