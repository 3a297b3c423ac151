"""The page, as text: everything that a reader must find without JavaScript, and nothing that a record could inject."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meta_tests.figures import FIGURES, TEN, add_to, confusion, distance
from reports import charts, html, known, template
from reports.record import FORMAT, NAME, Figure, Mark, Observation, Series, Worst, read
from reports.terminal import summary
from reports.verdict import verdict

Record = Callable[..., Path]


@pytest.fixture
def page(record: Record) -> str:
    return html.render(read(record()))


@pytest.mark.parametrize(
    "text",
    [
        "NOT CONFORMANT: torch 2.13.0: 1 checks failed. (and 1 more)",
        "4 checks were lost when their process died or hung.",
        "<strong>11</strong> checks need a CUDA device, and torch found none",
        "raised ValueError: &lt;b&gt;no&lt;/b&gt; &amp; more",
        "Worst element <code>value[3, 1]</code>: expected",
        "print(&#34;&lt;script&gt;alert(1)&lt;/script&gt;&#34;)",
        "4 checks, eager on cpu: all that was left of the test.",
        "worker gw0 crashed",
        "a &lt;fast&gt; one",
        "Loss per step",
        "elementwise: value",
        "1 scores are infinite",
        "<dd>7</dd>",
    ],
)
def test_the_page_says(page: str, text: str) -> None:
    assert text in page


@pytest.mark.parametrize(
    "text",
    [
        "1 of 2 known divergences were seen in this run, in 1 checks.",
        "seen in 1 check<",
        "not seen in this run",
        '<a href="https://example.org">https://example.org</a>',
        "a constant is float32",
        '<a href="index.html#case/gelu">gelu</a>; value; float64',
        "3e+07, limit 16",
    ],
)
def test_the_catalogue_of_divergences_says(record: Record, text: str) -> None:
    run = read(record())
    assert text in " ".join(known.render(run, known.entries(run), html.PAGES).split())


def test_a_divergence_shows_the_range_of_its_scores_and_its_worst_element(
    record: Record, row: Callable[..., Observation]
) -> None:
    of = {"divergence": "erf-in-float32", "framework": "tensorflow", "route": "tf.nn.gelu"}
    worst = Worst("value", (1,), 1.25, 1.5, 1e-7)
    rows = [
        row("passed", **of),
        row("diverged", **of, sample="b", score=40.0),
        row("diverged", **of, sample="c", score="nan", worst=worst),
    ]
    run = read(record(*rows))
    entry, unseen = known.entries(run)
    assert (entry.checks, entry.within, entry.lowest, entry.cases) == (2, 1, 40.0, {"gelu": 2})
    assert entry.worst is not None
    assert entry.worst.sample == "c"
    assert (entry.area, unseen.area) == ("elementwise", "reductions")
    assert unseen.worst is None
    page = " ".join(known.render(run, [entry, unseen], html.PAGES).split())
    assert "40 to nan, limit 16; at the worst, <code>tf.nn.gelu</code> in float32 gave <code>1.25</code>" in page


def test_nothing_in_a_record_becomes_markup(page: str) -> None:
    assert "<b>no</b>" not in page
    assert "<fast>" not in page
    assert "<script>alert" not in page


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    for word in ("src=", '<link rel="stylesheet"', "@import", "url("):
        assert word not in page


def test_the_page_depends_on_the_record_alone(record: Record) -> None:
    run = read(record())
    assert html.render(run) == html.render(run)


def test_many_failures_are_capped_and_counted(record: Record, row: Callable[..., Observation]) -> None:
    rows = [row("failed", sample=f"s{i}", score=1e3) for i in range(html.SHOWN + 7)]
    page = html.render(read(record(*rows)))
    assert page.count('<article class="failure">') == html.SHOWN
    assert "And 7 more" in page


def test_a_run_without_anything_wrong_says_so(record: Record, row: Callable[..., Observation]) -> None:
    page = html.render(read(record(row("passed"))))
    assert "Nothing failed." in page
    assert "Nothing was skipped." in page
    assert '<header class="conformant">' in page
    assert "<title>Conformant: PyTorch and TensorFlow</title>" in page


def test_a_run_that_judged_nothing_is_not_called_conformant(record: Record, row: Callable[..., Observation]) -> None:
    page = html.render(read(record(row("skipped", score=None, reason="need a CUDA device"))))
    assert "<title>Nothing judged: PyTorch and TensorFlow</title>" in page
    assert '<header class="nothing">' in page
    assert "<strong>1</strong> checks need a CUDA device" in page
    assert '<td class="good">' not in page


def test_a_failure_without_a_limit_is_shown(record: Record, row: Callable[..., Observation]) -> None:
    page = html.render(read(record(row("failed", limit=None, by_output={"w": 3.0, "b": "inf"}))))
    assert "Score <strong>1.25</strong>; largest error 2 ULP; by output:" in page
    assert "w 3, b inf" in page


def test_figures_of_one_id_are_one_picture(record: Record) -> None:
    pictures = charts.training(read(record()).figures)
    assert [p.title for p in pictures] == ["Loss per step"]
    assert [text for _, text in pictures[0].legend] == ["samples", "torch", "tensorflow"]
    assert pictures[0].svg.count("<circle") == 2


@pytest.mark.parametrize(
    "y",
    [(1.0, 1.0), (0.0, 0.0), (float("nan"), 2.0), (1e-300, 1e300), (-5.0, -5.0), (-1.7e308, 1.7e308), (1.0,), ()],
)
def test_any_series_can_be_drawn(record: Record, y: tuple[float, ...]) -> None:
    figure = read(record()).figures[0]
    figure.series = (Series("s", (1.0, 2.0), y),)
    (picture,) = charts.training([figure])
    assert "nan" not in picture.svg
    assert "inf" not in picture.svg


EDGES = [
    (),
    (1.0,),
    (0.0, 0.0),
    (float("nan"), float("inf")),
    (5e-324, 1.0),
    (1e-300, 1.7e308),
    (-1.0, 0.02),
    (32.0, 33.0),
]


@pytest.mark.parametrize("y", EDGES)
@pytest.mark.parametrize("least", [0.0, 0.01])
def test_any_series_can_be_drawn_with_a_logarithmic_axis(y: tuple[float, ...], least: float) -> None:
    marks = (Mark("a limit", y=32.0), Mark("nowhere"), Mark("beyond", y=float("nan")), Mark("a step", x=90.0))
    (picture,) = charts.training([Figure("d", "t", "x", "y", (Series("s", (1.0, 2.0), y),), "c", True, least, marks)])
    assert "nan" not in picture.svg
    assert "inf" not in picture.svg
    assert picture.svg.count("a limit") == 1


def test_a_logarithmic_axis_says_what_it_cuts_off() -> None:
    cut, whole = (charts.training([distance("c", "torch", y)])[0].svg for y in ((0.0, 1.0), (0.5, 1.0)))
    assert "\u2264 0.01" in cut
    assert "\u2264" not in whole


def test_one_point_is_seen() -> None:
    (picture,) = charts.training([distance("c", "torch", (3.0,))])
    assert picture.svg.count("<circle") == 1


def test_a_framework_has_its_colour_in_every_picture() -> None:
    pictures = charts.training(FIGURES)
    for picture in pictures:
        lines = [name.split()[0] for name, _ in picture.legend if name.startswith("line")]
        assert len(set(lines)) == len(lines)
    colours = {text: name.split()[0] for p in pictures for name, text in p.legend if text in ("torch", "tensorflow")}
    assert colours == {"torch": "line1", "tensorflow": "line2"}


def test_figures_of_different_cases_are_different_pictures() -> None:
    pictures = charts.training([distance("a", "torch", (1.0,)), distance("b", "torch", (2.0,))])
    assert [p.data[0].y for p in pictures] == [(1.0,), (2.0,)]
    assert len({p.key for p in charts.training(FIGURES)}) == len(charts.training(FIGURES))


def test_each_matrix_is_a_picture_that_says_what_is_in_it() -> None:
    reference, torch = charts.training([confusion("c", "NumPy reference", TEN), confusion("c", "torch", TEN)])
    assert (reference.title, torch.title) == ("Confusion matrix: NumPy reference", "Confusion matrix: torch")
    assert torch.legend == (("", "11350 of 11374 right"),)
    assert (
        'aria-label="Confusion matrix: torch. 11350 of 11374 right. Most often wrong: label 1, answer 3, 3 times."'
        in torch.svg
    )
    assert torch.svg.count(">1135</text>") == 10
    assert torch.svg.count(">3</text>") == 8 + 2  # and twice on the axes
    assert "<title>label 1, answer 3: 3</title>" in torch.svg


@pytest.mark.parametrize("size", [0, 1, 2, 21, 60])
def test_a_matrix_of_any_size_can_be_drawn(size: int) -> None:
    counts = tuple(tuple(r * c for c in range(size)) for r in range(size))
    (picture,) = charts.training([confusion("c", "torch", counts)])
    assert ('class="count"' in picture.svg) == (size <= charts.MOST_WRITTEN)


def test_a_run_is_a_row_with_its_largest_distance(record: Record) -> None:
    run = read(add_to(record()))
    page = html.render(run)
    section = page[page.index('id="training"') : page.index('id="scores"')]
    rows = {r.name: r for r in html._training(run)}
    assert [*rows] == ["gelu", "ordinary", "chaotic", "edges"]  # those of the plan first
    assert rows["ordinary"].distances == (("float32", "torch", 2.5), ("float32", "tensorflow", 5.5))
    assert rows["ordinary"].steps == 40
    assert rows["chaotic"].chaos == (("float32", 39),)
    assert "chaos from step 39 in float32" in section
    assert "float32: torch 2.5, tensorflow 5.5" in section
    assert section.count("<details") == 4
    assert "<details open" not in section  # more than a few
    assert "Open all 4" in section


@pytest.mark.parametrize("y", [(123456.1, 123456.2), (1e9, 1e9 + 3), (-1e-9, 1e-9), (0.1, 0.3), (1e-300, 3e-300)])
def test_ticks_are_different_numbers(y: tuple[float, ...]) -> None:
    (picture,) = charts.training([Figure("d", "t", "x", "y", (Series("s", (10.0, 11.0), y),))])
    ticks = re.findall(r'text-anchor="end"[^>]*>([^<]*)<', picture.svg)
    assert len(set(ticks)) == len(ticks) >= 3


def test_the_histogram_holds_every_score(row: Callable[..., Observation]) -> None:
    scores = [0.0, 1e-9, 0.5, 15.9, 16.0, 17.0, 1e300, "inf"]
    picture = charts.scores([row("passed", score=s) for s in scores], "t", 16.0)
    drawn = sum(int(part.split(" ")[0]) for part in picture.svg.split("<title>")[1:])
    assert drawn == len(scores) - 1
    assert ">0.5</text>" not in picture.svg  # half a check


def test_the_terminal_names_counts_skips_and_problems(record: Record) -> None:
    run = read(record())
    text = summary(run, verdict(run), 100)
    assert "skipped: 11 checks need a CUDA device, and torch found none" in text
    assert "problem: 1 checks failed." in text
    assert "known divergences seen: 1 of 2" in text
    assert "seed 7; float32; eager" in text


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "reports", "page", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True)


def test_the_command_writes_the_page(record: Record, tmp_path: Path) -> None:
    directory = record()
    done = command(directory)
    assert (done.returncode, done.stdout.strip()) == (0, str(directory / "index.html"))
    assert (directory / "index.html").read_text(encoding="utf-8") == html.render(read(directory))
    assert command(directory / NAME, "--output", tmp_path / "other.html").returncode == 0
    assert (tmp_path / "other.html").exists()


@pytest.mark.parametrize("damage", ["missing", "damaged", "future", "unwritable"])
def test_the_command_says_what_is_wrong_in_one_sentence(record: Record, damage: str) -> None:
    directory = record()
    path, output = directory / NAME, directory / "index.html"
    output.write_text("the page of yesterday", encoding="utf-8")
    arguments: list[str | Path] = [directory]
    if damage == "missing":
        path.unlink()
    elif damage == "damaged":
        path.write_text(path.read_text(encoding="utf-8").replace('"outcome":"failed"', '"outcome":'), encoding="utf-8")
    elif damage == "future":
        path.write_text(path.read_text(encoding="utf-8").replace(f'"format":{FORMAT}', '"format":99'), encoding="utf-8")
    else:
        arguments += ["--output", path / "below-a-file.html"]
    done = command(*arguments)
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert output.read_text(encoding="utf-8") == "the page of yesterday"
    assert not list(directory.glob(".*"))


def test_an_unknown_option_is_a_usage_error() -> None:
    assert command("--nonsense").returncode == 2


def test_the_table_of_bad_input_says_who_accepts_it(record: Record, row: Callable[..., Observation]) -> None:
    wrong = {"sample": "bad-rank", "refused": "ValueError when it is called"}
    accepted = {"test": "gelu-tensorflow-eager-value", "framework": "tensorflow", "route": "tf.nn.gelu"}
    page = html.render(read(record(
        row("passed", **wrong),
        row("diverged", **accepted, sample="bad-rank", refused="accepted", divergence="erf-in-float32"),
    )))  # fmt: skip
    table = page[page.index('id="refusals"') : page.index('id="accuracy"')]
    for said in ("bad-rank", "ValueError when it is called", "<strong>accepted</strong>"):
        assert said in table


def test_without_bad_input_there_is_no_table_of_it(page: str) -> None:
    assert 'id="refusals"' not in page


def test_docstrings_show_code_and_titles_as_such() -> None:
    text = "Steps of ``x*y*z`` < `w`, after *Deep Learning* and a * b * c.\n\nMore."
    assert template.prose(text) == (
        "Steps of <code>x*y*z</code> &lt; <code>w</code>, after <em>Deep Learning</em> and a * b * c."
    )
