"""docs/jupyterhub, run: a hub of the two files, where a course is released, fetched, handed in, collected and graded.

It needs `pip install jupyterhub` and `npm install -g configurable-http-proxy`, which the other tests do without: where
one of them is missing it is skipped. One account of this machine stands for everybody.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.gradebook.scores import read_scores
from autograder.release.notebook import source_notebook
from tests.browser import PATIENCE, browser_page

pytest.importorskip("jupyterhub", reason="JupyterHub is not installed")
if not shutil.which("configurable-http-proxy"):
    pytest.skip("configurable-http-proxy is not installed", allow_module_level=True)

ROOT = Path(__file__).parents[2]
NAME, COURSE = "t1_means", "dl2026"
LOCAL = """
c.JupyterHub.authenticator_class, c.JupyterHub.spawner_class = "dummy", "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{"JUPYTER_CONFIG_PATH": {config!r}}}
c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}", "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
for service in c.JupyterHub.services:
    del service["user"]
    service["command"].append("--allow-root")
    service["environment"] |= {{"JUPYTER_CONFIG_PATH": {config!r}, "HOME": "{homes}/teacher"}}
"""


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture
def hub(released, tmp_path):
    """The address of a hub with the two courses of the recipe; tmp_path holds their folders."""
    port, hub, api, *courses = free_ports(5)
    recipe = (ROOT / "docs" / "jupyterhub" / "jupyterhub_config.py").read_text()
    for name, place in ((COURSE, courses[0]), ("vision2026", courses[1])):
        folder = Path(shutil.copytree(released, tmp_path / "courses" / name))
        with open(folder / "nbgrader_config.py", "a") as file:
            file.write(f'\nc.CourseDirectory.course_id = "{name}"\n')
        (folder / "gradebook.db").unlink()
        recipe = recipe.replace({COURSE: "9901", "vision2026": "9902"}[name], str(place))
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    (tmp_path / "etc").mkdir()
    theirs = (ROOT / "docs" / "jupyterhub" / "nbgrader_config.py").read_text()
    (tmp_path / "etc" / "nbgrader_config.py").write_text(theirs.replace("/srv/exchange", str(tmp_path / "exchange")))
    homes = tmp_path / "homes"
    for name in ("teacher", "ada", "grace", "bob", "cleo"):
        (homes / name).mkdir(parents=True)
    config = os.pathsep.join([str(tmp_path / "etc"), os.environ.get("JUPYTER_CONFIG_PATH", "")])
    recipe = recipe.replace("/srv/courses", str(tmp_path / "courses"))
    (tmp_path / "jupyterhub_config.py").write_text(
        recipe + LOCAL.format(homes=homes, config=config, port=port, hub=hub, api=api))
    with open(tmp_path / "hub.log", "w") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"], cwd=tmp_path,
                                   stdout=log, stderr=subprocess.STDOUT, env=os.environ | {"HOME": str(homes / "teacher")})
    try:
        _wait(process, f"http://127.0.0.1:{port}/hub/login", tmp_path / "hub.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait(process: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return urllib.request.urlopen(url, timeout=5).close()
        time.sleep(0.3)
    raise AssertionError(log.read_text())


def log_in(hub: str, page, name: str):
    """The page, after somebody has logged in at the hub."""
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{hub}/hub/login")
    page.fill("#username_input", name)
    page.fill("#password_input", "x")
    page.click("#login_submit")
    page.wait_for_url(lambda url: f"/user/{name}/lab" in url)
    return page


def post(page, url: str, **form) -> dict:
    token = next(each["value"] for each in page.context.cookies(url) if each["name"] == "_xsrf")
    answer = page.request.post(url, form=form, headers={"X-XSRFToken": token})
    assert answer.ok, (url, answer.status, answer.text())
    return answer.json()


def formgrader(hub: str, page, course: str = COURSE) -> int:
    return page.goto(f"{hub}/services/{course}/formgrader").status


def test_a_week_in_a_course(hub, tmp_path):
    course = tmp_path / "courses" / COURSE
    solution = source_notebook(load_assignment(NAME, course))
    with browser_page() as page:
        ada, bob = log_in(hub, page, "ada"), log_in(hub, page.context.browser.new_context().new_page(), "bob")
        assert [formgrader(hub, bob), formgrader(hub, ada, "vision2026"), formgrader(hub, ada)] == [403, 403, 200]
        ada.wait_for_selector(f"text={NAME}")
        theirs = f"{hub}/services/{COURSE}/formgrader/api/assignment/{NAME}"
        assert post(ada, f"{theirs}/release")["success"]

        bob.goto(f"{hub}/user/bob/lab")
        mine = f"{hub}/user/bob/assignments"
        listed = bob.request.get(f"{mine}?course_id={COURSE}").json()["value"]
        assert [(each["assignment_id"], each["status"]) for each in listed] == [(NAME, "released")]
        assert post(bob, f"{mine}/fetch", course_id=COURSE, assignment_id=NAME)["success"]
        (tmp_path / "homes" / "bob" / COURSE / NAME / "means.ipynb").write_text(solution)
        assert post(bob, f"{mine}/submit", course_id=COURSE, assignment_id=NAME)["success"]
        assert post(ada, f"{theirs}/collect")["success"]
    done = subprocess.run([sys.executable, "-m", "autograder", "grade", NAME], cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    scores, = read_scores(course, NAME).values()  # under this machine's account, whose name the exchange takes
    assert scores.score == 8
