"""A client that reads what comes after a body."""

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import h11


class Whole(NamedTuple):
    """One answer with all that belongs to it."""

    status: int
    headers: dict[str, str]
    body: str
    trailers: dict[str, str]


async def post(url: str, path: str, body: Any, **headers: str) -> Whole:
    """Send a request that takes trailers, unless `te` says otherwise; return the whole answer."""
    parts = urlsplit(url)
    data = json.dumps(body).encode()
    fields = {
        "host": parts.netloc,
        "content-type": "application/json",
        "content-length": str(len(data)),
        "te": "trailers",
    } | headers
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        client = h11.Connection(h11.CLIENT)
        for event in (
            h11.Request(method="POST", target=path, headers=list(fields.items())),
            h11.Data(data=data),
            h11.EndOfMessage(),
        ):
            writer.write(client.send(event) or b"")
        return await _read(client, reader)
    finally:
        writer.close()


async def _read(client: h11.Connection, reader: asyncio.StreamReader) -> Whole:
    status, headers, body = 0, {}, b""
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Response):
            status, headers = event.status_code, _texts(event.headers)
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Whole(status, headers, body.decode(), _texts(event.headers))


def _texts(headers: Any) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def said(path: str, body: str) -> str:
    """Return what the model says in an answer of any wire format, streamed or not."""
    lines = [line.removeprefix("data: ") for line in body.splitlines()]
    events = [json.loads(line) for line in lines if line and line != "[DONE]"]
    if path.startswith("/v1/"):
        choices = [each["choices"][0] for each in events if each.get("choices")]
        pieces = [
            choice.get("text") or choice.get("delta", choice.get("message", {})).get("content")
            for choice in choices
        ]
    else:
        pieces = [each.get("response") or each.get("message", {}).get("content") for each in events]
    return "".join(piece or "" for piece in pieces)
