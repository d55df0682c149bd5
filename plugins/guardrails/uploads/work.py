"""What the router asks of the process that reads files, and what that answers.

Each is a line of JSON, followed by the contents that it gives the lengths of. This module and what
else that process imports needs neither the router nor its libraries.
"""

from typing import Literal

import msgspec
from msgspec import Struct

Task = Literal["jpeg", "png", "gif", "webp", "pdf"]


class Bounds(Struct, kw_only=True, frozen=True):
    """How much may be read, and with what."""

    max_pixels: int
    max_side: int
    quality: int
    max_pages: int
    max_characters: int
    """Of each PDF's text."""
    max_result: int
    """Bytes of each result."""
    cpu_seconds: int
    memory: int
    """Bytes of address space."""


class Order(Struct, kw_only=True, frozen=True):
    """Files to read."""

    bounds: Bounds
    tasks: tuple[tuple[Task, int], ...]
    """The form of each file, and the length of its base64."""


class Result(Struct, kw_only=True, frozen=True):
    """What became of a file; those after one that is refused are not read."""

    size: int = 0
    """Bytes of what was made of it: an image's base64, or a text in UTF-8."""
    rule: str = ""
    """Why it is refused, in a word; empty if it is not."""
    problem: str = ""
    """The same as the end of a sentence, which a caller may read."""


class Refused(Exception):
    """A file is not read."""

    def __init__(self, rule: str, problem: str) -> None:
        super().__init__(problem)
        self.rule = rule
        self.problem = problem


encode = msgspec.json.Encoder().encode
order_in = msgspec.json.Decoder(Order).decode
results_in = msgspec.json.Decoder(tuple[Result, ...]).decode
