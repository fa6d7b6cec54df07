"""The autograder for Gradescope, unzipped and run as their harness does, and its results held against their format."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.course import load_assignment
from autograder.export.gradescope import autograder_files, requirements, zipped
from autograder.grade.grader import Grader
from autograder.release.notebook import source_notebook

HERE = Path(__file__).parent
HIDDEN = ("test_mean_of_many_rows", "the mean is right for another shape")

# https://gradescope-autograders.readthedocs.io/en/latest/specs/, "Output format", without what we do not write
TEXT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEST = {
    "type": "object", "additionalProperties": False,
    "required": ["score", "max_score", "name", "number", "output", "output_format", "tags", "visibility"],
    "properties": {
        "score": {"type": "number"}, "max_score": {"type": "number"}, "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string"}, "name_format": TEXT, "number": {"type": "string"}, "output": {"type": "string"},
        "output_format": TEXT, "tags": {"type": "array", "items": {"type": "string"}}, "visibility": VISIBILITY,
        "extra_data": {"type": "object"}}}
RESULTS = {
    "type": "object", "additionalProperties": False,
    "required": ["score", "execution_time", "output", "output_format", "visibility", "stdout_visibility", "tests"],
    "properties": {
        "score": {"type": "number"}, "execution_time": {"type": "integer", "minimum": 0}, "output": {"type": "string"},
        "output_format": TEXT, "test_output_format": TEXT, "test_name_format": TEXT, "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY, "extra_data": {"type": "object"},
        "tests": {"type": "array", "minItems": 1, "items": TEST}}}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The tiny course, as an instructor has it."""
    root = tmp_path_factory.mktemp("course") / "course"
    shutil.copytree(HERE.parent / "tiny", root)
    shutil.copy(HERE.parents[1] / "constraints.txt", root)
    (root / "course.secret").write_text("the secret of the course\n")
    (root / "gradebook.db").write_text("grades")
    return load_assignment("t1_means", root)


@pytest.fixture(scope="module")
def base(course, tmp_path_factory) -> Path:
    """What stands for /autograder: the zip unpacked and set up, its script copied to where Gradescope has it."""
    base = tmp_path_factory.mktemp("gradescope") / "autograder"
    for name in ("source", "submission", "results"):
        (base / name).mkdir(parents=True)
    unpack(zipped(autograder_files(course)), base / "source")
    subprocess.run(["bash", base / "source" / "setup.sh"], check=True,
                   env={**os.environ, "AUTOGRADER_ENVIRONMENT": sys.prefix})
    shutil.copy(base / "source" / "run_autograder", base / "run_autograder")
    (base / "submission_metadata.json").write_text(json.dumps({
        "id": 123456, "created_at": "2026-07-01T14:22:32.365935-07:00", "assignment": {"title": "Means"},
        "users": [{"email": "student@example.com", "id": 1234, "name": "<b>Student</b>"}], "previous_submissions": []}))
    return base


def unpack(content: bytes, target: Path) -> None:
    """As `unzip` does: with the permissions in the archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            archive.extract(entry, target)
            (target / entry.filename).chmod(entry.external_attr >> 16)


def run(base: Path, notebook: str | None, *around: str) -> tuple[dict, str]:
    """(results.json, what was printed) of one submission; `around` is a command that runs the script."""
    for folder in ("submission", "results"):
        for path in (base / folder).iterdir():
            path.unlink()
    if notebook is not None:
        (base / "submission" / "means.ipynb").write_text(notebook, encoding="utf-8")
    done = subprocess.run([*around, base / "run_autograder"], cwd=base, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "AUTOGRADER_GRADESCOPE": str(base)})
    assert done.returncode == 0, done.stderr
    results = json.loads((base / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(results, RESULTS)
    assert results["score"] == sum(test["score"] for test in results["tests"])
    assert results["stdout_visibility"] == "hidden" and HIDDEN[0] in done.stdout
    assert not any(secret in json.dumps(results) for secret in HIDDEN)
    assert "student@example.com" not in done.stdout + json.dumps(results)
    return results, done.stdout


def with_cell(course, source: str) -> str:
    """The right answers, and one more cell at the end."""
    notebook = json.loads(source_notebook(course))
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": source, "outputs": [],
                              "execution_count": None})
    return json.dumps(notebook)


def test_a_perfect_submission(course, base):
    results, printed = run(base, source_notebook(course))
    assert results["score"] == results["extra_data"]["max_points"] == 8
    assert {test["status"] for test in results["tests"]} == {"passed"}
    assert "written answers (2 points)" in results["output"]
    assert printed.startswith(f"sandbox: {results['extra_data']['sandbox']}: ")


def test_it_is_the_package_of_the_zip_that_grades(course, base):
    version = base / "source" / "autograder" / "__init__.py"
    before = version.read_text()
    try:
        version.write_text(before + '\n__version__ = "of the zip"\n')
        results, _ = run(base, source_notebook(course))
    finally:
        version.write_text(before)
    assert results["extra_data"]["versions"]["autograder"] == "of the zip"


def test_a_mistaken_submission(course, base, tmp_path):
    """The same verdicts as at home, the hint that it earned, and hidden checks apart from visible ones."""
    notebook = source_notebook(course).replace("x.sum(axis=1) / x.shape[1]", "x.sum(axis=1)")
    results, printed = run(base, notebook)
    first, hidden = results["tests"][:2]
    assert (first["name"], first["number"], first["score"], first["max_score"], first["status"], first["visibility"]) == (
        "row_mean: the mean of each row equals the reference", "1.1", 0, 2, "failed", "visible")
    assert first["output"].startswith("failed\n`mean` differs at N=")
    assert "\nhint: This is the sum of each row" in first["output"]
    assert first["tags"] == ["row_mean", "failed"]
    assert (hidden["name"], hidden["visibility"]) == ("row_mean: a hidden check, on other inputs", "after_published")
    assert hidden["output"] == "failed\nhint: " + first["output"].partition("hint: ")[2]
    assert "failed: test_mean_of_many_rows (hidden)\n      `mean` differs" in printed
    (tmp_path / "means.ipynb").write_text(notebook)
    with Grader(course, b"another secret") as grader:
        report = grader.grade("ann", tmp_path)
    assert [(test["score"], test["max_score"]) for test in results["tests"]] == [
        (check.points, check.max_points) for part in report.parts for check in part.checks]


def test_a_difference_is_drawn_for_visible_checks_only(course, base):
    results, _ = run(base, with_cell(course, "def centred(x):\n    out = x - x.mean(axis=1)[:, None]\n    out[1] += 1\n"
                                             "    return out, None\n\ndef row_mean(x):\n"
                                             "    return x.mean(axis=1) * range(len(x))\n"))
    outputs = {test["number"]: test["output"] for test in results["tests"]}
    assert "where (N=3 down, D=5 across" in outputs["2.1"]
    assert results["tests"][1]["visibility"] == "after_published" and outputs["1.2"] == "failed"


THIEF = r"""
import os
found = []
for start in ("/autograder", "BASE", "/proc/self/root/BASE", "/proc/%d/cwd" % os.getppid()):
    for folder, _, names in os.walk(start):
        for name in names:
            path = os.path.join(folder, name)
            try:
                text = open(path, errors="replace").read()
            except OSError:
                continue
            if "for another" + " shape" in text or name == "course.secret":
                found.append(path)
for path in ("BASE/results/results.json", "BASE/results/other.json", "BASE/source/autograder/report.py"):
    try:
        open(path, "w").write('{"score": 1000}')
        found.append("wrote " + path)
    except OSError:
        pass
def row_mean(x):
    raise ValueError("found: " + repr(found) + " <script>alert(1)</script> \x1b[31m")
"""


# Without walls only root, as which Gradescope runs it, can take a student's rights away.
CONTAINERS = [(None, None), ("no-namespaces", "landlock"), *([("old-kernel", "plain")] if os.getuid() == 0 else [])]


@pytest.mark.parametrize("container, mode", CONTAINERS)
def test_a_hostile_submission_and_an_honest_one_behind_each_set_of_walls(course, base, container, mode):
    """Nothing to steal lies on the disk while they run, and they can write nothing that counts: also without walls."""
    around = [sys.executable, str(HERE / "container.py"), container] if container else []
    results, printed = run(base, with_cell(course, THIEF.replace("BASE", str(base))), *around)
    assert mode in (None, results["extra_data"]["sandbox"])
    assert ("WARNING: no sandbox" in printed) == (mode == "plain")
    first = results["tests"][0]
    assert "found: [] <script>" in first["output"] and first["output_format"] == "text" and first["score"] == 0
    assert "\x1b" not in json.dumps(results, ensure_ascii=False) + printed
    honest, _ = run(base, source_notebook(course), *around)
    assert honest["score"] == 8


@pytest.mark.parametrize("notebook, said", [("PK this is no notebook", "it is not JSON"),
                                            (None, "the folder holds nothing")])
def test_an_unreadable_submission(base, notebook, said):
    results, _ = run(base, notebook)
    assert results["score"] == 0 and said in results["output"]
    assert all(test["output"].startswith("not attempted") for test in results["tests"])


def test_a_grader_that_fails_gives_no_score(course, base):
    """No results.json: Gradescope says that the autograder failed, and nobody gets a zero for it."""
    checks = base / "source" / "solutions" / course.name / "checks.py"
    before = checks.read_text()
    try:
        checks.write_text("this is not Python")
        with pytest.raises(AssertionError, match="Error"):
            run(base, source_notebook(course))
    finally:
        checks.write_text(before)
    assert not (base / "results" / "results.json").exists()


def test_the_answers_are_back_and_closed_after_a_run(course, base):
    run(base, source_notebook(course))
    for path in (base / "source" / "course.secret", *(base / "source" / "solutions").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert (base / "source" / "solutions" / course.name / "checks.py").read_bytes() == course.checks.read_bytes()


def test_what_is_in_the_zip(course):
    files = autograder_files(course)
    tops = {name.partition("/")[0] for name in files}
    assert tops == {"setup.sh", "run_autograder", "requirements.txt", "constraints.txt", "course.secret", "autograder",
                    "solutions"}
    assert sorted(name for name in files if name.startswith("solutions/")) == [
        f"solutions/t1_means/{name}.py" for name in ("checks", "means", "mistakes")]
    assert b"the secret of the course" not in b"".join(files.values()) and len(files["course.secret"]) == 65
    assert not any("__pycache__" in name for name in files)
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert all(archive.getinfo(name).external_attr >> 16 == 0o755 for name in ("setup.sh", "run_autograder"))


def test_it_installs_what_the_assignment_needs(assignment):
    """Every requirement has its version in constraints.txt; torch only where it is imported."""
    needed = requirements(assignment)
    lines = (assignment.root / "constraints.txt").read_text().splitlines()
    assert set(needed) <= {line.partition("==")[0].lower() for line in lines}
    assert ("torch" in needed) == (assignment.name != "a1_rnn_captioning")


def test_the_verb(course, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", str(course.root))
    monkeypatch.setenv("AUTOGRADER_TORCH_INDEX", "https://example.invalid/cpu; rm -rf /")
    done = CliRunner().invoke(main, ["gradescope", "t1_means"], catch_exceptions=False)
    assert done.exit_code == 0 and "8 autograder points" in done.output
    path = course.root / "gradescope" / "t1_means.zip"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        assert "torch_index='https://example.invalid/cpu; rm -rf /'\n" in archive.read("setup.sh").decode()
