"""What an expression or an exception shows is rewritten.

Tries: sys.displayhook, sys.excepthook, sys.unraisablehook and an audit hook turn failures into marks.
Stopped by: none of them is asked; a verdict is no text.
"""

import sys


def shown(*ignored):
    print("7.0")


sys.displayhook = sys.excepthook = sys.unraisablehook = shown
sys.addaudithook(lambda event, args: shown() if event == "import" else None)
__builtins__.__class__.__getattribute__


def answer(x):
    raise AssertionError("7.0")
