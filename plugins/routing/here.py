"""Which Ollamas are on this machine: what is read of its hardware is about them only."""

from functools import lru_cache
from urllib.parse import urlsplit

from localai import is_loopback


@lru_cache(maxsize=64)
def is_here(url: str) -> bool:
    """Say whether a base URL is this machine's."""
    return is_loopback(urlsplit(url).hostname or "")
