"""Plots: axes, units, values under the pointer and by keyboard."""

import re

import pytest
from playwright.async_api import expect

from tests.plugins.metrics.dashboard.page import canned
from tests.plugins.metrics.dashboard.page.fake import Fake
from tests.plugins.metrics.dashboard.page.visits import PHONE, Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKENS = "Output tokens per second, last 5 minutes; arrow keys read single values"


def flat(value: float | None, number: int = 300) -> list[dict[str, float | None]]:
    """Return points that are all alike."""
    return [
        {"at": canned.NOW - number + at, "tokens_per_second": value, "watts": value}
        for at in range(number)
    ]


async def test_axes_have_round_marks_and_units(fake: Fake, visits: Visits) -> None:
    """The value axis goes from 0 to a round number above all values, the other has full minutes."""
    fake.points = flat(37.0)
    page = await visits.open(fake)
    plot = page.locator(".plot").first
    await expect(plot.locator(".unit")).to_have_text("tokens/s")
    marks = plot.locator(".ruler text")
    await expect(marks.nth(0)).to_have_text("0")
    texts = await marks.all_text_contents()
    values = [float(text) for text in texts if ":" not in text]
    assert values == sorted(values)
    assert values[-1] >= 41.27
    assert len([text for text in texts if ":" in text]) == 5
    line = await plot.locator(".curve").get_attribute("d")
    assert line is not None
    assert line.count("M") == 1


async def test_values_stand_under_the_pointer(fake: Fake, visits: Visits) -> None:
    """Wherever one points, the value with its unit and its time is shown; outside, none is."""
    fake.points = flat(37.0)
    page = await visits.open(fake)
    plot = page.locator(".plot").first
    tip = plot.locator(".tip")
    await expect(tip).to_be_hidden()
    await plot.get_by_role("slider").hover(position={"x": 200, "y": 60})
    await expect(tip).to_contain_text("37 tokens/s")
    await expect(tip).to_contain_text(":")
    await page.mouse.move(0, 0)
    await expect(tip).to_be_hidden()


async def test_values_can_be_read_by_keyboard(fake: Fake, visits: Visits) -> None:
    """Arrow keys go from second to second, and what they reach is told to those who listen."""
    fake.points = flat(37.0)
    page = await visits.open(fake)
    slider = page.get_by_role("slider", name=TOKENS)
    await slider.focus()
    await slider.press("End")
    at_end = "41.3 tokens/s at 11:06:40"
    await expect(slider).to_have_attribute("aria-valuetext", at_end.replace(" tok", "\u00a0tok"))
    await slider.press("ArrowLeft")
    await expect(slider).to_have_attribute("aria-valuenow", "-1")
    await expect(slider).to_have_attribute("aria-valuetext", "37\u00a0tokens/s at 11:06:39")
    await slider.press("PageDown")
    await expect(slider).to_have_attribute("aria-valuenow", "-31")
    await slider.press("Home")
    await expect(slider).to_have_attribute("aria-valuenow", "-300")
    await slider.press("Escape")
    await expect(page.locator(".plot .tip").first).to_be_hidden()


@pytest.mark.nightly
async def test_what_was_not_measured_is_a_gap(fake: Fake, visits: Visits) -> None:
    """No line is drawn over a time without values."""
    points = flat(20.0)
    for point in points[100:150]:
        point["watts"] = None
    fake.points = points
    page = await visits.open(fake)
    line = page.locator(".plot .curve").nth(1)
    await expect(line).to_have_attribute("d", re.compile("^M[^M]+M"))


@pytest.mark.nightly
async def test_a_plot_fits_a_phone(fake: Fake, visits: Visits) -> None:
    """It is as wide as its card, and a touch shows a value."""
    fake.points = flat(37.0)
    page = await visits.open(fake, **PHONE)
    plot = page.locator(".plot").first
    await expect(plot.locator(".curve")).to_have_attribute("d", re.compile("^M"))
    box, card = await plot.locator("svg").bounding_box(), await plot.bounding_box()
    assert box is not None
    assert card is not None
    assert abs(box["width"] - card["width"]) < 2
    await plot.get_by_role("slider").tap(position={"x": 120, "y": 60})
    await expect(plot.locator(".tip")).to_be_visible()
    await expect(plot.locator(".tip")).to_contain_text("37 tokens/s")


@pytest.mark.nightly
async def test_a_plot_spans_what_the_router_keeps(fake: Fake, visits: Visits) -> None:
    """With an hour of history, the axis has an hour, and the values are all of it."""
    fake.points, fake.seconds = flat(37.0, 3600), 3600
    page = await visits.open(fake)
    slider = page.get_by_role("slider", name=TOKENS.replace("last 5", "last 60"))
    await slider.press("Home")
    await slider.press("ArrowRight")
    await expect(slider).to_have_attribute("aria-valuenow", "-3599")
    await expect(slider).to_have_attribute("aria-valuetext", "37\u00a0tokens/s at 10:06:41")
    fake.tell()
    await expect(slider).to_have_attribute("aria-valuemin", "-3600")
