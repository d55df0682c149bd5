"""How busy models are on hosts, and what a request takes there."""

from time import monotonic

from plugins.routing.catalogue.model import Model
from plugins.routing.estimate.terms import Outlook
from plugins.routing.queue.line import Line
from plugins.routing.queue.loads import Loads
from plugins.routing.queue.members import Family, Members, estimated, work_of
from plugins.routing.queue.slots import MOST
from plugins.routing.queue.turn import Turn

MOST_LINES = 256
"""Queues that are kept although nobody uses them."""
USUAL_COST = 10.0
"""Seconds for a request of which nothing is known."""


class Outlooks:
    """Knows all queues."""

    def __init__(self, members: Members, loads: Loads, batch_share: float) -> None:
        self.members = members
        self.loads = loads
        self.lines: dict[str, Line] = {}
        self._active: set[Line] = set()
        self._batch_share = batch_share
        self._idle: dict[tuple[int, bool], Outlook] = {}

    def adopt(self, other: "Outlooks") -> None:
        """Share the queues with another one, whose settings were those before."""
        self.lines = other.lines
        self._active = other._active

    @property
    def is_idle(self) -> bool:
        """Whether no model is at work or on its way into memory, on any host."""
        return not self._active and not self.loads

    @property
    def waiting(self) -> int:
        """How many wait in all queues."""
        return sum(len(line.waiting) for line in self.lines.values())

    def line(self, name: str) -> Line:
        """Return the queue of a model; that of all unknown ones has no name."""
        found = self.lines.get(name)
        if found is None:
            if len(self.lines) >= MOST_LINES:
                for idle in [key for key, line in self.lines.items() if line.is_idle]:
                    del self.lines[idle]
            found = self.lines[name] = Line(name, self._batch_share)
        return found

    def add(self, line: Line, turn: Turn, url: str, now: float) -> None:
        """Give a turn a slot."""
        line.server(url).add(turn, now)
        self._active.add(line)

    def end(self, line: Line, turn: Turn, now: float, *, whole: bool) -> None:
        """Take the slot back."""
        line.end(turn, now, whole=whole)
        if not line.running:
            self._active.discard(line)

    def slots(self, line: Line, url: str, model: Model | None, family: Family) -> int:
        """Return the slots of a model on a host; the unknown ones have some together."""
        return self.members.slots(model, url, family) if model is not None else MOST

    def all_slots(self, line: Line) -> int:
        """Return the slots that serve a queue."""
        family = self.members.family()
        model = family.catalogue.find(line.name) if family is not None and line.name else None
        if family is None or model is None:
            return MOST
        urls = self.members.open_urls(model, family.hosts)
        return sum(self.members.slots(model, url, family) for url in urls) or 1

    def outlook(self, host: str, model: Model, family: Family) -> Outlook:
        """Return how busy a model is on a host; where nobody is, at little cost."""
        name = model.name
        slots = self.members.slots(model, host, family)
        is_loaded = family.catalogue.loaded(host, name) is not None
        if self.is_idle:
            found = self._idle.get((slots, is_loaded))
            if found is None:
                found = self._idle[slots, is_loaded] = Outlook(slots=slots, is_loaded=is_loaded)
            return found
        now = monotonic()
        loads = 0.0 if is_loaded else self.loads.ahead(host, name, now)
        others = self.others(host, name)
        line = self.lines.get(name)
        if line is None or line.is_idle:
            return Outlook(slots=slots, is_loaded=is_loaded, loads=loads, others=others)
        left = 0
        running = line.server(host).running
        for turn in running:
            if not turn.answer:
                turn.answer = family.estimator.answer_tokens(turn.call)
            done = (now - turn.began) / turn.cost if turn.cost else 0.5
            left += int(turn.answer * min(max(1.0 - done, 0.1), 1.0))
        share = max(1, len(model.hosts))
        return Outlook(
            slots=slots,
            busy=len(running),
            waiting=len(line.waiting),
            waiting_tokens=left + line.answer_tokens // share,
            waiting_prompts=line.prompt_tokens // share,
            others=others,
            loads=loads,
            is_loaded=is_loaded,
        )

    def others(self, host: str, name: str) -> int:
        """Return how many other models make answers on a host just now."""
        return sum(line.name != name and line.busy(host) > 0 for line in self._active)

    def cost(self, line: Line, turn: Turn, model: Model | None, family: Family) -> None:
        """Find out what a turn takes, once."""
        if turn.cost:
            return
        work = work_of(turn.call, family.estimator)
        turn.prompt, turn.answer = work.prompt, work.answer
        if model is None:
            turn.cost = USUAL_COST
            return
        url = turn.url or next(iter(model.hosts))
        facts = model.hosts.get(url, model.facts)
        slots = self.slots(line, url, model, family)
        cost = estimated(family.estimator, url, facts, work, slots, slots - 1).total
        turn.cost = max(cost, 0.001)
