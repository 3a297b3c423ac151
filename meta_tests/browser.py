"""Pages in a real browser: Debian's chromium, driven by playwright. `conftest` has the fixtures."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meta_tests.figures import add_to
from reports import html, template
from reports.record import NAME, read

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
READY = "#filter:not([hidden])"
Open = Callable[..., Any]


def absent(why: str) -> None:
    """CI requires a browser; elsewhere its absence is a skip with a reason."""
    if os.environ.get("CONFORM_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{why}, and CONFORM_REQUIRE_BROWSER=1", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
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
def opened(browser: Any) -> Iterator[Open]:
    """``opened(path, fragment="", setup="", **context)`` opens a page, after running ``setup`` in it; at the end
    nothing may have been written to the console or asked of a network."""
    heard: list[str] = []
    contexts = []

    def open_page(path: Path, fragment: str = "", setup: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: heard.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: heard.append(str(e)))
        page.on("request", lambda r: heard.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None)
        page.add_init_script(setup)
        page.goto(f"file://{path}{fragment}")
        if options.get("java_script_enabled", True) and not setup:
            page.wait_for_selector(READY, state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run with one of everything, with its pages and an atlas."""
    from conformance import atlas
    from meta_tests.conftest import EVERYTHING, lines
    from reports.record import Writer

    directory = tmp_path_factory.mktemp("pages") / "run"
    writer = Writer(directory)
    for line in lines(*EVERYTHING):
        writer.write(line)
    writer.close()
    add_to(directory)
    place = atlas.Place("0.5", "0x1p-1", "1.0", "1.25", 3.5, True)
    rows = [
        atlas.Row(
            "gelu", "", "torch", "torch.nn.GELU", dtype, 100, 0.25 * i, 0.25, place, place, i, place if i else None
        )
        for i, dtype in enumerate(("float32", "float16"))
    ]
    rows.append(atlas.Row("gelu", "a=1", "tensorflow", "tf.nn.gelu", "float16", problem="NotFoundError: no kernel"))
    made = {
        "created": "2026-11-21T00:00:00", "suite": "0.1.0", "frameworks": {"torch": "2.13.0"},
        "fingerprint": {"cpu": {"model": "a <fast> one"}}, "quick": True, "rows": rows,
    }  # fmt: skip
    (directory / "atlas.json").write_bytes(atlas.encoded(made))
    for _ in range(2):  # each is linked from the other
        template.write(atlas.render(made, atlas.beside(directory)), directory / "atlas.html")
        html.write(read(directory / NAME), directory / "index.html")
    return directory


@pytest.fixture
def visit(opened: Open, pages: Path) -> Open:
    """``visit(fragment="", page="index.html", **options)`` opens a page of the run with one of everything."""

    def open_page(fragment: str = "", page: str = "index.html", **options: Any) -> Any:
        shown = opened(pages / page, fragment, **options)
        if fragment.startswith("#case/") and options.get("java_script_enabled", True):
            shown.wait_for_selector("#case tbody")
        return shown

    return open_page


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Any) -> list[tuple[str, str]]:
    """What axe-core objects to in a page as it is shown: rule, and the first element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found]
