"""A Jupyter server and a headless Chromium for the tests that look at pages."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
PATIENCE = 120  # seconds, for a machine that does something else besides


@contextlib.contextmanager
def browser_page(**options) -> Iterator[Page]:
    """A page of a new browser that reaches nothing but this machine. options: as of playwright's new_page."""
    assert CHROMIUM.exists(), "this test needs a browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE * 1000)
        page = browser.new_page(**options)
        page.set_default_timeout(PATIENCE * 1000)
        page.route(lambda url: not url.startswith(("http://127.0.0.1:", "http://localhost:", "file:", "data:")),
                   lambda route: route.abort())
        try:
            yield page
        finally:
            browser.close()


@contextlib.contextmanager
def jupyter_server(root: Path, home: Path, *arguments: str, surroundings: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Runs `jupyter server` in `root` on a free port; the address with its token is `<url>?token=t`.

    home: an empty folder for its settings. surroundings: the environment that it and its kernels start from.
    """
    runtime = home / "runtime"
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
              "IPYTHONDIR": "ipython", "HOME": "."}
    environment = {**surroundings} | {name: str(home / folder) for name, folder in places.items()} | {
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]), "OMP_NUM_THREADS": "1"}
    with open(home / "server.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
             "--ServerApp.port=0", "--IdentityProvider.token=t", *arguments],
            cwd=root, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    try:
        yield _address(server, runtime, home / "server.log")
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


def _address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # it is being written
                return json.loads(path.read_text())["url"]
        assert server.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())
