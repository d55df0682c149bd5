"""What HTTP requests came to, those that no route or no limit let through too."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from localai import inference_of, response_of
from plugins.metrics.conventions import LEFT, METHODS, OTHER
from plugins.metrics.prometheus.figures import SHORT_SECONDS, Counter, Family, Histogram

NO_ROUTE = "none"
TOO_MANY = 429


class Requests:
    """Counts each HTTP request when it has ended."""

    def __init__(self, refused: Callable[[], None]) -> None:
        """`refused` is called for each request that a limit kept out of the chain."""
        self._refused = refused
        self._count = Counter(
            "localai_http_requests_total",
            "HTTP requests by route template, method and status.",
            *("route", "method", "status"),
        )
        self._duration = Histogram(
            "localai_http_request_duration_seconds",
            "From the request's head until all of its answer was sent, or the client had left.",
            SHORT_SECONDS,
            "route",
        )

    def families(self) -> Iterator[Family]:
        """Yield all figures."""
        yield self._count.family
        yield self._duration.family

    def around(self, app: Any) -> Any:
        """Return an ASGI application that is counted."""

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._ended(scope)

        return counted

    def _ended(self, scope: Any) -> None:
        response = response_of(scope)
        status = response.status or LEFT
        route = scope.get("path_template") or NO_ROUTE
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._count.add(1, route, method, str(status))
        self._duration.observe(time.monotonic() - response.begun, route)
        if status == TOO_MANY and inference_of(scope) is None:
            self._refused()
