"""Assignment 4 from top to bottom."""

import nbformat
from playwright.sync_api import expect

from tests.browser import browser_page, jupyter_server
from tests.handed_out import surroundings
from tests.notebooks.student import Lab, settle
from tests.notebooks.whole import TopToBottom


class TestA4(TopToBottom):
    name = "a4_transformer_captioning"
    pictures = 5
    shorter = {'train(model, 2000, "transformer")': 'train(model, 500, "transformer")',
               "train(blunder, 600,": "train(blunder, 150,"}

    def test_its_pictures_are_seen(self, subject, home, solved, screenshots, tmp_path):
        """Opened again the next day: the loss curve, captions below their pictures, attention on the scene."""
        nbformat.write(solved, home / "solved.ipynb")
        settle(tmp_path)
        with (jupyter_server(home, tmp_path, surroundings=surroundings(home)) as url,
              browser_page(viewport={"width": 1280, "height": 900}) as page):
            lab = Lab(page, url, "solved.ipynb")
            shown = page.locator(".jp-Notebook .jp-OutputArea-output img")
            expect(shown).to_have_count(self.pictures)
            for index in range(self.pictures):
                shown.nth(index).scroll_into_view_if_needed()
                assert shown.nth(index).evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 100
                lab.picture(screenshots / f"{self.name}-4-picture-{index + 1}.png")
