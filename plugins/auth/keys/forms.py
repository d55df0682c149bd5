"""What is asked for when a key is made, changed or rotated, and whether it is well formed."""

import re
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from localai import Budget, Duration, InvalidRequest, Limits
from plugins.auth.grants import Grants
from plugins.auth.keys.record import Key
from plugins.auth.measures import MOST, rate

DEFAULT_SCOPES = ("chat", "embeddings", "models:read")
SCOPES = (
    "chat",
    "embeddings",
    "models:read",
    "usage:read",
    "metrics:read",
    "admin:models",
    "admin:keys",
    "admin:users",
    "admin:config",
    "admin:cache",
    "admin:*",
    "*",
)
"""The router's own; plugins may have others."""
LONGEST_LIFE = 100 * 365 * 86_400
"""Seconds; a date that far away can still be written."""
LONGEST_GRACE = 30 * 86_400
"""Seconds for which a rotated key's old secret may go on working."""
MAX_SCOPES = 32
MAX_NAMES = 256

_SCOPE = re.compile(r"\*|[a-z][a-z0-9_-]{0,31}(:([a-z][a-z0-9_-]{0,31}|\*))?")
_LABEL = re.compile(r"[\w.@:+-]{1,64}")
_PATTERN = re.compile(r"[^\s\x00-\x1f\x7f]{1,128}")

Moment = Annotated[datetime, Meta(tz=True)]


class LimitsForm(Limits, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`{"requests": "60/minute", "tokens": "50000/hour", "concurrent": 4}`."""


class BudgetForm(Budget, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`{"amount": 100000, "unit": "tokens", "period": "day"}`."""


class Create(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A new key. What is not said of models, tools, limits, budgets and end is the maker's."""

    name: str
    owner: str = ""
    tenant: str | None = None
    """The maker's when nothing is said."""
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    models: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None
    limits: LimitsForm | None = None
    budgets: tuple[BudgetForm, ...] = ()
    expires_in: float | str | None = None
    """Seconds, or a text such as "30d"."""
    expires_at: Moment | None = None
    forwards_users: bool = False


class Change(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """New values for some of a key's fields; `null` takes a bound off."""

    name: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    scopes: tuple[str, ...] | UnsetType = UNSET
    models: tuple[str, ...] | UnsetType | None = UNSET
    tools: tuple[str, ...] | UnsetType | None = UNSET
    limits: LimitsForm | UnsetType | None = UNSET
    budgets: tuple[BudgetForm, ...] | UnsetType = UNSET
    expires_in: float | str | UnsetType | None = UNSET
    expires_at: Moment | UnsetType | None = UNSET


class Rotate(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """How long the old secret goes on working."""

    grace: float | str = "24h"


def named(text: str) -> str:
    """Return a key's name; raise `InvalidRequest` unless it can be shown in one line."""
    text = text.strip()
    if not (1 <= len(text) <= 64 and text.isprintable()):
        raise InvalidRequest("a name has 1 to 64 printable characters", param="name")
    return text


def label(text: str, param: str) -> str:
    """Return the name of an owner or tenant; raise `InvalidRequest`."""
    if not _LABEL.fullmatch(text):
        raise InvalidRequest(
            f"the {param} has 1 to 64 letters, digits or signs of '. @ : + - _'", param=param
        )
    return text


def granted(form: Create, tenant: str, now: float) -> Grants:
    """Return what a new key is to get; raise `InvalidRequest` that names what is malformed."""
    return Grants(
        tenant=label(tenant if form.tenant is None else form.tenant, "tenant"),
        scopes=_scopes(form.scopes),
        models=_names(form.models, "models"),
        tools=_names(form.tools, "tools"),
        limits=_limits(form.limits),
        budgets=_budgets(form.budgets),
        expires_at=_end(form.expires_in, form.expires_at, now),
        forwards_users=form.forwards_users,
    )


def regranted(form: Change, key: Key, now: float) -> Grants:
    """Return what a key is to have after a change; raise `InvalidRequest`."""
    expires_at = key.expires_at
    if form.expires_in is not UNSET or form.expires_at is not UNSET:
        expires_at = _end(_or_none(form.expires_in), _or_none(form.expires_at), now)
    return Grants(
        tenant=key.tenant,
        scopes=key.scopes if form.scopes is UNSET else _scopes(form.scopes),
        models=key.models if form.models is UNSET else _names(form.models, "models"),
        tools=key.tools if form.tools is UNSET else _names(form.tools, "tools"),
        limits=key.limits if form.limits is UNSET else _limits(form.limits),
        budgets=key.budgets if form.budgets is UNSET else _budgets(form.budgets),
        expires_at=expires_at,
        forwards_users=key.forwards_users,
    )


def grace(form: Rotate) -> float:
    """Return the seconds for which the old secret goes on working; raise `InvalidRequest`."""
    return _seconds(form.grace, "grace", least=0, most=LONGEST_GRACE)


def _scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    if not 1 <= len(scopes) <= MAX_SCOPES:
        raise InvalidRequest(f"scopes: expected 1 to {MAX_SCOPES}", param="scopes")
    for scope in scopes:
        if scope in SCOPES:
            continue
        near = get_close_matches(scope, SCOPES, n=1, cutoff=0.8)
        if near or not _SCOPE.fullmatch(scope):
            remedy = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(SCOPES)}"
            raise InvalidRequest(f"unknown scope '{scope[:64]}'; {remedy}", param="scopes")
    return tuple(dict.fromkeys(scopes))


def _names(names: Sequence[str] | None, param: str) -> tuple[str, ...] | None:
    if names is None:
        return None
    if len(names) > MAX_NAMES:
        raise InvalidRequest(f"{param}: expected at most {MAX_NAMES}", param=param)
    for name in names:
        if not (_PATTERN.fullmatch(name) and name.isprintable()):
            raise InvalidRequest(
                f"{param}: a name or pattern has 1 to 128 printable characters and no blanks",
                param=param,
            )
    return tuple(dict.fromkeys(names))


def _limits(limits: LimitsForm | None) -> Limits | None:
    if limits is None:
        return None
    try:
        rates = [rate(text) if text else "" for text in (limits.requests, limits.tokens)]
    except ValueError as error:
        raise InvalidRequest(f"limits: {error}", param="limits") from None
    if not 0 <= limits.concurrent < 10**6:
        raise InvalidRequest("limits.concurrent: expected 0 to 999999", param="limits.concurrent")
    return Limits(requests=rates[0], tokens=rates[1], concurrent=limits.concurrent)


def _budgets(budgets: Sequence[BudgetForm | Budget]) -> tuple[Budget, ...]:
    found = {}
    for each in budgets:
        if not 0 < each.amount <= MOST:
            raise InvalidRequest(f"a budget's amount is above 0, at most {MOST}", param="budgets")
        found[each.unit, each.period] = Budget(
            amount=each.amount, unit=each.unit, period=each.period
        )
    if len(found) < len(budgets):
        raise InvalidRequest("two budgets of the same unit and period: give one", param="budgets")
    return tuple(found.values())


def _end(seconds: float | str | None, moment: datetime | None, now: float) -> float | None:
    if seconds is not None and moment is not None:
        raise InvalidRequest("give expires_in or expires_at, not both", param="expires_at")
    if seconds is not None:
        return now + _seconds(seconds, "expires_in", least=1, most=LONGEST_LIFE)
    if moment is None:
        return None
    if not now < moment.timestamp() <= now + LONGEST_LIFE:
        raise InvalidRequest(
            "expires_at: expected a moment to come, within 100 years", param="expires_at"
        )
    return moment.timestamp()


def _seconds(value: float | str, param: str, *, least: float, most: float) -> float:
    try:
        seconds = float(Duration.parse(value))
    except ValueError as error:
        raise InvalidRequest(f"{param}: {error}", param=param) from None
    if not least <= seconds <= most:
        raise InvalidRequest(f"{param}: expected {least} to {most} seconds", param=param)
    return seconds


def _or_none(value: Any) -> Any:
    return None if value is UNSET else value
