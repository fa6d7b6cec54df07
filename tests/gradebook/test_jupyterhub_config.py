"""docs/jupyterhub: the two files load, and what they say of courses, groups, services and roles fits together."""

import sys
from pathlib import Path

import pytest
from nbgrader.auth import JupyterHubAuthPlugin
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

FOLDER = Path(__file__).parents[2] / "docs" / "jupyterhub"


@pytest.fixture(scope="module")
def hub() -> Config:
    return PyFileConfigLoader("jupyterhub_config.py", path=str(FOLDER)).load_config()


def test_each_course_has_a_service_its_groups_and_an_account(hub):
    services = {service["name"]: service for service in hub.JupyterHub.services}
    assert len(services) > 1 and len({service["url"] for service in services.values()}) == len(services)
    assert set(hub.JupyterHub.load_groups) == {f"{kind}-{course}" for course in services for kind in ("formgrade", "nbgrader")}
    for course, service in services.items():
        account = f"grader-{course}"
        assert service["user"] == service["environment"]["JUPYTERHUB_USER"] == account
        assert service["environment"]["PATH"].startswith(str(Path(sys.executable).parent))  # where alembic lies
        assert account in hub.JupyterHub.load_groups[f"formgrade-{course}"]["users"]
        assert service["cwd"].endswith(f"/{course}") and f"--ServerApp.root_dir={service['cwd']}" in service["command"]


def test_only_those_who_grade_a_course_reach_its_service(hub):
    reach = {role["name"]: role for role in hub.JupyterHub.load_roles if any("access:services" in scope for scope in role["scopes"])}
    for service in hub.JupyterHub.services:
        role = reach.pop(f"grade-{service['name']}")
        assert role["groups"] == [f"formgrade-{service['name']}"]
        assert role["scopes"] == [f"access:services!service={service['name']}"]
    assert not reach
    own, = (role for role in hub.JupyterHub.load_roles if role["name"] == "server")
    assert all("!" in scope for scope in own["scopes"])  # a student's server: nothing but what is its own


def test_students_and_teachers_may_log_in_and_graders_may_not(hub):
    people = {user for group in hub.JupyterHub.load_groups.values() for user in group["users"]}
    assert hub.Authenticator.allowed_users == {user for user in people if not user.startswith("grader-")}


def test_nbgraders_part_asks_the_hub_who_is_in_which_course():
    config = PyFileConfigLoader("nbgrader_config.py", path=str(FOLDER)).load_config()
    assert config.Authenticator.plugin_class is JupyterHubAuthPlugin
    assert config.Exchange.path_includes_course and config.Exchange.root.startswith("/srv/")
