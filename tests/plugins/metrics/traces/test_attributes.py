"""What spans say."""

import re
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import (
    error_attributes,
    http_attributes,
    network_attributes,
    server_attributes,
    url_attributes,
)

from localai import Attempt, Chunk, Cost, Decision, Inference, Message, Options, Principal
from plugins.metrics.traces.attributes import (
    MOST_TEXT,
    describe_attempt,
    describe_request,
    name_of,
)
from plugins.metrics.traces.span import Kind, root
from tests.plugins.metrics.requests import scope_of
from tests.plugins.support import a_call

SECRET = "what was said"
KNOWN = {
    value
    for module in (
        gen_ai_attributes,
        error_attributes,
        http_attributes,
        network_attributes,
        server_attributes,
        url_attributes,
    )
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, str)
}


def _attempt(**changes: Any) -> Attempt:
    attempt = Attempt(a_call(**changes))
    attempt.host, attempt.label = "http://box.lan:11434", "1"
    attempt.ended = attempt.begun + 2
    return attempt


def _told(attempt: Attempt) -> dict[str, Any]:
    span = root("a", Kind.CLIENT, 1.0)
    describe_attempt(span, attempt)
    return span.attributes


def test_an_attempt_is_told_by_the_conventions_for_genai() -> None:
    """What was asked with which options, what came, where from, and at what cost."""
    attempt = _attempt(
        options=Options(temperature=0.5, num_predict=9, stop=(SECRET,)), format="json"
    )
    attempt.first = attempt.begun + 0.5
    attempt.last = Chunk(
        done=True,
        model="llama3.2",
        done_reason="length",
        prompt_eval_count=5,
        eval_count=9,
        load_duration=10**9,
    )
    attempt.cost = Cost(joules=3600, money=0.5, grams=2, source="measured")
    assert _told(attempt) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": "llama3.2",
        "gen_ai.request.stream": True,
        "gen_ai.output.type": "json",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "server.address": "box.lan",
        "server.port": 11434,
        "localai.host": "1",
        "localai.outcome": "ok",
        "gen_ai.response.time_to_first_chunk": pytest.approx(0.5),
        "gen_ai.response.model": "llama3.2",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.response.finish_reasons": ("length",),
        "localai.load.seconds": 1.0,
        "localai.prompt.seconds": 0.0,
        "localai.answer.seconds": 0.0,
        "localai.energy.wh": 1.0,
        "localai.energy.source": "measured",
        "localai.cost": 0.5,
        "localai.co2.grams": 2.0,
    }


def test_only_a_stream_has_a_first_chunk() -> None:
    """By the conventions, a plain answer has no time to one."""
    attempt = _attempt(stream=False)
    attempt.first = attempt.begun + 0.5
    assert "gen_ai.response.time_to_first_chunk" not in _told(attempt)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "chat llama3.2"),
        ({"kind": "generate", "prompt": "x"}, "text_completion llama3.2"),
        ({"kind": "embed", "inputs": ("x",)}, "embeddings llama3.2"),
        ({"messages": ()}, "load llama3.2"),
        ({"model": "x" * 999}, f"chat {'x' * MOST_TEXT}"),
    ],
)
def test_a_call_is_named_by_what_it_asks(changes: dict[str, Any], name: str) -> None:
    """The name is the operation and the model, as the conventions want it."""
    assert name_of(a_call(**changes)) == name


def test_an_attempt_that_failed_says_how() -> None:
    """The class of the error is the status too; one that was left is no error."""
    attempt = _attempt()
    attempt.error = "UpstreamTimeout"
    span = root("a", Kind.CLIENT, 1.0)
    describe_attempt(span, attempt)
    assert span.error == span.attributes["error.type"] == "UpstreamTimeout"
    left = root("a", Kind.CLIENT, 1.0)
    describe_attempt(left, _attempt())
    assert (left.error, left.attributes["localai.outcome"]) == ("", "canceled")


@pytest.mark.parametrize(("status", "is_error"), [(200, False), (404, False), (503, True)])
def test_only_what_the_router_did_wrong_is_an_error(status: int, is_error: bool) -> None:
    """A client's mistake is told by its class, but it does not make the server's span one."""
    span = root("request", Kind.SERVER, 1.0)
    scope = scope_of(status=status, error="Some" if status >= 400 else "")
    scope["method"] = "BREW"
    describe_request(span, scope)
    assert span.name == "_OTHER"
    assert bool(span.error) is is_error
    assert ("error.type" in span.attributes) is (status >= 400)


def _everything() -> list[dict[str, Any]]:
    texts = {
        "messages": (Message(role="user", content=SECRET, thinking=SECRET),),
        "prompt": SECRET,
        "system": SECRET,
        "user": SECRET,
        "tools": ({"function": {"name": SECRET}},),
        "format": {"title": SECRET},
    }
    decision = Decision(guard="pii", rule="card", action="redact", direction="input")
    inference = Inference(
        a_call(**texts, decisions=[decision], headers={"x-localai-cache": "miss"})
    )
    inference.call.work.waited = 1.0
    inference.saw(Chunk(done=True, content=SECRET, thinking=SECRET))
    attempt = _attempt(**texts, options=Options(top_k=1, top_p=0.5, seed=3, num_ctx=512))
    attempt.last = Chunk(done=True, content=SECRET, thinking=SECRET, model="m")
    scope = scope_of(inference)
    scope["path_template"] = "/api/chat"
    scope["headers"] = [(b"x-secret", SECRET.encode())]
    scope["user"] = Principal(id="key:abc", name=SECRET)
    server = root("request", Kind.SERVER, 1.0)
    describe_request(server, scope)
    assert server.name == "POST /api/chat"
    return [_told(attempt), server.attributes]


def test_no_text_is_an_attribute() -> None:
    """Of prompts, answers, tools, schemas and headers nothing is told."""
    assert SECRET not in str(_everything())


def test_names_are_those_of_the_conventions_or_our_own() -> None:
    """Each attribute is one that OpenTelemetry lists, or begins with `localai.`."""
    names = {name for told in _everything() for name in told}
    own = {name for name in names if re.fullmatch(r"localai(\.[a-z0-9_]+)+", name)}
    assert names - own - KNOWN == set()
    assert len(names - own) > 10
