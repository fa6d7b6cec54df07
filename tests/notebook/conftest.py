"""Miniatures of both data sets: the scenes as make.py writes them, and COCO with its keys and 1004 words."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
from jupyter_client.manager import start_new_async_kernel

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
    from autograder.notebook import data
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_DATA", raising=False)
    monkeypatch.setattr(data, "_latest", None)


SHOWN = ("stream", "display_data", "update_display_data", "execute_result", "error")


class Kernel:
    """A Jupyter kernel, really started, and what it sent."""

    def __init__(self, folder: Path):
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self._loop = asyncio.Runner()
        started = start_new_async_kernel(startup_timeout=120, cwd=str(folder), env=environment)
        self.manager, self.client = self._loop.run(started)

    def run(self, code: str, stop_after: float | None = None) -> "Shown":
        """Runs a cell; stop_after: presses the stop button so many seconds after its first line has run."""
        messages = []

        def took(message: dict) -> None:
            if stop_after is not None and message["msg_type"] == "stream" and not messages:
                threading.Timer(stop_after, os.kill, (self.manager.provisioner.pid, signal.SIGINT)).start()
            if message["msg_type"] in SHOWN:
                messages.append(message)

        code = code if stop_after is None else f"print('begins', flush=True)\n{code}"
        reply = self._loop.run(self.client.execute_interactive(code, output_hook=took, allow_stdin=False, timeout=120))
        return Shown(reply["content"]["status"], messages)

    def value(self, code: str):
        """What an expression is there."""
        shown = self.run(f"print({code}, end='')")
        assert shown.status == "ok", shown.traceback
        return shown.stream("stdout")

    def close(self) -> None:
        self.client.stop_channels()
        self._loop.run(self.manager.shutdown_kernel(now=True))
        self._loop.close()


class Shown:
    """The outputs of a cell."""

    def __init__(self, status: str, messages: list[dict]):
        self.status, self.messages = status, messages

    def of(self, kind: str) -> list[dict]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    def stream(self, name: str) -> str:
        return "".join(content["text"] for content in self.of("stream") if content["name"] == name)

    @property
    def result(self) -> dict[str, str]:
        """The last value of the cell, by type."""
        only, = self.of("execute_result")
        return only["data"]

    @property
    def traceback(self) -> str:
        return "\n".join(line for content in self.of("error") for line in content["traceback"])


@pytest.fixture(scope="module")
def tiny_handout(tmp_path_factory) -> Path:
    """The student's folder of the small assignment in tests/tiny."""
    from autograder.course import load_assignment
    from autograder.release.build import release

    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "tests" / "tiny", root, dirs_exist_ok=True)
    release(load_assignment("t1_means", root))
    return root / "assignments" / "t1_means"


@pytest.fixture(scope="module")
def kernel(tiny_handout):
    opened = Kernel(tiny_handout)
    yield opened
    opened.close()
