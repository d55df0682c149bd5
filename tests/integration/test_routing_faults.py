"""Fault drills: what clients see of an Ollama that is slow, busy, broken or silent."""

import asyncio
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.double import Script, faults
from tests.integration.box import (
    LARGE,
    MIDDLE,
    PATIENCE,
    SMALL,
    WIRES,
    Box,
    a_box,
    asked,
    body,
    chats,
    models,
    said,
    until,
)
from tests.integration.raw import Connection

SENTENCE = " Hello from the tiny test model today."
FORMS = [(path, stream) for path in WIRES for stream in (False, True)]
QUICK = f"""
[plugins.routing.fallback]
backoff = "1ms"
chains = {{ "{LARGE}" = {{ busy = ["{MIDDLE}"], timeout = ["{SMALL}"] }} }}
retry_share = 1.0
"""


@pytest.mark.parametrize("path", WIRES)
async def test_a_load_goes_on_when_the_first_who_wanted_it_leaves(
    tmp_path: Path, path: str
) -> None:
    """A slow load is one load for all who wait, it is told to them, and survives whoever began."""
    gate = asyncio.Event()

    def have() -> list[Any]:
        made = models()
        made[2].load_gate = gate
        return made

    async with a_box(tmp_path, have=have, server='heartbeat = "50ms"') as box:
        wanted = body("Hello", model=LARGE, stream=True)
        first = await Connection.post(box.router.url, path, wanted)
        assert await first.head() == 200
        sign = await anext(first.pieces())
        if path == "/v1/chat/completions":
            assert sign.startswith(b": ")
            assert f"loading={LARGE}, eta=".encode() in sign
        else:
            assert json.loads(sign)["message"]["content"] == ""
        others = [
            asyncio.create_task(box.ask(f"Number {number}", path, model=LARGE, stream=stream))
            for number, stream in enumerate((True, False, True))
        ]
        (load,) = (await box.queue())["loads"]
        await until(lambda: box.gateway.running == 4)
        first.leave()
        await until(lambda: box.gateway.running == 3)
        assert (load["model"], box.double.loads) == (LARGE, 0)

        gate.set()
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*others)
        assert [said(each.text) for each in answers] == [SENTENCE] * 3
        assert (box.double.loads, box.double.reloads) == (1, 0)
        assert asked(box.double) == [LARGE] * 3


@pytest.mark.parametrize("is_cold", [True, False], ids=["cold", "warm"])
async def test_what_fails_before_its_first_byte_is_tried_again(
    tmp_path: Path, is_cold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 503, a crash or a reset, of a load or an answer, is not seen by the client."""
    monkeypatch.setattr("core.failures.BUSY_RETRY", 0.01)
    patient = "[plugins.routing.hosts]\nfailure_rate = 1.0\n"
    failures = [faults.busy(), faults.runner_gone(), faults.Reset(None)]
    async with a_box(tmp_path, tables=QUICK + patient) as box:
        await box.ask("first", model=LARGE)
        for number, (fault, (path, stream)) in enumerate(product(failures, FORMS)):
            if is_cold:
                away = {"model": LARGE, "keep_alive": 0}
                assert (await box.client.post("/api/generate", json=away)).status_code == 200
            box.double.fail(fault, "/api/chat")
            answer = await box.ask(f"Hello {number}", path, model=LARGE, stream=stream)
            assert (answer.status_code, said(answer.text)) == (200, SENTENCE), answer.text
            assert "x-localai-fallback" not in answer.headers
        assert box.double.loads == (1 + 12 if is_cold else 1)


async def test_a_busy_ollama_is_relieved_by_another_model(tmp_path: Path) -> None:
    """When Ollama wants a longer rest than is allowed, the chain's model answers, and says so."""
    tables = QUICK + 'longest_wait = "1s"\n'
    async with a_box(tmp_path, tables=tables) as box:
        await box.ask(model=LARGE)
        for path, stream in FORMS:
            box.double.fail(faults.busy(), "/api/chat")
            answer = await box.ask("Hello", path, model=LARGE, stream=stream)
            assert (answer.status_code, said(answer.text)) == (200, SENTENCE)
            assert answer.headers["x-localai-fallback"] == f"{MIDDLE}; cause=busy"
            assert answer.headers["x-localai-model"] == MIDDLE
        assert (await box.queue())["models"] == []


async def test_what_breaks_in_the_middle_ends_with_an_error(tmp_path: Path) -> None:
    """A stream that is reset after some words ends with an error event, and nothing comes twice."""
    async with a_box(tmp_path, tables=QUICK) as box:
        await box.ask(model=LARGE)
        for path in WIRES:
            before = len(asked(box.double))
            box.double.script(Script(pace=0.05, fault=faults.Reset(after=3)))
            answer = await box.ask("Hello", path, model=LARGE, stream=True)
            assert answer.status_code == 200
            events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
            assert "error" in json.loads(events[-1])
            # What a reset overtakes on its way is lost.
            assert SENTENCE.startswith(said(answer.text))
            assert " Hello" in said(answer.text)
            assert asked(box.double)[before:] == [LARGE]
        assert (await box.queue())["models"] == []


async def test_a_model_that_hangs_is_left_for_another(tmp_path: Path) -> None:
    """The clock for the first token ends a hang, Ollama is let go, and the next model answers."""
    async with a_box(tmp_path, tables=QUICK, ollama='first_token_timeout = "300ms"') as box:
        await box.ask(model=LARGE)
        await box.ask(model=SMALL)
        for path in WIRES:
            box.double.script(Script(fault=faults.Stall()))
            answer = await box.ask("Hello", path, model=LARGE, stream=True)
            assert said(answer.text) == SENTENCE
            assert answer.headers["x-localai-fallback"] == f"{SMALL}; cause=timeout"
            hung = chats(box.double)[-2]
            async with asyncio.timeout(PATIENCE):
                await hung.disconnected.wait()
        assert (await box.queue())["models"] == []


async def test_an_unknown_model_says_what_to_do(tmp_path: Path) -> None:
    """A model that no Ollama has is a 404 in each wire format, which names the command."""
    async with a_box(tmp_path) as box:
        for path, stream in FORMS:
            answer = await box.ask("Hello", path, model="llama3.2", stream=stream)
            assert answer.status_code == 404
            error = answer.json()["error"]
            text = error if isinstance(error, str) else error["message"]
            assert text == "model 'llama3.2' is not here: ollama pull llama3.2"
        assert await _queue_is_empty(box)


async def _queue_is_empty(box: Box) -> bool:
    return not (await box.queue())["models"]
