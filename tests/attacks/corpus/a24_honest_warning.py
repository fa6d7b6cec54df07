"""An honest answer that warns.

Not an attack: warnings on stderr must not cost a point, though nbgrader scores a cell with stderr as zero.
Expected: right
"""

import sys
import warnings


def answer(x):
    warnings.warn("this is only a warning")
    print("and this is on stderr", file=sys.stderr)
    return 2 * x
