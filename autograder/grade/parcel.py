"""A job as bytes, for a machine that does not see the folders it lies in."""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder import handed_in
from autograder.errors import SubmissionError
from autograder.grade.job import Job
from autograder.grade.key import is_read


@dataclass(frozen=True)
class Parcel:
    """A submission as it travels, from the folder <owner>/<name>. entries: path -> a file's bytes, the size of one that
    is too large, or None for what nobody reads; None altogether if the submission is not a folder; earlier: the last
    report, if it may serve; seconds: see Job."""

    owner: str
    name: str
    entries: dict[str, bytes | int | None] | None
    earlier: bytes | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, job: Job) -> "Parcel":
        try:
            files = handed_in.plain_files(job.folder, is_read)
            entries = {name: _packed(job.folder, name, files.get(name))
                       for name in [*handed_in.names(job.folder), *files]}
        except SubmissionError:
            entries = None
        return cls(job.folder.parent.name, job.folder.name, entries, job.earlier.read_bytes() if job.earlier else None,
                   job.seconds)

    def unpack(self, into: Path) -> Job:
        """Makes the folder in `into`, with the same names in it, and the report beside it."""
        folder, earlier = into / "submission" / self.owner / self.name, into / "earlier.json"
        folder.parent.mkdir(parents=True)
        if self.entries is not None:
            folder.mkdir()
            for name, content in self.entries.items():
                path = folder / name if content is None else (folder / name).parent
                path.mkdir(parents=True, exist_ok=True)
                if content is None:
                    continue
                if isinstance(content, int):
                    (folder / name).touch()
                    os.truncate(folder / name, content)
                else:
                    (folder / name).parent.mkdir(exist_ok=True)
                    (folder / name).write_bytes(content)
        else:
            folder.touch()
        if self.earlier is not None:
            earlier.write_bytes(self.earlier)
        return Job(folder, earlier if self.earlier is not None else None, self.seconds)


def _packed(folder: Path, name: str, status: os.stat_result | None) -> bytes | int | None:
    if status is None:
        return None
    try:
        return status.st_size if status.st_size > handed_in.MAX_BYTES else handed_in.read(folder, name)
    except SubmissionError:
        return None
