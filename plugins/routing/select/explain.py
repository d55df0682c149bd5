"""A choice with all its terms, for whoever wants to know why."""

from collections.abc import Callable, Iterator
from math import inf
from typing import Any

import msgspec

from localai import Call
from plugins.routing.select.choice import (
    PER_TOKEN,
    Candidate,
    Choice,
    Need,
    Prospect,
    Terms,
    cost_of,
    is_able,
    lateness_of,
    load_pays,
)
from plugins.routing.select.complexity import WEIGHTS
from plugins.routing.select.route import Question, Router, reason
from plugins.routing.select.selector import Judge


async def explain(router: Router, call: Call, name: str) -> dict[str, Any]:
    """Return which model a call would get of a policy, with every candidate's terms."""
    question = await router.question(call, name)
    ruled = router.by_rule(call, question)
    choice = router.preview(question)
    model = ruled or (choice.candidate.model if choice is not None else None)
    told = {
        "model": model,
        "route": reason(question, None if ruled else choice) if model else None,
        "by": "rule" if ruled else "cost",
    }
    return told | explained(question, choice, router.judge(question), router.label)


def explained(
    question: Question, choice: Choice | None, judge: Judge, label: Callable[[str], str]
) -> dict[str, Any]:
    """Return what a choice by cost is made from; `label` says what is shown of a host."""
    need = question.need
    floor = choice.floor if choice is not None else need.floor
    return {
        "policy": question.name,
        "complexity": {
            "score": round(question.complexity.score, 4),
            "level": question.level,
            "features": {
                name: {"value": round(value, 4), "weight": WEIGHTS.get(name)}
                for name, value in question.complexity.features.items()
            },
        },
        "need": {
            "floor": need.floor,
            "held_floor": floor,
            "capabilities": sorted(need.can),
            "prompt_tokens": need.prompt,
            "answer_tokens": need.answer,
            "max_first_token_seconds": _finite(need.max_first),
            "max_total_seconds": _finite(need.max_total),
        },
        "terms": {
            "price_per_kwh": question.terms.price,
            "weight_time": question.terms.weight_time,
        },
        "candidates": list(_rows(question, floor, choice, judge, label)),
    }


def _rows(
    question: Question,
    floor: float,
    choice: Choice | None,
    judge: Judge,
    label: Callable[[str], str],
) -> Iterator[dict[str, Any]]:
    need = question.need
    for candidate in question.candidates:
        for host in candidate.hosts:
            row: dict[str, Any] = {
                "model": candidate.model,
                "host": label(host),
                "quality": round(candidate.quality, 4),
                "preferred": candidate.is_preferred,
                "chosen": choice is not None
                and (choice.candidate.model, choice.host) == (candidate.model, host),
            }
            out = _out(candidate, need, floor)
            prospect = judge(candidate, host)
            if prospect is None:
                out = out or _unavailable(candidate, host, question)
            else:
                row |= _terms(candidate, prospect, need, question.terms)
                late = lateness_of(prospect.estimate, need)
                out = out or (f"takes {late:.1f} times as long as it may" if late else None)
                if prospect.is_rude and out is None:
                    out = "drives out a model that was just loaded"
            yield row | {"out": out}


def _out(candidate: Candidate, need: Need, floor: float) -> str | None:
    if not is_able(candidate, need):
        missing = sorted(need.can - candidate.can)
        if missing:
            return f"can't do {', '.join(missing)}"
        return f"takes {candidate.context} tokens"
    if candidate.quality < floor:
        return f"quality below {floor:.2f}"
    return None


def _unavailable(candidate: Candidate, host: str, question: Question) -> str:
    if not question.fleet.is_open(host, candidate.model):
        return "the host takes no requests for it now"
    return "does not fit into the host's memory"


def _terms(candidate: Candidate, prospect: Prospect, need: Need, terms: Terms) -> dict[str, Any]:
    estimate = prospect.estimate
    loading = estimate.load + estimate.evict
    once = 0.0 if load_pays(prospect, terms) else 1.0
    return {
        "loaded": prospect.is_loaded,
        "seconds": {
            name: value
            for name, value in msgspec.structs.asdict(estimate).items()
            if name != "joules"
        },
        "joules": estimate.joules,
        "money": {
            "energy": terms.per_joule * estimate.joules,
            "time": terms.per_second * (estimate.total - loading),
            "load": once * terms.per_second * loading,
            "swap": once * prospect.swap,
            "own": PER_TOKEN * candidate.price * (need.prompt + need.answer),
        },
        "load_saves": prospect.saving,
        "cost": cost_of(candidate, prospect, need, terms),
    }


def _finite(seconds: float) -> float | None:
    return seconds if seconds < inf else None
