"""The model for who names none: one in memory, or else the newest that can do it."""

from typing import Any

from localai import Gateway, ModelNotFound, full_name
from plugins.routing.catalogue.plugin import Catalogue


async def default_model(gateway: Gateway, capability: str) -> str:
    """Return the name of a model with `completion` or `embedding`; raise `ModelNotFound`.

    From the catalogue, if that is on and knows any, which costs no question to Ollama.
    """
    if (known := _of_catalogue(gateway, capability)) is not None:
        return known
    models = gateway.models
    fitting: list[str] = [
        each["name"] for each in await models.installed() if _can(each, capability)
    ]
    if not fitting:
        example = "nomic-embed-text" if capability == "embedding" else "llama3.2"
        raise ModelNotFound(f"no fitting model is here yet: ollama pull {example}")
    loaded = {full_name(each["name"]) for each in await models.loaded()}
    return next((name for name in fitting if full_name(name) in loaded), fitting[0])


def _of_catalogue(gateway: Gateway, capability: str) -> str | None:
    catalogue = gateway.find(Catalogue)
    if catalogue is None or gateway.hosts.uses_embedded:
        return None
    fitting = [
        model
        for model in catalogue.models.values()
        if capability in (model.facts.capabilities or {"completion"})
    ]
    for model in fitting:
        if any(catalogue.loaded(host, model.name) is not None for host in model.hosts):
            return model.name
    return fitting[0].name if fitting else None


def _can(model: dict[str, Any], capability: str) -> bool:
    """Say whether a model can do it; Ollama before 0.30 does not tell, so its family must."""
    if capabilities := model.get("capabilities"):
        return capability in capabilities
    family = str((model.get("details") or {}).get("family", ""))
    return ("bert" in family) == (capability == "embedding")
