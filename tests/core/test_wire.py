"""Calls are written as Ollama reads them, and its lines are read or refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import wire
from core.errors import (
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    UnsupportedParameter,
    UpstreamFailed,
    UpstreamInvalid,
)
from core.messages import Call, Chunk, File, Function, Message, Options, ToolCall
from core.principal import Principal

CHAT = Call(
    kind="chat",
    dialect="openai",
    model="m",
    stream=True,
    request_id="req_secret",
    principal=Principal(id="alice_secret", tenant="acme_secret"),
    messages=(Message(role="user", content="hi"),),
    headers={"x-secret": "secret"},
)
GENERATE = CHAT.replace(kind="generate", messages=(), prompt="hi")
EMBED = CHAT.replace(kind="embed", messages=(), inputs=("a", "b"), stream=False)


def _body(call: Call) -> tuple[str, dict[str, Any]]:
    path, body = wire.request(call)
    decoded = json.loads(body)
    decoded.pop("options", None)
    return path, decoded


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (
            CHAT,
            "/api/chat",
            {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]},
        ),
        (
            CHAT.replace(messages=(), stream=False),
            "/api/chat",
            {"model": "m", "stream": False, "messages": []},
        ),
        (GENERATE, "/api/generate", {"model": "m", "stream": True, "prompt": "hi"}),
        (EMBED, "/api/embed", {"model": "m", "input": ["a", "b"]}),
    ],
)
def test_only_what_was_asked_is_sent(call: Call, path: str, body: dict[str, Any]) -> None:
    """A plain call is the smallest body that says it, with `stream` always said."""
    assert _body(call) == (path, body)


def test_what_images_are_declared_as_is_not_sent() -> None:
    """Ollama gets the images alone, of every message."""
    look = Message(role="user", content="look", images=("AA==",))
    declared = look.replace(image_types=("image/png",))
    for messages in ((declared,), (look, declared), (declared, look)):
        assert _body(CHAT.replace(messages=messages)) == _body(
            CHAT.replace(messages=(look,) * len(messages))
        )


def test_a_file_is_never_sent() -> None:
    """What no plugin has read is refused, with the place and what to do about it."""
    hello = Message(role="user", content="hi")
    with pytest.raises(UnsupportedParameter, match=r'add "guardrails.uploads" to') as caught:
        wire.request(CHAT.replace(messages=(hello, hello.replace(files=(File(data="AA=="),)))))
    assert caught.value.param == "messages[1].content"


@pytest.mark.parametrize("call", [CHAT, GENERATE, EMBED])
def test_nothing_of_the_caller_is_sent(call: Call) -> None:
    """Ids, tenants and headers stay in the router."""
    assert b"secret" not in wire.request(call)[1]


def test_everything_that_a_call_can_say_is_sent() -> None:
    """No field of a chat is dropped on the way."""
    function = Function(name="f", arguments={"a": [1, None]}, index=1)
    call = CHAT.replace(
        messages=(
            Message(role="user", content="look", images=("AA==",)),
            Message(
                role="assistant",
                content="",
                thinking="hm",
                tool_calls=(ToolCall(id="c1", function=function),),
            ),
            Message(role="tool", content="ok", tool_name="f", tool_call_id="c1"),
        ),
        tools=({"type": "function", "function": {"name": "f"}},),
        options=Options(num_ctx=4096, temperature=0.0, stop=("x",)),
        format={"type": "object"},
        think=False,
        keep_alive=0,
        logprobs=True,
        top_logprobs=2,
        truncate=False,
        shift=False,
    )
    assert json.loads(wire.request(call)[1]) == {
        "model": "m",
        "stream": True,
        "messages": [
            {"role": "user", "content": "look", "images": ["AA=="]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [
                    {
                        "id": "c1",
                        "function": {"index": 1, "name": "f", "arguments": {"a": [1, None]}},
                    }
                ],
            },
            {"role": "tool", "content": "ok", "tool_name": "f", "tool_call_id": "c1"},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "options": {"num_ctx": 4096, "temperature": 0.0, "stop": ["x"]},
        "format": {"type": "object"},
        "think": False,
        "keep_alive": 0,
        "logprobs": True,
        "top_logprobs": 2,
        "truncate": False,
        "shift": False,
    }


def test_everything_that_a_completion_can_say_is_sent() -> None:
    """The fields that only /api/generate has are sent too."""
    extra: dict[str, Any] = {"suffix": "e", "system": "s", "template": "t", "raw": True}
    call = GENERATE.replace(context=(1, 2), images=("AA==",), **extra)
    assert _body(call)[1].items() >= (extra | {"context": [1, 2], "images": ["AA=="]}).items()
    sized = EMBED.replace(dimensions=8, truncate=False, keep_alive="1m")
    assert (
        _body(sized)[1].items() >= {"dimensions": 8, "truncate": False, "keep_alive": "1m"}.items()
    )


def test_a_line_of_a_chat() -> None:
    """Content, thinking, tool calls, model and time are read."""
    line = (
        b'{"model":"m","created_at":"2026-11-20T14:00:00Z","message":{"role":"assistant",'
        b'"content":"a\xc2\x85b","thinking":"hm","tool_calls":[{"id":"c1","function":'
        b'{"index":0,"name":"f","arguments":{"a":1}}}]},"done":false}'
    )
    chunk = wire.chunk(line, CHAT)
    assert chunk == Chunk(
        content="a\u0085b",
        thinking="hm",
        tool_calls=(ToolCall(id="c1", function=Function(name="f", arguments={"a": 1})),),
        model="m",
        created_at="2026-11-20T14:00:00Z",
    )


def test_the_last_line_has_the_counts() -> None:
    """Reason, counts and durations are read from the line that is done."""
    counts = {
        "total_duration": 1,
        "load_duration": 2,
        "prompt_eval_count": 3,
        "prompt_eval_duration": 4,
        "eval_count": 5,
        "eval_duration": 6,
    }
    line = {"response": "x", "context": [1], "done": True, "done_reason": "length"} | counts
    expected = Chunk(content="x", context=(1,), done=True, done_reason="length").replace(**counts)
    assert wire.chunk(json.dumps(line).encode(), GENERATE) == expected


def test_embeddings_are_a_last_line() -> None:
    """An answer of /api/embed is done, though it does not say so."""
    chunk = wire.chunk(b'{"model":"m","embeddings":[[0.5,1]],"prompt_eval_count":2}', EMBED)
    assert chunk.embeddings == ((0.5, 1.0),)
    assert chunk.done
    assert wire.chunk(b'{"model":"m","embeddings":[]}', EMBED).done


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        (b'{"error":"model crashed"}', UpstreamFailed, "model crashed"),
        (b'{"error":{"message":"inner"}}', UpstreamFailed, "inner"),
        (b'{"error":""}', UpstreamFailed, "did not say why"),
        (b'{"error":"request exceeds the available context size"}', ContextTooLong, "num_ctx"),
        (b'{"error":"\\"m\\" does not support tools"}', InvalidRequest, "does not support tools"),
    ],
)
def test_an_error_line_is_raised(line: bytes, kind: type[GatewayError], text: str) -> None:
    """What Ollama reports inside a stream is the error that it would be before it."""
    with pytest.raises(kind, match=text):
        wire.chunk(line, CHAT)


@pytest.mark.parametrize(
    "line",
    [
        b"<html>",
        b"{",
        b"[]",
        b"null",
        b'{"done":1}',
        b'{"message":"text"}',
        b'{"message":{"content":["a"]}}',
        b'{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}',
        b'{"eval_count":"many"}',
        b'{"response":"\xff"}',
        b'{"error":"\xff"}',
        b'{"error":"\\ud800"}',
        b'{"x":' + b"[" * 100_000,
        b'{"done":true} {"done":true}',
    ],
)
def test_what_is_no_answer_of_ollamas_is_refused(line: bytes) -> None:
    """A line of another shape is a 502."""
    with pytest.raises(UpstreamInvalid):
        wire.chunk(line, CHAT)


@settings(max_examples=200)
@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(
                    ["error", "message", "response", "done", "content", "code", "embeddings"]
                ),
                inner,
            )
            | st.lists(inner, max_size=2)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_line_is_a_chunk_or_a_failure(line: bytes) -> None:
    """Whatever comes from upstream, a line never crashes the router."""
    with contextlib.suppress(GatewayError):
        assert isinstance(wire.chunk(line, CHAT), Chunk)
