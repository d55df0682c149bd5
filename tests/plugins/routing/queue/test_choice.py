"""Which of several hosts is asked."""

import asyncio
from pathlib import Path

import httpx

from plugins.routing.hosts.plugin import Hosts
from tests.double import OllamaDouble
from tests.plugins.routing.queue.support import box, gated


async def test_two_hosts_serve_one_queue(tmp_path: Path) -> None:
    """Who waits is served by the host whose slot is free first."""
    doubles = OllamaDouble(), OllamaDouble()
    async with box(tmp_path, *doubles) as one:
        gates = [gated(double) for double in doubles]
        tasks = [one.asking(), one.asking()]
        await one.running(2)
        tasks.append(one.asking())
        await one.waiting(1)
        gates[1].set()
        await one.waiting(0)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        gates[0].set()
        answers: list[httpx.Response] = await asyncio.gather(*tasks)
        hosts = sorted(answer.headers["x-localai-host"] for answer in answers)
        assert hosts == ["1", "2", "2"]


async def test_a_conversation_goes_back_to_its_host(tmp_path: Path) -> None:
    """Of two free hosts, that one gets a conversation's next turn which has its beginning."""
    first = [{"role": "user", "content": "A question of some length, " * 40}]
    async with box(tmp_path, OllamaDouble(), OllamaDouble()) as one:
        for label in (await one.ask(messages=first)).headers["x-localai-host"]:
            answered = {"role": "assistant", "content": "Yes"}
            more = [*first, answered, {"role": "user", "content": "And why?"}]
            assert (await one.ask(messages=more)).headers["x-localai-host"] == label
            other = [{"role": "user", "content": "Something else"}]
            await one.ask(messages=other)
            assert (await one.ask(messages=more)).headers["x-localai-host"] == label


async def test_who_waits_is_served_by_a_host_that_comes_back(tmp_path: Path) -> None:
    """A slot on a host that drains no more is given to who waits, within a second or two."""
    async with box(tmp_path, OllamaDouble(), OllamaDouble()) as one:
        hosts = one.router.gateway.find(Hosts)
        assert hosts is not None
        for double in one.doubles:
            gated(double)
        hosts.drain("2", True)
        tasks = [one.asking(), one.asking()]
        await one.waiting(1)
        line = one.desk.outlooks.lines["tiny:latest"]
        (running,) = line.turns()
        running.cost = 60.0  # so that the other host's load is worth it
        hosts.drain("2", False)
        await one.waiting(0)
        assert line.busy(one.doubles[1].url) == 1
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_busy_host_that_has_the_model_is_waited_for(tmp_path: Path) -> None:
    """Where a model is loaded on a busy host, a short wait is better than to load it twice."""
    async with box(tmp_path, OllamaDouble(), OllamaDouble()) as one:
        await one.ask()
        has_it = next(double for double in one.doubles if double.loaded)
        gate = gated(has_it)
        tasks = [one.asking()]
        await one.running(1)
        tasks.append(one.asking())
        await one.waiting(1)
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert sum(double.loads for double in one.doubles) == 1
