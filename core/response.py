"""What goes out over HTTP for a request, for whoever watches requests from outside."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.errors import GatewayError

KEY = "localai.response"
"""Where it is in the scope of a request."""


class Response:
    """Passes an answer on, puts the request's id on it, and knows how far it has come.

    Plugins around the application read it when the request has ended: to look at each message
    themselves would cost a step for each piece of a stream.
    """

    __slots__ = ("_header", "_send", "begun", "code", "error", "is_whole", "status")

    def __init__(self, request_id: str, send: Callable[[Any], Awaitable[None]]) -> None:
        self._header = (b"x-request-id", request_id.encode())
        self._send = send
        self.begun = time.monotonic()
        """When the request's head was there."""
        self.status = 0
        """The HTTP status; 0 while nothing was sent."""
        self.is_whole = False
        """Whether all of the answer was given to the server, and the client was still there."""
        self.error = ""
        """The class of the error that was answered, at whatever point of the answer."""
        self.code = ""
        """That error's code, as OpenAI's clients get it."""

    @property
    def started(self) -> bool:
        """Whether the head of the answer is out: it is too late for another one."""
        return self.status != 0

    async def send(self, message: Any) -> None:
        """Pass an ASGI message on."""
        kind = message["type"]
        if kind == "http.response.body":
            await self._send(message)
            if not message.get("more_body", False):
                self.is_whole = True
            return
        if kind == "http.response.start" and not self.status:
            self.status = message["status"]
            message["headers"] = [*message["headers"], self._header]
        await self._send(message)


def note(error: GatewayError, scope: Mapping[str, Any]) -> None:
    """Note that an error is the answer, or a part of it."""
    response = scope.get(KEY)
    if response is not None:
        response.error, response.code = type(error).__name__, error.code or ""


def response_of(scope: Mapping[str, Any]) -> Response:
    """Return what goes out for a request."""
    response: Response = scope[KEY]
    return response
