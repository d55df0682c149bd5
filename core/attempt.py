"""What a call takes of models: each attempt to have it answered by an Ollama."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import structlog

from core.value import Value

if TYPE_CHECKING:
    from core.messages import Call, Chunk

JOULES_PER_WH = 3600

log = structlog.get_logger("attempt")

Source = Literal["measured", "modelled"]


class Cost(Value, frozen=True, kw_only=True, gc=False):
    """What an answer took of the machine."""

    joules: float = 0.0
    """At the wall, as far as the settings say to charge for it."""
    money: float = 0.0
    """In the money that prices are in."""
    grams: float = 0.0
    """Of CO2."""
    source: Source = "modelled"
    """Whether a sensor told the energy, or only the model of costs."""

    @property
    def wh(self) -> float:
        """The energy in watt-hours."""
        return self.joules / JOULES_PER_WH

    def __add__(self, other: "Cost") -> "Cost":
        both = {self.source, other.source}
        return Cost(
            joules=self.joules + other.joules,
            money=self.money + other.money,
            grams=self.grams + other.grams,
            source="measured" if both == {"measured"} else "modelled",
        )

    def share(self, part: float) -> "Cost":
        """Return a part of it, between 0 and 1."""
        return Cost(
            joules=self.joules * part,
            money=self.money * part,
            grams=self.grams * part,
            source=self.source,
        )


class Attempt:
    """One call to an Ollama, and how it has gone by now. Times are those of `time.monotonic`."""

    __slots__ = (
        "_ends", "_is_told", "begun", "call", "cost", "ended", "error", "first", "headers", "host",
        "label", "last", "pieces",
    )  # fmt: skip

    def __init__(self, call: "Call") -> None:
        self.call = call
        """What was asked; its texts are never to be shown."""
        self.host = ""
        """The base URL of the Ollama; where one refuses connections, that of the next."""
        self.label = ""
        """Its place in [ollama] hosts, from 1, or `embedded`: how figures name it."""
        self.headers: dict[str, str] = {}
        """Headers to send along, such as `traceparent`; to be set while it begins."""
        self.begun = time.monotonic()
        self.first: float | None = None
        """When the first chunk came."""
        self.pieces = 0
        """Chunks that have come: a token each, but the last one."""
        self.ended: float | None = None
        """When it was over, however it ended."""
        self.last: Chunk | None = None
        """The last chunk, which has the counts; `None` if it did not come."""
        self.error: str | None = None
        """The class of the error that it ended with; `None` for one that was left, too."""
        self.cost: Cost | None = None
        """What it took, once it has ended, if somebody keeps books."""
        self._is_told = False
        self._ends: tuple[Callable[[], None], ...] = ()

    @property
    def outcome(self) -> str:
        """`ok`, `canceled`, or the class of the error."""
        return "ok" if self.last is not None else self.error or "canceled"

    def on(self, host: str, label: str, watchers: "Iterable[Watcher]") -> None:
        """Note which Ollama is asked now; the first time, tell those who watch attempts."""
        self.host, self.label = host, label
        if self._is_told:
            return
        self._is_told = True
        self.begun = time.monotonic()
        ends = []
        for watch in watchers:
            try:
                end = watch(self)
            except Exception:
                log.exception("plugin crashed, an attempt goes on unwatched")
            else:
                if end is not None:
                    ends.append(end)
        self._ends = tuple(ends)
        self.call.work.began(self)

    def saw(self, chunk: "Chunk") -> "Chunk":
        """Note a chunk that has come; the last one is returned with what the attempt took."""
        self.pieces += 1
        if self.first is None:
            self.first = time.monotonic()
        if chunk.done:
            self.last = chunk
            self.end()
            if self.cost is not None:
                return chunk.replace(cost=self.cost)
        return chunk

    def end(self, error: Exception | None = None) -> None:
        """Note that it is over; only the first time counts."""
        if self.ended is not None or not self._is_told:
            return
        self.ended = time.monotonic()
        if error is not None:
            self.error = type(error).__name__
        for end in self._ends:
            try:
                end()
            except Exception:
                log.exception("plugin crashed, an attempt ends unwatched")
        self.call.work.release()


Watcher = Callable[[Attempt], Callable[[], None] | None]
"""An implementation of the hook `watch_attempt`."""


class Work:
    """All attempts to answer a call, shared by the call's copies; some may outlive the answer.

    A run that several callers listen to goes on when the one leaves who began it: it is still that
    caller's work.
    """

    __slots__ = ("_is_claimed", "_on_rest", "_running", "attempts", "span", "waited")

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.waited = 0.0
        """Seconds in a queue, with those in which a model was loaded for it."""
        self.span: Any = None
        """For the plugin that traces: the span that what begins now belongs to."""
        self._running = 0
        self._is_claimed = False
        self._on_rest: Callable[[], None] | None = None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Work)
            and self.waited == other.waited
            and self.attempts == other.attempts
        )

    __hash__ = None  # type: ignore[assignment]

    def claim(self) -> bool:
        """Take it as one's own; say whether nobody had yet."""
        is_first = not self._is_claimed
        self._is_claimed = True
        return is_first

    def began(self, attempt: Attempt) -> None:
        """Note an attempt that runs now."""
        self.attempts.append(attempt)
        self.hold()

    def hold(self) -> None:
        """Note that something may still ask models for it, until `release`."""
        self._running += 1

    def release(self) -> None:
        """Note that one of those who held it has ended."""
        self._running -= 1
        if not self._running and self._on_rest is not None:
            rest, self._on_rest = self._on_rest, None
            rest()

    def when_at_rest(self, do: Callable[[], None]) -> None:
        """Have something done as soon as nobody holds it: at once, if nobody does."""
        if self._running:
            self._on_rest = do
        else:
            do()

    def cost(self) -> Cost | None:
        """Return what all attempts took by now; `None` where nobody keeps books."""
        total: Cost | None = None
        for attempt in self.attempts:
            if (cost := attempt.cost) is not None:
                total = cost if total is None else total + cost
        return total
