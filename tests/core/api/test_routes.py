"""Every endpoint takes any bytes without a fault of its own, and says which methods it has."""

import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api import ollama, openai
from core.api.routes import Operation
from tests.double import OllamaDouble
from tests.support import Router, routing, toml_for

POSTS = [each.path for each in (*openai.OPERATIONS, *ollama.OPERATIONS) if each.method == "POST"]
POSTS = [path.replace("{digest:str}", "sha256:00") for path in POSTS]
GETS = [each.path for each in ollama.OPERATIONS if each.method == "GET"]


@pytest.fixture
async def http(router: Router) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the router."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as client:
        yield client


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("tiny"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "function", "name", "url", "arguments", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
FIELDS = ["model", "messages", "prompt", "input", "stream", "options", "tools", "format", "think"]
FIELDS += ["keep_alive", "images", "suffix", "stop", "seed", "logprobs", "response_format", "n"]
bodies = st.binary(max_size=80) | st.dictionaries(st.sampled_from(FIELDS), values, max_size=5).map(
    lambda body: json.dumps({"model": "tiny"} | body).encode()
)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(POSTS), bodies), min_size=30, max_size=60))
async def test_any_bytes_are_answered_below_500(requests: list[tuple[str, bytes]]) -> None:
    """No body makes any endpoint fail, whatever is in it."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            OllamaDouble() as double,
            routing(toml_for(double.url), Path(folder)) as router,
            httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as http,
        ):
            for path, body in requests:
                headers = {"content-type": "application/json"}
                answer = await http.post(path, content=body, headers=headers)
                assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_openai_bodies_must_say_json(http: httpx.AsyncClient, path: str, kind: str) -> None:
    """A type that a web page may send across origins is a 415."""
    answer = await http.post(path, content=b"{}", headers={"content-type": kind})
    assert answer.status_code == 415
    assert "content-type: application/json" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", POSTS)
async def test_compressed_bodies_are_refused(http: httpx.AsyncClient, path: str) -> None:
    """No body is unpacked, so that none is larger than it looks."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await http.post(path, content=b"{}", headers=headers)
    # Closed endpoints refuse before they look at a body.
    assert answer.status_code == (415 if "blobs" not in path and not _closed(path) else 403)


def _closed(path: str) -> bool:
    return path in ("/api/pull", "/api/push", "/api/create", "/api/copy")


@pytest.mark.parametrize("path", [*POSTS, *GETS, "/v1/models", "/v1/models/tiny"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_other_methods_are_405(http: httpx.AsyncClient, path: str, method: str) -> None:
    """The answer names the methods that the path has, in the caller's dialect."""
    answer = await http.request(method, path, json={})
    assert answer.status_code == 405
    wanted = {"GET", "HEAD"} if path in GETS or "models" in path else {"POST"}
    assert set(answer.headers["allow"].split(", ")) >= wanted
    assert isinstance(answer.json()["error"], dict if path.startswith("/v1") else str)


async def test_every_get_answers_head_too(http: httpx.AsyncClient) -> None:
    """HEAD has the head of GET and no body."""
    for path in [*GETS, "/v1/models", "/v1/models/tiny", "/health"]:
        got, head = await http.get(path), await http.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


def test_operations_are_told_in_full() -> None:
    """Every endpoint names its tag and summary, and only `/` is open to everybody."""
    operations: tuple[Operation, ...] = (*openai.OPERATIONS, *ollama.OPERATIONS)
    assert all(each.tag and each.summary for each in operations)
    assert [each.path for each in operations if each.scope is None] == ["/"]
