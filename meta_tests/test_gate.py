"""The gate: every rule lets a run pass and stops one, and an invalid policy is named with its line."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from meta_tests.conftest import EVERYTHING, lines, observation
from reports import baseline, gate, policy
from reports.cli import main
from reports.record import Footer, Header, Line, Observation, Run, Shard, Timing, Writer, read

TODAY = datetime.date(2026, 12, 1)
RAN = '[[ran]]\nareas = ["elementwise"]\nframeworks = ["torch"]\ndevices = ["cpu"]\nminimum = 1\n'
SHIPPED = "erf-in-float32", "not-seen-here"
"""Divergences that the records of these tests know."""


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    areas, frameworks, devices, divergences = gate.known()
    return {
        "areas": areas,
        "frameworks": frameworks,
        "devices": devices,
        "divergences": {*divergences, *SHIPPED},
    }


@pytest.fixture
def rules(tmp_path: Path, names: dict[str, Any]) -> Callable[[str], policy.Policy]:
    def read(text: str) -> policy.Policy:
        path = tmp_path / "gate.toml"
        path.write_text(text, encoding="utf-8")
        return policy.read(path, **names)

    return read


def run_of(*rows: Observation, change: Callable[[Line], Line] = lambda line: line, **options: Any) -> Run:
    return Run(iter([change(line) for line in lines(*(rows or (observation("passed"),)), **options)]))


def header(**changes: Any) -> Callable[[Line], Line]:
    """A change of a record's header; ``packages`` and ``cpu`` are those of its fingerprint."""

    facts = {k: changes.pop(k) for k in ("packages", "cpu", "environment") if k in changes}

    def change(line: Line) -> Line:
        if not isinstance(line, Header):
            return line
        return replace(line, fingerprint={**line.fingerprint, **facts}, **changes)

    return change


DIVERGED = observation(
    "diverged", test="gelu-torch-eager-gradient", check="gradient", score=3e7, divergence="erf-in-float32"
)
SOUND = (observation("passed"), observation("passed", sample="normal", score=2.0), DIVERGED)
GPU = observation("passed", test="gelu-torch-eager-value-gpu", device="gpu")
FAILED = observation("failed", sample="far", score=1e4)
TOGETHER = observation("failed", test="gelu-agreement", check="agreement", framework="torch+tensorflow")
ACCEPTED = '[[accept]]\ndivergence = "erf-in-*"\nuntil = {until}\nowner = "numerics"\nreason = "clipped"\n'
LISTED = '[divergences]\naccept = "listed"\n'


def judge(run: Run, rules: policy.Policy, against: Run | None = None) -> gate.Judgement:
    return gate.judge(run, rules, against, TODAY)


@pytest.mark.parametrize(
    ("text", "rows", "reason"),
    [
        (RAN, SOUND, ""),
        # what must have run
        (RAN.replace("= 1", "= 3"), SOUND, ""),
        (RAN.replace("= 1", "= 4"), SOUND, "torch on cpu: fewer than 4 checks were judged in elementwise (3)"),
        (RAN.replace('"cpu"', '"gpu"'), (*SOUND, GPU), ""),
        (RAN.replace('"cpu"', '"gpu"'), SOUND, "torch on gpu: fewer than 1 checks were judged in elementwise (0)"),
        (
            RAN.replace('"cpu"', '"gpu"'), (*SOUND, EVERYTHING[-1]),
            "elementwise (0); skipped: need a CUDA device, and torch found none",
        ),
        (RAN.replace('"torch"', '"tensorflow"'), SOUND, "tensorflow on cpu: fewer than 1"),
        (RAN.replace('"elementwise"', '"*"'), SOUND, "and 19 more areas"),
        # what must pass
        (RAN, (*SOUND, FAILED), "elementwise, torch on cpu: 1 check failed; the worst is gelu-torch-eager-value "
                                "(torch.nn.GELU, float32, far), score 1e+04 of 16"),
        (RAN, (*SOUND, EVERYTHING[4]), "reductions, torch on cpu: 4 checks failed; the worst is "
                                       "matmul-torch-eager-value: worker gw0 crashed"),
        (RAN + '[passed]\nframeworks = ["tensorflow"]\n', (*SOUND, FAILED), ""),
        (RAN + '[passed]\nareas = ["losses"]\n', (*SOUND, FAILED), ""),
        (RAN + '[passed]\nframeworks = ["torch"]\n', (*SOUND, TOGETHER), ""),
        (RAN + '[passed]\nframeworks = ["t*"]\n', (*SOUND, TOGETHER), "elementwise, torch+tensorflow on cpu: 1 check"),
        (RAN + '[passed]\ndevices = ["gpu"]\n', (*SOUND, FAILED), ""),
        (RAN + '[passed]\nareas = ["elem*"]\n', (*SOUND, FAILED), "1 check failed"),
        # which divergences are accepted
        (RAN + LISTED, SOUND, "divergence erf-in-float32 shows in 1 check of gelu, and no [[accept]] names it"),
        (RAN + LISTED + ACCEPTED.format(until="2027-03-01"), SOUND, ""),
        (RAN + LISTED + ACCEPTED.format(until="2026-12-01"), SOUND, ""),
        (RAN + LISTED + ACCEPTED.format(until="2026-11-30"), SOUND, "of erf-in-* by numerics expired on 2026-11-30"),
        (RAN + LISTED + ACCEPTED.format(until='"2026-11-30"'), SOUND, "expired on 2026-11-30"),
        (RAN + LISTED + ACCEPTED.format(until='"torch 2.14"'), SOUND, ""),
        (RAN + LISTED + ACCEPTED.format(until='"torch 2.13"'), SOUND, "expired with torch 2.13: the run has 2.13.0"),
        (RAN + LISTED + ACCEPTED.format(until='"jax 1"'), SOUND, "is until jax 1, and the run has no jax"),
        (RAN + ACCEPTED.format(until="2027-03-01"), SOUND[:2], "the acceptance of erf-in-* by numerics is unused"),
        (RAN + LISTED + '[passed]\nframeworks = ["tensorflow"]\n', SOUND, ""),
        # of what the run is
        (RAN + '[run]\nversions = ["torch>=2.4,<3"]\n', SOUND, ""),
        (RAN + '[run]\nversions = ["torch>=3"]\n', SOUND, "the policy asks for torch>=3, and the run has torch 2.13.0"),
        (RAN + '[run]\nversions = ["keras"]\n', SOUND, "the policy asks for keras, and the run has no keras"),
        (RAN + "[run]\noldest = 10\n", SOUND, ""),
        (RAN + "[run]\noldest = 9\n", SOUND, "the run is 10 days old, and the policy takes none older than 9"),
    ],
)  # fmt: skip
def test_a_rule_passes_or_fails(
    rules: Callable[[str], policy.Policy], text: str, rows: tuple[Observation, ...], reason: str
) -> None:
    found = judge(run_of(*rows), rules(text))
    assert found.passed == (not reason), found
    assert found.sentence.startswith("PASS: torch 2.13.0: " if found.passed else "FAIL: torch 2.13.0: ")
    assert reason in "\n".join(found.reasons)
    assert found.passed or len(found.reasons) == 1


def test_of_many_divergences_all_are_named(rules: Callable[[str], policy.Policy]) -> None:
    rows = [replace(DIVERGED, sample=f"s{i}", divergence=f"d{i}") for i in range(gate.SPELLED + 3)]
    found = judge(run_of(*SOUND[:2], *rows), rules(RAN + LISTED))
    assert len(found.reasons) == gate.SPELLED + 1
    assert found.reasons[-1] == "3 more divergences, which no [[accept]] names: d20, d21, d22"


def test_what_may_fail_is_a_note(rules: Callable[[str], policy.Policy]) -> None:
    found = judge(run_of(*SOUND, FAILED), rules(RAN + '[passed]\nareas = ["losses"]\n'))
    assert found.passed
    assert "1 check failed" in found.notes[0]


def test_a_problem_of_the_run_stops_it(rules: Callable[[str], policy.Policy]) -> None:
    found = judge(run_of(*SOUND, problems=("torch was required: no check of it ran.",)), rules(RAN))
    assert found.reasons == ("torch was required: no check of it ran",)


def test_a_release_candidate_ends_an_acceptance(rules: Callable[[str], policy.Policy]) -> None:
    text = RAN + LISTED + ACCEPTED.format(until='"keras 3.16"')
    for version, passed in (("3.15.9", True), ("3.16.0rc1", False), ("3.16.0.dev1", False), ("a fork", False)):
        run = run_of(*SOUND, change=header(packages={"keras": version}))
        assert judge(run, rules(text)).passed == passed, version


@pytest.mark.parametrize("rows", [(), EVERYTHING[-1:]], ids=["empty", "all skipped"])
def test_a_run_that_judged_nothing_never_passes(
    rules: Callable[[str], policy.Policy], rows: tuple[Observation, ...]
) -> None:
    run = Run(iter(lines(*rows)))
    found = judge(run, rules(RAN))
    assert not found.passed
    assert "nothing was judged" in found.sentence


# Against a baseline


def against(text: str) -> str:
    return f"{RAN}[baseline]\n{text}\n"


NEWLY = observation("diverged", sample="normal", score=3e7, divergence="erf-in-float32")
ELSEWHERE = header(cpu={"model": "another", "flags": "avx512f"})


@pytest.mark.parametrize(
    ("text", "after", "reason"),
    [
        ("", SOUND, ""),
        ("", (*SOUND, GPU), ""),
        ("vanished = 1", SOUND[1:], ""),
        ("", SOUND[1:], "1 check of the baseline was not judged, and 0 may be missing; the first is "
                        "gelu-torch-eager-value (torch.nn.GELU, float32, tails) ("),
        ("", (*SOUND[:1], observation("passed", sample="normal", score=15.0), DIVERGED), ""),
        ("drift = 5", (*SOUND[:1], observation("passed", sample="normal", score=15.0), DIVERGED),
         "1 check drifted by more than a factor of 5, and 0 may; the furthest by 7.5 in score: gelu-torch-eager-value "
         "(torch.nn.GELU, float32, normal), score 15 of 16"),
        ("drift = 5\ndrifted = 1", (*SOUND[:1], observation("passed", sample="normal", score=15.0), DIVERGED), ""),
        ("", (SOUND[0], NEWLY, DIVERGED),
         "divergence erf-in-float32 is new since the baseline in gelu, and no [[accept]] names it"),
        ("", (*SOUND, observation("passed", check="jvp", test="gelu-torch-eager-jvp")), ""),
        ("", (*SOUND, observation("diverged", check="jvp", test="gelu-torch-eager-jvp", divergence="erf-in-float32")),
         ""),
        ("", (*SOUND, FAILED), "1 check failed, 1 of them not in the baseline"),
    ],
)  # fmt: skip
def test_a_change_since_the_baseline(
    rules: Callable[[str], policy.Policy], text: str, after: tuple[Observation, ...], reason: str
) -> None:
    found = judge(run_of(*after), rules(against(text)), run_of(*SOUND))
    assert found.passed == (not reason), found
    assert reason in "\n".join(found.reasons)
    assert "another machine" not in str(found)


def test_a_new_divergence_can_be_accepted(rules: Callable[[str], policy.Policy]) -> None:
    after = run_of(SOUND[0], NEWLY, DIVERGED)
    assert not judge(after, rules(RAN), run_of(*SOUND)).passed
    assert judge(after, rules(RAN + ACCEPTED.format(until="2027-03-01")), run_of(*SOUND)).passed


def test_drift_on_another_machine_is_a_note_unless_the_policy_says_otherwise(
    rules: Callable[[str], policy.Policy],
) -> None:
    after = run_of(SOUND[0], observation("passed", sample="normal", score=15.0), DIVERGED)
    before = run_of(*SOUND, change=ELSEWHERE)
    found = judge(after, rules(against("drift = 5")), before)
    assert found.passed
    assert "processor flags" in found.notes[0]
    assert "1 check drifted" in found.notes[1]
    assert not judge(after, rules(against("drift = 5\nelsewhere = true")), before).passed


def test_a_new_divergence_on_another_machine_is_a_note_unless_the_policy_says_otherwise(
    rules: Callable[[str], policy.Policy],
) -> None:
    """Other kernels compute there: some show a divergence that the baseline's did not."""
    after, before = run_of(SOUND[0], NEWLY, DIVERGED), run_of(*SOUND, change=ELSEWHERE)
    found = judge(after, rules(RAN), before)
    assert found.passed
    assert any("erf-in-float32 is new since the baseline in gelu" in note for note in found.notes)
    assert not judge(after, rules(against("elsewhere = true")), before).passed
    assert not judge(after, rules(RAN + LISTED), before).passed


def test_drift_inside_a_known_divergence_is_none(rules: Callable[[str], policy.Policy]) -> None:
    """What reads memory that nobody has written has another score each time."""
    before, after = (run_of(SOUND[0], replace(DIVERGED, score=score)) for score in (1e5, 1e9))
    assert judge(after, rules(against("drift = 5")), before).passed


def test_a_failure_on_another_machine_is_no_less_a_failure(rules: Callable[[str], policy.Policy]) -> None:
    assert not judge(run_of(*SOUND, FAILED), rules(RAN), run_of(*SOUND, change=ELSEWHERE)).passed


def test_what_changes_no_number_makes_no_other_machine() -> None:
    one = run_of(change=header(environment={"TF_CPP_MIN_LOG_LEVEL": "3"}, cpu={"flags": "avx", "cores": 2}))
    two = run_of(change=header(environment={"CUDA_VISIBLE_DEVICES": "0"}, cpu={"flags": "avx", "cores": 64}))
    assert baseline.differences(one, two) == ()
    three = run_of(change=header(environment={"OMP_NUM_THREADS": "2"}, cpu={"flags": "avx"}))
    assert baseline.differences(one, three) == ("OMP_NUM_THREADS (not set and 2)",)


def timed(side: str, process: int, seconds: float) -> Timing:
    return Timing("matmul", "torch", "eager", seconds, seconds, 5, "job", side, process)


@pytest.mark.parametrize(
    ("slowdown", "factor", "passed"), [(1.0, 1.0, True), (1.0, 1.5, False), (1.6, 1.5, True), (1.4, 1.5, False)]
)
def test_a_slow_down(rules: Callable[[str], policy.Policy], slowdown: float, factor: float, passed: bool) -> None:
    records = [run_of(*SOUND), run_of(*SOUND)]
    for side, record in zip(("before", "after"), records, strict=True):
        seconds = factor if side == "after" else 1.0
        record.timings = [timed(side, i, seconds * (1 + i / 100)) for i in range(1, 6)]
    found = gate.judge(run_of(*SOUND), rules(against(f"slowdown = {slowdown}")), run_of(*SOUND), TODAY, records)
    assert found.passed == passed
    assert ("matmul in torch (eager) takes 1.50 times as long" in str(found)) == (factor > 1)


def test_too_few_timings_are_a_note(rules: Callable[[str], policy.Policy]) -> None:
    record = run_of(*SOUND)
    record.timings = [timed("before", 1, 1.0)]
    found = gate.judge(run_of(*SOUND), rules(RAN), run_of(*SOUND), TODAY, [record])
    assert found.passed
    assert "of speed: " in found.notes[-1]


# The command


def written(directory: Path, *rows: Observation, change: Callable[[Line], Line] = lambda line: line, **o: Any) -> Path:
    writer = Writer(directory)
    for line in lines(*(rows or SOUND), **o):
        writer.write(change(line))
    writer.close()
    return directory


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``conform gate`` with a policy of this text."""

    def ask(*arguments: object, text: str = RAN) -> tuple[int, str, str]:
        path = tmp_path / "gate.toml"
        path.write_text(text, encoding="utf-8")
        status = main(["gate", *map(str, arguments), "--policy", str(path), "--today", str(TODAY)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return ask


def test_the_answer_comes_first(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    status, out, err = asked(written(tmp_path / "good"))
    assert (status, err) == (0, "")
    assert out == ("PASS: torch 2.13.0: 3 checks, 1 of them known divergences\nnote: no baseline was given\n")
    status, out, _ = asked(written(tmp_path / "bad", *SOUND, FAILED))
    assert status == 1
    assert out.splitlines()[0].startswith("FAIL: torch 2.13.0: elementwise, torch on cpu: 1 check failed")
    assert out.splitlines()[1].startswith("- elementwise, torch on cpu: 1 check failed")


@pytest.mark.parametrize(
    ("options", "damage", "sentence"),
    [
        ({"footer": False}, None, "the run was cut off, its record has no footer"),
        ({"change": lambda line: replace(line, interrupted=True) if isinstance(line, Footer) else line}, None,
         "the run was interrupted"),
        ({"change": lambda line: line if not isinstance(line, Header) else replace(
            line, plan=(*line.plan, replace(line.plan[0], test="lost-torch-eager-value")))}, None,
         "2 planned checks left no observation; the first is of lost-torch-eager-value"),
        ({"change": header(shard=Shard(1, 2, 5, "d"))}, None, "this is shard 1/2 of a run: conform merge joins them"),
        ({}, lambda data: data.replace(b'"outcome":"passed"', b'"outcome":"pas', 1), "is damaged (Expected"),
        ({}, lambda data: b"", "the record is empty"),
        ({}, lambda data: data.replace(b'"format":', b'"format":9'), "is newer than this version reads"),
    ],
    ids=["cut off", "interrupted", "incomplete", "shard", "damaged", "empty", "future"],
)  # fmt: skip
@pytest.mark.parametrize("side", ["run", "baseline"])
def test_without_a_whole_record_there_is_no_answer(
    asked: Callable[..., tuple[int, str, str]], tmp_path: Path, options: dict[str, Any], damage: Any, sentence: str,
    side: str,
) -> None:  # fmt: skip
    broken, whole = written(tmp_path / "broken", **options), written(tmp_path / "whole")
    record = broken / "record.jsonl"
    if damage:
        record.write_bytes(damage(record.read_bytes()))
    before = record.read_bytes()
    status, out, err = asked(broken) if side == "run" else asked(whole, "--against", broken)
    assert (status, out) == (3, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert record.read_bytes() == before


def test_no_record_and_no_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(tmp_path / "nothing")]) == 3
    assert main(["gate", str(written(tmp_path / "run")), "--policy", str(tmp_path / "none.toml")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "none.toml: cannot be read (No such file or directory)" in said[1]


def test_runs_of_different_seeds_do_not_compare(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    one, two = written(tmp_path / "one"), written(tmp_path / "two", change=header(seed=8))
    status, _, err = asked(two, "--against", one)
    assert status == 2
    assert "the baseline's seed is 7, the run's 8" in err


def test_a_directory_of_baselines_has_the_one_of_the_versions(
    asked: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    run = written(tmp_path / "run")
    baselines = tmp_path / "baselines"
    assert main(["baseline", str(run), "--directory", str(baselines)]) == 0
    status, out, _ = asked(run, "--against", baselines)
    assert status == 0
    assert f"compared with {baselines / 'torch-2.13.0_cpu.jsonl.gz'}" in out
    other = written(tmp_path / "other", GPU, *SOUND)
    status, out, _ = asked(other, "--against", baselines)
    assert status == 0
    assert "has no baseline of torch-2.13.0_cpu_gpu, so nothing was compared" in out
    status, out, _ = asked(other, "--against", baselines, text=against("required = true"))
    assert status == 1
    assert out.startswith("FAIL: ")


def test_timings_need_a_baseline_and_records(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    status, _, err = asked(run, "--timings", tmp_path)
    assert (status, "give --against, too" in err) == (2, True)
    (tmp_path / "empty").mkdir()
    status, _, err = asked(run, "--against", run, "--timings", tmp_path / "empty")
    assert (status, "no record with timings was found there" in err) == (2, True)


def test_a_required_baseline(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    run = written(tmp_path / "run")
    assert asked(run, text=against("required = true"))[0] == 1
    assert asked(run, "--against", run, text=against("required = true"))[0] == 0


# Policies


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (RAN + "what", 6, "expected '='"),
        (RAN + 'x = "open\ny = 1\n', 6, "llegal"),
        (RAN + "minimum = 2\n", 6, "overwrite"),
        (RAN + '[passed]\n\n# why\nareas = [\n    "layers",\n    "optimzers",\n]\n', 11,
         "unknown area 'optimzers'; did you mean 'optimizers'?"),
        (RAN + '[passed]\nframeworks = ["mxnet"]\n', 7, "unknown framework 'mxnet'; there are torch, tensorflow"),
        (RAN + '[passed]\ndevices = ["tpu"]\n', 7, "unknown device 'tpu'"),
        (RAN + "[passed]\nareas = []\n", 7, "no areas: leave the line out to mean all"),
        (RAN + '[pass]\nareas = ["layers"]\n', 6, "unknown key 'pass'"),
        (RAN + "[passed]\n\narea = 1\n", 8, "unknown key 'area' in passed"),
        (RAN + "\n" + RAN.replace("minimum = 1", 'minimum = "many"'), 11, "ran[1].minimum: expected `int`, got `str`"),
        (RAN.replace("minimum = 1\n", ""), 1, "ran[0] has no 'minimum'"),
        (RAN.replace("= 1", "= 0"), 5, "a minimum of 0 asks for nothing"),
        ("", 1, "the policy has no 'ran'"),
        ("ran = []\n", 1, "nothing must have run"),
        (RAN + '[divergences]\naccept = "all"\n', 7, "divergences.accept: invalid enum value 'all'"),
        (RAN + ACCEPTED.format(until='"soon"'), 8, "'soon' is no date (2027-03-01), and no version ('torch 2.15')"),
        (RAN + ACCEPTED.format(until='"2027-02-30"'), 8, "'2027-02-30' is no date"),
        (RAN + ACCEPTED.format(until="2027-02-30"), 8, "nvalid date"),
        (RAN + ACCEPTED.format(until='"torch two"'), 8, "'torch two' is no date"),
        (RAN + ACCEPTED.format(until="2027-03-01T00:00:00"), 8, "is no date"),
        (RAN + ACCEPTED.format(until="12"), 8, "accept[0].until: expected `str`, got `int`"),
        (RAN + ACCEPTED.format(until="2027-03-01").replace("erf-in-*", "erf-in-float33"), 7,
         "no known divergence is 'erf-in-float33'; did you mean 'erf-in-float32'?"),
        (RAN + ACCEPTED.format(until="2027-03-01").replace("numerics", " "), 9, "an acceptance needs its owner"),
        (RAN + ACCEPTED.format(until="2027-03-01").replace('reason = "clipped"\n', ""), 6, "accept[0] has no 'reason'"),
        (RAN + '[run]\nversions = [\n  "torch>=2", "keras=3"]\n', 8, "'keras=3' is not a requirement"),
        (RAN + "[run]\noldest = -1\n", 7, "-1 days"),
        (against("drift = 1"), 7, "a drift of 1 is no factor above 1"),
        (against("drift = nan"), 7, "a drift of nan is no factor above 1"),
        (against("slowdown = 0.5"), 7, "no factor from 1 up"),
        (against("vanished = -1"), 7, "-1 checks"),
        (RAN + 'passed = { areas = ["x"] }\n', 6, "unknown key 'passed' in ran[0]"),
        ('"passed".areas = ["layers", "nothing"]\n' + RAN, 1, "unknown area 'nothing'"),
    ],
)  # fmt: skip
def test_an_invalid_policy_is_named_with_its_line(
    asked: Callable[..., tuple[int, str, str]], tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    run = written(tmp_path / "run")
    status, out, err = asked(run, text=text)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert f"gate.toml: line {line}: " in err
    assert sentence.lower() in err.lower()


def test_a_policy_that_is_no_text(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(RAN.encode() + b"\xff\n")
    assert main(["gate", str(written(tmp_path / "run")), "--policy", str(path)]) == 2


def test_the_bad_date_of_a_caller(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as found:
        main(["gate", str(tmp_path), "--today", "yesterday"])
    assert found.value.code == 2


# The policy that ships


def whole_run() -> Run:
    """A conformant run of everything that the shipped policy asks for."""
    areas, frameworks, _, _ = gate.known()
    rows = [
        observation("passed", area=area, framework=framework, test=f"{area}-{framework}", sample=f"s{i}")
        for area in areas
        for framework in frameworks
        for i in range(20)
    ]
    return run_of(*rows, change=header(packages={"tensorflow": "2.21.0"}))


def test_the_shipped_policy_passes_a_conformant_run(names: dict[str, Any]) -> None:
    found = judge(whole_run(), policy.read(policy.DEFAULT, **names))
    assert found.passed, found


def test_the_shipped_policy_stops_an_empty_run(names: dict[str, Any]) -> None:
    shipped = policy.read(policy.DEFAULT, **names)
    assert not judge(Run(iter(lines())), shipped).passed
    assert not judge(run_of(EVERYTHING[-1]), shipped).passed
    few = whole_run()
    few.observations = [o for o in few.observations if o.area != "training"]
    assert "training (0)" in str(judge(few, shipped).reasons)


def test_the_committed_baselines_are_records_of_the_versions_that_they_are_named_by() -> None:
    for path in baseline.DIRECTORY.glob(f"*{baseline.SUFFIX}"):
        run = read(path)
        assert path.name == f"{baseline.name(run)}{baseline.SUFFIX}"
        gate.complete(run)
        assert path.stat().st_size < 5e6
