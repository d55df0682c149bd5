"""One second for the page."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from localai import PowerMeter, PowerSample, WaitingLine
from plugins.metrics.dashboard.loaded import Loaded
from plugins.metrics.dashboard.snapshot import (
    features,
    lines,
    snapshot,
    without_callers,
    without_folder,
)
from plugins.metrics.dashboard.state import State
from tests.plugins.support import serving

SECTIONS = {
    "at", "uptime_seconds", "generation", "reload_error", "engine", "hosts", "rates", "requests",
    "models", "memory", "power", "cost", "cache", "latency", "errors", "guardrails", "limits",
}  # fmt: skip
LINE = {
    "model": "m",
    "running": [{"key": "key:a", "host": "1", "batch": False, "seconds": 2.0}],
    "waiting": 1,
    "next": [{"key": "key:b", "position": 1, "eta": 3.0, "batch": False, "seconds": 1.0}],
}


class Playing(PowerMeter, WaitingLine):
    """A meter and a line."""

    def sample(self) -> PowerSample:
        """Look."""
        return PowerSample(1.0, 42.0, 1.0)

    def waiting(self) -> list[dict[str, Any]]:
        """Return one line."""
        return [LINE]


PLAYING = f'[plugins.playing]\nuse = "{__name__}:Playing"\n'


async def test_a_bare_router_has_a_snapshot(tmp_path: Path) -> None:
    """Without any plugin that knows more, all sections are there, and what is unknown is null."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        gateway = router.gateway
        made = snapshot(gateway, State(10), Loaded(gateway))
        assert {*made} == SECTIONS
        assert {*msgspec.json.decode(msgspec.json.encode(made))} == SECTIONS
        assert (made["memory"], made["power"], made["cost"], made["cache"]) == (None,) * 4
        assert made["engine"] == "embedded"
        assert [each["label"] for each in made["hosts"]] == ["1", "embedded"]
        assert made["hosts"][0] == {"label": "1", "up": None, "draining": None, "local": True}
        assert lines(gateway) is None
        assert not any(features(gateway).values())


async def test_other_plugins_are_asked_by_their_roles(tmp_path: Path) -> None:
    """Watts and lines come from whichever plugin plays the role."""
    async with serving(tmp_path, "playing", PLAYING) as (router, _):
        gateway, state = router.gateway, State(10)
        state.look(gateway, 1.0)
        made = snapshot(gateway, state, Loaded(gateway))
        assert made["power"]["watts"] == 42.0
        assert made["power"]["source"] == "measured"
        assert made["power"]["wh_today"] is None
        assert made["requests"]["waiting"] == 1
        assert features(gateway)["queue"]


async def test_the_queue_has_the_names_of_the_page(tmp_path: Path) -> None:
    """Who runs and waits is told, and without callers for whoever may not know them."""
    async with serving(tmp_path, "playing", PLAYING) as (router, _):
        found = lines(router.gateway)
    assert found == [
        {
            "model": "m",
            "running": [{"caller": "key:a", "host": "1", "seconds": 2.0}],
            "waiting": 1,
            "next": [{"position": 1, "caller": "key:b", "waited": 1.0, "eta": 3.0}],
        }
    ]
    hidden = without_callers(found)
    assert "key:" not in str(hidden)
    assert hidden is not None
    assert hidden[0]["next"] == [{"position": 1, "caller": None, "waited": 1.0, "eta": 3.0}]
    assert "key:a" in str(found)
    assert without_callers(None) is None


async def test_the_shipped_plugins_fill_it(tmp_path: Path) -> None:
    """With energy, report, cache and routing, cost, cache and hosts are known."""
    chain = "metrics.energy metrics.ledger metrics.report routing cache"
    async with serving(tmp_path, chain) as (router, _):
        gateway, state = router.gateway, State(10)
        state.day.sums.money = 0.25
        made = snapshot(gateway, state, Loaded(gateway))
    assert made["cost"] == {
        "currency": "USD", "money_today": 0.25, "saved_today": 0, "cloud_today": 0,
    }  # fmt: skip
    assert made["power"]["wh_today"] == 0
    assert made["power"]["source"] == "modelled"
    assert made["cache"]["hit_rate"] is None
    assert [each["label"] for each in made["hosts"]] == ["1", "embedded"]


async def test_no_folder_of_the_machine_is_told(tmp_path: Path) -> None:
    """Why the file is not in use is said by the file's name only."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        assert without_folder(router.gateway) is None
        router.file.write_text("[server")
        with pytest.raises(Exception, match=r"localai\.toml"):
            await router.gateway.reload("a test")
        told = without_folder(router.gateway)
        assert told is not None
        assert told.startswith("localai.toml: ")
        assert str(tmp_path) not in told
