"""Everybody can use the page: by keyboard, on a phone, in the dark, with a screen reader."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.plugins.metrics.dashboard.page import canned
from tests.plugins.metrics.dashboard.page.fake import Fake, delta, finish
from tests.plugins.metrics.dashboard.page.visits import DARK, DESK, SMALL, Visits, shoot

pytestmark = pytest.mark.asyncio(loop_scope="session")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def accessible(page: Page) -> None:
    """Check the page by the rules of WCAG 2.2 AA, and those of good practice."""
    found = await Axe().run(page, options=RULES)
    nodes = [
        (rule["id"], node["target"], node["failureSummary"])
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]
    assert nodes == []


async def fits(page: Page) -> None:
    """Check that nothing has to be scrolled sideways."""
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(width) == 0
    cut = """[...document.querySelectorAll(".scroll, .card, .top")]
        .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className)"""
    assert await page.evaluate(cut) == []


async def in_each_look(page: Page, name: str) -> None:
    """Check what is shown in light at a desk, and in the dark on a phone."""
    await accessible(page)
    await shoot(page, f"{name}-light")
    await page.emulate_media(color_scheme="dark")
    await shoot(page, f"{name}-dark")
    await page.set_viewport_size(SMALL)
    await accessible(page)
    await fits(page)
    await shoot(page, f"{name}-phone")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESK)


async def test_the_dashboard_is_accessible(fake: Fake, visits: Visits) -> None:
    """Contrast, names, roles and sizes are right, with everything on the page that it can have."""
    fake.session = canned.session(anonymous=True)
    fake.snapshot = canned.snapshot(reload_error="line 3: unknown setting", engine="embedded")
    fake.chat = [delta(reasoning="Hm."), delta(content="Hello."), *finish()]
    fake.refusal = 409, "there is no file to edit"
    page = await visits.open(fake)
    await page.get_by_role("switch", name="routing.quiet").click()
    await expect(page.get_by_text("there is no file to edit")).to_be_visible()
    fake.refusal = None
    await page.get_by_label("Message").fill("Hello")
    await page.get_by_label("Message").press("Control+Enter")
    await expect(page.get_by_text("38 tokens")).to_be_visible()
    await page.get_by_role("slider").first.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator(".tip").first).to_be_visible()
    await in_each_look(page, "dashboard")


async def test_empty_cards_and_the_question_are_accessible(fake: Fake, visits: Visits) -> None:
    """So are the page of a new router, and the question before switching off."""
    fake.snapshot, fake.points = canned.EMPTY, []
    page = await visits.open(fake)
    await page.get_by_role("switch", name="cache.exact").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await in_each_look(page, "question")
    await page.keyboard.press("Escape")
    await page.set_viewport_size(SMALL)
    await accessible(page)
    await fits(page)
    await shoot(page, "empty-phone")


async def test_signing_in_is_accessible(fake: Fake, visits: Visits) -> None:
    """So is the form, with what it says of a field that is empty."""
    fake.needs_key = True
    page = await visits.open(fake)
    await page.get_by_role("radio", name="Name and password").check()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".login .problem")).to_be_visible()
    await in_each_look(page, "login")


async def test_the_keyboard_reaches_everything_in_order(fake: Fake, visits: Visits) -> None:
    """First comes the link that skips the header, then what there is from top to bottom."""
    page = await visits.open(fake)
    await expect(page.get_by_role("switch").first).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    reached = []
    for _ in range(33):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate(
                """() => { const { role, id, tagName, textContent } = document.activeElement;
                           return id || role || (tagName === "A" ? textContent : tagName); }"""
            )
        )
    links = ["Now", "Cost and quality", "Plugins", "Playground"]
    switches = ["switch"] * (len(canned.PLUGINS) - 1)
    folded = ["SUMMARY"]
    plots = ["slider", "slider"]
    rest = ["model", "prompt", "BUTTON"]
    wanted = [*links, "sign", "theme", *plots, *switches, *folded, *rest]
    assert [each for each in reached if each != "BODY"][: len(wanted)] == wanted


async def test_the_theme_is_the_systems_until_one_is_chosen(fake: Fake, visits: Visits) -> None:
    """The button turns it over and it stays so; the system's own again is no choice."""
    page = await visits.open(fake, **DARK)
    button = page.get_by_role("button", name="Dark colours")
    background = "getComputedStyle(document.body).backgroundColor"
    await expect(button).to_have_attribute("aria-pressed", "true")
    dark = await page.evaluate(background)
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "false")
    light = await page.evaluate(background)
    assert light != dark
    await page.reload()
    assert await page.evaluate(background) == light
    await button.click()
    assert await page.evaluate(background) == dark
    assert await page.evaluate("localStorage.length") == 0


@pytest.mark.nightly
async def test_nothing_moves_for_those_who_do_not_want_that(fake: Fake, visits: Visits) -> None:
    """With reduced motion, no transition and no smooth scrolling is left."""
    page = await visits.open(fake, reduced_motion="reduce")
    await expect(page.get_by_role("switch").first).to_be_visible()
    moving = """[...document.querySelectorAll("*")].filter((node) => {
        const look = getComputedStyle(node);
        return look.transitionDuration !== "0s" || look.animationName !== "none"
            || look.scrollBehavior === "smooth";
    }).length"""
    assert await page.evaluate(moving) == 0
