"""The page of a comparison in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from meta_tests.browser import violations
from meta_tests.conftest import lines, observation
from reports import compare_page
from reports.compare import compare
from reports.comparison import FAIL_ON
from reports.record import FrameworkLine, Header, Run, Timing

Visit = Callable[..., Any]


def run(version: str, *rows: Any, seconds: float = 1.0) -> Run:
    made = [replace(x, version=version) if isinstance(x, FrameworkLine) else x for x in lines(*rows)]
    made = [x for x in made if not isinstance(x, Timing)]
    side = "before" if version == "2.13.0" else "after"
    made[1:1] = [Timing("gelu", "torch", "eager", seconds + i / 100, 1.0, 5, "job", side, i) for i in range(1, 6)]
    return Run(iter(made))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison with one of everything."""
    before = run(
        "2.13.0",
        *(observation("passed", sample=f"s{i}") for i in range(8)),
        observation("failed", sample="fixed", score=99.0),
        observation("diverged", sample="converged", divergence="erf-in-float32", score=99.0),
        *(observation("passed", sample=f"gone{i}") for i in range(3)),
        observation("passed", sample="bad", refused="ValueError when it is called"),
    )
    after = run(
        "2.14.0",
        observation("failed", sample="s0", score="inf", reason="raised <b>Error</b>", script="print('<i>hello</i>')\n"),
        observation("failed", sample="s1", score=1e4),
        observation("passed", sample="s2", score=9.5),
        observation("passed", sample="s3", warned="torch.nn.GELU is <u>deprecated</u>"),
        *(observation("passed", sample=f"s{i}") for i in range(4, 8)),
        observation("passed", sample="fixed"),
        observation("passed", sample="converged"),
        observation("passed", sample="new"),
        observation("passed", sample="bad", refused="TypeError when it is called"),
        seconds=2.0,
    )
    c = compare(before, after)
    assert isinstance(before.header, Header)
    programs = {id(change): change.script for change in c.failed}
    path = tmp_path_factory.mktemp("comparison") / "c.html"
    path.write_text(compare_page.render(c, after.header, before.header, FAIL_ON, programs), encoding="utf-8")
    return path


@pytest.fixture
def visit(opened: Visit, page: Path) -> Visit:
    """``visit(**context)`` opens the page; at the end nothing may have been asked of a network."""
    return lambda fragment="", **options: opened(page, fragment, setup="0", **options)


def test_it_says_what_matters_first(visit: Visit) -> None:
    shown = visit()
    title = "Regressions: 2 new failures, 3 vanished checks, 1 slower benchmark"
    assert shown.inner_text("h1") == title
    assert shown.title() == f"{title}: PyTorch and TensorFlow"
    assert "torch 2.13.0 → 2.14.0" in shown.inner_text("header")
    headings = shown.locator("main h2").all_inner_texts()
    assert headings[:5] == [
        "2 new failures",
        "3 vanished checks",
        "1 slower benchmark",
        "1 new deprecation",
        "1 drift away from the reference",
    ]


def test_it_can_be_read_without_javascript(visit: Visit) -> None:
    shown = visit(java_script_enabled=False)
    rows = shown.locator("#failed tbody tr")
    assert rows.count() == 2
    first = rows.nth(0).inner_text()
    for said in ("passed 1.25", "failed inf", "raised <b>Error</b>", "16"):
        assert said in first
    assert "passed 1.25" in rows.nth(1).inner_text()
    assert "failed 10000" in rows.nth(1).inner_text()
    rows.nth(0).locator("summary").click()
    assert rows.nth(0).locator("pre").nth(1).inner_text() == "print('<i>hello</i>')\n"
    assert "gelu-torch-eager-value" in rows.nth(0).locator("pre").nth(0).inner_text()
    assert not shown.is_visible("button")


def test_what_does_not_make_it_fail_is_folded(visit: Visit) -> None:
    shown = visit(java_script_enabled=False)
    assert not shown.is_visible("#worse table")
    shown.click("#worse > details > summary")
    assert shown.is_visible("#worse table")
    row = shown.inner_text("#worse tbody tr")
    for said in ("passed 1.25", "passed 9.5", "7.6"):
        assert said in row
    assert "3" in shown.inner_text("#vanished table >> nth=0")
    assert "elementwise, torch eager cpu" in shown.inner_text("#vanished table >> nth=0")


def test_speed_divergences_and_surface_are_shown(visit: Visit) -> None:
    shown = visit()
    assert "slower" in shown.inner_text("#speed tbody tr")
    assert "1010 to 1050" in shown.inner_text("#speed tbody tr")
    assert "erf-in-float32" in shown.inner_text("#known")
    shown.click("#deprecated > details > summary")
    assert "torch.nn.GELU is <u>deprecated</u>" in shown.inner_text("#deprecated")
    shown.click("#refusals > details > summary")
    assert "TypeError when it is called" in shown.inner_text("#refusals")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_system(visit: Visit, scheme: str) -> None:
    shown = visit(color_scheme=scheme, java_script_enabled=False)
    paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_no_wider_than_a_small_screen(visit: Visit) -> None:
    shown = visit(viewport={"width": 360, "height": 700})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_links_lead_to_sections(visit: Visit) -> None:
    shown = visit()
    for link in shown.locator("nav.sections a").all():
        target = link.get_attribute("href")[1:]
        assert shown.locator(f"[id='{target}']").count() == 1


def test_axe_finds_nothing(visit: Visit) -> None:
    shown = visit(color_scheme="dark", viewport={"width": 390, "height": 800})
    shown.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert violations(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") == 390
