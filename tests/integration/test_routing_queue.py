"""The queue: slots, fairness, places that are told, refusals that are true, and reloads."""

import asyncio
import json
import re
from collections import Counter
from functools import partial
from pathlib import Path

from tests.double import OllamaDouble, Received, Script
from tests.integration.box import (
    PATIENCE,
    WIRES,
    a_box,
    body,
    running,
    said,
    until,
)
from tests.integration.raw import Connection

SENTENCE = " Hello from the tiny test model today."
KEYS = """
[plugins.auth.static]
environment = ""
keys = [
    { name = "ann", key = "key-of-ann-0123456789", scopes = ["*"] },
    { name = "bob", key = "key-of-bob-0123456789", scopes = ["*"] },
]
"""
ANN, BOB = "key-of-ann-0123456789", "key-of-bob-0123456789"


class Counted:
    """Scripts for an Ollama that counts how many chats it has at a time, and in which order."""

    def __init__(self, double: OllamaDouble) -> None:
        self.gates: list[asyncio.Event] = []
        self.texts: list[str] = []
        self.most = 0
        self._double = double
        double.answer = self._script

    def _script(self, received: Received) -> Script:
        self.most = max(self.most, running(self._double))
        self.texts.append(received.json["messages"][-1]["content"])
        self.gates.append(asyncio.Event())
        return Script(gate=self.gates[-1])

    def _has(self, number: int) -> bool:
        return len(self.gates) > number

    async def serve(self, count: int) -> list[str]:
        """Let so many chats end, one after the other; return what they were about."""
        first = len([gate for gate in self.gates if gate.is_set()])
        for number in range(first, first + count):
            await until(partial(self._has, number))
            self.gates[number].set()
        return self.texts[first : first + count]


async def test_ollama_never_has_more_than_its_slots(tmp_path: Path) -> None:
    """Of 24 clients that come at once, two are served at a time, and all are served."""
    slots = "[plugins.routing.queue]\nslots = 2\n"
    async with a_box(tmp_path, tables=slots, parallel=2) as box:
        await box.ask("Hello")
        most = 0

        def script(received: Received) -> Script:
            nonlocal most
            most = max(most, running(box.double))
            return Script(pace=0.001)

        box.double.answer = script
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(
                *(
                    box.ask(f"Number {number}", WIRES[number % 2], stream=number % 3 == 0)
                    for number in range(24)
                )
            )
        assert [said(each.text) for each in answers] == [SENTENCE] * 24
        assert most == 2
        assert sum("waited=" in each.headers.get("x-localai-queue", "") for each in answers) >= 20


async def test_keys_have_their_turns_and_batches_wait(tmp_path: Path) -> None:
    """Two keys take turns though one came first with more; batches come after people."""
    async with a_box(tmp_path, tables=KEYS) as box:
        await box.ask("Hello", key=ANN)
        counted = Counted(box.double)
        tasks = [asyncio.create_task(box.ask("runs", key=ANN))]
        await until(lambda: counted.gates)
        batch = {"x-localai-priority": "batch"}
        for name, key, headers, count in (
            ("batch", BOB, batch, 2),
            ("ann", ANN, {}, 6),
            ("bob", BOB, {}, 3),
        ):
            before = len(tasks) - 1
            tasks += [
                asyncio.create_task(box.ask(f"{name} {number}", key=key, headers=headers))
                for number in range(count)
            ]
            await box.waiting(before + count)
        served = [text.split()[0] for text in await counted.serve(12)]
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*tasks)
        assert {each.status_code for each in answers} == {200}
        assert served[0] == "runs"
        assert 2 <= Counter(served[1:7])["bob"] <= 3
        # A tenth of the time is theirs while people wait.
        assert Counter(served[1:7])["batch"] <= 1
        assert served[-1] in ("batch", "ann")
        assert counted.most == 1


async def test_who_waits_is_told_where_and_may_leave(tmp_path: Path) -> None:
    """Streams that wait are told their place, who leaves frees it, and the others move up."""
    async with a_box(tmp_path, server='heartbeat = "100ms"') as box:
        await box.ask("Hello")
        counted = Counted(box.double)
        runs = asyncio.create_task(box.ask("runs"))
        await until(lambda: counted.gates)
        waiting = []
        for number, path in enumerate((WIRES[1], WIRES[1], WIRES[0])):
            wanted = body(f"Number {number}", stream=True)
            waiting.append(await Connection.post(box.router.url, path, wanted))
            await box.waiting(number + 1)
        leaves, stays, other = waiting
        async with asyncio.timeout(PATIENCE):
            assert [await each.head() for each in waiting] == [200, 200, 200]
            assert re.match(rb": position=1, eta=\d+\n", await anext(leaves.pieces()))
            pieces = stays.pieces()
            assert re.match(rb": position=2, eta=\d+\n", await anext(pieces))
            sign = json.loads(await anext(other.pieces()))
            assert (sign["message"]["content"], sign["done"]) == ("", False)

            leaves.leave()
            await box.waiting(2)
            shown = (await box.queue())["models"][0]
            assert [each["position"] for each in shown["next"]] == [1, 2]
            assert shown["next"][0]["key"] == "anonymous"
            async for piece in pieces:
                if piece.startswith(b": position=1"):
                    break
            counted.gates[0].set()
            assert (await runs).status_code == 200
            await counted.serve(2)
            text = (await stays.rest()).decode()
            assert said(text) == SENTENCE
            assert said((await other.rest()).decode()) == SENTENCE
        stays.leave()
        other.leave()
        assert counted.texts == ["runs", "Number 1", "Number 2"]
        await until(lambda: box.gateway.running == 0)
        assert (await box.queue())["models"] == []


async def test_a_full_queue_says_truly_when_to_come_back(tmp_path: Path) -> None:
    """Who finds the queue full gets 503 in each format, and is served at the time that it says."""
    room = "[plugins.routing.queue]\nmax_waiting = 2\n"
    async with a_box(tmp_path, tables=room) as box:
        await box.ask("Hello")
        counted = Counted(box.double)
        tasks = [asyncio.create_task(box.ask("runs"))]
        await until(lambda: counted.gates)
        for number in range(2):
            tasks.append(asyncio.create_task(box.ask(f"Number {number}")))
            await box.waiting(number + 1)
        for path in WIRES:
            refused = await box.ask("too many", path, stream=True)
            assert refused.status_code == 503
            error = refused.json()["error"]
            text = error if isinstance(error, str) else error["message"]
            assert text == "2 requests wait for this model already: try again later"
        seconds = int(refused.headers["retry-after"])
        assert 1 <= seconds <= 10
        assert counted.texts == ["runs"]

        box.double.answer = lambda received: Script(pace=0.02)
        await counted.serve(1)
        await asyncio.sleep(seconds)  # what it says is the subject
        assert (await box.ask("again")).status_code == 200
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*tasks)
        assert {each.status_code for each in answers} == {200}


async def test_a_reload_drops_nobody_who_waits(tmp_path: Path) -> None:
    """Twenty who wait keep their places through a reload that changes the queue's own settings."""
    table = "[plugins.routing.queue]\nmax_waiting = 50\n"
    async with a_box(tmp_path, tables=table) as box:
        await box.ask("Hello")
        counted = Counted(box.double)
        tasks = []
        for number in range(21):
            tasks.append(asyncio.create_task(box.ask(f"{number}", WIRES[number % 2])))
            await box.waiting(number) if number else await until(lambda: counted.gates)
        await box.waiting(20)
        assert await box.router.change("max_waiting = 50", "max_waiting = 40") == 2
        assert await box.router.change("max_waiting = 40", "max_waiting = 30\nslots = 1") == 3
        await box.waiting(20)
        tasks.append(asyncio.create_task(box.ask("after", WIRES[0])))
        await box.waiting(21)
        served = await counted.serve(22)
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*tasks)
        assert {each.status_code for each in answers} == {200}
        assert served == [*(str(number) for number in range(21)), "after"]
        assert counted.most == 1
