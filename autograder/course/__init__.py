"""Reads the course: solutions/<assignment>/ with its notebook, checks and mistakes."""

from autograder.course.assignment import Assignment, assignment_names, find_root, load_assignment
from autograder.course.plan import Check, Part, Plan, read_plan
from autograder.course.source import Cell

__all__ = ["Assignment", "Cell", "Check", "Part", "Plan", "assignment_names", "find_root", "load_assignment",
           "read_plan"]
