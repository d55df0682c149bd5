"""The ledger, read: rows, groups and figures, in steps that hold nobody up."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from itertools import islice, pairwise
from typing import Any, TypeVar

from msgspec import Struct

from localai import Database, Unavailable, UsageLog
from plugins.metrics.report.cursor import Position
from plugins.metrics.report.days import Days
from plugins.metrics.report.figures import Figures
from plugins.metrics.report.question import Question
from plugins.metrics.report.span import DAY, Span, iso
from plugins.metrics.report.sums import AMOUNTS, NAMES

AT_A_TIME = 2
"""Questions that are read for at the same time: others use the database too."""
MOST_WAIT = 10.0
"""Seconds that a question waits for those before it."""
READERS = 2
"""Days that a report reads at the same time, each on a thread of the database."""
DEADLINE = 60.0
"""Seconds for a report; a million rows take one to four of them, when they are read first."""
PART = 100_000
"""Rows that one statement of a report reads: a third of a second."""
STEP = 50
"""Rows and groups that are looked at before others have their turn: some 500 us."""
DIGITS = 9
"""Of sums after the point; what comes behind is of adding."""

T = TypeVar("T")


class Page(Struct, frozen=True, kw_only=True):
    """Rows of an answer."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    next: str | None
    """The cursor of the next page, if there is one."""


class Books:
    """Reads what a `UsageLog` writes; `timeout` are the seconds that a statement may take."""

    def __init__(self, usage: UsageLog, database: Database, timeout: float) -> None:
        self._usage = usage
        self._database = database
        self._timeout = timeout
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._days = Days()

    async def page(self, question: Question) -> Page:
        """Return rows or groups; raise `Unavailable`."""
        queries = await self._prepared()
        make = queries.groups if question.group_by else queries.rows
        async with self._turn(self._timeout):
            found = await self._fetched(make(self._usage.table, question))
        more = len(found) > question.limit
        shown = found[: question.limit]
        width = len(question.group_by) or 1
        last: Position = tuple(shown[-1][:width]) if more else ()
        if question.group_by:
            columns: Sequence[str] = (*question.group_by, *NAMES)
            make_row = partial(_group, await _imported("buckets"), question.group_by)
        else:
            columns = queries.columns(self._usage.table)
            make_row = partial(_row, columns)
            last = (shown[-1][1 + columns.index("at")], last[0]) if more else ()
        rows = await _gently(map(make_row, shown))
        return Page(columns=columns, rows=rows, next=question.next(last) if more else None)

    async def figures(self, span: Span, where: Mapping[str, str]) -> Figures:
        """Return all figures of a time; raise `Unavailable`.

        It is read day by day, and days that were read are known from then on.
        """
        queries = await self._prepared()
        table = self._usage.table
        whole = Figures()
        async with self._turn(DEADLINE):
            ((first, last),) = await self._fetched(queries.extent(table, span, where))
            if first is None:
                return whole
            filled = Span(begin=first, end=min(span.end, last + 1))
            days = _days(span, filled)
            while some := list(islice(days, READERS)):
                reading = (self._day(queries, day, where, is_over) for day, is_over in some)
                for figures in await asyncio.gather(*reading, return_exceptions=True):
                    if isinstance(figures, BaseException):
                        raise figures
                    await _gently(whole.merging(figures))
        return whole

    async def _day(
        self, queries: Any, day: Span, where: Mapping[str, str], is_over: bool
    ) -> Figures:
        """Return the figures of a day, or of a part of one."""
        ((count,),) = await self._fetched(queries.number(self._usage.table, day, where))
        figures = self._days.get(day, where, count)
        if figures is None:
            figures = await self._read(queries, day, where, count)
            if is_over:
                self._days.put(day, where, count, figures)
        return figures

    async def _read(
        self, queries: Any, span: Span, where: Mapping[str, str], count: int
    ) -> Figures:
        figures = Figures()
        for part in _parts(span, -(-count // PART)):
            groups = await self._fetched(queries.figures(self._usage.table, part, where))
            await _gently(figures.adding(groups))
        return figures

    async def _prepared(self) -> Any:
        """Write what is not written yet, and return the statements."""
        await self._usage.prepare()
        await self._usage.flush()
        return await _imported("queries")

    async def _fetched(self, statement: Any) -> Sequence[Any]:
        begun = time.monotonic()
        try:
            async with self._database.read() as connection:
                return await _gently(await connection.execute(statement))
        except Unavailable as error:
            if time.monotonic() - begun < 0.9 * self._timeout:
                raise
            raise _too_long() from error

    @asynccontextmanager
    async def _turn(self, seconds: float) -> AsyncIterator[None]:
        """Wait for a turn; raise `Unavailable` when it takes longer than `seconds` then."""
        try:
            async with asyncio.timeout(MOST_WAIT):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable(
                "others read the usage just now: try again", retry_after=MOST_WAIT
            ) from None
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise _too_long() from None
        finally:
            self._turns.release()


def _days(span: Span, filled: Span) -> Iterator[tuple[Span, bool]]:
    """Yield the days of a span that have rows, and whether each is a whole one that is over."""
    begin = max(span.begin, filled.begin // DAY * DAY)
    while begin < filled.end:
        midnight = (begin // DAY + 1) * DAY
        end = min(midnight, span.end)
        yield Span(begin=begin, end=end), begin % DAY == 0 and end == midnight
        begin = end


def _parts(span: Span, number: int) -> Iterable[Span]:
    """Yield a span in as many equal parts."""
    step = (span.end - span.begin) / max(1, number)
    edges = [span.begin + step * at for at in range(number)] + [span.end]
    for begin, end in pairwise(edges):
        yield Span(begin=begin, end=end)


def _row(columns: Sequence[str], found: Sequence[Any]) -> dict[str, Any]:
    """Return a row as it is shown, without the id that it begins with."""
    row = dict(zip(columns, map(_rounded, found[1:]), strict=True))
    row["at"] = iso(row["at"])
    return row


def _group(buckets: Any, group_by: Sequence[str], found: Sequence[Any]) -> dict[str, Any]:
    """Return a group as it is shown."""
    names = {name: buckets.shown(name, value) for name, value in zip(group_by, found, strict=False)}
    sums = dict(zip(NAMES, found[len(group_by) :], strict=True))
    return names | sums | {name: _rounded(float(sums[name])) for name in AMOUNTS}


async def _gently(steps: Iterable[T]) -> list[T]:
    """Return what the steps yield; others have their turn now and then."""
    done = []
    for number, result in enumerate(steps, 1):
        done.append(result)
        if not number % STEP:
            await asyncio.sleep(0)
    return done


async def _imported(name: str) -> Any:
    """Return a module of this package that takes its time to import: it needs SQLAlchemy."""
    return await asyncio.to_thread(import_module, f"plugins.metrics.report.{name}")


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


def _too_long() -> Unavailable:
    return Unavailable(
        "this took too long to read: ask for a shorter time, group by less, or give [database] "
        "timeout more"
    )
