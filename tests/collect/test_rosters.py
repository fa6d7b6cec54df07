"""Rosters as platforms and spreadsheets save them, in other languages; and what of them goes into the gradebook."""

import time

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograder.cli import main
from autograder.collect import read_roster
from autograder.collect.times import read_time
from autograder.errors import AutograderError
from autograder.gradebook.roll import Member, read_roll
from autograder.gradebook.scores import read_scores
from autograder.gradebook.writer import GradebookWriter
from autograder.report import CheckResult, PartResult, Report, load, report_path, save
from tests.collect.conftest import stamp

NAME = "t1_means"
GERMAN = """ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden","Zuletzt geändert (Abgabe)","Texteingabe online","Zuletzt geändert (Bewertung)","Feedback als Kommentar"
Teilnehmer/in1234567,"Jana Müller",jana@x.edu,"Zur Bewertung abgegeben - 1 Stunde zu spät",,"10,00",Ja,"Montag, 20. April 2026, 23:14",,-,
Teilnehmer/in1234568,"Ömer Öz",oemer@x.edu,"Keine Abgabe",,"10,00",Ja,-,,-,
"""
FRENCH = """Identifiant,"Nom complet","Adresse de courriel",Statut,Note,"Note maximale","La note peut être modifiée","Dernière modification (travail remis)","Dernière modification (note)","Feedback par commentaires"
Participant900110,"Zoé Dupont",zoe@x.edu,"Remis pour évaluation - 3 min en retard",,"10,00",Oui,"lundi 20 avril 2026, 21:14",-,
"""
BLIND = """Identifier,Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)"
Participant 11,Submitted for grading,,10.00,Yes,"Monday, 20 April 2026, 9:14 PM",-
"""


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", ["Montag, 20. April 2026, 21:14", "lundi 20 avril 2026, 21:14", "Monday, 20 April 2026, 9:14 PM",
                                  "lunes, 20 de abril de 2026, 21:14", "lunedì, 20 aprile 2026, 21:14", "maandag, 20 april 2026, 21:14",
                                  "måndag, 20 april 2026, 21:14", "понедельник, 20 апреля 2026, 21:14", "Monday, April 20, 2026, 9:14 PM",
                                  "2026-04-20 21:14:00 +0000", "segunda-feira, 20 de abril de 2026, 21:14"])
def test_times_of_moodle_in_many_languages(text):
    assert read_time(text).isoformat() == "2026-04-20T21:14:00+00:00"


@pytest.mark.parametrize("text", ["", "-", "20", "April 2026", "Montag, 99. April 2026, 21:14", "Monday, 20 April 2026", "25:61"])
def test_what_is_no_time(text):
    assert read_time(text) is None


@pytest.mark.parametrize("name, text, student, number, when", [
    ("Jana Müller", GERMAN, "jana@x.edu", "1234567", "2026-04-20T23:14:00+00:00"),
    ("Zoé Dupont", FRENCH, "zoe@x.edu", "900110", "2026-04-20T21:14:00+00:00"),
    ("Participant", BLIND, "participant-11", "11", "2026-04-20T21:14:00+00:00")])
def test_moodles_worksheet_in_other_languages_and_without_names(tmp_path, name, text, student, number, when):
    (tmp_path / "worksheet.csv").write_text(text, encoding="utf-8")
    found = read_roster(tmp_path / "worksheet.csv").find("moodle", (number,), name=name)
    assert (found.student, found.time.isoformat(), found.late) == (student, when, "Participant" not in name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator, first", [(";", ""), ("\t", ""), (",", ""), (";", "sep=;\r\n"), ("\t", "sep=\t\r\n")])
def test_a_roster_as_excel_saves_it(tmp_path, encoding, separator, first):
    text = first + "student_id;name;email\r\nu1;Jürgen Größe;j@x.edu\r\n\r\n;;\r\n".replace(";", separator)
    (tmp_path / "class.csv").write_bytes(text.encode(encoding))
    assert read_roster(tmp_path / "class.csv").members == {"u1": Member("u1", "Größe", "Jürgen", "j@x.edu")}


@pytest.mark.parametrize("content, said", [(b"PK\x03\x04rest", "it is Excel's own format"), (b"\xff\xfe\x00", "truncated"),
                                           (b"a,b\n\x81\x8d", "can't decode byte 0x81"), (b'a,b\n"c', "unexpected end")])
def test_what_is_no_roster_is_named(tmp_path, content, said):
    (tmp_path / "class.xlsx").write_bytes(content)
    with pytest.raises(AutograderError, match=said) as raised:
        read_roster(tmp_path / "class.xlsx")
    assert "hint: in a spreadsheet: save as CSV UTF-8" in str(raised.value)


def test_a_number_of_one_kind_is_not_looked_up_among_others(tmp_path):
    """Ann's number at the university is the number that Moodle gave Eve for this assignment."""
    (tmp_path / "w.csv").write_text('Identifier,Full name,ID number,Grade,Last modified (submission),Last modified (grade)\n'
                                    "Participant 501,Ann,502,,-,-\nParticipant 502,Eve,503,,-,-\n")
    assert read_roster(tmp_path / "w.csv").find("moodle", ("502",), name="Ann").student == "503"


@pytest.mark.parametrize("titles", ["Vorname;Nachname;E-Mail-Adresse;Matrikelnummer", "Prénom;Nom;Adresse de courriel;Numéro d’identification",
                                    "Nombre;Apellido(s);Dirección de correo;Número de ID", "First name;Last name;Email address;ID number"])
def test_moodles_list_of_participants(tmp_path, titles):
    (tmp_path / "p.csv").write_text(f"{titles}\nJana;van Berg;jana@x.edu;m1\n", encoding="cp1252")
    assert read_roster(tmp_path / "p.csv").members == {"m1": Member("m1", "van Berg", "Jana", "jana@x.edu")}


def test_canvas_invents_a_student_who_is_none(tmp_path):
    (tmp_path / "c.csv").write_text('Student,ID,SIS Login ID,Section\n"Ann, A",1,ann,S\n"Student, Test",2,c0ffee,S\n')
    assert set(read_roster(tmp_path / "c.csv").members) == {"ann"}


def test_the_roster_goes_into_the_gradebook_with_names_and_with_who_handed_in_nothing(tiny, tmp_path, download, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tiny.root))
    (tmp_path / "worksheet.csv").write_text(GERMAN, encoding="cp1252")
    path = download({"Jana Müller_1234567_assignsubmission_file_/means.ipynb": "x"})
    arguments = ["collect", str(path), NAME, "--from", "moodle", "--roster", str(tmp_path / "worksheet.csv")]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "roster: 2 students, 2 of them new or changed in the gradebook; nothing handed in: oemer@x.edu" in done.output
    assert stamp(tiny.root, "jana@x.edu") == "2026-04-20 23:14:00 UTC"
    assert read_roll(tiny.root)[0] == {"jana@x.edu": Member("jana@x.edu", "Müller", "Jana", "jana@x.edu"),
                                       "oemer@x.edu": Member("oemer@x.edu", "Öz", "Ömer", "oemer@x.edu")}
    assert "0 of them new or changed" in CliRunner().invoke(main, arguments, catch_exceptions=False).output


def test_who_was_collected_without_a_roster_goes_on_under_its_id(tiny, tmp_path, download, monkeypatch):
    """Attempts, report and scores, by hand too; whose place is taken is told."""
    monkeypatch.setenv("AUTOGRADER_COURSE", str(tiny.root))
    files = {"Jana M_1234567_assignsubmission_file_/means.ipynb": "x", "Z_1234568_assignsubmission_file_/means.ipynb": "x"}
    arguments = ["collect", str(download(files)), NAME, "--from", "moodle"]
    assert CliRunner().invoke(main, arguments, catch_exceptions=False).exit_code == 0
    report = Report(NAME, "jana-m", "means.ipynb", [PartResult("row_mean", [CheckResult("c", "s", 3, points=1)])])
    save(report, report_path(tiny.root, NAME, "jana-m"))
    with GradebookWriter(tiny.root, NAME) as writer:
        writer.write(report, tiny.root / "submitted" / "jana-m" / NAME)
    with Gradebook(f"sqlite:///{tiny.root}/gradebook.db", "") as book:
        book.find_grade("row_mean", "means", NAME, "jana-m").manual_score = 2.5
        book.db.commit()
    (tiny.root / "submitted" / "oemer@x.edu" / NAME).mkdir(parents=True)
    (tmp_path / "worksheet.csv").write_text(GERMAN, encoding="utf-8")
    said = " ".join(CliRunner().invoke(main, [*arguments, "--roster", str(tmp_path / "worksheet.csv")], catch_exceptions=False)
                    .output.replace("│", " ").split())
    assert "was `jana-m` before: attempts," in said and "as before" in said
    assert "`autograder remove z`" in said
    assert read_scores(tiny.root, NAME)["jana@x.edu"].cells["row_mean"].manual == 2.5
    assert load(report_path(tiny.root, NAME, "jana@x.edu")).student == "jana@x.edu"
    assert set(read_roll(tiny.root)[0]) == {"jana@x.edu", "oemer@x.edu"}
    assert not list(tiny.root.glob("*/jana-m")) and (tiny.root / "submitted" / "z").is_dir()
