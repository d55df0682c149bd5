"""The queue of one model: its waiting requests, and the hosts that serve them."""

from collections.abc import Callable, Iterator

from plugins.routing.queue.entry import Entry
from plugins.routing.queue.server import Server
from plugins.routing.queue.turn import Turn
from plugins.routing.queue.waiting import Waiting

ALPHA = 0.2
"""Weight of the newest answer in an average."""
LEAST_PACE, MOST_PACE = 0.2, 5.0


class Line:
    """One queue for all hosts that have the model: who waits is served by the first free one."""

    def __init__(self, name: str, batch_share: float) -> None:
        self.name = name
        """The model's, as the catalogue has it; empty for all that it does not know."""
        self.waiting = Waiting(batch_share)
        self.pace = 1.0
        """How much longer answers take than was expected, on average."""
        self.is_measured = False
        """Whether an answer has come to its end: before that, times are what files let expect."""
        self.closed_since: float | None = None
        """Since when no host may be asked, while requests wait."""
        self.answer_tokens = 0
        """Of all that waits, as expected."""
        self.prompt_tokens = 0
        self._servers: dict[str, Server] = {}
        self._batch_share = batch_share

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits or runs."""
        return not self.waiting and not any(each.running for each in self._servers.values())

    @property
    def running(self) -> int:
        """How many run, on all hosts."""
        return sum(len(server.running) for server in self._servers.values())

    def turns(self) -> Iterator[Turn]:
        """Yield what runs."""
        for server in self._servers.values():
            yield from server.running

    def server(self, url: str) -> Server:
        """Return who runs on a host."""
        found = self._servers.get(url)
        if found is None:
            found = self._servers[url] = Server(url)
        return found

    def busy(self, url: str) -> int:
        """Return how many run on a host."""
        found = self._servers.get(url)
        return len(found.running) if found is not None else 0

    def push(self, turn: Turn, deadline: float, now: float) -> Entry:
        """Let a turn wait. Its cost must be known, and those of all that run."""
        if not self.waiting:
            # What is fair begins with who holds a slot when the first one has to wait.
            self.waiting = Waiting(self._batch_share)
            for each in self.turns():
                each.entry = _entry(each)
                self.waiting.settle(each.entry, 0.0, each.cost)
        entry = turn.entry = _entry(turn)
        entry.deadline = deadline
        self.waiting.push(entry, now)
        self.answer_tokens += turn.answer
        self.prompt_tokens += turn.prompt
        return entry

    def pop(self, wanted: Callable[[Entry], bool] | None) -> Turn | None:
        """Take the next turn out of the queue."""
        entry = self.waiting.pop(wanted)
        return self._out(entry.data) if entry is not None else None

    def leave(self, turn: Turn) -> bool:
        """Take a turn out of the queue that will not be served; say whether it was there."""
        if turn.entry is None or not self.waiting.remove(turn.entry):
            return False
        self._out(turn)
        return True

    def refund(self, turn: Turn) -> None:
        """Say that a turn was taken out of the queue and will not be served."""
        if turn.entry is not None:
            self.waiting.settle(turn.entry, turn.entry.cost, 0.0)

    def overdue(self, now: float) -> Iterator[Turn]:
        """Take out the turns whose deadline has passed, and yield them."""
        for entry in self.waiting.overdue(now):
            yield self._out(entry.data)

    def end(self, turn: Turn, now: float, *, whole: bool) -> None:
        """Take a turn's slot back; `whole` says whether its answer was, so that it tells a pace."""
        assert turn.url is not None
        self._servers[turn.url].remove(turn, now)
        took = max(now - turn.began, 0.0)
        if turn.entry is not None:
            self.waiting.settle(turn.entry, turn.entry.cost, took)
        self.is_measured |= whole
        if whole and turn.cost:
            pace = min(max(took / turn.cost, LEAST_PACE), MOST_PACE)
            self.pace += ALPHA * (pace - self.pace)

    def eta(self, turn: Turn, slots: int, now: float) -> tuple[int, float]:
        """Return a waiting turn's position, from 1, and the seconds until it is served."""
        assert turn.entry is not None
        place = self.waiting.place(turn.entry)
        return place.ahead + 1, self.seconds(place.work, slots, now)

    def seconds(self, work: float, slots: int, now: float) -> float:
        """Return the seconds until so much has been done after what runs, with so many slots."""
        work += sum(each.left(now) for each in self.turns())
        return work * self.pace / slots

    def _out(self, turn: Turn) -> Turn:
        self.answer_tokens -= turn.answer
        self.prompt_tokens -= turn.prompt
        return turn


def _entry(turn: Turn) -> Entry:
    return Entry(turn.key, turn.cost, weight=turn.weight, is_batch=turn.is_batch, data=turn)
