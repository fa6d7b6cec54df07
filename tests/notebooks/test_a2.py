"""Assignment 2 from top to bottom."""

from tests.notebooks.whole import TopToBottom


class TestA2(TopToBottom):
    name = "a2_attention"
    pictures = 13
