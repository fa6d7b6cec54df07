"""The picture of where an array is wrong: what its digits mean, and that it stays small."""

from dataclasses import asdict

import numpy as np
import pytest

from autograder.examine import CheckFailed, gradient, same
from autograder.render import public
from autograder.report import CheckResult, Difference, PartResult, Report

WANT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 10.0]])


def rows(got, want=WANT, axes="N H", **options) -> list[str]:
    """The digits of the failure of `got`."""
    with pytest.raises(CheckFailed) as caught:
        same(got, want, "h", axes=axes, **options)
    return caught.value.difference and caught.value.difference.rows


def test_a_digit_is_the_error_relative_to_the_largest_value():
    error = np.array([[0, 10, 1], [0.2, 4, 1e-7]])
    assert rows(WANT + error) == ["097", "580"]  # the last is within the tolerance
    assert rows(WANT + error, rel_error=1e-9) == ["097", "581"]
    assert rows(WANT * 1e9) == ["999", "999"]


def test_what_is_not_finite_is_wrong_as_can_be():
    assert rows(np.where(WANT == 2, np.nan, np.where(WANT == 5, -np.inf, WANT))) == ["090", "090"]
    assert rows([[np.inf, 1.0]], np.array([[np.inf, np.nan]])) == ["09"]


def test_whole_numbers_are_right_or_wrong():
    assert rows(np.array([[1, 2, 3]]), np.array([[1, 3, 900]])) == ["099"]
    assert rows(np.array([True, False]), np.array([True, True]), axes="N") == ["09"]


def test_axes_and_shape_are_those_of_the_whole_array():
    got = np.zeros((3, 5, 7))
    got[1, 2, 3] = 1.0
    with pytest.raises(CheckFailed) as caught:
        same(got, np.zeros((3, 5, 7)), "h", axes="N T H")
    picture = caught.value.difference
    assert (picture.axes, picture.shape) == (["N", "T", "H"], [3, 5, 7])
    assert len(picture.rows) == 15 and picture.rows[1 * 5 + 2] == "0009000"


@pytest.mark.parametrize("shape", [(2,), (33,), (1000,), (64, 33), (5, 101, 7), (2, 3, 5, 2, 41)])
def test_a_large_array_is_shown_in_blocks_each_with_its_worst(shape):
    want = np.ones(shape)
    for place in (0, want.size // 2, want.size - 1):
        got = want.copy()
        got.flat[place] = 3.0
        picture = rows(got, want, axes="")
        assert len(picture) <= 32 and {len(row) for row in picture} <= set(range(1, 33))
        assert sorted("".join(picture))[-2:] == ["0", "9"]
    assert picture[-1][-1] == "9"


def test_numbers_and_wrong_shapes_have_no_picture():
    assert rows(2.0, np.array(1.0), axes="") is None
    assert rows(WANT.T) is None and rows(None) is None
    assert rows((WANT + 0.4).astype(int) + 1) is None


def test_a_gradient_has_a_picture_too():
    x = np.array([1.0, 2.0])
    with pytest.raises(CheckFailed) as caught:
        gradient(lambda x: x ** 2, x, np.ones(2), np.array([2.0, 5.0]), "dx", axes="N")
    assert caught.value.difference == Difference(["N"], [2], ["07"])


def test_it_survives_the_report_and_a_hidden_check_never_shows_it():
    picture = Difference(["N"], [2], ["09"])
    checks = [CheckResult("test_it", "a sentence", 1, "failed", difference=picture, hidden=hidden)
              for hidden in (False, True)]
    report = Report("t1", "ann", parts=[PartResult("a", checks)])
    again = Report.from_json(report.to_json())
    assert again == report and again.parts[0].checks[0].difference == picture
    assert [check.difference for check in public(again.parts[0]).checks] == [picture, None]
    old = asdict(checks[0])
    del old["difference"]  # a report from before there were pictures
    assert CheckResult(**old).difference is None
