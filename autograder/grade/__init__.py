"""Grades submissions: one at a time (Grader) or a whole class (grade_class)."""

from autograder.grade.grader import Grader

__all__ = ["Grader"]
