"""Miniatures of both data sets: the scenes as make.py writes them, and COCO with its keys and 1004 words."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.kernel import Kernel

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def scenes_folder(tmp_path_factory) -> Path:
    """60 + 30 scenes."""
    folder = tmp_path_factory.mktemp("scenes")
    script = ROOT / "datasets" / "scenes" / "make.py"
    made = subprocess.run([sys.executable, script, "--train", "60", "--val", "30", "--out", folder],
                          env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def coco_folder(tmp_path_factory) -> Path:
    """12 + 7 pictures in the layout of COCO: 17 words, 1004 in the vocabulary, 512 or 4096 features."""
    folder, rng = tmp_path_factory.mktemp("coco"), np.random.default_rng(0)
    with h5py.File(folder / "coco2014_captions.h5", "w") as file:
        for split, pictures, captions in (("train", 12, 61), ("val", 7, 34)):
            told = rng.integers(4, 1004, (captions, 17)).astype(np.int32)
            told[:, 0], told[:, 11], told[:, 12:] = 1, 2, 0
            file[f"{split}_captions"] = told
            file[f"{split}_image_idxs"] = rng.integers(0, pictures, captions).astype(np.int32)
            urls = [f"http://farm5.staticflickr.com/{rng.integers(10**9)}_z.jpg" for _ in range(pictures)]
            (folder / f"{split}2014_urls.txt").write_text("\n".join(urls))
            for kind, width in (("vgg16_fc7_pca", 512), ("vgg16_fc7", 4096)):
                with h5py.File(folder / f"{split}2014_{kind}.h5", "w") as features:
                    features["features"] = rng.standard_normal((pictures, width)).astype(np.float32)
    words = ["<NULL>", "<START>", "<END>", "<UNK>", *(f"word{index}" for index in range(4, 1004))]
    (folder / "coco2014_vocab.json").write_text(json.dumps(
        {"idx_to_word": words, "word_to_idx": {word: index for index, word in enumerate(words)}}))
    return folder


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path, monkeypatch):
    """No data set of this machine is found by accident, and none is remembered from another test."""
    from autograder.lab import data
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_DATA", raising=False)
    monkeypatch.setattr(data, "_latest", None)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    opened = Kernel(tmp_path_factory.mktemp("kernel"))
    yield opened
    opened.close()
