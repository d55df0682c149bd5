"""Users in memory."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import RowMapping

from localai import Budget, InvalidRequest, Limits, Principal
from plugins.auth.grants import Grants
from plugins.auth.tokens.user import USERS, User, as_scope, is_name, read, user_name

ROW: dict[str, Any] = {
    "name": "anna",
    "full_name": "Anna A.",
    "email": "anna@example.org",
    "tenant": "lab",
    "scopes": ["models:read", "chat"],
    "models": ["llama*"],
    "tools": None,
    "limits": {"requests": "60/minute"},
    "budgets": [{"amount": 5, "unit": "wh", "period": "day"}],
    "password": "$argon2id$canary",
    "stamp": "s1",
    "ended": {"x": 17.5},
    "created_at": 10.0,
    "disabled_at": None,
    "removed_at": None,
    "version": 3,
}


def row(**changes: Any) -> User:
    """Return the user of a row with these changes."""
    return read(cast("RowMapping", ROW | changes))


def test_a_row_is_a_caller() -> None:
    """What the row has is what the principal may do, use and take."""
    limits = Limits(requests="60/minute")
    budgets = (Budget(amount=5, unit="wh", period="day"),)
    user = row()
    assert user.principal(None) == Principal(
        id="user:anna",
        name="Anna A.",
        user="anna",
        tenant="lab",
        scopes=frozenset({"chat", "models:read"}),
        models=("llama*",),
        limits=limits,
        budgets=budgets,
    )
    assert user.grants == Grants(
        tenant="lab",
        scopes=("models:read", "chat"),
        models=("llama*",),
        limits=limits,
        budgets=budgets,
    )
    assert (user.scope, user.ended_sessions) == ("chat models:read", {"x": 17.5})
    assert row(full_name="").principal(None).name == "anna"


def test_nothing_of_the_password_is_in_memory() -> None:
    """Neither the record nor its text has the hash."""
    user = row()
    values = [getattr(user, name) for cls in User.__mro__ for name in getattr(cls, "__slots__", ())]
    assert "canary" not in f"{values} {user!r} {user.principal(None)!r}"
    assert repr(user) == "User(user:anna)"


def test_who_is_disabled_or_removed_has_ended() -> None:
    """The moment and the way come with it."""
    assert row().ended(20) is None
    assert row(disabled_at=11.0).ended(20) == (11.0, "is disabled")
    assert row(disabled_at=11.0, removed_at=12.0).ended(20) == (12.0, "was removed")


@pytest.mark.parametrize(
    "changes", [{"scopes": None}, {"scopes": "chat"}, {"limits": 7}, {"ended": []}, {"models": [1]}]
)
def test_a_broken_row_is_no_user(changes: dict[str, Any]) -> None:
    """A row that somebody has edited badly lets nobody in."""
    with pytest.raises(ValueError, match="Expected"):
        row(**changes)


@given(st.text(max_size=70))
def test_a_name_can_be_written_in_any_case_but_is_stored_in_one(text: str) -> None:
    """A name that is taken has a harmless form, and stands for itself."""
    try:
        name = user_name(text)
    except InvalidRequest:
        return
    assert is_name(name)
    assert user_name(name.upper()) == name == name.lower()
    assert "/" not in name
    assert name.isascii()


def test_names_that_look_like_others_are_refused() -> None:
    """No slash, which an issuer's users have, and nothing that isn't plain."""
    for text in ("", "corp/anna", "an na", "änna", "anna\n\n.", "-anna", "a" * 65, "a'--", "\x00"):
        with pytest.raises(InvalidRequest, match="a user's name has"):
            user_name(f"{text}x" if text.endswith("\n") else text)
    assert user_name(" Anna.B+c@Example.org\n") == "anna.b+c@example.org"


def test_scopes_are_one_text() -> None:
    """Their order does not matter."""
    assert as_scope(("b", "a")) == as_scope(frozenset({"a", "b"})) == "a b"
    assert USERS.prefix + "anna" == row().id
