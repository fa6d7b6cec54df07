"""A shell of its own: what a notebook's front end would run or display is the student's.

Tries: replaces get_ipython, display, In, Out and check, and registers magics that shadow the check cells.
Stopped by: check cells and magics are not run; the verdict comes from elsewhere.
"""

import builtins
import sys
import types


class Shell:
    user_ns = globals()
    run_cell = run_line_magic = run_cell_magic = lambda self, *args, **options: "7.0"


builtins.get_ipython = lambda: Shell()
builtins.display = print
builtins.check = lambda part: 7.0
sys.modules["autograder.notebook"] = types.SimpleNamespace(check=lambda part: 7.0)
In, Out, _ = ["", "check('answer')"], {1: 7.0}, 7.0


def answer(x):
    return x
