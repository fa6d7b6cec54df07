"""Makes every clock stand still.

Tries: a grader that measures time in the student's process sees none pass.
Stopped by: deadlines and processor time are measured outside.
"""

import time

began = time.monotonic()
real = time.monotonic
time.time = time.perf_counter = time.monotonic = time.process_time = lambda: 0.0


def answer(x):
    while real() - began < 100:
        pass
    return 2 * x
