"""nbgrader's gradebook and notebooks, written from reports. The only place that imports nbgrader.

    with GradebookWriter(root, assignment) as writer:
        writer.write(report, submitted_folder)

`nbgrader autograde` with this course's nbgrader_config.py writes the same (preprocessor.py): both ways go through
graded.py, and the tests compare their rows.
"""
