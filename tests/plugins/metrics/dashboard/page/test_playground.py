"""The playground: a conversation that streams."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.plugins.metrics.dashboard.page import canned
from tests.plugins.metrics.dashboard.page.fake import Fake, delta, finish
from tests.plugins.metrics.dashboard.page.visits import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(page: Page, text: str = "Hello") -> None:
    """Send a message."""
    await page.get_by_label("Message").fill(text)
    await page.get_by_role("button", name="Send").click()


async def test_an_answer_is_seen_while_it_is_written(fake: Fake, visits: Visits) -> None:
    """Each piece is shown as it comes; at the end stand tokens, times and energy."""
    more = asyncio.Event()
    energy = {"wh": 0.0123, "money": 1e-5, "co2_grams": 0.01, "source": "measured"}
    fake.chat = [
        delta(role="assistant", content=""),
        delta(reasoning="Let me see."),
        delta(content="Hel"),
        more,
        delta(content="lo"),
        *finish(x_localai=energy),
    ]
    page = await visits.open(fake)
    await page.get_by_label("Model", exact=True).select_option("llama3.2")
    await ask(page)
    words = page.locator(".turn:not(.own) > .words")
    await expect(words).to_have_text("Hel")
    log = page.get_by_role("log", name="Conversation")
    await expect(log).to_have_attribute("aria-busy", "true")
    more.set()
    await expect(words).to_have_text("Hello")
    await expect(log).to_have_attribute("aria-busy", "false")
    await expect(log).to_contain_text("38 tokens")
    await expect(log).to_contain_text("0.0123 Wh")
    await page.get_by_text("Thinking").click()
    await expect(page.get_by_text("Let me see.")).to_be_visible()
    assert fake.bodies == [
        {
            "model": "llama3.2",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


@pytest.mark.nightly
async def test_a_conversation_goes_on_and_begins_anew(fake: Fake, visits: Visits) -> None:
    """What was said goes along with the next message, until one begins a new conversation."""
    fake.chat = [delta(content="Hello!"), *finish()]
    page = await visits.open(fake)
    await ask(page)
    await expect(page.get_by_role("button", name="New conversation")).to_be_visible()
    await page.get_by_label("Message").fill("Again")
    await page.get_by_label("Message").press("Control+Enter")
    await expect(page.locator(".turn:not(.own) .hint")).to_contain_text(["38 tokens", "38 tokens"])
    said = [message["content"] for message in fake.bodies[1]["messages"]]
    assert said == ["Hello", "Hello!", "Again"]
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.get_by_role("log")).to_be_hidden()
    await ask(page, "Anew")
    await expect(page.get_by_text("38 tokens")).to_be_visible()
    assert [message["content"] for message in fake.bodies[2]["messages"]] == ["Anew"]


async def test_stop_ends_the_answer_at_the_router(fake: Fake, visits: Visits) -> None:
    """The connection is closed, so that the model is stopped; what was written stays."""
    fake.chat = [delta(content="Once upon"), asyncio.Event()]
    page = await visits.open(fake)
    await ask(page)
    await expect(page.get_by_text("Once upon")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    async with asyncio.timeout(30):
        await fake.left.wait()
    await expect(page.get_by_text("stopped")).to_be_visible()
    await expect(page.get_by_role("button", name="Send")).to_be_visible()


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"error": {"message": "the model ran out of memory", "code": "x"}}, "ran out of memory"),
        ("", "The answer broke off before its end"),
    ],
)
@pytest.mark.nightly
async def test_an_answer_that_breaks_off_says_so(
    fake: Fake, visits: Visits, end: object, told: str
) -> None:
    """An error inside the stream, or an end without its mark, is told; the message comes back."""
    fake.chat = [delta(content="Half an"), end]
    page = await visits.open(fake)
    await ask(page, "Tell me")
    await expect(page.locator(".ask .problem")).to_contain_text(told)
    await expect(page.get_by_text("Half an")).to_be_visible()
    await expect(page.get_by_label("Message")).to_have_value("Tell me")


@pytest.mark.nightly
async def test_a_refusal_is_told_in_the_routers_words(fake: Fake, visits: Visits) -> None:
    """Such as that of a limit."""
    fake.refusal = 429, "60 requests a minute are allowed: try again in 12 s"
    page = await visits.open(fake)
    await ask(page)
    await expect(page.locator(".ask .problem")).to_have_text(fake.refusal[1])


@pytest.mark.nightly
async def test_a_place_in_line_is_shown(fake: Fake, visits: Visits) -> None:
    """While the answer waits, what the queue tells is shown, and then taken away."""
    more = asyncio.Event()
    fake.chat = [": position=2, eta=5", more, delta(content="Here"), *finish("length")]
    page = await visits.open(fake)
    await ask(page)
    await expect(page.get_by_text("Waiting in line, place 2, about 5 s to go…")).to_be_visible()
    more.set()
    await expect(page.get_by_text("cut off at the most tokens")).to_be_visible()


async def test_an_answer_stays_text(fake: Fake, visits: Visits) -> None:
    """Markup that a model writes is shown as it is written, and does nothing."""
    fake.chat = [delta(reasoning=canned.EVIL), delta(content=canned.EVIL), *finish()]
    page = await visits.open(fake)
    await ask(page, canned.EVIL)
    await expect(page.get_by_text("38 tokens")).to_be_visible()
    await expect(page.locator(".turn:not(.own) > .words")).to_have_text(canned.EVIL)
    assert await page.title() == "LocalAI router"
    assert await page.locator("img").count() == 0


@pytest.mark.nightly
async def test_without_a_model_the_command_is_named(fake: Fake, visits: Visits) -> None:
    """An Ollama that has no model needs one first."""
    fake.models = []
    page = await visits.open(fake)
    await expect(page.locator(".ask .problem")).to_contain_text("ollama pull")
