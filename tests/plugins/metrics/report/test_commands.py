"""`localai report`, of a router that runs and without one."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result

from plugins.metrics.report import commands
from plugins.metrics.report.sums import NAMES
from tests.core.cli.support import refusal, run, stand_in
from tests.plugins.metrics.report.administered import CHATS, ROOT, administered
from tests.support import Router

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
async def served(tmp_path: Path) -> AsyncIterator[Router]:
    """A router with six rows, which serves /admin on a Unix socket."""
    async with administered(tmp_path, ON_A_SOCKET) as (router, _):
        yield router


async def command(*arguments: str) -> Result:
    """Run the command in a thread, while the router goes on."""
    return await asyncio.to_thread(run, "report", *arguments)


async def done(*arguments: str) -> str:
    """Run a command that goes well; return what it printed."""
    result = await command(*arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


async def test_the_report_is_printed(served: Router) -> None:
    """Figures are in lines with tabs where a program reads them; tables follow."""
    result = await command()
    assert result.exit_code == 0, result.stderr
    lines = dict(line.split("\t")[:2] for line in result.stdout.splitlines() if "\t" in line)
    assert lines["total requests"] == "5"
    assert lines["estimated electricity cost"] == "0.6250"
    assert lines["cache hit rate"] == "20.0%"
    assert "MODEL\tREQUESTS" in result.stdout
    assert "gpt-5-mini" in result.stdout
    assert "money in USD" in result.stderr
    assert "check them" in result.stderr


async def test_groups_are_printed(served: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages are read, in each of the formats."""
    monkeypatch.setattr(commands, "MOST", 1)
    lines = (await done("--group-by", "tenant")).splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        ["TENANT", "REQUESTS"],
        ["default", "3"],
        ["team", "3"],
    ]
    answer = json.loads(await done("--group-by", "tenant", "--json"))
    assert [row["tenant"] for row in answer["rows"]] == ["default", "team"]
    assert answer["next"] is None
    text = await done("--group-by", "day, tenant", "--csv", "--tenant", "team")
    head, row = csv.reader(io.StringIO(text, newline=""))
    assert head == ["day", "tenant", *NAMES]
    assert row[1:3] == ["team", "3"]


async def test_the_report_is_csv_or_json(served: Router) -> None:
    """CSV has a line for each figure, JSON is the router's answer."""
    rows = list(csv.reader(io.StringIO(await done("--csv"), newline="")))
    assert rows[0] == ["figure", "value"]
    assert ["total_requests", "5"] in rows
    report = json.loads(await done("--json", "--from", "9d", "--model", "m:1b"))
    assert report["total_requests"] == 1
    result = await command("--csv", "--json")
    assert result.exit_code == 2
    assert "give --csv or --json, not both" in result.stderr


async def test_a_mistake_is_one_message(served: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the router refuses is said in its words, and what a key lacks is named."""
    said = refusal(await command("--from", "soon"))
    assert said.startswith("the router says: from: expected a time ago")
    monkeypatch.setenv("OTHER", CHATS)
    said = refusal(await command("--key-env", "OTHER"))
    assert "one with the scope 'admin:usage' will" in said


async def test_offline_the_database_answers(tmp_path: Path) -> None:
    """The same figures come without a router and without a key; a mistake is one message."""
    async with administered(tmp_path, ON_A_SOCKET) as (router, _):
        await router.gateway.usage.flush()
        online = json.loads(await done("--json", "--to", "1d"))
    offline = json.loads(await done("--json", "--to", "1d", "--offline"))
    for answer in (online, offline):
        del answer["from"], answer["to"]
    assert online == offline
    lines = (await done("--offline", "--group-by", "tenant")).splitlines()
    assert len(lines) == 3
    said = refusal(await command("--offline", "--group-by", "colour"))
    assert said.startswith("group_by: 'colour' is none of")


async def test_without_a_router_it_says_how_to_go_on(tmp_path: Path) -> None:
    """A router that does not run is named."""
    (tmp_path / "localai.toml").write_text(
        '[server]\nport = 1\n[chain]\nplugins = ["metrics.report"]\n'
    )
    assert "no router answers" in refusal(await command())
