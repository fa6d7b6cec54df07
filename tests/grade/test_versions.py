"""What a worker imports before its first submission."""

import subprocess
import sys

PUT_OFF = """
import sys
from autograder.grade.versions import load
load(["json.decoder", "a_package_that_nobody_has", "matplotlib.pyplot"])
assert "json.decoder" in sys.modules
import matplotlib.pyplot as plt
assert not hasattr(plt, "__wrapped__")  # what looks through all modules asks for such names
assert "matplotlib.figure" not in sys.modules, "it was imported though nobody draws"
figure, axes = plt.subplots()
import matplotlib.pyplot as again
assert again.gcf() is figure and plt.gcf() is figure
"""


def test_what_draws_is_imported_when_somebody_draws():
    done = subprocess.run([sys.executable, "-c", PUT_OFF], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_it_nothing_is_put_off():
    program = "import sys\nsys.modules['matplotlib'] = None\n" \
              "from autograder.grade.versions import load\nload(['matplotlib.pyplot'])\nassert 'matplotlib.pyplot' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
