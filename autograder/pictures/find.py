"""Where the pictures of a Markdown text are, in all the ways that notebooks and other editors write them.

A destination may be a megabyte of base64, and a text may be made to be slow to read: every pattern here looks at each
character a bounded number of times.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape

ALT = r"!\[(?P<alt>(?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,500})\]"
DATA = re.compile(r"data:[\w/+.;=-]{0,100},[A-Za-z0-9+/=%_-]*", re.IGNORECASE)
ANGLE = re.compile(r"<([^<>\n]*)>")
BARE = re.compile(r"(?:[^()\n]|\([^()\n]{0,300}\)){0,2000}")  # with spaces and a title, if there is one
TITLE = re.compile(r"""\s{1,9}(?:"[^"]{0,500}"|'[^']{0,500}'|\([^()]{0,500}\)|=\d*x\d*)\s*$""")
END = re.compile(r"""[ \t]*(?:\n?[ \t]*(?:"[^"]{0,500}"|'[^']{0,500}'))?[ \t]*""")
LABEL = re.compile(r"\[([^\[\]]{0,500})\]")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
PLACE = re.compile(rf"(?P<ticks>`{{1,20}})[^`\n]{{1,300}}(?P=ticks)|{ALT}|(?P<tag><img\b(?P<attributes>[^<>]*)>)",
                   re.IGNORECASE)
DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]{1,500})\]:[ \t]*\n?[ \t]*", re.MULTILINE)
ATTRIBUTE = re.compile(r"""\b(src|alt)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """A picture in a text: text[start:end] is how it is written, `source` where it comes from as it stands there."""

    start: int
    end: int
    alt: str
    source: str


def sources(texts: Iterable[str]) -> set[str]:
    """Where the pictures of some texts come from."""
    return {reference.source for text in texts for reference in references(text)[0]}


def references(text: str) -> tuple[list[Reference], list[tuple[int, int]]]:
    """The pictures of a text in their order, and where the definitions stand that only they use."""
    if "![" not in text and "<img" not in text.lower():
        return [], []
    definitions = {_label(match[1]): (match.start(), *target) for match in reversed(list(DEFINITION.finditer(text)))
                   if (target := _target(text, match.end()))}
    found, used, at = [], {}, 0
    for begin, end in [*_fenced(text), (len(text), len(text))]:
        for match in PLACE.finditer(text, at, begin):
            if match["ticks"]:
                continue
            if match["tag"]:
                found += _tag(match)
            elif inline := _inline(text, match.end()):
                found.append(Reference(match.start(), inline[1], match["alt"], inline[0]))
            else:
                label = LABEL.match(text, match.end())
                name = _label(label[1] if label and label[1].strip() else match["alt"])
                if name in definitions:
                    start, source, stop = definitions[name]
                    found.append(Reference(match.start(), (label or match).end(), match["alt"], source))
                    used[name] = start, stop
        at = end
    return list(_apart(found)), sorted(used.values())


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """The blocks of code: pictures in them are meant to be read."""
    fence = None
    for match in FENCE.finditer(text):
        if fence is None:
            fence = match
        elif match[1].startswith(fence[1]) and not match[2].strip():
            yield fence.start(), match.end()
            fence = None
    if fence is not None:
        yield fence.start(), len(text)


def _tag(match: re.Match) -> list[Reference]:
    """The picture of an <img>, as HTML has it."""
    attributes = {each[1].lower(): unescape(each[2] or each[3] or each[4] or "")
                  for each in ATTRIBUTE.finditer(match["attributes"])}
    source = attributes.get("src", "").strip()
    return [Reference(match.start(), match.end(), attributes.get("alt", ""), source)] if source else []


def _inline(text: str, at: int) -> tuple[str, int] | None:
    """(destination, where the picture ends) of `(destination "title")`."""
    if text[at:at + 1] != "(":
        return None
    at += 1
    while text[at:at + 1] in (" ", "\t", "\n"):
        at += 1
    if exact := DATA.match(text, at) or ANGLE.match(text, at):
        end = END.match(text, exact.end()).end()
        return (exact[exact.re.groups], end + 1) if text[end:end + 1] == ")" else None
    bare = BARE.match(text, at)
    if text[bare.end():bare.end() + 1] != ")" or not bare[0].strip():
        return None
    return TITLE.sub("", bare[0]).strip(), bare.end() + 1


def _target(text: str, at: int) -> tuple[str, int] | None:
    """(destination, where it ends) of a definition."""
    if exact := ANGLE.match(text, at) or DATA.match(text, at):
        return exact[exact.re.groups], END.match(text, exact.end()).end()
    line = text[at:at + 3000].partition("\n")[0]
    return (TITLE.sub("", line).strip(), at + len(line)) if line.strip() else None


def _label(text: str) -> str:
    return " ".join(text.casefold().split())


def _apart(found: list[Reference]) -> Iterator[Reference]:
    end = 0
    for reference in found:
        if reference.start >= end:
            end = reference.end
            yield reference
