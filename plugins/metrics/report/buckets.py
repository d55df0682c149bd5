"""The hour, day and month (UTC) in which a row ended, as each database computes them."""

from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from plugins.metrics.report.span import DAY, iso

HOUR = 3600


class Hour(FunctionElement[int]):
    """The number of an hour since 1970."""

    inherit_cache = True
    type = BigInteger()
    seconds = HOUR


class Day(FunctionElement[int]):
    """The number of a day since 1970."""

    inherit_cache = True
    type = BigInteger()
    seconds = DAY


class Month(FunctionElement[str]):
    """A month such as `2026-11`."""

    inherit_cache = True
    type = Text()


BUCKETS: dict[str, type[FunctionElement[Any]]] = {"hour": Hour, "day": Day, "month": Month}


def shown(name: str, value: Any) -> Any:
    """Return the value of a group as people read it: an hour's beginning, the date of a day."""
    if name == "hour":
        return iso(value * HOUR)
    if name == "day":
        return iso(value * DAY)[:10]
    return value


# The numbers stand in the text: PostgreSQL takes two parameters for two different things, and the
# expression that is selected for another than the one that is grouped by.
@compiles(Hour, "sqlite")
@compiles(Day, "sqlite")
def _number(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} / {element.seconds} AS INTEGER)"


@compiles(Hour, "postgresql")
@compiles(Day, "postgresql")
def _floor(element: Any, compiler: Any, **options: Any) -> str:
    at = compiler.process(element.clauses, **options)
    return f"CAST(floor({at} / {element.seconds}) AS bigint)"


@compiles(Month, "sqlite")
def _strftime(element: Any, compiler: Any, **options: Any) -> str:
    return f"strftime('%Y-%m', {compiler.process(element.clauses, **options)}, 'unixepoch')"


@compiles(Month, "postgresql")
def _to_char(element: Any, compiler: Any, **options: Any) -> str:
    at = compiler.process(element.clauses, **options)
    return f"to_char(to_timestamp({at}) AT TIME ZONE 'UTC', 'YYYY-MM')"
