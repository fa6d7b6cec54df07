"""Every attempt is kept, one counts: a later one takes its place, an older download does not."""

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.collect import Attempt, Attempts
from tests.collect.conftest import notebook, stamp

NAME = "t1_means"


def gradescope(time: str, text: str) -> dict[str, str]:
    return {"e/submission_metadata.yml": f"submission_1:\n  :submitters:\n  - :sid: ann\n  :created_at: {time}\n",
            "e/submission_1/means.ipynb": text}


@pytest.fixture
def attempts(tiny, monkeypatch):
    """attempts("ann", ...): what the verb says."""
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tiny.root))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["attempts", NAME, *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output
    return run


def test_an_older_download_changes_nothing(tiny, download, collected, attempts):
    first, second = gradescope("2026-04-20 10:00:00 Z", "first"), gradescope("2026-04-21 10:00:00 Z", "second")
    collected(download(second), "gradescope")
    taken = collected(download(first), "gradescope")
    assert taken["ann"].state == "kept, not counted"
    assert taken["ann"].notes[0] == f"an earlier attempt, kept as number 2: number 1 counts (`autograder attempts {NAME} ann`)"
    assert notebook(tiny.root, "ann") == "second" and stamp(tiny.root, "ann") == "2026-04-21 10:00:00 UTC"
    assert collected(download(first), "gradescope")["ann"].state == "kept, not counted"
    assert collected(download(second), "gradescope")["ann"].state == "as before"
    assert len(Attempts(tiny.root, "ann", NAME).all) == 2 and "2026-04-21 10:00:00 UTC │ counts" in attempts("ann")


def test_a_later_attempt_counts_and_the_one_before_is_kept(tiny, download, collected, attempts):
    """Canvas says no time: its number of the file does."""
    files = [{f"roebob_2_{number}_means.ipynb": f"file {number}"} for number in (9, 10, 8)]
    states = [collected(download(each), "canvas")["roebob-2"].state for each in files]
    assert states == ["new", "replaced", "kept, not counted"] and notebook(tiny.root, "roebob-2") == "file 10"
    kept = tiny.root / "attempts" / "roebob-2" / NAME
    assert [(kept / str(number) / "means.ipynb").read_text() for number in (1, 2, 3)] == ["file 9", "file 10", "file 8"]


def test_what_was_there_before_and_was_replaced_is_known_without_a_time(tiny, download, collected):
    """Moodle says neither time nor number."""
    first, second = ({"Ann_1_assignsubmission_file_/means.ipynb": text} for text in ("first", "second"))
    assert [collected(download(each), "moodle")["ann"].state for each in (first, second, first, second)] == [
        "new", "replaced", "kept, not counted", "as before"]
    assert notebook(tiny.root, "ann") == "second"


def test_a_teacher_decides(tiny, download, collected, attempts):
    first, second = gradescope("2026-04-20 10:00:00 Z", "first"), gradescope("2026-04-21 10:00:00 Z", "second")
    for each in (first, second):
        collected(download(each), "gradescope")
    assert "counts, as a teacher chose" in attempts("ann", "--use", "1")
    assert notebook(tiny.root, "ann") == "first" and stamp(tiny.root, "ann") == "2026-04-20 10:00:00 UTC"
    assert collected(download(second), "gradescope")["ann"].state == "kept, not counted"
    assert collected(download(gradescope("2026-04-22 10:00:00 Z", "third")), "gradescope")["ann"].state == "replaced"
    done = CliRunner().invoke(main, ["attempts", NAME, "ann", "--use", "9"])
    assert done.exit_code == 2 and "attempt 9" in done.output


def test_what_came_by_another_way_is_an_attempt_too(tiny, download, collected):
    folder = tiny.root / "submitted" / "ann" / NAME
    folder.mkdir(parents=True)
    (folder / "means.ipynb").write_text("by the exchange")
    (folder / "timestamp.txt").write_text("2026-04-22 10:00:00 UTC")
    assert collected(download(gradescope("2026-04-21 10:00:00 Z", "older")), "gradescope")["ann"].state == "kept, not counted"
    assert notebook(tiny.root, "ann") == "by the exchange"
    assert [each.number for each in Attempts(tiny.root, "ann", NAME).all] == [1, 2]


def test_a_link_in_submitted_is_not_followed(tiny, tmp_path, download, collected):
    (tmp_path / "secret.ipynb").write_text("secret")
    folder = tiny.root / "submitted" / "ann" / NAME
    folder.mkdir(parents=True)
    (folder / "means.ipynb").symlink_to(tmp_path / "secret.ipynb")
    collected(download(gradescope("2026-04-21 10:00:00 Z", "mine")), "gradescope")
    assert (tmp_path / "secret.ipynb").read_text() == "secret" and notebook(tiny.root, "ann") == "mine"
    assert not (folder / "means.ipynb").is_symlink()


def test_a_folder_that_is_a_neighbours_is_not_written_to(tiny, download, collected):
    bob = tiny.root / "submitted" / "bob" / NAME
    bob.mkdir(parents=True)
    (bob / "means.ipynb").write_text("bob")
    (tiny.root / "submitted" / "ann").symlink_to(bob.parent)
    taken = collected(download(gradescope("2026-04-21 10:00:00 Z", "ann")), "gradescope")
    assert taken["ann"].state == "left out" and "it is a link" in taken["ann"].notes[0]
    assert notebook(tiny.root, "bob") == "bob"


def test_a_folder_in_submitted_that_is_a_link_is_not_written_through(tiny, tmp_path, download, collected):
    (tmp_path / "elsewhere").mkdir()
    attempts = Attempts(tiny.root, "ann", NAME)
    attempts.put(attempts.add({"means.ipynb": b"{}", "lib/tools.py": b"x = 1"}, Attempt(0, "")))
    folder = tiny.root / "submitted" / "ann" / NAME
    (folder / "lib" / "tools.py").unlink()
    (folder / "lib").rmdir()
    (folder / "lib").symlink_to(tmp_path / "elsewhere")
    attempts.choose(1)
    assert (folder / "lib" / "tools.py").read_text() == "x = 1" and not list((tmp_path / "elsewhere").iterdir())
