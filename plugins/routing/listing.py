"""Names in the list of models that stand for others."""

import hashlib
from collections.abc import Mapping
from typing import Any

ABOUT = "localai"
"""The key that says what such an entry stands for; Ollama's clients pass it over.

`model` is the one that it is described as, `alias_of` what an alias leads to, `policy` and
`models` a policy and its candidates.
"""


def standing_for(name: str, model: Mapping[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """Return the entry of a name that stands for a model, described as that model is."""
    digest = hashlib.sha256(f"{name}\0{model.get('digest', '')}".encode()).hexdigest()
    # Clients take models of the same digest for the same model.
    return {**model, "name": name, "model": name, "digest": digest, ABOUT: about}
