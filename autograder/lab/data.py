"""Captioning data for notebooks, with CS231n's functions, names and keys.

The files are the generated scenes (`datasets/scenes`) or COCO itself (`datasets/coco`): one layout, one code.
Large arrays are memory-mapped: they cost nothing until they are read, and writing into them changes the
memory, never the file.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np

from autograder.errors import DataError
from autograder.lab.truth import COLOURS, SHAPES, Scene, Thing

_CAPTIONS = "coco2014_captions.h5"
_HINT = ("make the scenes: `python datasets/scenes/make.py` in the folder of the project (seconds, offline); "
         "or name another folder by AUTOGRADER_DATA or base_dir")
_COCO_HINT = "`bash datasets/coco/get.sh` fetches COCO (1 GB); the scenes need no network"
_latest: Path | None = None                # the folder loaded last: where scenes:// addresses are looked up


def find_data(base_dir: str | os.PathLike | None = None) -> Path:
    """The folder that holds the captioning files.

    `base_dir` is a folder, or the name of a data set ("scenes", "coco").  By default it is the folder that
    the environment variable AUTOGRADER_DATA names, else the scenes.  `datasets/<name>/data` is looked for
    upward from the current folder and then from this package.  Raises DataError when there is no such folder.
    """
    asked = base_dir or os.environ.get("AUTOGRADER_DATA") or "scenes"
    places = [Path(asked).expanduser()]
    if len(places[0].parts) == 1:
        starts = (Path.cwd(), Path(__file__).resolve().parent)
        places += [folder / "datasets" / asked / "data"
                   for start in starts for folder in (start, *start.parents)]
    for place in places:
        if (place / _CAPTIONS).is_file():
            return place.resolve()
    source = ", which AUTOGRADER_DATA names" if not base_dir and asked != "scenes" else ""
    above = f" or in datasets/{asked}/data of a folder above" if len(places) > 1 else ""
    found = f"no {_CAPTIONS} in {places[0].absolute()}{above}"
    raise DataError(f"the captioning data `{asked}`{source}", found,
                    _COCO_HINT if asked == "coco" else _HINT)


def load_coco_data(base_dir: str | os.PathLike | None = None, max_train: int | None = None,
                   pca_features: bool = True) -> dict:
    """Load the captions, the global features, the vocabulary and the addresses of the pictures.

    base_dir: a folder or a data set's name, see `find_data`.
    max_train: keep this many random training captions (drawn with replacement from NumPy's global generator).
    pca_features: the features after PCA (D = 256 for the scenes, 512 for COCO), else before (864, 4096).

    Returns a dictionary, for split in train, val: `{split}_captions` (M, T) int32, `{split}_image_idxs` (M,)
    int32, `{split}_features` (N, D) float32, `{split}_urls` (N,) str; and `idx_to_word`, `word_to_idx`.
    Raises DataError, naming the file, when one is missing or damaged.
    """
    global _latest
    folder = find_data(base_dir)
    kind = "vgg16_fc7_pca" if pca_features else "vgg16_fc7"
    data = {key: _array(folder / _CAPTIONS, key) for key in
            ("train_captions", "train_image_idxs", "val_captions", "val_image_idxs")}
    for split in ("train", "val"):
        data[f"{split}_features"] = _array(folder / f"{split}2014_{kind}.h5", "features")
    data |= _vocabulary(folder / "coco2014_vocab.json")
    for split in ("train", "val"):
        data[f"{split}_urls"] = np.array(_text(folder / f"{split}2014_urls.txt").split())
    if max_train is not None:
        chosen = np.random.randint(len(data["train_captions"]), size=max_train)
        for key in ("train_captions", "train_image_idxs"):
            data[key] = data[key][chosen]
    _latest = folder
    return data


def sample_coco_minibatch(data: dict, batch_size: int = 100,
                          split: str = "train") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random captions (drawn from NumPy's global generator) with their pictures' features and addresses.

    Returns captions (batch_size, T) int32, features (batch_size, ...) float32 and urls (batch_size,) str.
    """
    chosen = np.random.choice(len(data[f"{split}_captions"]), batch_size)
    pictures = data[f"{split}_image_idxs"][chosen]
    features = data[f"{split}_features"][pictures]
    if features.dtype == np.float16:                        # the spatial features, as they lie on the disk
        features = features.astype(np.float32)
    return data[f"{split}_captions"][chosen], features, data[f"{split}_urls"][pictures]


def decode_captions(captions: np.ndarray, idx_to_word: Sequence[str]) -> str | list[str]:
    """Word ids (T,) or (N, T) to a sentence or a list of N sentences: up to <END>, without <NULL>."""
    captions = np.asarray(captions)
    if captions.ndim == 2:
        return [decode_captions(caption, idx_to_word) for caption in captions]
    words = [idx_to_word[index] for index in captions]
    if "<END>" in words:
        words = words[:words.index("<END>") + 1]
    return " ".join(word for word in words if word != "<NULL>")


def load_spatial_features(split: str = "train", base_dir: str | os.PathLike | None = None) -> np.ndarray:
    """The scenes' feature maps for attention: (N, 36 regions, 108) float16, memory-mapped.

    Regions are rows of a 6 x 6 map; the last 12 channels say where a region lies, so `[..., :96]` does not
    know.  Put it in place of the global features and `sample_coco_minibatch` serves it, as float32:
    `data["train_features"] = load_spatial_features("train")`.
    """
    return _array(_folder(base_dir) / f"{split}2014_spatial.h5", "features")


def image_from_url(url: str, base_dir: str | os.PathLike | None = None) -> np.ndarray:
    """The picture at an address, (H, W, 3) uint8: scenes:// from the files, http(s):// from the network.

    Scenes come from `base_dir`, by default from the folder loaded last.  Raises DataError if there is none.
    """
    if url.startswith("scenes://"):
        split, index = _place(url)
        return _row(_folder(base_dir) / f"{split}2014_images.h5", "images", index, url).copy()
    return _download(url)


def scene_of(url: str, base_dir: str | os.PathLike | None = None) -> Scene:
    """What a scenes:// picture shows: its objects in reading order, each with cell, colour and shape."""
    split, index = _place(url)
    table = _row(_folder(base_dir) / f"{split}2014_images.h5", "scenes", index, url)
    return tuple(Thing(int(cell), COLOURS[colour], SHAPES[shape])
                 for cell, colour, shape in table if cell >= 0)


def _folder(base_dir: str | os.PathLike | None) -> Path:
    return _latest if base_dir is None and _latest else find_data(base_dir)


def _place(url: str) -> tuple[str, int]:
    """scenes://train/000123 to ("train", 123)."""
    split, _, index = url.removeprefix("scenes://").partition("/")
    if not url.startswith("scenes://") or split not in ("train", "val") or not index.isdecimal():
        raise DataError("the address of a scene, like scenes://train/000123", repr(url),
                        "take addresses from data['train_urls'] or data['val_urls']")
    return split, int(index)


def _row(path: Path, name: str, index: int, url: str) -> np.ndarray:
    array = _array(path, name)
    if index >= len(array):
        raise DataError(f"the scene {url}", f"{len(array)} scenes in {path}",
                        "the address belongs to another data set; take addresses from the data loaded last")
    return array[index]


def _array(path: Path, name: str) -> np.ndarray:
    """The data set `name` of an HDF5 file: mapped copy-on-write if it lies in one piece, else read."""
    try:
        offset, shape, dtype = _layout(path, name, path.stat().st_mtime_ns)
        if offset is not None:
            return np.asarray(np.memmap(path, dtype, "c", offset, shape))
        with h5py.File(path) as file:
            return file[name][()]
    except FileNotFoundError:
        raise DataError(f"`{name}` from {path.name}", f"no such file in {path.parent}", _HINT) from None
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"`{name}` from {path}", f"a damaged or foreign file: {str(error).splitlines()[0]}",
                        "make or fetch the data again") from error


@lru_cache(maxsize=64)
def _layout(path: Path, name: str, changed: int) -> tuple[int | None, tuple[int, ...], np.dtype]:
    """Where in the file the data set lies (None: in pieces or compressed), its shape and type."""
    with h5py.File(path) as file:
        return file[name].id.get_offset(), file[name].shape, file[name].dtype


def _download(url: str) -> np.ndarray:
    from urllib.error import URLError
    from urllib.request import urlopen

    from PIL import Image
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("an address starts with scenes://, http:// or https://")
        with urlopen(url, timeout=10) as answer:
            return np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGB"))
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"the picture at {url}", f"{type(error).__name__}: {reason}",
                        "many addresses of 2014 are dead, and none answers offline: take another picture, or "
                        "the scenes, which need no network") from error


def _vocabulary(path: Path) -> dict:
    try:
        words = json.loads(_text(path))
        return {"idx_to_word": words["idx_to_word"], "word_to_idx": words["word_to_idx"]}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"the vocabulary in {path}", f"a damaged or foreign file: {error}",
                        "make or fetch the data again") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        found = f"{error.strerror or error} in {path.parent}"
        raise DataError(f"the file {path.name}", found, _HINT) from None
