"""A word is found in each form that is promised, and nowhere else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.forms import rules
from plugins.guardrails.stream.matcher import Matcher

WORD = "k7mqz2vbn4xwpa3t"
MATCHER = Matcher(rules(WORD))
WRITTEN = {
    "plain": (WORD, WORD.upper(), WORD.title(), " ".join(WORD), "-".join(WORD), "\n".join(WORD)),
    "reversed": (WORD[::-1], " ".join(WORD[::-1]).upper()),
    "hex": (
        WORD.encode().hex(),
        WORD.encode().hex(" ").upper(),
        "".join(f"\\x{ord(each):02x}" for each in WORD),
        "".join(f"%{ord(each):02X}" for each in WORD),
        ", ".join(f"0x{ord(each):02x}" for each in WORD),
    ),
}


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in WRITTEN.items() for t in texts])
def test_each_form(name: str, text: str) -> None:
    """The word is found as it is, spaced out, backwards and in hex, in either case."""
    (match,) = MATCHER.find(f"The mark is {text}.")
    assert match.rule.name == name


@given(st.binary(max_size=40), st.binary(max_size=40), st.booleans())
def test_base64(before: bytes, after: bytes, url_safe: bool) -> None:
    """Whatever stands around it, the word is found in what base64 makes of it."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    text = encode(before + WORD.encode() + after).decode()
    assert "base64" in [match.rule.name for match in MATCHER.find(text)]


@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_other_texts(text: str) -> None:
    """Without the word nothing is found."""
    assert not MATCHER.find(text)
