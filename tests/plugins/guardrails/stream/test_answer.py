"""An answer is filtered to its end, however it ends."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import Chunk, Chunks, Function, ToolCall, UpstreamInvalid
from plugins.guardrails.stream.answer import BLOCKED_TEXT, Blocked, filtered
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule
from tests.plugins.guardrails.stream.oracle import cut
from tests.plugins.support import Model, a_call

MATCHER = Matcher([Rule(name="X", pattern="a{3}b?")])
END = Chunk(done=True, done_reason="stop", model="m", prompt_eval_count=5, eval_count=9)


def _redact(rule: Rule, text: str) -> str:
    return "#"


def _block(rule: Rule, text: str) -> str:
    raise Blocked(rule.name)


async def _all(chunks: Chunks) -> list[Chunk]:
    given: list[Chunk] = []
    await _into(given, chunks)
    return given


async def _into(given: list[Chunk], chunks: Chunks) -> None:
    async with aclosing(chunks):
        async for chunk in chunks:
            given.append(chunk)


def _said(*texts: str) -> list[Chunk]:
    return [Chunk(content=text, model="m") for text in texts]


def _answer(model: Model, act: Any = _redact, **changes: Any) -> Chunks:
    call = a_call(**changes)
    return filtered(model.infer(call), MATCHER, act, call=call)


async def test_what_is_held_comes_before_the_last_chunk() -> None:
    """The last chunk says how the answer ended, and nothing else."""
    model = Model(*_said("x", "aa"), END)
    assert await _all(_answer(model)) == [*_said("x", "aa"), END]


async def test_what_is_held_comes_when_there_is_no_last_chunk() -> None:
    """An answer that stops in the middle is given as far as it came."""
    assert await _all(_answer(Model(*_said("x", "aaa")))) == _said("x", "#")


async def test_what_is_held_comes_before_a_failure() -> None:
    """When the model fails midway, what was held is given, and then the failure raised on."""
    model = Model(*_said("x", "aa"), failure=UpstreamInvalid("broken"))
    given: list[Chunk] = []
    with pytest.raises(UpstreamInvalid):
        await _into(given, _answer(model))
    assert given == _said("x", "aa")
    assert model.closed == 1


async def test_a_block_ends_a_stream() -> None:
    """What was sent stands, the text says that it ends, and the model is stopped at once."""
    model = Model(*_said("x", "aaab", "never"), END)
    given = await _all(_answer(model, _block))
    assert "".join(chunk.content for chunk in given) == f"x{BLOCKED_TEXT}"
    assert given[-1].done
    assert (given[-1].done_reason, given[-1].eval_count, given[-1].model) == (
        "content_filter",
        2,
        "m",
    )
    assert model.closed == 1


async def test_a_block_at_the_end_is_one_too() -> None:
    """What is decided only when the answer has ended is blocked like any other."""
    for chunks in ([*_said("x", "aaa"), END], _said("x", "aaa")):
        given = await _all(_answer(Model(*chunks), _block))
        assert "".join(chunk.content for chunk in given) == f"x{BLOCKED_TEXT}"
        assert given[-1].done_reason == "content_filter"


async def test_a_blocked_plain_answer_is_the_text_alone() -> None:
    """Of a plain answer nothing was sent: nothing but the text is."""
    for chunks in ([END.replace(content="x aaab")], [*_said("x", "aaab"), END]):
        (given,) = await _all(_answer(Model(*chunks), _block, stream=False))
        assert given.content == BLOCKED_TEXT
        assert given.done
        assert given.done_reason == "content_filter"
        assert given.tool_calls == ()


async def test_another_text_can_stand_for_what_is_blocked() -> None:
    """The text is for the plugin to say."""
    call = a_call()
    chunks = filtered(
        Model(*_said("aaab")).infer(call), MATCHER, _block, call=call, blocked_text="no"
    )
    assert [chunk.content for chunk in await _all(chunks)] == ["no", ""]


async def test_an_act_that_fails_ends_the_answer() -> None:
    """What an act raises is raised on, and nothing of what it was about is given."""

    def fail(rule: Rule, text: str) -> str:
        raise ZeroDivisionError

    model = Model(*_said("x", "aaab"), END)
    given: list[Chunk] = []
    with pytest.raises(ZeroDivisionError):
        await _into(given, _answer(model, fail))
    assert given == _said("x")
    assert model.closed == 1


async def test_json_is_asked_for_by_the_call() -> None:
    """Where the call has a format, replacements are written as JSON."""

    def quote(rule: Rule, text: str) -> str:
        return '"'

    model = Model(*_said('{"k": "aaab"}'), END)
    given = await _all(_answer(model, quote, format="json"))
    assert given[0].content == '{"k": "\\""}'


@given(
    st.text("ab \\n", max_size=20),
    st.lists(st.integers(0, 20), max_size=8),
    st.sampled_from(["chat", "generate"]),
    st.sampled_from([_redact, _block]),
)
@settings(deadline=None)
async def test_a_stream_says_what_a_plain_answer_says(
    text: str, places: list[int], kind: str, act: Any
) -> None:
    """However a text is cut, streamed or not, in chats and generation: the same is said."""
    call = ToolCall(function=Function(name="f", arguments={"k": text}))
    plain = Model(END.replace(content=text, tool_calls=(call,)))
    (whole,) = await _all(_answer(plain, act, kind=kind, stream=False))
    pieces = [Chunk(content=piece, model="m") for piece in cut(text, places)]
    stream = Model(*pieces, Chunk(tool_calls=(call,)), END)
    streamed = await _all(_answer(stream, act, kind=kind))
    said = "".join(chunk.content for chunk in streamed)
    assert streamed[-1].done_reason == whole.done_reason
    if whole.done_reason == "content_filter":
        assert said == text[: text.replace("\\n", "..").find("aaa")] + BLOCKED_TEXT
    else:
        assert said == whole.content
        assert tuple(each for chunk in streamed for each in chunk.tool_calls) == whole.tool_calls


async def test_a_long_chunk_gives_way_and_comes_in_one_piece() -> None:
    """An answer in one chunk is filtered in slices, with turns for others, and stays one chunk."""
    text = ("x" * 50 + "aaab") * 2000
    call = ToolCall(function=Function(name="f", arguments={"text": text, "empty": ""}))
    chunk = Chunk(content=text, thinking=text, tool_calls=(call,), done=True)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(others())
    (given,) = await _all(_answer(Model(chunk), stream=False))
    task.cancel()
    expected = ("x" * 50 + "#") * 2000
    assert (given.content, given.thinking) == (expected, expected)
    assert given.tool_calls[0].function.arguments == {"text": expected, "empty": ""}
    assert turns > 10
    same = Chunk(content="x" * 5000, done=True)
    assert await _all(_answer(Model(same), stream=False)) == [same]


async def test_a_long_chunk_is_blocked_where_a_match_is() -> None:
    """What comes before a match in a long chunk of a stream is given, and nothing after it."""
    chunk = Chunk(content="x" * 5000 + "aaab" + "y" * 5000, model="m")
    given = await _all(_answer(Model(chunk, END), _block))
    assert "".join(each.content for each in given) == "x" * 5000 + BLOCKED_TEXT
    assert given[-1].done_reason == "content_filter"
