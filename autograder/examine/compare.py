"""What a check may say of an answer: `same`, `require`, `returns`, and (in finite_differences.py) `gradient`.

Each raises CheckFailed with two sentences for the student: what was asked and what was found.
"""

import math
import sys
from typing import Any

import numpy as np

from autograder.examine.face import Handle
from autograder.examine.hints import UNKNOWN, Evidence
from autograder.examine.picture import picture
from autograder.report import Difference

COARSE = {"float32": 1e-5}  # the relative error that a right answer in it may have
MAX_EVIDENCE = 1 << 20  # bytes

__all__ = ["CheckFailed", "largest", "numeric", "reached", "require", "returns", "same", "same_shape"]

TELLING = 0.1  # a larger relative error says no more than the two numbers beside it


class CheckFailed(AssertionError):
    """An answer is not what the check asked for.

    asked: None where the check's own sentence says it; evidence: what a hint has to be earned with, the words where
    it is nothing else; difference: the picture of where it is wrong. Of an array that is larger than any known
    mistake's nothing is kept.
    """

    def __init__(self, asked: str | None, found: str, evidence: Evidence | None = None,
                 difference: Difference | None = None):
        super().__init__(asked, found)
        self.asked, self.found, self.difference = asked, found, difference
        kept = evidence or Evidence.of_words(asked, found)
        self.evidence = kept if kept.got is None or kept.got.nbytes <= MAX_EVIDENCE else UNKNOWN


def same(got: Any, want: Any, what: str, *, axes: str = "", rel_error: float = 1e-6) -> None:
    """`got` equals `want`: shape, then dtype kind, then NaN and infinity, then max|got-want| / max|want|.

    axes: the names of the axes, such as "N T H", used to say where. Whole numbers and texts have to be equal exactly;
    dicts, and lists and tuples of different things, are compared entry by entry. rel_error: an answer in
    float32 may be as far off as such numbers get.
    """
    if isinstance(want, (str, dict)) or isinstance(want, (tuple, list)) and not _is_array(want):
        return _same_parts(got, want, what, rel_error)
    want, narrow = _array(want), _narrow(got)
    got = numeric(got, what, want)
    same_shape(got, want, what, axes)
    difference = _difference(got, want)
    exact = want.dtype.kind in "iub"
    scale = largest(want)
    allowed = 0.0 if exact else max(rel_error, COARSE.get(got.dtype.name, 0.0)) * (scale or 1.0)
    wrong = ~(difference <= allowed)
    if not wrong.any():
        return
    evidence = Evidence.of_numbers(what, got, scale, difference)
    error = np.where(wrong, np.inf if exact else difference / (scale or 1.0), 0.0)
    where = picture(error, _names(got.shape, axes))
    strange = ~np.isfinite(got) & np.isfinite(want)
    if strange.any():
        worst = np.argmax(strange)
        raise CheckFailed(None, f"`{what}` is {_number(got.flat[worst])}{_place(worst, got.shape, axes)}; "
                                f"{_count(strange)} are not finite", evidence, where)
    _same_kind(got, want, what)
    if narrow and want.dtype.itemsize > 2:
        raise CheckFailed(None, f"`{what}` holds {narrow} numbers, of which three digits count; expected float32 or "
                                "float64", evidence, where)
    raise CheckFailed(None, _differs(got, want, difference, wrong, what, axes, exact), evidence, where)


def require(condition: Any, asked: str, found: str) -> None:
    """A property: both sentences are read by the student. By itself it earns no hint: many mistakes may violate it."""
    if not condition:
        raise CheckFailed(asked, found, Evidence.of_words(asked, found, tells=False))


def returns(value: Any, *names: str) -> Any:
    """`value` is something for each name: a tuple of that many entries, or for one name anything but None."""
    listed = ", ".join(f"`{name}`" for name in names)
    if len(names) == 1:
        if value is None:
            raise CheckFailed(None, f"the function returned nothing, expected {listed}")
        return value
    if not isinstance(value, (tuple, list)):
        raise CheckFailed(None, f"the function returned {describe(value)}, expected {len(names)} values: {listed}")
    if len(value) != len(names):
        raise CheckFailed(None, f"the function returned {len(value)} values, expected {len(names)}: {listed}")
    return value


def reached(gradient: Any, what: str) -> Any:
    """`gradient` is there: what came back for `what` when gradients were asked for (`student.vjp`)."""
    if gradient is None:
        raise CheckFailed(None, f"no gradient reaches `{what}`: the result does not depend on it, or was cut off")
    return gradient


def describe(value: Any) -> str:
    """A few words on any answer, which never show more than its type and shape."""
    if value is None:
        return "nothing (None)"
    if type(value) is Handle:  # never ask it for attributes: it is the student's object, and may say anything
        return f"an object of type {value._type}"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"an array of shape {tuple(shape)}"
    if isinstance(value, (bool, int, float)):
        return f"the number {_number(value)}"
    if isinstance(value, (tuple, list)):
        return f"{len(value)} values"
    return f"an object of type {type(value).__name__}"


def _same_parts(got: Any, want: Any, what: str, rel_error: float) -> None:
    """Texts, dicts, and tuples and lists that are no array."""
    if isinstance(want, str):
        if not isinstance(got, str) or got != want:
            found = repr(got) if isinstance(got, str) and len(got) < 100 else describe(got)
            raise CheckFailed(None, f"`{what}` is {found}, expected {want!r}")
    elif isinstance(want, dict):
        missing = [key for key in want if key not in got] if isinstance(got, dict) else list(want)
        if missing:
            found = describe(got) if not isinstance(got, dict) else "without " + ", ".join(map(repr, missing[:3]))
            raise CheckFailed(None, f"`{what}` is {found}, expected a dict with {', '.join(map(repr, want))}")
        for key, entry in want.items():
            same(got[key], entry, f"{what}[{key!r}]", rel_error=rel_error)
    else:
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            raise CheckFailed(None, f"`{what}` is {describe(got)}, expected {len(want)} values")
        for number, (mine, entry) in enumerate(zip(got, want)):
            same(mine, entry, f"{what}[{number}]", rel_error=rel_error)


def _is_array(value: tuple | list) -> bool:
    """Whether numbers, perhaps in lists of equal length, are meant as one array."""
    lists = [entry for entry in value if isinstance(entry, (tuple, list))]
    if lists:
        return (len(lists) == len(value) and len({len(entry) for entry in lists}) == 1 and all(map(_is_array, lists)))
    return all(isinstance(entry, (bool, int, float, complex, np.generic)) for entry in value)


def _array(value: Any) -> np.ndarray:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype is torch.bfloat16 else value).numpy()  # NumPy has no such numbers
    if isinstance(value, (tuple, list)) and not _holds_numbers(value):
        return np.array(None)  # one long text would make all entries as long
    return np.array(None) if type(value) in (Handle, str, bytes) else np.asarray(value)


def _holds_numbers(value: tuple | list) -> bool:
    """Whether there is nothing but numbers in it, and arrays and lists of them."""
    return all(_holds_numbers(entry) if isinstance(entry, (tuple, list)) else hasattr(entry, "dtype")
               or isinstance(entry, (bool, int, float, complex)) for entry in value)


def numeric(value: Any, what: str, want: np.ndarray | None = None) -> np.ndarray:
    """`value` as an array of numbers, or a failure that says what it is instead."""
    expected = f"an array of shape {want.shape}" if want is not None and want.ndim else "a number"
    try:
        array = _array(value)
    except (ValueError, TypeError):
        array = np.array(None)
    if array.dtype.kind not in "fiubc":
        raise CheckFailed(None, f"`{what}` is {describe(value)}, expected {expected}")
    return array


def largest(array: np.ndarray) -> float:
    """The largest finite magnitude in it; 0 for none."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def same_shape(got: np.ndarray, want: np.ndarray, what: str, axes: str) -> None:
    if got.shape == want.shape:
        return
    names = f" ({', '.join(axes.split())})" if axes else ""
    found = f"`{what}` has shape {got.shape}, expected {want.shape}{names}"
    raise CheckFailed(None, found, Evidence(f"the shape of {what}", got))


def _same_kind(got: np.ndarray, want: np.ndarray, what: str) -> None:
    """A wrong answer of whole numbers where real ones are expected has probably been rounded on its way."""
    if want.dtype.kind == "f" and got.dtype.kind in "iub":
        raise CheckFailed(None, f"`{what}` holds whole numbers ({got.dtype}), expected real numbers",
                          Evidence(what, got.copy()))


def _narrow(value: Any) -> str:
    """The dtype of an answer whose numbers are too coarse to be compared, or ''."""
    name = str(getattr(value, "dtype", "")).removeprefix("torch.") if type(value) is not Handle else ""
    return name if name in ("float16", "bfloat16") else ""


def _difference(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """|got - want| in float64, 0 where both are the same infinity or both NaN."""
    with np.errstate(all="ignore"):
        wide = complex if "c" in (got.dtype.kind, want.dtype.kind) else float
        difference = np.abs(got.astype(wide) - want.astype(wide))
    equal = (got == want) | ((got != got) & (want != want))
    return np.where(equal, 0.0, difference)


def _differs(got, want, difference, wrong, what: str, axes: str, exact: bool) -> str:
    difference = np.where(np.isnan(difference), np.inf, difference)
    worst = int(np.argmax(difference >= difference.max() * (1 - 1e-6)))  # of equals the first, on any machine
    where = _place(worst, got.shape, axes)
    text = f"`{what}` differs{where}: got {_number(got.flat[worst])}, expected {_number(want.flat[worst])}"
    if got.size > 1:
        text += f"; {_count(wrong)} differ"
    if not exact and (error := _relative_error(got, want)) < TELLING:
        text += f"; largest relative error {error:.1e}"
        if difference.max() <= COARSE["float32"] * largest(want):
            text += ", no more than float32 rounds: does it compute in that?"
    return text


def _relative_error(got: np.ndarray, want: np.ndarray) -> float:
    """CS231n's elementwise measure: max |got - want| / max(1e-8, |got| + |want|)."""
    with np.errstate(all="ignore"):
        size = np.maximum(1e-8, np.abs(got) + np.abs(want))
        ratio = _difference(got, want) / size
    return float(np.where(np.isnan(ratio), math.inf, ratio).max())


def _place(index: int, shape: tuple[int, ...], axes: str) -> str:
    if not shape:
        return ""
    place = np.unravel_index(index, shape)
    return " at " + ", ".join(f"{name}={position}" for name, position in zip(_names(shape, axes), place))


def _names(shape: tuple[int, ...], axes: str) -> list[str]:
    names = axes.split()
    return names if len(names) == len(shape) else [f"axis {number}" for number in range(len(shape))]


def _count(mask: np.ndarray) -> str:
    return f"{int(mask.sum())} of {mask.size} values"


def _number(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(value)
    if isinstance(value, (complex, np.complexfloating)):
        return f"{value:.4g}"
    return f"{value:.6g}" if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(float(value), "nan")
