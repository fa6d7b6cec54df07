"""Ends the process with status 0 without a word.

Tries: os._exit(0), a grader that reads "exit 0" as "all passed".
Stopped by: the channel closes without an answer: RoomDied.
"""

import os


def answer(x):
    os._exit(0)
