"""`python stock_nbgrader.py ASSIGNMENT STUDENT ...`, in a course's folder: grades with stock nbgrader.

Prints {"setup": s, "seconds": [...], "cpu": [...], "points": {...}} as JSON: what `nbgrader autograde` takes for each
student, in a process that has imported nbgrader and made its gradebook already (so its start-up is not counted).
"""

import json
import logging
import resource
import sys
import time

from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.apps.nbgraderapp import NbGraderApp


def main(assignment: str, students: list[str]) -> None:
    started = time.perf_counter()
    logging.disable(logging.WARNING)
    app = NbGraderApp()
    app.load_config_file()
    api = NbGraderAPI(config=app.config)
    _demand(api.generate_assignment(assignment))
    told = {"setup": time.perf_counter() - started, "seconds": [], "cpu": [], "points": {}}
    for student in students:
        wall, cpu = time.perf_counter(), _cpu()
        _demand(api.autograde(assignment, student))
        told["seconds"].append(time.perf_counter() - wall)
        told["cpu"].append(_cpu() - cpu)
    with Gradebook(f"sqlite:///{api.coursedir.root}/gradebook.db") as gradebook:
        told["points"] = {student: gradebook.find_submission(assignment, student).score for student in students}
    print(json.dumps(told))


def _demand(result: dict) -> None:
    if not result["success"]:
        raise RuntimeError(result.get("error") or result.get("log"))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
