"""A headless Chromium for dashboard.py: finds things by what a user sees, waits for them and never for a time."""
import base64
import os
import tempfile

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

LIMIT = 60


class Browser:
    def __init__(self, url, artefacts):
        self.url, self.artefacts = url, artefacts
        self.profile = tempfile.TemporaryDirectory(prefix="chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (
            "headless=new", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars", "no-first-run",
            "no-proxy-server", "disable-background-networking", f"user-data-dir={self.profile.name}",
        ):
            options.add_argument("--" + flag)
        if os.geteuid() == 0:
            # Chromium has no sandbox for root.
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.log = []
        self.look(1280, 900)

    def close(self):
        self.driver.quit()
        self.profile.cleanup()

    def look(self, width, height, dark=False):
        """The size of the window, and the colours that the system wants."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def open(self, path=""):
        self.driver.get(self.url + path)

    def go(self, hash_):
        self.js("location.hash = arguments[0]", hash_)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, what, condition):
        """The first true answer of `condition`; elements that were replaced meanwhile are looked for again."""
        ignored = (StaleElementReferenceException, JavascriptException)
        try:
            return WebDriverWait(self.driver, LIMIT, 0.05, ignored).until(lambda _: condition())
        except TimeoutException:
            self.screenshot("failure")
            seen = self.js("return document.body.innerText")[:1500]
            raise AssertionError(f"waited {LIMIT} s for {what}; the page says:\n{seen}") from None

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector, text=None):
        """The first visible element of the selector that has this text."""
        def find():
            return next((e for e in self.all(selector) if e.is_displayed() and (text is None or text in e.text)), None)
        return self.until(f"{selector} {text or ''}", find)

    def gone(self, selector):
        self.until(f"no {selector}", lambda: not self.all(selector))

    def click(self, selector, text=None):
        element = self.one(selector, text)
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def fill(self, selector, text):
        # Not by clear(), which is no typing and tells nobody.
        self.one(selector).send_keys(Keys.CONTROL + "a" + Keys.NULL, Keys.DELETE, text)

    def choose(self, selector, value):
        """Takes one of a select's options."""
        self.js(
            "arguments[0].value = arguments[1];"
            "for (const name of ['input', 'change']) arguments[0].dispatchEvent(new Event(name, {bubbles: true}))",
            self.one(selector), value)

    def press(self, *keys):
        """To whatever has the focus."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def text(self, selector="main"):
        return self.one(selector).text

    def fetch(self, method, path, body=None):
        """The API with the page's own session. Returns [status, body]."""
        return self.driver.execute_async_script(
            """const [method, path, body, done] = arguments;
            const ask = async () => {
              const view = await (await fetch('/api/v1/session')).json();
              const answer = await fetch(path, {method, body: body === null ? undefined : JSON.stringify(body),
                headers: {'X-CSRF-Token': view.csrf_token, 'Content-Type': 'application/json'}});
              const text = await answer.text();
              return [answer.status, text ? JSON.parse(text) : null];
            };
            ask().then(done, (error) => done([0, String(error)]));""", method, path, body)

    def complaints(self):
        """What the console says, without answers of the API that are errors on purpose."""
        self.log += self.driver.get_log("browser")
        return [
            entry["message"] for entry in self.log
            if entry["level"] in ("SEVERE", "WARNING") and not ("/api/v1/" in entry["message"] and "status of 4" in entry["message"])
        ]

    def screenshot(self, name):
        """The whole page. Returns its width beyond the window's, which should be 0."""
        width, height, beyond = self.js(
            "const e = document.documentElement; return [e.clientWidth, e.scrollHeight, e.scrollWidth - e.clientWidth]")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": min(max(height, 400), 4000), "scale": 1},
        })
        with open(os.path.join(self.artefacts, name + ".png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))
        return beyond
