"""What is asked for when users are made and changed."""

from typing import Any

import msgspec
import pytest

from localai import Budget, InvalidRequest, Limits
from plugins.auth.grants import Grants
from plugins.auth.tokens.forms import (
    Change,
    ChangePassword,
    Create,
    SetPassword,
    email,
    full_name,
    granted,
    regranted,
)
from tests.plugins.auth.tokens.test_user import row


def create(**fields: Any) -> Create:
    """Read a form as it comes in a body."""
    return msgspec.convert({"name": "anna", "password": "x"} | fields, Create)


def test_a_user_gets_what_is_asked_for() -> None:
    """Scopes have a default, the tenant is the maker's, and all else is as in the form."""
    assert granted(create(), "lab") == Grants(
        tenant="lab", scopes=("chat", "embeddings", "models:read")
    )
    form = create(
        tenant="x",
        scopes=["chat"],
        models=["a*"],
        tools=[],
        limits={"requests": "60 / minute"},
        budgets=[{"amount": 5, "unit": "tokens", "period": "day"}],
    )
    assert granted(form, "lab") == Grants(
        tenant="x",
        scopes=("chat",),
        models=("a*",),
        tools=(),
        limits=Limits(requests="60/minute"),
        budgets=(Budget(amount=5, unit="tokens", period="day"),),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"tenant": "a b"},
        {"scopes": []},
        {"scopes": ["admin:user"]},
        {"models": ["a b"]},
        {"limits": {"requests": "many"}},
        {"budgets": [{"amount": 0, "unit": "wh", "period": "day"}]},
    ],
)
def test_what_is_malformed_is_named(fields: dict[str, Any]) -> None:
    """The message says which field is wrong, in a new user and in a changed one."""
    with pytest.raises(InvalidRequest):
        granted(create(**fields), "lab")
    with pytest.raises(InvalidRequest) as caught:
        regranted(msgspec.convert(fields, Change), row())
    assert caught.value.param in fields


def test_a_change_leaves_what_it_does_not_name() -> None:
    """Only named fields are new, and null takes a bound off."""
    user = row()
    assert regranted(Change(), user) == user.grants
    changed = regranted(msgspec.convert({"models": None, "scopes": ["*"]}, Change), user)
    assert changed == msgspec.structs.replace(user.grants, models=None, scopes=("*",))


@pytest.mark.parametrize(
    "fields", [{"role": "admin"}, {"version": 9}, {"stamp": "x"}, {"name": "b"}, {"password": "x"}]
)
def test_a_change_has_no_other_fields(fields: dict[str, Any]) -> None:
    """Nobody can write a field that is not theirs to write."""
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(fields, Change)


def test_names_and_addresses_can_be_shown() -> None:
    """One line of printable characters, and an address that looks like one."""
    assert full_name(" Anna Ö. ") == "Anna Ö."
    assert (email(" a@b.c "), email("")) == ("a@b.c", "")
    for text in ("a\nb", "a\u202eb", "x" * 129):
        with pytest.raises(InvalidRequest, match="a full name"):
            full_name(text)
    for text in ("a", "a@", "@b", "a b@c", "a@b@c", "a\x00@b", "x" * 65 + "@b"):
        with pytest.raises(InvalidRequest, match="an email address"):
            email(text)


@pytest.mark.parametrize(
    "form",
    [
        create(password="canary"),
        SetPassword(password="canary"),
        ChangePassword(old="canary", new="canary"),
    ],
)
def test_no_form_shows_a_password(form: object) -> None:
    """However a form is printed, the password is not in it."""
    assert "canary" not in f"{form} {form!r} {[form]}"
