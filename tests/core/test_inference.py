"""What became of a request's call, for those who watch."""

from pathlib import Path
from typing import Any

import httpx

from core.attempt import Attempt, Cost
from core.decisions import Decision
from core.inference import Inference, inference_of
from core.told_cost import HEADER
from localai import hookimpl
from tests.plugins.support import ENDLESS, HELLO, a_call, asking, leaves, serving

SEEN: list[Inference | None] = []


class Watch:
    """Keeps what became of each request."""

    fail_mode = "open"

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Watch."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                SEEN.append(inference_of(scope))

        return watched


WATCH = f'[plugins.watch]\nuse = "{__name__}:Watch"\n'


def seen() -> list[Inference | None]:
    """Return what was watched since the last look."""
    found = [*SEEN]
    SEEN.clear()
    return found


def test_an_answer_is_seen_from_its_first_to_its_last_chunk() -> None:
    """The first chunk has its time, the last one is kept, and then all is well."""
    inference = Inference(a_call())
    assert (inference.first, inference.last, inference.outcome) == (None, None, "canceled")
    inference.saw(HELLO[0])
    first = inference.first
    assert first is not None
    assert first >= inference.begun
    inference.error = "UpstreamFailed"
    assert inference.outcome == "UpstreamFailed"
    inference.saw(HELLO[-1])
    assert (inference.first, inference.last, inference.outcome) == (first, HELLO[-1], "ok")


async def test_requests_show_what_became_of_them(tmp_path: Path) -> None:
    """Answers of both formats, streamed or not, embeddings and refusals can be watched."""
    async with serving(tmp_path, "watch guardrails", WATCH) as (_, client):
        for path in ("/api/chat", "/v1/chat/completions"):
            for stream in (True, False):
                assert (await client.post(path, json=asking(stream=stream))).status_code == 200
        await client.post("/api/embed", json={"model": "localai-embed", "input": "x"})
        for inference in seen():
            assert inference is not None
            assert (inference.outcome, inference.call.principal.id) == ("ok", "anonymous")
            assert inference.last is not None
            assert inference.last.prompt_eval_count
        await client.post("/api/chat", json=asking("x" * 20_000))
        await client.post("/api/chat", json=asking() | {"model": "absent"})
        await client.get("/health")
        outcomes = [each and each.outcome for each in seen()]
        assert outcomes == ["InvalidRequest", "ModelNotFound", None]


async def test_whoever_leaves_is_seen_to_leave(tmp_path: Path) -> None:
    """An answer that its caller did not wait for is canceled."""
    async with serving(tmp_path, "watch endless", WATCH + ENDLESS) as (router, client):
        assert isinstance(client, httpx.AsyncClient)
        await leaves(client, router)
        (inference,) = seen()
    assert inference is not None
    assert inference.first is not None
    assert inference.outcome == "canceled"


def test_what_guards_decide_is_a_header() -> None:
    """The headers are those of the call, and one that tells all decisions by now."""
    call = a_call(headers={"x-one": "1"})
    inference = Inference(call)
    assert inference.headers() is call.headers
    call.decisions.append(Decision(guard="pii", rule="card", action="mask", direction="output"))
    assert inference.headers() == {"x-one": "1", "x-localai-guardrail": "pii.card=mask;output"}
    call.headers["x-localai-guardrail"] = "schema=valid"
    told = inference.headers()["x-localai-guardrail"]
    assert told == "schema=valid, pii.card=mask;output"


def test_the_last_chunk_tells_what_the_whole_answer_took() -> None:
    """Several attempts are told as one; the header says the same as the usage."""
    call = a_call()
    inference = Inference(call)
    for joules in (3600.0, 1800.0):
        attempt = Attempt(call)
        attempt.on("http://127.0.0.1:11434", "1", ())
        attempt.saw(HELLO[-1])
        attempt.cost = Cost(joules=joules, source="measured")
    last = inference.saw(HELLO[-1].replace(cost=Cost(joules=1800.0, source="measured")))
    assert last.cost == inference.cost == Cost(joules=5400.0, source="measured")
    told = "wh=1.5, money=0.0, co2_grams=0.0, source=measured"
    assert call.headers["x-localai-energy"] == told


def test_an_answer_that_no_model_made_has_saved_what_it_took() -> None:
    """A kept answer costs its caller nothing, and tells what it took the first time."""
    inference = Inference(a_call())
    last = inference.saw(HELLO[-1].replace(cost=Cost(joules=3600.0, money=2.0)))
    assert (last.cost, last.saved) == (None, Cost(joules=3600.0, money=2.0))
    assert inference.cost is None
    assert "source=cache, saved_wh=1.0, saved_money=2.0" in inference.call.headers[HEADER]


def test_without_books_nothing_is_told() -> None:
    """Where nobody knows what an answer took, the chunk goes on as it was."""
    inference = Inference(a_call())
    assert inference.saw(HELLO[-1]) is HELLO[-1]
    assert HEADER not in inference.call.headers


def test_the_end_is_told_when_no_model_works_any_more() -> None:
    """A run that goes on for others is still the work of the one who began it."""
    seen: list[Inference] = []
    call = a_call()
    inference = Inference(call)
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", "1", ())
    inference.end(seen.append)
    assert (seen, inference.ended is not None) == ([], True)
    attempt.end()
    assert seen == [inference]


def test_an_old_answer_after_a_failed_attempt_has_both_costs() -> None:
    """What the attempt took is the answer's cost; what the kept answer took is what it saved."""
    call = a_call()
    inference = Inference(call)
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", "1", ())
    attempt.end()
    attempt.cost = Cost(joules=360.0)
    last = inference.saw(HELLO[-1].replace(cost=Cost(joules=3600.0)))
    assert (last.cost, last.saved) == (Cost(joules=360.0), Cost(joules=3600.0))
    assert not inference.is_new


def test_an_answer_without_a_cost_of_its_own_gets_that_of_its_attempts() -> None:
    """A plugin that made the last chunk anew did not keep what the model's own said."""
    call = a_call(kind="embed")
    inference = Inference(call)
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", "1", ())
    attempt.saw(HELLO[-1])
    attempt.cost = Cost(joules=360.0)
    last = inference.saw(HELLO[-1])
    assert (last.cost, last.saved) == (Cost(joules=360.0), None)
    assert inference.is_new


def test_a_load_makes_no_answer() -> None:
    """Only a caller who asks for a load gets its end as an answer of their own."""
    load = HELLO[-1].replace(done_reason="load")
    asked, loads = a_call(), a_call(messages=())
    for call, loading in ((asked, asked.replace(messages=())), (loads, loads)):
        attempt = Attempt(loading)
        attempt.on("http://127.0.0.1:11434", "1", ())
        attempt.saw(load)
        assert len(call.work.attempts) == 1
    assert not Inference(asked).is_new
    assert Inference(loads).is_new


def test_the_end_of_a_copy_is_not_told() -> None:
    """A copy of a call that is sent through the chain again is a part of the same work."""
    seen: list[Inference] = []
    call = a_call()
    whole, part = Inference(call), Inference(call.replace(model="other"))
    part.end(seen.append)
    whole.end(seen.append)
    Inference(call.apart()).end(seen.append)
    assert seen[0] is whole
    assert len(seen) == 2
