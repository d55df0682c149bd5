"""A fake Ollama that costs next to nothing: a raw protocol on uvloop, answers made beforehand.

`python -m benchmarks.upstream --port 11500`. It serves Ollama's `/api/*` and `/v1/chat/completions`
with equal payloads, and counts the chats that it answers at `/served`, so that a measurement can
prove that its requests did, or did not, come through.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any, cast

import httptools
import msgspec
import uvloop

from benchmarks import answers

_LISTINGS = {
    b"/api/tags": answers.tags(),
    b"/api/ps": answers.running(),
    b"/api/version": b'{"version":"0.32.15"}',
    b"/v1/models": answers.openai_models(),
}
_JSON = b"application/json; charset=utf-8"


class Asked(msgspec.Struct):
    """What the upstream reads of a request's body."""

    model: str = ""
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    input: str | list[str] = ""


class Upstream:
    """The state that all connections share."""

    def __init__(self) -> None:
        self.served = 0
        """Chats answered with 200 so far."""

    async def listen(self, port: int = 0, host: str = "127.0.0.1") -> asyncio.Server:
        """Start to listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Connection(self), host, port)


class _Connection(asyncio.Protocol):
    """One keep-alive connection; answers one request at a time."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body: list[bytes] = []
        self._timer: asyncio.Handle | None = None
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._url = b""
        self._body.clear()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        path = self._url.partition(b"?")[0]
        try:
            body = b"".join(self._body) or b"{}"
            asked = msgspec.json.decode(body, type=Asked)
        except msgspec.DecodeError as error:
            self._send(400, msgspec.json.encode({"error": str(error)}))
            return
        if path in (b"/api/chat", b"/v1/chat/completions"):
            self._chat(asked, openai=path.startswith(b"/v1"))
        elif path == b"/api/embed":
            inputs = 1 if isinstance(asked.input, str) else len(asked.input)
            self._send(200, answers.ollama_embeddings(asked.model, inputs))
        elif path == b"/api/show":
            self._send(200, answers.show(asked.model))
        elif path == b"/served":
            self._send(200, msgspec.json.encode({"served": self._upstream.served}))
        elif (found := _LISTINGS.get(path)) is not None:
            self._send(200, found)
        elif path == b"/":
            self._send(200, b"Ollama is running", b"text/plain; charset=utf-8")
        else:
            self._send(404, b"404 page not found", b"text/plain")

    def _chat(self, asked: Asked, *, openai: bool) -> None:
        model = answers.model_named(asked.model)
        if model is None:
            self._send(404, answers.not_found(asked.model, openai))
            return
        self._upstream.served += 1
        streams = asked.stream if asked.stream is not None else not openai
        if not streams:
            whole = answers.openai_object(model) if openai else answers.ollama_object(model)
            self._send(200, whole)
        elif openai:
            with_usage = bool((asked.stream_options or {}).get("include_usage"))
            self._stream(model, answers.openai_events(model, with_usage), b"text/event-stream")
        else:
            self._stream(model, answers.ollama_lines(model), b"application/x-ndjson")

    def _send(self, status: int, body: bytes, kind: bytes = _JSON) -> None:
        head = b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n"
        reason = b"OK" if status == 200 else b"Error"
        self._transport.write(head % (status, reason, kind, len(body)) + body)

    def _stream(self, model: answers.Model, pieces: Sequence[bytes], kind: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n" % kind
        self._transport.write(head)
        self._step(model, pieces, 0, self._loop.time())

    def _step(self, model: answers.Model, pieces: Sequence[bytes], at: int, start: float) -> None:
        """Write one token, each in a turn of the loop of its own as Ollama flushes each."""
        if at == model.tokens:
            rest = b"".join(_framed(piece) for piece in pieces[at:])
            self._transport.write(rest + b"0\r\n\r\n")
            return
        self._transport.write(_framed(pieces[at]))
        if model.pause:
            due = start + (at + 1) * model.pause
            self._timer = self._loop.call_at(due, self._step, model, pieces, at + 1, start)
        else:
            self._timer = self._loop.call_soon(self._step, model, pieces, at + 1, start)


def _framed(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


async def serve(port: int) -> None:
    """Serve until cancelled."""
    async with await Upstream().listen(port) as server:
        await server.serve_forever()


def main() -> None:
    """Run the upstream in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upstream", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
