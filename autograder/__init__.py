"""A deep-learning course kit with an autograder that can be trusted."""

__version__ = "0.1.0"
