"""The cost report: what each figure means is said in docs/costs.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plugins.metrics.report.figures import Figures
from plugins.metrics.report.prices import Traffic
from plugins.metrics.report.sums import OTHERS, Named, Sums

DIGITS = 6
EMBEDDINGS = "embed"
"""The kind of requests whose tokens clouds have a price of its own for."""


def summary(figures: Figures, top: int) -> dict[str, Any]:
    """Return a report for JSON; `top` is how many models, tenants and keys are named.

    What there is nothing to divide by for is `None`.
    """
    total = figures.total
    money = cost_of(figures)
    wh = total.amount("wh") + figures.router.amount("wh")
    requests = total.count("requests")
    return {
        "total_requests": requests,
        **_tokens(total),
        "avg_tokens_per_request": _share(_total_tokens(total), requests),
        "avg_request_time": _share(total.amount("seconds"), requests),
        "avg_inference_time": _share(total.amount("gpu_seconds"), total.count("answered")),
        "avg_wait_time": _share(total.amount("waited"), requests),
        "errors": total.count("errors"),
        "error_rate": _share(total.count("errors"), requests),
        "canceled": total.count("canceled"),
        "retries": total.count("retries"),
        "outcomes": {name: sums.count("requests") for name, sums in figures.by_outcome.ranked()},
        **_cache(total),
        "energy_wh": _rounded(wh),
        "co2_grams": _rounded(total.amount("grams") + figures.router.amount("grams")),
        "energy_measured_share": _share(total.count("measured"), total.count("answered")),
        "energy_modelled_share": _share(total.count("modelled"), total.count("answered")),
        "estimated_electricity_cost": _rounded(money),
        "cost_per_1000_requests": _share(1000 * money, requests),
        "cost_savings_from_cache": _rounded(total.amount("saved_money")),
        "energy_savings_from_cache_wh": _rounded(total.amount("saved_wh")),
        "time_savings_from_cache": _rounded(total.amount("saved_seconds")),
        "router": _row(figures.router),
        "by_model": _top("model", figures.by_model, top),
        "by_kind": _top("kind", figures.by_kind, top),
        "by_tenant": _top("tenant", figures.by_tenant, top),
        "by_key": _top("key", figures.by_key, top),
    }


def cost_of(figures: Figures) -> float:
    """Return the money for the electricity of all that models did, for the router itself too."""
    return figures.total.amount("money") + figures.router.amount("money")


def traffic_of(figures: Figures) -> Traffic:
    """Return what callers had of models or of the cache: a cloud would have been paid for both."""
    read = written = embedded = 0
    for kind, sums in figures.by_kind.items():
        prompt = sums.count("prompt_tokens") + sums.count("saved_prompt_tokens")
        answer = sums.count("completion_tokens") + sums.count("saved_completion_tokens")
        if kind == EMBEDDINGS:
            embedded += prompt
        else:
            read += prompt
            written += answer
    return Traffic(
        input=read,
        output=written,
        embedded=embedded,
        requests=figures.total.count("requests"),
        cost=cost_of(figures),
    )


def _tokens(sums: Sums) -> dict[str, int]:
    return {
        "total_tokens": _total_tokens(sums),
        "prompt_tokens": sums.count("prompt_tokens"),
        "completion_tokens": sums.count("completion_tokens"),
        "saved_tokens": sums.count("saved_prompt_tokens") + sums.count("saved_completion_tokens"),
    }


def _total_tokens(sums: Sums) -> int:
    return sums.count("prompt_tokens") + sums.count("completion_tokens")


def _cache(sums: Sums) -> dict[str, Any]:
    hits, joins, misses = (sums.count(name) for name in ("hits", "joins", "misses"))
    return {
        "cache_hits": hits,
        "cache_joins": joins,
        "cache_misses": misses,
        "cache_hit_rate": _share(hits, hits + joins + misses),
    }


def _top(title: str, named: Named, top: int) -> list[dict[str, Any]]:
    """Return a row for each of the largest, and one for all others together, without a name."""
    ranked = [(name, sums) for name, sums in named.ranked() if name != OTHERS]
    rows = [{title: name, **_row(sums)} for name, sums in ranked[:top]]
    rest = [sums for _, sums in ranked[top:]]
    if OTHERS in named:
        rest.append(named[OTHERS])
    return [*rows, {title: None, **_row(_together(rest))}] if rest else rows


def _together(several: Iterable[Sums]) -> Sums:
    whole = Sums()
    for sums in several:
        whole.add(sums.values)
    return whole


def _row(sums: Sums) -> dict[str, Any]:
    requests = sums.count("requests")
    return {
        "requests": requests,
        "errors": sums.count("errors"),
        **_tokens(sums),
        "cache_hit_rate": _cache(sums)["cache_hit_rate"],
        "avg_request_time": _share(sums.amount("seconds"), requests),
        "avg_inference_time": _share(sums.amount("gpu_seconds"), sums.count("answered")),
        "energy_wh": _rounded(sums.amount("wh")),
        "co2_grams": _rounded(sums.amount("grams")),
        "electricity_cost": _rounded(sums.amount("money")),
        "cost_savings_from_cache": _rounded(sums.amount("saved_money")),
    }


def lines_of(report: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    """Return the figures of a report that stand for themselves, with their names."""
    return [(name, value) for name, value in report.items() if not isinstance(value, dict | list)]


def _share(part: float, whole: float) -> float | None:
    return _rounded(part / whole) if whole else None


def _rounded(value: float) -> float:
    return round(value, DIGITS)
