"""What `conform compare` says of two runs, and what it refuses to say."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from meta_tests.conftest import EVERYTHING, lines, observation
from reports import cli
from reports.compare import compare
from reports.comparison import AMOUNTS, Comparison
from reports.errors import Invalid, Undecided
from reports.record import Header, Line, Observation, Planned, Run, Worst, Writer


def run(*rows: Observation, change: Callable[[Header], Header] = lambda h: h, footer: bool = True) -> Run:
    made = lines(*rows, footer=footer)
    assert isinstance(made[0], Header)
    made[0] = change(made[0])
    return Run(iter(made))


def passed(score: float | str = 1.0, **changes: Any) -> Observation:
    return observation("passed", score=score, **changes)


def failed(score: float | str = 1e3, **changes: Any) -> Observation:
    return observation("failed", score=score, **changes)


def diverged(score: float | str = 1e3, **changes: Any) -> Observation:
    return observation("diverged", score=score, divergence="erf-in-float32", **changes)


def left(outcome: str, covers: int = 1, **changes: Any) -> Observation:
    return observation(outcome, route="*", dtype="*", sample="*", score=None, covers=covers, reason="why", **changes)


def amounts(c: Comparison) -> dict[str, int]:
    return {name: n for name, n, _ in c.amounts() if n}


# What changed of a check

AFTER = {
    "failed": ((passed(),), (failed(),), {"failed": 1}),
    "failed and was not there": ((passed(),), (passed(), failed(sample="s")), {"failed": 1}),
    "failed and was skipped": ((left("skipped"),), (failed(),), {"failed": 1}),
    "crashed": ((passed(), passed(sample="s")), (left("crashed", 2),), {"failed": 2}),
    "fixed": ((failed(),), (passed(),), {"fixed": 1}),
    "fixed by divergence": ((failed(),), (diverged(),), {"fixed": 1}),
    "still failing": ((failed(2e3),), (failed(1e9),), {"failing": 1}),
    "diverged": ((passed(),), (diverged(),), {"diverged": 1}),
    "converged": ((diverged(),), (passed(),), {"converged": 1}),
    "vanished: not planned": ((passed(), passed(sample="s")), (passed(),), {"vanished": 1}),
    "vanished: skipped": ((passed(),), (left("skipped"),), {"vanished": 1}),
    "a failure vanished": ((failed(),), (left("skipped"),), {"vanished": 1}),
    "new": ((passed(),), (passed(), passed(sample="s")), {"new": 1}),
    "new, was skipped": ((left("skipped"),), (passed(),), {"new": 1}),
    "skipped twice": ((left("skipped"),), (left("skipped"),), {}),
    "drift": ((passed(1.0),), (passed(4.1),), {"worse": 1}),
    "drift that is not enough": ((passed(1.0),), (passed(4.0),), {}),
    "drift back": ((passed(9.0),), (passed(2.0),), {"better": 1}),
    "rounding is no drift": ((passed(1e-9),), (passed(0.99),), {}),
    "drift of a divergence": ((diverged(),), (diverged(score=1e6),), {"worse": 1}),
    "of the norm alone": ((passed(norm=1.0),), (passed(norm=9.0),), {}),
    "ULPs of an element near 0": ((passed(1.0, ulps=3.0),), (passed(1.1, ulps=3e5),), {}),
    "ULPs": ((passed(1.0, ulps=3.0),), (passed(3.0, ulps=300.0),), {"worse": 1}),
    "ULPs back": ((passed(3.0, ulps=300.0),), (passed(1.0, ulps=3.0),), {"better": 1}),
    "no number": ((passed(1.0),), (passed(2.0, ulps="nan"),), {}),
    "a p-value": ((passed(0.1, check="statistics"),), (passed(9.0, check="statistics"),), {}),
}


@pytest.mark.parametrize("name", AFTER)
def test_each_change_is_in_one_list(name: str) -> None:
    before, after, expected = AFTER[name]
    # a whole row stands for what the other run planned of the test
    planned = max(
        lines(*before)[0], lines(*after)[0], key=lambda h: len(h.plan[0].keys) if isinstance(h, Header) else 0
    )
    assert isinstance(planned, Header)
    whole = any(o.route == "*" for o in (*before, *after))
    same = (lambda h: replace(h, plan=planned.plan)) if whole else (lambda h: h)
    c = compare(run(*before, change=same), run(*after, change=same))
    assert amounts(c) == expected


outcomes = st.sampled_from(["passed", "failed", "diverged", "skipped", "crashed"])
scores = st.one_of(st.floats(0, 1e12), st.sampled_from(["inf", "nan"]))
some = st.lists(
    st.builds(
        lambda outcome, score, ulps, i: observation(
            outcome,
            score=score,
            ulps=ulps,
            sample=f"s{i}",
            divergence="erf-in-float32" if outcome == "diverged" else "",
        ),
        outcomes,
        scores,
        scores,
        st.integers(0, 30),
    ),
    max_size=30,
    unique_by=lambda o: o.sample,
)


@given(some)
@settings(max_examples=60, deadline=None)
def test_a_run_compared_with_itself_shows_nothing(rows: list[Observation]) -> None:
    c = compare(run(*rows), run(*rows))
    assert set(amounts(c)) <= {"failing"}
    assert not any((c.appeared, c.gone, c.added, c.undeprecated, c.notes))
    assert c.regressions() == ()


@given(some, some)
@settings(max_examples=60, deadline=None)
def test_there_and_back_are_mirrored(before: list[Observation], after: list[Observation]) -> None:
    there, back = (compare(run(*a), run(*b)) for a, b in ((before, after), (after, before)))
    for one, other in (("diverged", "converged"), ("worse", "better")):
        assert {c.key for c in getattr(there, one)} == {c.key for c in getattr(back, other)}
    assert there.appeared == back.gone


def test_a_run_with_one_of_everything_is_as_it_was() -> None:
    assert amounts(compare(run(*EVERYTHING), run(*EVERYTHING))) == {"failing": 2}


def test_gross_failures_come_first() -> None:
    rows = [failed(s, sample=f"s{i}") for i, s in enumerate([20.0, "inf", 1e6, 17.0, "nan"])]
    c = compare(run(*(passed(sample=o.sample) for o in rows)), run(*rows))
    assert [c.key.sample for c in c.failed] == ["s1", "s4", "s2", "s0", "s3"]


def test_drift_is_ordered_by_its_factor() -> None:
    c = compare(run(passed(sample="a"), passed(sample="b")), run(passed(5.0, sample="a"), passed(9.0, sample="b")))
    assert [(x.key.sample, x.factor, x.by) for x in c.worse] == [("b", 9.0, "score"), ("a", 5.0, "score")]


def test_divergences_come_and_go() -> None:
    c = compare(run(passed()), run(diverged()))
    assert [d.id for d in c.appeared] == ["erf-in-float32"]
    assert not c.gone
    assert [d.id for d in compare(run(diverged()), run(passed())).gone] == ["erf-in-float32"]


def test_a_vanished_check_says_why() -> None:
    gone = compare(run(passed(), passed(sample="s")), run(passed())).vanished
    assert gone[0].why == "the test has other routes, dtypes or samples"
    other = passed(test="matmul-torch-eager-value", case="matmul")
    assert compare(run(passed(), other), run(passed())).vanished[0].why == "the test was not planned"
    lost = run(passed(), passed(sample="s"))
    lost.observations.pop()
    assert compare(run(passed(), passed(sample="s")), lost).vanished[0].why == "was planned, and left no observation"


# The surface


def warned(text: str, **changes: Any) -> Observation:
    return passed(warned=text, **changes)


def test_new_deprecations_are_known_by_their_words() -> None:
    c = compare(
        run(passed(sample="a"), warned("old", sample="b")), run(warned("new\nold", sample="a"), passed(sample="b"))
    )
    assert [(r.framework, r.routes, r.said) for r in c.deprecated] == [("torch", ("torch.nn.GELU",), "new")]
    assert not c.undeprecated


def test_a_route_that_was_not_asked_before_cannot_warn_anew() -> None:
    assert not compare(run(passed()), run(passed(), warned("new", route="torch.other"))).deprecated


def test_routes_that_are_gone() -> None:
    other = {"route": "torch.old", "test": "old"}
    c = compare(run(passed(), passed(**other)), run(passed()))
    assert [(r.routes, r.said) for r in c.removed] == [(("torch.old",), "not among the routes of this run")]
    raised = "raised AttributeError: module 'torch' has no attribute 'old'"
    lacking = "need torch.old, which torch 2.4.0 does not have"
    for after in (failed("inf", reason=raised, **other), observation("skipped", score=None, reason=lacking, **other)):
        c = compare(run(passed(), passed(**other)), run(passed(), after))
        assert [(r.routes, r.said) for r in c.removed] == [(("torch.old",), after.reason)]
    assert compare(run(passed()), run(passed(), passed(**other))).added[0].routes == ("torch.old",)


def test_a_framework_that_did_not_run_has_lost_no_routes() -> None:
    other = {"framework": "tensorflow", "test": "tf"}
    before, after = passed(route="tf.nn.gelu", **other), left("skipped", **other)
    assert not compare(run(passed(), before), run(passed(), after)).removed


def test_bad_input_answered_in_another_way() -> None:
    before, after = (passed(0.0, refused=f"{e} when it is called") for e in ("ValueError", "TypeError"))
    (r,) = compare(run(before), run(after)).refusals
    assert (r.before, r.after) == ("ValueError when it is called", "TypeError when it is called")


# What makes a comparison impossible, or doubtful

DIFFERENT: dict[str, tuple[Callable[[Header], Header], str]] = {
    "suite": (lambda h: replace(h, suite="0.2.0 def"), "of different suites (0.1.0 abc and 0.2.0 def)"),
    "seed": (lambda h: replace(h, seed=8), "of different seeds (7 and 8)"),
    "dtypes": (
        lambda h: replace(h, options={**h.options, "dtypes": ["float16"]}),
        "of different dtypes (float32 and float16)",
    ),
    "mnist": (lambda h: replace(h, options={**h.options, "mnist": True}), "of different mnist (none and True)"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_runs_of_different_things_are_refused(what: str) -> None:
    change, said = DIFFERENT[what]
    with pytest.raises(Invalid) as refused:
        compare(run(passed()), run(passed(), change=change))
    assert str(refused.value) == f"these runs are {said}: give --anyway to compare them nevertheless"
    assert compare(run(passed()), run(passed(), change=change), anyway=True).notes == (f"The runs are {said}.",)


def test_suites_of_the_same_sources_are_the_same() -> None:
    def of(suite: str, sources: str) -> Callable[[Header], Header]:
        return lambda h: replace(h, suite=suite, fingerprint={**h.fingerprint, "sources": sources})

    compare(run(passed(), change=of("0.1.0 a", "digest")), run(passed(), change=of("0.1.0 b", "digest")))
    with pytest.raises(Invalid, match="of different suites"):
        compare(run(passed(), change=of("0.1.0 a+", "digest")), run(passed(), change=of("0.1.0 a+", "another")))


def test_a_run_that_was_cut_off_is_no_answer() -> None:
    with pytest.raises(Undecided, match="was cut off: 0 planned checks have no observation; give --anyway"):
        compare(run(passed()), run(passed(), footer=False))
    assert "was cut off" in compare(run(passed()), run(passed(), footer=False), anyway=True).notes[0]


def fact(name: str, value: Any) -> Callable[[Header], Header]:
    return lambda h: replace(h, fingerprint={**h.fingerprint, name: value})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "cpu",
            {"model": "another"},
            "The machines differ (cpu model: a <fast> one and another): scores may change with",
        ),
        ("gpu", "H100", "The machines differ (gpu: unknown and H100): scores may change"),
        ("numpy_blas", "mkl", "NumPy's BLAS libraries differ: none and mkl."),
        ("environment", {"OMP_NUM_THREADS": "2"}, "OMP_NUM_THREADS differs: not set and 2."),
        ("environment", {"TF_ENABLE_ONEDNN_OPTS": "1"}, "TF_ENABLE_ONEDNN_OPTS differs: not set and 1."),
    ],
)
def test_differences_of_what_results_depend_on_are_noted(name: str, value: Any, said: str) -> None:
    (note,) = compare(run(passed()), run(passed(), change=fact(name, value))).notes
    assert said in note


def test_variables_on_which_no_number_depends_are_not_noted() -> None:
    assert not compare(run(passed()), run(passed(), change=fact("environment", {"TF_CPP_MIN_LOG_LEVEL": "3"}))).notes


@pytest.mark.parametrize("factor", [1.0, 0.0, -2.0, float("nan")])
def test_a_drift_that_is_no_factor_is_refused(factor: float) -> None:
    with pytest.raises(Invalid, match="must be a factor above 1"):
        compare(run(passed()), run(passed()), drift=factor)


# The command


def written(directory: Path, made: Sequence[Line]) -> str:
    writer = Writer(directory)
    for line in made:
        writer.write(line)
    writer.close()
    return str(directory)


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """``pair(before, after)`` writes two records."""

    def write(before: Sequence[Observation], after: Sequence[Observation], **options: Any) -> tuple[str, str]:
        return written(tmp_path / "a", lines(*before)), written(tmp_path / "b", lines(*after, **options))

    return write


@pytest.mark.parametrize(
    ("before", "after", "options", "status", "said"),
    [
        ([passed()], [passed()], [], 0, "NO REGRESSION: 1 checks judged."),
        ([passed()], [failed()], [], 1, "REGRESSIONS: 1 new failure."),
        ([passed()], [diverged()], [], 1, "REGRESSIONS: 1 check newly diverging."),
        ([passed()], [diverged()], ["--fail-on", "failed,vanished"], 0, "NO REGRESSION"),
        ([passed(), passed(sample="s")], [passed()], [], 1, "REGRESSIONS: 1 vanished check."),
        ([passed(1.0)], [passed(9.0)], [], 0, "1 drift away from the reference"),
        ([passed(1.0)], [passed(9.0)], ["--fail-on", "worse"], 1, "REGRESSIONS: 1 drift away from the reference."),
        ([passed(1.0)], [passed(9.0)], ["--drift", "10"], 0, "changed: no version"),
        ([left("skipped")], [left("skipped")], [], 0, "NOTHING COMPARED: no check was judged."),
    ],
)
def test_exit_status_and_last_line(
    pair: Any, capsys: Any, before: Any, after: Any, options: list[str], status: int, said: str
) -> None:
    assert cli.main(["compare", *pair(before, after), *options]) == status
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--drift", "1"], 2, "--drift 1: must be a factor above 1"),
        (["--fail-on", "nonsense"], 2, "--fail-on nonsense: unknown; choose from failed, "),
        (["--show", "-1"], 2, "--show -1: a number from 0 up"),
        (["--timings", "."], 2, "--timings .: no record with timings was found there"),
        (["--json", "/proc/none.json"], 3, "/proc/none.json: cannot be written"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    pair: Any, capsys: Any, tmp_path: Path, monkeypatch: Any, options: list[str], status: int, said: str
) -> None:
    a, b = pair([passed()], [passed()])
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert cli.main(["compare", a, b, *options]) == status
    heard = capsys.readouterr()
    assert heard.err.startswith(f"conform: {said}")
    assert len(heard.err.splitlines()) == 1


def test_a_record_that_was_cut_off_is_status_3(pair: Any, capsys: Any) -> None:
    assert cli.main(["compare", *pair([passed()], [passed()], footer=False)]) == 3
    assert "was cut off" in capsys.readouterr().err


def test_the_terminal_shows_both_values_and_how_to_reproduce(pair: Any, capsys: Any) -> None:
    cli.main(["compare", *pair([passed(1.5)], [failed(2e3, reason="torch <b>said</b>")])])
    out = capsys.readouterr().out
    for text in (
        "1.5",
        "2e+03",
        "16",
        "gelu value, torch eager cpu: torch.nn.GELU, float32, tails",
        "torch <b>said</b>",
    ):
        assert text in out
    assert (
        'pytest conformance/test_elementwise.py --seed 7 --dtypes float32 --modes eager -k "gelu-torch-eager-value"'
        in out
    )


def test_json_holds_everything(pair: Any, tmp_path: Path, capsys: Any) -> None:
    rows = [failed(sample=f"s{i}", score=1e3 + i, script="print(1)") for i in range(300)]
    before = [passed(sample=o.sample) for o in rows]
    cli.main(["compare", *pair(before, rows), "--json", str(tmp_path / "c.json"), "--show", "2"])
    data = json.loads((tmp_path / "c.json").read_text())
    assert set(AMOUNTS) - {"slower"} <= set(data)
    assert len(data["failed"]) == 300
    first = data["failed"][0]
    assert (first["before"]["score"], first["after"]["score"], first["after"]["limit"]) == (1.0, 1299.0, 16.0)
    assert first["script"] == "print(1)"
    assert data["regressions"] == ["300 new failures"]
    assert "... and 298 more" in capsys.readouterr().out


def test_drift_gets_a_program_made_from_the_record(pair: Any, tmp_path: Path) -> None:
    worst, route = Worst("value", (0,), 0.5, 0.25, 1e-7), "torch.nn.ReLU"
    rows = [
        passed(
            s, area="activations", case="relu", test="relu-torch-eager-value", route=route, sample="normal", worst=worst
        )
        for s in (1.0, 9.0)
    ]
    cli.main(["compare", *pair(rows[:1], rows[1:]), "--json", str(tmp_path / "c.json")])
    script = json.loads((tmp_path / "c.json").read_text())["worse"][0]["script"]
    assert "import torch" in script
    assert "floor = 1e-07" in script


def test_the_page_is_complete_and_escapes(pair: Any, tmp_path: Path) -> None:
    after = [failed(reason="<b>no</b>", script="print('<script>alert(1)</script>')"), passed(9.0, sample="drift")]
    before = [passed(), passed(sample="drift"), passed(sample="gone")]
    page = tmp_path / "c.html"
    assert cli.main(["compare", *pair(before, after), "--page", str(page)]) == 1
    text = page.read_text()
    assert "<b>no</b>" not in text
    assert "<script>alert" not in text
    for said in ("1 new failure", "1 vanished check", "1 drift away from the reference", "Not judged: "):
        assert said in text
    for word in ("src=", '<link rel="stylesheet"', "@import", "url("):
        assert word not in text


# Speed


def test_130000_checks_take_seconds() -> None:
    n = 130_000
    rows = [observation("passed", test=f"t{i // 1000}", sample=f"s{i}") for i in range(n)]
    names = [f"s{i}" for i in range(n)]
    plan = tuple(
        Planned(
            f"t{k}", "elementwise", "gelu", "value", "torch", "eager", "cpu", ("torch.nn.GELU",),
            {"float32": tuple(names[1000 * k : 1000 * (k + 1)])},
        )
        for k in range(n // 1000)
    )  # fmt: skip
    first, *_, last = lines(rows[0])
    assert isinstance(first, Header)
    before, after = (Run(iter([replace(first, plan=plan), *rows, last])) for _ in range(2))
    for i in range(1000):
        after.observations[i] = passed(9.0, test=f"t{i // 1000}", sample=f"s{i}")
    after.observations[-1] = failed(test="t129", sample=f"s{n - 1}")
    began = time.process_time()
    c = compare(before, after)
    assert time.process_time() - began < 4
    assert amounts(c) == {"failed": 1, "worse": 1000}
