"""Pictures of training runs and scores in a real browser."""

import csv
import re
from typing import Any

import pytest

from meta_tests.browser import Open
from meta_tests.figures import FIGURES
from reports import charts

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
def pictures(visit: Open) -> Open:
    """The page with every training run open."""

    def opened(**options: Any) -> Any:
        page = visit(**options)
        page.click("#open-runs")
        return page

    return opened


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_of_pictures_are_apart(pictures: Open, width: int) -> None:
    page = pictures(viewport={"width": width, "height": 900})
    assert page.locator("figure > svg").count() > len(charts.training(FIGURES))
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_visible(pictures: Open, scheme: str) -> None:
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


def test_the_data_of_a_picture_are_the_numbers_of_the_record(pictures: Open) -> None:
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


def test_a_histogram_has_data(visit: Open) -> None:
    page = visit()
    with page.expect_download() as download:
        page.click("#scores .data >> nth=0")
    assert download.value.suggested_filename.endswith(".csv")
    assert download.value.path().read_text(encoding="utf-8").startswith("figure,series,x,y\nscores elementwise: value,")


def test_a_run_opens_by_click_link_and_keyboard(visit: Open) -> None:
    page = visit("#run/chaotic")
    assert [r.get_attribute("id") for r in page.locator(".run[open]").all()] == ["run/chaotic"]
    assert page.locator(".run[open] .data").first.is_visible()
    page.click("[id='run/edges'] > summary")
    page.focus("[id='run/ordinary'] > summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("[id='run/ordinary'][open] .data[href^=blob]")
    assert page.locator(".run[open]").count() == 3
    page.goto(page.url.partition("#")[0] + "#case/gelu")
    page.click("#case a[href='#run/gelu']")
    page.wait_for_selector("[id='run/gelu'][open]")


def test_all_runs_open_and_close(pictures: Open) -> None:
    page = pictures()
    assert page.locator(".run[open]").count() == 4
    page.click("#open-runs")
    assert page.locator(".run[open]").count() == 0
    assert page.inner_text("#open-runs") == "Open all 4"


def test_without_javascript_a_run_opens(visit: Open) -> None:
    page = visit(java_script_enabled=False)
    page.click("[id='run/ordinary'] > summary")
    assert page.locator("[id='run/ordinary'] figure > svg").first.is_visible()
    assert page.locator(".data").first.is_hidden()
