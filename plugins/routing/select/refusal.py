"""What a caller is told where no model can answer as a request needs it."""

from collections.abc import Iterable
from math import ceil, inf
from typing import TYPE_CHECKING

from localai import (
    ContextTooLong,
    Forbidden,
    GatewayError,
    InvalidRequest,
    ModelNotFound,
    Unavailable,
)
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.select.choice import Candidate, Choice, Need
from plugins.routing.select.latency import HEADER

if TYPE_CHECKING:
    from plugins.routing.select.route import Question

EXAMPLES = {"vision": "llava", "tools": "qwen2.5", "thinking": "qwen3", "insert": "qwen2.5-coder"}
"""Models that can do it, for messages."""
SOON = 5.0
"""Seconds after which a host that is away is looked for again."""


def checked(question: "Question", choice: Choice | None, hosts: Hosts | None) -> Choice:
    """Return the choice, if it will do; else raise what the caller should be told."""
    if choice is None:
        raise _nobody(question, hosts)
    if not choice.is_in_time and not question.policy.best_effort:
        raise _late(choice, question.need)
    return choice


def _nobody(question: "Question", hosts: Hosts | None) -> GatewayError:
    name, need, candidates = question.name, question.need, question.candidates
    if not question.offered:
        return ModelNotFound(
            f"there is no model here that '{name}' may choose: ollama pull llama3.2", param="model"
        )
    if not candidates:
        return Forbidden(
            f"your key may use none of the models that '{name}' chooses from: name another one",
            param="model",
        )
    if missing := _missing(candidates, need):
        example = EXAMPLES.get(missing, "llama3.2")
        return ModelNotFound(
            f"no model that '{name}' chooses from can do {missing}: ollama pull {example}",
            param="model",
        )
    longest = max(each.context for each in candidates)
    if all(each.context and need.prompt >= each.context for each in candidates):
        return ContextTooLong(
            f"this is about {need.prompt} tokens, and the models that '{name}' chooses from take "
            f"{longest} at most: shorten it"
        )
    waits = [hosts.retry_after(each.model) for each in candidates] if hosts is not None else []
    return Unavailable(
        f"no host can run a model that '{name}' chooses from just now: try again",
        code="no_host",
        retry_after=max(1.0, min(waits, default=SOON)),
    )


def _missing(candidates: Iterable[Candidate], need: Need) -> str | None:
    """Return a capability that is needed and that no candidate has, or not with the others."""
    able = [each for each in candidates if "completion" in each.can]
    for wanted in sorted(need.can - {"completion"}):
        able = [each for each in able if wanted in each.can]
        if not able:
            return wanted
    return None if able else "completion"


def _late(choice: Choice, need: Need) -> GatewayError:
    estimate = choice.prospect.estimate
    late = estimate.wait + estimate.evict + estimate.load
    most, takes = (
        (need.max_first, estimate.first_token)
        if need.max_first < inf
        else (need.max_total, estimate.total)
    )
    if takes - late > most:
        return InvalidRequest(
            f"no model that is good enough answers within {most:g} s, also when it has nothing "
            f"else to do: the quickest takes {takes - late:.1f} s; raise {HEADER}",
            code="max_latency_too_short",
            param=HEADER,
        )
    return Unavailable(
        f"the answer would take {takes:.1f} s, and may take {most:g} s: try again in "
        f"{ceil(late)} s, or raise {HEADER}",
        code="too_slow_now",
        retry_after=max(1.0, late),
    )
