"""What several tests of interruptions share."""

import pytest

from tests.interrupted import Uninterrupted


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory) -> Uninterrupted:
    return Uninterrupted(tmp_path_factory.mktemp("uninterrupted"))
