"""`same`, `require`, `returns`: what they accept, and the words with which they refuse."""

import numpy as np
import pytest
import torch

from autograder.examine import CheckFailed, reached, require, returns, same
from autograder.examine.face import Face, Handle
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.values import Opaque

WANT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
INF = float("inf")


def refusal(got, want=WANT, **options) -> str:
    with pytest.raises(CheckFailed) as caught:
        same(got, want, "h", axes="N H", **options)
    return caught.value.found


@pytest.mark.parametrize("got", [
    WANT, WANT + 1e-9, WANT.astype(np.float32), WANT.tolist(), torch.from_numpy(WANT), WANT.astype(int),
    torch.nn.Parameter(torch.from_numpy(WANT)), WANT[::1, ::1][:, ::-1][:, ::-1]], ids=lambda got: type(got).__name__)
def test_right_answers_in_any_clothes(got):
    same(got, WANT, "h", axes="N H")


def test_answers_in_float32_are_as_right_as_these_get():
    same((WANT * (1 + 4e-6)).astype(np.float32), WANT, "h", rel_error=1e-9)
    assert refusal((WANT * (1 + 4e-5)).astype(np.float32), rel_error=1e-9)
    assert refusal(WANT * (1 + 4e-6), rel_error=1e-9).endswith(
        "largest relative error 2.0e-06, no more than float32 rounds: does it compute in that?")


@pytest.mark.parametrize("got, want", [
    (3, 3.0), (True, 1), (np.array([1.0, 0.0]), np.array([True, False])), (np.array([]), np.array([])),
    (np.array([-INF, 1.0]), np.array([-INF, 1.0])), (np.array([np.nan]), np.array([np.nan])), (0.0, 0.0),
    (np.float64(2), torch.tensor(2.0)), (1 + 2j, 1 + 2j), ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]]))])
def test_equal_values(got, want):
    same(got, want, "value")


@pytest.mark.parametrize("got, words", [
    (WANT + np.eye(2, 3), "`h` differs at N=0, H=0: got 2, expected 1; 2 of 6 values differ"),
    (WANT.T, "`h` has shape (3, 2), expected (2, 3) (N, H)"),
    (WANT[0], "`h` has shape (3,), expected (2, 3) (N, H)"),
    (np.where(WANT == 5, np.nan, WANT), "`h` is nan at N=1, H=1; 1 of 6 values are not finite"),
    (np.where(WANT > 4, INF, WANT), "`h` is inf at N=1, H=1; 2 of 6 values are not finite"),
    ((WANT + 0.4).astype(int) + 1, "`h` holds whole numbers (int64), expected real numbers"),
    (None, "`h` is nothing (None), expected an array of shape (2, 3)"),
    ("text", "`h` is an object of type str, expected an array of shape (2, 3)"),
    ([[1, 2], [3]], "`h` is 2 values, expected an array of shape (2, 3)"),
    (Handle(None, Opaque(1, "Liar")), "`h` is an object of type Liar, expected an array of shape (2, 3)"),
    ([Handle(None, Opaque(1, "Liar"))] * 2, "`h` is 2 values, expected an array of shape (2, 3)"),
    ({"a": 1}, "`h` is an object of type dict, expected an array of shape (2, 3)"),
])
def test_the_words_of_a_refusal(got, words):
    assert refusal(got) == words


def test_whole_numbers_are_exact():
    assert refusal(np.array([[1, 2]]), np.array([[1, 3]])).startswith("`h` differs at N=0, H=1: got 2, expected 3; 1 of 2")
    assert "differs" in refusal(np.array([1.0, 2.0000001]), np.array([1, 2]))


def test_missing_axis_names_are_numbered():
    with pytest.raises(CheckFailed, match="at axis 0=1"):
        same(np.array([1.0, 3.0]), np.array([1.0, 2.0]), "x")


def test_nothing_is_close_to_zero_by_chance():
    same(np.full(3, 1e-9), np.zeros(3), "x")
    with pytest.raises(CheckFailed):
        same(np.full(3, 1e-3), np.zeros(3), "x")
    with pytest.raises(CheckFailed):
        same(np.array([1e9, 1.0]), np.array([1e9, -1e9]), "x")


def test_finite_where_infinity_is_wanted():
    assert "got 1, expected -inf" in refusal(np.array([[1.0]]), np.array([[-INF]]))


def test_a_subclass_that_lies_is_only_its_numbers():
    class Liar(np.ndarray):
        def __array_ufunc__(self, *args, **options):
            return np.zeros(6).reshape(2, 3)

    with pytest.raises((CheckFailed, TypeError)):
        same((WANT + 1).view(Liar), WANT, "h")


def test_require():
    require(True, "asked", "found")
    require(np.bool_(True), "asked", "found")
    with pytest.raises(CheckFailed) as caught:
        require(0, "asked", "found")
    assert (caught.value.asked, caught.value.found) == ("asked", "found")


def test_returns():
    assert returns((1, 2), "a", "b") == (1, 2)
    assert returns([1, 2], "a", "b") == [1, 2]
    assert returns(5, "a") == 5
    for value, words in ((None, "returned nothing (None), expected 2 values: `a`, `b`"),
                         (WANT, "returned an array of shape (2, 3), expected 2 values: `a`, `b`"),
                         ((1, 2, 3), "returned 3 values, expected 2: `a`, `b`")):
        with pytest.raises(CheckFailed, match="the function returned") as caught:
            returns(value, "a", "b")
        assert words in caught.value.found
    with pytest.raises(CheckFailed, match="returned nothing, expected `a`"):
        returns(None, "a")


def test_what_kind_of_array_it_is():
    for dtype in (torch.bfloat16, torch.float16):
        with pytest.raises(CheckFailed, match=f"`h` holds {str(dtype).removeprefix('torch.')} numbers, of which three"):
            same(torch.full((2, 3), 0.1).to(dtype), np.full((2, 3), 0.1, np.float32), "h")
        same(torch.ones(2, 3).to(dtype), np.ones((2, 3)), "h")  # these it holds
    sparse = Face(NamespaceBackend({"sparse": torch.ones(2).to_sparse(), "objects": np.array([None])}))
    with pytest.raises(CheckFailed, match="is an object of type Tensor of layout sparse_coo, dtype float32, expected an"):
        same(sparse.sparse, np.ones(2), "h")
    with pytest.raises(CheckFailed, match="is an object of type ndarray of dtype object, expected an array"):
        same(sparse.objects, np.ones(2), "h")


def test_a_gradient_that_is_not_there():
    assert reached(WANT, "query") is WANT
    with pytest.raises(CheckFailed, match="no gradient reaches `query`"):
        reached(None, "query")
