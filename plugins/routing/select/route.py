"""From a call and a policy to a model: what is asked of other plugins, and in which order."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple

from localai import Call, Gateway, Principal, full_name
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.context.plugin import ContextGuard
from plugins.routing.context.size import prompt_size
from plugins.routing.default import default_model
from plugins.routing.estimate.plugin import Estimator
from plugins.routing.fallback.fitness import needs_of
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.queue.plugin import Queue
from plugins.routing.quiet.plugin import Quiet
from plugins.routing.select import refusal
from plugins.routing.select.choice import Candidate, Choice, Need, Terms
from plugins.routing.select.complexity import Complexity, asked
from plugins.routing.select.embedding import Pins
from plugins.routing.select.latency import asked_latency
from plugins.routing.select.machine import Fleet, most_context
from plugins.routing.select.policy import Bounds, Level, Policy
from plugins.routing.select.scorer import BUILT_IN, Scorer
from plugins.routing.select.selector import Judge, Selector
from plugins.routing.select.stock import Stock


class Route(NamedTuple):
    """Who answers, and why, in ASCII."""

    model: str
    reason: str


@dataclass(slots=True, frozen=True)
class Question:
    """What is known of a request when its model is chosen."""

    name: str
    policy: Policy
    complexity: Complexity
    level: Level
    latency: float
    """Seconds that its answer may take; infinite if that is not said."""
    need: Need
    terms: Terms
    candidates: Sequence[Candidate]
    """Those of the policy that the caller may use."""
    offered: int
    """How many the policy has for everybody."""
    catalogue: Catalogue
    fleet: Fleet
    now: float


class Router:
    """Chooses models for the calls of policies."""

    gateway: Gateway

    def __init__(
        self,
        policies: Mapping[str, Policy],
        bounds: Bounds,
        selector: Selector,
        latencies: Mapping[str, float] | None = None,
    ) -> None:
        self._policies = policies
        self._latencies = latencies or {}
        self._bounds = bounds
        self._selector = selector
        self._stocks = {name: Stock(policy) for name, policy in policies.items()}
        self._pins = Pins()

    async def route(self, call: Call, name: str) -> Route:
        """Choose the model of a call that will be sent; raise what its caller should be told."""
        catalogue = await self._catalogue()
        policy = self._policies[name]
        if call.kind == "embed":
            model = self._pins.model(name, policy, catalogue.models, call.principal)
            self._selector.demand.named(full_name(model))
            return Route(model, f"{name}; embedding; pinned")
        if not catalogue.models or self.gateway.hosts.uses_embedded:
            model = await default_model(self.gateway, "completion")
            return Route(model, f"{name}; no models to choose from")
        question = await self.question(call, name)
        ruled = self.by_rule(call, question)
        if ruled is not None:
            self._selector.demand.named(ruled)
            return Route(ruled, reason(question, None))
        choice = self.preview(question)
        if choice is None:
            # An old answer of the model may be kept; else those inside say best what is wrong.
            choice = self.preview(replace(question, fleet=question.fleet.opened()))
        choice = refusal.checked(question, choice, self.gateway.find(Hosts))
        self._selector.chosen(choice, question.need, question.now)
        return Route(choice.candidate.model, reason(question, choice))

    def _latency_of(self, principal: Principal) -> float:
        """Return the seconds that the file gives a caller; 0 if it says nothing of them."""
        names = (principal.id, principal.user, principal.tenant)
        return next((self._latencies[name] for name in names if name in self._latencies), 0.0)

    async def question(self, call: Call, name: str) -> Question:
        """Return what is known of a call."""
        policy = self._policies[name]
        catalogue, estimator = await self._catalogue(), self._estimator()
        context = self.gateway.find(ContextGuard)
        scorer = self.gateway.find(Scorer) or BUILT_IN
        complexity = scorer.score(call)
        level = self._bounds.level(complexity.score)
        latency = (
            asked_latency(call) or self._latency_of(call.principal) or policy.max_latency or inf
        )
        terms = self._terms(policy, estimator.price)
        now = time.monotonic()
        candidates = await self._stocks[name].candidates(
            catalogue.models,
            terms,
            estimator.estimate,
            lambda model: most_context(model, context),
            now,
        )
        principal, offered = call.principal, len(candidates)
        if principal.models is not None or principal.parent is not None:
            candidates = [each for each in candidates if principal.may_use(each.model)]
        need = Need(
            floor=policy.floor_of(level),
            can=needs_of(call),
            prompt=prompt_size(call),
            answer=estimator.answer_tokens(call),
            max_first=latency if call.stream else inf,
            max_total=inf if call.stream else latency,
        )
        fleet = Fleet(
            self.gateway.hosts.urls,
            catalogue,
            estimator,
            context,
            self.gateway.find(Hosts),
            self.gateway.find(Queue),
        )
        return Question(
            name=name,
            policy=policy,
            complexity=complexity,
            level=level,
            latency=latency,
            need=need,
            terms=terms,
            candidates=candidates,
            offered=offered,
            catalogue=catalogue,
            fleet=fleet,
            now=now,
        )

    def preview(self, question: Question) -> Choice | None:
        """Choose by cost, without noting it."""
        return self._selector.preview(
            question.candidates, question.need, question.terms, question.fleet, question.now
        )

    def judge(self, question: Question) -> Judge:
        """Return what works out the prospects of a request."""
        return self._selector.judge(
            question.candidates, question.need, question.terms, question.fleet, question.now
        )

    def label(self, host: str) -> str:
        """Return what callers may see of a host: its place in the file."""
        urls = list(self.gateway.hosts.urls)
        return str(urls.index(host) + 1) if host in urls else ""

    def by_rule(self, call: Call, question: Question) -> str | None:
        """Return the model of the first rule that applies and whose model can answer."""
        catalogue = question.catalogue
        if not question.policy.rules:
            return None
        text = asked(call)
        for rule in question.policy.rules_for(question.level, question.latency, text):
            model = catalogue.find(rule.model)
            if model is None or not call.principal.may_use(model.name):
                continue
            capabilities = model.facts.capabilities
            if not capabilities or question.need.can <= capabilities:
                return model.name
        return None

    def _terms(self, policy: Policy, price: float) -> Terms:
        quiet = self.gateway.find(Quiet)
        if quiet is not None:
            tariff = quiet.price()
            price = price if tariff is None else tariff
            if quiet.restraint().saving:
                # Whatever energy costs just now, less of it is what is wanted.
                return Terms(price=price or 1.0, weight_time=0.0)
        return Terms(price=price, weight_time=policy.weight_time)

    async def _catalogue(self) -> Catalogue:
        found = self.gateway.find(Catalogue)
        assert found is not None, "checked at load: `needs`"
        if not found.models:
            await found.ready()
        return found

    def _estimator(self) -> Estimator:
        found = self.gateway.find(Estimator)
        assert found is not None, "checked at load: `needs`"
        return found


def reason(question: Question, choice: Choice | None) -> str:
    """Return in ASCII why a model was chosen: by cost, or by a rule where there is no choice."""
    parts = [question.name, f"complexity={question.complexity.score:.2f}"]
    if question.latency < inf:
        parts.append(f"max_latency={question.latency:g}s")
    if choice is None:
        return "; ".join([*parts, "rule"])
    return "; ".join([*parts, f"floor={question.need.floor:.2f}", why(choice, question.need)])


def why(choice: Choice, need: Need) -> str:
    """Return in a few words why a model was chosen."""
    words = []
    if choice.floor < need.floor:
        words.append(f"best available {choice.floor:.2f}")
    if not choice.is_in_time:
        words.append("least late")
    if choice.candidate.is_preferred:
        words.append("preferred")
    words.append("cheapest loaded" if choice.prospect.is_loaded else "cheapest with its load")
    return ", ".join(words)
