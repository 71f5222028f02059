"""A real browser, where there is one: Chromium and its driver (Debian: chromium, chromium-driver), and selenium."""

import shutil
from contextlib import contextmanager
from importlib.util import find_spec

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--force-prefers-reduced-motion"),
)
# What is wider than the window though it does not scroll by itself; hidden parts have no place.
STICKING_OUT = """
const scrolls = (node) => node && node !== document.body &&
  (["auto", "scroll"].includes(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
return Array.from(document.body.querySelectorAll("*")).filter((node) => {
  const place = node.getBoundingClientRect();
  return place.width && (place.right > innerWidth + 1 || place.left < -1) && !node.matches(".skip") && !scrolls(node);
}).map((node) => node.outerHTML.slice(0, 200));
"""


def can_browse() -> bool:
    """Whether all that is needed is there."""
    return bool(CHROMIUM and DRIVER and find_spec("selenium"))


def keys():
    """Selenium's names of keys."""
    from selenium.webdriver import Keys

    return Keys


@contextmanager
def opened_browser(profile):
    """The browser for a block, with a profile of its own; what it complains of can be read."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver, width: int) -> None:
    """Give the page a width in pixels, as a phone or a desk has it."""
    shape = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
