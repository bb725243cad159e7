# SPDX-License-Identifier: MIT
"""A headless Chromium for tests: one for all of them, and what they look at in a page."""

import base64
import contextlib
import io
import shutil

import pytest

BINARY, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


def missing():
    """Why there is no browser here; empty if there is one."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "python3-selenium is not installed: scripts/setup --ci"
    return (
        ""
        if BINARY and DRIVER
        else "chromium and chromium-driver are not installed: scripts/setup --ci"
    )


class Browser:
    def __init__(self):
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        options = Options()
        options.binary_location = BINARY
        # Containers run tests as root and with a small /dev/shm; the pages are our own files.
        for flag in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_script_timeout(60)

    def open(self, path, fragment="", width=1440, height=900, theme="light"):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        self.driver.get(path.as_uri() + fragment)
        self.settle()

    def settle(self):
        """Two frames later what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
        )

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def messages(self):
        """What the console was told since the last call; not how fast the browser would have liked to draw."""
        entries = self.driver.get_log("browser")
        return [
            entry
            for entry in entries
            if entry["level"] in ("SEVERE", "WARNING") and entry["source"] != "rendering"
        ]

    def picture(self):
        import matplotlib.image

        data = self.driver.execute_cdp_cmd("Page.captureScreenshot", {})["data"]
        return matplotlib.image.imread(io.BytesIO(base64.b64decode(data)), format="png")

    def whole(self):
        """The page from its top to its end as one picture, made of steps of one window."""
        import numpy

        total, window = self.run("return [document.documentElement.scrollHeight, innerHeight]")
        parts = []
        for top in range(0, total, window):
            self.run("window.scrollTo({top: arguments[0], behavior: 'instant'})", top)
            self.settle()
            # The last window cannot be scrolled to its own top: its lower part is the page's end.
            parts.append(self.picture()[..., :3][-min(window, total - top) :])
        return numpy.concatenate(parts)


def blank_bands(picture, at_least):
    """[(first row, rows)] of a picture in which, over at_least rows or more, nothing is to be seen."""
    varied = (picture.max(axis=1) - picture.min(axis=1)).max(axis=1) > 0.02
    bands, first = [], 0
    for row, seen in enumerate([*varied, True]):
        if seen:
            if row - first >= at_least:
                bands.append((first, row - first))
            first = row + 1
    return bands


@contextlib.contextmanager
def started():
    why = missing()
    if why:
        pytest.skip(why)
    browser = Browser()
    try:
        yield browser
    finally:
        browser.driver.quit()
