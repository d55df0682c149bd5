"""What is asked for when a user is made or changed, and whether it is well formed."""

import re
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from localai import InvalidRequest
from plugins.auth.grants import Grants
from plugins.auth.keys import forms as keys
from plugins.auth.keys.forms import DEFAULT_SCOPES, BudgetForm, LimitsForm
from plugins.auth.tokens.user import User

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,189}")


class Hidden(Struct, frozen=True):
    """A form with a password in it, which no log may show."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class Create(Hidden, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A new user. What is not said of models, tools, limits and budgets is the maker's."""

    name: str
    password: str
    full_name: str = ""
    email: str = ""
    tenant: str | None = None
    """The maker's when nothing is said."""
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    models: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None
    limits: LimitsForm | None = None
    budgets: tuple[BudgetForm, ...] = ()


class Change(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """New values for some of a user's fields; `null` takes a bound off."""

    full_name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    tenant: str | UnsetType = UNSET
    scopes: tuple[str, ...] | UnsetType = UNSET
    models: tuple[str, ...] | UnsetType | None = UNSET
    tools: tuple[str, ...] | UnsetType | None = UNSET
    limits: LimitsForm | UnsetType | None = UNSET
    budgets: tuple[BudgetForm, ...] | UnsetType = UNSET


class SetPassword(Hidden, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A password that an administrator sets."""

    password: str


class ChangePassword(Hidden, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A password that a user changes."""

    old: str
    new: str


def full_name(text: str) -> str:
    """Return the name of a person; raise `InvalidRequest` unless it can be shown in one line."""
    text = text.strip()
    if len(text) > 128 or not text.isprintable():
        raise InvalidRequest("a full name has up to 128 printable characters", param="full_name")
    return text


def email(text: str) -> str:
    """Return an address, or nothing; raise `InvalidRequest` for what can't be one."""
    text = text.strip()
    if text and not (_EMAIL.fullmatch(text) and text.isprintable()):
        raise InvalidRequest("an email address looks like anna@example.org", param="email")
    return text


def granted(form: Create, tenant: str) -> Grants:
    """Return what a new user is to get; raise `InvalidRequest` that names what is malformed."""
    return _grants({name: getattr(form, name) for name in _GRANTED}, tenant)


def regranted(form: Change, user: User) -> Grants:
    """Return what a user is to have after a change; raise `InvalidRequest`."""
    values = {name: getattr(form, name) for name in _GRANTED}
    for name, value in values.items():
        if value is UNSET:
            values[name] = getattr(user, name)
    return _grants(values, user.tenant)


_GRANTED = ("tenant", "scopes", "models", "tools", "limits", "budgets")


def _grants(values: dict[str, Any], tenant: str) -> Grants:
    """Check what is the same for users as for keys."""
    return keys.granted(keys.Create(name="", **values), tenant, now=0)
