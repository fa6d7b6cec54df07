"""Grades out: CSV files for nbgrader's readers, Canvas and Moodle, and an autograder for Gradescope."""
