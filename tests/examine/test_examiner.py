"""The examiner: verdicts, earned hints, follow-through, recordings, and the warm session."""

from types import SimpleNamespace

import numpy as np
import pytest

from autograder.course import execute
from autograder.course.plan import Check
from autograder.errors import CourseError, DataError, StudentRaised
from autograder.examine.desks import LiveDesk, NamespaceDesk
from autograder.examine.face import Face
from autograder.examine.hints import UNKNOWN, Evidence, Mistake, earned
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import course_examiner, handout_examiner
from autograder.examine.session import CheckSession, Sitting
from autograder.release import build


def changed(tiny, **names):
    """A desk with the reference notebook, some of its names replaced."""
    def make():
        namespace = vars(execute.execute_reference(tiny))
        namespace.update(names)
        return namespace

    return NamespaceDesk(make, lambda part: [(cell.name, cell.source) for cell in tiny.cells_of(part)])


def verdicts(results) -> dict[str, list[str]]:
    return {result.name: [check.verdict for check in result.checks] for result in results}


def test_follow_through_and_its_limits(tiny):
    with course_examiner(tiny) as examiner:
        results = examiner.examine(changed(tiny, row_mean=lambda x: x.sum(axis=1)))
        by_name = {result.name: result for result in results}
        assert verdicts(results) == {"row_mean": ["failed"] * 2, "centred": ["passed"] * 2, "scaler": ["passed"]}
        assert by_name["centred"].follow_through == ["row_mean"] and by_name["centred"].points == 3
        assert by_name["row_mean"].points == 0
        # a part that is wrong by itself stays wrong, whatever stands in for the part before it
        results = examiner.examine(changed(tiny, row_mean=lambda x: x.sum(axis=1), centred=lambda x: (x + 1, None)))
        assert verdicts(results)["centred"] == ["failed"] * 2 and not results[1].follow_through


def test_what_fails_with_a_correct_earlier_part_too_has_failed(tiny):
    """Also where the first sitting only waited for a part that is not written."""
    def notebook(centred: str):
        sources = [*execute.stub_sources(tiny), ("cell 9", f"def centred(x):\n    mean = row_mean(x)\n    {centred}")]
        return NamespaceDesk(lambda: vars(execute.execute(sources)),
                             lambda part: [(cell.name, cell.source) for cell in tiny.cells_of(part)])

    with course_examiner(tiny) as examiner:
        wrong = examiner.examine(notebook("return x + mean[:, None], None"))[1]
        assert [check.verdict for check in wrong.checks] == ["failed"] * 2
        assert wrong.checks[0].found == "it fails also with a correct `row_mean`" and not wrong.follow_through
        right = examiner.examine(notebook("return x - mean[:, None], None"))[1]
        assert [check.verdict for check in right.checks] == ["passed"] * 2 and right.follow_through == ["row_mean"]
        half = examiner.examine(notebook("raise NotImplementedError"))[1]
        assert not half.attempted and half.checks[0].found == "not attempted: `centred` is not written yet"


def test_a_notebook_that_does_not_let_the_reference_in_keeps_its_first_sitting(tiny):
    class Stubborn(NamespaceDesk):
        def backend(self, swapped, seconds=1.0, rehearsals=(), hidden=False):
            if swapped:
                raise StudentRaised("AttributeError", "'int' object has no attribute 'Module'")
            return super().backend(swapped, seconds)

    with course_examiner(tiny) as examiner:
        desk = Stubborn(changed(tiny, row_mean=lambda x: x.sum(axis=1))._make)
        results = examiner.examine(desk)
    assert verdicts(results) == {"row_mean": ["failed"] * 2, "centred": ["failed"] * 2, "scaler": ["passed"]}
    assert not results[1].follow_through


def test_parts_that_wait(tiny):
    tiny.checks.write_text(tiny.checks.read_text().replace('builds_on=["row_mean"]', 'waits_for=["row_mean"]'))
    with course_examiner(tiny) as examiner:
        part = examiner.examine(changed(tiny, row_mean=lambda x: x.sum(axis=1)))[1]
        assert [check.verdict for check in part.checks] == ["skipped"] * 2
        assert part.checks[0].found.startswith("waits for `row_mean`, which fails; until then: `out` differs")


def test_only_some_parts(tiny):
    with course_examiner(tiny) as examiner:
        seen = []
        results = examiner.examine(changed(tiny), only=["centred"], on_part=lambda result: seen.append(result.name))
        assert [result.name for result in results] == seen == ["centred"]


def test_a_broken_check_costs_nothing(tiny):
    """A check that its own reference cannot pass is broken; a strange answer to a sound check is not."""
    tiny.checks.write_text(tiny.checks.read_text().replace("worst < 1e-9", "worst < undefined_name"))
    with course_examiner(tiny) as examiner:
        check = examiner.examine(changed(tiny))[1].checks[1]
        assert check.verdict == "broken" and check.points == check.max_points and "no points are lost" in check.found
        strange = examiner.examine(changed(tiny, centred=lambda x: ("a", "b")))[1].checks[0]
        assert strange.verdict == "failed"


def test_a_student_cannot_break_a_sound_check(tiny):
    class Trap:
        def __abs__(self):
            raise SystemError("the grader's own fault?")

    with course_examiner(tiny) as examiner:
        checks = examiner.examine(changed(tiny, centred=lambda x: (Trap(), None)))[1].checks
        assert [check.verdict for check in checks] == ["failed"] * 2
        assert all(check.points == 0 for check in checks)


def numbers(*values: float, what: str = "h") -> Evidence:
    """Of an answer that is wrong by 10."""
    return Evidence.of_numbers(what, np.array(values), 1.0, np.full(len(values), 10.0))


def hints_of(known: dict[str, dict[str, Evidence]], seen: dict[str, Evidence | None], beside=None, **plain) -> list[str]:
    """known: mistake -> check -> how it fails. The hints of the checks in `seen`."""
    catalogue = SimpleNamespace(of=lambda check: [Mistake(name, f"the {name}", name in plain) for name in known],
                                evidence=lambda check, name: known[name].get(check.name))
    checks = {check: Check(check, "part", 1.0, f"sentence of {check}", check == "hidden") for check in "abcdefgh"}
    checks["hidden"] = Check("hidden", "part", 1.0, "a secret", True)
    hints = earned({checks[name]: evidence for name, evidence in seen.items()}, catalogue,
                   {checks[name]: evidence for name, evidence in (beside or {}).items()})
    return [hints.get(checks[name], "") for name in seen]


def test_evidence_is_the_same_wrong_numbers():
    assert numbers(1 + 1e-9, np.nan, np.inf).matches(numbers(1, np.nan, np.inf))
    assert not numbers(2, 3.001).matches(numbers(2, 3))
    assert not numbers(2, 3).matches(numbers(2, 3, what="c"))
    assert not numbers(2, 3).matches(Evidence("h", np.array([[2.0, 3.0]])))
    assert Evidence("ValueError: no").matches(Evidence("ValueError: no"))
    assert not Evidence("ValueError: no").matches(Evidence("TypeError: no"))
    assert not Evidence("h").matches(numbers(1)) and not UNKNOWN.matches(UNKNOWN)


def test_numbers_close_to_the_right_ones_have_to_be_closer_to_the_mistakes():
    """In float32 rounding is as large as what some mistakes do wrong."""
    def off(by: float, kind: type) -> Evidence:
        return Evidence.of_numbers("y", np.array([1 + by, 2.0], kind), 2.0, np.array([by, 0.0]))

    assert off(0.10001, np.float32).matches(off(0.1, float)) and not off(0.10001, float).matches(off(0.1, float))
    assert not off(3e-5, np.float32).matches(off(2e-5, float))


def test_a_mistake_explains_all_failures_of_a_part():
    """In a small example a view and a transpose give the same numbers; on a batch only one of them is it."""
    known = {"view": {"a": numbers(1, 2), "b": numbers(2, 3), "c": numbers(5, 6)},
             "transpose": {"a": numbers(1, 2), "b": numbers(3, 3), "c": numbers(5, 6)},
             "other": {"b": numbers(4, 5)}}
    assert hints_of(known, {"a": numbers(1, 2), "b": numbers(2, 3), "c": numbers(5, 6)}) == ["the view"] * 3
    assert hints_of(known, {"a": numbers(1, 2)}) == [""]  # it may be either
    assert hints_of(known, {"a": numbers(1, 2), "b": numbers(7, 7), "c": numbers(5, 6)}) == ["", "", ""]  # is neither
    assert hints_of(known, {"a": None, "b": numbers(2, 3)}) == [""] * 2  # it would fail what passes
    assert hints_of(known, {"b": numbers(2, 3)}, beside={"c": None}) == [""]


def test_a_mistake_that_explains_some_failures_says_which():
    known = {"view": {"a": numbers(1, 2)}, "sum": {"b": numbers(2, 3), "hidden": numbers(4, 5)}}
    about = "(This is about {}; something else is wrong, too.)"
    assert hints_of(known, {"a": numbers(1, 2), "b": numbers(7, 8)}) == [f"the view {about.format('“sentence of a”')}", ""]
    assert hints_of(known, {"a": numbers(1, 2), "hidden": numbers(4, 5)})[1] == f"the sum {about.format('a hidden check')}"
    assert hints_of(known, {"a": numbers(1, 2), "b": UNKNOWN, "hidden": numbers(4, 5)})[2] == ""


@pytest.mark.parametrize("value", [(0.0, 0.0), (np.nan, np.nan), (np.inf, -np.inf), (7.0, 7.0), (3.0,)])
def test_what_looks_alike_for_many_mistakes_earns_no_hint_by_itself(value):
    known = {"view": {"a": numbers(*value), "b": numbers(1, 2)}}
    assert hints_of(known, {"a": numbers(*value)}) == [""]
    assert hints_of(known, {"a": numbers(*value), "b": numbers(1, 2)}) == ["the view"] * 2
    assert hints_of(known, {"a": numbers(*value)}, view=True) == ["the view"]  # a hint that says no more than that


@pytest.mark.parametrize("wrong, words", [
    ("x.maen(axis=1)", "it raises AttributeError"), ("None", "nothing"), ("x.mean(axis=1)[:, None]", "shape"),
    ("tuple(x.mean(axis=1))[0]", "a number"), ("x[0].mean(0) + x[1].mean(0)[0]", "index")])
def test_what_has_no_numbers_is_evidence(tiny, wrong, words):
    """At home, where it is recorded, and in grading."""
    text = tiny.mistakes.read_text(encoding="utf-8")
    begun = text.index("@replaces(")
    tiny.mistakes.write_text(f'{text[:begun]}@replaces("row_mean")\ndef strange(x):\n    """See {words}."""\n'
                             f"    return {wrong}\n\n\n{text[begun:]}", encoding="utf-8")
    build.release(tiny)
    namespace = vars(execute.execute_reference(tiny))
    exec(f"def row_mean(x):\n    return {wrong}", namespace)
    for opened in (course_examiner(tiny), handout_examiner(tiny.handout)):
        with opened as examiner:
            checks = examiner.examine(LiveDesk(namespace))[0].checks
        assert [check.hint for check in checks] == [f"See {words}."] * len(checks)


def test_the_students_copy_says_the_same(tiny):
    """Recorded answers give the verdicts, words and hints that the real reference gives, for the visible checks."""
    build.release(tiny)
    answers = {"right": {}, "sum": {"row_mean": lambda x: x.sum(axis=1)}, "columns": {"row_mean": lambda x: x.mean(axis=0)}}
    for names in answers.values():
        namespace = vars(execute.execute_reference(tiny)) | names
        with course_examiner(tiny) as examiner:
            full = examiner.examine(LiveDesk(namespace))
        with handout_examiner(tiny.handout) as examiner:
            copy = examiner.examine(LiveDesk(namespace))
        visible = [[check for check in part.checks if not check.hidden] for part in full]
        assert [part.checks for part in copy] == visible


def test_a_strange_answer_breaks_no_check_in_the_students_copy(tiny):
    """The check trips over it, on a question that the recording has never heard."""
    tiny.checks.write_text(tiny.checks.read_text().replace(
        '    worst = abs(out', '    out = out[0].sum() + student.row_mean(out)[:, None] * 0 + out\n    worst = abs(out'))
    build.release(tiny)
    for answer in ((1, 2), "text", None):
        namespace = vars(execute.execute_reference(tiny)) | {"centred": lambda x, answer=answer: (answer, None)}
        with handout_examiner(tiny.handout) as examiner:
            check = examiner.examine(LiveDesk(namespace))[1].checks[1]
        assert check.verdict == "failed" and check.found.startswith("the answer cannot be used as one")


def test_a_recording_of_other_checks_is_noticed(tiny):
    build.release(tiny)
    path = tiny.handout / "checks.py"
    path.write_text(path.read_text().replace("size=(3, 5)", "size=(2, 5)"))
    with handout_examiner(tiny.handout) as examiner, pytest.raises(DataError, match="do not belong together"):
        examiner.examine(LiveDesk(vars(execute.execute_reference(tiny))))
    (tiny.handout / "recorded.h5").write_bytes(b"not HDF5")
    with pytest.raises(DataError, match="recorded answers"), handout_examiner(tiny.handout):
        pass


def test_arguments_are_copies_and_objects_stay_where_they_are():
    log = []

    class Thing:
        size = 3

        def double(self, x):
            x *= 2
            log.append(self)
            return x

    face = Face(NamespaceBackend({"Thing": Thing, "constant": 7}))
    thing, x = face.Thing(), np.ones(2)
    assert np.array_equal(thing.double(x), [2, 2]) and np.array_equal(x, [1, 1])
    assert thing.size == 3 and face.constant == 7
    thing.size = 5
    assert thing.size == 5
    thing.double([thing, {"key": thing}] and x)
    assert log[0] is log[1]
    with pytest.raises(StudentRaised, match="(?s)NameError.*'missing'"):
        face.missing  # noqa: B018
    assert face.evaluate("lambda x: np.sum(x)")(np.ones(3)) == 3


def test_what_an_answer_prints_is_kept_out_of_the_way(capsys):
    def noisy():
        print("70 passed")
        return 1

    backend = NamespaceBackend({"noisy": noisy})
    assert Face(backend).noisy() == 1
    assert capsys.readouterr().out == "" and backend.output.getvalue() == "70 passed\n"


def test_a_session_leaves_nothing_behind_and_sees_the_file_as_it_is(tiny):
    for expected, points in ((None, "1e-9"), (AssertionError, "-1")):
        tiny.checks.write_text(tiny.checks.read_text().replace("1e-9", points))
        reference = NamespaceBackend(vars(execute.execute_reference(tiny)), trusted=True)
        with CheckSession(tiny.checks) as session:
            raised = session.run("test_centred_rows_sum_to_zero", Sitting(reference, reference, 1))
            assert raised is None if expected is None else isinstance(raised, expected)
    assert not (tiny.folder / "__pycache__").exists()


def test_checks_that_cannot_be_collected(tiny):
    tiny.checks.write_text("import no_such_module\n" + tiny.checks.read_text())
    with pytest.raises(CourseError, match="(?s)pytest can collect.*no_such_module"):
        CheckSession(tiny.checks)


def test_a_user_s_own_settings_of_pytest_change_nothing(tiny, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option -k nothing")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_module")
    with course_examiner(tiny) as examiner:
        parts = examiner.examine(LiveDesk(vars(execute.execute_reference(tiny))))
    assert {check.verdict for part in parts for check in part.checks} == {"passed"}
