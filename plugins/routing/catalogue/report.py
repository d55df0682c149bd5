"""The catalogue as people and programs read it."""

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from plugins.routing.catalogue.declared import Declarations
from plugins.routing.catalogue.model import Loaded, Model
from plugins.routing.catalogue.poller import Poller
from plugins.routing.catalogue.reading import model_key


def report(
    models: Iterable[Model], declarations: Declarations, hosts: Mapping[str, Poller]
) -> dict[str, Any]:
    """Return all models and hosts; `hosts` are by the labels that stand for them."""
    return {
        "models": [_model(model, declarations, hosts) for model in models],
        "hosts": [
            {
                "host": label,
                "models": len(poller.keys),
                "age_seconds": _age(poller.looked_at),
                "error": poller.error or None,
            }
            for label, poller in hosts.items()
        ],
    }


def _model(model: Model, declarations: Declarations, hosts: Mapping[str, Poller]) -> dict[str, Any]:
    facts = model.facts
    loaded = {
        label: found
        for label, poller in hosts.items()
        if (found := poller.memory.get(model_key(model.name))) is not None
    }
    return {
        "name": model.name,
        "digest": facts.digest,
        "size": facts.size,
        "family": facts.family,
        "quantisation": facts.quantisation,
        "parameters": facts.parameters,
        "active_parameters": facts.active_parameters,
        "context_length": facts.context_length,
        "cache_bytes_per_token": facts.kv_bytes,
        "capabilities": sorted(facts.capabilities),
        "quality": round(model.quality, 3),
        "quality_is_declared": declarations.of(model.name).quality is not None,
        "price": model.price,
        "tags": sorted(model.tags),
        "num_ctx": model.num_ctx or facts.num_ctx or None,
        "slots": model.slots or None,
        "hosts": [label for label, poller in hosts.items() if poller.url in model.hosts],
        "loaded": [_loaded(label, found) for label, found in loaded.items()],
    }


def _loaded(label: str, loaded: Loaded) -> dict[str, Any]:
    forever = math.isinf(loaded.expires)
    return {
        "host": label,
        "size": loaded.size,
        "size_vram": loaded.size_vram,
        "num_ctx": loaded.num_ctx or None,
        "expires_in_seconds": None if forever else round(max(0.0, loaded.expires - time.time())),
    }


def _age(looked_at: float) -> float | None:
    return None if math.isinf(looked_at) else round(time.monotonic() - looked_at, 1)
