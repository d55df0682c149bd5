"""A text of the file for when nothing else can answer. Off by default. Fails closed."""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Literal

import structlog
from msgspec import Meta, Struct

from localai import Call, Chunk, Chunks, GatewayError, Handler, Measure, hookimpl
from plugins.routing.fallback.causes import cause_of

log = structlog.get_logger("fallback")

FALLBACK = "x-localai-fallback"
ABOUT_MODELS = ("x-localai-model", "x-localai-route", "x-localai-host", "x-localai-queue")
"""Headers about a model that has not answered after all."""
SERVER_SIDE = 500
"""The lowest status of a failure that is not the caller's."""


class LastResort:
    """Answers with one fixed text instead of an error, marked as such."""

    fail_mode = "closed"
    answers = True

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.last_resort]."""

        text: Annotated[str, Meta(min_length=1)] = (
            "I'm unable to process your request at the moment."
        )
        """What is answered when no model can."""
        causes: tuple[Literal["busy", "error", "timeout"], ...] = ("busy", "error", "timeout")
        """For which failures; all others are told as they are."""

    def __init__(self, config: Config) -> None:
        self._text = config.text
        self._causes = frozenset(config.causes)
        self._answered = 0

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer by the text where all else has failed before it said anything."""

        async def answered(call: Call) -> Chunks:
            begun = False
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
                return
            except GatewayError as error:
                if begun or not self._applies(call, error):
                    raise
                log.warning(
                    "the default text answers",
                    model=call.model,
                    error=type(error).__name__,
                    why=error.message,
                    request_id=call.request_id,
                )
            self._answered += 1
            for name in ABOUT_MODELS:
                call.headers.pop(name, None)
            call.headers[FALLBACK] = "default"
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            said = Chunk(content=self._text, model=call.model, created_at=now)
            if call.stream:
                yield said
                said = said.replace(content="")
            yield said.replace(done=True, done_reason="stop")

        return answered

    def _applies(self, call: Call, error: GatewayError) -> bool:
        # A text is no vector, does not fit a schema, and loads no model.
        if call.kind == "embed" or call.format is not None or call.loads_only:
            return False
        return error.status >= SERVER_SIDE and cause_of(error) in self._causes

    @hookimpl
    def measures(self) -> list[Measure]:
        """Return how often the text was the answer."""
        return [
            Measure(
                name="localai_default_answers_total",
                help="Requests that were answered by the default text, as nothing else could.",
                kind="counter",
                values=(((), self._answered),),
            )
        ]
