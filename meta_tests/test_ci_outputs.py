"""What CI systems read: JUnit XML, CTRF, a badge, a job summary, annotations; and nothing that a record injects."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import junitparser
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from conformance.catalogue import catalogue
from meta_tests.conftest import EVERYTHING, lines, observation
from reports import ci, exports
from reports.cli import main
from reports.record import Line, Observation, Planned, Run, Writer, read
from reports.verdict import verdict

Record = Callable[..., Path]
NASTY = "a|b<b>c</b> `d` [e](http://f) *g* & ::error::h %0A\n# i\r\n\x1b[31m\x00\u2028\ud7ff]]>--> $j$ @k ~~l~~ \\| ```"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may themselves run in a job of GitHub's."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "job.md"))
    return tmp_path / "job.md"


def run_of(*rows: Observation, **options: Any) -> Run:
    return Run(iter(lines(*(rows or EVERYTHING), **options)))


def unobserved(*rows: Observation) -> Run:
    """A run that lost one more test."""
    run = run_of(*rows)
    lost = Planned("lost-torch-eager-value", "losses", "lost", "value", "torch", "eager", "cpu")
    run.header = replace(run.header, plan=(*run.header.plan, lost))
    return run


def failing(n: int) -> list[Observation]:
    return [observation("failed", test=f"t{i}", score=1e3, reason=NASTY) for i in range(n)]


nasty = st.text(max_size=60) | st.sampled_from(
    [NASTY, "", "::", "%", "|", "1. x", "12) x", "1.", "---", "- x", "> x", "www.x.y", "a\u0085b"]
)


# JUnit XML


def parsed(run: Run) -> junitparser.JUnitXml:
    return junitparser.JUnitXml.fromstring(exports.junit(run))


def test_junit_has_one_entry_for_each_test() -> None:
    document = parsed(unobserved(*EVERYTHING))
    assert (document.tests, document.failures, document.errors, document.skipped) == (5, 1, 2, 1)
    cases = {c.name: c for suite in document for c in suite}
    assert {suite.name for suite in document} == {"elementwise", "reductions", "losses"}
    failed = cases["gelu-torch-eager-value"]
    assert failed.classname == "elementwise.gelu"
    [failure] = failed.result
    assert isinstance(failure, junitparser.Failure)
    assert failure.message.startswith(
        "1 of 3 checks failed: torch.nn.GELU, float32, sample far: score inf of 16; raised"
    )
    assert "value[3, 1] is nan, expected 1.5" in failure.text
    assert 'print("<script>alert(1)</script>")' in failure.text
    assert isinstance(cases["matmul-torch-eager-value"].result[0], junitparser.Error)
    assert cases["lost-torch-eager-value"].result[0].message == "planned, and left no observation"
    assert cases["gelu-torch-eager-value-gpu"].result[0].message == "need a CUDA device, and torch found none"
    assert cases["gelu-tensorflow-eager-value"].result == []
    assert cases["gelu-tensorflow-eager-value"].system_out == "known divergences: erf-in-float32"


def test_junit_has_the_structure_of_the_usual_schema() -> None:
    """What Ant, Jenkins and GitLab agree on: elements, their order and attributes, and sums that are right."""
    root = ET.fromstring(exports.junit(unobserved(*EVERYTHING)))
    assert root.tag == "testsuites"
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in root:
        assert suite.tag == "testsuite"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        assert suite[0].tag == "properties"
        cases = suite.findall("testcase")
        found = {"tests": len(cases)}
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            found[name] = len(suite.findall(f"testcase/{tag}"))
        assert {name: int(suite.attrib[name]) for name in totals} == found
        totals = {name: totals[name] + found[name] for name in totals}
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}
            assert float(case.attrib["time"]) >= 0
            assert {c.tag for c in case} <= {"failure", "error", "skipped", "system-out"}
            assert all("message" in c.attrib and "type" in c.attrib for c in case if c.tag != "system-out")
    assert {name: int(root.attrib[name]) for name in totals} == totals


@given(text=nasty, outcome=st.sampled_from(["failed", "crashed", "skipped", "diverged"]))
@example(text=NASTY, outcome="failed")
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_text_is_xml(text: str, outcome: str) -> None:
    row = observation(
        outcome, test=text, area=text, case=text, reason=text, script=text, route=text or "*", divergence=text
    )
    document = parsed(Run(iter(lines(row))))
    assert document.tests == 1
    [suite] = document
    xml = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    assert (suite.name or "") == xml


def test_a_long_failure_is_cut_off() -> None:
    text = exports.tests(run_of(observation("failed", script="x" * 10**6)))[0].details
    assert len(text) < exports.LONGEST + 100
    assert text.endswith("cut off; the record has it all")


def test_many_failing_checks_are_counted() -> None:
    rows = [observation("failed", sample=f"s{i}", score=float(i)) for i in range(exports.SHOWN + 3)]
    [test] = exports.tests(run_of(*rows))
    assert "... and 3 more, in the record" in test.details
    assert test.message.startswith("8 of 8 checks failed: torch.nn.GELU, float32, sample s7: score 7 of 16")


# CTRF: the fields that https://github.com/ctrf-io/ctrf requires and knows, and no others


class Tool(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str


class Summary(msgspec.Struct, forbid_unknown_fields=True):
    tests: int
    passed: int
    failed: int
    skipped: int
    pending: int
    other: int
    suites: int
    start: int
    stop: int


class Test(msgspec.Struct, forbid_unknown_fields=True):
    __test__ = False

    name: str
    status: Literal["passed", "failed", "skipped", "pending", "other"]
    duration: int
    suite: list[str]
    rawStatus: str  # noqa: N815
    tags: list[str]
    device: str
    extra: dict[str, Any]
    message: str = ""
    trace: str = ""


class Environment(msgspec.Struct, forbid_unknown_fields=True):
    testEnvironment: str  # noqa: N815
    osPlatform: str  # noqa: N815


class Results(msgspec.Struct, forbid_unknown_fields=True):
    tool: Tool
    summary: Summary
    tests: list[Test]
    environment: Environment


class Ctrf(msgspec.Struct, forbid_unknown_fields=True):
    reportFormat: Literal["CTRF"]  # noqa: N815
    specVersion: str  # noqa: N815
    generatedBy: str  # noqa: N815
    results: Results


def test_ctrf() -> None:
    found = msgspec.convert(exports.ctrf(unobserved(*EVERYTHING)), Ctrf)
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.specVersion)
    assert {t.name: (t.status, t.rawStatus) for t in found.results.tests} == {
        "gelu-torch-eager-value": ("failed", "failed"),
        "gelu-tensorflow-eager-value": ("passed", "passed"),
        "matmul-torch-eager-value": ("failed", "crashed"),
        "gelu-torch-eager-value-gpu": ("skipped", "skipped"),
        "lost-torch-eager-value": ("other", "missing"),
    }
    s = found.results.summary
    assert (s.tests, s.passed, s.failed, s.skipped, s.pending, s.other, s.suites) == (5, 1, 2, 1, 0, 1, 3)
    assert s.stop - s.start == 60_000
    assert found.results.tests[0].extra == {"checks": {"passed": 2, "failed": 1}}
    assert "value[3, 1]" in found.results.tests[0].trace


# Badge


@pytest.mark.parametrize(
    ("rows", "options", "message", "color"),
    [
        (EVERYTHING[:2], {}, "2 checks", "brightgreen"),
        (EVERYTHING, {}, "5 of 8 checks failed", "red"),
        (EVERYTHING[:2], {"footer": False}, "incomplete", "red"),
        (EVERYTHING[5:], {}, "nothing judged", "lightgrey"),
    ],
)
def test_a_badge(rows: Any, options: dict[str, Any], message: str, color: str) -> None:
    found = ci.badge(verdict(run_of(*rows, **options)))
    assert found == {
        "schemaVersion": 1, "label": "conformance", "message": message, "color": color, "isError": color == "red",
    }  # fmt: skip


# Annotations


def annotated(run: Run) -> list[str]:
    return list(ci.annotations(run, verdict(run)))


def test_an_annotation_points_at_the_case_in_the_catalogue() -> None:
    [_, _, failed, crashed] = annotated(run_of())
    found = re.match(r"::error file=([^,]+),line=(\d+),title=gelu-torch-eager-value::1 of 3 checks failed", failed)
    assert found, failed
    assert '"gelu"' in (ci.ROOT / found[1]).read_text(encoding="utf-8").splitlines()[int(found[2]) - 1]
    assert "%0Aimport numpy as np%0A" in failed
    assert "worker gw0 crashed" in crashed


def test_every_case_is_found_in_its_area() -> None:
    for area, cases in catalogue().items():
        for case in cases:
            file, line = ci.located(area, case.name)
            assert file, case.name
            source = (ci.ROOT / file).read_text(encoding="utf-8").splitlines()
            assert f'"{case.name}"' in source[line - 1], (case.name, file, line)


def test_a_case_of_another_version_has_no_place() -> None:
    assert ci.located("elementwise", "no-such-case") == ("", 0)
    row = observation("failed", case="no-such-case")
    assert "file=" not in annotated(run_of(row))[-1]


@pytest.mark.parametrize("n", [1, 8, 9, 10, 11, 500])
def test_no_more_annotations_than_github_shows(n: int) -> None:
    found = annotated(run_of(*failing(n)))
    assert len(found) == min(n + 1, ci.ANNOTATIONS)
    if n + 1 > ci.ANNOTATIONS:
        assert found[-1].endswith(
            f"::{n + 1 - (ci.ANNOTATIONS - 1)} more, which are in the job summary and in the record"
        )


def test_a_sound_run_has_no_annotation() -> None:
    assert annotated(run_of(EVERYTHING[0])) == []


@given(message=nasty, title=nasty, file=nasty, line=st.integers(0, 10**6))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_command_is_one_line_that_the_runner_reads_back(message: str, title: str, file: str, line: int) -> None:
    text = ci.command("error", message, file=file, line=line, title=title)
    assert len(text.splitlines()) == 1
    found = re.fullmatch(r"::error(?: ((?:[^:,=]+=[^:,]*,?)+))?::(.*)", text)
    assert found, text
    properties = dict(p.split("=", 1) for p in found[1].split(",")) if found[1] else {}
    for name, value in (("title", title), ("file", file)):
        assert _unescaped(properties.get(name, "")) == _printable(value)
    assert properties.get("line", "0") == str(line)
    assert _unescaped(found[2]) == _printable(message)


def _unescaped(text: str) -> str:
    """As the runner does it, the percent sign last."""
    for escaped, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, character)
    return text


def _printable(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", " ", text)


# Job summary


def rendered(text: str) -> str:
    return MarkdownIt("gfm-like", {"linkify": False}).render(text)


def test_the_summary_has_verdict_areas_failures_and_skips() -> None:
    run = run_of()
    text = ci.markdown(run, verdict(run))
    page = rendered(text)
    for said in (
        "NOT CONFORMANT: torch 2.13.0: 1 checks failed. (and 1 more)",
        "4 checks were lost when their process died or hung.",
        '<td>elementwise</td>\n<td>torch</td>\n<td style="text-align:right">2</td>',
        "2 tests failed.",
        "conformance/catalogue/",
        "value[3, 1] is nan, expected 1.5",
        "raise SystemExit(1)",
        "11 checks need a CUDA device, and torch found none",
        "1, in 1 checks.",
    ):
        assert said in page, said
    assert "<script>" not in page
    assert page.count("<details>") == page.count("</details>") == 2


def test_the_summary_of_a_sound_run() -> None:
    run = run_of(EVERYTHING[0])
    text = ci.markdown(run, verdict(run))
    assert text.startswith("## ✅ Conformance\n\nCONFORMANT: torch 2.13.0")
    assert "Failures" not in text


@given(text=nasty)
@example(text=NASTY)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    shown = " ".join(text.split())
    for around in ("{}", "- {}", "x {} y", "| a | b |\n| --- | --- |\n| {} | c |"):
        page = rendered(around.format(ci._text(text)))
        plain = ET.fromstring(f"<page>{re.sub(_NOT_XML, '?', page)}</page>")
        assert " ".join("".join(plain.itertext()).split()) == _expected(around, shown)
        assert {e.tag for e in plain.iter()} <= {"page", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}


_NOT_XML = "[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def _expected(around: str, shown: str) -> str:
    shown = re.sub(_NOT_XML, "?", shown.replace("\x00", "\ufffd"))
    whole = {"{}": shown, "- {}": shown, "x {} y": f"x {shown} y"}.get(around, f"a b {shown} c")
    return " ".join(whole.split())


@given(script=nasty)
@example(script="```\n````\n<script>")
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_script_stays_in_its_block(script: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(ci._fenced(script))
    assert [t.type for t in tokens] == ["fence"]


def test_a_long_summary_is_cut_off_below_the_limit_between_sections(tmp_path: Path) -> None:
    rows = [observation("failed", test=f"t{i}", score=1e3, script="é" * 19_000) for i in range(200)]
    run = run_of(*rows)
    text = ci.markdown(run, verdict(run))
    assert len(text.encode()) > ci.LARGEST
    path = tmp_path / "summary.md"
    ci.append(path, text)
    size = path.stat().st_size
    assert ci.LARGEST - 60_000 < size <= ci.LARGEST < 1024 * 1000
    kept = path.read_text(encoding="utf-8")
    assert kept.count("<details>") == kept.count("</details>")
    assert "Cut off here" in kept
    ci.append(path, text)
    assert path.stat().st_size <= ci.LARGEST


# The command


def test_every_file_at_once(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {o: tmp_path / f"{o}.out" for o in ("junit", "ctrf", "badge", "summary")}
    arguments = [a for option, path in files.items() for a in (f"--{option}", str(path))]
    assert main(["ci", str(record()), *arguments]) == 0
    assert "::error" not in capsys.readouterr().out
    assert junitparser.JUnitXml.fromfile(str(files["junit"])).tests == 4
    assert msgspec.convert(json.loads(files["ctrf"].read_bytes()), Ctrf).results.summary.tests == 4
    assert json.loads(files["badge"].read_bytes())["color"] == "red"
    assert files["summary"].read_text(encoding="utf-8").startswith("## ❌")


def test_in_a_job_of_github_the_summary_and_annotations_come_by_themselves(
    record: Record, github: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = record()
    assert main(["ci", str(run)]) == 0
    assert capsys.readouterr().out.count("::error ") == 4
    assert github.read_text(encoding="utf-8").count("## ❌ Conformance") == 1
    assert main(["gate", str(run)]) == 1
    assert "::error title=gate::" in capsys.readouterr().out
    assert "## ❌ Gate" in github.read_text(encoding="utf-8")


def test_a_run_in_a_job_of_github_says_so_at_its_end(record: Record, github: Path) -> None:
    run = read(record())
    assert ci.announce(run, verdict(run)).count("::error ") == 4
    assert "## ❌ Conformance" in github.read_text(encoding="utf-8")
    github.unlink()
    github.mkdir()
    assert "::warning::the job summary could not be written" in ci.announce(run, verdict(run))


def test_elsewhere_nothing_is_announced(record: Record) -> None:
    run = read(record())
    assert ci.announce(run, verdict(run)) == ""


@pytest.mark.parametrize("option", ["--junit", "--ctrf", "--badge", "--summary"])
def test_what_cannot_be_written_is_said(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert main(["ci", str(record()), option, str(tmp_path / "no" / "folder")]) == 3
    said = capsys.readouterr().err
    assert "folder: cannot be written (No such file or directory)" in said
    assert len(said.splitlines()) == 1


def test_nothing_to_write_and_nothing_to_read(record: Record, tmp_path: Path) -> None:
    assert main(["ci", str(record())]) == 2
    assert main(["ci", str(tmp_path / "none"), "--badge", str(tmp_path / "b.json")]) == 3
    assert not (tmp_path / "b.json").exists()


def test_a_cut_off_run_is_still_reported(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run")
    rows: list[Line] = lines(EVERYTHING[0], footer=False)
    for line in rows:
        writer.write(line)
    writer.close()
    assert main(["ci", str(tmp_path / "run"), "--summary", str(tmp_path / "s.md")]) == 0
    assert "cut off" in (tmp_path / "s.md").read_text(encoding="utf-8")
