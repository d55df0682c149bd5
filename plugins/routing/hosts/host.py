"""One Ollama, as routing sees it."""

import math
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(slots=True, eq=False)
class Host:
    """An Ollama of the file. Its state changes; the object lives as long as the plugin."""

    url: str
    """Its base URL, one of `gateway.hosts.urls`."""
    label: str
    """What callers and metrics may see of it: `1`, `2`, … in the file's order."""
    is_up: bool = True
    """Whether its last call or probe went well."""
    is_draining: bool = False
    """Whether it gets no new requests."""
    version: str = ""
    running: int = 0
    """Requests that it has."""
    heard_at: float = -math.inf
    """When it showed last that it is up; monotonic."""
    probe_at: float = -math.inf
    """When it will be asked whether it is up, unless it shows it before; monotonic."""
    failures: int = 0
    """Probes in a row that it has not answered."""

    @property
    def is_open(self) -> bool:
        """Whether new requests may go there."""
        return self.is_up and not self.is_draining

    @property
    def place(self) -> str:
        """Its address without a password, for its owner only."""
        return urlsplit(self.url).netloc.rpartition("@")[2]
