"""Questions to a Redis that is there, away, late, full, or none."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio
from structlog.testing import capture_logs

from plugins.cache import server as module
from plugins.cache.connections import connections_to
from plugins.cache.server import UNANSWERED, WRONG_TYPE, Server
from tests.pace import within_async
from tests.plugins.cache.wires import hanging_up, saying
from tests.servers.redis import PASSWORD, Redis

PATIENT = 5.0
"""Seconds; for what is answered, on machines that are busy."""
HASTY = 0.1
"""Seconds; for what is not answered."""


@asynccontextmanager
async def asking(url: str, timeout: float = PATIENT, connections: int = 50) -> AsyncIterator[Any]:
    """Run a server, or rather what knows about it, on a Redis."""
    pool = connections_to(url, connections, timeout)
    server = Server(redis.asyncio.Redis(connection_pool=pool), timeout)
    async with server.running():
        yield server


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often whether Redis is back."""
    monkeypatch.setattr(module, "LOOK", 0.02)


async def until_up(server: Server) -> None:
    """Wait until Redis is seen again."""
    async with asyncio.timeout(10):
        while not server.is_up:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def in_use(server: Server) -> int:
    """Return the number of connections that nobody gave back."""
    return len(server._client.connection_pool._in_use_connections)


async def test_each_command_has_its_answer(redis: Redis) -> None:
    """One command or several in one piece are answered in order, and a nil is an answer."""
    async with asking(redis.url) as server:
        assert await server.ask(("SET", "a", b"1", "NX")) == [True]
        assert await server.ask(("SET", "a", b"2", "NX")) == [None]
        assert await server.ask(("GET", "a"), ("GET", "b"), ("UNLINK", "a")) == [b"1", None, 1]
        assert server.failures == server.refused == 0


async def test_what_is_refused_costs_no_other_answer(redis: Redis) -> None:
    """An error in the midst of a piece is that command's, and Redis counts as there."""
    async with asking(redis.url) as server:
        with capture_logs() as logs:
            for _ in range(3):
                answers = await server.ask(("GET", "a"), ("CONFIG", "NO"), ("GET", "a"))
                assert answers == [None, UNANSWERED, None]
        assert [log["error"] for log in logs] == ["ERR"]
        assert (server.is_up, server.refused, server.failures) == (True, 3, 0)


async def test_a_value_of_another_type_is_told_apart(redis: Redis) -> None:
    """What others have put under a key is no fault of Redis."""
    async with asking(redis.url) as server:
        await server.ask(("LPUSH", "list", "x"))
        assert await server.ask(("GETRANGE", "list", 0, 9)) == [WRONG_TYPE]
        assert server.refused == 0


async def test_while_it_is_away_nobody_asks(redis: Redis) -> None:
    """One failure is seen, said once without the password, and known to all who come after."""
    async with asking(redis.url) as server:
        assert await server.ask(("PING",)) == [True]
        redis.stop()
        with capture_logs() as logs:
            for _ in range(100):
                assert await server.ask(("PING",), ("PING",)) == [UNANSWERED, UNANSWERED]
        assert [log["log_level"] for log in logs] == ["warning"]
        assert PASSWORD not in str(logs)
        assert server.failures <= 2  # with a look


async def test_being_away_costs_next_to_nothing(redis: Redis) -> None:
    """A question that nobody asks takes less than 10 µs of CPU."""
    redis.stop()
    async with asking(redis.url) as server:

        async def ask_often() -> None:
            for _ in range(2000):
                await server.ask(("PING",))

        await within_async(2000 * 10e-6, ask_often)


@pytest.mark.usefixtures("soon")
async def test_nobody_needs_to_ask_to_find_out(redis: Redis) -> None:
    """An outage is seen by a look, so that it costs no question."""
    async with asking(redis.url) as server:
        redis.stop()
        async with asyncio.timeout(10):
            while server.is_up:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.mark.usefixtures("soon")
async def test_it_is_found_again(redis: Redis) -> None:
    """After a restart, the connections that died do no harm."""
    async with asking(redis.url) as server:
        assert await asyncio.gather(*(server.ask(("PING",)) for _ in range(20))) == [[True]] * 20
        redis.stop()
        assert await server.ask(("PING",)) == [UNANSWERED]
        redis.start()
        with capture_logs() as logs:
            await until_up(server)
        assert [log["log_level"] for log in logs] == ["info"]
        assert await asyncio.gather(*(server.ask(("PING",)) for _ in range(20))) == [[True]] * 20


async def test_a_restart_between_two_questions_goes_unnoticed(redis: Redis) -> None:
    """A connection that has ended meanwhile is made anew."""
    async with asking(redis.url) as server:
        assert await server.ask(("PING",)) == [True]
        redis.stop()
        redis.start()
        (connection,) = server._client.connection_pool._available_connections
        while not await connection.can_read():  # noqa: ASYNC110  # the end of it
            await asyncio.sleep(0)
        assert await server.ask(("PING",)) == [True]
        assert server.failures == 0


async def test_a_start_without_redis_is_no_failure(redis: Redis) -> None:
    """It is away from the first question on, and said to be once."""
    redis.stop()
    with capture_logs() as logs:
        async with asking(redis.url) as server:
            assert await server.ask(("PING",)) == [UNANSWERED]
    assert [log["log_level"] for log in logs] == ["warning"]


async def test_one_that_hangs_costs_one_timeout(redis: Redis) -> None:
    """Of many at once each waits no longer than one timeout, and those who come after do not."""
    async with asking(redis.url, HASTY, connections=4) as server:
        redis.pause()
        async with asyncio.timeout(50 * HASTY):  # 100 of them, were they waited for in turn
            found = await asyncio.gather(*(server.ask(("PING",)) for _ in range(400)))
            failures = server.failures
            found += [await server.ask(("PING",)) for _ in range(400)]
        assert found == [[UNANSWERED]] * 800
        assert server.failures <= failures + 1  # a look
        redis.resume()


@pytest.mark.usefixtures("soon")
async def test_an_answer_that_comes_late_is_nobodys(redis: Redis) -> None:
    """After a wait that was given up, each question gets its own answer."""
    async with asking(redis.url) as server:
        await server.ask(*(("SET", f"key {n}", f"{n}") for n in range(20)))
        redis.pause()
        server._timeout = HASTY
        for n in range(20):
            await server.ask(("GET", f"key {n}"))
        redis.resume()
        server._timeout = PATIENT
        await until_up(server)
        found = await asyncio.gather(*(server.ask(("GET", f"key {n}")) for n in range(20)))
        assert found == [[b"%d" % n] for n in range(20)]


async def test_a_busy_process_is_no_reason_to_stop_asking(redis: Redis) -> None:
    """Who waits for a connection for too long goes without an answer, and the others go on."""
    async with asking(redis.url, connections=1) as server:
        server._timeout = HASTY
        async with server._turn:
            assert await server.ask(("PING",)) == [UNANSWERED]
        assert server.is_up
        server._timeout = PATIENT
        assert await server.ask(("PING",)) == [True]


async def test_who_has_waited_has_the_whole_time_for_asking(redis: Redis) -> None:
    """What was spent on waiting for a connection is not taken from Redis' time."""
    async with asking(redis.url, connections=1) as server:
        server._timeout = 1.0
        async with server._turn:
            asked = asyncio.create_task(server.ask(("GET", "a")))
            await asyncio.sleep(0.6)
            await server._client.client_pause(600)
        assert await asked == [None]


async def test_who_has_waited_does_not_ask_one_that_went_away_meanwhile(redis: Redis) -> None:
    """A failure is known to those who wait for a connection, too."""
    async with asking(redis.url, connections=1) as server:
        async with server._turn:
            asked = asyncio.create_task(server.ask(("SET", "a", b"1")))
            await asyncio.sleep(0)
            server._fall(TimeoutError())
        assert await asked == [UNANSWERED]
        await until_up(server)
        assert await server.ask(("GET", "a")) == [None]


async def test_nothing_is_asked_twice() -> None:
    """A connection that ends before the answer is a failure; only looks try again."""
    async with hanging_up() as (url, taken), asking(url) as server:
        server.is_up = True
        taken.clear()
        assert await server.ask(("GET", "a")) == [UNANSWERED]
        assert len(taken) <= 2  # with a look


async def test_after_a_failure_all_connections_are_new(redis: Redis) -> None:
    """What is behind the old ones may be a server that is no more."""
    async with asking(redis.url) as server:
        await asyncio.gather(*(server.ask(("PING",)) for _ in range(10)))
        server._fall(TimeoutError())
        await until_up(server)
        idle = server._client.connection_pool._available_connections
        assert sum(connection.is_connected for connection in idle) == 1


async def test_a_late_loop_is_forgiven_at_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure it is looked at once, but not again and again: it may answer looks only."""
    monkeypatch.setattr(module, "LOOK", 100)
    async with asking(redis.url) as server:
        server._fall(TimeoutError())
        assert await server.ask(("PING",)) == [UNANSWERED]
        await until_up(server)
        server._fall(TimeoutError())
        await asyncio.sleep(0.05)
        assert not server.is_up


async def test_whoever_leaves_disturbs_nobody(redis: Redis) -> None:
    """Callers who are cancelled anywhere leave the others their answers, and no connection."""
    chance = random.Random(7)  # noqa: S311
    async with asking(redis.url, connections=3) as server:
        await server.ask(*(("SET", f"key {n}", f"{n}") for n in range(12)))
        for _ in range(40):
            asked = [asyncio.create_task(server.ask(("GET", f"key {n}"))) for n in range(12)]
            leaves = {task for task in asked if chance.random() < 0.5}
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            for task in leaves:
                if task.cancel():
                    await asyncio.sleep(0)
            found = await asyncio.gather(*asked, return_exceptions=True)
            for n, each in enumerate(found):
                assert each == [b"%d" % n] or isinstance(each, asyncio.CancelledError)
                assert not isinstance(each, asyncio.CancelledError) or asked[n] in leaves
        assert in_use(server) == 0
        assert (server.failures, server._turn._value) == (0, 3)


async def test_a_cancellation_is_not_swallowed(redis: Redis) -> None:
    """Wherever it is, a question that is cancelled does not return."""
    async with asking(redis.url) as server:
        for turns in range(100):
            task = asyncio.create_task(server.ask(("PING",)))
            for _ in range(turns):
                await asyncio.sleep(0)
            if task.done():
                break
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert task.done()
        assert not task.cancelled()


@pytest.mark.parametrize(
    "reply",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$5\r\nab",
        b"*-7\r\n:x\r\n",
        b"\0" * 1000,
        b"\xff\r\n",
    ],
)
async def test_what_does_not_talk_like_a_redis_that_is_ready_is_away(reply: bytes) -> None:
    """Neither one that is starting nor another kind of server is asked again and again."""
    async with saying(reply) as url, asking(url, 0.2) as server:
        assert not server.is_up
        assert await server.ask(("GET", "a")) == [UNANSWERED]
        assert server.failures == 1


@pytest.mark.parametrize("code", ["MISCONF", "READONLY", "OOM", "NOPERM", "MASTERDOWN"])
async def test_one_that_refuses_is_there(code: str) -> None:
    """An error that Redis answers with is no reason not to ask for something else."""
    async with saying(f"-{code} secret\r\n".encode()) as url, asking(url) as server:
        with capture_logs() as logs:
            for _ in range(3):
                assert await server.ask(("GET", "a")) == [UNANSWERED]
            assert await server.ask(("GET", "a"), ("GET", "b")) == [UNANSWERED] * 2
        assert server.is_up
        assert server.refused == 5
        assert [log["error"] for log in logs] == [code]
        assert "secret" not in str(logs)


async def test_a_wrong_password_is_told_to_nobody(redis: Redis) -> None:
    """The log says what is wrong, and not with what password that was found."""
    with capture_logs() as logs:
        async with asking(redis.url.replace(PASSWORD, "canary-wrong")) as server:
            assert await server.ask(("PING",)) == [UNANSWERED]
    assert [log["error"] for log in logs] == ["AuthenticationError"]
    assert "canary" not in f"{logs}{vars(server)}"
