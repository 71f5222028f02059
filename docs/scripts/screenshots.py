"""Pictures of the report and of the page that `vgglab serve` shows: `python docs/scripts/screenshots.py STUDY`.

STUDY is the folder of the lab on the built-in digits, as `make demo` leaves it. Its report is photographed from the
top; the network that it chose is served, the page opened in Chromium and handed some test digits, and asked where the
network looked in the first one. Writes docs/page/report.png, desktop.png and phone.png. Needs `pip install
'vgglab[browser,serve]'`, Chromium and its driver.
"""

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

import vgglab

OUT = Path(__file__).parents[1] / "page"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-prefers-reduced-motion")
SIZES = {"desktop": (1100, 900, False), "phone": (390, 1200, True)}
REPORT = (1100, 900, False)
DIGITS = (3, 8, 5)  # that are shown to the page
COLORS = 256  # of a picture: files stay small
PATIENCE = 300  # seconds


@contextmanager
def served(run: str):
    """The address that a run is served at."""
    command = [sys.executable, "-m", "vgglab", "serve", run, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browser(width: int, height: int, mobile: bool):
    """Chromium with a window of so many pixels."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
        driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": mobile})
        try:
            yield driver
        finally:
            driver.quit()


def draw_digits(folder: Path) -> list[str]:
    """A test image of each of DIGITS, in a file."""
    test = vgglab.load_data("digits").test
    paths = [folder / f"{digit}.png" for digit in DIGITS]
    for digit, path in zip(DIGITS, paths, strict=True):
        Image.fromarray(test.images[np.flatnonzero(test.labels == digit)[0]]).save(path)
    return [str(path) for path in paths]


def photograph_report(page: Path) -> None:
    """Write what is seen of a report from its top."""
    with browser(*REPORT) as driver:
        driver.get(page.absolute().as_uri())
        save(driver, "report")


def save(driver: webdriver.Chrome, name: str) -> None:
    """Write what a browser shows."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}.png"
    driver.save_screenshot(str(path))
    Image.open(path).convert("RGB").quantize(COLORS).save(path, optimize=True)


def photograph(address: str, pictures: list[str], name: str, language: str = "en") -> None:
    """Show pictures to the page, ask where the network looked in the first one, and write what is seen."""
    with browser(*SIZES[name]) as driver:
        wait = WebDriverWait(driver, PATIENCE)
        driver.get(f"{address}?lang={language}")
        driver.find_element("id", "choose").send_keys("\n".join(str(Path(path).absolute()) for path in pictures))
        wait.until(lambda _: len(driver.find_elements("css selector", ".bars li")) >= len(pictures))
        button = driver.find_element("css selector", ".look")
        driver.execute_script("arguments[0].click()", button)
        wait.until(lambda _: button.get_attribute("aria-pressed") == "true")
        driver.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
        save(driver, name)


if __name__ == "__main__":
    study = Path(sys.argv[1])
    photograph_report(study / "report.html")
    with served(str(study / "optimal")) as place, tempfile.TemporaryDirectory() as made:
        shown = draw_digits(Path(made))
        for size in SIZES:
            photograph(place, shown, size)
