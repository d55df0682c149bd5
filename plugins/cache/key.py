"""Which calls have the same answer, and who may be given it.

The key is a digest of everything that changes an answer. The wire format, whether it is streamed,
and who asks are no part of it; but the partition is, so that nobody is given what was made for
others.
"""

import asyncio
import hashlib
from operator import attrgetter
from typing import Any, Literal

import msgspec

from localai import Call, Message, Principal
from plugins.cache.digests import listed_name

Partition = Literal["tenant", "user", "key", "global"]

MATTERS = (
    *("kind", "options", "format", "think", "logprobs", "top_logprobs", "truncate", "shift"),
    *("tools", "prompt", "suffix", "system", "template", "context", "raw", "dimensions"),
)
"""Fields of a call that change its answer, besides the model, messages, images and inputs."""

LARGE = 262_144
"""Bytes of images and files from which on a key is made beside the loop; these take 0.3 ms."""

# Arrays and objects keep their order: that of a schema's properties is the order of the answer's.
_encode = msgspec.msgpack.Encoder().encode
_fields = attrgetter(*MATTERS)


def canonical(*values: Any) -> bytes:
    """Return values as bytes: different ones for different values."""
    return _encode(values)


def digest(data: bytes) -> str:
    """Return the digest that keys are made of, in hex: 32 bytes of BLAKE2b (RFC 7693)."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def partition_of(principal: Principal, partition: Partition) -> tuple[str, ...]:
    """Return with whom a caller shares answers; who has no user shares with nobody else's key."""
    if partition == "global":
        return ()
    if partition == "tenant":
        return (principal.tenant,)
    if partition == "user" and principal.user:
        return (principal.tenant, "user", principal.user)
    return (principal.tenant, "key", principal.id)


def is_repeatable(call: Call, sampled: bool) -> bool:
    """Say whether a call's answer may be given again: the next one would be the same.

    With `sampled` that is said of answers too that the model chose at random.
    """
    if call.loads_only:
        return False
    if call.kind == "embed":
        return bool(call.inputs)
    options = call.options
    return sampled or options.temperature == 0 or options.seed is not None


def model_of(call: Call) -> str:
    """Return the name of a call's model as Ollama lists it."""
    return listed_name(call.model)


async def key_of(call: Call, model_digest: str, partition: tuple[str, ...]) -> str:
    """Return the key of a call's answer: its kind, and a digest."""
    images = sum(len(image) for image in call.images)
    for message in call.messages:
        for image in message.images:
            images += len(image)
        for file in message.files:
            images += len(file.data)
    if images < LARGE:
        return _key_of(call, model_digest, partition)
    return await asyncio.to_thread(_key_of, call, model_digest, partition)


def element_keys(call: Call, model_digest: str, partition: tuple[str, ...]) -> list[str]:
    """Return the key of each text's embedding."""
    alike = hashlib.blake2b(
        canonical(partition, model_of(call), model_digest, _fields(call)), digest_size=32
    )
    keys = []
    for text in call.inputs:
        each = alike.copy()
        each.update(text.encode())
        keys.append(f"embed:{each.hexdigest()}")
    return keys


def _key_of(call: Call, model_digest: str, partition: tuple[str, ...]) -> str:
    images = tuple(_image(image) for image in call.images)
    messages = tuple(_without_data(message) for message in call.messages)
    alike = (partition, model_of(call), model_digest, _fields(call), messages, images, call.inputs)
    return f"{call.kind}:{digest(_encode(alike))}"


def _without_data(message: Message) -> Message:
    """Return a message with digests in the place of images and files, which need not be copied so.

    What images are declared as is no part of it: a model is not told.
    """
    if not (message.images or message.files or message.image_types):
        return message
    return message.replace(
        images=tuple(_image(image) for image in message.images),
        image_types=(),
        files=tuple(file.replace(data=_image(file.data)) for file in message.files),
    )


def _image(image: str) -> str:
    return digest(image.encode())
