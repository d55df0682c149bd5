"""`/admin/hardware`."""

from pathlib import Path

import pytest

from tests.plugins.routing.hardware.machines import HALO_LARGE, NO_GPU, Tree, write
from tests.plugins.support import serving

FILE = '[plugins.hardware]\nuse = "plugins.routing.hardware.plugin:Hardware"\nroot = "machine"\n'


async def test_the_reading_is_reported(tmp_path: Path) -> None:
    """The card and all figures are told in plain units."""
    write(tmp_path / "machine", HALO_LARGE)
    async with serving(tmp_path, "hardware", FILE) as (_, client):
        report = (await client.get("/admin/hardware")).json()
    reading = report["reading"]
    assert reading["card"]["device"] == 0x1586
    assert reading["temperature"] == 38.0
    assert reading["gtt_used"] == 31301365760
    assert "at" not in reading
    assert report["joules"] >= 0


async def test_without_a_card_there_is_no_reading(tmp_path: Path) -> None:
    """A machine without an AMD GPU is answered by null."""
    write(tmp_path / "machine", NO_GPU)
    async with serving(tmp_path, "hardware", FILE) as (_, client):
        assert (await client.get("/admin/hardware")).json() == {"reading": None, "joules": 0.0}


@pytest.mark.parametrize(("scopes", "status"), [('["chat"]', 403), ('["admin:hardware"]', 200)])
async def test_it_needs_its_scope(tmp_path: Path, scopes: str, status: int) -> None:
    """A key without admin:hardware is refused."""
    empty: Tree = {"proc/version": ""}
    write(tmp_path / "machine", empty)
    key = "s" * 40
    file = f'{FILE}[[plugins.auth.static.keys]]\nname = "one"\nkey = "{key}"\nscopes = {scopes}\n'
    async with serving(tmp_path, "auth.static hardware", file, authorization=f"Bearer {key}") as (
        _,
        client,
    ):
        assert (await client.get("/admin/hardware")).status_code == status
