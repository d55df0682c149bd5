"""Which paths and methods there are."""

import httpx
import pytest

from tests.double import OllamaDouble


@pytest.mark.parametrize("path", ["/nope", "/api", "/v1/moderations", "/health", "/v1/models/a/b"])
async def test_unknown_paths_are_plain_404s(path: str, http: httpx.AsyncClient) -> None:
    """A path that Ollama lacks gets its router's plain text."""
    answer = await http.get(path)
    assert (answer.status_code, answer.content) == (404, b"404 page not found")
    assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/chat"), ("POST", "/api/tags"), ("HEAD", "/api/ps"), ("POST", "/api/delete")],
)
async def test_other_methods_are_plain_405s(
    method: str, path: str, http: httpx.AsyncClient
) -> None:
    """A known path with another method gets its router's plain text."""
    answer = await http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-length"] == str(len(b"405 method not allowed"))
    assert answer.content == (b"" if method == "HEAD" else b"405 method not allowed")


@pytest.mark.parametrize("path", ["/", "/api/version", "/api/tags"])
async def test_head_is_a_get_without_a_body(path: str, http: httpx.AsyncClient) -> None:
    """HEAD gives the headers of GET and nothing else."""
    head, get = await http.head(path), await http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


async def test_a_foreign_origin_is_refused(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """A web page of another site gets an empty 403, a local one its answer."""
    foreign = await http.get("/", headers={"origin": "https://evil.example"})
    assert (foreign.status_code, foreign.content) == (403, b"")
    assert (await http.get("/", headers={"origin": "http://localhost:3000"})).status_code == 200
    assert double.received[0].header("Origin") == "https://evil.example"


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 403), ("localhost", 200), ("10.0.0.7:80", 200), ("box.local", 200)],
)
async def test_a_foreign_host_is_refused(host: str, status: int, http: httpx.AsyncClient) -> None:
    """A name that is not of this machine gets an empty 403."""
    answer = await http.get("/", headers={"host": host})
    assert answer.status_code == status


async def test_preflights_of_local_pages_pass(http: httpx.AsyncClient) -> None:
    """A preflight from an allowed origin gets an empty 204 with the allowed methods."""
    answer = await http.options("/api/chat", headers={"origin": "http://localhost"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-max-age"] == "43200"
