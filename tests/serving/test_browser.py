"""A real browser asks: pictures go in by each way, answers are shown and said, by keyboard, on a phone, on a desk."""

import pytest
from small_browser import STICKING_OUT, can_browse, keys, opened_browser, resize
from small_server import serving

pytestmark = pytest.mark.skipif(not can_browse(), reason="needs Chromium, its driver and vgglab[browser]")
DROP = """
const data = new DataTransfer();
data.items.add(new File([Uint8Array.from(atob(arguments[1]), (c) => c.charCodeAt(0))], "dropped.png"));
const event = arguments[0] === "drop"
  ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
  : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
document.getElementById("drop").dispatchEvent(event);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(browser, served):
    """Open the page in a language, at a width."""

    def opened(language="en", width=1280, port=served.port):
        resize(browser, width)
        browser.get(f"http://127.0.0.1:{port}/?lang={language}")
        return browser

    return opened


@pytest.fixture(scope="module")
def files(pictures, tmp_path_factory):
    """Five pictures, and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, content in enumerate([*pictures[:5], b"none"]):
        (folder / f"{number}.png").write_bytes(content)
    return sorted(map(str, folder.iterdir()))


def all_of(driver, selector):
    return driver.find_elements("css selector", selector)


def choose(driver, files):
    """Hand over files as a person chooses them, and wait for the answers."""
    from selenium.webdriver.support.ui import WebDriverWait

    driver.find_element("id", "choose").send_keys("\n".join(files))
    WebDriverWait(driver, 60).until(lambda _: len(all_of(driver, ".sure, .fair, .unsure, .failed")) == len(files))


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("fr", 390)])
def test_chosen_pictures_are_answered_each_for_itself_and_nothing_sticks_out(page, files, network, language, width):
    driver = page(language, width)
    choose(driver, files)
    titles = {each.find_element("css selector", "figcaption").text: each for each in all_of(driver, ".answer")}
    bad = titles.pop("5.png")
    assert "failed" in bad.get_attribute("class") and "is no JPEG" in bad.text and len(titles) == 5
    shown = [each.find_element("css selector", "h2").text for _, each in sorted(titles.items())]
    assert all("%" in text for text in shown) and len(all_of(driver, ".bars li")) == 25
    assert driver.execute_script(STICKING_OUT) == []
    assert all("422" in each["message"] for each in driver.get_log("browser"))  # the one that is no picture


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_picture_can_be_dropped_and_pasted(page, pictures, how):
    import base64

    from selenium.webdriver.support.ui import WebDriverWait

    driver = page()
    driver.execute_script(DROP, how, base64.b64encode(pictures[0]).decode())
    WebDriverWait(driver, 60).until(lambda _: all_of(driver, ".bars li"))
    assert driver.find_element("id", "status").text.startswith("dropped.png: ")


def test_what_is_answered_is_said_and_pictures_have_words(page, files):
    driver = page()
    choose(driver, files[:1])
    (image,), (status,) = all_of(driver, "#answers img"), all_of(driver, "#status")
    assert image.get_attribute("alt") == "The picture 0.png" and status.get_attribute("role") == "status"
    reached = [each for each in all_of(driver, "button, a, input, select, section") if each.is_displayed()]
    assert len(reached) >= 6 and all(each.accessible_name for each in reached)


def test_the_keyboard_alone_chooses_a_network_and_reaches_pictures(page):
    from selenium.webdriver import ActionChains

    driver, Keys, seen = page(), keys(), []
    for _ in range(6):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        seen.append(driver.switch_to.active_element.get_attribute("id"))
    assert seen.index("network") < seen.index("choose")
    driver.find_element("id", "network").send_keys("o")
    (shown,) = [each for each in all_of(driver, ".about") if each.is_displayed()]
    assert shown.get_attribute("data-network") == "other"


def test_where_it_looked_is_shown_and_hidden_again(page, files, network, monkeypatch):
    from selenium.webdriver.support.ui import WebDriverWait

    from vgglab.serving.explaining import Explainers, explain

    async def ask(self, question):
        return explain(question)

    monkeypatch.setattr(Explainers, "ask", ask)  # in this process: the other one would load Keras anew
    with serving([network]) as asked:
        driver = page(port=asked.port)
        choose(driver, files[:1])
        (button,), (image,) = all_of(driver, ".look"), all_of(driver, "#answers img")
        button.send_keys(keys().ENTER)
        WebDriverWait(driver, 60).until(lambda _: button.get_attribute("aria-pressed") == "true")
        assert image.get_attribute("src").startswith("data:image/png") and "speaks for" in image.get_attribute("alt")
        button.send_keys(keys().SPACE)
        assert image.get_attribute("src").startswith("blob:") and button.get_attribute("aria-pressed") == "false"
