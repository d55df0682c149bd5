"""Markdown → passages: paragraphs, list items, table rows and code, each below its headings."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

MAX_FILE = 512 * 1024
"""Bytes of a file that are read."""
MAX_PASSAGES = 8_000
"""Passages in all; those after them are left out."""
MAX_PASSAGE = 1_500
"""Characters of a passage that are kept."""

_HEADING = re.compile(r"(#{1,6})\s+(.+?)(?:\s+#+)?\s*")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


class Passage(NamedTuple):
    """A piece of a document: Markdown that can be quoted by itself."""

    file: str
    headings: tuple[str, ...]
    text: str


def read(documents: Sequence[Path]) -> list[Passage]:
    """Return the passages of these files, in order; what can't be read is left out."""
    found: list[Passage] = []
    for path in documents:
        try:
            with path.open("rb") as file:
                markdown = file.read(MAX_FILE).decode("utf-8", "replace")
        except OSError:
            continue
        for passage in split(markdown, path.name):
            if len(found) == MAX_PASSAGES:
                return found
            found.append(passage)
    return found


def split(markdown: str, file: str) -> Iterator[Passage]:
    """Yield the passages; code, what is indented, and what a colon announces stay together."""
    titles: dict[int, str] = {}
    text = ""
    for block in _blocks(markdown):
        if heading := _HEADING.fullmatch(block):
            if text:
                yield _passage(file, titles, text)
            text = ""
            level = len(heading[1])
            titles = {at: title for at, title in titles.items() if at < level}
            titles[level] = heading[2]
        elif text and (_FENCE.match(block) or block[0] == " " or text.endswith(":")):
            text += "\n\n" + block
        elif not block.startswith(("<", "[!")):  # HTML and badges are no prose
            if text:
                yield _passage(file, titles, text)
            text = block
    if text:
        yield _passage(file, titles, text)


def _passage(file: str, titles: dict[int, str], text: str) -> Passage:
    return Passage(file, tuple(titles.values()), _clip(text))


def _clip(text: str) -> str:
    """Shorten a long passage at the end of a line, and close the code that this opens."""
    if len(text) <= MAX_PASSAGE:
        return text
    kept = text[:MAX_PASSAGE].rpartition("\n")[0] or text[:MAX_PASSAGE]
    fence = None
    for line in kept.split("\n"):
        if found := _FENCE.match(line):
            fence = None if fence else found[1]
    return f"{kept}\n{fence or '…'}"


def _blocks(markdown: str) -> Iterator[str]:
    """Yield headings, paragraphs, list items, code, and table rows below the table's head."""
    block: list[str] = []
    fence = ""
    head: list[str] = []
    for line in markdown.splitlines():
        if fence:
            block.append(line)
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                yield "\n".join(block)
                block, fence = [], ""
            continue
        if line.startswith("|"):
            if block:
                yield "\n".join(block)
                block = []
            if len(head) < 2:
                head.append(line)
            else:
                yield "\n".join((*head, line))
            continue
        head = []
        opening = _FENCE.match(line)
        heading = _HEADING.fullmatch(line)
        if block and (opening or heading or not line.strip() or _ITEM.match(line)):
            yield "\n".join(block)
            block = []
        if heading:
            yield line
        elif line.strip():
            block.append(line)
            fence = opening[1] if opening else ""
    if block:
        yield "\n".join(block)
