"""What today has taken and saved, since midnight by this machine's clock."""

import time
from datetime import date, datetime
from datetime import time as clock

import structlog
from msgspec import Struct

from localai import Chunk, Cost, Gateway

log = structlog.get_logger("dashboard")

ROUTER = "router:"
"""Begins the ids of the router's own calls."""
LEDGER = "metrics.ledger"
"""Who writes down what requests take."""


class Sums(Struct, kw_only=True):
    """What was taken and saved; energy in watt-hours, tokens of callers only."""

    wh: float = 0.0
    money: float = 0.0
    grams: float = 0.0
    saved_money: float = 0.0
    read: float = 0.0
    """Tokens of prompts, those of kept answers too."""
    written: float = 0.0
    embedded: float = 0.0


class Day:
    """Sums of one day, which begin anew with the next."""

    def __init__(self, now: float) -> None:
        self._date = date.fromtimestamp(now)
        self.sums = Sums()

    def took(self, cost: Cost) -> None:
        """Add what an answer took."""
        sums = self.sums
        sums.wh += cost.wh
        sums.money += cost.money
        sums.grams += cost.grams

    def saved(self, cost: Cost) -> None:
        """Add what an answer did not take."""
        self.sums.saved_money += cost.money

    def answered(self, last: Chunk, *, is_embedding: bool) -> None:
        """Add the tokens that a caller had."""
        if is_embedding:
            self.sums.embedded += last.prompt_eval_count
        else:
            self.sums.read += last.prompt_eval_count
            self.sums.written += last.eval_count

    def turn(self, now: float) -> bool:
        """Begin a new day if there is one; say whether there is."""
        if (today := date.fromtimestamp(now)) == self._date:
            return False
        self._date = today
        self.sums = Sums()
        return True

    def add(self, before: Sums, midnight: float) -> None:
        """Add what was kept of the day that began at `midnight`, if it still lasts."""
        if midnight != _midnight(self._date):
            return
        for name in Sums.__struct_fields__:
            setattr(self.sums, name, getattr(self.sums, name) + getattr(before, name))


def midnight(now: float) -> float:
    """Return when the day of `now` began, by this machine's clock."""
    return _midnight(date.fromtimestamp(now))


def _midnight(day: date) -> float:
    return datetime.combine(day, clock()).timestamp()


async def keep_up(gateway: Gateway, day: Day) -> None:
    """Add what was written down today, before this process, to the sums of the day."""
    begun = time.time()
    await gateway.started()
    if all(plugin.name != LEDGER for plugin in gateway.current.plugins):
        return  # nobody has written anything down, and the database may not even be there
    try:
        day.add(await _written(gateway, midnight(begun), begun), midnight(begun))
    except Exception:
        log.exception("what today took before the start is not known: the page shows less")


async def _written(gateway: Gateway, begin: float, end: float) -> Sums:
    """Return the sums of the rows of usage from `begin` until before `end`."""
    from sqlalchemy import case, func, select

    await gateway.usage.prepare()
    rows = gateway.usage.table.c
    prompts = rows.prompt_tokens + rows.saved_prompt_tokens
    answers = rows.completion_tokens + rows.saved_completion_tokens
    is_callers = ~rows.key.startswith(ROUTER)
    is_embedding = rows.kind == "embed"
    wanted = {
        "wh": rows.wh,
        "money": rows.money,
        "grams": rows.grams,
        "saved_money": rows.saved_money,
        "read": case((is_callers & ~is_embedding, prompts), else_=0),
        "written": case((is_callers & ~is_embedding, answers), else_=0),
        "embedded": case((is_callers & is_embedding, prompts), else_=0),
    }
    sums = [func.coalesce(func.sum(each), 0).label(name) for name, each in wanted.items()]
    query = select(*sums).where(rows.at >= begin, rows.at < end)
    async with gateway.database.read() as connection:
        row = (await connection.execute(query)).one()
    return Sums(**{name: float(value) for name, value in zip(wanted, row, strict=True)})
