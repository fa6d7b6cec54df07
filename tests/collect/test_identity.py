"""Whose a hand-in is: the platform's number decides, a name that was made to look like one does not."""

import pytest

from tests.collect.conftest import notebook

EVE = "Alice Smith_501_assignsubmission_file_ Eve"


def states(taken) -> dict[str, str]:
    return {student: each.state for student, each in taken.items()}


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_display_name_of_moodle_takes_nobodys_place(tiny, download, collected, unpacked):
    taken = collected(download({"Alice Smith_501_assignsubmission_file_/means.ipynb": "alice",
                                f"{EVE}_502_assignsubmission_file_/means.ipynb": "eve"}, unpacked), "moodle")
    assert notebook(tiny.root, "alice-smith") == "alice"
    (eve, each), = ((student, each) for student, each in taken.items() if student != "alice-smith")
    assert each.state == "new" and notebook(tiny.root, eve) == "eve" and each.name == EVE


@pytest.mark.parametrize("name", [f"{EVE}_502_assignsubmission_file_means.ipynb", "Eve_502_assignsubmission_file_x_501_assignsubmission_file_means.ipynb"])
def test_a_flat_name_of_moodle_that_can_be_read_twice_is_refused_for_both(tiny, download, collected, name):
    taken = collected(download({"Alice Smith_501_assignsubmission_file_means.ipynb": "alice", name: "eve",
                                "Bob_503_assignsubmission_file_means.ipynb": "bob"}), "moodle")
    assert {each.state for student, each in taken.items() if student != "bob"} == {"left out"}
    assert states(taken)["bob"] == "new" and not (tiny.root / "submitted" / "alice-smith").exists()
    assert "the number 501 would be that of" in str([each.notes for each in taken.values()])


def test_one_number_of_moodle_under_two_names_is_nobodys(tiny, download, collected):
    taken = collected(download({"Alice_501_assignsubmission_file_/means.ipynb": "alice",
                                "Eve_501_assignsubmission_file_/means.ipynb": "eve"}), "moodle")
    assert states(taken) == {"alice": "left out", "eve": "left out"} and not (tiny.root / "submitted").exists()
    assert "the number 501 would be that of `Alice` and `Eve`" in taken["alice"].notes[0]


def test_a_name_of_canvas_that_can_be_read_twice_is_refused_for_both(tiny, download, collected, tmp_path):
    honest = {"smithalice_501_90001_means.ipynb": "alice", "roebob_503_90004_means.ipynb": "bob",
              "kimjo_504_90005_hw_1_2_means.ipynb": "jo", "lee_505_90006_2026_10_12.ipynb": "lee",
              "wu_506_90007_12345678_means.ipynb": "wu"}
    for evil in ("smithalice_501_90002_eve_502_90003_means.ipynb", "x_501_90002_eve_502_90003_means.ipynb"):
        taken = collected(download(honest | {evil: "eve"}), "canvas")
        assert states(taken)["smithalice-501"] == "left out"
    assert {states(taken)[student] for student in ("roebob-503", "kimjo-504", "lee-505", "wu-506")} == {"as before"}
    roster = tmp_path / "grades.csv"
    roster.write_text("Student,ID,SIS Login ID,Section\nSmith Alice,501,alice,1\nSmith Alice 501,502,eve,1\n")
    taken = collected(download(honest | {"smithalice_501_502_90003_means.ipynb": "eve"}), "canvas", roster)
    assert {each.state for each in taken.values() if "501" in str(each.notes)} == {"left out"} and "eve" not in states(taken)


def test_a_student_id_of_gradescope_with_two_addresses_is_nobodys(tiny, download, collected):
    people = "".join(f"submission_90{number}:\n  :submitters:\n  - :name: N\n    :sid: '12'\n    :email: {name}@x.edu\n"
                     f"  :created_at: 2026-04-2{number} 17:34:00 Z\n" for number, name in enumerate(("alice", "eve")))
    taken = collected(download({"e/submission_metadata.yml": people, "e/submission_900/means.ipynb": "alice",
                                "e/submission_901/means.ipynb": "eve"}), "gradescope")
    assert states(taken) == {"12": "left out"} and "alice@x.edu and eve@x.edu" in taken["12"].notes[0]
    assert not (tiny.root / "submitted").exists()


def test_a_name_makes_nobody_a_student_of_the_roster(tiny, download, collected, tmp_path):
    """Neither by looking like an id, nor where the roster has numbers to go by."""
    roster = tmp_path / "worksheet.csv"
    roster.write_text('Identifier,Full name,ID number,Status,Grade,"Last modified (submission)","Last modified (grade)"\n'
                      'Participant 501,Alice Smith,s501,,,"Monday, 20 April 2026, 9:14 PM",-\nParticipant 502,Eve,s502,,,-,-\n')
    taken = collected(download({"s501_777_assignsubmission_file_/means.ipynb": "eve, as an id",
                                "Alice Smith_778_assignsubmission_file_/means.ipynb": "eve, as a name",
                                "Somebody_501_assignsubmission_file_/means.ipynb": "alice, under another name"}), "moodle", roster)
    assert notebook(tiny.root, "s501") == "alice, under another name"
    assert taken["alice-smith"].notes == ["not on the roster"]
    assert sorted(path.name for path in (tiny.root / "submitted").iterdir()) == ["alice-smith", "s501"]


def test_who_has_handed_in_keeps_the_id_whatever_the_display_name_is(tiny, download, collected):
    collected(download({"Alice Smith_501_assignsubmission_file_/means.ipynb": "alice"}), "moodle")
    taken = collected(download({"Alice Jones_501_assignsubmission_file_/means.ipynb": "alice, married",
                                "Alice Smith_502_assignsubmission_file_/means.ipynb": "eve"}), "moodle")
    assert notebook(tiny.root, "alice-smith") == "alice, married"
    assert "was number 501 of Moodle before, this is 502" in str([each.notes for each in taken.values()])
    taken = collected(download({"Lab 2-Alice Jones_501_assignsubmission_file_/means.ipynb": "alice, married",
                                "Lab 2-Bob_503_assignsubmission_file_/means.ipynb": "bob"}), "moodle")
    assert states(taken) == {"alice-smith": "as before", "bob": "new"}


def test_a_group_of_moodle_is_no_part_of_a_name(download, collected, tmp_path):
    """Where a teacher downloads one group, its name stands before every name; of several groups, a roster knows."""
    files = {"Lab 2-Anna-Maria Lee_1_assignsubmission_file_/means.ipynb": "x", "Lab 2-Bob Roe_2_assignsubmission_file_/means.ipynb": "x"}
    assert set(collected(download(files), "moodle")) == {"anna-maria-lee", "bob-roe"}
    roster = tmp_path / "class.csv"
    roster.write_text("student_id,name\nu1,Anna-Maria Lee\nu2,Bob Roe\n")
    files = {"Lab 1-Anna-Maria Lee_11_assignsubmission_file_/means.ipynb": "x", "Lab 2-Bob Roe_12_assignsubmission_file_/means.ipynb": "x"}
    assert set(collected(download(files), "moodle", roster)) == {"u1", "u2"}


@pytest.mark.parametrize("word", ["Participant", "Teilnehmerin", "Participante", "Lab 2-Participant"])
def test_blind_marking_names_students_by_their_numbers(download, collected, word):
    taken = collected(download({f"{word}_{number}_assignsubmission_file_/means.ipynb": "x" for number in (11, 12)}), "moodle")
    assert set(taken) == {"participant-11", "participant-12"} and not any(each.notes for each in taken.values())


def test_a_student_id_that_somebody_typed_at_gradescope_makes_them_nobody_else(tiny, download, collected, tmp_path):
    """Alice handed in nothing. The address is that of the account."""
    people = "submission_901:\n  :submitters:\n  - :name: Eve\n    :sid: '12'\n    :email: eve@x.edu\n  :created_at: 2026-04-20 17:34:00 Z\n"
    files = {"e/submission_metadata.yml": people, "e/submission_901/means.ipynb": "eve"}
    roster = tmp_path / "class.csv"
    roster.write_text("student_id,name,email\n12,Alice,alice@x.edu\n13,Eve,eve@x.edu\n")
    taken = collected(download(files), "gradescope", roster)
    assert states(taken) == {"12": "left out"} and "not those of one student of the roster" in taken["12"].notes[0]
    collected(download({**files, "e/submission_metadata.yml": people.replace("eve@", "alice@")}), "gradescope")
    taken = collected(download(files), "gradescope")
    assert states(taken) == {"12": "left out"} and "was number alice@x.edu of Gradescope before" in taken["12"].notes[0]
