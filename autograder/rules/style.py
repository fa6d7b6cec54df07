"""The rules that a part declares: what is to be written may not be called from a library.

    part("layer_norm", forbids=["torch.nn.LayerNorm", "torch.nn.functional.layer_norm"])

Decided on the source alone. Names are resolved over all cells as they stand at the end of the notebook (imports,
aliases, `getattr`), and code is followed from the part's own functions by name: what they do not reach is free.
A rule of one name means all of that package; a longer one means its last name, wherever that package keeps it
(`torch.nn.modules.normalization.LayerNorm` is `torch.nn.LayerNorm`).
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from autograder.course.plan import Part, Plan
from autograder.report import BROKEN, FAILED, PartResult
from autograder.rules.access import TooEntangled
from autograder.rules.names import Names, Use

ROUNDABOUT = ("getattr", "__dict__", "vars", "import_module", "__import__")

UNREADABLE = Use(0, 0, "", "")  # stands for all that may be in what nobody can read
TOO_MUCH = ("the code is too large or too deeply nested to see that nothing is called which is to be written; "
            "take out what was pasted into it")

Cells = list[tuple[str, str]]


@dataclass(frozen=True)
class Notebook:
    """What the rules are held against.

    cells: (name, source) in the order in which they run; given: the names of those that the course wrote;
    functions: for each part, the functions that its student writes ("LayerNorm.forward"); modules: path -> text of
    the student's own, which are read as cells before the first.
    """

    cells: Cells
    functions: dict[str, frozenset[str]]
    given: Collection[str] = ()
    modules: Mapping[str, str] = field(default_factory=dict)

    def uses(self, plan: Plan, parts: Iterable[str]) -> dict[str, Use]:
        """For each of `parts` that breaks its rules the first place where it does."""
        text = "\n".join(source for _, source in self._everything)
        text = unicodedata.normalize("NFKC", text)  # as Python reads names
        ruled = [plan.part(name) for name in parts if any(_may_be_in(text, rule) for rule in plan.part(name).forbids)]
        if not ruled:
            return {}
        try:
            found = {part.name: self._first_use(self._names, plan, part) for part in ruled}
        except (TooEntangled, RecursionError, MemoryError):  # what cannot be read is not taken for honest
            return dict.fromkeys((part.name for part in ruled), UNREADABLE)
        return {name: use for name, use in found.items() if use is not None}

    @cached_property
    def _names(self) -> Names:
        local = {path.partition("/")[0].removesuffix(".py") for path in self.modules}
        return Names(self._everything, self.given, local)

    @property
    def _everything(self) -> Cells:
        return [*self.modules.items(), *self.cells]

    def _first_use(self, names: Names, plan: Plan, part: Part) -> Use | None:
        own = self._written_for(part)
        uses = []
        for rule in part.forbids:
            # What another part with the same rule is written in is judged there, not twice.
            others = {name for other in plan.parts if rule in other.forbids for name in self._written_for(other)}
            uses += names.uses(own, lambda path, rule=rule: forbidden(path, rule), stop=others - own)
        return min(uses, default=None)

    def _written_for(self, part: Part) -> set[str]:
        return {name.partition(".")[0] for name in self.functions[part.name]}


def rule_out(results: list[PartResult], plan: Plan, notebook: Notebook) -> None:
    """Fails the checks of each part that calls what it forbids. Broken and unattempted checks stay as they are."""
    uses = notebook.uses(plan, [result.name for result in results])
    for result in results:
        if use := uses.get(result.name):
            _fail(result, TOO_MUCH if use is UNREADABLE else
                  f"`{result.name}` is to be written, not called: {use.cell}, line {use.line} calls `{use.path[:200]}`")


def _fail(result: PartResult, sentence: str) -> None:
    result.follow_through = []
    for check in result.checks:
        if check.verdict != BROKEN and check.attempted:
            check.verdict, check.points, check.follow_through = FAILED, 0.0, False
            check.asked, check.found, check.hint, check.where = "", sentence, "", []
            check.difference = None


def _may_be_in(text: str, rule: str) -> bool:
    """Whether a closer look is worth it: the last name of the rule is written, or one of the ways not to write it."""
    return rule.rpartition(".")[2] in text or any(way in text for way in ROUNDABOUT)


def forbidden(path: str, rule: str) -> bool:
    """Whether a dotted library name falls under a rule."""
    package, *rest = rule.split(".")
    first, *others = path.split(".")
    return first == package and (not rest or rest[-1] in others)
