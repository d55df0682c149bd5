"""What is seen of an attachment without reading it: its name, type, size and first bytes."""

import re
from binascii import a2b_base64

from plugins.guardrails.uploads.attachments import Attachment
from plugins.guardrails.uploads.kinds import HEAD, IMAGES, Form, Kinds, sniff
from plugins.guardrails.uploads.names import wrong_with
from plugins.guardrails.uploads.work import Refused

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


class Checks:
    """Finds out what an attachment is, and that all that is said of it agrees."""

    def __init__(self, kinds: Kinds, *, max_name: int, max_file: int) -> None:
        self._kinds = kinds
        self._max_name = max_name
        self._max_file = max_file

    def form_of(self, each: Attachment) -> Form:
        """Return how an attachment is coded; raise `Refused`."""
        if each.size > self._max_file:
            raise Refused("max_file", f"is larger than {self._max_file} bytes: send a smaller one")
        form = sniff(_head(each.data))
        for what, told in self._said(each):
            if told != form:
                raise Refused(
                    "content", f"{what} {told}, but its content is not: send it as what it is"
                )
        if not each.is_file and form not in IMAGES:
            raise Refused("content", f"is no image: send one of {self._list(images=True)}")
        if form not in self._kinds.forms:
            raise Refused("type", f"is of a type that is not taken: send one of {self._list()}")
        return form

    def _said(self, each: Attachment) -> list[tuple[str, Form]]:
        """Return what name and declared type say; raise `Refused` for one that is not allowed."""
        said = []
        if each.name:
            wrong = wrong_with(each.name, self._max_name)
            if wrong is not None:
                raise Refused("name", f"has a name that {wrong}")
            form = self._kinds.named(each.name)
            if form is None:
                ends = ", ".join(f".{end}" for end in self._kinds.extensions) or "nothing"
                raise Refused("extension", f"has a name that must end in one of {ends}")
            said.append(("is named as", form))
        if each.declared:
            form = self._kinds.declared(each.declared)
            if form is None:
                raise Refused(
                    "type", f"is declared as a type that is not taken: send one of {self._list()}"
                )
            said.append(("is declared as", form))
        return said

    def _list(self, *, images: bool = False) -> str:
        types = self._kinds.types.items()
        return ", ".join(name for name, form in types if form in IMAGES or not images) or "none"


def text_in(data: str, longest: int) -> str:
    """Return the text of a text file in UTF-8; raise `Refused`."""
    too_long = Refused(
        "max_characters", f"has more than the {longest} characters of text allowed: shorten it"
    )
    if len(data) > (4 * longest + 3) * 3 // 2:
        raise too_long
    try:
        text = a2b_base64(data).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("content", "is not text in UTF-8: save it as that") from None
    if _CONTROL.search(text):
        raise Refused("content", "has control characters, so it is no text: send it as what it is")
    if len(text) > longest:
        raise too_long
    if not text.strip():
        raise Refused("no_text", "has no text: leave it out")
    return text


def _head(data: str) -> bytes:
    """Return the first bytes of what base64 stands for."""
    start = data[: 4 * HEAD].replace("\n", "").replace("\r", "")
    return a2b_base64(start[: len(start) // 4 * 4])[:HEAD]
