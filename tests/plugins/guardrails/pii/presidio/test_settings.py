"""The settings of the extra for names."""

from pathlib import Path

import pytest

from core.config import parse
from core.errors import SettingsError
from core.loader import load
from plugins.guardrails.pii.presidio.settings import Presidio

CHAIN = """
[chain]
plugins = ["pii"]
[plugins.pii]
use = "plugins.guardrails.pii.plugin:Pii"
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("enable = true", "unknown setting; did you mean 'enabled'?"),
        ("threshold = 2", "threshold: expected 'float' <= 1.0"),
        ('deadline = "soon"', "deadline: expected a duration"),
        ("max_waiting = 0", "max_waiting"),
    ],
)
def test_a_mistake_is_named(line: str, expected: str) -> None:
    """A wrong setting is an error with its name and what is expected."""
    settings = parse(f"{CHAIN}[plugins.pii.presidio]\n{line}\n", None)
    with pytest.raises(SettingsError) as caught:
        load(settings)
    assert expected in str(caught.value)


def test_off_needs_nothing() -> None:
    """By default the extra is off, and the plugin loads without its packages."""
    assert not Presidio().enabled
    assert Presidio().model == Path("en_core_web_lg")
    (plugin,) = load(parse(CHAIN, None))
    assert plugin.fail_mode == "closed"
