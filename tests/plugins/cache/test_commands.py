"""`localai cache stats` and `localai cache clear`, with a router that runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from plugins.cache.store import Store
from tests.core.cli.support import refusal, run, stand_in
from tests.plugins.cache.filled import CHATS, HEADS, ROOT, TEAM, administered, kept
from tests.plugins.support import asking, serving
from tests.support import Router

Served = tuple[Router, httpx.AsyncClient, Store]
ALL = {head.key for head in HEADS}
ON_A_SOCKET = """
[server]
port = 0
drain_timeout = 0.5
admin = "unix:admin.sock"
"""


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the folder of the settings, with the key of the root in the environment."""
    stand_in(tmp_path, ROOT, monkeypatch)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A router with entries in memory, which serves /admin on a Unix socket."""
    async with administered(tmp_path, ON_A_SOCKET) as found:
        yield found


async def command(*arguments: str) -> Result:
    """Run a command in a thread, while the router goes on."""
    return await asyncio.to_thread(run, "cache", *arguments)


async def done(*arguments: str) -> str:
    """Run a command that goes well; return what it printed."""
    result = await command(*arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


async def test_statistics_are_printed(served: Served) -> None:
    """The router is found by its settings, and its figures are lines for programs and JSON."""
    _, client, _ = served
    for _ in range(2):
        await client.post("/api/chat", json=asking(options={"seed": 1}))
    lines = [line.split("\t") for line in (await done("stats")).splitlines()]
    assert lines[1][:6] == ["chat", "1", "1", "0", "0", "1"]
    assert ["entries", str(len(HEADS) + 1)] in lines
    report = json.loads(await done("stats", "--json"))
    assert report["statistics"]["chat"]["hits"] == 1
    assert report["storage"]["entries"] == len(HEADS) + 1


async def test_answers_are_removed(served: Served) -> None:
    """What matches all options goes; the number is on standard error, or in the JSON."""
    _, _, store = served
    result = await command("clear", "--prefix", "chat:", "--tag", "old")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "removed 1 answer\n" in result.stderr
    for options, removed in (
        (("--model", "llama3.2", "--tenant", "team"), 1),
        (("--key", "user:anna"), 1),
        (("--key", "embed:4"), 1),
        (("--all",), 1),
    ):
        assert json.loads(await done("clear", "--json", *options)) == {"removed": removed}
    assert await kept(store) == set()


async def test_what_to_remove_must_be_said(served: Served) -> None:
    """Neither an option nor `--all`, and both, are refused with the usage; nothing is removed."""
    _, _, store = served
    for options in ([], ["--all", "--tag", "old"]):
        result = await command("clear", *options)
        assert result.exit_code == 2
        assert "say which by --prefix" in result.stderr
    for options, message in (
        (["--tag", ""], "tag: expected 1 to 256 characters"),
        (["--key", "0123456789"], "key: give an entry's key"),
    ):
        assert message in refusal(await command("clear", *options))
    assert await kept(store) == ALL


async def test_the_key_is_in_a_variable(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is named has the key, and it counts for what it may do."""
    _, _, store = served
    monkeypatch.setenv("TEAM_KEY", TEAM)
    monkeypatch.setenv("CHATS_KEY", CHATS)
    printed = await done("stats", "--key-env", "TEAM_KEY")
    assert printed == "STORAGE\t\ntenant\tteam\nentries\t2\n"
    said = refusal(await command("clear", "--all", "--key-env", "CHATS_KEY"))
    assert "the key in CHATS_KEY will not do, one with the scope 'admin:cache' will" in said
    monkeypatch.delenv("LOCALAI_API_KEY")
    said = refusal(await command("stats"))
    assert "put one that has the scope 'admin:cache' into the environment variable" in said
    assert "there is no such tenant here" in refusal(
        await command("clear", "--tenant", "default", "--key-env", "TEAM_KEY")
    )
    assert await kept(store) == ALL


async def test_another_router_is_asked_by_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--url` names it; without, a port that is another one with each start is an error."""
    async with administered(tmp_path) as (router, _, _):
        assert "entries\t5" in await done("stats", "--url", router.url)
        assert "the router's port is 0" in refusal(await command("stats"))


def test_where_no_router_runs_it_says_how_to_start_one(tmp_path: Path) -> None:
    """A socket that nobody listens on is one line."""
    (tmp_path / "localai.toml").write_text(f'{ON_A_SOCKET}\n[chain]\nplugins = ["cache"]\n')
    said = refusal(run("cache", "stats"))
    assert "no router answers at unix:" in said
    assert "start it with 'localai serve'" in said


async def test_a_router_without_a_cache_says_so(tmp_path: Path) -> None:
    """A router whose chain has no cache serves no figures of one."""
    (tmp_path / "other").mkdir()
    async with serving(tmp_path / "other", "auth.static") as (router, _):
        (tmp_path / "localai.toml").write_text('[chain]\nplugins = ["cache"]\n')
        said = refusal(await command("stats", "--url", router.url))
    assert "serves no /admin/cache: switch 'cache' on" in said
