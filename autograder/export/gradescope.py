"""Builds gradescope/<assignment>.zip: an autograder that Gradescope runs, with this package and one assignment in it.

The zip holds the solutions, the hidden checks and a secret of its own: it is for Gradescope's form, never for students.
"""

import importlib.metadata
import io
import os
import secrets
import shlex
import sys
import zipfile
from importlib import resources
from pathlib import Path

import autograder
from autograder.course.assignment import Assignment
from autograder.errors import CourseError
from autograder.grade.grader import preloads
from autograder.report import write_whole

# Besides what the assignment imports itself; constraints.txt knows the versions.
REQUIRED = ("click", "h5py", "jupytext", "matplotlib", "nbformat", "numpy", "pyseccomp", "pytest", "rich")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}
SCRIPTS = {"setup.sh": "setup.sh", "run_autograder": "run_autograder.sh"}  # in the zip: here


def write_zip(assignment: Assignment) -> Path:
    """The path of the zip. Raises CourseError for an assignment that breaks a rule of the house."""
    target = assignment.root / "gradescope" / f"{assignment.name}.zip"
    write_whole(target, zipped(autograder_files(assignment)))
    target.chmod(0o600)
    return target


def autograder_files(assignment: Assignment) -> dict[str, bytes]:
    """Path -> content of all that is in the zip."""
    constraints = assignment.root / "constraints.txt"
    if not constraints.is_file():
        raise CourseError("constraints.txt, the versions that the checks were tried with",
                          f"there is none in {assignment.root}", "copy it from the course kit")
    course = [assignment.notebook, assignment.checks, assignment.mistakes]
    package = Path(autograder.__file__).parent
    assert assignment.cells  # raises CourseError for what would break in the container
    return {
        **{name: _script(here).encode() for name, here in SCRIPTS.items()},
        "requirements.txt": "".join(f"{name}\n" for name in requirements(assignment)).encode(),
        "constraints.txt": constraints.read_bytes(),
        "course.secret": f"{secrets.token_hex(32)}\n".encode(),
        **{f"autograder/{path.relative_to(package).as_posix()}": path.read_bytes()
           for path in sorted(package.rglob("*")) if path.is_file() and LEFT_OUT.isdisjoint(path.parts)},
        **{f"solutions/{assignment.name}/{path.name}": path.read_bytes() for path in course if path.is_file()},
        **{f"solutions/{assignment.name}/{name}": content for name, content in assignment.support.items()},
    }


def requirements(assignment: Assignment) -> list[str]:
    """The packages to install, as they are called by those who publish them."""
    tops = {name.partition(".")[0] for name in preloads(assignment)} - set(sys.stdlib_module_names)
    tops -= {name.removesuffix(".py").partition("/")[0] for name in assignment.modules}
    published = importlib.metadata.packages_distributions()
    return sorted({*REQUIRED, *(published.get(top, [top])[0] for top in tops)})


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip with `files` at its root, the scripts executable, as Gradescope wants it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if name in SCRIPTS else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _script(name: str) -> str:
    text = resources.files("autograder.export").joinpath(name).read_text(encoding="utf-8")
    return text.replace("@torch_index@", shlex.quote(os.environ.get("AUTOGRADER_TORCH_INDEX", "")))
