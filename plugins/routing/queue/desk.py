"""Gives slots to requests: at once where one is free, else in their order. No I/O of its own."""

import asyncio
import math
from collections.abc import Awaitable
from dataclasses import dataclass
from time import monotonic

from localai import GatewayError, Unavailable
from plugins.routing.catalogue.model import Model
from plugins.routing.queue.choice import choose, wanted_on
from plugins.routing.queue.figures import Figures
from plugins.routing.queue.line import Line
from plugins.routing.queue.members import Family
from plugins.routing.queue.outlooks import Outlooks
from plugins.routing.queue.slots import MOST
from plugins.routing.queue.turn import HEADER, Turn
from plugins.routing.select.latency import asked_latency

TICK = 1.0
"""Seconds between two looks at all that waits."""
AT_ONCE = 32
"""Waiting requests that are told their place before others have a turn: half a millisecond."""
CLOSED = 10.0
"""Seconds without a host that may be asked, after which nobody waits for one any more."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and for how long."""

    waiting: int
    """Requests for one model."""
    each: int
    """Of them, those of one key."""
    total: int
    """Requests for all models."""
    wait: float
    """Seconds."""
    batch_wait: float
    """Seconds, of batches."""


class Desk:
    """All queues."""

    def __init__(self, bounds: Bounds, outlooks: Outlooks, figures: Figures) -> None:
        self.members = outlooks.members
        self.bounds = bounds
        self.outlooks = outlooks
        self.loads = outlooks.loads
        self.figures = figures
        self._busy = asyncio.Event()

    def admit(
        self, line: Line, turn: Turn, model: Model | None, family: Family
    ) -> Awaitable[None] | None:
        """Give a turn a slot, or return the wait for one; `release` it if it has got one.

        Raises `Unavailable` where no host may be asked, or where waiting would not do.
        """
        urls = self.urls(turn, model, family)
        if not line.waiting:
            url = choose(self.outlooks, line, turn, model, family, urls)
            if url is not None:
                self.outlooks.add(line, turn, url, turn.came)
                return None
        return self._wait(line, turn, model, family)

    def release(self, line: Line, turn: Turn, *, whole: bool) -> None:
        """Take a turn's slot back, if it has one, and give it to the next. Does so once."""
        if turn.url is None:
            return
        self.outlooks.end(line, turn, monotonic(), whole=whole)
        turn.url = None
        if line.waiting:
            self.pump(line)

    def urls(self, turn: Turn, model: Model | None, family: Family) -> list[str]:
        """Return the hosts that may be asked; raise where there is none."""
        if model is None:
            return [""]
        urls = self.members.open_urls(model, family.hosts)
        if not urls:
            raise self.members.closed(model, family.hosts)
        if len(urls) > 1 and (host := family.hosts.preferred(turn.call)) is not None:
            turn.preferred = host.url
        return urls

    def pump(self, line: Line) -> None:
        """Give every slot that is free to the next who wants it."""
        family = self.members.family()
        model = family.catalogue.find(line.name) if family is not None and line.name else None
        if family is None or (line.name and model is None):
            urls = [""]  # the model or the members are gone: let the core say what is wrong
        else:
            urls = [""] if model is None else self.members.open_urls(model, family.hosts)
        now = monotonic()
        for url in urls:
            slots = MOST
            if family is not None and model is not None:
                slots = self.members.slots(model, url, family)
            wanted = wanted_on(self.outlooks, line, url, model, family, now)
            while line.waiting and line.busy(url) < slots:
                turn = line.pop(wanted)
                if turn is None:
                    break
                assert turn.granted is not None
                if turn.granted.done():  # it leaves, and has not had the time to say so
                    line.refund(turn)
                    continue
                self.outlooks.add(line, turn, url, now)
                turn.granted.set_result(None)

    # ---- the ticker

    async def tick_on(self) -> None:
        """Every second, while anybody waits: end what is overdue, tell the others their place."""
        while True:
            await self._busy.wait()
            await asyncio.sleep(TICK)
            now = monotonic()
            self.loads.tell(now)
            for line in [line for line in self.outlooks.lines.values() if line.waiting]:
                for turn in line.overdue(now):
                    self._refuse(turn, _too_long("has waited", now - turn.came, TICK))
                self.pump(line)
                self._give_up(line, now)
                await self._tell(line)
            if not self.outlooks.waiting and not any(load.turns for load in self.loads):
                self._busy.clear()

    def wake(self) -> None:
        """Start the ticker: somebody waits."""
        self._busy.set()

    def _give_up(self, line: Line, now: float) -> None:
        """Refuse all who wait when no host has taken any for a while."""
        family = self.members.family()
        model = family.catalogue.find(line.name) if family is not None and line.name else None
        if model is None or family is None or self.members.open_urls(model, family.hosts):
            line.closed_since = None
        elif line.closed_since is None:
            line.closed_since = now
        elif now - line.closed_since >= CLOSED:
            error = self.members.closed(model, family.hosts)
            for entry in list(line.waiting):
                if line.leave(entry.data):
                    self._refuse(entry.data, error)

    async def _tell(self, line: Line) -> None:
        slots = self.outlooks.all_slots(line)
        for number, entry in enumerate(list(line.waiting), 1):
            if entry.is_waiting:
                self._place(line, entry.data, slots)
            if not number % AT_ONCE:
                await asyncio.sleep(0)

    def _place(self, line: Line, turn: Turn, slots: int) -> float:
        """Tell a turn its place; return its seconds to wait."""
        position, eta = line.eta(turn, slots, monotonic())
        turn.tell(f"position={position}, eta={math.ceil(eta)}")
        return eta

    # ---- waiting

    async def _wait(self, line: Line, turn: Turn, model: Model | None, family: Family) -> None:
        loop = asyncio.get_running_loop()
        self.outlooks.cost(line, turn, model, family)
        for each in line.turns():
            self.outlooks.cost(line, each, model, family)
        slots = self.outlooks.all_slots(line)
        self._check_room(line, turn, slots)
        longest = self.bounds.batch_wait if turn.is_batch else self.bounds.wait
        # What nobody has measured refuses nobody, but for those who say how long they can wait.
        is_known = line.is_measured
        if (latency := asked_latency(turn.call)) is not None:
            longest = min(longest, max(latency - turn.cost, 0.0))
            is_known = True
        turn.granted = loop.create_future()
        line.push(turn, turn.came + longest, turn.came)
        try:
            self.pump(line)
            if not turn.granted.done():
                eta = self._place(line, turn, slots)
                if eta > longest and is_known:
                    line.leave(turn)
                    retry_after = max(1.0, eta - longest)
                    self._refuse(turn, _too_long("would wait", eta, retry_after, longest))
                self.wake()
            await turn.granted
        except BaseException:
            line.leave(turn)
            self.release(line, turn, whole=False)
            raise

    def _check_room(self, line: Line, turn: Turn, slots: int) -> None:
        """Raise `Unavailable` where no more may wait."""
        bounds, waiting = self.bounds, line.waiting
        # Batches leave half of the room to people, whom they could keep out for long.
        most = bounds.waiting // 2 if turn.is_batch else bounds.waiting
        full = len(waiting) >= most or self.outlooks.waiting >= bounds.total
        if not full and waiting.of(turn.key) < bounds.each:
            return
        now = monotonic()
        # One is served by then, or one of its own.
        work = turn.cost if full else waiting.work / len(waiting)
        text = (
            f"{len(waiting)} requests wait for this model already"
            if full
            else f"{waiting.of(turn.key)} requests of yours wait for this model already"
        )
        self.figures.refused["queue_full"] += 1
        raise Unavailable(
            f"{text}: try again later",
            code="queue_full",
            retry_after=max(1.0, line.seconds(work, slots, now)),
        )

    def _refuse(self, turn: Turn, error: GatewayError) -> None:
        """End the wait of a turn that is out of the queue."""
        self.figures.refused[error.code or "unreachable"] += 1
        turn.call.headers.pop(HEADER, None)
        if turn.granted is not None and not turn.granted.done():
            turn.granted.set_exception(error)


def _too_long(
    waits: str, seconds: float, retry_after: float, longest: float | None = None
) -> Unavailable:
    most = "" if longest is None else f", and may wait {longest:.0f} s"
    return Unavailable(
        f"this request {waits} about {math.ceil(seconds)} s for its model{most}: try again later, "
        "or ask another model",
        code="wait_too_long",
        retry_after=retry_after,
    )
