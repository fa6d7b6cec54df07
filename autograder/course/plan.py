"""What a checks.py declares, read from its syntax tree without running it.

The plan is the same for the grader (the whole file) and for a student's copy (the visible checks).
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from autograder.course import regions
from autograder.errors import CourseError


@dataclass(frozen=True)
class Part:
    """One graded exercise: what the notebook's `check("name")` examines.

    builds_on: earlier parts that may be replaced by the reference if they fail (follow-through marks);
    waits_for: earlier parts that may not (the student's code may read their private caches);
    family: parts that share private caches, so that they are only ever replaced together;
    forbids: library names, such as "torch.nn.LayerNorm", that its code may not call.
    """

    name: str
    family: str = ""
    builds_on: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()

    @property
    def prerequisites(self) -> tuple[str, ...]:
        return self.builds_on + self.waits_for


@dataclass(frozen=True)
class Check:
    """One pytest test of a part. `sentence` is what the student reads."""

    name: str
    part: str
    points: float
    sentence: str
    hidden: bool


@dataclass(frozen=True)
class Plan:
    """The parts in notebook order, and the checks in file order."""

    parts: tuple[Part, ...]
    checks: tuple[Check, ...]

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    def checks_of(self, part: str) -> list[Check]:
        return [check for check in self.checks if check.part == part]

    def points_of(self, part: str) -> float:
        return sum(check.points for check in self.checks_of(part))

    def with_family(self, names) -> list[str]:
        """`names` and every part that shares a family with one of them, in notebook order."""
        families = {self.part(name).family for name in names} - {""}
        return [part.name for part in self.parts if part.name in names or part.family in families]


def read_plan(path: Path) -> Plan:
    """The plan of one checks.py.

    Raises CourseError, with file and line, for a check without a sentence, without a part or of no points,
    and for a part that is declared twice or refers to a part that does not come before it.
    """
    source = path.read_text(encoding="utf-8")
    hidden = regions.find(source, regions.HIDDEN, str(path))
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise CourseError(f"{path}:{error.lineno}: Python that compiles", str(error.msg)) from None
    parts, checks = [], []
    for node in tree.body:
        if _calls(node, "part"):
            parts.append(_read_part(node.value, parts, path))
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            inside = any(begin < node.lineno < end for begin, end in hidden)
            checks.append(_read_check(node, inside, path))
    _compare_names(parts, checks, path)
    return Plan(tuple(parts), tuple(checks))


def _calls(node: ast.stmt, name: str) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name


def _read_part(call: ast.Call, before: list[Part], path: Path) -> Part:
    try:
        name = ast.literal_eval(call.args[0])
        options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        rules = options.pop("forbids", ())
        part = Part(name, options.pop("family", ""), tuple(options.pop("builds_on", ())),
                    tuple(options.pop("waits_for", ())), tuple(rules))
    except (ValueError, IndexError, TypeError):
        raise CourseError(f"{path}:{call.lineno}: part(\"name\", ...) written out in literals") from None
    known = {earlier.name for earlier in before}
    if options or name in known or not known.issuperset(part.prerequisites):
        raise CourseError(
            f"{path}:{call.lineno}: part(\"{name}\") declared once, with family, builds_on, waits_for or forbids",
            f"found {', '.join(options) or name}; parts before it: {', '.join(sorted(known)) or 'none'}",
            "a part can only build on or wait for parts that are declared above it")
    if isinstance(rules, str) or not all(isinstance(rule, str) and all(map(str.isidentifier, rule.split(".")))
                                         for rule in rules):
        raise CourseError(f"{path}:{call.lineno}: forbids: a list of library names", f"found {rules!r}",
                          'for example forbids=["torch.nn.LayerNorm"]')
    return part


def _read_check(node: ast.FunctionDef, hidden: bool, path: Path) -> Check:
    where = f"{path}:{node.lineno}: {node.name}"
    marks = [d for d in node.decorator_list
             if isinstance(d, ast.Call) and isinstance(d.func, ast.Name) and d.func.id == "points"]
    sentence = ast.get_docstring(node)
    if len(marks) != 1 or not sentence:
        raise CourseError(f"{where} has one @points(\"part\", n) and a docstring",
                          "the docstring is the sentence that a student reads")
    try:
        part, points = (ast.literal_eval(argument) for argument in marks[0].args)
    except ValueError:
        raise CourseError(f"{where}: @points(\"part\", n) written out in literals") from None
    if not isinstance(points, (int, float)) or points <= 0:
        raise CourseError(f"{where} is worth something", f"@points says {points!r}")
    return Check(node.name, part, float(points), " ".join(sentence.split()), hidden)


def _compare_names(parts: list[Part], checks: list[Check], path: Path) -> None:
    declared = {part.name for part in parts}
    checked = {check.part for check in checks}
    if declared != checked:
        raise CourseError(f"{path}: each part has checks, and each check a part",
                          f"without its other half: {', '.join(sorted(declared ^ checked))}",
                          'declare `part("name")` above the checks that say `@points("name", n)`')
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CourseError(f"{path}: each check has its own name", f"defined twice: {', '.join(twice)}")
