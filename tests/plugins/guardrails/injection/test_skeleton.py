"""Words that only look like ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.skeleton import skeleton


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("іgnоrе", "ignore"),
        ("рrеviоus", "previous"),
        ("Ιgnоrе", "ignore"),
        ("ɪɢɴᴏʀᴇ", "ignore"),
        ("🅸🅶🅽🅾🆁🅴 🇦🇧", "ignore ab"),
        ("systеm prоmpt", "system prompt"),
    ],
)
def test_look_alikes_are_read_as_ascii(text: str, expected: str) -> None:
    """Letters of other scripts, small capitals and letters in boxes are the letters they show."""
    assert skeleton(text) == expected


@pytest.mark.parametrize(
    "text", ["а с нами о чём", "игнорируй", "Привет, друзья", "αγνόησε", "שלום", "भाषा", "日本語"]
)
def test_words_of_other_scripts_stay(text: str) -> None:
    """A word that doesn't look like ASCII throughout is left alone."""
    assert skeleton(text) == text


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_is_its_own_skeleton(text: str) -> None:
    """A text of ASCII is returned as it is."""
    assert skeleton(text) is text


@given(st.text())
def test_a_skeleton_has_none(text: str) -> None:
    """The skeleton of a skeleton is the same."""
    assert skeleton(skeleton(text)) == skeleton(text)
