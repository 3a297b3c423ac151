"""Every page for every reader: an accessibility checker (axe-core), contrast, narrow screens, keyboards and paper."""

import pytest

from meta_tests.browser import Open, violations

STATES = {
    "report": ("index.html", "", ""),
    "runs": ("index.html", "#run/ordinary", "#open-runs"),
    "case": ("index.html", "#case/gelu", "#case details > summary"),
    "observation": (
        "index.html",
        "#case/gelu/value/torch/eager/cpu/torch.nn.GELU/float32/far",
        ".scores button >> nth=1",
    ),
    "divergences": ("divergences.html", "#divergence/erf-in-float32", ""),
    "atlas": ("atlas.html", "", "#atlas th button >> nth=0"),
}
"""State -> page, fragment, what is pressed."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing(visit: Open, state: str, scheme: str, width: int) -> None:
    path, fragment, pressed = STATES[state]
    page = visit(fragment, path, color_scheme=scheme, viewport={"width": width, "height": 800})
    if pressed:
        page.click(pressed)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_axe_sees_what_is_wrong(visit: Open) -> None:
    page = visit(page="divergences.html")
    page.evaluate("document.querySelector('.entry p').style.color = '#ccc'")
    page.evaluate("document.querySelector('#seen').parentElement.replaceWith(document.querySelector('#seen'))")
    assert {"color-contrast", "select-name"} <= {rule for rule, _ in violations(page)}


def test_the_keyboard_reaches_everything(visit: Open) -> None:
    page = visit("#case/gelu")
    page.keyboard.press("Tab")
    reached = []
    for _ in range(80):
        reached.append(page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
        page.keyboard.press("Tab")
    wanted = ('<button type="button" class="failed"', "<pre", '<a href="divergences.html#divergence', "<summary")
    for start in wanted:
        assert any(r.startswith(start) for r in reached), start


def test_the_first_key_skips_to_the_content(visit: Open) -> None:
    page = visit(page="divergences.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("state", ["report", "case", "divergences", "atlas"])
def test_it_prints(visit: Open, state: str) -> None:
    """Black on white, without controls, and no table is cut at the edge of the paper."""
    path, fragment, _ = STATES[state]
    page = visit(fragment, path, color_scheme="dark", viewport={"width": 718, "height": 1000})  # A4 less its margins
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 36, 48)"
    assert page.locator("nav:visible, #filter:visible, #theme:visible, .copy:visible").count() == 0
    cut = page.evaluate(
        """() => [...document.querySelectorAll("table, pre, .scroll")]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > document.body.clientWidth + 1)
          .map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`)"""
    )
    assert cut == []
    assert page.pdf(format="A4").startswith(b"%PDF")
