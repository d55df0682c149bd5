"""The types of files that may come in: how they are named, and how their content begins."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Form = Literal["jpeg", "png", "gif", "webp", "pdf", "text"]
"""How a file is coded, which its content tells."""

MediaType = Literal[
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "application/pdf",
    "text/plain",
    "text/markdown",
]

IMAGES: frozenset[Form] = frozenset({"jpeg", "png", "gif", "webp"})

HEAD = 16
"""Bytes that tell a form."""

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "text/x-markdown": "text/markdown",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A media type, with the ends of names that go with it."""

    media_type: MediaType
    form: Form
    extensions: tuple[str, ...]


KINDS: tuple[Kind, ...] = (
    Kind("image/jpeg", "jpeg", ("jpg", "jpeg")),
    Kind("image/png", "png", ("png",)),
    Kind("image/webp", "webp", ("webp",)),
    Kind("image/gif", "gif", ("gif",)),
    Kind("application/pdf", "pdf", ("pdf",)),
    Kind("text/plain", "text", ("txt",)),
    Kind("text/markdown", "text", ("md",)),
)


class Kinds:
    """Those of the kinds that are allowed."""

    def __init__(self, types: Collection[MediaType]) -> None:
        allowed = [kind for kind in KINDS if kind.media_type in types]
        self.types: dict[str, Form] = {kind.media_type: kind.form for kind in allowed}
        self.extensions: dict[str, Form] = {
            extension: kind.form for kind in allowed for extension in kind.extensions
        }
        self.forms = frozenset(self.types.values())

    def declared(self, media_type: str) -> Form | None:
        """Return the form of a declared type; `None` for one that is not allowed."""
        return self.types.get(_ALIASES.get(media_type, media_type))

    def named(self, name: str) -> Form | None:
        """Return the form that a name's end stands for; `None` where that is not allowed."""
        return self.extensions.get(name.rpartition(".")[2].lower())


def sniff(head: bytes) -> Form:
    """Return the form that a content begins as; what begins as nothing known may be text.

    The signatures are those of https://mimesniff.spec.whatwg.org/ §6.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"%PDF-"):
        return "pdf"
    return "text"
