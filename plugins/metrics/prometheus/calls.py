"""What calls came to, and what the Ollamas did for them."""

import time
from collections.abc import Iterator

from localai import Attempt, Call, Chunk, Inference
from plugins.metrics.conventions import CACHE, NANOSECONDS, OPERATIONS, PROVIDER, REFUSALS
from plugins.metrics.models import ModelNames
from plugins.metrics.prometheus.figures import (
    OVERHEAD_SECONDS,
    SECONDS,
    TOKEN_SECONDS,
    TOKENS,
    Counter,
    Family,
    Histogram,
)
from plugins.metrics.taken import tokens_taken
from plugins.metrics.timing import overhead_seconds

JOIN = "join"
NOBODY = "none"
"""The host of a call for which no Ollama was asked."""
SHORTEST_LOAD = 0.1
"""Seconds; what takes less was in memory already."""

SERVER = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "server_address")


class Calls:
    """Counts each call once it has ended and no model works for it any more."""

    def __init__(self, models: ModelNames) -> None:
        self._models = models
        self._requests = Counter(
            "localai_inference_requests_total",
            "Calls that have ended, by the Ollama asked last, and outcome.",
            *("kind", "model", "host", "outcome"),
        )
        self._duration = Histogram(
            "localai_inference_duration_seconds",
            "From a call's arrival in the chain until all was sent.",
            SECONDS,
            *("kind", "model"),
        )
        self._first = Histogram(
            "localai_time_to_first_token_seconds",
            "From a call's arrival in the chain to its first chunk.",
            SECONDS,
            *("kind", "model"),
        )
        self._overhead = Histogram(
            "localai_router_overhead_seconds",
            "Time to the first chunk, less the time in the queue and at Ollamas.",
            OVERHEAD_SECONDS,
            "kind",
        )
        self._tokens = Counter(
            "localai_tokens_total",
            "Tokens that models read (input) and wrote (output), or did not have to (cached).",
            *("kind", "model", "direction"),
        )
        self._wait = Histogram(
            "localai_queue_wait_seconds",
            "Time in the queue, with the load of the model if there was one.",
            SECONDS,
            "model",
        )
        self._load = Histogram(
            "localai_model_load_seconds",
            "Time to load a model that was not in memory.",
            SECONDS,
            *("host", "model"),
        )
        self._cache = Counter(
            "localai_cache_requests_total",
            "Calls by what the cache did.",
            *("kind", "model", "result"),
        )
        self._saved_joules = Counter(
            "localai_cache_saved_joules_total",
            "Energy that answers did not take, as a cache or another caller's run had them.",
            "model",
        )
        self._saved_money = Counter(
            "localai_cache_saved_money_total", "The money for that energy.", "model"
        )
        self._decisions = Counter(
            "localai_guardrail_decisions_total",
            "What guards decided.",
            *("guard", "rule", "action", "direction"),
        )
        self._refusals = Counter(
            "localai_limit_refusals_total",
            "Requests that were refused, or ended, by what had run out.",
            "limit",
        )
        self._served = Histogram(
            "gen_ai_server_request_duration_seconds",
            "From the request to an Ollama until its last byte, however it ended.",
            SECONDS,
            *(*SERVER, "error_type"),
        )
        self._served_first = Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "From the request to an Ollama to its first chunk, of streams.",
            SECONDS,
            *SERVER,
        )
        self._served_each = Histogram(
            "gen_ai_server_time_per_output_token_seconds",
            "Time for each token of an answer, by Ollama's own clock.",
            TOKEN_SECONDS,
            *SERVER,
        )
        self._usage = Histogram(
            "gen_ai_client_token_usage",
            "Tokens of a request to an Ollama: input of its prompt, output of its answer.",
            TOKENS,
            *(*SERVER[:3], "gen_ai_token_type"),
        )

    def families(self) -> Iterator[Family]:
        """Yield all figures."""
        for figures in vars(self).values():
            if isinstance(figures, Counter | Histogram):
                yield figures.family

    def count(self, inference: Inference) -> None:
        """Count a call that has ended."""
        call, last = inference.call, inference.last
        kind, outcome, attempts = call.kind, inference.outcome, call.work.attempts
        model = self._model(call, last)
        host = attempts[-1].label if attempts else NOBODY
        self._requests.add(1, kind, model, host, outcome)
        ended = inference.ended or time.monotonic()
        self._duration.observe(ended - inference.begun, kind, model)
        cache = call.headers.get(CACHE)
        if cache is not None:
            self._cache.add(1, kind, model, cache)
        if inference.first is not None:
            self._first.observe(inference.first - inference.begun, kind, model)
            if cache != JOIN:
                own = overhead_seconds(inference) if attempts else inference.first - inference.begun
                self._overhead.observe(own or 0.0, kind)
        if attempts or call.work.waited:
            self._wait.observe(call.work.waited, model)
        told = 0
        for attempt in attempts:
            told += self._attempted(attempt, kind)
        if last is not None:
            self._spared(last, kind, model, told)
        for decision in call.decisions:
            self._decisions.add(
                1, decision.guard, decision.rule, decision.action, decision.direction
            )
        if outcome in REFUSALS:
            self.refused(REFUSALS[outcome])

    def refused(self, limit: str) -> None:
        """Count a request that was refused as a limit was reached."""
        self._refusals.add(1, limit)

    def _attempted(self, attempt: Attempt, kind: str) -> int:
        """Count what an Ollama did; return the tokens that it told of."""
        call, last, host = attempt.call, attempt.last, attempt.label
        model = self._model(call, last)
        seconds = (attempt.ended or attempt.begun) - attempt.begun
        if call.loads_only:
            if last is not None and last.done_reason == "load" and seconds >= SHORTEST_LOAD:
                self._load.observe(seconds, host, model)
            return 0
        operation = OPERATIONS[call.kind]
        error = "" if last is not None else attempt.outcome
        self._served.observe(seconds, operation, PROVIDER, model, host, error)
        if call.stream and attempt.first is not None:
            first = attempt.first - attempt.begun
            self._served_first.observe(first, operation, PROVIDER, model, host)
        read, written = tokens_taken(attempt)
        self._tokens.add(read, kind, model, "input")
        self._tokens.add(written, kind, model, "output")
        if last is None:
            return 0
        self._usage.observe(read, operation, PROVIDER, model, "input")
        if written:
            self._usage.observe(written, operation, PROVIDER, model, "output")
            each = last.eval_duration / NANOSECONDS / written
            self._served_each.observe(each, operation, PROVIDER, model, host)
        return read + written

    def _spared(self, last: Chunk, kind: str, model: str, told: int) -> None:
        """Count what no model had to do; of a batch of texts, a part may have been known."""
        spared = last.prompt_eval_count + last.eval_count - told
        if spared > 0:
            self._tokens.add(spared, kind, model, "cached")
        if last.saved is not None:
            self._saved_joules.add(last.saved.joules, model)
            self._saved_money.add(last.saved.money, model)

    def _model(self, call: Call, last: Chunk | None) -> str:
        name = last.model if last is not None else ""
        return self._models.label(name or call.model, answered=last is not None)
