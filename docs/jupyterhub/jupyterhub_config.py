"""JupyterHub for courses with nbgrader: each course has a formgrader of its own, which only its teachers can open.

Tried with JupyterHub 6.1 and nbgrader 0.9.6. Names of users are those of the machine's accounts. A course is a
line of COURSES, an account `grader-<course>` that owns its folder, and two groups: `formgrade-<course>` are those
who grade, `nbgrader-<course>` those who hand in.
"""

import os
import sys

COURSES = {  # course -> (port of its formgrader, those who grade, those who hand in)
    "dl2026": (9901, ["ada"], ["bob", "cleo"]),
    "vision2026": (9902, ["grace"], ["bob"]),
}
PROGRAMS = os.path.dirname(sys.executable)
FOLDERS = "/srv/courses"  # <course>/ is the course's folder: nbgrader_config.py, solutions/, submitted/, gradebook.db

c = get_config()  # noqa: F821 (given to every configuration file)

everybody = {name for _, teachers, students in COURSES.values() for name in (*teachers, *students)}
c.Authenticator.allowed_users = everybody
c.Spawner.default_url = "/lab"
c.Spawner.cmd = [f"{PROGRAMS}/jupyterhub-singleuser"]

c.JupyterHub.load_groups = {
    group: {"users": users} for course, (_, teachers, students) in COURSES.items()
    for group, users in ((f"formgrade-{course}", [f"grader-{course}", *teachers]), (f"nbgrader-{course}", students))}

c.JupyterHub.services = [
    {"name": course, "url": f"http://127.0.0.1:{port}", "user": f"grader-{course}", "cwd": f"{FOLDERS}/{course}",
     "command": [*c.Spawner.cmd, f"--ServerApp.root_dir={FOLDERS}/{course}", "--ServerApp.default_url=/formgrader"],
     # nbgrader asks for the user, and starts a program, `alembic`, when it makes a gradebook.
     "environment": {"JUPYTERHUB_USER": f"grader-{course}", "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"},
     "oauth_no_confirm": True}
    for course, (port, _, _) in COURSES.items()]

# nbgrader asks the hub for the groups of whoever it runs for; the first two scopes are those JupyterHub gives itself.
c.JupyterHub.load_roles = [
    {"name": "server", "scopes": ["users:activity!user", "access:servers!server", "read:users:name!user",
                                  "read:users:groups!user"]},
    *({"name": f"grade-{course}", "groups": [f"formgrade-{course}"], "scopes": [f"access:services!service={course}"]}
      for course in COURSES),
    *({"name": f"lists-{course}", "services": [course], "scopes": ["read:users:name", "read:users:groups"]}
      for course in COURSES)]
