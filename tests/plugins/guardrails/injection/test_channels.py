"""The texts of an answer are changed as they come, and nothing else of it is."""

import asyncio

import pytest

from localai import Chunk, Function, ToolCall
from plugins.guardrails.injection.channels import SLICE, Answer, is_long

TOOL = ToolCall(function=Function(name="look", arguments={"at": "a"}))
DONE = Chunk(done=True, done_reason="stop", model="m", prompt_eval_count=5, eval_count=2)


class Shout:
    """A text that is given in capitals, and one character late."""

    def __init__(self) -> None:
        self.held = ""
        self.is_changed = False

    def push(self, text: str) -> str:
        """Take the next piece; return what is decided."""
        text = self.held + text
        self.held = text[-1:]
        self.is_changed |= len(text) > 1
        return text[:-1].upper()

    def flush(self) -> str:
        """End the text and return its rest."""
        rest, self.held = self.held, ""
        return rest.upper()


async def given(*chunks: Chunk) -> list[Chunk]:
    """Return what is given of an answer."""
    answer = Answer(Shout)
    pushed: list[Chunk] = []
    for chunk in chunks:
        pushed += await answer.push_long(chunk) if is_long(chunk) else answer.push(chunk)
    return [*pushed, *answer.rest()]


async def test_what_is_held_comes_before_the_end() -> None:
    """In a stream the rest of the text has a chunk of its own; the last one keeps its counts."""
    chunks = await given(Chunk(content="ab", model="m"), DONE)
    assert chunks == [Chunk(content="A", model="m"), Chunk(content="B", model="m"), DONE]


async def test_a_plain_answer_stays_one_chunk() -> None:
    """What comes in one chunk goes in one chunk."""
    assert await given(DONE.replace(content="ab", thinking="cd")) == [
        DONE.replace(content="AB", thinking="CD")
    ]


async def test_thinking_ends_where_content_begins() -> None:
    """Each is a text of its own, and thinking comes first."""
    chunks = await given(Chunk(thinking="a"), Chunk(content="b"), Chunk(content="c"), DONE)
    assert [(chunk.thinking, chunk.content) for chunk in chunks] == [
        ("A", ""),
        ("", "B"),
        ("", "C"),
        ("", ""),
    ]


async def test_tool_calls_are_left_as_they_are() -> None:
    """A tool call is given on at once."""
    chunks = await given(Chunk(content="a"), Chunk(tool_calls=(TOOL,)), DONE)
    assert chunks[0] == Chunk(tool_calls=(TOOL,))


async def test_log_probabilities_and_context_go() -> None:
    """Nothing else spells the text as it was."""
    chunks = await given(
        Chunk(content="ab", logprobs=({"token": "ab"},)), DONE.replace(context=(1, 2))
    )
    assert not any(chunk.logprobs or chunk.context for chunk in chunks)
    assert (await given(DONE.replace(context=(1, 2))))[0].context == (1, 2)


async def test_the_rest_comes_also_without_a_last_chunk() -> None:
    """What was held is given when an answer breaks off."""
    assert [chunk.content for chunk in await given(Chunk(content="ab"))] == ["A", "B"]


@pytest.mark.parametrize("chunk", [Chunk(content="ab"), Chunk(thinking="ab"), DONE])
async def test_long_and_short_are_changed_alike(chunk: Chunk) -> None:
    """The way for long chunks gives the same for short ones."""
    fast, slow = Answer(Shout), Answer(Shout)
    for each in (Chunk(thinking="x"), Chunk(content="y"), chunk):
        assert list(fast.push(each)) == list(await slow.push_long(each))
    assert list(fast.rest()) == list(slow.rest())


async def test_a_long_text_lets_others_have_their_turn() -> None:
    """A whole answer is changed in slices."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    text = "ab" * SLICE
    (chunk,) = await given(DONE.replace(content=text))
    task.cancel()
    assert chunk.content == text.upper()
    assert turns >= 2
