"""The queue in a router, in front of doubles over real sockets."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from localai import Call, Chunks, Unavailable, UpstreamBusy
from tests.double import OllamaDouble, Script
from tests.pace import within_async
from tests.plugins.routing.fleet import until
from tests.plugins.routing.queue.support import CHAIN_WITH_KEY, KEY, SECRET, box, gated
from tests.plugins.support import HELLO, a_call, all_of
from tests.plugins.support import Model as FakeModel


async def test_a_request_passes(tmp_path: Path) -> None:
    """A request that needs not wait is answered without a word about a queue."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        answer = await one.ask()
        assert answer.status_code == 200
        assert "x-localai-queue" not in answer.headers
        assert one.taken == 0


async def test_passing_costs_little(tmp_path: Path) -> None:
    """A request that needs not wait costs 25 µs more for the queue; three times that is held."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        inner = FakeModel(*HELLO)
        queued = one.queue.around_inference(inner.infer)

        async def work() -> None:
            for _ in range(200):
                await all_of(queued, a_call(model="tiny"))

        await within_async(200 * 75e-6, work)
        assert {call.host for call in inner.calls} == {one.double.url}


async def turns(count: int) -> None:
    """Wait for so many turns of the event loop: a busy machine has no fewer of them."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_no_slot_leaks_in_a_thousand_ends(tmp_path: Path) -> None:
    """However 1,000 requests end, early or late, well or badly, all slots are free afterwards."""
    random = Random(6)  # noqa: S311

    async def model(call: Call) -> Chunks:
        await turns(random.randint(0, 20))
        if random.random() < 0.1:
            raise UpstreamBusy("broken")
        for chunk in HELLO:
            await asyncio.sleep(0)
            yield chunk

    async with box(tmp_path, OllamaDouble(), queue="slots = 4") as one:
        await one.ask()
        queued = one.queue.around_inference(model)
        ends: Counter[str] = Counter()

        async def asks() -> None:
            try:
                await all_of(queued, a_call(model="tiny"))
            except asyncio.CancelledError:
                ends["left"] += 1
            except UpstreamBusy:
                ends["broken"] += 1
            except Unavailable as error:
                ends[str(error.code)] += 1
            else:
                ends["whole"] += 1

        async def comes(stays: int) -> None:
            asking = asyncio.create_task(asks())
            await turns(1 + stays)  # at least, it has begun
            asking.cancel()
            await asyncio.wait([asking])

        for _ in range(25):
            await asyncio.gather(*(comes(random.randint(0, 600)) for _ in range(40)))
        assert ends.total() == 1000
        assert min(ends[end] for end in ("left", "whole", "broken")) > 20, ends
        assert one.taken == one.desk.outlooks.waiting == 0
        (line,) = one.desk.outlooks.lines.values()
        assert (line.answer_tokens, line.prompt_tokens) == (0, 0)


async def test_no_slot_leaks(tmp_path: Path) -> None:
    """After 300 clients that came and left at any moment, all slots are free."""
    random = Random(6)  # noqa: S311
    async with box(tmp_path, OllamaDouble(num_parallel=3), queue="slots = 3") as one:
        one.double.answer = lambda received: Script(pace=0.001)

        async def comes(stream: bool, stays: float) -> None:
            try:
                async with asyncio.timeout(stays):
                    await one.ask(random.choice(("tiny", "tiny-tools")), stream=stream)
            except TimeoutError:
                pass

        for _ in range(15):
            await asyncio.gather(
                *(comes(random.random() < 0.5, random.uniform(0, 0.1)) for _ in range(20))
            )
        await until(lambda: one.taken == one.desk.outlooks.waiting == 0)
        assert (await one.ask()).status_code == 200


async def test_an_unknown_model_is_refused_by_ollama(tmp_path: Path) -> None:
    """A name that the catalogue does not know goes through, so that the answer is Ollama's 404."""
    async with box(tmp_path, OllamaDouble()) as one:
        answer = await one.ask("nobody")
        assert answer.status_code == 404
        assert "ollama pull" in answer.json()["error"]


@pytest.mark.parametrize(("own", "sent"), [(None, 300), ("1m", "1m"), ("10h", 300)])
async def test_a_model_stays_for_as_long_as_the_policy_says(
    tmp_path: Path, own: str | None, sent: object
) -> None:
    """A caller may shorten the time that a model stays in memory, and not make it longer."""
    async with box(
        tmp_path,
        OllamaDouble(),
        queue='keep_alive = "5m"',
        chain=CHAIN_WITH_KEY,
        more=KEY,
    ) as one:
        one.client.headers["authorization"] = f"Bearer {SECRET}"
        body = {} if own is None else {"keep_alive": own}
        assert (await one.ask(**body)).status_code == 200
        assert one.double.received[-1].json["keep_alive"] == sent


async def test_queues_outlive_a_change_of_settings(tmp_path: Path) -> None:
    """Whoever waits while the file changes keeps waiting, and slots are still counted."""
    async with box(tmp_path, OllamaDouble(), queue="max_waiting = 50") as one:
        await one.ask()
        gate = gated(one.double)
        tasks = [one.asking() for _ in range(2)]
        await one.waiting(1)
        await one.router.change("max_waiting = 50", "max_waiting = 40")
        assert one.desk.outlooks.waiting == 1
        tasks.append(one.asking())
        await one.waiting(2)
        gate.set()
        assert [each.status_code for each in await asyncio.gather(*tasks)] == [200] * 3
