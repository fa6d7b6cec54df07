"""A job as bytes, for a machine that does not see the folders it lies in."""

from dataclasses import dataclass
from pathlib import Path

from autograder.grade.job import Job


@dataclass(frozen=True)
class Parcel:
    """A submission as it travels. entries: name -> a notebook's bytes, or None for what nobody reads;
    None altogether if the submission is not a folder; earlier: the last report, if it may still serve."""

    name: str
    entries: dict[str, bytes | None] | None
    earlier: bytes | None = None

    @classmethod
    def of(cls, job: Job) -> "Parcel":
        entries = None
        if job.folder.is_dir():
            notebooks = {path for path in job.folder.glob("*.ipynb") if path.is_file()}  # as find_notebook looks
            entries = {path.name: path.read_bytes() if path in notebooks else None for path in job.folder.iterdir()}
        return cls(job.folder.name, entries, job.earlier.read_bytes() if job.earlier else None)

    def unpack(self, into: Path) -> Job:
        """Makes the folder in `into`, with the same names in it, and the report beside it."""
        folder, earlier = into / "submission" / self.name, into / "earlier.json"
        folder.parent.mkdir()
        if self.entries is not None:
            folder.mkdir()
            for name, content in self.entries.items():
                if content is None:
                    (folder / name).mkdir()
                else:
                    (folder / name).write_bytes(content)
        if self.earlier is not None:
            earlier.write_bytes(self.earlier)
        return Job(folder, earlier if self.earlier is not None else None)
