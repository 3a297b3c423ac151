"""The history of many runs: what changed, in which run it was first seen, and what is said of bad input."""

import math
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from meta_tests.browser import Open, violations
from meta_tests.conftest import lines, observation
from reports import cli, history_page, parquet, storage
from reports.errors import Undecided
from reports.history import Cell, Change, History, history
from reports.record import FORMAT, NAME, FrameworkLine, Header, Observation, Writer, encode

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

Make = Callable[..., Path]
DIVERGED = observation("diverged", sample="far", score=3e7, divergence="erf-in-float32")
AGREES = observation("passed", sample="far", score=1.0, divergence="erf-in-float32")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make(day, *rows, torch="2.13.0", footer=True)`` writes a run below ``tmp_path/runs`` and returns its record."""

    def write(day: int, *rows: Observation, torch: str = "2.13.0", **options: Any) -> Path:
        writer = Writer(tmp_path / "runs" / f"run{day}")
        for line in lines(*rows, **options):
            if isinstance(line, Header):
                line = replace(line, created=f"2026-11-{day:02}T00:00:00+00:00")
            if isinstance(line, FrameworkLine):
                line = replace(line, version=torch)
            writer.write(line)
        writer.close()
        return writer.path

    return write


@pytest.fixture
def found(tmp_path: Path) -> Callable[[], History]:
    return lambda: history(tmp_path / "runs", tmp_path / "cache")


def said(found: History, kind: str) -> list[tuple[int, str]]:
    return [(c.run, c.text) for c in found.changes if c.kind == kind]


def test_runs_are_in_the_order_in_which_they_began(make: Make, found: Callable[[], History]) -> None:
    for day in (7, 3, 5):
        make(day, observation("passed"))
    assert [r.created[8:10] for r in found().runs] == ["03", "05", "07"]
    assert found().changes == ()


def test_a_change_of_outcome_is_seen_in_the_first_run_that_has_it(make: Make, found: Callable[[], History]) -> None:
    good, bad = observation("passed"), observation("failed", score=1e3)
    for day, row in enumerate((good, good, bad, bad, good), 1):
        make(day, row)
    assert said(found(), "outcome") == [
        (2, "elementwise, torch: 1 check passed → failed"),
        (4, "elementwise, torch: 1 check failed → passed"),
    ]
    assert [c.bad for c in found().changes if c.kind == "outcome"] == [True, False]
    assert found().changes[0].where == "gelu value, torch.nn.GELU, float32, tails"


def test_a_run_of_other_checks_in_between_hides_nothing(make: Make, found: Callable[[], History]) -> None:
    make(1, observation("passed"))
    make(2, observation("passed", case="relu", test="relu-torch-eager-value"))
    make(3, observation("failed", score=1e3))
    assert said(found(), "outcome") == [(2, "elementwise, torch: 1 check passed → failed")]


def test_a_test_that_crashed_is_all_its_checks(make: Make, found: Callable[[], History]) -> None:
    rows = [observation("passed", sample=name) for name in ("a", "b", "c")]
    make(1, *rows)
    record = make(2, *rows)
    crash = observation("crashed", route="*", dtype="*", sample="*", score=None, covers=2)
    text = record.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in text if '"sample":"b"' not in line and '"sample":"c"' not in line]
    kept.insert(-1, encode(crash) + "\n")
    record.write_text("".join(kept), encoding="utf-8")
    assert said(found(), "outcome") == [(1, "elementwise, torch: 2 checks passed → crashed")]


def test_a_divergence_appears_and_vanishes(make: Make, found: Callable[[], History]) -> None:
    for day, row in enumerate((AGREES, DIVERGED, DIVERGED, AGREES), 1):
        make(day, row)
    assert said(found(), "divergence") == [
        (1, "erf-in-float32 appeared, in 1 checks"),
        (3, "erf-in-float32 vanished from 1 checks"),
    ]


def test_a_divergence_of_new_checks_has_not_appeared(make: Make, found: Callable[[], History]) -> None:
    make(1, observation("passed"))
    make(2, observation("passed"), DIVERGED)
    assert said(found(), "divergence") == []


def test_a_divergence_that_is_not_looked_for_has_not_vanished(make: Make, found: Callable[[], History]) -> None:
    make(1, DIVERGED)
    make(2, observation("passed"))
    make(3, DIVERGED)
    assert said(found(), "divergence") == []


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((1.0, 3.9), []),
        ((1.0, 4.1), ["worst score 0.062 → 0.26 of its limit"]),
        ((0.001, 1.0), []),  # below one noise floor all is rounding
        ((16.0, 2.0), ["worst score 1 → 0.12 of its limit"]),
        ((1.0, "inf"), ["worst score 0.062 → inf of its limit"]),
        (("inf", "inf"), []),
    ],
)
def test_a_worst_score_that_moved_by_more_than_the_factor(
    make: Make, found: Callable[[], History], scores: Sequence[Any], expected: list[str]
) -> None:
    for day, score in enumerate(scores, 1):
        make(day, observation("passed" if score != "inf" else "failed", score=score))
    assert [text for _, text in said(found(), "score")] == [f"elementwise, torch: {e}" for e in expected]


def test_random_numbers_and_known_divergences_have_no_worst_score(make: Make, found: Callable[[], History]) -> None:
    make(1, observation("passed", check="statistics", score=15.0), AGREES, DIVERGED, observation("passed", score=2.0))
    (cell,) = found().cells
    assert (cell.worst, cell.check) == (2.0 / 16, "gelu value, torch.nn.GELU, float32, tails")


def test_versions_that_changed(make: Make, found: Callable[[], History]) -> None:
    make(1, observation("passed"))
    make(2, observation("passed"), torch="2.14.0")
    assert said(found(), "versions") == [(1, "torch 2.13.0 → 2.14.0")]
    assert ">2.14.0</text>" in history_page.render(found())


def test_a_record_is_converted_once_and_again_when_it_changed(
    make: Make, found: Callable[[], History], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []
    real = parquet.read
    monkeypatch.setattr(parquet, "read", lambda path: reads.append(path) or real(path))
    record = make(1, observation("passed"))
    make(2, observation("passed"))
    first = found()
    assert (len(reads), found()) == (2, first)
    assert len(reads) == 2
    record.unlink()
    make(1, observation("failed", score=1e3))
    assert said(found(), "outcome") == [(1, "elementwise, torch: 1 check failed → passed")]
    assert len(reads) == 3


def test_a_damaged_file_of_the_cache_is_written_again(make: Make, found: Callable[[], History], tmp_path: Path) -> None:
    make(1, observation("passed"))
    first = found()
    (file,) = (tmp_path / "cache").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:100])
    assert found() == first


def test_compressed_records_are_read_too(make: Make, found: Callable[[], History]) -> None:
    make(1, observation("passed"))
    storage.compress(make(2, observation("failed", score=1e3)))
    assert len(found().runs) == 2
    assert said(found(), "outcome") == [(1, "elementwise, torch: 1 check passed → failed")]


def test_parts_of_runs_in_hidden_directories_are_no_runs(make: Make, found: Callable[[], History]) -> None:
    make(1, observation("passed"))
    record = make(2, observation("passed"))
    record.parent.rename(record.parent.with_name(".run2"))
    assert len(found().runs) == 1


def test_numbers_survive_the_conversion(make: Make, found: Callable[[], History]) -> None:
    make(
        1,
        observation("passed", score=0.1 + 0.2, limit=1.0, seconds=1.5),
        observation("failed", sample="x", score="nan"),
    )
    (cell,) = found().cells
    assert math.isinf(cell.worst or 0)
    assert cell.seconds == 1.5


@pytest.fixture
def damaged(make: Make, tmp_path: Path) -> Path:
    """Two good runs, and one each of what cannot be read."""
    make(1, observation("passed"))
    make(2, observation("failed", score=1e3, reason="<b>no</b>"), footer=False)
    text = make(3, observation("passed")).read_text(encoding="utf-8")
    for name, content in (
        ("damaged", text.replace('"outcome":', '"outcome"')),
        ("future", text.replace(f'"format":{FORMAT}', '"format":99')),
        ("empty", ""),
    ):
        (tmp_path / "runs" / name).mkdir()
        (tmp_path / "runs" / name / NAME).write_text(content, encoding="utf-8")
    return tmp_path / "runs"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reports", "history", *map(str, arguments)], capture_output=True, text=True
    )


def test_the_command_names_what_it_leaves_out(damaged: Path, tmp_path: Path) -> None:
    done = command(damaged, "--cache", tmp_path / "cache", "--output", tmp_path / "page.html")
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 3
    for name in ("damaged", "future", "empty"):
        assert str(damaged / name) in done.stderr
    for words in ("cut off", "! elementwise, torch: 1 check passed → failed", "first seen in run 2"):
        assert words in done.stdout
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("Left out:") == 3
    assert page.count("<figure>") == 2
    shown = page[: page.rindex("<script>")]  # of the theme's button; the page can be read without
    assert not re.search(r"<script|src=|@import|url\(|<b>no", shown)
    assert sorted(p.name for p in damaged.iterdir()) == ["damaged", "empty", "future", "run1", "run2", "run3"]


@pytest.mark.parametrize("wrong", ["absent", "empty", "all damaged", "factor", "cache", "output"])
def test_bad_input_is_one_sentence(make: Make, tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    record = make(1, observation("passed"))
    arguments: list[str | Path] = [tmp_path / "runs", "--cache", tmp_path / "cache"]
    status = 3
    if wrong == "absent":
        arguments[0], status = tmp_path / "nowhere", 2
    elif wrong == "empty":
        record.unlink()
    elif wrong == "all damaged":
        record.write_text("{}\n", encoding="utf-8")
    elif wrong == "factor":
        arguments, status = [*arguments, "--factor", "1"], 2
    elif wrong == "cache":
        arguments[2] = record / "below-a-file"
    else:
        arguments += ["--output", record / "below-a-file.html"]
    assert cli.main(["history", *map(str, arguments)]) == status
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_is_not_installed_is_named(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make(1, observation("passed"))
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert cli.main(["history", str(tmp_path / "runs")]) == 2


def test_a_directory_without_runs_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Undecided, match="holds no record"):
        history(tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("runs", [1, 2, 9, 60])
def test_any_number_of_runs_can_be_drawn(runs: int) -> None:
    info = parquet.Info("r", (1, 1, 1), "2026-11-01", "s", {"torch": "1"}, "", 1.0, {"passed": 1}, True, "yes", True)
    infos = tuple(replace(info, versions={"torch": str(n)}) for n in range(runs))
    worst = [None, 0.0, math.inf, 1.0]
    cells = tuple(Cell(n, "a", "torch", worst[n % 4], "c", 0.0) for n in range(runs))
    found = History(infos, cells, (Change(0, "score", "t", "<w>"),), 4.0, ())
    for shown in (history_page.render(found), history_page.text(found)):
        assert "nan" not in shown
    assert "&lt;w&gt;" in history_page.render(found)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_page_in_a_browser(
    make: Make, found: Callable[[], History], opened: Open, tmp_path: Path, scheme: str, width: int
) -> None:
    make(1, observation("passed"), observation("passed", sample="far"))
    make(2, observation("passed"), observation("failed", sample="far", score=99.0), torch="2.14.0")
    history_page.write(found(), tmp_path / "page.html")
    page = opened(tmp_path / "page.html", setup="0", color_scheme=scheme, viewport={"width": width, "height": 800})
    assert page.locator("#changes strong.failed").first.is_visible()
    assert page.locator("figure svg").count() == 2
    page.click("details > summary")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
