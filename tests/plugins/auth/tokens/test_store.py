"""Users in each kind of database."""

import asyncio
import time

import pytest
from sqlalchemy import insert, select

from localai import Budget, Database, InvalidRequest, Limits
from plugins.auth.grants import Grants
from plugins.auth.keys.store import KeyStore
from plugins.auth.tables import changes, sessions, users
from plugins.auth.tokens import store as store_module
from plugins.auth.tokens.store import UserStore, columns_of, new_password, new_stamp, removal
from tests.plugins.auth.tokens.support import ON_SQLITE, a_user

FULL = Grants(
    tenant="lab",
    scopes=("chat", "admin:users"),
    models=("llama*",),
    tools=(),
    limits=Limits(requests="60/minute", concurrent=2),
    budgets=(Budget(amount=1.5, unit="money", period="month"),),
)


async def version(database: Database) -> int:
    """Return the number of the last change to users."""
    query = select(changes.c.version).where(changes.c.kind == "users")
    async with database.read() as connection:
        return int((await connection.execute(query)).scalar_one())


async def sessions_of(database: Database) -> dict[str, str]:
    """Return the stamps of all sessions."""
    async with database.read() as connection:
        rows = await connection.execute(select(sessions.c.id, sessions.c.stamp))
        return {row.id: row.stamp for row in rows}


async def begin(database: Database, *ids: str, user: str = "anna", stamp: str = "") -> None:
    """Add sessions of a user."""
    rows = [
        {"id": each, "user": user, "stamp": stamp, "digest": b"", "scope": None}
        | {"created_at": 1.0, "used_at": 1.0, "expires_at": 2e9}
        for each in ids
    ]
    async with database.write() as connection:
        await connection.execute(insert(sessions), rows)


async def test_a_user_comes_back_as_made(store: UserStore, database: Database) -> None:
    """All that was given is found again, and routers see that something has changed."""
    assert await version(database) == 0
    made = await store.create("anna", "Anna A.", "a@b.c", FULL, "hash", 10.5)
    assert made.version == await version(database) == 1
    found = await store.get("anna")
    assert found is not None
    for user in (made, found):
        assert (user.name, user.full_name, user.email) == ("anna", "Anna A.", "a@b.c")
        assert (user.created_at, user.disabled_at, user.ended_sessions) == (10.5, None, {})
        assert user.grants == FULL
    assert found.stamp == made.stamp
    assert await store.get("ben") is None
    checked = await store.with_password("anna")
    assert checked is not None
    assert (checked[0].name, checked[1]) == ("anna", "hash")
    assert await store.with_password("ben") is None


async def test_a_name_is_given_once(store: UserStore) -> None:
    """Of many who make the same user at once, one succeeds."""
    made = await asyncio.gather(*(a_user(store) for _ in range(5)), return_exceptions=True)
    refused = [each for each in made if isinstance(each, InvalidRequest)]
    assert len(refused) == 4
    assert str(refused[0]) == "there is a user 'anna' already"


@ON_SQLITE
async def test_users_are_listed_by_name_and_tenant(store: UserStore) -> None:
    """Pages follow each other, and a tenant has its own."""
    for name, tenant in (("c", "x"), ("a", "x"), ("d", "y"), ("b", "x")):
        await a_user(store, name, tenant=tenant)
    assert [user.name for user in await store.page(None, None, 3)] == ["a", "b", "c"]
    assert [user.name for user in await store.page(None, "c", 3)] == ["d"]
    assert [user.name for user in await store.page("x", "a", 9)] == ["b", "c"]
    assert await store.page("z", None, 9) == []


async def test_changes_wait_for_each_other(store: UserStore, database: Database) -> None:
    """Of many changes at once none is lost, and each has its number."""
    await a_user(store)

    async def add(scope: str) -> None:
        await store.change("anna", lambda user: {"scopes": [*user.scopes, scope]})

    await asyncio.gather(*(add(f"s{number}") for number in range(8)))
    user = await store.get("anna")
    assert user is not None
    assert sorted(user.scopes) == ["chat", *(f"s{number}" for number in range(8))]
    assert user.version == await version(database) == 9
    assert await store.change("ben", lambda _: {}) is None


@ON_SQLITE
async def test_what_a_change_refuses_changes_nothing(store: UserStore, database: Database) -> None:
    """An error within leaves the user, and the number, as they were."""
    await a_user(store)

    def refuse(_: object) -> dict[str, str]:
        raise InvalidRequest("no")

    with pytest.raises(InvalidRequest, match="no"):
        await store.change("anna", refuse)
    assert await version(database) == 1


async def test_a_new_stamp_ends_the_sessions(store: UserStore, database: Database) -> None:
    """All but the one to keep, which goes on with the new stamp; other users' stay."""
    user = await a_user(store)
    await begin(database, "one", "two", stamp=user.stamp)
    await begin(database, "other", user="ben")
    await store.change("anna", lambda _: {"full_name": "A."}, end="")
    assert await sessions_of(database) == {"one": user.stamp, "two": user.stamp, "other": ""}
    changed = await store.change("anna", lambda _: new_password("new"), keep="two")
    assert changed is not None
    assert changed.stamp != user.stamp
    assert await sessions_of(database) == {"two": changed.stamp, "other": ""}
    await store.change("anna", lambda _: new_stamp())
    assert await sessions_of(database) == {"other": ""}


@ON_SQLITE
async def test_one_session_ends(store: UserStore, database: Database) -> None:
    """It is gone, and noted for as long as its access tokens could count."""
    user = await a_user(store)
    await begin(database, "one", "two", stamp=user.stamp)
    await store.end_session("anna", "one", 1000.0, 60)
    assert await sessions_of(database) == {"two": user.stamp}
    await store.end_session("anna", "two", 1050.0, 60)
    found = await store.get("anna")
    assert found is not None
    assert found.ended_sessions == {"one": 1000.0, "two": 1050.0}
    assert found.stamp == user.stamp
    await store.end_session("anna", "three", 1061.0, 60)
    found = await store.get("anna")
    assert found is not None
    assert found.ended_sessions == {"two": 1050.0, "three": 1061.0}
    await store.end_session("nobody", "one", 1000.0, 60)


@ON_SQLITE
async def test_very_many_ended_sessions_end_all(
    store: UserStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row stays small: above the bound a new stamp takes the place of the list."""
    monkeypatch.setattr(store_module, "MOST_ENDED", 3)
    user = await a_user(store)
    for number in range(4):
        await store.end_session("anna", f"s{number}", 1000.0, 60)
    found = await store.get("anna")
    assert found is not None
    assert found.ended_sessions == {}
    assert found.stamp != user.stamp


@ON_SQLITE
async def test_a_hash_is_replaced_unless_the_password_was(store: UserStore) -> None:
    """A new hash of the old password does not undo a new password, nor end a session."""
    user = await a_user(store)
    await store.rehash("anna", "hash", "dearer")
    await store.rehash("anna", "hash", "late")
    checked = await store.with_password("anna")
    assert checked is not None
    assert checked[1] == "dearer"
    assert checked[0].stamp == user.stamp


async def test_a_removed_user_leaves_a_name(store: UserStore, database: Database) -> None:
    """Nothing personal stays in the row; whoever gets the name next gets nothing else."""
    user = await a_user(store, scopes=("*",), models=("a",))
    await begin(database, "one", stamp=user.stamp)
    gone = await store.change("anna", lambda _: removal(50.0))
    assert gone is not None
    assert gone.ended(60) == (50.0, "was removed")
    async with database.read() as connection:
        row = (await connection.execute(select(users))).mappings().one()
    assert (row["full_name"], row["email"], row["password"], row["scopes"]) == ("", "", "", [])
    assert await store.get("anna") is None
    assert await store.with_password("anna") is None
    assert await store.page(None, None, 9) == []
    assert await store.change("anna", lambda _: {"full_name": "x"}) is None
    assert await sessions_of(database) == {}
    again = await a_user(store, tenant="lab")
    assert again.ended(60) is None
    assert again.stamp not in (user.stamp, gone.stamp)
    assert again.grants == Grants(tenant="lab", scopes=("chat",))


async def test_keys_of_a_removed_user_do_not_come_back(
    store: UserStore, database: Database
) -> None:
    """A key that the former user has made is revoked, also for the next one of that name."""
    keys = KeyStore(database, bytes(32))
    now = time.time()
    await a_user(store)
    grants = Grants(scopes=("chat",))
    _, mine = await keys.create("mine", "", "user:anna", grants, now)
    _, other = await keys.create("other", "", "user:ben", grants, now)
    await store.change("anna", lambda _: removal(now))
    _, late = await keys.create("late", "", "user:anna", grants, now)
    await a_user(store)
    ended = {}
    for key in (mine, other, late):
        found = await keys.get(key.kid)
        assert found is not None
        ended[found.name] = found.ended(now)
    assert ended["other"] is None
    assert ended["mine"] is not None
    assert ended["late"] is not None


def test_columns_are_plain() -> None:
    """What goes into the database is JSON of the grants."""
    assert columns_of(FULL) == {
        "tenant": "lab",
        "scopes": ("chat", "admin:users"),
        "models": ("llama*",),
        "tools": (),
        "limits": {"requests": "60/minute", "concurrent": 2},
        "budgets": ({"amount": 1.5, "unit": "money", "period": "month"},),
    }
