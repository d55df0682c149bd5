"""Users that Open WebUI names."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.keys.forwarded import MAX_LENGTH, user_of

EMAIL, ID, NAME = "x-openwebui-user-email", "x-openwebui-user-id", "x-openwebui-user-name"


@pytest.mark.parametrize(
    ("headers", "user"),
    [
        ({}, None),
        ({EMAIL: "anna@example.org", ID: "7", NAME: "Anna"}, "anna@example.org"),
        ({ID: "7", NAME: "Anna"}, "7"),
        ({NAME: "Anna%20M%C3%BCller"}, "Anna Müller"),
        ({NAME: "Anna Berg"}, "Anna Berg"),
        ({EMAIL: "", ID: "7"}, "7"),
        ({EMAIL: "anna@example.org, eve@example.org", ID: "7"}, "7"),
        ({EMAIL: "an na@example.org", ID: "a\x00b", NAME: "Anna"}, "Anna"),
        ({EMAIL: "x" * (MAX_LENGTH + 1)}, None),
        ({EMAIL: "x" * MAX_LENGTH}, "x" * MAX_LENGTH),
        ({NAME: "%ff"}, None),
        ({NAME: "%0aset-cookie"}, None),
        ({NAME: "%20"}, None),
        ({NAME: "x" * (MAX_LENGTH + 1)}, None),
        ({NAME: "%41" * 5000}, None),
        ({EMAIL: "anna\u200b@example.org"}, None),
    ],
)
def test_the_best_name_that_is_well_formed_counts(
    headers: dict[str, str], user: str | None
) -> None:
    """Address, id, name, in this order; what is long or can't be printed is passed over."""
    assert user_of(headers) == user


@given(st.text(min_size=1, max_size=MAX_LENGTH))
def test_quoted_names_are_read_back(name: str) -> None:
    """A name that is printable comes through its quoting as it was, without blanks around it."""
    try:
        quoted = quote(name, safe="")
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    expected = name.strip(" ")
    is_fine = bool(expected) and expected.isprintable()
    assert user_of({NAME: quoted}) == (expected if is_fine else None)


@given(st.dictionaries(st.sampled_from([EMAIL, ID, NAME]), st.text(max_size=200)))
def test_nothing_else_is_a_user(headers: dict[str, str]) -> None:
    """Whatever the headers are, a user is a short text that can be printed."""
    user = user_of(headers)
    assert user is None or (user.isprintable() and 1 <= len(user) <= MAX_LENGTH)
