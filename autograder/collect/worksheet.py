"""Moodle's grading worksheet, in whatever language it was downloaded, with names or without (blind marking).

    ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",
    "Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"
    Teilnehmer/in1234567,"Jana Roth",jana@x.edu,"Zur Bewertung abgegeben",,"100,00",Ja,
    "Montag, 20. April 2026, 21:14",-,

The order of the columns is the same everywhere, and the title of one repeats that of the grade: "Last modified
(grade)". So the columns that count are found in every language, and the others where we know the word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# What we call a column: what it is called elsewhere.
TITLES = {
    "full name": ("vollständiger name", "nom complet", "nombre completo", "nome completo", "volledige naam",
                  "nome / cognome"),
    "first name": ("vorname", "prénom", "nombre", "nome", "voornaam"),
    "last name": ("nachname", "nom de famille", "nom", "apellido(s)", "apellidos", "cognome", "achternaam"),
    "id number": ("id-nummer", "matrikelnummer", "numéro d'identification", "número de id", "codice identificativo"),
    "email address": ("e-mail-adresse", "e-mail", "adresse de courriel", "adresse e-mail", "dirección de correo",
                      "dirección de correo electrónico", "indirizzo email", "e-mailadres", "correo electrónico"),
    "username": ("anmeldename", "nom d'utilisateur", "nombre de usuario", "gebruikersnaam", "nome de utilizador"),
    "status": ("statut", "estado", "stato"),
    "feedback comments": ("feedback als kommentar", "feedback par commentaires", "comentarios de retroalimentación",
                          "commenti", "feedback (commenti)", "feedbackcommentaar"),
}
KNOWN = {other: ours for ours, others in TITLES.items() for other in (ours, *others)}
IDENTIFIER = ("identifier", "identifiant", "identificador", "identificativo", "identificatie")
PARTICIPANT = ("participant", "teilnehmer/in", "teilnehmerin", "participante", "partecipante", "deelnemer", "deltagare")
LATE = re.compile(r"\blate\b|zu spät|verspätet|en retard|después|de retraso|in ritardo|te laat|atrasad", re.IGNORECASE)
NO = {"no", "nein", "non", "nee", "não", "nej", "nei", "ei", "nie", "ne", "nu"}


def known_as(title: str) -> str:
    """A column's title in lower case, by the name that we have for it."""
    bare = " ".join(title.replace("’", "'").split()).casefold()
    return KNOWN.get(bare, bare)


@dataclass(frozen=True)
class Worksheet:
    """The places of its columns; None where there is none, or no word of ours for it."""

    identifier: int
    grade: int | None
    graded: int | None
    submitted: int | None
    most: int | None
    changeable: int | None
    named: dict[str, int]

    def participant(self, row: Sequence[str]) -> str:
        """The number that stands for a student in this one assignment: 1234567."""
        return re.search(r"\d*$", row[self.identifier].strip())[0]

    def cell(self, row: Sequence[str], name: str) -> str:
        """What a column of TITLES holds, or ""."""
        return row[self.named[name]].strip() if name in self.named else ""


def find_worksheet(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Worksheet | None:
    """Where a table has what, None if it is no grading worksheet."""
    titles = [" ".join(title.split()).casefold() for title in header]
    pairs = {place: match for place, title in enumerate(titles) if (match := re.fullmatch(r"(.+?) ?\((.+)\)", title))}
    twins = [place for place, match in pairs.items()
             if sum(match[1] == other[1] for other in pairs.values()) == 2]  # of the submission, of the grade
    graded = next((place for place, match in pairs.items() if match[2] in titles), max(twins, default=None))
    if not (graded or titles[0] in IDENTIFIER) or not all(re.search(r"\d$", row[0].strip()) for row in rows):
        return None
    submitted = next((place for place in twins or pairs if place != graded), None)
    grade = None
    if graded is not None:
        grade = titles.index(pairs[graded][2]) if pairs[graded][2] in titles else submitted - 3
    between = bool(grade) and grade + 2 < min(place for place in (submitted, graded) if place is not None)
    most, changeable = (grade + 1, grade + 2) if between else (None, None)
    named = _named(header, rows, grade or len(header))
    return Worksheet(0, grade or None, graded, submitted, most, changeable, named)


def _named(header: Sequence[str], rows: Sequence[Sequence[str]], end: int) -> dict[str, int]:
    """The columns that we know by name; an address, before `end`, is one in every language."""
    named = {known_as(title): place for place, title in enumerate(header) if place and known_as(title) in TITLES}
    for place in range(1, end):
        cells = [row[place] for row in rows if row[place].strip()]
        if cells and all("@" in cell for cell in cells):
            named.setdefault("email address", place)
    return named
