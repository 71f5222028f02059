"""Pictures of the page that `vgglab serve` shows, on a desk and on a phone: `python docs/scripts/page.py RUN IMAGE...`.

Serves the run, opens the page in Chromium, hands it the pictures, asks where the network looked in the first one, and
writes docs/page/desktop.png and phone.png. Needs `pip install 'vgglab[browser,serve]'`, Chromium and its driver.
"""

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

OUT = Path(__file__).parents[1] / "page"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-prefers-reduced-motion")
SIZES = {"desktop": (1100, 900, False), "phone": (390, 1200, True)}
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
        OUT.mkdir(exist_ok=True)
        driver.save_screenshot(str(OUT / f"{name}.png"))


if __name__ == "__main__":
    run, *shown = sys.argv[1:]
    with served(run) as place:
        for size in SIZES:
            photograph(place, shown, size)
