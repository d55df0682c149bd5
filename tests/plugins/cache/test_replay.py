"""Kept answers, given again in another form."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api.answer import collect
from localai import Chunk, Chunks
from plugins.cache.entry import Entry
from plugins.cache.replay import replay, trimmed
from tests.plugins.cache.entries import TOOL_CALLS, an_entry
from tests.plugins.support import HELLO, a_call

PIECES = st.lists(
    st.builds(
        Chunk,
        content=st.text(max_size=5),
        thinking=st.text(max_size=5),
        tool_calls=TOOL_CALLS,
        logprobs=st.lists(st.just({"token": "a", "logprob": -0.5}), max_size=2).map(tuple),
        model=st.just("m"),
        created_at=st.just("2020-01-01T00:00:00Z"),
    ),
    max_size=5,
)
LAST = HELLO[-1].replace(model="m", total_duration=9, eval_duration=4)


async def whole(chunks: list[Chunk]) -> Chunk:
    """Return an answer as one chunk."""

    async def given() -> Chunks:
        for chunk in chunks:
            yield chunk

    return await collect(given())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", ["openai", "ollama"])
@settings(deadline=None, max_examples=30)
@given(PIECES)
async def test_a_replay_says_what_was_said(stream: bool, dialect: str, pieces: list[Chunk]) -> None:
    """For every chunking and both formats, a replay says the same with the same counts."""
    before = [*pieces, LAST]
    entry = an_entry(chunks=tuple(trimmed(chunk) for chunk in before))
    after = list(replay(entry, a_call(stream=stream, dialect=dialect)))
    assert (await whole(after)).replace(created_at="") == await whole(before)
    assert [chunk.done for chunk in after] == [False] * (len(after) - 1) + [True]
    assert {chunk.model for chunk in after} == {"m"}


def test_a_stream_of_a_whole_answer_says_it_before_its_end() -> None:
    """An answer that came in one piece is streamed as what was said, then the end."""
    answer = LAST.replace(content="Hello", thinking="hm")
    first, last = replay(an_entry(chunks=(answer,)), a_call(stream=True))
    assert (first.content, first.thinking, first.done) == ("Hello", "hm", False)
    assert last.replace(created_at="") == LAST
    (only,) = replay(an_entry(chunks=(LAST,)), a_call(stream=True))
    assert only.done


def test_times_are_those_of_the_replay() -> None:
    """Chunks of Ollama's format are made now, in the form that Ollama writes times."""
    entry: Entry = an_entry(chunks=tuple(trimmed(chunk) for chunk in HELLO))
    for chunk in replay(entry, a_call()):
        made = datetime.fromisoformat(chunk.created_at)
        assert abs(datetime.now(UTC) - made) < timedelta(seconds=10)
        assert chunk.created_at.endswith("Z")
