"""What chooses the model of a request, and who is next: the rules that ours is compared with."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from benchmarks.routing_sim.fleet import FLEET, Truth
from benchmarks.routing_sim.machine import KEEP_ALIVE, Machine
from benchmarks.routing_sim.traffic import Request

RULES = ((0.5, "qwen2.5:3b"), (0.75, "qwen2.5:7b"), (1.0, "gpt-oss:120b"))
"""Up to which quality each model of a hand-made table is good for; it can't know better."""


class Policy(Protocol):
    """One way to run the machine."""

    name: str

    def model(self, request: Request) -> str | None:
        """Return the model that answers; `None` refuses the request."""

    def push(self, request: Request, model: str) -> None:
        """Let a request wait for a slot of its model."""

    def pop(self, model: str) -> Request | None:
        """Take the request that is next."""

    def waiting(self) -> Sequence[str]:
        """Return the models that requests wait for, in the order in which they should be loaded."""

    def ended(self, request: Request) -> None:
        """Learn that a request has its answer."""

    def keep_alive(self, model: str) -> float:
        """Return for how many seconds a model stays in memory without requests."""


class Plain:
    """Chooses by a rule; whoever came first is next, as in Ollama itself."""

    def __init__(self, name: str, rule: Callable[[Request], str]) -> None:
        self.name = name
        self._rule = rule
        self._queues: dict[str, deque[Request]] = {}

    def on(self, machine: Machine) -> "Plain":
        """Return itself: it needs to know nothing of the machine."""
        return self

    def model(self, request: Request) -> str:
        """Return the rule's model."""
        return self._rule(request)

    def push(self, request: Request, model: str) -> None:
        """Put a request at the end."""
        self._queues.setdefault(model, deque()).append(request)

    def pop(self, model: str) -> Request | None:
        """Take the oldest request."""
        queue = self._queues.get(model)
        return queue.popleft() if queue else None

    def waiting(self) -> Sequence[str]:
        """Return the models, the one of the oldest request first."""
        queues = [(queue[0].at, name) for name, queue in self._queues.items() if queue]
        return [name for _, name in sorted(queues)]

    def ended(self, request: Request) -> None:
        """Learn nothing."""

    def keep_alive(self, model: str) -> float:
        """Return what Ollama does."""
        return KEEP_ALIVE


def baselines() -> list[Plain]:
    """Return the policies that know nothing of the machine."""
    turn = 0

    def in_turns(request: Request) -> str:
        nonlocal turn
        turn += 1
        able = _able(request)
        return able[turn % len(able)].name

    def first_that_will_do(request: Request) -> str:
        return next(each for each in _able(request) if each.quality >= request.floor).name

    def by_table(request: Request) -> str:
        names = [name for most, name in RULES if request.floor <= most]
        able = {each.name for each in _able(request)}
        return next((name for name in names if name in able), first_that_will_do(request))

    return [
        Plain("always the largest", lambda request: _able(request)[-1].name),
        Plain("always the smallest", lambda request: _able(request)[0].name),
        Plain("round robin", in_turns),
        Plain("first come, smallest that will do", first_that_will_do),
        Plain("fixed table 3B, 7B, 120B", by_table),
    ]


def _able(request: Request) -> list[Truth]:
    """Return the models that can do a kind of request at all, the smallest file first."""
    able = [each for each in FLEET if request.kind.can <= each.facts.capabilities]
    return sorted(able, key=lambda each: each.facts.size)
