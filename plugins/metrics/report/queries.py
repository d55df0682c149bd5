"""The statements that read the ledger. Imported on first use: SQLAlchemy takes its time to load."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    cast,
    func,
    or_,
    select,
    tuple_,
)

from plugins.metrics.report.buckets import BUCKETS
from plugins.metrics.report.figures import DIMENSIONS
from plugins.metrics.report.question import Question
from plugins.metrics.report.span import Span
from plugins.metrics.report.sums import AMOUNTS, NAMES

HIDDEN = frozenset({"id"})
"""Columns that no row shows."""
FINE = ("ok", "canceled")
"""Outcomes that are no errors."""
MISSED = ("miss", "stale")
"""A stale answer was given because no model did: the cache had missed before."""


def columns(table: Table) -> list[str]:
    """Return the names of what a row shows."""
    return [column.name for column in table.c if column.name not in HIDDEN]


def rows(table: Table, question: Question) -> Select[Any]:
    """Select rows by themselves, the newest first; the first column is the id."""
    c = table.c
    statement = select(c.id, *(c[name] for name in columns(table)))
    statement = statement.where(*_within(table, question.span, question.where))
    if question.after:
        at, number = question.after
        # Said in two parts, the first of which an index answers.
        statement = statement.where(c.at <= at, or_(c.at < at, c.id < number))
    return statement.order_by(c.at.desc(), c.id.desc()).limit(question.limit + 1)


def groups(table: Table, question: Question) -> Select[Any]:
    """Select the values of `group_by`, by which it is ordered, and the sums of each group."""
    names = question.group_by
    parts = [_part(table, name) for name in names]
    labels = [part.label(f"by_{name}") for name, part in zip(names, parts, strict=True)]
    statement = select(*labels, *_sums(table))
    statement = statement.where(*_within(table, question.span, question.where))
    if question.after:
        statement = statement.where(tuple_(*parts) > tuple_(*question.after))
    return statement.group_by(*parts).order_by(*parts).limit(question.limit + 1)


def figures(table: Table, span: Span, where: Mapping[str, str]) -> Select[Any]:
    """Select what `Figures.add` takes."""
    dimensions = [table.c[name] for name in DIMENSIONS]
    statement = select(*dimensions, *_sums(table)).where(*_within(table, span, where))
    return statement.group_by(*dimensions)


def extent(table: Table, span: Span, where: Mapping[str, str]) -> Select[Any]:
    """Select when the first and the last row of a time ended."""
    at = table.c.at
    return select(func.min(at), func.max(at)).where(*_within(table, span, where))


def number(table: Table, span: Span, where: Mapping[str, str]) -> Select[Any]:
    """Select how many rows there are."""
    return select(func.count()).select_from(table).where(*_within(table, span, where))


def _within(table: Table, span: Span, where: Mapping[str, str]) -> Sequence[ColumnElement[bool]]:
    at = table.c.at
    equal = [table.c[name] == value for name, value in where.items()]
    return [at >= span.begin, at < span.end, *equal]


def _part(table: Table, name: str) -> ColumnElement[Any]:
    if (bucket := BUCKETS.get(name)) is not None:
        made: ColumnElement[Any] = bucket(table.c.at)
        return made
    return table.c[name]


def _sums(table: Table) -> list[ColumnElement[Any]]:
    """Return the sums in the order of `NAMES`."""
    c = table.c
    true = {
        "errors": c.outcome.not_in(FINE),
        "canceled": c.outcome == "canceled",
        "answered": c.attempts > 0,
        "hits": c.cache == "hit",
        "joins": c.cache == "join",
        "misses": c.cache.in_(MISSED),
        "measured": c.energy_source == "measured",
        "modelled": c.energy_source == "modelled",
    }
    sums: list[ColumnElement[Any]] = []
    for name in NAMES:
        if name == "requests":
            whole: ColumnElement[Any] = func.count()
        elif name == "retries":
            whole = func.sum(c.attempts - cast(c.attempts > 0, Integer))
        elif name in true:
            whole = func.sum(cast(true[name], Integer))  # a CASE takes three times as long
        else:
            whole = func.sum(c[name])
        # PostgreSQL's sums of integers are of a type that Python has as Decimal.
        sums.append(whole if name in AMOUNTS else cast(whole, BigInteger))
    return sums
