"""Chunks become what Ollama's clients read: one line of ASCII each."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.ollama_answer import ChatForm, GenerateForm, embed, embeddings
from core.messages import Call, Chunk, Function, ToolCall
from core.principal import Principal

CALL = Call(
    kind="chat",
    dialect="ollama",
    model="m",
    stream=True,
    request_id="r",
    principal=Principal(id="me"),
)
AT = "2026-11-20T14:00:00.1Z"
DONE = Chunk(
    done=True,
    done_reason="stop",
    created_at=AT,
    total_duration=9,
    load_duration=1,
    prompt_eval_count=3,
    prompt_eval_duration=2,
    eval_count=4,
    eval_duration=5,
)


def test_a_token_is_a_line_in_ollamas_order() -> None:
    """A chat line has model, time, message and done, and no counts."""
    line = ChatForm(CALL).piece(Chunk(content="Hi", model="tiny", created_at=AT, eval_count=7))
    assert line == (
        b'{"model":"tiny","created_at":"2026-11-20T14:00:00.1Z",'
        b'"message":{"role":"assistant","content":"Hi"},"done":false}\n'
    )


def test_the_last_line_has_the_counts_that_are_not_zero() -> None:
    """Counts and durations come on the last line only, and zeros are left out."""
    line = ChatForm(CALL).piece(DONE.replace(load_duration=0, prompt_eval_count=0))
    assert json.loads(line) == {
        "model": "m",
        "created_at": AT,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        "total_duration": 9,
        "prompt_eval_duration": 2,
        "eval_count": 4,
        "eval_duration": 5,
    }


def test_thinking_tool_calls_and_logprobs_are_in_the_message() -> None:
    """What a chat can say besides content stands where Ollama puts it."""
    calls = (
        ToolCall(id="call_1", function=Function(name="f", arguments={"a": 1}, index=0)),
        ToolCall(function=Function(name="g", arguments={}, index=1)),
    )
    logprob = {"token": "a", "logprob": -0.5}
    chunk = Chunk(thinking="hm", tool_calls=calls, logprobs=(logprob,))
    answer = json.loads(ChatForm(CALL).piece(chunk))
    assert answer["message"] == {
        "role": "assistant",
        "content": "",
        "thinking": "hm",
        "tool_calls": [
            {"id": "call_1", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}},
            {"function": {"index": 1, "name": "g", "arguments": {}}},
        ],
    }
    assert answer["logprobs"] == [logprob]


def test_a_completion_says_response() -> None:
    """/api/generate has `response` and `thinking` at the top, and the context at the end."""
    form = GenerateForm(CALL.replace(kind="generate"))
    answer = json.loads(form.piece(DONE.replace(content="Hi", thinking="hm", context=(1, 2))))
    assert (answer["response"], answer["thinking"], answer["context"]) == ("Hi", "hm", [1, 2])
    assert "message" not in answer
    assert answer["eval_count"] == 4


@pytest.mark.parametrize("form", [ChatForm(CALL), GenerateForm(CALL)])
def test_a_stream_has_no_head_and_no_tail(form: ChatForm) -> None:
    """There is nothing before the first line and nothing after the last."""
    assert form.begin(DONE) == form.end() == b""


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_line_of_ascii(text: str) -> None:
    """U+0085, U+2028, emoji: each chunk is one ASCII line that no splitter cuts."""
    line = ChatForm(CALL).piece(Chunk(content=text, thinking=text))
    assert line.isascii()
    assert line.endswith(b"}\n")
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line)["message"]["content"] == text


def test_a_whole_answer_is_one_object_without_a_line_end() -> None:
    """`stream: false` is the same object, on its own."""
    body = ChatForm(CALL).whole(DONE.replace(content="Hi"))
    assert not body.endswith(b"\n")
    assert json.loads(body)["message"]["content"] == "Hi"


def test_embeddings_in_both_forms() -> None:
    """/api/embed lists all vectors with counts, /api/embeddings gives the first or none."""
    call = CALL.replace(kind="embed")
    answer = DONE.replace(embeddings=((0.5, 1.0), (2.0, 3.0)))
    whole = json.loads(embed(answer, call))
    assert whole["embeddings"] == [[0.5, 1.0], [2.0, 3.0]]
    assert (whole["model"], whole["prompt_eval_count"]) == ("m", 3)
    assert json.loads(embeddings(answer)) == {"embedding": [0.5, 1.0]}
    assert json.loads(embeddings(Chunk(done=True))) == {"embedding": []}
    assert json.loads(embed(Chunk(done=True), call)) == {"model": "m", "embeddings": []}
