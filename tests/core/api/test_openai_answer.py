"""Chunks become what OpenAI's clients read: unique ids, the role once, a separate finish."""

import array
import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.openai_answer import ChatForm, CompletionForm, embeddings, finish_reason
from core.messages import Call, Chunk, Function, Message, ToolCall
from core.principal import Principal

CALL = Call(
    kind="chat",
    dialect="openai",
    model="m",
    stream=True,
    request_id="r",
    principal=Principal(id="me"),
    messages=(Message(role="user", content="hi"),),
)
DONE = Chunk(done=True, done_reason="stop", prompt_eval_count=3, eval_count=4)
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
LOGPROB = {
    "token": "a",
    "logprob": -0.5,
    "bytes": [97],
    "top_logprobs": [{"token": "b", "logprob": -1.0}],
}


def tool(name: str, id: str = "", **arguments: Any) -> ToolCall:
    """Return a tool call."""
    return ToolCall(id=id, function=Function(name=name, arguments=arguments))


def events(form: ChatForm | CompletionForm, *chunks: Chunk) -> list[Any]:
    """Return the events of a stream, checked for framing; `[DONE]` stays a text."""
    stream = form.begin(chunks[0]) + b"".join(map(form.piece, chunks)) + form.end()
    frames = stream.decode().split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in frames)
    assert frames[-1] == "data: [DONE]"
    return [json.loads(frame.removeprefix("data: ")) for frame in frames[:-1]]


def test_a_stream_in_full() -> None:
    """Role, content, finish and `[DONE]` come in this order, each in its own event."""
    got = events(ChatForm(CALL), Chunk(content="He", model="m"), Chunk(content="llo"), DONE)
    assert [event["choices"][0]["delta"] for event in got] == [
        {"role": "assistant", "content": ""},
        {"content": "He"},
        {"content": "llo"},
        {},
    ]
    reasons = [event["choices"][0]["finish_reason"] for event in got]
    assert reasons == [None, None, None, "stop"]
    assert all("usage" not in event for event in got)
    assert {event["object"] for event in got} == {"chat.completion.chunk"}


def test_one_id_and_one_created_for_a_whole_stream() -> None:
    """All events of a stream share id, created and model; no two streams share an id."""
    got = events(ChatForm(CALL), Chunk(content="a"), DONE)
    assert len({(event["id"], event["created"], event["model"]) for event in got}) == 1
    ids = {events(ChatForm(CALL), DONE)[0]["id"] for _ in range(100)}
    assert len(ids) == 100
    assert all(id.startswith("chatcmpl-") for id in ids)


def test_usage_is_its_own_event_and_null_elsewhere() -> None:
    """With `include_usage` the last event has it with no choices; all others say null."""
    got = events(ChatForm(CALL, usage=True), Chunk(content="a"), DONE)
    assert [event["usage"] for event in got] == [None, None, None, USAGE]
    assert got[-1]["choices"] == []


def test_thinking_comes_apart_from_content() -> None:
    """Thoughts are `reasoning`, before the content of the same chunk."""
    got = events(ChatForm(CALL), Chunk(thinking="hm"), Chunk(thinking="so", content="a"), DONE)
    deltas = [event["choices"][0]["delta"] for event in got[1:-1]]
    assert deltas == [{"reasoning": "hm"}, {"reasoning": "so"}, {"content": "a"}]


@pytest.mark.parametrize("on_done", [False, True], ids=["mid-stream", "on the done object"])
def test_tool_calls_of_both_shapes(on_done: bool) -> None:
    """A call before the last object or on it is one delta, and the finish says `tool_calls`."""
    calls = (tool("f", "call_1", a=1), tool("g", "call_2"))
    chunks = [DONE.replace(tool_calls=calls)] if on_done else [Chunk(tool_calls=calls), DONE]
    got = events(ChatForm(CALL), *chunks)
    deltas = [event["choices"][0]["delta"] for event in got]
    assert deltas[1] == {
        "tool_calls": [
            {
                "index": 0,
                "id": "call_1",
                "type": "function",
                "function": {"name": "f", "arguments": '{"a":1}'},
            },
            {
                "index": 1,
                "id": "call_2",
                "type": "function",
                "function": {"name": "g", "arguments": "{}"},
            },
        ]
    }
    assert deltas[2:] == [{}]
    assert got[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_tool_calls_are_counted_over_the_whole_stream() -> None:
    """Ollama numbers per object or not at all, clients need one count."""
    got = events(
        ChatForm(CALL), Chunk(tool_calls=(tool("f"),)), Chunk(tool_calls=(tool("g"),)), DONE
    )
    calls = [call for event in got for call in event["choices"][0]["delta"].get("tool_calls", ())]
    assert [call["index"] for call in calls] == [0, 1]
    assert len({call["id"] for call in calls}) == 2
    assert all(call["id"].startswith("call_") for call in calls)


def test_without_parallel_calls_only_the_first_is_kept() -> None:
    """`parallel_tool_calls: false` keeps one call, streamed and whole."""
    chunks = (Chunk(tool_calls=(tool("f"), tool("g"))), DONE.replace(tool_calls=(tool("h"),)))
    got = events(ChatForm(CALL, one_tool_call=True), *chunks)
    calls = [call for event in got for call in event["choices"][0]["delta"].get("tool_calls", ())]
    assert [call["function"]["name"] for call in calls] == ["f"]
    assert got[-1]["choices"][0]["finish_reason"] == "tool_calls"
    whole = json.loads(ChatForm(CALL, one_tool_call=True).whole(chunks[0].replace(done=True)))
    assert len(whole["choices"][0]["message"]["tool_calls"]) == 1


def test_logprobs_only_when_asked() -> None:
    """Each token's log probabilities are on its event, in OpenAI's shape."""
    chunk = Chunk(content="a", logprobs=(LOGPROB,))
    choice = events(ChatForm(CALL.replace(logprobs=True)), chunk, DONE)[1]["choices"][0]
    top = {"token": "b", "logprob": -1.0, "bytes": None}
    assert choice["logprobs"]["content"] == [LOGPROB | {"top_logprobs": [top]}]
    assert "logprobs" not in events(ChatForm(CALL), chunk, DONE)[1]["choices"][0]


def test_a_whole_answer_in_full() -> None:
    """A plain answer has every required key."""
    answer = json.loads(ChatForm(CALL).whole(DONE.replace(content="Hi", thinking="hm", model="m")))
    assert answer.pop("id").startswith("chatcmpl-")
    assert isinstance(answer.pop("created"), int)
    assert answer == {
        "object": "chat.completion",
        "model": "m",
        "system_fingerprint": "fp_localai",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hi",
                    "refusal": None,
                    "reasoning": "hm",
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    }


def test_a_whole_answer_with_tool_calls() -> None:
    """Content is null beside tool calls, which have no index and their arguments as text."""
    answer = json.loads(ChatForm(CALL).whole(DONE.replace(tool_calls=(tool("f", "1", a="ü"),))))
    choice = answer["choices"][0]
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":"ü"}'}}
    ]
    assert choice["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("reason", "called", "finish"),
    [
        ("stop", False, "stop"),
        ("stop", True, "tool_calls"),
        ("length", False, "length"),
        ("length", True, "length"),
        ("load", False, "stop"),
        ("", False, "stop"),
    ],
)
def test_finish_reasons(reason: str, called: bool, finish: str) -> None:
    """Ollama's reasons are translated, and an unfinished tool call stays `length`."""
    assert finish_reason(Chunk(done=True, done_reason=reason), called) == finish


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_text_survives_the_events(texts: list[str]) -> None:
    """Line feeds, quotes and separators in tokens do not break the framing."""
    got = events(ChatForm(CALL), *(Chunk(content=each) for each in texts), DONE)
    said = [event["choices"][0]["delta"].get("content", "") for event in got]
    assert "".join(said) == "".join(texts)


# ---- completions


def test_a_completion_stream() -> None:
    """Text, finish and usage are separate events of `text_completion`."""
    form = CompletionForm(CALL.replace(kind="generate", prompt="Once"), usage=True)
    got = events(form, Chunk(content=" upon"), Chunk(content=" a"), DONE)
    assert [[choice["text"] for choice in event["choices"]] for event in got] == [
        [" upon"],
        [" a"],
        [""],
        [],
    ]
    assert [event["usage"] for event in got] == [None, None, None, USAGE]
    assert got[2]["choices"][0]["finish_reason"] == "stop"
    assert {event["object"] for event in got} == {"text_completion"}
    assert len({event["id"] for event in got}) == 1


def test_echo_comes_first() -> None:
    """With `echo` the prompt is the beginning of the text, streamed and whole."""
    call = CALL.replace(kind="generate", prompt="Once")
    got = events(CompletionForm(call, echo=True), Chunk(content=" upon"), DONE)
    assert "".join(event["choices"][0]["text"] for event in got) == "Once upon"
    whole = json.loads(CompletionForm(call, echo=True).whole(DONE.replace(content=" upon")))
    assert whole["choices"][0]["text"] == "Once upon"
    assert whole["usage"] == USAGE


def test_old_logprobs_are_parallel_lists() -> None:
    """The older endpoint's four lists are as long as the tokens, with growing offsets."""
    call = CALL.replace(kind="generate", prompt="Once", logprobs=True)
    answer = DONE.replace(content="aa", logprobs=(LOGPROB, LOGPROB))
    choice = json.loads(CompletionForm(call, echo=True).whole(answer))["choices"][0]
    assert choice["logprobs"] == {
        "tokens": ["a", "a"],
        "token_logprobs": [-0.5, -0.5],
        "top_logprobs": [{"b": -1.0}, {"b": -1.0}],
        "text_offset": [4, 5],
    }


# ---- embeddings


def test_embeddings_as_numbers_and_as_base64() -> None:
    """Base64 is the little-endian float32 of the same vector, in the order of the inputs."""
    answer = Chunk(embeddings=((0.5, -1.0), (0.25, 2.0)), done=True, prompt_eval_count=6)
    plain = json.loads(embeddings(answer, CALL, "float"))
    assert [each["embedding"] for each in plain["data"]] == [[0.5, -1.0], [0.25, 2.0]]
    assert [each["index"] for each in plain["data"]] == [0, 1]
    assert plain["usage"] == {"prompt_tokens": 6, "total_tokens": 6}
    assert json.loads(embeddings(answer, CALL, None)) == plain
    packed = json.loads(embeddings(answer, CALL, "base64"))
    floats = array.array("f", base64.b64decode(packed["data"][1]["embedding"]))
    assert list(floats) == [0.25, 2.0]
