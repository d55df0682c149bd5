"""Answers that are held back until they are whole."""

import asyncio
from typing import Any

import pytest

from localai import Chunk, Function, ToolCall
from plugins.guardrails.pii.presidio.held import held
from plugins.guardrails.stream.filter import Blocked
from tests.plugins.support import HELLO, Model, a_call

CALLING = (
    Chunk(thinking="Hm."),
    Chunk(tool_calls=(ToolCall(function=Function(name="mail", arguments={"to": "Anna"})),)),
    Chunk(done=True, done_reason="stop", context=(1, 2), eval_count=2),
)


async def unchanged(chunk: Chunk) -> Chunk:
    """Let an answer pass."""
    return chunk


async def louder(chunk: Chunk) -> Chunk:
    """Change an answer."""
    return chunk.replace(content=chunk.content.upper(), thinking=chunk.thinking.upper())


async def blocking(chunk: Chunk) -> Chunk:
    """Block an answer."""
    raise Blocked("name")


async def given(model: Model, check: Any, most: int = 1000) -> list[Chunk]:
    """Return what a model's answer becomes."""
    chunks = held(model.infer(a_call()), check, most=most, blocked_text="[no]")
    return [chunk async for chunk in chunks]


async def test_an_answer_is_given_on_whole() -> None:
    """All its text comes at once, as it was checked, and then its last chunk with the figures."""
    assert await given(Model(*HELLO), louder) == [
        Chunk(content="HELLO", model="llama3.2"),
        HELLO[-1],
    ]
    whole = Chunk(content="Hello", done=True, done_reason="stop", eval_count=2)
    assert await given(Model(whole), louder) == [
        Chunk(content="HELLO"),
        whole.replace(content=""),
    ]


async def test_nothing_is_given_before_the_end() -> None:
    """While the model still speaks, the caller gets nothing."""
    model = Model(*HELLO)
    model.gate = asyncio.Event()
    chunks = held(model.infer(a_call()), unchanged, most=1000, blocked_text="[no]")
    first = asyncio.ensure_future(anext(chunks))
    await asyncio.sleep(0)
    assert not first.done()
    model.gate.set()
    assert (await first).content == "Hello"
    await chunks.aclose()
    assert model.closed == 1


async def test_tool_calls_and_thinking_stay() -> None:
    """Thinking and tool calls are checked with the rest; token ids of a changed answer go."""
    same = await given(Model(*CALLING), unchanged)
    assert same[0] == Chunk(thinking="Hm.", tool_calls=CALLING[1].tool_calls)
    assert same[1] == CALLING[2]
    changed = await given(Model(*CALLING), louder)
    assert changed[0].thinking == "HM."
    assert changed[1] == CALLING[2].replace(context=())


async def test_logprobs_are_dropped() -> None:
    """Nothing spells the answer once more."""
    said = Chunk(content="Hi", logprobs=({"token": "Hi"},), done=True)
    assert all(not chunk.logprobs for chunk in await given(Model(said), unchanged))


@pytest.mark.parametrize("stop", ["check", "size"])
async def test_a_blocked_answer_ends_with_its_text(stop: str) -> None:
    """What is blocked, or too long to be held, is replaced whole, and Ollama's answer closed."""
    model = Model(*HELLO)
    check = blocking if stop == "check" else unchanged
    answer = await given(model, check, most=1000 if stop == "check" else 4)
    assert [chunk.content for chunk in answer] == ["[no]", ""]
    assert answer[-1].done
    assert answer[-1].done_reason == "content_filter"
    assert answer[-1].eval_count == 2
    assert all(chunk.model == "llama3.2" for chunk in answer)
    assert model.closed == 1


async def test_tool_arguments_count() -> None:
    """Long arguments are too long to be held as well."""
    assert (await given(Model(*CALLING), unchanged, most=20))[0].content == "[no]"


async def test_a_failure_is_a_failure() -> None:
    """When Ollama fails midway, nothing is given on, and the failure is."""
    model = Model(HELLO[0], failure=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await given(model, unchanged)
    assert await given(Model(), unchanged) == []
