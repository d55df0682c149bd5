"""The simulated machine: an Ollama on a Strix Halo, event by event.

What is simulated, and by which facts (`docs/strix-halo.md`):

- Loads run one by one and take the file's bytes at 1.5 GB/s and a second. A model is loaded beside
  others if it takes at most 80 % of what is free. Else idle ones leave, the one with the shortest
  `keep_alive` first, or the load waits until that one has finished.
- A model that nobody asked for during its `keep_alive` leaves.
- Models that compute at the same time share the GPU evenly. Within a model, prompts and answers
  share it too (our assumption); answers at a time lengthen the step on a straight line.
- The chip draws what was measured for the phase, between its phases in proportion; the wall 1.4
  times that. All above idle is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from benchmarks.routing_sim.fleet import BY_NAME, CONTEXT, EMBED, MEMORY, Truth
from benchmarks.routing_sim.traffic import Request
from plugins.routing.estimate import memory
from plugins.routing.estimate.profiles import Power
from plugins.routing.estimate.speeds import LOAD_OVERHEAD, batched

POWER = Power()
LOAD_RATE = 1.5e9
KEEP_ALIVE = 300.0
"""Seconds, Ollama's default."""
PARALLEL = 4
"""`OLLAMA_NUM_PARALLEL`."""


@dataclass(slots=True, eq=False)
class Runner:
    """A model in memory, or on its way there."""

    truth: Truth
    size: float
    slots: int
    keep_alive: float = KEEP_ALIVE
    running: list[Request] = field(default_factory=list)
    since: float = 0.0
    """When it was loaded."""
    used: float = 0.0
    """When it last had something to do."""
    must_leave: bool = False

    @property
    def name(self) -> str:
        """Its model."""
        return self.truth.name

    @property
    def has_room(self) -> bool:
        """Whether it takes one more request."""
        return not self.must_leave and len(self.running) < self.slots


class Machine:
    """Time, what is in memory, and what computes."""

    def __init__(self, on_free: Callable[[Request], None], total: float = MEMORY) -> None:
        self.now = 0.0
        self.total = total
        self.loaded: dict[str, Runner] = {}
        self.loading: Runner | None = None
        self.load_ends = inf
        self.pending: list[str] = []
        """Models that are to be loaded after that, in order."""
        self.loads = 0
        self.joules = 0.0
        """At the wall, above idle."""
        self.keep_alive: Callable[[str], float] = lambda _: KEEP_ALIVE
        self._on_free = on_free
        self._rates: dict[Request, float] = {}
        self._watts = 0.0

    @staticmethod
    def slots(name: str) -> int:
        """Return how many answers at a time a model makes."""
        return 1 if name == EMBED else PARALLEL

    @staticmethod
    def needed(name: str) -> float:
        """Return the bytes that a model takes."""
        truth = BY_NAME[name]
        if name == EMBED:
            return memory.needed(truth.facts, 2_048)
        return memory.needed(truth.facts, CONTEXT, PARALLEL)

    @property
    def free(self) -> float:
        """Bytes that no model takes."""
        taken = sum(each.size for each in self.loaded.values())
        return self.total - taken - (self.loading.size if self.loading else 0.0)

    def load(self, name: str) -> None:
        """Have a model loaded as soon as it may be."""
        is_coming = self.loading is not None and self.loading.name == name
        if name not in self.loaded and name not in self.pending and not is_coming:
            self.pending.append(name)

    def start(self, request: Request, name: str) -> None:
        """Begin with a request; its model is loaded and has room."""
        runner = self.loaded[name]
        request.model = name
        request.begun = self.now
        request.left = max(1.0, request.prompt)
        request.is_reading = True
        runner.running.append(request)
        runner.keep_alive = self.keep_alive(name)
        self._pace()

    @property
    def busy(self) -> int:
        """How many models compute."""
        return sum(bool(each.running) for each in self.loaded.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing computes or loads."""
        return not self._rates and self.loading is None and not self.pending

    @property
    def next_event(self) -> float:
        """When something happens by itself."""
        soonest = self.load_ends
        for runner in self.loaded.values():
            if not runner.running:
                soonest = min(soonest, runner.used + runner.keep_alive)
        for request, rate in self._rates.items():
            soonest = min(soonest, self.now + request.left / rate)
        return soonest

    def advance(self, until: float) -> None:
        """Compute until a moment no later than `next_event`, and do what is due then."""
        passed = until - self.now
        self.joules += passed * self._watts
        for request, rate in self._rates.items():
            request.left -= passed * rate
        self.now = until
        if self.load_ends <= until:
            self._loaded()
        # Whatever ends within a microsecond ends now: times are rounded.
        ready = [each for each, rate in self._rates.items() if each.left <= rate * 1e-6]
        for request in ready:
            self._finished_phase(request)
        for runner in list(self.loaded.values()):
            if not runner.running and runner.used + runner.keep_alive <= until + 1e-6:
                del self.loaded[runner.name]
        self._pace()

    def step(self, request: Request, answers: int) -> float:
        """Return the seconds between two tokens of a request, among so many answers."""
        truth = BY_NAME[request.model]
        depth = request.prompt + request.answer / 2
        alone = (1 / truth.tokens_per_second + truth.slope * depth) * request.luck
        return alone * batched(truth.batching, answers)

    def _finished_phase(self, request: Request) -> None:
        runner = self.loaded[request.model]
        if request.is_reading:
            request.read = self.now
        if request.is_reading and request.answer:
            request.is_reading = False
            request.left = float(request.answer)
            return
        request.end = self.now
        if request.first_token < 0:
            request.first_token = self.now
        runner.running.remove(request)
        runner.used = self.now
        if runner.must_leave and not runner.running:
            del self.loaded[runner.name]
        self._on_free(request)

    def _pace(self) -> None:
        """Work out anew how fast everything goes."""
        self._rates = rates = {}
        active = [each for each in self.loaded.values() if each.running]
        watts = 0.0
        for runner in active:
            truth = runner.truth
            reading = [each for each in runner.running if each.is_reading]
            answering = [each for each in runner.running if not each.is_reading]
            share = 1 / len(active) / (2 if reading and answering else 1)
            for request in reading:
                rates[request] = share * truth.prompt_rate / len(reading) / request.luck
            for request in answering:
                rates[request] = share / self.step(request, len(answering))
                if request.first_token < 0:
                    request.first_token = self.now + 1 / rates[request]
            watts += share * (POWER.prefill - POWER.idle) if reading else 0.0
            watts += share * (truth.watts - POWER.idle) if answering else 0.0
        watts += POWER.load - POWER.idle if self.load_ends < inf else 0.0
        self._watts = POWER.wall_factor * watts

    def begin_load(self) -> None:
        """Begin with the next load, once there is room."""
        if self.loading is not None or not self.pending:
            return
        name = self.pending[0]
        size = self.needed(name)
        if any(each.must_leave for each in self.loaded.values()):
            return
        while self.loaded and size > memory.USABLE * self.free:
            victim = min(
                self.loaded.values(),
                key=lambda each: (bool(each.running), each.keep_alive, each.name),
            )
            if victim.running:
                victim.must_leave = True
                return
            del self.loaded[victim.name]
        self.pending.pop(0)
        truth = BY_NAME[name]
        self.loading = Runner(truth, size, self.slots(name), keep_alive=self.keep_alive(name))
        self.load_ends = self.now + truth.facts.size / LOAD_RATE + LOAD_OVERHEAD
        self.loads += 1
        self._pace()

    def _loaded(self) -> None:
        runner = self.loading
        assert runner is not None
        runner.since = runner.used = self.now
        self.loaded[runner.name] = runner
        self.loading, self.load_ends = None, inf
