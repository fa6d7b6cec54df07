"""Taking in submissions: names, late marks, attempts, rosters; and whatever else lies in such a download."""

import re
import stat
import struct
import time
import zipfile
from datetime import UTC, datetime

import pytest

from autograder.collect import download as limits
from autograder.collect import opened, read_roster
from autograder.collect.contents import ATTEMPT
from autograder.errors import AutograderError
from tests.collect.conftest import notebook, stamp

DUE = datetime(2026, 4, 20, 22, 0, tzinfo=UTC)


def everything_in(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


CANVAS = {
    "doejane_12345_67890_means.ipynb": "jane",
    "o'neillzoë_LATE_12346_67891_means-2.ipynb": "zoe, third attempt",
    "leeanna_12347_67892_means.ipynb": "anna, once more",
    "leeanna_12347_67893_means-1.ipynb": "anna, last",
    "leeanna_12347_67894_notes.txt": "not a notebook",
    "leeanna_99_70000_Means (1).ipynb": "another anna",
    "kimjo_7_70002_means.ipynb": "jo, the later file",
    "kimjo_7_70001_means.ipynb": "jo, the earlier file",
    "smithbob_12348_67895_my homework.ipynb": "bob",
    "wudan_12349_text.html": "<p>I could not upload it</p>",
    "LATE_anon_x7Qa2_67896_means.ipynb": "somebody",
}


@pytest.mark.parametrize("unpacked", [False, True])
def test_canvas(tiny, download, collected, unpacked):
    taken = collected(download(CANVAS, unpacked), "canvas", due=DUE)
    assert {student: (each.state, each.notebook) for student, each in taken.items()} == {
        "doejane-12345": ("new", "means.ipynb"), "o-neillzoë-12346": ("new", "means-2.ipynb"),
        "leeanna-12347": ("new", "means-1.ipynb"), "leeanna-99": ("new", "Means (1).ipynb"),
        "smithbob-12348": ("new", "my homework.ipynb"), "wudan-12349": ("left out", ""),
        "anon-x7Qa2": ("new", "means.ipynb"), "kimjo-7": ("new", "means.ipynb")}
    assert notebook(tiny.root, "kimjo-7") == "jo, the later file"
    assert notebook(tiny.root, "leeanna-12347") == "anna, last" and notebook(tiny.root, "smithbob-12348") == "bob"
    assert stamp(tiny.root, "o-neillzoë-12346") == stamp(tiny.root, "anon-x7Qa2") == "2026-04-20 22:00:01 UTC"
    assert stamp(tiny.root, "doejane-12345") == ""
    assert "no notebook: wudan_12349_text.html" in taken["wudan-12349"].notes
    assert re.match("not taken: means.ipynb, notes.txt|not taken: notes.txt, means.ipynb", taken["leeanna-12347"].notes[0])
    assert collected.strangers == []


def test_a_name_is_the_same_however_its_accents_are_written(download, collected):
    """macOS writes file names with the accents apart."""
    assert set(collected(download({"Zoe\u0308 A_1_assignsubmission_file_/means.ipynb": "x"}), "moodle")) == {"zo\u00eb-a"}


def test_late_without_a_due_date_is_said(tiny, download, collected):
    taken = collected(download(CANVAS), "canvas")
    assert taken["anon-x7Qa2"].notes == ["late, but the gradebook knows no due date (`nbgrader db assignment add`): no penalty"]
    assert taken["anon-x7Qa2"].submitted == "late" and stamp(tiny.root, "anon-x7Qa2") == ""


def test_canvas_with_its_gradebook_as_roster(tiny, tmp_path, download, collected):
    roster = tmp_path / "grades.csv"
    roster.write_text("﻿Student,ID,SIS User ID,SIS Login ID,Section,a1 (55)\n,,,,,Manual Posting\n    Points Possible,,,,,10\n"
                      '"Doe, Jane",12345,U1,jdoe,S1,\n"Lee, Anna",12347,U2,alee,S1,3\n"Lee, Anna",99,U3,alee2,S1,\n', encoding="utf-8")
    taken = collected(download(CANVAS), "canvas", roster, DUE)
    assert {"jdoe", "alee", "alee2", "smithbob-12348"} < set(taken)
    assert taken["jdoe"].notes == [] and "not on the roster" in taken["smithbob-12348"].notes
    assert notebook(tiny.root, "alee2") == "another anna"


MOODLE = {
    "Jane Doe_501_assignsubmission_file_/means.ipynb": "jane",
    "José Ángel Ruiz_502_assignsubmission_file/sub/means.ipynb": "josé, as newer Moodle writes it",
    "Wei Li_503_assignsubmission_file_/means.ipynb": "one li",
    "Wei Li_504_assignsubmission_file_/means.ipynb": "another li",
    "Old Style_505_assignsubmission_file_means.ipynb": "flat",
    "Jane Doe_501_assignsubmission_onlinetext_/onlinetext.html": "<p>see the file</p>",
    "Group 7_34_assignsubmission_file_/Ann A_1_assignsubmission_file_/means.ipynb": "a name within a name",
    "readme.txt": "nobody's",
}


@pytest.mark.parametrize("unpacked", [False, True])
def test_moodle(tiny, download, collected, unpacked):
    taken = collected(download(MOODLE, unpacked), "moodle")
    assert set(taken) == {"jane-doe", "josé-ángel-ruiz", "wei-li-503", "wei-li-504", "old-style", "group-7"}
    assert all(each.state == "new" for each in taken.values())
    assert "somebody else has the same name" in taken["wei-li-503"].notes
    assert notebook(tiny.root, "wei-li-504") == "another li" and notebook(tiny.root, "group-7") == "a name within a name"
    assert notebook(tiny.root, "old-style") == "flat"
    assert collected.strangers == ["readme.txt"]


def test_moodle_with_its_grading_worksheet(tiny, tmp_path, download, collected, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    __import__("time").tzset()
    roster = tmp_path / "worksheet.csv"
    roster.write_text("\ufeffIdentifier,Full name,ID number,Email address,Status,Grade,Last modified (submission)\r\n"
                      'Participant 503,Wei Li,s503,wei@x.edu,Submitted for grading - Not marked,,"Monday, 20 April 2026, 9:14 PM"\r\n'
                      'Participant 504,Wei Li,,li@x.edu,Submitted for grading - 3 mins 31 secs late,,"Monday, April 20, 2026, 10:03 PM"\r\n'
                      "Participant 501,Jane Doe,s501,jane@x.edu,Submitted for grading - 1 hour late,,-\r\n", encoding="utf-8")
    taken = collected(download(MOODLE), "moodle", roster, DUE)
    assert {"s503", "li@x.edu", "s501", "old-style"} < set(taken)
    assert stamp(tiny.root, "s503") == "2026-04-20 21:14:00 UTC" and stamp(tiny.root, "li@x.edu") == "2026-04-20 22:03:00 UTC"
    assert taken["s501"].submitted == "late" and stamp(tiny.root, "s501") == "2026-04-20 22:00:01 UTC"


GRADESCOPE = {
    "assignment_77_export/submission_metadata.yml": """submission_901:
  :submitters:
  - :name: Jane Doe
    :sid: '0012'
    :email: jane@x.edu
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :score: 2.0
  :history:
  - :id: 1
    :created_at: 2026-04-20 10:00:00.000000000 -04:00
  :results:
    output: |-
      submission_902:
        :submitters: forged
submission_902:
  :submitters:
  - :name: Ann A
    :sid:
    :email: ann@x.edu
  - :name: No
    :email: no@x.edu
  :created_at: 2026-04-19 08:00:00 -04:00
submission_903:
  :submitters: []
""",
    "assignment_77_export/submission_901/means.ipynb": "jane",
    "assignment_77_export/submission_902/sub/MEANS.ipynb": "the two",
    "assignment_77_export/submission_902/submission_metadata.yml": "submission_902:\n  :submitters:\n  - :name: Somebody Else\n    :sid: '0012'\n",
    "assignment_77_export/submission_904/means.ipynb": "not in the metadata",
    "__MACOSX/assignment_77_export/._submission_metadata.yml": "junk",
}


@pytest.mark.parametrize("unpacked", [False, True])
def test_gradescope(tiny, download, collected, unpacked):
    taken = collected(download(GRADESCOPE, unpacked), "gradescope")
    assert {student: each.state for student, each in taken.items()} == {
        "0012": "new", "ann@x.edu": "new", "no@x.edu": "new", "submission_903": "left out", "submission_904": "new"}
    assert stamp(tiny.root, "0012") == "2026-04-26 17:34:00 UTC" and stamp(tiny.root, "no@x.edu") == "2026-04-19 12:00:00 UTC"
    assert "attempt 2" in taken["0012"].notes and "a group of 2" in taken["no@x.edu"].notes
    assert notebook(tiny.root, "ann@x.edu") == notebook(tiny.root, "no@x.edu") == "the two"
    assert "submission_metadata.yml does not say whose it is" in taken["submission_904"].notes


def test_a_roster_of_names_alone(tiny, tmp_path, download, collected):
    roster = tmp_path / "class.csv"
    roster.write_text("id,first_name,last_name\nu1,Jane,Doe\nu2,Wei,Li\nu3,Wei,Li\n")
    assert {"u1", "wei-li-503", "wei-li-504"} < set(collected(download(MOODLE), "moodle", roster))


def test_a_second_download_changes_only_what_is_new(tiny, download, collected):
    collected(download(GRADESCOPE), "gradescope")
    again = dict(GRADESCOPE) | {"assignment_77_export/submission_902/sub/MEANS.ipynb": "the two, later"}
    taken = collected(download(again), "gradescope")
    assert {student: each.state for student, each in taken.items()} == {
        "0012": "as before", "ann@x.edu": "replaced", "no@x.edu": "replaced", "submission_903": "left out",
        "submission_904": "as before"}
    assert notebook(tiny.root, "ann@x.edu") == "the two, later"


def test_a_replaced_notebook_loses_its_old_time(tiny, download, collected):
    collected(download({"roebob_LATE_2_12_means.ipynb": "late"}), "canvas", due=DUE)
    assert stamp(tiny.root, "roebob-2")
    collected(download({"roebob_2_13_means-1.ipynb": "in time, as the due date was moved"}), "canvas", due=DUE)
    assert not stamp(tiny.root, "roebob-2")


def test_two_people_of_one_id_are_told_apart_by_time_or_left_out(tiny, tmp_path, download, collected):
    metadata = """submission_901:
  :submitters:
  - :sid: 007
  :created_at: 2026-04-26 17:34:00 Z
submission_905:
  :submitters:
  - :sid: 007
    :name: the same in a group
  :created_at: 2026-04-27 17:34:00 Z
"""
    both = {"e/submission_metadata.yml": metadata, "e/submission_901/means.ipynb": "older", "e/submission_905/means.ipynb": "newer"}
    collected(download(both), "gradescope")
    assert notebook(tiny.root, "007") == "newer"
    roster = tmp_path / "class.csv"
    roster.write_text("student_id,canvas id\ns1,12345\ns1,12347\n")
    taken = collected(download(CANVAS), "canvas", roster)
    assert taken["s1"].state == "left out" and "2 people would be the student `s1`: the roster does not tell them apart" in taken["s1"].notes
    assert not (tiny.root / "submitted" / "s1").exists()


def test_zips_in_zips(tiny, download, collected, zipped):
    inner = zipped({"work/means.ipynb": "deep", "work/.ipynb_checkpoints/means-checkpoint.ipynb": "older", "__MACOSX/x": ""})
    files = {"a_1_2_work.zip": zipped({"again.zip": inner}), "b_2_3_x.zip": b"PK this is no zip",
             "c_3_4_empty.zip": zipped({}), "d_4_5_work.rar": b"Rar!"}
    taken = collected(download(files), "canvas")
    assert notebook(tiny.root, "a-1") == "deep" and taken["a-1"].state == "new"
    assert taken["b-2"].notes[1].startswith("not read: x.zip: no zip that can be opened")
    assert taken["d-4"].notes == ["no notebook: work.rar"] and taken["d-4"].state == "left out"
    assert "c-3" not in taken or taken["c-3"].state == "left out"


def test_nothing_is_written_outside_submitted(tiny, tmp_path, download, collected, zipped):
    before = everything_in(tmp_path)
    evil = [("../../../evil.ipynb", "1"), ("/etc/evil.ipynb", "2"), ("..\\..\\evil.ipynb", "3"), ("C:\\evil.ipynb", "4"),
            ("a/../../means.ipynb", "5"), ("timestamp.txt", "2000-01-01 00:00:00 UTC"), ("means.ipynb", "6"), ("means.ipynb", "7")]
    files = {"x_1_2_a.zip": zipped(evil), "../../y_2_3_means.ipynb": "up", "/abs_3_4_means.ipynb": "absolute",
             "..\\z_4_5_means.ipynb": "windows", ".._5_6_means.ipynb": "dots", "_7_8_means.ipynb": "no name",
             "\x1b[31m=cmd<b>\u202e_9_10_means.ipynb": "absurd", "n" * 240 + "_11_12_means.ipynb": "long"}
    taken = collected(download(files), "canvas")
    new = [name for name in everything_in(tmp_path) if name not in before and name != "submissions.zip"]
    assert new and all(re.fullmatch(r"course/(submitted/[\w@.+-]+/t1_means|attempts/[\w@.+-]+/t1_means/1)/"
                                    r"(means\.ipynb|attempt\.json)", name) for name in new)
    assert len(new) == 3 * len(taken) == 24
    assert stamp(tiny.root, "x-1") == "" and notebook(tiny.root, "x-1") == "7"


def test_links_are_not_followed(tiny, tmp_path, download, collected):
    (tmp_path / "secret.ipynb").write_text("secret")
    folder = download({"a_1_2_notes.txt": "x"}, unpacked=True)
    (folder / "a_1_3_means.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "b_2_3_folder").symlink_to(tmp_path)
    taken = collected(folder, "canvas")
    assert taken["a-1"].state == taken["b-2"].state == "left out" and not (tiny.root / "submitted").exists()
    assert any("not followed" in note for note in taken["a-1"].notes)
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("a_1_2_means.ipynb")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert collected(path, "canvas")["a-1"].state == "left out" and not (tiny.root / "submitted").exists()


def test_bombs_are_refused_and_the_next_student_is_not(tiny, download, collected, zipped, monkeypatch):
    monkeypatch.setattr(limits, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(limits, "MAX_ENTRIES", 50)
    monkeypatch.setattr(limits, "MAX_INSIDE", 4 << 20)
    nested = zipped({"means.ipynb": "in"})
    for _ in range(6):
        nested = zipped({"z.zip": nested})
    files = {"a_1_2_means.ipynb": b"0" * (2 << 20), "b_2_3_w.zip": zipped({"means.ipynb": b"0" * (2 << 20)}),
             "c_3_4_w.zip": zipped({f"{number}.txt": "" for number in range(60)}), "d_4_5_w.zip": nested,
             "e_5_6_w.zip": zipped({f"{number}.zip": zipped({"x": b"0" * (900 << 10)}, zipfile.ZIP_STORED) for number in range(8)}),
             "f_6_7_means.ipynb": "honest"}
    taken = collected(download(files), "canvas")
    assert {student: each.state for student, each in taken.items()} == dict.fromkeys(
        ("a-1", "b-2", "c-3", "d-4", "e-5"), "left out") | {"f-6": "new"}
    said = {student: "; ".join(each.notes) for student, each in taken.items()}
    assert "larger than 1 MB" in said["a-1"] and "larger than 1 MB" in said["b-2"]
    assert "more than 50 files" in said["c-3"] and "deeper than 3" in said["d-4"]
    assert "z.zip" in said["d-4"] and "unpacks to more than 4 MB" in said["e-5"]
    taken = collected(download({"g_7_8_means.ipynb": b"0" * (2 << 20)}, unpacked=True), "canvas")
    assert taken["g-7"].state == "left out" and taken["g-7"].notes == ["means.ipynb is larger than 1 MB"]


@pytest.mark.parametrize("rest", ["---copy" * 3000 + "!", "-copy" + "9" * 9000, "(1)" * 9000 + "(", " - Copy (2) - Copy" * 2000 + "x",
                                  "-" * 50_000 + "!", "_1" * 20_000 + "_"])
def test_a_name_takes_no_time(rest):
    """Some patterns try every way to divide such a name: for years."""
    begun = time.monotonic()
    ATTEMPT.fullmatch(rest)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("rest, counts", [("", True), ("-1", True), (" (2)", True), ("(3)", True), ("-Copy1", True), (" - Copy (2)", True),
                                          ("-copy-copy 2", True), (" copy", True), ("2", False), ("copy", False), ("-final", False)])
def test_what_is_another_attempt(rest, counts):
    assert (ATTEMPT.fullmatch(rest) is not None) == counts


def test_a_zip_is_unpacked_once_however_many_are_in_it(tiny, download, collected, zipped, monkeypatch):
    read, sizes = limits._read_entry, []
    monkeypatch.setattr(limits, "_read_entry", lambda *args: (sizes.append(len(content := read(*args))), content)[1])
    inner = zipped({"x.txt": "x"}, zipfile.ZIP_STORED)
    work = zipped({f"{number}.zip": inner for number in range(200)} | {"means.ipynb": "in"}, zipfile.ZIP_STORED)
    taken = collected(download({"a_1_2_w.zip": work, "b_2_3_means.ipynb": "b"}), "canvas")
    assert [taken[student].state for student in ("a-1", "b-2")] == ["new", "new"] and notebook(tiny.root, "a-1") == "in"
    assert sum(sizes) < 5 * len(work)


def test_a_header_that_lies_about_its_size_is_refused(tiny, download, collected, zipped):
    content = bytearray(zipped({"a_1_2_means.ipynb": b"0" * 5000}))
    start = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, start + 24, 10)  # the uncompressed size in the central directory
    path = download({})
    path.write_bytes(bytes(content))
    taken = collected(path, "canvas")
    assert taken["a-1"].state == "left out" and "damaged" in taken["a-1"].notes[0]


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>log in first</html>"])
def test_what_is_no_download_is_named(tmp_path, content):
    path = tmp_path / "submissions.zip"
    path.write_bytes(content)
    with pytest.raises(AutograderError, match="the folder or zip that you downloaded"), opened(path):
        pass


def test_gradescope_without_its_metadata_is_named(download, collected):
    with pytest.raises(AutograderError, match="with one submission_metadata.yml"):
        collected(download({"submission_1/means.ipynb": "x"}), "gradescope")


@pytest.mark.parametrize("system, names, hint", [
    ("moodle", ["doejane_12_34_means.ipynb"], "--from canvas"), ("gradescope", ["doejane_12_34_means.ipynb"], "--from canvas"),
    ("canvas", ["Jane Doe_501_assignsubmission_file_/means.ipynb"], "--from moodle"), ("canvas", ["means.ipynb"], ""), ("canvas", [], "")])
def test_an_export_of_another_platform_is_recognised(download, collected, system, names, hint):
    with pytest.raises(AutograderError) as raised:
        collected(download({name: "x" for name in names}), system)
    assert str(raised.value).lower().startswith(f"an export of {system}") and hint in str(raised.value)


@pytest.mark.parametrize("separator", ",;\t")
def test_a_roster_may_be_separated_as_a_spreadsheet_likes(tmp_path, separator):
    path = tmp_path / "class.csv"
    path.write_text("student_id,canvas id,name\nann,12,Doe Jane\n".replace(",", separator))
    assert read_roster(path).find(numbers=("12",)).student == "ann"


@pytest.mark.parametrize("text, words", [
    ("", "it is empty"), ("name,points\nJane,3\n", "its columns are name,points"),
    ("student_id,name\n", "no line below its first one"),
    ("id,name\n../x,Jane\n", "can be a folder's name"), ("id,name\n.x,Jane\n", "can be a folder's name"),
    ("id,name\n\x1b[31m,Jane\n", "can be a folder's name")])
def test_a_roster_that_cannot_be_one_is_named(tmp_path, text, words):
    path = tmp_path / "class.csv"
    path.write_text(text)
    with pytest.raises(AutograderError, match=words):
        read_roster(path)
