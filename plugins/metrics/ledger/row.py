"""The row of a call that has ended.

The truth is what the Ollamas did, not what the caller was given: every attempt counts, those that
failed or were left too, and an answer that no attempt was made for is one that was saved.
"""

from localai import Attempt, Call, Chunk, Inference, Usage, full_name
from plugins.metrics.conventions import CACHE, NANOSECONDS
from plugins.metrics.taken import tokens_taken
from plugins.metrics.timing import load_seconds

MODEL = "x-localai-model"
"""The header that says which model was chosen."""


def usage_of(inference: Inference, at: float) -> Usage:
    """Return the row of a call; `at` is in seconds since 1970."""
    call, last = inference.call, inference.last
    work, principal, connection = call.work, call.principal, call.connection
    prompt = completion = told_prompt = told_completion = attempts = 0
    computing = 0.0
    for attempt in work.attempts:
        if attempt.call.loads_only:
            continue
        attempts += 1
        read, written = tokens_taken(attempt)
        prompt += read
        completion += written
        if (end := attempt.last) is not None:
            told_prompt += read
            told_completion += written
            computing += computed(end, call)
        elif read or written:
            computing += _seconds(attempt, attempt.first or attempt.begun)
    saved_prompt = saved_completion = 0
    saved_seconds = saved_wh = saved_money = 0.0
    if last is not None:
        # Of a batch of texts a part may have been known.
        saved_prompt = max(0, last.prompt_eval_count - told_prompt)
        saved_completion = max(0, last.eval_count - told_completion)
        if not inference.is_new:
            saved_seconds = computed(last, call)
        if last.saved is not None:
            saved_wh, saved_money = last.saved.wh, last.saved.money
    cost = inference.cost
    ended = inference.ended or inference.begun
    return Usage(
        at=at,
        request_id=call.request_id,
        tenant=principal.tenant,
        key=principal.id,
        user=principal.user,
        model=_model(call, last),
        kind=call.kind,
        route="" if connection is None else connection.scope.get("path_template") or "",
        host=work.attempts[-1].label if work.attempts else "",
        outcome=inference.outcome,
        cache=call.headers.get(CACHE, ""),
        attempts=attempts,
        prompt_tokens=prompt,
        completion_tokens=completion,
        saved_prompt_tokens=saved_prompt,
        saved_completion_tokens=saved_completion,
        seconds=ended - inference.begun,
        first_token=None if inference.first is None else inference.first - inference.begun,
        waited=work.waited,
        load_seconds=load_seconds(work),
        gpu_seconds=computing,
        saved_seconds=saved_seconds,
        wh=0.0 if cost is None else cost.wh,
        money=0.0 if cost is None else cost.money,
        grams=0.0 if cost is None else cost.grams,
        energy_source="" if cost is None else cost.source,
        saved_wh=saved_wh,
        saved_money=saved_money,
    )


def computed(last: Chunk, call: Call) -> float:
    """Return the seconds in which a model read and wrote, as the last chunk tells."""
    if call.kind == "embed":
        # Ollama tells no more of an embedding.
        return max(0, last.total_duration - last.load_duration) / NANOSECONDS
    return (last.prompt_eval_duration + last.eval_duration) / NANOSECONDS


def _seconds(attempt: Attempt, since: float) -> float:
    """Return how long an attempt took from a moment on."""
    return 0.0 if attempt.ended is None else attempt.ended - since


def _model(call: Call, last: Chunk | None) -> str:
    """Return the full name of the model that answered, or that was asked last."""
    name = last.model if last is not None else ""
    if not name and call.work.attempts:
        name = call.work.attempts[-1].call.model
    name = name or call.headers.get(MODEL) or call.model
    return full_name(name).lower() if name else ""
