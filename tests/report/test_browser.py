"""A real browser opens the page, on a phone and on a desk, in every language: nothing complains, nothing sticks out.

Skipped without Chromium and its driver (Debian: chromium, chromium-driver) or without `pip install 'vgglab[browser]'`.
"""

import pytest
from small_browser import STICKING_OUT, can_browse, keys, opened_browser, resize

pytestmark = pytest.mark.skipif(not can_browse(), reason="needs Chromium, its driver and vgglab[browser]")

# Texts of pictures that stick out of their picture.
CLIPPED = """
return Array.from(document.querySelectorAll("svg text")).filter((text) => {
  const box = text.getBoundingClientRect(), frame = text.ownerSVGElement.getBoundingClientRect();
  return box.width && (box.right > frame.right + 2 || box.left < frame.left - 2);
}).map((text) => text.textContent);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module", params=["en", "fr"])
def opened(request, browser, lab, page, tmp_path_factory):
    """The lab's page in the browser, in one language."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page(lab, language=request.param), encoding="utf-8")

    def open_at(width: int):
        resize(browser, width)
        browser.get("about:blank")
        browser.get(file.as_uri())
        return browser

    return open_at


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_complains_whatever_is_clicked(opened, width):
    driver = opened(width)
    for target in driver.find_elements("css selector", "summary, button"):
        driver.execute_script("arguments[0].click()", target)
    links = driver.find_elements("css selector", "nav a, main a")
    for link in [*links[:40], *links[-10:]]:
        driver.execute_script("arguments[0].click()", link)
        assert driver.execute_script("return document.querySelector(decodeURIComponent(location.hash)) !== null")
    assert len(links) > 50 and driver.get_log("browser") == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out(opened, width):
    driver = opened(width)
    for unfolded in (False, True):
        driver.execute_script(
            "document.querySelectorAll('details').forEach((d) => { d.open = arguments[0] })", unfolded
        )
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert driver.execute_script(STICKING_OUT) == []
        assert driver.execute_script(CLIPPED) == []


def test_the_button_unfolds_and_folds_all_tables_by_keyboard(opened):
    driver = opened(1280)
    count = "return document.querySelectorAll('main details[open]').length"
    button = driver.find_element("id", "unfold")
    button.send_keys(keys().ENTER)
    assert driver.execute_script(count) == len(driver.find_elements("css selector", "main details")) > 30
    button.send_keys(keys().SPACE)
    assert driver.execute_script(count) == 0 and button.get_attribute("aria-pressed") == "false"


def test_the_first_stop_of_the_keyboard_skips_to_the_report(opened):
    driver = opened(390)
    driver.find_element("css selector", "body").send_keys(keys().TAB)
    focused = driver.switch_to.active_element
    assert focused.get_attribute("class") == "skip" and focused.rect["x"] >= 0
    focused.send_keys(keys().ENTER)
    assert driver.switch_to.active_element.get_attribute("id") == "main"


def test_all_can_be_read_without_scripts(browser, lab, page, tmp_path):
    (tmp_path / "r.html").write_text(page(lab), encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get((tmp_path / "r.html").as_uri())
    shown = browser.find_element("css selector", "main").text
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "Define the reference VGG-16" in shown and "Of these runs" in shown
