"""Signing in and out, and what somebody may see and do."""

import pytest
from playwright.async_api import Page, expect

from tests.plugins.metrics.dashboard.page import canned
from tests.plugins.metrics.dashboard.page.fake import KEY, Fake
from tests.plugins.metrics.dashboard.page.visits import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def sign_in(page: Page, key: str) -> None:
    """Use a key."""
    await page.get_by_label("Key", exact=True).last.fill(key)
    await page.get_by_role("button", name="Sign in").last.click()


async def by_name(page: Page, name: str, password: str) -> None:
    """Use a name and a password."""
    await page.get_by_role("radio", name="Name and password").check()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")


async def test_a_key_opens_the_page_for_this_tab_only(fake: Fake, visits: Visits) -> None:
    """It is kept as long as the tab is, in no cookie, and in no other tab."""
    fake.needs_key = True
    page = await visits.open(fake)
    await expect(page.get_by_label("Key", exact=True).last).to_be_focused()
    await sign_in(page, "lk-wrong")
    alert = page.locator(".login").get_by_role("alert")
    await expect(alert).to_have_text("this key does not count: ask for another one")
    await sign_in(page, KEY)
    await expect(page.get_by_text("41.3")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("41.3")).to_be_visible()
    assert await page.context.cookies() == []
    assert await page.evaluate("Object.values(localStorage)") == []
    other = await page.context.new_page()
    await other.goto(fake.url)
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.nightly
async def test_a_form_says_what_is_missing(fake: Fake, visits: Visits) -> None:
    """An empty field, and a key that can't be one, are told before anything is sent."""
    fake.needs_key = True
    page = await visits.open(fake)
    await sign_in(page, " ")
    alert = page.locator(".login").get_by_role("alert")
    await expect(alert).to_have_text("Key: this is empty.")
    asked = len(fake.paths)
    await sign_in(page, "schlüssel")
    await expect(alert).to_contain_text("This is not a key")
    assert len(fake.paths) == asked


async def test_a_user_signs_in_by_name_and_password(fake: Fake, visits: Visits) -> None:
    """The password goes to the router once and is kept nowhere; a wrong one is told."""
    fake.needs_key, fake.users = True, {"anna": "correct horse"}
    page = await visits.open(fake)
    await by_name(page, "anna", "wrong")
    alert = page.locator(".login").get_by_role("alert")
    await expect(alert).to_have_text("the name or the password is wrong")
    await by_name(page, "anna", "correct horse")
    await expect(page.get_by_text("41.3")).to_be_visible()
    kept = await page.evaluate("JSON.stringify(sessionStorage)")
    assert "correct horse" not in kept
    assert fake.bodies[-1]["grant_type"] == "password"
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "/auth/logout" in fake.paths
    assert await page.evaluate("sessionStorage.length") == 0


@pytest.mark.nightly
async def test_a_router_without_users_says_so(fake: Fake, visits: Visits) -> None:
    """The form then says that a key is needed."""
    fake.needs_key = True
    page = await visits.open(fake)
    await by_name(page, "anna", "secret")
    await expect(page.get_by_text("This router has no users")).to_be_visible()


async def test_an_access_token_is_renewed_while_one_watches(fake: Fake, visits: Visits) -> None:
    """When it runs out, the stream goes on with the next one, and nobody has to type anything."""
    fake.needs_key, fake.users = True, {"anna": "correct horse"}
    page = await visits.open(fake)
    await by_name(page, "anna", "correct horse")
    await expect(page.get_by_text("41.3")).to_be_visible()
    fake.key = "next-token"
    fake.snapshot["rates"]["tokens_per_second"] = 99.0
    fake.end("unauthorised")
    await expect(page.get_by_text("99", exact=True)).to_be_visible()
    assert fake.paths.count("/auth/refresh") == 1


async def test_a_key_that_was_revoked_ends_the_view(fake: Fake, visits: Visits) -> None:
    """The figures go away, and the form says why."""
    fake.needs_key = True
    page = await visits.open(fake)
    await sign_in(page, KEY)
    await expect(page.get_by_text("41.3")).to_be_visible()
    fake.key = "another"
    fake.end("unauthorised")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(page.get_by_text("this key does not count")).to_be_visible()
    await expect(page.get_by_text("41.3")).to_have_count(0)
    assert await page.evaluate("sessionStorage.length") == 0


@pytest.mark.nightly
async def test_who_may_only_chat_gets_the_playground(fake: Fake, visits: Visits) -> None:
    """The page says which scope the figures need, and asks for none of them."""
    fake.session = canned.session(can={"see": False, "switch": False})
    page = await visits.open(fake)
    await expect(page.get_by_text("needs the scope metrics:read")).to_be_visible()
    await expect(page.get_by_label("Message")).to_be_visible()
    await expect(page.get_by_role("heading", name="Tokens")).to_have_count(0)
    assert "/ui/events" not in fake.paths


@pytest.mark.nightly
async def test_who_may_only_look_can_not_switch_or_chat(fake: Fake, visits: Visits) -> None:
    """Switches are shown as they are, can't be used, and say which scope is missing."""
    fake.session = canned.session(can={"switch": False, "chat": False})
    page = await visits.open(fake)
    await expect(page.get_by_text("Switching needs the scope admin:config.")).to_be_visible()
    switch = page.get_by_role("switch", name="cache.exact")
    await expect(switch).to_have_attribute("aria-disabled", "true")
    await switch.press("Space")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_label("Message")).to_have_count(0)


@pytest.mark.nightly
async def test_a_key_that_may_nothing_is_told(fake: Fake, visits: Visits) -> None:
    """The page is then no empty frame."""
    fake.session = canned.session(can={"see": False, "switch": False, "chat": False})
    page = await visits.open(fake)
    await expect(page.get_by_text("may neither see the figures nor chat")).to_be_visible()


@pytest.mark.nightly
async def test_figures_that_are_refused_are_told(fake: Fake, visits: Visits) -> None:
    """A 403 stops the stream, with its reason, and is not tried again and again."""
    fake.forbidden = "this needs the scope 'metrics:read'"
    page = await visits.open(fake)
    await expect(page.get_by_role("alert").first).to_have_text(fake.forbidden)
    assert fake.paths.count("/ui/events") == 1


async def test_nobody_has_to_sign_in_where_the_door_is_open(fake: Fake, visits: Visits) -> None:
    """The page says that it is open, how to close it, and offers to sign in all the same."""
    fake.session = canned.session(anonymous=True, name="")
    page = await visits.open(fake)
    await expect(page.get_by_text("localai keys create me")).to_be_visible()
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_role("button", name="Back").click()
    await expect(page.get_by_text("41.3")).to_be_visible()
