"""What the cards show of a snapshot."""

import pytest
from playwright.async_api import Page, expect

from tests.plugins.metrics.dashboard.page import canned
from tests.plugins.metrics.dashboard.page.fake import Fake
from tests.plugins.metrics.dashboard.page.visits import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def shows(page: Page, card: str, *texts: str) -> None:
    """Check that a card has these texts."""
    region = page.get_by_role("region", name=card, exact=True)
    for text in texts:
        await expect(region).to_contain_text(text)


async def test_each_figure_has_its_unit(fake: Fake, visits: Visits) -> None:
    """All cards are there, with figures that people can read."""
    page = await visits.open(fake)
    await shows(page, "Tokens", "41.3 tokens/s", "512 tokens/s", "0.8 /s", "Peak in plot")
    await shows(page, "Requests", "Running2", "Waiting3", "12,345", "17")
    await shows(page, "Models in memory", "64 GiB of 112 GiB GTT", "18.6 GiB", "32,768", "50 GiB")
    await shows(page, "Models in memory", "in 4 min 40 s", "stays", "512 MiB of 1 GiB")
    await shows(page, "Power", "96.4 W", "413 Wh", "131 Wh", "68 °C", "measured")
    await shows(page, "Cost", "€0.12", "€0.04", "157 g", "€3.86", "today")
    await shows(page, "Cache", "36%", "1,204", "96", "2,310")
    await shows(page, "Latency", "of 214 in 5 min", "310 ms", "1.9 s", "0.7 ms", "19 ms")
    await shows(page, "Recent errors", "UpstreamTimeout", "llama3.3:70b", "req-upstream4")
    await shows(page, "Guardrails", "pii.card", "redact", "12", "29")


async def test_the_queue_has_its_positions(fake: Fake, visits: Visits) -> None:
    """Who waits is listed in order, with their time and the time that is left."""
    page = await visits.open(fake)
    waiting = page.get_by_role("list", name="Waiting").get_by_role("listitem")
    await expect(waiting).to_have_text(
        [
            "1user:carlawaits for 4 s, about 6 s to go",
            "2key:nightly-reportswaits for 2.5 s, about 14 s to go",
            "3user:dorawaits for 400 ms, about 21 s to go",
        ]
    )


async def test_each_second_changes_what_is_shown(fake: Fake, visits: Visits) -> None:
    """A snapshot replaces the one before it, and nobody is told of figures aloud."""
    page = await visits.open(fake)
    await shows(page, "Tokens", "41.3")
    queue = canned.snapshot()["queue"][0]
    fake.tell(
        rates={"tokens_per_second": 7.5},
        queue=[queue | {"waiting": 1, "next": queue["next"][2:]}],
        models=[],
    )
    await shows(page, "Tokens", "7.5 tokens/s")
    await shows(page, "Models in memory", "No model is in memory")
    await expect(page.get_by_role("list", name="Waiting").get_by_role("listitem")).to_have_count(1)
    assert await page.get_by_role("status").all_inner_texts() == ["Live", ""]


@pytest.mark.nightly
async def test_a_new_router_has_empty_cards_that_say_so(fake: Fake, visits: Visits) -> None:
    """What is not known is a dash, and each card says why it is empty."""
    fake.snapshot, fake.points = canned.EMPTY, []
    page = await visits.open(fake)
    await shows(page, "Tokens", "–", "Nothing measured yet.")
    await shows(page, "Requests", "No model is busy.")
    await shows(page, "Models in memory", "No model is in memory", "not known on this machine")
    await shows(page, "Power", "no meter is on")
    await shows(page, "Cost", "Electricity–")
    await shows(page, "Cache", "Nothing has been looked up yet.")
    await shows(page, "Latency", "No answer in the last minutes.")
    await shows(page, "Recent errors", "No errors.")
    await shows(page, "Guardrails", "No guard had to act.")


@pytest.mark.nightly
async def test_what_is_wrong_with_the_router_is_said_above(fake: Fake, visits: Visits) -> None:
    """A settings file that was not taken, an Ollama that is away, the built-in engine."""
    page = await visits.open(fake)
    await shows(page, "Tokens", "41.3")
    notices = page.locator("#notices")
    await expect(notices).to_be_empty()
    fake.tell(reload_error="line 7: unknown setting 'tll'", hosts=[{"label": "2", "up": False}])
    await expect(notices.get_by_role("alert")).to_have_count(2)
    await expect(notices).to_contain_text("line 7: unknown setting 'tll'")
    await expect(notices).to_contain_text("host 2 of [ollama] hosts")
    fake.tell(reload_error=None, engine="embedded")
    await expect(notices).to_contain_text("start Ollama")
    await expect(notices.get_by_role("alert")).to_have_count(0)


async def test_names_and_errors_stay_text(fake: Fake, visits: Visits) -> None:
    """Markup in whatever the router tells is shown as it was written, and does nothing."""
    evil = canned.EVIL
    fake.session = canned.session(name=evil)
    fake.models = [evil]
    turn = {"caller": evil, "seconds": 1, "waited": 1, "eta": 1, "position": 1}
    fake.snapshot = canned.snapshot(
        reload_error=evil,
        hosts=[{"label": evil, "up": False}, {"label": "2", "up": True}],
        queue=[{"model": evil, "running": [turn], "waiting": 1, "next": [turn]}],
        models=[{"name": evil, "host": evil, "bytes": 1, "gpu_bytes": 1, "context": 1}],
        errors=[
            {"at": 1, "request_id": evil, "model": evil, "outcome": evil, "route": evil},
        ],
        guardrails=[{"guard": evil, "action": evil, "count": 1}],
        cost={"currency": evil, "money_today": 1, "saved_today": 1, "cloud_today": 1},
        power={"source": evil},
    )
    fake.plugins = [canned.plugin(evil, evil, why_not=evil, switchable=False)]
    page = await visits.open(fake)
    await expect(page.locator(".plugin .name")).to_have_text(evil)
    for card in ("Requests", "Models in memory", "Recent errors", "Guardrails", "Cost"):
        await shows(page, card, evil)
    assert await page.title() == "LocalAI router"
    assert await page.locator("img, #main script").count() == 0


@pytest.mark.nightly
async def test_a_caller_is_nobody_where_the_router_does_not_say(fake: Fake, visits: Visits) -> None:
    """Those without the right to see callers see places and times only."""
    turn = {"caller": None, "position": 1, "waited": 2.0, "eta": None}
    fake.snapshot["queue"] = [{"model": "m", "running": [], "waiting": 9, "next": [turn]}]
    page = await visits.open(fake)
    waiting = page.get_by_role("list", name="Waiting").get_by_role("listitem")
    await expect(waiting).to_have_text("1somebodywaits for 2 s")
    await shows(page, "Requests", "and 8 more")


@pytest.mark.nightly
async def test_models_of_other_machines_do_not_fill_this_ones_memory(
    fake: Fake, visits: Visits
) -> None:
    """They are listed with their host, and the bar has the local ones."""
    gib = canned.GIB
    model = {"bytes": 20 * gib, "gpu_bytes": 10 * gib, "context": 1, "expires_at": None}
    fake.snapshot["hosts"] = [{"label": "1", "up": True, "local": True},
                              {"label": "2", "up": True, "local": False}]  # fmt: skip
    fake.snapshot["models"] = [model | {"name": "near", "host": "1"},
                               model | {"name": "far", "host": "2"}]  # fmt: skip
    page = await visits.open(fake)
    bar = page.get_by_role("img", name="Memory of the GPU")
    label = "Memory of the GPU: near 10 GiB, other 54 GiB, free 48 GiB of 112 GiB"
    await expect(bar).to_have_accessible_name(label)
    rows = page.get_by_role("table", name="Models in memory").get_by_role("row")
    await expect(rows).to_contain_text(["Host", "20 GiB, 50% on the GPU", "far"])
