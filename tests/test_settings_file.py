"""The shipped `localai.toml` holds every setting with its default."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import config
from core.loader import load
from core.resolve import entries, families, optional
from core.units import decoder

FILE = Path(__file__).parents[1] / "localai.toml"
TABLES = tomllib.loads(FILE.read_text())
CORE: dict[str, type[msgspec.Struct]] = {
    "server": config.Server,
    "ollama": config.Ollama,
    "database": config.Database,
    "log": config.Log,
}
MEMBERS = [
    (family, member, use)
    for family, members in families().items()
    for member, use in members.items()
]


def _class(use: str) -> Any:
    module, _, name = use.partition(":")
    return getattr(import_module(module), name)


def _same(table: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Compare names and values of a table with the defaults of a Struct."""
    assert list(table) == list(kind.__struct_fields__)
    written = msgspec.convert(table, kind, strict=True, dec_hook=decoder(Path()))
    assert written == kind()


@pytest.mark.parametrize("name", CORE)
def test_the_cores_settings_are_there_with_their_defaults(name: str) -> None:
    """Each of the core's tables has all its settings, in the order of the Struct."""
    _same(TABLES[name], CORE[name])


@pytest.mark.parametrize(("family", "member", "use"), MEMBERS)
def test_a_plugins_settings_are_there_with_their_defaults(
    family: str, member: str, use: str
) -> None:
    """Each plugin has a table with `enabled` and all its settings, in the order of its `Config`."""
    table = dict(TABLES["plugins"][family][member])
    assert table.pop("enabled") is (member not in optional(family))
    _same(table, _class(use).Config)


def test_nothing_else_is_there() -> None:
    """The file has no table that is not the core's or a plugin's."""
    assert set(TABLES) == {*CORE, "chain", "plugins"}
    assert list(TABLES["chain"]) == list(config.Chain.__struct_fields__)
    beside = {name: value for name, value in TABLES["chain"].items() if name != "plugins"}
    assert msgspec.convert(beside, config.Chain, dec_hook=decoder(Path())) == config.Chain()
    assert {(family, each) for family, table in TABLES["plugins"].items() for each in table} == {
        (family, member) for family, member, _ in MEMBERS
    }


def test_the_chain_runs_every_plugin() -> None:
    """The file loads as it is shipped, with all on that is not optional."""
    settings = config.load(FILE)
    on = {use for family, member, use in MEMBERS if member not in optional(family)}
    assert {entry.use for entry in entries(settings)} == on
    assert len(load(settings)) == len(on)


def test_every_setting_has_its_line_of_explanation() -> None:
    """Each setting has a comment on its line."""
    lines = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    settings = [line for line in lines if not line.startswith("[") and "enabled = " not in line]
    silent = [line for line in settings if "#" not in line]
    assert silent == [line for line in lines if line.startswith("plugins = [")]
