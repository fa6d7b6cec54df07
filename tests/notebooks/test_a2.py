"""Assignment 2 from top to bottom."""

from tests.notebooks.whole import TopToBottom


class TestA2(TopToBottom):
    name = "a2_attention"
    pictures = 13
    shorter = {"iterations=1200": "iterations=300"}
