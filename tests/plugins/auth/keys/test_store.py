"""Keys in the database."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from sqlalchemy import func, select

from localai import Database, InvalidRequest
from plugins.auth.grants import Grants
from plugins.auth.keys.format import digest, parse
from plugins.auth.keys.record import Key
from plugins.auth.keys.store import TOUCHED_AT_ONCE, KeyStore, columns_of
from plugins.auth.tables import keys
from tests.plugins.auth.keys.support import CHAT, PEPPER, issue, prepared, revoke

SQL = "'; DROP TABLE keys; --"


@pytest.fixture
async def store(database: Database) -> KeyStore:
    """An empty store."""
    return await prepared(database)


def opens(key: Key, text: str, now: float) -> bool:
    """Say whether a text is this key."""
    given = parse(text)
    return given is not None and key.is_opened_by(digest(given.body, PEPPER), now)


async def test_only_the_digest_is_stored(database: Database, store: KeyStore) -> None:
    """A key's text opens it, and is nowhere in the database, whole or in part."""
    text, key = await issue(store)
    assert opens(key, text, time.time())
    assert key.kid == text[4:14]
    async with database.read() as connection:
        row = (await connection.execute(select(keys))).mappings().one()
    assert text[15:58] not in str(dict(row))
    assert row["hint"] == text[-4:]


async def test_texts_are_parameters(store: KeyStore) -> None:
    """Whatever a name, owner or parent is, it is stored as it is, and looked up as it is."""
    for name in (SQL, '"; --', "\\", "%", "Ω"):
        _, key = await store.create(name, name, None, CHAT, time.time())
        found = await store.get(key.kid)
        assert found is not None
        assert (found.name, found.owner) == (name, name)
        assert [each.kid for each in await store.named(name)] == [key.kid]
    assert await store.get(SQL) is None
    assert await store.named("nobody") == []
    assert await store.fallen(SQL, 0.0) == 0


async def test_pages_have_every_key_once(store: KeyStore) -> None:
    """Keys come by their age, page by page, those of the same moment too, and of one tenant."""
    made = []
    for number in range(7):
        tenant = "even" if number % 2 == 0 else "odd"
        _, key = await store.create(
            str(number), "", None, Grants(tenant=tenant, scopes=("chat",)), 100.0 + number // 3
        )
        made.append(key)
    order = [key.kid for key in sorted(made, key=lambda key: (key.created_at, key.kid))]
    for size in (1, 2, 3, 7, 50):
        seen: list[str] = []
        while page := await store.page(None, seen[-1] if seen else None, size):
            assert len(page) <= size
            seen += [key.kid for key in page]
        assert seen == order
    found = await store.page("even", None, 50)
    assert {key.name for key in found} == {"0", "2", "4", "6"}
    assert await store.page("nobody", None, 50) == []


async def test_a_rotated_key_has_two_secrets_for_a_while(store: KeyStore) -> None:
    """The old text works for the grace, the new one from now on; all else of the key stays."""
    now = time.time()
    old, key = await issue(store)
    rotated = await store.rotate(key.kid, 60, now, lambda key: None)
    assert rotated is not None
    new, after = rotated
    assert (after.kid, after.name, after.grants) == (key.kid, key.name, key.grants)
    assert opens(after, new, now + 1e9)
    assert opens(after, old, now + 59)
    assert not opens(after, old, now + 60)
    third = await store.rotate(key.kid, 60, now, lambda key: None)
    assert third is not None
    assert [opens(third[1], text, now) for text in (old, new, third[0])] == [False, True, True]
    assert await store.rotate("nobody", 60, now, lambda key: None) is None


async def test_what_a_change_raises_leaves_the_key(store: KeyStore) -> None:
    """A refusal in the middle of a change undoes it, the number of the change too."""
    _, key = await issue(store)

    def refuse(key: Key) -> NoReturn:
        raise InvalidRequest("no")

    with pytest.raises(InvalidRequest):
        await store.change(key.kid, refuse)
    with pytest.raises(InvalidRequest):
        await store.rotate(key.kid, 0, time.time(), refuse)
    after = await store.get(key.kid)
    assert after is not None
    assert (after.version, after.digest) == (key.version, key.digest)
    assert await store.change("nobody", refuse) is None
    same = await store.change(key.kid, lambda key: {})
    assert same is not None
    assert same.version == key.version


async def test_changes_at_once_come_one_after_the_other(store: KeyStore) -> None:
    """Each change sees what the one before it has made, so none is lost."""
    _, key = await issue(store, "0")

    def count(key: Key) -> Mapping[str, Any]:
        return {"name": str(int(key.name) + 1)}

    await asyncio.gather(*(store.change(key.kid, count) for _ in range(20)))
    after = await store.get(key.kid)
    assert after is not None
    assert after.name == "20"
    assert after.version == key.version + 20


async def test_the_keys_that_fall_are_counted(store: KeyStore) -> None:
    """All that were made with a key count, and with those, but not what has ended already."""
    _, root = await issue(store)
    _, child = await issue(store, parent=root.id)
    _, grandchild = await issue(store, parent=child.id)
    _, ended = await issue(store, parent=root.id)
    await issue(store, parent="user:anna")
    await revoke(store, ended.kid)
    assert await store.fallen(root.kid, time.time()) == 2
    assert await store.fallen(child.kid, time.time()) == 1
    assert await store.fallen(grandchild.kid, time.time()) == 0
    # A circle, which only a hand in the database can make, ends.
    await store.change(root.kid, lambda key: {"parent": grandchild.id})
    assert await store.fallen(root.kid, time.time()) == 2


async def test_all_end_at_once(store: KeyStore) -> None:
    """Every key that lives is revoked in one change, and what had ended keeps its end."""
    made = [key for _, key in [await issue(store) for _ in range(3)]]
    await store.change(made[0].kid, lambda key: {"revoked_at": 5.0})
    assert await store.revoke_all(time.time()) == 2
    found = await store.page(None, None, 9)
    assert [key.revoked_at for key in found].count(5.0) == 1
    assert all(key.revoked_at for key in found)
    assert len({key.version for key in found if key.revoked_at != 5.0}) == 1


async def test_the_latest_use_is_kept(database: Database, store: KeyStore) -> None:
    """Uses are written in batches, the later one stays, and no router reads the keys for it."""
    made = [await issue(store) for _ in range(3)]
    one, two, three = (key.kid for _, key in made)
    await store.touch({one: 50.0, two: 60.0, "nobody": 1.0})
    await store.touch({one: 40.0, two: 70.0})
    found = {key.kid: key for key in await store.page(None, None, 9)}
    assert [found[kid].last_used_at for kid in (one, two, three)] == [50.0, 70.0, None]
    assert [found[key.kid].version for _, key in made] == [key.version for _, key in made]
    await store.touch({f"{number:010}": 1.0 for number in range(TOUCHED_AT_ONCE + 1)} | {one: 80.0})
    touched = await store.get(one)
    assert touched is not None
    assert touched.last_used_at == 80.0
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(keys))).scalar() == 3


def test_every_grant_has_its_column() -> None:
    """Nothing that a key is given is forgotten on the way into the table."""
    assert set(columns_of(CHAT)) == set(Grants.__struct_fields__)
    assert set(columns_of(CHAT)) < set(keys.c.keys())
