"""What became of a request's call, for those who watch."""

from pathlib import Path
from typing import Any

import httpx

from core.decisions import Decision
from core.inference import Inference, inference_of
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
