"""A key's row."""

from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.engine import RowMapping

from localai import Budget, Database, Limits, Principal
from plugins.auth.grants import Grants
from plugins.auth.keys.record import read
from plugins.auth.tables import keys
from tests.plugins.auth.keys.support import a_key, issue, prepared

FULL = Grants(
    tenant="team",
    scopes=("chat", "admin:keys"),
    models=("qwen*",),
    tools=(),
    limits=Limits(requests="60/minute", concurrent=2),
    budgets=(Budget(amount=2.5, unit="wh", period="day"),),
    expires_at=4e9,
    forwards_users=True,
)


async def test_a_row_comes_back_as_it_was(database: Database) -> None:
    """Whatever a key is given is in the record that is read, on both kinds of database."""
    store = await prepared(database)
    for grants in (FULL, Grants(scopes=("chat",))):
        _, key = await issue(store, "me", grants)
        read_again = await store.get(key.kid)
        assert read_again is not None
        assert read_again.grants == grants
        assert read_again.id == f"key:{key.kid}"


async def test_a_broken_row_is_said(database: Database) -> None:
    """JSON of another shape, which only a hand in the database can put there, is a ValueError."""
    store = await prepared(database)
    _, key = await issue(store)
    row = await _row(database, key.kid)
    broken: tuple[dict[str, Any], ...] = (
        {"scopes": "chat"},
        {"limits": {"concurrent": "x"}},
        {"budgets": [{}]},
    )
    for number, values in enumerate(broken):
        async with database.write() as connection:
            await connection.execute(insert(keys).values({**row, **values, "kid": str(number)}))
        with pytest.raises(ValueError, match=r"Expected|Object"):
            read(await _row(database, str(number)))


async def _row(database: Database, kid: str) -> RowMapping:
    async with database.read() as connection:
        found = await connection.execute(select(keys).where(keys.c.kid == kid))
        return found.mappings().one()


def test_who_calls_with_a_key_is_its_principal() -> None:
    """The principal has all that the key has been given, and its owner as the user."""
    key = a_key(
        name="shop", owner="anna", tenant="team", scopes=("chat", "chat"), models=("a",),
        tools=("b",), limits=FULL.limits, budgets=FULL.budgets,
    )  # fmt: skip
    parent = Principal(id="user:anna")
    assert key.principal(parent) == Principal(
        id="key:0000000000", name="shop", user="anna", tenant="team", scopes=frozenset({"chat"}),
        models=("a",), tools=("b",), limits=FULL.limits, budgets=FULL.budgets, parent=parent,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "now", "ended"),
    [
        (None, None, 1e10, None),
        (86_400.0, None, 86_399.9, None),
        (86_400.0, None, 86_400.0, (86_400.0, "expired on 1970-01-02")),
        (None, 5.0, 1.0, (5.0, "was revoked")),
        (3.0, 5.0, 9.0, (5.0, "was revoked")),
    ],
)
def test_a_key_ends_by_time_or_by_hand(
    expires_at: float | None, revoked_at: float | None, now: float, ended: tuple[float, str] | None
) -> None:
    """A key that was revoked has ended whatever the clock says; else at its time, to the moment."""
    assert a_key(expires_at=expires_at, revoked_at=revoked_at).ended(now) == ended


def test_both_secrets_open_a_key_that_is_rotated() -> None:
    """The new one always does, the old one until its end."""
    key = a_key(old_digest=b"o" * 32, old_expires_at=10.0)
    assert key.is_opened_by(b"n" * 32, 11.0)
    assert key.is_opened_by(b"o" * 32, 9.0)
    assert not key.is_opened_by(b"o" * 32, 11.0)
    assert not key.is_opened_by(b"x" * 32, 9.0)
