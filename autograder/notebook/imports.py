"""In a student's kernel an import that fails does what it does when the notebook is graded: the cell says so in a line
and goes on without it (autograder.room.cell)."""

from autograder.lab.kernel import in_kernel, shell
from autograder.room import cell


def forgive_imports() -> None:
    """From now on, in this kernel."""
    if in_kernel() and not any(type(each) is cell.ForgivingImports for each in shell().ast_transformers):
        shell().ast_transformers.append(cell.ForgivingImports())
        shell().events.register("post_run_cell", _tell)


def _tell(result) -> None:
    for sentence in cell.taken(f"In [{result.execution_count}]"):
        print(sentence)
