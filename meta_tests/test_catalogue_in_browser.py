"""The catalogue of divergences and the accuracy atlas in a real browser."""

from meta_tests.browser import Open

PAGE = "divergences.html"


def test_divergences_are_searched_and_filtered(visit: Open) -> None:
    page = visit(page=PAGE)
    assert page.inner_text("#count") == "2 of 2"
    page.fill("#search", "FLOAT32 constant")
    assert page.inner_text("#count") == "1 of 2"
    assert page.locator(".area:visible").count() == 1
    page.fill("#search", "")
    page.select_option("#seen", "no")
    assert page.locator(".entry:visible h4 a").all_inner_texts() == ["not-seen-here"]
    page.select_option("#framework", "tensorflow")
    assert page.inner_text("#count") == "0 of 2"


def test_a_divergence_has_an_address_whatever_the_filter(visit: Open) -> None:
    page = visit("#divergence/not-seen-here", page=PAGE)
    assert page.evaluate("document.activeElement.id") == "divergence/not-seen-here"
    page.fill("#search", "constant")
    page.evaluate("location.hash = '#divergence/nothing'")
    page.evaluate("location.hash = '#divergence/not-seen-here'")
    page.wait_for_selector("[id='divergence/not-seen-here']:visible")
    assert page.input_value("#search") == ""


def test_pages_lead_to_each_other(visit: Open) -> None:
    page = visit("#case/gelu")
    page.click("#case .known h4 a")
    page.wait_for_selector("[id='divergence/erf-in-float32']:focus")
    page.click(".entry a[href='index.html#case/gelu']")
    page.wait_for_selector("#case h2")
    page.click("nav a:text-is('Accuracy atlas')")
    page.click("#atlas a[href='index.html#case/gelu'] >> nth=0")
    page.wait_for_selector("#case h2")
    page.click("text=All cases")
    page.click("#divergences a[href='divergences.html#area/elementwise']")
    page.wait_for_selector(".entry")
    assert page.locator("nav [aria-current]").inner_text() == "Divergences"


def test_the_catalogue_reads_without_javascript(visit: Open) -> None:
    page = visit(page=PAGE, java_script_enabled=False)
    assert "a constant is float32" in page.inner_text("main")
    assert page.locator("#filter").is_hidden()


def test_the_atlas_is_sorted_and_searched(visit: Open) -> None:
    page = visit(page="atlas.html")
    formats = page.locator("#atlas tbody tr:visible td:nth-child(3)")
    page.click("#atlas th button:text-is('mismatches')")
    assert formats.all_inner_texts()[0] == "float16"
    page.click("#atlas th button:text-is('mismatches')")
    assert page.locator("#atlas th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.fill("#search", "softsign")
    assert page.inner_text("#count") == "0 of 3 rows"
    page.fill("#search", "")
    page.select_option("#dtype", "float32")
    assert formats.all_inner_texts() == ["float32"]
