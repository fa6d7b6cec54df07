"""The rules of the assignments: the reference and every other correct answer keep them; a call is seen everywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import load_assignment
from autograder.course.execute import read_answers
from autograder.course.source import GIVEN
from autograder.examine.open import functions_by_part
from autograder.grade.grader import Grader
from autograder.release import build
from autograder.release.notebook import source_notebook
from autograder.render import part_text
from autograder.rules.style import Notebook
from autograder.sample import with_answers
from autograder.study.bench import Bench
from autograder.study.handout import of_notebook
from autograder.study.watch import examined
from autograder.submission import read_submission

ROOT = Path(__file__).parents[2]
CALLED = "`{}` is to be written, not called: {}, line {} calls `{}`"


def broken_rules(assignment, text: str, folder) -> dict:
    path = folder / "notebook.ipynb"
    path.write_text(text, encoding="utf-8")
    given = [cell.name for cell in assignment.cells if cell.role == GIVEN]
    notebook = Notebook(read_submission(path, assignment).cells, functions_by_part(assignment), given)
    return notebook.uses(assignment.plan, [part.name for part in assignment.plan.parts])


def test_right_answers_keep_the_rules(assignment, tmp_path):
    assert broken_rules(assignment, source_notebook(assignment), tmp_path) == {}
    waiting = [answer for answer in read_answers(assignment) if answer.correct]
    while waiting:  # as many at a time as go together: one for each function
        together = {name.partition(".")[0]: answer for answer in waiting for name in answer.replaces[:1]}
        assert broken_rules(assignment, with_answers(assignment, list(together.values())), tmp_path) == {}
        waiting = [answer for answer in waiting if answer not in together.values()]


def test_rules_are_said_in_the_notebook(assignment):
    """Whoever reads only the notebook knows what may not be called."""
    text = assignment.notebook.read_text(encoding="utf-8")
    for rule in {rule.split(".")[-1] for part in assignment.plan.parts for rule in part.forbids}:
        assert rule in text or rule in ("sacrebleu", "torchmetrics", "native_layer_norm", "multi_head_attention_forward",
                                        "TransformerEncoder", "TransformerDecoder"), rule
    assert "no points" in text


def with_cell(text: str, source: str) -> str:
    notebook = json.loads(text)
    notebook["cells"].append({"cell_type": "code", "id": "added", "metadata": {}, "source": source, "outputs": [],
                              "execution_count": None})
    return json.dumps(notebook)


CHEATS = [
    ("a1_rnn_captioning", "rnn_backward", "import torch\ndef rnn_backward(dh, cache):\n    return torch.autograd.grad(dh, cache)"),
    ("a1_rnn_captioning", "bleu", "from nltk.translate.bleu_score import corpus_bleu as bleu"),
    ("a2_attention", "scaled_dot_product_attention", "def scaled_dot_product_attention(q, k, v, mask=None):\n"
     "    return nn.functional.scaled_dot_product_attention(q, k, v)"),
    ("a3_multi_head_attention", "multi_head_attention", "def new(self, query, key, value, attn_mask=None):\n"
     "    return nn.MultiheadAttention(8, 2)(query, key, value)\n\nMultiHeadAttention.forward = new"),
    ("a4_transformer_captioning", "layer_norm", "class LayerNorm(nn.LayerNorm):\n    pass"),
    ("a4_transformer_captioning", "decoder_layer", "TransformerDecoderLayer = nn.TransformerDecoderLayer"),
]


@pytest.mark.parametrize("name, part, source", CHEATS, ids=[part for _, part, _ in CHEATS])
def test_calling_the_library_breaks_one_rule(name, part, source, tmp_path):
    assignment = load_assignment(name)
    broken = broken_rules(assignment, with_cell(source_notebook(assignment), source), tmp_path)
    assert part in broken and {each for each in broken if not set(assignment.cells_of(part))
                               & set(assignment.cells_of(each))} == set()


@pytest.fixture
def ruled(tiny):
    """The tiny assignment with a rule: row_mean may not call numpy's mean."""
    text = tiny.checks.read_text(encoding="utf-8")
    tiny.checks.write_text(text.replace('family="means")', 'family="means", forbids=["numpy.mean"])', 1), encoding="utf-8")
    return load_assignment(tiny.name, tiny.root)


BY_MEAN = "def row_mean(x):\n    return np.mean(x, axis=1)"


def test_the_grader_says_so(ruled, tmp_path):
    (tmp_path / "means.ipynb").write_text(with_cell(source_notebook(ruled), BY_MEAN), encoding="utf-8")
    with Grader(ruled, secret=b"rules") as grader:
        report = grader.grade("student", tmp_path)
    first, *rest = report.parts
    where = f"cell {len(ruled.cells) + 1}"
    assert first.points == 0 and {check.found for check in first.checks} == {CALLED.format("row_mean", where, 2, "numpy.mean")}
    assert "calls `numpy.mean`" in part_text(first)
    assert [part.points for part in rest] == [part.max_points for part in rest]


def test_the_student_is_told(ruled):
    build.release(ruled)
    notebook = ruled.handout / "means.ipynb"
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(with_cell(text, BY_MEAN), encoding="utf-8")
    handout = of_notebook(notebook)
    with Bench(handout) as bench:
        (result,), _ = examined(handout, bench, ("row_mean",))
    assert result.points == 0 and "is to be written, not called" in result.checks[0].found
    notebook.write_text(with_cell(text, BY_MEAN.replace("np.mean(x, axis=1)", "x.sum(axis=1) / x.shape[1]")), encoding="utf-8")
    with Bench(handout) as bench:
        assert examined(handout, bench, ("row_mean",))[0][0].points == 2


IN_A_KERNEL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
run = lambda source: shell.run_cell(source, store_history=True).result
run("import numpy as np\\nfrom autograder.notebook import check")
run("%%time\\ndef row_mean(x):\\n    print('\\\\d')\\n    return np.mean(x, axis=1)")
print(run("check('row_mean')").result.checks[0].found)
run("def row_mean(x):\\n    return x.sum(axis=1) / x.shape[1]")
print(run("check('row_mean')").result.points)
"""


def test_a_check_cell_says_so(ruled, tmp_path):
    build.release(ruled)
    environment = os.environ | {"IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(ROOT), "AUTOGRADER_COURSE": str(ruled.root)}
    done = subprocess.run([sys.executable, "-c", IN_A_KERNEL], cwd=ruled.handout, env=environment, capture_output=True,
                          text=True, check=True)
    assert "`row_mean` is to be written, not called: In [2], line " in done.stdout
    assert done.stdout.rstrip().endswith("2.0")
