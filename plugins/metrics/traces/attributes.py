"""What spans say, by OpenTelemetry's semantic conventions: HTTP (stable), GenAI (development).

No text of a request or an answer is among it. What the conventions have no name for begins with
`localai.`.
"""

from typing import Any
from urllib.parse import urlsplit

from localai import Attempt, Call, Inference, Principal, inference_of, redact, response_of
from plugins.metrics.conventions import CACHE, METHODS, NANOSECONDS, OPERATIONS, PROVIDER
from plugins.metrics.log.line import names_of
from plugins.metrics.traces.span import Attribute, Span

LOAD = "load"
"""The operation of a call that only loads a model, for which the conventions have no value."""
OTHER_METHOD = "_OTHER"
"""Any other method than the known ones (HTTP conventions, http.request.method)."""
MOST_TEXT = 200
"""Characters of a name that a caller has sent."""

OPTIONS = (
    ("gen_ai.request.temperature", "temperature"),
    ("gen_ai.request.top_p", "top_p"),
    ("gen_ai.request.top_k", "top_k"),
    ("gen_ai.request.max_tokens", "num_predict"),
    ("gen_ai.request.frequency_penalty", "frequency_penalty"),
    ("gen_ai.request.presence_penalty", "presence_penalty"),
    ("gen_ai.request.seed", "seed"),
    ("localai.request.num_ctx", "num_ctx"),
)
"""Options of a call that are numbers; stop sequences are left out, as they are texts."""


def describe_request(span: Span, scope: Any) -> None:
    """Say in the server's span what was asked for, and how it ended."""
    response, inference = response_of(scope), inference_of(scope)
    method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
    route = scope.get("path_template")
    span.name = f"{method} {route}" if route else method
    told = span.attributes
    told["http.request.method"] = method
    told["url.scheme"] = scope.get("scheme") or "http"
    told["network.protocol.version"] = scope.get("http_version") or "1.1"
    told["localai.request.id"] = scope["localai.request_id"]
    if route:
        told["http.route"] = route
    if response.status:
        told["http.response.status_code"] = response.status
    if not response.is_whole:
        told["localai.outcome"] = "canceled"
    caller = scope.get("user")
    if isinstance(caller, Principal):
        told["localai.caller"] = caller.id
        told["localai.tenant"] = caller.tenant
    if inference is not None:
        _add_inference(told, inference)
    if response.error:
        told["error.type"] = response.error
    if response.status >= 500:
        # By the HTTP conventions, what a client did wrong is no error of the server's span.
        span.error = response.error or str(response.status)
        told["error.type"] = span.error


def _add_inference(told: dict[str, Attribute], inference: Inference) -> None:
    call = inference.call
    told["gen_ai.operation.name"] = OPERATIONS[call.kind]
    told["gen_ai.request.model"] = redact(call.model[:MOST_TEXT])
    told["localai.outcome"] = inference.outcome
    if call.work.waited:
        told["localai.queue.seconds"] = call.work.waited
    if cache := call.headers.get(CACHE):
        told["localai.cache"] = cache
    if call.decisions:
        told["localai.guards"] = tuple(names_of(call.decisions))


def name_of(call: Call) -> str:
    """Return the name of the span of an attempt."""
    return f"{operation_of(call)} {redact(call.model[:MOST_TEXT])}"


def operation_of(call: Call) -> str:
    """Return what a call asks an Ollama for."""
    return LOAD if call.loads_only else OPERATIONS[call.kind]


def describe_attempt(span: Span, attempt: Attempt) -> None:
    """Say in the client's span what an Ollama was asked for, and what it did."""
    call, last = attempt.call, attempt.last
    told = span.attributes
    told["gen_ai.operation.name"] = operation_of(call)
    told["gen_ai.provider.name"] = PROVIDER
    told["gen_ai.request.model"] = redact(call.model[:MOST_TEXT])
    told["gen_ai.request.stream"] = call.stream
    if call.kind != "embed":
        told["gen_ai.output.type"] = "json" if call.format else "text"
    for name, option in OPTIONS:
        if (value := getattr(call.options, option)) is not None:
            told[name] = value
    address = urlsplit(attempt.host)
    if address.hostname:
        told["server.address"] = address.hostname
    if address.port:
        told["server.port"] = address.port
    told["localai.host"] = attempt.label
    told["localai.outcome"] = attempt.outcome
    if call.stream and attempt.first is not None:
        told["gen_ai.response.time_to_first_chunk"] = attempt.first - attempt.begun
    if last is not None:
        told["gen_ai.response.model"] = redact(last.model[:MOST_TEXT])
        told["gen_ai.usage.input_tokens"] = last.prompt_eval_count
        told["gen_ai.usage.output_tokens"] = last.eval_count
        if last.done_reason:
            told["gen_ai.response.finish_reasons"] = (last.done_reason[:MOST_TEXT],)
        told["localai.load.seconds"] = last.load_duration / NANOSECONDS
        told["localai.prompt.seconds"] = last.prompt_eval_duration / NANOSECONDS
        told["localai.answer.seconds"] = last.eval_duration / NANOSECONDS
    if (cost := attempt.cost) is not None:
        told["localai.energy.wh"] = cost.wh
        told["localai.energy.source"] = cost.source
        told["localai.cost"] = cost.money
        told["localai.co2.grams"] = cost.grams
    if attempt.error is not None:
        span.error = attempt.error
        told["error.type"] = attempt.error
