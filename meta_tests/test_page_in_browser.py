"""The page in a real browser: Debian's chromium, driven by playwright."""

import csv
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meta_tests.figures import FIGURES, add_to
from reports import charts, html
from reports.record import read

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def absent(why: str) -> None:
    """CI requires a browser; elsewhere its absence is a skip with a reason."""
    if os.environ.get("CONFORM_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{why}, and CONFORM_REQUIRE_BROWSER=1", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        absent("no chromium was found (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, record: Callable[..., Path]) -> Iterator[Callable[..., Any]]:
    """``visit(fragment="", setup="", **context)`` opens the page of a record with one of everything, after running
    ``setup`` in it; at the end nothing may have been written to the console or asked of a network."""
    run = add_to(record())
    path = html.write(read(run), run / "index.html")
    heard: list[str] = []
    contexts = []

    def open_page(fragment: str = "", setup: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: heard.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: heard.append(str(e)))
        page.on("request", lambda r: heard.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None)
        page.add_init_script(setup)
        page.goto(f"file://{path}{fragment}")
        if options.get("java_script_enabled", True) and not setup:
            page.wait_for_selector("#filter:not([hidden])")
        if fragment.startswith("#case/"):
            page.wait_for_selector(".case[open] tbody")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


def test_it_loads_and_lists_every_case(visit: Callable[..., Any]) -> None:
    page = visit()
    assert page.title() == "Not conformant: PyTorch and TensorFlow"
    assert page.inner_text("#count") == "2 cases, 19 checks"


def test_search_finds(visit: Callable[..., Any]) -> None:
    page = visit()
    page.fill("#search", "matmul")
    assert page.inner_text("#count") == "1 cases, 4 checks"
    page.fill("#search", "gelu CUDA")
    assert page.inner_text("#count") == "1 cases, 11 checks"
    page.fill("#search", "no such thing")
    assert page.inner_text("#count") == "0 cases, 0 checks"


@pytest.mark.parametrize(
    ("select", "value", "count"),
    [
        ("#area", "reductions", "1 cases, 4 checks"),
        ("#framework", "tensorflow", "1 cases, 1 checks"),
        ("#dtype", "float32", "1 cases, 3 checks"),
        ("#outcome", "failed", "1 cases, 1 checks"),
    ],
)
def test_selects_filter(visit: Callable[..., Any], select: str, value: str, count: str) -> None:
    page = visit()
    page.select_option(select, value)
    assert page.inner_text("#count") == count


def test_a_filter_leaves_an_open_case_open(visit: Callable[..., Any]) -> None:
    page = visit("#case/gelu")
    page.fill("#search", "CUDA")
    case = page.locator("[id='case/gelu'][open]")
    case.locator("tbody").wait_for()
    assert case.locator("tbody tr").count() == 1


def test_a_case_in_the_list_counts_its_checks(visit: Callable[..., Any]) -> None:
    summary = visit().inner_text("[id='case/gelu'] > summary")
    for text in ("1 failed", "1 diverged", "2 passed", "11 skipped", "nearest to its limit: 1.25 of 16"):
        assert text in summary


def test_a_case_opens_by_click_and_shows_routes_and_observations(visit: Callable[..., Any]) -> None:
    page = visit()
    page.click("[id='case/gelu'] > summary")
    case = page.locator("[id='case/gelu']")
    case.locator("tbody").wait_for()
    assert case.locator(".routes > div").count() == 2
    assert "torch.nn.GELU()(x)" in case.inner_text()
    assert case.locator("tbody tr").count() == 5
    assert "failed" in case.locator("tbody tr >> nth=0").inner_text()
    assert "Samples: tails, normal" in case.inner_text()
    assert "raised ValueError: <b>no</b> & more" in case.inner_text()


def test_a_case_opens_by_keyboard(visit: Callable[..., Any]) -> None:
    page = visit()
    page.focus("[id='case/gelu'] > summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("[id='case/gelu'][open]")


def test_a_link_opens_its_case_whatever_the_filter(visit: Callable[..., Any]) -> None:
    page = visit("#case/matmul")
    assert page.locator("[id='case/matmul'][open]").count() == 1
    page.fill("#search", "matmul")
    page.click("#areas a[href='#case/gelu'] >> nth=0")
    page.wait_for_selector("[id='case/gelu'][open]")


def background(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_dark_and_light(visit: Callable[..., Any]) -> None:
    light, dark = visit(color_scheme="light"), visit(color_scheme="dark")
    assert background(light) == "rgb(255, 255, 255)"
    assert background(dark) != background(light)
    light.click("#theme")
    assert background(light) == background(dark)
    light.click("#theme")
    assert background(light) == "rgb(255, 255, 255)"


def test_paper_is_white(visit: Callable[..., Any]) -> None:
    page = visit(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert background(page) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 36, 48)"
    assert page.locator("#filter").is_hidden()


def test_a_program_can_be_copied(visit: Callable[..., Any]) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.click(".failure .copy >> nth=0")
    page.wait_for_selector(".copy:text-is('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == page.text_content(".failure pre >> nth=0")


def test_a_browser_that_refuses_to_copy_selects_the_program(visit: Callable[..., Any]) -> None:
    page = visit()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.click(".failure .copy >> nth=0")
    page.wait_for_selector(".copy:text('Selected')")
    assert "raise SystemExit(1)" in page.evaluate("getSelection().toString()")


def test_a_browser_that_cannot_unpack_the_list_says_so(visit: Callable[..., Any]) -> None:
    page = visit(setup="delete globalThis.DecompressionStream")
    page.wait_for_selector("#list:has-text('cannot be shown in this browser')")
    assert page.locator("#filter").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(visit: Callable[..., Any], scheme: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, for every text that is shown."""
    page = visit("#case/gelu", color_scheme=scheme)
    worst = page.evaluate(
        """() => {
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
          const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = (e) => {
            for (; e; e = e.parentElement) {
              const c = rgb(getComputedStyle(e).backgroundColor);
              if (c.length < 4 || c[3] > 0) return c;
            }
            return [255, 255, 255];
          };
          let worst = [99, ""];
          for (const e of document.querySelectorAll("body *")) {
            if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
            if (["SCRIPT", "NOSCRIPT", "TITLE"].includes(e.tagName)) continue;
            const style = getComputedStyle(e);
            const [a, b] = [luminance(rgb(e.closest("svg") ? style.fill : style.color)), luminance(ground(e))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < worst[0]) worst = [ratio, `${e.tagName}: ${e.textContent.slice(0, 30)}`];
          }
          return worst;
        }"""
    )
    assert worst[0] >= 4.5, worst


@pytest.mark.parametrize("fragment", ["", "#case/gelu"])
def test_a_narrow_screen_has_no_sideways_scroll(visit: Callable[..., Any], fragment: str) -> None:
    page = visit(fragment, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_javascript_the_failures_are_there(visit: Callable[..., Any]) -> None:
    page = visit(java_script_enabled=False)
    assert "NOT CONFORMANT" in page.inner_text("h1")
    assert "raise SystemExit(1)" in page.inner_text(".failure >> nth=0")
    assert "need a CUDA device" in page.inner_text("#skipped")
    assert page.locator("#filter").is_hidden()


# Pictures of training runs

OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll("figure > svg")) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const texts = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]);
    texts.forEach(([name, a], i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1)
        found.push(`${svg.ariaLabel}: "${name}" leaves the picture`);
      for (const [other, b] of texts.slice(i + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // boxes are taller than digits
        if (wide > 1 && high > 3) found.push(`${svg.ariaLabel}: "${name}" and "${other}"`);
      }
    });
  }
  return found;
}"""


@pytest.fixture
def pictures(visit: Callable[..., Any]) -> Callable[..., Any]:
    """The page with every training run open."""

    def opened(**options: Any) -> Any:
        page = visit(**options)
        page.click("#open-runs")
        return page

    return opened


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_of_pictures_are_apart(pictures: Callable[..., Any], width: int) -> None:
    page = pictures(viewport={"width": width, "height": 900})
    assert page.locator("figure > svg").count() > len(charts.training(FIGURES))
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_visible(pictures: Callable[..., Any], scheme: str) -> None:
    """WCAG 2.2, 1.4.11 for thin lines, 3 to 1; wide pale ones, which others may cover, 1.7; 4.5 for counts in cells."""
    page = pictures(color_scheme=scheme)
    worst = page.evaluate(
        """() => {
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number).slice(0, 3);
          const luminance = (c) => c.map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const contrast = (a, b) => {
            const [x, y] = [luminance(a), luminance(b)];
            return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
          };
          const over = (c, opacity, ground) => c.map((v, i) => opacity * v + (1 - opacity) * ground[i]);
          const ground = rgb(getComputedStyle(document.querySelector(".run[open]")).backgroundColor);
          const worst = { thin: 99, wide: 99, count: 99, lines: 0, counts: 0 };
          for (const line of document.querySelectorAll("#training svg polyline, #training svg line.limit")) {
            const style = getComputedStyle(line);
            const kind = Number(style.strokeOpacity) < 1 ? "wide" : "thin";
            const drawn = over(rgb(style.stroke), Number(style.strokeOpacity), ground);
            worst[kind] = Math.min(worst[kind], contrast(drawn, ground));
            worst.lines += line.checkVisibility();
          }
          const cells = [...document.querySelectorAll("#training rect.right, #training rect.wrong")];
          const ink = rgb(getComputedStyle(document.querySelector("#training .count text")).fill);
          for (const cell of cells) {
            const style = getComputedStyle(cell);
            const drawn = over(rgb(style.fill), Number(style.fillOpacity), ground);
            worst.count = Math.min(worst.count, contrast(ink, drawn));
            worst.counts += cell.checkVisibility();
          }
          return worst;
        }"""
    )
    assert worst["thin"] >= 3
    assert worst["wide"] >= 1.7
    assert worst["count"] >= 4.5
    assert worst["lines"] > 20
    assert worst["counts"] > 30


def test_the_data_of_a_picture_are_the_numbers_of_the_record(pictures: Callable[..., Any]) -> None:
    page = pictures()
    for picture in charts.training(FIGURES):
        # Read where the link leads. A click would save it, but of several saved by one page chromium may hold one back
        # until somebody agrees; that a click saves one is tested below.
        link = page.locator(f"[data-key='{picture.key}'][href^=blob]")
        text = link.evaluate("async (link) => (await fetch(link.href)).text()")
        rows = [*csv.reader(text.splitlines())]
        head, *found = rows
        counted = any(s.counts for s in picture.data)
        assert head == ["figure", "series", "x", "y", *(["count"] if counted else [])]
        assert [(f, s, *map(float, numbers)) for f, s, *numbers in found] == [
            (picture.key, s.name, *numbers)
            for s in picture.data
            for numbers in (zip(s.x, s.y, s.counts, strict=True) if counted else zip(s.x, s.y, strict=False))
        ]
        assert re.fullmatch(r"[\w.-]+\.csv", link.get_attribute("download") or "")


def test_a_histogram_has_data(visit: Callable[..., Any]) -> None:
    page = visit()
    with page.expect_download() as download:
        page.click("#scores .data >> nth=0")
    assert download.value.suggested_filename.endswith(".csv")
    assert download.value.path().read_text(encoding="utf-8").startswith("figure,series,x,y\nscores elementwise: value,")


def test_a_run_opens_by_click_link_and_keyboard(visit: Callable[..., Any]) -> None:
    page = visit("#run/chaotic")
    assert [r.get_attribute("id") for r in page.locator(".run[open]").all()] == ["run/chaotic"]
    assert page.locator(".run[open] .data").first.is_visible()
    page.click("[id='run/edges'] > summary")
    page.focus("[id='run/ordinary'] > summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("[id='run/ordinary'][open] .data[href^=blob]")
    assert page.locator(".run[open]").count() == 3
    page.goto(page.url.partition("#")[0] + "#case/gelu")
    page.click("[id='case/gelu'] a[href='#run/gelu']")
    page.wait_for_selector("[id='run/gelu'][open]")


def test_all_runs_open_and_close(pictures: Callable[..., Any]) -> None:
    page = pictures()
    assert page.locator(".run[open]").count() == 4
    page.click("#open-runs")
    assert page.locator(".run[open]").count() == 0
    assert page.inner_text("#open-runs") == "Open all 4"


def test_without_javascript_a_run_opens(visit: Callable[..., Any]) -> None:
    page = visit(java_script_enabled=False)
    page.click("[id='run/ordinary'] > summary")
    assert page.locator("[id='run/ordinary'] figure > svg").first.is_visible()
    assert page.locator(".data").first.is_hidden()
