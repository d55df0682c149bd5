"""Whether a model can do what a call asks for, as far as the catalogue knows."""

from localai import Call, Gateway
from plugins.routing.catalogue.plugin import Catalogue


def needs_of(call: Call) -> frozenset[str]:
    """Return the capabilities, as Ollama names them, that a chat or completion asks for."""
    needs = {"completion"}
    if call.images or any(message.images for message in call.messages):
        needs.add("vision")
    if call.tools:
        needs.add("tools")
    if call.think:
        needs.add("thinking")
    if call.suffix:
        needs.add("insert")
    return frozenset(needs)


def fits(call: Call, model: str, gateway: Gateway | None) -> bool:
    """Say whether a model can do it; what the catalogue does not know is tried."""
    catalogue = None if gateway is None else gateway.find(Catalogue)
    found = None if catalogue is None else catalogue.find(model)
    can = frozenset() if found is None else found.facts.capabilities
    return not can or needs_of(call) <= can
