"""The `autograder` command: each verb is one room of the house. Nothing heavy is imported before a verb needs it."""

import os

import click

from autograder import __version__
from autograder.cli.group import Group, is_course

# The arrays of checks are small: threads would only get in each other's way, and change the last bits of sums.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A deep-learning course kit with an autograder that can be trusted."""


@main.command()
@click.argument("assignment")
def new(assignment: str) -> None:
    """Begin an assignment: make solutions/ASSIGNMENT/ with a small example that works, to change into your own."""
    from autograder.cli import author_verbs

    author_verbs.new(assignment)


@main.command()
@click.argument("assignment")
@click.option("--run", is_flag=True, help="Run it with its solutions, too, and show what its demo cells show.")
@click.option("--open", "open_it", is_flag=True, help="Open the page in your browser.")
def preview(assignment: str, run: bool, open_it: bool) -> None:
    """Write a page that shows the notebook as a student first sees it: stubs, checks, points.

    Exit code 1 if a cell fails in a run.
    """
    from autograder.cli import author_verbs

    author_verbs.preview(assignment, run, open_it)


@main.command()
@click.argument("assignments", nargs=-1)
@click.option("--check", "verify", is_flag=True, help="Only say whether assignments/ is up to date.")
@click.option("--anew", is_flag=True, help="Record the answers again, although nothing they depend on has changed.")
def release(assignments: tuple[str, ...], verify: bool, anew: bool) -> None:
    """Make assignments/ and nbgrader's source folder from solutions/ (all of them, or those named)."""
    from autograder.cli import course_verbs

    course_verbs.release(assignments, verify, anew)


@main.command()
@click.argument("assignment")
@click.option("--zip", "archive", is_flag=True, help="One zip instead of a folder.")
def handout(assignment: str, archive: bool) -> None:
    """Make what an instructor gives to students: all they need, without the solutions."""
    from autograder.cli import course_verbs

    course_verbs.handout(assignment, archive)


_which_notebook = click.option("--notebook", metavar="PATH", help="Where several notebooks have that part.")


@main.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK] [PARTS]...")
@_which_notebook
@click.option("--watch", is_flag=True, help="Look again whenever the notebook is saved, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON (with --watch, one line for each look).")
@click.option("--unconfined", is_flag=True, help="Run a notebook that is not yours with your rights all the same.")
def check(names: tuple[str, ...], notebook: str | None, watch: bool, as_json: bool,
          unconfined: bool) -> None:
    """Examine a saved notebook, or some PARTS of it, with its visible checks, as its check cells do.

    NOTEBOOK may be left out where there is only one, or in its folder. Your own runs with your rights, as in Jupyter.
    In a course with solutions/, one that lies outside its assignments/ may be anybody's: it runs in a sandbox, and
    meets the checks of the course.

    Exit code 0: all is right; 1: something is not, or not written yet; 2: it could not be examined.
    """
    from autograder.cli import student_verbs

    path, parts = student_verbs.named(names, notebook)
    if is_course() and not unconfined and (foreign := student_verbs.foreign(path)):
        from autograder.cli import foreign_verbs

        foreign_verbs.check(foreign, parts, as_json)
    student_verbs.check(path, parts, watch, as_json)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="The same as JSON, with every part.")
def progress(as_json: bool) -> None:
    """Show how far the assignments found here have come: points at the last checks, and the next part.

    Exit code 0; 2 where there is no assignment.
    """
    from autograder.cli import student_verbs

    student_verbs.progress(as_json)


_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@main.command()
@click.argument("part")
@_which_notebook
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def hint(part: str, notebook: str | None, as_json: bool) -> None:
    """Examine PART and give a hint on the first check that fails; each call says one thing more. Never the code.

    Exit code 0: the part is right; 1: a hint was given; 2: it could not be examined.
    """
    from autograder.cli import study_verbs

    study_verbs.hint(part, notebook, as_json)


@main.command()
@click.argument("part")
@_which_notebook
@_yes
def reveal(part: str, notebook: str | None, yes: bool) -> None:
    """Show the answer to PART and what people get wrong, where solutions/ is. Asks first.

    Exit code 0: shown; 1: not wanted after all; 2: there is no answer here.
    """
    from autograder.cli import study_verbs

    study_verbs.reveal(part, notebook, yes)


@main.command()
@click.argument("part")
@_which_notebook
@_yes
def reset(part: str, notebook: str | None, yes: bool) -> None:
    """Put the cells of PART back as they were handed out. Asks first, and keeps a copy of the notebook.

    Exit code 0: done, or nothing to do; 1: not wanted after all; 2: the notebook cannot be read.
    """
    from autograder.cli import study_verbs

    study_verbs.reset(part, notebook, yes)


@main.command()
@click.argument("notebook", required=False)
@click.option("--exchange", is_flag=True, help="Hand in with `nbgrader submit`, where nbgrader's exchange is set up.")
@click.option("--anyway", is_flag=True, help="Hand in with all problems.")
@click.option("--json", "as_json", is_flag=True, help="What was found as JSON.")
def submit(notebook: str | None, exchange: bool, anyway: bool, as_json: bool) -> None:
    """Look NOTEBOOK over (whole, saved, of the right version, what is not attempted) and make the zip to hand in.

    Exit code 0: made, or handed in; 1: something should be mended first; 2: it is not a notebook of a handout.
    """
    from autograder.cli import study_verbs

    study_verbs.submit(notebook, exchange, anyway, as_json)


@main.command()
@click.argument("download", type=click.Path(exists=True))
@click.argument("assignment")
@click.option("--from", "system", type=click.Choice(["canvas", "moodle", "gradescope"]), required=True,
              help="Where it was downloaded.")
@click.option("--roster", type=click.Path(exists=True, dir_okay=False),
              help="A CSV file that says who is who: Canvas's gradebook, Moodle's grading worksheet, or your own.")
def collect(download: str, assignment: str, system: str, roster: str | None) -> None:
    """Take in the submissions of DOWNLOAD, a zip or folder that Canvas, Moodle or Gradescope exports.

    Exit code 1 if something in it was not taken.
    """
    from autograder.cli import collect_verbs

    collect_verbs.collect(download, assignment, system, roster)


@main.command()
@click.argument("assignment")
@click.argument("student")
@click.option("--use", type=click.IntRange(1), metavar="N", help="Let attempt N count.")
def attempts(assignment: str, student: str, use: int | None) -> None:
    """Show what STUDENT handed in for ASSIGNMENT, time after time, and which attempt counts."""
    from autograder.cli import collect_verbs

    collect_verbs.attempts(assignment, student, use)


@main.command()
@click.argument("assignment")
@click.option("--student", "students", multiple=True, help="Only this student (may be given several times).")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes (default: one for each core).")
@click.option("--again", is_flag=True, help="Grade also what has not changed since its last report.")
@click.option("--no-gradebook", is_flag=True, help="Write reports only.")
@click.option("--unsafe", is_flag=True, help="Go on without a sandbox. Only for notebooks you trust.")
@click.option("--cluster", metavar="ADDRESS", help="Grade on the dask cluster of this scheduler: tcp://host:8786.")
def grade(assignment: str, students: tuple[str, ...], jobs: int | None, again: bool, no_gradebook: bool,
          unsafe: bool, cluster: str | None) -> None:
    """Grade submitted/<student>/ASSIGNMENT/ into reports/ and nbgrader's gradebook."""
    from autograder.cli import grade_verbs

    grade_verbs.grade(assignment, students, jobs, again, not no_gradebook, unsafe, cluster)


@main.command()
@click.argument("assignment")
@click.option("--student", "students", multiple=True, help="Only this student (may be given several times).")
def feedback(assignment: str, students: tuple[str, ...]) -> None:
    """Write one self-contained HTML page for each graded student into feedback/."""
    from autograder.cli import grade_verbs

    grade_verbs.feedback(assignment, students)


@main.command()
@click.argument("students", nargs=-1, required=True)
@click.option("--undo", is_flag=True, help="Bring them back.")
def remove(students: tuple[str, ...], undo: bool) -> None:
    """Take STUDENTS out of submissions, reports, feedback and gradebook; all of it is kept in removed/students/."""
    from autograder.cli import change_verbs

    change_verbs.remove(students, undo)


@main.command()
@click.argument("old")
@click.argument("new")
def rename(old: str, new: str) -> None:
    """Let what was handed in and graded as OLD go on as NEW, after an assignment's folder was renamed."""
    from autograder.cli import change_verbs

    change_verbs.rename(old, new)


@main.command()
@click.argument("database")
def copy_gradebook(database: str) -> None:
    """Copy the gradebook into the empty DATABASE, such as postgresql+psycopg://teacher@server/grades."""
    from autograder.cli import gradebook_verbs

    gradebook_verbs.copy_gradebook(database)


@main.command()
@click.argument("assignment")
@click.option("--top", type=click.IntRange(0), default=0, metavar="N",
              help="Show the first N pairs, also where they agree little enough for chance.")
def similar(assignment: str, top: int) -> None:
    """Show which solutions agree more than is usual, and write them side by side into similar/ASSIGNMENT.html."""
    from autograder.cli import similar_verbs

    similar_verbs.similar(assignment, top)


@main.command()
@click.argument("assignment")
def report(assignment: str) -> None:
    """Show how the class did, and write a page for the instructor into overview/ASSIGNMENT.html."""
    from autograder.cli import overview_verbs

    overview_verbs.report(assignment)


@main.command()
@click.argument("assignments", nargs=-1)
@click.option("--to", type=click.Choice(["csv", "canvas", "moodle"]), default="csv", show_default=True,
              help="nbgrader's columns, a Canvas gradebook, or Moodle's grades.")
@click.option("--roster", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
              help="The gradebook exported from Canvas, the grading worksheet from Moodle; for csv any roster.")
@click.option("--column", "columns", multiple=True, metavar="ASSIGNMENT=TITLE",
              help="What Canvas calls an assignment (may be given several times).")
def export(assignments: tuple[str, ...], to: str, roster: str | None, columns: tuple[str, ...]) -> None:
    """Write the grades of ASSIGNMENTS (default: all graded) into exports/, for spreadsheets, Canvas or Moodle."""
    from autograder.cli import export_verbs

    export_verbs.export(assignments, to, roster, columns)


@main.command()
@click.argument("assignment")
def gradescope(assignment: str) -> None:
    """Build gradescope/ASSIGNMENT.zip, an autograder to upload to Gradescope."""
    from autograder.cli import export_verbs

    export_verbs.gradescope(assignment)


@main.command()
def doctor() -> None:
    """Say how well this machine can confine student code, and what would make it stronger."""
    from autograder.cli import grade_verbs

    grade_verbs.doctor()


@main.command()
@click.argument("names", nargs=-1, metavar="[ASSIGNMENTS]... [PARTS]...")
@click.option("--mutants", type=click.IntRange(0), help="Mutants tried per part (default: all).")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes (default: one for each core).")
def audit(names: tuple[str, ...], mutants: int | None, jobs: int | None) -> None:
    """Let the course check itself: references, stubs, mistakes, alternatives, mutants. Exit code 1 on a problem.

    All of it, or the ASSIGNMENTS that are named, or of these the PARTS.
    """
    from autograder.cli import course_verbs

    course_verbs.audit(names, mutants, jobs)


@main.command()
@click.argument("assignment")
@click.option("--into", type=click.Path(file_okay=False), default="submitted", show_default=True,
              help="The folder to make submissions in.")
@_yes
def sample(assignment: str, into: str, yes: bool) -> None:
    """Make a sample class: perfect, half done, mistaken, broken, hostile notebooks of an assignment.

    Asks first where others have handed in already.
    """
    from autograder.cli import course_verbs

    course_verbs.sample(assignment, into, yes)
