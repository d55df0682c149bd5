"""What Ollama says when it fails is told to callers with the right status and a way out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    ContextTooLong,
    Forbidden,
    GatewayError,
    InvalidRequest,
    ModelNotFound,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
)
from core.failures import from_error, from_response

OVERFLOW = (
    "request (40000 tokens) exceeds the available context size (32768 tokens), try increasing it"
)
RUNNER = json.dumps(
    {
        "error": {
            "code": 400,
            "message": OVERFLOW,
            "type": "exceed_context_size_error",
            "n_ctx": 32768,
        }
    }
)
NO_EMBEDDINGS = json.dumps(
    {
        "error": {
            "code": 501,
            "message": "This server does not support embeddings. Start it with `--embeddings`",
            "type": "not_supported_error",
        }
    }
)
STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an "
    "internal error, check ollama server logs for details"
)


@pytest.mark.parametrize(
    ("status", "error", "kind", "becomes", "message"),
    [
        (404, "model 'x' not found", ModelNotFound, 404, "model 'x' is not here: ollama pull x"),
        (404, 'model "x" not found, try pulling it first', ModelNotFound, 404, "ollama pull x"),
        (400, "invalid model name", InvalidRequest, 400, "invalid model name"),
        (400, '"x" does not support chat', InvalidRequest, 400, '"x" does not support chat'),
        (
            400,
            "registry.ollama.ai/library/x:latest does not support tools",
            InvalidRequest,
            400,
            "does not support tools",
        ),
        (400, RUNNER, ContextTooLong, 400, OVERFLOW),
        (500, RUNNER, ContextTooLong, 400, "raise num_ctx"),
        (400, "the input length exceeds the context length", ContextTooLong, 400, "shorten"),
        (
            400,
            "the prompt is longer than the context length currently available to the model; x",
            ContextTooLong,
            400,
            "shorten",
        ),
        (501, "this model does not support embeddings", InvalidRequest, 400, "embeddings"),
        (501, NO_EMBEDDINGS, InvalidRequest, 400, "--embeddings"),
        (500, 'option "num_ctx" must be of type integer', InvalidRequest, 400, "num_ctx"),
        (
            500,
            'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object',
            InvalidRequest,
            400,
            "invalid format",
        ),
        (
            500,
            "image input is not supported - hint: if this is unexpected",
            InvalidRequest,
            400,
            "image input",
        ),
        (401, "unauthorized", Forbidden, 403, "unauthorized"),
        (403, "ollama cloud is disabled: remote model is unavailable", Forbidden, 403, "cloud"),
        (499, "request canceled", Unavailable, 503, "try again"),
        (
            503,
            "server busy, please try again.  maximum pending requests exceeded",
            UpstreamBusy,
            503,
            "server busy",
        ),
        (500, STOPPED, UpstreamFailed, 500, "unexpectedly stopped"),
        (
            500,
            "llama-server process has terminated: signal: killed",
            UpstreamFailed,
            500,
            "terminated",
        ),
        (502, "bad", UpstreamFailed, 502, "bad"),
        (302, "moved", UpstreamFailed, 502, "moved"),
        (418, "teapot", UpstreamFailed, 502, "teapot"),
        (500, "", UpstreamFailed, 500, "did not say why"),
        (500, None, UpstreamFailed, 500, "did not say why"),
        (500, ["x"], UpstreamFailed, 500, "did not say why"),
        (500, "{broken", UpstreamFailed, 500, "{broken"),
    ],
)
def test_failures_of_ollamas(
    status: int, error: Any, kind: type[GatewayError], becomes: int, message: str
) -> None:
    """Each failure in Ollama's source has its status, type and text here."""
    body = json.dumps({"error": error}).encode()
    made = from_response(status, body, "x", "chat")
    assert type(made) is kind
    assert made.status == becomes
    assert message in made.message


@pytest.mark.parametrize(
    ("kind", "param"), [("chat", "messages"), ("generate", "prompt"), ("embed", "input")]
)
def test_a_long_prompt_names_its_parameter(kind: str, param: str) -> None:
    """Context overflow has OpenAI's code, and the parameter of the endpoint."""
    error = from_error(400, RUNNER, "x", kind)
    assert (error.code, error.param) == ("context_length_exceeded", param)


def test_a_busy_ollama_says_when_to_try_again() -> None:
    """A full queue is a 503 with a delay, and no word against another try."""
    headers = from_error(503, "server busy", "x", "chat").headers()
    assert headers == {"retry-after": "2", "retry-after-ms": "2000"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"404 page not found",
        b"<html><body>502 Bad Gateway</body></html>",
        b"[]",
        b"null",
        b"{}",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_bodies_of_somebody_else_are_not_repeated(body: bytes) -> None:
    """What is no error object of Ollama's is a 502 that names the setting to check."""
    error = from_response(502, body, "x", "chat")
    assert isinstance(error, UpstreamInvalid)
    assert "[ollama] hosts" in error.message
    assert "<" not in error.message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "open /usr/share/ollama/.ollama/models/blobs/sha256-ab: no such file",
            "open (path): no such file",
        ),
        (r"open C:\Users\ann\.ollama\models\x.gguf: denied", "open (path): denied"),
        ('Post "http://127.0.0.1:40123/completion": EOF', 'Post "(address)": EOF'),
        ("https://user:key@host/v1 failed", "(address) failed"),
        ("a/b is no path", "a/b is no path"),
    ],
)
def test_paths_and_addresses_stay_inside(text: str, shown: str) -> None:
    """Nothing of the machine is in a text for callers."""
    assert from_error(500, text, "x", "chat").message == shown


def test_a_long_text_is_cut() -> None:
    """A failure's text is bounded."""
    assert len(from_error(500, "x" * 100_000, "x", "chat").message) <= 1000


@given(
    st.integers(300, 599),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=10) | st.just(RUNNER),
        lambda inner: (
            st.dictionaries(st.sampled_from(["error", "message", "code"]), inner) | st.lists(inner)
        ),
        max_leaves=6,
    ),
)
def test_any_failure_is_an_error_with_a_text(status: int, error: Any) -> None:
    """Whatever the error's value, callers get an error status and a text."""
    made = from_error(status, error, "x", "chat")
    assert made.status >= 400
    assert made.message
