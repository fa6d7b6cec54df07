"""Grades submissions: one at a time (grader.Grader) or a whole class (batch.grade_class)."""
