"""The page of a run in a real browser: the list of cases, colours, copying, and what is there without JavaScript."""

from typing import Any

import pytest

from meta_tests.browser import Open


def test_it_loads_and_lists_every_case(visit: Open) -> None:
    page = visit()
    assert page.title() == "Not conformant: PyTorch and TensorFlow"
    assert page.inner_text("#count") == "2 cases, 19 checks"


def test_search_finds(visit: Open) -> None:
    page = visit()
    page.fill("#search", "matmul")
    assert page.inner_text("#count") == "1 case, 4 checks"
    page.fill("#search", "gelu CUDA")
    assert page.inner_text("#count") == "1 case, 11 checks"
    page.fill("#search", "no such thing")
    assert page.inner_text("#count") == "0 cases, 0 checks"


@pytest.mark.parametrize(
    ("select", "value", "count"),
    [
        ("#area", "reductions", "1 case, 4 checks"),
        ("#framework", "tensorflow", "1 case, 1 check"),
        ("#dtype", "float32", "1 case, 3 checks"),
        ("#outcome", "failed", "1 case, 1 check"),
    ],
)
def test_selects_filter(visit: Open, select: str, value: str, count: str) -> None:
    page = visit()
    page.select_option(select, value)
    assert page.inner_text("#count") == count


def background(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_dark_and_light(visit: Open) -> None:
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    assert background(light) == "rgb(255, 255, 255)"
    assert background(dark) != background(light)
    light.click("#theme")
    assert background(light) == background(dark)
    light.click("#theme")
    assert background(light) == "rgb(255, 255, 255)"


def test_paper_is_white(visit: Open) -> None:
    page = visit(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert background(page) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 36, 48)"
    assert page.locator("#filter").is_hidden()


def test_a_program_can_be_copied(visit: Open) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.click(".failure .copy >> nth=0")
    page.wait_for_selector(".copy:text-is('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == page.text_content(".failure pre >> nth=0")


def test_a_browser_that_refuses_to_copy_selects_the_program(visit: Open) -> None:
    page = visit()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.click(".failure .copy >> nth=0")
    page.wait_for_selector(".copy:text('Selected')")
    assert "raise SystemExit(1)" in page.evaluate("getSelection().toString()")


def test_a_browser_that_cannot_unpack_the_list_says_so(visit: Open) -> None:
    page = visit(setup="delete globalThis.DecompressionStream")
    page.wait_for_selector("#cases-problem:has-text('cannot be shown in this browser')")
    assert page.locator("#filter").is_hidden()


def test_without_javascript_the_failures_are_there(visit: Open) -> None:
    page = visit(java_script_enabled=False)
    assert "NOT CONFORMANT" in page.inner_text("h1")
    assert "raise SystemExit(1)" in page.inner_text(".failure >> nth=0")
    assert "need a CUDA device" in page.inner_text("#skipped")
    assert page.locator("#filter").is_hidden()


def test_a_line_of_the_list_says_what_became_of_its_checks(visit: Open) -> None:
    line = visit().inner_text("#list li:has-text('gelu')")
    for text in ("1 failed, 1 diverged", "2 passed", "11 skipped", "nearest to its limit: 1.25 of 16"):
        assert text in line


def test_an_area_leads_to_its_cases(visit: Open) -> None:
    page = visit()
    page.fill("#search", "nothing of the kind")
    page.click("#areas th a:text-is('reductions')")
    assert page.inner_text("#count") == "1 case, 4 checks"
    assert page.url.endswith("#cases")
