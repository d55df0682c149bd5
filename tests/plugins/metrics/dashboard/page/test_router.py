"""The page in front of the real router, with the built-in engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.plugins.metrics.dashboard.page.visits import Visits, shoot
from tests.support import Router, routing

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "sk-a-key-of-the-page-0001"
SETTINGS = f"""# The box in the cellar.
[ollama]
embedded = "always"

[chain]
plugins = ["metrics", "auth.static", "guardrails.input", "cache.exact"]

[server]
port = 0
drain_timeout = 0.5

[plugins.auth.static]
keys = [{{ name = "anna", key = "{KEY}", scopes = ["*"] }}]

[plugins.cache.exact]
enabled = true   # keep it
ttl = "1h"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def router(tmp_path: Path) -> AsyncIterator[Router]:
    """A router that knows one key."""
    async with routing(SETTINGS, tmp_path) as running:
        yield running


async def test_the_page_works_with_the_router(router: Router, visits: Visits) -> None:
    """One signs in, asks a model and sees it counted; a switch is written, and takes effect."""
    page = await visits.blank()
    answer = await page.goto(f"{router.url}/ui")
    assert answer is not None
    assert answer.url == f"{router.url}/ui/"
    await page.get_by_label("Key", exact=True).last.fill(KEY)
    await page.keyboard.press("Enter")
    await expect(page.locator("#link")).to_have_text("Live")
    await expect(page.locator("#who")).to_have_text("anna")
    await expect(page.locator("#notices")).to_contain_text("built-in engine")

    await page.get_by_label("Message").fill("How do I switch a plugin off?")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".turn:not(.own) .hint")).to_contain_text("tokens")
    requests = page.get_by_role("region", name="Requests")
    await expect(requests).to_contain_text("Since the start1")
    await expect(page.get_by_role("region", name="Latency")).to_contain_text("of 1 in 5 min")

    switch = page.get_by_role("switch", name="cache.exact")
    await expect(switch).to_be_checked()
    await switch.click()
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.locator("#said")).to_have_text("cache.exact is off.")
    await expect(switch).not_to_be_checked()
    assert router.file.read_text() == SETTINGS.replace(
        "enabled = true   # keep it", "enabled = false   # keep it"
    )
    await expect(page.locator("#link")).to_have_text("Live")
    await switch.click()
    await expect(page.locator("#said")).to_have_text("cache.exact is on.")
    await expect(switch).to_be_checked()
    assert router.file.read_text() == SETTINGS
    await shoot(page, "router")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_key_is_checked_by_the_router(router: Router, visits: Visits) -> None:
    """A wrong key is refused with the router's own words, and nothing is shown."""
    page = await visits.blank()
    await page.goto(f"{router.url}/ui/")
    await page.get_by_label("Key", exact=True).last.fill("sk-a-wrong-key-0000000")
    await page.keyboard.press("Enter")
    await expect(page.locator(".login .problem")).to_contain_text("key")
    await expect(page.get_by_role("heading", name="Tokens")).to_have_count(0)
