"""The double and a client for its own tests."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.double import OllamaDouble


@pytest.fixture
async def double() -> AsyncIterator[OllamaDouble]:
    """A running double with the default models."""
    async with OllamaDouble() as running:
        yield running


@pytest.fixture
async def http(double: OllamaDouble) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the double."""
    async with httpx.AsyncClient(base_url=double.url, timeout=10) as client:
        yield client
