"""Whose line it is, and what the file is called."""

import json

import numpy
import pytest

import autograder.notebook
from autograder.notebook.places import Places


@pytest.mark.parametrize("filename, name", [
    ("/home/ann/autograder/my_layers.py", "my_layers.py"),  # a folder may have any name
    ("<stdin>", "stdin"), ("<python-input-3>", "python-input-3"), ("<timed exec>", "timed exec"),
    ("<ipython-input-7-1f2e>", "In [7]"), ("/tmp/ipython-input-12-345.py", "In [12]")])
def test_what_a_student_wrote(filename, name):
    assert Places().owns(filename) and Places().name(filename) == name


@pytest.mark.parametrize("filename", [json.__file__, numpy.__file__, autograder.notebook.__file__, "<string>",
                                      "<frozen importlib._bootstrap>", "/opt/x/site-packages/y.py"])
def test_what_a_student_did_not_write(filename):
    assert not Places().owns(filename)
