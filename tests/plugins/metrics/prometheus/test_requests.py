"""What HTTP requests came to."""

import asyncio
from typing import Any

import pytest

from core.response import KEY, Response
from localai import Inference
from plugins.metrics.conventions import OTHER
from plugins.metrics.prometheus.requests import Requests
from tests.pace import within_async
from tests.plugins.metrics.prometheus.support import written
from tests.plugins.support import a_call

HTTP = "localai_http_requests_total"
TIMES = "localai_http_request_duration_seconds_count"


async def receive() -> Any:
    """There is nothing to read."""
    raise AssertionError("nothing is read here")


async def send(message: Any) -> None:
    """Have it sent nowhere."""


async def ask(counted: Any, path: str = "/x", **more: Any) -> None:
    """Ask an application, as the gateway does."""
    asked = scope(path, **more)
    asked[KEY] = response = Response("req_1", send)
    await counted(asked, receive, response.send)


def scope(path: str = "/x", **more: Any) -> dict[str, Any]:
    """Return a request's scope."""
    return {"type": "http", "method": "GET", "path": path} | more


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the status that the scope says; `/items` has a route."""
    if scope["path"].startswith("/items"):
        scope["path_template"] = "/items/{item}"
    status = scope.get("status", 200)
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def test_requests_are_counted_by_route_not_by_path() -> None:
    """A thousand paths of one route are one figure, and so are a thousand of none."""
    requests = Requests(lambda: None)
    counted = requests.around(app)
    for at in range(1000):
        for path in (f"/items/{at}", f"/nothing/{at}"):
            await ask(counted, path)
    figures = await written(requests.families())
    assert figures[HTTP] == {("/items/{item}", "GET", "200"): 1000, ("none", "GET", "200"): 1000}
    assert figures[TIMES] == {("/items/{item}",): 1000, ("none",): 1000}


async def test_methods_are_bounded() -> None:
    """A method that HTTP does not have is one of others."""
    requests = Requests(lambda: None)
    counted = requests.around(app)
    for method in ("POST", "BREW", "post", "X" * 1000):
        await ask(counted, method=method)
    figures = await written(requests.families())
    assert figures[HTTP] == {("none", "POST", "200"): 1, ("none", OTHER, "200"): 3}


async def test_who_leaves_before_the_answer_is_counted() -> None:
    """A request that had no answer has the status 499; what went wrong goes on."""
    requests = Requests(lambda: None)

    async def left(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await ask(requests.around(left))
    assert (await written(requests.families()))[HTTP] == {("none", "GET", "499"): 1}


async def test_what_limits_keep_out_of_the_chain_is_told() -> None:
    """A 429 of a request that never came to the chain is one of the door's."""
    refused = []
    counted = Requests(lambda: refused.append(1)).around(app)
    await ask(counted, status=429)
    await ask(counted, status=401)
    in_chain: dict[str, Any] = {"localai.inference": Inference(a_call())}
    await ask(counted, status=429, **in_chain)
    assert refused == [1]


async def test_counting_is_cheap() -> None:
    """A hundred requests take less than 1 ms of CPU; pieces of streams are not looked at."""
    counted = Requests(lambda: None).around(app)

    async def all_of() -> None:
        for _ in range(100):
            await ask(counted)

    await within_async(0.001, all_of)
