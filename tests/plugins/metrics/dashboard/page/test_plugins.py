"""The plugins' switches."""

import pytest
from playwright.async_api import expect

from tests.plugins.metrics.dashboard.page.fake import Fake
from tests.plugins.metrics.dashboard.page.visits import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_plugin_is_switched_on_at_once(fake: Fake, visits: Visits) -> None:
    """One press is enough, by key too; the answer's state is shown, and told to listeners."""
    page = await visits.open(fake)
    switch = page.get_by_role("switch", name="cache.semantic")
    await expect(switch).not_to_be_checked()
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    assert fake.switched == [("cache.semantic", {"enabled": True})]
    await expect(page.locator("#said")).to_have_text("cache.semantic is on.")
    await expect(page.get_by_role("region", name="Plugins")).to_contain_text("2 of 3 on")
    await expect(switch).to_be_focused()


async def test_switching_off_is_asked_first(fake: Fake, visits: Visits) -> None:
    """The question says what will not be done any more; Escape leaves everything as it is."""
    page = await visits.open(fake)
    switch = page.get_by_role("switch", name="guardrails.pii")
    await switch.click()
    dialog = page.get_by_role("dialog", name="Switch off guardrails.pii?")
    await expect(dialog).to_contain_text("What it stops or takes out will pass.")
    await expect(dialog).to_contain_text("localai.toml")
    await expect(page.get_by_role("button", name="Leave it on")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(switch).to_be_focused()
    await expect(switch).to_be_checked()
    assert fake.switched == []
    await switch.press("Enter")
    await page.get_by_role("button", name="Switch off").click()
    await expect(switch).not_to_be_checked()
    assert fake.switched == [("guardrails.pii", {"enabled": False})]


async def test_a_switch_that_was_refused_goes_back(fake: Fake, visits: Visits) -> None:
    """What the router says against it stands beside the switch, until it is tried again."""
    fake.refusal = 400, "localai.toml:12: routing.queue needs routing.hosts"
    page = await visits.open(fake)
    switch = page.get_by_role("switch", name="routing.quiet")
    await switch.click()
    problem = page.locator("[id='plugin-routing.quiet'] .problem")
    await expect(problem).to_have_text(fake.refusal[1])
    await expect(switch).not_to_be_checked()
    fake.refusal = None
    await switch.click()
    await expect(switch).to_be_checked()
    await expect(problem).to_be_empty()


async def test_what_can_not_be_switched_says_why(fake: Fake, visits: Visits) -> None:
    """Such a switch can be reached by key, so that its reason is heard, but does nothing."""
    page = await visits.open(fake)
    switch = page.get_by_role("switch", name="metrics.dashboard")
    await expect(switch).to_have_accessible_description(
        "This page. Fails open · This page can't switch itself off: edit localai.toml."
    )
    await switch.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert fake.switched == []


@pytest.mark.nightly
async def test_what_could_not_be_switched_on_is_folded_away(fake: Fake, visits: Visits) -> None:
    """Those that are off, and of which localai.toml knows nothing, are listed on demand."""
    page = await visits.open(fake)
    switch = page.get_by_role("switch", name="cache.custom")
    await expect(page.get_by_role("switch", name="cache.exact")).to_be_visible()
    await expect(switch).to_be_hidden()
    await page.get_by_text("1 can't be switched on here").click()
    await expect(switch).to_have_accessible_description("Not in use. Fails open · Not in [chain].")


@pytest.mark.nightly
async def test_a_change_by_somebody_else_is_seen(fake: Fake, visits: Visits) -> None:
    """Switches follow the router, and those that did not change stay the same elements."""
    page = await visits.open(fake)
    other = page.get_by_role("switch", name="cache.exact")
    await expect(other).to_be_checked()
    await other.focus()
    fake.plugins = [
        each | {"enabled": False} if each["name"] == "auth.limits" else each
        for each in fake.plugins
    ]
    fake.end("reload")
    await expect(page.get_by_role("switch", name="auth.limits")).not_to_be_checked()
    await expect(other).to_be_focused()
