"""Answers that are recorded while they are passed on."""

from contextlib import aclosing

import pytest

from localai import Chunk, UpstreamFailed
from plugins.cache.recording import recorded
from plugins.cache.replay import trimmed
from tests.plugins.support import HELLO, Model, a_call


async def record(model: Model, most: int = 1000, leave_after: int = 99) -> tuple[list[Chunk], int]:
    """Read a model's answer, or its beginning; return that, and how much had been kept by then."""
    kept: list[tuple[Chunk, ...]] = []

    async def keep(said: tuple[Chunk, ...]) -> None:
        kept.append(said)

    got: list[Chunk] = []
    async with aclosing(recorded(lambda: model.infer(a_call()), most, keep)) as chunks:
        async for chunk in chunks:
            got.append(chunk)
            if chunk.done and kept:
                assert kept == [tuple(trimmed(each) for each in got)]
            if len(got) == leave_after:
                break
    assert model.closed == 1
    return got, len(kept)


async def test_an_answer_is_kept_before_its_end_is_told() -> None:
    """All chunks pass as they are, and when the last one comes the whole is kept."""
    assert await record(Model(*HELLO)) == (list(HELLO), 1)


@pytest.mark.parametrize(("reason", "times"), [("stop", 1), ("length", 1), ("", 1), ("load", 0)])
async def test_only_an_answer_that_ended_well_is_kept(reason: str, times: int) -> None:
    """What ended for another reason passes, and is not kept."""
    chunks = [*HELLO[:2], HELLO[-1].replace(done_reason=reason)]
    assert await record(Model(*chunks)) == (chunks, times)


async def test_what_is_too_long_or_cut_is_not_kept() -> None:
    """An answer above the bound, without an end or that nobody read to its end leaves nothing."""
    assert await record(Model(*HELLO), most=200) == (list(HELLO), 0)
    assert await record(Model(*HELLO[:2])) == (list(HELLO[:2]), 0)
    assert await record(Model(*HELLO), leave_after=2) == (list(HELLO[:2]), 0)


async def test_a_failure_passes() -> None:
    """An answer that fails is not kept, and its reader hears of it."""
    with pytest.raises(UpstreamFailed, match="broken"):
        await record(Model(*HELLO[:2], failure=UpstreamFailed("broken")))
