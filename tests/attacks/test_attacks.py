"""Every hostile submission of corpus/ gains nothing and harms nobody, whichever walls it meets and whoever grades it.

Each day each exploit meets all walls together, as root or as an ordinary user, and one of the weaker sets of walls, each day another
(`matrix.share`); with --all, and by `python -m tests.attacks --all`, every combination is tried. A new exploit is one more file in corpus/.
"""

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.attacks import matrix, naive
from tests.attacks.exploits import CLASSES, CORPUS
from tests.attacks.trial import NO_WALLS
from tests.attacks.world import HONEST, WRONG

README = Path(__file__).parent / "README.md"
ALIVE = ["a06_read_secret", "a07_environment", "a07_raw_memory", "a08_hot_journal", "a08_other_students",
         "a08_write_gradebook", "a11_harness_files", "a15_shadow_modules", "a16_learns_the_test",
         "a21_network", "a21_other_sockets", "a25_kills_everyone", "a25_kills_the_victim"]


@pytest.fixture
def open_folder():
    """A folder that every user may use: pytest's own are closed to others, and closed again by the next run."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.parametrize("user, walls", matrix.combinations())
def test_no_gain_and_no_harm(user, walls, open_folder, everything):
    if user == "root" and os.getuid() != 0:
        return  # nobody but root can: the other user's trials are all that there is
    exploits = matrix.share(user, walls, everything)
    outcomes = list(matrix.run(open_folder, user, walls, exploits))
    assert [each.impossible for each in outcomes if each.impossible][:1] == []
    assert {each.exploit.name: each.gained + each.harmed for each in outcomes if each.gained or each.harmed} == {}
    assert {each.exploit.name for each in outcomes} == {exploit.name for exploit in exploits}


@pytest.mark.parametrize("day", [0, 1, 739951])
def test_after_six_days_every_exploit_has_met_everything(day):
    pairs = [pair for pair in matrix.combinations() if pair[0] != "root" or os.getuid() == 0]
    everything = {(exploit.name, *pair) for exploit in CORPUS for pair in pairs}
    assert {(exploit.name, *pair) for pair in pairs for exploit in matrix.share(*pair, everything=True)} == everything
    tried = [[(exploit.name, *pair) for pair in pairs for exploit in matrix.share(*pair, day=day + after)] for after in range(6)]
    assert set().union(*tried) == everything
    for each in tried:  # and every day all walls together, and a weaker set of them
        assert Counter(name for name, _, walls in each if walls == matrix.ALL_WALLS) == Counter(exploit.name for exploit in CORPUS)
        assert Counter(name for name, _, walls in each if walls != matrix.ALL_WALLS) == Counter(exploit.name for exploit in CORPUS)


def test_without_walls_the_same_exploits_do_harm(open_folder):
    """So the corpus is alive, and this file would notice."""
    exploits = [exploit for exploit in CORPUS if exploit.name in ALIVE]
    outcomes = list(matrix.run(open_folder, matrix.USERS[1], NO_WALLS, exploits))
    assert [each.exploit.name for each in outcomes if each.gained or each.harmed] == ALIVE, outcomes


@pytest.mark.parametrize("way, name", [(way, name) for way, names in naive.FOOLED.items() for name in names])
def test_a_naive_grader_is_fooled(way, name, open_folder):
    source = next(exploit.source for exploit in CORPUS if exploit.name == name)
    assert matrix.fooled(open_folder / "course", way, source)


@pytest.mark.parametrize("way", naive.FOOLED)
def test_a_naive_grader_is_right_about_the_others(way, open_folder):
    """Otherwise being fooled would mean nothing."""
    right, wrong = [matrix.fooled(open_folder / "course", way, source) for source in (HONEST, WRONG)]
    assert (right, wrong) == (way not in ("silence", "pickle"), False)


def test_every_class_is_tried_in_several_ways():
    counts = Counter(exploit.number for exploit in CORPUS)
    assert set(counts) == set(CLASSES) and min(counts.values()) >= 3 and len(CORPUS) >= 80


@pytest.mark.parametrize("exploit", CORPUS, ids=lambda exploit: exploit.name)
def test_the_table_has_a_row_for_every_exploit(exploit):
    """What it tries and what stops it, as its docstring says."""
    rows = README.read_text(encoding="utf-8").splitlines()
    assert exploit.row in rows, f"tests/attacks/README.md needs this row:\n{exploit.row}"
