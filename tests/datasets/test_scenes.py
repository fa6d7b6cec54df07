"""datasets/scenes: what is made is always the same, complete or absent, and what README.md says."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from autograder.errors import DataError
from autograder.lab.truth import LONGEST, WORDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "datasets" / "scenes" / "README.md").read_text(encoding="utf-8")


def run(*options: str) -> subprocess.CompletedProcess:
    script = ROOT / "datasets" / "scenes" / "make.py"
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    return subprocess.run([sys.executable, script, *map(str, options)], env=surroundings, capture_output=True,
                          text=True, timeout=60)


def arrays(folder: Path) -> dict[str, np.ndarray]:
    found = {}
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as file:
            found |= {f"{path.name}:{name}": file[name][()] for name in file}
    return found


def test_scenes_captions_and_pictures_are_the_ones_of_the_readme(scripts):
    """The whole default set: nothing of it depends on the machine."""
    world = scripts.world
    scenes = world.make_scenes(5000, 600)
    told, drawn = [], []
    for split in world.SPLITS:
        told += [world.scene_array(scenes[split]), *world.make_captions(scenes[split], split)]
        drawn += [np.stack(list(world.pictures(scenes[split], split)))]
    assert f"captions sha256   {scripts.digest(*told)}" in README
    assert f"images sha256     {scripts.digest(*drawn)}" in README


def test_two_runs_with_other_thread_counts_write_the_same_bytes(small, tmp_path):
    made = run("--train", 300, "--val", 40, "--out", tmp_path / "again")
    assert made.returncode == 0, made.stderr
    for path in small.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_names_shapes_and_types_are_those_of_coco(small):
    told = {name: (array.shape, array.dtype.name) for name, array in arrays(small).items()}
    expected = {"coco2014_captions.h5:train_captions": ((1500, LONGEST), "int32"),
                "coco2014_captions.h5:train_image_idxs": ((1500,), "int32"),
                "coco2014_captions.h5:val_captions": ((200, LONGEST), "int32"),
                "coco2014_captions.h5:val_image_idxs": ((200,), "int32")}
    for split, count in (("train", 300), ("val", 40)):
        expected |= {f"{split}2014_vgg16_fc7.h5:features": ((count, 864), "float32"),
                     f"{split}2014_vgg16_fc7_pca.h5:features": ((count, 256), "float32"),
                     f"{split}2014_spatial.h5:features": ((count, 36, 108), "float16"),
                     f"{split}2014_images.h5:images": ((count, 48, 48, 3), "uint8"),
                     f"{split}2014_images.h5:scenes": ((count, 3, 3), "int8")}
    assert told == expected
    words = json.loads((small / "coco2014_vocab.json").read_text())
    assert words["idx_to_word"] == list(WORDS)
    assert words["idx_to_word"][:4] == ["<NULL>", "<START>", "<END>", "<UNK>"]
    assert all(words["idx_to_word"][index] == word for word, index in words["word_to_idx"].items())
    assert (small / "val2014_urls.txt").read_text().split()[-1] == "scenes://val/000039"
    assert all(np.isfinite(array).all() for array in arrays(small).values())


def test_captions_begin_end_and_are_padded(small):
    captions = arrays(small)["coco2014_captions.h5:train_captions"]
    lengths = (captions != 0).sum(1)
    assert (captions[:, 0] == 1).all() and lengths.max() == LONGEST
    assert (captions[np.arange(len(captions)), lengths - 1] == 2).all()
    assert all((row[length:] == 0).all() for row, length in zip(captions, lengths))


def test_val_scenes_of_several_objects_never_occur_in_train(scripts):
    scenes = scripts.world.make_scenes(5000, 600)
    assert not {scene for scene in scenes["val"] if len(scene) > 1} & set(scenes["train"])


def test_a_larger_train_split_changes_nothing_else(scripts):
    small, large = scripts.world.make_scenes(50, 20), scripts.world.make_scenes(80, 20)
    assert small["val"] == large["val"] and small["train"] == large["train"][:50]


def test_no_two_objects_of_a_scene_are_alike(scripts):
    scenes = scripts.world.make_scenes(500, 100)["train"]
    assert {len(scene) for scene in scenes} == {1, 2, 3}
    for scene in scenes:
        cells = [thing.cell for thing in scene]
        assert cells == sorted(set(cells)) and len({thing.kind for thing in scene}) == len(scene)


def test_each_object_is_painted_in_its_cell_and_in_its_colour(scripts, small):
    world, held = scripts.world, arrays(small)
    scenes = world.make_scenes(300, 40)["val"]
    for picture, scene in zip(held["val2014_images.h5:images"].astype(float), scenes):
        for thing in scene:
            cell = picture[16 * thing.row:16 * thing.row + 16, 16 * thing.column:16 * thing.column + 16]
            away = np.abs(cell - world.PAINT[thing.colour]).max(2)
            assert (away <= 20).sum() >= 25, thing          # the smallest shape fills a quarter of its cell


def test_features_tell_what_is_where(scripts, small):
    held = arrays(small)
    regions = {split: held[f"{split}2014_spatial.h5:features"] for split in ("train", "val")}
    scenes = {split: held[f"{split}2014_images.h5:scenes"] for split in ("train", "val")}
    assert scripts.features.probe(regions, scenes) > 0.93   # from 300 pictures; README.md: from 5,000
    features = held["train2014_vgg16_fc7_pca.h5:features"]
    assert np.abs(features.mean(0)).max() < 0.01 and 0.5 < features.std() < 1.01


def test_regions_lie_in_rows_and_the_last_channels_say_where(small):
    regions = arrays(small)["val2014_spatial.h5:features"]
    sine_x, sine_y = regions[0, :, 96].reshape(6, 6), regions[0, :, 102].reshape(6, 6)
    assert (sine_x == sine_x[:1]).all() and (sine_y == sine_y[:, :1]).all()
    assert (regions[..., 96:] == regions[:1, :, 96:]).all()
    assert len(np.unique(regions[0, :, 96:], axis=0)) == 36


def test_convolution_equals_the_written_out_sum(scripts):
    rng = np.random.default_rng(0)
    x, filters = rng.standard_normal((2, 5, 7, 3)), rng.standard_normal((3 * 3 * 3, 4))
    got = scripts.features.convolve(x, filters, 3)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    want = [[[padded[n, i:i + 3, j:j + 3].ravel() @ filters for j in range(7)] for i in range(5)]
            for n in range(2)]
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_it_rests_when_the_data_is_complete_and_works_when_it_is_not(small, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    options = ("--train", 300, "--val", 40, "--out", folder)
    assert "complete" in run(*options).stdout
    assert before == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    with open(folder / "val2014_spatial.h5", "ab") as file:
        file.write(b"!")
    assert run(*options).stdout.startswith("made 300 + 40 scenes")
    assert (folder / "val2014_spatial.h5").read_bytes() == (small / "val2014_spatial.h5").read_bytes()


def test_force_and_another_size_make_it_anew(small, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    options = ("--train", 30, "--val", 10, "--out", folder)
    assert run(*options).stdout.startswith("made 30 + 10 scenes")
    assert run(*options, "--force").stdout.startswith("made 30 + 10 scenes")
    assert not list(folder.glob(".*"))


def test_check_measures_what_the_readme_claims(small):
    told = run("--train", 300, "--val", 40, "--out", small, "--check").stdout
    assert "reference captions that are true: 1700 of 1700; with one word changed: 0 of 1700" in told
    assert re.search(r"linear probe of a cell: 9\d\.\d\d%", told)


def test_an_interrupted_run_leaves_the_old_files(scripts, small, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "Can't write data\nmore about it")     # HDF5 says it in several lines
    monkeypatch.setattr(scripts, "write", full)
    with pytest.raises(DataError) as raised:
        scripts.make(20, 10, folder)
    assert str(raised.value).splitlines() == [
        f"20 + 10 scenes in {folder}", "No space left on device",
        "hint: check that the folder may be written and the disk has room, "
        "or choose another folder with --out DIR"]
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_too_little_room_is_said_first(scripts, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 5, 5))
    with pytest.raises(DataError, match="0 MB are free on that disk and 1 MB needed"):
        scripts.make(20, 10, tmp_path / "data")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    made = run("--train", 20, "--val", 10, "--out", tmp_path / "file" / "data")
    assert made.returncode == 1 and len(made.stderr.splitlines()) == 3
    assert "Not a directory" in made.stderr and "hint: " in made.stderr


@pytest.mark.parametrize("options", [("--train", "0"), ("--val", "-3"), ("--train", "many")])
def test_a_senseless_size_is_refused(options, tmp_path):
    assert run(*options, "--out", tmp_path).returncode == 2


def test_a_python_without_the_packages_is_sent_to_setup():
    script = ROOT / "datasets" / "scenes" / "make.py"
    made = subprocess.run([sys.executable, "-I", "-S", script], capture_output=True, text=True, timeout=60)
    assert made.returncode == 1
    assert re.fullmatch(r"the scenes\nthis Python \(.*\) has no module `h5py`\nhint: run ./setup.sh, .*\n",
                        made.stderr)
