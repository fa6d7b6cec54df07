"""Downloads as Canvas, Moodle and Gradescope make them."""

import io
import warnings
import zipfile
from pathlib import Path

import pytest

from autograder.collect import hand_ins, opened, read_roster, take


@pytest.fixture(scope="session")
def zipped():
    """zipped({name: content}): the bytes of a zip; a pair (name, content) list may hold a name twice."""
    def make(files, method=zipfile.ZIP_DEFLATED) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are there twice: that is what is tried
            for name, content in files.items() if isinstance(files, dict) else files:
                archive.writestr(name, content)
        return buffer.getvalue()
    return make


@pytest.fixture
def download(tmp_path, zipped):
    """download({name: content}, unpacked=False): the path of a zip, or of a folder with the same files."""
    def make(files: dict, unpacked: bool = False) -> Path:
        path = tmp_path / ("unpacked" if unpacked else "submissions.zip")
        if not unpacked:
            path.write_bytes(zipped(files))
            return path
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
    return make


@pytest.fixture
def collected(tiny):
    """collected(path, system, ...): student -> what became of it."""
    def run(path, system, roster=None, due=None):
        with opened(path) as files:
            known = read_roster(roster) if roster else None
            people, strangers = hand_ins(files, system, known.numbers(system) if known else ())
            taken = take(tiny, people, known, due)
        run.strangers = ["/".join(file.parts) for file in strangers]
        counting = [each.student for each in taken if each.state in ("new", "replaced", "as before")]
        assert len(set(counting)) == len(counting)
        return {each.student: each for each in taken}
    return run


def notebook(course, student: str) -> str:
    return (course / "submitted" / student / "t1_means" / "means.ipynb").read_text()


def stamp(course, student: str) -> str:
    path = course / "submitted" / student / "t1_means" / "timestamp.txt"
    return path.read_text().strip() if path.exists() else ""
