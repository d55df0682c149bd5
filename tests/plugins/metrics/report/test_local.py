"""Answers without a router."""

import asyncio
import time
from pathlib import Path
from typing import Any

import click
import pytest

from localai import UsageLog
from plugins.metrics.report import local
from tests.plugins.metrics.report.support import REPORTER, a_row
from tests.servers.databases import database_at


async def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Whoever asks in the wrong folder is told, and finds nothing new there."""
    file = tmp_path / "localai.toml"
    file.write_text("")
    with pytest.raises(click.ClickException, match="there is no database at"):
        await _in_thread(file)
    assert not (tmp_path / "data").exists()


async def test_the_database_of_the_settings_is_read(database_url: str, tmp_path: Path) -> None:
    """Rows of either kind of database are reported, with the settings' prices."""
    file = tmp_path / "localai.toml"
    file.write_text(f"[database]\nurl = '{database_url}'\n")
    database = database_at(database_url, tmp_path)
    log = UsageLog(database)
    log.record(a_row(time.time() - 5))
    await log.flush()
    await log.close()
    await database.close()
    usage, report = await _in_thread(file)
    assert [row["request_id"] for row in usage["rows"]] == ["req_1"]
    assert report["total_requests"] == 1
    assert report["cloud"][0]["name"] == "cloud"


async def test_a_mistake_is_one_message(tmp_path: Path) -> None:
    """What a router would refuse is refused in the same words."""
    database = database_at("sqlite:x.db", tmp_path)
    await UsageLog(database).prepare()
    await database.close()
    file = tmp_path / "localai.toml"
    file.write_text("[database]\nurl = 'sqlite:x.db'\n")
    with pytest.raises(click.ClickException, match="from: expected a time ago"):
        await _in_thread(file, {"from": "soon"})


async def _in_thread(
    file: Path, said: dict[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask as a command does, which has no event loop of its own."""
    usage = await asyncio.to_thread(local.usage, file, REPORTER, said or {})
    return usage, await asyncio.to_thread(local.report, file, REPORTER, said or {})
