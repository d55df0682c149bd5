"""Names that could mean something else to another system are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.uploads.names import wrong_with


@pytest.mark.parametrize(
    "name",
    [
        "a.pdf",
        "Report 10:30 (final).txt",
        "résumé.pdf",
        "報告.txt",
        "a.b.c",
        "x" * 251 + ".txt",
        "🏴.png",
    ],
)
def test_names_as_people_give_them_pass(name: str) -> None:
    """Blanks, punctuation and all scripts are fine, up to 255 characters."""
    assert wrong_with(name, 255) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x" * 252 + ".txt", "more than 255 characters"),
        ("../../etc/passwd", "slash"),
        ("a/b.txt", "slash"),
        ("C:\\a.txt", "slash"),
        ("a..txt", "'..'"),
        ("a\uff0fb.txt", "slash"),
        ("\uff0e\uff0e.txt", "'..'"),
        ("a\u2025.txt", "'..'"),
        ("a\0.txt", "can't be seen"),
        ("a\n.txt", "can't be seen"),
        ("a\u202egpj.exe", "can't be seen"),
        ("a\u200b.txt", "can't be seen"),
        ("a\ue000.txt", "can't be seen"),
        ("a\ud800.txt", "can't be seen"),
        (".htaccess", "begins with a dot"),
        ("a.txt.", "ends with a dot"),
        (" a.txt", "blank"),
        ("a.txt ", "blank"),
        ("CON", "reserved"),
        ("nul.txt", "reserved"),
        ("com1.tar.txt", "reserved"),
        ("LPT\u00b9.pdf", "reserved"),
        ("aux .txt", "reserved"),
    ],
)
def test_a_name_that_is_no_plain_name_is_refused(name: str, says: str) -> None:
    """Paths, what folds into one, hidden characters and devices are told by what is wrong."""
    wrong = wrong_with(name, 255)
    assert wrong is not None
    assert says in wrong
    assert name not in wrong


@given(st.text(max_size=300))
def test_what_passes_is_a_name_of_its_own(name: str) -> None:
    """No text passes that has a part of a path, a control character, or is too long."""
    if wrong_with(name, 255) is None:
        assert len(name) <= 255
        assert not {"/", "\\", "\0", "\n", "\x7f"} & set(name)
        assert ".." not in name
