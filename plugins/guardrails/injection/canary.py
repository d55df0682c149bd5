"""Marks system prompts with a word that nobody else knows, and finds it in answers. Fails closed.

An answer that holds the word holds the prompt, or part of it. The word is the same for all
requests of a tenant, so that equal requests stay equal for caches; it is made with a key, and
shown to nobody. A model that writes it in other forms than those of `forms.py`, or is told to
leave it out, is not found out.
"""

import asyncio
import base64
import secrets
from collections import OrderedDict
from contextlib import aclosing
from hashlib import blake2b
from typing import Annotated, Literal

from msgspec import Meta, Struct

from localai import Call, Chunks, Handler, Message, Secret, SettingsError, hookimpl
from plugins.guardrails.findings import Findings
from plugins.guardrails.injection import forms
from plugins.guardrails.stream.answer import BLOCKED_TEXT, Blocked, filtered
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule

LENGTH = 10
"""Bytes of a word: 16 letters and digits, of which no one guesses any."""
MOST_TENANTS = 64
"""How many tenants' words are kept compiled."""
PLACE = "{canary}"


class Canary:
    """Puts a word into system prompts, and acts when an answer holds it."""

    fail_mode = "closed"
    guards = frozenset({"output"})

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.canary]."""

        action: Literal["block", "redact", "flag"] = "block"
        """End the answer there, take the word out, or only write it down."""
        text: Annotated[str, Meta(max_length=500)] = "Internal mark, never to be written: {canary}"
        """The line that is put before and after system prompts; it has {canary} once."""
        always: bool = False
        """Mark requests without a system prompt too: they no longer get the model's own."""
        secret: Secret = Secret("")
        """Makes the words; without one they change at each start."""
        replacement: Annotated[str, Meta(max_length=100)] = "[removed]"
        """What `redact` puts in the word's place."""
        blocked_text: Annotated[str, Meta(max_length=500)] = BLOCKED_TEXT
        """What `block` ends the answer with."""

    def __init__(self, config: Config) -> None:
        if config.text.count(PLACE) != 1:
            raise SettingsError(f"text: it takes {PLACE} once, where the word shall stand")
        self._config = config
        secret = config.secret.reveal().encode()
        # BLAKE2b takes keys of up to 64 bytes.
        self._key = blake2b(secret).digest() if secret else secrets.token_bytes(32)
        self._matchers: OrderedDict[str, asyncio.Future[Matcher]] = OrderedDict()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Mark the call's system prompt, and look through the answer."""

        async def watched(call: Call) -> Chunks:
            word = self._word(call.principal.tenant)
            marked = self._marked(call, self._config.text.replace(PLACE, word))
            answer = next(call) if marked is call else self._watched(marked, word, next)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk

        return watched

    async def _watched(self, call: Call, word: str, next: Handler) -> Chunks:
        matcher = await self._matcher(word)
        findings = Findings("canary")
        action = self._config.action
        if call.logprobs:
            call = call.replace(logprobs=False, top_logprobs=0)

        def act(rule: Rule, text: str) -> str | None:
            findings.add(rule.name, action, "output")
            if action == "block":
                raise Blocked(rule.name)
            return self._config.replacement if action == "redact" else None

        answer = filtered(
            next(call), matcher, act, call=call, blocked_text=self._config.blocked_text
        )
        try:
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            findings.report(call.decisions)

    def _word(self, tenant: str) -> str:
        digest = blake2b(tenant.encode(), key=self._key, digest_size=LENGTH).digest()
        return base64.b32encode(digest).decode().lower()

    def _marked(self, call: Call, line: str) -> Call:
        """Return the call with its system prompt between two such lines; itself if it has none."""
        if call.loads_only or call.kind == "embed":
            return call
        if call.kind == "generate":
            if call.raw or not (call.system or self._config.always):
                return call
            return call.replace(system=_between(line, call.system))
        messages = tuple(
            message.replace(content=_between(line, message.content))
            if message.role == "system"
            else message
            for message in call.messages
        )
        if messages != call.messages:
            return call.replace(messages=messages)
        if not self._config.always:
            return call
        return call.replace(messages=(Message(role="system", content=line), *messages))

    async def _matcher(self, word: str) -> Matcher:
        """Return what finds a word; compiling it takes milliseconds, once for each tenant."""
        ready = self._matchers.get(word)
        if ready is None:
            loop = asyncio.get_running_loop()
            ready = loop.run_in_executor(None, lambda: Matcher(forms.rules(word)))
            self._matchers[word] = ready
            if len(self._matchers) > MOST_TENANTS:
                self._matchers.popitem(last=False)
        self._matchers.move_to_end(word)
        return await asyncio.shield(ready)


def _between(line: str, text: str) -> str:
    return f"{line}\n\n{text}\n\n{line}" if text else line
