"""Ranks the pairs of a class by how much of their code agrees beyond what is usual.

A part's agreement is the share of two shapes that is the same (rapidfuzz's Indel similarity). Short parts agree by
nature, and most people write some parts alike: where two agree beyond the class's usual, what counts is the passages
that both have, each the less the more of the class have it. A short part that nobody else would write says more than a
long one that half of them did. The course's own answer is one of the class: it says what is usual in a small one, and
it can be what somebody copied.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

LEAST_TOKENS = 15  # a shorter shape says nothing about who wrote it
LEAST_SHARE = 0.8  # of two shapes: what agrees less was written twice
PASSAGE = 6  # tokens in a row: fewer are anybody's
NEAR = 0.03  # others agree "as much" if they come this near
WORTH_A_LOOK = 60.0  # tokens beyond the usual, over all parts


@dataclass(frozen=True)
class Agreement:
    """Of one part. share, usual: between 0 and 1; others: how many more agree as much; evidence: in tokens, those of
    passages that only the two have counting in full."""

    part: str
    tokens: int
    share: float
    usual: float
    others: int
    evidence: float


@dataclass
class Pair:
    """Two members of the class, and the parts in which they agree beyond the usual, the most telling first."""

    first: str
    second: str
    agreements: list[Agreement] = field(default_factory=list)

    @property
    def evidence(self) -> float:
        return sum(agreement.evidence for agreement in self.agreements)

    @property
    def is_worth_a_look(self) -> bool:
        return self.evidence >= WORTH_A_LOOK


def compare(shapes: Mapping[str, Mapping[str, list[str]]]) -> list[Pair]:
    """All pairs with any evidence, the most first. shapes: member -> part -> tokens."""
    pairs: dict[tuple[str, str], Pair] = {}
    for part in dict.fromkeys(part for parts in shapes.values() for part in parts):
        written = {member: parts[part] for member, parts in shapes.items() if len(parts.get(part, ())) >= LEAST_TOKENS}
        for first, second, agreement in _agreements(part, written):
            pairs.setdefault((first, second), Pair(first, second)).agreements.append(agreement)
    for pair in pairs.values():
        pair.agreements.sort(key=lambda agreement: -agreement.evidence)
    return sorted(pairs.values(), key=lambda pair: (-pair.evidence, pair.first, pair.second))


def _agreements(part: str, written: dict[str, list[str]]):
    """(first, second, agreement) of each pair that agrees in a part beyond the usual."""
    members = list(written)
    if len(members) < 3:  # of two nobody can say what is usual
        return
    shares = _shares([written[member] for member in members])  # (M, M)
    usual = float(np.median(shares[np.triu_indices(len(members), 1)]))
    passages = [_passages(written[member]) for member in members]
    having = Counter(passage for each in passages for passage in each)  # passage -> how many of the class have it
    for i, first in enumerate(members):
        for j in range(i + 1, len(members)):
            share = float(shares[i, j])
            if share < LEAST_SHARE or share <= usual:
                continue
            as_near = np.maximum(shares[i], shares[j]) >= share - NEAR  # (M,)  they themselves are among them
            others = int(as_near.sum() - as_near[i] - as_near[j])
            tokens = min(len(written[first]), len(written[members[j]]))
            evidence = sum(count * _rarity(having[passage], len(members))
                           for passage, count in (passages[i] & passages[j]).items())
            if evidence > 0:
                yield first, members[j], Agreement(part, tokens, share, usual, others, evidence)


def _passages(tokens: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(PASSAGE))))


def _rarity(group: int, members: int) -> float:
    """1 if only two have it, 0 if everybody does."""
    return math.log(members / group) / math.log(members / 2)


def _shares(shapes: list[list[str]]) -> np.ndarray:
    """(M, M): the share of two shapes that is the same. Each token becomes one character: so rapidfuzz is fastest."""
    letters: dict[str, str] = {}
    texts = ["".join(letters.setdefault(token, chr(0x10000 + len(letters))) for token in shape) for shape in shapes]
    return cdist(texts, texts, scorer=Indel.normalized_similarity, dtype=np.float64)
