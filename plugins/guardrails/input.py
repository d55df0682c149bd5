"""Bounds on what goes in: how much, how long, by whom. Fails closed; refuses, never cuts."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from localai import (
    Call,
    ContextTooLong,
    Decision,
    InvalidRequest,
    Options,
    SettingsError,
    hint,
    hookimpl,
)
from plugins.guardrails.clamps import Clamps, clamp
from plugins.guardrails.markup import strip_html
from plugins.guardrails.texts import Place, rewrite, texts

TOKENS_PER_WORD = 1.3
"""Estimate for English text, as in the production notes that this product comes from."""
BYTES_PER_TOKEN = 8
"""A floor for texts without spaces: no common tokenizer makes tokens of more bytes on average."""
MOST_PER_CHARACTER = TOKENS_PER_WORD / 2
"""Tokens that a character, and the end of a text, can count as: a word takes two with its space,
and a character four bytes at most."""
GIVE_WAY = 2_000
"""Characters of a text from which other requests get a turn after it was looked at."""

Limit = Annotated[int, Meta(ge=1)]
Role = Literal["system", "user", "assistant", "tool"]


class InputLimits:
    """Refuses requests that are too many or too long, and says which part is."""

    fail_mode = "closed"
    guards = frozenset({"input"})

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.input]."""

        max_messages: Limit = 100
        """Most messages in a conversation."""
        max_characters: Limit = 10_000
        """Longest text of one message, prompt or input, of any role."""
        max_total_tokens: Limit = 50_000
        """Most tokens of the whole request, tools too, estimated as words x 1.3."""
        max_new_tokens: Limit = 32_768
        """Most tokens that a request may ask for; Ollama's num_predict is set to it where it is
        more, or -1 (no end) or -2 (as many as fit)."""
        max_images: Limit = 16
        """Most images in a request."""
        max_tools: Limit = 128
        """Most tools that a request may describe."""
        max_temperature: Annotated[float, Meta(ge=0)] = 2.0
        """Highest temperature; the lowest is 0."""
        roles: tuple[str, ...] = ("system", "user", "assistant", "tool")
        """Who may say something in a conversation."""
        strip_html: tuple[Role, ...] = ()
        """Roles out of whose texts HTML tags are taken; code in backticks stays."""
        max_num_ctx: Limit = 131_072
        """Most tokens of context that a request may have a model loaded with; more is set to it."""
        logprobs: bool = True
        """Whether a request may have log probabilities; if not, they are left out."""
        max_top_logprobs: Annotated[int, Meta(ge=0, le=20)] = 20
        """Most alternatives for each token; more is set to it."""
        drop_options: tuple[str, ...] = (
            "num_gpu",
            "main_gpu",
            "num_thread",
            "num_batch",
            "use_mmap",
            "draft_num_predict",
        )
        """Options that are left out: how a model is run is for the machine's owner to say."""

    def __init__(self, config: Config) -> None:
        for name in config.drop_options:
            if name not in Options.__struct_fields__:
                known = hint(name, Options.__struct_fields__)
                raise SettingsError(f"drop_options: Ollama has no option '{name}'{known}")
        self._config = config
        self._clamps = Clamps(
            num_predict=config.max_new_tokens,
            num_ctx=config.max_num_ctx,
            logprobs=config.logprobs,
            top_logprobs=config.max_top_logprobs,
            drop=config.drop_options,
        )

    @hookimpl
    async def before_inference(self, call: Call) -> Call:
        """Check the call, and return it within its bounds."""
        for rule, refusal in self._violations(call):
            call.decisions.append(
                Decision(guard="input", rule=rule, action="block", direction="input")
            )
            raise refusal
        call = clamp(call, self._clamps)
        return await rewrite(call, self._strip) if self._config.strip_html else call

    async def _strip(self, place: Place, text: str) -> str:
        if place.role not in self._config.strip_html:
            return text
        stripped = strip_html(text)
        if len(text) > GIVE_WAY:
            await asyncio.sleep(0)
        return stripped

    def _violations(self, call: Call) -> Iterator[tuple[str, InvalidRequest]]:
        """Yield each rule that the call breaks, with the refusal; cheap ones first."""
        config = self._config
        images = len(call.images) + sum(len(message.images) for message in call.messages)
        for rule, count, limit, things, remedy in (
            (
                "max_messages",
                len(call.messages),
                config.max_messages,
                "messages",
                "leave older ones out",
            ),
            ("max_tools", len(call.tools), config.max_tools, "tools", "send those that are needed"),
            ("max_images", images, config.max_images, "images", "send fewer"),
        ):
            if count > limit:
                yield (
                    rule,
                    InvalidRequest(
                        f"{count} {things} are more than the {limit} allowed ({rule}): {remedy}",
                        param=None if things == "images" else things,
                    ),
                )
        for at, message in enumerate(call.messages):
            if message.role not in config.roles:
                yield (
                    "roles",
                    InvalidRequest(
                        f"messages[{at}].role is '{message.role[:32]}', which may not speak here: "
                        f"use {', '.join(config.roles)}",
                        param=f"messages[{at}].role",
                    ),
                )
        yield from self._wrong_options(call)
        yield from self._long_texts(call)

    def _wrong_options(self, call: Call) -> Iterator[tuple[str, InvalidRequest]]:
        config = self._config
        is_openai = call.dialect == "openai"
        wanted = call.options.num_predict
        if is_openai and wanted is not None and wanted > config.max_new_tokens:
            yield (
                "max_new_tokens",
                InvalidRequest(
                    f"{wanted} new tokens are more than the {config.max_new_tokens} allowed "
                    "(max_new_tokens): ask for fewer",
                    param="max_tokens",
                ),
            )
        temperature = call.options.temperature
        if temperature is not None and not 0 <= temperature <= config.max_temperature:
            yield (
                "max_temperature",
                InvalidRequest(
                    f"temperature must be between 0 and {config.max_temperature:g}",
                    param="temperature" if is_openai else "options.temperature",
                ),
            )

    def _long_texts(self, call: Call) -> Iterator[tuple[str, InvalidRequest]]:
        config = self._config
        most_tokens = float(len(call.context))
        for place, text in texts(call):
            length = len(text)
            if length > config.max_characters:
                allowed = config.max_characters
                yield (
                    "max_characters",
                    InvalidRequest(
                        f"{place.name} has {length} characters, more than the {allowed} allowed "
                        "(max_characters): shorten it",
                        param=place.name,
                    ),
                )
            most_tokens += (length + 1) * MOST_PER_CHARACTER
        allowed = config.max_total_tokens
        # To count takes longer than all else, and few requests come near.
        if most_tokens > allowed and (tokens := estimated_tokens(call)) > allowed:
            yield (
                "max_total_tokens",
                ContextTooLong(
                    f"about {int(tokens)} tokens are more than the {allowed} allowed "
                    "(max_total_tokens): shorten the request"
                ),
            )


def estimated_tokens(call: Call) -> float:
    """Return about how many tokens a model reads of a call."""
    tokens = float(len(call.context))
    for _, text in texts(call):
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        tokens += max(len(text.split()) * TOKENS_PER_WORD, size / BYTES_PER_TOKEN)
    return tokens
