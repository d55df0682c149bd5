"""One model on one host: who runs there."""

from plugins.routing.queue.turn import Turn


class Server:
    """The turns that hold a slot, and how many did on average."""

    __slots__ = ("_area", "_at", "running", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.running: set[Turn] = set()
        self._area = 0.0
        self._at = 0.0

    def add(self, turn: Turn, now: float) -> None:
        """Give a turn a slot."""
        turn.url = self.url
        self.begin(turn, now)
        self.running.add(turn)

    def begin(self, turn: Turn, now: float) -> None:
        """Count a turn's time from now on."""
        self._sum(now)
        turn.began = now
        turn.area = self._area

    def remove(self, turn: Turn, now: float) -> None:
        """Take the slot back."""
        self._sum(now)
        self.running.remove(turn)

    def streams(self, turn: Turn, now: float) -> int:
        """Return how many answers ran at a time, on average, since a turn got its slot."""
        self._sum(now)
        seconds = now - turn.began
        return max(1, round((self._area - turn.area) / seconds)) if seconds > 0 else 1

    def _sum(self, now: float) -> None:
        self._area += len(self.running) * (now - self._at)
        self._at = now
