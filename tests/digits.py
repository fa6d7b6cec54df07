"""Texts without what depends on the machine that computed them: the last digits of numbers."""

import re


def without_digits(text: str) -> str:
    return re.sub(r"-?\d[\d.e+-]*", "0", text)
