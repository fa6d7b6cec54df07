"""Audits assignments part by part, and their notebooks as a whole, in parallel."""

import multiprocessing
import os
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from autograder.audit.parts import PartAudit, PartAuditor
from autograder.audit.whole import WholeRun, run_whole
from autograder.course.assignment import Assignment, load_assignment
from autograder.examine.open import course_examiner

SECRET = b"audit"  # the hidden checks need some secret; any will do


def audit(assignments: list[Assignment], budget: int | None = None, jobs: int | None = None,
          on_done: Callable[[str], None] = lambda what: None,
          only: Collection[str] = ()) -> tuple[list[PartAudit], list[WholeRun]]:
    """The audits of all parts, or of those named in `only`, in order; and unless some are named, each notebook run from
    top to bottom. `budget`: mutants tried per part (None: all); on_done: told what was done.
    """
    parts = [(each.root, each.name, part.name) for each in assignments for part in each.plan.parts
             if not only or part.name in only]
    notebooks = [] if only else [(each.root, each.name) for each in assignments]
    with ProcessPoolExecutor(min(jobs or os.cpu_count() or 1, max(len(parts), 1)),
                             mp_context=multiprocessing.get_context("spawn")) as pool:
        wholes = [pool.submit(_run_whole, *notebook) for notebook in notebooks]  # first: they take longest
        futures = [pool.submit(_audit_part, *part, budget) for part in parts]
        for future in as_completed([*wholes, *futures]):
            result = future.result()
            on_done(result.part if isinstance(result, PartAudit) else f"{result.assignment}, its notebook")
        return [future.result() for future in futures], [future.result() for future in wholes]


def steps(assignments: list[Assignment], only: Collection[str] = ()) -> int:
    """How often `on_done` will be called."""
    return len(only) or sum(len(each.plan.parts) + 1 for each in assignments)


def _run_whole(root: Path, name: str) -> WholeRun:
    """In a worker: what was found, without the notebook and its pictures."""
    return replace(run_whole(load_assignment(name, root)), notebook=None)


_auditors: dict[tuple[Path, str], PartAuditor] = {}


def _audit_part(root: Path, name: str, part: str, budget: int | None) -> PartAudit:
    """In a worker: its auditors stay open for the process's life."""
    if (root, name) not in _auditors:
        assignment = load_assignment(name, root)
        _auditors[root, name] = PartAuditor(assignment, course_examiner(assignment, SECRET).__enter__())
    return _auditors[root, name].audit(part, budget)
