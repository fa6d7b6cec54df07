"""Times as Moodle writes them, in the language of whoever downloaded the file."""

import re
from datetime import datetime
from functools import lru_cache

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ca", "gl", "eu", "da", "sv", "nb", "fi", "pl", "cs", "sk", "sl",
             "hu", "ro", "tr", "el", "ru", "uk", "bg", "et", "lv", "lt")
CLOCK = re.compile(r"\b(\d{1,2})[:.h](\d\d)(?::(\d\d))?(?:\s*([ap])\.?\s?m\b)?", re.IGNORECASE)
ISO = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)\s*([+-]\d\d:?\d\d|Z)?")


def read_time(text: str) -> datetime | None:
    """Aware; in the time zone of this machine where the text says none. None for what is no time."""
    try:
        if match := ISO.search(text):
            time = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ''}")
            return time if time.tzinfo else time.astimezone()
        if not (clock := CLOCK.search(text)):
            return None
        rest = text[:clock.start()] + " " + text[clock.end():]
        year, day = re.search(r"\b\d{4}\b", rest), re.search(r"\b\d{1,2}\b", rest)
        month = next((_months()[word] for word in re.findall(r"[^\W\d_]+", rest.casefold()) if word in _months()), None)
        if not (year and day and month):
            return None
        hour = int(clock[1]) % 12 + 12 * (clock[4].lower() == "p") if clock[4] else int(clock[1])
        return datetime(int(year[0]), month, int(day[0]), hour, int(clock[2]), int(clock[3] or 0)).astimezone()
    except (ValueError, OverflowError):
        return None


@lru_cache(1)
def _months() -> dict[str, int]:
    """The name of a month, in lower case, in any of the languages -> its number; names that two of them give to
    different months are left out."""
    from babel import Locale

    found: dict[str, set[int]] = {}
    for language in LANGUAGES:
        for names in (Locale(language).months[use]["wide"] for use in ("format", "stand-alone")):
            for number, name in names.items():
                found.setdefault(name.casefold(), set()).add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}
