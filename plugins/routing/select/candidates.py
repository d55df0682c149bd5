"""The catalogue's models as candidates of a policy, with what a token of each costs at least."""

from collections.abc import Callable, Iterable, Mapping

from localai import full_name
from plugins.routing.catalogue.model import Facts, Model
from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.select.choice import PER_TOKEN, Candidate, Terms
from plugins.routing.select.policy import Policy

Estimating = Callable[[str, Facts, Work, Outlook], Estimate]
"""`Estimator.estimate`."""

PROMPT = 1_000
_READS = Work(prompt=PROMPT, answer=0)
_SAYS = Work(prompt=0, answer=1)
_NOTHING = Work(prompt=0, answer=0)
_LOADED = Outlook(is_loaded=True)
_COLD = Outlook()


def candidates_of(
    models: Mapping[str, Model],
    policy: Policy,
    terms: Terms,
    estimating: Estimating,
    context_of: Callable[[Model], int],
) -> Iterable[Candidate]:
    """Yield those of the models that a policy may choose and that make text."""
    preferred = frozenset(policy.prefer)
    for model in models.values():
        if not policy.allows(full_name(model.name).lower()) or not makes_text(model):
            continue
        yield candidate_of(model, terms, estimating, context_of(model)).replace(
            is_preferred=not preferred.isdisjoint(model.tags)
        )


def candidate_of(model: Model, terms: Terms, estimating: Estimating, context: int) -> Candidate:
    """Return one model as a candidate; takes some microseconds for each host that has it."""
    hosts = model.hosts or {"": model.facts}
    reads, says, loads = [], [], []
    for host, facts in hosts.items():
        reads.append(_money(estimating(host, facts, _READS, _LOADED), terms) / PROMPT)
        says.append(_money(estimating(host, facts, _SAYS, _LOADED), terms))
        loads.append(estimating(host, facts, _NOTHING, _COLD).load)
    own = PER_TOKEN * model.price
    return Candidate(
        model=model.name,
        hosts=tuple(hosts),
        quality=model.quality,
        can=model.facts.capabilities or frozenset({"completion"}),
        context=context,
        price=model.price,
        per_prompt=min(reads) + own,
        per_answer=min(says) + own,
        load=min(loads),
    )


def makes_text(model: Model) -> bool:
    """Say whether a model can chat; one of which nothing is known is taken to."""
    capabilities = model.facts.capabilities
    return not capabilities or "completion" in capabilities


def embeds(model: Model) -> bool:
    """Say whether a model makes embeddings."""
    return "embedding" in model.facts.capabilities


def _money(estimate: Estimate, terms: Terms) -> float:
    return terms.per_second * estimate.total + terms.per_joule * estimate.joules
