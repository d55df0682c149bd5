"""The routers that are compared differ in metrics and in nothing else."""

import tomllib
from pathlib import Path

from benchmarks.metrics_cost.variants import NONE, everything, members, variants
from core.config import parse


def test_every_member_is_switched_off_once() -> None:
    """There is a router without metrics, one with all, and one without each member."""
    none, every, *without = variants()
    assert (none.on, every.on) == ((), members())
    assert [set(every.on) - set(each.on) for each in without] == [{name} for name in members()]


def test_settings() -> None:
    """The settings name which members are on; without metrics the family is not in the chain."""
    every, none = (tomllib.loads(each.toml(11434)) for each in (everything(), NONE))
    on = {name: table["enabled"] for name, table in every["plugins"].pop("metrics").items()}
    assert on == dict.fromkeys(members(), True)
    assert every["chain"]["plugins"] == ["metrics", *none["chain"]["plugins"]]
    assert every["plugins"] == none["plugins"]
    for variant in variants():
        assert parse(variant.toml(11434), Path("localai.toml")).chain.plugins
