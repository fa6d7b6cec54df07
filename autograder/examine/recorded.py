"""recorded.h5: what the reference, and each known mistake, answered to the visible checks.

It stands in for the reference in a student's copy, where there is none.

    attribute `functions`              for each part, the functions that its student writes (JSON)
    attribute `source`                 a digest of what determines the answers: where it is the same, they are kept
    attribute `draws`                  a digest of what this NumPy's generator draws: another one asks other questions
    /answers/<check>/<0000 ...>        one operation of the reference: attributes `op` and `tree`, its arrays
    /mistakes/<check>/<000 ...>        attributes `name`, `hint`, `seen` and `what`; where it failed with numbers also
                                       attributes `scale`, `error`, data set `got` (see hints.Evidence)
    /notebook                          the notebook as it was handed out (bytes), attribute `name`: its file name
"""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from autograder.errors import DataError
from autograder.examine.hints import Evidence, Mistake
from autograder.examine.values import Opaque

SCHEMA = 2


class Replay:
    """A backend that answers from a recording, operation by operation."""

    def __init__(self, check: str, answers: list[tuple[str, Any]]):
        self.check, self.answers, self.position = check, answers, 0

    def get(self, owner, name):
        return self._next(f"get {name}")

    def set(self, owner, name, value):
        pass

    def call(self, function, args, kwargs):
        return self._next(f"call {_shapes(args)}")

    def vjp(self, function, args, kwargs, cotangent):
        return self._next(f"vjp {_shapes(args)}")

    def evaluate(self, source):
        return self._next("evaluate")

    def _next(self, op: str) -> Any:
        recorded = self.answers[self.position] if self.position < len(self.answers) else ("nothing more", None)
        if recorded[0] != op:
            raise DataError(f"{self.check}: a recorded answer to `{op}`", f"recorded.h5 has `{recorded[0]}` here",
                            "this copy's checks.py and recorded.h5 do not belong together: get a fresh handout")
        self.position += 1
        return recorded[1]


@dataclass(frozen=True)
class Header:
    """What a recording holds besides answers. notebook: its file name, and what is in it."""

    source: str
    functions: dict[str, frozenset[str]]
    notebook: tuple[str, bytes]


def write(path: Path, header: Header, answers: dict[str, list],
          mistakes: dict[str, list[tuple[Mistake, Evidence]]]) -> None:
    """Writes recorded.h5; the same content gives the same bytes."""
    with _begun(path, header) as file:
        for check, recording in answers.items():
            for number, (op, answer) in enumerate(recording):
                group = file.create_group(f"answers/{check}/{number:04d}")
                arrays: list[np.ndarray] = []
                group.attrs["op"] = op
                group.attrs["tree"] = json.dumps(_to_tree(answer, arrays))
                for index, array in enumerate(arrays):
                    group.create_dataset(str(index), data=array, track_times=False)
        for check, known in mistakes.items():
            for number, (mistake, evidence) in enumerate(known):
                group = file.create_group(f"mistakes/{check}/{number:03d}")
                group.attrs.update(asdict(mistake), what=evidence.what)
                if evidence.got is not None:
                    group.attrs["scale"], group.attrs["error"] = evidence.scale, evidence.error
                    group.create_dataset("got", data=evidence.got, track_times=False)


def rewrite(path: Path, header: Header, old: Path) -> None:
    """The answers of an old recording under another header."""
    with _begun(path, header) as file, h5py.File(old, "r") as before:
        for name in {"answers", "mistakes"} & before.keys():
            before.copy(name, file)


def _begun(path: Path, header: Header) -> h5py.File:
    file = h5py.File(path, "w", libver=("v110", "v110"))
    file.attrs["schema"], file.attrs["source"], file.attrs["draws"] = SCHEMA, header.source, draws()
    file.attrs["functions"] = json.dumps({part: sorted(names) for part, names in header.functions.items()})
    file.create_dataset("notebook", data=np.frombuffer(header.notebook[1], np.uint8), compression="gzip",
                        track_times=False).attrs["name"] = header.notebook[0]
    return file


def source_of(path: Path) -> str:
    """The digest of what determined a recording; "" where there is none that this version can read."""
    try:
        with h5py.File(path, "r") as file:
            return file.attrs["source"] if file.attrs["schema"] == SCHEMA else ""
    except (OSError, KeyError):
        return ""


@functools.cache
def draws() -> str:
    """A digest of what a seeded generator draws: checks draw their inputs, and a recording answers to those alone."""
    rng = np.random.default_rng(20)
    drawn = [rng.normal(size=3), rng.uniform(size=3), rng.integers(0, 99, size=5), rng.permutation(7),
             rng.choice(5, size=3, p=[0.1, 0.2, 0.3, 0.2, 0.2])]
    return hashlib.blake2b(b"".join(np.round(each, 9).tobytes() for each in drawn), digest_size=8).hexdigest()


def read_notebook(path: Path) -> tuple[str, bytes]:
    """The file name and the content of the notebook as it was handed out. Raises DataError where that is not known."""
    try:
        with h5py.File(path, "r") as file:
            return file["notebook"].attrs["name"], file["notebook"][()].tobytes()
    except (OSError, KeyError) as error:
        raise DataError(f"the notebook as it was handed out, in {path}", str(error),
                        "get a fresh copy of recorded.h5 from the handout") from None


class Recording:
    """A recorded.h5, read whole (it is small). Raises DataError for a file that is not one."""

    def __init__(self, path: Path):
        try:
            with h5py.File(path, "r") as file:
                if file.attrs.get("schema") != SCHEMA:
                    raise OSError(f"its schema is {file.attrs.get('schema')}, not {SCHEMA}")
                drawn = file.attrs["draws"]
                self.functions = {part: frozenset(names)
                                  for part, names in json.loads(file.attrs["functions"]).items()}
                self._answers = {check: _read_answers(group) for check, group in file["answers"].items()}
                self._mistakes = {check: _read_mistakes(group)
                                  for check, group in file.get("mistakes", {}).items()}
        except (OSError, KeyError, ValueError) as error:
            raise DataError(f"the recorded answers in {path}", str(error),
                            "get a fresh copy of recorded.h5 from the handout") from None
        if drawn != draws():
            raise DataError("NumPy draws the random inputs that the answers were recorded for",
                            f"NumPy {np.__version__} draws others",
                            "install the NumPy that constraints.txt names")

    def reference(self, check: str) -> Replay:
        return Replay(check, self._answers.get(check, []))

    def of(self, check) -> list[Mistake]:
        """The known mistakes that fail a check (of a plan)."""
        return list(self._mistakes.get(check.name, {}))

    def evidence(self, check, name: str) -> Evidence | None:
        """How the mistake of that name fails the check; None if it passes."""
        return next((evidence for mistake, evidence in self._mistakes.get(check.name, {}).items()
                     if mistake.name == name), None)


def _read_answers(group: h5py.Group) -> list[tuple[str, Any]]:
    answers = []
    for _, entry in sorted(group.items()):
        arrays = [entry[str(index)][()] for index in range(len(entry))]
        answers.append((entry.attrs["op"], _from_tree(json.loads(entry.attrs["tree"]), arrays)))
    return answers


def _read_mistakes(group: h5py.Group) -> dict[Mistake, Evidence]:
    return {Mistake(entry.attrs["name"], entry.attrs["hint"], bool(entry.attrs["seen"])): _read_evidence(entry)
            for _, entry in sorted(group.items())}


def _read_evidence(entry: h5py.Group) -> Evidence:
    if "got" not in entry:
        return Evidence(entry.attrs["what"])
    return Evidence(entry.attrs["what"], np.asarray(entry["got"][()]), float(entry.attrs["scale"]),
                    float(entry.attrs["error"]))


def operation(do: str, arguments: dict[str, Any]) -> str:
    """A question to the reference, in as many words as it takes to notice that a recording belongs to other checks."""
    told = {"get": lambda: f"get {arguments['name']}", "evaluate": lambda: "evaluate"}
    return told.get(do, lambda: f"{do} {_shapes(arguments['args'])}")()


def _shapes(args: tuple) -> str:
    return " ".join(str(tuple(arg.shape)) if hasattr(arg, "shape") else type(arg).__name__ for arg in args)


def _to_tree(value: Any, arrays: list[np.ndarray]) -> Any:
    """JSON for plain data; arrays and tensors are moved into `arrays`."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is Opaque:
        return {"opaque": [value.id, value.type]}
    if type(value) in (tuple, list):
        return {type(value).__name__: [_to_tree(entry, arrays) for entry in value]}
    if type(value) is dict:
        return {"dict": [[_to_tree(key, arrays), _to_tree(entry, arrays)] for key, entry in value.items()]}
    kind = "array" if isinstance(value, (np.ndarray, np.generic)) else "tensor"
    arrays.append(np.asarray(value) if kind == "array" else value.detach().numpy())
    return {kind: len(arrays) - 1}


def _from_tree(tree: Any, arrays: list[np.ndarray]) -> Any:
    if not isinstance(tree, dict):
        return tree
    (kind, content), = tree.items()
    if kind == "opaque":
        return Opaque(*content)
    if kind == "dict":
        return {_from_tree(key, arrays): _from_tree(entry, arrays) for key, entry in content}
    if kind == "array":
        return np.asarray(arrays[content])
    if kind == "tensor":
        import torch

        return torch.from_numpy(np.array(arrays[content]))
    entries = [_from_tree(entry, arrays) for entry in content]
    return tuple(entries) if kind == "tuple" else entries
