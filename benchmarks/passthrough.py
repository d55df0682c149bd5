"""The least that a gateway in Python does: ASGI in, aiohttp out, bytes forwarded as they come.

No routing, no checks, no plugins. Measures how cheap the router could be on this server and client.
"""

import argparse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class PassThrough:
    """An ASGI app that forwards every request to one upstream."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._forward(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        ) as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(self, scope: Message, receive: Receive, send: Send) -> None:
        parts = []
        more = True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        async with self._session.request(
            scope["method"],
            self._upstream + scope["path"],
            data=b"".join(parts),
            headers={"content-type": "application/json"},
        ) as response:
            headers = [(b"content-type", response.headers["content-type"].encode())]
            length = response.content_length
            if length is not None:
                headers.append((b"content-length", b"%d" % length))
            status = response.status
            await send({"type": "http.response.start", "status": status, "headers": headers})
            if length is not None:
                await send({"type": "http.response.body", "body": await response.read()})
                return
            async for part in response.content.iter_any():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Run the pass-through in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passthrough", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, help="http://host:port")
    options = parser.parse_args()
    uvicorn.run(
        PassThrough(options.upstream),
        port=options.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
