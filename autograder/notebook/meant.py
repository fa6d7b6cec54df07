"""Which part was meant by a name that is none: a slip, or the name of a function or class that is written for one."""

import difflib
from collections.abc import Collection, Mapping

LISTED = 6  # parts in one sentence


def part_meant(said: str, written: Mapping[str, Collection[str]]) -> str:
    """A sentence for the line `hint:`. written: for each part the functions, methods and classes written for it."""
    owners: dict[str, str] = {}
    for part, names in written.items():
        for name in names:
            for known in (name, name.partition(".")[0]):
                owners.setdefault(known.lower(), part)
    if part := owners.get(said.lower()):
        return f"`{said}` is written for the part `{part}`"
    close = difflib.get_close_matches(said.lower(), [*written, *owners], n=3, cutoff=0.6)
    parts = list(dict.fromkeys(name if name in written else owners[name] for name in close))
    if parts:
        return f"did you mean {' or '.join(f'`{part}`' for part in parts)}?"
    more = f" and {len(written) - LISTED} more" if len(written) > LISTED else ""
    return f"the parts are {', '.join(list(written)[:LISTED])}{more}"
