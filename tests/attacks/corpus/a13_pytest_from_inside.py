"""Speaks to pytest from inside the test.

Tries: pytest.skip, pytest.exit, patched reports and PYTEST_CURRENT_TEST.
Stopped by: pytest runs in another process; here its exceptions are exceptions, or it is not installed.
"""

import os


def answer(x):
    os.environ["PYTEST_CURRENT_TEST"] = "passed"
    import _pytest.reports
    import pytest

    _pytest.reports.BaseReport.passed = True
    pytest.skip("nothing to see", allow_module_level=True)
