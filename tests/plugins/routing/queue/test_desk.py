"""Slots and waits, in front of doubles over real sockets."""

import asyncio
from pathlib import Path

import httpx
import pytest

from plugins.routing.hosts.plugin import Hosts
from plugins.routing.queue import desk
from tests.double import OllamaDouble, Script
from tests.plugins.routing.fleet import until
from tests.plugins.routing.queue.support import (
    CHAIN,
    CHAIN_WITH_KEY,
    KEYS,
    OTHER,
    SECRET,
    box,
    gated,
)


async def test_no_more_run_than_there_are_slots(tmp_path: Path) -> None:
    """With two slots two requests of three are at Ollama, and the third waits here."""
    async with box(tmp_path, OllamaDouble(num_parallel=2), queue="slots = 2") as one:
        await one.ask()
        gate = gated(one.double)
        before = len(one.double.received)
        tasks = [one.asking() for _ in range(3)]
        await one.waiting(1)
        await until(lambda: len(one.double.received) == before + 2)
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert [answer.status_code for answer in answers] == [200] * 3
        assert (
            sum("waited=" in answer.headers.get("x-localai-queue", "") for answer in answers) == 1
        )
        assert one.taken == one.desk.outlooks.waiting == 0


async def test_who_leaves_the_queue_is_forgotten(tmp_path: Path) -> None:
    """A client that leaves while it waits never reaches Ollama."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        gate = gated(one.double)
        running = one.asking()
        await one.running(1)
        waiting = one.asking()
        await one.waiting(1)
        received = len(one.double.received)
        waiting.cancel()
        await one.waiting(0)
        gate.set()
        assert (await running).status_code == 200
        assert len(one.double.received) == received


async def test_a_full_queue_refuses_and_says_when(tmp_path: Path) -> None:
    """Above its bound the queue answers 503, with a time after which there is room."""
    async with box(tmp_path, OllamaDouble(), queue="max_waiting = 1") as one:
        await one.ask()
        gate = gated(one.double)
        tasks = [one.asking()]
        await one.running(1)
        tasks.append(one.asking())
        await one.waiting(1)
        refused = await one.ask()
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert "1 requests wait" in refused.json()["error"]
        gate.set()
        assert [each.status_code for each in await asyncio.gather(*tasks)] == [200, 200]


async def test_a_hopeless_wait_is_refused_at_once(tmp_path: Path) -> None:
    """Who would wait for longer than they may is told so, and for how long it would be."""
    async with box(tmp_path, OllamaDouble(), queue='max_wait = "0s"') as one:
        await one.ask()
        gate = gated(one.double)
        running = one.asking()
        await one.running(1)
        refused = await one.ask()
        assert refused.status_code == 503
        assert "may wait 0 s" in refused.json()["error"]
        gate.set()
        assert (await running).status_code == 200


async def test_what_nobody_has_measured_refuses_nobody(tmp_path: Path) -> None:
    """Before the first answer, only who says how long they can wait is refused by an estimate."""
    async with box(tmp_path, OllamaDouble(), queue='max_wait = "5s"') as one:
        line = one.desk.outlooks.line("tiny:latest")
        line.pace = 1e6  # as if it were expected to take for ever
        gate = gated(one.double)
        tasks = [one.asking()]
        await one.running(1)
        tasks.append(one.asking())
        await one.waiting(1)
        refused = await one.ask(headers={"x-localai-max-latency": "2s"})
        assert refused.status_code == 503
        assert "ask another model" in refused.json()["error"]
        gate.set()
        assert [each.status_code for each in await asyncio.gather(*tasks)] == [200, 200]


async def test_a_deadline_that_passes_ends_the_wait(tmp_path: Path) -> None:
    """Who is not served in time is refused, and the slot goes to others."""
    async with box(tmp_path, OllamaDouble(), queue='max_wait = "1s"') as one:
        await one.ask()
        line = one.desk.outlooks.line("tiny:latest")
        gate = gated(one.double)
        running = one.asking()
        await one.running(1)
        line.pace = 0.2  # as if answers were quicker than they are
        refused = await one.ask()
        assert refused.status_code == 503
        assert one.desk.figures.refused["wait_too_long"] == 1
        gate.set()
        assert (await running).status_code == 200


async def test_keys_take_turns(tmp_path: Path) -> None:
    """Who sends one request is served before the second one of who has sent many."""
    order: list[str] = []

    def answer(received: object) -> Script:
        order.append(received.json["messages"][0]["content"])  # type: ignore[attr-defined]
        return Script(gate=gate)

    async with box(tmp_path, OllamaDouble(), chain=CHAIN_WITH_KEY, more=KEYS) as one:
        gate = asyncio.Event()
        one.double.answer = answer

        def send(secret: str, text: str) -> "asyncio.Task[httpx.Response]":
            headers = {"authorization": f"Bearer {secret}"}
            return one.asking(messages=[{"role": "user", "content": text}], headers=headers)

        tasks = [send(SECRET, "first")]
        await one.running(1)
        for number in range(4):
            tasks.append(send(SECRET, f"many {number}"))
            await one.waiting(number + 1)
        tasks.append(send(OTHER, "single"))
        await one.waiting(5)
        gate.set()
        await asyncio.gather(*tasks)
        assert order[:2] == ["first", "single"]


async def test_batches_wait_for_people(tmp_path: Path) -> None:
    """A request that says it is a batch is served after one that came later and does not."""
    order: list[str] = []

    def answer(received: object) -> Script:
        order.append(received.json["messages"][0]["content"])  # type: ignore[attr-defined]
        return Script(gate=gate)

    async with box(tmp_path, OllamaDouble()) as one:
        gate = asyncio.Event()
        one.double.answer = answer
        tasks = []
        for count, (text, priority) in enumerate(
            (("first", ""), ("job", "batch"), ("person", "interactive"))
        ):
            message = [{"role": "user", "content": text}]
            headers = {"x-localai-priority": priority}
            tasks.append(one.asking(messages=message, headers=headers))
            await one.running(1)
            await one.waiting(count)
        gate.set()
        await asyncio.gather(*tasks)
        assert order == ["first", "person", "job"]


async def test_restraint_takes_slots_away(tmp_path: Path) -> None:
    """In quiet hours that leave half of the slots, half as many run at a time."""
    chain = CHAIN.replace('"routing.queue"', '"routing.quiet", "routing.queue"')
    more = (
        '[plugins.routing.quiet]\nquiet_hours = ["00:00-12:00", "12:00-00:00"]\nquiet_slots = 0.5'
    )
    async with box(
        tmp_path, OllamaDouble(num_parallel=4), queue="slots = 4", chain=chain, more=more
    ) as one:
        await one.ask()
        gate = gated(one.double)
        tasks = [one.asking() for _ in range(3)]
        await one.waiting(1)
        assert one.taken == 2
        gate.set()
        await asyncio.gather(*tasks)


async def test_a_request_says_how_long_it_may_take(tmp_path: Path) -> None:
    """Who must be answered soon does not wait behind others."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        gate = gated(one.double)
        running = one.asking()
        await one.running(1)
        refused = await one.ask(headers={"x-localai-max-latency": "500ms"})
        assert refused.status_code == 503
        assert float(refused.headers["retry-after"]) >= 1
        gate.set()
        assert (await running).status_code == 200


async def test_batches_leave_room_for_people(tmp_path: Path) -> None:
    """Batches may fill half of a queue; a person still finds a place then."""
    async with box(tmp_path, OllamaDouble(), queue="max_waiting = 2") as one:
        await one.ask()
        gate = gated(one.double)
        tasks = [one.asking()]
        await one.running(1)
        batch = {"x-localai-priority": "batch"}
        tasks.append(one.asking(headers=batch))
        await one.waiting(1)
        assert (await one.ask(headers=batch)).status_code == 503
        tasks.append(one.asking())
        await one.waiting(2)
        gate.set()
        assert [each.status_code for each in await asyncio.gather(*tasks)] == [200] * 3


async def test_one_key_can_not_fill_a_queue(tmp_path: Path) -> None:
    """Above its own bound a key is refused, while the queue has room for others."""
    async with box(
        tmp_path, OllamaDouble(), queue="max_waiting_per_key = 1", chain=CHAIN_WITH_KEY, more=KEYS
    ) as one:
        mine, other = ({"authorization": f"Bearer {secret}"} for secret in (SECRET, OTHER))
        await one.ask(headers=mine)
        gate = gated(one.double)
        tasks = [one.asking(headers=mine)]
        await one.running(1)
        tasks.append(one.asking(headers=mine))
        await one.waiting(1)
        refused = await one.ask(headers=mine)
        assert refused.status_code == 503
        assert "of yours" in refused.json()["error"]
        tasks.append(one.asking(headers=other))
        await one.waiting(2)
        gate.set()
        assert [each.status_code for each in await asyncio.gather(*tasks)] == [200] * 3


async def test_nobody_waits_for_a_host_that_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no host may be asked for a while, whoever waits is told why and when to try again."""
    monkeypatch.setattr(desk, "CLOSED", 0.5)
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        gate = gated(one.double)
        tasks = [one.asking(), one.asking()]
        await one.waiting(1)
        hosts = one.router.gateway.find(Hosts)
        assert hosts is not None
        hosts.drain("1", True)
        await one.waiting(0)
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert sorted(answer.status_code for answer in answers) == [200, 503]
