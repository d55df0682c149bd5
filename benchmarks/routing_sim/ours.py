"""Our policy: the router's own code chooses, orders and learns; only the machine is simulated.

Not simulated are the plugins around that code: a request's complexity is known here, and its
prompt's tokens are counted exactly.
"""

from collections.abc import Sequence, Set

from benchmarks.routing_sim.fleet import EMBED, FLEET, MEMORY
from benchmarks.routing_sim.machine import LOAD_RATE, Machine
from benchmarks.routing_sim.traffic import Request
from localai import Call, Chunk, Principal
from plugins.routing.catalogue.model import Model
from plugins.routing.estimate.plugin import Estimator
from plugins.routing.estimate.speeds import LOAD_OVERHEAD
from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.queue.entry import Entry
from plugins.routing.queue.keeping import Keeping
from plugins.routing.queue.waiting import Waiting
from plugins.routing.select.candidates import candidate_of
from plugins.routing.select.choice import Need, Terms
from plugins.routing.select.room import Resident
from plugins.routing.select.selector import Selector

HOST = "http://127.0.0.1:11434"
MAX_WAIT = 600.0
"""Seconds that a request may have to wait, as expected, before it is refused."""
NANOSECONDS = 1e9
FACTS = {each.name: each.facts for each in FLEET}
_COLD = Outlook()


class Ours:
    """What the router does: estimate, choose by cost, fair queues with people before batches."""

    name = "ours"

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.estimator = Estimator(Estimator.Config(profile="ryzen-ai-max-395"))
        self._selector = Selector()
        self._keeping = Keeping(shortest=300.0, longest=7_200.0)
        self._terms = Terms(price=self.estimator.price)
        self._queues = {name: Waiting() for name in FACTS}
        self._waiting = dict.fromkeys(FACTS, (0, 0))
        """Tokens of answers and of prompts that wait for each model, as expected."""
        self._expected: dict[Request, int] = {}
        self.candidates = {
            each.name: candidate_of(
                Model(facts=each.facts, hosts={HOST: each.facts}, quality=each.quality),
                self._terms,
                self.estimator.estimate,
                each.facts.context_length,
            )
            for each in FLEET
        }
        self._texts = [each for each in self.candidates.values() if each.model != EMBED]
        self._view = View(self)

    def model(self, request: Request) -> str | None:
        """Return what the router would choose."""
        answer = self._expected[request] = self.estimator.answer_tokens(_call(request))
        if not request.answer:
            self._selector.demand.named(EMBED)
            return EMBED
        need = Need(floor=request.floor, can=request.kind.can, prompt=request.prompt, answer=answer)
        choice = self._selector.select(self._texts, need, self._terms, self._view, self.machine.now)
        if choice is None or choice.prospect.estimate.wait > MAX_WAIT:
            return None
        return choice.candidate.model

    def push(self, request: Request, model: str) -> None:
        """Let a request wait in its model's queue."""
        work = Work(prompt=request.prompt, answer=self._expected[request])
        alone = self.estimator.estimate(HOST, FACTS[model], work, Outlook(is_loaded=True))
        entry = Entry(request.key, alone.total, is_batch=request.is_batch, data=request)
        self._keeping.used(model, FACTS[model].size, self.machine.now)
        self._queues[model].push(entry, self.machine.now)
        self._count(request, model, 1)

    def pop(self, model: str) -> Request | None:
        """Take who is next in fairness."""
        entry = self._queues[model].pop()
        if entry is None:
            return None
        request: Request = entry.data
        self._count(request, model, -1)
        return request

    def waiting(self) -> Sequence[str]:
        """Return the models, the one that is waited for longest first."""
        waits = [
            (min(entry.since for entry in queue), name)
            for name, queue in self._queues.items()
            if len(queue)
        ]
        return [name for _, name in sorted(waits)]

    def ended(self, request: Request) -> None:
        """Learn from an answer, by what Ollama tells of it."""
        del self._expected[request]
        model = request.model
        streams = 1 + len(self.machine.loaded[model].running) if self._runs(model) else 1
        self.estimator.observe(HOST, FACTS[model], _last(request), streams, self._others(model))

    def keep_alive(self, model: str) -> float:
        """Return what the queue would tell Ollama."""
        return self._keeping.seconds(model, FACTS[model].size, self.machine.now)

    def outlook(self, model: str) -> Outlook:
        """Return how busy a model is, as the queue knows it."""
        runner = self.machine.loaded.get(model)
        running = runner.running if runner is not None else []
        answers, prompts = self._waiting[model]
        return Outlook(
            slots=Machine.slots(model),
            busy=len(running),
            waiting=len(self._queues[model]),
            waiting_tokens=answers
            + sum(
                self._expected[each] if each.is_reading else round(each.left) for each in running
            ),
            waiting_prompts=prompts,
            others=self._others(model),
            loads=self._loads(model),
            is_loaded=runner is not None,
        )

    def _runs(self, model: str) -> bool:
        runner = self.machine.loaded.get(model)
        return runner is not None and bool(runner.running)

    def _others(self, model: str) -> int:
        return self.machine.busy - self._runs(model)

    def _loads(self, model: str) -> float:
        """Return the seconds until the loads are done that come before a model's own."""
        machine = self.machine
        seconds = 0.0
        if machine.loading is not None and machine.loading.name != model:
            seconds = machine.load_ends - machine.now
        for name in machine.pending:
            if name == model:
                break
            seconds += FACTS[name].size / LOAD_RATE + LOAD_OVERHEAD
        return seconds

    def _count(self, request: Request, model: str, sign: int) -> None:
        answers, prompts = self._waiting[model]
        answers += sign * self._expected[request]
        self._waiting[model] = (answers, prompts + sign * request.prompt)


class View:
    """The simulated machine as the selector sees it: by the router's own estimates."""

    def __init__(self, policy: Ours) -> None:
        self._policy = policy

    def hosts(self) -> Sequence[str]:
        """Return the only host."""
        return (HOST,)

    def is_open(self, host: str, model: str) -> bool:
        """Say that it is always open."""
        return True

    def outlook(self, host: str, model: str) -> Outlook:
        """Return how busy a model is."""
        return self._policy.outlook(model)

    def estimate(self, host: str, model: str, work: Work, outlook: Outlook) -> Estimate:
        """Return what a request would take."""
        return self._policy.estimator.estimate(host, FACTS[model], work, outlook)

    def needed(self, host: str, model: str) -> float:
        """Return the bytes that a model takes."""
        return Machine.needed(model)

    def memory(self, host: str) -> float:
        """Return the bytes that models may take."""
        return MEMORY

    def used(self, host: str) -> float:
        """Return the bytes that models take."""
        return sum(self._sizes().values())

    def residents(self, host: str) -> Sequence[Resident]:
        """Return the models in memory and on their way."""
        found = []
        for name, size in self._sizes().items():
            reload = self.estimate(host, name, Work(prompt=0, answer=0), _COLD)
            found.append(
                Resident(
                    model=self._policy.candidates[name],
                    size=size,
                    load_seconds=reload.load,
                    load_joules=reload.joules,
                )
            )
        return found

    def loaded(self) -> Set[tuple[str, str]]:
        """Return the models in memory."""
        return {(HOST, name) for name in self._policy.machine.loaded}

    def coming(self) -> Set[tuple[str, str]]:
        """Return the models on their way."""
        return {(HOST, name) for name in self._sizes()} - self.loaded()

    def _sizes(self) -> dict[str, float]:
        machine = self._policy.machine
        sizes = {name: runner.size for name, runner in machine.loaded.items()}
        if machine.loading is not None:
            sizes[machine.loading.name] = machine.loading.size
        return {name: Machine.needed(name) for name in machine.pending} | sizes


def _call(request: Request) -> Call:
    return Call(
        kind="chat" if request.answer else "embed",
        model="auto",
        stream=True,
        dialect="ollama",
        request_id="",
        principal=Principal(id=request.key),
    )


def _last(request: Request) -> Chunk:
    return Chunk(
        done=True,
        done_reason="stop",
        prompt_eval_count=request.prompt,
        prompt_eval_duration=round((request.read - request.begun) * NANOSECONDS),
        eval_count=request.answer,
        eval_duration=round((request.end - request.read) * NANOSECONDS),
    )
