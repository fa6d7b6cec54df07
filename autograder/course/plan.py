"""What a checks.py declares, read from its syntax tree without running it.

The plan is the same for the grader (the whole file) and for a student's copy (the visible checks).
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import regions
from autograder.course.reading import NAME, Findings, is_points, read_text
from autograder.errors import CourseError

LISTS = ("builds_on", "waits_for", "forbids")
SECONDS = 300.0  # that one submission may take, if checks.py says nothing else
FIXTURES = ("student", "reference", "rng")


@dataclass(frozen=True)
class Part:
    """One graded exercise: what the notebook's `check("name")` examines.

    builds_on: earlier parts that may be replaced by the reference if they fail (follow-through marks);
    waits_for: earlier parts that may not (the student's code may read their private caches);
    family: parts that share private caches, so that they are only ever replaced together;
    forbids: library names, such as "torch.nn.LayerNorm", that its code may not call;
    points: what its author says that its checks add up to, if anything; line: where checks.py declares it.
    """

    name: str
    family: str = ""
    builds_on: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    points: float | None = None
    line: int = field(default=0, compare=False)

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
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Plan:
    """The parts in notebook order, and the checks in file order.

    seconds: that one submission may take as a whole, by the clock and of processor time.
    """

    parts: tuple[Part, ...]
    checks: tuple[Check, ...]
    seconds: float = SECONDS

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

    Raises CourseError with all that is wrong, each with its line: a check without a sentence, without a part, of no
    points, with a name that is taken; a part that is declared twice, has no checks, or refers to one not above it.
    """
    source = read_text(path)
    hidden = regions.find(source, regions.HIDDEN, str(path))
    try:
        tree = ast.parse(source, str(path))
    except (SyntaxError, ValueError) as error:
        raise CourseError(f"{path}:{getattr(error, 'lineno', None) or 1}: Python that compiles",
                          str(getattr(error, "msg", error))) from None
    findings, known, parts, checks, seconds = Findings(), {}, [], [], SECONDS
    for node in tree.body:
        with findings.gathered():
            if _calls(node, "part"):
                parts.append(_read_part(node.value, known, path))
            elif _calls(node, "budget"):
                seconds = _read_budget(node.value, path)
            elif _is_check(node, path):
                inside = any(begin < node.lineno < end for begin, end in hidden)
                checks.append(_read_check(node, inside, path))
    if not findings:  # a part or check that could not be read would be missed here once more
        _compare_names(parts, checks, path, findings)
    findings.settle()
    return Plan(tuple(parts), tuple(checks), seconds)


def _calls(node: ast.stmt, name: str) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name


def _read_part(call: ast.Call, known: dict[str, int], path: Path) -> Part:
    """`known`: the parts above it and their lines; this one is added."""
    where = f"{path}:{call.lineno}"
    try:
        (name,) = (ast.literal_eval(argument) for argument in call.args)
        options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (ValueError, TypeError):
        raise CourseError(f'{where}: part("name", ...) written out in literals') from None
    if not isinstance(name, str) or not NAME.match(name):
        raise CourseError(f"{where}: a part's name of letters, digits, _ and -", f"found {name!r}")
    if name in known:
        raise CourseError(f'{where}: part("{name}") is declared once', f"line {known[name]} declares it too")
    above = list(known)
    known[name] = call.lineno
    if unknown := set(options) - {"family", "points", *LISTS}:
        raise CourseError(f'{where}: part("{name}") takes family, points, builds_on, waits_for and forbids',
                          f"found {', '.join(sorted(map(str, unknown)))}")
    lists = {option: _names(options.get(option, ()), f"{where}: {option}") for option in LISTS}
    for option in ("builds_on", "waits_for"):
        if missing := [each for each in lists[option] if each not in above]:
            raise CourseError(f"{where}: {option}: parts that are declared above `{name}`",
                              f"found {', '.join(missing)}; above it: {', '.join(above) or 'none'}",
                              "a part can only build on or wait for what a student does before it")
    if not all(all(map(str.isidentifier, rule.split("."))) for rule in lists["forbids"]):
        raise CourseError(f"{where}: forbids: a list of library names", f"found {options['forbids']!r}",
                          'for example forbids=["torch.nn.LayerNorm"]')
    return Part(name, options.get("family", ""), **lists, points=options.get("points"), line=call.lineno)


def _read_budget(call: ast.Call, path: Path) -> float:
    try:
        (seconds,) = (ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == "seconds")
    except (ValueError, TypeError):
        seconds = None
    if not is_points(seconds) or call.args:
        raise CourseError(f"{path}:{call.lineno}: budget(seconds=...), with a number above zero",
                          f"found {ast.unparse(call)}")
    return float(seconds)


def _names(value, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise CourseError(f"{where}: a list of names", f"found {value!r}")
    return tuple(value)


def _is_check(node: ast.stmt, path: Path) -> bool:
    """Whether a statement is a check. Raises CourseError for what pytest or a reader would take for one, and we not."""
    if isinstance(node, (ast.ClassDef, ast.AsyncFunctionDef)) and node.name.lower().startswith("test"):
        raise CourseError(f"{path}:{node.lineno}: checks are plain functions at the left edge of the file",
                          f"found `{node.name}`, which nothing would run")
    if not isinstance(node, ast.FunctionDef):
        return False
    if _marks(node) and not node.name.startswith("test_"):
        raise CourseError(f"{path}:{node.lineno}: the name of a check begins with test_", f"found `{node.name}`")
    return node.name.startswith("test_")


def _marks(node: ast.FunctionDef) -> list[ast.Call]:
    return [each for each in node.decorator_list
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "points"]


def _read_check(node: ast.FunctionDef, hidden: bool, path: Path) -> Check:
    where = f"{path}:{node.lineno}: {node.name}"
    marks, sentence = _marks(node), ast.get_docstring(node)
    if len(marks) != 1:
        raise CourseError(f'{where} has one @points("part", n)', f"found {len(marks) or 'none'}")
    if not sentence:
        raise CourseError(f"{where} has a docstring", "found none", "it is the sentence that a student reads")
    try:
        part, points = (ast.literal_eval(argument) for argument in marks[0].args)
    except ValueError:
        raise CourseError(f"{where}: @points(\"part\", n) written out in literals") from None
    if not is_points(points):
        raise CourseError(f"{where} is worth something", f"@points says {points!r}")
    arguments = [each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)]
    if unknown := [name for name in arguments if name not in FIXTURES]:
        raise CourseError(f"{where} takes {', '.join(FIXTURES[:-1])} or {FIXTURES[-1]}", f"found {', '.join(unknown)}")
    return Check(node.name, part, float(points), " ".join(sentence.split()), hidden, node.lineno)


def _compare_names(parts: list[Part], checks: list[Check], path: Path, findings: Findings) -> None:
    declared, checked, lines = {part.name for part in parts}, {check.part for check in checks}, {}
    for part in parts:
        if part.name not in checked:
            findings.add(f"{path}:{part.line}: part `{part.name}` has checks", "no check has it in its @points",
                         f'a check of it says `@points("{part.name}", n)`')
    for check in checks:
        if check.part not in declared:
            findings.add(f"{path}:{check.line}: {check.name} belongs to a part", f"no part is called {check.part!r}",
                         f'declare `part("{check.part}")` at the top of the file')
        if check.name in lines:
            findings.add(f"{path}:{check.line}: each check has its own name",
                         f"line {lines[check.name]} defines `{check.name}` too")
        lines.setdefault(check.name, check.line)
