"""One connection to a real Redis, for many who ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from localai import SettingsError
from plugins.auth.limits.pipe import AT_ONCE, Pipe, Script
from plugins.auth.limits.taken import Away
from tests.servers.redis import Redis

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
WRONG = "return redis.call('NONSENSE')"


@asynccontextmanager
async def piping(redis: Redis, text: str = ADD, timeout: float = 5) -> AsyncIterator[Pipe]:
    """Connect to a Redis."""
    pipe = Pipe(redis.url, timeout)
    try:
        yield pipe
    finally:
        await pipe.close()


async def connections(pipe: Pipe) -> int:
    """Return the number of connections that Redis has taken since its start."""
    return int((await pipe.redis.info("stats"))["total_connections_received"])


async def test_everybody_gets_their_own_answer(redis: Redis) -> None:
    """Of more questions than one piece holds, each gets the answer to it, on one connection."""
    async with piping(redis) as pipe:
        add = pipe.script(ADD)
        await pipe.look()
        before = await connections(pipe)
        asked = [pipe.ask(add, [f"key {number}"], [number]) for number in range(3 * AT_ONCE)]
        assert await asyncio.gather(*asked) == list(range(3 * AT_ONCE))
        assert await connections(pipe) == before + 1


async def test_who_asks_meanwhile_is_sent_next(redis: Redis) -> None:
    """A question while an answer is under way waits for it, not for a connection."""
    async with piping(redis) as pipe:
        add = pipe.script(ADD)
        first = pipe.ask(add, ["key"], [1])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second = pipe.ask(add, ["key"], [1])
        assert (await first, await second) == (1, 2)


async def test_a_redis_that_forgot_the_scripts_is_told_again(redis: Redis) -> None:
    """Neither a first start nor `SCRIPT FLUSH` nor a restart is a failure."""
    async with piping(redis) as pipe:
        add = pipe.script(ADD)
        assert await pipe.ask(add, ["key"], [1]) == 1
        await pipe.redis.script_flush()
        assert await asyncio.gather(*(pipe.ask(add, ["key"], [1]) for _ in range(3))) == [2, 3, 4]
        assert pipe.is_up


async def test_while_it_is_away_nobody_waits(redis: Redis) -> None:
    """The failure is everybody's who waits, and those after them are told at once."""
    async with piping(redis) as pipe:
        add = pipe.script(ADD)
        assert await pipe.ask(add, ["key"], [1]) == 1
        redis.stop()
        asked = [pipe.ask(add, ["key"], [1]) for _ in range(2 * AT_ONCE)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(each) for each in found} == {Away}
        assert not pipe.is_up
        later = pipe.ask(add, ["key"], [1])
        assert later.done()
        with pytest.raises(Away):
            await later
        redis.start()
        await pipe.look()
        assert await pipe.ask(add, ["key"], [1]) == 1


async def test_an_answer_that_comes_late_is_nobodys(redis: Redis) -> None:
    """After a wait that was given up, the next question gets its own answer."""
    async with piping(redis, timeout=0.05) as pipe:
        add = pipe.script(ADD)
        assert await pipe.ask(add, ["key"], [1]) == 1
        redis.pause()
        with pytest.raises(Away):
            await pipe.ask(add, ["key"], [10])
        redis.resume()
        while not pipe.is_up:
            await pipe.look()
        assert await pipe.ask(add, ["other"], [5]) == 5


async def test_a_script_that_fails_is_a_failure_of_redis(redis: Redis) -> None:
    """A server that refuses to work, such as a full one, is as good as away."""
    async with piping(redis) as pipe:
        wrong: Script = pipe.script(WRONG)
        with pytest.raises(Away):
            await pipe.ask(wrong, [], [])
        assert not pipe.is_up


async def test_who_leaves_disturbs_nobody(redis: Redis) -> None:
    """A caller who is cancelled while Redis is asked leaves the others their answers."""
    async with piping(redis) as pipe:
        add = pipe.script(ADD)
        asked = [pipe.ask(add, ["key"], [1]) for _ in range(3)]
        asked[1].cancel()
        assert await asked[2] == 3
        assert await asked[0] == 1


@pytest.mark.parametrize("url", ["redis://box:port/0", "redis://[::1", "http://box"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """The message shows how to write one, and not what was written, which may have a password."""
    with pytest.raises(SettingsError, match="redis://HOST:6379/0") as caught:
        Pipe(url, 0.1)
    assert "box" not in str(caught.value)
