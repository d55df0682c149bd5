"""Tests of the answers to requests that never reach the application."""

import json

import pytest

from core.http_refusal import Refused


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (
            b"/v1/models",
            {"message": "why", "type": "invalid_request_error", "param": None, "code": None},
        ),
        (b"/api/tags", "why"),
    ],
)
def test_a_refusal_speaks_the_callers_dialect(path: bytes, error: object) -> None:
    """The body is OpenAI's object below /v1 and Ollama's text elsewhere; the connection ends."""
    head, _, body = Refused(431, "why").answer(path, [(b"date", b"now")]).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0].startswith(b"HTTP/1.1 431 ")
    assert {b"date: now", b"connection: close", b"content-length: %d" % len(body)} <= set(lines)
    assert json.loads(body) == {"error": error}


def test_a_head_request_gets_no_body() -> None:
    """The answer to HEAD has the length of a body, and none."""
    assert Refused(400, "why").answer(b"/", [], with_body=False).endswith(b"\r\n\r\n")
