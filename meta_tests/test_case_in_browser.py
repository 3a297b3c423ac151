"""The view of one case in a real browser."""

import pytest

from meta_tests.browser import Open

FAR = "#case/gelu/value/torch/eager/cpu/torch.nn.GELU/float32/far"


def test_a_case_fills_the_page_and_shows_all_of_it(visit: Open) -> None:
    page = visit("#case/gelu")
    case = page.locator("#case")
    assert page.title() == "gelu: Not conformant: PyTorch and TensorFlow"
    assert page.locator("#areas").is_hidden()
    assert case.locator(".formula").inner_html() == "<i>x</i> Φ(<i>x</i>) = <i>x</i><sup>2</sup> √(π)"
    titles = case.locator("h3").all_inner_texts()
    assert titles == [
        "Routes", "Scores", "Known divergences", "Weights from one to the other", "Accuracy over the whole range",
        "Benchmark", "Reference", "Observations",
    ]  # fmt: skip
    text = case.inner_text()
    for said in (
        "Hendrycks.", "https://arxiv.org/abs/1606.08415", "torch.nn.GELU()(x)", "tf.nn.gelu(x)", "What they call (1)",
        "Not run: checks that need a CUDA device", "erf-in-float32", "a constant is float32", "https://example.org/2",
        "Dense: weight: np.transpose(w, (1, 0)).", 'keras_to_torch("Dense", layer.get_weights())',
        "NotFoundError: no kernel", "gelu-256x1024-backward", "Samples: tails, normal",
        "raised ValueError: <b>no</b> & more",
    ):  # fmt: skip
        assert said in text
    assert "1500\t2000\t7" in text  # microseconds
    assert text.index("def gelu(x)") < text.index("def erfc(x)")  # what matters first
    assert case.locator(".routes > div").count() == 2


def test_a_case_without_anything_has_its_title_and_observations(visit: Open) -> None:
    page = visit("#case/matmul")
    assert page.locator("#case h3").all_inner_texts() == ["Observations"]
    assert "worker gw0 crashed" in page.inner_text("#case tbody")


def test_the_matrix_has_the_worst_score_of_each_and_shows_its_observations(visit: Open) -> None:
    page = visit("#case/gelu")
    cells = page.locator(".scores tbody button")
    assert cells.all_inner_texts() == ["inf", "3.0e+7"]
    assert cells.nth(0).get_attribute("class") == "failed"
    assert cells.nth(0).get_attribute("aria-label") == (
        "value of torch, float32, eager, cpu: inf, failed; show 3 observations"
    )
    rows = page.locator("#case tr[id]")
    assert rows.count() == 5
    assert "failed" in rows.first.inner_text()
    cells.nth(1).focus()
    page.keyboard.press("Enter")
    assert rows.count() == 1
    assert "value of tensorflow, float64, eager, cpu" in page.inner_text(
        "#case tr[id] >> xpath=ancestor::table/caption"
    )
    page.click("text=Show all")
    assert rows.count() == 5


def test_an_observation_has_an_address(visit: Open) -> None:
    page = visit(FAR)
    assert "far" in page.inner_text("tr.chosen")
    assert page.evaluate("document.activeElement.textContent") == "far"
    page.click("#case a:text-is('normal')")
    page.wait_for_selector("tr.chosen:has-text('normal')")
    assert page.locator("tr.chosen").count() == 1
    assert page.url.endswith("/torch.nn.GELU/float32/normal")


@pytest.mark.parametrize("fragment", ["#case/nothing", "#case/", "#%E0%A4%A", "#case/gelu/no/such/observation"])
def test_an_address_of_nothing_is_no_error(visit: Open, fragment: str) -> None:
    page = visit()
    page.evaluate("(to) => { location.hash = to; }", fragment)
    page.wait_for_timeout(50)
    assert page.locator("#areas").is_visible() != fragment.startswith("#case/gelu")


def test_there_and_back_by_keyboard(visit: Open) -> None:
    page = visit()
    page.focus("#list a:text-is('gelu')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#case h2:focus")
    page.keyboard.press("Tab")
    page.go_back()
    page.wait_for_selector("#areas")
    assert page.locator("#case").is_hidden()
    assert page.title() == "Not conformant: PyTorch and TensorFlow"
    page.go_forward()
    page.wait_for_selector("#case h2")
    page.click("text=All cases")
    page.wait_for_selector("#list a")
    assert page.evaluate("scrollY") > 0


def test_a_section_is_reached_from_a_case(visit: Open) -> None:
    page = visit("#case/gelu")
    page.click("nav a[href='#failures']")
    page.wait_for_selector("#failures h3")
    assert page.locator("#case").is_hidden()
    assert abs(page.evaluate("document.getElementById('failures').getBoundingClientRect().top")) < 100


def test_whatever_the_filter_a_link_opens_its_case(visit: Open) -> None:
    page = visit()
    page.fill("#search", "matmul")
    page.click("#areas a[href='#case/gelu'] >> nth=0")
    page.wait_for_selector("#case h2:has-text('gelu')")
