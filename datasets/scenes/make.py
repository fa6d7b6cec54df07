#!/usr/bin/env python
"""Make the scenes: a captioning data set in the layout of CS231n's COCO files, offline, in about ten seconds.

    python datasets/scenes/make.py                   5,000 + 600 pictures into datasets/scenes/data
    python datasets/scenes/make.py --train 10000     more of the same (the first 5,000 stay as they are)
    python datasets/scenes/make.py --check           read the files back and measure what README.md claims

Does nothing when the data is there already.  A file appears when it is whole, and `scenes.json` when all are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")               # before NumPy: on a busy machine more is slower

try:
    import h5py
    import numpy as np
    from tqdm import tqdm

    from autograder.errors import DataError
    from autograder.lab.truth import WORDS, is_true, words_of
except ModuleNotFoundError as error:
    sys.exit(f"the scenes\nthis Python ({sys.executable}) has no module `{error.name}`\n"
             "hint: run ./setup.sh, then: source .venv/bin/activate")

import features
import world

VERSION = 1                                                 # of the content: raise it when any array changes
STAMP = "scenes.json"
HERE = Path(__file__).resolve().parent
BYTES_PER_PICTURE = 22_000                                  # on disk, all files together


def build(train: int, val: int, out: Path) -> dict:
    """Make every file in the folder `out`; return the stamp: version, sizes and digests."""
    scenes = world.make_scenes(train, val)
    captions = {split: world.make_captions(scenes[split], split) for split in world.SPLITS}
    tables = {split: world.scene_array(scenes[split]) for split in world.SPLITS}
    # A picture counts twice: once when it is drawn, once when the network has seen it.
    with tqdm(total=2 * (train + val), unit="picture", desc="scenes", disable=None, leave=False) as bar:
        def counted(steps: Iterator, each: int) -> Iterator:
            for step in steps:
                yield step
                bar.update(each)

        images = {split: np.stack(list(counted(world.pictures(scenes[split], split), 1)))
                  for split in world.SPLITS}
        maps = {split: np.concatenate(list(counted(features.feature_maps(images[split]), features.CHUNK)))
                for split in world.SPLITS}
    regions = features.standardise(maps)
    plain = {split: features.pooled(regions[split]) for split in world.SPLITS}
    short = features.whitened(plain)

    write(out / "coco2014_captions.h5", {f"{split}_{name}": array for split in world.SPLITS
                                         for name, array in zip(("captions", "image_idxs"), captions[split])})
    for split in world.SPLITS:
        write(out / f"{split}2014_vgg16_fc7.h5", {"features": plain[split]})
        write(out / f"{split}2014_vgg16_fc7_pca.h5", {"features": short[split]})
        write(out / f"{split}2014_spatial.h5", {"features": features.with_positions(regions[split])})
        write(out / f"{split}2014_images.h5", {"images": images[split], "scenes": tables[split]})
        addresses = [f"scenes://{split}/{index:06d}\n" for index in range(len(images[split]))]
        (out / f"{split}2014_urls.txt").write_text("".join(addresses), encoding="ascii")
    vocabulary = {"idx_to_word": WORDS, "word_to_idx": {word: index for index, word in enumerate(WORDS)}}
    (out / "coco2014_vocab.json").write_text(json.dumps(vocabulary), encoding="ascii")
    return {"version": VERSION, "train": train, "val": val,
            "captions_sha256": digest(*(array for split in world.SPLITS
                                        for array in (tables[split], *captions[split]))),
            "images_sha256": digest(*(images[split] for split in world.SPLITS)),
            "bytes": {path.name: path.stat().st_size for path in sorted(out.iterdir())}}


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Arrays into an HDF5 file, uncompressed and in one piece, so that they can be memory-mapped."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, track_times=False)


def digest(*arrays: np.ndarray) -> str:
    """The sha256 of the arrays' types, shapes and little-endian bytes."""
    total = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        total.update(f"{array.dtype.name}{array.shape}".encode() + array.tobytes())
    return total.hexdigest()


def is_complete(out: Path, train: int, val: int) -> bool:
    """Whether `out` holds this version and size of the data, every file of it with its full length."""
    try:
        stamp = json.loads((out / STAMP).read_text(encoding="ascii"))
        return (stamp["version"], stamp["train"], stamp["val"]) == (VERSION, train, val) and all(
            (out / name).stat().st_size == size for name, size in stamp["bytes"].items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def make(train: int, val: int, out: Path) -> dict:
    """Build beside the old files, then replace them, file by file; the stamp goes first and comes last."""
    asked = f"{train} + {val} scenes in {out}"
    temporary = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        need, free = BYTES_PER_PICTURE * (train + val), shutil.disk_usage(out).free
        if free < need:
            found = f"{free / 1e6:.0f} MB are free on that disk and {need / 1e6:.0f} MB needed"
            raise DataError(asked, found, "free some space, or choose another folder with --out DIR")
        temporary = Path(tempfile.mkdtemp(prefix=".making-", dir=out))
        stamp = build(train, val, temporary)
        (temporary / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="ascii")
        (out / STAMP).unlink(missing_ok=True)
        for name in (*stamp["bytes"], STAMP):
            os.replace(temporary / name, out / name)
        return stamp
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise DataError(asked, reason, "check that the folder may be written and the disk has room, "
                        "or choose another folder with --out DIR") from error
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def check(out: Path) -> None:
    """Print what README.md claims, measured on the files in `out`."""
    def load(name: str, key: str) -> dict[str, np.ndarray]:
        arrays = {}
        for split in world.SPLITS:
            with h5py.File(out / name.format(split=split)) as file:
                arrays[split] = file[key.format(split=split)][()]
        return arrays

    captions = load("coco2014_captions.h5", "{split}_captions")
    pictures = load("coco2014_captions.h5", "{split}_image_idxs")
    tables, images = load("{split}2014_images.h5", "scenes"), load("{split}2014_images.h5", "images")
    scenes = world.make_scenes(len(images["train"]), len(images["val"]))
    print("captions sha256  ", digest(*(array for split in world.SPLITS
                                       for array in (tables[split], captions[split], pictures[split]))))
    print("images sha256    ", digest(*(images[split] for split in world.SPLITS)))
    true = told = wrong = 0
    rng = np.random.RandomState(0)
    for split in world.SPLITS:
        for caption, picture in zip(captions[split], pictures[split]):
            words, scene = words_of(caption), scenes[split][picture]
            told, true = told + 1, true + is_true(words, scene)
            place = rng.randint(len(words))
            words[place] = rng.choice([word for word in WORDS if word != words[place]])
            wrong += is_true(words, scene)
    print(f"reference captions that are true: {true} of {told}; with one word changed: {wrong} of {told}")
    regions = load("{split}2014_spatial.h5", "features")
    print(f"objects named by a linear probe of a cell: {features.probe(regions, tables):.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the scenes, the course's offline captioning data.")
    parser.add_argument("--train", type=int, default=5000, metavar="N", help="pictures to train on (5000)")
    parser.add_argument("--val", type=int, default=600, metavar="N", help="pictures held out (600)")
    parser.add_argument("--out", type=Path, default=HERE / "data", metavar="DIR", help="where the files go")
    parser.add_argument("--force", action="store_true", help="make the data even if it is there")
    parser.add_argument("--check", action="store_true", help="measure what README.md claims")
    options = parser.parse_args()
    if min(options.train, options.val) < 1:
        parser.error("at least one picture in each split")
    out = options.out.resolve()
    try:
        if not options.force and is_complete(out, options.train, options.val):
            print(f"the scenes are complete in {out}")
        else:
            stamp = make(options.train, options.val, out)
            size = sum(stamp["bytes"].values()) / 1e6
            print(f"made {options.train} + {options.val} scenes, {size:.0f} MB, in {out}")
        if options.check:
            check(out)
    except DataError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing was changed")


if __name__ == "__main__":
    main()
