"""autograder.lab.data: CS231n's functions on both data sets, and what they say without files."""

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pytest

import autograder.lab
from autograder.errors import DataError
from autograder.lab import data as module
from autograder.lab.data import (
    decode_captions,
    find_data,
    image_from_url,
    load_coco_data,
    load_spatial_features,
    sample_coco_minibatch,
    scene_of,
)
from autograder.lab.truth import is_true

KEYS = {"train_captions", "train_image_idxs", "train_features", "train_urls",
        "val_captions", "val_image_idxs", "val_features", "val_urls", "idx_to_word", "word_to_idx"}


def told(data: dict) -> dict:
    return {key: (value.shape, value.dtype) for key, value in data.items() if isinstance(value, np.ndarray)}


def test_coco_has_its_keys_shapes_and_types(coco_folder):
    data = load_coco_data(base_dir=coco_folder)
    assert set(data) == KEYS
    assert told(data) == {
        "train_captions": ((61, 17), np.int32), "train_image_idxs": ((61,), np.int32),
        "val_captions": ((34, 17), np.int32), "val_image_idxs": ((34,), np.int32),
        "train_features": ((12, 512), np.float32), "val_features": ((7, 512), np.float32),
        "train_urls": ((12,), data["train_urls"].dtype), "val_urls": ((7,), data["val_urls"].dtype)}
    assert data["train_urls"].dtype.kind == "U"
    assert type(data["idx_to_word"]) is list and len(data["idx_to_word"]) == 1004
    assert type(data["word_to_idx"]) is dict and data["word_to_idx"]["<UNK>"] == 3
    assert all(type(array) is np.ndarray for array in data.values() if hasattr(array, "dtype"))


def test_coco_without_pca(coco_folder):
    data = load_coco_data(coco_folder, pca_features=False)
    assert data["train_features"].shape == (12, 4096) and data["val_features"].shape == (7, 4096)


def test_the_scenes_have_the_same_keys(scenes_folder):
    data = load_coco_data(scenes_folder)
    assert set(data) == KEYS
    assert data["train_captions"].shape == (300, 15) and data["train_features"].shape == (60, 256)
    assert load_coco_data(scenes_folder, pca_features=False)["val_features"].shape == (30, 864)


def test_values_are_those_of_the_files(coco_folder):
    data = load_coco_data(coco_folder)
    with h5py.File(coco_folder / "coco2014_captions.h5") as file:
        for key in file:
            np.testing.assert_array_equal(data[key], file[key][()])
    with h5py.File(coco_folder / "val2014_vgg16_fc7_pca.h5") as file:
        np.testing.assert_array_equal(data["val_features"], file["features"][()])


def test_compressed_files_are_read_too(coco_folder, tmp_path):
    folder = tmp_path / "packed"
    shutil.copytree(coco_folder, folder)
    features = load_coco_data(coco_folder)["val_features"]
    with h5py.File(folder / "val2014_vgg16_fc7_pca.h5", "w") as file:
        file.create_dataset("features", data=features, compression="gzip")
    np.testing.assert_array_equal(load_coco_data(folder)["val_features"], features)


def test_large_arrays_are_mapped_and_writing_never_reaches_the_file(coco_folder):
    before = (coco_folder / "train2014_vgg16_fc7_pca.h5").read_bytes()
    features = load_coco_data(coco_folder)["train_features"]
    assert isinstance(features.base, np.memmap)
    features += 1                                           # as in: subtract the mean
    assert (coco_folder / "train2014_vgg16_fc7_pca.h5").read_bytes() == before
    assert load_coco_data(coco_folder)["train_features"][0, 0] == np.float32(features[0, 0] - 1)


def test_max_train_draws_captions_as_cs231n_does(coco_folder):
    whole = load_coco_data(coco_folder)
    np.random.seed(231)
    data = load_coco_data(coco_folder, max_train=50)
    np.random.seed(231)
    chosen = np.random.randint(61, size=50)
    np.testing.assert_array_equal(data["train_captions"], whole["train_captions"][chosen])
    np.testing.assert_array_equal(data["train_image_idxs"], whole["train_image_idxs"][chosen])
    assert data["train_features"].shape == (12, 512) and data["val_captions"].shape == (34, 17)


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_minibatch_is_drawn_as_cs231n_does(coco_folder, split):
    data = load_coco_data(coco_folder)
    np.random.seed(7)
    captions, features, urls = sample_coco_minibatch(data, batch_size=5, split=split)
    np.random.seed(7)
    chosen = np.random.choice(len(data[f"{split}_captions"]), 5)
    pictures = data[f"{split}_image_idxs"][chosen]
    np.testing.assert_array_equal(captions, data[f"{split}_captions"][chosen])
    np.testing.assert_array_equal(features, data[f"{split}_features"][pictures])
    np.testing.assert_array_equal(urls, data[f"{split}_urls"][pictures])
    assert captions.dtype == np.int32 and features.dtype == np.float32


def test_a_minibatch_has_a_hundred_training_captions_by_default(scenes_folder):
    captions, features, urls = sample_coco_minibatch(load_coco_data(scenes_folder))
    assert captions.shape == (100, 15) and features.shape == (100, 256)
    assert urls[0].startswith("scenes://train/")


def test_spatial_features_take_the_place_of_the_global_ones(scenes_folder):
    data = load_coco_data(scenes_folder)
    data["train_features"] = load_spatial_features("train")
    assert data["train_features"].shape == (60, 36, 108) and data["train_features"].dtype == np.float16
    features = sample_coco_minibatch(data, 4)[1]
    assert features.shape == (4, 36, 108) and features.dtype == np.float32
    assert load_spatial_features("val", base_dir=scenes_folder).shape == (30, 36, 108)


def test_decode_captions():
    words = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "cat"]
    assert decode_captions(np.array([1, 4, 5, 2, 0, 0]), words) == "<START> a cat <END>"
    assert decode_captions(np.array([[4, 5, 2, 5], [4, 0, 5, 0]]), words) == ["a cat <END>", "a cat"]
    assert decode_captions([[3, 2]], words) == ["<UNK> <END>"]


def test_decode_captions_of_a_tensor():
    torch = pytest.importorskip("torch")
    assert decode_captions(torch.tensor([[1, 4, 2]]), ["<NULL>", "<START>", "<END>", "<UNK>", "a"]) == \
        ["<START> a <END>"]


def test_an_address_leads_to_its_picture_and_its_scene(scenes_folder):
    data = load_coco_data(scenes_folder)
    with h5py.File(scenes_folder / "val2014_images.h5") as file:
        np.testing.assert_array_equal(image_from_url(data["val_urls"][17]), file["images"][17])
    for caption, picture in zip(data["val_captions"], data["val_image_idxs"]):
        assert is_true(caption, scene_of(data["val_urls"][picture]))
    picture = image_from_url(data["val_urls"][17])
    picture[:] = 0                                          # a picture is the caller's own
    assert image_from_url(data["val_urls"][17]).any()


def test_addresses_belong_to_the_folder_loaded_last(scenes_folder, coco_folder):
    assert image_from_url("scenes://val/000000", base_dir=scenes_folder).shape == (48, 48, 3)
    load_coco_data(coco_folder)
    with pytest.raises(DataError, match="no such file in"):
        image_from_url("scenes://val/000000")


@pytest.mark.parametrize("url", ["scenes://test/000001", "scenes://val/x", "scenes://val/", "scenes://val/-1",
                                 "", "http://a/val/3"])
def test_an_address_that_is_none_is_named(scenes_folder, url):
    load_coco_data(scenes_folder)
    with pytest.raises(DataError) as raised:
        scene_of(url)
    assert str(raised.value).splitlines() == [
        "the address of a scene, like scenes://train/000123", repr(url),
        "hint: take addresses from data['train_urls'] or data['val_urls']"]


def test_an_address_beyond_the_set_is_named(scenes_folder):
    load_coco_data(scenes_folder)
    with pytest.raises(DataError, match="the scene scenes://val/000030\n30 scenes in"):
        image_from_url("scenes://val/000030")


def test_a_picture_of_the_network():
    from PIL import Image
    coded = BytesIO()
    Image.new("L", (5, 3), 9).save(coded, "png")            # grey: comes back with three channels

    class Host(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/a.png" else 404)
            self.end_headers()
            self.wfile.write(coded.getvalue() if self.path == "/a.png" else b"")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Host) as host:
        threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        address = f"http://127.0.0.1:{host.server_port}"
        picture = image_from_url(f"{address}/a.png")
        with pytest.raises(DataError, match="HTTPError: Not Found"):
            image_from_url(f"{address}/gone.png")
        host.shutdown()
    np.testing.assert_array_equal(picture, np.full((3, 5, 3), 9, np.uint8))
    with pytest.raises(DataError) as raised:
        image_from_url(f"{address}/a.png")
    lines = str(raised.value).splitlines()
    assert lines[0] == f"the picture at {address}/a.png" and "refused" in lines[1] and "scenes" in lines[2]


def test_the_default_is_the_scenes_of_a_folder_above(scenes_folder, tmp_path, monkeypatch):
    shutil.copytree(scenes_folder, tmp_path / "datasets" / "scenes" / "data")
    deep = tmp_path / "assignments" / "rnn"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_data() == (tmp_path / "datasets" / "scenes" / "data").resolve()
    assert len(load_coco_data()["train_urls"]) == 60


def test_the_environment_names_a_folder_or_a_set(scenes_folder, coco_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_DATA", str(coco_folder))
    assert find_data() == coco_folder.resolve()
    assert find_data(scenes_folder) == scenes_folder.resolve()            # what the call says goes first
    shutil.copytree(coco_folder, tmp_path / "datasets" / "coco" / "data")
    monkeypatch.setenv("AUTOGRADER_DATA", "coco")
    assert find_data() == (tmp_path / "datasets" / "coco" / "data").resolve()


def test_missing_data_names_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "package" / "data.py"))
    with pytest.raises(DataError) as raised:
        load_coco_data()
    assert str(raised.value).splitlines() == [
        "the captioning data `scenes`",
        f"no coco2014_captions.h5 in {tmp_path / 'scenes'} or in datasets/scenes/data of a folder above",
        "hint: make the scenes: `python datasets/scenes/make.py` in the folder of the project "
        "(seconds, offline); or name another folder by AUTOGRADER_DATA or base_dir"]
    monkeypatch.setenv("AUTOGRADER_DATA", "/nowhere")
    with pytest.raises(DataError, match="the captioning data `/nowhere`, which AUTOGRADER_DATA names"):
        load_coco_data()
    with pytest.raises(DataError, match="datasets/coco/get.sh"):
        load_coco_data("coco")
    with pytest.raises(DataError, match=f"no coco2014_captions.h5 in {tmp_path}/a/b\nhint"):
        load_coco_data(tmp_path / "a" / "b")


@pytest.mark.parametrize("name", ["train2014_vgg16_fc7_pca.h5", "val2014_urls.txt", "coco2014_vocab.json"])
def test_a_missing_file_is_named(coco_folder, tmp_path, name):
    shutil.copytree(coco_folder, tmp_path / "data")
    (tmp_path / "data" / name).unlink()
    with pytest.raises(DataError) as raised:
        load_coco_data(tmp_path / "data")
    assert name in str(raised.value) and len(str(raised.value).splitlines()) == 3


def test_damaged_files_are_named(coco_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(coco_folder, folder)
    (folder / "coco2014_vocab.json").write_text("{")
    with pytest.raises(DataError, match="damaged or foreign"):
        load_coco_data(folder)
    os.truncate(folder / "train2014_vgg16_fc7_pca.h5", 5000)
    with pytest.raises(DataError, match="`features` from .*fc7_pca.h5\na damaged or foreign file"):
        load_coco_data(folder)
    with h5py.File(folder / "coco2014_captions.h5", "w") as file:
        file["something"] = 1
    with pytest.raises(DataError, match="`train_captions` from"):
        load_coco_data(folder)


def test_the_import_of_the_package_is_light_and_every_name_is_there():
    program = ("import sys, autograder.lab; "
               "assert not {'torch', 'matplotlib', 'pytest', 'numpy', 'h5py'} & set(sys.modules)")
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(root)}, capture_output=True,
                         text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert all(callable(getattr(autograder.lab, name)) for name in autograder.lab.__all__)
    assert set(autograder.lab.__all__) <= set(dir(autograder.lab))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        autograder.lab.nothing  # noqa: B018


def test_loading_data_needs_neither_torch_nor_matplotlib(scenes_folder):
    program = ("import sys; from autograder.lab import load_coco_data, is_true; "
               "load_coco_data(sys.argv[1]); "
               "assert not {'torch', 'matplotlib', 'pytest', 'scipy'} & set(sys.modules)")
    ran = subprocess.run([sys.executable, "-c", program, str(scenes_folder)], capture_output=True, text=True,
                         env={"PYTHONPATH": str(Path(__file__).parents[2])}, timeout=60)
    assert ran.returncode == 0, ran.stderr
