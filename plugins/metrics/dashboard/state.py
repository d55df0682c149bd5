"""What the page shows, and keeps from one second to the next."""

import time

from localai import Gateway, PowerMeter, WaitingLine
from plugins.metrics.dashboard.books import Books
from plugins.metrics.dashboard.day import Day
from plugins.metrics.dashboard.figures import IDLE, Figures
from plugins.metrics.dashboard.history import INTERVAL, History, Point
from plugins.metrics.dashboard.rates import Rates


class State:
    """Outlives a change of the plugin's settings: the next plugin goes on with it."""

    def __init__(self, length: int) -> None:
        self.history = History(length)
        self.rates = Rates(self.history)
        self.day = Day(time.time())
        self.books = Books(self.day)
        self.idle_before = 0.0
        """Joules that belonged to no request before this day."""
        self.last: Point | None = None
        self._total = 0
        self._looked = -INTERVAL

    def look(self, gateway: Gateway, now: float) -> None:
        """Note the second that has ended at `now`, which is monotonic.

        For some moments of a reload two plugins look; the second look of a second is none.
        """
        passed = now - self._looked
        if passed < INTERVAL / 2:
            return
        self._looked = now
        if self.day.turn(time.time()):
            self.idle_before = Figures(gateway.measures()).one(IDLE) or 0.0
        # After a pause, such as the machine's sleep, there is no mean worth telling.
        seconds = passed if passed < 10 * INTERVAL else INTERVAL
        written, read = self.rates.look(gateway.attempts)
        total = self.books.total
        line = gateway.find(WaitingLine)
        meter = gateway.find(PowerMeter)
        self.last = Point(
            at=round(time.time(), 3),
            tokens_per_second=round(written / seconds, 2),
            prompt_tokens_per_second=round(read, 2),
            requests_per_second=round((total - self._total) / seconds, 2),
            running=len(gateway.attempts),
            waiting=None if line is None else line.count_waiting(),
            watts=None if meter is None else meter.watts(),
        )
        self._total = total
        self.history.add(self.last)
