"""One other model, for when the wanted one can't answer. Fails closed."""

from contextlib import aclosing

import structlog
from msgspec import Struct

from localai import (
    Call,
    Chunks,
    GatewayError,
    Handler,
    ModelNotFound,
    UpstreamFailed,
    full_name,
    hookimpl,
)

log = structlog.get_logger("fallback")


class Fallback:
    """Asks another model when the first failed before it said anything."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.fallback]."""

        model: str = ""
        """Model that answers chats when another is missing or fails; empty: none."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Try the wanted model, then the other one. Embeddings of two models never mix."""
        if not self._config.model:
            return next

        async def with_fallback(call: Call) -> Chunks:
            said_something = False
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        said_something = True
                        yield chunk
                return
            except (ModelNotFound, UpstreamFailed) as error:
                if said_something or not self._applies(call):
                    raise
                failure: GatewayError = error
            log.warning("the fallback model answers", wanted=call.model, why=failure.message)
            call.headers["x-localai-model"] = self._config.model
            call.headers["x-localai-fallback"] = type(failure).__name__
            async with aclosing(next(call.replace(model=self._config.model))) as chunks:
                async for chunk in chunks:
                    yield chunk

        return with_fallback

    def _applies(self, call: Call) -> bool:
        other = self._config.model
        is_same = full_name(other).lower() == full_name(call.model).lower()
        if not other or is_same or not call.principal.may_use(other):
            return False
        return call.kind != "embed" and not call.loads_only
