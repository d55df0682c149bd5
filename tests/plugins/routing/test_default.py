"""The model for who names none."""

from typing import cast

import pytest

from localai import Gateway
from plugins.routing.catalogue.model import Loaded
from plugins.routing.default import default_model
from tests.plugins.routing.select.models import HERE
from tests.plugins.routing.select.stage import Stage
from tests.plugins.routing.select.test_candidates import model

CHAT = model("chat:1")
OTHER = model("other:1")
EMBED = model("embed:1", can="embedding")


@pytest.mark.parametrize(
    ("loaded", "capability", "name"),
    [
        ("", "completion", "chat:1"),
        ("other:1", "completion", "other:1"),
        ("embed:1", "completion", "chat:1"),
        ("other:1", "embedding", "embed:1"),
    ],
)
async def test_the_catalogue_knows(loaded: str, capability: str, name: str) -> None:
    """With the catalogue on, no Ollama is asked: one in memory, or else the first of the list."""
    inside = {(HERE, loaded): Loaded()} if loaded else {}
    stage = Stage(EMBED, CHAT, OTHER, loaded=inside)
    assert await default_model(cast(Gateway, stage), capability) == name
