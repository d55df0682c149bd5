"""Personal data and secrets in requests and answers. Fails closed."""

from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Annotated

from msgspec import Meta, Struct, field

from localai import (
    Call,
    Chunks,
    Gateway,
    Handler,
    InvalidRequest,
    Redactor,
    SettingsError,
    hookimpl,
)
from plugins.guardrails.findings import directions
from plugins.guardrails.pii.acting import Acting
from plugins.guardrails.pii.actions import REWRITING, actions_of, labelled
from plugins.guardrails.pii.patterns import Patterns
from plugins.guardrails.pii.presidio.names import Names
from plugins.guardrails.pii.presidio.settings import Presidio
from plugins.guardrails.pii.pseudonyms import PLACEHOLDER
from plugins.guardrails.pii.redacting import Redacting
from plugins.guardrails.pii.scanning import scan_both_ways
from plugins.guardrails.stream.answer import BLOCKED_TEXT, filtered
from plugins.guardrails.stream.filter import Blocked
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.texts import Place, rewrite, texts
from plugins.guardrails.turns import Turns


class Pii(Redactor):
    """Acts on what it finds, by entity and direction.

    Requests are pseudonymised before the model sees them; its answers are looked at first, and
    get the values back then, so that no caller is denied what they sent themselves.
    """

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.pii]."""

        input: dict[str, str] = {}
        """{ ENTITY or GROUP = ACTION } in requests: flag, redact, mask, pseudonymise, block."""
        output: dict[str, str] = field(
            default_factory=lambda: {"secrets": "redact", "card": "redact", "us_ssn": "redact"}
        )
        """The same in answers, but for pseudonymise; an entity's name counts before its group's."""
        label: Annotated[str, Meta(max_length=100)] = "[{entity}]"
        """What stands for a redacted value."""
        blocked_text: Annotated[str, Meta(max_length=1000)] = BLOCKED_TEXT
        """What ends an answer that is blocked."""
        presidio: Presidio = Presidio()
        """Names and places, by a model."""

    def __init__(self, config: Config) -> None:
        if "<" in config.label or ">" in config.label:
            raise SettingsError("label: < and > are for pseudonyms: write it without them")
        self._config = config
        self._input = Patterns(config.input, "input", "input")
        self._output = Patterns(config.output, "output", "output")
        self._names: Names | None = None
        if config.presidio.enabled:
            found = self._input.treatments | self._output.treatments
            names = Names(
                config.presidio, [labelled(config.label, each) for each in found.values()]
            )
            self._names = names if names.input or names.output else None
        self._input_actions = self._input.actions
        self._output_actions = self._output.actions
        if self._names:
            self._input_actions |= actions_of(self._names.input)
            self._output_actions |= actions_of(self._names.output)
        self.guards = directions(input=self._input_actions, output=self._output_actions)
        self._placeholders = Matcher([PLACEHOLDER])
        self._redacting = Redacting(config.label)

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Load the model for names, if there is to be one."""
        return self._names.running() if self._names else nullcontext()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Look at the call and at its answer, and give the answer the caller's values back."""
        if not (self._input_actions or self._output_actions):
            return next

        async def guarded(call: Call) -> Chunks:
            acting = Acting(self._config.label)
            try:
                if self._input_actions:
                    call = await self._request(call, acting)
                    acting.findings.report(call.decisions)
                async with aclosing(self._answer(call, acting, next)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                acting.findings.report(call.decisions)

        return guarded

    async def redacted(self, text: str) -> str:
        """Return a text without all that patterns know: what the role `Redactor` asks for."""
        return await self._redacting.redacted(text)

    async def _request(self, call: Call, acting: Acting) -> Call:
        """Return the call as the model may see it."""
        if call.context and self._input_actions & REWRITING:
            raise InvalidRequest(
                "context is a conversation as token ids, which can't be looked at for personal "
                "data: send the conversation as messages to /api/chat",
                param="context",
                code="content_filter",
            )
        if "pseudonymise" in self._input_actions:
            for _, text in texts(call):
                acting.pseudonyms.avoid(text)

        async def change(place: Place, text: str) -> str:
            if matcher:
                text = await self._scanned(matcher, place, text, acting, turns)
            if self._names:
                text = await self._names.request(acting, place, text)
            return text

        matcher = self._input.matcher
        turns = Turns()
        async with self._names.deadline() if self._names else nullcontext():
            return await rewrite(call, change)

    async def _scanned(
        self, matcher: Matcher, place: Place, text: str, acting: Acting, turns: Turns
    ) -> str:
        treatments = self._input.treatments
        try:
            return await scan_both_ways(
                matcher,
                text,
                lambda rule, match: acting.request(place, treatments[rule.name], match),
                turns,
            )
        except Blocked as error:
            raise InvalidRequest(
                f"{place.name} contains the beginning of what looks like '{error}', and no end "
                "of it: take it out and send the request again",
                param=place.name,
                code="content_filter",
            ) from None

    def _answer(self, call: Call, acting: Acting, next: Handler) -> Chunks:
        """Have the call answered; what the model says is looked at before values are restored."""
        if call.kind == "embed":
            return next(call)
        if call.logprobs and (acting.pseudonyms or self._output_actions & REWRITING):
            # They spell what is taken out.
            call = call.replace(logprobs=False, top_logprobs=0)
        chunks = next(call)
        blocked_text = self._config.blocked_text
        if matcher := self._output.matcher:
            treatments = self._output.treatments
            chunks = filtered(
                chunks,
                matcher,
                lambda rule, text: acting.answer(treatments[rule.name], text),
                call=call,
                blocked_text=blocked_text,
            )
        if self._names and self._names.output:
            chunks = self._names.answer(acting, chunks, blocked_text)
        if acting.pseudonyms:
            chunks = filtered(chunks, self._placeholders, acting.pseudonyms.original, call=call)
        return chunks
