"""A submission as bytes, for a machine that does not see the folder it lies in."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Parcel:
    """A submission as it travels. entries: name -> a notebook's bytes, or None for what nobody reads;
    None altogether if the submission is not a folder."""

    name: str
    entries: dict[str, bytes | None] | None

    @classmethod
    def of(cls, folder: Path) -> "Parcel":
        if not folder.is_dir():
            return cls(folder.name, None)
        notebooks = {path for path in folder.glob("*.ipynb") if path.is_file()}  # as submission.find_notebook looks
        return cls(folder.name, {path.name: path.read_bytes() if path in notebooks else None
                                 for path in folder.iterdir()})

    def unpack(self, into: Path) -> Path:
        """Makes the folder in `into`, with the same names in it."""
        folder = into / self.name
        if self.entries is not None:
            folder.mkdir()
            for name, content in self.entries.items():
                if content is None:
                    (folder / name).mkdir()
                else:
                    (folder / name).write_bytes(content)
        return folder
