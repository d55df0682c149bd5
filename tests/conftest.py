"""Fixtures that most tests use: an Ollama double, and a router in front of it."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.double import OllamaDouble
from tests.servers.databases import database, database_url
from tests.servers.postgres import postgres, postgres_server
from tests.servers.redis import redis
from tests.support import Router, routing, toml_for

# A busy machine takes long now and then, which says nothing of the code.
settings.register_profile("localai", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("localai")

__all__ = ["database", "database_url", "double", "postgres", "postgres_server", "redis", "router"]


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what lives as long as all tests, thousands of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture
async def double() -> AsyncIterator[OllamaDouble]:
    """An Ollama double on a free port."""
    async with OllamaDouble() as ollama:
        yield ollama


@pytest.fixture
async def router(double: OllamaDouble, tmp_path: Path) -> AsyncIterator[Router]:
    """A router without plugins in front of the double."""
    async with routing(toml_for(double.url), tmp_path) as running:
        yield running
