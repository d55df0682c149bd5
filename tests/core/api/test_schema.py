"""The OpenAPI document tells every route, and the page to try them needs no internet."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.api import ollama, openai
from tests.support import Router


@pytest.fixture
async def http(router: Router) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the router."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
async def document(http: httpx.AsyncClient) -> Any:
    """The document as clients get it."""
    answer = await http.get("/schema/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_every_route_is_told(document: Any) -> None:
    """Each operation has its path, method, summary and answers, under an id of its own."""
    assert document["openapi"].startswith("3.1")
    for operation in (*openai.OPERATIONS, *ollama.OPERATIONS):
        path = re.sub(r":\w+}", "}", operation.path)
        told = document["paths"][path][operation.method.lower()]
        assert told["summary"] == operation.summary
        assert set(map(int, told["responses"])) >= {200, *operation.errors}
        assert ("security" in told) == (operation.scope is not None)
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))


async def test_every_reference_leads_somewhere(document: Any) -> None:
    """No schema is missing."""
    references: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                references.add(value["$ref"])
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)

    collect(document)
    schemas = document["components"]["schemas"]
    assert references
    assert {each.rpartition("/")[2] for each in references} <= set(schemas)


async def test_errors_are_told_in_both_dialects(document: Any) -> None:
    """`/v1` refers to the object, all else to the string."""
    for path, name in (("/v1/chat/completions", "OpenAIError"), ("/api/chat", "OllamaError")):
        content = document["paths"][path]["post"]["responses"]["404"]["content"]
        assert content["application/json"]["schema"]["$ref"].endswith(name)


@pytest.mark.parametrize(
    "operation",
    [*openai.OPERATIONS, *ollama.OPERATIONS],
    ids=lambda each: f"{each.method} {each.path}",
)
def test_examples_are_real(operation: Any) -> None:
    """Every body that is told has an example, which names a model."""
    assert (operation.body is None) == (not operation.example)
    assert operation.body is None or operation.example["model"]


async def test_the_page_works_without_internet(http: httpx.AsyncClient) -> None:
    """The page asks for files of this server only, and all of them are there."""
    page = (await http.get("/schema")).text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) == 3
    for file in files:
        assert file.startswith("/schema/")
        answer = await http.get(file)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/")
    assert "://" not in page + (await http.get("/schema/start.js")).text


async def test_the_page_may_load_what_it_needs_and_nothing_else(http: httpx.AsyncClient) -> None:
    """Its policy lets in this server's files and icons in the style sheet, and nothing inline."""
    answer = await http.get("/schema")
    rules = answer.headers["content-security-policy"].split("; ")
    policy = {name: values for name, *values in map(str.split, rules)}
    assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert not re.search(r"<style|style=|<script>|\bon\w+=", answer.text)
    sheet = (await http.get("/schema/swagger-ui.css")).text
    assert {url.partition(":")[0].strip("\"'") for url in re.findall(r"url\(([^)]*)", sheet)} == {
        "data"
    }
    assert policy["img-src"] == ["'self'", "data:"]


@pytest.mark.parametrize("name", ["other.js", "..%2f..%2fpyproject.toml", "%2e%2e"])
async def test_no_other_file_is_served(http: httpx.AsyncClient, name: str) -> None:
    """Only the files of the page can be had."""
    assert (await http.get(f"/schema/{name}")).status_code in (400, 404)
