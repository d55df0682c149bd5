"""One line per request, without what was asked or answered. Fails open."""

import time
from typing import Any

import structlog
from msgspec import Struct

from localai import Inference, hookimpl, inference_of

log = structlog.get_logger("request")

PROBES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Paths that machines ask for every few seconds."""


class RequestLog:
    """Writes who asked which model, how it ended, and how long it took."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.log]."""

        health: bool = False
        """Write a line for /health, /health/live, /health/ready and /metrics too."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Write the line when the request has ended, however it did."""

        async def logged(scope: Any, receive: Any, send: Any) -> None:
            path: str = scope["path"]
            if not self._config.health and path in PROBES:
                await app(scope, receive, send)
                return
            begun = time.perf_counter()
            status = 0
            complete = False

            async def noting(message: Any) -> None:
                nonlocal status, complete
                if message["type"] == "http.response.start":
                    status = message["status"]
                else:
                    complete = not message.get("more_body", False)
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                inference = inference_of(scope)
                log.info(
                    "request",
                    request_id=scope.get("localai.request_id"),
                    method=scope["method"],
                    path=path[:200],
                    # 499 is what nginx logs for a client that left.
                    status=status if complete else 499,
                    seconds=round(time.perf_counter() - begun, 4),
                    **({} if inference is None else _details(inference)),
                )

        return logged


def _details(inference: Inference) -> dict[str, Any]:
    """Return the model, the tokens and the time to the first one."""
    call, last = inference.call, inference.last
    details: dict[str, Any] = {
        "caller": call.principal.id,
        "model": call.model,
        "stream": call.stream,
    }
    if inference.first is not None:
        details["first_token_seconds"] = round(inference.first - inference.begun, 4)
    if last is not None:
        details["model"] = last.model or call.model
        details["prompt_tokens"] = last.prompt_eval_count
        details["completion_tokens"] = last.eval_count
        if cache := call.headers.get("x-localai-cache"):
            details["cache"] = cache
    if inference.error is not None:
        # A stream that fails midway has the status 200.
        details["error"] = inference.error
    return details
