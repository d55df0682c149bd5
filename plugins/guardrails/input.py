"""Limits on the size and number of what goes in. Fails closed; refuses, never cuts."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import Annotated

from msgspec import Meta, Struct

from localai import Call, Chunks, ContextTooLong, Handler, InvalidRequest, hookimpl

TOKENS_PER_WORD = 1.3
"""Estimate for English text, as in the production notes that this product comes from."""

Limit = Annotated[int, Meta(ge=1)]


class InputLimits:
    """Refuses requests that are too many or too long, and says which part is."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.input]."""

        max_messages: Limit = 100
        """Most messages in a conversation."""
        max_characters: Limit = 10_000
        """Longest text of one message, prompt or input."""
        max_total_tokens: Limit = 50_000
        """Most tokens of the whole request, estimated as words x 1.3."""
        max_new_tokens: Limit = 32_768
        """Most tokens that a request may ask for."""
        max_images: Limit = 16
        """Most images in a request."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Check the call, then let it through."""

        async def limited(call: Call) -> Chunks:
            self._check(call)
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

        return limited

    def _check(self, call: Call) -> None:
        config = self._config
        if len(call.messages) > config.max_messages:
            raise InvalidRequest(
                f"{len(call.messages)} messages are more than the {config.max_messages} allowed: "
                "leave older ones out",
                param="messages",
            )
        words = 0
        tokens = len(call.context)
        for form, at, text in _texts(call):
            if len(text) > config.max_characters:
                place = form.format(at)
                raise InvalidRequest(
                    f"{place} has {len(text)} characters, more than the "
                    f"{config.max_characters} allowed: shorten it",
                    param=place,
                )
            words += len(text.split())
        tokens += int(words * TOKENS_PER_WORD)
        if tokens > config.max_total_tokens:
            raise ContextTooLong(
                f"about {tokens} tokens are more than the {config.max_total_tokens} allowed: "
                "shorten the request"
            )
        wanted = call.options.num_predict
        if wanted is not None and wanted > config.max_new_tokens:
            raise InvalidRequest(
                f"{wanted} new tokens are more than the {config.max_new_tokens} allowed",
                param="max_tokens" if call.dialect == "openai" else "options.num_predict",
            )
        images = len(call.images) + sum(len(message.images) for message in call.messages)
        if images > config.max_images:
            raise InvalidRequest(
                f"{images} images are more than the {config.max_images} allowed: send fewer"
            )


def _texts(call: Call) -> Iterator[tuple[str, int, str]]:
    """Yield every text of the request with its place, as a form and a number, for the caller."""
    if call.kind == "embed":
        for at, text in enumerate(call.inputs):
            yield "input[{}]", at, text
    for name in ("prompt", "suffix", "system", "template"):
        if text := getattr(call, name):
            yield name, 0, text
    for at, message in enumerate(call.messages):
        yield "messages[{}].content", at, message.content
        if message.thinking:
            yield "messages[{}].thinking", at, message.thinking
