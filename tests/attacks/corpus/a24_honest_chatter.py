"""An honest answer in a talkative notebook.

Not an attack: logging, prints, plots that are not there and an unused import must not cost a point.
Expected: right
"""

import logging
import sys

import a_package_that_is_not_installed

logging.basicConfig(level=logging.DEBUG)
logging.error("this is on stderr")
print("x" * 100_000)
sys.stderr.write("Warning: deprecated\n")


def answer(x):
    logging.warning("called with %s", x)
    x *= 2  # in place
    return x
