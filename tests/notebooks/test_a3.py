"""Assignment 3 from top to bottom."""

from tests.notebooks.whole import TopToBottom


class TestA3(TopToBottom):
    name = "a3_multi_head_attention"
    pictures = 7
