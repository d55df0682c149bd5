"""Requests that have ended, for tests of those who watch them."""

import time
from typing import Any

from core.inference import KEY as INFERENCE
from core.response import KEY as RESPONSE
from core.response import Response
from localai import Inference


def scope_of(
    inference: Inference | None = None,
    *,
    path: str = "/api/chat",
    status: int = 200,
    error: str = "",
    code: str = "",
    whole: bool = True,
    begun: float | None = None,
) -> dict[str, Any]:
    """Return the scope of a request, as it is when the request has ended."""

    async def send(message: Any) -> None:
        raise AssertionError("nothing is sent here")

    response = Response("req_1", send)
    response.status, response.is_whole = status, whole
    response.error, response.code = error, code
    response.begun = time.monotonic() if begun is None else begun
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "scheme": "http",
        "http_version": "1.1",
        "headers": [],
        "client": ("127.0.0.1", 50_000),
        "localai.request_id": "req_1",
        RESPONSE: response,
    }
    if inference is not None:
        scope[INFERENCE] = inference
    return scope
