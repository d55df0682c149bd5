"""Which host is asked, of several that have a model."""

from collections.abc import Callable

from plugins.routing.catalogue.model import Model
from plugins.routing.estimate.terms import Work
from plugins.routing.queue.entry import Entry
from plugins.routing.queue.line import Line
from plugins.routing.queue.members import Family, is_loaded, load_seconds
from plugins.routing.queue.outlooks import Outlooks
from plugins.routing.queue.turn import Turn

CACHED = 0.8
"""Part of a prompt that its host has worked on before: all but the last turn, at a guess."""


def choose(
    outlooks: Outlooks,
    line: Line,
    turn: Turn,
    model: Model | None,
    family: Family,
    urls: list[str],
) -> str | None:
    """Return the host with a free slot that answers first, `None` if waiting is better."""
    if model is None or len(urls) == 1:
        url = urls[0]
        return url if line.busy(url) < outlooks.slots(line, url, model, family) else None
    free = [url for url in urls if line.busy(url) < outlooks.slots(line, url, model, family)]
    if not free:
        return None
    outlooks.cost(line, turn, model, family)
    work = Work(prompt=turn.prompt, answer=turn.answer)
    scores = {url: _first_token(outlooks, turn, model, family, url, work) for url in urls}
    best = min(urls, key=lambda url: (scores[url], line.busy(url), urls.index(url)))
    if best in free:
        return best
    if best == turn.preferred or is_loaded(best, turn.call, family.catalogue):
        # It is busy, and yet sooner than another one: by as much it may be waited for.
        soonest = min(scores[url] for url in free)
        turn.patient_until = turn.came + max(soonest - scores[best], 0.0)
        turn.preferred = best
        return None
    return min(free, key=lambda url: scores[url])


def wanted_on(
    outlooks: Outlooks, line: Line, url: str, model: Model | None, family: Family | None, now: float
) -> Callable[[Entry], bool] | None:
    """Return who may have a slot on a host: not those who rather wait for another one.

    A model is loaded on one more host only for who would wait for longer than the load takes.
    """
    if model is None or family is None or len(model.hosts) < 2:
        return None
    has_it = family.catalogue.loaded(url, model.name) is not None
    loading = 0.0
    if not has_it:
        loading = load_seconds(family.estimator, url, model.hosts.get(url, model.facts))
    slots = 1 if has_it else outlooks.all_slots(line)

    def wanted(entry: Entry) -> bool:
        turn: Turn = entry.data
        if turn.preferred and turn.preferred != url and now < turn.patient_until:
            return False
        return has_it or not line.running or line.eta(turn, slots, now)[1] > loading

    return wanted


def _first_token(
    outlooks: Outlooks, turn: Turn, model: Model, family: Family, url: str, work: Work
) -> float:
    if url == turn.preferred:
        work = work.replace(cached=int(work.prompt * CACHED))
    facts = model.hosts.get(url, model.facts)
    outlook = outlooks.outlook(url, model, family)
    return family.estimator.estimate(url, facts, work, outlook).first_token
