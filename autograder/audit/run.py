"""Audits assignments part by part, in parallel."""

import multiprocessing
import os
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from autograder.audit.parts import PartAudit, PartAuditor
from autograder.course.assignment import Assignment, load_assignment
from autograder.examine.open import course_examiner

SECRET = b"audit"  # the hidden checks need some secret; any will do


def audit(assignments: list[Assignment], budget: int | None = None, jobs: int | None = None,
          on_part: Callable[[PartAudit], None] = lambda result: None, only: Collection[str] = ()) -> list[PartAudit]:
    """The audits of all parts, or of those named in `only`, in order. `budget`: mutants tried per part (None: all)."""
    parts = [(each.root, each.name, part.name) for each in assignments for part in each.plan.parts
             if not only or part.name in only]
    done = {}
    with ProcessPoolExecutor(min(jobs or os.cpu_count() or 1, max(len(parts), 1)),
                             mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(_audit_part, *part, budget): part for part in parts}
        for future in as_completed(futures):
            done[futures[future]] = future.result()
            on_part(future.result())
    return [done[part] for part in parts]


_auditors: dict[tuple[Path, str], PartAuditor] = {}


def _audit_part(root: Path, name: str, part: str, budget: int | None) -> PartAudit:
    """In a worker: its auditors stay open for the process's life."""
    if (root, name) not in _auditors:
        assignment = load_assignment(name, root)
        _auditors[root, name] = PartAuditor(assignment, course_examiner(assignment, SECRET).__enter__())
    return _auditors[root, name].audit(part, budget)
