"""Limits on HTTP requests, before and whatever the routes say: floods, scans, guessed keys."""

from collections.abc import Callable
from typing import Any

from localai import Connection, RateLimited, send_error
from plugins.auth.addresses import network_of
from plugins.auth.limits.limiter import Limiter
from plugins.auth.limits.rules import Charge, Demand, Rate, Rules
from plugins.auth.limits.wording import in_words

UNAUTHENTICATED = 401
MISSED = (404, 405)


class Door:
    """Stands around the application.

    Failures are counted by network: every 401, and the 404 and 405 of callers whom nothing has
    authenticated. Above the limit they all become 429, which tells nothing more. Nothing is
    refused that would have succeeded, so one bad client does not lock a shared office out: whether
    a key is good is only known after the work, which is a hash and a look-up.
    """

    def __init__(self, limiter: Limiter, rules: Rules, failures: Rate | None) -> None:
        self._limiter = limiter
        self._rules = rules
        self._failures = failures

    def around(self, app: Any) -> Any:
        """Return the application behind this door."""
        guards = self._rules.guards_the_door
        failures = self._failures
        if not guards and failures is None:
            return app

        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            if guards and not _is_health(scope["path"]):
                try:
                    await self._count(scope)
                except RateLimited as error:
                    await send_error(error, scope, send)
                    return
            await app(scope, receive, send if failures is None else self._watching(scope, send))

        return guarded

    async def _count(self, scope: Any) -> None:
        charges = self._rules.at_the_door(Connection(scope).client)
        if charges:
            await self._limiter.take(Demand(charges))

    def _watching(self, scope: Any, send: Any) -> Callable[[Any], Any]:
        """Return a `send` that counts failures, and replaces those above the limit."""
        replaced = False

        async def start(message: Any) -> None:
            nonlocal replaced
            error = await self._failed(scope)
            if error is None:
                await send(message)
            else:
                replaced = True
                await send_error(error, scope, send)

        async def nothing() -> None:
            return None

        # No coroutine of its own: all pieces of all streams come through here.
        def watching(message: Any) -> Any:
            if replaced:
                return nothing()
            status = message.get("status")
            if status == UNAUTHENTICATED or (status in MISSED and "user" not in scope):
                return start(message)
            return send(message)

        return watching

    async def _failed(self, scope: Any) -> RateLimited | None:
        """Count a failure; return what to answer instead when there were too many."""
        assert self._failures is not None
        network = network_of(Connection(scope).client)
        key = self._failures.key("failures", network)
        charge = Charge(self._failures, "requests", key, "your network", is_address=True)
        try:
            await self._limiter.take(Demand([charge]))
        except RateLimited as error:
            wait = error.retry_after or 0.0
            return RateLimited(
                f"more than {self._failures.amount} requests per {self._failures.period} from "
                "your network failed: check the key and the address, and try again in "
                f"{in_words(wait)}",
                retry_after=wait,
            )
        return None


def _is_health(path: str) -> bool:
    return path == "/health" or path.startswith("/health/")
