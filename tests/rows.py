"""The contents of a gradebook (SQLite), to compare: ids are random, so rows are told by names."""

import sqlite3
from pathlib import Path

# Every column that means something.
QUERIES = {
    "assignments": "SELECT name, duedate, course_id FROM assignment",
    "notebooks": "SELECT n.name, a.name, kernelspec FROM notebook n JOIN assignment a ON a.id = n.assignment_id",
    "grade cells": "SELECT b.name, b.type, max_score, cell_type FROM grade_cells g JOIN base_cell b ON b.id = g.id",
    "solution cells": "SELECT b.name, b.type FROM solution_cells s JOIN base_cell b ON b.id = s.id",
    "source cells": "SELECT name, cell_type, locked, source, checksum FROM source_cell",
    "students": "SELECT id, first_name, last_name, email FROM student",
    "submissions": "SELECT student_id, timestamp, extension FROM submitted_assignment",
    "penalties": "SELECT student_id, late_submission_penalty, flagged FROM submitted_notebook n "
                 "JOIN submitted_assignment s ON s.id = n.assignment_id",
    "grades": "SELECT student_id, b.name, auto_score, manual_score, extra_credit, needs_manual_grade FROM grade g "
              "JOIN base_cell b ON b.id = g.cell_id JOIN submitted_notebook n ON n.id = g.notebook_id "
              "JOIN submitted_assignment s ON s.id = n.assignment_id",
    "comments": "SELECT student_id, b.name, auto_comment, manual_comment FROM comment c "
                "JOIN base_cell b ON b.id = c.cell_id JOIN submitted_notebook n ON n.id = c.notebook_id "
                "JOIN submitted_assignment s ON s.id = n.assignment_id",
    "version": "SELECT version_num FROM alembic_version",
}


def rows(root: Path) -> dict[str, list]:
    with sqlite3.connect(root / "gradebook.db") as connection:
        return {name: sorted(connection.execute(query), key=repr) for name, query in QUERIES.items()}
