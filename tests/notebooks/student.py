"""JupyterLab in a browser, and what a student does in it."""

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser import PATIENCE

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are in the page, too
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # there is no network
}
expect.set_options(timeout=PATIENCE * 1000)


def settle(home: Path) -> None:
    """Writes the settings of a JupyterLab that is about to start with `home`."""
    for name, content in SETTINGS.items():
        path = home / "config" / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


class Lab:
    """One notebook, open in a JupyterLab at `url`, in a workspace of its own."""

    def __init__(self, page: Page, url: str, path: str):
        self.page = page
        page.goto(f"{url}lab/workspaces/{Path(path).stem}/tree/{path}?token=t")
        self.cells = page.locator(".jp-Notebook .jp-Cell")
        expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")  # what is run before is not run

    def write(self, index: int, source: str) -> None:
        """Puts `source` in the place of what a cell says."""
        editor = self.cells.nth(index).locator(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def run(self, index: int) -> Locator:
        """Runs a cell with Shift+Enter, and waits until it has run; its outputs."""
        cell = self.cells.nth(index)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Shift+Enter")
        expect(prompt).to_have_text(re.compile(rf"(?!{re.escape(before)})\[\d+\]:"))
        return cell.locator(".jp-OutputArea-output")

    def menu(self, *names: str) -> None:
        for name in names:
            self.page.get_by_role("menuitem", name=name, exact=True).click()

    def picture(self, path: Path, index: int | None = None) -> None:
        """A screenshot, of the page or with a cell in its middle."""
        if index is not None:
            self.cells.nth(index).evaluate("cell => cell.scrollIntoView({block: 'center'})")
        self.page.screenshot(path=path)

    def save(self) -> None:
        with self.page.expect_response(lambda answer: "/api/contents/" in answer.url and answer.request.method == "PUT"):
            self.page.keyboard.press("ControlOrMeta+s")
