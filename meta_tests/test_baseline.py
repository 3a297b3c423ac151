"""Baselines: what is left out of a record changes no comparison, and the same run gives the same bytes."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from meta_tests.conftest import EVERYTHING, lines, observation
from reports import baseline
from reports.cli import main
from reports.compare import compare
from reports.record import Line, Observation, Part, Run, Writer, read

Record = Callable[..., Path]
SOUND = [
    *(observation("passed", sample=f"s{i}", score=1.2345678 * i, ulps=7.654321 * i) for i in range(20)),
    observation("passed", sample="infinite", score="inf", ulps="nan"),
    EVERYTHING[3],
    EVERYTHING[5],
]


def test_a_run_equals_its_baseline(record: Record, tmp_path: Path) -> None:
    run = read(record(*SOUND))
    found = compare(read(baseline.write(run, tmp_path)), run, drift=1.01, anyway=True)
    assert {name: n for name, n, _ in found.amounts() if n} == {}


def test_a_baseline_is_a_whole_record_without_what_no_comparison_needs(record: Record, tmp_path: Path) -> None:
    run = read(record(*SOUND))
    trimmed = read(baseline.write(run, tmp_path))
    assert trimmed.complete
    assert trimmed.missing() == []
    assert not trimmed.figures
    assert {o.outcome for o in trimmed.observations} == {"passed", "diverged"}
    assert len(trimmed.observations) == len(SOUND) - 1
    assert trimmed.header.fingerprint == run.header.fingerprint
    assert all(not o.script and o.worst is None and not o.seconds for o in trimmed.observations)
    by_sample = {o.sample: o for o in trimmed.observations}
    assert (by_sample["s7"].score, by_sample["s7"].ulps) == (8.64, 53.6)
    assert (by_sample["infinite"].score, by_sample["infinite"].ulps) == ("inf", "nan")


def test_the_order_of_a_run_does_not_matter(tmp_path: Path) -> None:
    shuffled = SOUND.copy()
    random.Random(0).shuffle(shuffled)
    one, two = (Run(iter(lines(*rows))) for rows in (SOUND, shuffled))
    two.header = replace(one.header, plan=tuple(reversed(one.header.plan)))
    first = baseline.write(one, tmp_path / "one").read_bytes()
    assert first[4:8] == b"\0\0\0\0"  # the time of compression
    assert baseline.write(two, tmp_path / "two").read_bytes() == first


def test_baselines_are_named_by_versions_and_devices() -> None:
    run = Run(iter(lines(observation("passed"), observation("passed", test="t", device="gpu"), EVERYTHING[5])))
    run.frameworks["tensorflow"] = replace(run.frameworks["torch"], name="tensorflow", version="2.21.0rc1")
    run.frameworks["torch"] = replace(run.frameworks["torch"], version="2.13.0+cu128")
    run.header.fingerprint["packages"] = {"keras": "3.15.1", "numpy": "2.4.6"}
    assert baseline.name(run) == "torch-2.13.0_tensorflow-2.21.0rc1_keras-3.15.1_cpu_gpu"


def test_a_merged_run_is_of_all_its_machines() -> None:
    one, two = (Run(iter(lines(observation("passed")))) for _ in range(2))
    fingerprints = [{"cpu": {"flags": flags}} for flags in ("avx2", "avx2 avx512f")]
    one.header = replace(one.header, parts=tuple(Part(i, "", f) for i, f in enumerate(fingerprints)))
    two.header = replace(two.header, fingerprint=fingerprints[0])
    assert baseline.differences(one, two) == ("processor flags (avx2 and avx2 avx512f)",)


def test_the_command_replaces_the_baseline_of_the_same_versions(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, directory = record(*SOUND), tmp_path / "new" / "baselines"
    for _ in range(2):
        assert main(["baseline", str(run), "--directory", str(directory)]) == 0
    assert [p.name for p in directory.iterdir()] == ["torch-2.13.0_cpu.jsonl.gz"]
    assert capsys.readouterr().out.endswith("22 checks\n")


def cut(directory: Path, rows: list[Line]) -> Path:
    writer = Writer(directory)
    for line in rows:
        writer.write(line)
    writer.close()
    return directory


@pytest.mark.parametrize(
    ("rows", "options", "status", "sentence"),
    [
        (SOUND, {"footer": False}, 3, "the run is not complete"),
        ([*SOUND, EVERYTHING[2]], {}, 2, "1 checks failed. A baseline is a conformant run."),
        (SOUND, {"problems": ("gpu was required: no check of it ran.",)}, 2, "gpu was required"),
        (EVERYTHING[5:], {}, 2, "NOTHING JUDGED"),
    ],
)
def test_only_a_whole_conformant_run_is_a_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[Observation], options: dict[str, object],
    status: int, sentence: str,
) -> None:  # fmt: skip
    run = cut(tmp_path / "run", lines(*rows, **options))  # type: ignore[arg-type]
    assert main(["baseline", str(run), "--directory", str(tmp_path / "baselines")]) == status
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "baselines").exists()


def test_where_no_baseline_can_be_written(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["baseline", str(record(*SOUND)), "--directory", str(tmp_path / "file")]) == 3
    assert "file" in capsys.readouterr().err
