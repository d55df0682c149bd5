"""Plays a script: a sequence of pieces that chat and generate put into their own shapes."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

from tests.double.failures import Cut, Failure, RunnerFailure
from tests.double.faults import Fault
from tests.double.go import dumps, omit_empty
from tests.double.script import Script
from tests.double.wire import JSON, JSON_UTF8, NDJSON, Wire

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_ids = count(1)


@dataclass(slots=True, kw_only=True)
class Piece:
    """A part of an answer; `metrics` are there on the last one only."""

    content: str = ""
    thinking: str = ""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    logprobs: Sequence[Mapping[str, Any]] = ()
    done: bool = False
    done_reason: str = ""
    metrics: Mapping[str, int] | None = None


class Shape(Protocol):
    """Turns a piece into the object of an endpoint."""

    def __call__(self, piece: Piece) -> dict[str, Any]:
        """Make the object."""
        ...


class Dialect:
    """How answers are written: natively here, `/v1` rewrites them."""

    stream_type = NDJSON
    whole_type = JSON_UTF8

    def line(self, answer: dict[str, Any]) -> bytes:
        """Write one object of a stream."""
        return dumps(answer) + b"\n"

    def whole(self, answer: dict[str, Any]) -> bytes:
        """Write an answer that is not streamed."""
        return dumps(answer)

    async def single(self, wire: Wire, answer: dict[str, Any], stream: bool) -> None:
        """Send an object that is an answer by itself, such as a load's, streamed or not."""
        await wire.send(200, self.whole(answer), self.whole_type)

    def error_line(self, text: str) -> bytes:
        """Write an error in the middle of a stream."""
        return dumps({"error": text}) + b"\n"

    async def failure(self, wire: Wire, failure: Failure, stream: bool = False) -> None:
        """Send an error; one of the runner in a stream has a shorter content type."""
        shorter = stream and isinstance(failure, RunnerFailure)
        body = dumps({"error": failure.text})
        await wire.send(failure.status, body, JSON if shorter else JSON_UTF8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A script with what the request and the server make of it."""

    script: Script
    request: Mapping[str, Any]
    prompt: str
    think: bool
    calls_at_end: bool
    began_ns: int
    load_ns: int

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """Give the pieces at the script's pace."""
        script = self.script
        began = time.perf_counter_ns()
        for text in script.thinking if self.think else ():
            await asyncio.sleep(script.pace)
            yield Piece(thinking=text)
        tokens = script.tokens or ()
        for index, token in enumerate(tokens):
            if script.gate and index == script.gate_at:
                await script.gate.wait()
            await asyncio.sleep(script.pace)
            yield Piece(content=token, logprobs=self._logprobs(index, token))
        calls = [tool_call(index, call, self) for index, call in enumerate(script.tool_calls)]
        if calls and not self.calls_at_end:
            yield Piece(tool_calls=calls)
            calls = []
        said = len(tokens) + (len(script.thinking) if self.think else 0) + len(script.tool_calls)
        prompt_tokens = script.prompt_tokens
        if prompt_tokens is None:
            prompt_tokens = len(self.prompt.split())
        now = time.perf_counter_ns()
        metrics = omit_empty(
            total_duration=now - self.began_ns,
            load_duration=self.load_ns,
            prompt_eval_count=prompt_tokens,
            prompt_eval_duration=script.prompt_ns,
            eval_count=said,
            eval_duration=now - began if script.eval_ns is None else script.eval_ns,
        )
        yield Piece(tool_calls=calls, done=True, done_reason=script.done_reason, metrics=metrics)

    def _logprobs(self, index: int, token: str) -> Sequence[Mapping[str, Any]]:
        if not self.request.get("logprobs"):
            return ()
        if self.script.logprobs is not None:
            return self.script.logprobs[index]
        entry = {"token": token, "logprob": -0.125, "bytes": list(token.encode())}
        top = self.request.get("top_logprobs") or 0
        others = [dict(entry, logprob=-0.125 - rank) for rank in range(top)]
        return [{**entry, **omit_empty(top_logprobs=others)}]


def tool_call(index: int, call: Mapping[str, Any], play: Play) -> dict[str, Any]:
    """Write a script's call as Ollama does; the id's form depends on the path it took."""
    digest = hashlib.sha256(f"{next(_ids)}".encode()).digest()
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)
    return {
        "id": letters if play.calls_at_end else f"call_{letters[:8]}",
        "function": {"index": index, "name": call["name"], "arguments": call["arguments"]},
    }


def merge(pieces: Sequence[Piece]) -> Piece:
    """Make one piece of all, as a request with `"stream": false` gets it."""
    last = pieces[-1] if pieces else Piece()
    return Piece(
        content="".join(piece.content for piece in pieces),
        thinking="".join(piece.thinking for piece in pieces),
        tool_calls=[call for piece in pieces for call in piece.tool_calls],
        logprobs=[entry for piece in pieces for entry in piece.logprobs],
        done=last.done,
        done_reason=last.done_reason,
        metrics=last.metrics,
    )


async def perform(wire: Wire, play: Play, shape: Shape, dialect: Dialect, stream: bool) -> None:
    """Send the whole answer, bent by the script's fault."""
    if play.script.fault:
        wire.fault = play.script.fault
    try:
        await wire.fault.before_headers(wire)
        play = replace(play, script=play.script.fit(play.request))
        if stream:
            await _stream(wire, play, shape, dialect)
        else:
            answer = merge(await _collect(wire.fault, wire, play))
            await wire.send(200, dialect.whole(shape(answer)), dialect.whole_type)
            wire.received.tell(answer.metrics)
    except RunnerFailure as failure:
        if wire.started:
            await wire.line(dialect.error_line(failure.text))
            await wire.end()
        else:
            await dialect.failure(wire, failure, stream)


async def _stream(wire: Wire, play: Play, shape: Shape, dialect: Dialect) -> None:
    wire.start(dialect.stream_type)
    try:
        async with aclosing(play.pieces()) as pieces:
            async for piece in pieces:
                line = dialect.line(shape(piece))
                await wire.fault.before_line(wire, wire.received.tokens_sent, line, piece.done)
                await wire.line(line)
                wire.received.tokens_sent += not piece.done
                wire.received.tell(piece.metrics)
    except Cut:
        pass
    await wire.end()


async def _collect(fault: Fault, wire: Wire, play: Play) -> list[Piece]:
    collected: list[Piece] = []
    try:
        async with aclosing(play.pieces()) as pieces:
            async for piece in pieces:
                await fault.before_line(wire, len(collected), b"", piece.done)
                collected.append(piece)
    except Cut:
        pass
    return collected
