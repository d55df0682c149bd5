"""The form of refresh tokens."""

import re

from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.tokens.refresh import RefreshTokens, new_session

TOKENS = RefreshTokens(bytes(range(32)))
SESSION = new_session()


def test_a_token_is_read_again() -> None:
    """What was made is known, with its session and the digest that is stored of it."""
    text, digest = TOKENS.make(SESSION)
    assert re.fullmatch(r"lar_[\w-]{22}_[\w-]{43}_[\w-]{22}", text, re.ASCII)
    given_back = TOKENS.parse(text)
    assert given_back == (SESSION, digest)
    assert len(digest) == 32
    assert TOKENS.make(SESSION)[0] != text
    assert repr(given_back) == f"Given({SESSION})"


def test_another_router_reads_nothing() -> None:
    """With another secret neither the token nor its digest is the same."""
    text, digest = TOKENS.make(SESSION)
    other = RefreshTokens(bytes(32))
    assert other.parse(text) is None
    assert other._digests(text[: -len("_") - 22])[1] != digest


@given(st.integers(0, 92), st.sampled_from("abcXYZ019-_. é"))
def test_any_change_is_no_token(at: int, letter: str) -> None:
    """Whatever character is changed, the tag does not fit."""
    text, _ = TOKENS.make(SESSION)
    other = text[:at] + letter + text[at + 1 :]
    assert other == text or TOKENS.parse(other) is None


@given(st.text(max_size=120))
def test_other_texts_are_no_tokens(text: str) -> None:
    """Whatever comes is read, or is none."""
    assert TOKENS.parse(text) is None
    assert TOKENS.parse(f"lar_{text}") is None


def test_sessions_are_told_apart() -> None:
    """An id has 128 random bits in letters that a path and a claim can carry."""
    made = {new_session() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[\w-]{22}", each, re.ASCII) for each in made)
