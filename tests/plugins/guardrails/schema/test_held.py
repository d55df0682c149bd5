"""Answers that are held back until they are whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Chunk, Chunks, Function, ToolCall, UpstreamInvalid
from plugins.guardrails.schema.held import COUNTS, TooLong, add_counts, parts, whole
from tests.plugins.guardrails.schema.support import saying
from tests.plugins.support import Model, a_call, all_of

TOOL = ToolCall(function=Function(name="f", arguments={}))


def answering(model: Model) -> Chunks:
    """Return a model's answer."""
    return model.infer(a_call())


async def test_an_answer_becomes_one_chunk() -> None:
    """Texts are joined, tool calls and logprobs kept in order, and the last chunk's counts stay."""
    model = Model(
        Chunk(thinking="Hm", content="a", logprobs=({"token": "a"},)),
        Chunk(content="b", tool_calls=(TOOL,)),
        Chunk(content="c", tool_calls=(TOOL,), done=True, done_reason="stop", eval_count=3),
    )
    answer = await whole(answering(model), 10)
    assert (answer.thinking, answer.content, answer.eval_count) == ("Hm", "abc", 3)
    assert (answer.tool_calls, answer.logprobs) == ((TOOL, TOOL), ({"token": "a"},))
    assert model.closed == 1


@pytest.mark.parametrize(
    "piece", [{"content": "x"}, {"thinking": "x"}, {"logprobs": ({"token": "x"},)}], ids=str
)
async def test_what_is_held_is_bounded(piece: dict[str, Any]) -> None:
    """Content, thinking and logprobs beyond the bound end the answer at once."""
    model = Model(*[Chunk(**piece)] * 5, Chunk(done=True), failure=AssertionError("read on"))
    with pytest.raises(TooLong):
        await whole(answering(model), 4)
    assert model.closed == 1


async def test_an_answer_without_its_end_is_none() -> None:
    """An answer that stops half way is not taken for a whole one."""
    with pytest.raises(UpstreamInvalid):
        await whole(answering(Model(Chunk(content="{}"))), 10)


@given(st.text(max_size=20), st.text(max_size=5), st.booleans())
async def test_parts_say_what_was_held(content: str, thinking: str, stream: bool) -> None:
    """What is sent is the same answer, in one piece unless it is a stream."""
    answer = Chunk(
        content=content,
        thinking=thinking,
        tool_calls=(TOOL,),
        done=True,
        eval_count=2,
        context=(1,),
    )
    model = Model(*parts(answer, stream=stream))
    assert await whole(answering(model), 100) == answer
    assert len(await all_of(model.infer, a_call())) == 1 + stream


def test_counts_are_added() -> None:
    """All that a last chunk counts is the sum of both answers; the rest is the later one's."""
    one = Chunk(content="1", done=True).replace(**dict(zip(COUNTS, range(1, 7), strict=True)))
    two = Chunk(content="2", done=True).replace(**dict(zip(COUNTS, range(10, 70, 10), strict=True)))
    both = add_counts(two, one)
    assert both.content == "2"
    assert [getattr(both, name) for name in COUNTS] == [11, 22, 33, 44, 55, 66]
    assert saying("x").chunks[-1].eval_count == 2
