"""The fields of the line about a request."""

import time
from typing import Any

import pytest

from localai import Attempt, Chunk, Cost, Decision, Inference, Message, Principal
from plugins.metrics.conventions import LEFT
from plugins.metrics.log.line import MOST_NAMES, MOST_TEXT, TRACE, line, names_of
from tests.plugins.metrics.requests import scope_of
from tests.plugins.support import a_call

COST = Cost(joules=36.0, money=0.000123456, grams=4, source="measured")


def _inference(**changes: Any) -> Inference:
    return Inference(a_call(**changes))


def test_a_request_without_a_model_is_told_by_its_http_side() -> None:
    """Method, path, template, status and time are there, and nothing about models."""
    scope = scope_of(path="/admin/keys/7", status=404, error="NotFound")
    scope["path_template"] = "/admin/keys/{kid}"
    scope["user"] = Principal(id="key:abc", name="Anna", user="anna", tenant="lab")
    told = line(scope)
    assert told.pop("seconds") >= 0
    assert told == {
        "request_id": "req_1",
        "method": "POST",
        "path": "/admin/keys/7",
        "route": "/admin/keys/{kid}",
        "status": 404,
        "caller": "key:abc",
        "tenant": "lab",
        "error": "NotFound",
    }


def test_what_a_model_did_is_told_in_counts_and_times() -> None:
    """Tries, waits, loads, the router's own part and the cost are fields of their own."""
    inference = _inference(
        model="auto", headers={"x-localai-route": "code", "x-localai-fallback": "tiny; cause=busy"}
    )
    call, now = inference.call, time.monotonic()
    inference.begun = now - 7
    call.work.waited = 2.0
    for begun, ended, last in ((-5, -4, False), (-4, -1, True)):
        attempt = Attempt(call)
        attempt.label = "2"
        attempt.begun, attempt.ended = now + begun, now + ended
        attempt.cost = COST
        if last:
            attempt.first = now - 2
            attempt.last = Chunk(done=True, load_duration=1_500_000_000)
        call.work.attempts.append(attempt)
    inference.first = now - 1.5
    inference.saw(Chunk(done=True, model="llama3.2", prompt_eval_count=5, eval_count=2, cost=COST))
    scope = scope_of(inference, begun=now - 7)
    scope[TRACE] = "ab" * 16
    told = line(scope)
    assert (told["model"], told["asked"], told["outcome"]) == ("llama3.2", "auto", "ok")
    assert (told["prompt_tokens"], told["completion_tokens"]) == (5, 2)
    assert (told["host"], told["attempts"], told["trace_id"]) == ("2", 2, "ab" * 16)
    assert (told["queue_seconds"], told["load_seconds"]) == (2.0, 3.0 / 2)
    assert told["seconds"] == pytest.approx(7, abs=0.5)
    # Of 5.5 seconds until something was said, two were a wait and three the models'.
    assert told["overhead_seconds"] == pytest.approx(0.5)
    assert told["first_token_seconds"] == pytest.approx(5.5)
    assert (told["route_reason"], told["fallback"]) == ("code", "tiny; cause=busy")
    assert (told["wh"], told["money"], told["cost_source"]) == (0.02, 0.0002469, "measured")


def test_a_load_in_a_queue_is_no_try() -> None:
    """Only what was asked for an answer counts."""
    inference = _inference()
    attempt = Attempt(inference.call.replace(messages=()))
    attempt.label = "1"
    inference.call.work.attempts.append(attempt)
    told = line(scope_of(inference))
    assert told["host"] == "1"
    assert "attempts" not in told


def test_what_was_kept_is_told_as_saved() -> None:
    """An answer that no model worked for has cost nothing, and says what it saved."""
    inference = _inference(headers={"x-localai-cache": "hit"})
    inference.saw(Chunk(done=True, cost=COST))
    told = line(scope_of(inference))
    assert (told["cache"], told["saved_wh"], told["saved_money"]) == ("hit", 0.01, 0.0001235)
    assert not {"wh", "attempts", "host", "overhead_seconds"} & set(told)


def test_decisions_are_told_by_name_once() -> None:
    """Guard, rule and action, in their order, and not without end."""
    decisions = [
        Decision(guard="pii", rule=rule, action="redact", direction="input")
        for rule in ("card", "email", "card")
    ]
    assert names_of(decisions) == ["pii.card=redact", "pii.email=redact"]
    many = [
        Decision(guard="pii", rule=str(number), action="flag", direction="output")
        for number in range(100)
    ]
    assert len(names_of(many)) == MOST_NAMES
    assert line(scope_of(_inference(decisions=decisions)))["guards"] == names_of(decisions)


def test_a_client_that_left_is_told_by_status_and_outcome() -> None:
    """Whatever was sent by then, the status is the one for that."""
    told = line(scope_of(_inference(), whole=False))
    assert (told["status"], told["outcome"]) == (LEFT, "canceled")


def test_an_error_in_the_middle_is_told_by_class_and_code() -> None:
    """The status was sent before it."""
    inference = _inference()
    inference.error = "UpstreamTimeout"
    told = line(scope_of(inference, status=200, error="UpstreamTimeout", code="slow"))
    assert (told["status"], told["error"], told["code"]) == (200, "UpstreamTimeout", "slow")
    assert told["outcome"] == "UpstreamTimeout"


def test_no_field_grows_without_end() -> None:
    """Names that a caller has sent are cut, and texts are no field at all."""
    secret = "what was said"
    long = "x" * 10_000
    inference = _inference(
        model=long,
        messages=(Message(role="user", content=secret),),
        user=secret,
        prompt=secret,
        headers={"x-localai-route": long},
    )
    told = line(scope_of(inference, path=f"/{long}"))
    texts = [str(value) for value in told.values()]
    assert max(map(len, texts)) == MOST_TEXT
    assert secret not in " ".join(texts)
