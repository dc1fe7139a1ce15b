"""A browser that notices everything that must not happen: errors in the console, violations of the content
policy, requests to other origins, scripts that run from names."""

import os
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

URL = os.environ["PADDOCK_URL"]
ADMIN = os.environ["PADDOCK_ADMIN_KEY"]
PICTURES = os.environ.get("PADDOCK_PICTURES")
CHROMIUM = os.environ["PADDOCK_CHROMIUM"]
# What a hostile name would do if it were taken for markup.
HOSTILE = "\"'><img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>{{7*7}}"


@contextmanager
def browser():
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium has no sandbox of its own.
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, browser, scheme="light", width=1280, script=True):
        self.context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        self.page = self.context.new_page()
        self.problems = []
        self.expected = set()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))

    def _said(self, message):
        # A refused form is answered with its status, which Chromium writes to its console.
        is_status = "the server responded with a status of" in message.text
        if message.type in ("error", "warning") and not is_status:
            self.problems.append(f"console: {message.text}")

    def _asked(self, request):
        if urlsplit(request.url).netloc != urlsplit(URL).netloc:
            self.problems.append(f"asked elsewhere: {request.url}")

    def open(self, path):
        answer = self.page.goto(URL + path)
        assert answer is not None
        return answer.status

    def log_in(self, key):
        self.open("/console/")
        assert self.page.url.startswith(URL + "/console/login"), self.page.url
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_role("navigation", name="Pages of the console").wait_for()

    def text(self):
        return self.page.inner_text("body")

    def healthy(self, accessible=True):
        """Nothing bad has happened, and the page can be used by everybody."""
        assert not self.problems, f"{self.page.url}: {self.problems}"
        if self.page.evaluate("window.hacked"):
            raise AssertionError(f"a name ran as a script: {self.page.url}")
        width = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert width <= 0, f"{self.page.url} is {width} pixels wider than its window"
        if accessible:
            found = Axe().run(self.page).response["violations"]
            bad = [
                (one["id"], node["html"], node["failureSummary"])
                for one in found
                for node in one["nodes"]
                if one["impact"] in ("serious", "critical")
            ]
            assert not bad, f"{self.page.url}: {bad[:5]}"

    def picture(self, name):
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=False)

    def close(self):
        self.context.close()
