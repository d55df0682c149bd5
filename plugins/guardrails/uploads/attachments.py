"""The images and files of a call, and the call with what was made of them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from localai import Call, Message


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or a file of a request, with what its caller says of it."""

    message: int | None
    """Which of the messages it came with; `None` for an image of a prompt."""
    number: int
    """Its place among the images or files of the message, from 0."""
    data: str = field(repr=False)
    """Base64."""
    is_file: bool = False
    name: str = ""
    declared: str = ""
    """Its media type; empty where none is declared."""

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        thing = f"{'file' if self.is_file else 'image'} {self.number + 1}"
        return thing if self.message is None else f"messages[{self.message}]: {thing}"

    @property
    def param(self) -> str:
        """Where it stands, by the name of a field."""
        field = "content" if self.is_file or self.declared else f"images[{self.number}]"
        return field if self.message is None else f"messages[{self.message}].{field}"

    @property
    def size(self) -> int:
        """Bytes of its content, or somewhat more if its base64 has line ends."""
        return len(self.data) * 3 // 4 - self.data[-2:].count("=")


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of an attachment: an image in base64, or a text."""

    content: str = field(repr=False)
    is_image: bool


def has_attachments(call: Call) -> bool:
    """Say whether a call has any: what all calls are asked."""
    return bool(call.images) or any(each.images or each.files for each in call.messages)


def attachments(call: Call) -> Iterator[Attachment]:
    """Yield the images and files of a call."""
    for number, image in enumerate(call.images):
        yield Attachment(None, number, image)
    for at, message in enumerate(call.messages):
        types = message.image_types or ("",) * len(message.images)
        for number, image in enumerate(message.images):
            yield Attachment(at, number, image, declared=types[number])
        for number, file in enumerate(message.files):
            yield Attachment(
                at, number, file.data, is_file=True, name=file.name, declared=file.media_type
            )


def replaced(call: Call, made: Sequence[tuple[Attachment, Made]]) -> Call:
    """Return a call with what was made of its attachments in their place.

    The texts of files stand before the text of their message.
    """
    by_message: dict[int | None, list[tuple[Attachment, Made]]] = {}
    for each, result in made:
        by_message.setdefault(each.message, []).append((each, result))
    messages = tuple(
        _replaced(message, by_message[at]) if at in by_message else message
        for at, message in enumerate(call.messages)
    )
    images = tuple(result.content for _, result in by_message.get(None, ()))
    return call.replace(messages=messages, images=images)


def _replaced(message: Message, made: list[tuple[Attachment, Made]]) -> Message:
    images = tuple(result.content for _, result in made if result.is_image)
    texts = [framed(each.name, result.content) for each, result in made if not result.is_image]
    if message.content:
        texts.append(message.content)
    return message.replace(images=images, image_types=(), files=(), content="\n\n".join(texts))


def framed(name: str, text: str) -> str:
    """Return a file's text between two lines that say so, for a model and for later guards.

    Both lines have a digest of the text: no text can hold its own, and so seem to end early.
    """
    mark = blake2b(text.encode(), digest_size=8).hexdigest()
    called = f"file {json.dumps(name, ensure_ascii=False)}" if name else "file"
    return f"[begin of {called}, {mark}]\n{text}\n[end of {called}, {mark}]"
