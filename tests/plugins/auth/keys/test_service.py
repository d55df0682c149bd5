"""Who may do what to which keys."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from localai import (
    Database,
    Forbidden,
    InvalidRequest,
    Limits,
    NotFound,
    Principal,
    Unauthenticated,
    Unavailable,
)
from plugins.auth.directory import Directory
from plugins.auth.keys.forms import Change, Create, Rotate
from plugins.auth.keys.record import Key
from plugins.auth.keys.service import KeyService
from plugins.auth.keys.store import KeyStore
from plugins.auth.lineage import MAX_DEPTH
from tests.plugins.auth.keys.support import PEPPER, ROOT
from tests.servers.databases import database_at


class Desk:
    """The service, with what stands behind it."""

    def __init__(self, database: Database) -> None:
        self.directory = Directory(database, refresh=1e6)
        self.store = KeyStore(database, PEPPER)
        self.service = KeyService(self.store, self.directory)

    async def make(self, by: Principal = ROOT, **fields: Any) -> Key:
        """Make a key that may chat and make keys, unless the fields say otherwise."""
        form = {"name": "me", "scopes": ["chat", "admin:keys"], **fields}
        _, key = await self.service.create(by, msgspec.convert(form, Create))
        return key

    def caller(self, key: Key) -> Principal:
        """Return who calls with a key."""
        record = self.directory.get(key.id)
        assert record is not None
        return self.directory.standing(record, time.time()).principal

    async def change(self, by: Principal, key: Key, **fields: Any) -> Key:
        """Change a key."""
        return await self.service.change(by, key.kid, msgspec.convert(fields, Change))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A service on an empty database."""
    database = database_at(f"sqlite:{tmp_path}/localai.db", tmp_path)
    desk = Desk(database)
    await desk.directory.start()
    yield desk
    await desk.directory.stop()
    await database.close()


async def test_a_key_counts_when_its_maker_is_told(desk: Desk) -> None:
    """A key that was made, changed or revoked is so for the next request."""
    key = await desk.make()
    assert desk.caller(key).may("chat")
    await desk.change(ROOT, key, scopes=["embeddings"])
    assert not desk.caller(key).may("chat")
    await desk.service.revoke(ROOT, key.kid)
    with pytest.raises(Unauthenticated, match="revoked"):
        desk.caller(key)


async def test_the_maker_is_noted(desk: Desk) -> None:
    """A key's maker is in its line, and gives its tenant; a caller who is in no table is not."""
    root = await desk.make(scopes=["*"], tenant="team")
    assert root.parent is None
    child = await desk.make(desk.caller(root))
    assert (child.parent, child.tenant) == (root.id, "team")
    assert [each.id for each in desk.caller(child).lineage()] == [child.id, root.id]
    static = Principal(id="static:me", tenant="file", scopes=frozenset({"chat", "admin:keys"}))
    made = await desk.make(static)
    assert (made.parent, made.tenant) == (None, "file")


async def test_who_should_be_in_the_database_and_is_not(desk: Desk) -> None:
    """A caller of the database's kind that is not in it, as of an outside issuer, needs `*`."""
    someone = Principal(id="key:0000000000", scopes=frozenset({"chat", "admin:keys"}))
    with pytest.raises(Forbidden, match="needs the scope '\\*'"):
        await desk.make(someone)
    made = await desk.make(someone.replace(scopes=frozenset({"*"})))
    assert made.parent is None


async def test_a_key_can_not_make_a_stronger_one(desk: Desk) -> None:
    """What a key makes has its bounds, and ends no later than itself."""
    maker = await desk.make(
        models=["qwen*"], limits={"requests": "60/minute"}, expires_in="1h", tenant="team"
    )
    caller = desk.caller(maker)
    child = await desk.make(caller)
    assert (child.models, child.limits) == (("qwen*",), Limits(requests="60/minute"))
    assert child.expires_at == maker.expires_at
    for fields in (
        {"scopes": ["*"]},
        {"scopes": ["embeddings"]},
        {"models": ["llama3.2"]},
        {"limits": {"requests": "61/minute"}},
        {"expires_in": "2h"},
        {"tenant": "default"},
        {"forwards_users": True},
    ):
        with pytest.raises(Forbidden):
            await desk.make(caller, **fields)
    assert len(await desk.store.page(None, None, 9)) == 2


async def test_a_key_can_not_raise_itself(desk: Desk) -> None:
    """A key may narrow itself, and never take a bound off."""
    key = await desk.make(models=["qwen*"], limits={"concurrent": 2}, expires_in="1h")
    caller = desk.caller(key)
    for fields in (
        {"scopes": ["chat", "admin:keys", "embeddings"]},
        {"scopes": ["*"]},
        {"models": ["*"]},
        {"limits": {"concurrent": 3}},
        {"expires_in": "2h"},
    ):
        with pytest.raises(Forbidden):
            await desk.change(caller, key, **fields)
    kept = await desk.change(caller, key, models=None, limits=None, expires_at=None)
    assert kept.grants == key.grants
    narrowed = await desk.change(caller, key, models=["qwen2.5"], limits={"concurrent": 1})
    assert (narrowed.models, narrowed.limits) == (("qwen2.5",), Limits(concurrent=1))
    with pytest.raises(Forbidden):
        await desk.change(desk.caller(narrowed), narrowed, models=["qwen*"])


@pytest.mark.parametrize(
    "stronger",
    [
        {"scopes": ["chat", "admin:users"]},
        {"scopes": ["chat"]},  # without the bounds of the caller
        {"scopes": ["chat"], "models": ["llama3.2"], "limits": {"concurrent": 1}},
        {"scopes": ["chat"], "models": ["qwen*"], "limits": {"concurrent": 3}},
    ],
)
async def test_a_stronger_key_is_not_for_a_weaker_one_to_take(
    desk: Desk, stronger: dict[str, Any]
) -> None:
    """A new secret of a stronger key would make its holder stronger, so it gets none, and can't
    change that key either, not even its name."""
    weak = await desk.make(models=["qwen*"], limits={"concurrent": 2})
    strong = await desk.make(**stronger)
    caller = desk.caller(weak)
    with pytest.raises(Forbidden):
        await desk.service.rotate(caller, strong.kid, Rotate())
    with pytest.raises(Forbidden):
        await desk.change(caller, strong, name="mine")
    with pytest.raises(Forbidden):
        await desk.change(caller, strong, models=["qwen*"], limits={"concurrent": 1})
    after = await desk.store.get(strong.kid)
    assert after is not None
    assert (after.digest, after.name, after.version) == (strong.digest, "me", strong.version)


async def test_who_may_do_less_may_not_revoke(desk: Desk) -> None:
    """A key that holds a scope that the caller does not is not the caller's to end."""
    weak = await desk.make()
    strong = await desk.make(scopes=["*"])
    with pytest.raises(Forbidden, match="the scope '\\*'"):
        await desk.service.revoke(desk.caller(weak), strong.kid)
    other = await desk.make(scopes=["chat"])
    assert (await desk.service.revoke(desk.caller(weak), other.kid)).revoked_at is not None


async def test_other_tenants_keys_are_not_there(desk: Desk) -> None:
    """Without `*`, keys of another tenant are the same as keys that there are not, for each
    operation and in each message."""
    mine = await desk.make(tenant="mine")
    theirs = await desk.make(tenant="theirs")
    caller, service = desk.caller(mine), desk.service
    messages = set()
    for kid in (theirs.kid, "0000000000", "nothing", "'; DROP TABLE keys; --"):
        for attempt in (
            service.get(caller, kid),
            service.page(caller, kid, 9),
            service.change(caller, kid, Change(name="x")),
            service.rotate(caller, kid, Rotate()),
            service.revoke(caller, kid),
        ):
            with pytest.raises(NotFound) as caught:
                await attempt
            messages.add(caught.value.message)
    assert len(messages) == 1
    assert [key.kid for key in await service.page(caller, None, 9)] == [mine.kid]
    assert len(await service.page(ROOT, None, 9)) == 2
    assert (await service.get(caller, mine.kid)).kid == mine.kid
    after = await desk.store.get(theirs.kid)
    assert after is not None
    assert after.version == theirs.version


async def test_what_has_ended_stays_ended(desk: Desk) -> None:
    """A key that was revoked can't be changed or rotated back to life, and is revoked once."""
    key = await desk.make()
    first = await desk.service.revoke(ROOT, key.kid)
    with pytest.raises(InvalidRequest, match="was revoked: make a new one"):
        await desk.change(ROOT, key, expires_at=None)
    with pytest.raises(InvalidRequest, match="was revoked"):
        await desk.service.rotate(ROOT, key.kid, Rotate())
    again = await desk.service.revoke(ROOT, key.kid)
    assert again.revoked_at == first.revoked_at


async def test_only_what_is_said_changes(desk: Desk) -> None:
    """Name and owner are labels of their own; an empty owner takes it off."""
    key = await desk.make(owner="anna", models=["a"])
    changed = await desk.change(ROOT, key, name=" you ")
    assert (changed.name, changed.owner, changed.grants) == ("you", "anna", key.grants)
    assert (await desk.change(ROOT, key, owner="")).owner == ""
    assert (await desk.change(ROOT, key)).name == "you"
    for wrong in ({"name": ""}, {"owner": "a b"}):
        with pytest.raises(InvalidRequest):
            await desk.change(ROOT, key, **wrong)


async def test_lines_of_makers_are_short(desk: Desk) -> None:
    """A key of a key of a key … ends at a depth at which it could not be used either."""
    key = await desk.make()
    for _ in range(MAX_DEPTH - 1):
        key = await desk.make(desk.caller(key))
    with pytest.raises(Forbidden, match="keys that make keys"):
        await desk.make(desk.caller(key))


async def test_a_caller_who_has_just_ended_makes_nothing(desk: Desk) -> None:
    """A request that began before its key was revoked leaves no key behind."""
    key = await desk.make()
    caller = desk.caller(key)
    await desk.service.revoke(ROOT, key.kid)
    with pytest.raises(Unauthenticated):
        await desk.make(caller)
    with pytest.raises(Unauthenticated):
        await desk.service.rotate(caller, key.kid, Rotate())


async def test_there_is_a_bound(desk: Desk) -> None:
    """Nobody makes more keys than the next start would read."""
    await desk.make()
    desk.directory._max_records = 1
    with pytest.raises(Forbidden, match="as many keys and users as can be"):
        await desk.make()
    assert len(await desk.store.page(None, None, 9)) == 1


async def test_each_act_is_logged_without_a_secret(desk: Desk) -> None:
    """The log says who did what to which key, and has nothing that opens one."""
    with capture_logs() as entries:
        text, key = await desk.service.create(ROOT, Create(name="me"))
        await desk.change(ROOT, key, owner="anna")
        renewed, _ = await desk.service.rotate(ROOT, key.kid, Rotate(grace=0))
        await desk.service.revoke(ROOT, key.kid)
    said = [(entry["event"], entry["by"], entry["kid"]) for entry in entries]
    assert said == [
        (f"key {what}", "anonymous", key.kid)
        for what in ("created", "changed", "rotated", "revoked")
    ]
    for secret in (text, renewed):
        assert secret[15:58] not in str(entries)
        assert secret[-6:] not in str(entries)


async def test_a_key_that_was_made_is_given_out_whatever_comes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database goes right after a key was made, its text is not lost."""

    async def away() -> None:
        raise Unavailable("away")

    key = await desk.make()
    monkeypatch.setattr(desk.directory, "read", away)
    text, _ = await desk.service.create(ROOT, Create(name="me"))
    assert text.startswith("lai_")
    text, _ = await desk.service.rotate(ROOT, key.kid, Rotate())
    assert text.startswith(f"lai_{key.kid}_")
    with pytest.raises(Unavailable):
        await desk.service.revoke(ROOT, key.kid)
