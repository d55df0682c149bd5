"""The two models of the embedded engine, as Ollama's listings describe models."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from core.hashing import DIMENSIONS

FOREVER = 9_223_372_036.0
"""Seconds of Go's longest duration, which Ollama uses for a negative `keep_alive`."""

_NAME = re.compile(r"(?:registry\.ollama\.ai/)?(?:library/)?([\w.-]+)(?::latest)?", re.IGNORECASE)


class Model(NamedTuple):
    """What a listing says of a model; it has no file, so its size is 0."""

    name: str
    capability: str
    context_length: int
    """Tokens, of about four characters; a nominal value."""
    embedding_length: int | None = None

    def listed(self, since: float) -> dict[str, Any]:
        """Return the entry of /api/tags; `since` is its time of change in seconds."""
        return {
            **self._identity(),
            "modified_at": _local(since),
            "size": 0,
            "digest": self._digest(),
            "details": self._details(),
            "capabilities": [self.capability],
        }

    def shown(self, since: float) -> dict[str, Any]:
        """Return the answer of /api/show."""
        about: dict[str, Any] = {
            "general.architecture": "localai",
            "general.basename": self.name,
            "general.parameter_count": 0,
            "localai.context_length": self.context_length,
        }
        if self.embedding_length is not None:
            about["localai.embedding_length"] = self.embedding_length
        return {
            "details": self._details(),
            "model_info": about,
            "capabilities": [self.capability],
            "modified_at": _local(since),
        }

    def running(self, until: float) -> dict[str, Any]:
        """Return the entry of /api/ps; `until` is when it is unloaded, in seconds."""
        return {
            **self._identity(),
            "size": 0,
            "digest": self._digest(),
            "details": self._details(),
            "expires_at": _local(until),
            "size_vram": 0,
            "context_length": self.context_length,
        }

    def _identity(self) -> dict[str, str]:
        return {"name": f"{self.name}:latest", "model": f"{self.name}:latest"}

    def _digest(self) -> str:
        return sha256(self.name.encode()).hexdigest()

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            "parent_model": "",
            "format": "builtin",
            "family": "localai",
            "families": ["localai"],
            "parameter_size": "0",
            "quantization_level": "none",
            "context_length": self.context_length,
        }
        if self.embedding_length is not None:
            details["embedding_length"] = self.embedding_length
        return details


GUIDE = Model("localai-guide", "completion", 32_768)
EMBED = Model("localai-embed", "embedding", 16_384, DIMENSIONS)
MODELS = (GUIDE, EMBED)


def find(name: str) -> Model | None:
    """Return the model of this name, in any of the spellings that Ollama takes."""
    match = _NAME.fullmatch(name)
    known = {model.name: model for model in MODELS}
    return known.get(match[1].lower()) if match else None


class Loaded:
    """Which models count as in memory, and until when; nothing is really freed."""

    def __init__(self) -> None:
        self._until: dict[Model, float] = {}

    def keep(self, model: Model, seconds: float) -> None:
        """Keep a model from now on; a negative number is for ever, 0 unloads it."""
        seconds = FOREVER if seconds < 0 else min(seconds, FOREVER)
        self._until[model] = time.time() + seconds

    def running(self) -> Iterator[dict[str, Any]]:
        """Yield the entries of /api/ps, the one that stays longest first."""
        now = time.time()
        for model, until in sorted(self._until.items(), key=lambda item: -item[1]):
            if until > now:
                yield model.running(until)


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat()
