"""Headers that plugins set late: after a stream has begun, and before an error."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from localai import Call, Chunks, Handler, InvalidRequest, UpstreamInvalid, hookimpl
from tests.double import OllamaDouble
from tests.integration.trailing import Whole, post
from tests.support import Router, routing, toml_for


class Late:
    """A plugin that sets headers before the first chunk, after it, and before a failure."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer with headers; fail before anything is said, or half way, where that is asked."""

        async def late(call: Call) -> Chunks:
            asked = call.messages[0].content
            call.headers.update({"x-localai-early": "1", "x-localai-both": "1", "x-other": "1"})
            if asked == "fail":
                raise InvalidRequest("no")
            async with aclosing(next(call)) as chunks:
                yield await anext(chunks)
                call.headers.update(LATE | {"x-late": "1"})
                if asked == "break":
                    raise UpstreamInvalid("half")
                async for chunk in chunks:
                    yield chunk

        return late


LATE = {"x-localai-guardrail": "a=b", "x-localai-both": "2"}


@pytest.fixture
async def late(double: OllamaDouble, tmp_path: Path) -> AsyncIterator[Router]:
    """A router with that plugin."""
    toml = toml_for(double.url, "late", f'[plugins.late]\nuse = "{__name__}:Late"')
    async with routing(toml, tmp_path) as running:
        yield running


async def ask(late: Router, path: str, text: str = "hi", **more: Any) -> Whole:
    """Return the answer to a chat."""
    headers = more.pop("headers", {})
    body = {"model": "tiny", "messages": [{"role": "user", "content": text}]} | more
    return await post(late.url, path, body, **headers)


CHATS = pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])


@CHATS
async def test_late_headers_come_as_trailers(late: Router, path: str) -> None:
    """What plugins set or change after the first chunk follows the stream, if it is our own."""
    answer = await ask(late, path, stream=True)
    assert answer.trailers == LATE
    assert answer.headers["trailer"] == "x-localai-guardrail"
    early = ("x-localai-early", "x-localai-both", "x-other")
    assert [answer.headers[name] for name in early] == ["1", "1", "1"]


@CHATS
async def test_late_headers_are_dropped_for_who_takes_none(late: Router, path: str) -> None:
    """Without `TE: trailers` the stream ends as it always has."""
    answer = await ask(late, path, stream=True, headers={"te": "gzip"})
    assert (answer.status, answer.trailers) == (200, {})
    assert "trailer" not in answer.headers


@CHATS
async def test_a_plain_answer_has_all_in_its_head(late: Router, path: str) -> None:
    """A plain answer is sent when all is known."""
    answer = await ask(late, path, stream=False)
    assert answer.trailers == {}
    assert "trailer" not in answer.headers
    assert answer.headers.items() >= LATE.items()


@CHATS
async def test_a_stream_that_breaks_has_trailers_too(late: Router, path: str) -> None:
    """After the event of the error comes what was known by then."""
    answer = await ask(late, path, "break", stream=True)
    assert answer.trailers == LATE
    assert "half" in answer.body


@CHATS
@pytest.mark.parametrize("stream", [True, False])
async def test_errors_have_our_own_headers(late: Router, path: str, stream: bool) -> None:
    """An error says what plugins had found out by then, and nothing that is not ours."""
    answer = await ask(late, path, "fail", stream=stream)
    assert answer.status == 400
    assert answer.headers["x-localai-early"] == "1"
    assert "x-other" not in answer.headers
    answer = await ask(late, path, messages=3, stream=stream)
    assert answer.status == 400
    assert "x-localai-early" not in answer.headers
