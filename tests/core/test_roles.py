"""What plugins can be to each other."""

from pathlib import Path
from typing import Any

import pytest

from core.roles import EnergyModel, PowerMeter, PowerSample, WaitingLine
from tests.support import routing


class All(PowerMeter, WaitingLine):
    """Plays two roles."""

    def sample(self) -> PowerSample | None:
        """Return made-up watts."""
        return PowerSample(at=1.0, watts=42.0, joules=84.0)

    def waiting(self) -> list[dict[str, Any]]:
        """Return an empty line."""
        return []


async def test_a_plugin_is_found_by_its_role(tmp_path: Path) -> None:
    """Whoever plays a role is found by it, without knowing the plugin; nobody else is."""
    toml = f"""
[ollama]
embedded = "always"
[chain]
plugins = ["all"]
[plugins.all]
use = "{__name__}:All"
"""
    async with routing(toml, tmp_path) as router:
        meter = router.gateway.find(PowerMeter)
        assert meter is not None
        assert meter.watts() == 42.0
        line = router.gateway.find(WaitingLine)
        assert line is not None
        assert (line.waiting(), line.count_waiting()) == ([], 0)
        assert router.gateway.find(EnergyModel) is None


def test_a_role_names_what_it_asks_for() -> None:
    """A plugin that leaves out a part of its role can't be made."""

    class Half(EnergyModel):
        pass

    with pytest.raises(TypeError, match="watts_of"):
        Half()  # type: ignore[abstract]


def test_a_meter_that_saw_nothing_knows_no_watts() -> None:
    """Without a look of late, nobody knows what the chip draws."""

    class Blind(PowerMeter):
        def sample(self) -> PowerSample | None:
            return None

    assert Blind().watts() is None
