"""Errors of shape, in the letters of the docstrings."""

import numpy as np
import pytest

from autograder.course import load_assignment
from autograder.examine.shapes import axes_in, given, in_letters
from tests.conftest import ROOT

STEP = '''
def step(x, prev_h, Wx, b, mode="tanh"):
    """One step.

    x       (N, D)  the inputs
    prev_h  (N, H)  the memory
    Wx      (D, 4H)  Wh (H, 4H): columns;  b (4H,)
    mode    how

    Returns next_h (N, H).
    """


class Layer:
    def forward(self, query, attn_mask=None):
        """query (N, T, E), attn_mask (T, S) or None -> (N, T, E)"""
'''
AXES = axes_in([STEP, "%matplotlib inline\nplot()"])
SIZES = given((np.ones((3, 5)), np.ones((3, 7)), np.ones((5, 28))), {"b": np.ones(28), "mode": "tanh"})


def test_docstrings_name_the_axes():
    assert AXES == {"step": {"x": ["N", "D"], "prev_h": ["N", "H"], "Wx": ["D", "4H"], "b": ["4H"], "mode": []},
                    "Layer.forward": {"query": ["N", "T", "E"], "attn_mask": ["T", "S"]}}


@pytest.mark.parametrize("kind, message, said", [
    ("ValueError", "operands could not be broadcast together with shapes (3,5) (7,28) ", "3 is N, 5 is D, 7 is H, 28 is 4H"),
    ("ValueError", "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->"
                   "(n?,m?) (size 5 is different from 7)", "5 is D, 7 is H"),
    ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (3x7 and 5x28)", "3 is N, 7 is H, 5 is D, 28 is 4H"),
    ("RuntimeError", "The size of tensor a (5) must match the size of tensor b (7) at non-singleton dimension 3", "5 is D, 7 is H"),
    ("IndexError", "index 5 is out of bounds for axis 3 with size 3", "5 is D, 3 is N"),
    ("ValueError", "cannot reshape array of size 15 into shape (4,4)", ""),
    ("ValueError", "I want 5 apples", ""), ("KeyError", "shape 5", ""),
])
def test_the_sizes_of_an_error_are_told(kind, message, said):
    assert in_letters(kind, message, AXES["step"], SIZES) == (said and f"in these shapes {said}")


def test_a_size_that_two_letters_share_is_not_told():
    square = given((np.ones((3, 3)), np.ones((3, 7))), {})
    assert in_letters("ValueError", "shapes (3,3) (7,)", AXES["step"], square) == "in these shapes 7 is H"
    assert in_letters("ValueError", "shapes (3,3) (7,)", AXES["step"], given((3.5,), {})) == ""


def test_the_course_s_own_docstrings_are_read():
    cells = load_assignment("a1_rnn_captioning", ROOT).cells
    axes = axes_in(cell.source for cell in cells if cell.is_run)
    assert axes["rnn_step_forward"] == {"x": ["N", "D"], "prev_h": ["N", "H"], "Wx": ["D", "H"], "Wh": ["H", "H"], "b": ["H"]}
