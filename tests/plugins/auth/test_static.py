"""Keys of the file and of the environment."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.config import parse
from core.loader import load
from localai import UNCLAIMED, Principal, Secret, SettingsError, Unauthenticated
from plugins.auth.static import DEFAULT_SCOPES, MIN_LENGTH, Key, StaticKeys
from tests.plugins.support import asking, connecting, serving

MINE = "my-own-key-0123456789"
OURS = "our-team-key-9876543210"
NAME = "LOCALAI_API_KEY"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own key out of the tests."""
    monkeypatch.delenv(NAME, raising=False)


def keys(**named: str) -> StaticKeys:
    """Return the plugin with these keys."""
    made = tuple(Key(name=name, key=Secret(key)) for name, key in named.items())
    return StaticKeys(StaticKeys.Config(keys=made))


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {MINE}"},
        {"authorization": f"bearer  {MINE} "},
        {"x_api_key": MINE},
        {"api_key": MINE},
        {"authorization": f"Bearer {MINE}", "x_api_key": MINE, "api_key": MINE},
        {"authorization": "Basic dXNlcjpwYXNz", "api_key": MINE},
    ],
)
async def test_every_way_to_send_a_key_is_read(headers: dict[str, str]) -> None:
    """A key is found in each of the three headers, also when several of them say the same."""
    principal = await keys(me=MINE, us=OURS).authenticate(connecting("192.0.2.1", **headers))
    assert principal == Principal(id="static:me", name="me", scopes=frozenset(DEFAULT_SCOPES))


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {MINE}", "x_api_key": OURS},
        {"authorization": f"Bearer {OURS}", "api_key": MINE},
        {"x_api_key": MINE, "api_key": OURS},
    ],
)
async def test_keys_that_contradict_each_other_are_refused(headers: dict[str, str]) -> None:
    """Two different keys in one request are refused, though both are known."""
    with pytest.raises(Unauthenticated, match="two different keys"):
        await keys(me=MINE, us=OURS).authenticate(connecting(**headers))


@pytest.mark.parametrize("wrong", ["wrong", MINE[:-1], MINE + "x", MINE.upper(), "é" * 20])
async def test_an_unknown_key_is_refused(wrong: str) -> None:
    """A key that differs in anything is none of this plugin's, from this machine too."""
    assert await keys(me=MINE).authenticate(connecting(x_api_key=wrong)) is None


async def test_without_a_key_another_plugin_may_know_the_caller() -> None:
    """A request without a key is not this plugin's to judge."""
    assert await keys(me=MINE).authenticate(connecting()) is None


async def test_while_there_is_no_key_nobody_is_known() -> None:
    """Without any key the plugin says so, whatever comes with the request."""
    for address in ("127.0.0.1", "192.0.2.1"):
        assert await keys().authenticate(connecting(address, x_api_key=MINE)) is UNCLAIMED


async def test_the_key_of_the_environment_may_do_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable's key has every scope, and closes the door to callers without one."""
    monkeypatch.setenv(NAME, OURS)
    plugin = keys()
    principal = await plugin.authenticate(connecting("192.0.2.1", api_key=OURS))
    assert principal is not None
    assert principal.id == f"static:{NAME}"
    assert principal.may("admin:config")
    assert await plugin.authenticate(connecting()) is None


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"me": "x" * (MIN_LENGTH - 1)}, f"'me' has fewer than {MIN_LENGTH} characters"),
        ({"me": ""}, "'me' has fewer than"),
        ({"me": MINE, "us": MINE}, "'us' equals another one"),
        ({"me": "schlüssel-0123456789"}, "'me' has characters that a header can't carry"),
        ({"me": f" {MINE}"}, "'me' has characters that a header can't carry"),
        ({"me": f"{MINE}\n{OURS}"}, "'me' has characters that a header can't carry"),
    ],
)
def test_a_key_that_is_no_good_is_refused_at_load(named: dict[str, str], message: str) -> None:
    """A key that is short, doubled or can't be sent is refused by name, without its text."""
    with pytest.raises(SettingsError) as caught:
        keys(**named)
    assert message in str(caught.value)
    for secret in filter(None, named.values()):
        assert secret.strip() not in str(caught.value)


def test_two_keys_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names tell keys apart in the log, so each is there once, with the environment's too."""
    twice = (Key(name="me", key=Secret(MINE)), Key(name="me", key=Secret(OURS)))
    with pytest.raises(SettingsError, match="two keys are named 'me'"):
        StaticKeys(StaticKeys.Config(keys=twice))
    monkeypatch.setenv(NAME, MINE)
    with pytest.raises(SettingsError, match=f"two keys are named '{NAME}'"):
        keys(**{NAME: OURS})


def test_a_mistake_is_said_with_its_place_in_the_file(tmp_path: Path) -> None:
    """The message about a key names the file, the line and the table."""
    toml = '[chain]\nplugins = ["auth"]\n[plugins.auth.static]\nkeys = [{name="a", key="short"}]\n'
    with pytest.raises(SettingsError) as caught:
        load(parse(toml, tmp_path / "localai.toml"))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/localai.toml:3: [plugins.auth.static]: key 'a'")
    assert "short" not in message


def test_a_key_is_never_shown() -> None:
    """No representation of the settings or of the plugin has the key in it."""
    config = StaticKeys.Config(keys=(Key(name="me", key=Secret(MINE)),))
    plugin = StaticKeys(config)
    for shown in (repr(config), str(config), f"{config.keys[0].key}", repr(vars(plugin))):
        assert MINE not in shown
    assert MINE.encode() not in b"".join(vars(plugin)["_principals"])


FILE = f"""
[plugins.auth.static]
keys = [
    {{ name = "all", key = "all-{MINE}", scopes = ["*"] }},
    {{ name = "one", key = "one-{MINE}", models = ["localai-e*"] }},
    {{ name = "read", key = "read-{MINE}", scopes = ["models:read"] }},
]
"""


async def test_an_unknown_caller_gets_a_401_with_a_challenge(tmp_path: Path) -> None:
    """No key and a wrong key are 401 with `www-authenticate`, in the shape of the API called."""
    async with serving(tmp_path, "auth", FILE) as (_, client):
        for headers in ({}, {"x-api-key": "wrong"}, {"authorization": "Bearer wrong"}):
            for path in ("/v1/chat/completions", "/api/chat"):
                answer = await client.post(path, json=asking(), headers=headers)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.headers["x-should-retry"] == "false"
                error = answer.json()["error"]
                assert (
                    error["code"] == "invalid_api_key" if "v1" in path else isinstance(error, str)
                )


async def test_scopes_are_enforced(tmp_path: Path) -> None:
    """A key may do what its scopes say, and is told which one is missing."""
    async with serving(tmp_path, "auth", FILE) as (_, client):
        read = {"x-api-key": f"read-{MINE}"}
        assert (await client.get("/api/tags", headers=read)).status_code == 200
        refused = await client.post("/api/chat", json=asking(), headers=read)
        assert refused.status_code == 403
        assert "'chat'" in refused.json()["error"]
        assert (await client.post("/admin/reload", headers=read)).status_code == 403
        everything = {"x-api-key": f"all-{MINE}"}
        assert (await client.post("/admin/reload", headers=everything)).status_code == 200
        answer = await client.post("/api/chat", json=asking(), headers=everything)
        assert answer.status_code == 200


async def test_models_are_enforced(tmp_path: Path) -> None:
    """A key sees and uses its own models only."""
    async with serving(tmp_path, "auth", FILE, authorization=f"Bearer one-{MINE}") as (_, client):
        listed = (await client.get("/v1/models")).json()["data"]
        assert [model["id"].partition(":")[0] for model in listed] == ["localai-embed"]
        refused = await client.post("/api/chat", json=asking())
        assert refused.status_code == 403
        assert "localai-guide" in refused.json()["error"]
        body = {"model": "localai-embed", "input": "text"}
        assert (await client.post("/api/embed", json=body)).status_code == 200


async def test_a_key_is_never_logged(tmp_path: Path) -> None:
    """Neither good nor bad keys reach the log, at any level."""
    with capture_logs() as entries:
        async with serving(tmp_path, "metrics auth", FILE) as (_, client):
            for key in (f"all-{MINE}", f"bad-{MINE}"):
                await client.post("/api/chat", json=asking(), headers={"x-api-key": key})
                await client.get("/nothing", headers={"authorization": f"Bearer {key}"})
    assert [entry["status"] for entry in entries if entry["event"] == "request"] == [
        200,
        404,
        401,
        404,
    ]
    assert MINE not in str(entries)
