"""What the line about a request says: names, counts and times, never a text."""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from localai import (
    Chunk,
    Cost,
    Decision,
    Inference,
    Principal,
    four_digits,
    inference_of,
    response_of,
)
from plugins.metrics.conventions import CACHE, LEFT
from plugins.metrics.timing import load_seconds, overhead_seconds

Line = dict[str, Any]

HEADERS = (
    ("cache", CACHE),
    ("route_reason", "x-localai-route"),
    ("fallback", "x-localai-fallback"),
    ("variant", "x-localai-variant"),
    ("budget_remaining", "x-localai-budget-remaining"),
)
"""What other plugins say about an answer: the line's name for it, and theirs."""
MOST_TEXT = 200
"""Characters of a text that came with the request, as its path did: no line grows without end."""
TRACE = "localai.trace"
"""Key of the scope with the id of a trace that will be kept; set by metrics.traces."""
MOST_NAMES = 16
"""Decisions of guards that a line names."""


def line(scope: Any) -> Line:
    """Return the fields of the line about a request that has ended."""
    response, inference = response_of(scope), inference_of(scope)
    fields: Line = {
        "request_id": scope["localai.request_id"],
        "method": scope["method"],
        "path": scope["path"][:MOST_TEXT],
        "status": response.status if response.is_whole else LEFT,
        "seconds": round(monotonic() - response.begun, 4),
    }
    template = scope.get("path_template")
    if template and template != scope["path"]:
        fields["route"] = template
    caller = scope.get("user")
    if isinstance(caller, Principal):
        fields["caller"] = caller.id
        if caller.tenant != "default":
            fields["tenant"] = caller.tenant
    if inference is not None:
        _add_inference(fields, inference, response.begun)
    if trace := scope.get(TRACE):
        fields["trace_id"] = trace
    error = response.error or (inference.error if inference is not None else None)
    if error:
        fields["error"] = error
    if response.code:
        fields["code"] = response.code
    return fields


def _add_inference(fields: Line, inference: Inference, begun: float) -> None:
    """Add what was asked of which model, what became of it, and what it took."""
    call, last, work = inference.call, inference.last, inference.call.work
    headers = call.headers
    model = (last.model if last is not None else "") or call.model
    fields["model"] = model[:MOST_TEXT]
    if call.model != model:
        fields["asked"] = call.model[:MOST_TEXT]
    fields["kind"] = call.kind
    fields["stream"] = call.stream
    fields["outcome"] = inference.outcome
    if inference.first is not None:
        fields["first_token_seconds"] = round(inference.first - begun, 4)
    if last is not None:
        fields["prompt_tokens"] = last.prompt_eval_count
        fields["completion_tokens"] = last.eval_count
    if work.waited:
        fields["queue_seconds"] = round(work.waited, 4)
    if attempts := work.attempts:
        fields["host"] = attempts[-1].label
        if tries := sum(not each.call.loads_only for each in attempts):
            fields["attempts"] = tries
        if loading := load_seconds(work):
            fields["load_seconds"] = round(loading, 4)
    if (overhead := overhead_seconds(inference)) is not None:
        fields["overhead_seconds"] = round(overhead, 4)
    for name, header in HEADERS:
        if value := headers.get(header):
            fields[name] = value[:MOST_TEXT]
    if call.decisions:
        fields["guards"] = names_of(call.decisions)
    _add_cost(fields, inference.cost, last)


def names_of(decisions: Iterable[Decision]) -> list[str]:
    """Return decisions as `guard.rule=action`, each once, in their order."""
    names = dict.fromkeys(f"{each.guard}.{each.rule}={each.action}" for each in decisions)
    return list(names)[:MOST_NAMES]


def _add_cost(fields: Line, cost: Cost | None, last: Chunk | None) -> None:
    if cost is not None:
        fields["wh"] = four_digits(cost.wh)
        fields["money"] = four_digits(cost.money)
        fields["cost_source"] = cost.source
    if last is not None and last.saved is not None:
        fields["saved_wh"] = four_digits(last.saved.wh)
        fields["saved_money"] = four_digits(last.saved.money)
