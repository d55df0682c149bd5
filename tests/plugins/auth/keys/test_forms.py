"""What is asked for a key."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from localai import Budget, InvalidRequest, Limits
from plugins.auth.grants import Grants
from plugins.auth.keys.forms import (
    DEFAULT_SCOPES,
    LONGEST_LIFE,
    Change,
    Create,
    Rotate,
    grace,
    granted,
    label,
    named,
    regranted,
)
from plugins.auth.measures import MOST
from tests.plugins.auth.keys.support import a_key

NOW = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
SQL = "'; DROP TABLE keys; --"


def create(**fields: Any) -> Grants:
    """Return what a form asks for, read as it is from a body."""
    return granted(msgspec.convert({"name": "me", **fields}, Create), "team", NOW)


def test_little_need_be_said() -> None:
    """A name is enough: the key chats, in the tenant of its maker, and never ends."""
    assert create() == Grants(tenant="team", scopes=DEFAULT_SCOPES)


def test_everything_can_be_said() -> None:
    """All fields are taken, each in its one form."""
    asked = create(
        tenant="other",
        scopes=["chat", "chat", "weather:read"],
        models=["qwen*", "qwen*"],
        tools=[],
        limits={"requests": "060 / minute", "concurrent": 4},
        budgets=[{"amount": 5, "unit": "wh", "period": "day"}],
        expires_in="1d12h",
        forwards_users=True,
    )
    assert asked == Grants(
        tenant="other",
        scopes=("chat", "weather:read"),
        models=("qwen*",),
        tools=(),
        limits=Limits(requests="60/minute", concurrent=4),
        budgets=(Budget(amount=5, unit="wh", period="day"),),
        expires_at=NOW + 36 * 3600,
        forwards_users=True,
    )


def test_an_end_is_a_time_span_or_a_moment() -> None:
    """Seconds, a text such as `30d`, or a moment with its offset."""
    assert create(expires_in=60).expires_at == NOW + 60
    assert create(expires_in="90s").expires_at == NOW + 90
    assert create(expires_at="2026-11-21T02:00:00+01:00").expires_at == NOW + 3600


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tenant": ""}, "tenant"),
        ({"tenant": "a b"}, "tenant"),
        ({"tenant": SQL}, "tenant"),
        ({"tenant": "x" * 65}, "tenant"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["CHAT"]}, "scopes"),
        ({"scopes": ["chat "]}, "scopes"),
        ({"scopes": ["*:*"]}, "scopes"),
        ({"scopes": ["admin:key"]}, "scopes"),
        ({"scopes": [SQL]}, "scopes"),
        ({"scopes": [f"s{number}" for number in range(33)]}, "scopes"),
        ({"models": [""]}, "models"),
        ({"models": ["a b"]}, "models"),
        ({"models": ["a\u200b"]}, "models"),
        ({"models": ["x" * 129]}, "models"),
        ({"tools": [f"t{number}" for number in range(257)]}, "tools"),
        ({"limits": {"requests": "60 per minute"}}, "limits"),
        ({"limits": {"tokens": SQL}}, "limits"),
        ({"limits": {"concurrent": -1}}, "limits.concurrent"),
        ({"budgets": [{"amount": 0, "unit": "wh", "period": "day"}]}, "budgets"),
        ({"budgets": [{"amount": MOST + 1, "unit": "wh", "period": "day"}]}, "budgets"),
        ({"budgets": [{"amount": 1, "unit": "wh", "period": "day"}] * 2}, "budgets"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -5}, "expires_in"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"expires_in": LONGEST_LIFE + 1}, "expires_in"),
        ({"expires_at": "2026-11-20T23:59:59Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "expires_at"),
        ({"expires_in": 5, "expires_at": "2027-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_what_is_malformed_is_refused_by_its_name(fields: dict[str, Any], param: str) -> None:
    """Each field has its grammar, and the refusal names the field."""
    with pytest.raises(InvalidRequest) as caught:
        create(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "admin"},
        {"digest": ""},
        {"parent": "key:0000000000"},
        {"limits": {"request": "60/minute"}},
        {"budgets": [{"amount": 1, "unit": "usd", "period": "day"}]},
        {"budgets": [{"amount": 1, "unit": "wh", "period": "day", "spent": 0}]},
        {"scopes": "chat"},
        {"expires_at": "2027-01-01T00:00:00"},
        {"expires_in": True},
        {"forwards_users": 1},
    ],
)
def test_unknown_fields_and_other_types_are_refused(fields: dict[str, Any]) -> None:
    """Nothing is ignored, and nothing is taken for another type."""
    with pytest.raises(msgspec.ValidationError):
        create(**fields)
    for name in ("forwards_users", "tenant", "version", "kid", "revoked_at"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({name: None}, Change)


def test_a_slip_of_a_scope_is_mended() -> None:
    """A scope that is near a known one is taken for a slip, and the known one is named."""
    with pytest.raises(InvalidRequest, match="unknown scope 'chatt'; did you mean 'chat'"):
        create(scopes=["chatt"])


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\x00", "\u202egpj", "a\tb"])
def test_a_name_fits_in_a_line(name: str) -> None:
    """A name that is empty, long, or can't be printed is refused."""
    with pytest.raises(InvalidRequest, match="1 to 64 printable"):
        named(name)


def test_names_and_labels_of_all_kinds_are_taken() -> None:
    """A name is any text in one line, a label has no blanks."""
    for name in ("me", "Annas Büro", SQL, "x" * 64):
        assert named(f" {name} ") == name
    for owner in ("anna", "anna+x@example.org", "jürgen", "x" * 64):
        assert label(owner, "owner") == owner


def test_a_change_leaves_what_it_does_not_name() -> None:
    """Only fields that are in the body change; `null` takes a bound off."""
    key = a_key(
        scopes=("chat",), models=("a",), tools=("t",), limits=Limits(concurrent=1),
        budgets=(Budget(amount=1, unit="wh", period="day"),), expires_at=NOW + 5, tenant="team",
    )  # fmt: skip
    assert regranted(Change(), key, NOW) == key.grants
    body: dict[str, Any] = {"models": None, "limits": None, "budgets": [], "expires_at": None}
    assert regranted(msgspec.convert(body, Change), key, NOW) == Grants(
        tenant="team", scopes=("chat",), tools=("t",)
    )
    body = {"scopes": ["embeddings"], "tools": ["u"], "expires_in": "1h"}
    changed = regranted(msgspec.convert(body, Change), key, NOW)
    assert (changed.scopes, changed.tools, changed.models) == (("embeddings",), ("u",), ("a",))
    assert changed.expires_at == NOW + 3600


@pytest.mark.parametrize(("asked", "seconds"), [("24h", 86_400), (0, 0), ("30d", 30 * 86_400)])
def test_a_grace_is_a_time_span(asked: float | str, seconds: float) -> None:
    """The old secret ends at once, or within 30 days."""
    assert grace(Rotate(grace=asked)) == seconds
    assert grace(Rotate()) == 86_400


@pytest.mark.parametrize("asked", ["31d", -1, "for ever", 1e300])
def test_a_grace_has_bounds(asked: float | str) -> None:
    """Longer than 30 days is no rotation."""
    with pytest.raises(InvalidRequest, match="grace"):
        grace(Rotate(grace=asked))
