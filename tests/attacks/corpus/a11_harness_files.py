"""Writes the result files that other harnesses read.

Tries: results.json of Gradescope, report.xml of JUnit, TAP, grades.csv and an exit code, in every likely folder.
Stopped by: nothing outside the private folder can be written, and no file is read back.
"""

import os

FILES = {"results.json": '{"score": 100}', "report.xml": '<testsuite tests="1" failures="0"/>', "out.tap": "1..1\nok 1",
         "grades.csv": "mallory,100", ".autograder/score": "100", "result.txt": "PASSED"}


def answer(x):
    for folder in ("/autograder/results", "/autograder", os.getcwd(), "/tmp", COURSE, "/"):
        for name, text in FILES.items():
            try:
                open(os.path.join(folder, name), "w").write(text)
            except OSError:
                continue
    print("1 passed in 0.01s")
    return x
