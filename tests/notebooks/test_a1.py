"""Assignment 1 from top to bottom."""

from tests.notebooks.whole import TopToBottom


class TestA1(TopToBottom):
    name = "a1_rnn_captioning"
    pictures = 9
    shorter = {"num_epochs=10,": "num_epochs=2,", "num_epochs=6,": "num_epochs=2,"}
