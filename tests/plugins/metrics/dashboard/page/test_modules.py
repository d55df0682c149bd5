"""The scripts that others are made of: figures, axes, events. They run in the browser."""

import json
from typing import Any

import pytest
from playwright.async_api import Page

from tests.plugins.metrics.dashboard.page.fake import Fake
from tests.plugins.metrics.dashboard.page.visits import Visits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def beside(fake: Fake, visits: Visits) -> Page:
    """Return a page from which the scripts can be imported, and that is quickly there."""
    page = await visits.blank()
    await page.goto(f"{fake.url}icon.svg")
    return page


async def called(page: Page, module: str, function: str, *calls: Any) -> list[Any]:
    """Return what a function returns for each of the lists of arguments."""
    script = """async ([module, name, calls]) => {
        const found = (await import(`./${module}.js`))[name];
        return calls.map((values) => found(...values));
    }"""
    answers: list[Any] = await page.evaluate(script, [module, function, calls])
    return [each.replace("\u00a0", " ") if isinstance(each, str) else each for each in answers]


async def formatted(page: Page, function: str, *values: Any) -> list[Any]:
    """Return figures as they are shown."""
    return await called(page, "format", function, *([value] for value in values))


async def test_figures_are_short_and_have_units(fake: Fake, visits: Visits) -> None:
    """Three digits that count, the unit that fits, and a dash for what is not known."""
    page = await beside(fake, visits)
    spans = [None, 0.00042, 0.85, 0.9994, 1.234, 59.94, 59.96, 125, 3600, 11_100, 100_000]
    assert await formatted(page, "duration", *spans) == [
        "–", "0.42 ms", "850 ms", "999 ms", "1.23 s", "59.9 s", "1 min", "2 min 5 s", "1 h",
        "3 h 5 min", "1 d 3 h",
    ]  # fmt: skip
    sizes = [0, 1023, 1024, 18.6 * 1024**3, 3 * 1024**5]
    shown = ["0 B", "1,023 B", "1 KiB", "18.6 GiB", "3,072 TiB"]
    assert await formatted(page, "bytes", *sizes) == shown
    assert await formatted(page, "energy", 0.01234, 999, 1200) == ["0.0123 Wh", "999 Wh", "1.2 kWh"]
    assert await formatted(page, "percent", 0.365, 1, None) == ["36.5%", "100%", "–"]
    money = [
        [0.1237, "EUR"],
        [0.00000371, "USD"],
        [2, "credits"],
        [2, ""],
        [0, "EUR"],
        [None, "EUR"],
    ]
    shown = ["€0.12", "$0.0000037", "2.00 credits", "2.00", "€0.00", "–"]
    assert await called(page, "format", "money", *money) == shown
    moments = await formatted(page, "moment", 5, "2026-11-22T00:00:00.123456789Z", None, "soon")
    assert moments == [5, 1_795_305_600.123, None, None]


async def test_an_axis_goes_from_nought_past_the_highest_value(fake: Fake, visits: Visits) -> None:
    """For every highest value: few marks, even steps, and the last but one is still below it."""
    page = await beside(fake, visits)
    values = [
        0,
        *(digit * 10.0**power for power in range(-3, 9) for digit in (1, 1.01, 2.4, 7, 9.9)),
    ]
    for value, marks in zip(
        values,
        await called(page, "scale", "ticks", *([each, 0.001] for each in values)),
        strict=True,
    ):
        top = max(value, 0.001)
        step = marks[1]
        assert marks[0] == 0
        assert marks[-2] < top <= marks[-1] * 1.000001
        assert 3 <= len(marks) <= 5
        assert marks == pytest.approx([step * at for at in range(len(marks))])


async def test_events_are_the_same_however_they_are_cut(fake: Fake, visits: Visits) -> None:
    """Wherever the bytes of a stream are cut in two, the same events and comments come out."""
    page = await beside(fake, visits)
    text = (
        "event: history\r\ndata: {\r\ndata: }\r\n\r\n: place=1\n\nid: 7\ndata:äöü€\n\n"
        "event: end\ndata\n\nevent: nothing\n\ndata: cut off"
    )
    script = """async (text) => {
        const { events } = await import("./sse.js");
        const bytes = new TextEncoder().encode(text);
        const seen = new Set();
        for (let cut = 0; cut <= bytes.length; cut += 1) {
            const found = [];
            const body = new ReadableStream({
                start(stream) {
                    stream.enqueue(bytes.slice(0, cut));
                    stream.enqueue(bytes.slice(cut));
                    stream.close();
                },
            });
            for await (const event of events(body)) found.push(event);
            seen.add(JSON.stringify(found));
        }
        return [...seen];
    }"""
    (only,) = await page.evaluate(script, text)
    assert json.loads(only) == [
        {"event": "history", "data": "{\n}"},
        {"comment": "place=1"},
        {"event": "message", "data": "äöü€"},
        {"event": "end", "data": ""},
    ]


async def test_a_list_keeps_its_elements(fake: Fake, visits: Visits) -> None:
    """Items that stay keep their elements in whatever order they come; others come and go."""
    page = await beside(fake, visits)
    script = """async (orders) => {
        const { sync, el, say } = await import("./dom.js");
        const list = el("ul");
        const first = new Map();
        let kept = true;
        const texts = orders.map((order) => {
            const make = () => el("li");
            sync(list, [...order], (item) => item, make, (node, item) => say(node, item));
            const now = new Map([...list.children].map((node) => [node.textContent, node]));
            for (const [text, node] of now) if (first.has(text)) kept &&= first.get(text) === node;
            first.clear();
            for (const [text, node] of now) first.set(text, node);
            return list.textContent;
        });
        return [texts, kept];
    }"""
    orders = ["abc", "cab", "", "xay", "yax", "bax", "aabx"]
    texts, kept = await page.evaluate(script, orders)
    assert texts == [*orders[:-1], "abx"]
    assert kept
