"""The processes that judge: they answer in time, or are ended and replaced."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from localai import SettingsError
from plugins.guardrails.schema import judge as module
from plugins.guardrails.schema.judge import NEEDED, Judge, Question, Undecided
from tests.plugins.guardrails.schema.support import BAD, GOOD, NUMBERED, doubling

ASKS = Question(json.dumps(NUMBERED), GOOD)


@asynccontextmanager
async def judging(*, processes: int = 1, deadline: float = 5) -> AsyncIterator[Judge]:
    """Run a judge until the block ends."""
    judge = Judge(processes=processes, deadline=deadline)
    async with judge.running():
        yield judge


def is_running(pid: int) -> bool:
    """Say whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_each_question_has_its_answer() -> None:
    """Answers come in the order of the questions, with rule, place and hint."""
    async with judging() as judge:
        good, bad, no_json, no_schema = await judge.ask(
            [ASKS, Question(ASKS.schema, BAD), Question("{}", "{"), Question('{"type": 1}')]
        )
        assert good is None
        assert [flaw and flaw.rule for flaw in (bad, no_json, no_schema)] == [
            "type",
            "json",
            "schema",
        ]
        (process,) = judge._idle
    assert not is_running(process.pid)


async def test_a_schema_that_never_ends_is_given_up() -> None:
    """A check beyond its deadline is undecided, its process is ended, and the next one is fresh."""
    async with judging(deadline=0.3) as judge:
        (old,) = judge._idle
        began = time.monotonic()
        with pytest.raises(Undecided):
            await judge.ask([Question(doubling(60), "1")])
        assert time.monotonic() - began < 3
        assert await judge.ask([ASKS]) == [None]
        (new,) = judge._idle
        assert new.pid != old.pid
    assert not is_running(old.pid)


async def test_the_loop_goes_on_while_a_process_computes() -> None:
    """However long a check takes, the router does something else meanwhile."""
    async with judging(deadline=0.3) as judge:
        asked = asyncio.create_task(judge.ask([Question(doubling(60), "1")]))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0)
            turns += 1
        with pytest.raises(Undecided):
            await asked
        assert turns > 100


async def test_who_finds_no_process_free_is_undecided() -> None:
    """A question waits for a process no longer than for an answer; others get theirs."""
    async with judging(processes=2, deadline=0.3) as judge:
        slow = Question(doubling(60), "1")
        asked = [asyncio.create_task(judge.ask([each])) for each in (slow, ASKS, slow, slow)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(each, Undecided) for each in answers] == [True, False, True, True]


async def test_a_process_that_dies_is_replaced() -> None:
    """A crash is no verdict, and costs only the question that it came with."""
    async with judging() as judge:
        (process,) = judge._idle
        process.kill()
        await process.wait()
        with pytest.raises(Undecided):
            await judge.ask([ASKS])
        assert await judge.ask([ASKS]) == [None]


async def test_an_answer_that_is_none_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process says is read strictly."""
    async with judging() as judge:
        (process,) = judge._idle
        assert process.stdin is not None
        process.stdin.write(b'[["{}", "1", true, 1]]\n')  # a question too long: it crashes
        with pytest.raises(Undecided):
            await judge.ask([ASKS])
        monkeypatch.setattr(Judge, "_exchange", _nonsense)
        with pytest.raises(Undecided):
            await judge.ask([ASKS])
        assert not judge._idle


async def _nonsense(judge: Judge, process: object, line: bytes, seconds: float) -> bytes:
    return b"[1]\n"


async def test_who_leaves_ends_the_process_that_worked_for_him() -> None:
    """A cancelled question leaves no process behind whose answer nobody reads."""
    async with judging() as judge:
        (process,) = judge._idle
        asked = asyncio.create_task(judge.ask([Question(doubling(60), "1")]))
        await asyncio.sleep(0)
        assert not judge._idle
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await judge.ask([ASKS]) == [None]
    assert not is_running(process.pid)


async def test_a_process_can_not_be_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A start that fails is one clear message."""
    monkeypatch.setattr(module, "WORKER", str(tmp_path / "nothing.py"))
    with pytest.raises(SettingsError, match="no process to check schemas can be started"):
        async with judging():
            pass


async def test_processes_know_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the router is not handed on."""
    monkeypatch.setenv("SOME_SECRET", "x")
    start = asyncio.create_subprocess_exec
    given: list[str] = []

    async def starting(*words: str, env: dict[str, str], **more: Any) -> Any:
        given.extend(env)
        return await start(*words, env=env, **more)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)
    async with judging() as judge:
        assert await judge.ask([ASKS]) == [None]
    assert given
    assert set(given) <= set(NEEDED)


@pytest.mark.parametrize("keyword", ["$ref", "$schema", "$dynamicRef"])
async def test_nothing_is_ever_fetched(keyword: str) -> None:
    """A schema that names an address is refused, and nobody connects there."""
    visits = 0

    def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    schema = json.dumps({keyword: f"http://127.0.0.1:{port}/schema.json"})
    async with server, judging() as judge:
        (compiled, checked) = await judge.ask([Question(schema), Question(schema, "1")])
        assert compiled is not None
        assert checked is not None
        assert compiled.rule == checked.rule == "schema"
    assert visits == 0
