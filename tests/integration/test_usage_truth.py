"""What is booked is what the Ollamas did, however requests go."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.double import Model, OllamaDouble, Received, Script, faults
from tests.integration.box import EMBEDDING, MIDDLE, SMALL, WIRES, Box, a_box, models

CLIENTS = 24
"""Requests at a time."""
WORD = "word "
"""Each token of every answer."""
TABLES = """
[plugins.routing.queue]
slots = 8
[plugins.routing.fallback]
backoff = "1ms"
retry_share = 1.0
[plugins.routing.hosts]
failures_in_a_row = 1000
failure_rate = 1.0
[plugins.guardrails.input]
max_characters = 2000
[plugins.auth.static]
keys = [{ name = "all", key = "key-of-all-0123456789" }]
"""
KEY = {"authorization": "Bearer key-of-all-0123456789"}
"""While nobody has a key, each request asks the database, which a machine under load does late."""
MIX = {
    "plain": 20,
    "stream": 20,
    "openai": 10,
    "same": 20,
    "embed": 10,
    "leave": 8,
    "share": 4,
    "retry": 3,
    "die": 2,
    "absent": 2,
    "refused": 1,
}
"""Of 100 begins, how many are of which kind; `share` is three requests."""


@dataclass
class Ask:
    """A request, and what its client got."""

    id: str
    kind: str
    text: str
    """By which the double's record of it is found."""
    model: str
    got: int = 0
    """Tokens that the client has seen."""
    ok: bool = False
    """Whether it was the whole answer."""


@dataclass
class Traffic:
    """Clients of many kinds, who remember what they got."""

    url: str
    session: aiohttp.ClientSession
    random: random.Random
    asks: list[Ask] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=count)

    async def run(self, requests: int) -> None:
        """Ask until there are so many requests."""
        kinds = list(MIX)
        begins = iter(lambda: len(self.asks) < requests, False)

        async def client() -> None:
            for _ in begins:
                (kind,) = self.random.choices(kinds, list(MIX.values()))
                await self._begin(kind)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))

    async def _begin(self, kind: str) -> None:
        number = next(self._ids)
        size = self.random.randint(1, 9)
        text = f"{kind} {number}" + " x" * size
        if kind == "embed":
            await self._embed()
        elif kind == "share":
            first = asyncio.Event()
            # The first of three begins the answer, and leaves it to the others.
            await asyncio.gather(
                self._chat(kind, text, stream=True, keep=True, leave_after=1, begun=first),
                *(self._after(first, kind, text) for _ in range(2)),
            )
        elif kind == "leave":
            await self._chat(kind, text, stream=True, leave_after=self.random.randint(0, 6))
        elif kind == "same":
            pool = f"same {self.random.randint(0, len(self.asks) // 40)}"
            await self._chat(kind, pool, stream=self.random.random() < 0.5, keep=True)
        elif kind == "openai":
            await self._chat(kind, text, stream=self.random.random() < 0.5, path=WIRES[1])
        elif kind == "absent":
            await self._chat(kind, text, model="absent:1b")
        elif kind == "refused":
            await self._chat(kind, text + "x" * 2000)
        else:
            await self._chat(kind, text, stream=kind in ("stream", "die"))

    async def _after(self, first: asyncio.Event, kind: str, text: str) -> None:
        await first.wait()
        await self._chat(kind, text, stream=True, keep=True)

    async def _embed(self) -> None:
        texts = [f"text {self.random.randint(0, 200)}" for _ in range(self.random.randint(1, 4))]
        ask = self._ask("embed", "", EMBEDDING)
        body = {"model": EMBEDDING, "input": texts}
        async with self._post("/api/embed", body, ask) as answer:
            ask.ok = answer.status == 200
            await answer.read()

    async def _chat(
        self,
        kind: str,
        text: str,
        *,
        path: str = WIRES[0],
        stream: bool = False,
        keep: bool = False,
        model: str = "",
        leave_after: int | None = None,
        begun: asyncio.Event | None = None,
    ) -> None:
        model = model or (SMALL if len(text) % 2 else MIDDLE)
        ask = self._ask(kind, text, model)
        body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": text}]}
        body["stream"] = stream
        if keep:
            body["options"] = {"temperature": 0}
        try:
            async with self._post(path, body, ask) as answer:
                async for line in answer.content:
                    ask.got += line.count(WORD.encode())
                    ask.ok |= b'"done":true' in line or b'"finish_reason":"stop"' in line
                    if begun is not None:
                        begun.set()
                    if leave_after is not None and ask.got >= leave_after:
                        ask.ok = False
                        answer.close()
                        return
                ask.ok &= answer.status == 200
        finally:
            if begun is not None:
                begun.set()

    def _ask(self, kind: str, text: str, model: str) -> Ask:
        ask = Ask(id=f"r{len(self.asks)}", kind=kind, text=text, model=model)
        self.asks.append(ask)
        return ask

    def _post(self, path: str, body: Any, ask: Ask) -> Any:
        headers = KEY | {"x-request-id": ask.id}
        return self.session.post(self.url + path, json=body, headers=headers)


def plays() -> Any:
    """Return what has a double answer by what it is asked."""
    tries: Counter[str] = Counter()

    def answer(received: Received) -> Script:
        text = text_of(received)
        tries[text] += 1
        kind, number = text.split()[:2]
        tokens = [WORD] * (4 + int(number) % 8)
        if kind == "retry" and tries[text] == 1:
            fault = faults.runner_gone() if int(number) % 2 else faults.Reset(None)
            return Script(fault=fault)
        if kind == "die":
            return Script(tokens=tokens, fault=faults.ErrorLine(3))
        return Script(tokens=tokens, pace=0.002 if kind in ("leave", "share") else 0.0)

    return answer


def text_of(received: Received) -> str:
    """Return what a chat asked last; empty for all else."""
    messages = received.json.get("messages") or [{"content": ""}]
    return str(messages[-1]["content"])


def record(doubles: Sequence[OllamaDouble]) -> dict[str, list[Received]]:
    """Return what the Ollamas did, by the text that was asked; embeddings have none."""
    found: dict[str, list[Received]] = defaultdict(list)
    for received in (each for double in doubles for each in double.received):
        text = text_of(received) if received.path == "/api/chat" else ""
        if text or received.path == "/api/embed":
            found[text].append(received)
    return found


async def rows_of(box: Box) -> dict[str, Any]:
    """Return the row of each request, when all are written; each is there once."""
    await box.gateway.current.idle()
    usage = box.gateway.usage
    await usage.flush()
    async with box.gateway.database.read() as connection:
        rows = (await connection.execute(usage.table.select())).fetchall()
    found = {row.request_id: row for row in rows}
    assert len(found) == len(rows)
    return found


def have() -> list[Model]:
    """Return models that answer at once."""
    return [model for model in models() if model.name in (SMALL, MIDDLE, EMBEDDING)]


def check(asks: Sequence[Ask], rows: Sequence[Any], runs: Sequence[Received]) -> bool:
    """Compare what is booked for a text with what the Ollamas did; say whether it must be equal."""
    text = asks[0].text
    booked = sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows)
    told = [each.told for each in runs if each.told is not None]
    for ask, row in zip(asks, rows, strict=True):
        if ask.ok:
            assert row.outcome == "ok", text
            assert ask.got == row.completion_tokens + row.saved_completion_tokens or not text
    is_whole = all(ask.ok for ask in asks) or (len(runs) == 1 and any(ask.ok for ask in asks))
    if is_whole:
        assert booked == tuple(map(sum, zip(*told, strict=True))), text
    else:
        sent = sum(each.tokens_sent if each.told is None else each.told[1] for each in runs)
        assert max(ask.got for ask in asks) <= booked[1] <= sent, text
    return is_whole


@pytest.mark.timeout(600)
@pytest.mark.parametrize("requests", [1_000, pytest.param(10_000, marks=pytest.mark.nightly)])
async def test_what_is_booked_is_what_the_ollamas_did(tmp_path: Path, requests: int) -> None:
    """Whoever leaves, joins or tries again: each token is booked once, and to whom it was for."""
    async with (
        a_box(tmp_path, ollamas=2, tables=TABLES, have=have, parallel=8) as box,
        aiohttp.ClientSession() as session,
    ):
        for double in box.doubles:
            double.answer = plays()
        traffic = Traffic(box.router.url, session, random.Random(requests))  # noqa: S311
        await traffic.run(requests)
        rows = await rows_of(box)
        did = record(box.doubles)

    assert {ask.id for ask in traffic.asks} == set(rows)
    asked: dict[str, list[Ask]] = defaultdict(list)
    for ask in traffic.asks:
        asked[ask.text].append(ask)
    equal = {
        text
        for text, asks in asked.items()
        if check(asks, [rows[ask.id] for ask in asks], did[text])
    }
    compared = [rows[ask.id] for text in equal for ask in asked[text]]
    for model in (SMALL, MIDDLE, EMBEDDING):
        told = [each.told for text in equal for each in did[text] if each.json["model"] == model]
        of_model = [row for row in compared if row.model == model]
        assert sum(row.prompt_tokens for row in of_model) == sum(each[0] for each in told if each)
        assert sum(row.completion_tokens for row in of_model) == sum(
            each[1] for each in told if each
        )

    # It was a mixed day.
    assert len(compared) > requests * 0.7
    assert {ask.kind for ask in traffic.asks} == MIX.keys()
    outcomes = Counter(row.outcome for row in rows.values())
    assert outcomes.keys() >= {"ok", "canceled", "UpstreamFailed", "ModelNotFound"}
    caches = Counter(row.cache for row in rows.values())
    assert min(caches[how] for how in ("hit", "join", "miss", "bypass")) > requests // 100
    assert sum(row.attempts > 1 for row in rows.values()) > requests // 100
