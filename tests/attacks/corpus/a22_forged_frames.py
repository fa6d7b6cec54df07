"""Frames with the names of the grader's own files.

Tries: code compiled under another name makes the examiner show, open or blame files of its own.
Stopped by: only cells that the examiner named are frames of the student; the rest is left out.
"""

namespace = {}
exec(compile("def answer(x):\n    raise AssertionError('the grader is broken')", "/autograder/examine/session.py", "exec"), namespace)
answer = namespace["answer"]
