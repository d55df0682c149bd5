"""The catalogue as people and programs read it."""

import math
import time

import pytest

from plugins.routing.catalogue.declared import Declarations, Declared
from plugins.routing.catalogue.report import report
from tests.plugins.routing.catalogue.asked import EVER, URL, Asked, in_memory, poller


async def test_a_report_has_models_and_hosts() -> None:
    """Each model has what it is, what is said of it and where it is; each host when it was seen."""
    asked = Asked("a:1b")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 100))
    asked.answers["/api/ps"] = {"models": [in_memory("a:1b", expires_at=soon)]}
    one, other = poller(asked), poller(Asked(), url="http://two:1")
    await one.refresh()
    declarations = Declarations({"a:1b": Declared(quality="good", tags=("code",), slots=2)})
    model = declarations.model({URL: one.facts()["a:1b"]})
    made = report([model], declarations, {"1": one, "2": other})
    (shown,) = made["models"]
    (loaded,) = shown.pop("loaded")
    assert shown == {
        "name": "a:1b",
        "digest": "digest of a:1b",
        "size": 1000,
        "family": "llama",
        "quantisation": "Q4_K_M",
        "parameters": 8_030_261_312,
        "active_parameters": 8_030_261_312,
        "context_length": 131_072,
        "cache_bytes_per_token": 131_072,
        "capabilities": ["completion"],
        "quality": 0.5,
        "quality_is_declared": True,
        "price": 0.0,
        "tags": ["code"],
        "num_ctx": None,
        "slots": 2,
        "hosts": ["1"],
    }
    assert loaded.pop("expires_in_seconds") == pytest.approx(100, abs=5)
    assert loaded == {"host": "1", "size": 1500, "size_vram": 1500, "num_ctx": 4096}
    seen, unseen = made["hosts"]
    assert seen.pop("age_seconds") < 5
    assert seen == {"host": "1", "models": 1, "error": None}
    assert unseen == {"host": "2", "models": 0, "age_seconds": None, "error": None}


async def test_for_ever_is_no_number() -> None:
    """A model that stays has no seconds; the address of no host is shown."""
    asked = Asked("a")
    asked.answers["/api/ps"] = {"models": [in_memory("a", expires_at=EVER)]}
    one = poller(asked)
    await one.refresh()
    assert one.memory.all()["a:latest"].expires == math.inf
    declarations = Declarations({})
    made = report([declarations.model({URL: one.facts()["a:latest"]})], declarations, {"1": one})
    assert made["models"][0]["loaded"][0]["expires_in_seconds"] is None
    assert "one:1" not in str(made)
