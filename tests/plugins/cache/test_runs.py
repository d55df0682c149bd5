"""One run for all who ask the same at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import Call, Chunk, Chunks, GatewayError, InternalError, UpstreamFailed
from plugins.cache.runs import Runs, sound
from tests.plugins.cache.support import soon
from tests.plugins.support import HELLO, a_call


class Source:
    """Makes answers that wait for a signal before their first chunk, and may fail then."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.begun = 0
        self.headers: dict[str, str] = {}
        """Of the latest."""
        self.go = asyncio.Event()

    def make(self, headers: dict[str, str]) -> Chunks:
        """Make an answer."""
        return self._answer(headers)

    async def _answer(self, headers: dict[str, str]) -> Chunks:
        number = self.begun
        self.headers = headers
        self.begun += 1
        headers["x-localai-engine"] = f"run {number}"
        await self.go.wait()
        if number < len(self.failures) and (failure := self.failures[number]):
            raise failure
        for chunk in HELLO:
            yield chunk


@pytest.fixture
async def runs() -> AsyncIterator[Runs]:
    """Runs that may be joined, and are begun anew after a failure."""
    runs = Runs(buffer=100_000, joins=True, rerun=True)
    yield runs
    await runs.close()


async def heard(
    runs: Runs, source: Source, call: Call, *, reads: bool = True
) -> tuple[list[Chunk], list[str]]:
    """Return what a caller hears, and what is noted of it."""
    noted: list[str] = []
    run = runs.run("key", call, source.make, reads=reads, note=noted.append)
    async with aclosing(run) as chunks:
        return [chunk async for chunk in chunks], noted


async def together(runs: Runs, source: Source, number: int, **more: Any) -> list[Any]:
    """Have several ask the same at once; return what each hears, or its error, and its headers."""
    calls = [a_call() for _ in range(number)]
    tasks = [asyncio.create_task(heard(runs, source, call, **more)) for call in calls]
    for _ in range(10):
        await asyncio.sleep(0)
    source.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [(answer, call.headers) for answer, call in zip(answers, calls, strict=True)]


async def test_who_waits_is_told_how_it_gets_on(runs: Runs) -> None:
    """Before the answer begins, the first and those who have joined see the run's own word."""
    source = Source()
    calls = [a_call() for _ in range(3)]
    tasks = [asyncio.create_task(heard(runs, source, call)) for call in calls]
    await soon(lambda: source.begun)
    source.headers["x-localai-queue"] = "position=1, eta=7"
    assert {call.headers.get("x-localai-queue") for call in calls} == {"position=1, eta=7"}
    assert all("x-localai-engine" not in call.headers for call in calls)
    source.go.set()
    await asyncio.gather(*tasks)


async def test_all_who_ask_at_once_hear_one_run(runs: Runs) -> None:
    """The first is a miss, the others join it and hear the same, with what the inside said."""
    source = Source()
    answers = await together(runs, source, 5)
    assert source.begun == 1
    assert [chunks for (chunks, _), _ in answers] == [list(HELLO)] * 5
    assert [noted for (_, noted), _ in answers] == [["miss"], *[["join"]] * 4]
    assert [headers["x-localai-cache"] for _, headers in answers] == ["miss", *["join"] * 4]
    assert {headers["x-localai-engine"] for _, headers in answers} == {"run 0"}
    assert len(runs) == 0


async def test_who_wants_a_new_answer_joins_nobody(runs: Runs) -> None:
    """Each request that must not be given what is known has a run of its own."""
    source = Source()
    answers = await together(runs, source, 3, reads=False)
    assert source.begun == 3
    assert [noted for (_, noted), _ in answers] == [["bypass"]] * 3


async def test_without_joining_all_run(runs: Runs) -> None:
    """Where joining is off, each has a run of its own, and nothing can be joined."""
    alone = Runs(buffer=100_000, joins=False, rerun=True)
    source = Source()
    answers = await together(alone, source, 3)
    assert source.begun == 3
    assert [noted for (_, noted), _ in answers] == [["miss"]] * 3
    assert len(alone) == 0


async def test_after_a_failure_those_who_joined_ask_once_more(runs: Runs) -> None:
    """The one whose run failed hears of it; the others share one new run."""
    source = Source(UpstreamFailed("broken"))
    first, *others = await together(runs, source, 4)
    assert isinstance(first[0], UpstreamFailed)
    assert source.begun == 2
    assert [chunks for (chunks, _), _ in others] == [list(HELLO)] * 3
    assert sorted(noted[0] for (_, noted), _ in others) == ["join", "join", "miss"]


async def test_after_a_second_failure_all_hear_of_it(runs: Runs) -> None:
    """Nobody asks a third time."""
    source = Source(*[UpstreamFailed("broken")] * 9)
    answers = await together(runs, source, 4)
    assert all(isinstance(answer, UpstreamFailed) for answer, _ in answers)
    assert source.begun == 2


async def test_a_failure_may_be_for_all(runs: Runs) -> None:
    """Where the file says so, those who joined hear of a failure too."""
    strict = Runs(buffer=100_000, joins=True, rerun=False)
    source = Source(UpstreamFailed("broken"))
    answers = await together(strict, source, 3)
    assert all(isinstance(answer, UpstreamFailed) for answer, _ in answers)
    assert source.begun == 1


async def test_a_failure_in_the_middle_is_for_all(runs: Runs) -> None:
    """Who has been told a part can't be told another answer from its start."""
    joined = asyncio.Event()

    async def half(headers: dict[str, str]) -> Chunks:
        yield HELLO[0]
        await joined.wait()
        raise UpstreamFailed("broken")

    async def hear(call: Call) -> list[Chunk]:
        got: list[Chunk] = []
        run = runs.run("key", call, half, reads=True, note=lambda _: None)
        async with aclosing(run) as chunks:
            got.append(await anext(chunks))
            if call.request_id == "second":
                joined.set()
            with pytest.raises(GatewayError, match="broken"):
                await anext(chunks)
        return got

    first = asyncio.create_task(hear(a_call()))
    await soon(lambda: len(runs) == 1)
    assert await hear(a_call(request_id="second")) == [HELLO[0]]
    assert await first == [HELLO[0]]


async def test_a_fault_is_told_to_all_as_the_routers_own() -> None:
    """What nobody foresaw ends an answer as a failure of the router, and the log has it."""

    async def faulty() -> Chunks:
        yield HELLO[0]
        raise KeyError("unforeseen")

    chunks = sound(faulty())
    assert await anext(chunks) == HELLO[0]
    with capture_logs() as logs, pytest.raises(InternalError, match="its log has the details"):
        await anext(chunks)
    assert [line["event"] for line in logs] == ["an answer failed"]


async def test_what_was_refused_stays_refused() -> None:
    """An error that says what is wrong passes as it is."""

    async def refused() -> Chunks:
        for chunk in HELLO:
            if chunk.done:
                raise UpstreamFailed("broken")
            yield chunk

    chunks = sound(refused())
    assert [await anext(chunks), await anext(chunks)] == list(HELLO[:2])
    with pytest.raises(UpstreamFailed, match="broken"):
        await anext(chunks)


async def test_a_run_goes_on_without_the_one_who_began_it(runs: Runs) -> None:
    """When the first leaves, the second hears the rest."""
    source = Source()
    first = asyncio.create_task(heard(runs, source, a_call()))
    await soon(lambda: len(runs) == 1)
    second = asyncio.create_task(heard(runs, source, a_call()))
    for _ in range(5):
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    source.go.set()
    assert (await second)[0] == list(HELLO)
    assert source.begun == 1
