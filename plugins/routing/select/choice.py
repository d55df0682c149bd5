"""Choose the model of one request: pure functions, without a gateway and without a clock.

    cost = joules · price + λ · total + swap + tokens · the model's own price

without λ · (load + evict) and the swap where the load pays for itself.

The least cost wins among those that can do it, have the quality and answer in time. A load pays
for itself if the requests that are expected until what it drives out is wanted again save more
than that (see `room`): so a model that is wanted for long comes, and none for a single request.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from typing import NamedTuple

from localai import Value
from plugins.routing.estimate.terms import Estimate

JOULES_PER_KWH = 3.6e6
MOST_COLD = 3
"""Models that must be loaded first which are looked at, once something else was found."""
PER_TOKEN = 1e-6
"""The models' own prices are for a million tokens."""


class Candidate(Value, frozen=True, kw_only=True):
    """A model, with all that seldom changes of it."""

    model: str
    """Its name, with its tag."""
    hosts: tuple[str, ...] = ("",)
    """Base URLs of those that have it."""
    quality: float = 0.0
    can: frozenset[str] = frozenset()
    """Its capabilities, as Ollama names them."""
    context: int = 0
    """Most tokens of prompt and answer; 0 if unknown."""
    price: float = 0.0
    """Money for a million tokens, besides electricity."""
    is_preferred: bool = False
    """Whether it comes before all that are not, if it meets the need."""
    per_prompt: float = 0.0
    """Money that a token of the prompt costs at least, on any host; see `choose`."""
    per_answer: float = 0.0
    """The same of a token of the answer."""
    load: float = 0.0
    """Seconds that it takes at least to load it."""


class Need(Value, frozen=True, kw_only=True):
    """What a request needs of its model."""

    floor: float = 0.0
    """Least quality."""
    can: frozenset[str] = frozenset()
    prompt: int = 0
    """Tokens, as estimated."""
    answer: int = 256
    """Tokens, as expected."""
    max_first: float = inf
    """Seconds until the first token, at most."""
    max_total: float = inf
    """Seconds until the last one, at most."""

    @property
    def soonest(self) -> float:
        """Seconds until the first bound."""
        return min(self.max_first, self.max_total)


class Terms(Value, frozen=True, kw_only=True):
    """What time and energy are worth just now."""

    price: float = 0.30
    """Money for a kilowatt-hour."""
    weight_time: float = 1.0
    """Money that an hour of waiting is worth."""

    @property
    def per_joule(self) -> float:
        """Money for a joule."""
        return self.price / JOULES_PER_KWH

    @property
    def per_second(self) -> float:
        """Money for a second of waiting."""
        return self.weight_time / 3600.0


class Prospect(Value, frozen=True, kw_only=True):
    """What it would be like to ask a model on a host now."""

    estimate: Estimate
    is_loaded: bool = True
    swap: float = 0.0
    """Money that it costs others to be loaded again when they are driven out."""
    saving: float = 0.0
    """Money that requests are expected to save by the load."""
    is_rude: bool = False
    """Whether it drives out a model that has not been in memory for long."""


@dataclass(slots=True, frozen=True)
class Choice:
    """A model on a host, and why."""

    candidate: Candidate
    host: str
    prospect: Prospect
    cost: float
    """In money."""
    floor: float
    """The quality that was asked for, or the best there is where nothing has that."""
    lateness: float
    """How much more time it takes than it may: 1.5 is half as much again; 0 if it is in time."""
    looked_at: int
    """How many prospects were worked out."""

    @property
    def is_in_time(self) -> bool:
        """Whether it answers as soon as it should."""
        return self.lateness == 0


Judge = Callable[[Candidate, str], Prospect | None]
"""Works out a prospect; `None` where the host takes no requests or the model does not fit."""


class Rank(NamedTuple):
    """By what two prospects are compared, the most important first; less is better."""

    is_rude: bool
    lateness: float
    is_other: bool
    """Whether it is none of the preferred ones."""
    cost: float
    is_cold: bool
    seconds: float
    name: str
    host: str


def is_able(candidate: Candidate, need: Need) -> bool:
    """Say whether a model can do what is asked at all."""
    return need.can <= candidate.can and (not candidate.context or need.prompt < candidate.context)


def cost_of(candidate: Candidate, prospect: Prospect, need: Need, terms: Terms) -> float:
    """Return what a request costs there, in money."""
    estimate = prospect.estimate
    seconds, swap = estimate.total, prospect.swap
    if load_pays(prospect, terms):
        seconds, swap = seconds - estimate.load - estimate.evict, 0.0
    return (
        terms.per_joule * estimate.joules
        + terms.per_second * seconds
        + PER_TOKEN * candidate.price * (need.prompt + need.answer)
        + swap
    )


def load_pays(prospect: Prospect, terms: Terms) -> bool:
    """Say whether a load saves more than it costs, with what it drives out."""
    estimate = prospect.estimate
    return prospect.saving > terms.per_second * (estimate.load + estimate.evict) + prospect.swap


def lateness_of(estimate: Estimate, need: Need) -> float:
    """Return by how much an answer takes longer than it may, relatively; 0 if it is in time."""
    over = max(_share(estimate.first_token, need.max_first), _share(estimate.total, need.max_total))
    return over if over > 1 else 0.0


def rank(candidate: Candidate, host: str, prospect: Prospect, need: Need, terms: Terms) -> Rank:
    """Return by what a prospect is compared with others of enough quality."""
    estimate = prospect.estimate
    return Rank(
        prospect.is_rude,
        lateness_of(estimate, need),
        not candidate.is_preferred,
        cost_of(candidate, prospect, need, terms),
        not prospect.is_loaded,
        estimate.total,
        candidate.model,
        host,
    )


def choose(
    candidates: Sequence[Candidate],
    need: Need,
    terms: Terms,
    judge: Judge,
    loaded: Set[tuple[str, str]] = frozenset(),
    roomiest: Sequence[str] = (),
) -> Choice | None:
    """Return the best model and host for a request; `None` where there is none that can do it.

    `loaded` are the (host, model) in memory. A model that must be loaded is looked at on one host:
    the first of `roomiest` that has it and takes it. Prospects are worked out in the order of what
    they cost at least, by the candidates' `per_…`, until none can be better any more. Where those
    bounds do not hold, the choice may be a little dearer, and is never less able.
    """
    floor, can, prompt = need.floor, need.can, need.prompt
    # `is_able`, without a call for each.
    good = [
        each
        for each in candidates
        if each.quality >= floor and can <= each.can and (not each.context or prompt < each.context)
    ]
    found = _cheapest(good, need, terms, judge, loaded, roomiest, floor)
    if found is not None:
        return found
    # Nothing of that quality can be had now: the best of the rest, and so on.
    rest = [each for each in candidates if each.quality < floor and is_able(each, need)]
    for quality in sorted({each.quality for each in rest}, reverse=True):
        equals = [each for each in rest if each.quality == quality]
        found = _cheapest(equals, need, terms, judge, loaded, roomiest, quality)
        if found is not None:
            return found
    return None


def _cheapest(
    good: Iterable[Candidate],
    need: Need,
    terms: Terms,
    judge: Judge,
    loaded: Set[tuple[str, str]],
    roomiest: Sequence[str],
    floor: float,
) -> Choice | None:
    prompt, answer = need.prompt, need.answer
    warm = {model for _, model in loaded}
    bounds = [
        (
            not each.is_preferred,
            each.per_prompt * prompt + each.per_answer * answer,
            each.model not in warm,
            each,
        )
        for each in good
    ]
    bounds.sort(key=itemgetter(0, 1, 2))
    best: Rank | None = None
    found: tuple[Candidate, str, Prospect] | None = None
    cold = looked_at = 0
    for is_other, bound, is_cold, candidate in bounds:
        model = candidate.model
        if best is not None:
            # Where something is in time already, only what costs less can be better; where
            # nothing is, only what is less late.
            if best.lateness:
                if is_cold and candidate.load > best.lateness * need.soonest:
                    continue
            elif not best.is_rude and (is_other, bound) > (best.is_other, best.cost):
                break
            if is_cold and cold >= MOST_COLD:
                continue
        takes_new = False
        for host in roomiest or candidate.hosts if is_cold else _hosts(candidate, loaded, roomiest):
            is_new = (host, model) not in loaded
            if (is_new and takes_new) or host not in candidate.hosts:
                continue
            prospect = judge(candidate, host)
            if prospect is None:
                continue
            looked_at += 1
            if is_new:
                takes_new = True
                cold += 1
            now = rank(candidate, host, prospect, need, terms)
            if best is None or now < best:
                best, found = now, (candidate, host, prospect)
    if best is None or found is None:
        return None
    return Choice(*found, best.cost, floor, best.lateness, looked_at)


def _hosts(
    candidate: Candidate, loaded: Set[tuple[str, str]], roomiest: Sequence[str]
) -> list[str]:
    """Return a model's hosts, those where it is in memory first."""
    model = candidate.model
    warm = [host for host in candidate.hosts if (host, model) in loaded]
    return warm + [host for host in roomiest or candidate.hosts if host not in warm]


def _share(seconds: float, most: float) -> float:
    if most > 0:
        return seconds / most
    return inf if seconds > 0 else 0.0
