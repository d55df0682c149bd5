"""What is noted of each call to an Ollama while it runs."""

from contextlib import aclosing
from typing import Any

import pytest

from core.attempt import Attempt
from core.errors import UpstreamUnreachable
from core.messages import Call
from tests.core.test_ollama import CHAT, fails, free_url, opened
from tests.double import OllamaDouble, Script, faults


def call(**changes: Any) -> Call:
    """Return a call with work of its own."""
    return CHAT.apart(**changes)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_whole_answer_is_an_attempt(double: OllamaDouble, stream: bool) -> None:
    """It has its host, its times and counts, and is over before the last chunk goes on."""
    asked = call(stream=stream)
    over = []
    async with opened(double.url) as ollama, aclosing(ollama.infer(asked)) as chunks:
        async for chunk in chunks:
            (attempt,) = asked.work.attempts
            over.append((chunk.done, attempt.ended is not None))
    assert set(over) <= {(False, False), (True, True)}
    assert (attempt.host, attempt.label, attempt.outcome) == (double.url, "1", "ok")
    assert attempt.pieces == len(over)
    assert attempt.last is not None
    assert attempt.last.eval_count


async def test_what_fails_or_is_left_is_an_attempt(double: OllamaDouble) -> None:
    """A failure has its class, an answer that is left has none; both have what came by then."""
    failed, left = call(), call()
    async with opened(double.url) as ollama:
        double.script(Script(fault=faults.EndWithoutDone(2)))
        await fails(ollama, failed)
        async with aclosing(ollama.infer(left)) as chunks:
            await anext(chunks)
    assert [(each.outcome, each.pieces) for each in failed.work.attempts] == [
        ("UpstreamInvalid", 2)
    ]
    assert [(each.outcome, each.pieces) for each in left.work.attempts] == [("canceled", 1)]
    assert all(each.ended is not None for each in failed.work.attempts + left.work.attempts)


async def test_the_next_address_is_the_same_attempt(double: OllamaDouble) -> None:
    """The host that took the request is the attempt's; where nobody is there, none was made."""
    asked, nowhere = call(), call(host=await free_url())
    async with opened(await free_url(), double.url) as ollama:
        async with aclosing(ollama.infer(asked)) as chunks:
            async for _ in chunks:
                pass
        error, _ = await fails(ollama, nowhere)
    assert [each.label for each in asked.work.attempts] == ["2"]
    assert isinstance(error, UpstreamUnreachable)
    assert nowhere.work.attempts == []


async def test_headers_of_watchers_are_sent(double: OllamaDouble) -> None:
    """What a watcher sets while the attempt begins reaches Ollama."""

    def trace(attempt: Attempt) -> None:
        attempt.headers["traceparent"] = "00-1-2-01"

    async with opened(double.url) as ollama, aclosing(ollama.infer(call(), [trace])) as chunks:
        async for _ in chunks:
            pass
    (asked,) = [each for each in double.received if each.path == "/api/chat"]
    assert (b"traceparent", b"00-1-2-01") in asked.headers
