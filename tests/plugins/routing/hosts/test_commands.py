"""`localai hosts`, with a router that runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result

from localai import UpstreamFailed
from tests.core.cli.support import refusal, run, stand_in
from tests.double import Model
from tests.plugins.routing.fleet import Fleet, fleet, until

KEY = "the-key-of-the-admin"
MORE = f"""
[server]
port = 0
drain_timeout = 0.5
admin = "unix:admin.sock"
[plugins.auth.static]
environment = ""
keys = [
    {{ name = "admin", key = "{KEY}", scopes = ["admin:hosts"] }},
    {{ name = "chats", key = "the-key-of-a-caller" }},
]
"""


@pytest.fixture
async def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fleet]:
    """A router with two hosts, which serves /admin on a Unix socket, and a key for it."""
    stand_in(tmp_path, KEY, monkeypatch)
    async with fleet(tmp_path, [Model(name="a")], [], more=MORE, chain="auth.static") as found:
        await until(lambda: all(host.version for host in found.hosts.all))
        yield found


async def command(*arguments: str) -> Result:
    """Run a command in a thread, while the router goes on."""
    return await asyncio.to_thread(run, "hosts", *arguments)


async def rows(*arguments: str) -> list[list[str]]:
    """Run a command that goes well; return the cells of what it printed."""
    result = await command(*arguments)
    assert result.exit_code == 0, result.stderr
    return [line.split() for line in result.stdout.splitlines()]


async def test_hosts_are_listed(one: Fleet) -> None:
    """A row says where a host is, how it is, what it has to do and what rests there."""
    hosts = one.hosts
    for model in "abcde":
        for _ in range(3):
            hosts.begin(hosts.all[0], model).failed(UpstreamFailed("broken"))
    attempt = hosts.begin(hosts.all[1], "x")
    places = [url.removeprefix("http://") for url in one.gateway.hosts.urls]
    head, first, second = await rows("list")
    assert head[:4] == ["HOST", "ADDRESS", "STATE", "VERSION"]
    named = ["a:latest,", "b:latest,", "c:latest", "and", "2", "more"]
    assert first == ["1", places[0], "up", "0.32.15", "0", *named]
    assert second == ["2", places[1], "up", "0.32.15", "1", "-"]
    attempt.dropped()


async def test_a_host_is_drained_by_its_label(one: Fleet) -> None:
    """`drain` and `undrain` print how all hosts are then; `--json` prints the answer."""
    assert [row[2] for row in await rows("drain", "2")] == ["STATE", "up", "draining"]
    assert one.hosts.all[1].is_draining
    one.hosts.all[1].is_up = False
    result = await command("list", "--json")
    assert [host["draining"] for host in json.loads(result.stdout)["hosts"]] == [False, True]
    assert (await rows("list"))[2][2:4] == ["draining,", "down"]
    assert [row[2] for row in await rows("undrain", "2")] == ["STATE", "up", "down"]


async def test_what_is_no_label_is_told(one: Fleet) -> None:
    """A host that is not there is the router's error, what can be no label the command's."""
    said = refusal(await command("drain", "7"))
    assert said == "the router says: there is no host '7': 'localai hosts list' shows them"
    result = await command("drain", "../cache")
    assert result.exit_code == 2
    assert "expected a label such as 1" in result.stderr


async def test_a_key_without_the_scope_will_not_do(
    one: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scope is named."""
    monkeypatch.setenv("OTHER", "the-key-of-a-caller")
    said = refusal(await command("list", "--key-env", "OTHER"))
    assert "one with the scope 'admin:hosts' will" in said
