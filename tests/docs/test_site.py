"""The documentation site: built without a warning, whole, and with nothing that another machine has to send."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograder.cli import main
from tests.browser import browser_page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Broken links, links to missing headings and pages that the navigation leaves out are warnings, and warnings fail."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)], cwd=ROOT,
                           env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
    assert built.returncode == 0 and "WARNING" not in built.stderr, built.stderr
    return folder


def test_every_page_is_in_the_navigation(site):
    menu = (site / "index.html").read_text().split('class="md-content"')[0]
    linked = set(re.findall(r'href="([^"#]+\.html)"', menu))
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages - {"index.html"} <= linked, "add it to `nav` in mkdocs.yml"
    assert {f"commands/{name}.html" for name in main.commands} <= linked


@pytest.mark.parametrize("name", main.commands)
def test_every_command_has_its_page_with_all_its_options(site, name):
    page = (site / "commands" / f"{name}.html").read_text()
    assert f"autograder {name}" in page
    flags = [flag for parameter in main.commands[name].params for flag in parameter.opts if flag.startswith("-")]
    assert [flag for flag in flags if flag not in page] == []


def test_pages_ask_no_other_machine_for_anything(site):
    """Read in a browser, as some pages need none and say so only there."""
    asked = []
    with browser_page() as page:
        page.on("request", lambda request: asked.append(request.url))
        for path in ("index.html", "how-grading-works.html", "commands/grade.html"):
            page.goto((site / path).as_uri(), wait_until="load")
            assert page.locator("h1").count() == 1
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("path", sorted(path.name for path in (ROOT / "docs" / "images").glob("*.svg")))
def test_pictures_are_well_formed(path):
    ElementTree.parse(ROOT / "docs" / "images" / path)


def test_pictures_have_alternative_texts(site):
    images = re.findall(r"<img[^>]*>", "".join(path.read_text() for path in site.rglob("*.html")))
    assert images and all(re.search(r'alt="[^"]{20,}', image) for image in images)


def test_links_of_the_files_in_the_root_lead_somewhere_on_the_site(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    monkeypatch.setattr(hooks, "ROOT", tmp_path)
    (tmp_path / "SECURITY.md").write_text("[a](docs/report.md#x) [b](CONTRIBUTING.md) [c](tests/x.py) [d](https://x.y/z) [e](#f)")
    assert hooks._from_root("SECURITY") == "[a](report.md#x) [b](contributing.md) c [d](https://x.y/z) [e](#f)"
