"""The pages that show what students read after each known mistake."""

import re

from autograder.audit import messages
from tests.digits import without_digits


def test_the_page_of_messages_is_fresh(assignment):
    """But for digits: the last ones depend on the machine."""
    page = without_digits(messages.path_of(assignment).read_text(encoding="utf-8"))
    assert page == without_digits(messages.page(assignment)), f"run `{messages.COMMAND} {assignment.name}` and commit the page"


def test_every_known_mistake_leads_to_a_hint(assignment):
    rows = re.findall(r"^\| (?!mistake|---)(.*) \|$", messages.path_of(assignment).read_text(encoding="utf-8"), re.M)
    assert rows and [row for row in rows if "<br>hint: " not in row] == []


def test_a_cell_of_the_table_says_what_the_message_says():
    assert messages._markdown("a|b *c* <START> `x_y*` d_e") == "a\\|b \\*c\\* &lt;START&gt; `x_y*` d\\_e"
