"""Makes a sample class for any assignment, to try grading with: from its own reference, stubs and mistakes.

Each student is one situation that graders meet.
"""

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.execute import STUB, Answer, read_answers, with_answer
from autograder.course.plan import Check
from autograder.course.reading import read_text
from autograder.course.source import SOLUTION
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import course_examiner
from autograder.release.notebook import release_notebook, source_notebook

MISSING = "jo-missing-file"
MISTAKEN = 4  # students with one real mistake each

ENDLESS = "while True:\n        pass"
EXIT = "import os\n    os._exit(0)"
CHEAT = """
import builtins
import numpy

class Right(float):
    \"\"\"Equal to anything, and close to anything.\"\"\"
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __hash__ = float.__hash__
    def __sub__(self, other):
        return 0.0
    __rsub__ = __sub__

numpy.allclose = numpy.array_equal = lambda *args, **options: True
numpy.testing.assert_allclose = lambda *args, **options: None
builtins.check = lambda part: 100.0
print("70 passed in 0.01s")
"""


def write_class(assignment: Assignment, folder: Path,
                before_joining: Callable[[list[str]], None] = lambda others: None) -> list[str]:
    """Writes one submission folder for each sample student into `folder`, over earlier ones; their names.

    before_joining: called with the others who have a folder there, if there are any, before anything is written.
    """
    made = {"ada-perfect": source_notebook(assignment),
            "bela-other-style": with_answers(assignment, going_together(assignment)),
            "cleo-blank": release_notebook(assignment), "dora-half-done": _half_done(assignment),
            **_mistaken(assignment), "ines-syntax-error": _edited(assignment, _break_syntax, which=1),
            "kim-renamed-function": _edited(assignment, _rename, which=2),
            "lena-endless-loop": _edited(assignment, lambda source, name: _new_body(source, name, ENDLESS), which=0),
            "max-exits": _edited(assignment, lambda source, name: _new_body(source, name, EXIT), which=0),
            "nora-cheats": _cheat(assignment), "otto-not-a-notebook": "PK this is no notebook"}
    if others := [path.name for path in sorted(folder.glob("*/")) if path.name not in {*made, MISSING, ""}
                  and not path.name.startswith(".")]:
        before_joining(others)
    for student, text in made.items():
        path = folder / student / assignment.name / f"{assignment.notebook.stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    missing = folder / MISSING / assignment.name
    shutil.rmtree(missing, ignore_errors=True)
    missing.mkdir(parents=True)
    (missing / "notes.txt").write_text("I will hand it in tomorrow.\n", encoding="utf-8")
    return sorted([*made, MISSING])


def with_answers(assignment: Assignment, answers: list[Answer]) -> str:
    """The reference notebook with cells at its end that put each answer in place of what it replaces."""
    notebook = json.loads(source_notebook(assignment))
    notebook["cells"] += [_code_cell(as_student_code(assignment, answer), answer.name) for answer in answers]
    return json.dumps(notebook, indent=1)


def going_together(assignment: Assignment) -> list[Answer]:
    """As many other correct ways of writing things as go together: the private caches of some do not."""
    chosen: list[Answer] = []
    with course_examiner(assignment) as examiner:
        for answer in (answer for answer in read_answers(assignment) if answer.correct):
            names = NamespaceBackend(vars(with_answer(assignment, *chosen, answer)))
            if all(examiner.runner.run(check, names) is None for check in _concerned(assignment, answer)):
                chosen.append(answer)
    return chosen


def _concerned(assignment: Assignment, answer: Answer) -> list[Check]:
    """The checks of the parts that an answer belongs to, of their families, and of the parts that use them."""
    written = {name.partition(".")[0] for name in answer.replaces}
    parts = [part.name for part in assignment.plan.parts if written & assignment.defined_by(part.name)]
    parts = set(assignment.plan.with_family(parts))
    users = {part.name for part in assignment.plan.parts if parts & set(part.prerequisites)}
    return [check for check in assignment.plan.checks if check.part in parts | users]


def _mistaken(assignment: Assignment) -> dict[str, str]:
    """Students with one known mistake each, spread over the assignment."""
    mistakes = [answer for answer in read_answers(assignment) if not answer.correct and len(answer.replaces) == 1]
    chosen = [mistakes[len(mistakes) * number // MISTAKEN] for number in range(min(MISTAKEN, len(mistakes)))]
    names = ("eli", "finn", "gita", "hugo")
    return {f"{name}-{answer.name.replace('_', '-')}": with_answers(assignment, [answer])
            for name, answer in zip(names, chosen)}


def _half_done(assignment: Assignment) -> str:
    """The first half of the solution cells filled in."""
    notebook, done = json.loads(release_notebook(assignment)), json.loads(source_notebook(assignment))
    places = [index for index, cell in enumerate(assignment.cells) if cell.role == SOLUTION]
    for index in places[: len(places) // 2]:
        notebook["cells"][index] = done["cells"][index]
    return json.dumps(notebook, indent=1)


def _edited(assignment: Assignment, edit: Callable[[str, str], str], which: int) -> str:
    """The reference with one of its function cells changed by edit(source, function name)."""
    notebook = json.loads(source_notebook(assignment))
    functions = [index for index, cell in enumerate(assignment.cells)
                 if cell.role == SOLUTION and isinstance(ast.parse(cell.source).body[-1], ast.FunctionDef)]
    index = functions[min(which, len(functions) - 1)]
    cell = assignment.cells[index]
    notebook["cells"][index]["source"] = edit(cell.source, cell.defines[-1])
    return json.dumps(notebook, indent=1)


def _break_syntax(source: str, name: str) -> str:
    return source.replace("):", ")", 1)


def _rename(source: str, name: str) -> str:
    return source.replace(f"def {name}(", f"def my_{name}(", 1)


def _new_body(source: str, name: str, body: str) -> str:
    return f"{_signature(source, name)}\n    {body}\n"


def _signature(source: str, name: str) -> str:
    function = next(node for node in ast.parse(source).body if getattr(node, "name", "") == name)
    return f"def {name}({ast.unparse(function.args)}):"


def _cheat(assignment: Assignment) -> str:
    """Every stub returns something that claims to be equal to all; comparisons are patched."""
    notebook = json.loads(release_notebook(assignment))
    for index, cell in enumerate(assignment.cells):
        if cell.role == SOLUTION:
            source = "".join(notebook["cells"][index]["source"])
            notebook["cells"][index]["source"] = source.replace(STUB, "return Right(1.0), Right(1.0)")
    notebook["cells"].insert(0, _code_cell(CHEAT, "cheat"))
    return json.dumps(notebook, indent=1)


def as_student_code(assignment: Assignment, answer: Answer) -> str:
    """An answer of mistakes.py as a cell that replaces what the cells above it define."""
    tree = ast.parse(read_text(assignment.mistakes))
    nodes = [node for node in tree.body if not _is_other_answer(node, answer.name) and not _imports_course(node)]
    kept = _used_by(answer.name, nodes)
    for node in kept:
        if getattr(node, "name", "") == answer.name:
            node.decorator_list = []
            if len(node.body) > 1 and ast.get_docstring(node):
                node.body = node.body[1:]  # the docstring is the hint
    lines = ["from types import SimpleNamespace", "reference = SimpleNamespace(**globals())  # the functions above",
             *(ast.unparse(node) for node in kept)]
    values = [answer.name] if len(answer.replaces) == 1 else [f"{answer.name}()[{name!r}]" for name in answer.replaces]
    lines += [f"{name} = {value}" for name, value in zip(answer.replaces, values)]
    return "\n\n".join(lines) + "\n"


def _used_by(name: str, nodes: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that a function needs, wherever they stand, and all imports."""
    wanted, kept, before = {name}, [], -1
    while len(kept) > before:
        before = len(kept)
        kept = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) or wanted & _made_by(node)]
        wanted |= {each.id for node in kept for each in ast.walk(node) if isinstance(each, ast.Name)}
    return kept


def _made_by(node: ast.stmt) -> set[str]:
    """The names that a statement at the top of a module makes."""
    named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else named


def _is_other_answer(node: ast.stmt, name: str) -> bool:
    marks = [ast.unparse(decorator).partition("(")[0] for decorator in getattr(node, "decorator_list", [])]
    is_answer = "replaces" in marks or "also_correct" in marks
    return is_answer and node.name != name or isinstance(node, ast.Expr)


def _imports_course(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom)) and ("reference" in ast.unparse(node)
                                                               or "autograder" in ast.unparse(node))


def _code_cell(source: str, name: str) -> dict:
    return {"cell_type": "code", "id": f"sample-{name}"[:60], "metadata": {}, "source": source.strip() + "\n",
            "execution_count": None, "outputs": []}
