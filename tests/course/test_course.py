"""The course checks itself: references pass, stubs fail cleanly, mistakes are caught and earn their hints."""

from pathlib import Path

import pytest

from autograder.audit.crossed import FALSE, GRADING, OWN, crossings
from autograder.audit.parts import PartAuditor
from autograder.course import load_assignment
from autograder.course.execute import execute_reference, read_answers
from autograder.examine.compare import CheckFailed
from autograder.examine.namespace import NamespaceBackend
from autograder.examine.open import course_examiner

ROOT = Path(__file__).parents[2]

MUTANTS_PER_PART = 6  # as many every day; the full set is run with --all, and by `autograder audit`
STRICT = ()  # assignments whose checks give nothing for nothing, and whose mistakes cost their own part


@pytest.fixture(scope="module")
def auditors():
    """One open auditor for each assignment, by name."""
    opened, contexts = {}, []

    def auditor(assignment) -> PartAuditor:
        if assignment.name not in opened:
            contexts.append(course_examiner(assignment, b"tests"))
            opened[assignment.name] = PartAuditor(assignment, contexts[-1].__enter__())
        return opened[assignment.name]

    yield auditor
    for context in contexts:
        context.__exit__(None, None, None)


def test_every_part(assignment, auditors, everything):
    """Right answers pass, stubs are 'not attempted', known mistakes and a sample of mutants are caught."""
    auditor, budget = auditors(assignment), None if everything else MUTANTS_PER_PART
    strict = assignment.name in STRICT
    problems = {part.name: auditor.audit(part.name, budget, strict).problems for part in assignment.plan.parts}
    assert not {part: found for part, found in problems.items() if found}


def test_a_hint_is_true_or_silent(assignment, auditors, everything):
    """Known mistakes crossed with each other: each earns its own hint in grading; nobody is told, at home or in grading,
    of a mistake that fails any check otherwise. A share of them; with --all all."""
    found = list(crossings(assignment, auditors(assignment).examiner, 1 if everything else 25))
    assert not [each for each in found if each.verdict == FALSE]
    assert not [each for each in found if each.side == GRADING and each.verdict != OWN]


def test_points_add_up(assignment):
    assert assignment.max_points == 100


def test_every_part_has_visible_and_hidden_checks(assignment):
    for part in assignment.plan.parts:
        hidden = {check.hidden for check in assignment.plan.checks_of(part.name)}
        assert hidden == {True, False}, part.name


def test_sentences_are_sentences(assignment):
    for check in assignment.plan.checks:
        assert not check.sentence.endswith("."), check.name
        assert len(check.sentence) < 140, check.name


def test_hints_are_there_and_differ(assignment):
    """Two mistakes may share a hint only in the same function, where their numbers may be the same too."""
    mistakes = [answer for answer in read_answers(assignment) if not answer.correct]
    assert all(answer.hint.endswith((".", "?")) for answer in mistakes)
    places = {}
    for answer in mistakes:
        places.setdefault(answer.hint, set()).add(answer.replaces)
    assert all(len(replaced) == 1 for replaced in places.values())


def test_each_part_has_two_other_correct_answers(assignment):
    owned = {part.name: assignment.defined_by(part.name) for part in assignment.plan.parts}
    written = [{name.partition(".")[0] for name in answer.replaces} for answer in read_answers(assignment)
               if answer.correct]
    assert not [part for part, names in owned.items() if sum(bool(names & each) for each in written) < 2]


def test_its_reference_is_measured_by_others(assignment):
    """tests/course/test_a5_oracles.py holds the oracles of a5_...: what says independently that its reference is right."""
    oracles = ROOT / "tests" / "course" / f"test_{assignment.name.partition('_')[0]}_oracles.py"
    assert oracles.is_file() and assignment.name in oracles.read_text(encoding="utf-8"), f"{oracles} loads {assignment.name}"


def test_the_handout_is_fresh(assignment, handed_out):
    assert handed_out(assignment)  # or it raises StaleRelease, with the command to run


def test_a_mistake_that_cannot_earn_its_hint_is_told(tiny):
    """One that raises earns it by what it raises, until another raises the same."""
    text = tiny.mistakes.read_text(encoding="utf-8")
    begun = text.index("@replaces(")
    for name in ("misspelt", "mistyped"):
        text = (f'{text[:begun]}@replaces("row_mean")\ndef {name}(x):\n    """See the {name} name."""\n'
                f"    return x.maen(axis=1)\n\n\n{text[begun:]}")
        tiny.mistakes.write_text(text, encoding="utf-8")
        with course_examiner(tiny, b"tests") as examiner:
            problems = PartAuditor(tiny, examiner).audit("row_mean", 0).problems
        assert len(problems) == (0 if name == "misspelt" else 2)
    assert problems[0].startswith("the mistake `mistyped` is caught by `test_")
    assert problems[0].endswith("but does not earn its own hint: another mistake explains the same, or its numbers "
                                "tell too little")


def test_a_layer_that_returns_the_same_for_everything_passes_no_dropout_check(auditors):
    """Dropout on the weights shows only where the weights matter: nothing is got for an output that has none."""
    assignment = load_assignment("a3_multi_head_attention", ROOT)
    runner, names = auditors(assignment).examiner.runner, vars(execute_reference(assignment))

    class Constant(names["MultiHeadAttention"]):
        def forward(self, query, key, value, attn_mask=None):
            out = super().forward(query, key, value, attn_mask)
            self.attention = 0 * self.attention
            return 0 * out

    for check in assignment.plan.checks_of("attention_dropout"):
        raised = runner.run(check, NamespaceBackend(names | {"MultiHeadAttention": Constant}))
        assert isinstance(raised, CheckFailed), (check.name, raised)
