"""The link to the router: lost, found, and left alone while nobody looks."""

import pytest
from playwright.async_api import Page, expect

from tests.plugins.metrics.dashboard.page.fake import Fake, serving
from tests.plugins.metrics.dashboard.page.visits import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALARM = """{
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (run, pause) => {
        if (pause !== PAUSE) return setTimeout(run, pause);
        globalThis.alarm = run;
        return 0;
    };
}"""
"""Has the test ring the alarm that the page has set for so many milliseconds."""


async def says(page: Page, text: str) -> None:
    """Check what the header says of the link."""
    await expect(page.locator("#link")).to_have_text(text)


async def test_a_reload_of_the_settings_is_no_news(fake: Fake, visits: Visits) -> None:
    """The stream begins again at once, and nothing alarms anybody."""
    page = await visits.open(fake)
    await says(page, "Live")
    fake.snapshot["rates"]["tokens_per_second"] = 99.0
    fake.end("reload")
    await expect(page.get_by_text("99", exact=True)).to_be_visible()
    await says(page, "Live")
    await expect(page.locator("#notices")).to_be_empty()
    assert fake.paths.count("/ui/events") == 2


async def test_a_router_that_is_away_is_told_and_found_again(visits: Visits) -> None:
    """The old figures stay with a notice, it is tried again with pauses, and at once on demand."""
    fake = Fake()
    page = await visits.blank()
    async with serving(fake):
        await page.goto(fake.url)
        await says(page, "Live")
        port = int(fake.url.split(":")[2].split("/")[0])
        fake.end("shutdown")
        await says(page, "No answer")
        await expect(page.get_by_role("alert").first).to_contain_text("The router is stopping.")
    await expect(page.get_by_role("alert").first).to_contain_text("The router does not answer.")
    await expect(page.get_by_text("41.3")).to_be_visible()
    async with serving(fake, port):
        await page.get_by_role("button", name="Try now").click()
        await says(page, "Live")
        await expect(page.locator("#notices")).to_be_empty()


@pytest.mark.nightly
async def test_pauses_grow_up_to_half_a_minute(fake: Fake, visits: Visits) -> None:
    """Each failure doubles the pause, with a share of chance, so that not all come at once."""
    page = await visits.open(fake)
    await says(page, "Live")
    pauses = await page.evaluate(
        """async () => {
            const { Live } = await import("./live.js");
            globalThis.fetch = () => Promise.reject(new TypeError("away"));
            const waits = [];
            await new Promise((done) => {
                globalThis.setTimeout = (run, pause) => {
                    if (pause !== 10_000) { waits.push(pause); queueMicrotask(run); }
                    return 0;
                };
                const state = () => { if (waits.length > 7) { live.stop(); done(); } };
                const live = new Live({ state });
                live.start();
            });
            return waits;
        }"""
    )
    for power, pause in enumerate(pauses):
        middle = min(30_000, 1000 * 2**power)
        assert middle * 0.75 <= pause <= middle * 1.25


@pytest.mark.nightly
async def test_a_router_that_has_gone_silent_is_left(fake: Fake, visits: Visits) -> None:
    """Ten seconds without an event count as a dead link."""
    page = await visits.blank()
    await page.add_init_script(ALARM.replace("PAUSE", "10_000"))
    await page.goto(fake.url)
    await says(page, "Live")
    await page.evaluate("alarm()")
    await expect(page.get_by_role("alert").first).to_contain_text("The router has gone silent.")
    await says(page, "Live")


@pytest.mark.nightly
async def test_a_page_that_nobody_sees_leaves_the_router_alone(fake: Fake, visits: Visits) -> None:
    """After a minute in the background the stream is left, and begun when one looks again."""
    page = await visits.blank()
    await page.add_init_script(ALARM.replace("PAUSE", "60_000"))
    await page.goto(fake.url)
    await says(page, "Live")
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await page.evaluate(hide, True)
    await page.evaluate("alarm()")
    await says(page, "Paused")
    assert fake.paths.count("/ui/events") == 1
    await page.evaluate(hide, False)
    await says(page, "Live")
    assert fake.paths.count("/ui/events") == 2


@pytest.mark.nightly
async def test_a_router_that_is_away_at_first_is_waited_for(fake: Fake, visits: Visits) -> None:
    """The page says so instead of staying empty, and goes on when the router is there."""
    page = await visits.blank()
    await page.route("**/ui/session", lambda route: route.abort())
    await page.goto(fake.url)
    await expect(page.get_by_role("alert")).to_contain_text("The router does not answer.")
    await page.unroute("**/ui/session")
    await page.get_by_role("button", name="Try now").click()
    await says(page, "Live")
