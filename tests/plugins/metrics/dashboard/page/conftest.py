"""A real browser for the tests of the page: one for all, a fresh profile for each."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.plugins.metrics.dashboard.page.fake import Fake, serving
from tests.plugins.metrics.dashboard.page.visits import Visits

PATIENCE = 15_000
"""Milliseconds until something that should be seen counts as missing, on a busy machine."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    expect.set_options(timeout=PATIENCE)
    # A sandbox can't be made by root, as in a container.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=args
        )
        try:
            yield chromium
        finally:
            await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def fake() -> AsyncIterator[Fake]:
    """A router that does what the test says."""
    async with serving(Fake()) as router:
        yield router


@pytest_asyncio.fixture(loop_scope="session")
async def visits(browser: Browser) -> AsyncIterator[Visits]:
    """Opens pages; at the end, none of them may have had an error or broken its policy."""
    made = Visits(browser, PATIENCE)
    try:
        yield made
    finally:
        await made.close()
    assert made.complaints == []
