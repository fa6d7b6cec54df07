"""The scripts of datasets/scenes as modules, and a small set that they made."""

import sys
from pathlib import Path

import pytest

SCENES = Path(__file__).parents[2] / "datasets" / "scenes"


@pytest.fixture(scope="session")
def scripts():
    """An object with the modules `make`, `world` and `features`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCENES)
        patch.setenv("OMP_NUM_THREADS", "1")                # make.py would set it, and leave it set
        import make
        for name in ("make", "world", "features"):
            patch.delitem(sys.modules, name)                # nobody else shall find these names
        yield make


@pytest.fixture(scope="session")
def small(scripts, tmp_path_factory):
    """The folder of a set of 300 + 40 scenes."""
    folder = tmp_path_factory.mktemp("scenes") / "data"
    scripts.make(300, 40, folder)
    return folder
