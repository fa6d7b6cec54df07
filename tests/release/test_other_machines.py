"""What is recorded here serves on every machine: last bits change no file, no verdict, no word and no hint."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from autograder.audit import messages
from autograder.errors import DataError
from autograder.examine import recorded
from autograder.release import build
from autograder.release.alike import differences
from tests.digits import without_digits

ROOT = Path(__file__).parents[2]
SCHEMES = {  # other kernels for the same sums, as other processors have them; a variable that nobody reads does no harm
    "plain": {"ATEN_CPU_CAPABILITY": "default", "OPENBLAS_CORETYPE": "Prescott", "OMP_NUM_THREADS": "1"},
    "threads": {"ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Zen", "OMP_NUM_THREADS": "4",
                "OPENBLAS_NUM_THREADS": "4", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}}


def other_bits(path: Path, seed: int) -> None:
    """What another machine may have computed: each real number off by a few units in the last place of the largest of
    its answer, or of the right one. Zeros and whole numbers are sums without rounding."""
    rng = np.random.default_rng(seed)

    def change(name, node):
        if not isinstance(node, h5py.Dataset) or node.dtype.kind != "f":
            return
        array = node[()]
        if (array != np.round(array)).any():
            scale = np.abs(array[np.isfinite(array)]).max(initial=node.parent.attrs.get("scale", 0.0))
            noise = 8 * np.finfo(array.dtype).eps * scale * rng.uniform(-1, 1, array.shape)
            node[...] = np.where(array == 0, array, array + noise)

    with h5py.File(path, "r+") as file:
        file.visititems(change)


def with_other_bits(assignment, folder: Path) -> Path:
    """The same handout, released on another machine."""
    handout = folder / assignment.name
    handout.mkdir()
    for path in assignment.handout.iterdir():
        (handout / path.name).write_bytes(path.read_bytes())
    other_bits(handout / "recorded.h5", 0)
    return handout


def test_last_bits_change_no_verdict_and_every_hint_is_earned(assignment, tmp_path, monkeypatch):
    """All known mistakes, against answers that were recorded elsewhere."""
    handout = with_other_bits(assignment, tmp_path)
    assert not differences(assignment.handout / "recorded.h5", handout / "recorded.h5")
    monkeypatch.setattr(type(assignment), "handout", property(lambda self: handout))
    page = without_digits(messages.page(assignment))
    assert page == without_digits(messages.path_of(assignment).read_text(encoding="utf-8"))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_kernels_record_the_same(assignment, scheme, tmp_path):
    """Also the freshness of what is committed: what this version records is what lies in assignments/. What a mistake
    answers by chance is recorded as it falls: that is found by recording twice."""
    code = ("import sys, numpy, torch; from pathlib import Path; from autograder.course import load_assignment\n"
            "from autograder.release.record import record\n"
            "assignment = load_assignment(sys.argv[1], Path(sys.argv[2]))\n"
            "for seed, path in enumerate(sys.argv[3:]):\n"
            "    numpy.random.seed(seed), torch.manual_seed(seed)\n"
            "    record(assignment, assignment.handout / 'checks.py', ('n', b''), Path(path))")
    new, again = tmp_path / "new.h5", tmp_path / "again.h5"
    subprocess.run([sys.executable, "-c", code, assignment.name, ROOT, new, again], check=True,
                   env=os.environ | SCHEMES[scheme], timeout=240)
    by_chance = {name.split("/")[1] for name in differences(new, again) if name.startswith("mistakes/")}
    told = [name for name in differences(assignment.handout / "recorded.h5", new)
            if not name.startswith("notebook") and (name.split("/")[1:2] or [""])[0] not in by_chance]
    assert not told, f"run `autograder release {assignment.name} --anew` and commit the result"


def test_the_same_sources_keep_their_recording(tiny):
    """Its numbers are not even compared; other prose changes the notebook in it, and nothing else."""
    build.release(tiny)
    path = tiny.handout / "recorded.h5"
    other_bits(path, 0)
    before = path.read_bytes()
    assert build.release(tiny) == [] and build.release(tiny, anew=True) == []
    build.verify(tiny)
    tiny.notebook.write_text(tiny.notebook.read_text(encoding="utf-8").replace("mean", "average", 1), encoding="utf-8")
    changed = type(tiny)(tiny.root, tiny.name)
    assert build.release(changed) == ["means.ipynb", "recorded.h5"]
    assert path.read_bytes() != before
    assert all("notebook" in name for name in differences(path, _written(tiny, before)))


def _written(assignment, content: bytes) -> Path:
    path = assignment.root / "before.h5"
    path.write_bytes(content)
    return path


def test_other_sources_are_recorded_again(tiny):
    build.release(tiny)
    tiny.checks.write_text(tiny.checks.read_text(encoding="utf-8").replace("size=(3, 5)", "size=(2, 5)"), encoding="utf-8")
    assert "recorded.h5" in build.release(type(tiny)(tiny.root, tiny.name))


def test_recordings_compare_by_what_numbers_can_tell(tmp_path):
    def write(name, *values):
        recorded.write(tmp_path / name, recorded.Header("source", {"part": frozenset({"f"})}, ("a.ipynb", b"{}")),
                       {"check": [("get f", np.array(value)) for value in values]}, {})
        return tmp_path / name

    one = write("a", [1.0, 2.0])
    assert not differences(one, write("b", [1.0, 2.0 + 1e-14]))
    assert differences(one, write("c", [1.0, 2.1])) == ["answers/check/0000/0"]
    assert differences(one, write("d", [1, 2])) and differences(one, write("e", [1.0, 2.0], [1.0]))
    single = write("f", np.array([1, 2], np.float32))
    assert not differences(single, write("g", np.array([1, 2 + 6e-7], np.float32)))
    assert not differences(write("h", [3.0], [1e-15]), write("i", [3.0], [-4e-16]))  # both are rounding
    assert differences(write("j", [1e-14], [1e-15]), write("k", [1e-14], [-4e-16]))


def test_a_numpy_that_draws_other_numbers_is_named(tiny, monkeypatch):
    """Checks draw their inputs anew: under another generator the recorded answers are those to other questions."""
    build.release(tiny)
    monkeypatch.setattr(recorded, "draws", lambda: "others")
    with pytest.raises(DataError, match="(?s)draws others.*install the NumPy that constraints.txt names"):
        recorded.Recording(tiny.handout / "recorded.h5")
