"""Several Ollamas: one that goes and comes back, one that rests, one that is drained."""

import asyncio
from itertools import product
from pathlib import Path

from plugins.routing.hosts.plugin import Hosts
from tests.double import Received, Script, faults
from tests.integration.box import (
    MIDDLE,
    PATIENCE,
    SMALL,
    WIRES,
    Box,
    a_box,
    asked,
    body,
    chats,
    said,
    until,
)

HOST = "x-localai-host"
SENTENCE = " Hello from the tiny test model today."
RESTING = """
[plugins.routing.hosts]
rest = "1s"
longest_rest = "1s"
[plugins.routing.fallback]
attempts = 1
"""


async def test_requests_go_on_while_a_host_is_away(tmp_path: Path) -> None:
    """No request fails when a host goes, whatever it did; it is used again when it is back."""
    async with a_box(tmp_path, ollamas=2) as box:
        first = await box.ask("Hello")
        assert first.status_code == 200
        used = int(first.headers[HOST]) - 1
        gone, stays = box.doubles[used], box.doubles[1 - used]

        begun = asyncio.Event()

        def never(received: Received) -> Script:
            begun.set()
            return Script(gate=asyncio.Event())

        gone.answer = never
        waits = asyncio.create_task(box.ask("This one is under way", WIRES[1]))
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
        await gone.stop()
        gone.answer = lambda received: Script()
        for number in range(6):
            answer = await box.ask(f"Hello {number}", WIRES[number % 2], stream=number > 3)
            assert answer.status_code == 200, answer.text
            assert (answer.headers[HOST], said(answer.text)) == (str(2 - used), SENTENCE)
        async with asyncio.timeout(PATIENCE):
            moved = await waits
        assert (moved.status_code, said(moved.text)) == (200, SENTENCE)
        hosts = (await box.client.get("/admin/hosts")).json()["hosts"]
        assert [each["up"] for each in hosts] == [number != used for number in range(2)]

        before = len(chats(gone))
        await gone.start()
        await stays.stop()
        await until(lambda: _is_up(box, used))
        back = await box.ask("Is anybody there?")
        assert (back.status_code, back.headers[HOST]) == (200, str(used + 1))
        assert len(chats(gone)) == before + 1

        await stays.start()
        await until(lambda: _is_up(box, 1 - used))
        for double in box.doubles:
            double.fail(faults.Reset(None), "/api/chat")
        again = await box.ask("Hello again")
        assert (again.status_code, said(again.text)) == (200, SENTENCE)


async def test_nobody_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    """With all hosts away a request gets 503, when to try again, and the command that helps."""
    async with a_box(tmp_path) as box:
        await box.double.stop()
        for path, model in product(WIRES, (SMALL, "auto")):
            answer = await box.ask("Hello", path, model=model)
            assert answer.status_code == 503
            assert "start it with 'ollama serve'" in answer.text
            assert 1 <= int(answer.headers["retry-after"]) <= 10
        await box.double.start()
        await until(lambda: _is_up(box, 0))
        assert (await box.ask("Hello")).status_code == 200


async def test_a_model_that_fails_gets_a_rest_and_then_one_try(tmp_path: Path) -> None:
    """After three failures Ollama is left alone; after the rest one request tries, not all."""
    async with a_box(tmp_path, tables=RESTING, parallel=4) as box:
        await box.ask("Hello")
        for _ in range(3):
            box.double.fail(faults.runner_gone(), "/api/chat")
            assert (await box.ask("Hello")).status_code == 500
        before = len(asked(box.double))
        refused = await box.ask("Hello", WIRES[1])
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "circuit_open"
        assert int(refused.headers["retry-after"]) <= 3
        assert (await box.ask("Hello", model=MIDDLE)).status_code == 200
        (host,) = (await box.client.get("/admin/hosts")).json()["hosts"]
        assert [each["model"] for each in host["resting"]] == [SMALL]
        assert asked(box.double)[before:] == [MIDDLE]

        await asyncio.sleep(host["resting"][0]["retry_after"] + 0.1)  # the rest is the subject
        gate = asyncio.Event()
        box.double.script(Script(gate=gate))
        tries = [asyncio.create_task(box.ask(f"Try {number}")) for number in range(5)]
        await until(lambda: sum(each.done() for each in tries) == 4)
        gate.set()
        answers = await asyncio.gather(*tries)
        assert sorted(each.status_code for each in answers) == [200, 503, 503, 503, 503]
        assert asked(box.double)[before:] == [MIDDLE, SMALL]
        assert (await box.ask("And now?")).status_code == 200


async def test_a_drained_host_ends_its_streams_and_gets_no_more(tmp_path: Path) -> None:
    """Draining leaves a running stream alone and sends new requests to the other host."""
    async with a_box(tmp_path, ollamas=2) as box:
        gate = asyncio.Event()
        for double in box.doubles:
            double.script(Script(gate=gate, gate_at=2))
        async with box.client.stream("POST", WIRES[0], json=body(stream=True)) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            label = answer.headers[HOST]
            drained = await box.client.post(f"/admin/hosts/{label}/drain")
            assert [each["draining"] for each in drained.json()["hosts"]] == [
                each == label for each in ("1", "2")
            ]
            busy = box.doubles[int(label) - 1]
            before = len(chats(busy))
            gate.set()
            others = [await box.ask(f"Hello {number}") for number in range(4)]
            assert {each.status_code for each in others} == {200}
            assert {each.headers[HOST] for each in others} == {"2" if label == "1" else "1"}
            assert len(chats(busy)) == before
            rest = [line async for line in lines]
        assert '"done":true' in rest[-1]

        other = "2" if label == "1" else "1"
        assert (await box.client.post(f"/admin/hosts/{other}/drain")).status_code == 200
        nobody = await box.ask("Hello")
        assert (nobody.status_code, "retry-after" in nobody.headers) == (503, True)
        assert (await box.client.post(f"/admin/hosts/{label}/undrain")).status_code == 200
        assert (await box.ask("Hello")).headers[HOST] == label
        assert (await box.client.post("/admin/hosts/7/drain")).status_code == 404


def _is_up(box: Box, number: int) -> bool:
    hosts = box.gateway.find(Hosts)
    return hosts is not None and hosts.all[number].is_up
