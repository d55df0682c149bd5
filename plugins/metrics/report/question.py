"""What a query asks of the ledger: which rows, and what they are grouped by."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from localai import InvalidRequest, full_name, read_count
from plugins.metrics.report.cursor import Position, read_cursor, write_cursor
from plugins.metrics.report.span import Span, read_span

TIMES = ("hour", "day", "month")
"""Parts of time in UTC; only one of them at a time."""
FILTERS = ("tenant", "key", "user", "model", "kind", "host", "route", "outcome", "cache")
"""Columns whose value may be asked for."""
GROUPS = (*TIMES, *FILTERS)
PARAMETERS = ("from", "to", "group_by", *FILTERS, "limit", "cursor", "format")
"""What may be asked of the usage of all."""
OWN_PARAMETERS = tuple(name for name in PARAMETERS if name not in ("tenant", "key"))
"""What may be asked of one's own usage: the rest is given."""

PAGE = 100
"""Rows in an answer, unless the query asks for another number."""
PAGE_CSV = 1000
"""Rows in an answer of CSV, which is not read on a screen."""
MOST = 1000
"""Most rows in an answer: some 600 kB."""

Format = Literal["json", "csv"]


class Question(Struct, frozen=True, kw_only=True):
    """Rows of the ledger, each by itself or in groups, from a position on."""

    span: Span
    where: Mapping[str, str] = {}
    """The values that columns must have."""
    group_by: tuple[str, ...] = ()
    limit: int = PAGE
    after: Position = ()
    """The place of the last row that was seen; empty for the first page."""
    format: Format = "json"
    mark: str = ""
    """A digest of what was asked, which a cursor belongs to."""

    def next(self, last: Position) -> str:
        """Return the cursor of the page that follows this row."""
        return write_cursor(self.mark, self.span, last)


def read_question(
    said: Mapping[str, str], usual: float, now: float, format: Format = "json"
) -> Question:
    """Return what the parameters of a query mean; raise `InvalidRequest`.

    `usual` is the time in seconds that is reported where none is said, `format` the one that the
    headers ask for.
    """
    group_by = _group_by(said.get("group_by"))
    if (named := said.get("format")) is not None:
        if named not in ("json", "csv"):
            raise InvalidRequest("format: expected json or csv", param="format")
        format = "csv" if named == "csv" else "json"
    where = filters(said)
    asked = [said.get("from"), said.get("to"), group_by, sorted(where.items())]
    mark = hashlib.blake2b(msgspec.json.encode(asked), digest_size=6).hexdigest()
    span = read_span(said.get("from"), said.get("to"), usual, now)
    after: Position = ()
    if (cursor := said.get("cursor")) is not None:
        # Its time stands still while pages are turned; "7d" does not.
        span, after = read_cursor(cursor, mark, _kinds(group_by))
    return Question(
        span=span,
        where=where,
        group_by=group_by,
        limit=read_count(said.get("limit"), "limit", PAGE_CSV if format == "csv" else PAGE, MOST),
        after=after,
        format=format,
        mark=mark,
    )


def filters(said: Mapping[str, str]) -> dict[str, str]:
    """Return the values that columns must have; a model is the same with `:latest` or without."""
    where = {name: said[name] for name in FILTERS if name in said}
    for name, value in where.items():
        if "\0" in value:  # PostgreSQL's texts can't hold it
            raise InvalidRequest(f"{name}: has a character that no name has", param=name)
    if "model" in where:
        where["model"] = full_name(where["model"]).lower()
    return where


def _group_by(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in GROUPS:
            raise InvalidRequest(
                f"group_by: '{name[:64]}' is none of {', '.join(GROUPS)}", param="group_by"
            )
    if len(set(names)) < len(names) or len({*names} & {*TIMES}) > 1:
        raise InvalidRequest(
            f"group_by: name each thing once, and one of {', '.join(TIMES)}", param="group_by"
        )
    return names


def _kinds(group_by: Sequence[str]) -> tuple[type, ...]:
    """Return the types of a position's parts."""
    if not group_by:
        return (float, int)  # when it ended, and its id
    return tuple(int if name in ("hour", "day") else str for name in group_by)
